/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile's credentials for exec, env and console: from the agent, which
 * renews what can be renewed; and by a sign-in, if a person sits there and says
 * yes.
 */
#ifndef CLIENT_OBTAIN_H
#define CLIENT_OBTAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "problem.h"

struct creds;

struct obtain {
	const char *profile;
	const char *purpose; /* for a question about it; NULL: not said */
	int64_t need;	     /* seconds they must last, 0: whatever is live */
	bool renews;	     /* it is enough when the sign-in lasts that long */
};

struct obtained {
	json_t *reply; /* of Credentials */
	struct creds *creds;
	const char *region; /* of the reply, NULL when the profile has none */
};

/*
 * 0, or -1 with *problem: exit status 7 (EXIT_LIFETIME) when there are
 * credentials, but none that last.  Every word goes to standard error or the
 * terminal.
 */
int obtain(
    const struct obtain *o, struct obtained *ret, struct problem *problem);
void obtained_done(struct obtained *o);

/*
 * Asks on the terminal whether to sign the profile in now, and does.  True when
 * it has been done; why is the sentence that is shown first.  False without a
 * terminal that is this program's to use.
 */
bool obtain_sign_in(const char *profile, const char *why);

#define _cleanup_obtained_ __attribute__((cleanup(obtained_done)))

#endif
