/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel tells everybody when a link, an address or a route changes
 * (rtnetlink(7)).  What changed does not matter here: that something did is
 * reason enough to try again, and a lost message (ENOBUFS) says just that.
 *
 * Changes come in flocks, a DHCP lease alone is a dozen: the first one is told
 * 3 s later, with all that came meanwhile.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <event2/event.h>

#include "awsfed/clock.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/xalloc.h"

#include "loop.h"
#include "manager.h"
#include "wake-int.h"

#define DEBOUNCE (3 * USEC)
#define READS_MAX 256 /* of one turn */

struct netlink {
	struct wake *wake;
	struct loop *loop;
	int fd; /* -1: not listening */
	struct event *readable;
	struct timer *flock;
	bool complained;
};

static void
deafen(struct netlink *n)
{
	if (n->readable != NULL)
		event_free(n->readable);
	n->readable = NULL;
	closep(&n->fd);
	n->fd = -1;
}

static void
on_flock(void *arg)
{
	struct netlink *n = arg;

	if (!manager_rests_for_network(wake_manager(n->wake))) {
		deafen(n);
		return;
	}
	manager_wake(wake_manager(n->wake), WAKE_NETWORK);
}

/* Reads all there is.  Did the kernel say something? */
static bool
drain(struct netlink *n)
{
	union {
		char bytes[8192];
		struct nlmsghdr align;
	} buf;
	bool changed = false;

	for (int i = 0; i < READS_MAX; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(n->fd, buf.bytes, sizeof(buf.bytes),
		    MSG_DONTWAIT, (struct sockaddr *)&from, &size);

		if (got < 0 && errno == ENOBUFS) {
			changed = true;
			continue;
		}
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (got <= 0) {
			log_debug("netlink: %s",
			    got < 0 ? strerror(errno) : "closed");
			deafen(n);
			return true;
		}
		/* Any process may write to us; only the kernel counts. */
		if (size == sizeof(from) && from.nl_pid == 0)
			changed = true;
	}
	return changed;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_readable);
	struct netlink *n = arg;

	(void)fd;
	(void)what;
	if (!drain(n))
		return;
	if (!n->loop->ops->timer_armed(n->flock))
		n->loop->ops->timer_set(
		    n->flock, deadline_in(n->loop->clk, DEBOUNCE));
}

static int
listen_to_kernel(struct netlink *n)
{
	struct sockaddr_nl us = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
		    RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
	};

	n->fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (n->fd < 0)
		return -errno;
	if (bind(n->fd, (struct sockaddr *)&us, sizeof(us)) != 0)
		return -errno;
	n->readable = event_new(
	    loop_base(n->loop), n->fd, EV_READ | EV_PERSIST, on_readable, n);
	if (n->readable == NULL || event_add(n->readable, NULL) != 0)
		return -EIO;
	return 0;
}

void
netlink_look(struct netlink *n)
{
	int r;

	if (n->fd >= 0 || !manager_rests_for_network(wake_manager(n->wake)))
		return;
	r = listen_to_kernel(n);
	if (r >= 0)
		return;
	deafen(n);
	if (!n->complained)
		log_info("changes of the network are not heard (%s); the agent "
			 "tries again by itself",
		    strerror(-r));
	n->complained = true;
}

struct netlink *
netlink_new(struct wake *w)
{
	struct netlink *n = xcalloc(1, sizeof(*n));

	n->wake = w;
	n->loop = manager_env(wake_manager(w))->loop;
	n->fd = -1;
	n->flock = timer_new(n->loop, on_flock, n);
	return n;
}

void
netlink_free(struct netlink *n)
{
	deafen(n);
	n->loop->ops->timer_free(n->flock);
	xfree(n);
}
