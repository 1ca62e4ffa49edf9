/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "schedule.h"

#define S 1000000LL

static void
test_renew(void **state)
{
	static const struct {
		int64_t life;
		double r;
		int64_t want;
	} cases[] = {
		{ 3600 * S, 0, 1800 * S },
		{ 3600 * S, 0.5, 1620 * S },
		{ 3600 * S, 0.999999, 1440 * S },
		{ 900 * S, 0, 450 * S },
		{ 2, 0, 1 },
		{ 1, 0.9, 0 },
		{ 0, 0.9, 0 },
		{ -5, 0.9, 0 },
		{ 43200 * S, 0, 21600 * S },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t got = schedule_renew(cases[i].life, cases[i].r);

		/* A double has its limits: a millisecond is near enough. */
		assert_in_range(got - cases[i].want + 1000, 0, 2000);
	}
	/* Whatever the dice: 40 to 50 %. */
	for (double r = 0; r < 1; r += 0.01) {
		assert_true(schedule_renew(1000 * S, r) >= 400 * S);
		assert_true(schedule_renew(1000 * S, r) <= 500 * S);
	}
}

static void
test_rides_along(void **state)
{
	(void)state;
	assert_false(schedule_rides_along(1000, 0));
	assert_false(schedule_rides_along(1000, 399));
	assert_true(schedule_rides_along(1000, 400));
	assert_true(schedule_rides_along(1000, 5000));
	assert_true(schedule_rides_along(0, 0));
	/* A clock that went back. */
	assert_false(schedule_rides_along(1000, -5));
}

static void
test_backoff(void **state)
{
	static const struct {
		unsigned n;
		int64_t after;
		double r;
		int64_t want;
	} cases[] = {
		{ 1, 0, 0, S / 4 },
		{ 1, 0, 0.5, 1 * S },
		{ 2, 0, 0.5, 2 * S },
		{ 8, 0, 0.5, 128 * S },
		{ 9, 0, 0.5, 150 * S },
		{ 31, 0, 0.5, 150 * S },
		{ 4000000000U, 0, 0.5, 150 * S },
		{ 1, 60 * S, 0, 60 * S },
		{ 1, 60 * S, 0.5, 63 * S },
		/* What a server may ask for ends at an hour. */
		{ 1, 90000 * S, 0, 3600 * S },
		{ 1, -7, 0, S / 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
		    schedule_backoff(cases[i].n, cases[i].after, cases[i].r),
		    cases[i].want);
}

static void
test_slot(void **state)
{
	(void)state;
	assert_int_equal(schedule_slot(5 * S, -1), 0);
	assert_int_equal(schedule_slot(5 * S, 0), 5 * S);
	assert_int_equal(schedule_slot(5 * S, 4 * S), S);
	assert_int_equal(schedule_slot(5 * S, 5 * S), 0);
	assert_int_equal(schedule_slot(5 * S, 500 * S), 0);
	assert_int_equal(schedule_slot(0, 0), 0);
}

static void
test_rest(void **state)
{
	(void)state;
	assert_int_equal(schedule_min_valid(3600), 1200);
	assert_int_equal(schedule_min_valid(2400), 1200);
	assert_int_equal(schedule_min_valid(900), 450);
	assert_int_equal(schedule_min_valid(0), 0);
	assert_int_equal(schedule_sso_life(false, 0), 8 * SCHEDULE_HOUR);
	assert_int_equal(schedule_sso_life(true, 0), 24 * SCHEDULE_HOUR);
	assert_int_equal(schedule_sso_life(true, 7 * S), 7 * S);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_rides_along),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_slot),
		cmocka_unit_test(test_rest),
	};

	return RUN(tests);
}
