/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "awsfed/str.h"

static void
test_compare(void **state)
{
	(void)state;
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq(NULL, ""));
	assert_true(str_caseeq("aB", "Ab"));
	assert_false(str_caseeq("a", NULL));
	assert_true(str_empty(NULL) && str_empty("") && !str_empty(" "));
	assert_true(str_starts("abc", "ab") && str_starts("abc", ""));
	assert_false(str_starts("a", "ab") || str_starts(NULL, ""));
	assert_true(str_ends("abc", "bc") && !str_ends("c", "bc"));
	assert_false(str_ends(NULL, ""));
	assert_true(str_has_control("a\x7f") && str_has_control("\n"));
	assert_false(str_has_control("a \xc3\xa9"));
	assert_true(str_printable("a ~") && !str_printable("\xc3\xa9"));
}

static void
test_bool(void **state)
{
	static const struct {
		const char *s;
		int r;
		bool v;
	} cases[] = {
		{ "yes", 0, true },
		{ "True", 0, true },
		{ "ON", 0, true },
		{ "1", 0, true },
		{ "no", 0, false },
		{ "False", 0, false },
		{ "off", 0, false },
		{ "0", 0, false },
		{ "", -EINVAL, 0 },
		{ NULL, -EINVAL, 0 },
		{ "2", -EINVAL, 0 },
		{ "yes ", -EINVAL, 0 },
		{ "y", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool v = !cases[i].v;

		assert_int_equal(str_bool(cases[i].s, &v), cases[i].r);
		assert_int_equal(v, cases[i].r == 0 ? cases[i].v : !cases[i].v);
	}
}

static void
test_unhex(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		static const char lower[] = "0123456789abcdef",
				  upper[] = "0123456789ABCDEF";
		const char *l = c == 0 ? NULL : strchr(lower, c);
		const char *u = c == 0 ? NULL : strchr(upper, c);

		assert_int_equal(str_unhex((char)c),
		    l != NULL	  ? l - lower :
			u != NULL ? u - upper :
				    -1);
	}
}

static void
test_int(void **state)
{
	static const struct {
		const char *s;
		int r;
		int64_t v;
	} cases[] = {
		{ "0", 0, 0 },
		{ "-5", 0, -5 },
		{ "100", 0, 100 },
		{ "101", -ERANGE, 0 },
		{ "-6", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ NULL, -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "0x1", -EINVAL, 0 },
		{ "1e2", -EINVAL, 0 },
		{ "99999999999999999999", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t v = 77;

		assert_int_equal(str_int(cases[i].s, -5, 100, &v), cases[i].r);
		assert_int_equal(v, cases[i].r == 0 ? cases[i].v : 77);
	}
}

static void
test_utf8_clean(void **state)
{
	static const struct {
		const char *in, *out;
		size_t max;
		bool valid;
	} cases[] = {
		{ "plain", "plain", 99, true },
		{ "a\nb\tc", "a b c", 99, true },
		{ "\x1b[31m", "?[31m", 99, true },
		{ "\xc3\xa9", "\xc3\xa9", 99, true },
		{ "\xc3\xa9", "", 1, true },	 /* never half a one */
		{ "\xc0\x80", "??", 99, false }, /* overlong */
		{ "\xe0\x80\x80", "???", 99, false },
		{ "\xed\xa0\x80", "???", 99, false }, /* surrogate */
		{ "\xf4\x90\x80\x80", "????", 99, false },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", 99, true },
		{ "\xe2\x82", "??", 99, false },
		{ "\xff", "?", 99, false },
		{ "\xc2\x9b"
		  "x",
		    "?x", 99, true }, /* C1 */
		{ "\xe2\x80\xae"
		  "x",
		    "?x", 99, true }, /* right to left */
		{ "\xe2\x81\xa6"
		  "x\xe2\x81\xa9",
		    "?x?", 99, true }, /* isolates */
		{ "\xe2\x80\x8f"
		  "x\xe2\x80\x8b\xd8\x9c\xef\xbb\xbf",
		    "?x???", 99, true }, /* marks that nobody sees */
		{ "abc", "ab", 2, true },
		{ "", "", 0, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *s = str_clean(cases[i].in, cases[i].max);

		assert_string_equal(s, cases[i].out);
		assert_int_equal(str_utf8(cases[i].in), cases[i].valid);
		assert_true(str_utf8(s));
	}
	assert_null(str_clean(NULL, 5));
}

static void
test_change(void **state)
{
	char a[] = " \t a b \r\n", b[] = "   ", c[] = "\xc3\x89 ABZ[";
	char hex[7], uuid[37], other[37];

	(void)state;
	assert_string_equal(str_trim(a), "a b");
	assert_string_equal(str_trim(b), "");
	str_lower(c);
	assert_string_equal(c, "\xc3\x89 abz[");
	str_hex("\x00\xff\x1a", 3, hex);
	assert_string_equal(hex, "00ff1a");
	str_uuid(uuid);
	str_uuid(other);
	assert_int_equal(strlen(uuid), 36);
	assert_int_equal(uuid[14], '4');
	assert_non_null(strchr("89ab", uuid[19]));
	assert_string_not_equal(uuid, other);
}

static void
test_strv(void **state)
{
	_cleanup_strv_ struct strv sv = { 0 };

	(void)state;
	strv_split(&sv, " a, b,,c\n\td ");
	assert_int_equal(sv.n, 4);
	assert_string_equal(sv.v[0], "a");
	assert_string_equal(sv.v[3], "d");
	assert_null(sv.v[4]);
	strv_split(&sv, NULL);
	strv_split(&sv, ", ");
	assert_int_equal(sv.n, 4);
	strv_add(&sv, "e f");
	strv_take(&sv, xstrdup("g"));
	assert_true(strv_has(&sv, "e f") && strv_has(&sv, "g"));
	assert_false(strv_has(&sv, "e"));
	strv_done(&sv);
	assert_int_equal(sv.n, 0);
	assert_false(strv_has(&sv, "a"));
}

/* A list ends with NULL at each length, whoever made its array. */
static void
test_long_list(void **state)
{
	_cleanup_strv_ struct strv sv = { 0 };

	(void)state;
	sv.v = xcalloc(1, sizeof(*sv.v)); /* no room but for the end */
	for (size_t i = 0; i < 1000; i++) {
		strv_take(&sv, xasprintf("%zu", i));
		assert_int_equal(sv.n, i + 1);
		assert_null(sv.v[sv.n]);
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(strtoul(sv.v[i], NULL, 10), i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_bool),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_unhex),
		cmocka_unit_test(test_utf8_clean),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_strv),
		cmocka_unit_test(test_long_list),
	};

	return RUN(tests);
}
