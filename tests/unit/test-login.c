/* SPDX-License-Identifier: Apache-2.0 */
/* Logins end to end on the fakes, most of all where one goes wrong. */
#include "rig.h"

#include "awsfed/proto.h"

#include "identity.h"
#include "manager.h"
#include "session.h"

#define NAMELESS(name) \
	"[profile " name "]\nadfs_config.adfs_host = adfs.example.com\n" \
	"adfs_config.adfs_user = CORP\\jane\n"
#define OTHER PROFILE("c", "sso.example.net", "CORP\\jane", "C")

/* The step that the client has been given, of this kind. */
static json_t *
step(struct rig *r, unsigned conn, const char *kind)
{
	json_t *reply = rig_take(r, conn);

	if (reply == NULL)
		fail_msg("client %u was answered nothing, not %s", conn, kind);
	assert_str(rig_str(reply, "parameters.step.kind"), kind);
	return reply;
}

static void
login(struct rig *r, unsigned conn, const char *profile)
{
	rig_call(r, conn, M_LOGIN, "{s:[s]}", "profiles", profile);
}

static void
answer(struct rig *r, unsigned conn, const json_t *asked, const char *value)
{
	rig_call(r, conn, M_ANSWER, "{s:s,s:s,s:s}", "login",
	    rig_str(asked, "parameters.login"), "question",
	    rig_str(asked, "parameters.step.question.id"), "value", value);
}

static void
await(struct rig *r, unsigned conn, const json_t *before)
{
	rig_call(r, conn, M_AWAIT, "{s:s}", "login",
	    rig_str(before, "parameters.login"));
}

/* The last step: its fault's kind and its first profile's state. */
static void
ended(struct rig *r, unsigned conn, const char *fault, const char *state)
{
	json_t *reply = step(r, conn, "done");

	assert_str(rig_str(reply, "parameters.step.fault.kind"), fault);
	assert_str(rig_str(reply, "parameters.step.profiles.0.state"), state);
	json_decref(reply);
	rig_check(r);
}

static void
test_password(void **state)
{
	struct rig *r = rig_new(TWO);
	struct job *job;
	json_t *q;

	(void)state;
	login(r, 1, "a");
	job = rig_job(r);
	rig_ask(job, 7, Q_SECRET, QN_PASSWORD);
	q = step(r, 1, "ask");
	answer(r, 1, q, "secret");
	json_decref(q);
	assert_str(rig_str(rig_took(job, W_ANSWER), "value"), "secret");
	rig_attempt(job, 8, "00ab", "CORP\\jane");
	fake_settle(r->loop);
	rig_took(job, W_GO);
	fake_job_pack(
	    job, "{s:s,s:s}", "type", W_OUTCOME, "result", OUTCOME_ACCEPTED);
	rig_succeed(r, job, "AB");
	fake_settle(r->loop);
	q = step(r, 1, "done");
	assert_int_equal(
	    json_integer_value(rig_at(q, "parameters.step.passwords")), 1);
	json_decref(q);
	assert_str(rig_state(r, "a"), "fresh");
	/* The other one was neither named nor kept. */
	assert_str(rig_state(r, "b"), "idle");
	assert_non_null(
	    strstr(fake_files_text(r->files, r->credentials), "[a]"));
	rig_check(r);
	rig_free(r);
}

/* A question that lapses, or is answered by another, is nobody's any more. */
static void
test_question_goes(void **state)
{
	struct rig *r = rig_new(TWO);
	struct job *job;
	json_t *q1, *q2;

	(void)state;
	login(r, 1, "a");
	job = rig_job(r);
	rig_ask(job, 7, Q_SECRET, QN_PASSWORD);
	q1 = step(r, 1, "ask");
	/* Who comes later sees it as well. */
	login(r, 2, "b");
	q2 = step(r, 2, "ask");
	assert_str(rig_str(q2, "parameters.step.question.id"),
	    rig_str(q1, "parameters.step.question.id"));
	answer(r, 1, q1, "one");
	answer(r, 2, q2, "two");
	json_decref(q2);
	q2 = rig_take(r, 2);
	assert_str(rig_str(q2, "error"), E_STALE_QUESTION);
	rig_took(job, W_ANSWER);
	assert_null(fake_job_took(job));
	json_decref(q1);
	json_decref(q2);
	/* The next one nobody answers. */
	rig_ask(job, 9, Q_CODE, QN_CODE);
	q1 = step(r, 1, "ask");
	fake_advance(r->loop, 3600 * USEC);
	rig_took(job, W_REFUSE);
	answer(r, 1, q1, "123456");
	json_decref(q1);
	q1 = rig_take(r, 1);
	assert_str(rig_str(q1, "error"), E_STALE_QUESTION);
	json_decref(q1);
	rig_call(r, 1, M_AWAIT, "{s:s}", "login", "L1");
	rig_call(r, 2, M_AWAIT, "{s:s}", "login", "L2");
	rig_fail(job, FAULT_NEEDS_USER, REASON_TIMEOUT);
	fake_settle(r->loop);
	ended(r, 1, "needs-user", "needs-login");
	ended(r, 2, "needs-user", "needs-login");
	rig_free(r);
}

