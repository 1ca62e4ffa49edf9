/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd-bus wants to be called when its descriptor is ready or its time is up;
 * descriptor, events and time may all change with each call, so all three are
 * asked for after each.  Its times are of CLOCK_MONOTONIC; a timer of ours that
 * comes too early (the other clocks jumped) only asks again.
 *
 * An address whose socket does not exist is waited for by inotify, which is the
 * usual state of a machine without a bus: on the socket's own directory, or the
 * one above while it is missing.  sd_bus_set_watch_bind() looks at all of them,
 * and then any file that anybody makes in /tmp or in / wakes the agent.  What
 * cannot be waited for in peace is looked for when somebody calls (bus_look).
 */
#include "bus.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <systemd/sd-bus.h>

#include "awsfed/clock.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "loop.h"
#include "watch.h"

#define TIMER(b) ((b)->loop->ops)
#define TURN_MAX 64	       /* messages, before others get their say */
#define RETRY_MIN (1 * USEC)   /* doubled after each failure */
#define RETRY_MAX (300 * USEC) /* to this */
#define STEADY (60 * USEC)     /* up for so long: failures are forgotten */
#define LOOK_PAUSE (1 * USEC)  /* a directory is looked for no more often */
#define SYSTEM_ADDRESS "unix:path=/run/dbus/system_bus_socket"

struct watcher {
	bus_state_fn *fn;
	void *arg;
	bool told; /* that it is there */
	struct watcher *next;
};

struct bus {
	struct loop *loop;
	enum bus_kind kind;
	sd_bus *sd;
	bool there; /* it has greeted us */
	bool pumping;
	bool hopeless;	     /* there is no address to try */
	bool astray;	     /* nor a directory that its socket could be in */
	int64_t looked;	     /* boot clock: for that directory */
	struct watch *watch; /* for the socket */
	int64_t up_boot;     /* since when it is there */
	int64_t retry;	     /* the next wait; 0: first try */
	struct timer *timer;
	struct event *ready;
	struct watcher *watchers;
};

static const char *
name(const struct bus *b)
{
	return b->kind == BUS_SYSTEM ? "system" : "session";
}

/* ---- the address ------------------------------------------------------------ */

/* Sockets of this machine only, separated by ";". */
static bool
all_unix(const char *address)
{
	for (const char *p = address;;) {
		if (!str_starts(p, "unix:"))
			return false;
		p = strchr(p, ';');
		if (p == NULL || p[1] == '\0')
			return true;
		p++;
	}
}

/* What libdbus and sd-bus do too; xalloc, or NULL. */
static char *
address_of(const struct bus *b)
{
	const char *env =
	    getenv(b->kind == BUS_SYSTEM ? "DBUS_SYSTEM_BUS_ADDRESS" :
					   "DBUS_SESSION_BUS_ADDRESS");
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (env != NULL && env[0] != '\0')
		return all_unix(env) ? xstrdup(env) : NULL;
	if (b->kind == BUS_SYSTEM)
		return xstrdup(SYSTEM_ADDRESS);
	if (runtime == NULL || runtime[0] != '/' ||
	    strpbrk(runtime, ",;%\\*= ") != NULL)
		return NULL; /* what would need escapes is not XDG's */
	return xasprintf("unix:path=%s/bus", runtime);
}

/* The one socket of an address, xalloc; NULL: of another or a harder form. */
static char *
socket_of(const char *address)
{
	static const char form[] = "unix:path=/";

	if (!str_starts(address, form) || strpbrk(address, ",;%") != NULL)
		return NULL;
	return xstrdup(address + sizeof(form) - 2);
}

/* ---- telling ------------------------------------------------------------------ */

static void
announce(struct bus *b)
{
	for (struct watcher *w = b->watchers; w != NULL; w = w->next) {
		if (w->told == b->there)
			continue;
		w->told = b->there;
		w->fn(b->there, w->arg);
	}
}

/* ---- up and down ---------------------------------------------------------------- */

