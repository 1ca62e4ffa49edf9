/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job `console`: an address that signs a browser in to the AWS console with
 * a role's keys (IAM User Guide, "Enable custom identity broker access to the
 * AWS console").  The keys go to the sign-in host of the role's partition and
 * to no other; the address is as secret as they are.
 */
#ifndef AWSFED_WORKER_CONSOLE_H
#define AWSFED_WORKER_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"
#include "conduit.h"
#include "fields.h"

#define CONSOLE_BODY_MAX (512 * 1024) /* a session token of 64 KiB, escaped */
#define CONSOLE_TOKEN_MAX 16384

/* The message, checked; strings borrowed from it. */
struct console {
	const char *profile;
	const char *role_arn;
	const char *destination; /* an address of the console */
	const char *issuer;	 /* where a session that ended leads, or NULL */
	struct source_keys source;
	const char *ca_bundle;
	const char *https_proxy;
	const char *no_proxy;
	int64_t duration;	 /* seconds; 0: AWS's own, for chained roles */
	int64_t connect_timeout; /* seconds */
	int64_t timeout;	 /* seconds */
	const char *host;	 /* of the partition */
};

/* 0, or -1 with a fault that never quotes a value. */
int console_parse(const json_t *msg, struct console *ret, struct fault *fault);
/*
 * "Action=getSigninToken&…", for a body or behind a "?"; duration as in struct
 * console.  0 or -EMSGSIZE.
 */
int console_request(const struct console *c, int64_t duration, struct buf *out);
/* The SigninToken of an answer (xalloc), or NULL when it is none. */
char *console_token(const char *bytes, size_t len);
/* The address for the browser.  0 or -EMSGSIZE. */
int console_url(const struct console *c, const char *token, struct buf *out);
/* The whole job: answered by `console` or `fault`. */
void console_job(struct conduit *c, const json_t *msg);

#endif
