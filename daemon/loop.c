/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers live in two heaps, one for each clock; each heap's first deadline is
 * what its timerfd is armed for.  What is due moves to the list "ready", which
 * is emptied once a turn: so a callback may free, stop or set any timer.
 */
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/xalloc.h"

#define JUMP_MIN (500 * MSEC) /* smaller steps are corrections, not jumps */
#define NOT_QUEUED SIZE_MAX
#define NEVER INT64_MAX

enum { REAL, BOOT, CLOCKS };

TAILQ_HEAD(timers, timer);

struct timer {
	struct real_loop *rl;
	timer_fn *fn;
	void *arg;
	const char *name;
	struct deadline d;
	uint64_t order;	     /* of setting: breaks ties */
	size_t at[CLOCKS];   /* places in the heaps */
	struct timers *list; /* &ready or &firing, when on it */
	TAILQ_ENTRY(timer) entry;
};

struct heap {
	struct timer **v;
	size_t n, cap;
};

struct jump {
	jump_fn *fn;
	void *arg;
	struct jump *next;
};

struct real_loop {
	struct loop loop;
	struct event_base *base;
	struct event *turn; /* runs "ready" */
	struct timers ready, firing;
	struct heap heap[CLOCKS];
	int fd[CLOCKS];
	struct event *tick[CLOCKS];
	int64_t armed[CLOCKS]; /* -1: not known */
	uint64_t order;
	struct jump *jumps;
	int64_t real, boot, mono; /* at the last look for a jump */
};

/* ---- heaps ---------------------------------------------------------------- */
static int64_t
key(const struct timer *t, int c)
{
	return c == REAL ? t->d.real : t->d.boot;
}

static bool
before(const struct timer *a, const struct timer *b, int c)
{
	if (key(a, c) != key(b, c))
		return key(a, c) < key(b, c);
	return a->order < b->order;
}

static void
put(struct heap *h, int c, size_t i, struct timer *t)
{
	h->v[i] = t;
	t->at[c] = i;
}

static void
sift_up(struct heap *h, int c, size_t i)
{
	struct timer *t = h->v[i];

	while (i > 0 && before(t, h->v[(i - 1) / 2], c)) {
		put(h, c, i, h->v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(h, c, i, t);
}

static void
sift_down(struct heap *h, int c, size_t i)
{
	struct timer *t = h->v[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n && before(h->v[child + 1], h->v[child], c))
			child++;
		if (!before(h->v[child], t, c))
			break;
		put(h, c, i, h->v[child]);
		i = child;
	}
	put(h, c, i, t);
}

static void
heap_add(struct heap *h, int c, struct timer *t)
{
	if (h->n == h->cap) {
		h->cap = h->cap == 0 ? 64 : h->cap * 2;
		h->v = xreallocarray(h->v, h->cap, sizeof(struct timer *));
	}
	put(h, c, h->n, t);
	h->n++;
	sift_up(h, c, h->n - 1);
}

static void
heap_remove(struct heap *h, int c, struct timer *t)
{
	size_t i = t->at[c];
	struct timer *last;

	if (i == NOT_QUEUED)
		return;
	t->at[c] = NOT_QUEUED;
	last = h->v[--h->n];
	if (last == t)
		return;
	put(h, c, i, last);
	sift_up(h, c, i);
	sift_down(h, c, last->at[c]);
}

/* ---- arming ---------------------------------------------------------------- */
static void
arm(struct real_loop *rl, int c)
{
	int64_t want = rl->heap[c].n > 0 ? key(rl->heap[c].v[0], c) : NEVER;
	int flags =
	    TFD_TIMER_ABSTIME | (c == REAL ? TFD_TIMER_CANCEL_ON_SET : 0);
	struct itimerspec its = { 0 };

	if (want < 1)
		want = 1; /* zero would disarm */
	if (want == rl->armed[c])
		return;
	/* The wall clock's is always armed: it reports steps. */
	if (want != NEVER || c == REAL) {
		its.it_value.tv_sec = want / USEC;
		its.it_value.tv_nsec = want % USEC * 1000;
	}
	/* ECANCELED: armed all the same, and readable for the step. */
	if (timerfd_settime(rl->fd[c], flags, &its, NULL) != 0 &&
	    errno != ECANCELED) {
		log_err("cannot set a timer: %s", strerror(errno));
		abort(); /* a loop without time renews nothing */
	}
	rl->armed[c] = want;
}

static void
arm_all(struct real_loop *rl)
{
	arm(rl, REAL);
	arm(rl, BOOT);
}

/* The next turn, not this one: other events get their say in between. */
static void
want_turn(struct real_loop *rl)
{
	struct timeval zero = { 0, 0 };

	if (!evtimer_pending(rl->turn, NULL))
		evtimer_add(rl->turn, &zero);
}

static void
to_ready(struct timer *t)
{
	struct real_loop *rl = t->rl;

	TAILQ_INSERT_TAIL(&rl->ready, t, entry);
	t->list = &rl->ready;
	want_turn(rl);
}

/* ---- the timers of the engine ------------------------------------------------ */
static void
unqueue(struct timer *t)
{
	for (int c = 0; c < CLOCKS; c++)
		heap_remove(&t->rl->heap[c], c, t);
	if (t->list != NULL)
		TAILQ_REMOVE(t->list, t, entry);
	t->list = NULL;
}

static struct timer *
real_timer_new(struct loop *loop, timer_fn *fn, void *arg, const char *name)
{
	struct timer *t = xcalloc(1, sizeof(*t));

	t->rl = (struct real_loop *)loop;
	t->fn = fn;
	t->arg = arg;
	t->name = name;
	for (int c = 0; c < CLOCKS; c++)
		t->at[c] = NOT_QUEUED;
	return t;
}

static void
real_timer_set(struct timer *t, struct deadline d)
{
	struct real_loop *rl = t->rl;

	unqueue(t);
	t->d = d;
	t->order = ++rl->order;
	if (d.real <= 0 || d.boot <= 0) {
		to_ready(t);
	} else {
		for (int c = 0; c < CLOCKS; c++)
			heap_add(&rl->heap[c], c, t);
	}
	arm_all(rl);
}

static void
real_timer_stop(struct timer *t)
{
	unqueue(t);
	arm_all(t->rl);
}

static bool
real_timer_armed(const struct timer *t)
{
	return t->list != NULL || t->at[REAL] != NOT_QUEUED;
}

static void
real_timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	real_timer_stop(t);
	xfree(t);
}

