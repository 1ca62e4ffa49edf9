/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAML responses as AD FS makes them (adfs documents: one signed Assertion in
 * an unsigned Response, RSA-SHA256 over exclusive canonical XML).  The
 * assertion is written in canonical form, so the digest is over our own bytes.
 */
#ifndef SIM_SAML_H
#define SIM_SAML_H

struct mishap;
struct sim;
struct user;

/* Starts making the signing key (RSA 2048) in the background. */
void saml_init(struct sim *s);
void saml_done(struct sim *s);

/*
 * A response for a user, as base64; xalloc string.  It is entered in the list
 * of assertions that STS accepts.  host: of the AD FS, for the issuer.  in_response_to: the ID of an
 * AuthnRequest, or NULL.  m: a
 * fault to build in, or NULL.
 */
char *saml_issue(struct sim *s, const struct user *u, const char *host,
    const char *in_response_to, const struct mishap *m);

#endif
