/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <string.h>

#include "awsfed/config.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "catalog.h"
#include "command.h"
#include "farm.h"
#include "identity-int.h"
#include "job.h"
#include "keyring.h"
#include "ledger.h"
#include "loop.h"
#include "machine.h"
#include "prompt.h"
#include "schedule.h"

#define TIMER(id) ((id)->env.loop->ops)

static const char *const state_names[IDENTITY_STATE_MAX] = {
	[IDENTITY_SIGNED_OUT] = "signed-out",
	[IDENTITY_WORKING] = "working",
	[IDENTITY_ASKING] = "asking",
	[IDENTITY_SIGNED_IN] = "signed-in",
	[IDENTITY_BACKOFF] = "backoff",
	[IDENTITY_NEEDS_USER] = "needs-user",
};

static const char *const event_names[IDENTITY_EVENT_MAX] = {
	[IDENTITY_WANT] = "want",
	[IDENTITY_ATTENDED] = "want-attended",
	[IDENTITY_TIMER] = "timer",
	[IDENTITY_ASK] = "ask",
	[IDENTITY_ANSWERED] = "answered",
	[IDENTITY_JOB_OK] = "job-ok",
	[IDENTITY_JOB_TEMPORARY] = "job-temporary",
	[IDENTITY_JOB_STOPPED] = "job-stopped",
	[IDENTITY_CANCEL] = "cancel",
	[IDENTITY_LOGOUT] = "logout",
	[IDENTITY_WAKE] = "wake",
	[IDENTITY_OPENED] = "keyring-opened",
};

static const char *const message_ids[IDENTITY_STATE_MAX] = {
	[IDENTITY_SIGNED_OUT] = MESSAGE_IDENTITY_SIGNED_OUT,
	[IDENTITY_WORKING] = MESSAGE_IDENTITY_WORKING,
	[IDENTITY_ASKING] = MESSAGE_IDENTITY_ASKING,
	[IDENTITY_SIGNED_IN] = MESSAGE_IDENTITY_SIGNED_IN,
	[IDENTITY_BACKOFF] = MESSAGE_IDENTITY_BACKOFF,
	[IDENTITY_NEEDS_USER] = MESSAGE_IDENTITY_NEEDS_USER,
};

const char *
identity_state_name(enum identity_state s)
{
	return state_names[s];
}

void
identity_wait_for(struct identity *id, unsigned profiles)
{
	id->waiting = profiles;
}

/* The one place where the state changes. */
void
identity_settle(struct identity *id, enum identity_state s)
{
	const struct fault *f = &id->fault;
	const struct log_field fields[] = {
		{ "MESSAGE_ID", message_ids[s] },
		{ "IDENTITY", identity_name(id) },
		{ "STATE", state_names[s] },
		{ "REASON", fault_is(f) ? reason_name(f->reason) : NULL },
		{ NULL, NULL },
	};

	_cleanup_free_ char *profiles = NULL;

	if (id->state == s)
		return;
	if (fault_is(f) && id->waiting > 0)
		profiles = xasprintf(ngettext(" (%u profile waits)",
					 " (%u profiles wait)", id->waiting),
		    id->waiting);
	/* The request's id is what an administrator of AD FS searches for. */
	log_event(fields, LOG_INFO, "%s: %s -> %s%s%s%s%s%s", identity_name(id),
	    state_names[id->state], state_names[s], fault_is(f) ? ": " : "",
	    fault_is(f) ? f->text : "", profiles != NULL ? profiles : "",
	    f->request != NULL ? " Request " : "",
	    f->request != NULL ? f->request : "");
	id->waiting = 0;
	id->state = s;
	id->since = clk_real(id->env.loop->clk) / USEC;
	id->env.ops->changed(id, id->env.arg);
}

/* Without a job: is there something to come back to? */
static enum identity_state
resting(const struct identity *id)
{
	return id->signed_in ? IDENTITY_SIGNED_IN : IDENTITY_SIGNED_OUT;
}

/* ---- actions: each returns the next state ------------------------------- */

typedef enum identity_state action(struct identity *id);

static enum identity_state
act_none(struct identity *id)
{
	return id->state;
}

