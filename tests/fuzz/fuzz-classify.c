/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any page, at any address (the first line, when it begins with a slash): what
 * classify says fits the page, and says the same again.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "classify.h"

#define HOST "https://adfs.example.com"

static void
check_form(const struct page *p, enum page_kind kind, const struct form *form)
{
	struct login_form l;
	bool ours = form == NULL || form == &p->loose;

	for (size_t i = 0; i < p->nforms; i++)
		ours |= form == &p->forms[i];
	if (!ours)
		abort();
	/* These are about a form, which their handlers go on to use. */
	if (form == NULL &&
	    (kind == PAGE_ASSERTION || kind == PAGE_LOGIN || kind == PAGE_HRD ||
		kind == PAGE_MFA || kind == PAGE_DUO || kind == PAGE_METHOD ||
		kind == PAGE_RP_LIST || kind == PAGE_AUTO_POST))
		abort();
	if (kind == PAGE_LOGIN &&
	    (!login_form_read(form, &l) || l.password == NULL) &&
	    (!name_form_read(form, &l) || l.user == NULL))
		abort();
	if (kind == PAGE_ASSERTION &&
	    form_control(form, "SAMLResponse") == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_page_ struct page p = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *url = NULL;
	const char *text = (const char *)data;
	const struct form *form = NULL, *again = NULL;
	enum page_kind kind;
	size_t n;

	xalloc_install();
	for (n = 0; n < size && n < 200 && text[n] != '\n'; n++)
		;
	if (size > 0 && text[0] == '/' && n < size) {
		url = xasprintf(HOST "%.*s", (int)n, text);
		text += n + 1;
		size -= n + 1;
	}
	if (page_parse(
		text, size, url != NULL ? url : HOST "/adfs/ls/", &p, &f) < 0) {
		if (!fault_is(&f) || f.next == NULL)
			abort();
		return 0;
	}
	kind = classify(&p, &form);
	if ((int)kind < 0 || kind >= PAGE_KIND_MAX)
		abort();
	check_form(&p, kind, form);
	if (classify(&p, &again) != kind || again != form)
		abort();
	return 0;
}
