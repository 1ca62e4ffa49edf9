/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine makes of a network, a machine and a person that come back. */
#include "rig.h"

#include "awsfed/config.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"

#include "manager-int.h"
#include "session.h"

#define OTHER PROFILE("o", "adfs.example.net", "CORP\\jane", "O")

static struct rig *r;
static struct {
	int wakes;
	enum manager_wake last;
} told;

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	(void)b;
	(void)arg;
	if (ev != MANAGER_WAKE)
		return;
	assert_null(s);
	told.wakes++;
	told.last = manager_woke(r->manager);
}

static void
begin(const char *config)
{
	static const struct surface surface = { on_event, NULL };

	_cleanup_fault_ struct fault f = { 0 };

	memset(&told, 0, sizeof(told));
	r = rig_new(config);
	/* What waits its turn among many: tests/unit/test-polite.c. */
	rig_settings(r, "[awsfed]\nspread = 0\n");
	assert_int_equal(manager_reload(r->manager, NULL, &f), 0);
	manager_subscribe(r->manager, &surface);
}

static void
end(void)
{
	rig_check(r);
	rig_free(r);
}

/* A person asks, and the sign-in fails, so often. */
static void
sign_in_fails(
    const char *profile, int times, enum fault_kind kind, enum reason reason)
{
	for (int i = 0; i < times; i++) {
		rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", profile);
		fake_advance(r->loop, 6 * USEC); /* spacing */
		rig_fail(rig_job(r), kind, reason);
		fake_turn(r->loop);
		rig_close(r, 1);
	}
	fake_advance(r->loop, 6 * USEC);
	assert_int_equal(fake_jobs_running(r->jobs), 0);
}

/* How many jobs start within so many seconds? */
static size_t
started_in(int seconds)
{
	size_t before = fake_jobs_started(r->jobs);

	fake_advance(r->loop, seconds * USEC);
	return fake_jobs_started(r->jobs) - before;
}

static void
end_jobs(void)
{
	struct job *job;

	for (size_t i = 0; (job = fake_job(r->jobs, i)) != NULL; i++)
		if (job->running)
			rig_fail(job, FAULT_NEEDS_USER, REASON_EXPIRED);
}

static const char *
presence(void)
{
	static char text[16];
	json_t *o = manager_status(r->manager, NULL);

	snprintf(
	    text, sizeof(text), "%s", rig_str(rig_at(o, "agent"), "presence"));
	json_decref(o);
	return text;
}

/* ---- the tests ------------------------------------------------------------------- */

static void
test_retries(void **state)
{
	static const enum manager_wake all[] = { WAKE_NETWORK, WAKE_RESUME,
		WAKE_UNLOCK };
	static const enum reason reasons[] = { REASON_OFFLINE,
		REASON_UNREACHABLE, REASON_VPN_DOWN, REASON_CAPTIVE_PORTAL,
		REASON_TLS, REASON_TIMEOUT };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all) * ARRAY_SIZE(reasons); i++) {
		begin(TWO);
		sign_in_fails(
		    "a", 6, FAULT_TEMPORARY, reasons[i / ARRAY_SIZE(all)]);
		assert_str(rig_state(r, "a"), "backoff");
		assert_true(manager_rests_for_network(r->manager));
		assert_int_equal(started_in(30), 0); /* it would be minutes */
		manager_wake(r->manager, all[i % ARRAY_SIZE(all)]);
		/* From the loop, and within seconds; one sign-in. */
		assert_int_equal(started_in(0), 0);
		assert_int_equal(started_in(4), 1);
		rig_succeed(r, rig_job(r), "AB");
		assert_str(rig_state(r, "a"), "fresh");
		assert_false(manager_rests_for_network(r->manager));
		assert_int_equal(started_in(60), 0);
		end();
	}
}

/* After it the waits grow again from small ones. */
static void
test_grows_again(void **state)
{
	(void)state;
	begin(ONE);
	sign_in_fails("a", 6, FAULT_TEMPORARY, REASON_OFFLINE);
	manager_wake(r->manager, WAKE_RESUME);
	assert_int_equal(started_in(4), 1);
	rig_fail(rig_job(r), FAULT_TEMPORARY, REASON_OFFLINE);
	assert_int_equal(started_in(17), 1);
	end();
}

