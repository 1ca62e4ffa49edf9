/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the loop keeps its clients waiting.  A turn is what runs between two
 * waits of the loop: while it lasts nobody else is served.  Each callback of
 * libevent's opens with LOOP_SPAN; that reads CLOCK_MONOTONIC twice, which is
 * no system call, and nothing is armed or woken for it.
 *
 * The figure is the process's own, since a process has one loop.
 */
#ifndef AWSFED_LOOP_METER_H
#define AWSFED_LOOP_METER_H

#include <stdint.h>

#define LOOP_SLOW (100 * 1000) /* microseconds: a turn that counts as slow */

struct loop_meter {
	/* What was measured. */
	uint64_t turns;
	uint64_t slow;	      /* turns above LOOP_SLOW */
	int64_t longest;      /* microseconds, of one turn */
	int64_t longest_real; /* wall clock at its end, microseconds */
	const char *longest_in, *longest_note; /* its slowest callback */
	/* What somebody is at: set by loop_note(), cleared by each callback. */
	const char *note;
	/* Of this turn. */
	int64_t began, last; /* began 0: nothing ran yet */
	int64_t worst;
	const char *worst_in, *worst_note;
};

struct loop_span {
	int64_t began;
	const char *name;
};

/* All strings are literals. */
#define LOOP_SPAN(fn) \
	__attribute__((cleanup(loop_leave))) struct loop_span span_here = \
	    loop_enter(__FILE_NAME__ " " #fn)

struct loop_span loop_enter(const char *name);
void loop_leave(struct loop_span *span);
/* The same where one callback runs several: what came since the last. */
void loop_mark(const char *name);
/* The turn is over; called by the loop before it waits. */
void loop_turn_over(void);
struct loop_meter *loop_meter(void);

#endif
