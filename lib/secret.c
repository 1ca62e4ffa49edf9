/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/secret.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "awsfed/xalloc.h"

/*
 * Secrets are cut from chunks: mmap'd, locked on first touch, not dumped and
 * zeroed in a child, with a guard page at each end.  A chunk is a row of
 * blocks, first fit, neighbours merged when one is freed.  A chunk whose last
 * secret died is unmapped, so that an idle agent holds none.
 */
#define CHUNK_MIN (64 * 1024)
#define ALIGN 16
#define STACK_BELOW (32 * 1024)

struct block {
	size_t size; /* bytes behind this header */
	bool used;
};

struct chunk {
	struct chunk *next;
	unsigned char *base; /* usable pages */
	size_t size;
	size_t used; /* blocks in use */
};

struct secret {
	size_t len;
	struct chunk *chunk;
	char bytes[];
};

static struct chunk *chunks;
static bool all_locked = true;

#define HEAD ((sizeof(struct block) + ALIGN - 1) / ALIGN * ALIGN)

static struct block *
block_at(struct chunk *c, size_t off)
{
	return (void *)(c->base + off);
}

static struct chunk *
chunk_new(size_t want)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = want + HEAD > CHUNK_MIN ? want + HEAD : CHUNK_MIN;
	struct chunk *c;
	struct block *b;
	unsigned char *p;

	size = (size + page - 1) / page * page;
	p = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (p == MAP_FAILED ||
	    mprotect(p + page, size, PROT_READ | PROT_WRITE) != 0)
		xalloc_oom();
	p += page;
	if (mlock2(p, size, MLOCK_ONFAULT) != 0)
		all_locked = false;
	(void)madvise(p, size, MADV_DONTDUMP);
	(void)madvise(p, size, MADV_WIPEONFORK);
	c = xcalloc(1, sizeof(*c));
	c->base = p;
	c->size = size;
	b = block_at(c, 0);
	b->size = size - HEAD;
	b->used = false;
	c->next = chunks;
	chunks = c;
	return c;
}

static void
chunk_free(struct chunk *c)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct chunk **p = &chunks;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	munmap(c->base - page, c->size + 2 * page);
	xfree(c);
}

static void *
chunk_cut(struct chunk *c, size_t want)
{
	for (size_t off = 0; off < c->size;) {
		struct block *b = block_at(c, off);

		if (!b->used && b->size >= want) {
			if (b->size >= want + HEAD + ALIGN) {
				struct block *rest =
				    block_at(c, off + HEAD + want);

				rest->size = b->size - want - HEAD;
				rest->used = false;
				b->size = want;
			}
			b->used = true;
			c->used++;
			return c->base + off + HEAD;
		}
		off += HEAD + b->size;
	}
	return NULL;
}

static void
chunk_return(struct chunk *c, void *p)
{
	struct block *b = (void *)((unsigned char *)p - HEAD);

	explicit_bzero(p, b->size);
	b->used = false;
	if (--c->used == 0) {
		chunk_free(c);
		return;
	}
	for (size_t off = 0; off < c->size;) {
		size_t next;

		b = block_at(c, off);
		next = off + HEAD + b->size;
		if (!b->used && next < c->size && !block_at(c, next)->used)
			b->size += HEAD + block_at(c, next)->size;
		else
			off = next;
	}
}

struct secret *
secret_new(const void *bytes, size_t len)
{
	size_t want =
	    (sizeof(struct secret) + len + 1 + ALIGN - 1) / ALIGN * ALIGN;
	struct chunk *c;
	struct secret *s = NULL;

	if (len > SECRET_MAX)
		abort();
	for (c = chunks; c != NULL; c = c->next)
		if ((s = chunk_cut(c, want)) != NULL)
			break;
	if (s == NULL) {
		c = chunk_new(want);
		s = chunk_cut(c, want);
	}
	s->len = len;
	s->chunk = c;
	memcpy(s->bytes, bytes, len);
	s->bytes[len] = '\0';
	return s;
}

struct secret *
secret_take(char **str)
{
	struct secret *s;

	if (*str == NULL)
		return NULL;
	s = secret_new(*str, strlen(*str));
	xfree(STEAL(*str));
	return s;
}

struct secret *
secret_free(struct secret *s)
{
	if (s != NULL)
		chunk_return(s->chunk, s);
	return NULL;
}

const char *
secret_bytes(const struct secret *s)
{
	return s->bytes;
}

size_t
secret_len(const struct secret *s)
{
	return s->len;
}

bool
secret_is(const struct secret *s, const void *bytes, size_t len)
{
	const volatile unsigned char *other = bytes;
	volatile unsigned char diff = 0;

	if (s->len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		diff |= (unsigned char)((unsigned char)s->bytes[i] ^ other[i]);
	return diff == 0;
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
	return secret_is(a, b->bytes, b->len);
}

bool
secret_locked(void)
{
	return all_locked;
}

__attribute__((noinline)) void
secret_scrub_stack(void)
{
	char below[STACK_BELOW];

	explicit_bzero(below, sizeof(below));
}

void
secret_freep(struct secret **s)
{
	*s = secret_free(*s);
}
