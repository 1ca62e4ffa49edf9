/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "awsfed/clock.h"
#include "awsfed/hours.h"

static int64_t
at(const char *when)
{
	int64_t t;

	assert_int_equal(rfc3339_parse(when, &t), 0);
	return t;
}

static void
zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

static void
test_parse(void **state)
{
	static const struct {
		const char *text;
		int r, from, to;
	} cases[] = {
		{ "22:00-07:00", 0, 1320, 420 },
		{ "0:00-5:30", 0, 0, 330 },
		{ "12:15-13:05", 0, 735, 785 },
		{ "none", 0, 0, 0 },
		{ "No", 0, 0, 0 },
		{ "", -1, 0, 0 },
		{ "22:00", -1, 0, 0 },
		{ "22-7", -1, 0, 0 },
		{ "24:00-07:00", -1, 0, 0 },
		{ "22:60-07:00", -1, 0, 0 },
		{ "22:00-22:00", -1, 0, 0 },
		{ "22:00-07:00 ", -1, 0, 0 },
		{ "-1:00-07:00", -1, 0, 0 },
		{ "22:00--7:00", -1, 0, 0 },
		{ "122:00-07:00", -1, 0, 0 },
		{ "2a:00-07:00", -1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct hours h = { -5, -6 };

		if (cases[i].r < 0) {
			assert_true(hours_parse(cases[i].text, &h) < 0);
			assert_int_equal(h.from, -5);
			continue;
		}
		assert_int_equal(hours_parse(cases[i].text, &h), 0);
		assert_int_equal(h.from, cases[i].from);
		assert_int_equal(h.to, cases[i].to);
	}
}

static void
test_has(void **state)
{
	static const struct hours night = { 1320, 420 }, noon = { 720, 780 },
				  never = { 0, 0 };

	(void)state;
	zone("UTC");
	assert_true(hours_has(&night, at("2026-11-22T22:00:00Z")));
	assert_true(hours_has(&night, at("2026-11-23T03:00:00Z")));
	assert_true(hours_has(&night, at("2026-11-23T06:59:59Z")));
	assert_false(hours_has(&night, at("2026-11-23T07:00:00Z")));
	assert_false(hours_has(&night, at("2026-11-22T21:59:59Z")));
	assert_true(hours_has(&noon, at("2026-11-22T12:30:00Z")));
	assert_false(hours_has(&noon, at("2026-11-22T13:00:00Z")));
	assert_false(hours_has(&never, at("2026-11-22T00:00:00Z")));
	/* The person's time, not the server's. */
	zone("America/New_York");
	assert_true(hours_has(&night, at("2026-11-23T03:00:00Z")));
	assert_false(hours_has(&night, at("2026-11-22T22:00:00Z")));
}

static void
test_next(void **state)
{
	static const struct {
		const char *zone;
		const char *now;
		int minute;
		const char *next;
	} cases[] = {
		{ "UTC", "2026-11-22T05:00:00Z", 360, "2026-11-22T06:00:00Z" },
		{ "UTC", "2026-11-22T06:00:00Z", 360, "2026-11-23T06:00:00Z" },
		{ "UTC", "2026-12-31T23:00:00Z", 360, "2027-01-01T06:00:00Z" },
		/* Spring: 02:00 is followed by 03:00; the night is short. */
		{ "Europe/Berlin", "2026-03-28T22:00:00Z", 420,
		    "2026-03-29T05:00:00Z" },
		/* 02:30 is leapt over: 03:30 of summer. */
		{ "Europe/Berlin", "2026-03-29T00:45:00Z", 150,
		    "2026-03-29T01:30:00Z" },
		{ "Europe/Berlin", "2026-03-29T10:00:00Z", 150,
		    "2026-03-30T00:30:00Z" },
		/* Autumn: the night is long. */
		{ "Europe/Berlin", "2026-10-24T20:00:00Z", 420,
		    "2026-10-25T06:00:00Z" },
		/* 02:30 comes twice: each of them. */
		{ "Europe/Berlin", "2026-10-25T00:00:00Z", 150,
		    "2026-10-25T00:30:00Z" },
		{ "Europe/Berlin", "2026-10-25T00:30:00Z", 150,
		    "2026-10-25T01:30:00Z" },
		{ "Europe/Berlin", "2026-10-25T01:30:00Z", 150,
		    "2026-10-26T01:30:00Z" },
		/* A zone off by half an hour, and one far from Greenwich. */
		{ "Asia/Kolkata", "2026-11-22T00:00:00Z", 360,
		    "2026-11-22T00:30:00Z" },
		{ "Pacific/Auckland", "2026-11-22T00:00:00Z", 360,
		    "2026-11-22T17:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char got[RFC3339_SIZE];

		zone(cases[i].zone);
		rfc3339_format(
		    hours_next(cases[i].minute, at(cases[i].now)), got);
		assert_string_equal(got, cases[i].next);
	}
}

/* Whatever the day, the end of a night comes, and within a day and an hour. */
static void
test_ends(void **state)
{
	static const char *const zones[] = { "Europe/Berlin",
		"America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu" };
	static const struct hours nights[] = { { 1320, 420 }, { 90, 150 },
		{ 0, 120 } };

	(void)state;
	for (size_t z = 0; z < ARRAY_SIZE(zones); z++) {
		int64_t first = at("2026-01-01T00:00:00Z");

		zone(zones[z]);
		for (int64_t t = first; t < first + 366LL * 86400; t += 1799)
			for (size_t n = 0; n < ARRAY_SIZE(nights); n++) {
				int64_t end = hours_next(nights[n].to, t);

				assert_true(end > t && end <= t + 25 * 3600);
				assert_false(hours_has(&nights[n], end));
			}
	}
}

static void
test_text(void **state)
{
	char out[HOURS_TEXT];

	(void)state;
	zone("Europe/Berlin");
	hours_text(at("2026-11-22T16:40:00Z"), at("2026-11-22T08:00:00Z"), out);
	assert_string_equal(out, "17:40");
	hours_text(at("2026-11-23T16:40:00Z"), at("2026-11-22T08:00:00Z"), out);
	assert_string_equal(out, "Mon 17:40");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
