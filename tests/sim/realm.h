/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Home realms: the page that asks for one, what remembers it, and the claims
 * provider on another host name that a realm may lead to.
 */
#ifndef SIM_REALM_H
#define SIM_REALM_H

#include <stdbool.h>

struct visit;

/* Shows the page, or goes to the claims provider.  False: go on here. */
bool realm_asks(struct visit *v);
/* Was its form posted?  Then it is answered. */
bool realm_posted(struct visit *v);
/* Is this request for a claims provider's host? */
bool realm_is_partner(const struct visit *v);
/* The claims provider's answer to who signed in there. */
void realm_partner_answer(struct visit *v);
/* The token of a claims provider was posted (wa=wsignin1.0). */
void realm_return(struct visit *v);

#endif
