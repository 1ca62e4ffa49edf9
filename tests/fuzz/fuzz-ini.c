/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes print as they were, and an edit reads back. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void
same_bytes(const struct ini *ini, const void *data, size_t size)
{
	size_t len;
	_cleanup_free_ char *out = ini_print(ini, &len);

	must(len == size && (size == 0 || memcmp(out, data, size) == 0));
}

/* What the edited document says is what its text says. */
static void
same_reading(const struct ini *ini)
{
	size_t len;
	_cleanup_free_ char *out = ini_print(ini, &len);
	_cleanup_ini_ struct ini *fresh = ini_parse(out, len);

	same_bytes(fresh, out, len);
	must(ini_nsections(ini) == ini_nsections(fresh));
	for (size_t i = 0; i < ini_nsections(ini); i++) {
		must(str_eq(ini_section(ini, i), ini_section(fresh, i)));
		must(ini_nkeys(ini, i) == ini_nkeys(fresh, i));
		for (size_t k = 0; k < ini_nkeys(ini, i); k++)
			must(str_eq(
			    ini_value(ini, i, k), ini_value(fresh, i, k)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_ini_ struct ini *ini = ini_parse((const char *)data, size);

	same_bytes(ini, data, size);
	(void)ini_problem(ini, NULL, NULL);
	must(ini_set(ini, "p", "k", "value") == 0);
	must(str_eq(ini_get(ini, "p", "K"), "value"));
	same_reading(ini);
	must(ini_unset(ini, "p", "k") == 0);
	same_reading(ini);
	must(ini_remove_section(ini, "p") == 0);
	same_reading(ini);
	return 0;
}
