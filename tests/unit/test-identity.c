/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation with the worker: who may answer, and what is refused. */
#include "rig.h"

#include "awsfed/proto.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_pages_late),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_backoff),
	};

	return RUN(tests);
}
