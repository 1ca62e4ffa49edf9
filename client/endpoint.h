/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container endpoint, for a command that outlives its first credentials:
 * its SDK asks there again. AWS SDKs and Tools Reference Guide, "Container
 * credential provider".
 */
#ifndef CLIENT_ENDPOINT_H
#define CLIENT_ENDPOINT_H

#include "environ.h"
#include "problem.h"

/*
 * Has the agent serve the profile and puts the address, the token and its file
 * into the plan.  Files whose default profile every SDK would prefer are hidden
 * from the command.  0, or -1 with *problem.
 */
int endpoint_plan(
    struct plan *plan, const char *profile, struct problem *problem);

#endif