/* A person who waits is told what for. */
static void
tell_slot(struct identity *id, int64_t wait)
{
	_cleanup_json_ json_t *o = json_object();
	_cleanup_free_ char *text = xasprintf(
	    _("Waiting a moment: %s takes one sign-in every few seconds."),
	    id->host);

	json_put_str(o, "kind", STEP_WAIT);
	json_put_str(o, "text", text);
	json_put_int(o, "seconds", (wait + USEC - 1) / USEC);
	id->env.ops->told(id, o, id->env.arg);
}

/* The last job never got as far as AD FS: no person waits because of it. */
static bool
got_nowhere(const struct fault *f)
{
	return f->reason == REASON_OFFLINE || f->reason == REASON_VPN_DOWN ||
	    f->reason == REASON_CAPTIVE_PORTAL;
}

static enum identity_state
act_start(struct identity *id)
{
	const struct clk *clk = id->env.loop->clk;
	struct want want = { 0 };
	bool by_itself;
	int64_t wait;

	if (!id->env.ops->wanted(id, &want, id->env.arg)) {
		if (id->state != IDENTITY_BACKOFF)
			return id->state;
		TIMER(id)->timer_stop(id->timer);
		return resting(id);
	}
	if (id->state == IDENTITY_NEEDS_USER && !want.attended)
		return id->state;
	by_itself = !want.attended && !id->urged;
	if (by_itself && identity_spent(id))
		return IDENTITY_BACKOFF;
	wait = identity_slot(id, by_itself);
	if (want.attended && got_nowhere(&id->fault))
		wait = 0;
	if (wait > 0) {
		/* The state stays; the timer brings us back here. */
		TIMER(id)->timer_set(id->timer, deadline_in(clk, wait));
		id->slot = true;
		if (want.attended && wait >= USEC)
			tell_slot(id, wait);
		return id->state == IDENTITY_BACKOFF ? resting(id) : id->state;
	}
	TIMER(id)->timer_stop(id->timer);
	id->slot = id->urged = false;
	id->started_boot = clk_boot(clk);
	farm_start(id->farm, by_itself);
	id->charged = by_itself;
	fault_done(&id->fault);
	identity_job_start(id, &want);
	return IDENTITY_WORKING;
}

/*
 * A slot whose time has come, but a person asked for it who has left, or the
 * host's budget is spent: those who wait must know.
 */
static enum identity_state
act_start_or_tell(struct identity *id)
{
	enum identity_state next = act_start(id);

	if ((next == IDENTITY_NEEDS_USER || next == IDENTITY_BACKOFF) &&
	    !id->slot)
		id->env.ops->ended(id, &id->fault, id->env.arg);
	return next;
}

static enum identity_state
act_ask(struct identity *id)
{
	(void)id;
	return IDENTITY_ASKING;
}

static enum identity_state
act_resume(struct identity *id)
{
	(void)id;
	return IDENTITY_WORKING;
}

/* More was wanted while the job ran (another relying party, a late one)? */
static void
look_again(struct identity *id)
{
	struct want want = { 0 };

	if (id->env.ops->wanted(id, &want, id->env.arg)) {
		id->slot = true;
		TIMER(id)->timer_set(id->timer, (struct deadline){ 0, 0 });
	}
}

static enum identity_state
act_signed_in(struct identity *id)
{
	id->signed_in = true;
	id->tries = id->passed = 0;
	if (id->charged)
		farm_give(id->farm);
	id->charged = false;
	fault_done(&id->fault);
	look_again(id);
	return IDENTITY_SIGNED_IN;
}

static enum identity_state
act_back_off(struct identity *id)
{
	/* What has not come to the host costs it nothing. */
	if (id->charged && got_nowhere(&id->fault))
		farm_give(id->farm);
	id->charged = false;
	if (id->tries++ == 0)
		id->failing = clk_boot(id->env.loop->clk);
	identity_rest(id,
	    schedule_backoff(id->tries, id->fault.retry_after * USEC,
		id->env.random(id->env.arg)));
	return IDENTITY_BACKOFF;
}

