/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by identity.c (the machine) and identity-job.c (its conversation). */
#ifndef AWSFED_IDENTITY_INT_H
#define AWSFED_IDENTITY_INT_H

#include "awsfed/config.h"

#include "identity.h"
#include "ledger.h"
#include "skew.h"

struct identity {
	struct identity_env env;
	char *base;
	char *host;
	char *user;   /* NULL until somebody typed it */
	bool adopted; /* that is how it has got its user */
	char *name;
	enum identity_state state;
	struct fault fault; /* of the last job */
	int64_t since;
	struct timer *timer; /* slot or back-off */
	int64_t next_boot;   /* when the back-off ends */
	bool slot;	     /* the timer waits for a slot */
	unsigned tries;
	unsigned passed;   /* odd answers since it last worked */
	int64_t failing;   /* boot clock, since the first of them */
	struct farm *farm; /* the host's, shared with others */
	bool urged;	   /* a person has asked for the next sign-in */
	bool charged;	   /* the job took one of the farm's budget */
	double luck;	   /* of what its last sign-in renewed */
	int64_t *push_at;  /* boot clock, of the last hour, oldest first */
	size_t npush_at;

	bool worked;	      /* has signed in while we ran */
	bool signed_in;	      /* cookies that worked last time */
	int64_t signed_in_at; /* seconds; when a factor was accepted */
	int64_t learned_life; /* microseconds; 0 not learned */
	int64_t ticket_until; /* seconds; the Kerberos ticket's end, or 0 */
	bool keep_signed_in;
	char *ccache;		/* KRB5CCNAME of the last login, or NULL */
	struct secret *cookies; /* a JSON array of libcurl's lines */
	json_t *roles;
	json_t *aliases;       /* {account: alias}, or NULL */
	int64_t aliases_asked; /* seconds; when a job was to get them */
	struct skew skew;      /* of the AD FS host */
	int64_t clock_boot;    /* see skew_clock_rest() */
	int passwords;
	int pushes;
	int64_t started_boot; /* of the last job; -1 none */

	/* the job that runs */
	struct job *job;
	unsigned serial; /* which: late answers of others are dropped */
	char *provider;
	bool attended;
	unsigned waiting; /* profiles that rest because of its last job */
	bool brought;	  /* its assertion: nobody signs in by it */
	bool asks_aliases;
	char *command_line; /* username_password_command, or NULL */
	char *typed_user;
	json_int_t ask_id; /* the worker's open question */
	bool ask_password; /* it is for the password */
	bool ask_user;	   /* it is for the user name */
	struct question *question;
	bool answered; /* a person has answered one of this job's */
	struct command *command;
	struct waiting_ask *command_wait; /* freed with it */
	bool command_ran;
	char *code_line; /* mfa_token_command, or NULL */
	bool code_ran;
	char *totp_line;    /* totp_command, or NULL */
	int64_t totp_used;  /* seconds, by the server's clock; 0 never */
	bool factor;	    /* this job has met a second factor */
	bool second_factor; /* so did the last sign-in */
	char *command_user;
	struct secret *command_password;
	enum secret_source source; /* of the password just answered */
	struct keyring *keyring;
	enum store_password store;  /* of the job's profile */
	enum totp_source totp_from; /* the same */
	json_t *fetching;	    /* the question the keyring is asked for */
	bool stored_tried;	    /* once in a job */
	bool from_keyring;	    /* the password just answered */
	bool accepted;		    /* the password of this job */
	struct secret *typed_password; /* to be kept, if it works */
	char *attempt_user;
	char *attempt_name; /* the identity's, for the ledger */
	json_int_t attempt_id;
	bool attempting; /* the ledger has a pending entry of ours */
	bool went;	 /* and the worker was told go */
	bool typed;	 /* the last answer: a password, by a person */
	unsigned pages;	 /* recorded */
	json_int_t page_id;
	bool asserted;
	json_int_t assertion_id;
	bool redeemed;
};

/* The one place where the state changes. */
void identity_settle(struct identity *id, enum identity_state s);
void identity_event(struct identity *id, enum identity_event ev);
/* What the identity is called once this user is known to be its own. */
char *identity_name_for(const struct identity *id, const char *user);
/* A nameless one gets its user; NULL: is nameless again. */
void identity_adopt(struct identity *id, const char *user);
void identity_job_start(struct identity *id, const struct want *want);
/* The job's message (new). */
json_t *identity_job_message(struct identity *id, const struct want *want);
/* An answer to the worker's open question. */
void identity_answer(struct identity *id, const char *value);
void identity_refuse(struct identity *id, const struct fault *fault);
void identity_answer_totp(struct identity *id, const char *secret);
void identity_no_totp(struct identity *id);
/* The keyring had no answer: the profile's command, then a person. */
void identity_ask_further(struct identity *id, const json_t *msg);

/* identity-secret.c.  The first two: true when the keyring will answer. */
bool identity_secret_password(struct identity *id, const json_t *msg);
bool identity_secret_totp(struct identity *id, const json_t *msg);
void identity_secret_init(struct identity *id);
void identity_secret_begin(struct identity *id, const struct want *want);
void identity_secret_typed(struct identity *id, const char *value);
void identity_secret_outcome(struct identity *id, enum ledger_outcome outcome);
void identity_secret_success(struct identity *id);
void identity_secret_end(struct identity *id);

/* identity-polite.c: what is owed to AD FS, and to a person's telephone. */
/* Microseconds until its next sign-in may start; by_itself: nobody asked. */
int64_t identity_slot(const struct identity *id, bool by_itself);
/*
 * Back-off until the budget of the host allows a sign-in by itself, with the
 * reason; false when it does.
 */
bool identity_spent(struct identity *id);
/* Sets the timer and next_boot. */
void identity_rest(struct identity *id, int64_t wait);
/* What it waits with others that woke or have a network again just now. */
int64_t identity_splay(struct identity *id);
/* Has a back-off ended in its sleep, and must wait for its turn? */
bool identity_takes_turn(struct identity *id);
void identity_pushed(struct identity *id);
/* How many more this hour allows. */
unsigned identity_pushes_left(const struct identity *id);
/* -1 with *fault when this hour allows no more. */
int identity_push_check(const struct identity *id, struct fault *fault);
/* Kills the job and forgets all that belonged to it; no event. */
void identity_job_drop(struct identity *id);

#endif
