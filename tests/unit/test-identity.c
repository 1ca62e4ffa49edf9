/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation with the worker: who may answer, and what is refused. */
#include "rig.h"

#include "awsfed/proto.h"

#include "identity.h"
#include "manager.h"

#define COMMAND ONE "adfs_config.username_password_command = print-it\n"
#define PRINTED "{\"username\":\"CORP\\\\jane\",\"password\":\"stored\"}"

static struct job *
start(struct rig *r)
{
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
	return rig_job(r);
}

static void
test_command(void **state)
{
	struct rig *r = rig_new(COMMAND);
	struct job *job = start(r);

	(void)state;
	rig_ask(job, 4, Q_SECRET, QN_PASSWORD);
	assert_int_equal(fake_commands_started(r->commands), 1);
	fake_command_end(fake_command_last(r->commands), NULL, PRINTED);
	assert_str(rig_str(rig_took(job, W_ANSWER), "value"), "stored");
	rig_attempt(job, 5, "0001", "CORP\\jane");
	fake_settle(r->loop);
	rig_took(job, W_GO);
	fake_job_pack(
	    job, "{s:s,s:s}", "type", W_OUTCOME, "result", OUTCOME_REJECTED);
	rig_fail(job, FAULT_REJECTED, REASON_PASSWORD);
	fake_advance(r->loop, 3600 * USEC);
	/* It is not even fetched again. */
	rig_call(r, 2, M_LOGIN, "{s:[s]}", "profiles", "a");
	rig_ask(rig_job(r), 4, Q_SECRET, QN_PASSWORD);
	assert_int_equal(fake_commands_started(r->commands), 1);
	rig_check(r);
	rig_free(r);
}

static void
person(struct rig *r, struct job *job, const char *password)
{
	json_t *q;

	rig_ask(job, 4, Q_SECRET, QN_PASSWORD);
	fake_settle(r->loop);
	q = rig_take(r, 1);
	rig_call(r, 1, M_ANSWER, "{s:s,s:s,s:s}", "login",
	    rig_str(q, "parameters.login"), "question",
	    rig_str(q, "parameters.step.question.id"), "value", password);
	json_decref(q);
}

/* Of what a person types the tag may come later; of nothing else. */
static void
test_tag_later(void **state)
{
	struct rig *r = rig_new(ONE);
	const json_t *said;
	struct job *job;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	person(r, job, "typed");
	said = rig_took(job, W_ANSWER);
	assert_true(json_is_true(json_object_get(said, "typed")));
	fake_settle(r->loop);
	fake_files_hold(r->files, true);
	fake_job_pack(job, "{s:s,s:i,s:s}", "type", W_ATTEMPT, "id", 5, "user",
	    "CORP\\jane");
	fake_settle(r->loop);
	/* Nothing goes before it is recorded, tag or no tag. */
	assert_int_equal(fake_files_queued(r->files), 1);
	assert_null(fake_job_took(job));
	fake_files_hold(r->files, false);
	fake_settle(r->loop);
	rig_took(job, W_GO);
	assert_null(strstr(fake_files_text(r->files, r->attempts), "\"tag\""));
	fake_job_pack(job, "{s:s,s:s,s:s}", "type", W_OUTCOME, "result",
	    OUTCOME_ACCEPTED, "tag", "00ab");
	fake_settle(r->loop);
	assert_non_null(strstr(
	    fake_files_text(r->files, r->attempts), "\"tag\": \"00ab\""));
	rig_free(r);

	r = rig_new(COMMAND);
	job = start(r);
	rig_ask(job, 4, Q_SECRET, QN_PASSWORD);
	fake_command_end(fake_command_last(r->commands), NULL, PRINTED);
	assert_null(json_object_get(rig_took(job, W_ANSWER), "typed"));
	fake_job_pack(job, "{s:s,s:i,s:s}", "type", W_ATTEMPT, "id", 5, "user",
	    "CORP\\jane");
	fake_settle(r->loop);
	rig_took(job, W_REFUSE);
	rig_free(r);
}

/* What cannot be recorded does not leave; and not before it is recorded. */
static void
test_record(void **state)
{
	_cleanup_fault_ struct fault full = { 0 };
	struct rig *r = rig_new(COMMAND);
	struct job *job = start(r);

	(void)state;
	rig_ask(job, 4, Q_SECRET, QN_PASSWORD);
	fake_command_end(fake_command_last(r->commands), NULL, PRINTED);
	rig_took(job, W_ANSWER);
	fake_settle(r->loop);
	fake_files_hold(r->files, true);
	rig_attempt(job, 5, "0001", "CORP\\jane");
	fake_settle(r->loop);
	assert_int_equal(fake_files_queued(r->files), 1);
	assert_null(fake_job_took(job));
	fault_set(&full, FAULT_INTERNAL, REASON_FILE, "The disk is full.");
	fake_files_fail(r->files, &full);
	fake_files_complete(r->files);
	fake_files_hold(r->files, false);
	fake_settle(r->loop);
	rig_took(job, W_REFUSE);
	fake_files_fail(r->files, NULL);
	rig_free(r);
}

