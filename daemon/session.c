/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "catalog.h"
#include "loop.h"
#include "machine.h"
#include "schedule.h"
#include "session-int.h"

#define CANCEL_REST (300 * USEC)
#define CLOCK_SLACK (2 * USEC)	  /* by which two clocks may differ */
#define FAILED_REST SCHEDULE_HOUR /* a refused role is tried again */

static const char *const state_names[SESSION_STATE_MAX] = {
	[SESSION_IDLE] = "idle",
	[SESSION_WAITING] = "waiting",
	[SESSION_FRESH] = "fresh",
	[SESSION_BACKOFF] = "backoff",
	[SESSION_NEEDS_LOGIN] = "needs-login",
	[SESSION_FAILED] = "failed",
};

static const char *const event_names[SESSION_EVENT_MAX] = {
	[SESSION_WANTED] = "wanted",
	[SESSION_ATTENDED] = "wanted-attended",
	[SESSION_TIMER] = "timer",
	[SESSION_RIDE] = "ride",
	[SESSION_CREDENTIALS] = "credentials",
	[SESSION_TEMPORARY] = "temporary",
	[SESSION_HELD] = "held",
	[SESSION_REFUSED] = "refused",
	[SESSION_GONE] = "gone",
	[SESSION_FOUND] = "found",
	[SESSION_NEEDS_USER] = "needs-user",
	[SESSION_CANCELLED] = "cancelled",
	[SESSION_LOGOUT] = "logout",
	[SESSION_CHANGED] = "changed",
	[SESSION_WAKE] = "wake",
};

static const char *const message_ids[SESSION_STATE_MAX] = {
	[SESSION_IDLE] = MESSAGE_PROFILE_IDLE,
	[SESSION_WAITING] = MESSAGE_PROFILE_WAITING,
	[SESSION_FRESH] = MESSAGE_PROFILE_FRESH,
	[SESSION_BACKOFF] = MESSAGE_PROFILE_BACKOFF,
	[SESSION_NEEDS_LOGIN] = MESSAGE_PROFILE_NEEDS_LOGIN,
	[SESSION_FAILED] = MESSAGE_PROFILE_FAILED,
};

const char *
session_state_name(enum session_state s)
{
	return state_names[s];
}

static bool
live(const struct session *s)
{
	return s->creds != NULL && !creds_expired(s->creds, s->env.loop->clk);
}

/* ---- timers: what the state makes of them ----------------------------------- */

void
session_arm_at(struct session *s, struct deadline d)
{
	s->next = d;
	TIMER(s)->timer_set(s->timer, d);
}

static void
arm_in(struct session *s, int64_t after)
{
	session_arm_at(s, deadline_in(s->env.loop->clk, after));
}

static void
disarm(struct session *s)
{
	s->next = (struct deadline){ 0, 0 };
	TIMER(s)->timer_stop(s->timer);
}

static double
luck(struct session *s)
{
	return s->env.luck != NULL ? s->env.luck(s, s->env.arg) :
				     s->env.random(s->env.arg);
}

/* Not before that, if the settings say so. */
static int64_t
least(const struct session *s)
{
	return s->env.settings == NULL ?
	    0 :
	    s->env.settings(s->env.arg)->min_renewal_interval * USEC;
}

static int64_t
spread(const struct session *s)
{
	return s->env.settings == NULL ?
	    0 :
	    s->env.settings(s->env.arg)->spread * USEC;
}

/* Its turn among all that woke just now, or have a network again. */
static int64_t
splay(struct session *s, int64_t away)
{
	return schedule_wake_splay(away,
	    live(s) ? deadline_left(s->env.loop->clk,
			  creds_deadline(s->creds, s->env.loop->clk)) :
		      0,
	    spread(s), luck(s));
}

/* Renewal on both clocks, or the end of the keys if it does not renew. */
static void
arm_fresh(struct session *s)
{
	int64_t life, after;

	if (!session_renews(s)) {
		session_arm_at(s, creds_deadline(s->creds, s->env.loop->clk));
		return;
	}
	life = s->creds->expires.boot - s->creds->issued.boot;
	after = schedule_renew(life, least(s), luck(s));
	session_arm_at(s,
	    (struct deadline){
		s->creds->issued.real + after, s->creds->issued.boot + after });
}

