/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that a service provider begins: an AuthnRequest by redirect or by
 * POST, to /adfs/ls/.
 */
#ifndef SIM_SP_H
#define SIM_SP_H

#include <stdbool.h>

struct visit;

/*
 * Finds the AuthnRequest of this visit: in the query, in the body, or behind
 * the cookie of the page before.  Fills v->sp.  False: an error is shown.
 */
bool sp_read(struct visit *v);

#endif
