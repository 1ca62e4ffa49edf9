/* SPDX-License-Identifier: Apache-2.0 */
/* The preload that moves time, seen from inside a program that runs under it. */
#include <sys/timerfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUR 3600
#define SOON_MS 2000 /* generous: machines under test are slow */
#define NEVER_MS 100

static int warp_fd = -1;

static void
set_offsets(int64_t real_s, int64_t boot_s)
{
	int64_t v[2] = { real_s * 1000000, boot_s * 1000000 };

	assert_int_equal(pwrite(warp_fd, v, sizeof(v), 0), sizeof(v));
}

static int64_t
seconds(clockid_t clock)
{
	struct timespec t;

	assert_int_equal(clock_gettime(clock, &t), 0);
	return t.tv_sec;
}

static int
setup(void **state)
{
	(void)state;
	set_offsets(0, 0);
	return 0;
}

static bool
fires(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* A timer `after` seconds from now, absolute unless flags say otherwise. */
static int
timer(int clock, int flags, int64_t after)
{
	struct itimerspec t = { .it_value.tv_sec = after };
	int fd = timerfd_create(clock, TFD_NONBLOCK | TFD_CLOEXEC);

	assert_true(fd >= 0);
	if (flags & TFD_TIMER_ABSTIME)
		t.it_value.tv_sec += seconds(clock);
	assert_int_equal(timerfd_settime(fd, flags, &t, NULL), 0);
	return fd;
}

static void
test_clocks(void **state)
{
	int64_t real = seconds(CLOCK_REALTIME), boot = seconds(CLOCK_BOOTTIME);
	int64_t mono = seconds(CLOCK_MONOTONIC);
	struct timespec t;

	(void)state;
	set_offsets(5 * HOUR, 2 * HOUR);
	assert_in_range(seconds(CLOCK_REALTIME) - real, 5 * HOUR, 5 * HOUR + 5);
	assert_in_range(time(NULL) - real, 5 * HOUR, 5 * HOUR + 5);
	assert_int_equal(timespec_get(&t, TIME_UTC), TIME_UTC);
	assert_in_range(t.tv_sec - real, 5 * HOUR, 5 * HOUR + 5);
	assert_in_range(seconds(CLOCK_BOOTTIME) - boot, 2 * HOUR, 2 * HOUR + 5);
	assert_in_range(seconds(CLOCK_MONOTONIC) - mono, 0, 5);
	set_offsets(-HOUR, 0);
	assert_in_range(real - seconds(CLOCK_REALTIME), HOUR - 5, HOUR);
}

static const struct {
	const char *name;
	int clock;
	int flags;
	int64_t real;
	int64_t boot;
	bool fires;
} moves[] = {
	{ "boot, slept", CLOCK_BOOTTIME, TFD_TIMER_ABSTIME, HOUR, HOUR, true },
	{ "boot, relative, slept", CLOCK_BOOTTIME, 0, HOUR, HOUR, true },
	{ "boot, clock set", CLOCK_BOOTTIME, TFD_TIMER_ABSTIME, HOUR, 0,
	    false },
	{ "boot, slept too little", CLOCK_BOOTTIME, TFD_TIMER_ABSTIME, 500, 500,
	    false },
	{ "real, slept", CLOCK_REALTIME, TFD_TIMER_ABSTIME, HOUR, HOUR, true },
	{ "real, clock set", CLOCK_REALTIME, TFD_TIMER_ABSTIME, HOUR, 0, true },
	{ "real, set back", CLOCK_REALTIME, TFD_TIMER_ABSTIME, -HOUR, 0,
	    false },
	{ "real, relative, set", CLOCK_REALTIME, 0, HOUR, 0, false },
	{ "mono", CLOCK_MONOTONIC, TFD_TIMER_ABSTIME, HOUR, HOUR, false },
};

static void
test_timers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		uint64_t n = 0;
		int fd;

		set_offsets(0, 0);
		fd = timer(moves[i].clock, moves[i].flags, 1800);
		assert_false(fires(fd, 20));
		set_offsets(moves[i].real, moves[i].boot);
		if (fires(fd, moves[i].fires ? SOON_MS : NEVER_MS) !=
		    moves[i].fires)
			fail_msg("%s: wrong", moves[i].name);
		if (moves[i].fires) {
			assert_int_equal(read(fd, &n, sizeof(n)), sizeof(n));
			assert_int_equal(n, 1);
		}
		close(fd);
	}
}

/* Real time goes on: a moved timer still fires by itself. */
static void
test_goes_on(void **state)
{
	int fd;

	(void)state;
	set_offsets(9 * HOUR, 4 * HOUR);
	fd = timer(CLOCK_BOOTTIME, 0, 1);
	assert_false(fires(fd, 300));
	assert_true(fires(fd, SOON_MS + 1000));
	close(fd);
}

