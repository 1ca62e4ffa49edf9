/* SPDX-License-Identifier: Apache-2.0 */
/* What the worker's unit programs share: fixtures, hostile cuts, scratch. */
#ifndef AWSFED_WORKER_TEST_H
#define AWSFED_WORKER_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

static inline char *
fixture(const char *name, size_t *ret_len)
{
	const char *top = getenv("top_srcdir");
	_cleanup_free_ char *path =
	    xasprintf("%s/tests/fixtures/%s", top == NULL ? "." : top, name);
	char *data;
	int r = path_read(path, 4 * 1024 * 1024, &data, ret_len);

	if (r < 0)
		fail_msg("%s: %s", path, strerror(-r));
	return data;
}

#define assert_has(text, part) \
	do { \
		if (strstr((text), (part)) == NULL) \
			fail_msg("\"%s\" is not in \"%s\"", (part), (text)); \
	} while (0)

#define assert_lacks(text, part) \
	do { \
		if (strstr((text), (part)) != NULL) \
			fail_msg("\"%s\" is in \"%s\"", (part), (text)); \
	} while (0)

#endif
