/* SPDX-License-Identifier: Apache-2.0 */
/* One session and an owner who says what he is told to. */
#include "unit.h"

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"

#include "fake.h"
#include "loop.h"
#include "session.h"

static struct loop *loop;
static struct config *config;
static struct session *s;
static enum session_want verdict;
static int asked, changes, counted;
static int64_t rest;

static enum session_want
want(struct session *session, bool attended, struct fault *fault, void *arg)
{
	(void)session;
	(void)attended;
	(void)arg;
	asked++;
	if (verdict != SESSION_WILL)
		fault_set(fault, FAULT_NEEDS_USER, REASON_EXPIRED, "no");
	return verdict;
}

static void
changed(struct session *session, bool new_creds, void *arg)
{
	(void)session;
	(void)new_creds;
	(void)arg;
	changes++;
}

static int64_t
clock_rest(struct session *session, void *arg)
{
	(void)session;
	(void)arg;
	counted++;
	return rest;
}

static double
half(void *arg)
{
	(void)arg;
	return 0.5;
}

static int
setup(void **state)
{
	static const char text[] =
	    "[profile a]\nadfs_config.adfs_host = h.example\n"
	    "adfs_config.role_arn = arn:aws:iam::000000000001:role/A\n";
	static const struct session_ops ops = { want, changed };
	struct session_env env = {
		.random = half, .clock_rest = clock_rest, .ops = &ops
	};
	struct ini *doc = ini_parse(text, strlen(text));
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	xalloc_install();
	log_set_max(LOG_CRIT);
	env.loop = loop = fake_loop_new();
	if (config_parse(doc, NULL, &config, &f) < 0)
		return -1;
	ini_free(doc);
	s = session_new(&env, config->profiles[0]);
	verdict = SESSION_WILL;
	asked = changes = counted = 0;
	rest = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	session_free(s);
	config_unref(config);
	fake_loop_free(loop);
	return 0;
}

/* Expiration is so far from now by the wall clock. */
static void
give_until(int life, int expiration)
{
	char when[RFC3339_SIZE];
	struct creds *c;
	json_t *j;

	rfc3339_format(clk_real(loop->clk) / USEC + expiration, when);
	j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "roleArn", "arn:x",
	    "accessKeyId", "ASIA", "secretAccessKey", "k", "sessionToken", "t",
	    "expiration", when, "lifetime", life);
	assert_int_equal(creds_from_json(j, loop->clk, &c), 0);
	json_decref(j);
	session_give(s, c);
}

static void
give(int life)
{
	give_until(life, life);
}

static void
is(enum session_state state)
{
	assert_string_equal(
	    session_state_name(session_state(s)), session_state_name(state));
	assert_true(session_sane(s));
}

static void
test_renewal(void **state)
{
	(void)state;
	session_set_kept(s, true);
	give(3600);
	is(SESSION_FRESH);
	fake_advance(loop, 1619 * USEC);
	assert_int_equal(asked, 0);
	fake_advance(loop, 1 * USEC);
	assert_int_equal(asked, 1);
	is(SESSION_WAITING);
	assert_non_null(session_creds(s)); /* the last good */
	give(3600);
	/* A suspend over the whole life. */
	fake_step_real(loop, 36000 * USEC);
	fake_step_boot(loop, 36000 * USEC);
	assert_null(session_creds(s));
	fake_settle(loop);
	assert_int_equal(asked, 2);
}

/* A step of the wall clock: renewed, but not more often than it may. */
static void
test_clock_set(void **state)
{
	(void)state;
	session_set_kept(s, true);
	give(3600);
	fake_step_real(loop, 3600 * USEC);
	fake_settle(loop);
	assert_int_equal(asked, 1);
	assert_int_equal(counted, 1);
	give(3600);
	rest = 300 * USEC;
	fake_step_real(loop, 3600 * USEC);
	fake_settle(loop);
	is(SESSION_FRESH);
	assert_int_equal(asked, 1);
	assert_null(session_creds(s));
	fake_advance(loop, 299 * USEC);
	assert_int_equal(asked, 1);
	fake_advance(loop, 1 * USEC);
	assert_int_equal(asked, 2);
	/* Who asks meanwhile is not put off. */
	give(3600);
	fake_step_real(loop, 3600 * USEC);
	fake_settle(loop);
	is(SESSION_FRESH);
	session_event(s, SESSION_WANTED, NULL);
	assert_int_equal(asked, 3);
	/* A renewal that is due by both clocks never asks. */
	counted = 0;
	give(3600);
	fake_advance(loop, 1620 * USEC);
	assert_int_equal(asked, 4);
	assert_int_equal(counted, 0);
}

