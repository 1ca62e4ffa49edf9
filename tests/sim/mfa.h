/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second factor: which page of which adapter a sign-in is at, and what is
 * posted to it.  An adapter is a row of a table with two functions; the pages
 * remember what they held, so that a post is judged against its own page.
 */
#ifndef SIM_MFA_H
#define SIM_MFA_H

#include <stdbool.h>

#include <jansson.h>

struct sim;
struct user;
struct visit;

/* What a user has for a second factor, and what became of it. */
struct factor {
	char *adapter; /* AuthMethod, "none", or NULL: as option mfa says */
	char *mode;    /* push, code, call, sms, or NULL: what there is */
	char *code;    /* always right, or NULL */
	char *next;    /* next tokencode that is asked after it, or NULL */
	char *totp;    /* base32 secret, or NULL */
	char *pin;     /* before the code (Neos), or NULL */
	char *answer;  /* approve, deny, timeout, ask, wait-N */
	bool unregistered;
	int64_t totp_step; /* last one taken */
	int64_t wrong;	   /* in a row */
	int64_t locked_until;
	int64_t posts, rejected, pushes, passed; /* counters */
};

void factor_done(struct factor *f);

/* Does this sign-in still owe a second factor? */
bool mfa_owed(const struct visit *v);
/* Answers with its first page; v->sso is there. */
void mfa_start(struct visit *v);
/* The first page of a method that comes before the password. */
bool mfa_is_primary(const struct visit *v);
void mfa_start_primary(struct visit *v);
/* A form with Context was posted. */
void mfa_post(struct visit *v);
/* Forgets all runs. */
void mfa_done(struct sim *s);
void mfa_forget(struct sim *s, const char *user); /* NULL: everyone's */

/* "push": list, or a decision.  NULL, or an error's text. */
const char *mfa_admin_push(struct sim *s, const json_t *args, json_t *reply);

#endif
