/* SPDX-License-Identifier: Apache-2.0 */
#include "rest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * Many servers wait for minutes, but a proxy before one may have its own mind;
 * one that waits for less (Apache: 5 s) says so.
 */
#define SECONDS 10
#define MARGIN 2

void
rest_init(struct rest *r)
{
	*r = (struct rest){ .seconds = SECONDS };
}

void
rest_opened(struct rest *r, int fd)
{
	if (r->nfds < REST_FDS)
		r->fds[r->nfds] = fd;
	r->nfds++;
}

void
rest_closed(struct rest *r, int fd)
{
	for (size_t i = 0; i < r->nfds && r->nfds <= REST_FDS; i++)
		if (r->fds[i] == fd) {
			r->fds[i] = r->fds[--r->nfds];
			return;
		}
}

void
rest_learn(struct rest *r, const char *keep_alive)
{
	const char *at =
	    keep_alive == NULL ? NULL : strcasestr(keep_alive, "timeout=");
	long seconds;

	if (at == NULL)
		return;
	seconds = strtol(at + strlen("timeout="), NULL, 10);
	if (seconds < r->seconds + MARGIN)
		r->seconds = seconds < MARGIN ? 0 : seconds - MARGIN;
}

/* libcurl 7.88 takes one with TLS's word that it ends for alive. */
bool
rest_usable(const struct rest *r)
{
	char byte;

	if (r->nfds > REST_FDS || r->seconds == 0)
		return false;
	for (size_t i = 0; i < r->nfds; i++)
		if (recv(r->fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
		    errno != EAGAIN)
			return false;
	return true;
}