/* A code that a person types does not make a stored password theirs. */
static void
test_source(void **state)
{
	struct rig *r = rig_new(COMMAND);
	struct job *job;
	json_t *q;

	(void)state;
	for (int round = 0; round < 2; round++) {
		rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
		job = rig_job(r);
		rig_ask(job, 4, Q_SECRET, QN_PASSWORD);
		if (round > 0) {
			/* Refused before: the person is asked instead. */
			assert_int_equal(fake_commands_started(r->commands), 1);
			break;
		}
		fake_command_end(fake_command_last(r->commands), NULL, PRINTED);
		rig_took(job, W_ANSWER);
		rig_ask(job, 5, Q_TEXT, QN_REALM);
		q = rig_take(r, 1);
		rig_call(r, 1, M_ANSWER, "{s:s,s:s,s:s}", "login", "L1",
		    "question", rig_str(q, "parameters.step.question.id"),
		    "value", "x");
		json_decref(q);
		rig_took(job, W_ANSWER);
		rig_attempt(job, 6, "0001", "CORP\\jane");
		fake_settle(r->loop);
		rig_took(job, W_GO);
		fake_job_pack(job, "{s:s,s:s}", "type", W_OUTCOME, "result",
		    OUTCOME_UNKNOWN);
		rig_fail(job, FAULT_TEMPORARY, REASON_SERVER);
		fake_settle(r->loop);
		/* Recorded as the command's: it waits for a person now. */
		assert_non_null(strstr(fake_files_text(r->files, r->attempts),
		    "\"person\": false"));
		fake_advance(r->loop, 400 * USEC);
		if (fake_jobs_running(r->jobs) > 0)
			rig_fail(rig_job(r), FAULT_NEEDS_USER, REASON_EXPIRED);
		fake_advance(r->loop, 10 * USEC);
	}
	rig_free(r);
}

static void
say_factor(struct job *job)
{
	fake_job_pack(job, "{s:s,s:s,s:s}", "type", W_FACTOR, "method", "X",
	    "product", "the second factor");
}

/* A sign-in of a person with the command's password; factor: it met one. */
static void
sign_in(struct rig *r, bool factor)
{
	struct job *job;

	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	rig_ask(job, 4, Q_SECRET, QN_PASSWORD);
	fake_command_end(fake_command_last(r->commands), NULL, PRINTED);
	assert_str(rig_str(rig_took(job, W_ANSWER), "value"), "stored");
	rig_attempt(job, 5, "0001", "CORP\\jane");
	fake_settle(r->loop);
	rig_took(job, W_GO);
	fake_job_pack(
	    job, "{s:s,s:s}", "type", W_OUTCOME, "result", OUTCOME_ACCEPTED);
	if (factor)
		say_factor(job);
	rig_succeed(r, job, "A");
	json_decref(rig_take(r, 1));
}

/* With nobody there a stored password is not sent where a telephone rings. */
static void
test_factor(void **state)
{
	struct rig *r = rig_new(COMMAND);
	struct job *job;

	(void)state;
	sign_in(r, true);
	assert_non_null(
	    strstr(fake_files_text(r->files, r->attempts), "\"factor\": true"));
	/* The agent's own renewal, when the cookies are dead. */
	fake_advance(r->loop, 2400 * USEC);
	job = rig_job(r);
	assert_true(json_is_false(json_object_get(job->job, "attended")));
	rig_ask(job, 4, Q_SECRET, QN_PASSWORD);
	rig_took(job, W_REFUSE);
	assert_int_equal(fake_commands_started(r->commands), 1);
	rig_fail(job, FAULT_NEEDS_USER, REASON_EXPIRED);
	fake_settle(r->loop);
	assert_str(rig_identity(r, 0), "needs-user");
	/* A sign-in that met none takes it back. */
	fake_advance(r->loop, 4000 * USEC);
	sign_in(r, false);
	assert_null(strstr(fake_files_text(r->files, r->attempts), "factor"));
	fake_advance(r->loop, 2400 * USEC);
	job = rig_job(r);
	rig_ask(job, 4, Q_SECRET, QN_PASSWORD);
	assert_int_equal(fake_commands_started(r->commands), 3);
	rig_check(r);
	rig_free(r);
}

