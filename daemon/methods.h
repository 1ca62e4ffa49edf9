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

struct buf;
struct fault;
struct manager;
struct approvals;
struct methods;
struct peer;

/* Takes reply; last ends the call. */
typedef void methods_reply_fn(
    uint64_t conn, json_t *reply, bool last, void *arg);

/* Who is at the other end?  0, or a negative errno; see peer_read(). */
typedef int methods_peer_fn(uint64_t conn, struct peer *ret, void *arg);

/* dir: where pages for a browser may be put for a while; may be NULL. */
struct methods *methods_new(
    struct manager *m, const char *dir, methods_reply_fn *reply, void *arg);
void methods_set_peer(struct methods *ms, methods_peer_fn *peer);
/*
 * Who offers the container endpoint; until then there is none.  0, or -1 with
 * *fault; *ret_url and *ret_file (of the token) are xalloc.
 */
typedef int methods_offer_fn(const char *profile, char **ret_url,
    char **ret_file, struct fault *fault, void *arg);
void methods_set_endpoint(
    struct methods *ms, methods_offer_fn *offer, void *arg);
/*
 * What ends the agent, soon after the reply has gone; not set for one that a
 * service manager looks after.
 */
typedef void methods_stop_fn(void *arg);
void methods_set_stop(struct methods *ms, methods_stop_fn *stop, void *arg);
/* Drops what waits, unanswered.  After files_free. */
/* The requests for keys of protected profiles; borrowed. */
struct approvals *methods_requests(struct methods *ms);
void methods_free(struct methods *ms);
void methods_call(struct methods *ms, uint64_t conn, const char *method,
    const json_t *parameters, bool more);
/*
 * Answers a call that needs nothing but what is held, as text: *ret is then the
 * whole reply with its NUL.  false: nothing was done, and methods_call() is to
 * be asked.  text is the message without its NUL.
 */
bool methods_quick(
    struct methods *ms, const char *text, size_t len, struct buf *ret);
void methods_closed(struct methods *ms, uint64_t conn);

#endif
