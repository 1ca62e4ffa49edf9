/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A preload that moves time for one process, while it runs.
 *
 *   LD_PRELOAD=warp.so WARP=/path/to/file program
 *
 * The file holds two int64_t in the machine's order: microseconds added to
 * CLOCK_REALTIME and to CLOCK_BOOTTIME.  It is mapped, so that all processes
 * that share it see a new time at the same moment.  CLOCK_MONOTONIC stays: both
 * offsets moved by three hours are a laptop that slept, the first alone is
 * somebody who set the clock.
 *
 * Armed timerfds follow within WATCH_NS.  A timer with TFD_TIMER_CANCEL_ON_SET
 * becomes readable when the wall clock is set and its next read(2) fails with
 * ECANCELED, as timerfd_create(2) has it; so does a timerfd_settime(2) that
 * comes first.  A relative timer on CLOCK_REALTIME does not care about steps,
 * as in the kernel.
 *
 * The thread that watches starts with the first such timer: a program without
 * timers (the worker, which confines itself before it may have a thread) gets
 * none.  Not moved: raw system calls, sleeps, pthread timeouts, file times.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX 1024
#define WATCH_NS 5000000L
#define NSEC 1000000000LL

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET (1 << 1)
#endif

ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);

struct offsets {
	int64_t real;
	int64_t boot;
};

struct timer {
	int clock;
	int flags;
	bool known;	      /* made by timerfd_create while we look */
	bool armed;	      /* follows an offset */
	bool on_set;	      /* wants to hear when the clock is set */
	bool cancelled;	      /* was set, and nobody has read it yet */
	struct itimerspec at; /* absolute, in moved time */
	struct offsets seen;  /* that it was armed with */
};

static const struct offsets nothing;
static const volatile struct offsets *offsets = &nothing;
static struct timer timers[FDS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool watching;
static int top; /* of the timers that were ever made */

static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_timerfd_create)(int, int);
static int (*real_timerfd_settime)(
    int, int, const struct itimerspec *, struct itimerspec *);
static ssize_t (*real_read)(int, void *, size_t);
static int (*real_close)(int);

static bool
is_real(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
	    clock == CLOCK_REALTIME_ALARM;
}

static bool
is_boot(int clock)
{
	return clock == CLOCK_BOOTTIME || clock == CLOCK_BOOTTIME_ALARM;
}

/* Nanoseconds by which a clock is moved now. */
static int64_t
offset(int clock)
{
	if (is_real(clock))
		return offsets->real * 1000;
	return is_boot(clock) ? offsets->boot * 1000 : 0;
}

static struct timespec
add(struct timespec t, int64_t ns)
{
	int64_t s = t.tv_sec + ns / NSEC;
	int64_t n = t.tv_nsec + ns % NSEC;

	if (n < 0) {
		n += NSEC;
		s--;
	} else if (n >= NSEC) {
		n -= NSEC;
		s++;
	}
	t.tv_sec = s;
	t.tv_nsec = n;
	return t;
}

static void
die(const char *what)
{
	fprintf(stderr, "warp: %s\n", what);
	abort();
}

static void *
next(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		die(name);
	return p;
}

static void
resolve(void)
{
	if (real_close != NULL)
		return;
	*(void **)&real_clock_gettime = next("clock_gettime");
	*(void **)&real_timerfd_create = next("timerfd_create");
	*(void **)&real_timerfd_settime = next("timerfd_settime");
	*(void **)&real_read = next("read");
	*(void **)&real_close = next("close");
}

/* A test that believes it moves time and does not is worse than none: die. */
__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("WARP");
	void *map;
	int fd;

	resolve();
	if (path == NULL)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("cannot open the file that WARP names");
	if (lseek(fd, 0, SEEK_END) < (off_t)sizeof(struct offsets))
		die("the file that WARP names is shorter than 16 bytes");
	map = mmap(NULL, sizeof(struct offsets), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("cannot map the file that WARP names");
	real_close(fd);
	offsets = map;
}

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int r;

	resolve();
	r = real_clock_gettime(clock, t);
	if (r == 0)
		*t = add(*t, offset(clock));
	return r;
}

time_t
time(time_t *ret)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &t);
	if (ret != NULL)
		*ret = t.tv_sec;
	return t.tv_sec;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec t = { 0 };

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	tv->tv_sec = t.tv_sec;
	tv->tv_usec = t.tv_nsec / 1000;
	return 0;
}

int
timespec_get(struct timespec *t, int base)
{
	if (base != TIME_UTC || clock_gettime(CLOCK_REALTIME, t) < 0)
		return 0;
	return base;
}

int
timerfd_create(int clock, int flags)
{
	int fd;

	resolve();
	fd = real_timerfd_create(clock, flags);
	if (fd >= 0 && fd < FDS_MAX) {
		pthread_mutex_lock(&lock);
		timers[fd] = (struct timer){ .clock = clock, .known = true };
		if (fd >= top)
			top = fd + 1;
		pthread_mutex_unlock(&lock);
	}
	return fd;
}

