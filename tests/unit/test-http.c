/* SPDX-License-Identifier: Apache-2.0 */
#include "worker-test.h"

#include <errno.h>

#include "http-fault.h"
#include "http.h"
#include "libraries.h"
#include "origin.h"
#include "rest.h"

static void
test_origins(void **state)
{
	static const struct {
		const char *url;
		const char *label; /* NULL: refused */
	} rows[] = {
		{ "https://ADFS.Example.com/x", "adfs.example.com" },
		{ "https://adfs.example.com:443/", "adfs.example.com" },
		{ "https://adfs.example.com:8443/", "adfs.example.com:8443" },
		{ "http://127.0.0.1:80/", "127.0.0.1" },
		{ "https://user@adfs.example.com/", NULL },
		{ "https://u:p@adfs.example.com/", NULL },
		{ "ftp://adfs.example.com/", NULL },
		{ "file:///etc/passwd", NULL },
		{ "javascript:alert(1)", NULL },
		{ "https:///x", "x" }, /* libcurl would go there, too */
		{ "https://", NULL },
		{ "adfs.example.com", NULL },
		{ "https://h\n/", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_origin_ struct origin o = { 0 };
		int r = origin_parse(rows[i].url, &o);
		_cleanup_free_ char *label = NULL;

		if ((r == 0) != (rows[i].label != NULL))
			fail_msg("%s: %d", rows[i].url, r);
		if (r < 0)
			continue;
		label = origin_label(&o);
		assert_string_equal(label, rows[i].label);
	}
}

static void
test_policy(void **state)
{
	static const struct {
		const char *url;
		bool page, secret; /* allowed? */
	} rows[] = {
		{ "https://adfs.example.com/x", true, true },
		{ "https://ADFS.EXAMPLE.COM:443/x", true, true },
		{ "https://adfs.example.com:8443/", false, false },
		{ "http://adfs.example.com/", false, false },
		{ "https://mfa.example.net/", true, false },
		{ "https://mfa.example.net:8443/", false, false },
		{ "https://port.example.net:8443/", true, false },
		{ "https://port.example.net/", false, false },
		{ "https://adfs.example.com.evil.net/", false, false },
		{ "https://evil.net/adfs.example.com", false, false },
		{ "https://adfs.example.com@evil.net/", false, false },
		{ "http://127.0.0.1/", false, false },
	};
	static const struct {
		const char *url;
		bool good;
	} plain[] = {
		{ "http://127.0.0.1/", true },
		{ "http://localhost:8080/", true },
		{ "http://adfs.example.com/", false },
		{ "http://mfa.example.net/", false },
		{ "http://127.0.0.1.example.net/", false },
		{ "https://mfa.example.net/", true },
	};
	struct strv allowed = { 0 };
	struct policy p = { .allowed = &allowed };

	(void)state;
	assert_int_equal(origin_parse("https://adfs.example.com", &p.idp), 0);
	strv_add(&allowed, "mfa.example.net");
	strv_add(&allowed, "port.example.net:8443");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_fault_ struct fault f = { 0 }, g = { 0 };

		if ((policy_check(&p, rows[i].url, GRADE_PAGE, &f) == 0) !=
			rows[i].page ||
		    (policy_check(&p, rows[i].url, GRADE_SECRET, &g) == 0) !=
			rows[i].secret)
			fail_msg("%s", rows[i].url);
		if (!rows[i].page)
			assert_int_equal(f.kind, FAULT_SECURITY);
		if (!rows[i].secret)
			assert_non_null(g.next);
	}
	/* Plain http where it was asked for: this computer, and no other. */
	p.allow_http_loopback = true;
	strv_add(&allowed, "mfa.example.net:80");
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		_cleanup_origin_ struct origin o = { 0 };

		assert_int_equal(origin_parse(plain[i].url, &o), 0);
		if (policy_scheme_ok(&p, &o) != plain[i].good)
			fail_msg("%s", plain[i].url);
	}
	strv_done(&allowed);
	origin_done(&p.idp);
}

