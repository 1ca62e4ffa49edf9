/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by wake.c and its two ears. */
#ifndef AWSFED_WAKE_INT_H
#define AWSFED_WAKE_INT_H

#include <stdbool.h>

struct bus;
struct logind;
struct manager;
struct netlink;
struct wake;

struct manager *wake_manager(struct wake *w);
/* Each tells the manager, once, although it is noticed twice. */
void wake_sleeps(struct wake *w);
void wake_resumed(struct wake *w);

/* wake-logind.c */
struct logind *logind_new(struct wake *w, struct bus *system);
void logind_free(struct logind *l);
void logind_delay_sleep(struct logind *l, bool delay);

/* wake-netlink.c */
struct netlink *netlink_new(struct wake *w);
void netlink_free(struct netlink *n);
/* Something changed in the engine: is there anything to listen for? */
void netlink_look(struct netlink *n);

#endif
