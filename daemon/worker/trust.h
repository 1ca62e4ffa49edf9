/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who vouches for public hosts where a company has a bundle of its own: the
 * bundle's authorities and the system's.  They are parsed once for a job;
 * libcurl alone would parse such a list for each connection, and the system's
 * has more than a hundred certificates.
 */
#ifndef AWSFED_WORKER_TRUST_H
#define AWSFED_WORKER_TRUST_H

#include <stdbool.h>

#include <curl/curl.h>

struct authorities;
struct trust;

/*
 * Reads the bundle and the system's authorities; what cannot be is left out.
 * NULL: there are none at all.
 */
struct trust *trust_new(
    const char *ca_bundle, const struct authorities *system);
struct trust *trust_free(struct trust *t); /* returns NULL */
/* Parses them, once: some 20 ms, best spent while something is awaited. */
void trust_prepare(struct trust *t);
/* A request verifies its server by them; t outlives its connection. */
void trust_use(struct trust *t, CURL *e);

/* libcurl lets us at its TLS only when that is OpenSSL; ret_tls: its name. */
bool trust_openssl(const char **ret_tls);

#endif
