/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters, errors, and answers that come later. */
#include "rig.h"

#include "awsfed/buf.h"
#include "awsfed/proto.h"
#include "awsfed/wire.h"

#include "manager.h"
#include "methods.h"

#define METHODS_TEST_NAME 257 /* a byte more than a name may have */

static void
test_errors(void **state)
{
	static const struct {
		const char *method, *params, *error;
	} cases[] = {
		{ "x.y.Z", "{}", E_METHOD_NOT_FOUND },
		{ M_STATUS, "{\"profile\":\"zz\"}", E_NO_SUCH_PROFILE },
		{ M_STATUS, "{\"profile\":1}", E_INVALID_PARAMETER },
		{ M_STATUS, "{\"nope\":1}", E_INVALID_PARAMETER },
		{ M_LOGIN, "{\"profiles\":\"a\"}", E_INVALID_PARAMETER },
		{ M_LOGIN, "{\"profiles\":[1]}", E_INVALID_PARAMETER },
		{ M_LOGIN, "{\"profiles\":[\"a\\u0000b\"]}",
		    E_INVALID_PARAMETER },
		{ M_LOGIN, "{\"sessionDuration\":43201}", E_INVALID_PARAMETER },
		{ M_LOGIN, "{\"profiles\":[\"bad]name\"]}", E_FAULT },
		{ M_LOGIN, "{\"profiles\":[]}", E_FAULT },
		{ M_LOGIN, "{\"profiles\":[\"a\",\"b\"],\"region\":\"x\"}",
		    E_FAULT },
		{ M_LOGIN, "{\"profiles\":[\"a\"],\"config\":\"/x\"}",
		    E_FAULT },
		{ M_ANSWER,
		    "{\"login\":\"L9\",\"question\":\"q\","
		    "\"value\":\"v\"}",
		    E_NO_SUCH_LOGIN },
		{ M_ANSWER, "{\"login\":\"L9\"}", E_INVALID_PARAMETER },
		{ M_AWAIT, "{\"login\":\"L9\"}", E_NO_SUCH_LOGIN },
		{ M_CANCEL, "{\"login\":\"L9\"}", E_NO_SUCH_LOGIN },
		{ M_REFRESH, "{\"profiles\":[\"zz\"]}", E_NO_SUCH_PROFILE },
		{ M_LOGOUT, "{}", E_INVALID_PARAMETER },
		{ M_LOGOUT, "{\"profiles\":[\"zz\"]}", E_NO_SUCH_PROFILE },
		{ M_ROLES, "{}", E_FAULT },
		{ M_ROLES, "{\"profile\":\"zz\"}", E_NO_SUCH_PROFILE },
		{ M_CREDENTIALS, "{}", E_INVALID_PARAMETER },
		{ M_CREDENTIALS, "{\"profile\":\"zz\"}", E_NO_SUCH_PROFILE },
		{ M_CREDENTIALS, "{\"profile\":\"x\"}", E_FAULT },
		{ M_GET_DESCRIPTION, "{\"interface\":\"x\"}",
		    E_INTERFACE_NOT_FOUND },
	};
	struct rig *r = rig_new(TWO "[profile x]\nrole_arn = " ARN(
	    "W") "\nsource_profile = a\n"
		 "awsfed.session_tags = novalue\n");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *p = json_loads(cases[i].params, JSON_ALLOW_NUL, NULL);

		assert_non_null(p);
		rig_call_json(r, 1, cases[i].method, p);
		if (r->reply[1] == NULL)
			fail_msg("case %zu has no answer", i);
		assert_str(rig_str(r->reply[1], "error"), cases[i].error);
	}
	assert_int_equal(fake_jobs_started(r->jobs), 0);
	rig_free(r);
}

/* Programs wait for one job, and each is answered once. */
static void
test_waiters(void **state)
{
	struct rig *r = rig_new(TWO);

	(void)state;
	for (unsigned c = 0; c < 6; c++)
		rig_call(r, c, c == 5 ? M_REFRESH : M_CREDENTIALS,
		    c == 5 ? "{s:[s,s,s]}" : "{s:s}",
		    c == 5 ? "profiles" : "profile", "a", "b", "a");
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	rig_close(r, 3);
	rig_succeed(r, rig_job(r), "AB");
	for (unsigned c = 0; c < 6; c++)
		assert_int_equal(r->reply[c] != NULL, c != 3);
	assert_str(
	    rig_str(r->reply[0], "parameters.accessKeyId"), "ASIAEXAMPLE");
	assert_str(
	    rig_str(r->reply[5], "parameters.profiles.1.state"), "fresh");
	/* What is fresh enough is served at once. */
	rig_call(r, 0, M_CREDENTIALS, "{s:s}", "profile", "a");
	assert_non_null(rig_str(r->reply[0], "parameters.accessKeyId"));
	/* More than new ones would have is never there: no job for it. */
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 0, M_CREDENTIALS, "{s:s,s:i}", "profile", "a", "minValid",
	    43200);
	assert_non_null(rig_str(r->reply[0], "parameters.accessKeyId"));
	fake_advance(r->loop, 60 * USEC);
	rig_call(
	    r, 0, M_CREDENTIALS, "{s:s,s:i}", "profile", "a", "minValid", 3595);
	assert_null(r->reply[0]);
	/* A failure falls back on what is live. */
	rig_fail(rig_job(r), FAULT_TEMPORARY, REASON_OFFLINE);
	fake_turn(r->loop);
	fake_turn(r->loop);
	assert_non_null(rig_str(r->reply[0], "parameters.accessKeyId"));
	/* Never past their end, whichever clock says so. */
	fake_step_real(r->loop, 3600 * USEC);
	rig_call(r, 0, M_CREDENTIALS, "{s:s}", "profile", "a");
	assert_true(
	    r->reply[0] == NULL || rig_str(r->reply[0], "error") != NULL);
	rig_free(r); /* with calls that wait */
}

