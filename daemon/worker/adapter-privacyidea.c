/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privacyIDEA: one page with a mode.  otp takes a code, push is polled by
 * sending the form again, webauthn and passkey are a browser's, but where the
 * page has a field for codes, a code does as well.
 */
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "second.h"

/* Is that the word of awsfed.mfa_method that comes first? */
static bool
wants_code(const struct second *x)
{
	_cleanup_strv_ struct strv words = { 0 };

	if (x->s->job->mfa_method == NULL)
		return false;
	strv_split(&words, x->s->job->mfa_method);
	for (size_t i = 0; i < words.n; i++) {
		if (str_caseeq(words.v[i], "otp") ||
		    str_caseeq(words.v[i], "code"))
			return true;
		if (str_caseeq(words.v[i], "push"))
			return false;
	}
	return false;
}

int
privacyidea_answer(struct second *x, struct fault *fault)
{
	const struct form *f = x->s->form;
	const struct control *mode = form_control(f, "mode");
	const struct control *otp = form_control(f, "otp");
	const struct field code = { "mode", "otp" };
	const char *m = mode == NULL ? "" : mode->value;
	_cleanup_free_ char *words = words_instructions(&x->s->page);

	if (otp != NULL && otp->type == CONTROL_HIDDEN)
		otp = NULL;
	if (strcmp(m, "push") == 0 && (otp == NULL || !wants_code(x))) {
		if (x->until == 0 && second_push(x, words, true, fault) < 0)
			return -1;
		return second_poll(x, NULL, 0, fault);
	}
	if (otp == NULL)
		return *m == '\0' || strcmp(m, "otp") == 0 ?
		    generic_answer(x, fault) :
		    browser_answer(x, fault);
	return second_code(x, otp, *words == '\0' ? NULL : words, &code,
	    mode == NULL ? 0 : 1, fault);
}
