/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/str.h"

#include <errno.h>
#include <stdlib.h>
#include <malloc.h>
#include <string.h>
#include <strings.h>

#include "awsfed/random.h"
#include "awsfed/xalloc.h"

bool
str_eq(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool
str_caseeq(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcasecmp(a, b) == 0;
}

bool
str_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

bool
str_starts(const char *s, const char *prefix)
{
	return s != NULL && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *s, const char *suffix)
{
	size_t n = s == NULL ? 0 : strlen(s), m = strlen(suffix);

	return s != NULL && n >= m && strcmp(s + n - m, suffix) == 0;
}

bool
str_has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

bool
str_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			return false;
	return true;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

char *
str_trim(char *s)
{
	size_t n = strlen(s), from = 0;

	while (n > 0 && is_space(s[n - 1]))
		n--;
	while (from < n && is_space(s[from]))
		from++;
	memmove(s, s + from, n - from);
	s[n - from] = '\0';
	return s;
}

void
str_lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

int
str_bool(const char *s, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "yes", true },
		{ "true", true },
		{ "on", true },
		{ "1", true },
		{ "no", false },
		{ "false", false },
		{ "off", false },
		{ "0", false },
	};

	for (size_t i = 0; s != NULL && i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(s, words[i].word) == 0) {
			*ret = words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

int
str_int(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long v;

	if (str_empty(s) || is_space(*s))
		return -EINVAL;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno != 0 || *end != '\0')
		return -EINVAL;
	if (v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

void
str_hex(const void *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

void
str_uuid(char out[37])
{
	unsigned char b[16];
	char hex[33];

	random_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	str_hex(b, sizeof(b), hex);
	for (size_t i = 0, o = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			out[o++] = '-';
		out[o++] = hex[i];
	}
	out[36] = '\0';
}

/* Length of the valid UTF-8 sequence at s, 0 if there is none. */
static size_t
utf8_len(const unsigned char *s)
{
	size_t n;
	uint32_t c;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		n = 2;
		c = s[0] & 0x1f;
	} else if ((s[0] & 0xf0) == 0xe0) {
		n = 3;
		c = s[0] & 0x0f;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		n = 4;
		c = s[0] & 0x07;
	} else {
		return 0;
	}
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) ||
	    (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return n;
}

bool
str_utf8(const char *s)
{
	size_t n;

	for (; *s != '\0'; s += n)
		if ((n = utf8_len((const unsigned char *)s)) == 0)
			return false;
	return true;
}

char *
str_clean(const char *s, size_t max)
{
	size_t len, o = 0;
	char *out;

	if (s == NULL)
		return NULL;
	len = strlen(s);
	out = xmalloc((len < max ? len : max) + 1);
	while (*s != '\0') {
		size_t n = utf8_len((const unsigned char *)s);
		bool bad = n == 0 || (unsigned char)*s < 0x20 || *s == 0x7f ||
		    /* C1 controls and bidirectional overrides */
		    (n == 2 && (unsigned char)s[0] == 0xc2 &&
			(unsigned char)s[1] < 0xa0) ||
		    /* ... marks of direction and the blank of no width */
		    (n == 2 && memcmp(s, "\xd8\x9c", 2) == 0) ||
		    (n == 3 &&
			(memcmp(s, "\xe2\x80\x8b", 3) == 0 ||
			    memcmp(s, "\xe2\x80\x8e", 3) == 0 ||
			    memcmp(s, "\xe2\x80\x8f", 3) == 0 ||
			    memcmp(s, "\xef\xbb\xbf", 3) == 0)) ||
		    (n == 3 && memcmp(s, "\xe2\x80", 2) == 0 &&
			(unsigned char)s[2] >= 0xa8 &&
			(unsigned char)s[2] <= 0xae) ||
		    /* ... and isolates, U+2066 to U+2069 */
		    (n == 3 && memcmp(s, "\xe2\x81", 2) == 0 &&
			(unsigned char)s[2] >= 0xa6 &&
			(unsigned char)s[2] <= 0xa9);

		if (o + (bad ? 1 : n) > max)
			break;
		if (bad) {
			out[o++] = is_space(*s) ? ' ' : '?';
		} else {
			memcpy(out + o, s, n);
			o += n;
		}
		s += n == 0 ? 1 : n;
	}
	out[o] = '\0';
	return out;
}

void
strv_take(struct strv *sv, char *s)
{
	size_t need = sv->n + 2;

	/* By half as much again: a long list is not copied for each of it. */
	if (need > malloc_usable_size(sv->v) / sizeof(*sv->v))
		sv->v = xreallocarray(
		    sv->v, need > 8 ? need + need / 2 : need, sizeof(*sv->v));
	sv->v[sv->n++] = s;
	sv->v[sv->n] = NULL;
}

void
strv_add(struct strv *sv, const char *s)
{
	strv_take(sv, xstrdup(s));
}

bool
strv_has(const struct strv *sv, const char *s)
{
	for (size_t i = 0; i < sv->n; i++)
		if (strcmp(sv->v[i], s) == 0)
			return true;
	return false;
}

void
strv_done(struct strv *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		xfree(sv->v[i]);
	xfree(sv->v);
	*sv = (struct strv){ 0 };
}

void
strv_split(struct strv *sv, const char *s)
{
	while (s != NULL && *s != '\0') {
		size_t n = strcspn(s, ", \t\r\n");

		if (n > 0)
			strv_take(sv, xstrndup(s, n));
		s += n;
		s += strspn(s, ", \t\r\n");
	}
}

int
str_unhex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f'    ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F'    ? c - 'A' + 10 :
				      -1;
}
