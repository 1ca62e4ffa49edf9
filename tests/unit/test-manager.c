/* SPDX-License-Identifier: Apache-2.0 */
/* Reloads, logouts and barriers in the middle of things. */
#include "rig.h"

#include "awsfed/config.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"

#include "manager-int.h"
#include "session.h"

static void
sign_in(struct rig *r, const char *profile, const char *roles)
{
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", profile);
	rig_succeed(r, rig_job(r), roles);
	assert_str(rig_state(r, profile), "fresh");
}

static void
reload(struct rig *r, const char *text)
{
	rig_config(r, text);
	rig_call(r, 2, M_RELOAD, NULL);
	rig_check(r);
}

static void
test_removed(void **state)
{
	struct rig *r = rig_new(TWO);

	(void)state;
	sign_in(r, "a", "AB");
	reload(r, PROFILE("b", "adfs.example.com", "CORP\\jane", "B"));
	/* Its keys live on, but nobody renews them, nor takes it along. */
	fake_advance(r->loop, 2000 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	assert_non_null(
	    strstr(fake_files_text(r->files, r->credentials), "[a]"));
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "b");
	rig_assertion(rig_job(r), 1, "AB");
	assert_int_equal(
	    json_array_size(rig_at(rig_took(rig_job(r), W_REDEEM), "roles")),
	    1);
	/* At their end they are erased. */
	fake_advance(r->loop, 1700 * USEC);
	assert_str(rig_state(r, "a"), "none");
	assert_null(strstr(fake_files_text(r->files, r->credentials), "[a]"));
	rig_check(r);
	rig_free(r);
}

/* What a job brings for a profile that changed or went meanwhile is dropped. */
static void
test_reload_in_job(void **state)
{
	static const char *const after[] = {
		"[other]\n",
		ONE "adfs_config.session_duration = 7200\n",
		PROFILE("a", "adfs.example.com", "CORP\\joe", "A"),
		PROFILE("a", "adfs.example.com", "CORP\\jane", "B"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(after); i++) {
		struct rig *r = rig_new(ONE);
		struct job *job;

		rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
		job = rig_job(r);
		rig_assertion(job, 1, "AB");
		rig_took(job, W_REDEEM);
		reload(r, after[i]);
		rig_credentials(r, job, "a", ARN("A"), 3600);
		assert_string_not_equal(rig_state(r, "a"), "fresh");
		fake_job_end(job, NULL);
		fake_settle(r->loop);
		assert_non_null(r->reply[1]); /* whatever it was told */
		fake_advance(r->loop, 60 * USEC);
		assert_int_equal(fake_jobs_started(r->jobs), 1);
		rig_check(r);
		rig_free(r);
	}
}

/* A kept profile that changes is fetched anew: the file still has old keys. */
static void
test_changed_kept(void **state)
{
	struct rig *r = rig_new(ONE);

	(void)state;
	sign_in(r, "a", "A");
	fake_advance(r->loop, 60 * USEC);
	reload(r, PROFILE("a", "adfs.example.com", "CORP\\jane", "B"));
	assert_str(rig_state(r, "a"), "waiting");
	rig_succeed(r, rig_job(r), "AB");
	assert_str(rig_state(r, "a"), "fresh");
	rig_free(r);
}

static void
test_no_role(void **state)
{
	struct rig *r =
	    rig_new("[profile a]\nadfs_config.adfs_host = adfs.example.com\n");

	(void)state;
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
	assert_str(rig_str(r->reply[1], "parameters.kind"), "config");
	assert_int_equal(fake_jobs_started(r->jobs), 0);
	rig_free(r);
}

static void
test_logout_in_job(void **state)
{
	struct rig *r = rig_new(TWO);
	struct job *job;

	(void)state;
	sign_in(r, "a", "AB");
	fake_advance(r->loop, 10 * USEC);
	sign_in(r, "b", "AB");
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 1, M_REFRESH, NULL);
	job = rig_job(r);
	rig_assertion(job, 1, "AB");
	rig_took(job, W_REDEEM);
	rig_call(r, 2, M_LOGOUT, "{s:[s]}", "profiles", "a");
	rig_credentials(r, job, "a", ARN("A"), 3600);
	rig_credentials(r, job, "b", ARN("B"), 3600);
	fake_job_end(job, NULL);
	fake_settle(r->loop);
	assert_str(rig_state(r, "a"), "idle");
	assert_str(rig_state(r, "b"), "fresh");
	/* Emptied: no keys, and a line that lets nobody fall through. */
	assert_null(
	    strstr(fake_files_text(r->files, r->credentials), ARN("A")));
	assert_non_null(strstr(fake_files_text(r->files, r->credentials),
	    "awsfedctl credential-process a\n"));
	assert_non_null(r->reply[1]);
	rig_check(r);
	rig_free(r);
}

