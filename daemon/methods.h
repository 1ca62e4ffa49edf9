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

/* Takes reply; last ends the call. */
typedef void methods_reply_fn(
    uint64_t conn, json_t *reply, bool last, void *arg);

/* dir: where pages for a browser may be put for a while; may be NULL. */
struct methods *methods_new(
    struct manager *m, const char *dir, methods_reply_fn *reply, void *arg);
/* Drops what waits, unanswered.  After files_free. */
void methods_free(struct methods *ms);
void methods_call(struct methods *ms, uint64_t conn, const char *method,
    const json_t *parameters, bool more);
void methods_closed(struct methods *ms, uint64_t conn);

#endif
