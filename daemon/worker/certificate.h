/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in with a client certificate, as first or as second factor.
 *
 * AD FS's option CertificateAuthentication leads to a host or port of its own
 * (policy_is_certificate), where TLS asks for the certificate; no password goes
 * there.  The certificate and its key are PEM files or objects of a PKCS#11
 * token, and are loaded when they are first needed.  A passphrase or PIN is
 * asked for once in a job and given to the key once: three wrong PINs lock a
 * token for good.
 */
#ifndef AWSFED_WORKER_CERTIFICATE_H
#define AWSFED_WORKER_CERTIFICATE_H

#include <stdbool.h>

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

struct certificate;
struct fault;
struct signin;

/* Loads it into s->cert and hands it to s->http.  0, or -1 with *fault. */
int certificate_need(struct signin *s, struct fault *fault);
struct certificate *certificate_free(struct certificate *c);

/*
 * The page at hand is the form.  With awsfed.auth = certificate its other option
 * is taken: 0 and the next page is at hand, or -1.  1: the form it is.
 */
int certificate_choose(struct signin *s, struct fault *fault);

/* ---- for http.c ------------------------------------------------------------ */
/* Shows it to the server that asks, over TLS 1.2. */
void certificate_offer(const struct certificate *c, CURL *e);
/* Did the server refuse it?  Then the fault says so instead. */
void certificate_judge(
    struct fault *f, CURLcode code, const char *url, const char *detail);

/* ---- certificate-token.c ---------------------------------------------------- */
bool token_is_uri(const char *s);
/* 0, or -1 with *fault: owned by the caller, the engine stays loaded. */
int token_certificate(
    struct signin *s, const char *uri, X509 **ret, struct fault *fault);
int token_key(
    struct signin *s, const char *uri, EVP_PKEY **ret, struct fault *fault);

#endif
