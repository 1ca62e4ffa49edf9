/* SPDX-License-Identifier: Apache-2.0 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "absent.h"
#include "signals.h"

#define AGENT "awsfedd"
#define SOCKET_UNIT "awsfedd.socket"
#define SERVICE_UNIT "awsfedd.service"
#define START_SECONDS 60 /* for the agent, and for another one that starts it */
#define LISTEN_SECONDS 5 /* from its lock to its socket */
#define PAUSE_MS 20
#define SAID_MAX 4096 /* bytes of what a program said */

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
pause_ms(long ms)
{
	struct timespec ts = { 0, ms * 1000000 };

	nanosleep(&ts, NULL);
}

/* ---- other programs ------------------------------------------------------------ */

static void
child(const char *const *argv, int out)
{
	_cleanup_free_ char *run = path_user_runtime();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	signals_restore();
	/* systemctl wants it said; cron and su do not. */
	if (run != NULL)
		setenv("XDG_RUNTIME_DIR", run, 0);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(126);
	(void)close_range(3, ~0U, 0);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(STDERR_FILENO, "%s: %s", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Everything that comes until the end of file; false at the deadline. */
static bool
listen_to(int fd, char *said, size_t size, int64_t until)
{
	size_t len = 0;

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		char lost[256];
		int64_t left = until - now_ms();
		ssize_t n;

		said[len] = '\0';
		if (left <= 0)
			return false;
		if (poll(&pfd, 1, (int)left) <= 0)
			continue;
		n = len + 1 < size ? read(fd, said + len, size - 1 - len) :
				     read(fd, lost, sizeof(lost));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return true;
		if (len + 1 < size)
			len += (size_t)n;
	}
}

/*
 * Runs a program without a terminal: its exit status (128 + N for a signal),
 * or a negative errno; -ETIMEDOUT: it was ended.  said gets its words.
 */
static int
run_program(const char *const *argv, char said[SAID_MAX])
{
	int ends[2], status = 0;
	bool whole;
	pid_t pid;

	said[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		int e = errno;

		close(ends[0]);
		close(ends[1]);
		return -e;
	}
	if (pid == 0)
		child(argv, ends[1]);
	close(ends[1]);
	whole =
	    listen_to(ends[0], said, SAID_MAX, now_ms() + START_SECONDS * 1000);
	close(ends[0]);
	if (!whole)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!whole)
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- by systemd ---------------------------------------------------------------- */

/* The value of KEY=value among the lines; xalloc, NULL when there is none. */
static char *
line_value(const char *lines, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = lines; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, key, n) == 0 && p[n] == '=')
			return xstrndup(p + n + 1, strcspn(p + n + 1, "\n"));
	}
	return NULL;
}

/* 1: systemd did it; 0: it has no such units; -1 with *problem. */
static int
by_manager(struct problem *problem)
{
	static const char *const show[] = { "systemctl", "--user", "show",
		"--property=LoadState,UnitFileState", SOCKET_UNIT, NULL };
	static const char *const start[] = { "systemctl", "--user", "start",
		SOCKET_UNIT, SERVICE_UNIT, NULL };
	char said[SAID_MAX];
	_cleanup_free_ char *load = NULL, *enabled = NULL, *clean = NULL;
	int r = run_program(show, said);

	if (r != 0)
		return 0; /* no systemctl, or nobody whom it reaches */
	load = line_value(said, "LoadState");
	enabled = line_value(said, "UnitFileState");
	if (str_eq(load, "masked")) {
		problem_set(problem, EXIT_NO_AGENT, FAULT_CONFIG,
		    _("there is no agent, and its unit is masked, so it is "
		      "not started."));
		fault_next(&problem->fault,
		    "systemctl --user unmask " SOCKET_UNIT " " SERVICE_UNIT);
		return -1;
	}
	if (!str_eq(load, "loaded"))
		return 0;
	r = run_program(start, said);
	if (r == 0) {
		if (!str_eq(enabled, "enabled"))
			fprintf(stderr,
			    _("awsfed: the agent was started for this time; "
			      "for every time: systemctl --user enable "
			      "%s\n"),
			    SOCKET_UNIT);
		return 1;
	}
	clean = str_clean(said, 512);
	problem_set(problem, EXIT_NO_AGENT, FAULT_TEMPORARY,
	    _("systemd could not start the agent (%s)."),
	    r == -ETIMEDOUT	 ? _("it took too long") :
		str_empty(clean) ? _("no reason given") :
				   clean);
	fault_next(&problem->fault, "journalctl --user -u " SERVICE_UNIT);
	return -1;
}

/* ---- on its own ------------------------------------------------------------------ */

/* The agent beside this program, else the one that was installed; xalloc. */
static char *
agent_path(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL) {
		_cleanup_free_ char *path =
		    xasprintf("%.*s/" AGENT, (int)(slash - self), self);

		if (access(path, X_OK) == 0)
			return STEAL(path);
	}
	return xstrdup(BINDIR "/" AGENT);
}

