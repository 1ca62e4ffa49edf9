/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA SecurID, agent 2.x: a first leg that only says InitStatus, then a
 * passcode, the next code, or an approval in the app that the page waits for.
 */
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "second.h"

static bool
value_starts(const struct form *f, const char *name, const char *prefix)
{
	const struct control *c = form_control(f, name);

	return c != NULL && str_starts(c->value, prefix);
}

int
securid_answer(struct second *x, struct fault *fault)
{
	const struct field init = { "InitStatus", "true" };
	const struct form *f = x->s->form;
	const struct control *c = adapter_field(x);

	if (value_starts(f, "authStatus", "VERIFICATION_FAILED") && c == NULL)
		return second_denied(x, fault);
	if (value_starts(f, "authStatus", "VERIFICATION_PENDING")) {
		_cleanup_free_ char *words =
		    words_by_id(&x->s->page, "verification_factor");

		if (x->until == 0 && second_push(x, words, true, fault) < 0)
			return -1;
		return second_poll(x, NULL, 0, fault);
	}
	if (c != NULL)
		return second_code(x, c, NULL, NULL, 0, fault);
	if (!x->began) {
		x->began = true;
		return second_post(x, &init, 1, POST_FORM, fault);
	}
	return generic_answer(x, fault);
}
