/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A month of renewals in compressed time: the agent's engine and surfaces on
 * the fakes (tests/unit/rig.h), with outages, roles that are refused, sign-ins
 * that end, logouts, reloads and clients among them.
 *
 *   soak DAYS IDENTITIES
 *
 * Each midnight, when nothing is at work, it counts what there is: timers,
 * armed ones, profiles, identities, jobs, questions, descriptors, heap.  One
 * line of JSON a day; soak.py compares the days.
 */
#undef NDEBUG
#include "rig.h"

#include <assert.h>
#include <dirent.h>
#include <malloc.h>

#include "awsfed/config.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "identity.h"
#include "manager-int.h"
#include "session.h"

#define ROLES 10
#define HOUR (3600 * USEC)
#define MONITOR 11 /* the connection that watches all the time */

static struct rig *rig;
static unsigned identities;
static unsigned long signins, redeemed, refused, failed, logins, requests;
static unsigned long changes, dice;
static bool outage;

static unsigned
draw(unsigned below)
{
	dice = dice * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(dice >> 33) % below;
}

/* One more profile on odd days; else always the same. */
static void
configure(bool more)
{
	_cleanup_free_ char *text = xstrdup("");

	for (unsigned i = 0; i < identities; i++)
		for (unsigned k = 0; k < ROLES + (more && i == 0 ? 1u : 0); k++)
			xreplace(&text,
			    xasprintf(
				"%s" PROFILE("p%02u-%u", "adfs%02u.example.com",
				    "CORP\\jane", "%c"),
				text, i, k, i, 'A' + (int)k));
	rig_config(rig, text);
}

/* A worker that is signed in by its cookies, mostly. */
static void
serve(struct job *job)
{
	const json_t *msg, *one, *list = NULL;
	size_t i;

	if (outage || draw(50) == 0) {
		failed++;
		rig_fail(job, FAULT_TEMPORARY, REASON_OFFLINE);
		return;
	}
	if (!json_is_true(json_object_get(job->job, "attended")) &&
	    draw(200) == 0) {
		failed++;
		rig_fail(job, FAULT_NEEDS_USER, REASON_EXPIRED);
		return;
	}
	fake_job_pack(
	    job, "{s:s,s:[s]}", "type", W_COOKIES, "cookies", "a line");
	rig_assertion(job, 7, "ABCDEFGHIJK");
	while ((msg = fake_job_took(job)) != NULL)
		if (str_eq(rig_str(msg, "type"), W_REDEEM))
			list = json_object_get(msg, "roles");
	signins++;
	json_array_foreach (list, i, one) {
		if (draw(500) == 0) {
			_cleanup_fault_ struct fault f = { 0 };

			refused++;
			fault_set(
			    &f, FAULT_TEMPORARY, REASON_BUSY, "It is busy.");
			fake_job_say(job,
			    json_pack("{s:s,s:s,s:o}", "type", W_FAULT,
				"profile", rig_str(one, "profile"), "fault",
				fault_to_json(&f)));
			continue;
		}
		redeemed++;
		rig_credentials(rig, job, rig_str(one, "profile"),
		    rig_str(one, "roleArn"), 3600);
	}
	fake_job_end(job, NULL);
}

/* Until no worker is at work. */
static void
settle(void)
{
	struct job *job;

	fake_settle(rig->loop);
	while (fake_jobs_running(rig->jobs) > 0) {
		for (size_t i = 0; (job = fake_job(rig->jobs, i)) != NULL; i++)
			if (job->running)
				serve(job);
		fake_settle(rig->loop);
		fake_jobs_forget(rig->jobs);
	}
	fake_jobs_forget(rig->jobs);
}

static void
hear(void)
{
	json_t *part;

	while ((part = rig_next(rig, MONITOR)) != NULL)
		json_decref(part);
	for (unsigned conn = 0; conn < MONITOR; conn++)
		json_decref(rig_take(rig, conn));
}

/* A login to its end; what it needs comes from serve(). */
static void
log_in(json_t *params)
{
	json_t *reply;

	logins++;
	rig_call_json(rig, 0, M_LOGIN, params);
	for (int i = 0; i < 200; i++) {
		_cleanup_free_ char *id = NULL;

		settle();
		if (rig->busy[0]) {
			fake_advance(rig->loop, USEC);
			continue;
		}
		reply = rig_take(rig, 0);
		assert(reply != NULL && rig_str(reply, "error") == NULL);
		if (str_eq(rig_str(reply, "parameters.step.kind"), STEP_DONE)) {
			json_decref(reply);
			return;
		}
		id = xstrdup(rig_str(reply, "parameters.login"));
		json_decref(reply);
		rig_call_json(rig, 0, M_AWAIT, json_pack("{s:s}", "login", id));
	}
	fail_msg("a login has no end");
}

