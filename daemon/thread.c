/* SPDX-License-Identifier: Apache-2.0 */
#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK ((size_t)1024 * 1024) /* what is not touched costs nothing */

static size_t
guard(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void
give_back(struct thread *t)
{
	munmap(t->stack, guard() + STACK);
	t->stack = NULL;
}

int
thread_start(struct thread *t, void *(*run)(void *), void *arg)
{
	char *stack = mmap(NULL, guard() + STACK, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	pthread_attr_t attr;
	sigset_t all, old;
	int e;

	if (stack == MAP_FAILED)
		return errno;
	t->stack = stack;
	if (mprotect(stack + guard(), STACK, PROT_READ | PROT_WRITE) != 0) {
		e = errno;
		give_back(t);
		return e;
	}
	e = pthread_attr_init(&attr);
	if (e != 0) {
		give_back(t);
		return e;
	}
	sigfillset(&all);
	e = pthread_attr_setstack(&attr, stack + guard(), STACK);
	if (e == 0) {
		pthread_sigmask(SIG_SETMASK, &all, &old);
		e = pthread_create(&t->id, &attr, run, arg);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	pthread_attr_destroy(&attr);
	if (e != 0)
		give_back(t);
	return e;
}

void
thread_join(struct thread *t)
{
	(void)pthread_join(t->id, NULL);
	give_back(t);
}

int
thread_join_until(struct thread *t, const struct timespec *until)
{
	int e = pthread_timedjoin_np(t->id, NULL, until);

	if (e == 0)
		give_back(t);
	return e;
}

/* ---- what malloc keeps for a thread --------------------------------------------- */

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

void
thread_empty_cache(void)
{
	struct block *all = NULL;
	struct thread thread;

	/* They are given up only by a thread that ends: so ours are taken, and
	 * freed by one that does nothing else. */
	for (size_t n = CACHED_LEAST; n <= CACHED_MOST; n += CACHED_STEP) {
		for (int i = 0; i < CACHED_EACH; i++) {
			struct block *b = malloc(n);

			if (b == NULL)
				break;
			b->next = all;
			all = b;
		}
	}
	if (thread_start(&thread, free_all, all) == 0)
		thread_join(&thread);
	else
		free_all(all);
}
