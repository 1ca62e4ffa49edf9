/* SPDX-License-Identifier: Apache-2.0 */
#include "loop-meter.h"

#include <time.h>

#include "awsfed/clock.h"
#include "awsfed/log.h"

static struct loop_meter meter;

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * USEC + ts.tv_nsec / 1000;
}

static void
account(const char *name, int64_t took)
{
	if (took >= meter.worst) {
		meter.worst = took;
		meter.worst_in = name;
		meter.worst_note = meter.note;
	}
	meter.note = NULL;
}

struct loop_span
loop_enter(const char *name)
{
	struct loop_span span = { now(), name };

	if (meter.began == 0)
		meter.began = span.began;
	meter.last = span.began;
	meter.note = NULL;
	return span;
}

void
loop_mark(const char *name)
{
	int64_t t = now();

	account(name, t - meter.last);
	meter.last = t;
}

void
loop_leave(struct loop_span *span)
{
	int64_t t = now();

	account(span->name, t - meter.last);
	meter.last = t;
}

void
loop_turn_over(void)
{
	int64_t took = meter.last - meter.began;

	if (meter.began == 0)
		return;
	meter.began = 0;
	meter.turns++;
	if (took > LOOP_SLOW)
		meter.slow++;
	if (took > meter.longest) {
		meter.longest = took;
		meter.longest_real = clk_real(&clk_system);
		meter.longest_in = meter.worst_in;
		meter.longest_note = meter.worst_note;
		if (took > LOOP_SLOW)
			log_debug("the loop was busy for %lld ms, most of it "
				  "in %s%s%s",
			    (long long)(took / MSEC), meter.worst_in,
			    meter.worst_note != NULL ? ": " : "",
			    meter.worst_note != NULL ? meter.worst_note : "");
	}
	meter.worst = 0;
}

struct loop_meter *
loop_meter(void)
{
	return &meter;
}
