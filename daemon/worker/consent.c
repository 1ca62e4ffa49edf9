/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page that only asks for a button: consent to what a relying party gets,
 * terms of use.  The person presses it, nobody else does.
 */
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "choice.h"

#define TEXT_MAX 600 /* bytes of the page in the question */

static bool
is_button(const struct control *c)
{
	return c->type == CONTROL_SUBMIT && c->name != NULL && !c->disabled &&
	    !c->concealed && *c->value != '\0';
}

bool
consent_asks(const struct form *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->ncontrols; i++)
		n += is_button(&f->controls[i]);
	return n > 1;
}

static int
nobody(struct signin *s, struct fault *fault)
{
	fault_set(fault, FAULT_NEEDS_USER, REASON_NONE,
	    _("%s wants an answer from you (%s), and nobody is there."),
	    s->host, s->page.title);
	fault_next(fault, _("Sign in with awsfedctl login."));
	return -1;
}

int
consent_answer(struct signin *s, struct fault *fault)
{
	_cleanup_choices_ struct choices list = { 0 };
	_cleanup_free_ char *raw =
	    page_text(&s->page, s->form->id == NULL ? "" : s->form->id);
	_cleanup_free_ char *label =
	    str_clean(*raw == '\0' ? s->page.title : raw, TEXT_MAX);
	const struct control *pressed = NULL;
	const struct choice *one;

	if (!s->job->attended)
		return nobody(s, fault);
	for (size_t i = 0; i < s->form->ncontrols; i++)
		if (is_button(&s->form->controls[i]))
			choices_add(&list, s->form->controls[i].value, NULL);
	if (choices_ask(s, &list, QN_APPROVE, label, &one, fault) < 0)
		return -1;
	for (size_t i = 0; i < s->form->ncontrols && pressed == NULL; i++)
		if (is_button(&s->form->controls[i]) &&
		    str_eq(s->form->controls[i].value, one->value))
			pressed = &s->form->controls[i];
	return signin_post_form(
	    s, s->form, NULL, 0, pressed, GRADE_PAGE, fault);
}
