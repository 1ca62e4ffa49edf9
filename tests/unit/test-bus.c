/* SPDX-License-Identifier: Apache-2.0 */
/* The bus on a real loop, against a real dbus-daemon of its own. */
#include "unit.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>
#include <systemd/sd-bus.h>

#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"

#include "bus.h"
#include "loop.h"

#define DAEMON "/usr/bin/dbus-daemon"
#define LONG 20000 /* ms; for what must come */

static char dir[64], address[96], path[80];
static struct loop *loop;
static struct timer *end;
static struct bus *bus;
static pid_t daemon_pid;

static struct {
	int up, down; /* how often it was told so */
	int replies;  /* of calls */
	int errors;   /* among them */
	int signals;  /* NameOwnerChanged */
	int until_up; /* stop the loop at so many */
	int until_down;
	int until_replies;
	bool down_first; /* told of the end before the last reply? */
	bool timed_out;
} seen;

static void
stop_when_reached(void)
{
	if ((seen.until_up > 0 && seen.up >= seen.until_up) ||
	    (seen.until_down > 0 && seen.down >= seen.until_down) ||
	    (seen.until_replies > 0 && seen.replies >= seen.until_replies))
		loop_stop(loop);
}

static int
on_signal(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)m;
	(void)arg;
	(void)error;
	seen.signals++;
	return 0;
}

static void
on_state(bool there, void *arg)
{
	assert_ptr_equal(arg, &seen);
	assert_true(there == (bus_sd(bus) != NULL));
	seen.up += there;
	seen.down += !there;
	if (there)
		assert_true(sd_bus_match_signal_async(bus_sd(bus), NULL,
				"org.freedesktop.DBus", "/org/freedesktop/DBus",
				"org.freedesktop.DBus", "NameOwnerChanged",
				on_signal, NULL, NULL) >= 0);
	stop_when_reached();
}

static int
on_reply(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)arg;
	(void)error;
	seen.replies++;
	seen.errors += sd_bus_message_is_method_error(m, NULL);
	if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_NO_REPLY) ||
	    sd_bus_message_is_method_error(m, SD_BUS_ERROR_TIMEOUT))
		seen.timed_out = true;
	seen.down_first = seen.down > 0;
	stop_when_reached();
	return 0;
}

/* An answer of the bus itself; usec 0: the bus's own time limit. */
static void
call(uint64_t usec)
{
	sd_bus_message *m = NULL;

	assert_true(sd_bus_message_new_method_call(bus_sd(bus), &m,
			"org.freedesktop.DBus", "/org/freedesktop/DBus",
			"org.freedesktop.DBus", "GetId") >= 0);
	assert_true(
	    sd_bus_call_async(bus_sd(bus), NULL, m, on_reply, NULL, usec) >= 0);
	sd_bus_message_unref(m);
	bus_pump(bus);
}

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

/* Until *got, which the callbacks count, is n. */
static void
until(int *wanted, const int *got, int n)
{
	*wanted = n;
	run_for(LONG);
	*wanted = 0;
	assert_int_equal(*got, n);
}

static void
until_up(int n)
{
	until(&seen.until_up, &seen.up, n);
}

static void
until_down(int n)
{
	until(&seen.until_down, &seen.down, n);
}

static void
until_replies(int n)
{
	until(&seen.until_replies, &seen.replies, n);
}

/* A bus of our own, that nothing can be started by. */
static void
daemon_start(void)
{
	char config[96];
	FILE *f;

	snprintf(config, sizeof(config), "%s/bus.conf", dir);
	f = fopen(config, "w");
	assert_non_null(f);
	fprintf(f,
	    "<busconfig><type>session</type><listen>%s</listen>"
	    "<policy context=\"default\"><allow send_destination=\"*\"/>"
	    "<allow own=\"*\"/><allow eavesdrop=\"true\"/></policy>"
	    "</busconfig>",
	    address);
	fclose(f);
	daemon_pid = fork();
	assert_true(daemon_pid >= 0);
	if (daemon_pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execl(DAEMON, DAEMON, "--nofork", "--nopidfile",
		    "--config-file", config, NULL);
		_exit(127);
	}
}

static void
daemon_end(void)
{
	if (daemon_pid <= 0)
		return;
	kill(daemon_pid, SIGKILL);
	waitpid(daemon_pid, NULL, 0);
	daemon_pid = 0;
}

