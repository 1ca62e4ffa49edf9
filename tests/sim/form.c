/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <awsfed/buf.h>
#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "form.h"

void
form_add(struct form *f, const char *name, const char *value)
{
	f->v = xreallocarray(f->v, f->n + 1, sizeof(*f->v));
	f->v[f->n].name = xstrdup(name);
	f->v[f->n].value = xstrdup(value);
	f->n++;
}

const char *
form_get(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, name) == 0)
			return f->v[i].value;
	return NULL;
}

const char *
form_get_case(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcasecmp(f->v[i].name, name) == 0)
			return f->v[i].value;
	return NULL;
}

size_t
form_count(const struct form *f, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, name) == 0)
			n++;
	return n;
}

void
form_done(struct form *f)
{
	for (size_t i = 0; i < f->n; i++) {
		xfree(f->v[i].name);
		xfree(f->v[i].value);
	}
	xfree(f->v);
	f->v = NULL;
	f->n = 0;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One name or value of a form body; NULL when a client may not send it. */
static char *
unescape(const char *s, size_t len)
{
	char *out = xmalloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '%') {
			int hi, lo;

			if (i + 2 >= len || (hi = hex_value(s[i + 1])) < 0 ||
			    (lo = hex_value(s[i + 2])) < 0 || hi + lo == 0)
				goto bad;
			c = (unsigned char)(hi << 4 | lo);
			i += 2;
		} else if (c == '+') {
			c = ' ';
		} else if (c <= ' ' || c >= 0x7f || c == '"' || c == '<') {
			goto bad;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return out;
bad:
	xfree(out);
	return NULL;
}

int
form_parse(const char *s, struct form *ret)
{
	_cleanup_form_ struct form f = { 0 };

	while (*s != '\0') {
		size_t len = strcspn(s, "&");
		const char *eq = memchr(s, '=', len);
		size_t nlen = eq != NULL ? (size_t)(eq - s) : len;
		_cleanup_free_ char *name = unescape(s, nlen);
		_cleanup_free_ char *value =
		    eq == NULL ? xstrdup("") : unescape(eq + 1, len - nlen - 1);

		if (name == NULL || value == NULL || f.n >= FORM_MAX)
			return -EBADMSG;
		if (len > 0)
			form_add(&f, name, value);
		s += len;
		if (*s == '&')
			s++;
	}
	*ret = f;
	f = (struct form){ 0 };
	return 0;
}

void
form_cookies(const char *s, struct form *ret)
{
	while (s != NULL && *s != '\0') {
		size_t len = strcspn(s, ";");
		const char *eq = memchr(s, '=', len);

		if (eq != NULL) {
			_cleanup_free_ char *name =
			    xstrndup(s, (size_t)(eq - s));
			_cleanup_free_ char *value =
			    xstrndup(eq + 1, len - (size_t)(eq - s) - 1);

			form_add(ret, str_trim(name), str_trim(value));
		}
		s += len;
		s += strspn(s, "; ");
	}
}

void
put(struct buf *b, const char *fmt, ...)
{
	_cleanup_free_ char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	if (buf_adds(b, s) < 0)
		abort();
}

void
put_html(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '&':
			put(b, "&amp;");
			break;
		case '<':
			put(b, "&lt;");
			break;
		case '>':
			put(b, "&gt;");
			break;
		case '"':
			put(b, "&quot;");
			break;
		case '\'':
			put(b, "&#39;");
			break;
		default:
			put(b, "%c", *s);
		}
	}
}

void
put_xml(struct buf *b, const char *s, bool attribute)
{
	for (; *s != '\0'; s++) {
		if (*s == '&')
			put(b, "&amp;");
		else if (*s == '<')
			put(b, "&lt;");
		else if (*s == '>' && !attribute)
			put(b, "&gt;");
		else if (*s == '"' && attribute)
			put(b, "&quot;");
		else if (*s == '\r')
			put(b, "&#xD;");
		else if (*s == '\n' && attribute)
			put(b, "&#xA;");
		else if (*s == '\t' && attribute)
			put(b, "&#x9;");
		else
			put(b, "%c", *s);
	}
}

char *
url_encode(const char *s)
{
	static const char hex[] = "0123456789ABCDEF";
	char *out = xmalloc(strlen(s) * 3 + 1);
	size_t n = 0;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-_.~", c) != NULL) {
			out[n++] = (char)c;
		} else {
			out[n++] = '%';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		}
	}
	out[n] = '\0';
	return out;
}

char *
b64_encode(const void *data, size_t len)
{
	char *out = xmalloc(4 * ((len + 2) / 3) + 1);

	EVP_EncodeBlock((unsigned char *)out, data, (int)len);
	return out;
}

static void
random_bytes(unsigned char *out, size_t n)
{
	if (RAND_bytes(out, (int)n) != 1)
		abort();
}

char *
random_hex(size_t bytes)
{
	_cleanup_free_ unsigned char *raw = xmalloc(bytes);
	char *out = xmalloc(2 * bytes + 1);

	random_bytes(raw, bytes);
	str_hex(raw, bytes, out);
	return out;
}

char *
random_b64(size_t bytes)
{
	_cleanup_free_ unsigned char *raw = xmalloc(bytes);

	random_bytes(raw, bytes);
	return b64_encode(raw, bytes);
}

static int
b64_value(char c)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c == '\0' ? NULL : strchr(set, c);

	return p == NULL ? -1 : (int)(p - set);
}

int
b64_decode(const char *s, char **ret, size_t *ret_len)
{
	size_t len = strlen(s), n = 0, body;
	_cleanup_free_ char *out = xmalloc(len / 4 * 3 + 1);

	if (len == 0 || len % 4 != 0)
		return -EBADMSG;
	body = strcspn(s, "=");
	if (len - body > 2 || strspn(s + body, "=") != len - body)
		return -EBADMSG;
	for (size_t i = 0; i < len; i += 4) {
		uint32_t bits = 0;

		for (size_t k = 0; k < 4; k++) {
			int v = i + k < body ? b64_value(s[i + k]) : 0;

			if (v < 0)
				return -EBADMSG;
			bits = bits << 6 | (uint32_t)v;
		}
		for (size_t k = 0; k < 3; k++)
			if (i + k + 1 < body)
				out[n++] = (char)(bits >> (16 - 8 * k));
	}
	out[n] = '\0';
	*ret = STEAL(out);
	*ret_len = n;
	return 0;
}

void
sha256_hex(const void *data, size_t len, char out[65])
{
	unsigned char md[SHA256_DIGEST_LENGTH];

	SHA256(data, len, md);
	str_hex(md, sizeof(md), out);
}