/* Logging out under a login: it ends, and its question with it. */
static void
test_logout_meanwhile(void **state)
{
	struct rig *r;
	json_t *q;

	(void)state;
	for (int choice = 0; choice < 2; choice++) {
		r = rig_new(choice ? NAMELESS("a") : ONE);
		login(r, 1, "a");
		if (choice)
			rig_assertion(rig_job(r), 1, "AB");
		else
			rig_ask(rig_job(r), 7, Q_SECRET, QN_PASSWORD);
		q = step(r, 1, "ask");
		rig_call(r, 2, M_LOGOUT, "{s:b}", "all", 1);
		assert_int_equal(fake_jobs_running(r->jobs), 0);
		await(r, 1, q);
		ended(r, 1, "cancelled", "idle");
		answer(r, 1, q, ARN("A"));
		json_decref(q);
		q = rig_take(r, 1);
		assert_str(rig_str(q, "error"), E_STALE_QUESTION);
		json_decref(q);
		rig_free(r);
	}
}

/* At every phase: the last watcher leaves, or somebody cancels. */
static void
test_cancel(void **state)
{
	(void)state;
	for (int phase = 0; phase < 5; phase++)
		for (int close = 0; close < 2; close++) {
			struct rig *r = rig_new(phase == 0 ? "[other]\n" :
				phase == 4		   ? NAMELESS("a") :
							     ONE);
			json_t *q = NULL;

			login(r, 1, "a");
			if (phase == 2)
				rig_ask(rig_job(r), 1, Q_CODE, QN_CODE);
			if (phase == 3) {
				rig_attempt(
				    rig_job(r), 1, "0001", "CORP\\jane");
				fake_files_hold(r->files, true);
			}
			if (phase == 4)
				rig_assertion(rig_job(r), 1, "AB");
			q = rig_take(r, 1);
			if (close)
				rig_close(r, 1);
			else
				rig_call(
				    r, 2, M_CANCEL, "{s:s}", "login", "L1");
			rig_check(r);
			fake_files_hold(r->files, false);
			fake_settle(r->loop);
			if (phase == 4) {
				/* The sign-in stays; nothing is redeemed. */
				struct job *job = rig_job(r);

				assert_int_equal(
				    json_array_size(rig_at(
					rig_took(job, W_REDEEM), "roles")),
				    0);
				fake_job_end(job, NULL);
				assert_str(rig_identity(r, 0), "signed-in");
			}
			assert_int_equal(fake_jobs_running(r->jobs), 0);
			if (!close && r->reply[1] == NULL && !r->busy[1])
				rig_call(r, 1, M_AWAIT, "{s:s}", "login", "L1");
			if (!close)
				ended(r, 1, "cancelled", "idle");
			assert_null(fake_files_text(r->files, r->credentials));
			json_decref(q);
			rig_check(r);
			fake_advance(r->loop, 600 * USEC);
			rig_check(r);
			rig_free(r);
		}
}

