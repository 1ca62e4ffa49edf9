/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a page: parsed, classified, put into words, serialised. */
#include <stddef.h>
#include <stdint.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"
#include "awsfed/xalloc.h"
#include "signin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_page_ struct page p = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	const struct form *form;
	enum page_kind kind;

	if (page_parse((const char *)data, size,
		"https://adfs.example.com/adfs/ls/?x=1", &p, &f) < 0)
		return 0;
	kind = classify(&p, &form);
	error_page_fault(&p, 200, "adfs.example.com", &f);
	unknown_page_fault(&p, kind, "adfs.example.com", &f);
	for (size_t i = 0; i < p.nforms; i++) {
		const struct field field = { "UserName", "jane" };
		_cleanup_buf_ struct buf b = BUF_INIT(FORM_BODY_MAX);
		struct login_form l;

		(void)login_form_read(&p.forms[i], &l);
		(void)!form_encode(&p.forms[i], &field, 1, NULL, &b);
	}
	return 0;
}
