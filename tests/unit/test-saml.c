/* SPDX-License-Identifier: Apache-2.0 */
#include "worker-test.h"

#include "awsfed/clock.h"
#include "saml.h"
#include "xml.h"

#define NOW "2026-11-22T12:00:00Z"
#define AWS "https://signin.aws.amazon.com/saml"
#define ROLE "arn:aws:iam::123456789012:role/team/a,b"
#define PROVIDER "arn:aws:iam::123456789012:saml-provider/ADFS"

static char *
base64(const char *s, size_t n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)s;
	char *out = xmalloc((n + 2) / 3 * 4 + 1), *q = out;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned v = (unsigned)p[i] << 16 |
		    (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
		    (left > 2 ? p[i + 2] : 0);

		*q++ = set[v >> 18];
		*q++ = set[v >> 12 & 63];
		*q++ = left > 1 ? set[v >> 6 & 63] : '=';
		*q++ = left > 2 ? set[v & 63] : '=';
	}
	*q = '\0';
	return out;
}

/* The parts of a response that a row may change; NULL takes the good one. */
struct parts {
	const char *pre;  /* before the root element */
	const char *root; /* attributes of Response */
	const char *status;
	const char *assertion; /* the whole assertion */
	const char *confirmation;
	const char *conditions;
	const char *roles; /* AttributeValues of Role */
	const char *rest;  /* behind the attribute statement */
};

static const struct parts good = {
	.pre = "",
	.root = "IssueInstant='2026-11-22T11:59:58.5Z' Destination='" AWS "'",
	.status = "<samlp:Status><samlp:StatusCode "
		  "Value='urn:oasis:names:tc:SAML:2.0:status:Success'/>"
		  "</samlp:Status>",
	.confirmation =
	    "<SubjectConfirmation "
	    "Method='urn:oasis:names:tc:SAML:2.0:cm:bearer'>"
	    "<SubjectConfirmationData NotOnOrAfter='2026-11-22T12:04:58Z' "
	    "Recipient='" AWS "'/></SubjectConfirmation>",
	.conditions =
	    "<Conditions NotOnOrAfter='2026-11-22T13:00:00Z'>"
	    "<AudienceRestriction><Audience>urn:amazon:webservices</Audience>"
	    "</AudienceRestriction></Conditions>",
	.roles = "<AttributeValue>" PROVIDER "," ROLE "</AttributeValue>",
	.rest = "<AuthnStatement SessionNotOnOrAfter='2026-11-22T20:00:00Z'/>",
};

#define PART(p, name) ((p)->name != NULL ? (p)->name : good.name)

static char *
build(const struct parts *p)
{
	_cleanup_free_ char *assertion = p->assertion != NULL ?
	    xstrdup(p->assertion) :
	    xasprintf(
		"<Assertion "
		"xmlns='urn:oasis:names:tc:SAML:2.0:assertion' "
		"IssueInstant='2026-11-22T11:59:58Z'><Issuer>http://a/trust"
		"</Issuer><Subject><NameID>CORP\\jane</NameID>%s</Subject>%s"
		"<AttributeStatement><Attribute Name='https://aws.amazon.com"
		"/SAML/Attributes/Role'>%s</Attribute><Attribute Name='"
		"https://aws.amazon.com/SAML/Attributes/RoleSessionName'>"
		"<AttributeValue>ja<!-- x --><![CDATA[ne@ex]]>ample.com"
		"</AttributeValue></Attribute><Attribute Name='"
		"http://www.amazonaws.cn/SAML/Attributes/SessionDuration'>"
		"<AttributeValue> 28800 </AttributeValue></Attribute>"
		"</AttributeStatement>%s</Assertion>",
		PART(p, confirmation), PART(p, conditions), PART(p, roles),
		PART(p, rest));

	return xasprintf(
	    "%s<samlp:Response "
	    "xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol' %s>%s%s"
	    "</samlp:Response>",
	    PART(p, pre), PART(p, root), PART(p, status), assertion);
}

static int
parse_at(const char *xml, size_t len, const char *now, struct saml *s,
    struct fault *f)
{
	_cleanup_free_ char *text = base64(xml, len);
	struct saml_rules rules = { .provider_id = "urn:amazon:webservices" };