static void
arm(struct session *s, int64_t retry)
{
	switch (s->state) {
	case SESSION_FRESH:
		if (retry > 0)
			arm_in(s, retry);
		else
			arm_fresh(s);
		break;
	case SESSION_BACKOFF:
		if (retry > 0)
			arm_in(s, retry);
		else
			disarm(s); /* the identity's timer calls */
		break;
	case SESSION_FAILED:
		/* What is gone is looked at when there is an assertion. */
		if (s->fault.reason != REASON_GONE)
			arm_in(s,
			    schedule_rest(
				FAILED_REST, s->env.random(s->env.arg)));
		else if (live(s))
			session_arm_at(
			    s, creds_deadline(s->creds, s->env.loop->clk));
		else
			disarm(s);
		break;
	case SESSION_IDLE:
	case SESSION_NEEDS_LOGIN:
		/* Also when they have expired: a clock may go back. */
		if (s->creds != NULL)
			session_arm_at(
			    s, creds_deadline(s->creds, s->env.loop->clk));
		else
			disarm(s);
		break;
	case SESSION_WAITING:
	case SESSION_STATE_MAX:
		disarm(s);
		break;
	}
}

/* ---- actions -------------------------------------------------------------------- */

typedef enum session_state action(struct session *s, struct input *in);

static enum session_state
ask_owner(struct session *s, bool attended)
{
	_cleanup_fault_ struct fault f = { 0 };
	enum session_state before = s->state;

	/* The owner looks for who waits. */
	s->state = SESSION_WAITING;
	switch (s->env.ops->want(s, attended, &f, s->env.arg)) {
	case SESSION_WILL:
		return SESSION_WAITING;
	case SESSION_WAITS:
		fault_copy(&s->fault, &f);
		return SESSION_BACKOFF;
	case SESSION_REFUSES:
		break;
	}
	if (before == SESSION_FAILED && !attended)
		return SESSION_FAILED;
	fault_copy(&s->fault, &f);
	return f.reason == REASON_GONE ? SESSION_FAILED : SESSION_NEEDS_LOGIN;
}

static enum session_state
act_request(struct session *s, struct input *in)
{
	(void)in;
	return ask_owner(s, false);
}

static enum session_state
act_attend(struct session *s, struct input *in)
{
	(void)in;
	return ask_owner(s, true);
}

static void
expire(struct session *s, struct input *in)
{
	in->lost = s->creds != NULL && !live(s);
	if (in->lost)
		s->creds = creds_unref(s->creds);
}

static enum session_state
act_due(struct session *s, struct input *in)
{
	/* Gone: only another's assertion can bring it back. */
	if (s->state == SESSION_FAILED && s->fault.reason == REASON_GONE) {
		expire(s, in);
		return SESSION_FAILED;
	}
	if (session_renews(s))
		return ask_owner(s, false);
	/* Nobody renews it: this was the end of its keys, or of its rest. */
	expire(s, in);
	return s->creds == NULL ? SESSION_IDLE : s->state;
}

static enum session_state
act_expire(struct session *s, struct input *in)
{
	expire(s, in);
	return s->state;
}

static enum session_state
act_join(struct session *s, struct input *in)
{
	(void)s;
	(void)in;
	return SESSION_WAITING;
}

static enum session_state
act_take(struct session *s, struct input *in)
{
	in->new_creds = true;
	s->tries = 0;
	if (s->kept)
		s->logged_out = false;
	fault_done(&s->fault);
	return SESSION_FRESH;
}

static enum session_state
act_back_off(struct session *s, struct input *in)
{
	fault_copy(&s->fault, in->fault);
	if (s->tries == 0)
		s->failing = clk_boot(s->env.loop->clk);
	in->retry = schedule_backoff(++s->tries, in->fault->retry_after * USEC,
	    s->env.random(s->env.arg));
	return SESSION_BACKOFF;
}

/* A role that failed for a network reason is tried again within seconds. */
static enum session_state
act_hurry(struct session *s, struct input *in)
{
	int64_t left, wait;

	if (!TIMER(s)->timer_armed(s->timer))
		return SESSION_BACKOFF; /* its identity's timer calls */
	left = deadline_left(s->env.loop->clk, s->next);
	in->retry = left > 0 ? left : 1;
	if (!fault_of_network(&s->fault))
		return SESSION_BACKOFF;
	wait = schedule_wake(s->env.random(s->env.arg)) +
	    splay(s, clk_boot(s->env.loop->clk) - s->failing);
	s->tries = schedule_wake_tries(s->tries);
	if (in->retry > wait)
		in->retry = wait;
	return SESSION_BACKOFF;
}

