/* SPDX-License-Identifier: Apache-2.0 */
/* Human time: who is told what, when, and how seldom. */
#include "rig.h"

#include <stdlib.h>
#include <time.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"

#include "attention.h"
#include "identity.h"
#include "manager.h"

#define MINUTE (60 * USEC)
#define HOUR (3600 * USEC)

/* ---- the rule ---------------------------------------------------------------- */

static int64_t
at(const char *when)
{
	int64_t t = 0;

	assert_true(when == NULL || rfc3339_parse(when, &t) == 0);
	return t;
}

static void
test_rule(void **state)
{
	static const struct hours night = { 1320, 420 };
	static const struct {
		const char *now;
		bool off, away;
		const char *quit, *snooze;
		enum attention_hold hold;
		const char *until;
	} cases[] = {
		{ "2026-11-18T11:00:00Z", false, false, NULL, NULL, HOLD_NONE,
		    NULL },
		{ "2026-11-18T11:00:00Z", true, false, NULL, NULL, HOLD_OFF,
		    NULL },
		{ "2026-11-18T11:00:00Z", false, true, NULL, NULL, HOLD_AWAY,
		    NULL },
		{ "2026-11-18T23:00:00Z", false, false, NULL, NULL, HOLD_NIGHT,
		    "2026-11-19T07:00:00Z" },
		/* Not even to one who is there. */
		{ "2026-11-19T03:00:00Z", false, true, NULL, NULL, HOLD_NIGHT,
		    "2026-11-19T07:00:00Z" },
		{ "2026-11-18T11:00:00Z", false, false, NULL,
		    "2026-11-18T11:30:00Z", HOLD_SNOOZED,
		    "2026-11-18T11:30:00Z" },
		{ "2026-11-18T11:30:00Z", false, false, NULL,
		    "2026-11-18T11:30:00Z", HOLD_NONE, NULL },
		{ "2026-11-18T18:00:00Z", false, false, "2026-11-19T06:00:00Z",
		    "2026-11-18T18:30:00Z", HOLD_QUIT, "2026-11-19T06:00:00Z" },
		/* Morning has come, and the night is not over yet. */
		{ "2026-11-19T06:00:00Z", false, false, "2026-11-19T06:00:00Z",
		    NULL, HOLD_NIGHT, "2026-11-19T07:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct attention_rule rule = { cases[i].off,
			cases[i].away, night, at(cases[i].quit),
			at(cases[i].snooze) };
		int64_t until = -1;

		assert_int_equal(
		    attention_held(&rule, at(cases[i].now), &until),
		    cases[i].hold);
		assert_int_equal(until, at(cases[i].until));
	}
}

/* ---- a desk that shows needs ---------------------------------------------------- */

static struct {
	struct attention *attention;
	unsigned told, withdrawn;
	bool shown, deaf;
	size_t profiles, live;
	int64_t valid_until;
	bool used, can_sign_in;
	char profile[64];
} desk;

static bool
on_tell(const struct need *n, void *arg)
{
	(void)arg;
	if (desk.deaf)
		return false;
	assert_false(desk.shown);
	desk.shown = true;
	desk.told++;
	desk.profiles = n->profiles;
	desk.live = n->live;
	desk.valid_until = n->valid_until;
	desk.used = n->used;
	desk.can_sign_in = n->can_sign_in;
	snprintf(desk.profile, sizeof(desk.profile), "%s", n->profile);
	return true;
}

static void
on_withdraw(struct identity *id, void *arg)
{
	(void)id;
	(void)arg;
	assert_true(desk.shown);
	desk.shown = false;
	desk.withdrawn++;
}

static const struct attention_ops ops = { on_tell, on_withdraw };

static void
end(struct rig *r)
{
	(void)r;
	attention_free(desk.attention);
	desk.attention = NULL;
}

static struct rig *
start(const char *config)
{
	struct rig *r;

	setenv("TZ", "UTC", 1);
	tzset();
	r = rig_new(config);
	memset(&desk, 0, sizeof(desk));
	desk.attention = attention_new(r->manager);
	attention_surface(desk.attention, &ops, NULL);
	r->done = end;
	fake_advance(r->loop, USEC);
	return r;
}

static struct identity *
first(struct rig *r)
{
	return manager_identity_at(r->manager, 0);
}

static void
sign_in(struct rig *r, const char *profile, const char *roles)
{
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", profile);
	rig_succeed(r, rig_job(r), roles);
	assert_str(rig_state(r, profile), "fresh");
	json_decref(rig_take(r, 1));
	fake_advance(r->loop, USEC);
}

