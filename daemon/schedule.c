/* SPDX-License-Identifier: Apache-2.0 */
#include "schedule.h"

#define SECOND 1000000LL
#define BACKOFF_BASE (1 * SECOND)
#define BACKOFF_FLOOR (SECOND / 4)
#define BACKOFF_CAP (300 * SECOND)

int64_t
schedule_renew(int64_t life, double r)
{
	if (life <= 0)
		return 0;
	return life / 2 - (int64_t)((double)life * 0.1 * r);
}

bool
schedule_rides_along(int64_t life, int64_t age)
{
	return age >= life / 5 * 2;
}

int64_t
schedule_backoff(unsigned n, int64_t retry_after, double r)
{
	int64_t ceiling = BACKOFF_CAP, wait;

	if (n < 9) /* 2^9 s is past the cap */
		ceiling = BACKOFF_BASE << n;
	if (ceiling > BACKOFF_CAP)
		ceiling = BACKOFF_CAP;
	wait = (int64_t)((double)ceiling * r);
	if (wait < BACKOFF_FLOOR)
		wait = BACKOFF_FLOOR;
	if (retry_after > SCHEDULE_HOUR)
		retry_after = SCHEDULE_HOUR;
	/* A second or so later than asked, so that a fleet does not march. */
	if (wait < retry_after)
		wait = retry_after + (int64_t)((double)retry_after * 0.1 * r);
	return wait;
}

int64_t
schedule_slot(int64_t spacing, int64_t since)
{
	if (since < 0 || since >= spacing)
		return 0;
	return spacing - since;
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
