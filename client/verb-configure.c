/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedctl configure: signs in, lists the roles, lets a person pick, shows
 * the change to the AWS config and has the agent write it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "pick.h"
#include "show.h"
#include "signals.h"
#include "survey.h"
#include "term.h"

#define LIST_BYTES (4 * 1024 * 1024)

enum {
	OPT_HOST = 1,
	OPT_PROFILE,
	OPT_USER,
	OPT_PROVIDER,
	OPT_TEMPLATE,
	OPT_FILTER,
	OPT_REGION,
	OPT_TWINS,
	OPT_ALIASES,
	OPT_NO_ALIASES,
	OPT_YES,
	OPT_DRY_RUN,
	OPT_JSON
};

static const struct option_info options[] = {
	{ "adfs-host", OPT_HOST, "HOST",
	    N_("the AD FS server, host or host:port") },
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("sign in as this profile does") },
	{ "user", OPT_USER, "USER", N_("DOMAIN\\user or user@domain") },
	{ "provider-id", OPT_PROVIDER, "ID",
	    N_("the relying party's identifier") },
	{ "template", OPT_TEMPLATE, "TEMPLATE",
	    N_("how profiles are named; the default is {alias}-{role}") },
	{ "filter", OPT_FILTER, "PATTERN",
	    N_("only roles that match; may be given more than once") },
	{ "region", OPT_REGION, "REGION",
	    N_("the AWS region; saved to the profiles") },
	{ "read-only-twins", OPT_TWINS, NULL,
	    N_("beside each profile P also P-ro, which may only read") },
	{ "aliases", OPT_ALIASES, NULL,
	    N_("ask AWS for the accounts' names (the default when the "
	       "template has {alias})") },
	{ "no-aliases", OPT_NO_ALIASES, NULL, N_("do not ask for them") },
	{ "yes", OPT_YES, NULL,
	    N_("take every role that matches, and write without asking") },
	{ "dry-run", OPT_DRY_RUN, NULL, N_("show the change, write nothing") },
	{ "json", OPT_JSON, NULL,
	    N_("the agent's own answer, as JSON; with --yes or --dry-run") },
	{ 0 },
};

struct configure {
	const struct verb *verb;
	json_t *signin; /* what the sign-in gets */
	const char *template, *region;
	struct strv filters;
	bool twins, aliases, no_aliases, yes, dry_run, json;
	struct term *term; /* NULL: there is none, or none is needed */
	json_t *done;	   /* the survey */
	bool *on;	   /* the roles that are meant */
};

static void
configure_done(struct configure *c)
{
	json_decref(c->signin);
	json_decref(c->done);
	strv_done(&c->filters);
	term_free(c->term);
	xfree(c->on);
}

static int
put(struct configure *c, const char *key, const char *option, const char *value)
{
	return cli_put(c->verb, c->signin, key, option, value);
}

static int
set(void *arg, int id, const char *value)
{
	struct configure *c = arg;

	switch (id) {
	case OPT_HOST:
		return put(c, "host", "--adfs-host", value);
	case OPT_USER:
		return put(c, "user", "--user", value);
	case OPT_PROVIDER:
		return put(c, "providerId", "--provider-id", value);
	case OPT_PROFILE:
		json_object_set_new(c->signin, "profiles", json_array());
		return cli_add_profile(
		    c->verb, json_object_get(c->signin, "profiles"), value);
	case OPT_TEMPLATE:
		c->template = value;
		return 0;
	case OPT_FILTER:
		strv_add(&c->filters, value);
		return 0;
	case OPT_REGION:
		c->region = value;
		return 0;
	case OPT_TWINS:
		c->twins = true;
		return 0;
	case OPT_ALIASES:
		c->aliases = true;
		return 0;
	case OPT_NO_ALIASES:
		c->no_aliases = true;
		return 0;
	case OPT_YES:
		c->yes = true;
		return 0;
	case OPT_DRY_RUN:
		c->dry_run = true;
		return 0;
	default:
		c->json = true;
		return 0;
	}
}