static const struct loop_ops real_ops = {
	real_timer_new,
	real_timer_set,
	real_timer_stop,
	real_timer_armed,
	real_timer_free,
};

/* ---- turns --------------------------------------------------------------------- */
static void
run_ready(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(run_ready);
	struct real_loop *rl = arg;
	const char *name;
	struct timer *t;

	(void)fd;
	(void)what;
	/* What is set from now on waits for the next turn. */
	while ((t = TAILQ_FIRST(&rl->ready)) != NULL) {
		TAILQ_REMOVE(&rl->ready, t, entry);
		TAILQ_INSERT_TAIL(&rl->firing, t, entry);
		t->list = &rl->firing;
	}
	while ((t = TAILQ_FIRST(&rl->firing)) != NULL) {
		TAILQ_REMOVE(&rl->firing, t, entry);
		t->list = NULL;
		name = t->name;
		t->fn(t->arg); /* may free t */
		loop_mark(name);
	}
}

/* Moves what is due to the ready list: the longest overdue first. */
static void
collect(struct real_loop *rl)
{
	struct heap *hr = &rl->heap[REAL], *hb = &rl->heap[BOOT];
	int64_t real = clk_real(rl->loop.clk), boot = clk_boot(rl->loop.clk);

	while (hr->n > 0) {
		struct timer *a = hr->v[0], *b = hb->v[0], *t;
		int64_t late_a = real - a->d.real, late_b = boot - b->d.boot;

		if (late_a < 0 && late_b < 0)
			break;
		t = late_a > late_b ? a : b;
		unqueue(t);
		to_ready(t);
	}
	arm_all(rl);
}

static int64_t
mono_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * USEC + ts.tv_nsec / 1000;
}

/* Seconds: the clocks are read one after the other, and never quite agree. */
static long long
whole(int64_t us)
{
	return (us + (us < 0 ? -USEC : USEC) / 2) / USEC;
}

/*
 * A suspend shows as boot time that monotonic time lacks, a step of the wall
 * clock as real time that boot time lacks.
 */
static void
look_for_jump(struct real_loop *rl)
{
	int64_t real = clk_real(rl->loop.clk), boot = clk_boot(rl->loop.clk);
	int64_t mono = mono_now();
	int64_t real_by = (real - rl->real) - (boot - rl->boot);
	int64_t boot_by = (boot - rl->boot) - (mono - rl->mono);

	rl->real = real;
	rl->boot = boot;
	rl->mono = mono;
	if (llabs(real_by) < JUMP_MIN)
		real_by = 0;
	if (llabs(boot_by) < JUMP_MIN)
		boot_by = 0;
	if (real_by == 0 && boot_by == 0)
		return;
	if (boot_by != 0)
		log_info("the machine slept for %lld s", whole(boot_by));
	if (real_by != 0)
		log_notice(
		    "the wall clock was moved by %+lld s", whole(real_by));
	for (struct jump *j = rl->jumps; j != NULL; j = j->next)
		j->fn(real_by, boot_by, j->arg);
}

static void
on_tick(struct real_loop *rl, int c)
{
	uint64_t n;

	/*
	 * 8 bytes; nothing (a step backwards); EAGAIN; ECANCELED (the wall
	 * clock was set): whatever it says, both clocks are asked.
	 */
	if (read(rl->fd[c], &n, sizeof(n)) < 0 && errno != EAGAIN &&
	    errno != ECANCELED && errno != EINTR)
		log_warning("timer: %s", strerror(errno));
	rl->armed[c] = -1;
	look_for_jump(rl);
	collect(rl);
}

