/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to renew, when to try again: pure arithmetic, in microseconds.  r is a
 * random number from 0 (inclusive) to 1 (exclusive) that the caller draws, so
 * that tests and the fleet simulation own the dice.
 */
#ifndef AWSFED_SCHEDULE_H
#define AWSFED_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_HOUR (3600 * 1000000LL)

/*
 * How long after the issue to renew: half of the life, less up to a tenth of
 * the life as jitter.  Any command then starts with at least half a life.
 */
int64_t schedule_renew(int64_t life, double r);
/* Past 40 % of its life: worth renewing with an assertion that is there. */
bool schedule_rides_along(int64_t life, int64_t age);
/*
 * The wait before try n (1 is the first retry): full jitter over 1 s * 2^n,
 * 250 ms at least, 5 minutes at most; never less than what the server asked
 * for (retry_after, 0 none, taken up to an hour).
 */
int64_t schedule_backoff(unsigned n, int64_t retry_after, double r);
/*
 * The wait until the next sign-in of an identity may start: one in `spacing`.
 * since: time since the last one started, negative when there was none.
 */
int64_t schedule_slot(int64_t spacing, int64_t since);
/* The least life that "fresh enough" means: min(20 minutes, half). Seconds. */
int64_t schedule_min_valid(int64_t life_s);
/* How long a sign-in is expected to renew without a person. */
int64_t schedule_sso_life(bool keep_signed_in, int64_t learned);

#endif
