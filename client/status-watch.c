/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl status --watch and --json --follow: what Monitor tells. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/clock.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "conn.h"
#include "show.h"
#include "signals.h"
#include "status.h"

/* The screen of full-screen programs, without a cursor; and back. */
#define SCREEN_ON "\033[?1049h\033[?25l"
#define SCREEN_OFF "\033[?25h\033[?1049l"
#define SCREEN_HOME "\033[H\033[2J"
#define MINUTE 60

/* ---- which events are meant ---------------------------------------------------- */

static const char *
text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* The profile itself, or what is chained to it. */
static bool
meant(const json_t *profile, const char *name)
{
	return name == NULL || str_eq(text_of(profile, "profile"), name) ||
	    str_eq(text_of(profile, "source"), name) ||
	    str_eq(text_of(profile, "root"), name);
}

static void
only(json_t *status, const char *name)
{
	json_t *list = json_object_get(status, "profiles");

	for (size_t i = json_array_size(list); i-- > 0;)
		if (!meant(json_array_get(list, i), name))
			json_array_remove(list, i);
}

static bool
concerns(const json_t *event, const char *name)
{
	const char *kind = text_of(event, "event");

	if (str_eq(kind, "profile"))
		return meant(json_object_get(event, "profile"), name);
	if (str_eq(kind, "gone") && str_eq(text_of(event, "kind"), "profile"))
		return name == NULL || str_eq(text_of(event, "name"), name);
	return true;
}

static int
start(struct conn **c, struct problem *problem)
{
	signals_hold();
	if (conn_open(c, problem) < 0 ||
	    conn_stream(*c, M_MONITOR, json_object(), problem) < 0)
		return -1;
	return 0;
}

/* ---- lines ------------------------------------------------------------------------ */

int
status_follow(const char *profile)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_conn_ struct conn *c = NULL;

	if (start(&c, &problem) < 0)
		return problem_report(&problem);
	for (;;) {
		_cleanup_json_ json_t *event = NULL;
		int r = conn_next(c, -1, &event, &problem);

		if (r == -EINTR)
			return EXIT_OK;
		if (r < 0)
			return problem_report(&problem);
		if (!concerns(event, profile))
			continue;
		only(json_object_get(event, "status"), profile);
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
		/* The reader has gone: main.c says so. */
		if (fflush(stdout) != 0)
			return EXIT_FAILED;
	}
}

/* ---- the table -------------------------------------------------------------------- */

static void
replace(json_t *list, const char *key, json_t *with)
{
	const char *name = text_of(with, key);

	for (size_t i = 0; i < json_array_size(list); i++)
		if (str_eq(text_of(json_array_get(list, i), key), name)) {
			json_array_set(list, i, with);
			return;
		}
	json_array_append(list, with);
}

static void
forget(json_t *list, const char *key, const char *name)
{
	for (size_t i = json_array_size(list); i-- > 0;)
		if (str_eq(text_of(json_array_get(list, i), key), name))
			json_array_remove(list, i);
}

/* The picture with this change in it. */
static void
take(json_t **status, json_t *event)
{
	const char *kind = text_of(event, "event");
	json_t *profiles = json_object_get(*status, "profiles");
	json_t *ids = json_object_get(*status, "identities");

	if (str_eq(kind, "status")) {
		json_decref(*status);
		*status = json_incref(json_object_get(event, "status"));
	} else if (str_eq(kind, "profile")) {
		replace(profiles, "profile", json_object_get(event, kind));
	} else if (str_eq(kind, "identity")) {
		replace(ids, "id", json_object_get(event, kind));
	} else if (str_eq(kind, "agent")) {
		json_object_set(*status, kind, json_object_get(event, kind));
	} else if (str_eq(kind, "gone")) {
		forget(profiles, "profile", text_of(event, "name"));
		forget(ids, "id", text_of(event, "name"));
	}
}

/* Events have no "left": the minutes pass here. */
static void
count_down(json_t *status, int64_t now)
{
	json_t *o;
	size_t i;

	json_array_foreach (json_object_get(status, "profiles"), i, o) {
		int64_t end;

		if (rfc3339_parse(text_of(o, "expiration"), &end) < 0)
			continue;
		json_object_set_new(
		    o, "left", json_integer(end > now ? end - now : 0));
	}
}

static void
draw(json_t *status)
{
	int64_t now = show_now();

	count_down(status, now);
	fputs(SCREEN_HOME, stdout);
	status_show(status, now);
	fflush(stdout);
}

/* Ctrl-Z gives the shell its screen and its cursor back. */
static void
around_stop(bool back, void *arg)
{
	json_t **status = arg;

	fputs(back ? SCREEN_ON : SCREEN_OFF, stdout);
	if (back && json_object_size(*status) > 0)
		draw(*status);
	fflush(stdout);
}

/* Milliseconds until a minute of the table may change. */
static int
until_tick(const json_t *status)
{
	int64_t now = show_now(), least = MINUTE;
	json_t *o;
	size_t i;
	bool any = false;

	json_array_foreach (json_object_get(status, "profiles"), i, o) {
		int64_t end;

		if (rfc3339_parse(text_of(o, "expiration"), &end) < 0 ||
		    end <= now)
			continue;
		any = true;
		if ((end - now) % MINUTE + 1 < least)
			least = (end - now) % MINUTE + 1;
	}
	return any ? (int)least * 1000 : -1;
}

int
status_watch(const char *profile)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_json_ json_t *status = json_object();
	int r = 0;

	if (start(&c, &problem) < 0)
		return problem_report(&problem);
	signals_around_stop(around_stop, &status);
	fputs(SCREEN_ON, stdout);
	while (r == 0 || r == -ETIMEDOUT) {
		_cleanup_json_ json_t *event = NULL;

		r = conn_next(c, until_tick(status), &event, &problem);
		if (r == 0 && concerns(event, profile))
			take(&status, event);
		only(status, profile);
		if (r == 0 || r == -ETIMEDOUT)
			draw(status);
	}
	signals_around_stop(NULL, NULL);
	fputs(SCREEN_OFF, stdout);
	fflush(stdout);
	return r == -EINTR ? EXIT_OK : problem_report(&problem);
}
