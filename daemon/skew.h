/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wall clock against those of servers, and against itself.
 *
 * A skew is a server's clock minus ours, measured from the Date of an answer
 * (RFC 9110, 6.6.1: whole seconds).  Between two measurements the boot clock,
 * which never steps, carries it on: a wall clock that is set, by a person or by
 * NTP, shows at once.
 */
#ifndef AWSFED_SKEW_H
#define AWSFED_SKEW_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "awsfed/clock.h"

struct skew {
	bool known;
	int64_t ahead_s; /* the server's clock, when it was measured */
	struct deadline at;
};

void skew_measure(struct skew *k, const struct clk *clk, int64_t ahead_s);
/* From a member "skew" of a worker's message; false when there is none. */
bool skew_read(const json_t *msg, int64_t *ret_s);
/* Seconds, now; 0 when hardly any, or not known. */
int64_t skew_now(const struct skew *k, const struct clk *clk);
/* {"skew","measured"}, or NULL. */
json_t *skew_status(const struct skew *k, const struct clk *clk);

/*
 * A renewal for which the wall clock alone is the reason: at most one in five
 * minutes, so that a clock that jumps to and fro is no storm.  stamp: -1, or
 * when the last one was let through, by the boot clock.  0: go, and it is noted;
 * else the microseconds to wait.
 */
int64_t skew_clock_rest(int64_t *stamp, const struct clk *clk);

#endif