/* What the server said is obeyed; what the network said has changed. */
static enum identity_state
act_hurry(struct identity *id)
{
	const struct clk *clk = id->env.loop->clk;
	int64_t wait;

	if (!fault_of_network(&id->fault))
		return IDENTITY_BACKOFF;
	wait = schedule_wake(id->env.random(id->env.arg)) + identity_splay(id);
	id->tries = schedule_wake_tries(id->tries);
	if (id->next_boot - clk_boot(clk) <= wait)
		return IDENTITY_BACKOFF;
	identity_rest(id, wait);
	return IDENTITY_BACKOFF;
}

static enum identity_state
act_stop(struct identity *id)
{
	id->tries = id->passed = 0;
	TIMER(id)->timer_stop(id->timer);
	return IDENTITY_NEEDS_USER;
}

static enum identity_state
act_cancel(struct identity *id)
{
	identity_job_drop(id);
	look_again(id);
	return resting(id);
}

static enum identity_state
act_logout(struct identity *id)
{
	identity_job_drop(id);
	identity_wipe_password(id);
	TIMER(id)->timer_stop(id->timer);
	id->slot = id->urged = false;
	id->signed_in = false;
	id->signed_in_at = id->ticket_until = 0;
	id->tries = id->passed = 0;
	id->passwords = id->pushes = 0;
	id->cookies = secret_free(id->cookies);
	json_decref(id->roles);
	id->roles = NULL;
	json_decref(id->aliases);
	id->aliases = NULL;
	id->aliases_asked = 0;
	fault_done(&id->fault);
	return IDENTITY_SIGNED_OUT;
}

/* Nothing is in the way any more; who wants it will say so. */
static enum identity_state
act_rest(struct identity *id)
{
	fault_done(&id->fault);
	return resting(id);
}

/* ---- the table ------------------------------------------------------------ */

struct cell {
	action *act;
	const char *name;
};

#define A(f) \
	{ \
		act_##f, #f \
	}
static const struct cell table[IDENTITY_STATE_MAX][IDENTITY_EVENT_MAX] = {
	[IDENTITY_SIGNED_OUT] = {
		[IDENTITY_WANT] = A(start), [IDENTITY_ATTENDED] = A(start),
		[IDENTITY_TIMER] = A(start_or_tell), [IDENTITY_LOGOUT] = A(logout),
	},
	[IDENTITY_WORKING] = {
		[IDENTITY_ASK] = A(ask), [IDENTITY_JOB_OK] = A(signed_in),
		[IDENTITY_JOB_TEMPORARY] = A(back_off),
		[IDENTITY_JOB_STOPPED] = A(stop),
		[IDENTITY_CANCEL] = A(cancel), [IDENTITY_LOGOUT] = A(logout),
	},
	[IDENTITY_ASKING] = {
		[IDENTITY_ASK] = A(ask), [IDENTITY_ANSWERED] = A(resume),
		[IDENTITY_JOB_OK] = A(signed_in),
		[IDENTITY_JOB_TEMPORARY] = A(back_off),
		[IDENTITY_JOB_STOPPED] = A(stop),
		[IDENTITY_CANCEL] = A(cancel), [IDENTITY_LOGOUT] = A(logout),
	},
	[IDENTITY_SIGNED_IN] = {
		[IDENTITY_WANT] = A(start), [IDENTITY_ATTENDED] = A(start),
		[IDENTITY_TIMER] = A(start_or_tell), [IDENTITY_LOGOUT] = A(logout),
	},
	[IDENTITY_BACKOFF] = {
		[IDENTITY_ATTENDED] = A(start), [IDENTITY_TIMER] = A(start),
		[IDENTITY_LOGOUT] = A(logout), [IDENTITY_WAKE] = A(hurry),
	},
	[IDENTITY_NEEDS_USER] = {
		[IDENTITY_ATTENDED] = A(start), [IDENTITY_TIMER] = A(start_or_tell),
		[IDENTITY_LOGOUT] = A(logout), [IDENTITY_OPENED] = A(rest),
	},
};
#undef A

void
identity_event(struct identity *id, enum identity_event ev)
{
	const struct cell *c = &table[id->state][ev];
	action *act = c->act != NULL ? c->act : act_none;

	log_debug("%s: %s in %s: %s", identity_name(id), event_names[ev],
	    state_names[id->state], c->act != NULL ? c->name : "nothing");
	identity_settle(id, act(id));
}