static int
setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/awsfed-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/bus", dir);
	snprintf(address, sizeof(address), "unix:path=%s", path);
	setenv("DBUS_SESSION_BUS_ADDRESS", address, 1);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
	memset(&seen, 0, sizeof(seen));
	loop = loop_new();
	assert_non_null(loop);
	end = timer_new(loop, on_end, loop);
	bus = bus_new(loop, BUS_SESSION);
	return 0;
}

static int
teardown(void **state)
{
	char cmd[96];

	(void)state;
	bus_free(bus);
	daemon_end();
	loop->ops->timer_free(end);
	loop_free(loop);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static void
need_daemon(void)
{
	if (access(DAEMON, X_OK) == 0)
		return;
	print_message("# " DAEMON " is missing: install dbus-daemon\n");
	skip();
}

/*
 * A loop that spins wakes up tens of thousands of times in a second; what others
 * do in /tmp is none of ours, also while the socket is waited for.
 */
#define CALM 10

static long
wakeups(int ms)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	run_for(ms);
	getrusage(RUSAGE_SELF, &after);
	return after.ru_nvcsw - before.ru_nvcsw;
}

/* ---- the tests ----------------------------------------------------------------- */

static void
test_lazy(void **state)
{
	(void)state;
	need_daemon();
	daemon_start();
	run_for(300);
	assert_null(bus_sd(bus)); /* nobody wanted it */
	bus_watch(bus, on_state, &seen);
	assert_int_equal(seen.up, 0); /* from the loop only */
	until_up(1);
	call(0);
	assert_int_equal(seen.replies, 0);
	until_replies(1);
	assert_int_equal(seen.errors, 0);
	/* A late watcher is told too, alone. */
	bus_watch(bus, on_state, &seen);
	assert_int_equal(seen.up, 1);
	until_up(2);
	assert_int_equal(seen.down, 0);
}

static void
test_absent(void **state)
{
	(void)state;
	need_daemon();
	bus_watch(bus, on_state, &seen);
	run_for(200);
	assert_in_range(wakeups(1000), 0, CALM);
	assert_int_equal(seen.up + seen.down, 0);
	bus_pump(bus); /* harmless */
	daemon_start();
	until_up(1);
}

/* Also when its directory comes late, or an old socket is left there. */
static void
test_absent_directory(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	(void)state;
	need_daemon();
	snprintf(path, sizeof(path), "%s/run/bus", dir);
	snprintf(address, sizeof(address), "unix:path=%s", path);
	setenv("DBUS_SESSION_BUS_ADDRESS", address, 1);
	bus_watch(bus, on_state, &seen);
	run_for(100);
	*strrchr(path, '/') = '\0';
	assert_int_equal(mkdir(path, 0700), 0);
	run_for(100);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/bus", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0); /* refuses */
	close(fd);
	run_for(100);
	assert_in_range(wakeups(500), 0, CALM);
	assert_int_equal(seen.up, 0);
	assert_int_equal(unlink(sa.sun_path), 0);
	daemon_start();
	until_up(1);
}

static void
test_dies(void **state)
{
	(void)state;
	need_daemon();
	daemon_start();
	bus_watch(bus, on_state, &seen);
	until_up(1);
	/* In the middle of a call: it has it and never answers. */
	kill(daemon_pid, SIGSTOP);
	call(0);
	call(0);
	run_for(50);
	assert_int_equal(seen.replies, 0);
	daemon_end();
	until_down(1);
	assert_int_equal(seen.replies, 2);
	assert_int_equal(seen.errors, 2);
	assert_false(seen.down_first);
	assert_null(bus_sd(bus));
	bus_pump(bus);
	/* And back. */
	unlink(path);
	daemon_start();
	until_up(2);
	call(0);
	until_replies(3);
	assert_int_equal(seen.errors, 2);
	/* The match was installed anew. */
	seen.signals = 0;
	assert_true(sd_bus_request_name_async(
			bus_sd(bus), NULL, "io.awsfed.T", 0, NULL, NULL) >= 0);
	bus_pump(bus);
	run_for(300);
	assert_true(seen.signals > 0);
}

