/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk: where the agent itself puts questions to a person, in the windows
 * of askpass.h.  It is a client like any other (methods.h), without a socket:
 * it calls Login, answers questions, and takes its window back when somebody
 * else was faster.  One conversation at a time; others wait in line.
 */
#ifndef AWSFED_DESK_H
#define AWSFED_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct askers;
struct desk;
struct identity;
struct manager;
struct methods;

/* No connection of control.h has this number. */
#define DESK_CONN UINT64_MAX

struct desk_events {
	/* The sign-in is over, well or not. */
	void (*ended)(struct identity *id, void *arg);
	/* A confirmation: no is also a window that was closed or lapsed. */
	void (*decided)(const char *tag, bool yes, void *arg);
	/*
	 * One was not asked: the desk is taken for longer, or the program
	 * failed.  Is it asked elsewhere now?
	 */
	bool (*busy)(const char *tag, void *arg);
	void *arg;
};

struct desk *desk_new(
    struct manager *m, struct askers *askers, const struct desk_events *ev);
/* Once there are methods to call. */
void desk_open(struct desk *d, struct methods *methods);
void desk_free(struct desk *d); /* before the methods */
/* A reply to DESK_CONN; taken. */
void desk_reply(struct desk *d, json_t *reply, bool last);

/* Is there a program to ask with, and did it work last time? */
bool desk_can(const struct desk *d);
/* Signs it in, with all its kept profiles and the named one. */
void desk_sign_in(struct desk *d, struct identity *id, const char *profile);
struct desk_question {
	const char *tag; /* comes back in the event */
	const char *text, *yes, *no;
	int64_t seconds; /* until it lapses */
	bool waits;	 /* a moment, for its turn */
};
/*
 * Asks yes or no, from the loop.  False: it cannot, or the desk is taken and
 * the question does not wait.
 */
bool desk_confirm(struct desk *d, const struct desk_question *q);
void desk_unconfirm(struct desk *d, const char *tag); /* takes it back */

#endif
