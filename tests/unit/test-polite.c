/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent owes to AD FS, to AWS, and to a person's telephone. */
#include "rig.h"

#include "awsfed/proto.h"
#include "awsfed/str.h"

#include "farm.h"
#include "identity.h"
#include "manager.h"
#include "schedule.h"
#include "session.h"

#define HOST "adfs.example.com"
#define KIM PROFILE("k", HOST, "CORP\\kim", "K")

static void
asleep(struct rig *r, int64_t us)
{
	fake_step_real(r->loop, us);
	fake_step_boot(r->loop, us);
	fake_settle(r->loop);
}

static void
login(struct rig *r, const char *profile, const char *roles)
{
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", profile);
	fake_advance(r->loop, 5 * USEC);
	rig_succeed(r, rig_job(r), roles);
	json_decref(rig_take(r, 1));
	assert_str(rig_state(r, profile), "fresh");
}

static int64_t
number(struct rig *r, const char *key)
{
	json_t *o = identity_status(manager_identity_at(r->manager, 0));
	int64_t n = json_integer_value(json_object_get(o, key));

	json_decref(o);
	return n;
}

static void
test_farms(void **state)
{
	struct loop *loop = fake_loop_new();
	struct farms *farms = farms_new(loop->clk);
	struct farm *f = farms_get(farms, HOST);

	(void)state;
	assert_ptr_equal(farms_get(farms, "ADFS.example.com"), f);
	assert_ptr_not_equal(farms_get(farms, HOST ":8443"), f);
	assert_int_equal(farm_slot(f, 5 * USEC), 0);
	farm_start(f, false);
	assert_int_equal(farm_slot(f, 5 * USEC), 5 * USEC);
	assert_int_equal(farm_left(f), SCHEDULE_RETRIES);
	for (int i = 0; i < SCHEDULE_RETRIES; i++)
		farm_start(f, true);
	assert_int_equal(farm_left(f), 0);
	assert_int_equal(farm_wait(f), 30 * USEC);
	farm_give(f);
	assert_int_equal(farm_wait(f), 0);
	fake_advance(loop, 3 * USEC);
	assert_int_equal(farm_slot(f, 5 * USEC), 2 * USEC);
	farms_free(farms);
	fake_loop_free(loop);
}

/* Two people at one host: nobody asked, so the second keeps its distance. */
static void
test_spacing(void **state)
{
	struct rig *r = rig_new(ONE KIM);

	(void)state;
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
	rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "k");
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	assert_str(rig_state(r, "k"), "waiting");
	fake_advance(r->loop, 4 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	fake_advance(r->loop, 1 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), 2);
	rig_check(r);
	rig_free(r);
	/* A person does not wait for another's. */
	r = rig_new(ONE KIM);
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
	rig_call(r, 2, M_LOGIN, "{s:[s]}", "profiles", "k");
	assert_int_equal(fake_jobs_started(r->jobs), 2);
	rig_free(r);
}

/* A farm that fails each time, and somebody who cancels the back-off. */
static void
test_budget(void **state)
{
	struct rig *r = rig_new(ONE);
	struct identity *id;
	size_t n;

	(void)state;
	login(r, "a", "A");
	id = manager_identity_at(r->manager, 0);
	/* What succeeds costs nothing, however often. */
	for (n = 0; n < 30; n++) {
		fake_advance(r->loop, 1620 * USEC);
		rig_succeed(r, rig_job(r), "A");
	}
	assert_int_equal(number(r, "retriesLeft"), SCHEDULE_RETRIES);
	/* Cancelled, each one is lost. */
	fake_advance(r->loop, 300 * USEC);
	for (n = 0; n < 40; n++) {
		size_t before = fake_jobs_started(r->jobs);

		session_event(
		    manager_session(r->manager, "a"), SESSION_WANTED, NULL);
		if (fake_jobs_started(r->jobs) == before)
			break;
		manager_cancel(r->manager, id);
		fake_advance(r->loop, 5 * USEC);
	}
	/* 20, and those that came meanwhile. */
	assert_in_range(n, 20, 25);
	assert_str(rig_identity(r, 0), "backoff");
	assert_str(rig_state(r, "a"), "backoff");
	assert_int_equal(identity_fault(id)->reason, REASON_BUDGET);
	assert_int_equal(number(r, "retriesLeft"), 0);
	rig_check(r);
	/* A person is not held, nor does it cost anything. */
	rig_call(r, 2, M_REFRESH, "{s:[s]}", "profiles", "a");
	n = fake_jobs_started(r->jobs);
	rig_fail(rig_job(r), FAULT_TEMPORARY, REASON_SERVER);
	fake_settle(r->loop);
	json_decref(rig_take(r, 2));
	assert_str(rig_identity(r, 0), "backoff");
	/* It goes on by itself. */
	fake_advance(r->loop, 60 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), n + 1);
	rig_check(r);
	rig_free(r);
}

/* As a large fleet sets it. */
static void
spread(struct rig *r)
{
	rig_settings(r, "[awsfed]\nspread = 720\n");
	rig_call(r, 9, M_RELOAD, NULL);
	json_decref(rig_take(r, 9));
}

