/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl explain: how a profile stands, where SDKs find its credentials. */
#include <stdlib.h>
#include <string.h>

#include "awsfed/fault.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "show.h"
#include "table.h"

enum { OPT_PROFILE = 1, OPT_JSON };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the profile; the same as naming it without the option") },
	{ "json", OPT_JSON, NULL, N_("the agent's own answer, as JSON") },
	{ 0 },
};

/* Only their names are told to the agent. */
static const char *const variables[] = { "AWS_ACCESS_KEY_ID",
	"AWS_SECURITY_TOKEN", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE",
	"AWS_DEFAULT_PROFILE" };

static const struct {
	const char *source;
	const char *text;
} words[] = {
	{ "credentials-file", N_("keys of the credentials file") },
	{ "config-file", N_("keys of the config file") },
	{ "credential-process", N_("credential_process") },
	{ "assume-role", N_("role_arn, assumed from its source") },
	{ "web-identity", N_("web_identity_token_file") },
	{ "sso", N_("AWS SSO") },
	{ "environment", N_("the variables of this shell") },
	{ "none", N_("nothing in this profile") },
	{ "invalid", N_("refuses the profile") },
	{ "unknown", N_("not known for this combination") },
};

struct request {
	const char *profile;
	bool json;
};

static int
set(void *arg, int id, const char *value)
{
	struct request *r = arg;

	if (id == OPT_PROFILE)
		r->profile = value;
	else
		r->json = true;
	return 0;
}

static const char *
word(const char *source)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i].source, source))
			return _(words[i].text);
	return "-";
}

/* How it stands: what it lives, what comes next, what is in the way. */
static void
show_standing(const json_t *reply)
{
	const json_t *p = json_object_get(reply, "status");
	const json_t *why = json_object_get(reply, "why");
	_cleanup_free_ char *name = show_text(p, "profile");
	_cleanup_free_ char *state = show_state(p);
	_cleanup_fault_ struct fault f = { 0 };
	char left[SHOW_SIZE], when[SHOW_SIZE];
	int64_t now = show_now();
	bool blocked;

	if (name == NULL)
		return;
	printf("%s: %s", name, state);
	show_left(json_integer_value(json_object_get(p, "left")), left);
	if (json_is_true(json_object_get(p, "live")))
		printf(_("; keys live for %s"), left);
	blocked = fault_from_json(why, &f) == 0;
	if (f.reason != REASON_LOCKED && show_member_when(p, "next", now, when))
		printf(blocked ? _("; next try at %s") : _("; renewed at %s"),
		    when);
	putchar('\n');
	if (!blocked && str_eq(state, "idle")) {
		_cleanup_free_ char *word = problem_word(name);

		printf(_("  Next: awsfedctl login %s\n"), word);
	}
	if (blocked) {
		_cleanup_free_ char *next = problem_next(&f, name);

		if (show_member_when(why, "since", now, when))
			printf(_("  Since %s: %s\n"), when, f.text);
		else
			printf("  %s\n", f.text);
		if (!str_empty(f.next) || f.kind == FAULT_NEEDS_USER ||
		    f.kind == FAULT_REJECTED)
			printf(_("  Next: %s\n"), next);
	}
	putchar('\n');
}

static void
show(const json_t *reply)
{
	static const char *const titles[] = { "SDK", "TAKES", "RENEWS", NULL };
	_cleanup_table_ struct table *t = table_new(titles);
	_cleanup_free_ char *twin = show_text(reply, "twin");
	json_t *o;
	size_t i;

	show_standing(reply);
	json_array_foreach (json_object_get(reply, "sdks"), i, o) {
		_cleanup_free_ char *sdk = show_text(o, "sdk");
		const char *source =
		    json_string_value(json_object_get(o, "source"));
		bool renews = json_is_true(json_object_get(o, "renews"));

		table_row(t,
		    (const char *const[]){ sdk != NULL ? sdk : "-",
			word(source), renews ? _("yes") : _("no") });
	}
	table_print(t);
	if (twin != NULL)
		printf(_("\nThe agent delivers it as %s: awsfedctl explain "
			 "%s\n"),
		    twin, twin);
	json_array_foreach (json_object_get(reply, "notes"), i, o) {
		_cleanup_free_ char *text =
		    str_clean(json_string_value(o), 1024);

		if (text != NULL)
			printf("%s- %s\n", i == 0 ? "\n" : "", text);
	}
}

static json_t *
parameters(const struct request *r)
{
	json_t *par = json_pack("{s:s}", "profile", r->profile);
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (getenv(variables[i]) != NULL)
			json_array_append_new(list, json_string(variables[i]));
	json_object_set_new(par, "variables", list);
	return par;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *reply = NULL;
	struct request r = { 0 };
	int status;

	if (cli_one_profile(v, argc, argv, set, &r, &r.profile, &status) < 0)
		return status;
	if (conn_ask(M_EXPLAIN, parameters(&r), CALL_SHORT, &reply, &problem) <
	    0) {
		if (problem.profile == NULL)
			problem.profile = xstrdup(r.profile);
		return problem_report(&problem);
	}
	if (r.json) {
		json_dumpf(reply, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		show(reply);
	}
	return EXIT_OK;
}

const struct verb verb_explain = {
	.name = "explain",
	.usage = N_("[PROFILE] [--json]"),
	.summary = N_("Show where each SDK finds a profile's credentials"),
	.details = N_("First how it stands with the profile: how long its keys "
		      "live, when it is renewed, or\n"
		      "since when and why it is not."),
	.options = options,
	.run = run,
};
