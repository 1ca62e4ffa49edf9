/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A throwaway certificate authority and what it signs.  Keys live in memory
 * only; ca.pem is what a client needs to trust the simulator.
 */
#ifndef SIM_TLS_H
#define SIM_TLS_H

#include <openssl/ssl.h>

#include <awsfed/str.h>

enum tls_flaw {
	TLS_GOOD,	/* signed by ca.pem, for all names */
	TLS_FOREIGN,	/* self-signed: nobody trusts it */
	TLS_WRONG_NAME, /* trusted, but for another host */
	TLS_EXPIRED,	/* trusted, but its time is over */
	TLS_FUTURE	/* trusted, but its time has not come */
};

struct tls_ca;

struct tls_ca *tls_ca_new(void);
void tls_ca_free(struct tls_ca *ca);
/* Writes the certificate as PEM.  0 or a negative errno. */
int tls_ca_write(const struct tls_ca *ca, const char *path);
/* names: DNS names or dotted IPv4 addresses.  NULL on failure. */
SSL_CTX *tls_context(
    const struct tls_ca *ca, enum tls_flaw flaw, const struct strv *names);
/* A self-signed certificate for a key, days long; caller frees. */
X509 *tls_self_signed(EVP_PKEY *key, const char *cn, long days);

#endif