/* The person signs in where nothing goes on without them. */
static void
person(void)
{
	struct identity *id;

	for (size_t i = 0; (id = manager_identity_at(rig->manager, i)) != NULL;
	     i++)
		if (identity_state(id) == IDENTITY_NEEDS_USER ||
		    identity_state(id) == IDENTITY_SIGNED_OUT) {
			log_in(json_pack("{s:b}", "all", 1));
			return;
		}
}

static void
programs(void)
{
	for (unsigned conn = 1; conn < 6; conn++) {
		char name[16];

		if (rig->busy[conn])
			continue;
		snprintf(name, sizeof(name), "p%02u-%u", draw(identities),
		    draw(ROLES));
		requests++;
		rig_call(rig, conn, conn == 1 ? M_STATUS : M_CREDENTIALS,
		    conn == 1 ? NULL : "{s:s}", "profile", name);
		if (draw(20) == 0)
			rig_close(rig, conn);
	}
}

/* Lets time pass from one timer to the next. */
static void
pass(int64_t us)
{
	while (us > 0) {
		int64_t next = fake_next(rig->loop), step = 10 * 60 * USEC;

		if (next >= 0 && next < step)
			step = next > 0 ? next : 1;
		if (step > us)
			step = us;
		fake_advance(rig->loop, step);
		settle();
		hear();
		us -= step;
	}
}

static void
day(unsigned n)
{
	char who[16];

	for (int hour = 0; hour < 24; hour++) {
		outage = hour == 10 && n % 2 == 1;
		pass(HOUR);
		if (hour == 12) {
			snprintf(who, sizeof(who), "p%02u-0", n % identities);
			rig_call(rig, 7, M_LOGOUT, "{s:[s]}", "profiles", who);
		}
		if (hour == 6 || hour == 18) {
			changes++;
			configure(hour == 6);
			rig_call(rig, 8, M_RELOAD, NULL);
		}
		if (hour == 20)
			manager_wake(rig->manager, WAKE_NETWORK);
		outage = false;
		programs();
		settle();
		if (hour >= 8)
			person();
		if (hour == 22)
			log_in(json_pack("{s:b,s:b}", "all", 1, "force", 1));
		hear();
	}
	/* The same state each midnight: all keys are new. */
	log_in(json_pack("{s:b,s:b}", "all", 1, "force", 1));
	pass(60 * USEC);
	rig_check(rig);
}

static unsigned
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
count(unsigned n)
{
	struct mallinfo2 heap;
	size_t live = 0;
	struct session *s;

	malloc_trim(0);
	heap = mallinfo2();
	for (size_t i = 0; (s = manager_session_at(rig->manager, i)) != NULL;
	     i++)
		live += session_creds(s) != NULL;
	printf("{\"day\":%u,\"timers\":%zu,\"armed\":%zu,\"profiles\":%zu,"
	       "\"live\":%zu,\"identities\":%zu,\"jobs\":%zu,\"files\":%zu,"
	       "\"descriptors\":%u,\"heap\":%zu,\"mapped\":%zu,"
	       "\"signins\":%lu,\"redeemed\":%lu,\"refused\":%lu,"
	       "\"failed\":%lu,\"logins\":%lu,\"requests\":%lu,"
	       "\"reloads\":%lu,\"written\":%zu}\n",
	    n, fake_timers(rig->loop), fake_armed(rig->loop),
	    rig->manager->nmembers, live, rig->manager->nidentities,
	    fake_jobs_running(rig->jobs), fake_files_queued(rig->files),
	    descriptors(), heap.uordblks, heap.hblkhd, signins, redeemed,
	    refused, failed, logins, requests, changes,
	    fake_files_written(rig->files, rig->credentials));
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	unsigned days = argc > 2 ? (unsigned)atoi(argv[1]) : 4;

	identities = argc > 2 ? (unsigned)atoi(argv[2]) : 2;
	rig = rig_new(ONE);
	rig_settings(rig, "[awsfed]\nspacing = 0\nspread = 0\n");
	rig->keys = 100000000; /* ids of one length */
	configure(false);
	rig_call(rig, 8, M_RELOAD, NULL);
	rig_stream(rig, MONITOR, M_MONITOR, NULL);
	log_in(json_pack("{s:b}", "all", 1));
	for (unsigned n = 1; n <= days; n++) {
		day(n);
		count(n);
	}
	rig_close(rig, MONITOR);
	hear();
	rig_free(rig);
	return 0;
}
