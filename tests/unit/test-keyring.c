/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords that are kept: when they are stored, used, suspect, and what is
 * done while the keyring is locked, closed or gone.  The identity is real, the
 * worker and the keyring are fakes.
 */
#include "rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"

#include "fake-vault.h"
#include "identity.h"
#include "keyring-int.h"
#include "manager.h"
#include "session.h"

#define KEPT(where) ONE "awsfed.store_password = " where "\n"
#define HOUR (3600 * USEC)

/* ---- steps ------------------------------------------------------------------ */

/* A renewal that nobody attends: a program asks for one, or it is due. */
static struct job *
alone(struct rig *r)
{
	if (session_kept(manager_session(r->manager, "a")))
		fake_advance(r->loop, 40 * 60 * USEC);
	if (fake_jobs_running(r->jobs) == 0)
		rig_call(r, 1, M_CREDENTIALS, "{s:s,s:i}", "profile", "a",
		    "minValid", 3599);
	assert_true(
	    json_is_false(json_object_get(rig_job(r)->job, "attended")));
	return rig_job(r);
}

/* The agent does not even begin: only a person helps. */
static void
rests(struct rig *r)
{
	size_t jobs = fake_jobs_started(r->jobs);

	assert_str(rig_identity(r, 0), "needs-user");
	fake_advance(r->loop, 3 * HOUR);
	rig_call(r, 1, M_REFRESH, "{s:[s]}", "profiles", "a");
	fake_settle(r->loop);
	json_decref(rig_take(r, 1));
	assert_int_equal(fake_jobs_started(r->jobs), jobs);
}

static struct job *
attended(struct rig *r)
{
	fake_advance(r->loop, 10 * USEC);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	return rig_job(r);
}

static void
ask(struct rig *r, struct job *job)
{
	rig_ask(job, 4, Q_SECRET, QN_PASSWORD);
	fake_settle(r->loop);
}

/* A person types the password that is asked for. */
static void
type(struct rig *r, struct job *job, const char *password)
{
	json_t *q = rig_take(r, 1);

	/* It may have been told to wait before. */
	while (str_eq(rig_str(q, "parameters.step.kind"), STEP_WAIT)) {
		rig_call(r, 1, M_AWAIT, "{s:s}", "login",
		    rig_str(q, "parameters.login"));
		json_decref(q);
		q = rig_take(r, 1);
	}
	assert_non_null(rig_str(q, "parameters.step.question.id"));
	rig_call(r, 1, M_ANSWER, "{s:s,s:s,s:s}", "login",
	    rig_str(q, "parameters.login"), "question",
	    rig_str(q, "parameters.step.question.id"), "value", password);
	json_decref(q);
	assert_str(rig_str(rig_took(job, W_ANSWER), "value"), password);
}

static void
attempt(struct rig *r, struct job *job, const char *tag, const char *result)
{
	rig_attempt(job, 5, tag, "CORP\\jane");
	fake_settle(r->loop);
	rig_took(job, W_GO);
	fake_job_pack(job, "{s:s,s:s}", "type", W_OUTCOME, "result", result);
}

static void
succeed(struct rig *r, struct job *job)
{
	rig_succeed(r, job, "A");
	json_decref(rig_take(r, 1));
	rig_check(r);
}

static void
give_up(
    struct rig *r, struct job *job, enum fault_kind kind, enum reason reason)
{
	rig_fail(job, kind, reason);
	fake_settle(r->loop);
	json_decref(rig_take(r, 1));
	rig_check(r);
}

/* A person signs in with it, and it is right. */
static void
sign_in(struct rig *r, const char *password, const char *tag)
{
	struct job *job = attended(r);

	ask(r, job);
	type(r, job, password);
	attempt(r, job, tag, OUTCOME_ACCEPTED);
	succeed(r, job);
}

/* A renewal that is answered from where it is kept, with this outcome. */
static void
renew(struct rig *r, const char *password, const char *tag, bool good)
{
	struct job *job = alone(r);

	ask(r, job);
	assert_str(rig_str(rig_took(job, W_ANSWER), "value"), password);
	attempt(r, job, tag, good ? OUTCOME_ACCEPTED : OUTCOME_REJECTED);
	if (good)
		succeed(r, job);
	else
		give_up(r, job, FAULT_REJECTED, REASON_PASSWORD);
}

