/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "awsfed/xalloc.h"

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * USEC + ts.tv_nsec / 1000;
}

static int64_t
system_real(void *arg)
{
	(void)arg;
	return read_clock(CLOCK_REALTIME);
}

static int64_t
system_boot(void *arg)
{
	(void)arg;
	return read_clock(CLOCK_BOOTTIME);
}

const struct clk clk_system = { system_real, system_boot, NULL };

int64_t
clk_real(const struct clk *c)
{
	return c->real(c->arg);
}

int64_t
clk_boot(const struct clk *c)
{
	return c->boot(c->arg);
}

struct deadline
deadline_in(const struct clk *c, int64_t after)
{
	return (struct deadline){ clk_real(c) + after, clk_boot(c) + after };
}

struct deadline
deadline_boot(const struct clk *c, int64_t after)
{
	return (struct deadline){ INT64_MAX, clk_boot(c) + after };
}

bool
deadline_passed(const struct clk *c, struct deadline d)
{
	return clk_real(c) >= d.real || clk_boot(c) >= d.boot;
}

int64_t
deadline_left(const struct clk *c, struct deadline d)
{
	int64_t a = d.real - clk_real(c), b = d.boot - clk_boot(c);
	int64_t left = a < b ? a : b;

	return left < 0 ? 0 : left;
}

void
rfc3339_format(int64_t s, char out[RFC3339_SIZE])
{
	time_t t;
	struct tm tm;

	if (s < 0)
		s = 0;
	if (s > 253402300799)
		s = 253402300799;
	t = (time_t)s;
	gmtime_r(&t, &tm);
	strftime(out, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static int
digits(const char **p, int n, int min, int max, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return -EINVAL;
		v = v * 10 + (**p - '0');
	}
	if (v < min || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

static int
expect(const char **p, char c)
{
	if (**p != c)
		return -EINVAL;
	(*p)++;
	return 0;
}

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	if (month == 2 &&
	    (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))
		return 29;
	return days[month - 1];
}

static int64_t
to_seconds(int y, int mo, int d, int h, int mi, int s)
{
	struct tm tm = { .tm_year = y - 1900,
		.tm_mon = mo - 1,
		.tm_mday = d,
		.tm_hour = h,
		.tm_min = mi,
		.tm_sec = s };

	return timegm(&tm);
}

int
rfc3339_parse(const char *text, int64_t *ret_s)
{
	int y, mo, d, h, mi, s, oh = 0, om = 0, sign = 0;
	const char *p = text;

	if (p == NULL || digits(&p, 4, 1970, 9999, &y) < 0 ||
	    expect(&p, '-') < 0 || digits(&p, 2, 1, 12, &mo) < 0 ||
	    expect(&p, '-') < 0 || digits(&p, 2, 1, month_days(y, mo), &d) < 0)
		return -EINVAL;
	if (*p != 'T' && *p != 't' && *p != ' ')
		return -EINVAL;
	p++;
	if (digits(&p, 2, 0, 23, &h) < 0 || expect(&p, ':') < 0 ||
	    digits(&p, 2, 0, 59, &mi) < 0 || expect(&p, ':') < 0 ||
	    digits(&p, 2, 0, 60, &s) < 0)
		return -EINVAL;
	if (*p == '.') {
		p++;
		if (*p < '0' || *p > '9')
			return -EINVAL;
		p += strspn(p, "0123456789");
	}
	if (*p == 'Z' || *p == 'z') {
		p++;
	} else if (*p == '+' || *p == '-') {
		sign = *p++ == '+' ? 1 : -1;
		if (digits(&p, 2, 0, 23, &oh) < 0 || expect(&p, ':') < 0 ||
		    digits(&p, 2, 0, 59, &om) < 0)
			return -EINVAL;
	} else {
		return -EINVAL;
	}
	if (*p != '\0')
		return -EINVAL;
	*ret_s = to_seconds(y, mo, d, h, mi, s) - sign * (oh * 3600 + om * 60);
	return 0;
}

int
httpdate_parse(const char *text, int64_t *ret_s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *p = text, *m;
	int y, mo, d, h, mi, s;

	if (p == NULL || strlen(p) != 29 || p[3] != ',' || p[4] != ' ')
		return -EINVAL;
	p += 5;
	if (digits(&p, 2, 1, 31, &d) < 0 || expect(&p, ' ') < 0)
		return -EINVAL;
	for (m = months, mo = 1; mo <= 12; m += 3, mo++)
		if (strncmp(m, p, 3) == 0)
			break;
	if (mo > 12)
		return -EINVAL;
	p += 3;
	if (expect(&p, ' ') < 0 || digits(&p, 4, 1970, 9999, &y) < 0 ||
	    d > month_days(y, mo) || expect(&p, ' ') < 0 ||
	    digits(&p, 2, 0, 23, &h) < 0 || expect(&p, ':') < 0 ||
	    digits(&p, 2, 0, 59, &mi) < 0 || expect(&p, ':') < 0 ||
	    digits(&p, 2, 0, 60, &s) < 0 || strcmp(p, " GMT") != 0)
		return -EINVAL;
	*ret_s = to_seconds(y, mo, d, h, mi, s);
	return 0;
}