/* The secret of codes comes from the command, never from a person. */
static void
test_totp(void **state)
{
	struct rig *r = rig_new(ONE "awsfed.totp_command = secret-it\n");
	struct job *job;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	assert_true(json_is_true(json_object_get(job->job, "totp")));
	assert_null(json_object_get(job->job, "totpUsed"));
	rig_ask(job, 4, Q_SECRET, QN_TOTP);
	assert_str(fake_command_last(r->commands)->line, "secret-it");
	fake_command_end(fake_command_last(r->commands), NULL, " GEZDGNBV \n");
	assert_str(rig_str(rig_took(job, W_ANSWER), "value"), "GEZDGNBV");
	rig_ask(job, 5, Q_SECRET, QN_TOTP);
	fake_command_end(fake_command_last(r->commands), NULL, "two\nlines\n");
	rig_took(job, W_REFUSE);
	rig_ask(job, 6, Q_SECRET, QN_TOTP);
	fake_command_end(fake_command_last(r->commands), NULL, "");
	rig_took(job, W_REFUSE);
	assert_null(rig_take(r, 1));
	rig_succeed(r, job, "A");
	json_decref(rig_take(r, 1));
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	assert_true(json_integer_value(json_object_get(job->job, "totpUsed")) >=
	    FAKE_EPOCH / USEC);
	rig_free(r);
	/* Without a command there is none. */
	r = rig_new(ONE);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	rig_ask(job, 4, Q_SECRET, QN_TOTP);
	rig_took(job, W_REFUSE);
	assert_null(rig_take(r, 1));
	rig_free(r);
}

/* Hidden or not, a code is the command's to give, once. */
static void
test_code_command(void **state)
{
	struct rig *r =
	    rig_new(ONE "adfs_config.mfa_token_command = code-it\n");
	struct job *job;
	json_t *q;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	rig_ask(job, 4, Q_SECRET, QN_CODE);
	fake_command_end(
	    fake_command_last(r->commands), NULL, "{\"mfa_token\":\"77\"}");
	assert_str(rig_str(rig_took(job, W_ANSWER), "value"), "77");
	rig_ask(job, 5, Q_CODE, QN_CODE);
	q = rig_take(r, 1);
	assert_str(rig_str(q, "parameters.step.question.name"), "code");
	json_decref(q);
	assert_int_equal(fake_commands_started(r->commands), 1);
	rig_free(r);
}

/* Out of order, twice, without what it needs: refused, and nothing breaks. */
static void
test_garbage(void **state)
{
	struct rig *r = rig_new(ONE);
	struct job *job;
	json_t *q;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	rig_ask(job, 1, Q_CODE, QN_CODE);
	q = rig_take(r, 1);
	rig_ask(job, 2, Q_CODE, QN_CODE);
	assert_int_equal(
	    json_integer_value(json_object_get(rig_took(job, W_REFUSE), "id")),
	    2);
	rig_call(r, 1, M_ANSWER, "{s:s,s:s,s:s}", "login", "L1", "question",
	    rig_str(q, "parameters.step.question.id"), "value", "123456");
	json_decref(q);
	assert_int_equal(
	    json_integer_value(json_object_get(rig_took(job, W_ANSWER), "id")),
	    1);
	/* An outcome before its go means nothing. */
	fake_files_hold(r->files, true);
	rig_attempt(job, 3, "0001", "CORP\\jane");
	fake_job_pack(
	    job, "{s:s,s:s}", "type", W_OUTCOME, "result", OUTCOME_ACCEPTED);
	rig_attempt(job, 4, "0002", "CORP\\jane");
	rig_took(job, W_REFUSE);
	fake_files_hold(r->files, false);
	fake_settle(r->loop);
	rig_took(job, W_GO);
	fake_job_pack(
	    job, "{s:s,s:s}", "type", W_OUTCOME, "result", OUTCOME_REJECTED);
	fake_settle(r->loop);
	assert_non_null(
	    strstr(fake_files_text(r->files, r->attempts), "rejected"));
	/* A second assertion does not get the first one's answer. */
	rig_assertion(job, 5, "B");
	rig_took(job, W_REDEEM);
	rig_assertion(job, 6, "A");
	assert_int_equal(
	    json_integer_value(json_object_get(rig_took(job, W_REFUSE), "id")),
	    6);
	rig_check(r);
	rig_free(r);
}

static void
page(struct job *job, int id, const char *skeleton)
{
	fake_job_pack(job, "{s:s,s:i,s:s}", "type", W_PAGE, "id", id,
	    "skeleton", skeleton);
}