static void
test_hangs(void **state)
{
	(void)state;
	need_daemon();
	daemon_start();
	bus_watch(bus, on_state, &seen);
	until_up(1);
	kill(daemon_pid, SIGSTOP);
	call(300 * 1000);
	until_replies(1);
	assert_int_equal(seen.errors, 1);
	assert_true(seen.timed_out);
	assert_int_equal(seen.down, 0);
	kill(daemon_pid, SIGCONT);
	call(0);
	until_replies(2);
	assert_int_equal(seen.errors, 1);
}

static void
test_idle(void **state)
{
	(void)state;
	need_daemon();
	daemon_start();
	bus_watch(bus, on_state, &seen);
	until_up(1);
	run_for(200);
	assert_in_range(wakeups(1500), 0, CALM);
}

/* More than one turn's messages: all come, and timers get their say. */
static void
test_many(void **state)
{
	(void)state;
	need_daemon();
	daemon_start();
	bus_watch(bus, on_state, &seen);
	until_up(1);
	for (int i = 0; i < 500; i++)
		call(0);
	until_replies(500);
	assert_int_equal(seen.errors, 0);
}

/* ---- things that are no bus ------------------------------------------------------ */

static int connects;
static const char *answer; /* to who connects; NULL: none */

static void
on_connect(evutil_socket_t fd, short what, void *arg)
{
	int c = accept(fd, NULL, NULL);

	(void)what;
	(void)arg;
	assert_true(c >= 0);
	connects++;
	if (answer != NULL)
		assert_true(write(c, answer, strlen(answer)) > 0);
	close(c);
}

static void
test_garbage(void **state)
{
	static const char *const answers[] = { NULL, "REJECTED EXTERNAL\r\n",
		"HTTP/1.1 400 Bad Request\r\n\r\n",
		"DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n"
		"AGREE_UNIX_FD\r\nl\2\1\1\377\377\377\377garbage garbage" };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct event *ev;
	int fd;

	(void)state;
	strcpy(sa.sun_path, path);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		unlink(path);
		assert_int_equal(
		    bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
		assert_int_equal(listen(fd, 8), 0);
		ev = event_new(loop_base(loop), fd, EV_READ | EV_PERSIST,
		    on_connect, NULL);
		event_add(ev, NULL);
		answer = answers[i];
		connects = 0;
		bus_free(bus);
		bus = bus_new(loop, BUS_SESSION);
		bus_watch(bus, on_state, &seen);
		run_for(1500);
		/* At once, and after a second: no storm. */
		assert_in_range(connects, 1, 3);
		assert_int_equal(seen.up, 0);
		event_free(ev);
		close(fd);
	}
}

static void
test_addresses(void **state)
{
	static const char *const bad[] = { "tcp:host=127.0.0.1,port=1",
		"unixexec:path=/bin/sh,argv1=-c,argv2=exit", "autolaunch:",
		"unix:path=/nonexistent/bus;tcp:host=127.0.0.1,port=1",
		"nonsense" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		setenv("DBUS_SESSION_BUS_ADDRESS", bad[i], 1);
		bus_free(bus);
		bus = bus_new(loop, BUS_SESSION);
		bus_watch(bus, on_state, &seen);
		run_for(100);
		assert_in_range(wakeups(200), 0, CALM);
		assert_null(bus_sd(bus));
	}
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	unsetenv("XDG_RUNTIME_DIR");
	bus_free(bus);
	bus = bus_new(loop, BUS_SESSION);
	bus_watch(bus, on_state, &seen);
	run_for(100);
	assert_int_equal(seen.up, 0);
}

/* $XDG_RUNTIME_DIR/bus, when no address is told. */
static void
test_default_address(void **state)
{
	(void)state;
	need_daemon();
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	setenv("XDG_RUNTIME_DIR", dir, 1);
	daemon_start();
	bus_watch(bus, on_state, &seen);
	until_up(1);
	bus_free(bus);
	bus = bus_new(loop, BUS_SYSTEM);
	bus_watch(bus, on_state, &seen);
	until_up(2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lazy),
		T(test_absent),
		T(test_absent_directory),
		T(test_dies),
		T(test_hangs),
		T(test_idle),
		T(test_many),
		T(test_garbage),
		T(test_addresses),
		T(test_default_address),
	};

	xalloc_install();
	return RUN(tests);
}