/* No timer of its own: its identity's calls. */
static enum session_state
act_hold(struct session *s, struct input *in)
{
	fault_copy(&s->fault, in->fault);
	return SESSION_BACKOFF;
}

static enum session_state
act_fail(struct session *s, struct input *in)
{
	fault_copy(&s->fault, in->fault);
	return SESSION_FAILED;
}

/* Its role is offered again. */
static enum session_state
act_found(struct session *s, struct input *in)
{
	(void)in;
	if (s->fault.reason != REASON_GONE)
		return SESSION_FAILED;
	fault_done(&s->fault);
	return live(s) ? SESSION_FRESH : SESSION_IDLE;
}

static enum session_state
act_need(struct session *s, struct input *in)
{
	fault_copy(&s->fault, in->fault);
	return SESSION_NEEDS_LOGIN;
}

static enum session_state
act_cancel(struct session *s, struct input *in)
{
	bool due;

	fault_done(&s->fault);
	due = session_renews(s) && session_due_soon(s);
	/* Those that have ended are renewed, too: nobody else may ask. */
	if (s->creds == NULL || (!live(s) && !due))
		return SESSION_IDLE;
	/* Past its time to renew?  Not at once: a person has just said no. */
	if (due)
		in->retry = CANCEL_REST;
	return SESSION_FRESH;
}

static enum session_state
act_drop(struct session *s, struct input *in)
{
	(void)in;
	s->creds = creds_unref(s->creds);
	s->tries = 0;
	fault_done(&s->fault);
	return SESSION_IDLE;
}

/* ---- the table -------------------------------------------------------------------- */

struct cell {
	action *act;
	const char *name;
};

#define A(f) \
	{ \
		act_##f, #f \
	}
#define COMMON \
	[SESSION_ATTENDED] = A(attend), [SESSION_CREDENTIALS] = A(take), \
	[SESSION_LOGOUT] = A(drop), [SESSION_CHANGED] = A(drop), \
	[SESSION_GONE] = A(fail)
static const struct cell table[SESSION_STATE_MAX][SESSION_EVENT_MAX] = {
	[SESSION_IDLE] = { COMMON,
		[SESSION_WANTED] = A(request), [SESSION_TIMER] = A(expire),
		[SESSION_RIDE] = A(join),
	},
	[SESSION_WAITING] = { COMMON,
		[SESSION_TEMPORARY] = A(back_off), [SESSION_HELD] = A(hold),
		[SESSION_REFUSED] = A(fail), [SESSION_NEEDS_USER] = A(need),
		[SESSION_CANCELLED] = A(cancel),
	},
	[SESSION_FRESH] = { COMMON,
		[SESSION_WANTED] = A(request), [SESSION_TIMER] = A(due),
		[SESSION_RIDE] = A(join),
	},
	/* A program does not break a back-off, nor raise the dead. */
	[SESSION_BACKOFF] = { COMMON,
		[SESSION_TIMER] = A(request), [SESSION_RIDE] = A(join),
		[SESSION_HELD] = A(hold), [SESSION_NEEDS_USER] = A(need),
		[SESSION_CANCELLED] = A(cancel), [SESSION_WAKE] = A(hurry),
	},
	[SESSION_NEEDS_LOGIN] = { COMMON,
		[SESSION_WANTED] = A(request), [SESSION_TIMER] = A(expire),
		[SESSION_RIDE] = A(join),
	},
	[SESSION_FAILED] = { COMMON,
		[SESSION_TIMER] = A(due), [SESSION_RIDE] = A(join),
		[SESSION_FOUND] = A(found),
	},
};
#undef COMMON
#undef A

static void
wake_waiters(struct session *s)
{
	if (s->waiters != NULL && s->state != SESSION_WAITING)
		TIMER(s)->timer_set(s->calls, (struct deadline){ 0, 0 });
}

static void
log_change(const struct session *s, enum session_state before, bool shared)
{
	const struct fault *f = &s->fault;
	const struct log_field fields[] = {
		{ "MESSAGE_ID", message_ids[s->state] },
		{ "PROFILE", s->profile->name },
		{ "STATE", state_names[s->state] },
		{ "REASON", fault_is(f) ? reason_name(f->reason) : NULL },
		{ NULL, NULL },
	};

	/* What all profiles of a sign-in have in common it says itself, once. */
	log_event(fields, shared ? LOG_DEBUG : LOG_INFO,
	    "profile %s: %s -> %s%s%s", s->profile->name, state_names[before],
	    state_names[s->state], fault_is(f) ? ": " : "",
	    fault_is(f) ? f->text : "");
}

