/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Surfaces that watch the engine: the status file for prompts, the user's
 * commands, further credentials files.
 */
#include "rig.h"

#include <unistd.h>

#include "awsfed/creds.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"

#include "feed.h"
#include "hooks.h"
#include "manager.h"
#include "session.h"
#include "sinks.h"

static struct feed *feed;
static struct hooks *hooks;
static struct sinks *sinks;
static struct files *sink_files;
static unsigned writers;
static char all_path[64], b_path[64]; /* of the sinks */

static void
surfaces_done(struct rig *r)
{
	(void)r;
	fake_files_free(STEAL(sink_files));
	hooks_free(STEAL(hooks));
	feed_free(STEAL(feed));
	sinks_free(STEAL(sinks));
	unlink(all_path);
	unlink(b_path);
}

static struct rig *
new_rig(const char *config, const char *settings)
{
	struct rig *r = rig_new(config);
	_cleanup_fault_ struct fault f = { 0 };

	r->done = surfaces_done;
	rig_settings(r, settings);
	if (manager_reload(r->manager, NULL, &f) < 0)
		fail_msg("%s", f.text);
	fake_settle(r->loop);
	return r;
}

static void
sign_in(struct rig *r, const char *profile, const char *roles)
{
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", profile);
	if (!str_eq(rig_state(r, profile), "fresh"))
		rig_succeed(r, rig_job(r), roles);
	assert_str(rig_state(r, profile), "fresh");
	json_decref(rig_take(r, 1));
}

/* ---- the status file -------------------------------------------------------- */

#define W "[profile w]\nrole_arn = " ARN("W") "\nsource_profile = a\n"

static const char *
status_file(struct rig *r)
{
	_cleanup_free_ char *path = xasprintf("%s/status", r->dir);

	return fake_files_text(r->files, path);
}

static size_t
status_writes(struct rig *r)
{
	_cleanup_free_ char *path = xasprintf("%s/status", r->dir);

	return fake_files_written(r->files, path);
}

static void
feed_start(struct rig *r)
{
	_cleanup_free_ char *path = xasprintf("%s/status", r->dir);

	/* What a killed agent left. */
	fake_files_put(r->files, path, "old\tfresh\t1\n");
	feed = feed_new(r->manager, path);
	fake_settle(r->loop);
}