/* One that gets no answer: the reason that it is told. */
static void
refused(struct rig *r, const char *reason)
{
	struct job *job = alone(r);
	_cleanup_fault_ struct fault f = { 0 };
	const json_t *msg;

	ask(r, job);
	msg = rig_took(job, W_REFUSE);
	assert_str(rig_str(msg, "fault.reason"), reason);
	assert_int_equal(fault_from_json(json_object_get(msg, "fault"), &f), 0);
	fake_job_end(job, &f);
	fake_settle(r->loop);
	json_decref(rig_take(r, 1));
	rig_check(r);
}

static json_t *
kept(struct rig *r)
{
	json_t *reply, *o;

	rig_call(r, 3, M_STATUS, NULL);
	reply = rig_take(r, 3);
	o = json_incref((json_t *)(uintptr_t)rig_at(
	    reply, "parameters.identities.0.password"));
	json_decref(reply);
	return o;
}

static void
assert_kept(struct rig *r, const char *held, bool suspect, bool locked)
{
	json_t *o = kept(r);

	assert_str(rig_str(o, "held"), held);
	assert_int_equal(json_is_true(json_object_get(o, "suspect")), suspect);
	assert_int_equal(json_is_true(json_object_get(o, "locked")), locked);
	json_decref(o);
}

/* ---- the keyring ---------------------------------------------------------------- */

static void
test_stored(void **state)
{
	struct rig *r = rig_new(KEPT("keyring"));
	struct job *job;

	(void)state;
	/* A wrong one is not kept. */
	job = attended(r);
	ask(r, job);
	type(r, job, "slip");
	attempt(r, job, "000f", OUTCOME_REJECTED);
	give_up(r, job, FAULT_REJECTED, REASON_PASSWORD);
	assert_int_equal(r->vault->puts, 0);
	assert_kept(r, "none", false, false);
	/* Nor one that was right for a page that led nowhere. */
	job = attended(r);
	ask(r, job);
	type(r, job, "right");
	attempt(r, job, "0001", OUTCOME_ACCEPTED);
	give_up(r, job, FAULT_DENIED, REASON_SECOND_FACTOR);
	assert_int_equal(r->vault->puts, 0);
	sign_in(r, "right", "0001");
	assert_int_equal(r->vault->puts, 1);
	assert_str(r->vault->password.value, "right");
	assert_kept(r, "keyring", false, false);
	renew(r, "right", "0001", true);
	/* Used, not typed: the ledger knows, and nothing is stored again. */
	assert_int_equal(r->vault->puts, 1);
	assert_non_null(strstr(
	    fake_files_text(r->files, r->attempts), "\"person\": false"));
	rig_free(r);
}

static void
test_default(void **state)
{
	struct rig *r = rig_new(ONE);

	(void)state;
	sign_in(r, "right", "0001");
	fake_vault_put(r->vault, "right", false);
	refused(r, "expired");
	assert_int_equal(r->vault->puts + r->vault->gets, 0);
	rig_free(r);
}

static void
test_suspect(void **state)
{
	struct rig *r = rig_new(KEPT("keyring"));
	struct job *job;

	(void)state;
	fake_vault_put(r->vault, "old", false);
	renew(r, "old", "0001", false);
	assert_int_equal(r->vault->marks, 1);
	assert_str(r->vault->password.value, "old");
	assert_kept(r, "keyring", true, false);
	/* Not fetched again, with nobody there or with somebody. */
	rests(r);
	job = attended(r);
	ask(r, job);
	assert_int_equal(r->vault->gets, 1);
	type(r, job, "new");
	attempt(r, job, "0002", OUTCOME_ACCEPTED);
	succeed(r, job);
	/* That has replaced it. */
	assert_str(r->vault->password.value, "new");
	assert_kept(r, "keyring", false, false);
	rig_free(r);
}

/* What another agent marked needs no ledger of ours. */
static void
test_marked_elsewhere(void **state)
{
	struct rig *r = rig_new(KEPT("keyring"));

	(void)state;
	fake_vault_put(r->vault, "old", true);
	refused(r, "attempt-spent");
	assert_int_equal(r->vault->gets, 0);
	rests(r);
	rig_free(r);
}

