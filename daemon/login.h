/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins: the conversations that people watch.  A login knows which profiles
 * were named and what they should look like, asks what is missing (host, role),
 * has their identities signed in one after another, saves what was learned to
 * the AWS config file, and ends with one result for all.
 *
 * Clients are connection ids.  Each that calls Login or Await is a watcher; the
 * last one to leave cancels the login.  A watcher that awaits gets exactly one
 * reply, through reply().
 */
#ifndef AWSFED_LOGIN_H
#define AWSFED_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "awsfed/str.h"

struct fault;
struct logins;
struct manager;

struct login_request {
	struct strv profiles;
	bool all;
	bool force;	  /* take over sections of other owners */
	bool new_default; /* a new [default] is meant */
	bool survey;	  /* sign in, learn the roles, change nothing */
	bool aliases;	  /* with survey: the accounts' names too */
	/* What a flag says about the one profile named; NULL, 0, false unset. */
	const char *host;
	const char *role_arn;
	const char *region;
	const char *user;
	const char *provider_id;
	const char *output;
	const char *ca_bundle;
	const char *s3_signature_version;
	const char *username_password_command;
	const char *mfa_token_command;
	const char *duo_factor;
	const char *duo_device;
	const char *krb5ccname; /* of the caller's environment */
	int64_t session_duration;
	bool says_ssl_verification;
	bool no_ssl_verification;
	bool choose_role; /* whatever role the profile names */
	/*
	 * The keys go to the caller alone: no file is written, nothing is kept
	 * and the profile stays as it is.  What is held may serve, unless
	 * renew.
	 */
	bool deliver_none;
	bool renew;
	/* A SAMLResponse, base64, to redeem instead of signing in. */
	const char *assertion;
};

/* Takes reply: {"login","step"} of docs/PROTOCOL.md. */
typedef void login_reply_fn(uint64_t conn, json_t *reply, void *arg);

struct logins *logins_new(struct manager *m, login_reply_fn *reply, void *arg);
void logins_free(struct logins *ls); /* after files_free */

/* 0: a reply will come; -1 with *fault: the request makes no sense. */
int login_start(struct logins *ls, uint64_t conn,
    const struct login_request *req, struct fault *fault);
/* 0: a reply will come; -ENOENT: no such login; -EBUSY: awaits already. */
int login_await(struct logins *ls, uint64_t conn, const char *id);
/*
 * scripted: no person has typed it just now, so that a password of it is sent by
 * the rules for stored ones.  As login_await; -ESTALE: not the open question; -EINVAL: no such choice.
 */
int login_answer(struct logins *ls, uint64_t conn, const char *id,
    const char *question, const char *value, bool scripted);
int login_cancel(struct logins *ls, const char *id);
void logins_closed(struct logins *ls, uint64_t conn);

#endif
