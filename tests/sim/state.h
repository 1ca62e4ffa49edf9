/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything the simulator knows: users, roles, sign-ins, assertions, keys,
 * options, faults and counters.  One lock guards it all.  Times are seconds of
 * the wall clock, so that a clock shim moves the simulator too.
 */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include <awsfed/str.h>

#include "mfa.h"

struct request;
struct response;

struct user {
	struct user *next;
	char *name; /* CORP\jane or jane@corp.example.com */
	char *upn;  /* other spelling, or NULL */
	char *password;
	char *session_name;   /* RoleSessionName */
	struct strv pairs;    /* Role attribute values, as issued */
	bool locked;	      /* looks like a wrong password */
	bool expired;	      /* password has expired */
	int64_t expires_days; /* of the password, in the assertion; -1: no */
	bool denied;	      /* refused by access control policy */
	int64_t failures;     /* in a row, for the lockout */
	int64_t locked_until;
	int64_t posts;
	int64_t rejected;
	struct factor factor;
};

struct role {
	struct role *next;
	char *arn;
	struct strv providers; /* SAML providers it trusts */
	struct strv trust;     /* ARNs, account ids or "*" for AssumeRole */
	char *external_id;     /* demanded by the trust policy, or NULL */
	int64_t max_duration;
	int64_t saml_calls;
	int64_t saml_good;
	int64_t assume_calls;
	int64_t assume_good;
	json_t *last; /* the last good AssumeRole's parameters, or NULL */
	char *policy; /* of the last good AssumeRoleWithSAML */
	struct strv policy_arns;
};

/* A sign-in that lives in MSISAuth cookies. */
struct sso {
	struct sso *next;
	char *token; /* all chunks together */
	char *user;
	bool kmsi;
	bool strong;	/* the second factor was passed too */
	bool consented; /* to what option interstitial asks */
	char *host;	/* that set its cookies */
	int64_t authenticated;
	int64_t expires;
	int64_t issued[32]; /* times of the last tokens, a ring */
	size_t n_issued;
};

/* An AuthnRequest. */
struct sp {
	bool on;
	bool by_post; /* it is in the cookie's memory only */
	bool force;   /* ForceAuthn */
	char *id;
	char *relay; /* RelayState, or NULL */
	int64_t issued;
};

/* A pending request: what MSISSamlRequest stands for. */
struct pending {
	struct pending *next;
	char *id; /* host/client-request-id */
	char *cookie;
	struct sp sp;
	int64_t made;
};

struct assertion {
	struct assertion *next;
	char digest[65]; /* of the whole response document */
	char *id;
	char *user;
	char *session_name;
	char *issuer;
	char *recipient;
	struct strv pairs;
	int64_t issued;
	int64_t redeem_until;
	int64_t session_until; /* SessionNotOnOrAfter, 0 if none */
	char *flaw;	       /* the fault it was issued with, or NULL */
};

struct key {
	struct key *next;
	char *id;
	char *secret;
	char *token;
	char *role;	 /* role ARN */
	char *principal; /* assumed-role ARN */
	char *user_id;	 /* AROA…:session */
	bool chained;	 /* by AssumeRole */
	int64_t expires;
	char *signin_token; /* of the console, until it is used */
	int64_t signin_until;
	int64_t console_life; /* seconds */
};

struct mfa_run;
struct mishap;

struct options {
	char *flavour;	      /* 2012r2 2016 2019 2022 paginated localised */
	char *rp;	      /* relying-party id that is known */
	char *acs;	      /* Destination and Recipient */
	char *order;	      /* as-is, role-first, provider-first */
	char *extra;	      /* NAME=VALUE: one more hidden field, or "" */
	char *chooser;	      /* classic, 2023 or interstitial */
	char *realms;	      /* ID=NAME or ID=NAME@HOST, between commas */
	char *realm_suffixes; /* SUFFIX=ID, between commas */
	char *interstitial;   /* consent, autopost or "" */
	char *mfa;	      /* AuthMethod of the second factor, or "" */
	char *mfa_methods;    /* names between commas: a choice page */
	char *mfa_numbers;    /* between commas, none, or "": random */
	int64_t mfa_tries;    /* wrong codes until locked */
	int64_t push_seconds; /* until nobody answered */
	int64_t sso_life;
	int64_t kmsi_life;
	int64_t token_life; /* cap on the life of keys, 0 = as asked */
	int64_t assertion_life;
	int64_t session_duration; /* attribute, 0 = left out */
	int64_t session_until;	  /* seconds from now, 0 = left out */
	int64_t loop_tokens;
	int64_t loop_seconds;
	int64_t lockout_threshold; /* 0 = off */
	int64_t lockout_seconds;
	int64_t chunk; /* bytes in one MSISAuth cookie */
	bool kmsi;
	bool idp_page;
	bool wia;
	bool rp_list;	      /* an unknown loginToRp gets the list */
	bool signed_requests; /* unsigned AuthnRequests are refused */
	bool activity;	      /* error pages have an Activity ID */
	bool totp_once;	      /* a TOTP is taken once */
	bool remote_user;     /* X-Remote-User is a proxy's word */
	bool detailed;	      /* codes on error pages */
	bool federation_post; /* getSigninToken by POST, too */
};

