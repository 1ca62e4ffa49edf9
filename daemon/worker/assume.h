/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job `assume`: one role, assumed with the live keys of its source
 * (AssumeRole, signed by Signature Version 4).  A chained session lives an hour
 * at most; a longer wish that AWS refuses is tried again with that hour.
 */
#ifndef AWSFED_WORKER_ASSUME_H
#define AWSFED_WORKER_ASSUME_H

#include <stdint.h>

#include <jansson.h>

#include "conduit.h"
#include "fields.h"
#include "sts.h"

#define ASSUME_DURATION_MAX 3600 /* seconds, role chaining */
#define ASSUME_TAGS_MAX 50

/* The message, checked; strings borrowed from it. */
struct assume {
	struct sts_role role;
	const char *session_name;
	const char *external_id;
	const char *source_identity;
	const json_t *tags;	  /* object of strings, or NULL */
	const json_t *transitive; /* array of keys, or NULL */
	struct source_keys source;
	const char *ca_bundle;
	const char *https_proxy;
	const char *no_proxy;
	bool allow_http_loopback;
	int64_t connect_timeout; /* seconds */
	int64_t timeout;	 /* seconds */
};

/* 0, or -1 with a fault that never quotes a value. */
int assume_parse(const json_t *msg, struct assume *ret, struct fault *fault);
/* 0 or -EMSGSIZE. */
int assume_request(const struct assume *a, struct buf *out);
/*
 * The fault of an error answer.  skew_s: the server's clock minus ours; a
 * signature that came too early or too late names it.
 */
void assume_fault(const struct assume *a, const struct sts_answer *answer,
    long status, int64_t retry_after, int64_t skew_s, struct fault *fault);
/* The whole job: answered by `credentials` or `fault`. */
void assume_job(struct conduit *c, const json_t *msg);

#endif
