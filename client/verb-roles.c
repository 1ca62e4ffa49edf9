/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl roles: what the last sign-in may use. */
#include <stdlib.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "show.h"
#include "table.h"

enum { OPT_PROFILE = 1, OPT_HOST, OPT_JSON };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the sign-in of this profile") },
	{ "adfs-host", OPT_HOST, "HOST", N_("the sign-in at this server") },
	{ "json", OPT_JSON, NULL, N_("the agent's own answer, as JSON") },
	{ 0 },
};

struct roles {
	const char *profile;
	const char *host;
	bool json;
};

static int
set(void *arg, int id, const char *value)
{
	struct roles *r = arg;

	if (id == OPT_PROFILE)
		r->profile = value;
	else if (id == OPT_HOST)
		r->host = value;
	else
		r->json = true;
	return 0;
}

static void
show_roles(const json_t *list)
{
	static const char *const titles[] = { "ACCOUNT", "ROLE", "PROFILE",
		"ARN", NULL };
	_cleanup_table_ struct table *t = table_new(titles);
	json_t *o;
	size_t i;

	if (json_array_size(list) == 0) {
		puts(_("the last sign-in offered no roles; ask who manages "
		       "them to grant you one"));
		return;
	}
	json_array_foreach (list, i, o) {
		_cleanup_free_ char *account = show_text(o, "account");
		_cleanup_free_ char *role = show_text(o, "role");
		_cleanup_free_ char *profile = show_text(o, "profile");
		_cleanup_free_ char *arn = show_text(o, "roleArn");

		table_row(
		    t, (const char *const[]){ account, role, profile, arn });
	}
	table_print(t);
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *reply = NULL, *par = json_object();
	struct roles r = { 0 };
	int status, i;

	i = cli_options(v, argc, argv, set, &r, &status);
	if (i < 0)
		return status;
	if (i < argc && r.profile == NULL)
		r.profile = argv[i++];
	if (i < argc || (r.profile != NULL && r.host != NULL))
		return cli_usage(
		    v, "%s", _("name one profile or one server, or neither."));
	status = cli_put(v, par, "profile", _("the profile"), r.profile);
	if (status == 0)
		status = cli_put(v, par, "host", "--adfs-host", r.host);
	if (status != 0)
		return status;
	if (conn_ask(M_ROLES, STEAL(par), CALL_SHORT, &reply, &problem) < 0)
		return problem_report(&problem);
	if (r.json) {
		json_dumpf(reply, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		show_roles(json_object_get(reply, "roles"));
	}
	return EXIT_OK;
}

const struct verb verb_roles = {
	.name = "roles",
	.usage = N_("[--profile PROFILE | --adfs-host HOST] [--json]"),
	.summary = N_("List the roles that the last sign-in offered"),
	.options = options,
	.run = run,
};
