/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a SAMLResponse.  Input that begins with '<' is encoded first,
 * so that XML can be mutated as XML.
 */
#include <stddef.h>
#include <stdint.h>

#include "awsfed/xalloc.h"
#include "saml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
encode(const uint8_t *p, size_t n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = xmalloc((n + 2) / 3 * 4 + 1), *q = out;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		if (n - i > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (n - i > 2)
			v |= p[i + 2];
		*q++ = set[v >> 18];
		*q++ = set[v >> 12 & 63];
		*q++ = n - i > 1 ? set[v >> 6 & 63] : '=';
		*q++ = n - i > 2 ? set[v & 63] : '=';
	}
	*q = '\0';
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct saml_rules rules = {
		.provider_id = "urn:amazon:webservices",
		.now_s = 1473476100, /* within the fixtures' life */
	};
	_cleanup_saml_ struct saml s = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *text = NULL;

	if (size > 0 && data[0] == '<') {
		text = encode(data, size);
		(void)saml_parse(text, (size + 2) / 3 * 4, &rules, &s, &f);
	} else {
		(void)saml_parse((const char *)data, size, &rules, &s, &f);
	}
	return 0;
}
