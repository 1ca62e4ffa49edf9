/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <systemd/sd-daemon.h>

#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "loop.h"
#include "service-journal.h"

#define NAME_STATE "awsfed-state"

struct service {
	struct event *watchdog;
	service_sane_fn *sane;
	void *arg;
	bool insane; /* it was said */
	char *status;
};

/* ---- inherited descriptors -------------------------------------------------- */

static void
refuse(int fd, const char *name, const char *why)
{
	_cleanup_free_ char *clean = str_clean(name, 64);

	log_warning("a descriptor handed over as \"%s\" %s: it is not used",
	    clean, why);
	/* Were it in the store, the next of us would get it again. */
	sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", clean);
	close(fd);
}

static void
take_socket(int fd, const char *name, int *ret)
{
	if (*ret >= 0)
		refuse(fd, name, "comes after another socket");
	else if (sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) <= 0)
		refuse(fd, name, "is not a listening Unix stream socket");
	else
		*ret = fd;
}

/*
 * Sockets have the names that their unit gives them, or that of the unit; what
 * comes from the store has ours.
 */
static void
take(int fd, const char *name, struct service_fds *ret)
{
	if (!str_eq(name, NAME_STATE)) {
		take_socket(fd, name, &ret->control);
	} else if (ret->state >= 0) {
		refuse(fd, name, "is there twice");
	} else {
		ret->state = fd;
	}
}

struct service_fds
service_inherit(void)
{
	struct service_fds all = { -1, -1 };
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);

	if (n < 0)
		log_warning(
		    "cannot take the inherited descriptors: %s", strerror(-n));
	for (int i = 0; i < n; i++) {
		take(SD_LISTEN_FDS_START + i, names[i], &all);
		free(names[i]); /* of libsystemd */
	}
	free(names);
	return all;
}

bool
service_store(int fd)
{
	return sd_pid_notify_with_fds(0, 0,
		   "FDSTORE=1\nFDNAME=" NAME_STATE "\nFDPOLL=0", &fd, 1) > 0;
}

void
service_unstore(void)
{
	sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=" NAME_STATE);
}

/* ---- life -------------------------------------------------------------------- */

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_watchdog);
	struct service *s = arg;

	(void)fd;
	(void)what;
	if (s->sane == NULL || s->sane(s->arg)) {
		sd_notify(0, "WATCHDOG=1");
		return;
	}
	if (!s->insane)
		log_err("the agent contradicts itself; the service manager "
			"will start it anew");
	s->insane = true;
}

struct service *
service_new(struct loop *loop, service_sane_fn *sane, void *arg)
{
	struct service *s = xcalloc(1, sizeof(*s));
	uint64_t us = 0;

	s->sane = sane;
	s->arg = arg;
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
	xfree(s->status);
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

	if (s == NULL || str_eq(s->status, clean))
		return;
	sd_notifyf(0, "STATUS=%s", clean);
	xreplace(&s->status, STEAL(clean));
}

void
service_log_init(const char *program, int max_priority)
{
	static struct journal *journal;

	log_init(program, max_priority);
	if (!journal_is_stderr() || journal != NULL)
		return;
	journal = journal_new(JOURNAL_SOCKET, program, &clk_system);
	if (journal != NULL)
		log_hook(journal_line, journal);
}
