/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests for the keys of protected profiles, each confirmed by a person: a
 * question (prompt.h) with the asking program in it.  Whoever can put it to a
 * person (a client that watches, later a notification) listens; the first
 * answer wins, and nobody's is no.
 */
#ifndef AWSFED_APPROVE_H
#define AWSFED_APPROVE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct approvals;
struct fault;
struct loop;
struct peer;
struct prompts;

#define APPROVAL_TIME 30 /* seconds a program waits for somebody */

/* fault is set when it was not allowed.  Called once, unless cancelled. */
typedef void approval_fn(const struct fault *fault, void *arg);
/* A request came (how NULL), or is over: allowed, denied, lapsed, cancelled. */
typedef void approval_news_fn(
    const json_t *request, const char *how, void *arg);

struct approvals *approvals_new(struct prompts *prompts, struct loop *loop);
void approvals_free(struct approvals *a); /* calls nobody */
/* Can the listener put a request to a person now? */
typedef bool approval_there_fn(void *arg);
/* Several may listen; each hears of all, and for ever. */
void approvals_listen(struct approvals *a, approval_news_fn *fn,
    approval_there_fn *there, void *arg);
void approvals_hush(struct approvals *a); /* nobody is told any more */
/* Is any listener there, but the one with this arg (NULL: any)? */
bool approvals_heard(const struct approvals *a, const void *but);

/*
 * Puts the question; peer and purpose (what the program says it is for) may be
 * NULL; attended: whoever asks puts the question to its own person.  The id is
 * borrowed until the call back or the cancel.
 */
const char *approvals_ask(struct approvals *a, const char *profile,
    const struct peer *peer, const char *purpose, bool attended,
    int64_t seconds, approval_fn *fn, void *arg);
void approvals_cancel(struct approvals *a, const char *id); /* unknown: no-op */
/* 0, or -ENOENT: there is none by that id (any more). */
int approvals_answer(struct approvals *a, const char *id, bool allow);
/* The "question" of a step, to put to the asking person; NULL: unknown. */
json_t *approvals_question(struct approvals *a, const char *id);
/* What is open, oldest first; a new reference. */
json_t *approvals_list(const struct approvals *a);

#endif
