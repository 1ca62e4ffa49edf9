/* SPDX-License-Identifier: Apache-2.0 */
#include "worker-test.h"

#include "awsfed/wire.h"

#include "assume.h"

#define JOB \
	"\"profile\":\"p\",\"roleArn\":\"arn:aws:iam::123456789012:role/R\"," \
	"\"sessionName\":\"jane@x\"," \
	"\"source\":{\"accessKeyId\":\"AK\",\"secretAccessKey\":\"SK\"," \
	"\"sessionToken\":\"T\"}"

static void
test_parse(void **state)
{
	static const struct {
		const char *json;
		const char *names; /* what the fault names; NULL: good */
	} cases[] = {
		{ "{" JOB "}", NULL },
		{ "{" JOB ",\"tags\":{\"a\":\"b\"}}", NULL },
		{ "{" JOB ",\"tags\":{\"a\":1}}", "tags" },
		{ "{" JOB ",\"tags\":[]}", "tags" },
		{ "{" JOB ",\"transitiveTagKeys\":[7]}", "tags" },
		{ "{" JOB ",\"timeout\":0}", "timeout" },
		{ "{" JOB ",\"externalId\":7}", "externalId" },
		{ "{\"profile\":\"p\"}", "list of roles" },
		{ "{\"profile\":\"p\",\"roleArn\":\"r\",\"sessionName\":\"s\"}",
		    "accessKeyId" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *j = json_loads(cases[i].json, 0, NULL);
		_cleanup_fault_ struct fault f = { 0 };
		struct assume a;
		int r = assume_parse(j, &a, &f);

		assert_non_null(j);
		assert_int_equal(r, cases[i].names == NULL ? 0 : -1);
		if (r < 0)
			assert_has(f.text, cases[i].names);
		else
			assert_string_equal(a.source.session_token, "T");
	}
}

static void
test_request(void **state)
{
	static const char json[] =
	    "{" JOB ",\"externalId\":\"a/b:c\","
	    "\"sourceIdentity\":\"jane\",\"duration\":900,"
	    "\"tags\":{\"k 1\":\"v+1\",\"e\":\"\"},"
	    "\"transitiveTagKeys\":[\"e\"],"
	    "\"policyArns\":[\"arn:aws:iam::aws:policy/R\"]}";
	_cleanup_json_ json_t *j = json_loads(json, 0, NULL);
	_cleanup_buf_ struct buf b = BUF_INIT(STS_BODY_MAX);
	_cleanup_fault_ struct fault f = { 0 };
	struct assume a;

	(void)state;
	assert_int_equal(assume_parse(j, &a, &f), 0);
	assert_int_equal(assume_request(&a, &b), 0);
	assert_string_equal(b.data,
	    "Action=AssumeRole&Version=2011-06-15"
	    "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FR"
	    "&RoleSessionName=jane%40x&DurationSeconds=900"
	    "&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FR"
	    "&ExternalId=a%2Fb%3Ac&SourceIdentity=jane"
	    "&Tags.member.1.Key=k+1&Tags.member.1.Value=v%2B1"
	    "&Tags.member.2.Key=e&Tags.member.2.Value="
	    "&TransitiveTagKeys.member.1=e");
}

static void
test_faults(void **state)
{
	static const struct {
		const char *code;
		long skew;
		enum fault_kind kind;
		enum reason reason;
		const char *says;
	} cases[] = {
		{ "ExpiredToken", 0, FAULT_TEMPORARY, REASON_EXPIRED,
		    "expired" },
		{ "InvalidClientTokenId", 0, FAULT_TEMPORARY, REASON_EXPIRED,
		    "does not know" },
		{ "AccessDenied", 0, FAULT_DENIED, REASON_REFUSED, "refuses" },
		{ "SignatureDoesNotMatch", 0, FAULT_TEMPORARY, REASON_CLOCK,
		    "signature" },
		{ "SignatureDoesNotMatch", 1200, FAULT_TEMPORARY, REASON_CLOCK,
		    "20 minutes behind" },
		{ "RequestExpired", -1190, FAULT_TEMPORARY, REASON_CLOCK,
		    "20 minutes ahead" },
		{ "Throttling", 0, FAULT_TEMPORARY, REASON_BUSY, "busy" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct assume a = { .role.role_arn =
					"arn:aws:iam::123456789012:role/R" };
		struct sts_answer answer = {
			.code = (char *)(uintptr_t)cases[i].code
		};
		_cleanup_fault_ struct fault f = { 0 };

		assume_fault(&a, &answer, 403, 0, cases[i].skew, &f);
		assert_int_equal(f.kind, cases[i].kind);
		assert_int_equal(f.reason, cases[i].reason);
		assert_has(f.text, cases[i].says);
		assert_non_null(f.next);
	}
}

/* What libcurl is told to sign for, and where it goes. */
static void
test_regions(void **state)
{
	static const struct {
		const char *arn, *region, *url, *signs;
	} cases[] = {
		{ "arn:aws:iam::1:role/R", NULL,
		    "https://sts.us-east-1.amazonaws.com/", "us-east-1" },
		{ "arn:aws:iam::1:role/R", "eu-west-1",
		    "https://sts.eu-west-1.amazonaws.com/", "eu-west-1" },
		{ "arn:aws:iam::1:role/R", "aws-global",
		    "https://sts.amazonaws.com/", "us-east-1" },
		{ "arn:aws-cn:iam::1:role/R", "eu-west-1",
		    "https://sts.cn-northwest-1.amazonaws.com.cn/",
		    "cn-northwest-1" },
		{ "arn:aws-cn:iam::1:role/R", "aws-global",
		    "https://sts.cn-northwest-1.amazonaws.com.cn/",
		    "cn-northwest-1" },
		{ "arn:aws-us-gov:iam::1:role/R", "us-gov-east-1",
		    "https://sts.us-gov-east-1.amazonaws.com/",
		    "us-gov-east-1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sts_role role = { .profile = "p",
			.role_arn = cases[i].arn,
			.region = cases[i].region };
		_cleanup_fault_ struct fault f = { 0 };
		_cleanup_free_ char *url = sts_endpoint(&role, false, &f);
		_cleanup_free_ char *region = sts_signing_region(&role);

		assert_string_equal(url, cases[i].url);
		assert_string_equal(region, cases[i].signs);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_regions),
	};

	xalloc_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
