/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedctl exec: a command with a profile's credentials in its environment.
 * The command takes this process's place, so that its exit status, its signals
 * and its job control are its own; our own failures are 125 to 127, as in
 * env(1).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "duration.h"
#include "endpoint.h"
#include "environ.h"
#include "obtain.h"
#include "signals.h"

enum { OPT_PROFILE = 1, OPT_NEED, OPT_ENDPOINT };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the profile; the same as naming it without the option") },
	{ "need", OPT_NEED, "TIME",
	    N_("how long the credentials must last: 3h, 90m, 1h30m") },
	{ "endpoint", OPT_ENDPOINT, NULL,
	    N_("let the command ask for new credentials over HTTP on "
	       "127.0.0.1") },
	{ 0 },
};

struct request {
	const struct verb *verb;
	const char *profile;
	int64_t need;
	bool endpoint;
};

static int
set(void *arg, int id, const char *value)
{
	struct request *r = arg;

	if (id == OPT_PROFILE)
		r->profile = value;
	else if (id == OPT_ENDPOINT)
		r->endpoint = true;
	else if (duration_parse(value, &r->need) < 0)
		return cli_usage(r->verb, "%s",
		    _("--need takes a time such as 3h, 90m or 1h30m."));
	return 0;
}

/* Ends in the command, or in a status of ours. */
static int
execute(char **command)
{
	_cleanup_free_ char *name = str_clean(command[0], 256);
	int e;

	signals_restore();
	execvp(command[0], command);
	e = errno;
	fprintf(stderr, _("awsfed: exec: %s cannot be run (%s).\n  Next: %s\n"),
	    name, strerror(e),
	    e == ENOENT ? _("check its name, and PATH") :
			  _("check that it may be executed"));
	return e == ENOENT ? EXIT_EXEC_MISSING : EXIT_EXEC_CANNOT;
}

static int
run_command(const struct request *r, char **command)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_obtained_ struct obtained got = { 0 };
	_cleanup_plan_ struct plan plan = { 0 };
	_cleanup_free_ char *purpose = xasprintf("exec %s", command[0]);
	const struct obtain o = { .profile = r->profile,
		.purpose = purpose,
		.need = r->need,
		.renews = r->endpoint };

	plan_clear(&plan);
	/* First what no person can change: nobody is asked in vain. */
	if ((r->endpoint && endpoint_plan(&plan, r->profile, &problem) < 0) ||
	    obtain(&o, &got, &problem) < 0) {
		problem_report(&problem);
		return EXIT_EXEC_OURS;
	}
	if (!r->endpoint)
		plan_keys(&plan, got.creds);
	plan_region(&plan, got.region);
	plan_apply(&plan);
	return execute(command);
}

/* The place of "--", which parts our words from the command's. */
static int
find_command(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct request r = { .verb = v };
	int end = find_command(argc, argv), status, i, e;

	i = cli_options(v, end, argv, set, &r, &status);
	if (i < 0)
		return status == EXIT_OK ? EXIT_OK : EXIT_EXEC_OURS;
	e = cli_profile_operand(end, argv, &i, &r.profile);
	if (end == argc) {
		cli_usage(v, "%s",
		    _("write -- between the profile and the command."));
		return EXIT_EXEC_OURS;
	}
	if (e < 0 || i < end) {
		cli_usage(v, "%s", _("name one profile before the --."));
		return EXIT_EXEC_OURS;
	}
	if (end + 1 >= argc) {
		cli_usage(v, "%s", _("write the command after a --."));
		return EXIT_EXEC_OURS;
	}
	return run_command(&r, argv + end + 1);
}

const struct verb verb_exec = {
	.name = "exec",
	.usage =
	    N_("[PROFILE] [--need TIME] [--endpoint] -- COMMAND [ARGUMENT...]"),
	.summary = N_("Run a command with a profile's credentials"),
	.details =
	    N_("The command finds the credentials and the region in its "
	       "environment, and nothing there\n"
	       "that leads to another identity. Its exit status is its own; "
	       "125 to 127 are awsfedctl's,\n"
	       "as in env(1). If a sign-in is needed and a terminal is there, "
	       "it offers one.\n"
	       "For commands that outlive the credentials: --endpoint."),
	.options = options,
	.run = run,
};
