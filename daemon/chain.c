/* SPDX-License-Identifier: Apache-2.0 */
#include "chain.h"

#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "chain-int.h"
#include "job.h"
#include "loop.h"
#include "manager.h"
#include "passing.h"
#include "skew.h"

/*
 * Keys that AWS refuses although they have not expired are renewed first, but
 * not if they are as young as this: new ones would be refused as well.
 */
#define REFUSED_AGE (300 * USEC)
#define REFUSED_MAX 64 /* remembered key ids */

struct task {
	struct task *next;
	struct chain *chain;
	struct session *session;
	struct profile *profile; /* as it was asked for */
	struct creds *source;	 /* NULL until it starts */
	struct job *job;	 /* NULL while it is queued */
	struct creds *result;
	struct fault fault;
};

struct chain {
	struct manager *manager;
	const struct manager_env *env;
	struct timer *look;
	struct task *tasks;  /* in the order of asking */
	struct strv renewed; /* sources with keys that they had not */
	struct strv refused; /* ids of keys that AWS does not take */
};

/* ---- parents ---------------------------------------------------------------- */

static bool
is_chained(const struct session *s)
{
	return session_profile(s)->kind == PROFILE_CHAINED;
}

static struct session *
parent_of(const struct chain *c, const struct session *s)
{
	return manager_session(c->manager, session_profile(s)->source_profile);
}

/* Live, and not refused by AWS; borrowed. */
static struct creds *
usable_keys(const struct chain *c, const struct session *parent)
{
	struct creds *k = parent == NULL ? NULL : session_creds(parent);

	return k == NULL || strv_has(&c->refused, k->access_key_id) ? NULL : k;
}

/* A role of another partition is never within reach. */
static bool
same_partition(const struct profile *p, const struct creds *source)
{
	return source->role_arn == NULL ||
	    partition_of_arn(p->role_arn) == partition_of_arn(source->role_arn);
}

static int
check_partition(
    struct session *s, const struct creds *source, struct fault *fault)
{
	const struct profile *p = session_profile(s);

	if (same_partition(p, source))
		return 0;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("The role of %s is in another partition than that of its source "
	      "%s: AWS lets no role across."),
	    p->name, p->source_profile);
	fault_next(
	    fault, _("Correct role_arn or source_profile of %s"), p->name);
	return -1;
}

static void
say_waits(struct fault *fault, const struct session *parent)
{
	const struct fault *why = session_fault(parent);

	fault_set(fault, FAULT_TEMPORARY, why->reason,
	    _("It waits for its source %s%s%s"), session_name(parent),
	    fault_is(why) ? ": " : ".", fault_is(why) ? why->text : "");
	fault_next(fault, "%s",
	    fault_is(why) && why->next != NULL ?
		why->next :
		_("Nothing: it goes on by itself."));
}

/* ---- tasks ------------------------------------------------------------------ */

static struct task *
task_of(const struct chain *c, const struct session *s)
{
	for (struct task *t = c->tasks; t != NULL; t = t->next)
		if (t->session == s)
			return t;
	return NULL;
}

static void
task_free(struct task *t)
{
	struct task **p;

	for (p = &t->chain->tasks; *p != t; p = &(*p)->next)
		;
	*p = t->next;
	if (t->job != NULL)
		t->chain->env->jobs->ops->cancel(t->job);
	profile_unref(t->profile);
	creds_unref(t->source);
	creds_unref(t->result);
	fault_done(&t->fault);
	xfree(t);
}

static void
look_soon(struct chain *c)
{
	c->env->loop->ops->timer_set(c->look, (struct deadline){ 0, 0 });
}

static void
on_message(const char *type, const json_t *msg, void *arg)
{
	struct task *t = arg;
	struct creds *k;
	int64_t skew;

	if (skew_read(msg, &skew))
		manager_clock(t->chain->manager, skew);
	if (str_eq(type, W_FAULT)) {
		if (fault_from_json(json_object_get(msg, "fault"), &t->fault) <
		    0)
			fault_set(&t->fault, FAULT_INTERNAL, REASON_WORKER,
			    _("The worker failed without a reason."));
	} else if (str_eq(type, W_CREDENTIALS) && t->result == NULL) {
		if (str_eq(json_string_value(json_object_get(msg, "roleArn")),
			t->profile->role_arn) &&
		    creds_from_json(msg, t->chain->env->loop->clk, &k) == 0)
			t->result = k;
		else
			fault_set(&t->fault, FAULT_PROTOCOL, REASON_MALFORMED,
			    _("AWS answered with credentials that cannot be "
			      "written to a file."));
	}
}

