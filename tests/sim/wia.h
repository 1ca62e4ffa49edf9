/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in without a form: by a proxy in front that has looked at a Kerberos
 * ticket, and by a client certificate on a port of its own.
 */
#ifndef SIM_WIA_H
#define SIM_WIA_H

#include <stdbool.h>

#include <openssl/ssl.h>

struct request;
struct sim;
struct visit;

/*
 * With the option remote_user the plain port stands behind such a proxy: its
 * X-Forwarded-Proto says what the client spoke.
 */
void wia_proxied(const struct sim *s, struct request *q);
/* /adfs/ls/wia: whom the proxy vouches for, else 401. */
void wia_visit(struct visit *v);
/* CertificateAuthentication was chosen; false: there is no such port. */
bool wia_choose_certificate(struct visit *v);
/* A request at the port for certificates. */
void wia_certificate(struct visit *v);
/* Demands a certificate of this CA.  0 or -1. */
int wia_demand(SSL_CTX *ctx, const char *ca_file);
/* The common name of the client's certificate (xalloc), or NULL. */
char *wia_client(SSL *ssl);

#endif
