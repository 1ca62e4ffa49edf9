/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedctl credential-process: what AWS tools run for their keys.  It asks
 * nothing, watches nothing, and prints either the whole document in one write
 * or nothing at all:
 * AWS SDKs and Tools Reference Guide, "Process credential provider".
 */
#include <stdlib.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "deliver.h"

enum { OPT_PROFILE = 1, OPT_MIN_VALID };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the profile; the same as naming it without the option") },
	{ "min-valid", OPT_MIN_VALID, "SECONDS",
	    N_("renew first when less than this is left") },
	{ 0 },
};

struct request {
	const struct verb *verb;
	const char *profile;
	int64_t min_valid;
};

static int
set(void *arg, int id, const char *value)
{
	struct request *r = arg;

	if (id == OPT_PROFILE)
		r->profile = value;
	else if (str_int(value, 1, 43200, &r->min_valid) < 0)
		return cli_usage(r->verb, "%s",
		    _("--min-valid takes a number "
		      "of seconds, 1 to 43200."));
	return 0;
}

static int
serve(const struct request *r, struct problem *problem)
{
	_cleanup_json_ json_t *reply = NULL;
	json_t *par = json_object();

	json_object_set_new(par, "profile", json_string(r->profile));
	json_put_int(par, "minValid", r->min_valid);
	if (conn_ask(M_CREDENTIALS, par, CALL_NETWORK, &reply, problem) < 0)
		return -1;
	return deliver_process(reply, problem);
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	struct request r = { .verb = v };
	int status;

	if (cli_one_profile(v, argc, argv, set, &r, &r.profile, &status) < 0)
		return status;
	if (serve(&r, &problem) == 0)
		return EXIT_OK;
	return problem_report_line(&problem, r.profile);
}

const struct verb verb_credential_process = {
	.name = "credential-process",
	.usage = N_("PROFILE [--min-valid SECONDS]"),
	.summary = N_("Print a profile's credentials for AWS tools"),
	.details =
	    N_("For a line in the AWS config, which awsfed.deliver = process "
	       "writes by itself:\n"
	       "  credential_process = /path/to/awsfedctl "
	       "credential-process PROFILE\n"
	       "It never asks anything: sign in with awsfedctl login first."),
	.options = options,
	.quick = true,
	.run = run,
};
