/* SPDX-License-Identifier: Apache-2.0 */
/* Skew between two measurements, and how often a clock may cause a sign-in. */
#include "unit.h"

#include "awsfed/wire.h"

#include "fake.h"
#include "loop.h"
#include "skew.h"

static void
test_carried_on(void **state)
{
	struct loop *loop = fake_loop_new();
	struct skew k = { 0 };

	(void)state;
	assert_int_equal(skew_now(&k, loop->clk), 0);
	assert_null(skew_status(&k, loop->clk));
	skew_measure(&k, loop->clk, 600);
	assert_int_equal(skew_now(&k, loop->clk), 600);
	/* Time that passes, asleep or awake, changes nothing. */
	fake_advance(loop, 3600 * USEC);
	assert_int_equal(skew_now(&k, loop->clk), 600);
	/* Set right, set too far, set back. */
	fake_step_real(loop, 600 * USEC);
	assert_int_equal(skew_now(&k, loop->clk), 0);
	fake_step_real(loop, 3600 * USEC);
	assert_int_equal(skew_now(&k, loop->clk), -3600);
	fake_step_real(loop, -7200 * USEC);
	assert_int_equal(skew_now(&k, loop->clk), 3600);
	/* A second is no better than Date's own. */
	skew_measure(&k, loop->clk, 2);
	assert_int_equal(skew_now(&k, loop->clk), 0);
	skew_measure(&k, loop->clk, -3);
	assert_int_equal(skew_now(&k, loop->clk), -3);
	fake_loop_free(loop);
}

static void
test_status(void **state)
{
	struct loop *loop = fake_loop_new();
	struct skew k = { 0 };
	json_t *o;
	int64_t s;

	(void)state;
	skew_measure(&k, loop->clk, -90);
	o = skew_status(&k, loop->clk);
	assert_int_equal(json_integer_value(json_object_get(o, "skew")), -90);
	assert_int_equal(
	    rfc3339_parse(
		json_string_value(json_object_get(o, "measured")), &s),
	    0);
	assert_int_equal(s, clk_real(loop->clk) / USEC);
	json_decref(o);
	fake_loop_free(loop);
}

static void
test_read(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t s;
	} rows[] = {
		{ "{\"skew\":7}", true, 7 },
		{ "{\"skew\":-7}", true, -7 },
		{ "{\"skew\":0}", true, 0 },
		{ "{}", false, 0 },
		{ "{\"skew\":\"7\"}", false, 0 },
		{ "{\"skew\":null}", false, 0 },
		{ "{\"skew\":9223372036854775807}", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *o = json_loads(rows[i].text, 0, NULL);
		int64_t s = 0;

		if (skew_read(o, &s) != rows[i].good || s != rows[i].s)
			fail_msg("%s: %lld", rows[i].text, (long long)s);
		json_decref(o);
	}
}

static void
test_clock_rest(void **state)
{
	struct loop *loop = fake_loop_new();
	int64_t stamp = -1;

	(void)state;
	assert_int_equal(skew_clock_rest(&stamp, loop->clk), 0);
	assert_int_equal(skew_clock_rest(&stamp, loop->clk), 300 * USEC);
	/* The wall clock has no say in it. */
	fake_step_real(loop, 7200 * USEC);
	assert_int_equal(skew_clock_rest(&stamp, loop->clk), 300 * USEC);
	fake_advance(loop, 299 * USEC);
	assert_int_equal(skew_clock_rest(&stamp, loop->clk), 1 * USEC);
	fake_advance(loop, 1 * USEC);
	assert_int_equal(skew_clock_rest(&stamp, loop->clk), 0);
	assert_int_equal(skew_clock_rest(&stamp, loop->clk), 300 * USEC);
	fake_loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_carried_on),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_clock_rest),
	};

	return RUN(tests);
}
