/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by login.c (the conversation and its watchers), login-target.c (what a
 * named profile is to become) and login-step.c (what the client sees).
 */
#ifndef AWSFED_LOGIN_INT_H
#define AWSFED_LOGIN_INT_H

#include "awsfed/fault.h"

#include "login.h"
#include "manager.h"
#include "prompt.h"

struct edit {
	char *block; /* NULL: a plain key; else the key of a nested block */
	char *key;
	char *value; /* NULL takes the key out */
};

struct target {
	char *name;
	struct profile *profile; /* as it is to be; NULL until known */
	struct edit *edits;	 /* for its section in the config file */
	size_t nedits;
	struct session *session; /* NULL while its role is open */
	struct creds *held;	 /* for the caller alone, without one */
	bool active;		 /* in the group that is being signed in */
	bool done;
	struct fault fault; /* its own, when there is no session */
};

enum login_phase {
	LOGIN_PREPARE,
	LOGIN_GROUP,
	LOGIN_CHAIN, /* what hangs below, once its root is there */
	LOGIN_SAVE,
	LOGIN_FLUSH,
	LOGIN_DONE
};

/* A chained profile that was named, and that the agent assumes. */
struct link {
	char *name;
	bool was_kept;
	bool waits;
	struct fault fault; /* its root could not be signed in */
};

struct watcher {
	uint64_t conn;
	bool awaits;
	size_t seen; /* tells it has had */
	char *asked; /* id of the question it was shown */
};

struct login {
	struct login *next;
	struct logins *logins;
	char *id;
	enum login_phase phase;
	bool force;
	bool new_default;
	bool private; /* keys for the caller alone */
	bool renew;
	struct secret *assertion; /* to redeem instead of a sign-in */
	char *krb5ccname;	  /* of the caller's environment, or NULL */
	bool cancelled;
	bool survey;   /* learns the roles, makes no profile */
	bool aliases;  /* and the accounts' names */
	json_t *roles; /* what it learned, for the last step */
	struct target *targets;
	size_t ntargets;
	struct link *links;
	size_t nlinks;
	struct identity *identity; /* of the group, NULL between */
	struct question *question; /* its own that is open, or NULL */
	struct target *asking;	   /* what an own question is about */
	struct watcher *watchers;
	size_t nwatchers;
	json_t *tells;	     /* steps to show, in order */
	json_t *results;     /* of each profile, for the last step */
	json_t *done;	     /* the last step */
	struct timer *timer; /* advance(), or the end of its memory */
	struct strv warnings;
	struct strv others;   /* profiles freshened besides the named */
	struct fault fault;   /* the first sign-in that failed as a whole */
	struct fault written; /* the credentials file */
	int passwords;
	int pushes;
	int64_t renewable_until;
	char *user;
	char *host;
	struct config_save *save; /* in flight */
	void (*moved)(struct login *l);
};

struct logins {
	struct manager *manager;
	login_reply_fn *reply;
	void *arg;
	uint64_t last_id;
	struct login *list;
	struct surveys *surveys;   /* what was learned of late */
	struct flushing *flushing; /* logins that wait for the files */
};

/* login.c */
void login_free(struct login *l);
void login_kick(struct login *l); /* it goes on, from the loop */
struct login *login_by_id(struct logins *ls, const char *id);
/* The first target of the group whose role is open, or NULL. */
struct target *login_undecided(struct login *l);
void login_start_session(struct login *l, struct target *t);
/* Takes in what the identity can say about the sign-in that just ended. */
void login_learn(struct login *l);

/* login-prepare.c */
/* False: a question is open, and its answer kicks the login. */
bool login_prepare(struct login *l);
/* What its watchers are to be asked: its own, or its identity's. */
struct question *login_open_question(const struct login *l);
void login_ask(struct login *l, struct target *t, const char *kind,
    const char *name, const char *label, const json_t *choices, prompt_fn *fn);
/* First thing in a prompt_fn: the target that the question was about. */
struct target *login_answered(
    struct login *l, const char *value, const struct fault *fault);
/* A profile [default] that is not there yet is confirmed first. */
bool login_new_default(const struct login *l, const struct target *t);
void login_ask_default(struct login *l, struct target *t, prompt_fn *fn);
void login_on_default(const char *value, const struct fault *fault, void *arg);
/* What a flag or an answer made of the key, or NULL. */
const char *login_edited(const struct target *t, const char *key);

/* login-events.c */
void login_events(struct manager_logins *ret, struct logins *ls);
/* Does any login still wait for a choice of role at this identity? */
bool login_choosing(struct logins *ls, const struct identity *id);

/* login-watch.c */
/* All that are not being written yet end now, with that fault. */
void logins_stop(struct logins *ls, const struct fault *why);
void login_pump(struct login *l); /* to each watcher its next step */
struct watcher *login_watcher(struct login *l, uint64_t conn);

/* login-chain.c */
void login_link_add(struct login *l, const char *name);
/* Has all assumed; false: moved() will come when one of them has moved. */
bool login_links_done(struct login *l, void (*moved)(struct login *l));
/* Gives up those that wait. */
void login_links_cancel(struct login *l);
/* Those that did not succeed are kept as they were before. */
void login_links_settle(struct login *l);
void login_links_free(struct login *l);
/* login-survey.c */
/* The target of a survey: 0, or -1 with *fault. */
int login_survey_fill(
    struct login *l, const struct login_request *req, struct fault *fault);
struct target *login_add_target(struct login *l, const char *name);
/* A job has ended well; the survey's target is done when it has all. */
void login_survey_take(struct login *l, struct identity *id);
/* Does it still want a job to ask for the accounts' names? */
bool login_survey_asks(const struct login *l, const struct identity *id);
/* Adds what was learned to the last step. */
void login_survey_step(const struct login *l, json_t *done);
void surveys_free(struct surveys *s);

/* login-target.c */
void login_target_edit(struct target *t, const char *key, const char *value);
/* A line "key = value" of the nested block. */
void login_target_edit_nested(
    struct target *t, const char *block, const char *key, const char *value);
/*
 * Makes the profile that the config file would give with the target's edits.
 * 0, or -1 with *fault.
 */
int login_target_build(struct login *l, struct target *t, struct fault *fault);
void login_target_done(struct target *t);
/* The AWS config as it is on disk now, or NULL with *fault. */
struct ini *login_config_read(const struct config *base, struct fault *fault);
/* Adds the section with its keys.  0, or -1 with *fault. */
int login_edits_apply(struct ini *doc, const char *section,
    const struct edit *edits, size_t n, struct fault *fault);
/*
 * Writes the edits of all targets that succeeded.  False: there was nothing to
 * write.  True: saved() comes from the loop.
 */
bool login_save(
    struct login *l, void (*saved)(struct login *l, const struct fault *fault));
/* At the end of all, when the writer is gone. */
void login_save_free(struct login *l);

/* login-flags.c: what the flags say, as edits of the one profile named. */
int login_flags(
    struct login *l, const struct login_request *req, struct fault *fault);

/* login-step.c */
json_t *login_results(struct login *l);
/* Takes l->results. */
json_t *login_done_step(struct login *l);
json_t *login_role_choices(struct login *l, const json_t *roles);

#endif