/* Two logins try the same profile out: the first to end takes nothing away. */
static void
test_two_of_one(void **state)
{
	struct rig *r = rig_new("[profile x]\nregion = eu-west-1\n");
	json_t *done;

	(void)state;
	for (unsigned conn = 1; conn < 3; conn++)
		rig_call(r, conn, M_LOGIN, "{s:[s],s:s,s:s,s:s}", "profiles",
		    "new", "host", "adfs.example.com", "user", "CORP\\jane",
		    "roleArn", ARN("A"));
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	rig_close(r, 1);
	fake_settle(r->loop);
	rig_check(r);
	rig_succeed(r, rig_job(r), "A");
	done = step(r, 2, "done");
	assert_str(rig_str(done, "parameters.step.profiles.0.state"), "fresh");
	json_decref(done);
	assert_non_null(
	    strstr(fake_files_text(r->files, r->credentials), "[new]"));
	assert_str(rig_state(r, "new"), "fresh");
	rig_check(r);
	rig_free(r);
}

static void
test_two_identities(void **state)
{
	struct rig *r = rig_new(TWO OTHER);
	json_t *done;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:b}", "all", 1);
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	rig_succeed(r, rig_job(r), "AB");
	assert_int_equal(fake_jobs_started(r->jobs), 2);
	rig_succeed(r, rig_job(r), "C");
	done = step(r, 1, "done");
	for (int i = 0; i < 3; i++) {
		char path[64];

		snprintf(
		    path, sizeof(path), "parameters.step.profiles.%d.state", i);
		assert_str(rig_str(done, path), "fresh");
	}
	json_decref(done);
	assert_int_equal(fake_jobs_started(r->jobs), 2);
	rig_free(r);
}

/* Two profiles without a role: two questions, one assertion. */
static void
test_two_undecided(void **state)
{
	struct rig *r = rig_new(NAMELESS("a") NAMELESS("b"));
	struct job *job;
	json_t *q;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s,s]}", "profiles", "a", "b");
	job = rig_job(r);
	rig_assertion(job, 5, "AB");
	q = step(r, 1, "ask");
	answer(r, 1, q, ARN("B"));
	json_decref(q);
	assert_null(fake_job_took(job));
	q = step(r, 1, "ask");
	answer(r, 1, q, ARN("A"));
	json_decref(q);
	q = (json_t *)(uintptr_t)rig_took(job, W_REDEEM);
	assert_int_equal(json_integer_value(json_object_get(q, "id")), 5);
	assert_int_equal(json_array_size(json_object_get(q, "roles")), 2);
	rig_credentials(r, job, "a", ARN("B"), 3600);
	rig_credentials(r, job, "b", ARN("A"), 3600);
	fake_job_end(job, NULL);
	fake_settle(r->loop);
	ended(r, 1, NULL, "fresh");
	assert_non_null(strstr(fake_files_text(r->files, r->config), "role/B"));
	rig_free(r);
}

static void
test_no_role(void **state)
{
	struct rig *r = rig_new(NAMELESS("a"));
	struct job *job;
	json_t *done;

	(void)state;
	login(r, 1, "a");
	job = rig_job(r);
	rig_assertion(job, 5, "");
	rig_took(job, W_REDEEM);
	fake_job_end(job, NULL);
	fake_settle(r->loop);
	done = step(r, 1, "done");
	assert_str(
	    rig_str(done, "parameters.step.profiles.0.fault.kind"), "denied");
	json_decref(done);
	rig_free(r);
}

/* A silent renewal met a question before the person came: they are asked. */
static void
test_joins_unattended(void **state)
{
	struct rig *r = rig_new(ONE);
	struct job *first;
	json_t *wait;

	(void)state;
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
	first = rig_job(r);
	assert_false(json_is_true(json_object_get(first->job, "attended")));
	login(r, 2, "a");
	rig_fail(first, FAULT_NEEDS_USER, REASON_EXPIRED);
	fake_advance(r->loop, 6 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), 2);
	assert_true(json_is_true(json_object_get(rig_job(r)->job, "attended")));
	/* It was told why nothing happened for a while. */
	wait = step(r, 2, "wait");
	rig_call(
	    r, 2, M_AWAIT, "{s:s}", "login", rig_str(wait, "parameters.login"));
	json_decref(wait);
	rig_succeed(r, rig_job(r), "A");
	ended(r, 2, NULL, "fresh");
	rig_free(r);
}

/*
 * It met a server that was ill before the person came: they get an attempt of
 * their own, once.  With a network that is dead they do not wait for another.
 */