struct counters {
	int64_t connections;
	int64_t tls_failures;
	int64_t requests;
	int64_t adfs_gets;
	int64_t adfs_posts;
	int64_t password_posts;
	int64_t passwords_rejected;
	int64_t lockouts;
	int64_t sign_ins;
	int64_t sign_outs;
	int64_t sp_requests;
	int64_t realms_chosen;
	int64_t realm_redirects;
	int64_t partner_posts;
	int64_t update_pages;
	int64_t mfa_runs;
	int64_t mfa_posts;
	int64_t mfa_passed;
	int64_t mfa_refused;
	int64_t mfa_lockouts;
	int64_t codes_rejected;
	int64_t pushes;
	int64_t assertions;
	int64_t loops;
	int64_t signin_posts;
	int64_t federation_posts;
	int64_t federation_gets;
	int64_t signin_tokens;
	int64_t console_sign_ins;
	int64_t assume_role_with_saml;
	int64_t assume_role;
	int64_t get_caller_identity;
	int64_t sts_errors;
	int64_t keys_issued;
	int64_t faults_used;
	int64_t tickets;      /* sign-ins that a proxy vouched for */
	int64_t certificates; /* requests with a client certificate */
	int64_t violations;
};

#define SIM_MAX_RECORDS 4096   /* assertions, keys, pending, each */
#define SIM_MAX_VIOLATIONS 200 /* texts kept; all are counted */

struct sim {
	pthread_mutex_t lock;
	char *dir;
	FILE *log;
	struct options opt;
	struct counters count;
	struct user *users;
	struct role *roles;
	struct sso *ssos;
	struct pending *pendings;
	struct assertion *assertions;
	struct key *keys;
	struct strv tokens;	/* of claims providers, "USER\nTOKEN" */
	struct strv viewstates; /* of WebForms pages */
	struct strv answered;	/* IDs of AuthnRequests */
	json_t *recent;		/* requests, owned by recent.c */
	struct mfa_run *runs;	/* owned by mfa.c */
	struct mishap *mishaps;
	int64_t mishap_serial;
	struct strv violations;
	struct strv aliases; /* "ACCOUNT NAME" */
	long main_port;
	long cert_port; /* 0: none */
	void *saml;	/* signing key, owned by saml.c */
};

void sim_init(struct sim *s, const char *dir);
void sim_done(struct sim *s);
void sim_lock(struct sim *s);
void sim_unlock(struct sim *s);
int64_t sim_now(void);
void sim_log(struct sim *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Something no browser, and no careful client, would have sent. */
void sim_violation(struct sim *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Splits at commas; blanks around a piece are dropped. */
void sim_list(const char *s, struct strv *ret);

/* Answers a request; the lock is held.  In sim.c. */
void sim_handle(struct sim *s, const struct request *q, struct response *r);

/* By either spelling, without regard to case; NULL when unknown. */
struct user *user_find(struct sim *s, const char *name);
struct user *user_add(struct sim *s, const char *name);
struct role *role_find(struct sim *s, const char *arn);
struct role *role_add(struct sim *s, const char *arn); /* or the old one */
struct sso *sso_new(struct sim *s, const struct user *u, int64_t life);
/* A live one. */
struct sso *sso_find(struct sim *s, const char *token);
void sso_end(struct sim *s, const char *user); /* NULL: everyone's */
struct pending *pending_new(struct sim *s, const char *id);
struct pending *pending_find(struct sim *s, const char *id);
struct pending *pending_by_cookie(struct sim *s, const char *cookie);
struct assertion *assertion_new(struct sim *s);
struct assertion *assertion_find(struct sim *s, const char digest[65]);
struct key *key_new(
    struct sim *s, const char *role, const char *session, int64_t seconds);
struct key *key_find(struct sim *s, const char *id);
void counters_reset(struct sim *s);

/* The field'th part of an ARN (0 is "arn"); xalloc string, "" if absent. */
char *arn_field(const char *arn, size_t field);
bool arn_is_role(const char *arn);
bool arn_is_provider(const char *arn);
/* "A,B" in either order, commas allowed inside.  0 or -EINVAL. */
int pair_split(const char *pair, char **ret_role, char **ret_provider);

#endif
