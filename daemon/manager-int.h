/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by manager.c (the graph) and manager-status.c (its picture). */
#ifndef AWSFED_MANAGER_INT_H
#define AWSFED_MANAGER_INT_H

#include <sys/types.h>
#include <time.h>

#include "awsfed/names.h"
#include "awsfed/str.h"

#include "identity.h"
#include "manager.h"
#include "session.h"
#include "skew.h"

struct member {
	struct session *session;
	struct identity *identity; /* that signs it in; NULL: chained */
	bool redeeming;		   /* its role is with the worker */
	bool took_part;		   /* in the identity's last assertion */
	int64_t clock_boot;	   /* chained; see skew_clock_rest() */
	unsigned drafts;	   /* logins that try it out */
	bool was_kept;		   /* before the first of them */
	bool was_logged_out;
	/* What the draft has taken the place of: */
	struct profile *stash_profile;
	struct creds *stash_creds;
	bool orphan; /* its profile went; its keys may live on */
};

struct seen { /* a file as it was read */
	ino_t ino;
	off_t size;
	struct timespec mtime;
	struct timespec changed; /* of the policy: whose it is counts, too */
};

struct lock {
	bool on;
	enum manager_locker by;
	int64_t since; /* seconds since 1970 */
	char *path;    /* NULL: not noted */
};

struct manager {
	struct manager_env env;
	struct identity_env identity_env;
	struct session_env session_env;
	struct manager_logins logins;
	struct chain *chain;
	struct farms *farms; /* what is owed to each AD FS host */
	struct config *config;
	struct manager_index *index; /* of config; NULL: not made yet */
	struct fault config_fault;
	bool unread;  /* it could not be read the last time */
	json_t *more; /* of surfaces, in agent's status */
	struct fault file_fault;
	struct seen seen;
	struct seen seen_policy;
	struct lock lock;
	int64_t started;
	struct member *members;
	size_t nmembers;
	struct names names; /* theirs, in the same order */
	bool stale;	    /* a member went: names is to be made anew */
	struct identity **identities;
	size_t nidentities;
	struct surface *surfaces;
	size_t nsurfaces;
	struct barrier *barriers;
	struct skew aws;   /* AWS's clock */
	json_t *new_roles; /* array */
	struct strv news;  /* sentences that nobody has been told yet */
	manager_needs_fn *needs;
	void *needs_arg;
	struct timer *reaper; /* drops orphans whose keys have expired */
	struct {
		struct timer *network;	/* a change that is not told yet */
		int64_t network_boot;	/* of the last that was; -1 none */
		enum manager_wake last; /* WAKE_MAX: none */
		int64_t at;		/* seconds; of the last */
		enum manager_presence presence; /* when it does not sleep */
		bool asleep;
	} wake;
};

/* manager-index.c: of the configuration at hand; borrowed from it. */
void manager_index_drop(struct manager *m);
/* The only user that the configuration knows for this base, or NULL. */
const char *manager_only_user(struct manager *m, const char *base);
bool manager_several_users(struct manager *m, const char *base);
/* The chained profiles right below a profile, in the order of the file. */
const struct profile *manager_first_below(
    struct manager *m, const char *source, size_t *ret_at);
const struct profile *manager_next_below(struct manager *m, size_t *at);

/* manager-roles.c: compares an assertion with profiles and memory. */
void manager_compare_roles(struct manager *m, struct identity *id);
/* Is the role known to be gone?  Then *fault says so. */
bool manager_role_gone(struct manager *m, const struct identity *id,
    const struct session *s, struct fault *fault);
/* Has a sign-in there worked before, also in an earlier life of the agent? */
bool manager_worked(const struct manager *m, const struct identity *id);
/* The assertion of this identity does not have it. */
void manager_set_gone(
    struct manager *m, struct identity *id, struct session *s);

/* manager-wake.c */
void manager_wake_init(struct manager *m);
void manager_wake_done(struct manager *m);
/* "presence" and "lastWake" of agent's status. */
void manager_wake_status(const struct manager *m, json_t *agent);
/* manager-lock.c: hides or shows its keys, as it is to be now. */
void manager_lock_session(struct manager *m, struct session *s);
/* Those that wait for this identity go back to what they have. */
void manager_release_waiting(struct manager *m, struct identity *id);
/* manager-keyring.c */
void manager_use_keyrings(struct manager *m);
void manager_opened(struct identity *id, void *arg);

void manager_publish(struct manager *m, enum manager_event ev,
    struct session *s, struct barrier *b);
/* At the end of all: nobody is called. */
void manager_barriers_free(struct manager *m);

#endif