static void
test_joins_ill(void **state)
{
	static const struct {
		enum reason reason;
		unsigned jobs;
	} cases[] = { { REASON_BUSY, 2 }, { REASON_UNREACHABLE, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = rig_new(ONE);
		struct job *job;
		json_t *wait;

		rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
		job = rig_job(r);
		login(r, 2, "a");
		rig_fail(job, FAULT_TEMPORARY, cases[i].reason);
		fake_settle(r->loop);
		if (cases[i].jobs == 2) {
			fake_advance(r->loop, 6 * USEC);
			job = rig_job(r);
			assert_true(json_is_true(
			    json_object_get(job->job, "attended")));
			wait = step(r, 2, "wait");
			rig_call(r, 2, M_AWAIT, "{s:s}", "login",
			    rig_str(wait, "parameters.login"));
			json_decref(wait);
			rig_fail(job, FAULT_TEMPORARY, cases[i].reason);
			fake_settle(r->loop);
		}
		ended(r, 2, "temporary", "backoff");
		assert_int_equal(fake_jobs_started(r->jobs), cases[i].jobs);
		rig_free(r);
	}
}

/* Who has answered it was there: they are told, and type nothing twice. */
static void
test_joins_and_answers(void **state)
{
	struct rig *r = rig_new(ONE);
	struct job *job;
	json_t *q;

	(void)state;
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
	job = rig_job(r);
	login(r, 2, "a");
	rig_ask(job, 7, Q_SECRET, QN_PASSWORD);
	q = step(r, 2, "ask");
	answer(r, 2, q, "secret");
	json_decref(q);
	rig_took(job, W_ANSWER);
	rig_attempt(job, 8, "00ab", "CORP\\jane");
	fake_settle(r->loop);
	rig_took(job, W_GO);
	rig_fail(job, FAULT_TEMPORARY, REASON_BUSY);
	fake_settle(r->loop);
	ended(r, 2, "temporary", "backoff");
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	rig_free(r);
}

/* Those that it had begun to redeem wait for the sign-in of their own. */
static void
test_joins_elsewhere(void **state)
{
	struct rig *r =
	    rig_new(TWO "adfs_config.provider_id = urn:example:other\n");
	struct job *job;
	json_t *wait;

	(void)state;
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
	job = rig_job(r);
	rig_assertion(job, 7, "AB");
	rig_took(job, W_REDEEM);
	login(r, 2, "b");
	rig_fail(job, FAULT_TEMPORARY, REASON_BUSY);
	fake_settle(r->loop);
	fake_advance(r->loop, 6 * USEC);
	wait = step(r, 2, "wait");
	await(r, 2, wait);
	json_decref(wait);
	rig_succeed(r, rig_job(r), "AB");
	json_decref(step(r, 2, "done"));
	assert_str(rig_state(r, "b"), "fresh");
	assert_str(rig_state(r, "a"), "waiting");
	fake_advance(r->loop, 6 * USEC);
	rig_succeed(r, rig_job(r), "AB");
	assert_str(rig_state(r, "a"), "fresh");
	rig_check(r);
	rig_free(r);
}

/* A typing error in the user's name is not remembered. */
static void
test_wrong_user(void **state)
{
	struct rig *r = rig_new("[profile a]\n"
				"adfs_config.adfs_host = adfs.example.com\n"
				"adfs_config.role_arn = " ARN("A") "\n");
	struct job *job;
	json_t *q;

	(void)state;
	login(r, 1, "a");
	job = rig_job(r);
	rig_ask(job, 1, Q_TEXT, QN_USER);
	q = step(r, 1, "ask");
	answer(r, 1, q, "CORP\\jnae");
	json_decref(q);
	rig_ask(job, 2, Q_SECRET, QN_PASSWORD);
	q = step(r, 1, "ask");
	answer(r, 1, q, "secret");
	json_decref(q);
	rig_attempt(job, 3, "00ab", "CORP\\jnae");
	fake_settle(r->loop);
	fake_job_pack(
	    job, "{s:s,s:s}", "type", W_OUTCOME, "result", OUTCOME_REJECTED);
	rig_fail(job, FAULT_REJECTED, REASON_PASSWORD);
	fake_settle(r->loop);
	ended(r, 1, "rejected", "needs-login");
	fake_advance(r->loop, 10 * USEC);
	login(r, 1, "a");
	assert_null(json_object_get(rig_job(r)->job, "user"));
	rig_free(r);
}

/*
 * Two users are known at the host, and a new profile names neither: who typed
 * their name is the person who chooses the role, and no third one.
 */
static void
test_typed_user_chooses(void **state)
{
	struct rig *r = rig_new(PROFILE("j", "adfs.example.com", "CORP\\joe",
	    "J") PROFILE("k", "adfs.example.com", "CORP\\kim", "K"));
	struct job *job;
	json_t *q;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s],s:s}", "profiles", "n", "host",
	    "adfs.example.com");
	job = rig_job(r);
	rig_ask(job, 1, Q_TEXT, QN_USER);
	q = step(r, 1, "ask");
	answer(r, 1, q, "CORP\\jane");
	json_decref(q);
	rig_ask(job, 2, Q_SECRET, QN_PASSWORD);
	q = step(r, 1, "ask");
	answer(r, 1, q, "secret");
	json_decref(q);
	rig_attempt(job, 3, "00ab", "CORP\\jane");
	fake_settle(r->loop);
	fake_job_pack(
	    job, "{s:s,s:s}", "type", W_OUTCOME, "result", OUTCOME_ACCEPTED);
	rig_assertion(job, 4, "AB");
	q = step(r, 1, "ask");
	assert_str(rig_str(q, "parameters.step.question.name"), QN_ROLE);
	answer(r, 1, q, ARN("A"));
	json_decref(q);
	fake_settle(r->loop);
	rig_credentials(r, job, "n", ARN("A"), 3600);
	fake_job_end(job, NULL);
	fake_settle(r->loop);
	ended(r, 1, NULL, "fresh");
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	assert_non_null(strstr(fake_files_text(r->files, r->config),
	    "adfs_config.adfs_user = CORP\\jane"));
	rig_free(r);
}