/* Its line is "name TAB state TAB end"; the end is 0 without keys. */
static void
expect_line(struct rig *r, const char *name, const char *state)
{
	struct session *s = manager_session(r->manager, "a");
	struct creds *c = session_creds(s);
	_cleanup_free_ char *line = xasprintf("%s\t%s\t%lld\n", name, state,
	    c == NULL ? 0LL : (long long)c->expiration_s);

	if (strstr(status_file(r), line) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", line, status_file(r));
}

static void
test_feed(void **state)
{
	struct rig *r = new_rig(TWO W, "");
	size_t writes;

	(void)state;
	feed_start(r);
	assert_str(status_file(r), "");
	writes = status_writes(r);
	sign_in(r, "a", "AB");
	assert_int_equal(status_writes(r), writes);
	fake_advance(r->loop, 100 * MSEC);
	/* One write for all that the job did. */
	assert_int_equal(status_writes(r), writes + 1);
	expect_line(r, "a", "fresh");
	expect_line(r, "w", "fresh"); /* of its root */
	assert_null(strstr(status_file(r), "b\t"));
	/* Who asks, and what does not change a line, wakes no disk. */
	rig_call(r, 2, M_STATUS, NULL);
	rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
	manager_tell(r->manager, manager_session(r->manager, "a"));
	fake_advance(r->loop, USEC);
	assert_int_equal(status_writes(r), writes + 1);
	rig_call(r, 2, M_LOGOUT, "{s:[s]}", "profiles", "a");
	fake_advance(r->loop, USEC);
	expect_line(r, "a", "idle");
	expect_line(r, "w", "idle");
	rig_free(r);
}

/* A full disk: the next event tries again. */
static void
test_feed_fails(void **state)
{
	struct rig *r = new_rig(TWO, "");
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	feed_start(r);
	fault_set(&f, FAULT_TEMPORARY, REASON_FILE, "full");
	fake_files_fail(r->files, &f);
	sign_in(r, "a", "AB");
	fake_advance(r->loop, USEC);
	assert_str(status_file(r), "");
	fake_files_fail(r->files, NULL);
	manager_tell(r->manager, manager_session(r->manager, "a"));
	fake_advance(r->loop, USEC);
	expect_line(r, "a", "fresh");
	rig_free(r);
}

/* Keys for the caller alone are nobody else's business. */
static void
test_feed_private(void **state)
{
	struct rig *r = new_rig(TWO, "[awsfed]\non_refresh = notify\n");

	(void)state;
	feed_start(r);
	hooks = hooks_new(r->manager);
	rig_call(r, 1, M_LOGIN, "{s:[s],s:s,s:s}", "profiles", "a", "deliver",
	    "none", "region", "eu-west-3");
	fake_advance(r->loop, 100 * MSEC);
	assert_str(status_file(r), "");
	rig_succeed(r, rig_job(r), "AB");
	fake_advance(r->loop, USEC);
	assert_non_null(rig_str(r->reply[1],
	    "parameters.step.profiles.0.credentials.sessionToken"));
	assert_str(status_file(r), "");
	assert_int_equal(fake_commands_started(r->commands), 0);
	rig_free(r);
}

/* ---- the user's commands ---------------------------------------------------- */

static const char *
env_of(const struct command *c, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; c->env[i] != NULL; i++)
		if (strncmp(c->env[i], name, n) == 0 && c->env[i][n] == '=')
			return c->env[i] + n + 1;
	return NULL;
}

static void
expect_command(const struct command *c, const char *line, const char *profile,
    const char *event)
{
	assert_non_null(c);
	assert_str(c->line, line);
	assert_str(env_of(c, "AWSFED_PROFILE"), profile);
	assert_str(env_of(c, "AWSFED_EVENT"), event);
	assert_int_equal(c->timeout, HOOKS_TIME);
	/* Whose it is and until when, and never the keys. */
	for (size_t i = 0; c->env[i] != NULL; i++) {
		assert_null(strstr(c->env[i], "ASIA"));
		assert_null(strstr(c->env[i], "secret"));
		assert_null(strstr(c->env[i], "token"));
	}
}

#define OWN "awsfed.on_refresh = own\n"

static void
test_hooks(void **state)
{
	struct rig *r = new_rig(TWO OWN, "[awsfed]\non_refresh = all\n");
	struct command *c;
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	hooks = hooks_new(r->manager);
	sign_in(r, "a", "AB");
	assert_int_equal(fake_commands_started(r->commands), 1);
	c = fake_command_last(r->commands);
	expect_command(c, "all", "a", "refresh");
	assert_non_null(strchr(env_of(c, "AWSFED_EXPIRATION"), 'Z'));
	fake_advance(r->loop, 10 * USEC);
	sign_in(r, "b", "AB");
	expect_command(fake_command_last(r->commands), "own", "b", "refresh");
	/* Renewed twice while it runs: one more run after it. */
	for (int i = 0; i < 2; i++) {
		fake_advance(r->loop, 400 * USEC);
		rig_call(r, 2, M_REFRESH, "{s:[s]}", "profiles", "a");
		rig_succeed(r, rig_job(r), "AB");
	}
	assert_int_equal(fake_commands_started(r->commands), 2);
	/* It failed, and wrote a great deal: a matter for the log. */
	fault_set(&f, FAULT_INTERNAL, REASON_NONE, "It exited with 1.");
	fake_command_end(c, &f, "1\n2\n\n3\n\x1b[2J\n");
	fake_settle(r->loop);
	assert_int_equal(fake_commands_started(r->commands), 3);
	c = fake_command_last(r->commands);
	expect_command(c, "all", "a", "refresh");
	fake_command_end(c, NULL, "");
	fake_settle(r->loop);
	assert_int_equal(fake_commands_started(r->commands), 3);
	/* Another of b runs still, and is stopped at the end. */
	rig_free(r);
}

