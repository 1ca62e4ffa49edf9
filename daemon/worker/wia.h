/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows integrated authentication: a Kerberos ticket instead of a password,
 * or, where the profile asks for it, a password by NTLM.
 *
 * AD FS chooses by the User-Agent whether it asks for either or shows its form.
 * A live sign-in (cookies) comes first in any case: a ticket is looked at only
 * when the server has asked for one (401), and is sent to the configured
 * provider alone, over https, without delegation.  libcurl 7.88 sends no
 * channel bindings: a farm with ExtendedProtectionTokenCheck Require refuses.
 */
#ifndef AWSFED_WORKER_WIA_H
#define AWSFED_WORKER_WIA_H

#include <stdbool.h>
#include <stdint.h>

struct fault;
struct signin;

enum ticket { TICKET_NONE, TICKET_EXPIRED, TICKET_GOOD };

/*
 * Looks at awsfed.auth: whether this build can do it, which ticket cache, which
 * User-Agent.  0, or -1 with a config fault.
 */
int wia_prepare(struct signin *s, struct fault *fault);
/* The page at hand is a 401: proves who we are, or goes on to the form. */
int wia_unauthorized(struct signin *s, struct fault *fault);
/* The page at hand is the form: may it be answered?  0, or -1. */
int wia_form(struct signin *s, struct fault *fault);
/*
 * How many seconds the ticket lives that this sign-in was made with, or, with
 * awsfed.auth = kerberos, that the next one will be; 0 when there is none.
 */
int64_t wia_ticket_left(const struct signin *s);

#endif
