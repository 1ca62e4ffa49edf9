/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/buf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "awsfed/xalloc.h"

#define BUF_MIN 256

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf)BUF_INIT(max);
}

void
buf_done(struct buf *b)
{
	xfree(b->data);
	*b = (struct buf)BUF_INIT(b->max);
}

int
buf_reserve(struct buf *b, size_t n)
{
	size_t need, cap;

	if (__builtin_add_overflow(b->len, n, &need) || need > b->max)
		return -EMSGSIZE;
	if (b->data != NULL && need <= b->cap)
		return 0;
	cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;
	while (cap < need)
		cap *= 2;
	if (cap > b->max)
		cap = b->max;
	/* xrealloc copies and wipes: no stale copy of a secret stays behind. */
	b->data = xrealloc(b->data, cap + 1);
	b->cap = cap;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_add(struct buf *b, const void *data, size_t len)
{
	int r = buf_reserve(b, len);

	if (r < 0)
		return r;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	_cleanup_free_ char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return buf_adds(b, s);
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len) {
		buf_reset(b);
		return;
	}
	memmove(b->data, b->data + n, b->len - n);
	explicit_bzero(b->data + b->len - n, n);
	b->len -= n;
}

void
buf_reset(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap + 1);
	b->len = 0;
}

char *
buf_take(struct buf *b)
{
	char *s = b->data == NULL ? xstrdup("") : STEAL(b->data);

	b->len = b->cap = 0;
	return s;
}
