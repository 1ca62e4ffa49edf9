/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What aws-adfs's options ask of the engine: keys for the caller alone, an
 * assertion that was brought, a command for codes, and reset.
 */
#include "rig.h"

#include "awsfed/proto.h"

#include "identity.h"
#include "manager.h"
#include "session.h"

static json_t *
step(struct rig *r, unsigned conn, const char *kind)
{
	json_t *reply = rig_take(r, conn);

	if (reply == NULL)
		fail_msg("client %u was answered nothing, not %s", conn, kind);
	assert_str(rig_str(reply, "parameters.step.kind"), kind);
	return reply;
}

#define FIRST "parameters.step.profiles.0."

static bool
has_section(struct rig *r, const char *section)
{
	const char *text = fake_files_text(r->files, r->credentials);

	return text != NULL && strstr(text, section) != NULL;
}

static bool
kept(struct rig *r, const char *profile)
{
	return session_kept(manager_session(r->manager, profile));
}

static void
test_keys_to_caller(void **state)
{
	struct rig *r = rig_new(TWO);
	_cleanup_free_ char *config = NULL;
	json_t *q;

	(void)state;
	config = xstrdup(fake_files_text(r->files, r->config));
	rig_call(r, 1, M_LOGIN, "{s:[s],s:s,s:s}", "profiles", "a", "deliver",
	    "none", "region", "eu-west-3");
	rig_succeed(r, rig_job(r), "AB");
	q = step(r, 1, "done");
	assert_str(rig_str(q, FIRST "profile"), "a");
	assert_str(rig_str(q, FIRST "state"), "fresh");
	assert_str(rig_str(q, FIRST "region"), "eu-west-3");
	assert_non_null(rig_str(q, FIRST "credentials.secretAccessKey"));
	json_decref(q);
	rig_check(r);
	assert_false(has_section(r, "[a"));
	assert_int_equal(fake_files_written(r->files, r->credentials), 0);
	assert_int_equal(fake_files_written(r->files, r->config), 0);
	if (config != NULL)
		assert_str(fake_files_text(r->files, r->config), config);
	assert_false(kept(r, "a"));
	/* Another region is another thing: the profile has no keys of it. */
	assert_str(rig_state(r, "a"), "idle");
	fake_settle(r->loop);
	for (size_t i = 0; manager_session_at(r->manager, i) != NULL; i++)
		assert_null(strchr(
		    session_name(manager_session_at(r->manager, i)), '('));
	rig_free(r);
}

static void
test_held_serves(void **state)
{
	struct rig *r = rig_new(ONE);
	json_t *q;

	(void)state;
	rig_call(
	    r, 1, M_LOGIN, "{s:[s],s:s}", "profiles", "a", "deliver", "none");
	rig_succeed(r, rig_job(r), "A");
	json_decref(step(r, 1, "done"));
	assert_str(rig_state(r, "a"), "fresh");
	assert_false(kept(r, "a"));
	assert_false(has_section(r, "[a]"));
	/* Again: without a job. */
	rig_call(
	    r, 1, M_LOGIN, "{s:[s],s:s}", "profiles", "a", "deliver", "none");
	fake_settle(r->loop);
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	q = step(r, 1, "done");
	assert_non_null(rig_str(q, FIRST "credentials.sessionToken"));
	json_decref(q);
	/* Unless new ones are wanted. */
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 1, M_LOGIN, "{s:[s],s:s,s:b}", "profiles", "a", "deliver",
	    "none", "renew", true);
	rig_succeed(r, rig_job(r), "A");
	assert_int_equal(fake_jobs_started(r->jobs), 2);
	json_decref(step(r, 1, "done"));
	rig_check(r);
	rig_free(r);
}

/* Who asks for the profile never meets keys that only another wanted. */
static void
test_never_mixed(void **state)
{
	struct rig *r = rig_new(ONE);
	json_t *q;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s],s:s,s:s}", "profiles", "a", "deliver",
	    "none", "roleArn", ARN("B"));
	rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
	rig_succeed(r, rig_job(r), "AB");
	q = step(r, 1, "done");
	assert_str(rig_str(q, FIRST "credentials.roleArn"), ARN("B"));
	json_decref(q);
	fake_settle(r->loop);
	q = rig_take(r, 2);
	assert_str(rig_str(q, "parameters.roleArn"), ARN("A"));
	json_decref(q);
	rig_check(r);
	rig_free(r);
}