	assert_int_equal(rfc3339_parse(now, &rules.now_s), 0);
	return saml_parse(text, strlen(text), &rules, s, f);
}

static void
test_good(void **state)
{
	const struct parts p = { 0 };
	_cleanup_free_ char *xml = build(&p);
	_cleanup_saml_ struct saml s = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	int64_t t;

	(void)state;
	if (parse_at(xml, strlen(xml), NOW, &s, &f) < 0)
		fail_msg("%s", f.text);
	assert_int_equal(s.nroles, 1);
	assert_string_equal(s.roles[0].role, ROLE);
	assert_string_equal(s.roles[0].provider, PROVIDER);
	assert_string_equal(s.issuer, "http://a/trust");
	assert_string_equal(s.subject, "CORP\\jane");
	assert_string_equal(s.session_name, "jane@example.com");
	assert_int_equal(s.session_duration, 28800);
	rfc3339_parse("2026-11-22T12:04:58Z", &t);
	assert_int_equal(s.expires_s, t);
	rfc3339_parse("2026-11-22T20:00:00Z", &t);
	assert_int_equal(s.session_end_s, t);
	assert_false(s.encrypted);
}

#define VALUE(v) "<AttributeValue>" v "</AttributeValue>"
#define STATUS(c, more) \
	"<samlp:Status><samlp:StatusCode Value='" \
	"urn:oasis:names:tc:SAML:2.0:status:" c "'>" more \
	"</samlp:StatusCode></samlp:Status>"
#define INNER(c) \
	"<samlp:StatusCode Value='" \
	"urn:oasis:names:tc:SAML:2.0:status:" c "'/>"
#define BEARER(attrs) \
	"<SubjectConfirmation Method='urn:oasis:names:tc:" \
	"SAML:2.0:cm:bearer'><SubjectConfirmationData " attrs \
	"/></SubjectConfirmation>"
#define AUDIENCE(a) \
	"<Conditions><AudienceRestriction><Audience>" a \
	"</Audience></AudienceRestriction></Conditions>"