/* What hangs below it takes its turn with it, and does not call it early. */
static void
test_oversleeping_chain(void **state)
{
	struct rig *r = rig_new(
	    ONE "[profile w]\nrole_arn = " ARN("W") "\nsource_profile = a\n"
						    "awsfed.deliver = file\n");
	size_t jobs;

	(void)state;
	spread(r);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "w");
	rig_succeed(r, rig_job(r), "A");
	rig_credentials(r, rig_job(r), "w", ARN("W"), 3600);
	fake_job_end(rig_job(r), NULL);
	fake_settle(r->loop);
	json_decref(rig_take(r, 1));
	assert_str(rig_state(r, "w"), "fresh");
	jobs = fake_jobs_started(r->jobs);
	asleep(r, 8 * 3600 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs);
	fake_advance(r->loop, 359 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs);
	fake_advance(r->loop, 1 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs + 1);
	rig_succeed(r, rig_job(r), "A");
	assert_str(rig_str(rig_job(r)->job, "profile"), "w");
	rig_credentials(r, rig_job(r), "w", ARN("W"), 3600);
	fake_job_end(rig_job(r), NULL);
	fake_settle(r->loop);
	assert_str(rig_state(r, "w"), "fresh");
	rig_check(r);
	rig_free(r);
}

/* After a night: not at once, but by a program that asks, and by a person. */
static void
test_oversleeping(void **state)
{
	struct rig *r = rig_new(TWO);
	size_t jobs;

	(void)state;
	spread(r);
	login(r, "a", "A");
	jobs = fake_jobs_started(r->jobs);
	asleep(r, 8 * 3600 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs);
	assert_null(session_creds(manager_session(r->manager, "a")));
	{
		json_t *o = session_status(manager_session(r->manager, "a"));

		assert_str(rig_str(o, "state"), "waiting");
		assert_non_null(rig_str(o, "next"));
		json_decref(o);
	}
	rig_check(r);
	/* Half of 12 minutes, say the dice. */
	fake_advance(r->loop, 359 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs);
	fake_advance(r->loop, 1 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs + 1);
	rig_succeed(r, rig_job(r), "A");
	assert_str(rig_state(r, "a"), "fresh");
	/* A program. */
	asleep(r, 8 * 3600 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs + 1);
	rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
	assert_int_equal(fake_jobs_started(r->jobs), jobs + 2);
	rig_succeed(r, rig_job(r), "A");
	json_decref(rig_take(r, 2));
	/* A person. */
	asleep(r, 8 * 3600 * USEC);
	rig_call(r, 2, M_REFRESH, NULL);
	assert_int_equal(fake_jobs_started(r->jobs), jobs + 3);
	rig_succeed(r, rig_job(r), "A");
	json_decref(rig_take(r, 2));
	/* Live keys still: half of what they live. */
	asleep(r, 3000 * USEC);
	assert_str(rig_state(r, "a"), "fresh");
	assert_int_equal(fake_next(r->loop), 150 * USEC);
	/* Switched off. */
	rig_settings(r, "[awsfed]\nspread = 0\n");
	rig_call(r, 3, M_RELOAD, NULL);
	json_decref(rig_take(r, 3));
	asleep(r, 400 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs + 4);
	rig_check(r);
	rig_free(r);
}

/* Also a back-off that ends in its sleep. */
static void
test_oversleeping_backoff(void **state)
{
	struct rig *r = rig_new(ONE);
	size_t jobs;

	(void)state;
	spread(r);
	login(r, "a", "A");
	fake_advance(r->loop, 1620 * USEC);
	rig_fail(rig_job(r), FAULT_TEMPORARY, REASON_SERVER);
	fake_settle(r->loop);
	jobs = fake_jobs_started(r->jobs);
	asleep(r, 8 * 3600 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs);
	assert_str(rig_identity(r, 0), "backoff");
	fake_advance(r->loop, 360 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs + 1);
	rig_check(r);
	rig_free(r);
}

