/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "loop.h"

#define COALESCE (250 * MSEC)
#define HOPS_MAX 10 /* symbolic links, as many as the writer follows and more */
#define EVENTS \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | \
	    IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | \
	    IN_ONLYDIR)

/* Of a directory above: the next one comes or goes, nothing else. */
#define EVENTS_ABOVE \
	(IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

/* A name in a directory that matters. */
struct spot {
	int wd;
	char *name;
};

struct watch {
	struct loop *loop;
	char *path;
	watch_fn *fn;
	void *arg;
	int fd; /* -1: no inotify */
	struct event *ev;
	struct timer *timer;
	struct spot spots[HOPS_MAX];
	size_t n;
};

static void
forget_spots(struct watch *w)
{
	for (size_t i = 0; i < w->n; i++)
		xfree(w->spots[i].name);
	w->n = 0;
}

/*
 * Watches the directory of this path, or the nearest one above it that exists;
 * there the name of the next component is what is waited for.
 */
static void
add_spot(struct watch *w, const char *path)
{
	_cleanup_free_ char *dir = xstrdup(path);
	uint32_t events = EVENTS;
	char *slash;

	while ((slash = strrchr(dir, '/')) != NULL && w->n < HOPS_MAX) {
		const char *name = slash + 1;
		int wd;

		if (slash == dir) {
			wd =
			    inotify_add_watch(w->fd, "/", events | IN_MASK_ADD);
		} else {
			*slash = '\0';
			wd =
			    inotify_add_watch(w->fd, dir, events | IN_MASK_ADD);
		}
		if (wd >= 0) {
			w->spots[w->n].wd = wd;
			w->spots[w->n++].name = xstrdup(name);
			return;
		}
		if ((errno != ENOENT && errno != ENOTDIR) || slash == dir) {
			log_debug(
			    "%s cannot be watched: %s", dir, strerror(errno));
			return;
		}
		events = EVENTS_ABOVE;
	}
}

/* Where the link leads, or NULL when path is none.  xalloc. */
static char *
link_target(const char *path)
{
	char text[PATH_MAX];
	ssize_t n = readlink(path, text, sizeof(text) - 1);
	const char *slash = strrchr(path, '/');

	if (n <= 0)
		return NULL;
	text[n] = '\0';
	if (text[0] == '/')
		return xstrdup(text);
	return xasprintf("%.*s/%s", (int)(slash - path), path, text);
}

/* Adds what is new and drops what is not needed any more. */
static void
arm(struct watch *w)
{
	int old[HOPS_MAX];
	size_t nold = w->n;
	char *path = xstrdup(w->path);

	for (size_t i = 0; i < nold; i++)
		old[i] = w->spots[i].wd;
	forget_spots(w);
	/* Also where nothing can be watched, links may go in a circle. */
	for (int hop = 0; path != NULL && hop < HOPS_MAX; hop++) {
		char *next = link_target(path);

		add_spot(w, path);
		xfree(path);
		path = next;
	}
	xfree(path);
	for (size_t i = 0; i < nold; i++) {
		bool used = false;

		for (size_t k = 0; k < w->n; k++)
			used |= w->spots[k].wd == old[i];
		for (size_t k = 0; k < i; k++)
			used |= old[k] == old[i]; /* dropped already */
		if (!used)
			(void)inotify_rm_watch(w->fd, old[i]);
	}
}

static bool
matters(const struct watch *w, const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW)
		return true;
	for (size_t i = 0; i < w->n; i++) {
		if (w->spots[i].wd != e->wd)
			continue;
		/* The directory itself has gone, or its watch. */
		if (e->len == 0 || str_eq(e->name, w->spots[i].name))
			return true;
	}
	return false;
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_event);
	char data[4096]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	struct watch *w = arg;
	bool any = false;
	ssize_t n;

	(void)what;
	while ((n = read(fd, data, sizeof(data))) > 0) {
		for (char *p = data; p < data + n;) {
			const struct inotify_event *e = (const void *)p;

			any |= matters(w, e);
			p += sizeof(*e) + e->len;
		}
	}
	if (!any)
		return;
	arm(w);
	/* From the first one on: a busy file is told of, too. */
	if (!w->loop->ops->timer_armed(w->timer))
		w->loop->ops->timer_set(
		    w->timer, deadline_in(w->loop->clk, COALESCE));
}

static void
on_timer(void *arg)
{
	struct watch *w = arg;

	/* What came to be between two looks is watched from now on. */
	arm(w);
	w->fn(w->arg);
}

struct watch *
watch_new(struct loop *loop, const char *path, watch_fn *fn, void *arg)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	int r;

	w->loop = loop;
	w->path = xstrdup(path);
	w->fn = fn;
	w->arg = arg;
	w->timer = timer_new(loop, on_timer, w);
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r = w->fd < 0 ? -errno : 0;
	if (r == 0) {
		w->ev = event_new(
		    loop_base(loop), w->fd, EV_READ | EV_PERSIST, on_event, w);
		r = loop_watch(w->ev);
	}
	if (r == 0) {
		arm(w);
		return w;
	}
	log_warning("%s cannot be watched (%s); it is looked at when somebody "
		    "asks",
	    path, strerror(-r));
	if (w->ev != NULL)
		event_free(w->ev);
	w->ev = NULL;
	closep(&w->fd);
	return w;
}

bool
watch_works(const struct watch *w)
{
	return w->fd >= 0 && w->n > 0;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	if (w->ev != NULL)
		event_free(w->ev);
	if (w->fd >= 0)
		close(w->fd);
	forget_spots(w);
	w->loop->ops->timer_free(w->timer);
	xfree(w->path);
	xfree(w);
}
