/* SPDX-License-Identifier: Apache-2.0 */
#include "attention.h"

#include "awsfed/clock.h"
#include "awsfed/config.h"
#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "identity.h"
#include "loop.h"
#include "manager.h"
#include "session.h"

#define SETTLE (250 * MSEC) /* fifty profiles of one job: one look */

/* What is remembered of an identity that has been in need. */
struct entry {
	struct identity *identity;
	bool needed;
	int64_t since; /* seconds */
	bool told;     /* the surface has it */
	bool mute;     /* it cannot show it now */
	bool went_by;  /* it was shown and vanished: wait for a moment */
	bool taken;    /* a person has asked for it from the surface */
	bool was_met;  /* signed in since the last look */
	bool busy;     /* at the last look */
	int64_t last_told;
	int64_t rest;	/* snoozed until */
	int64_t closed; /* closed by hand: until */
	char *used;	/* a profile that a program has asked for, or NULL */
	json_t *shown;	/* what status said of it last */
	struct entry *next;
};

struct attention {
	struct manager *manager;
	struct loop *loop;
	struct timer *settle; /* a look is due */
	struct timer *later;  /* the end of a rest, or of the night */
	struct attention_ops ops;
	void *arg;
	struct entry *entries;
	int64_t quit_until;
};

/* ---- the rule --------------------------------------------------------------- */

static const char *const hold_names[HOLD_MAX] = {
	[HOLD_NONE] = "",
	[HOLD_OFF] = "off",
	[HOLD_UNSHOWN] = "unshown",
	[HOLD_QUIT] = "quit",
	[HOLD_SNOOZED] = "snoozed",
	[HOLD_NIGHT] = "night",
	[HOLD_AWAY] = "away",
};

const char *
attention_hold_name(enum attention_hold h)
{
	return hold_names[h];
}

enum attention_hold
attention_held(
    const struct attention_rule *rule, int64_t now, int64_t *ret_until)
{
	*ret_until = 0;
	if (rule->off)
		return HOLD_OFF;
	if (now < rule->quit_until) {
		*ret_until = rule->quit_until;
		return HOLD_QUIT;
	}
	if (now < rule->snooze_until) {
		*ret_until = rule->snooze_until;
		return HOLD_SNOOZED;
	}
	if (hours_has(&rule->quiet, now)) {
		*ret_until = hours_next(rule->quiet.to, now);
		return HOLD_NIGHT;
	}
	return rule->away ? HOLD_AWAY : HOLD_NONE;
}

static int64_t
now_s(const struct attention *a)
{
	return clk_real(a->loop->clk) / USEC;
}

static enum attention_hold
held(const struct attention *a, const struct entry *e, int64_t *ret_until)
{
	const struct settings *set = &manager_config(a->manager)->settings;
	struct attention_rule rule = {
		.off = !set->notifications,
		.away = manager_presence(a->manager) == PRESENCE_AWAY,
		.quiet = set->quiet_hours,
		.quit_until =
		    e->closed > a->quit_until ? e->closed : a->quit_until,
		.snooze_until = e->rest,
	};

	return attention_held(&rule, now_s(a), ret_until);
}

/* ---- what is needed ---------------------------------------------------------- */

static struct entry *
entry_of(struct attention *a, struct identity *id, bool make)
{
	struct entry **p = &a->entries;

	for (; *p != NULL; p = &(*p)->next)
		if ((*p)->identity == id)
			return *p;
	if (!make)
		return NULL;
	*p = xcalloc(1, sizeof(**p));
	(*p)->identity = id;
	return *p;
}

/* With another password or at another hour a sign-in may go well. */
static bool
can_sign_in(const struct fault *f)
{
	return !fault_is(f) || f->kind == FAULT_NEEDS_USER ||
	    f->kind == FAULT_REJECTED || f->kind == FAULT_DENIED ||
	    f->kind == FAULT_CANCELLED;
}

bool
attention_need(struct attention *a, struct identity *id, struct need *ret)
{
	const struct entry *e = entry_of(a, id, false);
	struct outlook o;

	manager_outlook(a->manager, id, &o);
	/* Who has locked wants no sign-in; a job will say what it needs. */
	if (manager_locked(a->manager) || identity_comes(id) ||
	    identity_state(id) == IDENTITY_BACKOFF)
		return false;
	/* One that was declined, or cancelled, is one still. */
	if (identity_state(id) != IDENTITY_NEEDS_USER && o.needs_login == 0 &&
	    !(identity_state(id) == IDENTITY_SIGNED_OUT && e != NULL &&
		e->needed && o.profiles > 0))
		return false;
	*ret = (struct need){
		.identity = id,
		.profile = o.profile,
		.profiles = o.profiles,
		.live = o.live,
		.valid_until = o.valid_until,
		.can_sign_in = can_sign_in(identity_fault(id)),
		.fault = identity_fault(id),
	};
	if (e != NULL && e->used != NULL) {
		ret->used = true;
		ret->profile = e->used;
	}
	return ret->profile != NULL;
}