/* The network is back: sooner than the back-off says, but not all at once. */
static void
test_wake(void **state)
{
	static const struct {
		enum reason reason;
		bool sooner;
	} cases[] = {
		{ REASON_OFFLINE, true },
		{ REASON_UNREACHABLE, true },
		{ REASON_TIMEOUT, true },
		{ REASON_VPN_DOWN, true },
		{ REASON_CAPTIVE_PORTAL, true },
		/* It answered: the network has nothing to do with it. */
		{ REASON_SERVER, false },
		{ REASON_BUSY, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = rig_new(ONE);
		struct identity *id;
		int64_t before, after;

		spread(r);
		login(r, "a", "A");
		id = manager_identity_at(r->manager, 0);
		identity_wake(id);
		fake_advance(r->loop, 1620 * USEC);
		for (int n = 0; n < 6; n++) {
			rig_fail(rig_job(r), FAULT_TEMPORARY, cases[i].reason);
			fake_settle(r->loop);
			before = identity_next(id);
			if (n < 5)
				fake_advance(r->loop, 675 * USEC);
		}
		/* More than 20 minutes of failures, expired keys: 6 minutes. */
		identity_wake(id);
		after = identity_next(id);
		/* And the second or two that each waits. */
		if (cases[i].sooner)
			assert_in_range(
			    before - after, 675 - 360 - 3, 675 - 360);
		else
			assert_int_equal(before, after);
		/* Never later. */
		fake_advance(r->loop, 355 * USEC);
		before = identity_next(id);
		identity_wake(id);
		assert_true(identity_next(id) <= before);
		rig_check(r);
		rig_free(r);
	}
}

/* All that one sign-in renewed comes due at the same moment again. */
static void
test_together(void **state)
{
	struct rig *r = rig_new(TWO);
	struct session *a, *b;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s,s]}", "profiles", "a", "b");
	rig_assertion(rig_job(r), 1, "AB");
	rig_credentials(r, rig_job(r), "a", ARN("A"), 3600);
	r->random = 0.9;
	rig_credentials(r, rig_job(r), "b", ARN("B"), 3600);
	fake_job_end(rig_job(r), NULL);
	fake_settle(r->loop);
	a = manager_session(r->manager, "a");
	b = manager_session(r->manager, "b");
	assert_int_equal(session_next(a), session_next(b));
	/* The next sign-in draws again. */
	fake_advance(r->loop, 1620 * USEC);
	rig_succeed(r, rig_job(r), "AB");
	assert_int_equal(session_next(a), session_next(b));
	assert_int_equal(
	    session_next(a), clk_real(r->loop->clk) / USEC + 1800 - 324);
	rig_free(r);
}

/* AWS asked for time: what another profile brings does not break it. */
static void
test_retry_after(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct rig *r = rig_new(TWO);
	struct job *job;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	rig_assertion(job, 1, "AB");
	fault_set(&f, FAULT_TEMPORARY, REASON_BUSY, "Slow down.");
	f.retry_after = 7200;
	fake_job_say(job,
	    json_pack("{s:s,s:s,s:o}", "type", W_FAULT, "profile", "a", "fault",
		fault_to_json(&f)));
	fake_job_end(job, NULL);
	fake_settle(r->loop);
	assert_str(rig_state(r, "a"), "backoff");
	/* An hour at most, and half as long again by the dice. */
	assert_int_equal(session_next(manager_session(r->manager, "a")),
	    clk_real(r->loop->clk) / USEC + 3600 + 900);
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "b");
	rig_assertion(rig_job(r), 1, "AB");
	assert_int_equal(json_array_size(json_object_get(
			     rig_took(rig_job(r), W_REDEEM), "roles")),
	    1);
	assert_str(rig_state(r, "a"), "backoff");
	rig_check(r);
	rig_free(r);
}

static void
push(struct job *job)
{
	fake_job_pack(job, "{s:s,s:s,s:s,s:b}", "type", W_TELL, "kind", "wait",
	    "text", "x", "push", 1);
}

/* So many an hour; then no password is given that would send another. */
static void
test_pushes(void **state)
{
	struct rig *r = rig_new(ONE);

	(void)state;
	for (int i = 0; i < 6; i++) {
		fake_advance(r->loop, 60 * USEC);
		rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
		assert_int_equal(json_integer_value(json_object_get(
				     rig_job(r)->job, "pushes")),
		    6 - i);
		push(rig_job(r));
		/* Denied: nothing more happens by itself. */
		rig_fail(rig_job(r), FAULT_DENIED, REASON_SECOND_FACTOR);
		fake_settle(r->loop);
		json_decref(rig_take(r, 1));
		assert_str(rig_identity(r, 0), "needs-user");
		rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
		json_decref(rig_take(r, 2));
		assert_int_equal(fake_jobs_started(r->jobs), (size_t)i + 1);
	}
	assert_int_equal(number(r, "pushesLeft"), 0);
	fake_advance(r->loop, 60 * USEC);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	rig_attempt(rig_job(r), 5, "0001", "CORP\\jane");
	fake_settle(r->loop);
	rig_took(rig_job(r), W_REFUSE);
	assert_null(strstr(fake_files_text(r->files, r->attempts) != NULL ?
		fake_files_text(r->files, r->attempts) :
		"",
	    "0001"));
	rig_fail(rig_job(r), FAULT_DENIED, REASON_SECOND_FACTOR);
	fake_settle(r->loop);
	json_decref(rig_take(r, 1));
	/* The first of them is an hour ago. */
	fake_advance(r->loop, 3600 * USEC - 6 * 60 * USEC);
	assert_int_equal(number(r, "pushesLeft"), 1);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	rig_attempt(rig_job(r), 5, "0001", "CORP\\jane");
	fake_settle(r->loop);
	rig_took(rig_job(r), W_GO);
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_farms),
		cmocka_unit_test(test_spacing),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_oversleeping),
		cmocka_unit_test(test_oversleeping_chain),
		cmocka_unit_test(test_oversleeping_backoff),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_pushes),
	};

	return RUN(tests);
}
