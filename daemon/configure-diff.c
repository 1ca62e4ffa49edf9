/* SPDX-License-Identifier: Apache-2.0 */
/* The change to a configuration file, for people. */
#include <string.h>

#include "awsfed/buf.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "configure.h"

#define CONTEXT 3
#define DIFF_MAX (3 * 1024 * 1024)
#define LINE_SHOWN 4096

struct lines {
	const char **v; /* each up to its line end */
	size_t n;
	bool open; /* the last has none */
};

static struct lines
split(const char *s)
{
	struct lines l = { 0 };

	while (*s != '\0') {
		const char *end = strchr(s, '\n');

		l.v = xreallocarray(l.v, l.n + 1, sizeof(*l.v));
		l.v[l.n++] = s;
		l.open = end == NULL;
		s = end == NULL ? s + strlen(s) : end + 1;
	}
	return l;
}

static size_t
line_len(const char *s)
{
	return strcspn(s, "\n");
}

/* Equal lines, their ends included. */
static bool
same(const struct lines *a, size_t i, const struct lines *b, size_t k)
{
	size_t n = line_len(a->v[i]);

	return n == line_len(b->v[k]) && memcmp(a->v[i], b->v[k], n) == 0 &&
	    a->v[i][n] == b->v[k][n];
}

/* A key whose value is nobody's to see on a screen. */
static char *
shown(const char *line)
{
	static const char *const secret[] = { "secret", "token", "password",
		"aws_access_key_id" };
	size_t n = line_len(line), eq;
	_cleanup_free_ char *raw = NULL, *key = NULL;

	if (n > 0 && line[n - 1] == '\r')
		n--;
	raw = xstrndup(line, n);
	for (char *p = raw; *p != '\0'; p++)
		if (*p == '\t')
			*p = ' ';
	eq = strcspn(raw, "=:");
	if (raw[eq] != '\0' && strchr("[#;", raw[0]) == NULL) {
		key = xstrndup(raw, eq);
		str_lower(key);
		for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
			if (strstr(key, secret[i]) != NULL)
				return xasprintf(
				    "%.*s= (not shown)", (int)eq, raw);
	}
	return str_clean(raw, LINE_SHOWN);
}

static void
put(struct buf *out, char sign, const struct lines *l, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		_cleanup_free_ char *text = shown(l->v[i]);

		(void)!buf_addf(out, "%c%s\n", sign, text);
		if (l->open && i + 1 == l->n)
			(void)!buf_adds(out, "\\ No newline at end of file\n");
	}
}

char *
configure_diff(const char *path, const char *before, const char *after)
{
	_cleanup_buf_ struct buf out = BUF_INIT(DIFF_MAX);
	struct lines a = split(before), b = split(after);
	size_t head = 0, tail = 0, from, left;

	while (head < a.n && head < b.n && same(&a, head, &b, head))
		head++;
	while (tail < a.n - head && tail < b.n - head &&
	    same(&a, a.n - 1 - tail, &b, b.n - 1 - tail))
		tail++;
	if (head < a.n || head < b.n) {
		from = head < CONTEXT ? 0 : head - CONTEXT;
		left = tail < CONTEXT ? tail : CONTEXT;
		(void)!buf_addf(&out, "--- %s\n+++ %s\n", path, path);
		(void)!buf_addf(&out, "@@ -%zu,%zu +%zu,%zu @@\n",
		    from + (a.n - tail + left > from), a.n - tail + left - from,
		    from + (b.n - tail + left > from),
		    b.n - tail + left - from);
		put(&out, ' ', &a, from, head);
		put(&out, '-', &a, head, a.n - tail);
		put(&out, '+', &b, head, b.n - tail);
		put(&out, ' ', &a, a.n - tail, a.n - tail + left);
	}
	xfree(a.v);
	xfree(b.v);
	return buf_take(&out);
}
