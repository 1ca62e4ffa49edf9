/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chained sessions: those that are assumed from another session's live keys,
 * over any number of hops.  The chain owns their `assume` jobs, a few at a
 * time.  A chained session needs only its parent's live credentials, also
 * after the sign-in has ended; without them it waits for its parent, and what
 * becomes of the parent decides what becomes of it.
 */
#ifndef AWSFED_CHAIN_H
#define AWSFED_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "session.h"

#define CHAIN_JOBS_MAX 4 /* at a time; others wait their turn */

struct chain;
struct fault;
struct manager;

struct chain *chain_new(struct manager *m);
void chain_free(struct chain *c); /* cancels what runs */
/* session_ops.want of a chained session. */
enum session_want chain_want(
    struct chain *c, struct session *s, bool attended, struct fault *fault);
/*
 * A session of any kind changed; keys: it has ones that it had not.  What hangs
 * below it is looked at on the loop's next turn.
 */
void chain_changed(struct chain *c, struct session *s, bool keys);
/* Ends its job unheard: before a session is freed, and at logout. */
void chain_drop(struct chain *c, struct session *s);
/* Ends all its jobs unheard. */
void chain_stop(struct chain *c);
size_t chain_running(const struct chain *c);
/* For tests: will a waiting session be called, by its job or its source? */
bool chain_comes(const struct chain *c, const struct session *s);

#endif
