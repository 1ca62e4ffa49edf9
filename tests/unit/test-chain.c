/* SPDX-License-Identifier: Apache-2.0 */
/* Chained sessions: who is assumed when, from what, and what a failure does. */
#include "rig.h"

#include "awsfed/proto.h"
#include "awsfed/str.h"

#include "chain.h"
#include "manager.h"
#include "session.h"

#define CHAINED(name, role, source, more) \
	"[profile " name \
	"]\nrole_arn = " ARN(role) "\n" \
				   "source_profile = " source \
				   "\nregion = us-east-1\n" more
#define FILE_TWIN "awsfed.deliver = file\n"
#define HOPS \
	ONE CHAINED("b", "B", "a", "") CHAINED("c", "C", "b", \
	    FILE_TWIN "external_id = x-1\nduration_seconds = 7200\n" \
		      "awsfed.session_tags = k=v,w=\n" \
		      "awsfed.source_identity = jane\n")

/* Ends an assume job with keys of their own. */
static void
assumed(struct rig *r, struct job *job, int life)
{
	static unsigned serial;
	char when[RFC3339_SIZE], id[32];

	assert_string_equal(rig_str(job->job, "job"), JOB_ASSUME);
	rfc3339_format(clk_real(r->loop->clk) / USEC + life, when);
	snprintf(id, sizeof(id), "ASIA%u", ++serial);
	fake_job_pack(job, "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i}", "type",
	    W_CREDENTIALS, "profile", rig_str(job->job, "profile"), "roleArn",
	    rig_str(job->job, "roleArn"), "accessKeyId", id, "secretAccessKey",
	    "secret", "sessionToken", "token", "expiration", when, "lifetime",
	    life);
	fake_job_end(job, NULL);
	fake_settle(r->loop);
	rig_check(r);
}

/* Signs a in, then assumes what was asked for, one after another. */
static void
login(struct rig *r, const char *profile, const char *order)
{
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", profile);
	rig_succeed(r, rig_job(r), "A");
	for (; *order != '\0'; order++) {
		struct job *job = rig_job(r);
		char name[2] = { *order, '\0' };

		assert_string_equal(rig_str(job->job, "profile"), name);
		assumed(r, job, 3600);
	}
	assert_str(rig_state(r, profile), "fresh");
}

static void
test_hops(void **state)
{
	struct rig *r = rig_new(HOPS);
	const json_t *job;
	const char *text;

	(void)state;
	login(r, "c", "bc");
	job = fake_job_last(r->jobs)->job;
	assert_str(rig_str(job, "externalId"), "x-1");
	assert_str(rig_str(job, "sourceIdentity"), "jane");
	assert_str(rig_str(job, "tags.k"), "v");
	assert_str(rig_str(job, "tags.w"), "");
	assert_str(rig_str(job, "sessionName"), "awsfed");
	assert_int_equal(
	    json_integer_value(json_object_get(job, "duration")), 3600);
	/* Signed with the hop's keys, not with the root's. */
	assert_string_not_equal(
	    rig_str(job, "source.accessKeyId"), "ASIAEXAMPLE");
	fake_advance(r->loop, USEC);
	text = fake_files_text(r->files, r->credentials);
	assert_non_null(strstr(text, "[c.live]"));
	assert_null(strstr(text, "[b"));
	assert_null(strstr(text, "[c]"));
	assert_ptr_equal(manager_session(r->manager, "c.live"),
	    manager_session(r->manager, "c"));
	rig_free(r);
}

/* Renewed from the live source; the source's renewal expires nothing. */
static void
test_renewal(void **state)
{
	struct rig *r = rig_new(ONE CHAINED("b", "B", "a", FILE_TWIN));
	size_t jobs;

	(void)state;
	login(r, "b", "b");
	jobs = fake_jobs_started(r->jobs);
	fake_advance(r->loop, 2000 * USEC);
	assert_true(fake_jobs_started(r->jobs) > jobs);
	/* The sign-in ends; its keys live on, and serve. */
	for (size_t i = 0; fake_job(r->jobs, i) != NULL; i++) {
		struct job *job = fake_job(r->jobs, i);

		if (!job->running)
			continue;
		if (str_eq(rig_str(job->job, "job"), JOB_SIGNIN))
			rig_fail(job, FAULT_NEEDS_USER, REASON_EXPIRED);
		else
			assumed(r, job, 3600);
	}
	fake_settle(r->loop);
	assert_str(rig_state(r, "a"), "needs-login");
	assert_str(rig_state(r, "b"), "fresh");
	rig_check(r);
	/* Now the source's keys end as well: it waits, with its own. */
	fake_advance(r->loop, 2500 * USEC);
	assert_str(rig_state(r, "b"), "needs-login");
	assert_non_null(session_creds(manager_session(r->manager, "b")));
	/* The source comes back, and with it what hangs below. */
	rig_call(r, 2, M_LOGIN, "{s:[s]}", "profiles", "a");
	rig_succeed(r, rig_job(r), "A");
	assumed(r, rig_job(r), 3600);
	assert_str(rig_state(r, "b"), "fresh");
	rig_free(r);
}