/* Keys that came while the clock was an hour behind; it is set right. */
static void
test_clock_right(void **state)
{
	(void)state;
	session_set_kept(s, true);
	fake_step_real(loop, -3600 * USEC);
	give_until(3600, 7200);
	fake_step_real(loop, 3600 * USEC);
	fake_settle(loop);
	is(SESSION_FRESH);
	assert_int_equal(asked, 0);
	assert_int_equal(counted, 0);
	assert_non_null(session_creds(s));
	fake_advance(loop, 1619 * USEC);
	assert_int_equal(asked, 0);
	fake_advance(loop, 1 * USEC);
	assert_int_equal(asked, 1);
}

/* Nobody renews it: it is told when its keys have gone, in every state. */
static void
test_end(void **state)
{
	(void)state;
	give(3600);
	changes = 0;
	fake_advance(loop, 3600 * USEC);
	is(SESSION_IDLE);
	assert_int_equal(changes, 1);
	give(3600);
	verdict = SESSION_REFUSES;
	session_event(s, SESSION_WANTED, NULL);
	is(SESSION_NEEDS_LOGIN);
	changes = 0;
	fake_advance(loop, 3600 * USEC);
	is(SESSION_NEEDS_LOGIN);
	assert_int_equal(changes, 1);
}

/* A wall clock that went forward and back again revives nothing for ever. */
static void
test_clock_back(void **state)
{
	(void)state;
	give(3600);
	fake_step_real(loop, 7200 * USEC);
	session_event(s, SESSION_RIDE, NULL);
	session_event(s, SESSION_CANCELLED, NULL);
	fake_step_real(loop, -7200 * USEC);
	is(SESSION_IDLE);
	fake_settle(loop);
	fake_advance(loop, 3600 * USEC);
	assert_null(session_creds(s));
	is(SESSION_IDLE);
}

static int heard;

static void
on_heard(struct session *session, void *arg)
{
	(void)arg;
	heard++;
	assert_int_not_equal(session_state(session), SESSION_WAITING);
	if (arg != NULL)
		session_event(session, SESSION_ATTENDED, NULL);
}

/* One waiter sends it back to work: the next one waits on, and hears once. */
static void
test_waiters(void **state)
{
	int a;

	(void)state;
	heard = 0;
	session_event(s, SESSION_WANTED, NULL);
	session_wait(s, on_heard, &a);
	session_wait(s, on_heard, NULL);
	give(3600);
	assert_int_equal(heard, 0);
	fake_settle(loop);
	assert_int_equal(heard, 1);
	is(SESSION_WAITING);
	session_event(s, SESSION_CANCELLED, NULL);
	fake_settle(loop);
	assert_int_equal(heard, 2);
	session_wait(s, on_heard, NULL);
	session_unwait(s, NULL);
	fake_settle(loop);
	assert_int_equal(heard, 2);
}

static void
test_backoff(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	fault_set(&f, FAULT_TEMPORARY, REASON_BUSY, "x");
	for (int n = 1; n <= 3; n++) {
		asked = 0;
		session_event(
		    s, n == 1 ? SESSION_WANTED : SESSION_ATTENDED, NULL);
		session_event(s, SESSION_TEMPORARY, &f);
		is(SESSION_BACKOFF);
		session_event(s, SESSION_WANTED, NULL);
		assert_int_equal(asked, 1);
		assert_int_equal(fake_next(loop), (2 << 2 * (n - 1)) * USEC);
	}
	fake_advance(loop, 32 * USEC);
	is(SESSION_WAITING);
}

/* Keep the last good: what goes wrong takes no live keys away. */
static void
test_last_good(void **state)
{
	_cleanup_fault_ struct fault f = { 0 }, denied = { 0 };

	(void)state;
	fault_set(&f, FAULT_TEMPORARY, REASON_BUSY, "x");
	fault_set(&denied, FAULT_DENIED, REASON_REFUSED, "x");
	session_set_kept(s, true);
	give(3600);
	fake_advance(loop, 1900 * USEC);
	is(SESSION_WAITING);
	session_event(s, SESSION_TEMPORARY, &f);
	is(SESSION_BACKOFF);
	assert_non_null(session_creds(s));
	fake_advance(loop, 60 * USEC);
	is(SESSION_WAITING);
	session_event(s, SESSION_NEEDS_USER, &f);
	is(SESSION_NEEDS_LOGIN);
	assert_non_null(session_creds(s));
	session_event(s, SESSION_ATTENDED, NULL);
	session_event(s, SESSION_REFUSED, &denied);
	is(SESSION_FAILED);
	assert_non_null(session_creds(s));
	/* Their own end does. */
	fake_advance(loop, 1700 * USEC);
	assert_null(session_creds(s));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_renewal),
		T(test_clock_set),
		T(test_clock_right),
		T(test_end),
		T(test_clock_back),
		T(test_waiters),
		T(test_backoff),
		T(test_last_good),
	};

	return RUN(tests);
}
