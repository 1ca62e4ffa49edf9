/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SAML response: checked strictly, read for what awsfed must know.
 *
 * A pure function of bytes and rules.  The signature is AWS's business: nothing
 * read here is trusted for more than choosing what to ask AWS for.  Sources:
 * SAML 2.0 core, "Configure SAML assertions for the authentication response"
 * of the IAM guide.
 */
#ifndef AWSFED_WORKER_SAML_H
#define AWSFED_WORKER_SAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "awsfed/fault.h"
#include "awsfed/str.h"

#define SAML_BASE64_MAX 100000 /* what AssumeRoleWithSAML takes */
#define SAML_ROLES_MAX 1000
#define SAML_REDEEM_S 300 /* AWS wants it within 5 minutes of issue */

struct saml_role {
	char *role;
	char *provider;
};

struct saml {
	char *base64; /* blanks taken out: what STS gets */
	struct saml_role *roles;
	size_t nroles;
	char *issuer; /* never NULL, "" when unknown */
	char *subject;
	char *session_name;
	int64_t session_duration; /* seconds, 0 when not said */
	int64_t issued_s;
	int64_t expires_s;     /* the latest moment to redeem it */
	int64_t session_end_s; /* SessionNotOnOrAfter, 0 when not said */
	bool encrypted;	       /* roles cannot be read */
	char *audience;	       /* the one that fits, or NULL */
	/* What AD FS says of the password, each NULL when it does not. */
	char *password_expires; /* a time or seconds, as it came */
	char *password_days;
	char *password_url;
};

struct saml_rules {
	const char *provider_id;    /* NULL: whichever was chosen */
	const char *in_response_to; /* our request's ID; NULL: none */
	const struct strv *allowed; /* other Destination hosts */
	bool allow_loopback;	    /* tests: a sign-in host on loopback */
	int64_t now_s;		    /* by the server's clock */
};

/* 0, or -1 with *fault. */
int saml_parse(const char *base64, size_t len, const struct saml_rules *rules,
    struct saml *ret, struct fault *fault);
/*
 * In how many days does the password end?  From the days that AD FS says, else
 * from its time: seconds that are left, or a date.  False: it does not say.
 */
bool saml_password_days(const struct saml *s, int64_t now_s, int64_t *ret);
void saml_done(struct saml *s);
#define _cleanup_saml_ __attribute__((cleanup(saml_done)))

#endif