/* Everything that can be said to be wrong before somebody signs in. */
static int
settle(struct configure *c)
{
	if (c->aliases && c->no_aliases)
		return cli_usage(c->verb, "%s",
		    _("--aliases and --no-aliases exclude each other."));
	if (c->json && !c->yes && !c->dry_run)
		return cli_usage(c->verb, "%s",
		    _("--json asks nothing: it needs --yes or --dry-run."));
	if (json_object_get(c->signin, "host") != NULL &&
	    json_object_get(c->signin, "profiles") != NULL)
		return cli_usage(c->verb, "%s",
		    _("name one profile or one server, or neither."));
	if (c->template == NULL || strstr(c->template, "{alias}") != NULL)
		c->aliases = true;
	if (c->no_aliases)
		c->aliases = false;
	if (c->yes || c->json)
		return 0;
	c->term = term_open();
	if (c->term == NULL && !c->dry_run)
		return cli_usage(c->verb, "%s",
		    _("there is no terminal to choose on; take all with --yes "
		      "(and --filter), or look with --dry-run."));
	return 0;
}

static int
given_up(struct problem *p)
{
	problem_set(p, EXIT_FAILED, FAULT_CANCELLED,
	    _("nothing was written; you stay signed in."));
	fault_next(
	    &p->fault, "%s", _("awsfedctl configure again needs no password"));
	return -1;
}

/* ---- which roles ------------------------------------------------------------- */

static size_t
filtered(const struct configure *c, const json_t *roles, bool *on)
{
	size_t i, n = 0;
	json_t *o;

	json_array_foreach (roles, i, o) {
		on[i] = c->filters.n == 0;
		for (size_t k = 0; k < c->filters.n; k++)
			on[i] |= pick_matches(o, c->filters.v[k]);
		n += on[i];
	}
	return n;
}

/* Shows only those that match; keeps what was shown when none does. */
static void
narrow(struct configure *c, const json_t *roles, bool *shown, const char *line)
{
	size_t n = json_array_size(roles), i, hits = 0;
	bool *fresh = xcalloc(n, sizeof(*fresh));
	_cleanup_free_ char *text = str_clean(line, 256), *note = NULL;
	json_t *o;

	filtered(c, roles, fresh);
	json_array_foreach (roles, i, o) {
		fresh[i] =
		    fresh[i] && (str_empty(line) || pick_matches(o, line));
		hits += fresh[i];
	}
	if (hits > 0) {
		memcpy(shown, fresh, n * sizeof(*fresh));
	} else {
		note = xasprintf(_("Nothing matches \"%s\".\n"), text);
		term_write(c->term, note);
	}
	xfree(fresh);
}

/* Numbers of the list?  A longer one than it has is a part of an account's. */
static bool
is_numbers(const char *line, size_t n)
{
	size_t digits = strspn(line, "0123456789");

	if (line[digits] == '\0')
		return digits > 0 &&
		    digits <= (size_t)snprintf(NULL, 0, "%zu", n);
	return line[strspn(line, "0123456789-, ")] == '\0';
}

