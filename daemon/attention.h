/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Human time: what only a person can do, and when to say so.
 *
 * A *need* is an identity that rests until a person signs in and has profiles
 * that are kept, or that a program has just asked for.  Each is put to a person
 * once, while one is there: when it comes up, when the screen is unlocked, when
 * the machine wakes, when a program asks for keys; never in the quiet hours and
 * never while nobody is there.  It is withdrawn as soon as it is moot.
 *
 * A need that can only be foreseen (the sign-in ends at T) is shown by status
 * and asked of nobody: AD FS's cookies cannot be prolonged before they end.
 *
 * Who shows it (a notification) is a surface with the ops below.
 */
#ifndef AWSFED_ATTENTION_H
#define AWSFED_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "awsfed/hours.h"

struct attention;
struct fault;
struct identity;
struct manager;

#define ATTENTION_SNOOZE (30 * 60) /* seconds */
#define ATTENTION_MORNING (6 * 60) /* minute of the day: 06:00 */

/* Why nobody is told of a need now. */
enum attention_hold {
	HOLD_NONE,
	HOLD_OFF,     /* by the configuration */
	HOLD_UNSHOWN, /* there is nothing to show it with */
	HOLD_QUIT,    /* quit for today, or closed by hand */
	HOLD_SNOOZED, /* for a while */
	HOLD_NIGHT,
	HOLD_AWAY,
	HOLD_MAX
};
const char *attention_hold_name(enum attention_hold h);

/* The rule's whole input; times are seconds since 1970, 0 none. */
struct attention_rule {
	bool off;
	bool away; /* known to be; unknown is not away */
	struct hours quiet;
	int64_t quit_until;
	int64_t snooze_until;
};
/*
 * Is it held back at `now`?  *ret_until: when to look again, 0 when only an
 * event can change it.
 */
enum attention_hold attention_held(
    const struct attention_rule *rule, int64_t now, int64_t *ret_until);

/* What is to be said; all borrowed, for the length of the call. */
struct need {
	struct identity *identity;
	const char *profile; /* one of its profiles, to name in a command */
	size_t profiles;     /* kept ones */
	size_t live;	     /* of them, with keys that have not expired */
	int64_t valid_until; /* the first of these ends; 0: none is live */
	bool used;	     /* a program asked for keys just now */
	bool can_sign_in;    /* else something is to be put right first */
	const struct fault *fault; /* empty: it has only ended */
};

struct attention_ops {
	/* False: it cannot be shown now; attention_again() will say when. */
	bool (*tell)(const struct need *n, void *arg);
	void (*withdraw)(struct identity *id, void *arg);
};

struct attention *attention_new(struct manager *m);
void attention_free(struct attention *a);
/* Who shows the needs; all of them are told anew. */
void attention_surface(
    struct attention *a, const struct attention_ops *ops, void *arg);

/* A person is back: what went by unseen is told again. */
void attention_moment(struct attention *a);
/* The person has asked for it: the sign-in of this need is under way. */
void attention_taken(struct attention *a, struct identity *id);
void attention_snooze(struct attention *a, struct identity *id);
void attention_quit(struct attention *a);
/* Its notice is gone; by_hand: a person has closed it and wants no more. */
void attention_closed(struct attention *a, struct identity *id, bool by_hand);
/* What tell() took could not be shown after all. */
void attention_unshown(struct attention *a, struct identity *id);
/* Shows this need anew; NULL: those that could not be shown. */
void attention_again(struct attention *a, struct identity *id);
/* The need of an identity as it is now.  False: there is none. */
bool attention_need(struct attention *a, struct identity *id, struct need *ret);

#endif