#define MANY(letter) PROFILE(letter, "adfs.example.com", "CORP\\jane", "A")

static void
test_hooks_at_once(void **state)
{
	struct rig *r =
	    new_rig(MANY("a") MANY("b") MANY("c") MANY("d") MANY("e") MANY("f"),
		"[awsfed]\non_refresh = all\n");
	size_t running = 0;

	(void)state;
	hooks = hooks_new(r->manager);
	rig_call(r, 1, M_LOGIN, "{s:b}", "all", 1);
	rig_succeed(r, rig_job(r), "A");
	for (size_t i = 0; fake_command(r->commands, i) != NULL; i++)
		running += fake_command(r->commands, i)->running;
	assert_int_equal(running, HOOKS_AT_ONCE);
	fake_command_end(fake_command(r->commands, 1), NULL, "");
	fake_settle(r->loop);
	assert_int_equal(fake_commands_started(r->commands), HOOKS_AT_ONCE + 1);
	/* What goes from the configuration meanwhile is not run. */
	rig_settings(r, "");
	rig_call(r, 2, M_RELOAD, NULL);
	fake_command_end(fake_command(r->commands, 0), NULL, "");
	fake_settle(r->loop);
	assert_int_equal(fake_commands_started(r->commands), HOOKS_AT_ONCE + 1);
	rig_free(r);
}

/* A person is called once, until there were new keys. */
static void
test_hooks_needs_login(void **state)
{
	struct rig *r = new_rig(ONE, "[awsfed]\non_needs_login = call\n");
	struct command *c;

	(void)state;
	hooks = hooks_new(r->manager);
	sign_in(r, "a", "A");
	assert_int_equal(fake_commands_started(r->commands), 0);
	for (size_t round = 1; round <= 2; round++) {
		fake_advance(r->loop, 2000 * USEC);
		rig_fail(rig_job(r), FAULT_NEEDS_USER, REASON_EXPIRED);
		fake_settle(r->loop);
		assert_str(rig_state(r, "a"), "needs-login");
		assert_int_equal(fake_commands_started(r->commands), round);
		c = fake_command_last(r->commands);
		expect_command(c, "call", "a", "needs-login");
		assert_str(
		    env_of(c, "AWSFED_REASON"), reason_name(REASON_EXPIRED));
		fake_command_end(c, NULL, "");
		/* A program that asks does not call again. */
		rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
		fake_advance(r->loop, 60 * USEC);
		assert_int_equal(fake_commands_started(r->commands), round);
		sign_in(r, "a", "A");
	}
	/* Who has logged out knows. */
	rig_call(r, 2, M_LOGOUT, "{s:[s]}", "profiles", "a");
	rig_call(r, 2, M_CREDENTIALS, "{s:s}", "profile", "a");
	fake_advance(r->loop, 4000 * USEC);
	assert_int_equal(fake_commands_started(r->commands), 2);
	rig_free(r);
}

/* ---- further credentials files ------------------------------------------------ */

static struct files *
make_writer(void *arg)
{
	struct rig *r = arg;

	writers++;
	sink_files = fake_files_new(r->loop);
	return sink_files;
}

static bool
holds(const char *path, const char *profile)
{
	_cleanup_free_ char *section = xasprintf("[%s]", profile);
	const char *text = fake_files_text(sink_files, path);
	const char *at = text == NULL ? NULL : strstr(text, section);
	const char *end = at == NULL ? NULL : strstr(at, "\n[");
	const char *key = at == NULL ? NULL : strstr(at, "aws_session_token");

	return key != NULL && (end == NULL || key < end);
}

static void
touch(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fclose(f);
}

/*
 * The fake writer has what is in them, but whether there is a file at all is
 * looked up on the disk.
 */
