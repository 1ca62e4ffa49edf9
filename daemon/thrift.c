/* SPDX-License-Identifier: Apache-2.0 */
#include "thrift.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>

#include "awsfed/xalloc.h"

#include "loop.h"
#include "thread.h"

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
	thread_empty_cache();
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
