/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edits inside a nested block, the indented lines under a key: botocore's
 * configloader reads each as "name = value", names as they are written.
 */
#include "awsfed/ini.h"

#include <errno.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "ini-impl.h"

#define INDENT 4 /* of a block that is new */

static bool
plain(const char *s)
{
	const char *t = s;
	size_t len = strlen(s);

	if (len == 0 || str_has_control(s) || !ini_utf8(s, len))
		return false;
	ini_strip(&t, &len);
	return len == strlen(s);
}

/* Could it be a line of a block: no comment, and one "=" at its place? */
static bool
line_ok(const char *name, const char *value)
{
	return plain(name) && plain(value) && strchr(name, '=') == NULL &&
	    strchr("#;", *name) == NULL;
}

/* Where the value of this name starts in the line; NULL: another name's. */
static const char *
value_in(const struct ini_line *l, const char *name, size_t *ret_len)
{
	const char *eq = memchr(l->text, '=', l->len);
	const char *s = l->text, *v;
	size_t len, vlen;

	if (eq == NULL)
		return NULL;
	len = (size_t)(eq - s);
	ini_strip(&s, &len);
	if (len != strlen(name) || memcmp(s, name, len) != 0)
		return NULL;
	v = eq + 1;
	vlen = l->len - (size_t)(v - l->text);
	ini_strip(&v, &vlen);
	*ret_len = vlen;
	return v;
}

static void
replace(struct ini *ini, struct ini_key *k, struct ini_line *l, const char *at,
    size_t len, const char *value)
{
	size_t head = (size_t)(at - l->text), tail = l->len - head - len;

	/* "name =" without a value ends in its "=" or in blanks. */
	if (len == 0) {
		head = (size_t)((const char *)memchr(l->text, '=', l->len) -
			   l->text) +
		    1;
		tail = 0;
	}
	ini_replace_more(ini, k, l,
	    xasprintf("%.*s%s%s%.*s", (int)head, l->text, len == 0 ? " " : "",
		value, (int)tail, l->text + l->len - tail));
}

/* The blanks before a line's text. */
static char *
margin(const struct ini_line *l)
{
	const char *s = l->text;
	size_t len = l->len;

	ini_strip(&s, &len);
	return xstrndup(l->text, (size_t)(s - l->text));
}

int
ini_set_nested(struct ini *ini, const char *section, const char *key,
    const char *name, const char *value)
{
	_cleanup_free_ char *folded = ini_fold(key, strlen(key), true);
	_cleanup_free_ char *blanks = NULL;
	struct ini_line *last, *found = NULL;
	const struct ini_line *model = NULL;
	const char *at = NULL;
	struct ini_sect *s;
	struct ini_key *k = NULL;
	size_t len = 0;
	int r;

	if (!line_ok(name, value))
		return -EINVAL;
	s = ini_find_section(ini, section);
	if (s != NULL)
		k = ini_find_key(ini, s->raw, folded);
	if (k == NULL) {
		r = ini_set(ini, section, key, "");
		if (r < 0)
			return r;
		s = ini_find_section(ini, section);
		k = ini_find_key(ini, s->raw, folded);
	}
	if (k->vlen > 0)
		return -EEXIST;
	last = k->line;
	for (struct ini_line *l = last->next; l != NULL; l = l->next) {
		size_t n;
		const char *v;

		if (l->kind == LINE_BLANK || l->kind == LINE_COMMENT)
			continue;
		if (l->kind != LINE_MORE)
			break;
		last = l;
		model = model != NULL ? model : l;
		/* Among duplicates botocore takes the last. */
		if ((v = value_in(l, name, &n)) != NULL) {
			found = l;
			at = v;
			len = n;
		}
	}
	if (found != NULL) {
		if (len != strlen(value) || memcmp(at, value, len) != 0)
			replace(ini, k, found, at, len, value);
		return 0;
	}
	blanks = margin(model != NULL ? model : k->line);
	(void)ini_insert_more(ini, k, last,
	    xasprintf("%s%*s%s = %s", blanks, model != NULL ? 0 : INDENT, "",
		name, value),
	    model != NULL ? model->indent : k->line->indent + INDENT);
	return 0;
}
