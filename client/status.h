/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl status, once and as it goes on. */
#ifndef CLIENT_STATUS_H
#define CLIENT_STATUS_H

#include <stdint.h>

#include <jansson.h>

/* The reply of Status as a person reads it, on standard output. */
void status_show(const json_t *reply, int64_t now);

/* Both run until they are ended; profile may be NULL.  Exit statuses. */
int status_watch(const char *profile);	/* a table, drawn anew on a change */
int status_follow(const char *profile); /* a line of JSON for each change */

#endif