static const char *
cell_name(size_t state, size_t event)
{
	return table[state][event].name;
}

void
identity_table(FILE *out)
{
	static const struct machine m = { state_names, IDENTITY_STATE_MAX,
		event_names, IDENTITY_EVENT_MAX, cell_name };

	machine_print(&m, out);
}

/* ---- life ------------------------------------------------------------------ */

static void
on_timer(void *arg)
{
	struct identity *id = arg;

	if (identity_takes_turn(id))
		return;
	id->slot = false;
	identity_event(id, IDENTITY_TIMER);
}

static void
rename_to(struct identity *id)
{
	xreplace(&id->name, identity_name_for(id, id->user));
}

char *
identity_name_for(const struct identity *id, const char *user)
{
	if (id->user != NULL)
		user = id->user;
	return user == NULL ? xstrdup(id->host) :
			      xasprintf("%s @ %s", user, id->host);
}

struct identity *
identity_new(const struct identity_env *env, const char *base, const char *host,
    const char *user)
{
	struct identity *id = xcalloc(1, sizeof(*id));

	id->env = *env;
	id->base = xstrdup(base);
	id->host = xstrdup(host);
	id->user = xstrdup(user);
	id->since = clk_real(env->loop->clk) / USEC;
	id->started_boot = id->clock_boot = -1;
	id->farm = farms_get(env->farms, host);
	id->luck = env->random(env->arg);
	id->timer = timer_new(env->loop, on_timer, id);
	rename_to(id);
	identity_secret_init(id);
	return id;
}

void
identity_free(struct identity *id)
{
	if (id == NULL)
		return;
	/* The record says "pending", which is right; its writer has gone. */
	id->attempting = false;
	identity_job_drop(id);
	keyring_free(id->keyring);
	TIMER(id)->timer_free(id->timer);
	secret_free(id->cookies);
	json_decref(id->aliases);
	json_decref(id->roles);
	fault_done(&id->fault);
	xfree(id->push_at);
	xfree(id->base);
	xfree(id->ccache);
	xfree(id->host);
	xfree(id->user);
	xfree(id->typed_user);
	xfree(id->attempt_name);
	xfree(id->name);
	xfree(id->provider);
	xfree(id);
}

void
identity_adopt(struct identity *id, const char *user)
{
	id->adopted = user != NULL;
	xreplace(&id->user, xstrdup(user));
	rename_to(id);
}

void
identity_ask_again(struct identity *id)
{
	if (id->user != NULL && id->job == NULL && id->roles == NULL &&
	    id->state == IDENTITY_NEEDS_USER) {
		xreplace(&id->typed_user, NULL);
		identity_adopt(id, NULL);
	}
}

void
identity_ccache(struct identity *id, const char *ccache)
{
	xreplace(&id->ccache, xstrdup(ccache));
}

enum identity_answer
identity_want(struct identity *id, bool attended)
{
	id->urged |= attended;
	identity_event(id, attended ? IDENTITY_ATTENDED : IDENTITY_WANT);
	/* From a job that runs, the next one is not this person's. */
	id->urged &= id->slot;
	if (identity_comes(id))
		return IDENTITY_WILL;
	return id->state == IDENTITY_BACKOFF ? IDENTITY_WAITS :
					       IDENTITY_REFUSES;
}

void
identity_cancel(struct identity *id)
{
	identity_event(id, IDENTITY_CANCEL);
}

void
identity_wake(struct identity *id)
{
	identity_event(id, IDENTITY_WAKE);
}

void
identity_logout(struct identity *id)
{
	identity_event(id, IDENTITY_LOGOUT);
}

/* ---- questions about it ---------------------------------------------------- */

const char *
identity_name(const struct identity *id)
{
	return id->name;
}

const char *
identity_base(const struct identity *id)
{
	return id->base;
}

const char *
identity_host(const struct identity *id)
{
	return id->host;
}

const char *
identity_user(const struct identity *id)
{
	return id->user;
}

bool
identity_adopted(const struct identity *id)
{
	return id->adopted;
}

enum identity_state
identity_state(const struct identity *id)
{
	return id->state;
}

