/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One assertion for many roles: AssumeRoleWithSAML in parallel, each role
 * reported to the agent the moment it is decided.
 */
#ifndef AWSFED_WORKER_REDEEM_H
#define AWSFED_WORKER_REDEEM_H

#include <jansson.h>

#include "conduit.h"
#include "http.h"
#include "job.h"
#include "saml.h"

#define REDEEM_ROLES_MAX 1000
#define REDEEM_TRIES 3 /* of one role, when AWS is busy */

/* Every role of the array is answered by `credentials` or a `fault`. */
void redeem(struct http *h, struct conduit *c, const struct job *job,
    const struct saml *saml, const json_t *roles, int64_t skew_s);

#endif
