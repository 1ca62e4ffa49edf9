/* SPDX-License-Identifier: Apache-2.0 */
/* Who logs in at a terminal while awsfed is locked may end the lock there. */
#ifndef CLIENT_UNLOCK_H
#define CLIENT_UNLOCK_H

#include <stdbool.h>

#include "problem.h"

/*
 * When the problem is the lock and there is a terminal: says so there and asks
 * whether to unlock.  True when it was unlocked, and what failed may be tried
 * again; else *problem is as it was, or tells why unlocking failed.
 */
bool unlock_offered(struct problem *problem);

#endif
