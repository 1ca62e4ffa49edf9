/* SPDX-License-Identifier: Apache-2.0 */
#include "clockword.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "awsfed/fault.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "problem.h"
#include "show.h"

#define NAMED 60    /* seconds: told */
#define REFUSED 300 /* AWS takes a signature within five minutes alone */

/* "90 seconds", "10 minutes", "3 hours": xalloc. */
static char *
amount(int64_t s)
{
	long long n = llabs(s);

	if (n < 120)
		return xasprintf(
		    ngettext("%lld second", "%lld seconds", (unsigned long)n),
		    n);
	if (n < 2 * 3600)
		return xasprintf(ngettext("%lld minute", "%lld minutes",
				     (unsigned long)(n / 60)),
		    n / 60);
	return xasprintf(
	    ngettext("%lld hour", "%lld hours", (unsigned long)(n / 3600)),
	    n / 3600);
}

static bool
by_aws(const json_t *reply, int64_t *ret)
{
	const json_t *clock =
	    json_object_get(json_object_get(reply, "agent"), "clock");

	*ret = json_integer_value(json_object_get(clock, "skew"));
	return clock != NULL;
}

/* Without AWS's word the AD FS host that differs most has it; xalloc or NULL. */
static char *
by_host(const json_t *reply, int64_t *ret)
{
	char *host = NULL;
	size_t i;
	json_t *o;

	*ret = 0;
	json_array_foreach (json_object_get(reply, "identities"), i, o) {
		int64_t s = json_integer_value(json_object_get(o, "skew"));

		if (llabs(s) <= llabs(*ret))
			continue;
		*ret = s;
		xreplace(&host, show_text(o, "host"));
	}
	return host;
}

void
clockword_show(const json_t *reply)
{
	_cleanup_free_ char *who = NULL, *by = NULL;
	_cleanup_fault_ struct fault f = { 0 };
	bool aws;
	int64_t s;

	aws = by_aws(reply, &s);
	who = aws ? xstrdup("AWS") : by_host(reply, &s);
	if (who == NULL || llabs(s) <= NAMED)
		return;
	by = amount(s);
	/* The server is ahead: so this computer is behind. */
	if (s > 0)
		fault_set(&f, FAULT_CONFIG, REASON_CLOCK,
		    _("The clock of this computer is %s behind that of %s.%s"),
		    by, who,
		    llabs(s) > REFUSED ? _(" AWS refuses what your tools sign "
					   "with it.") :
					 "");
	else
		fault_set(&f, FAULT_CONFIG, REASON_CLOCK,
		    _("The clock of this computer is %s ahead of that of "
		      "%s.%s"),
		    by, who,
		    llabs(s) > REFUSED ? _(" AWS refuses what your tools sign "
					   "with it.") :
					 "");
	fault_next(&f,
	    _("Set the clock, for instance with: sudo timedatectl set-ntp "
	      "true"));
	problem_show_fault(
	    llabs(s) > REFUSED ? _("WARNING") : NULL, &f, stdout);
}

char *
clockword_host(const json_t *reply, const json_t *identity)
{
	int64_t s = json_integer_value(json_object_get(identity, "skew")), aws;
	_cleanup_free_ char *by = NULL;

	if (llabs(s) <= NAMED || !by_aws(reply, &aws) || llabs(aws) > NAMED)
		return NULL;
	by = amount(s);
	return s > 0 ? xasprintf(_("%s ahead of this computer's"), by) :
		       xasprintf(_("%s behind this computer's"), by);
}
