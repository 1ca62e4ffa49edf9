/* SPDX-License-Identifier: Apache-2.0 */
#include "duration.h"

#include <errno.h>
#include <string.h>

#include "awsfed/xalloc.h"

#define DIGITS_MAX 7

/* From the largest to the smallest, each once: the order of typing. */
static const struct {
	char letter;
	int64_t seconds;
} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

int
duration_parse(const char *text, int64_t *ret_s)
{
	size_t unit = 0;
	int64_t total = 0;

	if (*text == '\0')
		return -EINVAL;
	for (const char *p = text; *p != '\0';) {
		size_t digits = strspn(p, "0123456789");
		int64_t n = 0;

		if (digits == 0 || digits > DIGITS_MAX)
			return -EINVAL;
		for (; digits > 0; digits--)
			n = n * 10 + (*p++ - '0');
		if (*p == '\0' && total == 0 && unit == 0) {
			total = n; /* bare seconds */
			break;
		}
		while (unit < ARRAY_SIZE(units) && units[unit].letter != *p)
			unit++;
		if (unit == ARRAY_SIZE(units) || *p == '\0')
			return -EINVAL;
		total += n * units[unit++].seconds;
		p++;
	}
	if (total < 1 || total > DURATION_MAX)
		return -EINVAL;
	*ret_s = total;
	return 0;
}