static int
choose(struct configure *c, const json_t *roles, struct problem *p)
{
	size_t n = json_array_size(roles);
	bool *shown = xcalloc(n, sizeof(*shown)), list = true;
	int r = 1;

	memcpy(shown, c->on, n * sizeof(*shown));
	while (r > 0) {
		_cleanup_free_ char *line = NULL;
		_cleanup_buf_ struct buf out = BUF_INIT(LIST_BYTES);

		if (list) {
			pick_list(roles, shown, &out);
			term_write(c->term, out.data);
		}
		list = true;
		if (term_line(c->term,
			_("Which (all, numbers like 1-3,7, a part of a name "
			  "to shorten the list, q to quit): "),
			true, &line) != LINE_OK) {
			r = given_up(p);
			break;
		}
		str_trim(line);
		if (str_caseeq(line, "q") || str_caseeq(line, "quit")) {
			r = given_up(p);
		} else if (str_caseeq(line, "all") || str_eq(line, "*")) {
			memcpy(c->on, shown, n * sizeof(*shown));
			r = 0;
		} else if (pick_ranges(line, n, c->on) == 0) {
			r = 0;
		} else if (is_numbers(line, n)) {
			_cleanup_free_ char *note =
			    xasprintf(_("The numbers go from 1 to %zu.\n"), n);

			term_write(c->term, note);
			list = false;
		} else {
			narrow(c, roles, shown, line);
		}
	}
	xfree(shown);
	return r;
}

static int
pick(struct configure *c, struct problem *p)
{
	const json_t *roles = json_object_get(c->done, "roles");
	size_t n = json_array_size(roles);

	c->on = xcalloc(n, sizeof(*c->on));
	if (n == 0) {
		problem_set(p, EXIT_REFUSED, FAULT_DENIED,
		    _("the sign-in offers no roles that can be listed."));
		fault_next(&p->fault, "%s",
		    _("ask who manages them to grant you one; a role whose "
		      "ARN you know can be named with awsfedctl login "
		      "--role-arn"));
		return -1;
	}
	if (filtered(c, roles, c->on) == 0) {
		problem_set(p, EXIT_FAILED, FAULT_CONFIG,
		    _("none of the %zu roles matches the filter; nothing was "
		      "written."),
		    n);
		fault_next(&p->fault, "awsfedctl roles");
		return -1;
	}
	return c->term == NULL ? 0 : choose(c, roles, p);
}

/* ---- the change ---------------------------------------------------------------- */

static json_t *
parameters(const struct configure *c, const char *digest)
{
	const json_t *roles = json_object_get(c->done, "roles");
	json_t *par = json_object(), *picks = json_array();

	json_object_set(par, "survey", json_object_get(c->done, "survey"));
	for (size_t i = 0; i < json_array_size(roles); i++)
		if (c->on[i])
			json_array_append_new(
			    picks, json_integer((json_int_t)i));
	if (json_array_size(picks) == json_array_size(roles))
		json_decref(picks);
	else
		json_object_set_new(par, "picks", picks);
	json_put_str(par, "template", c->template);
	json_put_str(par, "region", c->region);
	if (c->twins)
		json_object_set_new(par, "readOnlyTwins", json_true());
	json_put_str(par, "digest", digest);
	return par;
}

static int
call(struct configure *c, const char *digest, json_t **ret, struct problem *p)
{
	int r =
	    conn_ask(M_CONFIGURE, parameters(c, digest), CALL_NETWORK, ret, p);

	if (r == -EINTR && digest == NULL) {
		given_up(p);
	} else if (r == -EINTR) {
		problem_set(p, EXIT_FAILED, FAULT_CANCELLED,
		    _("interrupted; the agent may have written the profiles."));
		fault_next(&p->fault, "awsfedctl list");
	} else if (r < 0 && str_eq(p->error, E_NO_SUCH_LOGIN)) {
		problem_set(p, EXIT_TEMPORARY, FAULT_TEMPORARY,
		    _("the agent has forgotten this sign-in; nothing was "
		      "written."));
		fault_next(&p->fault, "awsfedctl configure");
	}
	return r < 0 ? -1 : 0;
}

/* Line by line, so that nothing but line ends comes through as it is. */
static void
show_diff(const char *diff)
{
	while (diff != NULL && *diff != '\0') {
		size_t n = strcspn(diff, "\n");
		_cleanup_free_ char *raw = xstrndup(diff, n);
		_cleanup_free_ char *line = str_clean(raw, n);

		puts(line);
		diff += n + (diff[n] == '\n');
	}
	fflush(stdout);
}