static void
test_not_of_network(void **state)
{
	static const struct {
		enum fault_kind kind;
		enum reason reason;
		const char *becomes;
	} cases[] = {
		{ FAULT_TEMPORARY, REASON_BUSY, "backoff" },
		{ FAULT_TEMPORARY, REASON_SERVER, "backoff" },
		{ FAULT_INTERNAL, REASON_WORKER, "backoff" },
		{ FAULT_REJECTED, REASON_PASSWORD, "needs-login" },
		{ FAULT_DENIED, REASON_SECOND_FACTOR, "needs-login" },
		{ FAULT_NEEDS_USER, REASON_EXPIRED, "needs-login" },
		{ FAULT_SECURITY, REASON_TLS, "needs-login" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(ONE);
		sign_in_fails("a", 6, cases[i].kind, cases[i].reason);
		assert_str(rig_state(r, "a"), cases[i].becomes);
		assert_false(manager_rests_for_network(r->manager));
		for (int what = 0; what < WAKE_MAX; what++)
			manager_wake(r->manager, (enum manager_wake)what);
		assert_int_equal(started_in(20), 0);
		assert_str(rig_state(r, "a"), cases[i].becomes);
		end();
	}
}

/* What the server asked for stands, whatever the reason. */
static void
test_retry_after(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	begin(ONE);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	fault_set(&f, FAULT_TEMPORARY, REASON_UNREACHABLE, "x");
	f.retry_after = 600;
	fake_job_say(rig_job(r),
	    json_pack(
		"{s:s,s:o}", "type", W_FAULT, "fault", fault_to_json(&f)));
	fake_job_end(rig_job(r), NULL);
	manager_wake(r->manager, WAKE_RESUME);
	assert_int_equal(started_in(590), 0);
	assert_int_equal(started_in(400), 1);
	rig_fail(rig_job(r), FAULT_NEEDS_USER, REASON_EXPIRED);
	end();
}

static void
test_flapping(void **state)
{
	size_t jobs;

	(void)state;
	begin(ONE);
	sign_in_fails("a", 8, FAULT_TEMPORARY, REASON_OFFLINE);
	jobs = fake_jobs_started(r->jobs);
	told.wakes = 0;
	/* Ten minutes of a cable that is half in. */
	for (int i = 0; i < 600; i++) {
		manager_wake(r->manager, WAKE_NETWORK);
		fake_advance(r->loop, 1 * USEC);
		if (fake_jobs_running(r->jobs) > 0)
			rig_fail(rig_job(r), FAULT_TEMPORARY, REASON_OFFLINE);
	}
	assert_in_range(told.wakes, 18, 21);
	/* One for each that counts, and what the small waits add. */
	assert_in_range(fake_jobs_started(r->jobs) - jobs, 18, 62);
	/* The last change is not lost. */
	fake_advance(r->loop, 40 * USEC);
	told.wakes = 0;
	manager_wake(r->manager, WAKE_NETWORK);
	manager_wake(r->manager, WAKE_NETWORK);
	assert_int_equal(told.wakes, 1);
	fake_advance(r->loop, 29 * USEC);
	assert_int_equal(told.wakes, 1);
	fake_advance(r->loop, 2 * USEC);
	assert_int_equal(told.wakes, 2);
	assert_int_equal(told.last, WAKE_NETWORK);
	fake_advance(r->loop, 60 * USEC);
	assert_int_equal(told.wakes, 2);
	end_jobs();
	end();
}

/* Each identity once, and not in the same moment. */
static void
test_identities(void **state)
{
	(void)state;
	begin(TWO OTHER);
	r->random = 0.5;
	sign_in_fails("a", 6, FAULT_TEMPORARY, REASON_OFFLINE);
	sign_in_fails("o", 6, FAULT_TEMPORARY, REASON_OFFLINE);
	r->random = 0.1;
	identity_wake(manager_identity_at(r->manager, 0));
	r->random = 0.9;
	identity_wake(manager_identity_at(r->manager, 1));
	assert_int_equal(started_in(1), 1);
	assert_int_equal(started_in(1), 0);
	assert_int_equal(started_in(1), 1);
	assert_int_equal(fake_jobs_running(r->jobs), 2);
	/* Again and again changes nothing while they are at work. */
	for (int i = 0; i < 50; i++)
		manager_wake(r->manager, WAKE_UNLOCK);
	assert_int_equal(started_in(10), 0);
	end_jobs();
	end();
}

/* A role that failed alone has a timer of its own. */
static void
test_role(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct session *s;

	(void)state;
	begin(ONE);
	s = manager_session(r->manager, "a");
	fault_set(&f, FAULT_TEMPORARY, REASON_UNREACHABLE, "x");
	for (int i = 0; i < 6; i++) {
		session_event(s, SESSION_ATTENDED, NULL);
		session_event(s, SESSION_TEMPORARY, &f);
	}
	assert_str(rig_state(r, "a"), "backoff");
	while (fake_jobs_running(r->jobs) > 0)
		fake_job_end(rig_job(r), NULL);
	fake_advance(r->loop, 10 * USEC);
	assert_str(rig_state(r, "a"), "backoff");
	assert_int_equal(started_in(60), 0);
	manager_wake(r->manager, WAKE_NETWORK);
	assert_int_equal(started_in(4), 1);
	rig_succeed(r, rig_job(r), "A");
	assert_str(rig_state(r, "a"), "fresh");
	end();
}

/* A machine that slept: what is due goes, what is fresh stays. */
static void
test_resume(void **state)
{
	(void)state;
	begin(TWO);
	rig_call(r, 1, M_LOGIN, "{s:[s,s]}", "profiles", "a", "b");
	rig_succeed(r, rig_job(r), "AB");
	manager_wake(r->manager, WAKE_SLEEP);
	fake_step_real(r->loop, 600 * USEC);
	fake_step_boot(r->loop, 600 * USEC);
	manager_wake(r->manager, WAKE_RESUME);
	assert_int_equal(started_in(4), 0);
	manager_wake(r->manager, WAKE_SLEEP);
	fake_step_real(r->loop, 3 * 3600 * USEC);
	fake_step_boot(r->loop, 3 * 3600 * USEC);
	manager_wake(r->manager, WAKE_RESUME);
	assert_int_equal(started_in(4), 1);
	rig_succeed(r, rig_job(r), "AB");
	assert_str(rig_state(r, "a"), "fresh");
	assert_str(rig_state(r, "b"), "fresh");
	assert_int_equal(started_in(60), 0);
	end();
}

/* A configuration that changed while the machine slept. */
static void
test_config(void **state)
{
	(void)state;
	begin(ONE);
	rig_config(r, TWO);
	manager_wake(r->manager, WAKE_UNLOCK);
	assert_non_null(manager_session(r->manager, "b"));
	end();
}

static void
test_presence(void **state)
{
	static const struct {
		enum manager_wake what;
		const char *becomes;
	} day[] = {
		{ WAKE_NETWORK, "unknown" },
		{ WAKE_RESUME, "unknown" },
		{ WAKE_SLEEP, "away" },
		{ WAKE_RESUME, "unknown" },
		{ WAKE_UNLOCK, "there" },
		{ WAKE_SLEEP, "away" },
		{ WAKE_NETWORK, "away" },
		{ WAKE_RESUME, "there" },
		{ WAKE_LOCK, "away" },
		{ WAKE_SLEEP, "away" },
		{ WAKE_RESUME, "away" },
		{ WAKE_UNLOCK, "there" },
	};
	json_t *o;

	(void)state;
	begin(ONE);
	assert_str(presence(), "unknown");
	assert_int_equal(manager_woke(r->manager), WAKE_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(day); i++) {
		told.wakes = 0;
		manager_wake(r->manager, day[i].what);
		fake_advance(r->loop, 40 * USEC);
		assert_int_equal(told.wakes, 1);
		assert_int_equal(told.last, day[i].what);
		assert_str(presence(), day[i].becomes);
	}
	manager_forget_presence(r->manager);
	assert_str(presence(), "unknown");
	o = manager_status(r->manager, NULL);
	assert_str(rig_str(o, "agent.lastWake.what"), "unlock");
	assert_non_null(rig_str(o, "agent.lastWake.at"));
	json_decref(o);
	manager_wake(r->manager, WAKE_MAX); /* nothing */
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_grows_again),
		cmocka_unit_test(test_not_of_network),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_flapping),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_role),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_presence),
	};

	return RUN(tests);
}
