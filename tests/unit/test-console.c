/* SPDX-License-Identifier: Apache-2.0 */
/* The console's jobs, requests and answers, the malformed ones too. */
#include "worker-test.h"

#include <errno.h>

#include "awsfed/wire.h"

#include "console.h"

#define ARN_KEY "\"roleArn\":\"arn:aws:iam::123456789012:role/R\""
#define SOURCE \
	"\"source\":{\"accessKeyId\":\"AK\",\"secretAccessKey\":\"S/K+\"," \
	"\"sessionToken\":\"T \\\"&=\\u00e4\"}"
#define TO "\"destination\":\"https://console.aws.amazon.com/s3/home?a=b&c\""
#define NAME "\"profile\":\"p\""
#define JOB NAME "," ARN_KEY "," TO "," SOURCE
#define SECRET "wJalrXUtnFEMI-secret"

static const char *
times(char c, size_t n)
{
	static char text[70000];

	assert_true(n < sizeof(text));
	memset(text, c, n);
	text[n] = '\0';
	return text;
}

static void
test_parse(void **state)
{
	static const struct {
		const char *json;
		const char *names; /* what the fault names; NULL: good */
	} cases[] = {
		{ "{" JOB "}", NULL },
		{ "{" JOB ",\"duration\":900}", NULL },
		{ "{" JOB ",\"duration\":43200,\"issuer\":\"\"}", NULL },
		{ "{}", "profile" },
		{ "[]", "profile" },
		{ "{" NAME "," ARN_KEY "," SOURCE "}", "destination" },
		{ "{" NAME "," TO "," SOURCE "}", "roleArn" },
		{ "{" NAME "," ARN_KEY "," TO "}", "accessKeyId" },
		{ "{" NAME "," ARN_KEY "," TO ",\"source\":[]}",
		    "accessKeyId" },
		{ "{" NAME "," ARN_KEY "," TO ",\"source\":\"" SECRET "\"}",
		    "accessKeyId" },
		{ "{" NAME "," ARN_KEY "," TO ",\"source\":{"
		  "\"accessKeyId\":\"A\",\"secretAccessKey\":\"" SECRET "\"}}",
		    "sessionToken" },
		{ "{" NAME "," ARN_KEY "," TO ",\"source\":{"
		  "\"accessKeyId\":\"A\",\"secretAccessKey\":\"" SECRET
		  "\",\"sessionToken\":\"\"}}",
		    "sessionToken" },
		{ "{" NAME "," ARN_KEY "," TO ",\"source\":{"
		  "\"accessKeyId\":{},\"secretAccessKey\":\"" SECRET
		  "\",\"sessionToken\":\"t\"}}",
		    "accessKeyId" },
		{ "{" JOB ",\"duration\":899}", "duration" },
		{ "{" JOB ",\"duration\":43201}", "duration" },
		{ "{" JOB ",\"duration\":-1}", "duration" },
		{ "{" JOB ",\"duration\":\"900\"}", "duration" },
		{ "{" JOB ",\"timeout\":0}", "timeout" },
		{ "{" JOB ",\"connectTimeout\":601}", "connectTimeout" },
		{ "{" JOB ",\"caBundle\":1}", "caBundle" },
		{ "{" JOB ",\"issuer\":1}", "issuer" },
		{ "{" NAME "," TO "," SOURCE ",\"roleArn\":\"nonsense\"}",
		    "nonsense" },
		{ "{" NAME "," TO "," SOURCE ",\"roleArn\":"
		  "\"arn:aws-iso-e:iam::123456789012:role/R\"}",
		    "arn:aws-iso-e" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *j = json_loads(cases[i].json, 0, NULL);
		_cleanup_fault_ struct fault f = { 0 };
		struct console c = { 0 };
		int r;

		if (j == NULL)
			fail_msg("case %zu is no JSON", i);
		r = console_parse(j, &c, &f);
		if (r != (cases[i].names == NULL ? 0 : -1))
			fail_msg("case %zu: %d (%s)", i, r, f.text);
		if (r == 0) {
			assert_string_equal(c.host, "signin.aws.amazon.com");
			assert_null(c.issuer);
			continue;
		}
		assert_has(f.text, cases[i].names);
		assert_lacks(f.text, SECRET);
		assert_non_null(f.next);
		assert_null(c.profile); /* written only on success */
	}
}

/* Each bound: what fits, and one byte more. */
static void
test_bounds(void **state)
{
	static const struct {
		const char *key;
		size_t max;
		bool source;
	} rows[] = {
		{ "profile", 256, false },
		{ "destination", 2048, false },
		{ "issuer", 2048, false },
		{ "noProxy", 4096, false },
		{ "accessKeyId", 256, true },
		{ "secretAccessKey", 256, true },
		{ "sessionToken", 65536, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t more = 0; more < 2; more++) {
			_cleanup_json_ json_t *j =
			    json_loads("{" JOB "}", 0, NULL);
			_cleanup_buf_ struct buf b = BUF_INIT(CONSOLE_BODY_MAX);
			_cleanup_fault_ struct fault f = { 0 };
			json_t *at =
			    rows[i].source ? json_object_get(j, "source") : j;
			struct console c;
			int r;

			json_object_set_new(at, rows[i].key,
			    json_string(times('&', rows[i].max + more)));
			r = console_parse(j, &c, &f);
			if (r != (more == 0 ? 0 : -1))
				fail_msg("%s + %zu: %d", rows[i].key, more, r);
			/* Escaped it is three times as long, and still fits. */
			if (r == 0)
				assert_int_equal(
				    console_request(&c, c.duration, &b), 0);
		}
}

static void
test_request(void **state)
{
	static const char session[] =
	    "&Session=%7B%22sessionId%22%3A%22AK%22%2C%22sessionKey%22%3A%22"
	    "S%2FK%2B%22%2C%22sessionToken%22%3A%22T+%5C%22%26%3D%C3%A4%22%7D";
	_cleanup_json_ json_t *j = json_loads("{" JOB "}", 0, NULL);
	_cleanup_fault_ struct fault f = { 0 };
	struct console c;

	(void)state;
	assert_int_equal(console_parse(j, &c, &f), 0);
	for (int64_t duration = 0; duration <= 3600; duration += 3600) {
		_cleanup_buf_ struct buf b = BUF_INIT(CONSOLE_BODY_MAX);
		_cleanup_free_ char *want =
		    xasprintf("Action=getSigninToken%s%s",
			duration == 0 ? "" : "&SessionDuration=3600", session);

		assert_int_equal(console_request(&c, duration, &b), 0);
		assert_string_equal(b.data, want);
	}
	{
		_cleanup_buf_ struct buf b = BUF_INIT(64);

		assert_int_equal(console_request(&c, 0, &b), -EMSGSIZE);
	}
}

static void
test_token(void **state)
{
	static const struct {
		const char *body;
		const char *token;
	} rows[] = {
		{ "{\"SigninToken\":\"VCQgs5qZZt3Q6fn8Tr5EXAMPLEmLnwB7JjU\"}",
		    "VCQgs5qZZt3Q6fn8Tr5EXAMPLEmLnwB7JjU" },
		{ " { \"a\" : 1 , \"SigninToken\" : \"x%2B&=\" } ", "x%2B&=" },
		{ "", NULL },
		{ "{}", NULL },
		{ "[]", NULL },
		{ "\"SigninToken\"", NULL },
		{ "<html>SigninToken</html>", NULL },
		{ "{\"SigninToken\":\"\"}", NULL },
		{ "{\"SigninToken\":null}", NULL },
		{ "{\"SigninToken\":1}", NULL },
		{ "{\"SigninToken\":[\"x\"]}", NULL },
		{ "{\"SigninToken\":\"a b\"}", NULL },
		{ "{\"SigninToken\":\"a\\nb\"}", NULL },
		{ "{\"SigninToken\":\"a\\u0000b\"}", NULL },
		{ "{\"SigninToken\":\"\\u001b]52;c;x\\u0007\"}", NULL },
		{ "{\"SigninToken\":\"a\",\"SigninToken\":\"b\"}", NULL },
		{ "{\"SigninToken\":\"a\"} x", NULL },
		{ "{\"SigninToken\":\"a", NULL },
		{ "{\"signintoken\":\"a\"}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *t =
		    console_token(rows[i].body, strlen(rows[i].body));

		if ((t == NULL) != (rows[i].token == NULL) ||
		    (t != NULL && strcmp(t, rows[i].token) != 0))
			fail_msg("%s: %s", rows[i].body, t ? t : "none");
	}
	for (size_t more = 0; more < 2; more++) {
		_cleanup_free_ char *body =
		    xasprintf("{\"SigninToken\":\"%s\"}",
			times('a', CONSOLE_TOKEN_MAX + more));
		_cleanup_free_ char *t = console_token(body, strlen(body));

		assert_int_equal(t == NULL, more);
	}
	/* It is not read beyond its end. */
	for (size_t n = 0; n < strlen(rows[0].body); n++) {
		char *cut = malloc(n == 0 ? 1 : n);

		assert_non_null(cut);
		memcpy(cut, rows[0].body, n);
		assert_null(console_token(cut, n));
		free(cut);
	}
}

static void
test_url(void **state)
{
	_cleanup_json_ json_t *j = json_loads("{" JOB "}", 0, NULL);
	_cleanup_buf_ struct buf a = BUF_INIT(4 * CONSOLE_TOKEN_MAX),
				 b = BUF_INIT(4 * CONSOLE_TOKEN_MAX),
				 small = BUF_INIT(64);
	_cleanup_fault_ struct fault f = { 0 };
	struct console c;

	(void)state;
	assert_int_equal(console_parse(j, &c, &f), 0);
	assert_int_equal(console_url(&c, "x%2B&=", &a), 0);
	assert_string_equal(a.data,
	    "https://signin.aws.amazon.com/federation?Action=login"
	    "&Destination=https%3A%2F%2Fconsole.aws.amazon.com%2Fs3%2Fhome%3Fa"
	    "%3Db%26c&SigninToken=x%252B%26%3D");
	c.issuer = "https://adfs.example.com/adfs/ls/?a&b";
	assert_int_equal(console_url(&c, "t", &b), 0);
	assert_has(b.data,
	    "?Action=login&Issuer=https%3A%2F%2Fadfs.example.com%2Fadfs%2Fls%2F"
	    "%3Fa%26b&Destination=");
	assert_int_equal(console_url(&c, "t", &small), -EMSGSIZE);
}

/* The longest of everything: the address has room. */
static void
test_longest(void **state)
{
	_cleanup_json_ json_t *j = json_loads("{" JOB "}", 0, NULL);
	_cleanup_buf_ struct buf b = BUF_INIT(4 * CONSOLE_TOKEN_MAX);
	_cleanup_fault_ struct fault f = { 0 };
	struct console c;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		json_object_set_new(j, i == 0 ? "destination" : "issuer",
		    json_string(times('&', 2048)));
	assert_int_equal(console_parse(j, &c, &f), 0);
	assert_int_equal(console_url(&c, times('%', CONSOLE_TOKEN_MAX), &b), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_longest),
	};

	xalloc_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
