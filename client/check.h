/* SPDX-License-Identifier: Apache-2.0 */
/* What a script asks of Status: may a command run now, and for how long? */
#ifndef CLIENT_CHECK_H
#define CLIENT_CHECK_H

#include <stdint.h>

#include <jansson.h>

/*
 * The exit status of `status P --check --min T`: 0 when the profile's
 * credentials last min_s seconds, EXIT_LIFETIME when they end before,
 * EXIT_NEEDS_LOGIN, EXIT_TEMPORARY, or that of its fault when its role was
 * refused.  A chained profile that nobody has asked the agent for is as good as
 * its source.
 */
int check_profile(const json_t *status, const char *profile, int64_t min_s);

#endif
