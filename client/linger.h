/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lingering: without it systemd ends what a user runs, the agent with it, and
 * takes the runtime directory away, when the last session of theirs ends.  On
 * a desktop that is what one wants; on a host that one reaches by ssh, not.
 */
#ifndef CLIENT_LINGER_H
#define CLIENT_LINGER_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Will the agent of this computer end with this login?  By files alone: is a
 * user manager there, is this no graphical session, is there no flag file of
 * logind's.  False where a forwarded agent is used, and when in doubt.
 */
bool linger_missing(void);
/*
 * The flag file of a user, xalloc; NULL for a name that cannot be one.  logind
 * escapes the name as C does: winbind's CORP\jane is CORP\\jane there.
 */
char *linger_flag(const char *user);
/* The two lines about it. */
void linger_warn(FILE *out);
/* The same, once for as long as the runtime directory is there. */
void linger_warn_once(FILE *out);

#endif