/* A page is kept, bad ones and too many are not; each gets its answer. */
static void
test_pages(void **state)
{
	struct rig *r = rig_new(ONE);
	struct job *job = start(r);
	_cleanup_free_ char *first = xasprintf("%s/page-01.txt", r->pages);
	const json_t *kept;

	(void)state;
	page(job, 7, "form id=x\n");
	fake_settle(r->loop);
	kept = rig_took(job, W_KEPT);
	assert_int_equal(json_integer_value(json_object_get(kept, "id")), 7);
	assert_str(rig_str(kept, "path"), first);
	assert_str(fake_files_text(r->files, first), "form id=x\n");
	for (int i = 0; i < 8; i++) {
		/* The first is no plain text, the last four are too many. */
		page(job, 8 + i, i == 0 ? "form id=\x1b[2J" : "form\n");
		fake_settle(r->loop);
		kept = rig_took(job, W_KEPT);
		assert_int_equal(
		    json_integer_value(json_object_get(kept, "id")), 8 + i);
		assert_int_equal(
		    json_object_get(kept, "path") != NULL, i > 0 && i < 4);
	}
	rig_check(r);
	rig_free(r);
}

/* The disk is full, or the job ends while it writes: nobody is told wrong. */
static void
test_pages_late(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct rig *r = rig_new(ONE);
	struct job *job = start(r);

	(void)state;
	fault_set(&f, FAULT_CONFIG, REASON_FILE, "The disk is full.");
	fake_files_fail(r->files, &f);
	page(job, 7, "form\n");
	fake_settle(r->loop);
	assert_null(json_object_get(rig_took(job, W_KEPT), "path"));
	fake_files_fail(r->files, NULL);
	fake_files_hold(r->files, true);
	page(job, 8, "form\n");
	rig_fail(job, FAULT_PROTOCOL, REASON_UNKNOWN_PAGE);
	fake_settle(r->loop);
	fake_files_hold(r->files, false);
	fake_settle(r->loop);
	rig_check(r);
	rig_free(r);
}

static void
test_nobody_there(void **state)
{
	struct rig *r = rig_new(ONE);
	struct job *job = start(r);

	(void)state;
	rig_ask(job, 4, Q_SECRET, QN_PASSWORD);
	rig_took(job, W_REFUSE);
	assert_str(rig_identity(r, 0), "working");
	rig_fail(job, FAULT_NEEDS_USER, REASON_EXPIRED);
	fake_settle(r->loop);
	assert_str(rig_identity(r, 0), "needs-user");
	assert_str(rig_state(r, "a"), "needs-login");
	assert_non_null(r->reply[1]);
	/* And no program wakes it up again. */
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	rig_check(r);
	rig_free(r);
}

/* Back-off: by itself, not by a program; a person breaks it. */
static void
test_backoff(void **state)
{
	struct rig *r = rig_new(ONE);

	(void)state;
	start(r);
	rig_fail(rig_job(r), FAULT_TEMPORARY, REASON_OFFLINE);
	fake_turn(r->loop);
	assert_str(rig_identity(r, 0), "backoff");
	for (int i = 0; i < 20; i++)
		rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	/* Spacing holds although the dice say one second. */
	fake_advance(r->loop, 4 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	fake_advance(r->loop, 1 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), 2);
	rig_fail(rig_job(r), FAULT_TEMPORARY, REASON_OFFLINE);
	rig_call(r, 3, M_LOGIN, "{s:[s]}", "profiles", "a");
	fake_advance(r->loop, 5 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), 3);
	rig_check(r);
	rig_free(r);
}

/* A sign-in without a password counts from its own hour, too. */
static void
test_life_anew(void **state)
{
	struct rig *r = rig_new(ONE);
	struct identity *id = manager_identity_at(r->manager, 0);
	int64_t life = 8 * 3600;

	(void)state;
	for (int i = 0; i < 3; i++) {
		rig_call(r, 1, M_LOGIN, "{s:[s],s:s}", "profiles", "a",
		    "deliver", "none");
		rig_succeed(r, rig_job(r), "A");
		json_decref(rig_take(r, 1));
		assert_int_equal(identity_renewable_until(id),
		    clk_real(r->loop->clk) / USEC + life);
		fake_advance(r->loop, life * USEC);
		rig_fail(start(r), FAULT_NEEDS_USER, REASON_EXPIRED);
		json_decref(rig_take(r, 1));
		assert_int_equal(identity_renewable_until(id), 0);
		fake_advance(r->loop, 3600 * USEC);
	}
	rig_check(r);
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_tag_later),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_factor),
		cmocka_unit_test(test_totp),
		cmocka_unit_test(test_code_command),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_pages_late),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_life_anew),
	};

	return RUN(tests);
}