/* AWS refused the source's keys: that is for the source to mend first. */
static void
refuse_source(struct chain *c, const struct creds *source, struct session *s)
{
	struct session *parent = parent_of(c, s);
	const struct clk *clk = c->env->loop->clk;
	int64_t age = clk_boot(clk) - source->issued.boot;
	int64_t life = source->expires.boot - source->issued.boot;

	/* Of a short life the first part must do. */
	if (age < (life / 8 < REFUSED_AGE ? life / 8 : REFUSED_AGE) ||
	    parent == NULL || session_creds(parent) != source)
		return;
	if (c->refused.n >= REFUSED_MAX)
		strv_done(&c->refused);
	strv_add(&c->refused, source->access_key_id);
	session_event(parent, SESSION_WANTED, NULL);
}

static enum session_event
verdict(const struct fault *f)
{
	return f->kind == FAULT_TEMPORARY ||
		(f->kind == FAULT_INTERNAL && f->reason == REASON_WORKER) ?
	    SESSION_TEMPORARY :
	    SESSION_REFUSED;
}

static void
on_ended(const struct fault *fault, void *arg)
{
	struct task *t = arg;
	struct chain *c = t->chain;
	struct session *s = t->session;
	_cleanup_creds_ struct creds *source = STEAL(t->source);
	_cleanup_fault_ struct fault f = t->fault;
	struct creds *result = STEAL(t->result);
	bool wanted = session_state(s) == SESSION_WAITING &&
	    t->profile->fingerprint == session_profile(s)->fingerprint;

	t->fault = (struct fault){ 0 };
	t->job = NULL;
	task_free(t);
	look_soon(c); /* room for the next */
	if (!wanted) {
		creds_unref(result);
		return;
	}
	if (result != NULL) {
		session_give(s, result);
		return;
	}
	if (fault_is(fault))
		fault_copy(&f, fault);
	if (!fault_is(&f))
		fault_set(&f, FAULT_INTERNAL, REASON_WORKER,
		    _("The worker ended without credentials."));
	if (!session_attended(s) && session_tries(s) < PASSING_TRIES &&
	    passing_role(&f))
		passing_soften(&f);
	session_event(s, verdict(&f), &f);
	if (f.kind == FAULT_TEMPORARY && f.reason == REASON_EXPIRED)
		refuse_source(c, source, s);
}

static void
start(struct chain *c, struct task *t, struct creds *source)
{
	static const struct job_handler handler = { on_message, on_ended };
	const struct settings *set = &manager_config(c->manager)->settings;

	t->source = creds_ref(source);
	t->job = c->env->jobs->ops->start(c->env->jobs,
	    chain_job(t->profile, source, set), (int)set->worker_timeout,
	    &handler, t);
}

size_t
chain_running(const struct chain *c)
{
	size_t n = 0;

	for (const struct task *t = c->tasks; t != NULL; t = t->next)
		n += t->job != NULL;
	return n;
}

/* Queues s, and starts it if there is room.  Its source has live keys. */
static void
enqueue(struct chain *c, struct session *s, struct creds *source)
{
	struct task *t = task_of(c, s), **tail = &c->tasks;

	if (t != NULL &&
	    t->profile->fingerprint == session_profile(s)->fingerprint)
		return;
	if (t != NULL)
		task_free(t); /* its result would be of another role */
	t = xcalloc(1, sizeof(*t));
	t->chain = c;
	t->session = s;
	t->profile = session_ref_profile(s);
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = t;
	if (chain_running(c) < CHAIN_JOBS_MAX)
		start(c, t, source);
}

/* ---- what becomes of those that wait ---------------------------------------------- */

/* Its source has no keys to use: what the source does, decides. */
static void
follow_parent(struct chain *c, struct session *s, struct session *parent)
{
	_cleanup_fault_ struct fault f = { 0 };

	(void)c;
	switch (session_state(parent)) {
	case SESSION_WAITING:
		break;
	case SESSION_BACKOFF:
	case SESSION_FAILED:
		if (session_state(s) != SESSION_WAITING)
			break;
		say_waits(&f, parent);
		session_event(s, SESSION_HELD, &f);
		break;
	case SESSION_NEEDS_LOGIN:
		fault_copy(&f, session_fault(parent));
		fault_next(&f, "awsfedctl login %s", session_name(s));
		session_event(s, SESSION_NEEDS_USER, &f);
		break;
	case SESSION_IDLE:
	case SESSION_FRESH:
	case SESSION_STATE_MAX:
		session_event(s, SESSION_CANCELLED, NULL);
		break;
	}
}

/*
 * Would it profit from keys that a session above it has just got?  It asks for
 * those in between, which nobody else may want.
 */
static bool
rides(const struct chain *c, const struct session *s)
{
	if (!session_renews(s) || session_state(s) == SESSION_FAILED ||
	    !session_due_soon(s))
		return false;
	for (size_t i = 0; i < c->renewed.n; i++)
		if (manager_below(c->manager, s, c->renewed.v[i]))
			return true;
	return false;
}

