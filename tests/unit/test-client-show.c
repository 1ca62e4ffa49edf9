/* SPDX-License-Identifier: Apache-2.0 */
/* How times, counts and states are put into words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "linger.h"
#include "show.h"

#define NOW 1795352400 /* Sunday 2026-11-22T13:00:00Z */

static void
left(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{ -5, "-" },
		{ 0, "-" },
		{ 1, "<1m" },
		{ 59, "<1m" },
		{ 60, "1m" },
		{ 48 * 60 + 59, "48m" },
		{ 3599, "59m" },
		{ 3600, "1h00m" },
		{ 8 * 3600 - 1, "7h59m" },
		{ 12 * 3600, "12h00m" },
		{ 100 * 3600, "100h00m" },
		{ INT64_MAX, "2562047788015215h30m" },
	};
	char out[SHOW_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		show_left(cases[i].seconds, out);
		assert_string_equal(out, cases[i].text);
	}
}

static void
when(void **state)
{
	static const struct {
		int64_t offset;
		const char *text;
	} cases[] = {
		{ 0, "13:00" },
		{ 3600, "14:00" },
		{ -3600, "12:00" },
		{ 86399, "12:59" }, /* tomorrow, but within a day */
		{ 86400, "Mon 13:00" },
		{ 5 * 86400, "Fri 13:00" },
		{ 6 * 86400, "2026-11-28 13:00" },
		{ -13 * 3600, "00:00" },
		{ -14 * 3600, "2026-11-21 23:00" },
		{ 400 * 86400, "2027-12-27 13:00" },
	};
	char out[SHOW_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		show_when(NOW + cases[i].offset, NOW, out);
		assert_string_equal(out, cases[i].text);
	}
}

static void
when_here(void **state)
{
	char out[SHOW_SIZE];

	(void)state;
	setenv("TZ", "CET-1", 1);
	tzset();
	show_when(NOW, NOW, out);
	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(out, "14:00");
}

static json_t *
object(const char *text)
{
	json_t *o = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(o);
	return o;
}

/* Each line: a function of a profile or identity, what goes in, what comes. */
static char *
identity_state(const json_t *o)
{
	return show_identity_state(o, NOW);
}

static char *
closing(const json_t *o)
{
	return show_closing(
	    o, json_integer_value(json_object_get(o, "fresh")), NOW);
}

static void
words(void **state)
{
	static const struct {
		char *(*show)(const json_t *);
		const char *json;
		const char *text;
	} cases[] = {
		{ show_role, "{\"account\":\"1\",\"role\":\"R\"}", "1/R" },
		{ show_role,
		    "{\"roleArn\":\"arn:aws:iam::012345678901:role/"
		    "team/R\"}",
		    "012345678901/R" },
		{ show_role, "{\"roleArn\":\"odd\"}", "odd" },
		{ show_role, "{}", "-" },
		{ show_state, "{}", "-" },
		{ show_state, "{\"state\":\"fresh\",\"reason\":\"x\"}",
		    "fresh" },
		{ show_state, "{\"state\":\"waiting\",\"live\":true}",
		    "refreshing" },
		{ show_state,
		    "{\"state\":\"waiting\",\"live\":false,"
		    "\"reason\":\"offline\"}",
		    "waiting: offline" },
		{ show_state,
		    "{\"state\":\"backoff\",\"reason\":"
		    "\"unreachable\",\"live\":true}",
		    "backoff: unreachable" },
		{ show_state, "{\"state\":\"failed\",\"reason\":\"refused\"}",
		    "failed: refused" },
		{ show_state,
		    "{\"state\":\"idle\",\"kind\":\"chained\","
		    "\"deliver\":\"none\"}",
		    "via AWS CLI" },
		{ show_state,
		    "{\"state\":\"fresh\",\"kind\":\"chained\","
		    "\"deliver\":\"none\"}",
		    "via AWS CLI" },
		{ show_state,
		    "{\"state\":\"fresh\",\"kind\":\"chained\","
		    "\"deliver\":\"file\"}",
		    "fresh" },
		{ show_state,
		    "{\"state\":\"idle\",\"kind\":\"adfs\","
		    "\"deliver\":\"none\"}",
		    "idle" },
		{ show_identity, "{\"user\":\"C\\\\j\",\"host\":\"h\"}",
		    "C\\j @ h" },
		{ show_identity, "{\"host\":\"h\"}", "h" },
		{ show_identity, "{\"user\":\"\",\"host\":\"h\"}", "h" },
		{ show_identity, "{}", "-" },
		{ identity_state, "{\"state\":\"signed-in\"}", "signed in" },
		{ identity_state,
		    "{\"state\":\"signed-in\","
		    "\"renewableUntil\":\"2026-11-22T17:02:00Z\"}",
		    "signed in, renews without you until about 17:02" },
		{ identity_state,
		    "{\"state\":\"signed-in\","
		    "\"renewableUntil\":\"2026-11-22T12:59:00Z\"}",
		    "signed in" },
		{ identity_state,
		    "{\"state\":\"signed-out\","
		    "\"renewableUntil\":\"2026-11-22T17:02:00Z\"}",
		    "signed out" },
		{ identity_state,
		    "{\"state\":\"signed-out\","
		    "\"validUntil\":\"2026-11-22T17:02:00Z\"}",
		    "signed out; keys are valid until 17:02" },
		{ identity_state,
		    "{\"state\":\"backoff\",\"reason\":"
		    "\"offline\"}",
		    "tries again by itself (offline)" },
		{ identity_state, "{\"state\":\"new-word\"}", "new-word" },
		{ identity_state, "{}", "-" },
		{ closing,
		    "{\"fresh\":20,\"passwords\":1,\"pushes\":1,"
		    "\"renewableUntil\":\"2026-11-22T17:02:00Z\"}",
		    "20 profiles fresh (1 password, 1 push); renews without "
		    "you until about 17:02" },
		{ closing, "{\"fresh\":1}", "1 profile fresh" },
		{ closing, "{\"fresh\":0,\"passwords\":2}",
		    "0 profiles fresh (2 passwords)" },
		{ closing, "{\"fresh\":2,\"pushes\":3}",
		    "2 profiles fresh (3 pushes)" },
		{ closing, "{\"fresh\":2,\"renewableUntil\":\"junk\"}",
		    "2 profiles fresh" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *o = object(cases[i].json);
		_cleanup_free_ char *text = cases[i].show(o);

		assert_string_equal(text, cases[i].text);
	}
}

/* Where systemd's logind has its flag files: their names are escaped. */
static void
flags(void **state)
{
	static const struct {
		const char *user;
		const char *path;
	} cases[] = {
		{ "jane", "/var/lib/systemd/linger/jane" },
		{ "jane@corp.example",
		    "/var/lib/systemd/linger/jane@corp.example" },
		{ "CORP\\jane", "/var/lib/systemd/linger/CORP\\\\jane" },
		{ "o'neil", "/var/lib/systemd/linger/o\\'neil" },
		{ "j\303\266rg", "/var/lib/systemd/linger/j\\303\\266rg" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *path = linger_flag(cases[i].user);

		assert_string_equal(path, cases[i].path);
	}
	assert_null(linger_flag(""));
	assert_null(linger_flag("a/b"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(left),
		cmocka_unit_test(when),
		cmocka_unit_test(when_here),
		cmocka_unit_test(words),
		cmocka_unit_test(flags),
	};

	xalloc_install();
	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests_name("client-show", tests, NULL, NULL);
}
