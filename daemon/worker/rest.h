/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that may be used once more for a request that must not be sent
 * twice.  The server may be about to close any of them: such a request takes
 * one that has rested for a short time only, with nothing to be read from it,
 * and a new one otherwise.
 */
#ifndef AWSFED_WORKER_REST_H
#define AWSFED_WORKER_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REST_FDS 8

struct rest {
	int64_t seconds; /* how long one may have rested */
	int fds[REST_FDS];
	size_t nfds; /* more than REST_FDS: not all are known */
};

void rest_init(struct rest *r);
/* A connection is made, one is about to be closed. */
void rest_opened(struct rest *r, int fd);
void rest_closed(struct rest *r, int fd);
/* What a reply's Keep-Alive header says; NULL: it has none. */
void rest_learn(struct rest *r, const char *keep_alive);
/* Is every connection there at rest? */
bool rest_usable(const struct rest *r);

#endif
