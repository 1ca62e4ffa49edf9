/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "awsfed/clock.h"

static int64_t now[2];

static int64_t
fake_real(void *arg)
{
	return ((int64_t *)arg)[0];
}

static int64_t
fake_boot(void *arg)
{
	return ((int64_t *)arg)[1];
}

static const struct clk fake = { fake_real, fake_boot, now };

static void
test_deadlines(void **state)
{
	struct deadline d;

	(void)state;
	now[0] = 1000 * USEC;
	now[1] = 5 * USEC;
	d = deadline_in(&fake, 10 * USEC);
	assert_int_equal(deadline_left(&fake, d), 10 * USEC);
	assert_false(deadline_passed(&fake, d));
	now[0] += 9 * USEC; /* the wall clock steps forward */
	assert_int_equal(deadline_left(&fake, d), USEC);
	now[0] -= 900 * USEC; /* and back: the boot clock counts */
	now[1] += 10 * USEC;
	assert_true(deadline_passed(&fake, d));
	assert_int_equal(deadline_left(&fake, d), 0);
	now[1] -= 10 * USEC;
	now[0] = 2000 * USEC;
	assert_true(deadline_passed(&fake, d));
	assert_true(clk_real(&clk_system) > 1600000000 * USEC);
	assert_true(clk_boot(&clk_system) > 0);
}

static void
test_rfc3339(void **state)
{
	static const struct {
		const char *s;
		int r;
		int64_t v;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0, 0 },
		{ "2026-11-22T18:00:00Z", 0, 1795370400 },
		{ "2026-11-22t18:00:00z", 0, 1795370400 },
		{ "2026-11-22 18:00:00Z", 0, 1795370400 },
		{ "2026-11-22T18:00:00.123456Z", 0, 1795370400 },
		{ "2026-11-22T19:00:00+01:00", 0, 1795370400 },
		{ "2026-11-22T13:30:00-04:30", 0, 1795370400 },
		{ "2024-02-29T00:00:00Z", 0, 1709164800 },
		{ "2000-02-29T00:00:00Z", 0, 951782400 },
		{ "9999-12-31T23:59:59Z", 0, 253402300799 },
		{ "2023-02-29T00:00:00Z", -EINVAL, 0 },
		{ "2100-02-29T00:00:00Z", -EINVAL, 0 },
		{ "1969-12-31T23:59:59Z", -EINVAL, 0 },
		{ "2026-13-01T00:00:00Z", -EINVAL, 0 },
		{ "2026-00-01T00:00:00Z", -EINVAL, 0 },
		{ "2026-01-00T00:00:00Z", -EINVAL, 0 },
		{ "2026-01-01T24:00:00Z", -EINVAL, 0 },
		{ "2026-01-01T00:60:00Z", -EINVAL, 0 },
		{ "2026-01-01T00:00:00", -EINVAL, 0 },
		{ "2026-01-01T00:00:00.Z", -EINVAL, 0 },
		{ "2026-01-01T00:00:00+0100", -EINVAL, 0 },
		{ "2026-01-01T00:00:00Zx", -EINVAL, 0 },
		{ "2026-1-1T00:00:00Z", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ NULL, -EINVAL, 0 },
	};
	char out[RFC3339_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t v = 77;

		print_message(
		    "# %s\n", cases[i].s == NULL ? "NULL" : cases[i].s);
		assert_int_equal(rfc3339_parse(cases[i].s, &v), cases[i].r);
		assert_int_equal(v, cases[i].r == 0 ? cases[i].v : 77);
	}
	for (int64_t t = 0; t < 253402300799; t += 86400 * 397 + 12345) {
		int64_t v = -1;

		rfc3339_format(t, out);
		assert_int_equal(rfc3339_parse(out, &v), 0);
		assert_int_equal(v, t);
	}
	rfc3339_format(-1, out);
	assert_string_equal(out, "1970-01-01T00:00:00Z");
	rfc3339_format(INT64_MAX, out);
	assert_string_equal(out, "9999-12-31T23:59:59Z");
}

static void
test_httpdate(void **state)
{
	static const struct {
		const char *s;
		int r;
		int64_t v;
	} cases[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 0, 784111777 },
		{ "Sun, 22 Nov 2026 18:00:00 GMT", 0, 1795370400 },
		{ "Thu, 29 Feb 2024 00:00:00 GMT", 0, 1709164800 },
		{ "Wed, 29 Feb 2023 00:00:00 GMT", -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", -EINVAL, 0 },
		{ "Sun, 06 Nox 1994 08:49:37 GMT", -EINVAL, 0 },
		{ "Sun, 06 nov 1994 08:49:37 GMT", -EINVAL, 0 },
		{ "Sun  06 Nov 1994 08:49:37 GMT", -EINVAL, 0 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", -EINVAL, 0 },
		{ "Sun Nov  6 08:49:37 1994", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ NULL, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t v = 77;

		assert_int_equal(httpdate_parse(cases[i].s, &v), cases[i].r);
		assert_int_equal(v, cases[i].r == 0 ? cases[i].v : 77);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_httpdate),
	};

	return RUN(tests);
}
