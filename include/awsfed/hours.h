/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hours of the day by the clock on the wall: local time, also on the two days
 * of the year that have 23 or 25 hours, and after a journey to another zone.
 */
#ifndef AWSFED_HOURS_H
#define AWSFED_HOURS_H

#include <stdbool.h>
#include <stdint.h>

/* Minutes after midnight; from == to is never.  23:00 to 07:00 is a night. */
struct hours {
	int from;
	int to; /* not in it any more */
};

/* "22:00-07:00"; "none" is never.  0 or -EINVAL, and *ret as it was. */
int hours_parse(const char *text, struct hours *ret);
/* Seconds since 1970: is the moment within them? */
bool hours_has(const struct hours *h, int64_t t);
/*
 * The next moment, later than t, at which clocks here show that minute of the
 * day; where they leap over it, one within the hour after the leap.
 */
int64_t hours_next(int minute, int64_t t);
/* Clocks here at t: "17:40", or "Mon 17:40" when that is not on the day of now. */
#define HOURS_TEXT 24
void hours_text(int64_t t, int64_t now, char out[HOURS_TEXT]);

#endif