static void
test_certificate_hosts(void **state)
{
	static const struct {
		const char *url;
		bool certificate;
	} rows[] = {
		{ "https://adfs.example.com:49443/adfs/ls/", true },
		{ "https://certauth.adfs.example.com/adfs/ls/", true },
		{ "https://adfs.example.com:6000/", true }, /* allowed */
		{ "https://adfs.example.com/", false },	    /* the provider */
		{ "https://adfs.example.com:8443/", false },
		{ "http://adfs.example.com:49443/", false },
		{ "https://certauth.adfs.example.com:8443/", false },
		{ "https://certauth.evil.net/", false },
		{ "https://adfs.example.com.evil.net:49443/", false },
		{ "https://evil.net:49443/", false },
		{ "https://mfa.example.net/", false }, /* allowed for pages */
	};
	struct strv allowed = { 0 };
	struct policy p = { .allowed = &allowed, .certificate = true };

	(void)state;
	assert_int_equal(origin_parse("https://adfs.example.com", &p.idp), 0);
	strv_add(&allowed, "mfa.example.net");
	strv_add(&allowed, "adfs.example.com:6000");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_fault_ struct fault f = { 0 }, g = { 0 };

		p.certificate = true;
		if (policy_is_certificate(&p, rows[i].url) !=
		    rows[i].certificate)
			fail_msg("%s", rows[i].url);
		if (rows[i].certificate) {
			/* Pages, but never a password. */
			assert_int_equal(
			    policy_check(&p, rows[i].url, GRADE_PAGE, &f), 0);
			assert_int_equal(
			    policy_check(&p, rows[i].url, GRADE_SECRET, &g),
			    -1);
		}
		p.certificate = false;
		assert_false(policy_is_certificate(&p, rows[i].url));
	}
	assert_true(policy_is_provider(&p, "https://ADFS.example.com:443/x"));
	assert_false(policy_is_provider(&p, "https://adfs.example.com:49443/"));
	assert_false(policy_is_provider(&p, "http://adfs.example.com/"));
	strv_done(&allowed);
	origin_done(&p.idp);
}

