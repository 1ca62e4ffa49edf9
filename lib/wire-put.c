/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as text, RFC 8259.  jansson's own writer looks at each character
 * of each string anew; what a json_t holds is valid UTF-8 already, so that only
 * the few bytes that need an escape have to be found.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

/* 0: stands for itself; 'u': by number; else the letter of its escape. */
static const char escapes[256] = {
	['\b'] = 'b',
	['\t'] = 't',
	['\n'] = 'n',
	['\f'] = 'f',
	['\r'] = 'r',
	['"'] = '"',
	['\\'] = '\\',
	[0x00] = 'u',
	[0x01] = 'u',
	[0x02] = 'u',
	[0x03] = 'u',
	[0x04] = 'u',
	[0x05] = 'u',
	[0x06] = 'u',
	[0x07] = 'u',
	[0x0b] = 'u',
	[0x0e] = 'u',
	[0x0f] = 'u',
	[0x10] = 'u',
	[0x11] = 'u',
	[0x12] = 'u',
	[0x13] = 'u',
	[0x14] = 'u',
	[0x15] = 'u',
	[0x16] = 'u',
	[0x17] = 'u',
	[0x18] = 'u',
	[0x19] = 'u',
	[0x1a] = 'u',
	[0x1b] = 'u',
	[0x1c] = 'u',
	[0x1d] = 'u',
	[0x1e] = 'u',
	[0x1f] = 'u',
};

static int put(struct buf *out, const json_t *v);

#define ONES 0x0101010101010101ULL
#define TOPS 0x8080808080808080ULL

/* Has any of eight bytes an escape?  Where borrows reach it may say so, too. */
static bool
suspect(const char *s)
{
	uint64_t w, quote, back;

	memcpy(&w, s, sizeof(w));
	quote = w ^ (ONES * '"');
	back = w ^ (ONES * '\\');
	return (((w - ONES * 0x20) & ~w) | ((quote - ONES) & ~quote) |
		   ((back - ONES) & ~back)) &
	    TOPS;
}

/* How many bytes from there on stand for themselves. */
static size_t
plain(const char *s, size_t len)
{
	size_t n = 0;

	for (; n < len; n++) {
		while (len - n >= sizeof(uint64_t) && !suspect(s + n))
			n += sizeof(uint64_t);
		if (n == len || escapes[(unsigned char)s[n]] != 0)
			break;
	}
	return n;
}

int
wire_put_text(struct buf *out, const char *s, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	int r = buf_reserve(out, len + 2);

	if (r < 0 || (r = buf_add(out, "\"", 1)) < 0)
		return r;
	for (;;) {
		size_t n = plain(s, len);
		unsigned char c;

		if ((r = buf_add(out, s, n)) < 0)
			return r;
		if (n == len)
			return buf_add(out, "\"", 1);
		c = (unsigned char)s[n];
		r = buf_add(out,
		    (const char[]){
			'\\', escapes[c], '0', '0', hex[c >> 4], hex[c & 15] },
		    escapes[c] == 'u' ? 6 : 2);
		if (r < 0)
			return r;
		s += n + 1;
		len -= n + 1;
	}
}

static int
put_object(struct buf *out, const json_t *o)
{
	const char *key, *before = "{";
	json_t *value;
	int r = 0;

	if (json_object_size(o) == 0)
		return buf_adds(out, "{}");
	json_object_foreach ((json_t *)(uintptr_t)o, key, value) {
		if ((r = buf_add(out, before, 1)) < 0 ||
		    (r = wire_put_text(out, key, strlen(key))) < 0 ||
		    (r = buf_add(out, ":", 1)) < 0 || (r = put(out, value)) < 0)
			return r;
		before = ",";
	}
	return buf_add(out, "}", 1);
}

static int
put_array(struct buf *out, const json_t *list)
{
	size_t n = json_array_size(list);
	int r = buf_add(out, "[", 1);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (i > 0 && (r = buf_add(out, ",", 1)) < 0)
			return r;
		r = put(out, json_array_get(list, i));
	}
	return r < 0 ? r : buf_add(out, "]", 1);
}

/* Whatever else there is: the library's own words. */
static int
put_other(struct buf *out, const json_t *v)
{
	_cleanup_free_ char *text =
	    json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

	return text == NULL ? -EMSGSIZE : buf_adds(out, text);
}

static int
put(struct buf *out, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return put_object(out, v);
	case JSON_ARRAY:
		return put_array(out, v);
	case JSON_STRING:
		return wire_put_text(
		    out, json_string_value(v), json_string_length(v));
	case JSON_INTEGER:
		return buf_addf(
		    out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	case JSON_TRUE:
		return buf_adds(out, "true");
	case JSON_FALSE:
		return buf_adds(out, "false");
	case JSON_NULL:
		return buf_adds(out, "null");
	case JSON_REAL:
	default:
		return put_other(out, v);
	}
}

int
wire_put(struct buf *out, const json_t *msg)
{
	size_t before = out->len;
	int r;

	if (!json_is_object(msg))
		return -EMSGSIZE;
	r = put(out, msg);
	if (r == 0)
		r = buf_add(out, "", 1); /* with its NUL */
	if (r < 0 && out->len > before) {
		explicit_bzero(out->data + before, out->len - before);
		out->len = before;
	}
	return r;
}