/* Neither marked nor replaced, since the keyring was locked: still known. */
static void
test_never_twice(void **state)
{
	struct rig *r = rig_new(KEPT("keyring"));
	struct job *job;

	(void)state;
	fake_vault_put(r->vault, "old", false);
	r->vault->fails_marks = true;
	renew(r, "old", "0001", false);
	r->vault->locked = r->vault->dismisses = true;
	sign_in(r, "new", "0002");
	assert_str(r->vault->password.value, "old");
	r->vault->locked = false;
	fake_advance(r->loop, HOUR);
	job = alone(r);
	ask(r, job);
	assert_str(rig_str(rig_took(job, W_ANSWER), "value"), "old");
	rig_attempt(job, 5, "0001", "CORP\\jane");
	fake_settle(r->loop);
	assert_str(
	    rig_str(rig_took(job, W_REFUSE), "fault.reason"), "attempt-spent");
	give_up(r, job, FAULT_NEEDS_USER, REASON_LEDGER);
	rig_free(r);
}

static void
test_locked(void **state)
{
	struct rig *r = rig_new(KEPT("keyring"));
	size_t jobs;

	(void)state;
	sign_in(r, "right", "0001");
	r->vault->locked = true;
	fake_advance(r->loop, 40 * 60 * USEC); /* its own renewal */
	ask(r, rig_job(r));
	assert_str(rig_str(rig_took(rig_job(r), W_REFUSE), "fault.reason"),
	    "keyring-locked");
	give_up(r, rig_job(r), FAULT_NEEDS_USER, REASON_KEYRING);
	assert_str(rig_state(r, "a"), "needs-login");
	assert_kept(r, "keyring", false, true);
	assert_int_equal(r->vault->windows, 0);
	assert_str(r->vault->password.value, "right");
	/* It opens: the renewal goes on by itself, once. */
	jobs = fake_jobs_started(r->jobs);
	r->vault->locked = false;
	fake_vault_changed(r->vault);
	fake_settle(r->loop);
	fake_advance(r->loop, 10 * USEC);
	assert_int_equal(fake_jobs_started(r->jobs), jobs + 1);
	ask(r, rig_job(r));
	assert_str(rig_str(rig_took(rig_job(r), W_ANSWER), "value"), "right");
	attempt(r, rig_job(r), "0001", OUTCOME_ACCEPTED);
	succeed(r, rig_job(r));
	assert_str(rig_state(r, "a"), "fresh");
	fake_vault_changed(r->vault);
	fake_settle(r->loop);
	assert_int_equal(fake_jobs_running(r->jobs), 0);
	rig_free(r);
}

static void
test_window(void **state)
{
	struct rig *r = rig_new(KEPT("keyring"));
	struct job *job;

	(void)state;
	fake_vault_put(r->vault, "right", false);
	r->vault->locked = r->vault->dismisses = true;
	job = attended(r);
	ask(r, job);
	assert_int_equal(r->vault->windows, 1);
	type(r, job, "right");
	attempt(r, job, "0001", OUTCOME_ACCEPTED);
	succeed(r, job);
	/* Closed once: not opened again, also to store what was typed. */
	assert_int_equal(r->vault->windows, 1);
	assert_int_equal(r->vault->puts, 0);
	/* The next login is a person who acts. */
	r->vault->dismisses = false;
	job = attended(r);
	ask(r, job);
	assert_int_equal(r->vault->windows, 2);
	assert_str(rig_str(rig_took(job, W_ANSWER), "value"), "right");
	attempt(r, job, "0001", OUTCOME_ACCEPTED);
	succeed(r, job);
	rig_free(r);
}

static void
test_absent(void **state)
{
	struct rig *r = rig_new(KEPT("keyring"));
	struct job *job;
	json_t *o;

	(void)state;
	r->vault->absent = true;
	refused(r, "expired");
	sign_in(r, "right", "0001");
	o = kept(r);
	assert_true(json_is_true(json_object_get(o, "unavailable")));
	json_decref(o);
	/* It says nothing, and the worker dies meanwhile. */
	r->vault->absent = false;
	r->vault->hold = true;
	job = alone(r);
	ask(r, job);
	assert_true(r->vault->open > 0);
	assert_null(fake_job_took(job));
	give_up(r, job, FAULT_TEMPORARY, REASON_WORKER);
	while (fake_vault_answer(r->vault))
		;
	assert_int_equal(r->vault->gets, 0);
	/* The agent ends while it is asked: nobody is called. */
	fake_advance(r->loop, HOUR);
	if (fake_jobs_running(r->jobs) == 0)
		(void)attended(r);
	ask(r, rig_job(r));
	assert_true(r->vault->open > 0);
	rig_free(r);
}

