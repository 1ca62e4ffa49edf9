/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading as botocore does: configparser.RawConfigParser of Python 3 with its
 * defaults, then botocore.configloader's look at nested blocks.  One pass, and
 * it goes on after a problem, where Python stops.
 */
#include "ini-impl.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

/* A nested line without "=" in [DEFAULT]: a problem where it is inherited. */
struct pending {
	struct ini_key *key;
	size_t line;
	struct pending *next;
};

struct reader {
	struct ini *ini;
	struct ini_sect *sect;
	struct ini_key *key; /* what an indented line continues */
	size_t level;	     /* indentation of the last header or option */
	size_t lineno;
	struct pending *pending;
};

/* The character at s and its bytes; -1 with length 1 for a broken one. */
static int32_t
decode(const char *text, size_t len, size_t *ret_n)
{
	const unsigned char *s = (const unsigned char *)text;
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n;
	int32_t c;

	*ret_n = 1;
	if (s[0] < 0x80)
		return s[0];
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return -1;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n > len)
		return -1;
	c = s[0] & (0xff >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return -1;
	*ret_n = n;
	return c;
}

/* Python's str.isspace(), which is also \s in its expressions. */
static bool
is_space(int32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) ||
	    c == 0x85 || c == 0xa0 || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	    c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Where Python's str.splitlines() splits, line ends of the file apart. */
static bool
is_break(int32_t c)
{
	return c == 0x0b || c == 0x0c || (c >= 0x1c && c <= 0x1e) ||
	    c == 0x85 || c == 0x2028 || c == 0x2029;
}

/* The last character of a text that is not empty, found from its end. */
static int32_t
decode_last(const char *s, size_t len, size_t *ret_n)
{
	for (size_t n = len < 4 ? len : 4; n > 1; n--) {
		size_t m;
		int32_t c = decode(s + len - n, n, &m);

		if (c >= 0 && m == n) {
			*ret_n = n;
			return c;
		}
	}
	return decode(s + len - 1, 1, ret_n);
}

size_t
ini_strip(const char **s, size_t *len)
{
	size_t n, cut = 0;

	while (*len > 0 && is_space(decode_last(*s, *len, &n)))
		*len -= n;
	while (*len > 0 && is_space(decode(*s, *len, &n))) {
		*s += n;
		*len -= n;
		cut++;
	}
	return cut;
}

bool
ini_utf8(const char *s, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n)
		if (decode(s + i, len - i, &n) < 0)
			return false;
	return true;
}

static size_t
encode(int32_t c, char *out)
{
	if (c < 0x800) {
		out[0] = (char)(0xc0 | (c >> 6));
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | (c >> 12));
		out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (c >> 18));
	out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static int32_t
lower_wide(int32_t c)
{
	static locale_t utf8;

	if (utf8 == (locale_t)0)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (utf8 == (locale_t)0)
		return c;
	return (int32_t)towlower_l((wint_t)c, utf8);
}

char *
ini_fold(const char *s, size_t len, bool lower)
{
	/* The longest growth is from two bytes to three. */
	char *out = xmalloc(len * 2 + 1), *o = out;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		int32_t c = decode(s + i, len - i, &n);

		if (c == 0) {
			*o++ = '\001';
		} else if (c < 0x80 || !lower) {
			memcpy(o, s + i, n);
			if (lower && c >= 'A' && c <= 'Z')
				*o = (char)(c - 'A' + 'a');
			o += n;
		} else {
			c = lower_wide(c);
			if (c < 0x80)
				*o++ = (char)c; /* the Kelvin sign */
			else
				o += encode(c, o);
		}
	}
	*o = '\0';
	return out;
}

static void
problem(struct reader *r, size_t line, char *why)
{
	struct ini *ini = r->ini;

	if (ini->problem_line != 0 && ini->problem_line <= line) {
		xfree(why);
		return;
	}
	ini->problem_line = line;
	xreplace(&ini->problem, why);
}

/* A nested block's line: every piece of it needs a "=". */
static void
check_nested(struct reader *r, const char *s, size_t len)
{
	size_t from = 0, n;

	if (r->key->vlen != 0)
		return;
	for (size_t i = 0; i <= len; i += n) {
		const char *piece = s + from;
		size_t plen = i - from;

		n = 1;
		if (i < len && !is_break(decode(s + i, len - i, &n)))
			continue;
		ini_strip(&piece, &plen);
		from = i + n;
		if (plen == 0 || memchr(piece, '=', plen) != NULL)
			continue;
		if (str_eq(r->sect->raw, INI_DEFAULT)) {
			struct pending *p = xcalloc(1, sizeof(*p));

			*p = (struct pending){ r->key, r->lineno, r->pending };
			r->pending = p;
		} else {
			problem(r, r->lineno,
			    xasprintf(
				"a line of the block under \"%s\" has no \"=\"",
				r->key->name));
		}
		return;
	}
}

