/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened outside: who is to try again, and is anybody there?
 *
 * Timers look after themselves: they are kept on clocks that count suspend.
 * What remains is what waits for no reason any more (a back-off, when the
 * network has just changed) and the configuration, whose change a sleeping
 * machine may have missed.
 */
#include "awsfed/clock.h"
#include "awsfed/log.h"
#include "awsfed/wire.h"
#include "loop.h"
#include "manager-int.h"

#define NETWORK_REST (30 * USEC) /* from one change that counts to the next */

static const char *const names[WAKE_MAX] = {
	[WAKE_NETWORK] = "network",
	[WAKE_RESUME] = "resume",
	[WAKE_SLEEP] = "sleep",
	[WAKE_LOCK] = "lock",
	[WAKE_UNLOCK] = "unlock",
};

static const char *const presences[] = {
	[PRESENCE_UNKNOWN] = "unknown",
	[PRESENCE_THERE] = "there",
	[PRESENCE_AWAY] = "away",
};

const char *
wake_name(enum manager_wake what)
{
	return what < WAKE_MAX ? names[what] : "none";
}

/* ---- trying again -------------------------------------------------------------- */

/*
 * Sessions of one identity may draw different moments: the first one's sign-in
 * takes the others along.
 */
static void
hurry(struct manager *m)
{
	for (size_t i = 0; i < m->nidentities; i++)
		identity_wake(m->identities[i]);
	for (size_t i = 0; i < m->nmembers; i++)
		session_event(m->members[i].session, SESSION_WAKE, NULL);
}

bool
manager_rests_for_network(const struct manager *m)
{
	for (size_t i = 0; i < m->nidentities; i++)
		if (identity_state(m->identities[i]) == IDENTITY_BACKOFF &&
		    fault_of_network(identity_fault(m->identities[i])))
			return true;
	for (size_t i = 0; i < m->nmembers; i++) {
		const struct session *s = m->members[i].session;

		if (session_state(s) == SESSION_BACKOFF &&
		    fault_of_network(session_fault(s)))
			return true;
	}
	return false;
}

/* ---- telling --------------------------------------------------------------------- */

static void
tell(struct manager *m, enum manager_wake what)
{
	log_debug("wake: %s", names[what]);
	m->wake.last = what;
	m->wake.at = clk_real(m->env.loop->clk) / USEC;
	manager_publish(m, MANAGER_WAKE, NULL, NULL);
}

static void
network(void *arg)
{
	struct manager *m = arg;

	m->wake.network_boot = clk_boot(m->env.loop->clk);
	hurry(m);
	tell(m, WAKE_NETWORK);
}

static void
network_changed(struct manager *m)
{
	const struct clk *clk = m->env.loop->clk;
	int64_t since = clk_boot(clk) - m->wake.network_boot;
	struct timer *t = m->wake.network;

	if (m->wake.network_boot < 0 || since >= NETWORK_REST)
		network(m);
	else if (!m->env.loop->ops->timer_armed(t))
		m->env.loop->ops->timer_set(
		    t, deadline_in(clk, NETWORK_REST - since));
}

void
manager_wake(struct manager *m, enum manager_wake what)
{
	switch (what) {
	case WAKE_NETWORK:
		network_changed(m);
		return;
	case WAKE_RESUME:
		m->wake.asleep = false;
		break;
	case WAKE_SLEEP:
		m->wake.asleep = true;
		manager_lock_sleep(m);
		break;
	case WAKE_LOCK:
		m->wake.presence = PRESENCE_AWAY;
		manager_lock_screen(m, true);
		break;
	case WAKE_UNLOCK:
		m->wake.asleep = false;
		m->wake.presence = PRESENCE_THERE;
		manager_lock_screen(m, false);
		break;
	case WAKE_MAX:
		return;
	}
	if (what == WAKE_RESUME || what == WAKE_UNLOCK) {
		manager_look(m);
		hurry(m);
	}
	tell(m, what);
}

enum manager_wake
manager_woke(const struct manager *m)
{
	return m->wake.last;
}

/* ---- presence ---------------------------------------------------------------------- */

enum manager_presence
manager_presence(const struct manager *m)
{
	return m->wake.asleep ? PRESENCE_AWAY : m->wake.presence;
}

void
manager_forget_presence(struct manager *m)
{
	m->wake.presence = PRESENCE_UNKNOWN;
	m->wake.asleep = false;
}

void
manager_wake_status(const struct manager *m, json_t *agent)
{
	char when[RFC3339_SIZE];
	json_t *o;

	json_put_str(agent, "presence", presences[manager_presence(m)]);
	if (m->wake.last == WAKE_MAX)
		return;
	o = json_object();
	rfc3339_format(m->wake.at, when);
	json_put_str(o, "what", wake_name(m->wake.last));
	json_put_str(o, "at", when);
	json_object_set_new(agent, "lastWake", o);
}

/* ---- life ---------------------------------------------------------------------------- */

void
manager_wake_init(struct manager *m)
{
	m->wake.network = timer_new(m->env.loop, network, m);
	m->wake.network_boot = -1;
	m->wake.last = WAKE_MAX;
}

void
manager_wake_done(struct manager *m)
{
	m->env.loop->ops->timer_free(m->wake.network);
}
