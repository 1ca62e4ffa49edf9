/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New profiles for the roles of a survey: what they will be called, what will
 * be written, and how that looks as a change to ~/.aws/config.
 *
 * A plan is made twice, once to be shown and once to be written; its digest
 * tells that both say the same.  Profiles that exist are never changed.
 */
#ifndef AWSFED_CONFIGURE_H
#define AWSFED_CONFIGURE_H

#include <stdbool.h>

#include <jansson.h>

struct configure_plan;
struct fault;
struct manager;
struct survey;

struct configure_request {
	const json_t *picks;  /* places in the survey's roles; NULL: all */
	const char *template; /* NULL: the default */
	const char *region;   /* NULL: none is written */
	bool read_only_twins;
};

/* The plan, or NULL with *fault. */
struct configure_plan *configure_plan(struct manager *m,
    const struct survey *survey, const struct configure_request *req,
    struct fault *fault);
struct configure_plan *configure_plan_free(struct configure_plan *p);
const char *configure_digest(const struct configure_plan *p);
/* {"path","profiles","new","digest","diff"} of docs/PROTOCOL.md. */
json_t *configure_json(const struct configure_plan *p);

typedef void configure_done_fn(
    const struct fault *fault, bool written, void *arg);
/*
 * Writes it, and has the configuration read anew.  done() comes from the loop;
 * p must live until then, or until the writer is gone.
 */
void configure_write(struct manager *m, struct configure_plan *p,
    configure_done_fn *done, void *arg);

/*
 * A unified diff of two texts, as one hunk; "" when they are equal.  Values
 * that look secret are left out, bytes that cannot be shown become "?".
 * configure-diff.c.
 */
char *configure_diff(const char *path, const char *before, const char *after);

#endif
