/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of org.freedesktop.Notifications (Desktop Notifications
 * Specification 1.2): shows notices, each under a tag of the caller's, one at a
 * time per tag.  The daemon may be absent, come late, take no actions, die or
 * answer nonsense; then failed() or lost() is called, and ready() once it is
 * worth another try.  Nothing blocks; nothing is called from inside a call.
 */
#ifndef AWSFED_NOTIFY_BUS_H
#define AWSFED_NOTIFY_BUS_H

#include <stdbool.h>
#include <stdint.h>

struct bus;
struct loop;
struct notices;

enum notice_urgency { NOTICE_LOW, NOTICE_NORMAL, NOTICE_CRITICAL };

struct notice_action {
	const char *key;
	const char *label;
};

/* Plain text throughout; it is escaped where the daemon takes markup. */
struct notice_text {
	const char *summary;
	const char *body;
	/* Also told where there are no actions: what to do instead, or NULL. */
	const char *otherwise;
	const struct notice_action *actions; /* ends with a NULL key; or NULL */
	enum notice_urgency urgency;
	int seconds; /* shown; 0: until it is closed */
};

struct notices_events {
	void (*action)(const char *tag, const char *key, void *arg);
	/* It is not shown any more; by_hand: a person has closed it. */
	void (*closed)(const char *tag, bool by_hand, void *arg);
	/* It could not be shown. */
	void (*failed)(const char *tag, void *arg);
	/* What was shown or failed may be shown (again) now. */
	void (*ready)(void *arg);
};

struct notices *notices_new(struct loop *loop, struct bus *bus,
    const struct notices_events *events, void *arg);
void notices_free(struct notices *ns); /* closes what is shown */
/* May one be shown, as far as is known? */
bool notices_can(const struct notices *ns);
/* False: there is no bus, or it failed just now; ready() will come. */
bool notices_show(
    struct notices *ns, const char *tag, const struct notice_text *text);
void notices_close(struct notices *ns, const char *tag); /* unknown: no-op */

/* For tests: & < > become entities, control characters but LF go. */
char *notice_escape(const char *text);

#endif
