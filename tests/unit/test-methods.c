/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters, errors, and answers that come later. */
#include "rig.h"

#include "awsfed/proto.h"

#include "methods.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_waiters),
	};

	return RUN(tests);
}
