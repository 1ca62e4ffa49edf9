/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl status: identities, profiles, and what comes next. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "check.h"
#include "cli.h"
#include "clockword.h"
#include "conn.h"
#include "duration.h"
#include "linger.h"
#include "needword.h"
#include "problem.h"
#include "show.h"
#include "status.h"
#include "table.h"
#include "who.h"

#define DEPTH_MAX 8
enum { OPT_PROFILE = 1, OPT_JSON, OPT_WATCH, OPT_FOLLOW, OPT_CHECK, OPT_MIN };
enum { COL_STATE = 4, COLUMNS };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("only this profile, and what "
	       "is chained to it") },
	{ "json", OPT_JSON, NULL, N_("the agent's own answer, as JSON") },
	{ "watch", OPT_WATCH, NULL, N_("a table that goes on, until Ctrl-C") },
	{ "follow", OPT_FOLLOW, NULL,
	    N_("with --json: a line for each change, until it is ended") },
	{ "check", OPT_CHECK, NULL,
	    N_("print nothing: the exit status tells, for scripts") },
	{ "min", OPT_MIN, "TIME",
	    N_("with --check: how long the credentials must last, such as "
	       "20m") },
	{ 0 },
};

struct status {
	const struct verb *verb;
	const char *profile;
	bool json, watch, follow;
	bool check;
	int64_t min;
};

static int
set(void *arg, int id, const char *value)
{
	struct status *s = arg;

	if (id == OPT_PROFILE)
		s->profile = value;
	else if (id == OPT_WATCH)
		s->watch = true;
	else if (id == OPT_FOLLOW)
		s->follow = true;
	else if (id == OPT_JSON)
		s->json = true;
	else if (id == OPT_CHECK)
		s->check = true;
	else if (duration_parse(value, &s->min) < 0)
		return cli_usage(s->verb, "%s",
		    _("--min takes a time such as 3h, 20m or 1h30m."));
	return 0;
}

static void
show_file_fault(const json_t *agent, const char *key, const char *path_key)
{
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *path = show_text(agent, path_key);

	if (fault_from_json(json_object_get(agent, key), &f) < 0)
		return;
	/* Most sentences name the file themselves. */
	if (path != NULL && strstr(f.text, path) != NULL)
		xreplace(&path, NULL);
	problem_show_fault(path, &f, stdout);
}

/* A profile of that identity, for the command that helps; xalloc or NULL. */
static char *
profile_of(const json_t *profiles, const char *identity)
{
	size_t i;
	json_t *o;

	json_array_foreach (profiles, i, o) {
		_cleanup_free_ char *of = show_text(o, "identity");

		if (str_eq(of, identity))
			return show_text(o, "profile");
	}
	return NULL;
}

/* Keys that nobody's sign-in renews say so while they live. */
static void
show_login(const json_t *identity, const json_t *profiles)
{
	_cleanup_free_ char *id = show_text(identity, "id");
	_cleanup_free_ char *name = profile_of(profiles, id);
	_cleanup_free_ char *word = name != NULL ? problem_word(name) : NULL;

	if (str_eq(json_string_value(json_object_get(identity, "state")),
		"signed-out") &&
	    json_integer_value(json_object_get(identity, "kept")) > 0 &&
	    word != NULL)
		printf(_("  Next: awsfedctl login %s\n"), word);
}

