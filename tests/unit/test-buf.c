/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "awsfed/buf.h"

static void
test_limits(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(10);

	(void)state;
	assert_null(b.data);
	assert_int_equal(buf_add(&b, "12345", 5), 0);
	assert_int_equal(buf_adds(&b, "67890"), 0);
	assert_string_equal(b.data, "1234567890");
	assert_int_equal(buf_adds(&b, "x"), -EMSGSIZE);
	assert_int_equal(buf_addf(&b, "%d", 1), -EMSGSIZE);
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -EMSGSIZE);
	assert_string_equal(b.data, "1234567890");
	assert_int_equal(buf_add(&b, NULL, 0), 0);
	assert_int_equal(b.len, 10);
}

static void
test_consume(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1000);

	(void)state;
	buf_consume(&b, 5); /* of nothing */
	assert_int_equal(buf_adds(&b, "hello world"), 0);
	buf_consume(&b, 6);
	assert_string_equal(b.data, "world");
	assert_int_equal(b.len, 5);
	for (size_t i = 5; i < 11; i++)
		assert_int_equal(b.data[i], 0); /* wiped behind */
	buf_consume(&b, 99);
	assert_int_equal(b.len, 0);
	for (size_t i = 0; i < b.cap; i++)
		assert_int_equal(b.data[i], 0);
	assert_int_equal(buf_addf(&b, "%s-%d", "x", 5), 0);
	assert_string_equal(b.data, "x-5");
}

static void
test_growth(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(100000);

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char c = (char)('a' + i % 26);

		assert_int_equal(buf_add(&b, &c, 1), 0);
	}
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	assert_int_equal(buf_add(&b, "x", 1), -EMSGSIZE);
	assert_true(b.cap <= 100000);
}

static void
test_take(void **state)
{
	struct buf b = BUF_INIT(100);
	char *s = buf_take(&b);

	(void)state;
	assert_string_equal(s, "");
	xfree(s);
	assert_int_equal(buf_adds(&b, "mine"), 0);
	s = buf_take(&b);
	assert_string_equal(s, "mine");
	assert_null(b.data);
	assert_int_equal(b.max, 100);
	assert_int_equal(buf_adds(&b, "again"), 0);
	assert_string_equal(b.data, "again");
	xfree(s);
	buf_done(&b);
	assert_int_equal(b.max, 100);
	buf_init(&b, 3);
	assert_int_equal(buf_adds(&b, "four"), -EMSGSIZE);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_consume),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_take),
	};

	return RUN(tests);
}
