/* SPDX-License-Identifier: Apache-2.0 */
/* Edits inside a nested block, such as s3's: nothing else changes. */
#include "unit.h"

#include <errno.h>

#include "awsfed/ini.h"
#include "awsfed/str.h"

static const struct {
	const char *name;
	const char *text;
	const char *want; /* NULL: as it was */
	int result;
} cases[] = {
	{ "there is no block", "[p]\nregion = x\n# end\n",
	    "[p]\nregion = x\ns3 =\n    signature_version = s3v4\n# end\n", 0 },
	{ "there is no section", "[q]\na = 1\n",
	    "[q]\na = 1\n\n[p]\ns3 =\n    signature_version = s3v4\n", 0 },
	{ "no line end at the end", "[p]\na = 1",
	    "[p]\na = 1\ns3 =\n    signature_version = s3v4", 0 },
	{ "CRLF", "[p]\r\na = 1\r\n",
	    "[p]\r\na = 1\r\ns3 =\r\n    signature_version = s3v4\r\n", 0 },
	{ "as aws-adfs wrote it", "[p]\ns3 = \n\tsignature_version = s3v4\n\n",
	    NULL, 0 },
	{ "another value", "[p]\ns3 = \n\tsignature_version = s3  \nz = 1\n",
	    "[p]\ns3 = \n\tsignature_version = s3v4  \nz = 1\n", 0 },
	{ "no blanks", "[p]\ns3=\n  signature_version=s3\n",
	    "[p]\ns3=\n  signature_version=s3v4\n", 0 },
	{ "an empty value", "[p]\ns3 =\n  signature_version =\n",
	    "[p]\ns3 =\n  signature_version = s3v4\n", 0 },
	{ "among others",
	    "[p]\ns3 =\n  # mine\n  max_queue_size = 5\n\n"
	    "  signature_version = s3\n  ; more\n  use_accelerate = true\n"
	    "[q]\na = 1\n",
	    "[p]\ns3 =\n  # mine\n  max_queue_size = 5\n\n"
	    "  signature_version = s3v4\n  ; more\n  use_accelerate = true\n"
	    "[q]\na = 1\n",
	    0 },
	{ "behind the others, as far in",
	    "[p]\ns3 =\n\t  max_queue_size = 5\n\n# c\nz = 1\n",
	    "[p]\ns3 =\n\t  max_queue_size = 5\n"
	    "\t  signature_version = s3v4\n\n# c\nz = 1\n",
	    0 },
	{ "an empty block", "[p]\n  s3 =\n  z = 1\n",
	    "[p]\n  s3 =\n      signature_version = s3v4\n  z = 1\n", 0 },
	{ "twice: the last counts",
	    "[p]\ns3 =\n signature_version = a\n signature_version = b\n",
	    "[p]\ns3 =\n signature_version = a\n signature_version = s3v4\n",
	    0 },
	{ "names are told by their case", "[p]\ns3 =\n Signature_Version = a\n",
	    "[p]\ns3 =\n Signature_Version = a\n signature_version = s3v4\n",
	    0 },
	{ "another's block",
	    "[q]\ns3 =\n signature_version = a\n[p]\nx = 1\n"
	    "other =\n signature_version = b\n",
	    "[q]\ns3 =\n signature_version = a\n[p]\nx = 1\n"
	    "other =\n signature_version = b\n"
	    "s3 =\n    signature_version = s3v4\n",
	    0 },
	{ "a plain value", "[p]\ns3 = yes\n", NULL, -EEXIST },
	{ "a plain value with more", "[p]\ns3 = yes\n  signature_version = a\n",
	    NULL, -EEXIST },
};