/* Ctrl-C at a login does not end the renewal of what is fresh. */
static void
test_cancel_keeps_renewing(void **state)
{
	struct rig *r = rig_new(TWO);

	(void)state;
	sign_in(r, "a", "AB");
	fake_advance(r->loop, 1500 * USEC); /* past 40 % of its life */
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "b");
	rig_call(r, 3, M_REFRESH, "{s:[s]}", "profiles", "a");
	rig_call(r, 2, M_CANCEL, "{s:s}", "login", "L2");
	assert_str(rig_state(r, "a"), "fresh");
	assert_int_equal(fake_jobs_running(r->jobs), 0);
	fake_advance(r->loop, 301 * USEC);
	assert_str(rig_state(r, "a"), "waiting");
	rig_succeed(r, rig_job(r), "AB");
	assert_str(rig_state(r, "a"), "fresh");
	rig_free(r);
}

/* Nor does it end when their keys have: the network comes back some day. */
static void
test_cancel_keeps_expired(void **state)
{
	struct rig *r = rig_new(TWO);

	(void)state;
	sign_in(r, "a", "AB");
	for (int i = 0; i < 80; i++) {
		fake_advance(r->loop, 60 * USEC);
		if (fake_jobs_running(r->jobs) > 0)
			rig_fail(rig_job(r), FAULT_TEMPORARY, REASON_OFFLINE);
	}
	assert_str(rig_state(r, "a"), "backoff");
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "b");
	assert_int_equal(fake_jobs_running(r->jobs), 1);
	rig_call(r, 2, M_CANCEL, "{s:s}", "login", "L2");
	assert_int_equal(fake_jobs_running(r->jobs), 0);
	rig_check(r);
	fake_advance(r->loop, 310 * USEC);
	assert_str(rig_state(r, "a"), "waiting");
	assert_int_equal(fake_jobs_running(r->jobs), 1);
	rig_succeed(r, rig_job(r), "AB");
	assert_str(rig_state(r, "a"), "fresh");
	rig_free(r);
}

static void
test_expired_keys(void **state)
{
	struct rig *r = rig_new(ONE);
	struct job *job;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	rig_assertion(job, 1, "A");
	fake_job_pack(job, "{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "type",
	    W_CREDENTIALS, "profile", "a", "roleArn", ARN("A"), "accessKeyId",
	    "ASIAEXAMPLE", "secretAccessKey", "s", "sessionToken", "t",
	    "expiration", "2026-01-01T00:00:00Z");
	assert_str(rig_state(r, "a"), "backoff");
	fake_job_end(job, NULL);
	fake_settle(r->loop);
	rig_check(r);
	rig_free(r);
}

/* A nameless identity's worker reports a password of this user as good. */
static void
turns_out_to_be(struct rig *r, struct job *job, const char *user)
{
	rig_attempt(job, 1, "0001", user);
	fake_settle(r->loop);
	rig_took(job, W_GO);
	fake_job_pack(
	    job, "{s:s,s:s}", "type", W_OUTCOME, "result", OUTCOME_ACCEPTED);
}

#define HOST "adfs.example.com"
#define NAMELESS(name, role) \
	"[profile " name "]\nadfs_config.adfs_host = " HOST "\n" \
	"adfs_config.role_arn = " ARN(role) "\n"
