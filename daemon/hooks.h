/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks, as a surface: the user's own commands after a renewal (on_refresh)
 * and when a profile needs a person (on_needs_login).  The profile and the end
 * of its keys are in the command's environment, the keys never.
 *
 * One command at a time for a profile, a few at once for all; what happens
 * while one runs is told by one more run after it.  A command that fails or
 * hangs is a line in the log and nothing else.
 */
#ifndef AWSFED_HOOKS_H
#define AWSFED_HOOKS_H

struct hooks;
struct manager;

#define HOOKS_AT_ONCE 4
#define HOOKS_TIME 30  /* seconds for one command */
#define HOOKS_LINES 20 /* of its output that go to the log */

/* After the files were looked at: what was adopted is no renewal. */
struct hooks *hooks_new(struct manager *m);
/* What runs is stopped.  Before commands_free. */
void hooks_free(struct hooks *h);

#endif
