/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's tag of a password: scrypt cut to 16 bits, which tells another
 * password and is useless for guessing.  It is slow on purpose, so it is made by
 * a thread where something else has to be waited for.
 */
#ifndef AWSFED_WORKER_TAG_H
#define AWSFED_WORKER_TAG_H

#include "job.h"

#define TAG_SIZE 5 /* four hex digits and NUL */

struct secret;
struct tag;

/* Begins; the password and the salt are borrowed until tag_end. */
struct tag *tag_start(
    const struct secret *password, const unsigned char salt[JOB_SALT_SIZE]);
/* Waits for it, and frees t. */
void tag_end(struct tag *t, char ret[TAG_SIZE]);

#endif