/* Lets the keys come of age; the cookies do not carry any more. */
static void
sign_in_ends(struct rig *r)
{
	size_t before = fake_jobs_started(r->jobs);

	while (fake_jobs_started(r->jobs) == before)
		fake_advance(r->loop, MINUTE);
	rig_fail(rig_job(r), FAULT_NEEDS_USER, REASON_EXPIRED);
	fake_advance(r->loop, USEC);
	assert_str(rig_identity(r, 0), "needs-user");
}

/* Moves the wall clock on to that hour of the day, without a timer's help. */
static void
clock_at(struct rig *r, int hour)
{
	int64_t day = 24 * HOUR, now = clk_real(r->loop->clk) % day;

	fake_step_real(r->loop, (hour * HOUR - now + day) % day);
	fake_step_boot(r->loop, 1);
}

static const char *
need(struct rig *r, json_t **keep, const char *path)
{
	_cleanup_free_ char *full = xasprintf("need.%s", path);
	json_t *list;

	json_decref(*keep);
	*keep = manager_status(r->manager, NULL);
	list = json_object_get(*keep, "identities");
	return rig_str(json_array_get(list, 0), full);
}

static void
test_once(void **state)
{
	struct rig *r = start(TWO);
	int64_t until;
	json_t *s = NULL;

	(void)state;
	sign_in(r, "a", "AB");
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "b");
	fake_advance(r->loop, 10 * USEC);
	rig_succeed(r, rig_job(r), "AB");
	json_decref(rig_take(r, 1));
	assert_int_equal(desk.told, 0);
	assert_null(need(r, &s, "since"));
	until = clk_real(r->loop->clk) / USEC;
	sign_in_ends(r);
	assert_int_equal(desk.told, 1);
	assert_int_equal(desk.profiles, 2);
	assert_int_equal(desk.live, 2);
	assert_true(desk.can_sign_in);
	assert_true(desk.valid_until >= until + 3500 &&
	    desk.valid_until <= until + 3600);
	assert_non_null(need(r, &s, "since"));
	assert_null(need(r, &s, "held"));
	/* Hours of it, and keys that end: it has been said. */
	fake_advance(r->loop, 5 * HOUR);
	assert_int_equal(desk.told, 1);
	assert_int_equal(desk.withdrawn, 0);
	/* Signed in elsewhere: moot. */
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.withdrawn, 1);
	rig_succeed(r, rig_job(r), "AB");
	json_decref(rig_take(r, 1));
	fake_advance(r->loop, USEC);
	assert_null(need(r, &s, "since"));
	/* The next time is another need. */
	sign_in_ends(r);
	assert_int_equal(desk.told, 2);
	json_decref(s);
	rig_free(r);
}

static void
test_fifty(void **state)
{
	_cleanup_free_ char *config = xstrdup("");
	struct rig *r;

	(void)state;
	for (int i = 0; i < 50; i++)
		xreplace(&config,
		    xasprintf("%s[profile p%d]\n"
			      "adfs_config.adfs_host = adfs.example.com\n"
			      "adfs_config.adfs_user = CORP\\jane\n"
			      "awsfed.autorefresh = yes\n"
			      "adfs_config.role_arn = " ARN("A") "\n",
			config, i));
	r = start(config);
	sign_in(r, "p0", "A");
	fake_advance(r->loop, MINUTE);
	while (!desk.shown) {
		if (fake_jobs_running(r->jobs) > 0)
			rig_fail(rig_job(r), FAULT_NEEDS_USER, REASON_EXPIRED);
		fake_advance(r->loop, MINUTE);
	}
	assert_int_equal(desk.told, 1);
	assert_int_equal(desk.profiles, 50);
	fake_advance(r->loop, 3 * HOUR);
	assert_int_equal(desk.told, 1);
	rig_free(r);
}

static void
test_snooze(void **state)
{
	struct rig *r = start(ONE);
	json_t *s = NULL;

	(void)state;
	sign_in(r, "a", "A");
	sign_in_ends(r);
	attention_snooze(desk.attention, first(r));
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.withdrawn, 1);
	assert_str(need(r, &s, "held"), "snoozed");
	fake_advance(r->loop, 29 * MINUTE);
	/* Not for a moment either: they have said when. */
	attention_moment(desk.attention);
	fake_advance(r->loop, 30 * USEC);
	assert_int_equal(desk.told, 1);
	fake_advance(r->loop, MINUTE);
	assert_int_equal(desk.told, 2);
	assert_null(need(r, &s, "held"));
	json_decref(s);
	rig_free(r);
}