/* A login that keeps and one that does not, of one profile at a time. */
static void
test_beside_a_login(void **state)
{
	struct rig *r = rig_new(ONE);

	(void)state;
	rig_call(
	    r, 1, M_LOGIN, "{s:[s],s:s}", "profiles", "a", "deliver", "none");
	rig_call(r, 2, M_LOGIN, "{s:[s]}", "profiles", "a");
	rig_succeed(r, rig_job(r), "A");
	fake_settle(r->loop);
	json_decref(step(r, 1, "done"));
	json_decref(step(r, 2, "done"));
	assert_true(kept(r, "a"));
	assert_true(has_section(r, "[a]"));
	assert_false(has_section(r, "[a ("));
	rig_check(r);
	rig_free(r);
}

static void
test_refused_and_left(void **state)
{
	struct rig *r = rig_new(ONE);
	json_t *q;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s],s:s,s:s}", "profiles", "a", "deliver",
	    "none", "roleArn", ARN("Z"));
	rig_succeed(r, rig_job(r), "A");
	q = step(r, 1, "done");
	assert_str(rig_str(q, FIRST "fault.kind"), "denied");
	assert_null(rig_at(q, FIRST "credentials"));
	assert_null(strchr(rig_str(q, FIRST "fault.next"), '('));
	json_decref(q);
	rig_check(r);
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 1, M_LOGIN, "{s:[s],s:s,s:b}", "profiles", "a", "deliver",
	    "none", "renew", true);
	rig_close(r, 1);
	fake_settle(r->loop);
	assert_int_equal(fake_jobs_running(r->jobs), 0);
	rig_check(r);
	rig_call(
	    r, 2, M_LOGIN, "{s:[s],s:s}", "profiles", "a", "deliver", "file");
	q = rig_take(r, 2);
	assert_str(rig_str(q, "error"), E_INVALID_PARAMETER);
	json_decref(q);
	rig_free(r);
}

static void
test_assertion(void **state)
{
	struct rig *r = rig_new(TWO);
	struct job *job;

	(void)state;
	rig_call(
	    r, 1, M_LOGIN, "{s:[s],s:s}", "profiles", "a", "assertion", "QUJD");
	job = rig_job(r);
	assert_str(rig_str(job->job, "assertion"), "QUJD");
	rig_succeed(r, job, "A");
	json_decref(step(r, 1, "done"));
	assert_str(rig_state(r, "a"), "fresh");
	assert_true(has_section(r, "[a]"));
	/* Nobody signed in. */
	assert_str(rig_identity(r, 0), "signed-out");
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "b");
	job = rig_job(r);
	assert_null(json_object_get(job->job, "assertion"));
	/* One that is brought meanwhile waits for its turn. */
	rig_call(
	    r, 2, M_LOGIN, "{s:[s],s:s}", "profiles", "a", "assertion", "QUJD");
	fake_settle(r->loop);
	json_decref(step(r, 2, "done"));
	rig_succeed(r, job, "AB");
	json_decref(step(r, 1, "done"));
	assert_str(rig_identity(r, 0), "signed-in");
	/* A bad one says nothing of the sign-in. */
	fake_advance(r->loop, 10 * USEC);
	rig_call(
	    r, 1, M_LOGIN, "{s:[s],s:s}", "profiles", "a", "assertion", "QUJD");
	rig_fail(rig_job(r), FAULT_PROTOCOL, REASON_MALFORMED);
	fake_settle(r->loop);
	json_decref(step(r, 1, "done"));
	assert_str(rig_identity(r, 0), "signed-in");
	rig_check(r);
	rig_free(r);
}

static void
test_choose_role(void **state)
{
	struct rig *r = rig_new(TWO);
	json_t *q;

	(void)state;
	rig_call(
	    r, 1, M_LOGIN, "{s:[s],s:b}", "profiles", "a", "chooseRole", true);
	rig_assertion(rig_job(r), 5, "ABC");
	q = step(r, 1, "ask");
	assert_str(rig_str(q, "parameters.step.question.name"), QN_ROLE);
	json_decref(q);
	rig_close(r, 1);
	fake_settle(r->loop);
	rig_check(r);
	rig_free(r);
}

