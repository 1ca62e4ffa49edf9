/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "schedule.h"

#define S 1000000LL

static void
test_renew(void **state)
{
	static const struct {
		int64_t life, least;
		double r;
		int64_t want;
	} cases[] = {
		{ 3600 * S, 0, 0, 1800 * S },
		{ 3600 * S, 0, 0.5, 1620 * S },
		{ 3600 * S, 0, 0.999999, 1440 * S },
		{ 900 * S, 0, 0, 450 * S },
		{ 2, 0, 0, 1 },
		{ 1, 0, 0.9, 0 },
		{ 0, 0, 0.9, 0 },
		{ -5, 0, 0.9, 0 },
		{ 43200 * S, 0, 0, 21600 * S },
		/* Not before, and still not all at once. */
		{ 3600 * S, 1440 * S, 0, 1800 * S },
		{ 3600 * S, 2000 * S, 0, 2360 * S },
		{ 3600 * S, 2000 * S, 0.999999, 2000 * S },
		{ 3600 * S, 3600 * S, 0, 3240 * S },
		{ 3600 * S, 99999 * S, 0.5, 3060 * S },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t got =
		    schedule_renew(cases[i].life, cases[i].least, cases[i].r);

		/* A double has its limits: a millisecond is near enough. */
		assert_in_range(got - cases[i].want + 1000, 0, 2000);
	}
	/* Whatever the dice: 40 to 50 %. */
	for (double r = 0; r < 1; r += 0.01) {
		assert_true(schedule_renew(1000 * S, 0, r) >= 400 * S);
		assert_true(schedule_renew(1000 * S, 0, r) <= 500 * S);
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
		{ 1, 0, 0.5, 2 * S },
		{ 2, 0, 0.5, 8 * S },
		{ 3, 0, 0, S / 4 },
		{ 4, 0, 0.5, 128 * S },
		{ 5, 0, 0, 450 * S },
		{ 5, 0, 0.5, 675 * S },
		{ 31, 0, 0.5, 675 * S },
		{ 4000000000U, 0, 0, 450 * S },
		/* First what was asked for; then half as long again. */
		{ 1, 60 * S, 0, 60 * S + S / 4 },
		{ 1, 60 * S, 0.5, 75 * S },
		{ 4, 60 * S, 0.5, 60 * S + 128 * S },
		{ 1, 3600 * S, 0.5, 4500 * S },
		/* What a server may ask for ends at an hour. */
		{ 1, 90000 * S, 0.5, 4500 * S },
		{ 1, -7, 0, S / 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
		    schedule_backoff(cases[i].n, cases[i].after, cases[i].r),
		    cases[i].want);
}

static void
test_wake_splay(void **state)
{
	static const struct {
		int64_t away, left, most;
		double r;
		int64_t want;
	} cases[] = {
		{ 0, 0, 720 * S, 0.5, 0 },
		{ -5 * S, 0, 720 * S, 0.5, 0 },
		/* Nothing to lose but the time away: two thirds of it. */
		{ 30 * S, 0, 720 * S, 0, 0 },
		{ 30 * S, 0, 720 * S, 0.5, 10 * S },
		{ 600 * S, 0, 720 * S, 0.5, 200 * S },
		{ 3600 * S, 0, 720 * S, 0.5, 360 * S },
		{ INT64_MAX, 0, 720 * S, 0.5, 360 * S },
		/* Live keys: half of what they live. */
		{ 30 * S, 600 * S, 720 * S, 0.5, 150 * S },
		{ 3600 * S, 10 * S, 720 * S, 0.5, 2500000 },
		{ 3600 * S, 36000 * S, 720 * S, 0.5, 360 * S },
		/* The setting. */
		{ 3600 * S, 0, 100 * S, 0.5, 50 * S },
		{ 3600 * S, 0, 0, 0.5, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(schedule_wake_splay(cases[i].away,
				     cases[i].left, cases[i].most, cases[i].r),
		    cases[i].want);
	assert_false(schedule_overslept(0));
	assert_false(schedule_overslept(10 * S));
	assert_true(schedule_overslept(11 * S));
	assert_int_equal(schedule_rest(3600 * S, 0), 3600 * S);
	assert_int_equal(schedule_rest(3600 * S, 0.5), 4050 * S);
}

/* Against the rule itself: never more than size + t / every. */
static void
test_budget(void **state)
{
	struct schedule_budget b;
	int64_t now = 1000 * S;

	(void)state;
	schedule_budget_init(&b, 3, 30 * S, now);
	assert_int_equal(schedule_budget_left(&b, now), 3);
	for (int i = 0; i < 3; i++)
		assert_true(schedule_budget_take(&b, now));
	assert_false(schedule_budget_take(&b, now));
	assert_int_equal(schedule_budget_wait(&b, now), 30 * S);
	/* A part of one is not lost by asking, nor by a clock gone back. */
	assert_false(schedule_budget_take(&b, now + 20 * S));
	assert_false(schedule_budget_take(&b, now));
	assert_int_equal(schedule_budget_wait(&b, now + 29 * S), S);
	assert_int_equal(schedule_budget_left(&b, now + 29 * S), 0);
	assert_int_equal(schedule_budget_left(&b, now + 30 * S), 1);
	assert_true(schedule_budget_take(&b, now + 30 * S));
	assert_false(schedule_budget_take(&b, now + 30 * S));
	/* Given back; never above full, however long nobody asks. */
	schedule_budget_give(&b, now + 30 * S);
	assert_int_equal(schedule_budget_left(&b, now + 30 * S), 1);
	assert_int_equal(schedule_budget_left(&b, INT64_MAX), 3);
	schedule_budget_give(&b, now + 3000 * S);
	assert_int_equal(schedule_budget_left(&b, now + 3000 * S), 3);
}

/* As fast as it can, for a day. */
static void
test_budget_never_exceeded(void **state)
{
	struct schedule_budget b;
	int64_t taken = 0;

	(void)state;
	schedule_budget_init(&b, SCHEDULE_RETRIES, SCHEDULE_RETRY_EVERY, 0);
	for (int64_t now = 0; now < 24 * SCHEDULE_HOUR;
	     now += 7 * S + now % 13) {
		taken += schedule_budget_take(&b, now);
		assert_true(
		    taken <= SCHEDULE_RETRIES + now / SCHEDULE_RETRY_EVERY);
	}
	assert_in_range(taken, 2800, 2900);
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

static void
test_wake(void **state)
{
	(void)state;
	/* At once to a person, and not everybody in one moment. */
	for (double r = 0; r < 1; r += 0.01)
		assert_in_range(schedule_wake(r), S / 4, 3 * S);
	assert_true(schedule_wake(0.9) - schedule_wake(0.1) > 2 * S);
	assert_int_equal(schedule_wake_tries(0), 0);
	assert_int_equal(schedule_wake_tries(1), 1);
	assert_int_equal(schedule_wake_tries(4000000000U), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_rides_along),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_wake_splay),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_budget_never_exceeded),
		cmocka_unit_test(test_slot),
		cmocka_unit_test(test_rest),
	};

	return RUN(tests);
}