static void
test_quit(void **state)
{
	struct rig *r = start(ONE);
	json_t *s = NULL;
	int64_t now;

	(void)state;
	rig_settings(r, "[awsfed]\nquiet_hours = none\n");
	rig_call(r, 1, M_RELOAD, NULL);
	sign_in(r, "a", "A");
	sign_in_ends(r);
	attention_quit(desk.attention);
	fake_advance(r->loop, USEC);
	assert_false(desk.shown);
	assert_str(need(r, &s, "held"), "quit");
	assert_str(need(r, &s, "until"), "2026-11-19T06:00:00Z");
	now = clk_real(r->loop->clk) / USEC;
	fake_advance(r->loop, (at("2026-11-19T06:00:00Z") - now - 60) * USEC);
	assert_int_equal(desk.told, 1);
	fake_advance(r->loop, 2 * MINUTE);
	assert_int_equal(desk.told, 2);
	json_decref(s);
	rig_free(r);
}

static void
test_night(void **state)
{
	struct rig *r = start(ONE);
	json_t *s = NULL;

	(void)state;
	sign_in(r, "a", "A");
	clock_at(r, 23);
	fake_settle(r->loop);
	if (fake_jobs_running(r->jobs) > 0)
		rig_fail(rig_job(r), FAULT_NEEDS_USER, REASON_EXPIRED);
	else
		sign_in_ends(r);
	fake_advance(r->loop, USEC);
	assert_str(rig_identity(r, 0), "needs-user");
	assert_int_equal(desk.told, 0);
	assert_str(need(r, &s, "held"), "night");
	assert_str(need(r, &s, "until"), "2026-11-19T07:00:00Z");
	/* Programs may ask all night. */
	for (int i = 0; i < 6; i++) {
		rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
		fake_advance(r->loop, HOUR);
		json_decref(rig_take(r, 2));
	}
	assert_int_equal(desk.told, 0);
	fake_advance(r->loop, 3 * HOUR);
	assert_int_equal(desk.told, 1);
	json_decref(s);
	rig_free(r);
}

static void
test_off(void **state)
{
	struct rig *r = start(ONE);
	json_t *s = NULL;

	(void)state;
	rig_settings(r, "[awsfed]\nnotifications = no\n");
	rig_call(r, 1, M_RELOAD, NULL);
	json_decref(rig_take(r, 1));
	sign_in(r, "a", "A");
	sign_in_ends(r);
	assert_int_equal(desk.told, 0);
	assert_str(need(r, &s, "held"), "off");
	/* Said yes, it is told. */
	rig_settings(r, NULL);
	rig_call(r, 1, M_RELOAD, NULL);
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.told, 1);
	json_decref(s);
	rig_free(r);
}

static void
test_closed(void **state)
{
	struct rig *r = start(ONE);

	(void)state;
	rig_settings(r, "[awsfed]\nquiet_hours = none\n");
	rig_call(r, 1, M_RELOAD, NULL);
	sign_in(r, "a", "A");
	sign_in_ends(r);
	/* It went by: nobody may have seen it.  A moment brings it back. */
	desk.shown = false;
	attention_closed(desk.attention, first(r), false);
	fake_advance(r->loop, 2 * HOUR);
	assert_int_equal(desk.told, 1);
	attention_moment(desk.attention);
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.told, 2);
	/* A program that asks does, too, but not each of its calls. */
	desk.shown = false;
	attention_closed(desk.attention, first(r), false);
	rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
	fake_advance(r->loop, USEC);
	json_decref(rig_take(r, 2));
	assert_int_equal(desk.told, 2);
	fake_advance(r->loop, 31 * MINUTE);
	rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
	fake_advance(r->loop, USEC);
	json_decref(rig_take(r, 2));
	assert_int_equal(desk.told, 3);
	assert_true(desk.used);
	/* Closed by hand: they know, until the morning. */
	desk.shown = false;
	attention_closed(desk.attention, first(r), true);
	attention_moment(desk.attention);
	fake_advance(r->loop, 2 * HOUR);
	assert_int_equal(desk.told, 3);
	fake_advance(r->loop, 22 * HOUR);
	assert_int_equal(desk.told, 4);
	rig_free(r);
}

