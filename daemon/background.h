/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedd --background: the agent as a process of its own, on hosts without a
 * service manager.  It has a session of its own and no terminal, "/" as its
 * directory, no descriptor of the caller's, nothing of the caller's that ends
 * before it (the variables of an ssh connection, of a unit, keys), and a log
 * file.  The caller's process waits until it is ready, and says why it is not.
 */
#ifndef AWSFED_BACKGROUND_H
#define AWSFED_BACKGROUND_H

#include <stdbool.h>

/*
 * Splits in two, before anything else was opened or started.  True in the
 * agent; false in the process that the caller waits for, *ret_status is what it
 * ends with (it has told why on standard error).
 */
bool background_start(int *ret_status);
/* From here on the lines go to the log file, the first errors to the caller. */
void background_log(void);
/* The caller may go on. */
void background_ready(void);
/* The agent ends with this status; a caller that still waits is told why. */
void background_failed(int status);
/* Is this process one? */
bool background_is(void);

/* $XDG_STATE_HOME/awsfed/agent-HOST.log, or NULL; xalloc. */
char *background_log_path(void);
#define BACKGROUND_LOG_MAX (1024 * 1024) /* bytes; then it becomes "….1" */

#endif