void
session_settle(struct session *s, enum session_state before,
    enum session_state next, const struct input *in)
{
	s->state = next;
	if (next != before)
		log_change(s, before, in->shared);
	arm(s, in->retry);
	wake_waiters(s);
	if (next != before || in->new_creds || in->lost)
		s->env.ops->changed(s, in->new_creds, s->env.arg);
}

void
session_event(
    struct session *s, enum session_event ev, const struct fault *fault)
{
	static const struct fault none = { 0 };
	const struct cell *c = &table[s->state][ev];
	struct input in = { .fault = fault != NULL ? fault : &none,
		.shared = ev == SESSION_HELD || ev == SESSION_NEEDS_USER };
	enum session_state before = s->state;

	if (ev == SESSION_ATTENDED)
		s->attended = true;
	else if (before != SESSION_WAITING &&
	    (ev == SESSION_TIMER || ev == SESSION_RIDE || ev == SESSION_WANTED))
		s->attended = false;
	log_debug("profile %s: %s in %s: %s", s->profile->name, event_names[ev],
	    state_names[before], c->act != NULL ? c->name : "nothing");
	if (c->act != NULL)
		session_settle(s, before, c->act(s, &in), &in);
	else
		wake_waiters(s);
}

static const char *
cell_name(size_t state, size_t event)
{
	return table[state][event].name;
}

void
session_table(FILE *out)
{
	static const struct machine m = { state_names, SESSION_STATE_MAX,
		event_names, SESSION_EVENT_MAX, cell_name };

	machine_print(&m, out);
}

void
session_give(struct session *s, struct creds *creds)
{
	creds_unref(s->creds);
	s->creds = creds;
	session_event(s, SESSION_CREDENTIALS, NULL);
}

void
session_adopt(struct session *s, struct creds *creds)
{
	struct input in = { 0 };
	enum session_state before = s->state;

	creds_unref(s->creds);
	s->creds = creds;
	s->tries = 0;
	fault_done(&s->fault);
	session_settle(s, before, SESSION_FRESH, &in);
}

/* ---- life --------------------------------------------------------------------------- */

/*
 * The wall clock alone says that it is time to renew: somebody has set it, or a
 * hypervisor had stopped us.  When it was set right, it is not time yet; else
 * rarely is soon enough: who needs keys that are no more asks for them.
 */
static bool
put_off(struct session *s)
{
	const struct clk *clk = s->env.loop->clk;
	int64_t wait = s->next.boot - clk_boot(clk), life, age;

	if (s->state != SESSION_FRESH || !session_renews(s) ||
	    s->env.clock_rest == NULL || wait <= CLOCK_SLACK)
		return false;
	life = s->creds->expires.boot - s->creds->issued.boot;
	age = life - deadline_left(clk, creds_deadline(s->creds, clk));
	if (s->next.boot - s->creds->issued.boot - age > CLOCK_SLACK) {
		wait = s->next.boot - s->creds->issued.boot - age;
	} else {
		int64_t rest = s->env.clock_rest(s, s->env.arg);

		if (rest <= 0)
			return false;
		wait = rest < wait ? rest : wait;
	}
	arm_in(s, wait);
	return true;
}

/*
 * Was the machine asleep when its time came?  Then so were others, and they
 * wake together: a renewal that nobody asks for takes its turn.
 */
static bool
takes_turn(struct session *s)
{
	const struct clk *clk = s->env.loop->clk;
	int64_t late = clk_boot(clk) - s->next.boot, wait;

	if (s->state != SESSION_FRESH || !session_renews(s) ||
	    !schedule_overslept(late))
		return false;
	wait = splay(s, late);
	if (wait < USEC)
		return false;
	log_info("profile %s: overdue by %lld s; it renews in %lld s",
	    s->profile->name, (long long)(late / USEC),
	    (long long)(wait / USEC));
	arm_in(s, wait);
	/* The keys may have ended meanwhile: whoever shows them looks again. */
	s->env.ops->changed(s, false, s->env.arg);
	return true;
}

static void
on_timer(void *arg)
{
	struct session *s = arg;

	if (!put_off(s) && !takes_turn(s))
		session_event(s, SESSION_TIMER, NULL);
}

