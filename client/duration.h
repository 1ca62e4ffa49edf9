/* SPDX-License-Identifier: Apache-2.0 */
/* Spans of time as a person types them. */
#ifndef CLIENT_DURATION_H
#define CLIENT_DURATION_H

#include <stdint.h>

#define DURATION_MAX (7 * 24 * 3600) /* seconds */

/*
 * "3h", "90m", "45s", "1h30m", or bare seconds: 1 to DURATION_MAX.  0, or
 * -EINVAL; *ret_s is in seconds.
 */
int duration_parse(const char *text, int64_t *ret_s);

#endif
