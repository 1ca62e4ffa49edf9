/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line to the agent: tell it things, ask it questions and wait.
 *
 * Everything blocks.  When the agent is gone or speaks nonsense there is
 * nobody to report to: the process ends on the spot, and with it every copy of
 * a secret.  docs/PROTOCOL.md section 2 has the messages.
 */
#ifndef AWSFED_WORKER_CONDUIT_H
#define AWSFED_WORKER_CONDUIT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"

struct secret;

#define HUSHED_MAX 16

struct conduit {
	int fd;
	struct buf in;
	unsigned next_id;
	struct secret *hushed[HUSHED_MAX]; /* NULL: none */
	unsigned nhushed;
	bool typed; /* the last answer: a password, by a person */
};

struct question {
	const char *kind; /* Q_TEXT, Q_SECRET, … */
	const char *name; /* QN_USER, … */
	const char *label;
	int64_t deadline_s; /* 0: none */
	/* Q_CHOICE: an array of {"value","label"}; borrowed; else NULL. */
	const json_t *choices;
};

void conduit_init(struct conduit *c, int fd);
void conduit_done(struct conduit *c);

/*
 * From now on no text for people holds this secret, wherever it comes from: a
 * page may repeat what was typed: the password, codes, PINs.  The last
 * HUSHED_MAX of them.
 */
void conduit_hush(struct conduit *c, struct secret *secret /* stolen */);

/* The first message; 0, or -EBADMSG when it is not a job. */
int conduit_job(struct conduit *c, json_t **ret);
/* 0 with the answer, or -1 with the agent's fault. */
int conduit_ask(struct conduit *c, const struct question *q,
    struct secret **ret, struct fault *fault);
void conduit_tell(
    struct conduit *c, const char *kind, const char *text, int64_t seconds);
/*
 * The same of a push, call or message that was just sent to a person: the agent
 * counts them.
 */
void conduit_tell_push(
    struct conduit *c, const char *kind, const char *text, int64_t seconds);
/* A second factor's page was met: its AuthMethod, and who makes it. */
void conduit_factor(struct conduit *c, const char *method, const char *product);
/*
 * Gives the flight recorder a page's skeleton.  The file it is in, or NULL when
 * it was not kept.
 */
char *conduit_page(struct conduit *c, const char *skeleton);
/* May the password go?  tag: NULL when it comes with the outcome.  0, or -1 with the agent's fault. */
int conduit_attempt(
    struct conduit *c, const char *tag, const char *user, struct fault *fault);
/* tag: of the password that was sent. */
void conduit_outcome(struct conduit *c, const char *result, const char *tag);
void conduit_cookies(struct conduit *c, json_t *cookies /* stolen */);
/*
 * Reports an assertion (an object without type and id) and waits for the roles
 * to redeem: 0 with the array, or -1 with the agent's fault.
 */
int conduit_assertion(struct conduit *c, json_t *msg /* stolen */,
    json_t **ret_roles, struct fault *fault);
/* Sends an object as that type: credentials, for one. */
void conduit_send(
    struct conduit *c, const char *type, json_t *msg /* stolen */);
/* profile NULL: the job's own. */
void conduit_fault(
    struct conduit *c, const char *profile, const struct fault *fault);
void conduit_end(struct conduit *c); /* done */

#endif
