/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the container endpoint: container.c listens and offers, in
 * container-conn.c are those who come. */
#ifndef AWSFED_CONTAINER_INT_H
#define AWSFED_CONTAINER_INT_H

#include <stdint.h>

#include "container.h"

#define NO_FD_PAUSE (200 * MSEC) /* accept again after EMFILE */

struct conns;
struct event;

struct container {
	struct manager *manager;
	struct container_tokens *tokens;
	uint16_t port; /* 0: nobody listens */
	int listen_fd;
	struct event *ev_listen;
	struct timer *pause; /* accept again */
	int reserve;	     /* a descriptor for bad times */
	int64_t told;	     /* boot clock: when the log heard of a refusal */
	struct conns *conns; /* NULL until somebody listens */
};

struct conns *conns_new(struct container *k);
void conns_close(struct conns *all);
/* Somebody is at the door. */
void container_accept(struct container *k);
/* There may be a place again. */
void container_listen_again(struct container *k);

#endif