/*
 * The profile goes over to another identity while a login waits for it, and
 * somebody else signs in there: the first one's own identity has nothing to
 * say any more, but it is answered all the same.
 */
static void
test_moves_away(void **state)
{
	struct rig *r;
	struct job *first, *second;

	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		r = rig_new(ONE);
		login(r, 1, "a");
		first = rig_job(r);
		rig_config(
		    r, PROFILE("a", "sso.example.net", "CORP\\jane", "A"));
		rig_call(r, 3, M_RELOAD, NULL);
		login(r, 2, "a");
		second = rig_job(r);
		assert_ptr_not_equal(first, second);
		rig_fail(first, FAULT_NEEDS_USER, REASON_EXPIRED);
		fake_settle(r->loop);
		assert_null(rig_take(r, 1));
		if (fails)
			rig_fail(second, FAULT_DENIED, REASON_NONE);
		else
			rig_succeed(r, second, "A");
		fake_settle(r->loop);
		/* Its own identity's word, and what became of the profile. */
		ended(r, 1, "needs-user", fails ? "needs-login" : "fresh");
		ended(r, 2, fails ? "denied" : NULL,
		    fails ? "needs-login" : "fresh");
		rig_free(r);
	}
}

/* Stopped while a password is on its way: nothing reaches for the writer. */
static void
test_shutdown(void **state)
{
	struct rig *r = rig_new(ONE);
	struct job *job;
	json_t *q;

	(void)state;
	login(r, 1, "a");
	job = rig_job(r);
	rig_ask(job, 1, Q_SECRET, QN_PASSWORD);
	q = step(r, 1, "ask");
	answer(r, 1, q, "secret");
	json_decref(q);
	rig_attempt(job, 2, "00ab", "CORP\\jane");
	fake_settle(r->loop);
	rig_took(job, W_ANSWER);
	rig_took(job, W_GO);
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_question_goes),
		cmocka_unit_test(test_logout_meanwhile),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_two_of_one),
		cmocka_unit_test(test_two_identities),
		cmocka_unit_test(test_two_undecided),
		cmocka_unit_test(test_no_role),
		cmocka_unit_test(test_joins_unattended),
		cmocka_unit_test(test_joins_ill),
		cmocka_unit_test(test_joins_and_answers),
		cmocka_unit_test(test_joins_elsewhere),
		cmocka_unit_test(test_wrong_user),
		cmocka_unit_test(test_typed_user_chooses),
		cmocka_unit_test(test_moves_away),
		cmocka_unit_test(test_shutdown),
	};

	return RUN(tests);
}
