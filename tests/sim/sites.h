/* SPDX-License-Identifier: Apache-2.0 */
/* Pages about other things: the list of relying parties, notices, consent. */
#ifndef SIM_SITES_H
#define SIM_SITES_H

#include <stdbool.h>

struct visit;

/* The entry page without loginToRp: shows the list or takes its form. */
void sites_handle(struct visit *v);
/* /adfs/portal/updatepassword/ */
void sites_update_password(struct visit *v);
/* Stands something between this sign-in and its assertion?  Then shows it. */
bool sites_asks(struct visit *v);
/* Was its form posted?  Then it is answered. */
bool sites_posted(struct visit *v);

#endif
