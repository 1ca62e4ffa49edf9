/* SPDX-License-Identifier: Apache-2.0 */
#include "thrift.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "awsfed/xalloc.h"

#include "loop.h"

#define REST (2 * USEC)
#define ARENAS 2
/* A file, a page or a list of fifty profiles; not what is kept of a profile. */
#define APART (16 * 1024)
#define SPARE (32 * 1024)

struct thrift {
	struct loop *loop;
	struct timer *timer;
	bool touched; /* since the timer was set */
};

void
thrift_setup(void)
{
	/* The loop's and the writer's: what a file was read into goes back as
	 * a whole, when the loop's pieces do not lie in between. */
	(void)mallopt(M_ARENA_MAX, ARENAS);
	(void)mallopt(M_MMAP_THRESHOLD, APART);
	(void)mallopt(M_TRIM_THRESHOLD, SPARE);
	(void)mallopt(M_TOP_PAD, SPARE / 2);
}

/*
 * malloc(3) keeps up to seven free blocks of each small size for each thread,
 * between others that are in use, and malloc_trim(3) leaves them alone.  They
 * are given up only by a thread that ends: so ours are taken, and freed by one
 * that does nothing else.
 */
#define CACHED_LEAST 24
#define CACHED_MOST 1032
#define CACHED_STEP 16
#define CACHED_EACH 7

struct block {
	struct block *next;
};

static void *
free_all(void *arg)
{
	struct block *next;

	for (struct block *b = arg; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	return NULL;
}

static void
empty_cache(void)
{
	struct block *all = NULL;
	sigset_t every, old;
	pthread_t thread;

	for (size_t n = CACHED_LEAST; n <= CACHED_MOST; n += CACHED_STEP) {
		for (int i = 0; i < CACHED_EACH; i++) {
			struct block *b = malloc(n);

			if (b == NULL)
				break;
			b->next = all;
			all = b;
		}
	}
	/* Signals are the loop's. */
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &old);
	if (pthread_create(&thread, NULL, free_all, all) == 0)
		(void)pthread_join(thread, NULL);
	else
		free_all(all);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void
set(struct thrift *t)
{
	t->touched = false;
	t->loop->ops->timer_set(t->timer, deadline_in(t->loop->clk, REST));
}

static void
on_timer(void *arg)
{
	struct thrift *t = arg;

	if (t->touched) {
		set(t);
		return;
	}
	empty_cache();
	(void)malloc_trim(0);
}

struct thrift *
thrift_new(struct loop *loop)
{
	struct thrift *t = xcalloc(1, sizeof(*t));

	t->loop = loop;
	t->timer = timer_new(loop, on_timer, t);
	set(t);
	return t;
}

void
thrift_free(struct thrift *t)
{
	if (t == NULL)
		return;
	t->loop->ops->timer_free(t->timer);
	xfree(t);
}

void
thrift_touch(struct thrift *t)
{
	if (t == NULL)
		return;
	if (t->loop->ops->timer_armed(t->timer))
		t->touched = true;
	else
		set(t);
}
