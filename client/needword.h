/* SPDX-License-Identifier: Apache-2.0 */
/* What status says about a notification that nobody sees. */
#ifndef CLIENT_NEEDWORD_H
#define CLIENT_NEEDWORD_H

#include <stdint.h>

#include <jansson.h>

/*
 * "No notification: quiet hours, until 07:00.", of an identity that needs a
 * person and has none told.  xalloc, else NULL.
 */
char *needword(const json_t *identity, int64_t now);

#endif