#define JOE PROFILE("j", HOST, "CORP\\joe", "J")
#define KIM PROFILE("k", HOST, "CORP\\kim", "K")

/*
 * Two identities turn out to be one person while somebody waits at the second:
 * after a reload the profile still gets what that one brings, by no further
 * sign-in.
 */
static void
test_one_person(void **state)
{
	struct rig *r = rig_new(NAMELESS("n", "N"));
	struct job *first, *second;

	(void)state;
	reload(r, JOE NAMELESS("n", "N") KIM);
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "n");
	first = rig_job(r);
	rig_call(r, 3, M_CREDENTIALS, "{s:s}", "profile", "k");
	fake_advance(r->loop, 5 * USEC); /* the host's spacing */
	second = rig_job(r);
	assert_ptr_not_equal(first, second);
	turns_out_to_be(r, first, "CORP\\kim");
	rig_fail(first, FAULT_NEEDS_USER, REASON_EXPIRED);
	reload(r, JOE NAMELESS("n", "N") KIM "[other]\n");
	assert_str(rig_state(r, "k"), "waiting");
	assert_int_equal(fake_jobs_started(r->jobs), 2);
	rig_succeed(r, second, "K");
	assert_str(rig_state(r, "k"), "fresh");
	assert_non_null(rig_str(r->reply[3], "parameters.accessKeyId"));
	rig_check(r);
	rig_free(r);
}

/* Both are at work: it changes over, and waits for the other. */
static void
test_one_person_busy(void **state)
{
	struct rig *r = rig_new(NAMELESS("n", "N"));
	struct job *first, *second;

	(void)state;
	reload(r, JOE NAMELESS("n", "N") KIM);
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "n");
	first = rig_job(r);
	rig_call(r, 3, M_CREDENTIALS, "{s:s}", "profile", "k");
	fake_advance(r->loop, 5 * USEC); /* the host's spacing */
	second = rig_job(r);
	turns_out_to_be(r, first, "CORP\\kim");
	reload(r, JOE NAMELESS("n", "N") KIM "[other]\n");
	assert_str(rig_state(r, "k"), "waiting");
	rig_fail(second, FAULT_NEEDS_USER, REASON_EXPIRED);
	fake_settle(r->loop);
	rig_check(r);
	assert_str(rig_state(r, "k"), "waiting");
	assert_null(r->reply[3]);
	rig_succeed(r, first, "NK");
	assert_str(rig_state(r, "k"), "fresh");
	assert_non_null(rig_str(r->reply[3], "parameters.accessKeyId"));
	assert_int_equal(fake_jobs_started(r->jobs), 2);
	rig_check(r);
	rig_free(r);
}

/* Between two users it is neither's, wherever in the file it stands. */
static void
test_no_user_among_two(void **state)
{
	static const char *const configs[] = { JOE NAMELESS("n", "N") KIM,
		NAMELESS("n", "N") JOE KIM, JOE KIM NAMELESS("n", "N") };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		struct rig *r = rig_new(configs[i]);

		rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "n");
		assert_null(json_object_get(rig_job(r)->job, "user"));
		rig_check(r);
		rig_free(r);
	}
}

/* One that was nameless keeps its profiles, and they their keys. */
static void
test_named_by_sign_in(void **state)
{
	struct rig *r = rig_new(JOE NAMELESS("n", "N") KIM);

	(void)state;
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "n");
	turns_out_to_be(r, rig_job(r), "CORP\\jane");
	rig_succeed(r, rig_job(r), "N");
	assert_str(rig_state(r, "n"), "fresh");
	reload(r, JOE NAMELESS("n", "N") KIM "[other]\n");
	assert_str(rig_state(r, "n"), "fresh");
	assert_int_equal(fake_jobs_started(r->jobs), 1);
	rig_check(r);
	rig_free(r);
}

#define CHAINED \
	"[profile w]\nrole_arn = " ARN( \
	    "W") "\nsource_profile = a\n" \
		 "region = us-east-1\nawsfed.deliver = file\n"

