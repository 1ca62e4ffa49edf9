/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop, as the engine sees it: clocks and timers.
 *
 * struct loop is a table of functions, so that unit tests can drive the engine
 * with a fake clock (tests/unit/fake.h).  loop_new() makes the real one, on
 * libevent; surfaces reach its event base with loop_base().
 *
 * A timer has a deadline on two clocks and fires from the loop, once, when the
 * first of them passes.  A deadline of zero fires on the next turn: that is how
 * a call is deferred.  Timers are one-shot; setting an armed timer moves it; a
 * freed timer never fires.  The real loop arms one CLOCK_BOOTTIME and one
 * CLOCK_REALTIME timerfd (TFD_TIMER_CANCEL_ON_SET) for the earliest deadlines:
 * suspend and clock steps are seen at once, and idle means no wake-up.
 */
#ifndef AWSFED_LOOP_H
#define AWSFED_LOOP_H

#include <stdbool.h>
#include <stddef.h>

#include "awsfed/clock.h"
#include "loop-meter.h"

struct event;
struct event_base;
struct loop;
struct timer;

typedef void timer_fn(void *arg);
/* The wall clock stepped, or the machine was suspended: `by` microseconds. */
typedef void jump_fn(int64_t real_by, int64_t boot_by, void *arg);

struct loop_ops {
	/* name is a literal, for what is measured (loop-meter.h). */
	struct timer *(*timer_new)(
	    struct loop *loop, timer_fn *fn, void *arg, const char *name);
	void (*timer_set)(struct timer *t, struct deadline d);
	void (*timer_stop)(struct timer *t);
	bool (*timer_armed)(const struct timer *t);
	void (*timer_free)(struct timer *t); /* NULL allowed */
};

/* First member of every implementation. */
struct loop {
	const struct loop_ops *ops;
	const struct clk *clk;
	struct loop_meter *meter; /* NULL: of a fake */
};

static inline struct timer *
timer_new_named(struct loop *loop, timer_fn *fn, void *arg, const char *name)
{
	return loop->ops->timer_new(loop, fn, arg, name);
}

#define timer_new(loop, fn, arg) \
	timer_new_named(loop, fn, arg, __FILE_NAME__ " " #fn)

/* What the callback that runs is at, as a literal; for what is measured. */
static inline void
loop_note(struct loop *loop, const char *what)
{
	if (loop->meter != NULL)
		loop->meter->note = what;
}

/* The real loop only. */
struct loop *loop_new(void); /* NULL: libevent failed */
void loop_free(struct loop *loop);
struct event_base *loop_base(struct loop *loop);
/*
 * event_add() of a descriptor without a timeout.  The kernel may have no room
 * for it (epoll_ctl(2), ENOMEM and ENOSPC), and what is not watched is waited
 * for in vain: 0 or negative errno, to be handled.
 */
int loop_watch(struct event *ev);
/* The same of what the agent cannot be without: ends it, with a sentence. */
void loop_must_watch(struct event *ev);
void loop_on_jump(struct loop *loop, jump_fn *fn, void *arg);
int loop_run(struct loop *loop); /* until loop_stop */
void loop_stop(struct loop *loop);

#endif
