/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an identity owes to others: to its AD FS host the spacing of sign-ins,
 * its share of the retry budget and a turn after a sleep; to a person's
 * telephone no more than so many requests an hour.
 */
#include "awsfed/config.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "farm.h"
#include "identity-int.h"
#include "loop.h"
#include "schedule.h"

static int64_t
now(const struct identity *id)
{
	return clk_boot(id->env.loop->clk);
}

static const struct settings *
settings(const struct identity *id)
{
	return id->env.settings(id->env.arg);
}

/* ---- the host ----------------------------------------------------------------- */

int64_t
identity_slot(const struct identity *id, bool by_itself)
{
	int64_t spacing = settings(id)->spacing * USEC;
	int64_t own = schedule_slot(
	    spacing, id->started_boot < 0 ? -1 : now(id) - id->started_boot);
	int64_t host = by_itself ? farm_slot(id->farm, spacing) : 0;

	return own > host ? own : host;
}

void
identity_rest(struct identity *id, int64_t wait)
{
	id->slot = false;
	id->next_boot = now(id) + wait;
	id->env.loop->ops->timer_set(
	    id->timer, deadline_in(id->env.loop->clk, wait));
}

bool
identity_spent(struct identity *id)
{
	_cleanup_free_ char *why = xstrdup(id->fault.text);
	int64_t wait = farm_wait(id->farm);

	if (wait == 0)
		return false;
	/* Those who wait for the same one do not come back together. */
	wait += (int64_t)((double)SCHEDULE_RETRY_EVERY *
	    id->env.random(id->env.arg));
	if (id->tries == 0 && id->state != IDENTITY_BACKOFF)
		id->failing = now(id);
	if (id->fault.reason != REASON_BUDGET) {
		fault_set(&id->fault, FAULT_TEMPORARY, REASON_BUDGET,
		    _("Too many sign-ins at %s failed in a short time, so "
		      "those that nobody asks for are fewer now.%s%s"),
		    id->host, why == NULL ? "" : " ", why == NULL ? "" : why);
		fault_next(&id->fault,
		    _("Nothing: it goes on by itself; awsfedctl refresh tries "
		      "at once."));
		log_notice("%s: %s", id->name, id->fault.text);
	}
	identity_rest(id, wait);
	return true;
}

/* ---- a turn after a sleep ------------------------------------------------------- */

int64_t
identity_splay(struct identity *id)
{
	int64_t left =
	    id->env.ops->left == NULL ? 0 : id->env.ops->left(id, id->env.arg);

	return schedule_wake_splay(
	    now(id) - id->failing, left, settings(id)->spread * USEC, id->luck);
}

bool
identity_takes_turn(struct identity *id)
{
	int64_t wait;

	if (id->state != IDENTITY_BACKOFF || id->slot ||
	    !schedule_overslept(now(id) - id->next_boot))
		return false;
	wait = identity_splay(id);
	if (wait < USEC)
		return false;
	log_info("%s: overdue after a sleep; it tries again in %lld s",
	    id->name, (long long)(wait / USEC));
	identity_rest(id, wait);
	return true;
}

double
identity_luck(const struct identity *id)
{
	return id->luck;
}

/* ---- a person's telephone -------------------------------------------------------- */

/* Of those that were sent: within the last hour. */
static size_t
recent(const struct identity *id)
{
	size_t n = id->npush_at;

	for (size_t i = 0; i < id->npush_at; i++, n--)
		if (now(id) - id->push_at[i] < SCHEDULE_HOUR)
			break;
	return n;
}

void
identity_pushed(struct identity *id)
{
	size_t n = recent(id), old = id->npush_at - n;

	for (size_t i = 0; i < n; i++)
		id->push_at[i] = id->push_at[old + i];
	id->push_at = xreallocarray(id->push_at, n + 1, sizeof(*id->push_at));
	id->push_at[n] = now(id);
	id->npush_at = n + 1;
}

unsigned
identity_pushes_left(const struct identity *id)
{
	size_t most = (size_t)settings(id)->pushes_per_hour, n = recent(id);

	return n >= most ? 0 : (unsigned)(most - n);
}

/*
 * Only where pushes were sent: with none ever, a budget of 0 must not bar those
 * who sign in with a password alone, or with a code.
 */
int
identity_push_check(const struct identity *id, struct fault *fault)
{
	size_t n = recent(id);
	int64_t wait;

	if (n == 0 || identity_pushes_left(id) > 0)
		return 0;
	wait = SCHEDULE_HOUR - (now(id) - id->push_at[id->npush_at - n]);
	fault_set(fault, FAULT_DENIED, REASON_SECOND_FACTOR,
	    _("%s was not given the password: its sign-ins have sent %zu "
	      "requests to your device within an hour, and no more are sent."),
	    id->host, n);
	fault_next(fault,
	    _("If they were not yours, tell your administrator. Else sign in "
	      "again in %lld minutes, or raise pushes_per_hour in "
	      "awsfed.conf."),
	    (long long)(wait / (60 * USEC) + 1));
	return -1;
}
