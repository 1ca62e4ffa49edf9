/* SPDX-License-Identifier: Apache-2.0 */
#include "worker-test.h"

#include <openssl/evp.h>

#include "job.h"
#include "awsfed/secret.h"
#include "signin.h"

static void
test_users(void **state)
{
	static const struct {
		const char *typed, *domain;
		const char *want; /* NULL: refused */
	} rows[] = {
		{ "CORP\\jane", NULL, "CORP\\jane" },
		{ "jane@example.com", "CORP", "jane@example.com" },
		{ " jane@example.com ", NULL, "jane@example.com" },
		{ "jane", "CORP", "CORP\\jane" },
		{ "jane", NULL, NULL },
		{ "", "CORP", NULL },
		{ "  ", "CORP", NULL },
		{ "ja\nne@x", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_fault_ struct fault f = { 0 };
		_cleanup_free_ char *user = NULL;
		int r = login_user(rows[i].typed, rows[i].domain, &user, &f);

		assert_int_equal(r, rows[i].want == NULL ? -1 : 0);
		if (rows[i].want != NULL)
			assert_string_equal(user, rows[i].want);
		else
			assert_has(f.text, "nothing was sent");
	}
}

/* RFC 7914 parameters as the protocol fixes them; values by Python's scrypt. */
static void
check_tags(void)
{
	static const struct {
		const char *password, *tag;
	} rows[] = { { "right", "83e6" }, { "wrong", "89f5" } };
	unsigned char salt[JOB_SALT_SIZE];

	for (size_t i = 0; i < sizeof(salt); i++)
		salt[i] = (unsigned char)i;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_secret_ struct secret *password =
		    secret_new(rows[i].password, strlen(rows[i].password));
		struct tag *t = tag_start(password, salt);
		char tag[TAG_SIZE];

		tag_end(t, tag);
		assert_string_equal(tag, rows[i].tag);
	}
}

static void
test_tag(void **state)
{
	(void)state;
	check_tags();
}

/* As on a machine in FIPS mode, which has no scrypt for anybody else. */
static void
test_tag_fips(void **state)
{
	(void)state;
	assert_int_equal(EVP_default_properties_enable_fips(NULL, 1), 1);
	check_tags();
	assert_int_equal(EVP_default_properties_enable_fips(NULL, 0), 1);
}

static void
test_entry_urls(void **state)
{
	static const struct {
		const char *host, *path, *query, *rp, *realm;
		const char *want; /* NULL: unusable */
	} rows[] = {
		{ "h", "/p", NULL, "urn:amazon:webservices", NULL,
		    "https://h/p?loginToRp=urn:amazon:webservices&"
		    "client-request-id=ID" },
		{ "h:8443", "/p", NULL, "a b&c", NULL,
		    "https://h:8443/p?loginToRp=a%20b%26c&"
		    "client-request-id=ID" },
		{ "h", "/p", "x=1", "r", NULL,
		    "https://h/p?x=1&loginToRp=r&client-request-id=ID" },
		{ "h", "/p", "?loginToRp=other", "r", NULL,
		    "https://h/p?loginToRp=other&client-request-id=ID" },
		{ "h", "/p", NULL, "r", "AD AUTHORITY",
		    "https://h/p?loginToRp=r&RedirectToIdentityProvider="
		    "AD%20AUTHORITY&client-request-id=ID" },
		{ "http://127.0.0.1:1", "/p", NULL, "r", NULL,
		    "http://127.0.0.1:1/p?loginToRp=r&client-request-id=ID" },
		{ "ftp://h", "/p", NULL, "r", NULL, NULL },
		{ "u@h", "/p", NULL, "r", NULL, NULL },
		{ "h h", "/p", NULL, "r", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct job j = { .host = rows[i].host,
			.path = rows[i].path,
			.query = rows[i].query,
			.provider_id = rows[i].rp,
			.home_realm = rows[i].realm };
		_cleanup_free_ char *url = signin_entry_url(&j, "ID");

		if (rows[i].want == NULL)
			assert_null(url);
		else
			assert_string_equal(url, rows[i].want);
	}
}

static json_t *
good_job(void)
{
	return json_pack("{ss ss ss ss s[s] s[s] sb si}", "host",
	    "adfs.example.com", "path", "/adfs/ls/x", "providerId",
	    "urn:amazon:webservices", "salt",
	    "000102030405060708090A0b0c0d0e0f", "allowedHosts",
	    "mfa.example.net", "cookies", "h\tFALSE\t/\tTRUE\t0\ta\tb",
	    "keepSignedIn", 1, "timeout", 7);
}

static void
test_job(void **state)
{
	json_t *msg = good_job();
	_cleanup_fault_ struct fault f = { 0 };
	struct job j;

	(void)state;
	assert_int_equal(job_parse(msg, &j, &f), 0);
	assert_string_equal(j.host, "adfs.example.com");
	assert_true(j.keep_signed_in && j.ssl_verification);
	assert_false(j.attended || j.allow_http_loopback);
	assert_int_equal(j.timeout, 7);
	assert_int_equal(j.connect_timeout, 10);
	assert_int_equal(j.salt[10], 10);
	assert_true(strv_has(&j.allowed_hosts, "mfa.example.net"));
	assert_null(j.user);
	job_done(&j);
	json_decref(msg);
}

static void
test_bad_jobs(void **state)
{
	const struct {
		const char *key;
		json_t *value;
	} rows[] = {
		{ "host", json_null() },
		{ "host", json_string("") },
		{ "host", json_string("a\nb") },
		{ "host", json_integer(1) },
		{ "path", json_string("adfs") },
		{ "path", json_string("/a?b") },
		{ "salt", json_string("00") },
		{ "salt", json_string("zz0102030405060708090a0b0c0d0e0f") },
		{ "cookies", json_string("x") },
		{ "cookies", json_pack("[s]", "Set-Cookie: x") },
		{ "cookies", json_pack("[s]", "a\tb\r\nc") },
		{ "allowedHosts", json_pack("[i]", 1) },
		{ "timeout", json_integer(0) },
		{ "keepSignedIn", json_string("yes") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *msg = good_job();
		_cleanup_fault_ struct fault f = { 0 };
		struct job j;

		json_object_set_new(msg, rows[i].key, rows[i].value);
		if (job_parse(msg, &j, &f) == 0)
			fail_msg("row %zu was taken", i);
		assert_int_equal(f.kind, FAULT_INTERNAL);
		assert_has(f.text, rows[i].key);
		json_decref(msg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_tag),
		cmocka_unit_test(test_tag_fips),
		cmocka_unit_test(test_entry_urls),
		cmocka_unit_test(test_job),
		cmocka_unit_test(test_bad_jobs),
	};

	return cmocka_run_group_tests_name("signin", tests, NULL, NULL);
}
