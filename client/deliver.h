/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials to standard output, for a tool or a shell: all in one write, or
 * nothing.
 */
#ifndef CLIENT_DELIVER_H
#define CLIENT_DELIVER_H

#include <jansson.h>

#include "problem.h"

/* All of it in one write.  0, or -1 with *problem. */
int deliver_text(const char *text, struct problem *problem);
/*
 * An object with accessKeyId, secretAccessKey … as the document that
 * credential_process promises (AWS SDKs and Tools Reference Guide, "Process
 * credential provider").  0, or -1 with *problem.
 */
int deliver_process(const json_t *credentials, struct problem *problem);
/*
 * The same as lines for a POSIX shell's eval; region may be NULL.  0, or -1
 * with *problem.
 */
int deliver_exports(
    const json_t *credentials, const char *region, struct problem *problem);

/* The address in Console's reply (borrowed), or NULL with *problem. */
const char *deliver_address_of(const json_t *reply, struct problem *problem);
/* A line of it.  0, or -1 with *problem. */
int deliver_address(const json_t *reply, struct problem *problem);
/* Says that Console's reply has none, and returns -1. */
int deliver_odd_address(struct problem *problem);

#endif
