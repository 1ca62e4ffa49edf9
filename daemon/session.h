/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session: one profile's role and its credentials.  It knows when it wants
 * to be renewed and who waits for it; how a sign-in happens it does not know:
 * it asks its owner (the manager), and is told what came of it.
 *
 * Orthogonal to the state is whether unexpired credentials are held; they are
 * kept through every failure until their real end.
 */
#ifndef AWSFED_SESSION_H
#define AWSFED_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "awsfed/fault.h"

struct creds;
struct loop;
struct profile;
struct session;
struct settings;

enum session_state {
	SESSION_IDLE,
	SESSION_WAITING, /* for a sign-in's answer */
	SESSION_FRESH,
	SESSION_BACKOFF,
	SESSION_NEEDS_LOGIN,
	SESSION_FAILED, /* role refused or gone */
	SESSION_STATE_MAX
};

enum session_event {
	SESSION_WANTED,	  /* by a program */
	SESSION_ATTENDED, /* by a person who watches */
	SESSION_TIMER,	  /* renewal, retry, or the end of its keys */
	SESSION_RIDE,	  /* an assertion is there and it may join */
	SESSION_CREDENTIALS,
	SESSION_TEMPORARY,  /* its role, for now */
	SESSION_HELD,	    /* its sign-in is in back-off and will call */
	SESSION_REFUSED,    /* its role, for good */
	SESSION_GONE,	    /* its role is not in an assertion any more */
	SESSION_FOUND,	    /* or in one again */
	SESSION_NEEDS_USER, /* its sign-in needs a person */
	SESSION_CANCELLED,
	SESSION_LOGOUT,
	SESSION_CHANGED, /* its configuration */
	SESSION_WAKE,	 /* network, resume or a person came back */
	SESSION_EVENT_MAX
};

enum session_want { SESSION_WILL, SESSION_WAITS, SESSION_REFUSES };

const char *session_state_name(enum session_state s);
void session_table(FILE *out); /* as identity_table */

struct session_ops {
	/*
	 * Have it signed in.  WILL: an answer will come; WAITS: the identity
	 * is in back-off and will call; REFUSES: a person is needed (*fault).
	 */
	enum session_want (*want)(
	    struct session *s, bool attended, struct fault *fault, void *arg);
	/* State or credentials changed.  new_creds: there are new ones. */
	void (*changed)(struct session *s, bool new_creds, void *arg);
};

struct session_env {
	struct loop *loop;
	const struct settings *(*settings)(void *arg); /* NULL: none */
	double (*random)(void *arg);
	const struct session_ops *ops;
	void *arg;
	/*
	 * How long (microseconds) a renewal must wait that only the wall clock
	 * asks for; 0: it may start, and is counted.  NULL: it never waits.
	 */
	int64_t (*clock_rest)(struct session *s, void *arg);
	/*
	 * The same number for all sessions that renew together, so that many of
	 * one person do not move each other to the early end.  NULL: random().
	 */
	double (*luck)(struct session *s, void *arg);
};

/*
 * A waiter hears once that the session has left `waiting`, from the loop's next
 * turn, and looks for itself.  It is dropped unheard with session_unwait.
 */
typedef void session_wait_fn(struct session *s, void *arg);

struct session *session_new(
    const struct session_env *env, struct profile *profile);
void session_free(struct session *s); /* waiters are called first */

void session_event(
    struct session *s, enum session_event ev, const struct fault *fault);
/* SESSION_CREDENTIALS; the reference is taken. */
void session_give(struct session *s, struct creds *creds);
/* Takes over keys found in a file: fresh without a sign-in. */
void session_adopt(struct session *s, struct creds *creds);
/* A new snapshot of the profile; CHANGED when its fingerprint differs. */
void session_set_profile(struct session *s, struct profile *profile);
void session_set_kept(struct session *s, bool kept);
/*
 * A person has logged out of it: it is neither kept nor served until they log
 * in again, whatever the profile says.  The next keys end it.
 */
void session_set_logged_out(struct session *s, bool logged_out);
bool session_logged_out(const struct session *s);
/* The agent is locked, and its keys are held and shown to nobody. */
void session_set_blanked(struct session *s, bool blanked);
bool session_blanked(const struct session *s);
void session_wait(struct session *s, session_wait_fn *fn, void *arg);
void session_unwait(struct session *s, void *arg);

const char *session_name(const struct session *s);
const struct profile *session_profile(const struct session *s);
struct profile *session_ref_profile(struct session *s); /* a reference */
enum session_state session_state(const struct session *s);
const struct fault *session_fault(const struct session *s);
bool session_kept(const struct session *s);
bool session_renews(const struct session *s); /* by itself */
/* Borrowed; NULL when there are none that have not expired, or blanked. */
struct creds *session_creds(const struct session *s);
/* Is what it does, or did last, what a person asked for? */
bool session_attended(const struct session *s);
/* Does it wait for an assertion, now or as soon as its identity may? */
bool session_wants(const struct session *s);
/* Would it profit from an assertion that is there anyway? */
bool session_due_soon(const struct session *s);
/* Temporary failures since its last keys. */
unsigned session_tries(const struct session *s);
/* Seconds since 1970 of its next act, 0 none. */
int64_t session_next(const struct session *s);
/*
 * What is to outlive the agent; NULL: nothing is worth it.  Import is for one
 * that nothing has happened to but the keys found in the files: 0; -EINVAL
 * when it makes no sense, -ESTALE when the profile is another one by now; both
 * change nothing.  *ret_taken: keys that are live came back.
 */
json_t *session_export(const struct session *s);
int session_import(struct session *s, const json_t *o, bool *ret_taken);
json_t *session_status(const struct session *s);
bool session_sane(const struct session *s);

#endif
