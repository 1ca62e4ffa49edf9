/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time, replaceable.  Unit: microseconds (int64_t), unless a name says _s.
 *
 * real is the wall clock since 1970 and may step; boot counts suspend and never
 * steps; a deadline is kept on both, and the first to say so wins.
 */
#ifndef AWSFED_CLOCK_H
#define AWSFED_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define USEC 1000000LL
#define MSEC 1000LL

struct clk {
	int64_t (*real)(void *arg);
	int64_t (*boot)(void *arg);
	void *arg;
};

extern const struct clk clk_system;

int64_t clk_real(const struct clk *c);
int64_t clk_boot(const struct clk *c);

/* A moment on both clocks. */
struct deadline {
	int64_t real;
	int64_t boot;
};

/* The moment `after` from now on both clocks. */
struct deadline deadline_in(const struct clk *c, int64_t after);
/*
 * By the boot clock alone: how long something may take, which a wall clock that
 * is set does not change.
 */
struct deadline deadline_boot(const struct clk *c, int64_t after);
/* Past, by either clock? */
bool deadline_passed(const struct clk *c, struct deadline d);
/* Microseconds left: the smaller of the two, 0 when past. */
int64_t deadline_left(const struct clk *c, struct deadline d);

#define RFC3339_SIZE 21 /* "2026-11-22T18:00:00Z" and NUL */
/* seconds since 1970 to UTC; years 1970 to 9999, clamped. */
void rfc3339_format(int64_t s, char out[RFC3339_SIZE]);
/* Z or +hh:mm, optional fraction (dropped).  0 or -EINVAL. */
int rfc3339_parse(const char *text, int64_t *ret_s);
/* An HTTP date (RFC 9110, IMF-fixdate).  0 or -EINVAL. */
int httpdate_parse(const char *text, int64_t *ret_s);

#endif
