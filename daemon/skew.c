/* SPDX-License-Identifier: Apache-2.0 */
#include "skew.h"

#include "awsfed/wire.h"

#define SKEW_MAX (86400LL * 366 * 70) /* a clock that woke up in 1970 */
#define HARDLY 2		      /* seconds: Date is no better */
#define CLOCK_REST (300 * USEC)

void
skew_measure(struct skew *k, const struct clk *clk, int64_t ahead_s)
{
	*k = (struct skew){ true, ahead_s, deadline_in(clk, 0) };
}

bool
skew_read(const json_t *msg, int64_t *ret_s)
{
	return json_is_integer(json_object_get(msg, "skew")) &&
	    json_int_opt(msg, "skew", -SKEW_MAX, SKEW_MAX, 0, ret_s) == 0;
}

int64_t
skew_now(const struct skew *k, const struct clk *clk)
{
	int64_t behind, s;

	if (!k->known)
		return 0;
	behind = (clk_boot(clk) - k->at.boot) - (clk_real(clk) - k->at.real);
	s = k->ahead_s + behind / USEC;
	return s >= -HARDLY && s <= HARDLY ? 0 : s;
}

json_t *
skew_status(const struct skew *k, const struct clk *clk)
{
	char when[RFC3339_SIZE];
	json_t *o;

	if (!k->known)
		return NULL;
	o = json_object();
	json_object_set_new(o, "skew", json_integer(skew_now(k, clk)));
	rfc3339_format(k->at.real / USEC, when);
	json_put_str(o, "measured", when);
	return o;
}

int64_t
skew_clock_rest(int64_t *stamp, const struct clk *clk)
{
	int64_t now = clk_boot(clk), since = now - *stamp;

	if (*stamp >= 0 && since < CLOCK_REST)
		return CLOCK_REST - since;
	*stamp = now;
	return 0;
}
