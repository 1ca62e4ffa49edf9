/* SPDX-License-Identifier: Apache-2.0 */
#include "passing.h"

#include "awsfed/fault.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

bool
passing_page(const struct fault *f)
{
	return f->kind == FAULT_PROTOCOL ||
	    (f->kind == FAULT_CONFIG && f->reason == REASON_SETTINGS) ||
	    (f->kind == FAULT_DENIED && f->reason == REASON_ERROR_PAGE);
}

bool
passing_role(const struct fault *f)
{
	return f->kind == FAULT_PROTOCOL;
}

void
passing_soften(struct fault *f)
{
	_cleanup_free_ char *next = xstrdup(f->next);

	f->kind = FAULT_TEMPORARY;
	if (str_empty(next))
		fault_next(f, _("awsfed tries again by itself."));
	else
		fault_next(f,
		    _("awsfed tries again by itself. If it stays: %s"), next);
}