static void
test_too_soon(void **state)
{
	struct rig *r = rig_new(KEPT("keyring"));
	struct job *job;

	(void)state;
	fake_vault_put(r->vault, "right", false);
	renew(r, "right", "0001", true);
	fake_advance(r->loop, 30 * USEC);
	rig_call(r, 1, M_REFRESH, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	ask(r, job);
	assert_str(rig_str(rig_took(job, W_REFUSE), "fault.kind"), "temporary");
	assert_int_equal(r->vault->gets, 1);
	give_up(r, job, FAULT_TEMPORARY, REASON_LEDGER);
	rig_free(r);
}

static void
test_factor(void **state)
{
	struct rig *r = rig_new(KEPT("keyring"));
	struct job *job = attended(r);

	(void)state;
	ask(r, job);
	type(r, job, "right");
	attempt(r, job, "0001", OUTCOME_ACCEPTED);
	fake_job_pack(job, "{s:s,s:s,s:s}", "type", W_FACTOR, "method", "X",
	    "product", "a telephone");
	succeed(r, job);
	refused(r, "expired");
	assert_int_equal(r->vault->gets, 0);
	rig_free(r);
}

static void
test_totp(void **state)
{
	struct rig *r = rig_new(ONE "awsfed.totp = keyring\n");
	struct job *job = attended(r);

	(void)state;
	assert_true(json_is_true(json_object_get(job->job, "totp")));
	rig_ask(job, 4, Q_SECRET, QN_TOTP);
	fake_settle(r->loop);
	rig_took(job, W_REFUSE);
	r->vault->totp.value = xstrdup("GEZDGNBVGY3TQOJQ");
	rig_ask(job, 5, Q_SECRET, QN_TOTP);
	fake_settle(r->loop);
	assert_str(
	    rig_str(rig_took(job, W_ANSWER), "value"), "GEZDGNBVGY3TQOJQ");
	give_up(r, job, FAULT_NEEDS_USER, REASON_EXPIRED);
	rig_free(r);
}

/* ---- memory and credentials ------------------------------------------------------- */

static void
test_memory(void **state)
{
	struct rig *r = rig_new(KEPT("memory"));

	(void)state;
	sign_in(r, "right", "0001");
	assert_kept(r, "memory", false, false);
	renew(r, "right", "0001", true);
	rig_call(r, 2, M_LOGOUT, "{s:[s]}", "profiles", "a");
	fake_settle(r->loop);
	assert_kept(r, "none", false, false);
	assert_int_equal(r->vault->gets + r->vault->puts, 0);
	rig_free(r);
}

static void
test_credential(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *want;
	} all[] = {
		{ "right\n", 0400, "right" },
		{ "right", 0600, "right" },
		{ "right\n", 0640, NULL },
		{ "two\nlines\n", 0400, NULL },
		{ "", 0400, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct rig *r = rig_new(KEPT("credential"));
		_cleanup_free_ char *path = xasprintf(
		    "%s/awsfed.password.corp-jane@adfs.example.com", r->dir);
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

		assert_true(fd >= 0);
		assert_int_equal(write(fd, all[i].text, strlen(all[i].text)),
		    strlen(all[i].text));
		assert_int_equal(fchmod(fd, all[i].mode), 0);
		close(fd);
		if (all[i].want == NULL) {
			refused(r, "expired");
		} else {
			renew(r, all[i].want, "0001", false);
			assert_kept(r, "credential", true, false);
			rests(r);
			/* Another one works: that of the file is old. */
			sign_in(r, "new", "0002");
			assert_kept(r, "credential", true, false);
		}
		unlink(path);
		rig_free(r);
	}
}

/* ---- forgetting ---------------------------------------------------------------------- */

static json_t *
forget(struct rig *r)
{
	rig_call(r, 2, M_FORGET, "{s:b}", "all", 1);
	fake_settle(r->loop);
	return rig_take(r, 2);
}

static void
test_forget(void **state)
{
	struct rig *r = rig_new(KEPT("keyring"));
	json_t *o;

	(void)state;
	sign_in(r, "right", "0001");
	r->vault->locked = r->vault->dismisses = true;
	o = forget(r);
	assert_str(rig_str(o, "parameters.passwords.0.fault.reason"),
	    "keyring-locked");
	assert_str(r->vault->password.value, "right");
	json_decref(o);
	r->vault->locked = false;
	o = forget(r);
	assert_true(json_is_true(rig_at(o, "parameters.passwords.0.removed")));
	assert_null(r->vault->password.value);
	json_decref(o);
	o = forget(r);
	assert_true(json_is_false(rig_at(o, "parameters.passwords.0.removed")));
	json_decref(o);
	assert_kept(r, "none", false, false);
	/* One at a time; the agent ends while it waits. */
	r->vault->hold = true;
	rig_call(r, 2, M_FORGET, "{s:[s]}", "profiles", "a");
	rig_call(r, 4, M_FORGET, "{s:[s]}", "profiles", "a");
	o = rig_take(r, 4);
	assert_str(rig_str(o, "error"), E_BUSY);
	json_decref(o);
	rig_free(r);
}

/* ---- any order ------------------------------------------------------------------------- */

struct whirl {
	struct keyring *k;
	struct fake_vault *vault;
	bool waiting, good, given;
	unsigned got, opened;
};

static void
on_any_change(void *arg)
{
	(void)arg;
}

static void
on_opened(void *arg)
{
	((struct whirl *)arg)->opened++;
}

static void
on_secret(struct secret *s, void *arg)
{
	struct whirl *w = arg;

	assert_true(w->waiting);
	w->waiting = false;
	w->got += s != NULL;
	secret_free(s);
}

static void
on_kept(const char *sentence, bool well, void *arg)
{
	(void)arg;
	(void)well;
	assert_non_null(sentence);
}

static void
on_gone(const char *user, const char *host, const struct fault *fault,
    enum keyring_gone gone, void *arg)
{
	(void)user;
	(void)host;
	(void)fault;
	(void)gone;
	(void)arg;
}

static void
whirl(struct whirl *w, enum store_password where)
{
	struct fake_vault *v = w->vault;
	bool attended = rand() % 2;

	switch (rand() % 14) {
	case 0:
		v->locked = !v->locked;
		fake_vault_changed(v);
		break;
	case 1:
		v->absent = rand() % 4 == 0;
		v->dismisses = rand() % 2;
		v->fails_marks = rand() % 4 == 0;
		break;
	case 2:
		v->hold = rand() % 2;
		break;
	case 3:
	case 4:
	case 5:
		if (w->waiting)
			break;
		w->waiting = true;
		keyring_get(w->k, KEYRING_PASSWORD, where, NULL, attended,
		    on_secret, w);
		break;
	case 6:
		keyring_cancel(w->k);
		w->waiting = false;
		break;
	case 7:
		keyring_refused(w->k);
		break;
	case 8:
		keyring_keep(w->k, secret_new("pw", 2), attended, on_kept, w);
		break;
	case 9:
		keyring_wipe(w->k);
		break;
	case 10:
		keyring_forget(w->k, on_gone, w);
		break;
	case 11:
		if (rand() % 20 == 0)
			keyring_use(w->k, where, "host",
			    rand() % 2 ? "Jane" : "CORP\\joe");
		break;
	case 12:
		keyring_attend(w->k);
		break;
	default:
		(void)fake_vault_answer(v);
		break;
	}
}

static void
test_any_order(void **state)
{
	static const enum store_password places[] = { STORE_KEYRING,
		STORE_MEMORY, STORE_CREDENTIAL, STORE_NO };

	(void)state;
	srand(1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct loop *loop = fake_loop_new();
		struct whirl w = { .vault = fake_vault_new(loop) };

		w.k = keyring_new(&(struct keyring_env){
		    .loop = loop,
		    .vault = &w.vault->vault,
		    .changed = on_any_change,
		    .opened = on_opened,
		    .arg = &w,
		});
		keyring_use(w.k, places[i], "host", "Jane");
		for (unsigned n = 0; n < 30000; n++) {
			whirl(&w, places[i]);
			if (rand() % 3 == 0)
				fake_settle(loop);
			assert_true(keyring_sane(w.k));
			assert_int_equal(w.waiting, w.k->fn != NULL);
			/* One fetch, one change, one look; no more. */
			assert_true(w.vault->open <= 3);
			json_decref(keyring_status(w.k));
		}
		if (places[i] == STORE_KEYRING)
			assert_true(w.got > 100 && w.opened > 10);
		keyring_free(w.k);
		fake_vault_free(w.vault);
		fake_loop_free(loop);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stored),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_suspect),
		cmocka_unit_test(test_marked_elsewhere),
		cmocka_unit_test(test_never_twice),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_too_soon),
		cmocka_unit_test(test_factor),
		cmocka_unit_test(test_totp),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_credential),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
