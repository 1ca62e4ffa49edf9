/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded bytes.  A buffer is born with the most it may ever hold; going past
 * it fails with -EMSGSIZE and changes nothing.  Contents are wiped on growth,
 * on consume-to-empty and at the end.  data is always NUL-terminated (the NUL
 * is not counted), NULL while nothing was ever appended.
 */
#ifndef AWSFED_BUF_H
#define AWSFED_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
};

#define BUF_INIT(m) \
	{ \
		.max = (m) \
	}

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);
int buf_add(struct buf *b, const void *data, size_t len)
    __attribute__((warn_unused_result));
int buf_adds(struct buf *b, const char *s) __attribute__((warn_unused_result));
int buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), warn_unused_result));
/* Room for n more bytes at data + len; the caller adds to len what it used. */
int buf_reserve(struct buf *b, size_t n) __attribute__((warn_unused_result));
void buf_consume(struct buf *b, size_t n); /* from the front */
void buf_reset(struct buf *b);		   /* empty, wiped, kept */
/* Gives the bytes away as an xalloc string; "" when empty. */
char *buf_take(struct buf *b);

#define _cleanup_buf_ __attribute__((cleanup(buf_done)))

#endif
