/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An identity: one person at one AD FS (host:port, path, method, user).  It owns
 * the cookies, the spacing of sign-ins, the attempt of a password and the one
 * job that may run; it knows nothing of files or clients.  What it is wanted
 * for, it asks its owner (the manager) each time: nothing is remembered twice.
 *
 * One sign-in, for one relying party, gives one assertion; the owner answers it
 * with the roles to redeem (identity_redeem), at once or after a person chose.
 */
#ifndef AWSFED_IDENTITY_H
#define AWSFED_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "awsfed/clock.h"
#include "awsfed/fault.h"

struct commands;
struct farms;
struct identity;
struct jobs;
struct keyring;
struct ledger;
struct loop;
struct profile;
struct prompts;
struct question;
struct recorder;
struct secret;
struct settings;
struct vault;

enum identity_state {
	IDENTITY_SIGNED_OUT,
	IDENTITY_WORKING,
	IDENTITY_ASKING,
	IDENTITY_SIGNED_IN,
	IDENTITY_BACKOFF,
	IDENTITY_NEEDS_USER,
	IDENTITY_STATE_MAX
};

enum identity_event {
	IDENTITY_WANT,	   /* somebody needs an assertion */
	IDENTITY_ATTENDED, /* and a person is watching */
	IDENTITY_TIMER,	   /* slot or back-off is over */
	IDENTITY_ASK,	   /* a question is open to a person */
	IDENTITY_ANSWERED,
	IDENTITY_JOB_OK,
	IDENTITY_JOB_TEMPORARY,
	IDENTITY_JOB_STOPPED, /* a person is needed, or it makes no sense */
	IDENTITY_CANCEL,
	IDENTITY_LOGOUT,
	IDENTITY_WAKE,	 /* network, resume or a person came back */
	IDENTITY_OPENED, /* the keyring, which was locked */
	IDENTITY_EVENT_MAX
};

const char *identity_state_name(enum identity_state s);
/* Markdown: the event x state table, for docs/HACKING.md. */
void identity_table(FILE *out);

/* What a sign-in would be for. */
struct want {
	const struct profile *profile; /* rules the job; borrowed */
	bool attended;
	const struct secret *assertion; /* to redeem; NULL: sign in */
	bool aliases;			/* the accounts' names too */
};

struct identity_ops {
	/* Is there anything to sign in for?  Attended wants come first. */
	bool (*wanted)(struct identity *id, struct want *ret, void *arg);
	/* Is a client there that can answer? */
	bool (*watched)(struct identity *id, void *arg);
	void (*asked)(struct identity *id, struct question *q, void *arg);
	void (*told)(struct identity *id, const json_t *tell, void *arg);
	/* Answer with identity_redeem, now or later. */
	void (*assertion)(struct identity *id, const char *provider,
	    const json_t *roles, void *arg);
	void (*credentials)(struct identity *id, const json_t *msg, void *arg);
	void (*role_fault)(struct identity *id, const char *profile,
	    const struct fault *fault, void *arg);
	/* The job is over; fault is empty when there was an assertion. */
	void (*ended)(
	    struct identity *id, const struct fault *fault, void *arg);
	void (*changed)(struct identity *id, void *arg);
	/* Has it signed in in an earlier life of the agent?  NULL: no. */
	bool (*worked)(struct identity *id, void *arg);
	/* No person is needed any more: the keyring is open again. */
	void (*opened)(struct identity *id, void *arg);
	/*
	 * Microseconds that the keys live still that wait for it, of several
	 * the least; 0: they have ended.  May be NULL: ended.
	 */
	int64_t (*left)(struct identity *id, void *arg);
};

struct identity_env {
	struct loop *loop;
	struct jobs *jobs;
	struct commands *commands;
	struct prompts *prompts;
	struct ledger *ledger;
	struct recorder *recorder; /* NULL: no page is kept */
	struct vault *vault;	   /* NULL: there is no keyring */
	const char *credentials;   /* $CREDENTIALS_DIRECTORY, or NULL */
	struct farms *farms;
	const struct settings *(*settings)(void *arg);
	double (*random)(void *arg); /* 0 <= r < 1 */
	/* An answer of AWS told its clock: seconds ahead of ours.  Or NULL. */
	void (*clock)(int64_t ahead_s, void *arg);
	const struct identity_ops *ops;
	void *arg;
};

/* base: profile's identity_base; user may be NULL (not known yet). */
struct identity *identity_new(const struct identity_env *env, const char *base,
    const char *host, const char *user);
void identity_free(struct identity *id);

/*
 * A person signs in and no user name is given: one that never got in (a slip of
 * the pen, a --user of an earlier try) must not bar the way, so it is asked
 * again.
 */