static void
test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_ini_ struct ini *ini =
		    ini_parse(cases[i].text, strlen(cases[i].text));
		const char *want =
		    cases[i].want != NULL ? cases[i].want : cases[i].text;
		_cleanup_free_ char *once = NULL, *twice = NULL;

		print_message("# %s\n", cases[i].name);
		assert_int_equal(
		    ini_set_nested(ini, "p", "s3", "signature_version", "s3v4"),
		    cases[i].result);
		once = ini_print(ini, NULL);
		assert_string_equal(once, want);
		if (cases[i].result < 0)
			continue;
		assert_false(ini_problem(ini, NULL, NULL));
		assert_non_null(
		    strstr(ini_get(ini, "p", "s3"), "signature_version = s3v4") ?:
			strstr(
			    ini_get(ini, "p", "s3"), "signature_version=s3v4"));
		/* What stands does not move, also for a new reader. */
		assert_int_equal(
		    ini_set_nested(ini, "p", "s3", "signature_version", "s3v4"),
		    0);
		twice = ini_print(ini, NULL);
		assert_string_equal(twice, want);
		ini_free(ini);
		ini = ini_parse(once, strlen(once));
		assert_int_equal(
		    ini_set_nested(ini, "p", "s3", "signature_version", "s3v4"),
		    0);
		xreplace(&twice, ini_print(ini, NULL));
		assert_string_equal(twice, want);
		/* Keys fold their case, the names of a block do not. */
		assert_int_equal(
		    ini_set_nested(ini, "p", "S3", "signature_version", "s3v4"),
		    0);
		xreplace(&twice, ini_print(ini, NULL));
		assert_string_equal(twice, want);
	}
}

/* Later edits know the lines that came in. */
static void
test_then(void **state)
{
	static const char text[] = "[p]\na = 1\n[q]\nb = 2\n";
	_cleanup_ini_ struct ini *ini = ini_parse(text, strlen(text));
	_cleanup_free_ char *out = NULL;

	(void)state;
	assert_int_equal(ini_set_nested(ini, "p", "s3", "x", "1"), 0);
	assert_int_equal(ini_set(ini, "p", "c", "3"), 0);
	assert_int_equal(ini_set_nested(ini, "p", "s3", "y", "2"), 0);
	assert_string_equal(ini_get(ini, "p", "s3"), "\nx = 1\ny = 2");
	out = ini_print(ini, NULL);
	assert_string_equal(
	    out, "[p]\na = 1\ns3 =\n    x = 1\n    y = 2\nc = 3\n[q]\nb = 2\n");
	assert_int_equal(ini_unset(ini, "p", "c"), 0);
	assert_int_equal(ini_unset(ini, "p", "s3"), 0);
	xreplace(&out, ini_print(ini, NULL));
	assert_string_equal(out, text);
	assert_int_equal(ini_set_nested(ini, "p", "s3", "x", "1"), 0);
	assert_int_equal(ini_remove_section(ini, "p"), 0);
	xreplace(&out, ini_print(ini, NULL));
	assert_string_equal(out, "[q]\nb = 2\n");
}

static void
test_refused(void **state)
{
	static const char *const bad[][4] = {
		{ "p", "s3", "a=b", "v" },
		{ "p", "s3", "", "v" },
		{ "p", "s3", "#a", "v" },
		{ "p", "s3", "a", "" },
		{ "p", "s3", "a", "v\nw" },
		{ "p", "s3", "a", " v" },
		{ "p", "s3", " a", "v" },
		{ "p", "s3", "a", "\xff" },
		{ "p", "s=3", "a", "v" },
		{ "p]", "s3", "a", "v" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_ini_ struct ini *ini = ini_parse("[p]\n", 4);
		_cleanup_free_ char *out = NULL;

		print_message("# %zu\n", i);
		assert_int_equal(ini_set_nested(ini, bad[i][0], bad[i][1],
				     bad[i][2], bad[i][3]),
		    -EINVAL);
		out = ini_print(ini, NULL);
		assert_string_equal(out, "[p]\n");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_then),
		cmocka_unit_test(test_refused),
	};

	return RUN(tests);
}