static void
test_loopback(void **state)
{
	static const struct {
		const char *host;
		bool loopback;
	} rows[] = {
		{ "localhost", true },
		{ "127.0.0.1", true },
		{ "127.9.9.9", true },
		{ "[::1]", true },
		{ "128.0.0.1", false },
		{ "127.0.0.1.evil.net", false },
		{ "localhost.evil.net", false },
		{ "", false },
		{ "[::ffff:127.0.0.1]", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(
		    host_is_loopback(rows[i].host), rows[i].loopback);
}

static void
test_transfer_faults(void **state)
{
	static const struct {
		CURLcode code;
		long os_errno;
		bool connected;
		enum fault_kind kind;
		enum reason reason;
	} rows[] = {
		{ CURLE_COULDNT_RESOLVE_HOST, 0, false, FAULT_TEMPORARY,
		    REASON_OFFLINE },
		{ CURLE_COULDNT_CONNECT, ECONNREFUSED, false, FAULT_TEMPORARY,
		    REASON_UNREACHABLE },
		{ CURLE_COULDNT_CONNECT, ENETUNREACH, false, FAULT_TEMPORARY,
		    REASON_OFFLINE },
		{ CURLE_OPERATION_TIMEDOUT, 0, false, FAULT_TEMPORARY,
		    REASON_UNREACHABLE },
		{ CURLE_OPERATION_TIMEDOUT, 0, true, FAULT_TEMPORARY,
		    REASON_TIMEOUT },
		{ CURLE_PEER_FAILED_VERIFICATION, 0, true, FAULT_SECURITY,
		    REASON_TLS },
		{ CURLE_SSL_CONNECT_ERROR, 0, true, FAULT_TEMPORARY,
		    REASON_TLS },
		{ CURLE_SSL_CACERT_BADFILE, 0, false, FAULT_CONFIG,
		    REASON_SETTINGS },
		{ CURLE_WRITE_ERROR, 0, true, FAULT_PROTOCOL,
		    REASON_MALFORMED },
		{ CURLE_GOT_NOTHING, 0, true, FAULT_TEMPORARY,
		    REASON_UNREACHABLE },
		{ CURLE_RECV_ERROR, 0, true, FAULT_TEMPORARY,
		    REASON_UNREACHABLE },
		{ CURLE_UNSUPPORTED_PROTOCOL, 0, false, FAULT_SECURITY,
		    REASON_FOREIGN_HOST },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_fault_ struct fault f = { 0 };

		http_fault_transfer(&f, rows[i].code, rows[i].os_errno,
		    rows[i].connected, "https://adfs.example.com/x?y", "why");
		if (f.kind != rows[i].kind || f.reason != rows[i].reason)
			fail_msg("row %zu: %s", i, f.text);
		assert_has(f.text, "adfs.example.com");
		assert_lacks(f.text, "x?y");
		assert_false(str_empty(f.next));
	}
}

static void
test_status_faults(void **state)
{
	static const struct {
		long status;
		enum fault_kind kind;
		enum reason reason;
	} rows[] = {
		{ 401, FAULT_CONFIG, REASON_SETTINGS },
		{ 400, FAULT_CONFIG, REASON_SETTINGS },
		{ 403, FAULT_CONFIG, REASON_SETTINGS },
		{ 404, FAULT_CONFIG, REASON_SETTINGS },
		{ 410, FAULT_CONFIG, REASON_SETTINGS },
		{ 407, FAULT_CONFIG, REASON_SETTINGS },
		{ 429, FAULT_TEMPORARY, REASON_BUSY },
		{ 500, FAULT_TEMPORARY, REASON_SERVER },
		{ 503, FAULT_TEMPORARY, REASON_SERVER },
		{ 511, FAULT_TEMPORARY, REASON_CAPTIVE_PORTAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_fault_ struct fault f = { 0 };

		http_fault_status(&f, rows[i].status, "https://h.example/", 9);
		assert_int_equal(f.kind, rows[i].kind);
		assert_int_equal(f.reason, rows[i].reason);
		assert_int_equal(f.retry_after, 9);
		assert_has(f.text, "h.example");
	}
}

static void
test_cookies(void **state)
{
	static const char line[] =
	    "#HttpOnly_adfs.example.com\tFALSE\t/adfs\tTRUE\t0\tMSISAuth\tabc";
	const struct http_settings set = { .connect_timeout = 1,
		.timeout = 1,
		.watch_fd = -1,
		.verify_provider = true };
	_cleanup_fault_ struct fault f = { 0 };
	struct http *h = http_new(&set, &f);
	json_t *in = json_pack("[s]", line), *out;

	(void)state;
	assert_non_null(h);
	assert_int_equal(strlen(http_request_id(h)), 36);
	http_cookies_set(h, in);
	out = http_cookies(h);
	assert_int_equal(json_array_size(out), 1);
	assert_string_equal(json_string_value(json_array_get(out, 0)), line);
	json_decref(out);
	http_cookies_clear(h);
	out = http_cookies(h);
	assert_int_equal(json_array_size(out), 0);
	json_decref(out);
	json_decref(in);
	http_free(h);
}

/* The metadata service of a cloud is never an identity provider. */
static void
test_link_local(void **state)
{
	static const char *const urls[] = { "https://169.254.169.254/",
		"https://[fe80::1]/", "https://0.0.0.0:1/",
		"https://[::ffff:169.254.169.254]/" };
	const struct http_settings set = { .connect_timeout = 2,
		.timeout = 2,
		.watch_fd = -1,
		.verify_provider = true };
	_cleanup_fault_ struct fault f = { 0 };
	struct http *h = http_new(&set, &f);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		struct http_call c = { .url = urls[i], .flags = HTTP_COOKIES };

		assert_int_equal(http_run(h, &c), -1);
		assert_false(c.sent);
		assert_int_not_equal(c.fault.reason, REASON_TIMEOUT);
		http_call_done(&c);
	}
	http_free(h);
}

static void
test_environment(void **state)
{
	static const char *const gone[] = { "SSLKEYLOGFILE", "OPENSSL_CONF",
		"LD_LIBRARY_PATH", "CURL_HOME", "https_proxy", "KRB5_TRACE",
		"XML_CATALOG_FILES", "SSL_CERT_FILE" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
		setenv(gone[i], "x", 1);
	setenv("KRB5CCNAME", "FILE:/x", 1);
	setenv("KRB5_CONFIG", "/x", 1);
	libraries_clean_environment();
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
		assert_null(getenv(gone[i]));
	assert_string_equal(getenv("KRB5CCNAME"), "FILE:/x");
	assert_string_equal(getenv("KRB5_CONFIG"), "/x");
}

/* How long a connection may have rested, by what the server says of it. */
static void
test_keep_alive(void **state)
{
	static const struct {
		const char *header;
		int64_t seconds;
	} rows[] = {
		{ NULL, 10 },
		{ "max=100", 10 },
		{ "timeout=5, max=100", 3 },
		{ "Timeout=120", 10 },
		{ "timeout=2", 0 },
		{ "timeout=-7", 0 },
		{ "timeout=", 0 },
		{ "timeout=99999999999999999999", 10 },
		{ "timeout=-99999999999999999999", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rest r;

		rest_init(&r);
		rest_learn(&r, rows[i].header);
		if (r.seconds != rows[i].seconds)
			fail_msg(
			    "%s: %lld", rows[i].header, (long long)r.seconds);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_certificate_hosts),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_transfer_faults),
		cmocka_unit_test(test_status_faults),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_link_local),
		cmocka_unit_test(test_environment),
	};

	if (libraries_start() < 0)
		return 99;
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
