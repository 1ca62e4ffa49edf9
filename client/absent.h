/* SPDX-License-Identifier: Apache-2.0 */
/* Why there is no agent, and what to do: by what stands on its path. */
#ifndef CLIENT_ABSENT_H
#define CLIENT_ABSENT_H

#include <stdbool.h>

#include "problem.h"

/*
 * Fills *problem (exit status 6) for a connect(2) to path that failed with
 * error.  Returns -error, for the caller to hand on.
 */
int absent_problem(struct problem *problem, const char *path, int error);
/*
 * Does a systemd user manager run for this user?  Its socket is looked at, it
 * is not spoken to (sd-bus has it in <user runtime>/systemd/private).
 */
bool absent_manager(void);
bool absent_named(void); /* does AWSFED_SOCKET say where it is? */

#endif
