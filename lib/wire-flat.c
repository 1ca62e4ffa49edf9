/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form that programs write calls in, read where it lies: no blank, no
 * escape, ASCII alone, parameters that are no lists or objects.  It is a part of
 * what the JSON library takes, so that who finds another form asks that one.
 */
#include <string.h>

#include "awsfed/wire.h"

#define DIGITS_MAX 9 /* fits an int64_t whatever they are */

struct reader {
	const char *p, *end;
};

static bool
take(struct reader *r, const char *word, size_t len)
{
	if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0)
		return false;
	r->p += len;
	return true;
}

#define TAKE(r, word) take((r), (word), sizeof(word) - 1)

/* The rest of a string whose first quote was taken. */
static bool
take_string(struct reader *r, struct wire_word *ret)
{
	const char *from = r->p;

	for (; r->p < r->end; r->p++) {
		unsigned char c = (unsigned char)*r->p;

		if (c == '"') {
			ret->at = from;
			ret->len = (size_t)(r->p++ - from);
			return true;
		}
		if (c < 0x20 || c > 0x7e || c == '\\')
			return false;
	}
	return false;
}

static bool
take_number(struct reader *r, int64_t *ret)
{
	const char *from = r->p;
	int64_t n = 0;

	for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
		if (r->p - from == DIGITS_MAX)
			return false;
		n = n * 10 + (*r->p - '0');
	}
	*ret = n;
	return r->p > from && (*from != '0' || r->p - from == 1);
}

static bool
take_value(struct reader *r, struct wire_param *p)
{
	p->type = JSON_STRING;
	if (TAKE(r, "\""))
		return take_string(r, &p->string);
	p->type = JSON_TRUE;
	if (TAKE(r, "true"))
		return true;
	p->type = JSON_FALSE;
	if (TAKE(r, "false"))
		return true;
	p->type = JSON_INTEGER;
	return take_number(r, &p->number);
}

static bool
take_param(struct reader *r, struct wire_flat *f)
{
	struct wire_param *p = &f->param[f->n];

	if (f->n == WIRE_FLAT_MAX || !TAKE(r, "\"") ||
	    !take_string(r, &p->key) || !TAKE(r, ":") || !take_value(r, p))
		return false;
	for (size_t i = 0; i < f->n; i++)
		if (p->key.len == f->param[i].key.len &&
		    memcmp(p->key.at, f->param[i].key.at, p->key.len) == 0)
			return false;
	f->n++;
	return true;
}

bool
wire_flat(const char *text, size_t len, struct wire_flat *ret)
{
	struct reader r = { text, text + len };

	ret->n = 0;
	if (!TAKE(&r, "{\"method\":\"") || !take_string(&r, &ret->method) ||
	    !TAKE(&r, ",\"parameters\":{"))
		return false;
	if (!TAKE(&r, "}")) {
		do {
			if (!take_param(&r, ret))
				return false;
		} while (TAKE(&r, ","));
		if (!TAKE(&r, "}"))
			return false;
	}
	return TAKE(&r, "}") && r.p == r.end;
}

bool
wire_word_is(const struct wire_word *w, const char *text)
{
	return w->len == strlen(text) && memcmp(w->at, text, w->len) == 0;
}
