/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that leaves nothing behind.  It has a stack of its own, which goes
 * when it is joined (pthread_create(3) would keep one for the next thread), and
 * every signal blocked: signals are the loop's.
 */
#ifndef AWSFED_THREAD_H
#define AWSFED_THREAD_H

#include <pthread.h>
#include <time.h>

struct thread {
	pthread_t id;
	void *stack;
};

/* 0, or an errno (positive, as pthread_create's): then nothing runs. */
int thread_start(struct thread *t, void *(*run)(void *), void *arg);
void thread_join(struct thread *t);
/* 0, or an errno when it still runs at the time of the wall clock: then it may
 * be left to itself, and keeps its stack. */
int thread_join_until(struct thread *t, const struct timespec *until);

/*
 * malloc(3) keeps up to seven free blocks of each small size for each thread:
 * between others that are in use, where malloc_trim(3) leaves them alone, and
 * of whichever heap they came.  This gives up the caller's.
 */
void thread_empty_cache(void);

#endif
