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

struct bus;
struct manager;
struct wake;

/*
 * system: where logind is.  Never fails: without it less is told.  With
 * lock_on_sleep the machine waits for us before it sleeps.
 */
struct wake *wake_new(struct manager *m, struct bus *system);
void wake_free(struct wake *w); /* NULL allowed */

#endif
