/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the manager what happens outside (manager_wake): the machine was
 * suspended, its network changed, its screen was locked or unlocked.
 *
 * A resume is seen by the clocks alone; logind, where there is one, adds that
 * the machine is about to sleep and what becomes of the screen.  The network is
 * listened to while something rests that it may end, and not otherwise: an idle
 * agent is not woken up by other people's routes.
 */
#ifndef AWSFED_WAKE_H
#define AWSFED_WAKE_H

#include <stdbool.h>

struct bus;
struct manager;
struct wake;

/* system: where logind is.  Never fails: without it less is told. */
struct wake *wake_new(struct manager *m, struct bus *system);
void wake_free(struct wake *w); /* NULL allowed */

/*
 * Is there anything to do before the machine sleeps?  Then logind is asked to
 * wait for it: until the surfaces have heard MANAGER_WAKE with WAKE_SLEEP, and
 * what they began to write is written (manager_flush).  logind waits 5 s at the
 * most.
 */
void wake_delay_sleep(struct wake *w, bool delay);

#endif