static void
on_real(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_real);
	(void)fd;
	(void)what;
	on_tick(arg, REAL);
}

static void
on_boot(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_boot);
	(void)fd;
	(void)what;
	on_tick(arg, BOOT);
}

/* ---- libevent -------------------------------------------------------------------- */
static void
libevent_log(int severity, const char *msg)
{
	static const int priority[] = { LOG_DEBUG, LOG_DEBUG, LOG_WARNING,
		LOG_ERR };

	log_at(severity >= 0 && severity < (int)ARRAY_SIZE(priority) ?
		priority[severity] :
		LOG_WARNING,
	    "libevent: %s", msg);
}

static void
libevent_fatal(int error)
{
	log_err("libevent gave up (error %d)", error);
	abort();
}

static void *
libevent_malloc(size_t size)
{
	return xmalloc(size);
}

static void *
libevent_realloc(void *p, size_t size)
{
	return xrealloc(p, size);
}

static struct event_base *
base_new(void)
{
	struct event_config *cfg;
	struct event_base *base;

	/* Before libevent's first allocation, so once is enough. */
	event_set_mem_functions(libevent_malloc, libevent_realloc, xfree);
	event_set_log_callback(libevent_log);
	event_set_fatal_callback(libevent_fatal);
	cfg = event_config_new();
	event_config_set_flag(
	    cfg, EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base;
}

struct loop *
loop_new(void)
{
	struct real_loop *rl = xcalloc(1, sizeof(*rl));
	static const clockid_t clocks[] = {
		[REAL] = CLOCK_REALTIME, [BOOT] = CLOCK_BOOTTIME
	};
	static const event_callback_fn ticks[] = {
		[REAL] = on_real, [BOOT] = on_boot
	};

	rl->loop.ops = &real_ops;
	rl->loop.clk = &clk_system;
	rl->loop.meter = loop_meter();
	TAILQ_INIT(&rl->ready);
	TAILQ_INIT(&rl->firing);
	rl->fd[REAL] = rl->fd[BOOT] = -1;
	rl->real = clk_real(rl->loop.clk);
	rl->boot = clk_boot(rl->loop.clk);
	rl->mono = mono_now();
	rl->base = base_new();
	if (rl->base == NULL)
		goto fail;
	rl->turn = evtimer_new(rl->base, run_ready, rl);
	for (int c = 0; c < CLOCKS; c++) {
		rl->armed[c] = -1;
		rl->fd[c] =
		    timerfd_create(clocks[c], TFD_NONBLOCK | TFD_CLOEXEC);
		if (rl->fd[c] < 0)
			goto fail;
		rl->tick[c] = event_new(
		    rl->base, rl->fd[c], EV_READ | EV_PERSIST, ticks[c], rl);
		if (rl->tick[c] == NULL || event_add(rl->tick[c], NULL) != 0)
			goto fail;
	}
	arm_all(rl);
	return &rl->loop;
fail:
	loop_free(&rl->loop);
	return NULL;
}

void
loop_free(struct loop *loop)
{
	struct real_loop *rl = (struct real_loop *)loop;

	if (rl == NULL)
		return;
	for (int c = 0; c < CLOCKS; c++) {
		if (rl->tick[c] != NULL)
			event_free(rl->tick[c]);
		closep(&rl->fd[c]);
		xfree(rl->heap[c].v);
	}
	if (rl->turn != NULL)
		event_free(rl->turn);
	if (rl->base != NULL)
		event_base_free(rl->base);
	while (rl->jumps != NULL) {
		struct jump *j = rl->jumps;

		rl->jumps = j->next;
		xfree(j);
	}
	xfree(rl);
}

struct event_base *
loop_base(struct loop *loop)
{
	return ((struct real_loop *)loop)->base;
}

int
loop_watch(struct event *ev)
{
	errno = 0;
	if (ev != NULL && event_add(ev, NULL) == 0)
		return 0;
	return errno != 0 ? -errno : -ENOMEM;
}

void
loop_must_watch(struct event *ev)
{
	int r = loop_watch(ev);

	if (r == 0)
		return;
	log_at(LOG_CRIT,
	    "the kernel does not watch one more descriptor (%s): the "
	    "agent ends; see fs.epoll.max_user_watches in sysctl(8)",
	    strerror(-r));
	abort();
}

void
loop_on_jump(struct loop *loop, jump_fn *fn, void *arg)
{
	struct real_loop *rl = (struct real_loop *)loop;
	struct jump *j = xcalloc(1, sizeof(*j)), **tail = &rl->jumps;

	j->fn = fn;
	j->arg = arg;
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = j;
}

int
loop_run(struct loop *loop)
{
	struct real_loop *rl = (struct real_loop *)loop;

	/* One turn at a time; the timerfds keep the base busy. */
	do {
		if (event_base_loop(rl->base, EVLOOP_ONCE) < 0)
			return -EIO;
		loop_turn_over();
	} while (!event_base_got_break(rl->base));
	return 0;
}

void
loop_stop(struct loop *loop)
{
	event_base_loopbreak(((struct real_loop *)loop)->base);
}
