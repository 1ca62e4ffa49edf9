/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "awsfed/names.h"
#include "awsfed/str.h"

#define MANY 10000

static void
name_of(char *buf, size_t size, unsigned i)
{
	snprintf(buf, size, "team-%u", i);
}

static void
test_set(void **state)
{
	struct names set = { 0 };

	(void)state;
	assert_false(names_has(&set, "a"));
	assert_false(names_drop(&set, "a"));
	assert_true(names_add(&set, "a"));
	assert_false(names_add(&set, "a"));
	assert_true(names_add(&set, ""));
	assert_true(names_add(&set, "b"));
	assert_int_equal(set.n, 3);
	assert_string_equal(set.v[0], "a");
	assert_string_equal(set.v[2], "b");
	/* The set's own string as the name. */
	assert_true(names_drop(&set, set.v[0]));
	assert_string_equal(set.v[0], "b");
	assert_false(names_has(&set, "a"));
	assert_true(names_has(&set, "b") && names_has(&set, ""));
	names_done(&set);
	assert_int_equal(set.n, 0);
	assert_false(names_has(&set, "b"));
	names_done(&set);
}

/* Against an array of flags, in an order that is the same each time. */
static void
test_many(void **state)
{
	static bool in[MANY];
	struct names set = { 0 };
	char name[32];
	size_t n = 0;
	uint32_t dice = 1;

	(void)state;
	for (unsigned step = 0; step < 20 * MANY; step++) {
		unsigned i;

		dice = dice * 1664525u + 1013904223u;
		i = (dice >> 8) % MANY;
		name_of(name, sizeof(name), i);
		assert_int_equal(names_has(&set, name), in[i]);
		/* More comes than goes, then the other way round. */
		if ((dice >> 4) % 3 != (step < 10 * MANY ? 0 : 1)) {
			if (step < 10 * MANY) {
				assert_int_equal(names_add(&set, name), !in[i]);
				n += !in[i];
				in[i] = true;
				continue;
			}
		}
		assert_int_equal(names_drop(&set, name), in[i]);
		n -= in[i];
		in[i] = false;
	}
	assert_int_equal(set.n, n);
	for (unsigned i = 0; i < MANY; i++) {
		name_of(name, sizeof(name), i);
		assert_int_equal(names_has(&set, name), in[i]);
		assert_int_equal(names_drop(&set, name), in[i]);
	}
	assert_int_equal(set.n, 0);
	names_done(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_many),
	};

	return RUN(tests);
}