static void
unready(struct bus *b)
{
	if (b->ready != NULL)
		event_free(b->ready);
	b->ready = NULL;
}

/* It has gone, or never came: tries again later. */
static void
drop(struct bus *b, int error)
{
	const struct clk *clk = b->loop->clk;

	unready(b);
	if (b->there) {
		log_info("the %s bus has gone: %s", name(b), strerror(error));
		if (clk_boot(clk) - b->up_boot > STEADY)
			b->retry = 0;
	} else {
		log_debug("the %s bus: %s", name(b), strerror(error));
	}
	b->there = false;
	announce(b);
	b->sd = sd_bus_close_unref(b->sd);
	b->retry = b->retry == 0 ? RETRY_MIN : b->retry * 2;
	if (b->retry > RETRY_MAX)
		b->retry = RETRY_MAX;
	TIMER(b)->timer_set(b->timer, deadline_in(clk, b->retry));
}

static void
on_bind(void *arg)
{
	struct bus *b = arg;

	if (b->sd == NULL)
		TIMER(b)->timer_set(b->timer, (struct deadline){ 0, 0 });
}

/*
 * Can the socket be waited for here?  Where everybody may make files nobody is
 * woken for each of them.
 */
static bool
quiet(char *path)
{
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(path, '/');
		struct stat st;

		if (slash == NULL || slash == path)
			return false;
		*slash = '\0';
		if (stat(path, &st) == 0)
			return up == 0 || !(st.st_mode & S_IWOTH);
	}
	return false;
}

/* True: the socket is not there, and is waited for. */
static bool
wait_for(struct bus *b, const char *path)
{
	_cleanup_free_ char *near = xstrdup(path);

	b->astray = access(path, F_OK) != 0 && errno == ENOENT && !quiet(near);
	if (b->astray) {
		b->looked = clk_boot(b->loop->clk);
	} else if (access(path, F_OK) != 0 && errno == ENOENT) {
		if (b->watch != NULL)
			return true;
		log_debug("the %s bus: waiting for %s", name(b), path);
		b->watch = watch_new(b->loop, path, on_bind, b);
		if (!watch_works(b->watch)) {
			/* Looked for when somebody asks. */
			watch_free(b->watch);
			b->watch = NULL;
			b->astray = true;
			b->looked = clk_boot(b->loop->clk);
		}
		/* It may have come before the watch. */
		if (access(path, F_OK) == 0)
			on_bind(b);
		return true;
	}
	watch_free(b->watch);
	b->watch = NULL;
	return b->astray;
}

static int
start(sd_bus *sd, const char *address, bool wait)
{
	int r;

	if ((r = sd_bus_set_address(sd, address)) < 0 ||
	    (r = sd_bus_set_bus_client(sd, true)) < 0 ||
	    (r = sd_bus_set_watch_bind(sd, wait)) < 0 ||
	    (r = sd_bus_negotiate_fds(sd, true)) < 0 ||
	    (r = sd_bus_set_method_call_timeout(sd, BUS_CALL_TIME)) < 0)
		return r;
	return sd_bus_start(sd);
}

static void
open_it(struct bus *b)
{
	_cleanup_free_ char *address = address_of(b), *path = NULL;
	int r;

	if (address == NULL) {
		log_debug("there is no address of a %s bus", name(b));
		b->hopeless = true;
		return;
	}
	path = socket_of(address);
	if (path != NULL && wait_for(b, path))
		return;
	r = sd_bus_new(&b->sd);
	if (r >= 0)
		r = start(b->sd, address, path == NULL);
	if (r < 0)
		drop(b, -r);
}

/* ---- the pump --------------------------------------------------------------------- */

static void on_ready(evutil_socket_t fd, short what, void *arg);

static int64_t
mono_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * USEC + ts.tv_nsec / 1000;
}