static void
on_calls(void *arg)
{
	struct session *s = arg;
	struct waiter *list, **p;

	if (s->state == SESSION_WAITING)
		return; /* it went back meanwhile: they wait on */
	/* Swapped out first: a waiter may wait again. */
	list = STEAL(s->waiters);
	while (list != NULL && s->state != SESSION_WAITING) {
		struct waiter *w = list;

		list = w->next;
		w->fn(s, w->arg);
		xfree(w);
	}
	/* One of them sent it back to work: the others wait on. */
	for (p = &s->waiters; *p != NULL; p = &(*p)->next)
		;
	*p = list;
}

struct session *
session_new(const struct session_env *env, struct profile *profile)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->env = *env;
	s->profile = profile_ref(profile);
	s->timer = timer_new(env->loop, on_timer, s);
	s->calls = timer_new(env->loop, on_calls, s);
	return s;
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	s->state = SESSION_IDLE;
	s->creds = creds_unref(s->creds);
	on_calls(s);
	TIMER(s)->timer_free(s->timer);
	TIMER(s)->timer_free(s->calls);
	fault_done(&s->fault);
	profile_unref(s->profile);
	xfree(s);
}

void
session_set_profile(struct session *s, struct profile *profile)
{
	bool differs = profile->fingerprint != s->profile->fingerprint;

	profile_ref(profile);
	profile_unref(s->profile);
	s->profile = profile;
	if (differs)
		session_event(s, SESSION_CHANGED, NULL);
	else if (s->state == SESSION_FRESH)
		arm(s, 0); /* autorefresh may have changed */
}

void
session_set_kept(struct session *s, bool kept)
{
	if (s->kept == kept)
		return;
	s->kept = kept;
	if (s->state != SESSION_FRESH)
		return;
	arm(s, 0);
	/* Held so far, delivered from now on. */
	if (kept)
		s->env.ops->changed(s, true, s->env.arg);
}

void
session_wait(struct session *s, session_wait_fn *fn, void *arg)
{
	struct waiter *w = xcalloc(1, sizeof(*w)), **p;

	w->fn = fn;
	w->arg = arg;
	for (p = &s->waiters; *p != NULL; p = &(*p)->next)
		;
	*p = w;
	wake_waiters(s);
}

void
session_unwait(struct session *s, void *arg)
{
	for (struct waiter **p = &s->waiters; *p != NULL;) {
		struct waiter *w = *p;

		if (w->arg == arg) {
			*p = w->next;
			xfree(w);
		} else {
			p = &w->next;
		}
	}
}

/* ---- questions about it ---------------------------------------------------------------- */

const char *
session_name(const struct session *s)
{
	return s->profile->name;
}

const struct profile *
session_profile(const struct session *s)
{
	return s->profile;
}

struct profile *
session_ref_profile(struct session *s)
{
	return profile_ref(s->profile);
}

enum session_state
session_state(const struct session *s)
{
	return s->state;
}

const struct fault *
session_fault(const struct session *s)
{
	return &s->fault;
}

bool
session_kept(const struct session *s)
{
	return !s->logged_out &&
	    (s->kept || s->profile->autorefresh == AUTOREFRESH_YES);
}

bool
session_logged_out(const struct session *s)
{
	return s->logged_out;
}

void
session_set_logged_out(struct session *s, bool logged_out)
{
	s->logged_out = logged_out;
}

bool
session_attended(const struct session *s)
{
	return s->attended;
}

bool
session_renews(const struct session *s)
{
	return session_kept(s) && s->profile->autorefresh != AUTOREFRESH_NO;
}

struct creds *
session_creds(const struct session *s)
{
	return live(s) && !s->blanked ? s->creds : NULL;
}

void
session_set_blanked(struct session *s, bool blanked)
{
	s->blanked = blanked;
}

unsigned
session_tries(const struct session *s)
{
	return s->tries;
}

bool
session_blanked(const struct session *s)
{
	return s->blanked;
}

bool
session_wants(const struct session *s)
{
	return s->state == SESSION_WAITING ||
	    (s->state == SESSION_BACKOFF && !TIMER(s)->timer_armed(s->timer));
}

