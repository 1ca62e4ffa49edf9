/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a SAMLResponse.  Input that begins with '<' is encoded first,
 * so that XML can be mutated as XML.  What is taken keeps its promises: ARNs are
 * read again here, in another way, and no time lies beyond what AWS allows.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "saml.h"

#define NOW 1473476100LL /* within the fixtures' life */

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

static void
must(bool good)
{
	if (!good)
		abort();
}

/* "arn:aws…:iam::ACCOUNT:KIND/NAME", and no blank or control in it. */
static void
check_arn(const char *arn, const char *kind)
{
	const char *p = arn;

	must(arn != NULL && str_starts(p, "arn:aws"));
	p = strchr(p + 4, ':');
	must(p != NULL && str_starts(p, ":iam::"));
	p += strlen(":iam::");
	must(*p != ':' && strchr(p, ':') != NULL);
	p = strchr(p, ':') + 1;
	must(str_starts(p, kind) && p[strlen(kind)] != '\0');
	for (p = arn; *p != '\0'; p++)
		must((unsigned char)*p > ' ' && *p != 0x7f && *p != ',');
}

static void
check(const struct saml *s)
{
	must(!str_empty(s->base64) && strlen(s->base64) <= SAML_BASE64_MAX);
	must(strspn(s->base64,
		 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		 "0123456789+/=") == strlen(s->base64));
	must(s->nroles <= SAML_ROLES_MAX && (!s->encrypted || s->nroles == 0));
	must(s->encrypted || s->nroles > 0);
	for (size_t i = 0; i < s->nroles; i++) {
		check_arn(s->roles[i].role, "role/");
		check_arn(s->roles[i].provider, "saml-provider/");
	}
	must(s->issuer != NULL && s->session_duration >= 0);
	must(s->expires_s > NOW && s->expires_s <= NOW + 2 * SAML_REDEEM_S);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct saml_rules rules = {
		.provider_id = "urn:amazon:webservices",
		.now_s = NOW,
	};
	_cleanup_saml_ struct saml s = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *text = NULL;

	if (size > 0 && data[0] == '<')
		text = encode(data, size);
	if (saml_parse(text != NULL ? text : (const char *)data,
		text != NULL ? strlen(text) : size, &rules, &s, &f) == 0)
		check(&s);
	else
		must(fault_is(&f) && !str_empty(f.text));
	return 0;
}
