/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedctl env: a profile's credentials as lines for a shell's eval.  Nothing
 * but those lines goes to standard output.
 */
#include <stdlib.h>
#include <string.h>

#include "awsfed/fault.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "deliver.h"
#include "duration.h"
#include "environ.h"
#include "obtain.h"
#include "shell.h"

enum { OPT_PROFILE = 1, OPT_SHELL, OPT_NEED };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the profile; the same as naming it without the option") },
	{ "shell", OPT_SHELL, "SHELL",
	    N_("sh, fish, powershell, json or dotenv; the default is that of "
	       "SHELL") },
	{ "need", OPT_NEED, "TIME",
	    N_("how long the credentials must last: 3h, 90m, 1h30m") },
	{ 0 },
};

struct request {
	const struct verb *verb;
	const char *profile;
	const struct shell *shell;
	int64_t need;
};

static int
set(void *arg, int id, const char *value)
{
	struct request *r = arg;

	if (id == OPT_PROFILE)
		r->profile = value;
	else if (id == OPT_NEED && duration_parse(value, &r->need) < 0)
		return cli_usage(r->verb, "%s",
		    _("--need takes a time such as 3h, 90m or 1h30m."));
	if (id == OPT_SHELL && (r->shell = shell_find(value)) == NULL)
		return cli_usage(
		    r->verb, _("--shell takes one of %s."), shell_names());
	return 0;
}

static int
print(const struct request *r, struct problem *problem)
{
	_cleanup_obtained_ struct obtained got = { 0 };
	_cleanup_buf_ struct buf text = BUF_INIT(SHELL_TEXT_MAX);
	_cleanup_plan_ struct plan plan = { 0 };
	const struct obtain o = {
		.profile = r->profile, .purpose = "env", .need = r->need
	};

	if (obtain(&o, &got, problem) < 0)
		return -1;
	plan_clear(&plan);
	plan_keys(&plan, got.creds);
	plan_region(&plan, got.region);
	if (shell_print(r->shell, &plan, &text) == 0)
		return deliver_text(text.data, problem);
	problem_set(problem, EXIT_FAILED, FAULT_PROTOCOL,
	    _("the credentials are too long for a shell."));
	fault_next(&problem->fault, "awsfedctl credential-process");
	return -1;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	struct request r = { .verb = v };
	int status;

	if (cli_one_profile(v, argc, argv, set, &r, &r.profile, &status) < 0)
		return status;
	if (r.shell == NULL)
		r.shell = shell_of(getenv("SHELL"));
	if (r.shell == NULL)
		return cli_usage(v,
		    _("SHELL is none that this verb knows: name one of %s "
		      "with --shell."),
		    shell_names());
	return print(&r, &problem) == 0 ? EXIT_OK : problem_report(&problem);
}

const struct verb verb_env = {
	.name = "env",
	.usage = N_("[PROFILE] [--shell SHELL] [--need TIME]"),
	.summary = N_("Print a profile's credentials for a shell's eval"),
	.details =
	    N_("In sh, bash and zsh: eval \"$(awsfedctl env PROFILE)\"\n"
	       "In fish: awsfedctl env PROFILE | source\n"
	       "In PowerShell: awsfedctl env PROFILE --shell powershell | "
	       "Out-String | Invoke-Expression\n"
	       "Variables that lead to another identity are cleared. They are "
	       "not renewed there:\n"
	       "for what runs longer use exec, or credential-process."),
	.options = options,
	.run = run,
};
