/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two agents, one after the other, on one clock: what the first one exports,
 * the second one imports.  And what an agent that holds nothing does.
 */
#include "unit.h"

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/proto.h"
#include "awsfed/wire.h"

#include "fake.h"
#include "identity.h"
#include "manager-state.h"
#include "manager.h"
#include "rig.h"
#include "service-idle.h"
#include "session.h"

#define HOUR (3600 * USEC)
#define MINUTE (60 * USEC)

static struct session *
session(struct rig *r, const char *name)
{
	struct session *s = manager_session(r->manager, name);

	assert_non_null(s);
	return s;
}

static void
sign_in(struct rig *r)
{
	struct job *job;

	session_set_kept(session(r, "a"), true);
	session_set_kept(session(r, "b"), true);
	session_event(session(r, "a"), SESSION_WANTED, NULL);
	session_event(session(r, "b"), SESSION_WANTED, NULL);
	fake_settle(r->loop);
	job = rig_job(r);
	fake_job_pack(job, "{s:s,s:[s]}", "type", W_COOKIES, "cookies",
	    "adfs.example.com\tFALSE\t/\tTRUE\t0\tMSISAuth\tsecret");
	rig_succeed(r, job, "AB");
	assert_string_equal(rig_state(r, "a"), "fresh");
	assert_string_equal(rig_state(r, "b"), "fresh");
}

/* The end of the first; its image, after `pause` without anybody. */
static json_t *
image(struct rig *r, bool cookies)
{
	json_t *o = manager_export(r->manager, cookies);
	char *text = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	o = json_loads(text, 0, NULL);
	xfree(text);
	return o;
}

/* The second, whose clock has gone on. */
static struct rig *
next(const char *config, json_t *o, int64_t pause, struct manager_taken *t)
{
	struct rig *r = rig_new(config);

	r->random = 0.5;
	fake_advance(r->loop, pause);
	assert_int_equal(manager_import(r->manager, o, t), 0);
	rig_check(r);
	json_decref(o);
	return r;
}

static void
test_take_over(void **state)
{
	struct rig *r = rig_new(TWO);
	struct manager_taken t;
	int64_t until, due;
	json_t *o;

	(void)state;
	sign_in(r);
	due = session_next(session(r, "a"));
	until = session_creds(session(r, "a"))->expires.boot;
	o = image(r, true);
	rig_free(r);

	r = next(TWO, o, MINUTE, &t);
	assert_int_equal(t.profiles, 2);
	assert_int_equal(t.identities, 1);
	assert_int_equal(t.dropped, 0);
	assert_string_equal(rig_state(r, "a"), "fresh");
	assert_string_equal(rig_identity(r, 0), "signed-in");
	assert_int_equal(session_creds(session(r, "a"))->expires.boot, until);
	assert_true(session_kept(session(r, "b")));
	/* Nobody is asked, nothing is renewed too early, but on time. */
	assert_int_equal(session_next(session(r, "a")), due);
	fake_settle(r->loop);
	assert_int_equal(fake_jobs_running(r->jobs), 0);
	fake_advance(r->loop, HOUR / 2);
	assert_int_equal(fake_jobs_running(r->jobs), 1);
	/* With the cookies of the first. */
	o = json_deep_copy(rig_at(rig_job(r)->job, "cookies"));
	assert_int_equal(json_array_size(o), 1);
	json_decref(o);
	rig_succeed(r, rig_job(r), "AB");
	rig_check(r);
	rig_free(r);
}

static void
test_expired_meanwhile(void **state)
{
	struct rig *r = rig_new(TWO);
	struct manager_taken t;

	(void)state;
	sign_in(r);
	{
		json_t *o = image(r, true);

		rig_free(r);
		r = next(TWO, o, 2 * HOUR, &t);
	}
	assert_int_equal(t.profiles, 0);
	assert_null(session_creds(session(r, "a")));
	/* Kept, and the sign-in may still be good: it is tried, once for all. */
	fake_settle(r->loop);
	assert_int_equal(fake_jobs_running(r->jobs), 1);
	rig_check(r);
	rig_free(r);
}

