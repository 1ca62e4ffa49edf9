/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "awsfed/buf.h"
#include "awsfed/creds.h"
#include "awsfed/secret.h"
#include "awsfed/wire.h"

static int64_t now[2] = { 1795370400 * USEC, 50 * USEC };

static int64_t
fake_real(void *arg)
{
	return ((int64_t *)arg)[0];
}

static int64_t
fake_boot(void *arg)
{
	return ((int64_t *)arg)[1];
}

static const struct clk fake = { fake_real, fake_boot, now };

static json_t *
good(void)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:i,s:s,s:s}", "accessKeyId",
	    "ASIA1", "secretAccessKey", "se/c+ret", "sessionToken",
	    "tok==", "expiration", "2026-11-22T19:00:00Z", "lifetime", 3600,
	    "roleArn", "arn:aws:iam::1:role/a", "principal",
	    "arn:aws:sts::1:assumed-role/a/s");
}

static void
test_good(void **state)
{
	json_t *j = good(), *back, *out;
	_cleanup_creds_ struct creds *c = NULL, *other = NULL;
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_int_equal(creds_from_json(j, &fake, &c), 0);
	assert_string_equal(c->access_key_id, "ASIA1");
	assert_string_equal(secret_bytes(c->session_token), "tok==");
	assert_int_equal(c->lifetime_s, 3600);
	assert_int_equal(creds_left_s(c, &fake), 3600);
	back = creds_to_json(c);
	assert_true(json_equal(back, j));
	text = creds_process_json(c);
	assert_null(strchr(text, '\n'));
	out = json_loads(text, 0, NULL);
	assert_int_equal(
	    json_integer_value(json_object_get(out, "Version")), 1);
	assert_string_equal(
	    json_string_value(json_object_get(out, "Expiration")),
	    "2026-11-22T19:00:00Z");
	assert_string_equal(
	    json_string_value(json_object_get(out, "SecretAccessKey")),
	    "se/c+ret");
	other = creds_ref(c);
	assert_ptr_equal(other, c);
	json_decref(out);
	json_decref(back);
	json_decref(j);
}

/* As text they are what they are as an object, whatever is in them. */
static void
test_text(void **state)
{
	static const char *const odd[] = { "tok==", "a\"b\\c/d",
		"\\\\\\\\\\\\\\\\\"" };
	static const char *const role[] = { "arn:aws:iam::1:role/a",
		"arn:aws:iam::1:role/\xc3\xa9\"" };

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		_cleanup_buf_ struct buf a = BUF_INIT(4096), b = BUF_INIT(4096),
					 tight = BUF_INIT(60);
		_cleanup_creds_ struct creds *c = NULL;
		json_t *j = good(), *o;

		json_object_set_new(j, "sessionToken", json_string(odd[i % 3]));
		json_object_set_new(j, "roleArn", json_string(role[i % 2]));
		if (i % 4 < 2)
			json_object_del(j, "principal");
		if (i > 5)
			json_object_set_new(
			    j, "maxDuration", json_integer(7200));
		assert_int_equal(creds_from_json(j, &fake, &c), 0);
		o = creds_to_json(c);
		assert_int_equal(wire_put(&a, o), 0);
		assert_int_equal(creds_put(c, &b), 0);
		assert_int_equal(buf_add(&b, "}", 2), 0);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.data, b.data, a.len);
		assert_int_equal(creds_put(c, &tight), -EMSGSIZE);
		json_decref(o);
		json_decref(j);
	}
}

/* Either clock ends a life; a wall clock that is off by hours does not. */
static void
test_clocks(void **state)
{
	json_t *j = good();
	_cleanup_creds_ struct creds *c = NULL, *skewed = NULL;

	(void)state;
	assert_int_equal(creds_from_json(j, &fake, &c), 0);
	now[1] += 3599 * USEC;
	assert_false(creds_expired(c, &fake));
	assert_int_equal(creds_left_s(c, &fake), 1);
	now[1] += USEC;
	assert_true(creds_expired(c, &fake));
	now[1] -= 3600 * USEC;
	now[0] += 3600 * USEC;
	assert_true(creds_expired(c, &fake));
	/* two hours fast: by Expiration alone they would be dead on arrival */
	now[0] += 3600 * USEC;
	assert_int_equal(creds_from_json(j, &fake, &skewed), 0);
	assert_int_equal(creds_left_s(skewed, &fake), 3600);
	now[0] -= 7200 * USEC;
	json_decref(j);
}

/* A clock ten minutes off, either way; then NTP comes. */
static void
test_set_right(void **state)
{
	static const int64_t off[] = { 600, -600 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		_cleanup_creds_ struct creds *c = NULL;
		json_t *j = good();
		struct deadline d;

		now[0] += off[i] * USEC;
		assert_int_equal(creds_from_json(j, &fake, &c), 0);
		assert_int_equal(creds_left_s(c, &fake), 3600);
		now[0] -= off[i] * USEC;
		assert_int_equal(creds_left_s(c, &fake), 3600);
		d = creds_deadline(c, &fake);
		assert_int_equal(d.real, c->expiration_s * USEC);
		/* Right for a minute only: by the clock it was again. */
		now[0] += 120 * USEC;
		d = creds_deadline(c, &fake);
		assert_int_equal(d.real, c->expires.real);
		now[0] -= 120 * USEC;
		now[0] += 3600 * USEC;
		now[1] += 3600 * USEC;
		assert_true(creds_expired(c, &fake));
		now[0] -= 3600 * USEC;
		now[1] -= 3600 * USEC;
		json_decref(j);
	}
}

static void
test_bad(void **state)
{
	static const struct {
		const char *key, *value;
	} cases[] = {
		{ "accessKeyId", "" },
		{ "accessKeyId", "A B" },
		{ "accessKeyId", NULL },
		{ "secretAccessKey", "a\nb" },
		{ "secretAccessKey", NULL },
		{ "sessionToken", "\xc3\xa9" },
		{ "sessionToken", "" },
		{ "expiration", "soon" },
		{ "expiration", NULL },
		{ "roleArn", NULL },
		{ "roleArn", "a\tb" },
		{ "roleArn", "" },
		{ "principal", "a\nb" },
		{ "lifetime", "3600" },
		{ "expiration", "2026-11-22" },
	};
	struct creds *c = NULL;
	json_t *j;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		j = good();
		if (cases[i].value == NULL)
			json_object_del(j, cases[i].key);
		else
			json_object_set_new(
			    j, cases[i].key, json_string(cases[i].value));
		assert_int_equal(creds_from_json(j, &fake, &c), -EINVAL);
		assert_null(c);
		json_decref(j);
	}
	for (int i = 0; i < 2; i++) {
		j = good();
		json_object_set_new(
		    j, "lifetime", json_integer(i == 0 ? 0 : 36 * 3600 + 1));
		assert_int_equal(creds_from_json(j, &fake, &c), -EINVAL);
		json_decref(j);
	}
	assert_int_equal(creds_from_json(NULL, &fake, &c), -EINVAL);
	assert_null(creds_unref(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_set_right),
		cmocka_unit_test(test_bad),
	};

	xalloc_install();
	return RUN(tests);
}