int64_t
identity_next(const struct identity *id)
{
	const struct clk *clk = id->env.loop->clk;

	if (id->state != IDENTITY_BACKOFF || id->next_boot < clk_boot(clk))
		return 0;
	return (clk_real(clk) + id->next_boot - clk_boot(clk)) / USEC;
}

const struct fault *
identity_fault(const struct identity *id)
{
	return &id->fault;
}

struct question *
identity_question(const struct identity *id)
{
	return id->question;
}

bool
identity_awaits(const struct identity *id)
{
	return id->job != NULL && id->asserted && !id->redeemed;
}

bool
identity_busy(const struct identity *id)
{
	return id->job != NULL;
}

bool
identity_attended(const struct identity *id)
{
	return id->attended;
}

const char *
identity_ccache_name(const struct identity *id)
{
	return id->ccache;
}

bool
identity_comes(const struct identity *id)
{
	return id->job != NULL || id->slot;
}

const char *
identity_provider(const struct identity *id)
{
	return id->provider;
}

bool
identity_redeeming(const struct identity *id)
{
	return id->redeemed;
}

int
identity_passwords(const struct identity *id)
{
	return id->passwords;
}

int
identity_pushes(const struct identity *id)
{
	return id->pushes;
}

int64_t
identity_renewable_until(const struct identity *id)
{
	int64_t until;

	if (!id->signed_in || id->signed_in_at == 0)
		return 0;
	until = id->signed_in_at +
	    schedule_sso_life(id->keep_signed_in, id->learned_life) / USEC;
	/* Without cookies the ticket signs in again, and asks nobody. */
	return until > id->ticket_until ? until : id->ticket_until;
}

const json_t *
identity_roles(const struct identity *id)
{
	return id->roles;
}

const json_t *
identity_aliases(const struct identity *id)
{
	return id->aliases;
}

bool
identity_asked_aliases(const struct identity *id)
{
	return id->asks_aliases;
}

int64_t
identity_aliases_asked(const struct identity *id)
{
	return id->aliases_asked;
}

const char *
identity_typed_user(const struct identity *id)
{
	return id->typed_user;
}

json_t *
identity_status(const struct identity *id)
{
	int64_t until = identity_renewable_until(id);
	json_t *o = json_object();
	char when[RFC3339_SIZE];

	json_put_str(o, "id", id->name);
	json_put_str(o, "user", id->user);
	json_put_str(o, "host", id->host);
	json_put_str(o, "state", state_names[id->state]);
	if (fault_is(&id->fault)) {
		json_put_str(o, "reason", reason_name(id->fault.reason));
		json_object_set_new(o, "fault", fault_to_json(&id->fault));
	}
	rfc3339_format(id->since, when);
	json_put_str(o, "since", when);
	if (until > 0) {
		rfc3339_format(until, when);
		json_put_str(o, "renewableUntil", when);
	}
	json_put_int(o, "learnedLife", id->learned_life / USEC);
	json_object_set_new(o, "passwords", json_integer(id->passwords));
	json_object_set_new(o, "pushes", json_integer(id->pushes));
	json_object_set_new(
	    o, "skew", json_integer(skew_now(&id->skew, id->env.loop->clk)));
	json_object_set_new(
	    o, "retriesLeft", json_integer(farm_left(id->farm)));
	json_object_set_new(
	    o, "pushesLeft", json_integer(identity_pushes_left(id)));
	return o;
}

int64_t
identity_clock_rest(struct identity *id)
{
	return skew_clock_rest(&id->clock_boot, id->env.loop->clk);
}

bool
identity_sane(const struct identity *id)
{
	bool running =
	    id->state == IDENTITY_WORKING || id->state == IDENTITY_ASKING;
	bool armed = id->env.loop->ops->timer_armed(id->timer);

	return running == (id->job != NULL) &&
	    (id->state != IDENTITY_BACKOFF || armed) && (!running || !armed) &&
	    id->slot <= armed &&
	    (id->state == IDENTITY_ASKING) == (id->question != NULL) &&
	    (running ||
		(id->command == NULL && !id->attempting &&
		    id->fetching == NULL && id->typed_password == NULL)) &&
	    keyring_sane(id->keyring);
}
