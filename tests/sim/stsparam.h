/* SPDX-License-Identifier: Apache-2.0 */
/* Which parameters an STS call may have, and what they may hold. */
#ifndef SIM_STSPARAM_H
#define SIM_STSPARAM_H

#include <stdint.h>

struct form;

/*
 * NULL when every parameter is known, present where required, sent once and
 * within its limits; otherwise why not, an xalloc string.  A text that starts
 * with "MalformedPolicy" is about the policy document.
 */
char *stsparam_check(const char *action, const struct form *f);
/* DurationSeconds, or the default 3600. */
int64_t stsparam_duration(const struct form *f);

#endif
