/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One role's temporary credentials: immutable, ref-counted, and the shapes in
 * which they leave (wire, credential_process, container endpoint).
 */
#ifndef AWSFED_CREDS_H
#define AWSFED_CREDS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "clock.h"

struct buf;
struct secret;

struct creds {
	unsigned refs;
	char *access_key_id;
	struct secret *secret_access_key;
	struct secret *session_token;
	char *role_arn;
	char *principal;      /* AssumedRoleUser Arn, or NULL */
	int64_t expiration_s; /* as AWS said, seconds since 1970 */
	char expiration[RFC3339_SIZE];
	int64_t lifetime_s;	/* by the server's own Date */
	int64_t max_s;		/* the most AWS gave this role; 0 not learned */
	struct deadline issued; /* on our clocks; set by the engine */
	struct deadline expires;
};

/*
 * From a "credentials" message of the worker or any object with accessKeyId,
 * secretAccessKey, sessionToken, expiration, lifetime, roleArn, principal,
 * maxDuration.
 * Values are checked against the grammar of a credentials file (no control
 * character, no blank).  issued and expires are set from the clock.  0 or
 * -EINVAL.
 */
int creds_from_json(const json_t *j, const struct clk *clk, struct creds **ret);
json_t *creds_to_json(const struct creds *c);
/* Appends the text of that object without its last brace.  0 or -EMSGSIZE. */
int creds_put(const struct creds *c, struct buf *out);
struct creds *creds_ref(struct creds *c);
struct creds *creds_unref(struct creds *c); /* returns NULL */
/*
 * When they end.  A wall clock that was wrong when they came counts as it was;
 * once it agrees with AWS's own Expiration it has been set right, and that
 * counts: so nothing ends early because NTP came late.
 */
struct deadline creds_deadline(const struct creds *c, const struct clk *clk);
bool creds_expired(const struct creds *c, const struct clk *clk);
int64_t creds_left_s(const struct creds *c, const struct clk *clk);
/* The credential_process document (Version 1), one line, xalloc. */
char *creds_process_json(const struct creds *c);

void creds_unrefp(struct creds **c);
#define _cleanup_creds_ __attribute__((cleanup(creds_unrefp)))

#endif
