/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit program of lib/ includes first: cmocka and its needs. */
#ifndef AWSFED_TESTS_UNIT_H
#define AWSFED_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/xalloc.h"

#define RUN(tests) cmocka_run_group_tests(tests, NULL, NULL)

/*
 * A loud skip, before the tests run: cmocka's own skip() is a failure in TAP.
 * fn has to return at once.
 */
#define SKIP_TEST(tests, fn, reason) \
	do { \
		for (size_t i_ = 0; i_ < ARRAY_SIZE(tests); i_++) \
			if ((tests)[i_].test_func == (fn)) \
				(tests)[i_].name = #fn " # SKIP " reason; \
	} while (0)

/* Equal strings, either of which may be NULL; says where it failed. */
#define assert_str(a, b) \
	do { \
		const char *a_ = (a), *b_ = (b); \
		if (a_ == NULL || b_ == NULL) \
			assert_true(a_ == NULL && b_ == NULL); \
		else \
			assert_string_equal(a_, b_); \
	} while (0)

#endif
