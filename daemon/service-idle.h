/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent that the service manager's socket started ends when it holds nothing
 * and nobody speaks to it; the socket stays, and starts it again.  No tick: one
 * timer, moved by what happens.
 */
#ifndef AWSFED_SERVICE_IDLE_H
#define AWSFED_SERVICE_IDLE_H

#include <stdbool.h>

struct idle;
struct manager;

struct idle_ops {
	bool (*busy)(void *arg); /* beside the manager: connections, ... */
	void (*end)(void *arg);
};

struct idle *idle_new(struct manager *m, const struct idle_ops *ops, void *arg);
void idle_free(struct idle *idle);
/* Something happened: a call, a connection's end. */
void idle_touch(struct idle *idle);

#endif