static void
test_without_cookies(void **state)
{
	struct rig *r = rig_new(TWO);
	struct manager_taken t;
	json_t *o;

	(void)state;
	sign_in(r);
	o = image(r, false);
	assert_null(rig_at(
	    json_array_get(json_object_get(o, "identities"), 0), "cookies"));
	rig_free(r);
	r = next(TWO, o, MINUTE, &t);
	assert_int_equal(t.profiles, 2);
	assert_int_equal(t.identities, 0);
	assert_string_equal(rig_state(r, "a"), "fresh");
	assert_string_equal(rig_identity(r, 0), "signed-out");
	rig_free(r);
}

/* Each kind of change that makes keys somebody else's. */
static void
test_changed(void **state)
{
	static const struct {
		const char *config;
		size_t profiles, dropped;
	} all[] = {
		{ ONE, 1, 1 }, /* b is gone */
		{ ONE PROFILE("b", "adfs.example.com", "CORP\\jane", "C"), 1,
		    1 },
		{ ONE PROFILE("b", "adfs.example.com", "CORP\\joe", "B"), 1,
		    1 },
		{ ONE PROFILE("b", "other.example.com", "CORP\\jane", "B"), 1,
		    1 },
		{ "", 0, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct rig *r = rig_new(TWO);
		struct manager_taken t;
		json_t *o;

		sign_in(r);
		o = image(r, true);
		rig_free(r);
		r = next(all[i].config, o, MINUTE, &t);
		assert_int_equal(t.profiles, all[i].profiles);
		assert_int_equal(t.dropped, all[i].dropped);
		rig_free(r);
	}
}

/* Killed while a worker was at it: it is begun again, and nobody is asked. */
static void
test_amid(void **state)
{
	struct rig *r = rig_new(TWO);
	struct manager_taken t;
	json_t *o;

	(void)state;
	sign_in(r);
	fake_advance(r->loop, HOUR / 2);
	assert_int_equal(fake_jobs_running(r->jobs), 1);
	assert_string_equal(rig_state(r, "a"), "waiting");
	o = image(r, true);
	rig_free(r);
	r = next(TWO, o, HOUR / 2, &t);
	fake_settle(r->loop);
	fake_advance(r->loop, 10 * USEC);
	assert_int_equal(fake_jobs_running(r->jobs), 1);
	assert_non_null(session_creds(session(r, "a")));
	rig_succeed(r, rig_job(r), "AB");
	assert_string_equal(rig_state(r, "b"), "fresh");
	rig_check(r);
	rig_free(r);
}

/* What rests goes on resting: no storm, and no password by a restart. */
static void
test_rests(void **state)
{
	static const struct {
		enum fault_kind kind;
		enum reason reason;
		const char *identity, *session;
	} all[] = {
		{ FAULT_TEMPORARY, REASON_OFFLINE, "backoff", "fresh" },
		{ FAULT_REJECTED, REASON_PASSWORD, "needs-user",
		    "needs-login" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct rig *r = rig_new(TWO);
		struct manager_taken t;
		json_t *o;

		sign_in(r);
		r->random = 1;
		fake_advance(r->loop, HOUR / 2);
		rig_fail(rig_job(r), all[i].kind, all[i].reason);
		fake_settle(r->loop);
		assert_string_equal(rig_identity(r, 0), all[i].identity);
		o = image(r, true);
		rig_free(r);
		r = next(TWO, o, HOUR / 2, &t);
		assert_string_equal(rig_identity(r, 0), all[i].identity);
		assert_string_equal(rig_state(r, "a"), all[i].session);
		assert_int_equal(
		    identity_fault(manager_identity_at(r->manager, 0))->reason,
		    all[i].reason);
		rig_check(r);
		rig_free(r);
	}
}

static void
test_logged_out(void **state)
{
	struct rig *r = rig_new(TWO);
	struct manager_taken t;
	json_t *o;

	(void)state;
	sign_in(r);
	manager_logout(r->manager, session(r, "a"));
	fake_settle(r->loop);
	o = image(r, true);
	rig_free(r);
	r = next(TWO, o, MINUTE, &t);
	assert_true(session_logged_out(session(r, "a")));
	assert_null(session_creds(session(r, "a")));
	assert_non_null(session_creds(session(r, "b")));
	rig_free(r);
}

/* Rubbish in any member: refused, and the rest is good. */
static void
test_rubbish(void **state)
{
	static const char *const values[] = { "null", "-1", "true", "\"x\"",
		"[]", "{}", "9223372036854775807", "\"\\n\"", "[[[]]]" };
	struct rig *r = rig_new(TWO);
	json_t *o, *lists[2];

	(void)state;
	sign_in(r);
	o = image(r, true);
	rig_free(r);
	lists[0] = json_array_get(json_object_get(o, "identities"), 0);
	lists[1] = json_array_get(json_object_get(o, "sessions"), 0);
	for (size_t l = 0; l < 2; l++) {
		json_t *copy = json_deep_copy(lists[l]), *old;
		const char *key;

		json_object_foreach (copy, key, old)
			for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
				struct manager_taken t;

				json_object_set_new(lists[l], key,
				    json_loads(
					values[v], JSON_DECODE_ANY, NULL));
				r = rig_new(TWO);
				assert_int_equal(
				    manager_import(r->manager, o, &t), 0);
				rig_check(r);
				rig_free(r);
				json_object_set(lists[l], key, old);
			}
		json_decref(copy);
	}
	json_decref(o);
}

/* ---- idle ------------------------------------------------------------------- */

static struct {
	bool busy;
	unsigned ends;
} world;

static bool
busy(void *arg)
{
	(void)arg;
	return world.busy;
}

static void
ends(void *arg)
{
	(void)arg;
	world.ends++;
}

static const struct idle_ops idle_ops = { busy, ends };

static void
test_idle(void **state)
{
	struct rig *r = rig_new(TWO);
	struct idle *idle = idle_new(r->manager, &idle_ops, NULL);

	(void)state;
	world.ends = 0;
	world.busy = true;
	fake_advance(r->loop, HOUR);
	assert_int_equal(world.ends, 0);
	world.busy = false;
	idle_touch(idle);
	fake_advance(r->loop, 9 * MINUTE);
	assert_int_equal(world.ends, 0);
	fake_advance(r->loop, 2 * MINUTE);
	assert_int_equal(world.ends, 1);
	idle_free(idle);
	manager_hush(r->manager);
	rig_free(r);
}

static void
test_not_idle(void **state)
{
	struct rig *r = rig_new(TWO);
	struct idle *idle;

	(void)state;
	world.ends = 0;
	world.busy = false;
	sign_in(r);
	idle = idle_new(r->manager, &idle_ops, NULL);
	assert_int_equal(manager_holds(r->manager), MANAGER_HOLDS);
	fake_advance(r->loop, 20 * MINUTE);
	assert_int_equal(world.ends, 0); /* kept */
	session_set_kept(session(r, "a"), false);
	session_set_kept(session(r, "b"), false);
	identity_logout(manager_identity_at(r->manager, 0));
	idle_touch(idle);
	fake_advance(r->loop, 20 * MINUTE);
	assert_int_equal(world.ends, 0); /* their keys live */
	assert_true(manager_holds(r->manager) < MANAGER_HOLDS);
	fake_advance(r->loop, HOUR);
	assert_int_equal(world.ends, 1);
	assert_int_equal(manager_holds(r->manager), 0);
	idle_free(idle);
	manager_hush(r->manager);
	rig_free(r);
}

static void
test_never_idle(void **state)
{
	struct rig *r = rig_new(TWO);
	struct fault f = { 0 };
	struct idle *idle;

	(void)state;
	world.ends = 0;
	rig_settings(r, "[awsfed]\nidle_exit = 0\n");
	assert_int_equal(manager_reload(r->manager, NULL, &f), 0);
	idle = idle_new(r->manager, &idle_ops, NULL);
	fake_advance(r->loop, 24 * HOUR);
	assert_int_equal(world.ends, 0);
	idle_free(idle);
	manager_hush(r->manager);
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take_over),
		cmocka_unit_test(test_expired_meanwhile),
		cmocka_unit_test(test_without_cookies),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_amid),
		cmocka_unit_test(test_rests),
		cmocka_unit_test(test_logged_out),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_not_idle),
		cmocka_unit_test(test_never_idle),
	};

	return RUN(tests);
}