static void
withdraw(struct attention *a, struct entry *e)
{
	if (e->told)
		a->ops.withdraw(e->identity, a->arg);
	e->told = false;
}

static void
forget(struct entry *e)
{
	e->needed = e->mute = e->went_by = e->taken = false;
	e->rest = e->closed = 0;
	xreplace(&e->used, NULL);
}

/*
 * A sign-in of a person's has just come to nothing.  Who tried at a terminal
 * knows: they are left alone for a while.  Who asked for it here is told.
 */
static void
tried(struct attention *a, struct entry *e)
{
	if (!e->taken && identity_attended(e->identity))
		e->rest = now_s(a) + ATTENTION_SNOOZE;
	e->went_by = e->taken = false;
}

static void
look_at(struct attention *a, struct entry *e, int64_t *next)
{
	bool busy = identity_comes(e->identity), was = e->busy;
	struct need n;
	int64_t until;

	e->busy = busy;
	if (e->was_met) {
		/* Whatever is needed now is another need. */
		withdraw(a, e);
		forget(e);
		e->was_met = false;
	}
	if (!attention_need(a, e->identity, &n)) {
		withdraw(a, e);
		/* While it is being tried the need is only put aside. */
		if (!busy)
			forget(e);
		return;
	}
	if (!e->needed) {
		e->needed = true;
		e->since = now_s(a);
	}
	if (was && !busy)
		tried(a, e);
	if (e->told || e->mute || e->went_by)
		return;
	if (held(a, e, &until) == HOLD_NONE) {
		e->told = a->ops.tell != NULL && a->ops.tell(&n, a->arg);
		e->mute = !e->told;
		e->last_told = e->told ? now_s(a) : 0;
	} else if (until > 0 && (*next == 0 || until < *next)) {
		*next = until;
	}
}

/* ---- status ------------------------------------------------------------------- */

static json_t *
describe(struct attention *a, const struct entry *e)
{
	json_t *o = json_object();
	char when[RFC3339_SIZE];
	enum attention_hold hold;
	int64_t until;
	struct need n;

	if (!e->needed || !attention_need(a, e->identity, &n)) {
		json_decref(o);
		return NULL;
	}
	rfc3339_format(e->since, when);
	json_put_str(o, "since", when);
	json_put_str(o, "profile", n.profile);
	json_object_set_new(
	    o, "profiles", json_integer((json_int_t)n.profiles));
	json_object_set_new(o, "told", json_boolean(e->told));
	hold = held(a, e, &until);
	if (hold == HOLD_NONE && (e->mute || a->ops.tell == NULL))
		hold = HOLD_UNSHOWN;
	if (!e->told && hold != HOLD_NONE) {
		json_put_str(o, "held", hold_names[hold]);
		if (until > 0) {
			rfc3339_format(until, when);
			json_put_str(o, "until", when);
		}
	}
	return o;
}

static void
on_status(struct identity *id, json_t *status, void *arg)
{
	struct attention *a = arg;
	struct entry *e = entry_of(a, id, false);
	json_t *o = e == NULL ? NULL : describe(a, e);

	if (o != NULL)
		json_object_set_new(status, "need", o);
}

/* ---- looking ------------------------------------------------------------------- */

static void
soon(struct attention *a)
{
	if (!a->loop->ops->timer_armed(a->settle))
		a->loop->ops->timer_set(
		    a->settle, deadline_in(a->loop->clk, SETTLE));
}