/* Waits for whatever sd-bus waits for now.  0 or negative errno. */
static int
rearm(struct bus *b)
{
	int fd = sd_bus_get_fd(b->sd), events = sd_bus_get_events(b->sd), r;
	uint64_t until = UINT64_MAX;
	short what = EV_PERSIST;
	int64_t wait;

	if (fd < 0 || events < 0)
		return fd < 0 ? fd : events;
	what |= events & POLLIN ? EV_READ : 0;
	what |= events & POLLOUT ? EV_WRITE : 0;
	b->ready = event_new(loop_base(b->loop), fd, what, on_ready, b);
	if (b->ready == NULL || event_add(b->ready, NULL) != 0)
		return -EIO;
	r = sd_bus_get_timeout(b->sd, &until);
	if (r < 0)
		return r;
	if (until == UINT64_MAX) {
		TIMER(b)->timer_stop(b->timer);
		return 0;
	}
	wait = (int64_t)until - mono_now();
	TIMER(b)->timer_set(b->timer,
	    until == 0 || wait <= 0 ? (struct deadline){ 0, 0 } :
				      deadline_in(b->loop->clk, wait + MSEC));
	return 0;
}

static void
pump(struct bus *b)
{
	int r = 0, n;

	/* First: sd-bus may close the descriptor, and get its number anew. */
	unready(b);
	b->pumping = true;
	for (n = 0; n < TURN_MAX; n++) {
		r = sd_bus_process(b->sd, NULL);
		if (r <= 0)
			break;
	}
	b->pumping = false;
	if (r >= 0 && !b->there && sd_bus_is_ready(b->sd) > 0) {
		log_debug("the %s bus is there", name(b));
		b->there = true;
		b->up_boot = clk_boot(b->loop->clk);
		announce(b);
	}
	if (r >= 0)
		r = rearm(b);
	if (r < 0)
		drop(b, -r);
	else if (n == TURN_MAX)
		TIMER(b)->timer_set(b->timer, (struct deadline){ 0, 0 });
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_ready);
	(void)fd;
	(void)what;
	pump(arg);
}

/* The time of a call, the end of a back-off, or something to say. */
static void
on_timer(void *arg)
{
	struct bus *b = arg;

	if (b->sd == NULL && !b->hopeless)
		open_it(b);
	if (b->sd != NULL)
		pump(b);
	announce(b);
}

/* ---- the rest of the world ---------------------------------------------------------- */

struct bus *
bus_new(struct loop *loop, enum bus_kind kind)
{
	struct bus *b = xcalloc(1, sizeof(*b));

	b->loop = loop;
	b->kind = kind;
	b->timer = timer_new(loop, on_timer, b);
	return b;
}

void
bus_free(struct bus *b)
{
	if (b == NULL)
		return;
	unready(b);
	watch_free(b->watch);
	TIMER(b)->timer_free(b->timer);
	sd_bus_close_unref(b->sd);
	while (b->watchers != NULL) {
		struct watcher *w = b->watchers;

		b->watchers = w->next;
		xfree(w);
	}
	xfree(b);
}

struct sd_bus *
bus_sd(struct bus *b)
{
	return b->there ? b->sd : NULL;
}

void
bus_watch(struct bus *b, bus_state_fn *fn, void *arg)
{
	struct watcher *w = xcalloc(1, sizeof(*w)), **tail = &b->watchers;

	w->fn = fn;
	w->arg = arg;
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = w;
	/* A back-off goes on; else something is to be told, or opened. */
	if (b->sd != NULL || b->retry == 0)
		TIMER(b)->timer_set(b->timer, (struct deadline){ 0, 0 });
}

void
bus_look(struct bus *b)
{
	if (b->astray && clk_boot(b->loop->clk) - b->looked > LOOK_PAUSE)
		on_bind(b);
}

void
bus_pump(struct bus *b)
{
	/* In a callback of the bus: the pump that calls it goes on. */
	if (b->sd != NULL && !b->pumping)
		TIMER(b)->timer_set(b->timer, (struct deadline){ 0, 0 });
}
