/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AssumeRoleWithSAML and AssumeRole as bytes: endpoint, request body, answer, what each error
 * code means.  Pure functions; redeem.h and assume.h do the talking.  Source: the STS
 * service model of botocore and the API reference.
 */
#ifndef AWSFED_WORKER_STS_H
#define AWSFED_WORKER_STS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"

#define STS_BODY_MAX (512 * 1024)

/* One role of a redeem message; strings borrowed from it. */
struct sts_role {
	const char *profile;
	const char *role_arn;
	const char *principal_arn; /* AssumeRoleWithSAML only */
	const char *region;	   /* NULL: the partition's own */
	const char *endpoint;	   /* NULL: from region and partition */
	const char *policy;
	const json_t *policy_arns;
	int64_t duration; /* seconds, 0: AWS's default */
	bool fips;
	bool dualstack;
};

struct sts_answer {
	char *access_key_id; /* NULL: it is an error */
	char *secret_access_key;
	char *session_token;
	char *principal;
	int64_t expiration_s;
	char *code; /* of an error */
	char *message;
	char *request_id;
};

/* 0, or -1 with a config or internal fault. */
int sts_role_parse(const json_t *j, struct sts_role *ret, struct fault *fault);
/* The same for a role to be assumed: without a principal. */
int sts_target_parse(
    const json_t *j, struct sts_role *ret, struct fault *fault);
/*
 * The URL to post to: the configured endpoint, or the partition's host.
 * NULL with a config fault.  An assertion goes nowhere else.
 */
char *sts_endpoint(
    const struct sts_role *r, bool allow_http_loopback, struct fault *fault);
/* The region that a request to that URL is signed for; xalloc. */
char *sts_signing_region(const struct sts_role *r);
/* "&name=value", escaped: 0 or -EMSGSIZE. */
int sts_add(struct buf *out, const char *name, const char *value);
/* Duration, policy and policy ARNs, which both actions know. */
int sts_add_limits(struct buf *out, const struct sts_role *r);
/*
 * A whole body.  assertion is sts_add(…, "SAMLAssertion", …), made once for all
 * roles: it is the length of the request.
 */
int sts_request(
    const struct sts_role *r, const struct buf *assertion, struct buf *out);
/* 0 with credentials or an error code, or -EBADMSG. */
int sts_parse(const char *bytes, size_t len, struct sts_answer *ret);
void sts_answer_done(struct sts_answer *a);
#define _cleanup_answer_ __attribute__((cleanup(sts_answer_done)))

/* Is it "the requested DurationSeconds exceeds …"? */
bool sts_duration_refused(const struct sts_answer *a);
/* The fault of an error answer; a may be NULL for an answer that is none. */
void sts_fault(const struct sts_answer *a, long status, const char *role_arn,
    int64_t retry_after, struct fault *fault);

#endif