bool
session_due_soon(const struct session *s)
{
	const struct clk *clk = s->env.loop->clk;
	int64_t life;

	/* A server has asked for time: only a person does not give it. */
	if (s->state == SESSION_BACKOFF && s->fault.retry_after > 0 &&
	    TIMER(s)->timer_armed(s->timer))
		return false;
	if (!live(s))
		return true;
	life = s->creds->expires.boot - s->creds->issued.boot;
	return schedule_rides_along(
	    life, life - deadline_left(clk, creds_deadline(s->creds, clk)));
}

int64_t
session_next(const struct session *s)
{
	bool renews = s->state == SESSION_BACKOFF || session_renews(s);

	if (!renews || s->next.real == 0 || s->state == SESSION_NEEDS_LOGIN ||
	    s->state == SESSION_IDLE ||
	    (s->state == SESSION_FAILED && s->fault.reason == REASON_GONE))
		return 0;
	/* Whichever clock comes first, told by the wall clock. */
	return (clk_real(s->env.loop->clk) +
		   deadline_left(s->env.loop->clk, s->next)) /
	    USEC;
}

/* Who the keys are, and how long such keys live. */
static void
put_person(json_t *o, const struct creds *c)
{
	_cleanup_arn_ struct arn arn = { 0 };

	json_put_str(o, "principal", c->principal);
	if (arn_parse(c->principal, &arn) == 0 && arn.type == ARN_ASSUMED_ROLE)
		json_put_str(o, "sessionName", arn.session);
	json_put_int(o, "lifetime", c->lifetime_s);
	json_put_int(o, "maxDuration", c->max_s);
}

json_t *
session_status(const struct session *s)
{
	struct creds *c = session_creds(s);
	_cleanup_arn_ struct arn arn = { 0 };
	json_t *o = json_object();
	char when[RFC3339_SIZE];
	int64_t next = session_next(s);

	json_put_str(o, "profile", s->profile->name);
	json_put_str(o, "kind",
	    s->profile->kind == PROFILE_CHAINED ? "chained" : "adfs");
	if (s->profile->kind == PROFILE_CHAINED) {
		json_put_str(o, "source", s->profile->source_profile);
		json_put_str(o, "root", s->profile->root);
	}
	if (arn_parse(s->profile->role_arn, &arn) == 0) {
		json_put_str(o, "account", arn.account);
		json_put_str(o, "role", arn.name);
	}
	json_put_str(o, "roleArn", s->profile->role_arn);
	/* Its keys ended in its sleep, and it waits for its turn. */
	json_put_str(o, "state",
	    state_names[s->state == SESSION_FRESH && c == NULL ?
		    SESSION_WAITING :
		    s->state]);
	if (fault_is(&s->fault)) {
		json_put_str(o, "reason", reason_name(s->fault.reason));
		json_object_set_new(o, "fault", fault_to_json(&s->fault));
	}
	json_object_set_new(o, "live", json_boolean(c != NULL));
	if (c != NULL) {
		size_t n = strlen(c->access_key_id);

		rfc3339_format(c->expiration_s, when);
		json_put_str(o, "expiration", when);
		json_object_set_new(
		    o, "left", json_integer(creds_left_s(c, s->env.loop->clk)));
		json_put_str(
		    o, "accessKeyTail", c->access_key_id + (n > 4 ? n - 4 : 0));
		put_person(o, c);
	}
	if (next > 0) {
		rfc3339_format(next, when);
		json_put_str(o, "next", when);
	}
	json_object_set_new(o, "kept", json_boolean(session_kept(s)));
	if (s->logged_out)
		json_object_set_new(o, "loggedOut", json_true());
	json_put_str(o, "deliver", deliver_name(s->profile->deliver));
	if (s->profile->protected)
		json_object_set_new(o, "protected", json_true());
	if (s->blanked)
		json_object_set_new(o, "blanked", json_true());
	if (s->profile->policed.n > 0)
		json_put_list(o, "policy", &s->profile->policed);
	return o;
}

bool
session_sane(const struct session *s)
{
	bool armed = TIMER(s)->timer_armed(s->timer);

	switch (s->state) {
	case SESSION_WAITING:
		return !armed;
	case SESSION_FAILED:
		return armed || s->fault.reason == REASON_GONE;
	case SESSION_FRESH:
		return armed && s->creds != NULL;
	case SESSION_IDLE:
	case SESSION_NEEDS_LOGIN:
		return armed == (s->creds != NULL);
	case SESSION_BACKOFF:
		return true; /* its own timer, or its identity's */
	case SESSION_STATE_MAX:
		break;
	}
	return false;
}
