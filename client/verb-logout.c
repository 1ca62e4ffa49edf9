/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl logout: stops keeping profiles, and forgets sign-ins. */
#include <stdlib.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "outcome.h"
#include "show.h"

enum { OPT_PROFILE = 1, OPT_ALL, OPT_FORGET };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the profile; the same as naming it without the option") },
	{ "all", OPT_ALL, NULL, N_("every profile and every sign-in") },
	{ "forget", OPT_FORGET, NULL,
	    N_("also remove the stored password from the keyring") },
	{ 0 },
};

struct logout {
	const struct verb *verb;
	json_t *profiles;
	bool all;
	bool forget;
};

static int
set(void *arg, int id, const char *value)
{
	struct logout *l = arg;

	if (id == OPT_PROFILE)
		return cli_add_profile(l->verb, l->profiles, value);
	if (id == OPT_FORGET)
		l->forget = true;
	else
		l->all = true;
	return 0;
}

/* The AWS CLI keeps the keys of roles that it assumed itself. */
static void
tell_cache(const json_t *chained)
{
	show_names(chained, ": ",
	    _("the AWS CLI may hold its keys for up to an hour"));
	if (json_array_size(chained) > 0)
		puts(_("  Next: rm -rf ~/.aws/cli/cache (to end them now)"));
}

/* An exit status: what was not removed lies there still. */
static int
forget(json_t *par)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *reply = NULL;
	int status = EXIT_OK;
	const json_t *o;
	size_t i;

	if (conn_ask(M_FORGET, par, CALL_PERSON, &reply, &problem) < 0)
		return problem_report(&problem);
	json_array_foreach (json_object_get(reply, "passwords"), i, o) {
		_cleanup_free_ char *who = show_identity(o);
		_cleanup_free_ char *host = show_text(o, "host");
		_cleanup_fault_ struct fault f = { 0 };

		if (fault_from_json(json_object_get(o, "fault"), &f) == 0) {
			problem_show_fault(host, &f, stderr);
			status = fault_exit(f.kind);
		} else if (json_is_true(json_object_get(o, "removed"))) {
			printf(_("%s: the stored password is removed\n"), who);
		} else if (json_is_true(json_object_get(o, "unseen"))) {
			printf(_("%s: no password is kept (store_password); "
				 "there is no keyring here to look at\n"),
			    who);
		} else {
			printf(_("%s: no password was stored\n"), who);
		}
	}
	return status;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *reply = NULL, *names = json_array(),
			      *again = NULL;
	struct logout l = { .verb = v, .profiles = names };
	const json_t *gone, *out;
	json_t *par;
	int status, i;

	i = cli_options(v, argc, argv, set, &l, &status);
	if (i < 0)
		return status;
	for (status = 0; i < argc && status == 0; i++)
		status = cli_add_profile(v, names, argv[i]);
	if (status != 0)
		return status;
	/* What takes something away takes no guesses from the environment. */
	if (l.all == (json_array_size(names) > 0))
		return cli_usage(
		    v, "%s", _("name profiles, or say --all (not both)."));
	par = json_object();
	if (l.all)
		json_object_set_new(par, "all", json_true());
	else
		json_object_set(par, "profiles", names);
	if (l.forget)
		again = json_incref(par);
	if (conn_ask(M_LOGOUT, par, CALL_SHORT, &reply, &problem) < 0)
		return problem_report(&problem);
	gone = json_object_get(reply, "profiles");
	out = json_object_get(reply, "identities");
	show_names(gone, " ", _("is no longer kept fresh"));
	show_names(out, " ", _("is signed out"));
	tell_cache(json_object_get(reply, "chained"));
	if (json_array_size(gone) == 0 && json_array_size(out) == 0)
		puts(_("nothing was kept and nobody was signed in"));
	if (l.forget)
		status = forget(STEAL(again));
	if (status != EXIT_OK)
		return status;
	/* The keys may still stand there: that is not what was asked for. */
	return outcome_written(json_object_get(reply, "written"), EXIT_OK);
}

const struct verb verb_logout = {
	.name = "logout",
	.usage = N_("[--forget] PROFILE... | --all"),
	.summary = N_("Stop keeping profiles fresh and forget their keys"),
	.details =
	    N_("The last kept profile of a sign-in takes the sign-in with "
	       "it. Commands that\nuse the profile fail until the next login; "
	       "they never become another identity."),
	.options = options,
	.run = run,
};
