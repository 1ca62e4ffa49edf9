/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to renew, when to try again, and how not to be a nuisance to an AD FS
 * that a hundred thousand others use: pure arithmetic, in microseconds.  r is a
 * random number from 0 (inclusive) to 1 (exclusive) that the caller draws, so
 * that tests and the fleet simulation (tests/bench/fleet) own the dice.
 *
 * now is the boot clock: it counts suspend and never steps back.
 */
#ifndef AWSFED_SCHEDULE_H
#define AWSFED_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_HOUR (3600 * 1000000LL)
/* The longest wait between two tries. */
#define SCHEDULE_BACKOFF_MAX (900 * 1000000LL)
/* The longest splay that a large fleet should ask for (the setting `spread`). */
#define SCHEDULE_SPREAD (720 * 1000000LL)

/*
 * How long after the issue to renew: half of the life, less up to a tenth of
 * the life as jitter.  Any command then starts with at least half a life.  Not
 * before `least` (the setting min_renewal_interval), but at the latest when nine
 * tenths of the life, less the jitter, have gone by.
 */
int64_t schedule_renew(int64_t life, int64_t least, double r);
/* Past 40 % of its life: worth renewing with an assertion that is there. */
bool schedule_rides_along(int64_t life, int64_t age);
/*
 * The wait before try n (1 is the first retry).  Full jitter over 4 s, 16 s,
 * 64 s and 256 s, 250 ms at least; then from 450 to 900 s: the ceiling grows
 * with the outage, so that its end is not met by everybody at once.  What the
 * server asked for (retry_after, 0 none, taken up to an hour) comes before it,
 * so that those who were told the same do not come back the same second.
 */
int64_t schedule_backoff(unsigned n, int64_t retry_after, double r);
/* A long rest that nobody waits for: rest, and up to a quarter more. */
int64_t schedule_rest(int64_t rest, double r);
/*
 * The wait when the network came back, the machine woke up or a person did: 250
 * ms to 3 s, so that not everything that rests leaps up in one moment.
 */
int64_t schedule_wake(double r);
/* How many of its failures count after that: the waits grow from there. */
unsigned schedule_wake_tries(unsigned tries);
/*
 * The wait until the next sign-in of an identity may start: one in `spacing`.
 * since: time since the last one started, negative when there was none.
 */
int64_t schedule_slot(int64_t spacing, int64_t since);
/*
 * The machine wakes, or the network is back, after `away`: how long what is
 * overdue waits before it goes to AD FS by itself.  A whole office does this in
 * the same second; people and programs that ask go at once, and only they.
 *
 * left: what the keys at stake still live (0: they have ended).  Who holds live
 * keys takes half of what they live, since it costs nobody anything; else two
 * thirds of the time away, so that what piled up flows off at no more than the
 * rate it came in, and again as much.  Never more than most (the setting
 * `spread`; 0: at once).
 */
int64_t schedule_wake_splay(int64_t away, int64_t left, int64_t most, double r);
/* A timer that fires so late has not fired on time: the machine was asleep. */
bool schedule_overslept(int64_t late);
/* The least life that "fresh enough" means: min(20 minutes, half). Seconds. */
int64_t schedule_min_valid(int64_t life_s);
/* How long a sign-in is expected to renew without a person. */
int64_t schedule_sso_life(bool keep_signed_in, int64_t learned);

/*
 * An allowance: `size` acts at once, and one more in each `every`.  What is
 * there is kept as time (`every` for each act), so nothing is lost by rounding.
 * The retry budget of an AD FS host is one: acts are sign-ins that nobody asked
 * for, and one that succeeds is given back.  So those that fail are never more
 * than size + t / every in any time t.
 */
struct schedule_budget {
	int64_t size;
	int64_t every;
	int64_t stock; /* at `at`, from 0 to size * every */
	int64_t at;
};

#define SCHEDULE_RETRIES 20		      /* of a host */
#define SCHEDULE_RETRY_EVERY (30 * 1000000LL) /* one more */

/* Full. */
void schedule_budget_init(
    struct schedule_budget *b, int64_t size, int64_t every, int64_t now);
unsigned schedule_budget_left(const struct schedule_budget *b, int64_t now);
/* Until there is one: 0 when there is. */
int64_t schedule_budget_wait(const struct schedule_budget *b, int64_t now);
/* False, and nothing taken, when there is none. */
bool schedule_budget_take(struct schedule_budget *b, int64_t now);
void schedule_budget_give(struct schedule_budget *b, int64_t now);

#endif
