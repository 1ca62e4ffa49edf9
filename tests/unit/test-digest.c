/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are recognised and not kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "digest.h"

static const char *const values[] = { NULL, "", "a", "b", "aa", "ab", "ba",
	"aaaaaaa", "aaaaaaaa", "aaaaaaab", "baaaaaaa", "aaaaaaab\001",
	"AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF", "\377\377\377\377",
	"\377\377\377\377\377\377\377", "\377\377\377\377\377\377\377\377" };
#define N (sizeof(values) / sizeof(values[0]))

static void
test_each_is_itself_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < N; k++)
			assert_int_equal(
			    digest_is(digest_of(values[i]), values[k]), i == k);
}

static void
test_nothing(void **state)
{
	const struct digest zero = { 0 }, none = digest_of(NULL);

	(void)state;
	assert_memory_equal(&zero, &none, sizeof(zero));
	assert_true(digest_is(zero, NULL));
	assert_false(digest_is(zero, ""));
}

/* One byte of a long value, anywhere. */
static void
test_long(void **state)
{
	char text[1025], other[1025];
	struct digest d;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('!' + i % 90);
	text[sizeof(text) - 1] = '\0';
	d = digest_of(text);
	assert_true(digest_is(d, text));
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memcpy(other, text, sizeof(text));
		other[i] = (char)(other[i] ^ 1);
		assert_false(digest_is(d, other));
		other[i] = '\0';
		assert_false(digest_is(d, other));
	}
}

/* The halves are of two points: one alone would be 61 bits. */
static void
test_halves(void **state)
{
	struct digest d = digest_of("IQoJb3JpZ2luX2VjEXAMPLE");

	(void)state;
	assert_true(d.half[0] != d.half[1]);
	assert_true(d.half[0] != 0 && d.half[1] != 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_itself_alone),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