/* Headers line up: every state starts in the same column. */
static void
show_identities(const json_t *reply, int64_t now)
{
	const json_t *list = json_object_get(reply, "identities");
	const json_t *profiles = json_object_get(reply, "profiles");
	size_t width = 0, i;
	json_t *o;

	json_array_foreach (list, i, o) {
		_cleanup_free_ char *who = show_identity(o);

		width = strlen(who) > width ? strlen(who) : width;
	}
	json_array_foreach (list, i, o) {
		_cleanup_free_ char *who = show_identity(o);
		_cleanup_free_ char *state = show_identity_state(o, now);
		_cleanup_free_ char *clock = clockword_host(reply, o);
		_cleanup_free_ char *password = show_password(o);
		_cleanup_free_ char *untold = needword(o, now);
		_cleanup_fault_ struct fault f = { 0 };

		printf("%-*s   %s\n", (int)width, who, state);
		if (password != NULL)
			printf("  %s\n", password);
		if (clock != NULL)
			printf(_("  Its clock is %s.\n"), clock);
		if (untold != NULL)
			printf("  %s\n", untold);
		if (fault_from_json(json_object_get(o, "fault"), &f) < 0) {
			show_login(o, profiles);
			continue;
		}
		printf("  %s\n", f.text);
		if (!str_empty(f.request))
			printf(_("  Request %s\n"), f.request);
		if (!str_empty(f.next) || f.kind == FAULT_NEEDS_USER ||
		    f.kind == FAULT_REJECTED) {
			_cleanup_free_ char *id = show_text(o, "id");
			_cleanup_free_ char *name = profile_of(profiles, id);
			_cleanup_free_ char *next = problem_next(&f, name);

			printf(_("  Next: %s\n"), next);
		}
	}
}

static const json_t *
find_profile(const json_t *list, const char *name)
{
	json_t *o;
	size_t i;

	json_array_foreach (list, i, o) {
		if (str_eq(
			json_string_value(json_object_get(o, "profile")), name))
			return o;
	}
	return NULL;
}

/* How many sources stand above it in this list. */
static int
depth(const json_t *list, const json_t *profile)
{
	int n = 0;

	/* What leads nowhere, or round in a circle, stands below nobody. */
	if (json_object_get(profile, "root") == NULL &&
	    json_object_get(profile, "fault") != NULL)
		return 0;
	while (n < DEPTH_MAX) {
		const char *source =
		    json_string_value(json_object_get(profile, "source"));

		profile = source == NULL ? NULL : find_profile(list, source);
		if (profile == NULL)
			break;
		n++;
	}
	return n;
}

static const struct {
	const char *state;
	const char *colour;
} colours[] = {
	{ "fresh", "green" },
	{ "waiting", "cyan" },
	{ "backoff", "yellow" },
	{ "needs-login", "red" },
	{ "failed", "red" },
};

static void
add_row(struct table *t, const json_t *list, const json_t *o, bool locked,
    int64_t now)
{
	_cleanup_free_ char *name = show_text(o, "profile");
	_cleanup_free_ char *role = show_role(o);
	_cleanup_free_ char *state = show_state(o);
	_cleanup_free_ char *tree = NULL;
	char left[SHOW_SIZE], next[SHOW_SIZE] = "-";
	int level = depth(list, o);

	tree = level == 0 ? xstrdup(name) :
			    xasprintf("%*s%s%s", 2 * level - 1, "",
				table_utf8() ? "└" : "`", name);
	show_left(json_is_true(json_object_get(o, "live")) ?
		json_integer_value(json_object_get(o, "left")) :
		0,
	    left);
	if (!locked)
		(void)show_member_when(o, "next", now, next);
	table_row(t, (const char *const[]){ tree, role, left, next, state });
	for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
		if (str_eq(json_string_value(json_object_get(o, "state")),
			colours[i].state))
			table_colour(t, COL_STATE, colours[i].colour);
}

static void
show_profiles(const json_t *list, bool locked, int64_t now)
{
	static const char *const titles[COLUMNS + 1] = { "PROFILE",
		"ACCOUNT/ROLE", "VALID", "NEXT", "STATE", NULL };
	_cleanup_table_ struct table *t = NULL;
	json_t *o;
	size_t i;

	if (json_array_size(list) == 0) {
		puts(_("no AD FS profiles yet; make the first one with:\n"
		       "  awsfedctl login --profile NAME --adfs-host HOST"));
		return;
	}
	t = table_new(titles);
	json_array_foreach (list, i, o)
		add_row(t, list, o, locked, now);
	table_print(t);
}

static void
show_sinks(const json_t *list)
{
	json_t *o;
	size_t i;

	json_array_foreach (list, i, o)
		show_file_fault(o, "fault", "path");
}