static void
sinks_conf(struct rig *r)
{
	_cleanup_free_ char *text = NULL;

	snprintf(all_path, sizeof(all_path), "%s/all", r->dir);
	snprintf(b_path, sizeof(b_path), "%s/b", r->dir);
	touch(all_path);
	touch(b_path);
	text = xasprintf("[sink all]\npath = %s\n"
			 "[sink b]\npath = %s\nprofiles = b*\n",
	    all_path, b_path);
	rig_settings(r, text);
	rig_call(r, 2, M_RELOAD, NULL);
}

static const json_t *
sink_status(struct rig *r, json_t **hold)
{
	json_decref(*hold);
	*hold = manager_status(r->manager, NULL);
	return rig_at(*hold, "agent.sinks");
}

static void
test_sinks(void **state)
{
	struct rig *r = new_rig(TWO, "");
	_cleanup_json_ json_t *status = NULL;
	_cleanup_fault_ struct fault f = { 0 };
	const json_t *list;

	(void)state;
	writers = 0;
	sinks = sinks_new(r->manager, make_writer, r);
	sign_in(r, "a", "AB");
	assert_int_equal(writers, 0); /* no sink, no thread */
	sinks_conf(r);
	fake_advance(r->loop, USEC);
	assert_int_equal(writers, 1);
	assert_true(holds(all_path, "a"));
	assert_false(holds(b_path, "a"));
	fake_advance(r->loop, 10 * USEC);
	sign_in(r, "b", "AB");
	fake_advance(r->loop, USEC);
	assert_true(holds(all_path, "b"));
	assert_true(holds(b_path, "b"));
	list = sink_status(r, &status);
	assert_int_equal(json_array_size(list), 2);
	assert_null(rig_at(list, "0.fault"));
	/* One that cannot be written is a fault of its own. */
	fault_set(&f, FAULT_CONFIG, REASON_FILE, "read-only");
	fake_files_fail(sink_files, &f);
	rig_call(r, 2, M_LOGOUT, "{s:[s]}", "profiles", "a");
	fake_advance(r->loop, 30 * USEC);
	assert_non_null(rig_str(sink_status(r, &status), "0.fault.kind"));
	assert_true(holds(all_path, "a"));
	fake_files_fail(sink_files, NULL);
	fake_advance(r->loop, 900 * USEC);
	assert_false(holds(all_path, "a"));
	fake_advance(r->loop, USEC);
	assert_null(rig_at(sink_status(r, &status), "0.fault"));
	/* Not configured any more: its keys are taken out. */
	rig_settings(r, "");
	rig_call(r, 2, M_RELOAD, NULL);
	fake_advance(r->loop, 30 * USEC);
	assert_false(holds(all_path, "b"));
	assert_false(holds(b_path, "b"));
	assert_int_equal(json_array_size(sink_status(r, &status)), 0);
	assert_int_equal(writers, 1);
	rig_free(r);
}

/* A sink that hangs holds up neither the AWS file nor, for long, a login. */
static void
test_sink_hangs(void **state)
{
	struct rig *r = new_rig(TWO, "");

	(void)state;
	sinks_conf(r);
	sinks = sinks_new(r->manager, make_writer, r);
	fake_files_hold(sink_files, true);
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	rig_succeed(r, rig_job(r), "AB");
	fake_advance(r->loop, 5 * USEC);
	assert_non_null(strstr(
	    fake_files_text(r->files, r->credentials), "aws_session_token"));
	assert_str(rig_str(r->reply[1], "parameters.step.kind"), "done");
	assert_false(holds(all_path, "a"));
	fake_files_hold(sink_files, false);
	fake_advance(r->loop, USEC);
	assert_true(holds(all_path, "a"));
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feed),
		cmocka_unit_test(test_feed_fails),
		cmocka_unit_test(test_feed_private),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_hooks_at_once),
		cmocka_unit_test(test_hooks_needs_login),
		cmocka_unit_test(test_sinks),
		cmocka_unit_test(test_sink_hangs),
	};

	return RUN(tests);
}
