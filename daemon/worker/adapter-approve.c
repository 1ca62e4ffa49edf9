/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products that hold the request until the person has approved it elsewhere:
 * Azure MFA Server, Silverfort.  The post itself is what sends the request, so
 * a second one is sent only when the person wants it.
 */
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "second.h"

#define TEXT_BYTES (64 * 1024)

int
approve_answer(struct second *x, struct fault *fault)
{
	_cleanup_free_ char *error = second_error(x), *words = NULL;
	_cleanup_free_ char *text = NULL;
	const char *said = NULL;

	/*
	 * Our post came back with the same page.  Azure MFA Server goes on
	 * waiting then; Silverfort says in fixed words that it is over.
	 */
	if (x->until != 0 && *error == '\0') {
		if (page_motion(&x->s->page) == PAGE_WAITS ||
		    str_eq(x->adapter->kind, "azure-server"))
			return second_poll(x, NULL, 0, fault);
		text = page_visible_text(&x->s->page, TEXT_BYTES);
		if (strcasestr(text, "not authorized") != NULL)
			return second_denied(x, fault);
	}
	if (x->until == 0 && azure_offers(x) && *error == '\0')
		return azure_choose(x, fault);
	if (x->pushes == 0 && *error != '\0')
		return second_denied(x, fault);
	if (*error == '\0') {
		words = words_instructions(&x->s->page);
		said = words;
	}
	/* The second one is asked for, with what the page says of the first. */
	if (second_push(x, said, false, fault) < 0)
		return -1;
	return second_post(x, NULL, 0, POST_PUSH, fault);
}
