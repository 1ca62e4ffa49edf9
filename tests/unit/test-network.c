/* SPDX-License-Identifier: Apache-2.0 */
/* Offline, behind a VPN that is down, or somewhere else: what decides. */
#include <errno.h>
#include <openssl/x509_vfy.h>

#include "network.h"
#include "worker-test.h"

#define HOST "adfs.example.com"

/* What the fault was before it was looked at. */
static void
before(struct fault *f)
{
	fault_set(f, FAULT_TEMPORARY, REASON_TIMEOUT, "before %s", HOST);
	fault_next(f, "before");
}

static void
test_about(void **state)
{
	static const struct {
		struct network_failure n;
		bool about;
	} rows[] = {
		{ { .code = CURLE_COULDNT_RESOLVE_HOST }, true },
		{ { .code = CURLE_OPERATION_TIMEDOUT }, true },
		{ { .code = CURLE_OPERATION_TIMEDOUT, .connected = true },
		    false },
		{ { .code = CURLE_COULDNT_CONNECT, .os_errno = ENETUNREACH },
		    true },
		{ { .code = CURLE_COULDNT_CONNECT, .os_errno = EHOSTUNREACH },
		    true },
		{ { .code = CURLE_COULDNT_CONNECT, .os_errno = EINVAL }, true },
		{ { .code = CURLE_COULDNT_CONNECT, .os_errno = ECONNREFUSED },
		    false },
		{ { .code = CURLE_COULDNT_CONNECT }, false },
		{ { .code = CURLE_GOT_NOTHING }, false },
		{ { .code = CURLE_COULDNT_RESOLVE_PROXY }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (network_is_about(&rows[i].n) != rows[i].about)
			fail_msg("row %zu", i);
}

static void
test_judge(void **state)
{
	static const struct {
		struct network_facts facts;
		bool worked;
		enum reason reason; /* REASON_TIMEOUT: left alone */
	} rows[] = {
		/* name, way, anywhere */
		{ { NAME_FOUND, true, true }, true, REASON_VPN_DOWN },
		{ { NAME_FOUND, true, false }, true, REASON_VPN_DOWN },
		{ { NAME_FOUND, true, true }, false, REASON_TIMEOUT },
		{ { NAME_FOUND, false, true }, false, REASON_VPN_DOWN },
		{ { NAME_FOUND, false, true }, true, REASON_VPN_DOWN },
		{ { NAME_FOUND, false, false }, false, REASON_OFFLINE },
		{ { NAME_FOUND, false, false }, true, REASON_OFFLINE },
		{ { NAME_UNKNOWN, false, true }, false, REASON_UNREACHABLE },
		{ { NAME_UNKNOWN, false, true }, true, REASON_VPN_DOWN },
		{ { NAME_UNKNOWN, false, false }, true, REASON_OFFLINE },
		{ { NAME_UNKNOWN, false, false }, false, REASON_OFFLINE },
		{ { NAME_SILENT, false, true }, true, REASON_OFFLINE },
		{ { NAME_SILENT, false, true }, false, REASON_OFFLINE },
		{ { NAME_SILENT, false, false }, true, REASON_OFFLINE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct network_failure n = { .code =
						       CURLE_OPERATION_TIMEDOUT,
			.worked = rows[i].worked };
		_cleanup_fault_ struct fault f = { 0 };

		before(&f);
		network_judge(&n, &rows[i].facts, HOST, &f);
		if (f.reason != rows[i].reason || f.kind != FAULT_TEMPORARY)
			fail_msg("row %zu: %s", i, f.text);
		assert_has(f.text, HOST);
		if (f.reason != REASON_TIMEOUT)
			assert_has(f.next, "tries again by itself");
	}
}

/* What is not about the network stays what it was, whatever that is. */
static void
test_left_alone(void **state)
{
	const struct network_failure refused = { .code = CURLE_COULDNT_CONNECT,
		.os_errno = ECONNREFUSED,
		.worked = true };
	const struct network_facts none = { 0 };
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	before(&f);
	network_judge(&refused, &none, HOST, &f);
	network_judge_tls(&refused, HOST, &f);
	assert_int_equal(f.reason, REASON_TIMEOUT);
	assert_string_equal(f.next, "before");
}

static void
test_judge_tls(void **state)
{
	static const struct {
		CURLcode code;
		long verify;
		bool worked;
		enum fault_kind kind;
		enum reason reason;
	} rows[] = {
		/* A set-up that never worked keeps its own fault. */
		{ CURLE_PEER_FAILED_VERIFICATION,
		    X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, false,
		    FAULT_TEMPORARY, REASON_TIMEOUT },
		{ CURLE_PEER_FAILED_VERIFICATION,
		    X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, true,
		    FAULT_TEMPORARY, REASON_CAPTIVE_PORTAL },
		{ CURLE_PEER_FAILED_VERIFICATION, X509_V_OK, true,
		    FAULT_TEMPORARY, REASON_CAPTIVE_PORTAL },
		{ CURLE_SSL_CONNECT_ERROR, X509_V_OK, true, FAULT_TEMPORARY,
		    REASON_CAPTIVE_PORTAL },
		{ CURLE_SSL_CONNECT_ERROR, X509_V_OK, false, FAULT_TEMPORARY,
		    REASON_TIMEOUT },
		{ CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_CERT_NOT_YET_VALID,
		    false, FAULT_TEMPORARY, REASON_CLOCK },
		{ CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_CERT_HAS_EXPIRED,
		    false, FAULT_SECURITY, REASON_TLS },
		{ CURLE_PEER_FAILED_VERIFICATION, X509_V_ERR_CERT_HAS_EXPIRED,
		    true, FAULT_TEMPORARY, REASON_TLS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct network_failure n = { .code = rows[i].code,
			.verify = rows[i].verify,
			.worked = rows[i].worked,
			.connected = true };
		_cleanup_fault_ struct fault f = { 0 };

		before(&f);
		network_judge_tls(&n, HOST, &f);
		if (f.kind != rows[i].kind || f.reason != rows[i].reason)
			fail_msg("row %zu: %s", i, f.text);
		assert_has(f.text, HOST);
		assert_false(str_empty(f.next));
	}
}

/* Of this machine: its own name is found and routed; what is asked twice. */
static void
test_look(void **state)
{
	struct network_facts f;

	(void)state;
	network_look("127.0.0.1", "443", false, &f);
	assert_int_equal(f.name, NAME_FOUND);
	assert_true(f.way);
	network_look("127.0.0.1", "443", true, &f);
	assert_int_equal(f.name, NAME_SILENT);
	assert_false(f.way);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_about),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_judge_tls),
		cmocka_unit_test(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
