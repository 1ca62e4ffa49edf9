/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manager: which identities and sessions there are (by the configuration),
 * who belongs to whom, and who is told.  Surfaces subscribe to its events; it
 * knows none of them.
 *
 * A flush is a publish with a barrier: every surface that has something to
 * finish (the credentials file) holds the barrier and releases it with a
 * result; the caller hears after the last release, or after 10 s.
 */
#ifndef AWSFED_MANAGER_H
#define AWSFED_MANAGER_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "awsfed/fault.h"

struct barrier;
struct commands;
struct config;
struct creds;
struct files;
struct identity;
struct jobs;
struct known;
struct ledger;
struct loop;
struct manager;
struct profile;
struct prompts;
struct session;
struct strv;
struct undo;
struct vault;
struct want;
struct question;

enum manager_event {
	MANAGER_SESSION,     /* a session's state changed */
	MANAGER_CREDENTIALS, /* a session has new ones */
	MANAGER_FORCE,	     /* a person wants its section taken over */
	MANAGER_LOGOUT,	     /* a session's delivered keys must go */
	MANAGER_IDENTITY,
	MANAGER_JOB_ENDED, /* whatever was put off, do now */
	MANAGER_FLUSH,	   /* the same, and release the barrier */
	MANAGER_CONFIG,	   /* a new snapshot */
	MANAGER_WAKE,	   /* manager_woke() says what happened */
	MANAGER_USED,	   /* a program wants keys of the session */
	MANAGER_LOCK,	   /* it was locked, or unlocked */
	MANAGER_BLANK	   /* a session's keys are to be hidden, or shown */
};

/* What the outside tells (wake.c); see manager_wake(). */
enum manager_wake {
	WAKE_NETWORK, /* routes, addresses or links changed */
	WAKE_RESUME,  /* the machine was suspended */
	WAKE_SLEEP,   /* it is about to be */
	WAKE_LOCK,    /* the person's screen */
	WAKE_UNLOCK,
	WAKE_MAX
};

/* Is a person at the desktop?  Unknown where there is none. */
enum manager_presence { PRESENCE_UNKNOWN, PRESENCE_THERE, PRESENCE_AWAY };

struct surface {
	/* s is NULL unless the event is of a session; b only for FLUSH. */
	void (*event)(enum manager_event ev, struct session *s,
	    struct barrier *b, void *arg);
	void *arg;
};

struct manager_env {
	struct loop *loop;
	struct jobs *jobs;
	struct commands *commands;
	struct prompts *prompts;
	struct ledger *ledger;
	struct files *files;
	struct recorder *recorder; /* may be NULL: no page is kept */
	struct known *known;	   /* may be NULL: nothing is remembered */
	struct undo *undo;	   /* may be NULL: nothing is taken back */
	struct vault *vault;	   /* may be NULL: there is no keyring */
	const char *credentials;   /* $CREDENTIALS_DIRECTORY, or NULL */
	double (*random)(void *arg);
	/* Reads the configuration anew: config_load, or a test's. */
	int (*load)(struct config **ret, struct fault *fault, void *arg);
	void *arg;
};

/* What open logins have to say; set by login.c. */
struct manager_logins {
	/* Does a login want this identity signed in?  Fills *ret. */
	bool (*wanted)(struct identity *id, struct want *ret, void *arg);
	bool (*watched)(struct identity *id, void *arg);
	void (*asked)(struct identity *id, struct question *q, void *arg);
	void (*told)(struct identity *id, const json_t *tell, void *arg);
	/* True: the login will call manager_redeem when a person has chosen. */
	bool (*assertion)(struct identity *id, const json_t *roles, void *arg);
	void (*ended)(
	    struct identity *id, const struct fault *fault, void *arg);
	/* All are to end now. */
	void (*stop)(const struct fault *why, void *arg);
	void *arg;
};

struct manager *manager_new(const struct manager_env *env);
void manager_free(struct manager *m);
const struct manager_env *manager_env(const struct manager *m);
void manager_set_logins(struct manager *m, const struct manager_logins *l);
void manager_subscribe(struct manager *m, const struct surface *surface);
/*
 * The end: no surface is told anything any more, so that they can be freed one
 * after the other while what is left still settles.
 */
void manager_hush(struct manager *m);

/*
 * Takes over the configuration.  0, or -1 with *fault: the old one stays in
 * force, and status says so.  changed (may be NULL) gets the names of profiles
 * that came, went or changed.
 */
int manager_reload(
    struct manager *m, struct strv *changed, struct fault *fault);
/* Reloads when the config file looks different than last time. */
void manager_look(struct manager *m);
const struct config *manager_config(const struct manager *m);
/* Why the file as it is now is not in force; empty when it is. */
const struct fault *manager_config_fault(const struct manager *m);

/*
 * The session of a profile, by its name or by that of its twin "P.live"; NULL
 * when the agent has none: it is not an AD FS profile, nor one to be assumed.
 */
struct session *manager_session(struct manager *m, const char *name);
struct session *manager_session_at(struct manager *m, size_t i);
struct identity *manager_identity_at(struct manager *m, size_t i);
/* Finds or makes the identity that signs this profile in. */
struct identity *manager_identity(struct manager *m, const struct profile *p);
/* The same, for a person who signs in: identity_ask_again(). */
struct identity *manager_identity_attended(
    struct manager *m, const struct profile *p);
/* Of a chained session: the identity of its root, or NULL. */
struct identity *manager_identity_of(
    struct manager *m, const struct session *s);
/*
 * The session of a profile as it is to be, which may differ from what the
 * configuration says, or not be in it yet, until as many manager_settle(): two
 * logins may try out the same one.  It is kept, and does not go, until then.
 */
