/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods of io.awsfed.Control (docs/PROTOCOL.md section 1): one function
 * each, in a table.  Calls come from the control socket by connection id, and
 * replies go back by it.
 */
#ifndef AWSFED_METHODS_H
#define AWSFED_METHODS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct manager;
struct methods;
struct peer;

/* Takes reply; last ends the call. */
typedef void methods_reply_fn(
    uint64_t conn, json_t *reply, bool last, void *arg);

/* Who is at the other end?  0, or a negative errno; see peer_read(). */
typedef int methods_peer_fn(uint64_t conn, struct peer *ret, void *arg);

struct methods *methods_new(
    struct manager *m, methods_reply_fn *reply, void *arg);
void methods_set_peer(struct methods *ms, methods_peer_fn *peer);
/* Drops what waits, unanswered.  After files_free. */
void methods_free(struct methods *ms);
void methods_call(struct methods *ms, uint64_t conn, const char *method,
    const json_t *parameters, bool more);
void methods_closed(struct methods *ms, uint64_t conn);

#endif
