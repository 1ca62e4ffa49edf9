/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that never fails and never remembers.
 *
 * Allocation aborts when there is no memory: jansson, libxml2 and libevent
 * misbehave when theirs fails, and a credential agent that limps is worse than
 * one that restarts.  Every block is wiped before it goes back, so that no
 * freed block holds a secret.  xalloc_install() makes jansson use the same
 * family; it must run before the first JSON value is made.  A block from here
 * may be given to free(3), which only loses the wiping.
 */
#ifndef AWSFED_XALLOC_H
#define AWSFED_XALLOC_H

#include <stdarg.h>
#include <stddef.h>

/* gcc matches allocations with xfree; clang knows the plain form alone. */
#ifdef __clang__
#define XALLOC_ATTR malloc
#else
#define XALLOC_ATTR malloc, malloc(xfree, 1)
#endif

/* There is none: says so and aborts.  For those whose libraries tell them. */
void xalloc_oom(void) __attribute__((noreturn));
void xfree(void *p);
void *xmalloc(size_t size) __attribute__((
    XALLOC_ATTR, alloc_size(1), returns_nonnull, warn_unused_result));
void *xcalloc(size_t n, size_t size) __attribute__((
    XALLOC_ATTR, alloc_size(1, 2), returns_nonnull, warn_unused_result));
/* Grows or shrinks by copy; the old block is wiped.  size 0 is size 1. */
void *xrealloc(void *p, size_t size)
    __attribute__((alloc_size(2), returns_nonnull, warn_unused_result));
void *xreallocarray(void *p, size_t n, size_t size)
    __attribute__((alloc_size(2, 3), returns_nonnull, warn_unused_result));
/* NULL in, NULL out. */
char *xstrdup(const char *s) __attribute__((warn_unused_result));
char *xstrndup(const char *s, size_t n) __attribute__((warn_unused_result));
char *xasprintf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), returns_nonnull, warn_unused_result));
char *xvasprintf(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0), returns_nonnull, warn_unused_result));

/* Makes jansson allocate here. */
void xalloc_install(void);

/* Replaces *p by s (which is owned from then on) and frees the old value. */
void xreplace(char **p, char *s);

void xfreep(void *p);
#define _cleanup_free_ __attribute__((cleanup(xfreep)))
#define _cleanup_(f) __attribute__((cleanup(f)))

/* Hands a pointer over: the value, with NULL left behind. */
#define STEAL(p) \
	__extension__({ \
		__auto_type steal_ = (p); \
		(p) = NULL; \
		steal_; \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