struct session *manager_draft(struct manager *m, struct profile *p);

/* Answers an assertion with all roles that are due and in it. */
void manager_redeem(struct manager *m, struct identity *id);
/* Ends its job; the sessions that waited go back to what they have. */
void manager_cancel(struct manager *m, struct identity *id);
/*
 * A draft is over: the session becomes what the configuration says, and is kept
 * if it was before or one of its logins says so.
 */
void manager_settle(struct manager *m, const char *name, bool keep);
/* Which sessions took part in the identity's current or last job? */
bool manager_took_part(struct manager *m, const struct session *s);

/*
 * New roles that no profile has: [{"identity","host","roleArn","next"}].  A
 * reference.
 */
json_t *manager_new_roles(struct manager *m);
/* Appends sentences about them to the list, each once. */
void manager_take_news(struct manager *m, struct strv *list);

typedef void manager_done_fn(const struct fault *fault, void *arg);
/* done() comes from the loop; fault is the first surface's that failed. */
void manager_flush(struct manager *m, manager_done_fn *done, void *arg);
void barrier_hold(struct barrier *b);
void barrier_release(struct barrier *b, const struct fault *fault);

/* Its section of the credentials file is ours from now on. */
void manager_force(struct manager *m, struct session *s);
/*
 * Something happened outside.  After a change of the network, a resume or an
 * unlock what rests in back-off for a network reason is tried again within
 * seconds, each identity at a moment of its own; changes of the network do so
 * once in 30 s, the last of them at the end of these.  Neither what a server
 * asked for nor what only a person can help is touched.  Then MANAGER_WAKE is
 * published.
 */
void manager_wake(struct manager *m, enum manager_wake what);
/* The last of them that was published; WAKE_MAX: none yet. */
enum manager_wake manager_woke(const struct manager *m);
const char *wake_name(enum manager_wake what);
/* Does anything rest that a change of the network would end? */
bool manager_rests_for_network(const struct manager *m);
enum manager_presence manager_presence(const struct manager *m);
/* Without an event: the desktop has gone, or never told. */
void manager_forget_presence(struct manager *m);
/* An answer of AWS told its clock: seconds ahead of ours. */
void manager_clock(struct manager *m, int64_t ahead_s);
/* How many jobs assume chained roles now. */
size_t manager_assuming(const struct manager *m);
/* Does s hang below the named profile, over any number of hops? */
bool manager_below(
    struct manager *m, const struct session *s, const char *name);
/* Stops keeping a session, drops its keys, and its identity with the last. */
void manager_logout(struct manager *m, struct session *s);
void manager_logout_identity(struct manager *m, struct identity *id);
/* A profile by which the identity signs in: the first of the file, or NULL. */
const struct profile *manager_profile_of(
    const struct manager *m, const struct identity *id);

/*
 * Locked: nothing is signed in or renewed, what runs is cancelled, keys of
 * profiles with awsfed.blank_on_lock leave the files and are shown to nobody.
 * Others are served to their end.  Cookies stay, unless everything is to be
 * wiped.  Who locked first may be the screen; what a person locks only a person
 * unlocks.  It outlives the agent, by a file in the runtime directory.
 */
enum manager_locker { LOCKED_BY_COMMAND, LOCKED_BY_SCREEN, LOCKED_BY_SLEEP };
/* After the files have been looked at.  path: where it is noted; or NULL. */
void manager_lock_start(struct manager *m, const char *path);
void manager_lock(struct manager *m, enum manager_locker by);
/* The cookies of all identities, too. */
void manager_lock_wipe(struct manager *m);
/* False: it was not locked. */
bool manager_unlock(struct manager *m);
/* The screen was locked or unlocked; the machine goes to sleep. */
void manager_lock_screen(struct manager *m, bool locked);
void manager_lock_sleep(struct manager *m);
json_t *manager_lock_status(const struct manager *m); /* NULL: unlocked */
bool manager_locked(const struct manager *m);
/* False when it is not; else why nothing is done now. */
bool manager_lock_fault(const struct manager *m, struct fault *fault);

/*
 * Does it rest until a person logs in to it: logged out, or its role gone from
 * the last assertion?
 */
bool manager_rests(struct manager *m, const struct session *s);
/* Something about the session changed that is not its state. */
void manager_tell(struct manager *m, struct session *s);
/* What status says of the credentials file; an empty fault is well. */
void manager_set_file_fault(struct manager *m, const struct fault *fault);
/* What a surface has to say in "agent" of Status; value is taken. */
void manager_set_more(struct manager *m, const char *key, json_t *value);
/* The reply of Status; NULL when the named profile is unknown. */
json_t *manager_status(struct manager *m, const char *profile);
/* What an identity is for: its profiles that are kept and renewed. */
struct outlook {
	const char *profile; /* an AD FS one of them, to name; or NULL */
	size_t profiles;     /* without those whose role was refused */
	size_t live;	     /* with keys that have not expired */
	size_t needs_login;
	int64_t valid_until; /* the first of these ends; seconds, 0 none */
};
void manager_outlook(
    struct manager *m, const struct identity *id, struct outlook *ret);
/* A program asks for keys of s that are not there. */
void manager_used(struct manager *m, struct session *s);
/* What attention.c adds to the status of an identity; NULL: nothing. */
typedef void manager_needs_fn(struct identity *id, json_t *status, void *arg);
void manager_set_needs(struct manager *m, manager_needs_fn *fn, void *arg);
void manager_need_changed(struct manager *m);
/* A line for the service manager: "3 profiles fresh, 1 needs a login". */
char *manager_summary(struct manager *m);

#endif
