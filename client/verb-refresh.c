/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl refresh: renews now what a live sign-in can renew. */
#include <stdlib.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "outcome.h"

enum { OPT_PROFILE = 1 };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the profile; the same as naming it without the option") },
	{ 0 },
};

struct refresh {
	const struct verb *verb;
	json_t *profiles;
};

static int
set(void *arg, int id, const char *value)
{
	struct refresh *r = arg;

	(void)id; /* there is but one */
	return cli_add_profile(r->verb, r->profiles, value);
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *reply = NULL, *names = json_array();
	struct refresh r = { .verb = v, .profiles = names };
	json_t *par;
	int status, i;

	i = cli_options(v, argc, argv, set, &r, &status);
	if (i < 0)
		return status;
	for (status = 0; i < argc && status == 0; i++)
		status = cli_add_profile(v, names, argv[i]);
	if (status != 0)
		return status;
	par = json_object();
	if (json_array_size(names) > 0)
		json_object_set(par, "profiles", names);
	if (conn_ask(M_REFRESH, par, CALL_NETWORK, &reply, &problem) < 0)
		return problem_report(&problem);
	return outcome_refresh(reply);
}

const struct verb verb_refresh = {
	.name = "refresh",
	.usage = N_("[PROFILE...]"),
	.summary = N_("Renew profiles now, without asking anything"),
	.details = N_("Without a name: every profile that is kept fresh."),
	.options = options,
	.run = run,
};
