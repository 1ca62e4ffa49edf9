/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desktop's notifications: one for each need of attention.h, one for each
 * use of a protected profile that waits for a word (approve.h).  What a person
 * does with them goes back to the engine; "Sign in" leads to the desk, or to
 * the command of the user's choice.
 */
#ifndef AWSFED_NOTIFY_H
#define AWSFED_NOTIFY_H

#include <stdbool.h>

struct approvals;
struct attention;
struct bus;
struct desk;
struct identity;
struct manager;
struct notify;

struct notify *notify_new(struct manager *m, struct attention *attention,
    struct approvals *approvals, struct bus *session_bus);
void notify_set_desk(struct notify *n, struct desk *desk);
void notify_free(struct notify *n);

/* What the desk has to say: struct desk_events. */
void notify_signed_in(struct identity *id, void *arg);
void notify_decided(const char *tag, bool yes, void *arg);
bool notify_busy(const char *tag, void *arg);

#endif
