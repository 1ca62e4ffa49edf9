/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by session.c (the machine) and session-state.c (what outlives it). */
#ifndef AWSFED_SESSION_INT_H
#define AWSFED_SESSION_INT_H

#include "awsfed/clock.h"

#include "session.h"

#define TIMER(s) ((s)->env.loop->ops)

struct waiter {
	struct waiter *next;
	session_wait_fn *fn;
	void *arg;
};

struct session {
	struct session_env env;
	struct profile *profile;
	enum session_state state;
	struct fault fault;
	struct creds *creds;
	bool kept;
	bool blanked;	 /* held, and shown to nobody */
	bool logged_out; /* by a person; the next keys end it */
	bool attended;	 /* a person asked for what it does, or did last */
	unsigned tries;
	int64_t failing; /* boot clock, since the first of them */
	struct timer *timer;
	struct deadline next; /* what the timer is armed for */
	struct timer *calls;  /* the waiters' turn */
	struct waiter *waiters;
};

struct input {
	const struct fault *fault;
	bool shared;	/* it is the identity's, which logs it */
	int64_t retry;	/* out: own retry timer, microseconds */
	bool new_creds; /* out */
	bool lost;	/* out: those it had have expired */
};

/* The one place where the state changes. */
void session_settle(struct session *s, enum session_state before,
    enum session_state next, const struct input *in);
void session_arm_at(struct session *s, struct deadline d);

#endif