void identity_ask_again(struct identity *id);

/*
 * The Kerberos ticket cache to sign in with, also without a person, until the
 * next call: KRB5CCNAME as the last login's environment had it.  NULL: the
 * agent's own.
 */
void identity_ccache(struct identity *id, const char *ccache);

/* What the profile says of keeping passwords; before any job. */
void identity_use(struct identity *id, const struct profile *p);
/* Wipes a password that memory holds, at once; the keyring keeps its own. */
void identity_wipe_password(struct identity *id);
struct keyring *identity_keyring(struct identity *id);
/* "password" of Status; p: a profile of its. */
json_t *identity_password_status(
    const struct identity *id, const struct profile *p);

enum identity_answer {
	IDENTITY_WILL,	 /* a job runs or is about to */
	IDENTITY_WAITS,	 /* in back-off */
	IDENTITY_REFUSES /* only a person can help */
};
/*
 * Something wants an assertion; wanted() will say what.  From a job that has
 * had its assertion already, the next one follows.
 */
enum identity_answer identity_want(struct identity *id, bool attended);
/* Roles by docs/PROTOCOL.md "redeem" (stolen).  False: no assertion waits. */
bool identity_redeem(struct identity *id, json_t *roles);
/* Is there an assertion that was not answered yet? */
bool identity_awaits(const struct identity *id);
bool identity_redeeming(const struct identity *id); /* was it answered? */
/* 0 <= r < 1, another one after each sign-in: the jitter of what it renews. */
double identity_luck(const struct identity *id);
/* Ends a job that runs; what was signed in stays so. */
void identity_cancel(struct identity *id);
/*
 * A back-off for a network reason ends within seconds and a splay
 * (schedule_wake_splay), and at the latest when it was to.
 */
void identity_wake(struct identity *id);
/* Wipes cookies; ends a job. */
void identity_logout(struct identity *id);

const char *identity_name(const struct identity *id); /* "user @ host" */
const char *identity_base(const struct identity *id);
const char *identity_host(const struct identity *id);
const char *identity_user(const struct identity *id); /* or NULL */
/* Was it nameless until a sign-in told its user? */
bool identity_adopted(const struct identity *id);
enum identity_state identity_state(const struct identity *id);
/* Seconds since 1970 when its back-off ends, 0 when it is in none. */
int64_t identity_next(const struct identity *id);
const struct fault *identity_fault(const struct identity *id);
/* So many profiles rest because of its last job: for the log. */
void identity_wait_for(struct identity *id, unsigned profiles);
/* Its question that is open to a person, or NULL. */
struct question *identity_question(const struct identity *id);
bool identity_busy(const struct identity *id); /* a job runs */
/* Is, or was, the current or last job for a person who watches? */
bool identity_attended(const struct identity *id);
/* KRB5CCNAME of the last login, or NULL. */
const char *identity_ccache_name(const struct identity *id);
bool identity_comes(const struct identity *id); /* it runs, or has a slot */
const char *identity_provider(const struct identity *id); /* of the job */
/* Posts of passwords and pushes in the current or last job. */
int identity_passwords(const struct identity *id);
int identity_pushes(const struct identity *id);
/* Seconds since 1970 until which no person should be needed; 0 unknown. */
int64_t identity_renewable_until(const struct identity *id);
/* The roles of the last assertion: [{"roleArn","principalArn"}] or NULL. */
const json_t *identity_roles(const struct identity *id);
/*
 * The accounts' names that AWS's sign-in page gave: an object of account to
 * alias, or NULL when it was not asked or said nothing.
 */
const json_t *identity_aliases(const struct identity *id);
/* Was the current or last job to ask for them? */
bool identity_asked_aliases(const struct identity *id);
/* Seconds since 1970 of the last job that was to; 0 never. */
int64_t identity_aliases_asked(const struct identity *id);
/* The user that was typed, when none was known before; else NULL. */
const char *identity_typed_user(const struct identity *id);
/*
 * What is to outlive the agent, never a password; cookies: also what signs in
 * without a person.  Import is for one that nothing has happened to yet: 0;
 * -EINVAL when it makes no sense, -EBUSY: too late; both change nothing.  user:
 * who it was, for one that has no name of its own; may be NULL.
 */
json_t *identity_export(const struct identity *id, bool cookies);
int identity_import(struct identity *id, const json_t *o, const char *user);
/* May it sign in by itself, as far as it knows? */
bool identity_renews(const struct identity *id);
json_t *identity_status(const struct identity *id);
/* As session_env's clock_rest, for all of its sessions together. */
int64_t identity_clock_rest(struct identity *id);
/* For tests: timer and job agree with the state? */
bool identity_sane(const struct identity *id);

#endif
