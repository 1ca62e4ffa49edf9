/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logind's part of wake: what only a logind can show that the test plays
 * itself, on a real dbus-daemon: when sleep is delayed, and for how long.  The
 * rest is in tests/system/wake.py, with dbusmock's.
 */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "awsfed/fault.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"

#include "bus.h"
#include "loop.h"
#include "manager.h"
#include "wake-int.h"

#define DAEMON "/usr/bin/dbus-daemon"
#define LOGIND "org.freedesktop.login1"
#define LONG 20000 /* ms; for what must come */

/* ---- the manager, as far as it is called ---------------------------------- */

static struct loop *loop;
static struct timer *end;
static struct {
	int sleeps, resumes, flushes;
	bool delayed; /* was it, when the surfaces heard of the sleep? */
	manager_done_fn *done;
	void *arg;
} m;
static int lock; /* our end of the inhibitor; -1: none given */

/* Is the other end of the inhibitor still open, be it under way? */
static bool
held(void)
{
	struct pollfd p = { .fd = lock, .events = POLLOUT };

	return lock >= 0 && poll(&p, 1, 0) >= 0 && !(p.revents & POLLERR);
}

struct manager *
wake_manager(struct wake *w)
{
	(void)w;
	return NULL;
}

void
wake_sleeps(struct wake *w)
{
	(void)w;
	m.sleeps++;
	m.delayed = held();
}

void
wake_resumed(struct wake *w)
{
	(void)w;
	m.resumes++;
}

void
manager_wake(struct manager *manager, enum manager_wake what)
{
	(void)manager;
	(void)what;
}

void
manager_forget_presence(struct manager *manager)
{
	(void)manager;
}

const struct manager_env *
manager_env(const struct manager *manager)
{
	static struct manager_env env;

	(void)manager;
	env.loop = loop;
	return &env;
}

void
manager_flush(struct manager *manager, manager_done_fn *done, void *arg)
{
	(void)manager;
	m.flushes++;
	m.done = done;
	m.arg = arg;
}

static void
flushed(void)
{
	struct fault f = { 0 };

	assert_non_null(m.done);
	m.done(&f, m.arg);
	m.done = NULL;
}

/* ---- a logind ------------------------------------------------------------------ */

static struct bus *bus, *theirs;
static struct logind *logind;
static pid_t daemon_pid;
static char dir[64];
static int asked;  /* calls of Inhibit */
static int listed; /* calls of ListSessions: the agent has seen a logind */
static bool refuses, late;
static sd_bus_message *waiting; /* an Inhibit without an answer yet */

static void
inhibit(sd_bus_message *call)
{
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	closep(&lock);
	lock = p[1];
	assert_true(sd_bus_reply_method_return(call, "h", p[0]) >= 0);
	close(p[0]);
}

static int
on_call(sd_bus_message *call, void *arg, sd_bus_error *error)
{
	const char *what, *who, *why, *mode;

	(void)arg;
	(void)error;
	if (!sd_bus_message_is_method_call(call, NULL, NULL))
		return 0;
	if (sd_bus_message_is_method_call(
		call, LOGIND ".Manager", "ListSessions")) {
		assert_true(
		    sd_bus_reply_method_return(call, "a(susso)", 0) >= 0);
		listed++;
		return 1;
	}
	assert_true(
	    sd_bus_message_is_method_call(call, LOGIND ".Manager", "Inhibit"));
	assert_true(
	    sd_bus_message_read(call, "ssss", &what, &who, &why, &mode) > 0);
	assert_string_equal(what, "sleep");
	assert_string_equal(who, "awsfed");
	assert_string_equal(mode, "delay");
	asked++;
	if (refuses)
		assert_true(sd_bus_reply_method_errorf(
				call, SD_BUS_ERROR_ACCESS_DENIED, "No.") >= 0);
	else if (late)
		waiting = sd_bus_message_ref(call);
	else
		inhibit(call);
	return 1;
}

static void
on_state(bool there, void *arg)
{
	(void)arg;
	if (!there)
		return;
	assert_true(
	    sd_bus_add_filter(bus_sd(theirs), NULL, on_call, NULL) >= 0);
	assert_true(sd_bus_request_name_async(
			bus_sd(theirs), NULL, LOGIND, 0, NULL, NULL) >= 0);
}

static void
prepare_for_sleep(int going)
{
	assert_true(
	    sd_bus_emit_signal(bus_sd(theirs), "/org/freedesktop/login1",
		LOGIND ".Manager", "PrepareForSleep", "b", going) >= 0);
	bus_pump(theirs);
}

/* ---- the loop -------------------------------------------------------------------- */

static void
on_end(void *arg)
{
	loop_stop(arg);
}

static void
run_for(int ms)
{
	loop->ops->timer_set(end, deadline_in(loop->clk, ms * MSEC));
	assert_int_equal(loop_run(loop), 0);
}

#define UNTIL(condition) \
	do { \
		for (int i_ = 0; i_ < LONG / 10 && !(condition); i_++) \
			run_for(10); \
		assert_true(condition); \
	} while (0)

