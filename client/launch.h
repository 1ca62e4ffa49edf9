/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login starts the agent when there is none: by systemd where a user manager
 * runs and has the units, else as a process of its own (awsfedd --background).
 * No other verb does: a script or a prompt is not to leave a process behind.
 */
#ifndef CLIENT_LAUNCH_H
#define CLIENT_LAUNCH_H

#include "conn.h"

/*
 * After conn_open() had nobody to speak to, with what it said in *problem: 0
 * and a connection, or -1 with *problem (the agent's own reason when it does
 * not come up).  Two callers at once start one agent.  Nothing is started on a
 * path that AWSFED_SOCKET names: it may be another computer's.
 */
int launch(struct conn **ret, struct problem *problem);

#endif
