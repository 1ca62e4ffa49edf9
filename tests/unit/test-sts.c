/* SPDX-License-Identifier: Apache-2.0 */
#include "worker-test.h"

#include "sts.h"

#define ROLE "arn:aws:iam::123456789012:role/Admin"
#define PROVIDER "arn:aws:iam::123456789012:saml-provider/ADFS"

static void
test_good(void **state)
{
	size_t len;
	_cleanup_free_ char *xml =
	    fixture("sts/sts-AssumeRoleWithSAML-200.xml", &len);
	_cleanup_answer_ struct sts_answer a = { 0 };

	(void)state;
	assert_int_equal(sts_parse(xml, len, &a), 0);
	assert_string_equal(a.access_key_id, "ASIAEXAMPLEEXAMPLE01");
	assert_string_equal(
	    a.secret_access_key, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
	assert_string_equal(a.principal,
	    "arn:aws:sts::123456789012:assumed-role/ADFS-Dev/jdoe@example.com");
	assert_int_equal(a.expiration_s, 1795370400);
	assert_null(a.code);
}

static void
test_errors(void **state)
{
	size_t len;
	_cleanup_free_ char *one =
	    fixture("sts/sts-error-400-validation-maxsession.xml", &len);
	_cleanup_answer_ struct sts_answer a = { 0 }, b = { 0 };
	_cleanup_free_ char *two = NULL;

	(void)state;
	assert_int_equal(sts_parse(one, len, &a), 0);
	assert_string_equal(a.code, "ValidationError");
	assert_true(sts_duration_refused(&a));
	two = fixture("sts/sts-error-403-moto-shape.xml", &len);
	assert_int_equal(sts_parse(two, len, &b), 0);
	assert_string_equal(b.code, "SignatureDoesNotMatch");
	assert_false(sts_duration_refused(&b));
}

static void
test_meanings(void **state)
{
	static const struct {
		const char *code, *message;
		long status;
		enum fault_kind kind;
		enum reason reason;
	} rows[] = {
		{ "ExpiredTokenException", "", 400, FAULT_TEMPORARY,
		    REASON_EXPIRED },
		{ "ExpiredToken", "", 403, FAULT_TEMPORARY, REASON_EXPIRED },
		{ "InvalidIdentityToken", "", 400, FAULT_CONFIG,
		    REASON_REFUSED },
		{ "IDPRejectedClaim", "", 403, FAULT_DENIED, REASON_REFUSED },
		{ "IDPCommunicationError", "", 400, FAULT_TEMPORARY,
		    REASON_SERVER },
		{ "AccessDenied", "", 403, FAULT_DENIED, REASON_REFUSED },
		{ "ValidationError", "1 validation error", 400, FAULT_CONFIG,
		    REASON_SETTINGS },
		{ "ValidationError", "exceeds the MaxSessionDuration set", 400,
		    FAULT_CONFIG, REASON_DURATION },
		{ "ValidationError",
		    "exceeds the 1 hour session limit for "
		    "roles assumed by role chaining.",
		    400, FAULT_CONFIG, REASON_DURATION },
		{ "MalformedPolicyDocument", "", 400, FAULT_CONFIG,
		    REASON_SETTINGS },
		{ "PackedPolicyTooLarge", "", 400, FAULT_CONFIG,
		    REASON_SETTINGS },
		{ "RegionDisabledException", "", 403, FAULT_CONFIG,
		    REASON_REGION },
		{ "InvalidClientTokenId", "", 403, FAULT_TEMPORARY,
		    REASON_EXPIRED },
		{ "SignatureDoesNotMatch", "", 403, FAULT_TEMPORARY,
		    REASON_CLOCK },
		{ "IncompleteSignature", "", 400, FAULT_INTERNAL,
		    REASON_MALFORMED },
		{ "MissingAuthenticationToken", "", 403, FAULT_INTERNAL,
		    REASON_MALFORMED },
		{ "Throttling", "", 400, FAULT_TEMPORARY, REASON_BUSY },
		{ "ThrottlingException", "", 400, FAULT_TEMPORARY,
		    REASON_BUSY },
		{ "RequestThrottledException", "", 400, FAULT_TEMPORARY,
		    REASON_BUSY },
		{ "TooManyRequestsException", "", 400, FAULT_TEMPORARY,
		    REASON_BUSY },
		{ "RequestLimitExceeded", "", 503, FAULT_TEMPORARY,
		    REASON_BUSY },
		{ "SlowDown", "", 503, FAULT_TEMPORARY, REASON_BUSY },
		{ "ServiceUnavailable", "", 503, FAULT_TEMPORARY,
		    REASON_SERVER },
		{ "InternalFailure", "", 500, FAULT_TEMPORARY, REASON_SERVER },
		{ "RequestTimeout", "", 400, FAULT_TEMPORARY, REASON_TIMEOUT },
		{ "NeverHeardOf", "", 400, FAULT_CONFIG, REASON_REFUSED },
		{ "NeverHeardOf", "", 500, FAULT_TEMPORARY, REASON_SERVER },
		{ NULL, NULL, 429, FAULT_TEMPORARY, REASON_BUSY },
		{ NULL, NULL, 502, FAULT_TEMPORARY, REASON_SERVER },
		{ NULL, NULL, 200, FAULT_PROTOCOL, REASON_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *code = xstrdup(rows[i].code);
		struct sts_answer a = { .code = code,
			.message = xstrdup(rows[i].message),
			.request_id = xstrdup("req") };
		_cleanup_fault_ struct fault f = { 0 };

		sts_fault(
		    code == NULL ? NULL : &a, rows[i].status, ROLE, 3, &f);
		if (f.kind != rows[i].kind || f.reason != rows[i].reason)
			fail_msg("row %zu: %s %s", i, fault_kind_name(f.kind),
			    reason_name(f.reason));
		assert_has(f.text, ROLE);
		assert_false(str_empty(f.next));
		assert_int_equal(f.retry_after, 3);
		if (code != NULL)
			assert_string_equal(f.request, "req");
		sts_answer_done(&a);
	}
}

static void
test_endpoints(void **state)
{
	static const struct {
		const char *arn, *region, *endpoint;
		bool fips, dual, loopback;
		const char *want; /* NULL: refused */
	} rows[] = {
		{ ROLE, "eu-central-1", NULL, false, false, false,
		    "https://sts.eu-central-1.amazonaws.com/" },
		{ ROLE, NULL, NULL, false, false, false,
		    "https://sts.us-east-1.amazonaws.com/" },
		{ ROLE, "us-west-2", NULL, true, false, false,
		    "https://sts-fips.us-west-2.amazonaws.com/" },
		{ ROLE, "us-west-2", NULL, false, true, false,
		    "https://sts.us-west-2.api.aws/" },
		{ "arn:aws-cn:iam::123456789012:role/A", "us-east-1", NULL,
		    false, false, false,
		    "https://sts.cn-northwest-1.amazonaws.com.cn/" },
		{ "arn:aws-us-gov:iam::123456789012:role/A", "us-gov-east-1",
		    NULL, false, false, false,
		    "https://sts.us-gov-east-1.amazonaws.com/" },
		{ ROLE, "evil.example.net/", NULL, false, false, false,
		    "https://sts.us-east-1.amazonaws.com/" },
		{ "arn:evil:iam::123456789012:role/A", NULL, NULL, false, false,
		    false, NULL },
		{ ROLE, NULL, "https://sts.internal:8443/x", false, false,
		    false, "https://sts.internal:8443/x" },
		{ ROLE, NULL, "http://sts.internal/", false, false, true,
		    NULL },
		{ ROLE, NULL, "http://127.0.0.1:9/", false, false, false,
		    NULL },
		{ ROLE, NULL, "http://127.0.0.1:9/", false, false, true,
		    "http://127.0.0.1:9/" },
		{ ROLE, NULL, "https://u:p@h/", false, false, false, NULL },
		{ ROLE, NULL, "file:///etc/passwd", false, false, true, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct sts_role r = { .profile = "p",
			.role_arn = rows[i].arn,
			.principal_arn = PROVIDER,
			.region = rows[i].region,
			.endpoint = rows[i].endpoint,
			.fips = rows[i].fips,
			.dualstack = rows[i].dual };
		_cleanup_fault_ struct fault f = { 0 };
		_cleanup_free_ char *url =
		    sts_endpoint(&r, rows[i].loopback, &f);

		if (rows[i].want == NULL) {
			assert_null(url);
			assert_int_equal(f.kind, FAULT_CONFIG);
		} else {
			assert_non_null(url);
			assert_string_equal(url, rows[i].want);
		}
	}
}

static void
test_request(void **state)
{
	json_t *arns = json_pack("[s,s]", "arn:aws:iam::aws:policy/A", "b c");
	const struct sts_role r = { .profile = "p",
		.role_arn = ROLE,
		.principal_arn = PROVIDER,
		.duration = 3600,
		.policy = "{}",
		.policy_arns = arns };
	_cleanup_buf_ struct buf b = BUF_INIT(STS_BODY_MAX),
				 small = BUF_INIT(64),
				 assertion = BUF_INIT(STS_BODY_MAX);

	(void)state;
	assert_true(sts_request(&r, &assertion, &small) < 0); /* none at all */
	assert_int_equal(sts_add(&assertion, "SAMLAssertion", "a+/="), 0);
	assert_int_equal(sts_request(&r, &assertion, &b), 0);
	assert_string_equal(b.data,
	    "Action=AssumeRoleWithSAML"
	    "&Version=2011-06-15"
	    "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FAdmin"
	    "&PrincipalArn=arn%3Aaws%3Aiam%3A%3A123456789012%3A"
	    "saml-provider%2FADFS&DurationSeconds=3600&Policy=%7B%7D"
	    "&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FA"
	    "&PolicyArns.member.2.arn=b+c&SAMLAssertion=a%2B%2F%3D");
	assert_true(sts_request(&r, &assertion, &small) < 0);
	json_decref(arns);
}

static void
test_hostile(void **state)
{
	static const char *const rows[] = {
		"",
		"x",
		"<",
		"<a>",
		"<Other/>",
		"<!DOCTYPE a><ErrorResponse><Code>x</Code></ErrorResponse>",
		"<ErrorResponse/>",
		"<A><Credentials><AccessKeyId>A</AccessKeyId></Credentials></"
		"A>",
		"<A><Credentials><AccessKeyId>A b</AccessKeyId>"
		"<SecretAccessKey>s</SecretAccessKey><SessionToken>t"
		"</SessionToken><Expiration>2026-11-22T18:00:00Z"
		"</Expiration></Credentials></A>",
		"<A><Credentials><AccessKeyId>A</AccessKeyId>"
		"<SecretAccessKey>s&#10;x=y</SecretAccessKey><SessionToken>"
		"t</SessionToken><Expiration>2026-11-22T18:00:00Z"
		"</Expiration></Credentials></A>",
		"<A><Credentials><AccessKeyId>A</AccessKeyId>"
		"<SecretAccessKey>s</SecretAccessKey><SessionToken>t"
		"</SessionToken><Expiration>soon</Expiration>"
		"</Credentials></A>",
	};
	size_t len;
	_cleanup_free_ char *good =
	    fixture("sts/sts-AssumeRoleWithSAML-200.xml", &len);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_answer_ struct sts_answer a = { 0 };

		if (sts_parse(rows[i], strlen(rows[i]), &a) == 0)
			fail_msg("row %zu was taken", i);
	}
	while (len > 0 && good[len - 1] != '>')
		len--;
	for (size_t n = 0; n < len; n++) {
		_cleanup_answer_ struct sts_answer a = { 0 };
		_cleanup_free_ char *cut = xmalloc(n);

		memcpy(cut, good, n);
		assert_true(sts_parse(cut, n, &a) < 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_meanings),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests_name("sts", tests, NULL, NULL);
}