static int
setup(void **state)
{
	char address[128];

	(void)state;
	if (access(DAEMON, X_OK) != 0) {
		print_message("# " DAEMON " is missing: install dbus\n");
		skip();
	}
	strcpy(dir, "/tmp/awsfed-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(address, sizeof(address), "unix:path=%s/bus", dir);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
	daemon_pid = fork();
	assert_true(daemon_pid >= 0);
	if (daemon_pid == 0) {
		char option[160];

		snprintf(option, sizeof(option), "--address=%s", address);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* It complains of limits that it may not raise. */
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2);
		execl(DAEMON, DAEMON, "--session", "--nofork", "--nopidfile",
		    "--nosyslog", option, NULL);
		_exit(127);
	}
	memset(&m, 0, sizeof(m));
	asked = listed = 0;
	refuses = late = false;
	lock = -1;
	loop = loop_new();
	end = timer_new(loop, on_end, loop);
	theirs = bus_new(loop, BUS_SYSTEM);
	bus = bus_new(loop, BUS_SYSTEM);
	logind = logind_new(NULL, bus);
	return 0;
}

static int
teardown(void **state)
{
	char cmd[96];

	(void)state;
	logind_free(logind);
	sd_bus_message_unref(waiting);
	waiting = NULL;
	bus_free(bus);
	bus_free(theirs);
	loop->ops->timer_free(end);
	loop_free(loop);
	kill(daemon_pid, SIGKILL);
	waitpid(daemon_pid, NULL, 0);
	assert_false(held()); /* nothing is left behind */
	closep(&lock);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

/* ---- the tests ------------------------------------------------------------------- */

static void
test_delay(void **state)
{
	(void)state;
	logind_delay_sleep(logind, true); /* before there is a logind */
	run_for(100);
	bus_watch(theirs, on_state, NULL);
	UNTIL(held());
	for (int night = 1; night <= 3; night++) {
		prepare_for_sleep(true);
		UNTIL(m.sleeps == night);
		assert_true(m.delayed);
		assert_int_equal(m.flushes, night);
		/* Until what they began to write is written. */
		run_for(100);
		assert_true(held());
		flushed();
		assert_false(held());
		prepare_for_sleep(false);
		UNTIL(m.resumes == night && held());
		assert_int_equal(asked, night + 1);
	}
	/* A write that takes longer than the night. */
	prepare_for_sleep(true);
	UNTIL(m.sleeps == 4);
	prepare_for_sleep(false);
	UNTIL(asked == 5 && held());
}

/* The late end of a flush belongs to the sleep it was for. */
static void
test_late_flush(void **state)
{
	(void)state;
	bus_watch(theirs, on_state, NULL);
	logind_delay_sleep(logind, true);
	UNTIL(held());
	prepare_for_sleep(true);
	UNTIL(m.sleeps == 1);
	prepare_for_sleep(false);
	UNTIL(asked == 2 && held());
	flushed();
	run_for(50);
	assert_true(held());
}

static void
test_not_wanted(void **state)
{
	(void)state;
	bus_watch(theirs, on_state, NULL);
	UNTIL(listed > 0);
	run_for(300);
	assert_int_equal(asked, 0);
	prepare_for_sleep(true);
	UNTIL(m.sleeps == 1);
	assert_int_equal(m.flushes, 0);
	prepare_for_sleep(false);
	UNTIL(m.resumes == 1);
	logind_delay_sleep(logind, true);
	logind_delay_sleep(logind, true);
	UNTIL(held());
	assert_int_equal(asked, 1);
	logind_delay_sleep(logind, false);
	UNTIL(!held());
	/* Its answer comes when nobody wants it any more. */
	late = true;
	logind_delay_sleep(logind, true);
	UNTIL(waiting != NULL);
	logind_delay_sleep(logind, false);
	inhibit(waiting);
	bus_pump(theirs);
	UNTIL(!held());
}

static void
test_refused(void **state)
{
	(void)state;
	refuses = true;
	logind_delay_sleep(logind, true);
	bus_watch(theirs, on_state, NULL);
	UNTIL(asked == 1);
	run_for(200);
	assert_int_equal(asked, 1); /* no storm */
	prepare_for_sleep(true);
	UNTIL(m.sleeps == 1);
	assert_int_equal(m.flushes, 0);
	refuses = false;
	prepare_for_sleep(false);
	UNTIL(held());
}

/* logind goes and comes: its lock with it. */
static void
test_restart(void **state)
{
	(void)state;
	logind_delay_sleep(logind, true);
	bus_watch(theirs, on_state, NULL);
	UNTIL(held());
	assert_true(sd_bus_release_name(bus_sd(theirs), LOGIND) >= 0);
	UNTIL(!held());
	assert_true(sd_bus_request_name_async(
			bus_sd(theirs), NULL, LOGIND, 0, NULL, NULL) >= 0);
	bus_pump(theirs);
	UNTIL(held());
	assert_int_equal(asked, 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_delay),
		T(test_late_flush),
		T(test_not_wanted),
		T(test_refused),
		T(test_restart),
	};

	xalloc_install();
	return RUN(tests);
}