/* Who tried at a terminal and did not get in knows it. */
static void
test_tried(void **state)
{
	struct rig *r = start(ONE);

	(void)state;
	sign_in(r, "a", "A");
	sign_in_ends(r);
	assert_int_equal(desk.told, 1);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	fake_advance(r->loop, 10 * USEC);
	rig_fail(rig_job(r), FAULT_REJECTED, REASON_PASSWORD);
	fake_advance(r->loop, 10 * USEC);
	json_decref(rig_take(r, 1));
	assert_int_equal(desk.withdrawn, 1);
	assert_int_equal(desk.told, 1);
	fake_advance(r->loop, 30 * MINUTE);
	assert_int_equal(desk.told, 2);
	/* Who asked for it here waits for word of it. */
	attention_taken(desk.attention, first(r));
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	fake_advance(r->loop, 10 * USEC);
	assert_false(desk.shown);
	rig_fail(rig_job(r), FAULT_REJECTED, REASON_PASSWORD);
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.told, 3);
	rig_free(r);
}

/* The first thing that a person of no profile hears of is a program's wish. */
static void
test_used(void **state)
{
	struct rig *r = start(ONE);

	(void)state;
	rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
	rig_fail(rig_job(r), FAULT_NEEDS_USER, REASON_EXPIRED);
	fake_advance(r->loop, USEC);
	json_decref(rig_take(r, 2));
	assert_int_equal(desk.told, 1);
	assert_int_equal(desk.profiles, 0);
	assert_true(desk.used);
	assert_string_equal(desk.profile, "a");
	/* Logged out by hand: nothing is needed. */
	rig_call(r, 1, M_LOGOUT, "{s:b}", "all", true);
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.withdrawn, 1);
	rig_free(r);
}

static void
test_logout(void **state)
{
	struct rig *r = start(ONE);

	(void)state;
	sign_in(r, "a", "A");
	sign_in_ends(r);
	assert_true(desk.shown);
	rig_call(r, 1, M_LOGOUT, "{s:[s]}", "profiles", "a");
	fake_advance(r->loop, USEC);
	assert_false(desk.shown);
	fake_advance(r->loop, 24 * HOUR);
	assert_int_equal(desk.told, 1);
	rig_free(r);
}

/* Locked by hand: moot, until it is unlocked. */
static void
test_locked(void **state)
{
	struct rig *r = start(ONE);

	(void)state;
	sign_in(r, "a", "A");
	sign_in_ends(r);
	manager_lock(r->manager, LOCKED_BY_COMMAND);
	fake_advance(r->loop, USEC);
	assert_false(desk.shown);
	fake_advance(r->loop, HOUR);
	assert_int_equal(desk.told, 1);
	assert_true(manager_unlock(r->manager));
	fake_advance(r->loop, USEC);
	assert_true(desk.shown);
	rig_free(r);
}

/* Who shows it may be deaf for a while; a network fault is no need. */
static void
test_deaf(void **state)
{
	struct rig *r = start(ONE);

	(void)state;
	desk.deaf = true;
	sign_in(r, "a", "A");
	fake_advance(r->loop, 31 * MINUTE);
	rig_fail(rig_job(r), FAULT_TEMPORARY, REASON_OFFLINE);
	fake_settle(r->loop);
	assert_str(rig_identity(r, 0), "backoff");
	desk.deaf = false;
	fake_advance(r->loop, MINUTE);
	assert_int_equal(desk.told, 0);
	desk.deaf = true;
	rig_fail(rig_job(r), FAULT_NEEDS_USER, REASON_EXPIRED);
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.told, 0);
	desk.deaf = false;
	fake_advance(r->loop, HOUR);
	assert_int_equal(desk.told, 0);
	attention_again(desk.attention, NULL);
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.told, 1);
	/* Its notice was lost with the daemon: shown anew. */
	desk.shown = false;
	attention_unshown(desk.attention, first(r));
	fake_advance(r->loop, HOUR);
	assert_int_equal(desk.told, 1);
	attention_again(desk.attention, NULL);
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.told, 2);
	/* And what is shown is not shown twice. */
	attention_again(desk.attention, NULL);
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.told, 2);
	rig_free(r);
}

/* What must be put right first is no sign-in. */
static void
test_wrong(void **state)
{
	struct rig *r = start(ONE);

	(void)state;
	sign_in(r, "a", "A");
	fake_advance(r->loop, 31 * MINUTE);
	rig_fail(rig_job(r), FAULT_SECURITY, REASON_TLS);
	fake_advance(r->loop, USEC);
	assert_int_equal(desk.told, 1);
	assert_false(desk.can_sign_in);
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_fifty),
		cmocka_unit_test(test_snooze),
		cmocka_unit_test(test_quit),
		cmocka_unit_test(test_night),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_tried),
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_logout),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
