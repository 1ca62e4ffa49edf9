/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <systemd/sd-daemon.h>
/* A line of this file says nothing about who logged. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "loop.h"

struct service {
	struct event *watchdog;
};

int
service_listen_fd(void)
{
	int n = sd_listen_fds(1);

	if (n < 0) {
		log_warning(
		    "cannot take the inherited sockets: %s", strerror(-n));
		return -1;
	}
	if (n == 0)
		return -1;
	if (n > 1) {
		log_warning("%d sockets were handed over where one is "
			    "expected: none is used",
		    n);
		return -1;
	}
	if (sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_STREAM, 1) <= 0) {
		log_warning("the socket handed over is not a listening Unix "
			    "stream socket: it is not used");
		return -1;
	}
	return SD_LISTEN_FDS_START;
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	sd_notify(0, "WATCHDOG=1");
}

struct service *
service_new(struct loop *loop)
{
	struct service *s = xcalloc(1, sizeof(*s));
	uint64_t us = 0;

	/*
	 * A timer of libevent's own: like the manager's it stands still in
	 * suspend.  It comes from the loop, so a stuck loop is noticed.
	 */
	if (sd_watchdog_enabled(0, &us) > 0 && us > 1) {
		struct timeval half = { (time_t)(us / 2 / 1000000),
			(suseconds_t)(us / 2 % 1000000) };

		s->watchdog =
		    event_new(loop_base(loop), -1, EV_PERSIST, on_watchdog, s);
		event_add(s->watchdog, &half);
	}
	return s;
}

void
service_free(struct service *s)
{
	if (s == NULL)
		return;
	if (s->watchdog != NULL)
		event_free(s->watchdog);
	xfree(s);
}

void
service_ready(struct service *s)
{
	(void)s;
	sd_notify(0, "READY=1");
}

void
service_stopping(struct service *s)
{
	(void)s;
	sd_notify(0, "STOPPING=1");
}

void
service_reloading(struct service *s)
{
	struct timespec ts;

	(void)s;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

void
service_status(struct service *s, const char *text)
{
	_cleanup_free_ char *clean = str_clean(text, 256);

	(void)s;
	sd_notifyf(0, "STATUS=%s", clean);
}

/* ---- the journal ------------------------------------------------------------- */
static char *journal_program;

static void
to_journal(int priority, const char *line, void *arg)
{
	(void)arg;
	sd_journal_send("PRIORITY=%d", priority, "SYSLOG_IDENTIFIER=%s",
	    journal_program, "MESSAGE=%s", line, NULL);
}

/* Is standard error the stream that $JOURNAL_STREAM speaks of? */
static bool
stderr_is_journal(void)
{
	const char *v = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return v != NULL && sscanf(v, "%llu:%llu", &dev, &ino) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
	    st.st_ino == ino;
}

void
service_log_init(const char *program, int max_priority)
{
	log_init(program, max_priority);
	if (!stderr_is_journal())
		return;
	xreplace(&journal_program, xstrdup(program));
	log_hook(to_journal, NULL);
}