/*
 * Keys that are held go to who asks in the plain form at once; the rig compares
 * each such answer with the ordinary one.  Everything else is not its to say.
 */
static void
test_quick(void **state)
{
	static const struct {
		const char *call;
		bool quick;
	} cases[] = {
		{ "Credentials\",\"parameters\":{\"profile\":\"a\"}}", true },
		{ "Credentials\",\"parameters\":{\"minValid\":0,"
		  "\"profile\":\"a\"}}",
		    true },
		{ "Credentials\",\"parameters\":{\"profile\":\"a\","
		  "\"minValid\":43200,\"purpose\":\"p\",\"attended\":true}}",
		    true },
		{ "Credentials\",\"parameters\":{\"profile\":\"a\","
		  "\"minValid\":43201}}",
		    false },
		{ "Credentials\",\"parameters\":{\"profile\":\"a\","
		  "\"minValid\":\"0\"}}",
		    false },
		{ "Credentials\",\"parameters\":{\"profile\":\"a\","
		  "\"more\":true}}",
		    false },
		{ "Credentials\",\"parameters\":{\"profile\":\"a\","
		  "\"attended\":1}}",
		    false },
		{ "Credentials\",\"parameters\":{\"profile\":\"a\","
		  "\"purpose\":true}}",
		    false },
		{ "Credentials\",\"parameters\":{}}", false },
		{ "Credentials\",\"parameters\":{\"profile\":true}}", false },
		{ "Credentials\",\"parameters\":{\"profile\":\"zz\"}}", false },
		{ "Credentials\",\"parameters\":{\"profile\":\"\"}}", false },
		{ "Credentials\",\"parameters\":{\"profile\":\"b\"}}", false },
		{ "Credentials\",\"parameters\":{\"profile\":\"c\"}}", false },
		{ "Credentials\",\"parameters\":{\"profile\":\"a\"},"
		  "\"more\":true}",
		    false },
		{ "Status\",\"parameters\":{\"profile\":\"a\"}}", false },
		{ "Reload\",\"parameters\":{}}", false },
	};
	struct rig *r = rig_new(TWO PROFILE("c", "adfs.example.com",
	    "CORP\\jane", "C") "awsfed.protected = yes\n");
	char name[METHODS_TEST_NAME + 1];

	(void)state;
	rig_call(r, 0, M_REFRESH, "{s:[s,s]}", "profiles", "a", "c");
	rig_succeed(r, rig_job(r), "AC");
	fake_settle(r->loop);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(WIRE_MAX_REPLY);
		_cleanup_free_ char *text = xasprintf(
		    "{\"method\":\"io.awsfed.Control.%s", cases[i].call);

		print_message("# %s\n", text);
		assert_int_equal(
		    methods_quick(r->methods, text, strlen(text), &out),
		    cases[i].quick);
		assert_int_equal(out.len > 0, cases[i].quick);
		/* Not a byte less. */
		assert_false(
		    methods_quick(r->methods, text, strlen(text) - 1, &out));
	}
	rig_call(
	    r, 1, M_CREDENTIALS, "{s:s,s:i}", "profile", "a", "minValid", 900);
	assert_int_equal(r->quicks, 1);
	/* A name that is longer than any is nobody's. */
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", name);
	assert_str(rig_str(r->reply[1], "error"), E_INVALID_PARAMETER);
	name[METHODS_TEST_NAME - 1] = '\0';
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", name);
	assert_str(rig_str(r->reply[1], "error"), E_NO_SUCH_PROFILE);
	/* More than is left is not its to say; nor what is protected. */
	fake_advance(r->loop, 120 * USEC);
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "c");
	assert_str(rig_str(r->reply[1], "error"), E_FAULT);
	rig_call(
	    r, 2, M_CREDENTIALS, "{s:s,s:i}", "profile", "a", "minValid", 3590);
	assert_null(r->reply[2]);
	assert_int_equal(r->quicks, 1);
	manager_lock(r->manager, LOCKED_BY_COMMAND);
	rig_call(
	    r, 3, M_CREDENTIALS, "{s:s,s:i}", "profile", "a", "minValid", 0);
	assert_int_equal(r->quicks, 1);
	rig_free(r);
}

/* Past their end, by either clock, they are not served. */
static void
test_quick_end(void **state)
{
	(void)state;
	for (int wall = 0; wall < 2; wall++) {
		struct rig *r = rig_new(ONE);

		rig_call(r, 0, M_CREDENTIALS, "{s:s}", "profile", "a");
		rig_succeed(r, rig_job(r), "A");
		rig_call(r, 1, M_CREDENTIALS, "{s:s,s:i}", "profile", "a",
		    "minValid", 0);
		assert_int_equal(r->quicks, 1);
		if (wall)
			fake_step_real(r->loop, 3600 * USEC);
		else
			fake_advance(r->loop, 3600 * USEC);
		rig_call(r, 1, M_CREDENTIALS, "{s:s,s:i}", "profile", "a",
		    "minValid", 0);
		assert_int_equal(r->quicks, 1);
		rig_free(r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_waiters),
		cmocka_unit_test(test_quick),
		cmocka_unit_test(test_quick_end),
	};

	return RUN(tests);
}
