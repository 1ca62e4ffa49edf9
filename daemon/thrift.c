/* SPDX-License-Identifier: Apache-2.0 */
#include "thrift.h"

#include <malloc.h>
#include <stdbool.h>

#include "awsfed/xalloc.h"

#include "loop.h"

#define REST (2 * USEC)
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
	/* The writer thread's own arena would never be given back. */
	(void)mallopt(M_ARENA_MAX, 1);
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

	if (t->touched)
		set(t);
	else
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
