/* SPDX-License-Identifier: Apache-2.0 */
/* How a second factor ends when it does not succeed, in words. */
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "second.h"

const char *
second_product(const struct second *x)
{
	return x->adapter->names == NULL && *x->name != '\0' ?
	    x->name :
	    gettext(x->adapter->product);
}

char *
second_error(const struct second *x)
{
	static const char *const ids[] = { "errorText", "errorMessage" };

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		char *text = words_by_id(&x->s->page, ids[i]);

		if (*text != '\0')
			return text;
		xfree(text);
	}
	return xstrdup("");
}

int
second_denied(struct second *x, struct fault *fault)
{
	_cleanup_free_ char *error = second_error(x);

	fault_set(fault, FAULT_DENIED, REASON_SECOND_FACTOR,
	    _("The sign-in at %s was not approved (%s).%s%s"), x->s->host,
	    second_product(x), *error == '\0' ? "" : " ", error);
	fault_next(fault,
	    str_starts(x->adapter->kind, "azure") ?
		_("Sign in again and approve it. If you have no second factor "
		  "yet, register one at https://aka.ms/mfasetup.") :
		_("Sign in again and approve it on your device."));
	return -1;
}

int
second_unknown(struct second *x, struct fault *fault)
{
	return signin_unknown(x->s, PAGE_MFA, fault);
}

/* What the error page says, without who says it. */
static char *
reason_of(const struct signin *s, const struct fault *fault)
{
	char *text = words_by_id(&s->page, "errorMessage");

	if (*text == '\0')
		xreplace(&text, xstrdup(fault->text));
	return text;
}

void
second_ended(struct signin *s, struct fault *fault)
{
	_cleanup_free_ char *text = NULL, *next = NULL;
	const struct second *x = s->second;

	if (x == NULL || fault->kind != FAULT_DENIED)
		return;
	text = reason_of(s, fault);
	next = xstrdup(str_empty(fault->next) ? "" : fault->next);
	fault_set(fault, FAULT_DENIED, REASON_SECOND_FACTOR,
	    _("The second factor (%s) did not succeed at %s: %s"),
	    second_product(x), s->host, text);
	if (str_starts(x->adapter->kind, "azure"))
		fault_next(fault,
		    _("Sign in again. If you have no second factor yet, "
		      "register one at https://aka.ms/mfasetup. %s"),
		    next);
	else if (x->pushes > 0)
		fault_next(fault,
		    _("Sign in again and approve it on your device. If you "
		      "did approve it: %s"),
		    next);
	else
		fault_next(fault, "%s", next);
}
