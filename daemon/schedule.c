/* SPDX-License-Identifier: Apache-2.0 */
#include "schedule.h"

#define SECOND 1000000LL
#define BACKOFF_BASE (1 * SECOND)
#define BACKOFF_FLOOR (SECOND / 4)
#define BACKOFF_STEPS 4 /* 4^5 s is past the cap */
#define WAKE_SPREAD (11 * SECOND / 4)
#define WAKE_TRIES 1 /* a flapping network is no reason for a storm */
#define OVERSLEPT (10 * SECOND)

static int64_t
share(int64_t of, double r)
{
	return (int64_t)((double)of * r);
}

int64_t
schedule_renew(int64_t life, int64_t least, double r)
{
	int64_t latest = life / 2;

	if (life <= 0)
		return 0;
	if (least > latest - life / 10)
		latest = least + life / 10;
	if (latest > life / 10 * 9)
		latest = life / 10 * 9;
	return latest - (int64_t)((double)life * 0.1 * r);
}

bool
schedule_rides_along(int64_t life, int64_t age)
{
	return age >= life / 5 * 2;
}

int64_t
schedule_backoff(unsigned n, int64_t retry_after, double r)
{
	int64_t wait;

	if (n <= BACKOFF_STEPS)
		wait = share(BACKOFF_BASE << 2 * n, r);
	else
		wait = SCHEDULE_BACKOFF_MAX / 2 +
		    share(SCHEDULE_BACKOFF_MAX / 2, r);
	if (wait < BACKOFF_FLOOR)
		wait = BACKOFF_FLOOR;
	if (retry_after <= 0)
		return wait;
	if (retry_after > SCHEDULE_HOUR)
		retry_after = SCHEDULE_HOUR;
	/* All who were told the same a moment ago: half as long again. */
	if (wait < share(retry_after / 2, r))
		wait = share(retry_after / 2, r);
	return retry_after + wait;
}

int64_t
schedule_rest(int64_t rest, double r)
{
	return rest + share(rest / 4, r);
}

int64_t
schedule_wake(double r)
{
	return BACKOFF_FLOOR + share(WAKE_SPREAD, r);
}

unsigned
schedule_wake_tries(unsigned tries)
{
	return tries < WAKE_TRIES ? tries : WAKE_TRIES;
}

int64_t
schedule_slot(int64_t spacing, int64_t since)
{
	if (since < 0 || since >= spacing)
		return 0;
	return spacing - since;
}

int64_t
schedule_wake_splay(int64_t away, int64_t left, int64_t most, double r)
{
	int64_t ceiling = left > 0 ? left / 2 : away / 3 * 2;

	if (away <= 0 || most <= 0)
		return 0;
	return share(ceiling < most ? ceiling : most, r);
}

bool
schedule_overslept(int64_t late)
{
	return late > OVERSLEPT;
}

int64_t
schedule_min_valid(int64_t life_s)
{
	return life_s / 2 < 1200 ? life_s / 2 : 1200;
}

int64_t
schedule_sso_life(bool keep_signed_in, int64_t learned)
{
	if (learned > 0)
		return learned;
	/* AD FS defaults: SsoLifetime 480 min, KmsiLifetimeMins 1440. */
	return (keep_signed_in ? 24 : 8) * SCHEDULE_HOUR;
}

/* ---- allowances ---------------------------------------------------------------- */

static int64_t
stock_at(const struct schedule_budget *b, int64_t now)
{
	int64_t full = b->size * b->every, room = full - b->stock;
	int64_t since = now - b->at;

	return since <= 0 ? b->stock : since >= room ? full : b->stock + since;
}

/* What is there now, and counted from now on. */
static void
update(struct schedule_budget *b, int64_t now)
{
	b->stock = stock_at(b, now);
	if (now > b->at)
		b->at = now;
}

void
schedule_budget_init(
    struct schedule_budget *b, int64_t size, int64_t every, int64_t now)
{
	*b = (struct schedule_budget){
		.size = size, .every = every, .stock = size * every, .at = now
	};
}

unsigned
schedule_budget_left(const struct schedule_budget *b, int64_t now)
{
	return (unsigned)(stock_at(b, now) / b->every);
}

int64_t
schedule_budget_wait(const struct schedule_budget *b, int64_t now)
{
	int64_t stock = stock_at(b, now);

	return stock >= b->every ? 0 : b->every - stock;
}

bool
schedule_budget_take(struct schedule_budget *b, int64_t now)
{
	update(b, now);
	if (b->stock < b->every)
		return false;
	b->stock -= b->every;
	return true;
}

void
schedule_budget_give(struct schedule_budget *b, int64_t now)
{
	int64_t full = b->size * b->every;

	update(b, now);
	b->stock = full - b->stock < b->every ? full : b->stock + b->every;
}