static void
on_look(void *arg)
{
	struct attention *a = arg;
	struct identity *id;
	int64_t next = 0;
	bool changed = false;

	for (size_t i = 0; (id = manager_identity_at(a->manager, i)) != NULL;
	     i++)
		(void)entry_of(a, id, true);
	for (struct entry *e = a->entries; e != NULL; e = e->next) {
		json_t *now;

		look_at(a, e, &next);
		now = describe(a, e);
		changed |= now != e->shown && !json_equal(now, e->shown);
		json_decref(e->shown);
		e->shown = now;
	}
	if (changed)
		manager_need_changed(a->manager);
	if (next == 0)
		a->loop->ops->timer_stop(a->later);
	else
		a->loop->ops->timer_set(a->later,
		    deadline_in(
			a->loop->clk, next * USEC - clk_real(a->loop->clk)));
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct attention *a = arg;
	struct identity *id;

	(void)b;
	if (ev == MANAGER_FLUSH || ev == MANAGER_FORCE)
		return;
	if (ev == MANAGER_WAKE) {
		enum manager_wake what = manager_woke(a->manager);

		if (what == WAKE_UNLOCK || what == WAKE_RESUME)
			attention_moment(a);
	}
	if (ev == MANAGER_USED && !session_profile(s)->apart &&
	    (id = manager_identity_of(a->manager, s)) != NULL) {
		struct entry *e = entry_of(a, id, true);

		xreplace(&e->used, xstrdup(session_name(s)));
		/* A script in a loop is one use. */
		if (now_s(a) - e->last_told >= ATTENTION_SNOOZE)
			e->went_by = e->mute = false;
	}
	/* Also when it lasts for less than a look. */
	for (struct entry *e = a->entries; e != NULL; e = e->next)
		e->was_met |= identity_state(e->identity) == IDENTITY_SIGNED_IN;
	soon(a);
}

/* ---- what the surface says ------------------------------------------------------ */

void
attention_moment(struct attention *a)
{
	if (manager_presence(a->manager) != PRESENCE_AWAY)
		for (struct entry *e = a->entries; e != NULL; e = e->next)
			e->went_by = false;
	soon(a);
}

void
attention_taken(struct attention *a, struct identity *id)
{
	struct entry *e = entry_of(a, id, true);

	e->taken = true;
	/* Its notice has done its work. */
	withdraw(a, e);
	e->went_by = true;
	soon(a);
}

void
attention_snooze(struct attention *a, struct identity *id)
{
	struct entry *e = entry_of(a, id, true);

	withdraw(a, e);
	e->rest = now_s(a) + ATTENTION_SNOOZE;
	soon(a);
}

void
attention_quit(struct attention *a)
{
	a->quit_until = hours_next(ATTENTION_MORNING, now_s(a));
	for (struct entry *e = a->entries; e != NULL; e = e->next)
		withdraw(a, e);
	soon(a);
}

void
attention_closed(struct attention *a, struct identity *id, bool by_hand)
{
	struct entry *e = entry_of(a, id, true);

	e->told = false;
	if (by_hand)
		e->closed = hours_next(ATTENTION_MORNING, now_s(a));
	else
		e->went_by = true;
	soon(a);
}

void
attention_unshown(struct attention *a, struct identity *id)
{
	struct entry *e = entry_of(a, id, true);

	e->told = false;
	e->mute = true;
	e->last_told = 0;
	soon(a);
}

void
attention_again(struct attention *a, struct identity *id)
{
	for (struct entry *e = a->entries; e != NULL; e = e->next) {
		if (id == NULL ? !e->mute : e->identity != id)
			continue;
		withdraw(a, e);
		e->mute = e->went_by = e->taken = false;
		/* What the try came to is told now, and not weighed later. */
		e->busy &= id == NULL;
	}
	soon(a);
}

void
attention_surface(
    struct attention *a, const struct attention_ops *ops, void *arg)
{
	a->ops = ops != NULL ? *ops : (struct attention_ops){ 0 };
	a->arg = arg;
	for (struct entry *e = a->entries; e != NULL; e = e->next)
		e->told = e->mute = false;
	soon(a);
}

/* ---- life -------------------------------------------------------------------------- */

struct attention *
attention_new(struct manager *m)
{
	struct attention *a = xcalloc(1, sizeof(*a));

	a->manager = m;
	a->loop = manager_env(m)->loop;
	a->settle = timer_new(a->loop, on_look, a);
	a->later = timer_new(a->loop, on_look, a);
	manager_subscribe(m, &(struct surface){ on_event, a });
	manager_set_needs(m, on_status, a);
	soon(a);
	return a;
}

void
attention_free(struct attention *a)
{
	if (a == NULL)
		return;
	a->loop->ops->timer_free(a->settle);
	a->loop->ops->timer_free(a->later);
	manager_set_needs(a->manager, NULL, NULL);
	while (a->entries != NULL) {
		struct entry *e = a->entries;

		a->entries = e->next;
		json_decref(e->shown);
		xfree(e->used);
		xfree(e);
	}
	xfree(a);
}
