/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/hours.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "awsfed/str.h"

#define DAY_MINUTES 1440
#define DAYS_AHEAD 3 /* a minute that a day lacks is there on the next */

/* "HH:MM" or "H:MM", the whole of it; minutes, or -1. */
static int
minute_parse(const char *s, size_t n)
{
	size_t h = n == 5 ? 2 : 1;
	int hour = 0;

	if ((n != 4 && n != 5) || s[h] != ':')
		return -1;
	for (size_t i = 0; i < n; i++)
		if (i != h && (s[i] < '0' || s[i] > '9'))
			return -1;
	for (size_t i = 0; i < h; i++)
		hour = hour * 10 + s[i] - '0';
	if (hour > 23 || s[h + 1] > '5')
		return -1;
	return hour * 60 + (s[h + 1] - '0') * 10 + s[h + 2] - '0';
}

int
hours_parse(const char *text, struct hours *ret)
{
	const char *dash = strchr(text, '-');
	int from, to;

	if (str_caseeq(text, "none") || str_caseeq(text, "no")) {
		*ret = (struct hours){ 0 };
		return 0;
	}
	if (dash == NULL)
		return -EINVAL;
	from = minute_parse(text, (size_t)(dash - text));
	to = minute_parse(dash + 1, strlen(dash + 1));
	if (from < 0 || to < 0 || from == to)
		return -EINVAL;
	*ret = (struct hours){ from, to };
	return 0;
}

static void
local(int64_t t, struct tm *ret)
{
	time_t when = (time_t)t;

	/* Looks whether the machine is in another zone by now. */
	tzset();
	if (localtime_r(&when, ret) == NULL)
		*ret = (struct tm){ .tm_year = 70, .tm_mday = 1 };
}

bool
hours_has(const struct hours *h, int64_t t)
{
	struct tm tm;
	int m;

	local(t, &tm);
	m = tm.tm_hour * 60 + tm.tm_min;
	if (h->from <= h->to)
		return m >= h->from && m < h->to;
	return m >= h->from || m < h->to;
}

/*
 * When clocks show that minute `ahead` days after the day of t, and later than
 * t; 0 when they do not.  A day may show it twice, or leap over it.
 */
static int64_t
on_day(const struct tm *today, int ahead, int minute, int64_t t)
{
	int64_t shown = 0, leapt = 0;
	bool shows = false;

	for (int dst = 0; dst < 2; dst++) {
		struct tm tm = { .tm_year = today->tm_year,
			.tm_mon = today->tm_mon,
			.tm_mday = today->tm_mday + ahead,
			.tm_hour = minute / 60,
			.tm_min = minute % 60,
			.tm_isdst = dst };
		int64_t at = mktime(&tm);
		bool exact = tm.tm_hour * 60 + tm.tm_min == minute;

		shows |= exact;
		if (at > t && exact && (shown == 0 || at < shown))
			shown = at;
		if (at > t && at > leapt)
			leapt = at;
	}
	return shows ? shown : leapt;
}

int64_t
hours_next(int minute, int64_t t)
{
	struct tm today;
	int64_t at;

	local(t, &today);
	for (int ahead = 0; ahead < DAYS_AHEAD; ahead++)
		if ((at = on_day(&today, ahead, minute, t)) > 0)
			return at;
	return t + (int64_t)DAY_MINUTES * 60;
}

void
hours_text(int64_t t, int64_t now, char out[HOURS_TEXT])
{
	struct tm tm, today;
	const char *fmt;

	local(now, &today);
	local(t, &tm);
	fmt = tm.tm_yday == today.tm_yday && tm.tm_year == today.tm_year ?
	    "%H:%M" :
	    "%a %H:%M";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strftime(out, HOURS_TEXT, fmt, &tm) == 0)
		snprintf(out, HOURS_TEXT, "-");
#pragma GCC diagnostic pop
}