static void
test_cancel_on_set(void **state)
{
	int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	int fd = timer(CLOCK_REALTIME, flags, 1800);
	uint64_t n = 0;

	(void)state;
	set_offsets(60, 0);
	assert_true(fires(fd, SOON_MS));
	assert_int_equal(read(fd, &n, sizeof(n)), -1);
	assert_int_equal(errno, ECANCELED);
	/* Once; and the timer is still armed for its own time. */
	assert_false(fires(fd, NEVER_MS));
	assert_int_equal(read(fd, &n, sizeof(n)), -1);
	assert_int_equal(errno, EAGAIN);
	/* Backwards counts too; sleeping without a step of the clock not. */
	set_offsets(-60, 0);
	assert_true(fires(fd, SOON_MS));
	assert_int_equal(read(fd, &n, sizeof(n)), -1);
	assert_int_equal(errno, ECANCELED);
	set_offsets(-60, 60);
	assert_false(fires(fd, NEVER_MS));
	close(fd);
}

/* Set past its end: first the news, and the program must look again. */
static void
test_cancel_past_end(void **state)
{
	int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	int fd = timer(CLOCK_REALTIME, flags, 1800);
	uint64_t n = 0;

	(void)state;
	set_offsets(HOUR, HOUR);
	assert_true(fires(fd, SOON_MS));
	assert_int_equal(read(fd, &n, sizeof(n)), -1);
	assert_int_equal(errno, ECANCELED);
	close(fd);
}

static void
test_settime_tells(void **state)
{
	int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	int fd = timer(CLOCK_REALTIME, flags, 1800);
	struct itimerspec t = { 0 };

	(void)state;
	set_offsets(60, 0);
	assert_true(fires(fd, SOON_MS));
	t.it_value.tv_sec = seconds(CLOCK_REALTIME) + 1800;
	assert_int_equal(timerfd_settime(fd, flags, &t, NULL), -1);
	assert_int_equal(errno, ECANCELED);
	assert_false(fires(fd, NEVER_MS));
	assert_int_equal(timerfd_settime(fd, flags, &t, NULL), 0);
	close(fd);
}

/* A closed timer is forgotten: its number may come back as another thing. */
static void
test_reused_fd(void **state)
{
	int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	int fd = timer(CLOCK_REALTIME, flags, 1800), p[2];
	char c = 0;

	(void)state;
	close(fd);
	assert_int_equal(pipe(p), 0);
	assert_true(p[0] == fd || p[1] == fd);
	set_offsets(60, 0);
	assert_false(fires(p[0], NEVER_MS));
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	close(p[0]);
	close(p[1]);
}

static void
test_child(void **state)
{
	int64_t now = seconds(CLOCK_REALTIME);
	char text[32] = "";
	FILE *f;

	(void)state;
	set_offsets(7 * HOUR, 0);
	f = popen("date +%s", "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	assert_int_equal(pclose(f), 0);
	assert_in_range(atoll(text) - now, 7 * HOUR, 7 * HOUR + 5);
}

/* Runs itself again under the preload, with a file of its own. */
static int
under_warp(char *argv[])
{
	const char *build = getenv("top_builddir");
	const char *asan = getenv("ASAN_OPTIONS");
	char file[] = "/tmp/warp-XXXXXX", shim[4096], options[4096];
	int64_t zero[2] = { 0, 0 };
	int status, fd = mkstemp(file);
	pid_t pid;

	if (build == NULL)
		build = ".";
	(void)snprintf(shim, sizeof(shim), "%s/tests/tools/warp.so", build);
	/* ASan wants to be the first library; being second does no harm. */
	(void)snprintf(options, sizeof(options), "%s%sverify_asan_link_order=0",
	    asan != NULL ? asan : "", asan != NULL ? ":" : "");
	if (fd < 0 || write(fd, zero, sizeof(zero)) != sizeof(zero) ||
	    access(shim, R_OK) < 0) {
		perror(shim);
		return 1;
	}
	close(fd);
	pid = fork();
	if (pid == 0) {
		setenv("WARP", file, 1);
		setenv("LD_PRELOAD", shim, 1);
		setenv("ASAN_OPTIONS", options, 1);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	unlink(file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_clocks, setup),
		cmocka_unit_test_setup(test_timers, setup),
		cmocka_unit_test_setup(test_goes_on, setup),
		cmocka_unit_test_setup(test_cancel_on_set, setup),
		cmocka_unit_test_setup(test_cancel_past_end, setup),
		cmocka_unit_test_setup(test_settime_tells, setup),
		cmocka_unit_test_setup(test_reused_fd, setup),
		cmocka_unit_test_setup(test_child, setup),
	};

	(void)argc;
	if (getenv("WARP") == NULL)
		return under_warp(argv);
	warp_fd = open(getenv("WARP"), O_RDWR | O_CLOEXEC);
	assert_true(warp_fd >= 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
