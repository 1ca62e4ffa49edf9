/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4, the verifying side, from the public description
 * (AWS Signature Version 4 for API requests).  Needs nothing but HMAC.
 */
#ifndef SIM_SIGV4_H
#define SIM_SIGV4_H

#include <stdint.h>

struct key;
struct request;
struct sim;

#define SIGV4_SKEW 900 /* seconds */

/* What STS would answer: an error code and its message. */
struct sigv4_error {
	const char *code;
	char *message; /* xalloc string */
};

/*
 * 0 with the key that signed the request, or -EACCES with *ret_error set.
 */
int sigv4_verify(struct sim *s, const struct request *q, const struct key **ret,
    struct sigv4_error *ret_error);

#endif
