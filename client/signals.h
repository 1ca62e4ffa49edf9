/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals during a conversation.  After signals_hold() the signals that would
 * end or stop the program are held back and let in only inside signals_poll(),
 * so that no step is torn in two and the terminal is always put back.
 */
#ifndef CLIENT_SIGNALS_H
#define CLIENT_SIGNALS_H

#include <poll.h>
#include <stdbool.h>

/*
 * First of all: a reader that went away is told by write(2), not by a signal.
 */
void signals_start(void);
void signals_hold(void);
/* All as the program found it, for another one to be executed. */
void signals_restore(void);
/* The signal that came in last, 0 if none; forgets it. */
int signals_take(void);
int signals_peek(void); /* the same, without forgetting it */
/* Stops the program as Ctrl-Z asks; returns when it goes on. */
void signals_stop(void);
/*
 * For who has changed the screen: fn is called before each such stop, and with
 * back when the program goes on.  NULL: none.
 */
void signals_around_stop(void (*fn)(bool back, void *arg), void *arg);
/*
 * poll(2) that is ended by a held signal: number of ready descriptors, 0 at
 * the timeout (milliseconds, -1 none), -EINTR with a signal to take, other
 * negative errno.
 */
int signals_poll(struct pollfd *fds, nfds_t n, int timeout);

#endif