static void
show_plan(const json_t *plan)
{
	size_t i;
	json_t *o;

	json_array_foreach (json_object_get(plan, "profiles"), i, o) {
		_cleanup_free_ char *name = show_text(o, "profile");
		_cleanup_free_ char *role = show_role(o);

		if (json_is_false(json_object_get(o, "new")))
			fprintf(stderr,
			    _("%s has the profile %s already; it is left "
			      "alone\n"),
			    role, name);
	}
	show_diff(json_string_value(json_object_get(plan, "diff")));
}

static int
confirm(struct configure *c, const json_t *plan, struct problem *p)
{
	json_int_t n = json_integer_value(json_object_get(plan, "new"));
	_cleanup_free_ char *path = show_text(plan, "path");
	_cleanup_free_ char *label =
	    xasprintf(ngettext("Write %lld profile to %s?",
			  "Write %lld profiles to %s?", (unsigned long)n),
		(long long)n, path);
	const struct question q = { .label = label, .kind = ASK_CONFIRM };
	_cleanup_json_ json_t *yes = NULL;

	if (question_ask(&q, c->term, &yes) != ANSWER_OK ||
	    !str_eq(json_string_value(yes), "yes"))
		return given_up(p);
	return 0;
}

static void
finish(const struct configure *c, const json_t *reply)
{
	json_int_t n = json_integer_value(json_object_get(reply, "new"));
	_cleanup_free_ char *path = show_text(reply, "path");

	if (c->json) {
		json_dumpf(reply, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (n == 0) {
		fprintf(stderr, "%s\n",
		    _("every role that was picked has a profile; there is "
		      "nothing to write"));
	} else if (json_is_true(json_object_get(reply, "written"))) {
		fprintf(stderr,
		    ngettext("%lld profile written to %s\n"
			     "  Next: awsfedctl login PROFILE\n",
			"%lld profiles written to %s\n"
			"  Next: awsfedctl login PROFILE\n",
			(unsigned long)n),
		    (long long)n, path);
	}
}

static int
change(struct configure *c, struct problem *p)
{
	_cleanup_json_ json_t *plan = NULL, *reply = NULL;
	const char *digest;

	if (call(c, NULL, &plan, p) < 0)
		return -1;
	if (!c->json)
		show_plan(plan);
	if (c->dry_run ||
	    json_integer_value(json_object_get(plan, "new")) == 0) {
		finish(c, plan);
		return 0;
	}
	if (!c->yes && confirm(c, plan, p) < 0)
		return -1;
	digest = json_string_value(json_object_get(plan, "digest"));
	if (call(c, digest != NULL ? digest : "", &reply, p) < 0)
		return -1;
	finish(c, reply);
	return 0;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_(configure_done) struct configure c = { .verb = v,
		.signin = json_object() };
	_cleanup_problem_ struct problem problem = { 0 };
	int status = 0, i;

	i = cli_options(v, argc, argv, set, &c, &status);
	if (i < 0)
		return status;
	if (i < argc)
		return cli_usage(
		    v, _("there is nothing called '%s' here."), argv[i]);
	status = settle(&c);
	if (status != 0)
		return status;
	if (survey_run(v->name, STEAL(c.signin), c.aliases, &c.done, &problem) <
		0 ||
	    pick(&c, &problem) < 0 || change(&c, &problem) < 0)
		return problem_report(&problem);
	return EXIT_OK;
}

const struct verb verb_configure = {
	.name = "configure",
	.usage = N_("[--adfs-host HOST] [--filter PATTERN] [--template "
		    "TEMPLATE] [--yes | --dry-run] [OPTION...]"),
	.summary = N_("Make profiles for the roles that you may use"),
	.details =
	    N_("Signs in, lists the roles by account, lets you pick, shows the "
	       "change to the AWS config\nand asks before it is written. Roles "
	       "that have a profile are left alone."),
	.options = options,
	.run = run,
};
