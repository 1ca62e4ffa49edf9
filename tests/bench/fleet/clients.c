/* SPDX-License-Identifier: Apache-2.0 */
/* awsfed, by the very functions of the agent, and two that know no better. */
#include "fleet.h"

#include "schedule.h"

static int64_t
awsfed_renew(int64_t life, double r)
{
	return schedule_renew(life, 0, r);
}

static int64_t
awsfed_retry(unsigned n, double r)
{
	return schedule_backoff(n, 0, r);
}

static int64_t
awsfed_splay(int64_t away, int64_t left, double r)
{
	return schedule_wake(r) +
	    schedule_wake_splay(away, left, SCHEDULE_SPREAD, r);
}

static int64_t
half(int64_t life, double r)
{
	(void)r;
	return life / 2;
}

static int64_t
fixed_retry(unsigned n, double r)
{
	(void)n;
	(void)r;
	return 30 * SEC;
}

/* 2 s, 4 s, 8 s, to 5 minutes, without jitter. */
static int64_t
exponential_retry(unsigned n, double r)
{
	(void)r;
	return n > 8 ? 300 * SEC : (1 << n) * SEC;
}

static int64_t
at_once(int64_t away, int64_t left, double r)
{
	(void)away;
	(void)left;
	(void)r;
	return 0;
}

const struct client clients[] = {
	{ "awsfed", "#0b6e4f", awsfed_renew, awsfed_retry, awsfed_splay, true },
	{ "fixed 30 s", "#c0392b", half, fixed_retry, at_once, false },
	{ "exponential", "#7d6bb0", half, exponential_retry, at_once, false },
};
const size_t nclients = ARRAY_SIZE(clients);
