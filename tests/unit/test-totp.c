/* SPDX-License-Identifier: Apache-2.0 */
#include "worker-test.h"

#include <errno.h>

#include "awsfed/secret.h"
#include "totp.h"

/* RFC 6238 appendix B: keys of 20, 32 and 64 bytes of "1234567890". */
#define KEY20 "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define KEY32 KEY20 "GEZDGNBVGY3TQOJQGEZA===="
#define KEY64 KEY20 KEY20 KEY20 "GEZDGNA="
#define URI(alg, key) \
	"otpauth://totp/x:y?secret=" key "&digits=8&algorithm=" alg

static void
test_vectors(void **state)
{
	static const struct {
		int64_t time;
		const char *sha1, *sha256, *sha512;
	} rows[] = {
		{ 59, "94287082", "46119246", "90693936" },
		{ 1111111109, "07081804", "68084774", "25091201" },
		{ 1111111111, "14050471", "67062674", "99943326" },
		{ 1234567890, "89005924", "91819424", "93441116" },
		{ 2000000000, "69279037", "90698825", "38618901" },
		{ 20000000000, "65353130", "77737706", "47863826" },
	};
	static const char *const uris[] = { URI("SHA1", KEY20),
		URI("sha256", KEY32), URI("SHA512", KEY64) };

	(void)state;
	for (size_t u = 0; u < ARRAY_SIZE(uris); u++) {
		_cleanup_totp_ struct totp t = { 0 };

		assert_int_equal(totp_parse(uris[u], &t), 0);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			const char *want = u == 0 ? rows[i].sha1 :
			    u == 1		  ? rows[i].sha256 :
						    rows[i].sha512;
			char code[TOTP_CODE_SIZE];

			totp_code(&t, totp_step(&t, rows[i].time), code);
			assert_string_equal(code, want);
		}
	}
}

static void
test_parse(void **state)
{
	static const struct {
		const char *text;
		int r;
		unsigned digits;
		int64_t period;
		enum totp_hash hash;
		size_t key;
	} rows[] = {
		{ KEY20, 0, 6, 30, TOTP_SHA1, 20 },
		{ "gezd gnbv-gy3t qojq", 0, 6, 30, TOTP_SHA1, 10 },
		{ "GEZDGNBV", 0, 6, 30, TOTP_SHA1, 5 },
		{ "otpauth://totp/a?issuer=b%20c&secret=gezdgnbv&period=60", 0,
		    6, 60, TOTP_SHA1, 5 },
		{ "OTPAUTH://TOTP/a?digits=7&secret=GEZDGNBV%3D", 0, 7, 30,
		    TOTP_SHA1, 5 },
		{ "otpauth://totp/a?secret=GEZDGNBV&algorithm=SHA512", 0, 6, 30,
		    TOTP_SHA512, 5 },
		{ "", -EINVAL, 0, 0, 0, 0 },
		{ "GEZD", -EINVAL, 0, 0, 0, 0 },
		{ "GEZDGNB1", -EINVAL, 0, 0, 0, 0 },
		{ "GEZDGNBV\n", -EINVAL, 0, 0, 0, 0 },
		{ "otpauth://hotp/a?secret=GEZDGNBV&counter=1", -EINVAL, 0, 0,
		    0, 0 },
		{ "otpauth://totp/a", -EINVAL, 0, 0, 0, 0 },
		{ "otpauth://totp/a?issuer=b", -EINVAL, 0, 0, 0, 0 },
		{ "otpauth://totp/a?secret=GEZDGNBV&secret=GEZDGNBV", -EINVAL,
		    0, 0, 0, 0 },
		{ "otpauth://totp/a?secret=GEZDGNBV&digits=5", -EINVAL, 0, 0, 0,
		    0 },
		{ "otpauth://totp/a?secret=GEZDGNBV&digits=9", -EINVAL, 0, 0, 0,
		    0 },
		{ "otpauth://totp/a?secret=GEZDGNBV&period=0", -EINVAL, 0, 0, 0,
		    0 },
		{ "otpauth://totp/a?secret=GEZDGNBV&algorithm=MD5", -EINVAL, 0,
		    0, 0, 0 },
		{ "otpauth://totp/a?secret=GEZDGNBV&x=%0", -EINVAL, 0, 0, 0,
		    0 },
		{ "otpauth://totp/a?secret=GEZDGNBV&x=%00", -EINVAL, 0, 0, 0,
		    0 },
	};
	char long_key[3 * TOTP_KEY_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_totp_ struct totp t = { 0 };

		if (totp_parse(rows[i].text, &t) != rows[i].r)
			fail_msg("row %zu: %s", i, rows[i].text);
		if (rows[i].r < 0) {
			assert_null(t.key);
			continue;
		}
		assert_int_equal(t.digits, rows[i].digits);
		assert_int_equal(t.period, rows[i].period);
		assert_int_equal(t.hash, rows[i].hash);
		assert_int_equal(secret_len(t.key), rows[i].key);
	}
	memset(long_key, 'A', sizeof(long_key) - 1);
	long_key[sizeof(long_key) - 1] = '\0';
	{
		_cleanup_totp_ struct totp t = { 0 };

		assert_int_equal(totp_parse(long_key, &t), -EINVAL);
	}
}

static void
test_steps(void **state)
{
	struct totp t = { NULL, TOTP_SHA1, 6, 30 };

	(void)state;
	assert_int_equal(totp_step(&t, -1), 0);
	assert_int_equal(totp_step(&t, 29), 0);
	assert_int_equal(totp_step(&t, 30), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests_name("totp", tests, NULL, NULL);
}
