/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedctl reset: takes out what aws-adfs and awsfed wrote for a profile.  It
 * shows what would go, asks, and does it; what is the user's own stays.
 */
#include <stdlib.h>

#include "ask.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "outcome.h"
#include "show.h"
#include "term.h"

enum { OPT_PROFILE = 1, OPT_YES };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the profile; the same as naming it without the option") },
	{ "yes", OPT_YES, NULL, N_("do not ask; the profile must be named") },
	{ 0 },
};

struct reset {
	const struct verb *verb;
	json_t *names;
	bool yes;
};

static int
set(void *arg, int id, const char *value)
{
	struct reset *r = arg;

	if (id == OPT_PROFILE)
		return cli_add_profile(r->verb, r->names, value);
	r->yes = true;
	return 0;
}

static json_t *
parameters(const struct reset *r, bool dry)
{
	_cleanup_free_ char *config = path_aws_config();
	_cleanup_free_ char *credentials = path_aws_credentials();
	json_t *par = json_object();

	json_object_set(par, "profiles", r->names);
	if (dry)
		json_object_set_new(par, "dryRun", json_true());
	json_put_str(par, "config", config);
	json_put_str(par, "credentials", credentials);
	return par;
}

static void
tell_list(FILE *out, const json_t *list, const char *word)
{
	json_t *o;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	fprintf(out, "  %s", word);
	json_array_foreach (list, i, o) {
		_cleanup_free_ char *text =
		    str_clean(json_string_value(o), 256);

		fprintf(
		    out, "%s %s", i == 0 ? "" : ",", text != NULL ? text : "?");
	}
	fputc('\n', out);
}

/* How many profiles there is something to take out of. */
static size_t
tell(FILE *out, const json_t *reply, const char *keys, const char *section)
{
	const json_t *list = json_object_get(reply, "profiles");
	json_t *o;
	size_t i, n = 0;

	json_array_foreach (list, i, o) {
		_cleanup_free_ char *name = show_text(o, "profile");
		bool ours = json_is_true(json_object_get(o, "section"));

		fprintf(out, "%s:\n", name != NULL ? name : "-");
		tell_list(out, json_object_get(o, "keys"), keys);
		if (ours)
			fprintf(out, "  %s\n", section);
		tell_list(
		    out, json_object_get(o, "left"), _("keeps your own:"));
		if (ours || json_array_size(json_object_get(o, "keys")) > 0)
			n++;
		else
			fprintf(out, "  %s\n", _("nothing to take out"));
	}
	return n;
}

/* 0: go on; else the exit status. */
static int
confirm(const json_t *plan)
{
	_cleanup_term_ struct term *t = term_open();
	_cleanup_free_ char *line = NULL;

	if (t == NULL) {
		fprintf(stderr, "%s\n",
		    _("awsfed: reset: there is no terminal to ask on; nothing "
		      "was changed.\n  Next: awsfedctl reset --yes PROFILE"));
		return EXIT_USAGE;
	}
	(void)tell(stderr, plan, _("loses:"),
	    _("loses its keys in the credentials file"));
	if (term_line(t, _("Reset? [y/N] "), true, &line) == LINE_OK &&
	    (str_caseeq(line, "y") || str_caseeq(line, "yes")))
		return 0;
	fprintf(stderr, "%s\n", _("awsfed: reset: nothing was changed."));
	return EXIT_FAILED;
}

static int
finish(const json_t *reply)
{
	const json_t *out = json_object_get(reply, "identities");
	json_t *o;
	size_t i;

	(void)tell(stdout, reply, _("lost:"),
	    _("lost its keys in the credentials file"));
	json_array_foreach (out, i, o) {
		_cleanup_free_ char *name =
		    str_clean(json_string_value(o), 512);

		printf(_("%s is signed out\n"), name != NULL ? name : "-");
	}
	return outcome_written(json_object_get(reply, "written"), EXIT_OK);
}

static int
reset(const struct reset *r, struct problem *problem)
{
	_cleanup_json_ json_t *plan = NULL, *reply = NULL;
	int status;

	if (!r->yes) {
		if (conn_ask(M_RESET, parameters(r, true), CALL_SHORT, &plan,
			problem) < 0)
			return problem_report(problem);
		if ((status = confirm(plan)) != 0)
			return status;
	}
	if (conn_ask(
		M_RESET, parameters(r, false), CALL_SHORT, &reply, problem) < 0)
		return problem_report(problem);
	return finish(reply);
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *names = json_array();
	struct reset r = { .verb = v, .names = names };
	const char *env = cli_env_profile();
	int status, i;

	i = cli_options(v, argc, argv, set, &r, &status);
	if (i < 0)
		return status;
	for (status = 0; i < argc && status == 0; i++)
		status = cli_add_profile(v, names, argv[i]);
	if (status != 0)
		return status;
	/* Unseen, nothing is taken away by a guess. */
	if (r.yes && json_array_size(names) == 0)
		return cli_usage(
		    v, "%s", _("--yes needs the name of a profile."));
	if (json_array_size(names) == 0 &&
	    (status = cli_add_profile(
		 v, names, env != NULL ? env : "default")) != 0)
		return status;
	return reset(&r, &problem);
}

const struct verb verb_reset = {
	.name = "reset",
	.usage = N_("[PROFILE...] [--yes]"),
	.summary = N_("Take out what aws-adfs and awsfed wrote for a profile"),
	.details = N_("Without a name the profile is AWS_PROFILE, then "
		      "AWS_DEFAULT_PROFILE, then default.\n"
		      "Your own keys and comments stay; the config file as it "
		      "was is kept beside it."),
	.options = options,
	.run = run,
};
