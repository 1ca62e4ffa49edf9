/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl lock, unlock: no new sign-ins while nobody is there. */
#include <stdlib.h>

#include "awsfed/fault.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "show.h"

enum { OPT_ALL = 1, OPT_JSON };

static const struct option_info lock_options[] = {
	{ "all", OPT_ALL, NULL,
	    N_("forget the sign-ins, too: each needs a login afterwards") },
	{ "json", OPT_JSON, NULL, N_("the agent's own answer, as JSON") },
	{ 0 },
};

static const struct option_info unlock_options[] = {
	{ "json", OPT_JSON, NULL, N_("the agent's own answer, as JSON") },
	{ 0 },
};

struct request {
	bool all;
	bool json;
};

static int
set(void *arg, int id, const char *value)
{
	struct request *r = arg;

	(void)value;
	if (id == OPT_ALL)
		r->all = true;
	else
		r->json = true;
	return 0;
}

/* Keys that could not be taken out of a file, or put back: not what was meant. */
static int
show_written(const json_t *reply)
{
	_cleanup_fault_ struct fault f = { 0 };

	if (fault_from_json(json_object_get(reply, "written"), &f) < 0)
		return EXIT_OK;
	fflush(stdout);
	problem_show_fault(NULL, &f, stderr);
	return fault_exit(f.kind);
}

static int
ask(const struct verb *v, int argc, char **argv, const char *method,
    struct request *r, json_t **ret_reply)
{
	_cleanup_problem_ struct problem problem = { 0 };
	int status, i = cli_options(v, argc, argv, set, r, &status);
	json_t *par;

	if (i < 0)
		return status;
	if (i < argc)
		return cli_usage(v, "%s", _("it takes no names."));
	par = json_object();
	if (r->all)
		json_object_set_new(par, "all", json_true());
	if (conn_ask(method, par, CALL_SHORT, ret_reply, &problem) < 0)
		return problem_report(&problem);
	if (r->json) {
		json_dumpf(*ret_reply, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	return EXIT_OK;
}

static int
run_lock(const struct verb *v, int argc, char **argv)
{
	_cleanup_json_ json_t *reply = NULL;
	struct request r = { 0 };
	int status = ask(v, argc, argv, M_LOCK, &r, &reply);

	if (reply == NULL)
		return status;
	if (!r.json) {
		puts(_("locked: nothing is signed in or renewed until "
		       "awsfedctl unlock"));
		show_names(json_object_get(reply, "blanked"), ": ",
		    _("its keys are hidden"));
	}
	return show_written(reply);
}

static int
run_unlock(const struct verb *v, int argc, char **argv)
{
	_cleanup_json_ json_t *reply = NULL;
	struct request r = { 0 };
	int status = ask(v, argc, argv, M_UNLOCK, &r, &reply);

	if (reply == NULL)
		return status;
	if (!r.json) {
		puts(json_is_true(json_object_get(reply, "unlocked")) ?
			_("unlocked") :
			_("it was not locked"));
		show_names(json_object_get(reply, "shown"), ": ",
		    _("its keys are back"));
	}
	return show_written(reply);
}

const struct verb verb_lock = {
	.name = "lock",
	.usage = N_("[--all] [--json]"),
	.summary = N_("Stop sign-ins and renewals, hide chosen keys"),
	.details = N_("What runs is cancelled. Live keys are served to their "
		      "end, but those of profiles with\n"
		      "awsfed.blank_on_lock: these leave the files until "
		      "awsfedctl unlock."),
	.options = lock_options,
	.run = run_lock,
};

const struct verb verb_unlock = {
	.name = "unlock",
	.usage = N_("[--json]"),
	.summary = N_("End the lock: renew again, show hidden keys"),
	.details = N_("It asks for no password: the lock is for the time in "
		      "which nobody is there, and\n"
		      "no safe."),
	.options = unlock_options,
	.run = run_unlock,
};