static void
test_code_command(void **state)
{
	struct rig *r = rig_new(ONE "adfs_config.mfa_token_command = otp x\n");
	struct job *job;
	json_t *q;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	rig_ask(job, 4, Q_CODE, QN_CODE);
	assert_str(fake_command_last(r->commands)->line, "otp x");
	fake_command_end(
	    fake_command_last(r->commands), NULL, "{\"mfa_token\": \"0012\"}");
	assert_str(rig_str(rig_took(job, W_ANSWER), "value"), "0012");
	/* It was wrong: the next one is a person's. */
	rig_ask(job, 5, Q_CODE, QN_CODE);
	assert_int_equal(fake_commands_started(r->commands), 1);
	q = step(r, 1, "ask");
	json_decref(q);
	rig_close(r, 1);
	fake_settle(r->loop);
	/* A client that leaves takes the command along. */
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 2, M_LOGIN, "{s:[s]}", "profiles", "a");
	rig_ask(rig_job(r), 4, Q_CODE, QN_CODE);
	rig_close(r, 2);
	fake_settle(r->loop);
	assert_true(fake_command_last(r->commands)->cancelled);
	rig_check(r);
	rig_free(r);
}

/* ---- reset ------------------------------------------------------------------ */

static void
reset(struct rig *r, bool dry)
{
	rig_call(r, 3, M_RESET, "{s:[s],s:b}", "profiles", "a", "dryRun", dry);
}

static void
test_reset_fails(void **state)
{
	struct rig *r = rig_new(TWO);
	_cleanup_fault_ struct fault f = { 0 };
	json_t *q;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	rig_succeed(r, rig_job(r), "A");
	json_decref(step(r, 1, "done"));
	fault_set(&f, FAULT_CONFIG, REASON_FILE, "The disk is full.");
	fake_files_fail(r->files, &f);
	reset(r, false);
	fake_settle(r->loop);
	q = rig_take(r, 3);
	assert_str(rig_str(q, "error"), E_FAULT);
	json_decref(q);
	/* Nothing was done by halves. */
	assert_str(rig_state(r, "a"), "fresh");
	assert_true(kept(r, "a"));
	fake_files_fail(r->files, NULL);
	reset(r, false);
	fake_settle(r->loop);
	q = rig_take(r, 3);
	assert_str(rig_str(q, "parameters.profiles.0.profile"), "a");
	json_decref(q);
	assert_null(manager_session(r->manager, "a"));
	assert_false(has_section(r, "[a]"));
	assert_null(strstr(
	    fake_files_text(r->files, r->config), "role_arn = " ARN("A")));
	assert_str(rig_identity(r, 0), "signed-out");
	rig_call(r, 3, M_RESET, "{s:[s]}", "profiles", "nobody");
	q = rig_take(r, 3);
	assert_str(rig_str(q, "error"), E_NO_SUCH_PROFILE);
	json_decref(q);
	rig_check(r);
	rig_free(r);
}

/* Stopped while the writer has it: everything is freed. */
static void
test_reset_shutdown(void **state)
{
	struct rig *r = rig_new(TWO);

	(void)state;
	fake_files_hold(r->files, true);
	reset(r, false);
	rig_free(r);
}

/* Who is served with what is held is not asked for another's sign-in. */
static void
test_held_while_asked(void **state)
{
	struct rig *r = rig_new(ONE);
	struct job *job;
	json_t *q;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	rig_succeed(r, rig_job(r), "A");
	json_decref(step(r, 1, "done"));
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	rig_ask(job, 1, Q_SECRET, QN_PASSWORD);
	json_decref(step(r, 1, "ask"));
	rig_call(
	    r, 2, M_LOGIN, "{s:[s],s:s}", "profiles", "a", "deliver", "none");
	fake_settle(r->loop);
	q = step(r, 2, "done");
	assert_non_null(rig_str(q, FIRST "credentials.secretAccessKey"));
	json_decref(q);
	rig_check(r);
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_to_caller),
		cmocka_unit_test(test_held_serves),
		cmocka_unit_test(test_never_mixed),
		cmocka_unit_test(test_beside_a_login),
		cmocka_unit_test(test_refused_and_left),
		cmocka_unit_test(test_assertion),
		cmocka_unit_test(test_choose_role),
		cmocka_unit_test(test_code_command),
		cmocka_unit_test(test_reset_fails),
		cmocka_unit_test(test_reset_shutdown),
		cmocka_unit_test(test_held_while_asked),
	};

	return RUN(tests);
}
