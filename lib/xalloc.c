/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/xalloc.h"

#include <jansson.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
xalloc_oom(void)
{
	static const char msg[] = "<2>out of memory\n";
	ssize_t n = write(STDERR_FILENO, msg, sizeof(msg) - 1);

	(void)n;
	abort();
}

void
xfree(void *p)
{
	if (p == NULL)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void *
xmalloc(size_t size)
{
	void *p = malloc(size == 0 ? 1 : size);

	if (p == NULL)
		xalloc_oom();
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	void *p;

	if (n == 0 || size == 0)
		n = size = 1;
	if ((p = calloc(n, size)) == NULL)
		xalloc_oom();
	return p;
}

void *
xrealloc(void *p, size_t size)
{
	size_t old;
	void *new;

	if (p == NULL)
		return xmalloc(size);
	old = malloc_usable_size(p);
	new = xmalloc(size);
	memcpy(new, p, old < size ? old : size);
	xfree(p);
	return new;
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		xalloc_oom();
	return xrealloc(p, total);
}

char *
xstrndup(const char *s, size_t n)
{
	char *copy;

	if (s == NULL)
		return NULL;
	n = strnlen(s, n);
	copy = xmalloc(n + 1);
	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *
xstrdup(const char *s)
{
	return s == NULL ? NULL : xstrndup(s, strlen(s));
}

char *
xvasprintf(const char *fmt, va_list ap)
{
	va_list again;
	char *s;
	int n;

	/* vasprintf would grow its block, and wipe none that it grew out of. */
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		xalloc_oom();
	s = xmalloc((size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	return s;
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void
xalloc_install(void)
{
	json_set_alloc_funcs(xmalloc, xfree);
	/* Hash seeding is from /dev/urandom by default; nothing else is set. */
}

void
xreplace(char **p, char *s)
{
	xfree(*p);
	*p = s;
}

void
xfreep(void *p)
{
	xfree(*(void **)p);
}