static void
assume(struct rig *r)
{
	struct job *job = rig_job(r);

	assert_str(rig_str(job->job, "profile"), "w");
	rig_credentials(r, job, "w", ARN("W"), 3600);
	fake_job_end(job, NULL);
	fake_settle(r->loop);
	assert_str(rig_state(r, "w"), "fresh");
}

/* What is left of a chain whose root is no more can be asked for and shown. */
static void
test_root_gone(void **state)
{
	struct rig *r = rig_new(ONE CHAINED);

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "w");
	rig_succeed(r, rig_job(r), "A");
	assume(r);
	fake_advance(r->loop, 1000 * USEC);
	rig_call(r, 1, M_REFRESH, "{s:[s]}", "profiles", "w");
	assume(r);
	reload(r, "[other]\n");
	fake_advance(r->loop, 3000 * USEC);
	assert_str(rig_state(r, "a"), "none");
	assert_string_not_equal(rig_state(r, "w"), "none");
	rig_call(r, 1, M_REFRESH, "{s:[s]}", "profiles", "w");
	assert_non_null(r->reply[1]);
	rig_call(r, 1, M_STATUS, NULL);
	assert_null(rig_str(r->reply[1], "error"));
	rig_check(r);
	rig_free(r);
}

/* A new role that somebody assumes already is news all the same. */
static void
test_new_role_assumed(void **state)
{
	struct rig *r = rig_new(ONE CHAINED);

	(void)state;
	json_array_append_new(r->manager->new_roles,
	    json_pack("{s:s,s:s}", "identity", "CORP\\jane @ " HOST, "roleArn",
		ARN("W")));
	rig_call(r, 1, M_STATUS, NULL);
	assert_str(
	    rig_str(r->reply[1], "parameters.newRoles.0.roleArn"), ARN("W"));
	rig_free(r);
}

/* ---- barriers --------------------------------------------------------------- */

static struct barrier *held;
static int heard;
static enum fault_kind heard_kind;

static void
hold(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	(void)s;
	(void)arg;
	if (ev == MANAGER_FLUSH) {
		barrier_hold(b);
		held = b;
	}
}

static void
on_flushed(const struct fault *fault, void *arg)
{
	(void)arg;
	heard++;
	heard_kind = fault->kind;
}

static void
test_barrier(void **state)
{
	struct rig *r = rig_new(ONE);
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	heard = 0;
	manager_flush(r->manager, on_flushed, NULL);
	assert_int_equal(heard, 0);
	fake_settle(r->loop);
	assert_int_equal(heard, 1);
	manager_subscribe(r->manager, &(struct surface){ hold, NULL });
	fault_set(&f, FAULT_CONFIG, REASON_FILE, "x");
	manager_flush(r->manager, on_flushed, NULL);
	fake_settle(r->loop);
	assert_int_equal(heard, 1);
	barrier_release(held, &f);
	assert_int_equal(heard, 1);
	fake_settle(r->loop);
	assert_int_equal(heard, 2);
	assert_int_equal(heard_kind, FAULT_CONFIG);
	/* Too late: heard by the timer, once, and then let go. */
	manager_flush(r->manager, on_flushed, NULL);
	fake_advance(r->loop, 11 * USEC);
	assert_int_equal(heard, 3);
	assert_int_equal(heard_kind, FAULT_TEMPORARY);
	barrier_release(held, NULL);
	fake_advance(r->loop, 60 * USEC);
	assert_int_equal(heard, 3);
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_reload_in_job),
		cmocka_unit_test(test_changed_kept),
		cmocka_unit_test(test_no_role),
		cmocka_unit_test(test_logout_in_job),
		cmocka_unit_test(test_cancel_keeps_renewing),
		cmocka_unit_test(test_cancel_keeps_expired),
		cmocka_unit_test(test_expired_keys),
		cmocka_unit_test(test_one_person),
		cmocka_unit_test(test_one_person_busy),
		cmocka_unit_test(test_no_user_among_two),
		cmocka_unit_test(test_named_by_sign_in),
		cmocka_unit_test(test_root_gone),
		cmocka_unit_test(test_new_role_assumed),
		cmocka_unit_test(test_barrier),
	};

	return RUN(tests);
}
