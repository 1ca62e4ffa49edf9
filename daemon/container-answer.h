/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the container endpoint sends: a whole HTTP/1.1 response, after which
 * the connection ends.  AWS SDKs and Tools Reference Guide, "Container
 * credential provider".
 */
#ifndef AWSFED_CONTAINER_ANSWER_H
#define AWSFED_CONTAINER_ANSWER_H

#include "awsfed/buf.h"

struct creds;
struct fault;

#define CONTAINER_ANSWER_MAX (256 * 1024)

void container_answer_creds(struct buf *out, const struct creds *c);
/* message and next (NULL allowed) are sentences for people. */
void container_answer_error(struct buf *out, int status, const char *code,
    const char *message, const char *next);
/* Why there are no credentials; the SDKs try again what is 5xx. */
void container_answer_fault(struct buf *out, const struct fault *f);

#endif