static void
look_at(struct chain *c, struct session *s)
{
	struct session *parent = parent_of(c, s);
	struct task *t = task_of(c, s);
	_cleanup_fault_ struct fault f = { 0 };
	struct creds *source;

	if (t != NULL && session_state(s) != SESSION_WAITING) {
		task_free(t);
		t = NULL;
	}
	if (t != NULL || parent == NULL || (!session_wants(s) && !rides(c, s)))
		return;
	source = usable_keys(c, parent);
	if (source == NULL && session_wants(s)) {
		follow_parent(c, s, parent);
		return;
	}
	if (session_state(s) == SESSION_WAITING &&
	    check_partition(s, source, &f) < 0)
		session_event(s, SESSION_REFUSED, &f);
	else if (session_state(s) == SESSION_WAITING)
		enqueue(c, s, source);
	else
		/* By its own way in: it asks chain_want(). */
		session_event(s,
		    session_state(s) == SESSION_BACKOFF ? SESSION_TIMER :
							  SESSION_WANTED,
		    NULL);
}

static void
on_look(void *arg)
{
	struct chain *c = arg;
	struct session *s;
	struct task *t;

	if (manager_locked(c->manager))
		return;
	for (size_t i = 0; (s = manager_session_at(c->manager, i)) != NULL; i++)
		if (is_chained(s))
			look_at(c, s);
	strv_done(&c->renewed);
	/* Those that were queued, while there is room. */
	for (t = c->tasks; t != NULL && chain_running(c) < CHAIN_JOBS_MAX;) {
		struct task *next = t->next;
		struct creds *source = usable_keys(c, parent_of(c, t->session));

		if (t->job == NULL && source != NULL) {
			start(c, t, source);
		} else if (t->job == NULL) {
			task_free(t);
			look_soon(c); /* it waits for its source again */
		}
		t = next;
	}
}

/* ---- for the manager ----------------------------------------------------------------- */

enum session_want
chain_want(
    struct chain *c, struct session *s, bool attended, struct fault *fault)
{
	struct session *parent = parent_of(c, s);
	struct creds *source = usable_keys(c, parent);

	if (parent == NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The source %s of profile %s cannot be used."),
		    session_profile(s)->source_profile, session_name(s));
		fault_next(fault, "awsfedctl status");
		return SESSION_REFUSES;
	}
	if (source != NULL && check_partition(s, source, fault) < 0)
		return SESSION_REFUSES;
	if (source != NULL) {
		enqueue(c, s, source);
		return SESSION_WILL;
	}
	/* A person signs in by a login, which starts at the root. */
	session_event(parent,
	    attended && is_chained(parent) ? SESSION_ATTENDED : SESSION_WANTED,
	    NULL);
	switch (session_state(parent)) {
	case SESSION_BACKOFF:
	case SESSION_FAILED:
		say_waits(fault, parent);
		return SESSION_WAITS;
	case SESSION_NEEDS_LOGIN:
		fault_copy(fault, session_fault(parent));
		fault_next(fault, "awsfedctl login %s", session_name(s));
		return SESSION_REFUSES;
	case SESSION_WAITING:
	case SESSION_FRESH:
	case SESSION_IDLE:
	case SESSION_STATE_MAX:
		break;
	}
	look_soon(c);
	return SESSION_WILL;
}

void
chain_changed(struct chain *c, struct session *s, bool keys)
{
	if (keys && !strv_has(&c->renewed, session_name(s)))
		strv_add(&c->renewed, session_name(s));
	look_soon(c);
}

void
chain_drop(struct chain *c, struct session *s)
{
	struct task *t = task_of(c, s);

	if (t != NULL)
		task_free(t);
}

void
chain_stop(struct chain *c)
{
	while (c->tasks != NULL)
		task_free(c->tasks);
}

bool
chain_comes(const struct chain *c, const struct session *s)
{
	const struct session *parent = parent_of(c, s);

	return task_of(c, s) != NULL ||
	    c->env->loop->ops->timer_armed(c->look) ||
	    (parent != NULL && session_state(parent) == SESSION_WAITING);
}

struct chain *
chain_new(struct manager *m)
{
	struct chain *c = xcalloc(1, sizeof(*c));

	c->manager = m;
	c->env = manager_env(m);
	c->look = timer_new(c->env->loop, on_look, c);
	return c;
}

void
chain_free(struct chain *c)
{
	if (c == NULL)
		return;
	while (c->tasks != NULL)
		task_free(c->tasks);
	c->env->loop->ops->timer_free(c->look);
	strv_done(&c->renewed);
	strv_done(&c->refused);
	xfree(c);
}