/* "awsfedd: TEXT. Next: DO" into its two halves. */
static void
take_reason(struct problem *problem, char *said)
{
	char *text = said, *next, *end;

	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, AGENT ": ", strlen(AGENT ": ")) == 0)
		text += strlen(AGENT ": ");
	next = strstr(text, " Next: ");
	if (next != NULL) {
		*next = '\0';
		next += strlen(" Next: ");
	}
	end = text + strlen(text);
	while (end > text && (end[-1] == ' ' || end[-1] == '.'))
		*--end = '\0';
	if (text[0] == '\0')
		return;
	problem_set(problem, EXIT_NO_AGENT, FAULT_CONFIG,
	    _("the agent could not be started: %s."), text);
	if (next != NULL)
		fault_next(&problem->fault, "%s", next);
	else
		fault_next(&problem->fault, "awsfedd --foreground");
}

/* 0, or -1 with *problem. */
static int
by_itself(struct problem *problem)
{
	_cleanup_free_ char *path = agent_path(), *clean = NULL;
	const char *argv[] = { path, "--background", NULL };
	char said[SAID_MAX];
	int r;

	if (access(path, X_OK) != 0) {
		problem_set(problem, EXIT_NO_AGENT, FAULT_CONFIG,
		    _("there is no agent, and its program %s cannot be run "
		      "(%s)."),
		    path, strerror(errno));
		fault_next(&problem->fault, "%s",
		    _("install awsfed as a whole, with awsfedd beside "
		      "awsfedctl"));
		return -1;
	}
	log_debug("starting %s --background", path);
	r = run_program(argv, said);
	if (r == 0)
		return 0;
	problem_set(problem, EXIT_NO_AGENT, FAULT_TEMPORARY,
	    r == -ETIMEDOUT ?
		_("the agent was started, and was not ready in time.") :
		_("the agent could not be started."));
	fault_next(&problem->fault, "awsfedd --foreground");
	take_reason(problem, said);
	return -1;
}

/* ---- one at a time ---------------------------------------------------------------- */

/*
 * The right to start it, until the descriptor is closed: an open file
 * description lock in the agent's directory.  A descriptor, or -1 with
 * *problem.
 */
static int
take_turn(struct problem *problem)
{
	_cleanup_free_ char *dir = path_runtime(), *name = NULL;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int64_t until = now_ms() + START_SECONDS * 1000;
	const char *run = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	int r = 0, fd = -1;

	/* It is made in what is there; what is to be there is not made. */
	if (run != NULL && run[0] == '/')
		r = stat(run, &st) == 0 ? 0 : -errno;
	else if (path_home_is_missing())
		r = -ENOENT;
	if (r == 0)
		r = path_mkdirs(dir, true);
	if (r == 0) {
		name = path_join(dir, "start.lock");
		fd =
		    open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = fd < 0 ? -errno : 0;
	}
	while (r == 0 && fcntl(fd, F_OFD_SETLK, &lock) != 0) {
		if (errno != EAGAIN && errno != EACCES)
			break; /* no locks here: the agent has one of its own */
		if (now_ms() >= until)
			break;
		pause_ms(PAUSE_MS);
	}
	if (r == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	problem_set(problem, EXIT_NO_AGENT, FAULT_CONFIG,
	    r == -EPERM ? _("the agent needs the directory %s for its socket, "
			    "and it is not yours alone (%s).") :
			  _("the agent needs the directory %s for its socket, "
			    "and it cannot be used (%s)."),
	    dir, r == -EPERM ? _("owner or mode") : strerror(-r));
	if (r == -EPERM)
		fault_next(&problem->fault, "chmod 700 %s", dir);
	else
		fault_next(&problem->fault, "%s",
		    _("set HOME and XDG_RUNTIME_DIR to directories of yours, "
		      "or unset the latter"));
	return -1;
}

/* It has its lock before it listens. */
static int
connect_soon(struct conn **ret, struct problem *problem)
{
	int64_t until = now_ms() + LISTEN_SECONDS * 1000;

	for (;;) {
		_cleanup_problem_ struct problem last = { 0 };
		int r = conn_open(ret, &last);

		if (r == 0)
			return 0;
		if ((r != -ENOENT && r != -ECONNREFUSED) || now_ms() >= until) {
			problem_done(problem);
			*problem = last;
			last = (struct problem){ 0 };
			return -1;
		}
		pause_ms(PAUSE_MS);
	}
}

int
launch(struct conn **ret, struct problem *problem)
{
	_cleanup_problem_ struct problem none = { 0 };
	_cleanup_close_ int turn = -1;
	unsigned uid;
	int r;

	if (absent_named())
		return -1;
	problem_done(problem);
	/* The agent says the same; but it must not be reached so far. */
	if (path_home_is_callers(&uid)) {
		problem_set(problem, EXIT_NO_AGENT, FAULT_CONFIG,
		    _("there is no agent of root's, and none is started in "
		      "the home of user id %u who called sudo."),
		    uid);
		fault_next(&problem->fault, "%s",
		    _("do without sudo, or sudo -H for root's own profiles"));
		return -1;
	}
	turn = take_turn(problem);
	if (turn < 0)
		return -1;
	/* Another one may have started it while we waited. */
	if (conn_open(ret, &none) == 0)
		return 0;
	r = absent_manager() ? by_manager(problem) : 0;
	if (r == 0)
		r = by_itself(problem);
	if (r < 0) {
		_cleanup_problem_ struct problem again = { 0 };

		/* Somebody else's agent was a moment faster. */
		if (conn_open(ret, &again) != 0)
			return -1;
		problem_done(problem);
		return 0;
	}
	return connect_soon(ret, problem);
}
