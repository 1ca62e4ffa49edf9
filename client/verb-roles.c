/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl roles: what a person may use, by the last sign-in or a new one. */
#include <stdlib.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "show.h"
#include "survey.h"
#include "table.h"
#include "term.h"

enum { OPT_PROFILE = 1, OPT_HOST, OPT_ALIASES, OPT_JSON };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the sign-in of this profile") },
	{ "adfs-host", OPT_HOST, "HOST", N_("the sign-in at this server") },
	{ "aliases", OPT_ALIASES, NULL, N_("ask AWS for the accounts' names") },
	{ "json", OPT_JSON, NULL, N_("the agent's own answer, as JSON") },
	{ 0 },
};

struct roles {
	const char *profile;
	const char *host;
	bool aliases;
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
	else if (id == OPT_ALIASES)
		r->aliases = true;
	else
		r->json = true;
	return 0;
}

static void
show_roles(const json_t *list)
{
	static const char *const titles[] = { "ACCOUNT", "ALIAS", "ROLE",
		"PROFILE", "ARN", NULL };
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
		_cleanup_free_ char *alias = show_text(o, "alias");
		_cleanup_free_ char *role = show_text(o, "role");
		_cleanup_free_ char *profile = show_text(o, "profile");
		_cleanup_free_ char *arn = show_text(o, "roleArn");

		table_row(t,
		    (const char *const[]){
			account, alias, role, profile, arn });
	}
	table_print(t);
}

/*
 * Signs in for them: a new object in the shape of Roles' reply.  known, if any,
 * is that reply: without names on the command line the same sign-in is meant.
 */
static int
sign_in(const struct verb *v, const struct roles *r, const json_t *known,
    json_t **ret, struct problem *problem)
{
	static const char *const keys[] = { "host", "user", "roles" };
	_cleanup_json_ json_t *done = NULL;
	json_t *par = json_object();

	json_put_str(par, "host", r->host);
	if (r->profile != NULL)
		json_object_set_new(
		    par, "profiles", json_pack("[s]", r->profile));
	for (size_t i = 0; i < 2 && known != NULL && r->profile == NULL; i++)
		if (json_object_get(known, keys[i]) != NULL)
			json_object_set(
			    par, keys[i], json_object_get(known, keys[i]));
	if (survey_run(v->name, par, r->aliases, &done, problem) < 0)
		return -1;
	*ret = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_object_get(done, keys[i]) != NULL)
			json_object_set(
			    *ret, keys[i], json_object_get(done, keys[i]));
	return 0;
}

static bool
has_terminal(void)
{
	_cleanup_(term_freep) struct term *t = term_open();

	return t != NULL;
}

/*
 * What is known is shown at once; a sign-in comes when nothing is, and a
 * person is there, or for the names of accounts, which may be missing.
 */
static int
get(const struct verb *v, const struct roles *r, json_t *par, json_t **ret,
    struct problem *problem)
{
	_cleanup_problem_ struct problem why = { 0 };
	json_t *better = NULL;

	if (conn_ask(M_ROLES, par, CALL_SHORT, ret, problem) < 0) {
		if (problem->fault.kind != FAULT_NEEDS_USER || !has_terminal())
			return -1;
		problem_done(problem);
		return sign_in(v, r, NULL, ret, problem);
	}
	if (!r->aliases || json_is_true(json_object_get(*ret, "aliases")))
		return 0;
	if (sign_in(v, r, *ret, &better, &why) < 0) {
		(void)problem_report(&why);
		return 0;
	}
	json_decref(*ret);
	*ret = better;
	return 0;
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
	if (get(v, &r, STEAL(par), &reply, &problem) < 0)
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
	.usage = N_("[--profile PROFILE | --adfs-host HOST] [--aliases] "
		    "[--json]"),
	.summary = N_("List the roles that you may use"),
	.options = options,
	.run = run,
};