static void
test_rows(void **state)
{
	static const struct {
		const char *name;
		struct parts p;
		enum fault_kind kind; /* FAULT_NONE: taken */
		enum reason reason;
		size_t nroles;
	} rows[] = {
		{ "two orders and blanks",
		    { .roles = VALUE("\n " ROLE ",  " PROVIDER "\n")
			    VALUE(PROVIDER "," ROLE) },
		    FAULT_NONE, REASON_NONE, 2 },
		{ "a broken role beside a good one",
		    { .roles = VALUE("nonsense") VALUE(PROVIDER "," ROLE) },
		    FAULT_NONE, REASON_NONE, 1 },
		{ "no role", { .roles = VALUE("x") }, FAULT_DENIED,
		    REASON_REFUSED, 0 },
		{ "another namespace's role",
		    { .roles = "<x:AttributeValue xmlns:x='urn:x'>" PROVIDER
			       "," ROLE "</x:AttributeValue>" },
		    FAULT_DENIED, REASON_REFUSED, 0 },
		{ "authentication failed",
		    { .status = STATUS("Responder", INNER("AuthnFailed")) },
		    FAULT_DENIED, REASON_REFUSED, 0 },
		{ "no context",
		    { .status = STATUS("Responder", INNER("NoAuthnContext")) },
		    FAULT_DENIED, REASON_SECOND_FACTOR, 0 },
		{ "responder", { .status = STATUS("Responder", "") },
		    FAULT_TEMPORARY, REASON_SERVER, 0 },
		{ "requester", { .status = STATUS("Requester", "") },
		    FAULT_CONFIG, REASON_SETTINGS, 0 },
		{ "strange status", { .status = STATUS("Odd", "") },
		    FAULT_PROTOCOL, REASON_MALFORMED, 0 },
		{ "no status", { .status = "" }, FAULT_PROTOCOL,
		    REASON_MALFORMED, 0 },
		{ "foreign destination",
		    { .root = "Destination='https://sp.example.com/saml'" },
		    FAULT_CONFIG, REASON_SETTINGS, 0 },
		{ "lookalike destination",
		    { .root = "Destination="
			      "'https://signin.aws.amazon.com.evil.net/saml'" },
		    FAULT_CONFIG, REASON_SETTINGS, 0 },
		{ "destination with port",
		    { .root = "Destination="
			      "'https://signin.aws.amazon.com:443/saml'" },
		    FAULT_NONE, REASON_NONE, 1 },
		{ "regional destination",
		    { .root =
			    "Destination="
			    "'https://eu-west-1.signin.aws.amazon.com/saml'" },
		    FAULT_NONE, REASON_NONE, 1 },
		{ "no destination", { .root = "" }, FAULT_NONE, REASON_NONE,
		    1 },
		{ "destination is no URL", { .root = "Destination='x y'" },
		    FAULT_PROTOCOL, REASON_MALFORMED, 0 },
		{ "foreign recipient",
		    { .confirmation =
			    BEARER("Recipient='https://sp.example.com/'") },
		    FAULT_CONFIG, REASON_SETTINGS, 0 },
		{ "no bearer", { .confirmation = "" }, FAULT_PROTOCOL,
		    REASON_MALFORMED, 0 },
		{ "past the confirmation",
		    { .confirmation =
			    BEARER("NotOnOrAfter='2026-11-22T12:00:00Z'") },
		    FAULT_TEMPORARY, REASON_EXPIRED, 0 },
		{ "past the conditions",
		    { .conditions = "<Conditions "
				    "NotOnOrAfter='2026-11-22T11:00:00Z'/>" },
		    FAULT_TEMPORARY, REASON_EXPIRED, 0 },
		{ "a time that is none",
		    { .conditions = "<Conditions NotOnOrAfter='tomorrow'/>" },
		    FAULT_PROTOCOL, REASON_MALFORMED, 0 },
		{ "another audience", { .conditions = AUDIENCE("urn:other") },
		    FAULT_CONFIG, REASON_SETTINGS, 0 },
		{ "the sign-in URL as audience",
		    { .conditions = AUDIENCE(AWS) }, FAULT_NONE, REASON_NONE,
		    1 },
		{ "no conditions", { .conditions = "" }, FAULT_NONE,
		    REASON_NONE, 1 },
		{ "no assertion", { .assertion = "" }, FAULT_PROTOCOL,
		    REASON_MALFORMED, 0 },
		{ "encrypted",
		    { .assertion =
			    "<EncryptedAssertion xmlns="
			    "'urn:oasis:names:tc:SAML:2.0:assertion'/>" },
		    FAULT_NONE, REASON_NONE, 0 },
		{ "an assertion of no namespace",
		    { .assertion = "<Assertion/>" }, FAULT_PROTOCOL,
		    REASON_MALFORMED, 0 },
		{ "issued in the future",
		    { .assertion =
			    "<Assertion xmlns="
			    "'urn:oasis:names:tc:SAML:2.0:assertion' "
			    "IssueInstant="
			    "'2026-11-22T13:00:00Z'><Subject>" BEARER(
				"") "</Subject>"
				    "<AttributeStatement><Attribute "
				    "Name='https://aws.amazon."
				    "com/SAML/Attributes/Role'>" VALUE(
					PROVIDER "," ROLE) "</Attribute></"
							   "AttributeStatement>"
							   "</Assertion>" },
		    FAULT_TEMPORARY, REASON_CLOCK, 0 },
		{ "a DTD", { .pre = "<!DOCTYPE r>" }, FAULT_PROTOCOL,
		    REASON_MALFORMED, 0 },
		{ "a bomb",
		    { .pre = "<!DOCTYPE r [<!ENTITY a 'x'><!ENTITY b "
			     "'&a;&a;'>]>",
			.roles = VALUE("&b;") },
		    FAULT_PROTOCOL, REASON_MALFORMED, 0 },
		{ "a file",
		    { .pre = "<!DOCTYPE r [<!ENTITY f SYSTEM "
			     "'file:///etc/passwd'>]>",
			.roles = VALUE("&f;") },
		    FAULT_PROTOCOL, REASON_MALFORMED, 0 },
		{ "an unknown entity", { .roles = VALUE("&f;") },
		    FAULT_PROTOCOL, REASON_MALFORMED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *xml = build(&rows[i].p);
		_cleanup_saml_ struct saml s = { 0 };
		_cleanup_fault_ struct fault f = { 0 };

		parse_at(xml, strlen(xml), NOW, &s, &f);
		if (f.kind != rows[i].kind || f.reason != rows[i].reason ||
		    s.nroles != rows[i].nroles)
			fail_msg("%s: %s %s, %zu roles: %s", rows[i].name,
			    fault_kind_name(f.kind), reason_name(f.reason),
			    s.nroles, f.text == NULL ? "-" : f.text);
		if (f.kind != FAULT_NONE)
			assert_false(str_empty(f.next));
	}
}

/* Only the answer to our own request is taken, when there was one. */
static void
test_reply(void **state)
{
	static const struct {
		const char *root, *confirmation; /* NULL: without */
		bool taken;
	} rows[] = {
		{ "InResponseTo='_1'", NULL, true },
		{ "InResponseTo='_1'", BEARER("InResponseTo='_1'"), true },
		{ "InResponseTo='_2'", NULL, false },
		{ "InResponseTo=''", NULL, false },
		{ "", NULL, false },
		{ "InResponseTo='_1'", BEARER("InResponseTo='_2'"), false },
	};
	struct saml_rules rules = { .provider_id = "urn:amazon:webservices",
		.in_response_to = "_1" };

	(void)state;
	assert_int_equal(rfc3339_parse(NOW, &rules.now_s), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct parts p = { .root = rows[i].root,
			.confirmation = rows[i].confirmation };
		_cleanup_free_ char *xml = build(&p);
		_cleanup_free_ char *text = base64(xml, strlen(xml));
		_cleanup_saml_ struct saml s = { 0 };
		_cleanup_fault_ struct fault f = { 0 };
		int r = saml_parse(text, strlen(text), &rules, &s, &f);

		if ((r == 0) != rows[i].taken)
			fail_msg("%s, %s: %s", rows[i].root,
			    rows[i].confirmation, f.text);
	}
}

static void
test_two_assertions(void **state)
{
	static const char two[] =
	    "<Assertion xmlns="
	    "'urn:oasis:names:tc:SAML:2.0:assertion'/><Assertion xmlns="
	    "'urn:oasis:names:tc:SAML:2.0:assertion'/>";
	const struct parts p = { .assertion = two };
	_cleanup_free_ char *xml = build(&p);
	_cleanup_saml_ struct saml s = { 0 };
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	assert_int_equal(parse_at(xml, strlen(xml), NOW, &s, &f), -1);
	assert_has(f.text, "two assertions");
}

static void
test_fixtures(void **state)
{
	static const struct {
		const char *file, *now;
		size_t nroles;
		enum fault_kind kind;
	} rows[] = {
		{ "saml2aws/testdata/assertion.xml", "2016-09-10T02:55:00Z", 2,
		    FAULT_NONE },
		{ "saml2aws/testdata/assertion.xml", "2016-09-10T02:59:40Z", 0,
		    FAULT_TEMPORARY },
		{ "saml2aws/testdata/assertion_no_destination.xml",
		    "2016-09-10T02:55:00Z", 2, FAULT_NONE },
		{ "saml2aws/testdata/assertion_invalid_date.xml",
		    "2016-09-10T02:55:00Z", 0, FAULT_PROTOCOL },
		{ "saml2aws/testdata/assertion_pingfed.xml",
		    "2016-09-23T23:30:00Z", 0, FAULT_PROTOCOL },
		{ "saml2aws/testdata/notxml.xml", NOW, 0, FAULT_PROTOCOL },
		{ "aws-adfs-login/tests/saml-response.xml",
		    "2016-10-08T05:41:00Z", 0, FAULT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len;
		_cleanup_free_ char *xml = fixture(rows[i].file, &len);
		_cleanup_saml_ struct saml s = { 0 };
		_cleanup_fault_ struct fault f = { 0 };

		parse_at(xml, len, rows[i].now, &s, &f);
		if (f.kind != rows[i].kind ||
		    (rows[i].nroles > 0 && s.nroles != rows[i].nroles))
			fail_msg("%s: %s, %zu roles: %s", rows[i].file,
			    fault_kind_name(f.kind), s.nroles,
			    f.text == NULL ? "-" : f.text);
	}
}

static void
test_base64(void **state)
{
	const struct parts p = { 0 };
	_cleanup_free_ char *xml = build(&p);
	_cleanup_free_ char *text = base64(xml, strlen(xml));
	size_t n = strlen(text);
	struct saml_rules rules = { .provider_id = "urn:amazon:webservices" };
	const struct {
		const char *insert;
		size_t at;
		int result;
	} rows[] = {
		{ "", 0, 0 },
		{ "\r\n", 76, 0 },
		{ " ", 0, 0 },
		{ "\t", n, 0 },
		{ "-", 4, -1 },
		{ "_", 4, -1 },
		{ "A", 0, -1 },
		{ "=", 8, -1 },
		{ "====", n, -1 },
		{ "\x80", 3, -1 },
		{ "&#xA;", 3, -1 },
	};

	(void)state;
	assert_int_equal(rfc3339_parse(NOW, &rules.now_s), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *in = xasprintf("%.*s%s%s", (int)rows[i].at,
		    text, rows[i].insert, text + rows[i].at);
		_cleanup_saml_ struct saml s = { 0 };
		_cleanup_fault_ struct fault f = { 0 };
		int r = saml_parse(in, strlen(in), &rules, &s, &f);

		if (r != rows[i].result)
			fail_msg("row %zu: %d", i, r);
		if (r == 0)
			assert_string_equal(s.base64, text);
	}
	/* Cut anywhere. */
	for (size_t i = 0; i < n; i++) {
		_cleanup_saml_ struct saml s = { 0 };
		_cleanup_fault_ struct fault f = { 0 };
		_cleanup_free_ char *cut = xmalloc(i);

		memcpy(cut, text, i);
		assert_int_equal(saml_parse(cut, i, &rules, &s, &f), -1);
	}
}

static void
test_size(void **state)
{
	const struct parts p = { 0 };
	_cleanup_free_ char *xml = build(&p);
	_cleanup_free_ char *big = xmalloc(90000);
	_cleanup_saml_ struct saml s = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	size_t n = strlen(xml);

	(void)state;
	memset(big, ' ', 90000);
	memcpy(big, xml, n);
	assert_int_equal(parse_at(big, 90000, NOW, &s, &f), -1);
	assert_has(f.text, "100,000");
	fault_done(&f);
	if (parse_at(big, 74997, NOW, &s, &f) < 0)
		fail_msg("%s", f.text);
}

static void
test_xml(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool good;
	} rows[] = {
		{ "<a/>", 4, true },
		{ "<a/>", 3, false },
		{ "<a>\0</a>", 8, false },
		{ "", 0, false },
		{ "<a>\xff</a>", 8, false },
		{ "<!DOCTYPE a><a/>", 16, false },
	};
	_cleanup_free_ char *deep = xmalloc(3 * 1000 + 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_xmldoc_ xmlDoc *d =
		    xml_read(rows[i].bytes, rows[i].len);

		assert_int_equal(d != NULL, rows[i].good);
	}
	for (size_t i = 0; i < 1000; i++)
		memcpy(deep + 3 * i, "<a>", 3);
	assert_null(xml_read(deep, 3000));
}

static void
test_password_days(void **state)
{
	static const struct {
		const char *days, *time;
		int64_t want; /* -1: nothing is said */
	} rows[] = {
		{ NULL, NULL, -1 },
		{ "12", "86400", 12 },
		{ "0", NULL, 0 },
		{ NULL, "172799", 1 },
		{ "soon", "86400", 1 },
		{ NULL, "1970-01-04T00:00:00Z", 2 },
		{ NULL, "1970-01-01T00:00:00Z", -1 }, /* over */
		{ NULL, "9999-01-01T00:00:00Z", -1 }, /* never */
		{ NULL, "-1", -1 },
		{ NULL, "99999999999999999999", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_saml_ struct saml s = {
			.password_days =
			    rows[i].days == NULL ? NULL : xstrdup(rows[i].days),
			.password_expires =
			    rows[i].time == NULL ? NULL : xstrdup(rows[i].time),
		};
		int64_t days = -1;

		assert_int_equal(
		    saml_password_days(&s, 86400, &days), rows[i].want >= 0);
		assert_int_equal(days, rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_two_assertions),
		cmocka_unit_test(test_fixtures),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_password_days),
	};

	return cmocka_run_group_tests_name("saml", tests, NULL, NULL);
}
