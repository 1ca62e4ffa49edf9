/* SPDX-License-Identifier: Apache-2.0 */
/* Products that ask for one code: the row of the table says in which field. */
#include <string.h>
#include <strings.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "second.h"

static const struct control *
by_word(const struct form *f, const char *word, size_t len, bool concealed)
{
	bool id = *word == '#';

	if (id)
		word++, len--;
	for (size_t i = 0; i < f->ncontrols; i++) {
		const struct control *c = &f->controls[i];
		const char *have = id ? c->id : c->name;
		struct control shown = *c;

		shown.concealed = c->concealed && !concealed;
		if (have != NULL && strlen(have) == len &&
		    strncasecmp(have, word, len) == 0 &&
		    control_writable(&shown))
			return c;
	}
	return NULL;
}

const struct control *
adapter_field(const struct second *x)
{
	const struct form *f = x->s->form;
	/* What a script would show only later counts when nothing else does. */
	bool waits = page_motion(&x->s->page) != PAGE_STILL;

	for (int concealed = 0; concealed <= (waits ? 0 : 1); concealed++) {
		const char *p = x->adapter->fields;

		while (p != NULL && *p != '\0') {
			size_t len = strcspn(p, " ");
			const struct control *c =
			    by_word(f, p, len, concealed == 1);

			if (c != NULL)
				return c;
			p += len + (p[len] == ' ');
		}
	}
	return NULL;
}

int
code_answer(struct second *x, struct fault *fault)
{
	const struct control *c = adapter_field(x);
	size_t writable = 0;

	for (size_t i = 0; i < x->s->form->ncontrols; i++)
		writable += control_writable(&x->s->form->controls[i]) &&
		    !str_eq(x->s->form->controls[i].name, "UserName");
	/* A push before the code, a PIN beside it: the page rules. */
	if (c == NULL || writable > 1)
		return generic_answer(x, fault);
	return second_code(x, c, NULL, NULL, 0, fault);
}
