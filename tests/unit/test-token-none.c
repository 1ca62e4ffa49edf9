/* SPDX-License-Identifier: Apache-2.0 */
/* certificate-token.c, built as where OpenSSL has no engines: it says so. */
#include "worker-test.h"

#include "certificate.h"

static void
test_token_none(void **state)
{
	_cleanup_fault_ struct fault f = { 0 }, g = { 0 };
	const char *uri = "pkcs11:token=card;object=me";
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;

	(void)state;
	assert_true(token_is_uri(uri));
	assert_int_equal(token_certificate(NULL, uri, &cert, &f), -1);
	assert_int_equal(token_key(NULL, uri, &key, &g), -1);
	assert_null(cert);
	assert_null(key);
	assert_int_equal(f.kind, FAULT_CONFIG);
	assert_has(f.text, "has none");
	assert_string_equal(f.text, g.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_none),
	};

	return cmocka_run_group_tests_name("token-none", tests, NULL, NULL);
}