/* "[name]" with anything behind the last bracket. */
static bool
read_header(struct reader *r, struct ini_line *line, const char *s, size_t len)
{
	const char *end;
	struct ini_sect *old;

	if (len < 3 || s[0] != '[')
		return false;
	end = memrchr(s, ']', len);
	if (end == NULL || end < s + 2)
		return false;
	line->kind = LINE_HEADER;
	r->sect = ini_new_section(r->ini, s + 1, (size_t)(end - s - 1), line);
	r->key = NULL;
	old = (struct ini_sect *)r->sect->by_raw.next;
	while (old != NULL &&
	    (old->by_raw.hash != r->sect->by_raw.hash ||
		!str_eq(old->raw, r->sect->raw)))
		old = (struct ini_sect *)old->by_raw.next;
	if (old != NULL && !str_eq(r->sect->raw, INI_DEFAULT))
		problem(r, r->lineno,
		    xasprintf("section [%s] appears twice", r->sect->name));
	return true;
}

static bool
read_option(struct reader *r, struct ini_line *line, const char *s, size_t len)
{
	const char *key = s, *value;
	size_t sep = 0, klen, vlen;
	char *name;

	while (sep < len && s[sep] != '=' && s[sep] != ':')
		sep++;
	if (sep == len)
		return false;
	klen = sep;
	ini_strip(&key, &klen);
	value = s + sep + 1;
	vlen = len - sep - 1;
	ini_strip(&value, &vlen);
	if (klen == 0) {
		problem(r, r->lineno, xasprintf("a value has no key"));
		line->kind = LINE_BAD;
		r->key = NULL;
		return true;
	}
	name = ini_fold(key, klen, true);
	if (ini_find_key(r->ini, r->sect->raw, name) != NULL)
		problem(r, r->lineno,
		    xasprintf("key \"%s\" appears twice in section [%s]", name,
			r->sect->name));
	xfree(name);
	line->kind = LINE_OPTION;
	r->key = ini_new_key(r->ini, r->sect, key, klen, line);
	r->key->sep = (size_t)(s + sep - line->text);
	r->key->vstart = (size_t)(value - line->text);
	r->key->vlen = vlen;
	return true;
}

static void
read_line(struct reader *r, struct ini_line *line)
{
	const char *s = line->text;
	size_t len = line->len;

	if (!ini_utf8(s, len))
		problem(r, r->lineno, xasprintf("a byte is not valid UTF-8"));
	if (r->lineno == 1 && len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
		problem(r, 1,
		    xasprintf("the file starts with a byte order "
			      "mark"));
		s += 3;
		len -= 3;
	}
	line->indent = ini_strip(&s, &len);
	if (len == 0) {
		line->kind = LINE_BLANK;
		return;
	}
	if (*s == '#' || *s == ';') {
		line->kind = LINE_COMMENT;
		return;
	}
	if (r->key != NULL && line->indent > r->level) {
		line->kind = LINE_MORE;
		r->sect->last = line;
		check_nested(r, s, len);
		return;
	}
	r->level = line->indent;
	if (read_header(r, line, s, len))
		return;
	line->kind = LINE_BAD;
	if (r->sect == NULL) {
		problem(r, r->lineno,
		    xasprintf("a line stands before the first section"));
	} else if (!read_option(r, line, s, len)) {
		problem(r, r->lineno,
		    xasprintf(*s == '[' ?
			    "a section header has no name or no \"]\"" :
			    "a line has no \"=\""));
		r->key = NULL; /* the file is refused: end the value here */
	}
	if (r->sect != NULL)
		r->sect->last = line;
}

/* Does a section inherit the key, that is, not have it itself? */
static bool
inherited(const struct ini *ini, const struct ini_key *key)
{
	for (size_t i = 0; i < ini->nsects; i++)
		if (!str_eq(ini->sects[i]->raw, INI_DEFAULT) &&
		    ini_find_key(ini, ini->sects[i]->raw, key->name) == NULL)
			return true;
	return false;
}

static size_t
line_length(const char *s, size_t len, const char **ret_eol)
{
	size_t n = 0;

	while (n < len && s[n] != '\n' && s[n] != '\r')
		n++;
	*ret_eol = n == len		    ? "" :
	    s[n] == '\n'		    ? "\n" :
	    n + 1 < len && s[n + 1] == '\n' ? "\r\n" :
					      "\r";
	return n;
}

void
ini_read(struct ini *ini, const char *data, size_t len)
{
	struct reader r = { .ini = ini };
	size_t at = 0;

	ini->base = xmalloc(len + 1);
	if (len > 0)
		memcpy(ini->base, data, len);
	ini->base[len] = '\0';
	while (at < len) {
		struct ini_line *line = xcalloc(1, sizeof(*line));

		line->text = ini->base + at;
		line->len = line_length(line->text, len - at, &line->eol);
		line->prev = ini->last;
		if (ini->last != NULL)
			ini->last->next = line;
		else
			ini->first = line;
		ini->last = line;
		r.lineno++;
		read_line(&r, line);
		at += line->len + strlen(line->eol);
	}
	while (r.pending != NULL) {
		struct pending *p = r.pending;

		if (inherited(ini, p->key))
			problem(&r, p->line,
			    xasprintf("a line of the block "
				      "under \"%s\" has no \"=\"",
				p->key->name));
		r.pending = p->next;
		xfree(p);
	}
}