static void
show_lock(const json_t *lock, int64_t now)
{
	static const struct {
		const char *by;
		const char *text;
	} all[] = {
		{ "command", N_("by awsfedctl lock") },
		{ "screen", N_("with the screen") },
		{ "sleep", N_("before the machine slept") },
	};
	char since[SHOW_SIZE] = "-";
	const char *by = json_string_value(json_object_get(lock, "by"));

	(void)show_member_when(lock, "since", now, since);
	for (size_t i = 0; lock != NULL && i < ARRAY_SIZE(all); i++)
		if (str_eq(by, all[i].by))
			printf(_("locked %s at %s: nothing is renewed\n"
				 "  Next: awsfedctl unlock\n"),
			    _(all[i].text), since);
}

void
status_show(const json_t *reply, int64_t now)
{
	const json_t *agent = json_object_get(reply, "agent");
	const json_t *locked = json_object_get(agent, "locked");

	clockword_show(reply);
	show_file_fault(agent, "configFault", "config");
	show_file_fault(agent, "credentialsFault", "credentials");
	show_file_fault(json_object_get(agent, "policy"), "fault", "path");
	show_lock(locked, now);
	show_sinks(json_object_get(agent, "sinks"));
	show_identities(reply, now);
	show_profiles(json_object_get(reply, "profiles"), locked != NULL, now);
}

/* NULL, or what is wrong with the way in which they are put together. */
static const char *
contradiction(const struct status *s)
{
	if (s->follow && !s->json)
		return _("--follow goes with --json.");
	if (s->watch && s->json)
		return _("--watch is for people; use --json --follow.");
	if (s->watch && !isatty(STDOUT_FILENO))
		return _("--watch needs a terminal; use --json --follow.");
	return NULL;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *reply = NULL;
	struct status s = { .verb = v };
	_cleanup_json_ json_t *par = json_object();
	int status, i;

	i = cli_options(v, argc, argv, set, &s, &status);
	if (i < 0)
		return status;
	if (i < argc && s.profile == NULL)
		s.profile = argv[i++];
	if (i < argc)
		return cli_usage(v, "%s", _("name one profile, or none."));
	if (s.min > 0 && !s.check)
		return cli_usage(v, "%s", _("--min goes with --check."));
	if (s.check && s.profile == NULL)
		s.profile = cli_env_profile();
	if (s.check && (s.json || s.profile == NULL))
		return cli_usage(v, "%s",
		    _("--check needs one profile, and prints nothing."));
	status = cli_put(v, par, "profile", _("the profile"), s.profile);
	if (status != 0)
		return status;
	if (contradiction(&s) != NULL)
		return cli_usage(v, "%s", contradiction(&s));
	if (s.watch || s.follow)
		return s.watch ? status_watch(s.profile) :
				 status_follow(s.profile);
	if (conn_ask(M_STATUS, STEAL(par), CALL_SHORT, &reply, &problem) < 0) {
		if (s.check)
			return problem.exit;
		if (problem.profile == NULL)
			problem.profile = xstrdup(s.profile);
		return problem_report(&problem);
	}
	if (s.check)
		return check_profile(reply, s.profile, s.min);
	if (s.json) {
		json_dumpf(reply, stdout, JSON_INDENT(2));
		putchar('\n');
		return EXIT_OK;
	}
	status_show(reply, show_now());
	if (s.profile != NULL)
		who_show(reply, s.profile);
	if (linger_missing())
		linger_warn(stdout);
	return EXIT_OK;
}

const struct verb verb_status = {
	.name = "status",
	.usage = N_("[PROFILE] [--json [--follow] | --watch | --check "
		    "[--min TIME]]"),
	.summary = N_("Show sign-ins, profiles and when they renew"),
	.details = N_("With --check the exit status is 0 when the credentials "
		      "are good, 3 when a person has\n"
		      "to sign in, 4 when the role was refused or awsfed is "
		      "locked, 5 when they are being\n"
		      "renewed or tried again, 6 without an agent, 7 when "
		      "they end before --min."),
	.options = options,
	.run = run,
};