/* A hop that nobody keeps is assumed again for the sake of what is below. */
static void
test_hop_again(void **state)
{
	struct rig *r = rig_new(HOPS);

	(void)state;
	login(r, "c", "bc");
	fake_advance(r->loop, 1900 * USEC);
	while (fake_jobs_running(r->jobs) > 0) {
		for (size_t i = 0; fake_job(r->jobs, i) != NULL; i++)
			if (fake_job(r->jobs, i)->running)
				rig_fail(fake_job(r->jobs, i), FAULT_NEEDS_USER,
				    REASON_EXPIRED);
		fake_settle(r->loop);
	}
	fake_advance(r->loop, 7200 * USEC);
	rig_check(r);
	rig_call(r, 2, M_LOGIN, "{s:[s]}", "profiles", "c");
	rig_succeed(r, rig_job(r), "A");
	assert_str(rig_str(rig_job(r)->job, "profile"), "b");
	assumed(r, rig_job(r), 3600);
	assert_str(rig_str(rig_job(r)->job, "profile"), "c");
	assumed(r, rig_job(r), 3600);
	assert_str(rig_state(r, "c"), "fresh");
	rig_free(r);
}

#define MANY \
	CHAINED("b", "B", "a", FILE_TWIN) \
	CHAINED("c", "C", "a", FILE_TWIN) \
	CHAINED("d", "D", "a", FILE_TWIN) \
	CHAINED("e", "E", "a", FILE_TWIN) \
	CHAINED("f", "F", "a", FILE_TWIN) CHAINED("g", "G", "a", FILE_TWIN)

static void
test_parallel(void **state)
{
	struct rig *r = rig_new(ONE MANY);
	size_t done = 0;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s],s:b}", "profiles", "a", "all", true);
	rig_succeed(r, rig_job(r), "A");
	assert_int_equal(fake_jobs_running(r->jobs), CHAIN_JOBS_MAX);
	/* One is refused, the others do not care; then the rest. */
	rig_fail(fake_job_last(r->jobs), FAULT_DENIED, REASON_REFUSED);
	fake_settle(r->loop);
	while (fake_jobs_running(r->jobs) > 0) {
		assert_true(fake_jobs_running(r->jobs) <= CHAIN_JOBS_MAX);
		for (size_t i = 0; fake_job(r->jobs, i) != NULL; i++)
			if (fake_job(r->jobs, i)->running)
				assumed(r, fake_job(r->jobs, i), 3600);
	}
	for (const char *p = "bcdefg"; *p != '\0'; p++)
		done += str_eq(rig_state(r, (char[]){ *p, '\0' }), "fresh");
	assert_int_equal(done, 5);
	assert_str(rig_state(r, "e"), "failed");
	rig_free(r);
}

/* AWS does not take the source's keys: they are renewed, but only old ones. */
static void
test_refused_source(void **state)
{
	struct rig *r = rig_new(ONE CHAINED("b", "B", "a", FILE_TWIN));
	size_t jobs;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "b");
	rig_succeed(r, rig_job(r), "A");
	jobs = fake_jobs_started(r->jobs);
	rig_fail(rig_job(r), FAULT_TEMPORARY, REASON_EXPIRED);
	fake_settle(r->loop);
	assert_str(rig_state(r, "b"), "backoff");
	assert_str(rig_state(r, "a"), "fresh");
	assert_int_equal(fake_jobs_started(r->jobs), jobs);
	/* It tries by itself; by then the keys are old enough. */
	for (unsigned i = 0; i < 50; i++) {
		struct job *job = fake_job_last(r->jobs);

		if (job->running &&
		    str_eq(rig_str(job->job, "job"), JOB_SIGNIN))
			break;
		if (job->running)
			rig_fail(job, FAULT_TEMPORARY, REASON_EXPIRED);
		fake_advance(r->loop, 30 * USEC);
	}
	assert_str(rig_str(rig_job(r)->job, "job"), JOB_SIGNIN);
	assert_true(fake_jobs_started(r->jobs) < jobs + 30);
	rig_check(r);
	rig_free(r);
}

static void
test_dropped(void **state)
{
	struct rig *r = rig_new(ONE CHAINED("b", "B", "a", FILE_TWIN));
	struct job *job;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "b");
	rig_succeed(r, rig_job(r), "A");
	job = rig_job(r);
	/* The source's logout takes it along, with its job. */
	rig_call(r, 2, M_LOGOUT, "{s:[s]}", "profiles", "a");
	fake_settle(r->loop);
	assert_true(job->cancelled);
	assert_str(rig_state(r, "b"), "idle");
	rig_check(r);
	/* A login whose client leaves ends its job, too. */
	rig_call(r, 3, M_LOGIN, "{s:[s]}", "profiles", "b");
	fake_advance(r->loop, 10 * USEC); /* the spacing of sign-ins */
	rig_succeed(r, rig_job(r), "A");
	job = rig_job(r);
	rig_close(r, 3);
	fake_settle(r->loop);
	assert_true(job->cancelled);
	rig_check(r);
	rig_free(r);
}

/* A role of another partition is named, not asked for. */
static void
test_partition(void **state)
{
	struct rig *r = rig_new(
	    ONE "[profile b]\nrole_arn = arn:aws-cn:iam::000000000001:role/B\n"
		"source_profile = a\n" FILE_TWIN);
	struct session *s = manager_session(r->manager, "b");

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "b");
	rig_succeed(r, rig_job(r), "A");
	assert_int_equal(fake_jobs_running(r->jobs), 0);
	assert_non_null(strstr(session_fault(s)->text, "partition"));
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hops),
		cmocka_unit_test(test_renewal),
		cmocka_unit_test(test_hop_again),
		cmocka_unit_test(test_parallel),
		cmocka_unit_test(test_refused_source),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_partition),
	};

	return RUN(tests);
}
