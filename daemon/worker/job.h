/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sign-in job as the agent sent it, checked.  Strings are borrowed from
 * the message, which must outlive the job.
 */
#ifndef AWSFED_WORKER_JOB_H
#define AWSFED_WORKER_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "awsfed/fault.h"
#include "awsfed/str.h"

#define JOB_SALT_SIZE 16
#define JOB_PUSHES 5 /* when the job does not say */
#define JOB_COOKIES_MAX 200
#define JOB_ASSERTION_MAX 100000 /* what AssumeRoleWithSAML takes */

struct job {
	const char *host; /* "host", "host:port" */
	const char *path;
	const char *query; /* NULL: none besides loginToRp */
	const char *provider_id;
	const char *user;   /* NULL: ask */
	const char *domain; /* NULL: none */
	const char *auth;
	const char *home_realm;
	const char *mfa_method;	  /* preferred, comma-separated */
	const char *mfa_adapters; /* "NAME=KIND, …": renamed adapters */
	const char *duo_factor;
	const char *duo_device;
	const char *client_cert; /* PEM file or pkcs11: URI; NULL: none */
	const char *client_key;	 /* the same; NULL: in client_cert */
	const char *ccache;	 /* KRB5CCNAME; NULL: the default */
	const char *ca_bundle;	 /* NULL: the system's */
	const char *https_proxy; /* NULL: none */
	const char *no_proxy;
	const char *assertion; /* to redeem, base64; NULL: sign in */
	bool keep_signed_in;
	bool ssl_verification; /* of the identity provider only */
	bool allow_http_loopback;
	bool attended;
	bool sp_initiated; /* begin with an AuthnRequest */
	bool totp;	   /* the agent can give a TOTP secret */
	bool aliases;	   /* ask AWS's sign-in page for the accounts' names */
	struct strv allowed_hosts; /* owned */
	const json_t *cookies;
	unsigned char salt[JOB_SALT_SIZE];
	bool worked;		  /* a sign-in from here has worked before */
	int64_t connect_timeout;  /* seconds */
	int64_t timeout;	  /* seconds on the network */
	int64_t question_timeout; /* seconds a person may take */
	int64_t pushes;		  /* calls and messages too: of this job */
	int64_t mfa_timeout;	  /* seconds to wait for a push or a call */
	int64_t totp_used; /* when a secret was given last, seconds; 0 never */
};

/* 0, or -1 with a fault that names the bad field, never its value. */
int job_parse(const json_t *msg, struct job *ret, struct fault *fault);
void job_done(struct job *j);
#define _cleanup_job_ __attribute__((cleanup(job_done)))

#endif