/* Hands the kernel a moved timer in its own time; `now` makes it fire. */
static int
arm(int fd, const struct timer *t, bool now, struct itimerspec *ret_old)
{
	struct itimerspec k = t->at;

	k.it_value = add(k.it_value, -offset(t->clock));
	if (now || k.it_value.tv_sec < 0 ||
	    (k.it_value.tv_sec == 0 && k.it_value.tv_nsec == 0)) {
		k.it_value.tv_sec = 0;
		k.it_value.tv_nsec = 1;
	}
	/* Real steps of the clock are left to the real thing. */
	return real_timerfd_settime(
	    fd, t->flags | TFD_TIMER_ABSTIME, &k, ret_old);
}

/*
 * Each timer knows the offsets that it was armed with: the watcher may have
 * slept through a move there and back, between which the timer was set.
 */
static void *
watch(void *arg)
{
	for (;;) {
		struct offsets now = { offsets->real, offsets->boot };
		struct timespec pause = { .tv_nsec = WATCH_NS };

		pthread_mutex_lock(&lock);
		for (int fd = 0; fd < top; fd++) {
			struct timer *t = &timers[fd];

			if (!(t->armed || t->on_set) ||
			    (now.real == t->seen.real &&
				now.boot == t->seen.boot))
				continue;
			if (t->on_set && now.real != t->seen.real)
				t->cancelled = true;
			t->seen = now;
			if (t->armed || t->cancelled)
				(void)arm(fd, t, t->cancelled, NULL);
		}
		pthread_mutex_unlock(&lock);
		(void)syscall(SYS_nanosleep, &pause, NULL);
	}
	return arg;
}

/* Called with the lock held. */
static void
start_watching(void)
{
	sigset_t all, old;
	pthread_t thread;

	if (watching || offsets == &nothing)
		return;
	/* Signals are the program's; none may land on our thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, NULL, watch, NULL) != 0)
		die("cannot start the watching thread");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_detach(thread);
	watching = true;
}

int
timerfd_settime(
    int fd, int flags, const struct itimerspec *new, struct itimerspec *ret_old)
{
	bool absolute = (flags & TFD_TIMER_ABSTIME) != 0;
	struct timer *t = &timers[fd >= 0 && fd < FDS_MAX ? fd : 0];
	bool late;
	int r;

	resolve();
	if (fd < 0 || fd >= FDS_MAX || !t->known)
		return real_timerfd_settime(fd, flags, new, ret_old);
	pthread_mutex_lock(&lock);
	start_watching();
	/* Before the clock is read: a move in between is then noticed. */
	t->seen = (struct offsets){ offsets->real, offsets->boot };
	t->flags = flags;
	t->at = *new;
	t->on_set = absolute && is_real(t->clock) &&
	    (flags & TFD_TIMER_CANCEL_ON_SET) != 0;
	late = t->cancelled && t->on_set;
	t->cancelled = false;
	t->armed = (new->it_value.tv_sec != 0 || new->it_value.tv_nsec != 0) &&
	    (is_boot(t->clock) || (is_real(t->clock) && absolute));
	if (!t->armed) {
		r = real_timerfd_settime(fd, flags, new, ret_old);
	} else {
		if (!absolute) {
			struct timespec now;

			(void)clock_gettime(t->clock, &now);
			t->at.it_value = add(now,
			    new->it_value.tv_sec *NSEC + new->it_value.tv_nsec);
		}
		r = arm(fd, t, false, ret_old);
	}
	pthread_mutex_unlock(&lock);
	if (r == 0 && late) {
		errno = ECANCELED;
		return -1;
	}
	return r;
}

/* The one ECANCELED of a clock that was set, or false. */
static bool
was_set(int fd)
{
	bool yes = false;

	if (fd < 0 || fd >= FDS_MAX || !timers[fd].cancelled)
		return false;
	pthread_mutex_lock(&lock);
	if (timers[fd].cancelled) {
		struct timer *t = &timers[fd];

		yes = true;
		t->cancelled = false;
		if (t->armed) {
			/* Setting it again also drops the made-up tick. */
			(void)arm(fd, t, false, NULL);
		} else {
			struct itimerspec off = { 0 };

			(void)real_timerfd_settime(fd, 0, &off, NULL);
		}
	}
	pthread_mutex_unlock(&lock);
	return yes;
}

ssize_t
read(int fd, void *buf, size_t len)
{
	resolve();
	if (was_set(fd)) {
		errno = ECANCELED;
		return -1;
	}
	return real_read(fd, buf, len);
}

/* What a fortified program calls instead of read. */
ssize_t
__read_chk(int fd, void *buf, size_t len, size_t size)
{
	if (len > size)
		die("buffer overflow in read");
	return read(fd, buf, len);
}

/* No lock: a child may come here between fork and exec. */
int
close(int fd)
{
	resolve();
	if (fd >= 0 && fd < FDS_MAX) {
		timers[fd].known = timers[fd].armed = false;
		timers[fd].on_set = timers[fd].cancelled = false;
	}
	return real_close(fd);
}
