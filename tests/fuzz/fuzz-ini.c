/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes print as they were, and an edit reads back: what was set is there,
 * and all the rest is what it was.  The edit may come with the input, as a first
 * line "@section|key|value" before the document.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "awsfed/buf.h"
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

struct edit {
	char *section, *key, *value;
};

/* Takes the first line off the document. */
static void
read_edit(const uint8_t **data, size_t *size, struct edit *ret)
{
	const char *text = (const char *)*data;
	const char *eol =
	    *size == 0 || text[0] != '@' ? NULL : memchr(text, '\n', *size);
	_cleanup_free_ char *line = NULL;
	char *key, *value;

	*ret = (struct edit){ 0 };
	if (eol != NULL) {
		line = xstrndup(text + 1, (size_t)(eol - text) - 1);
		*size -= (size_t)(eol - text) + 1;
		*data += eol - text + 1;
	}
	key = line == NULL ? NULL : strchr(line, '|');
	value = key == NULL ? NULL : strchr(key + 1, '|');
	if (value == NULL) {
		*ret = (struct edit){ xstrdup("p"), xstrdup("k"),
			xstrdup("value") };
		return;
	}
	*key = *value = '\0';
	*ret = (struct edit){ xstrdup(line), xstrdup(key + 1),
		xstrdup(value + 1) };
}

/*
 * All that the edit is not about, one line each: sections, keys and values in
 * their order.
 */
static char *
others(const struct ini *ini, const struct edit *e, bool section_goes)
{
	struct buf b = BUF_INIT(64 * 1024 * 1024);

	for (size_t i = 0; i < ini_nsections(ini); i++) {
		const char *name = ini_section(ini, i);
		bool ours = str_eq(name, e->section);

		if (ours && section_goes)
			continue;
		for (size_t k = 0; k < ini_nkeys(ini, i); k++) {
			if (ours && str_caseeq(ini_key(ini, i, k), e->key))
				continue;
			must(
			    buf_addf(&b, "[%s] %s = %s\n", name,
				ini_key(ini, i, k), ini_value(ini, i, k)) == 0);
		}
	}
	must(buf_add(&b, "", 0) == 0);
	return buf_take(&b);
}

static void
same_others(const struct ini *ini, const struct edit *e, bool section_goes,
    const char *before)
{
	_cleanup_free_ char *after = others(ini, e, section_goes);

	must(str_eq(before, after));
	same_reading(ini);
}

static void
edit(struct ini *ini, const struct edit *e)
{
	_cleanup_free_ char *before = others(ini, e, false),
			    *without = others(ini, e, true);

	if (ini_set(ini, e->section, e->key, e->value) < 0)
		return;
	must(str_eq(ini_get(ini, e->section, e->key), e->value));
	must(str_eq(ini_own(ini, e->section, e->key), e->value));
	same_others(ini, e, false, before);
	must(ini_unset(ini, e->section, e->key) == 0);
	must(ini_own(ini, e->section, e->key) == NULL);
	same_others(ini, e, false, before);
	must(ini_remove_section(ini, e->section) == 0);
	same_others(ini, e, true, without);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_ini_ struct ini *ini = NULL;
	struct edit e;

	read_edit(&data, &size, &e);
	ini = ini_parse((const char *)data, size);
	same_bytes(ini, data, size);
	(void)ini_problem(ini, NULL, NULL);
	edit(ini, &e);
	xfree(e.section);
	xfree(e.key);
	xfree(e.value);
	return 0;
}
