/* SPDX-License-Identifier: Apache-2.0 */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/clock.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define TOLD_MAX 4096 /* bytes of reasons for the caller */

static struct {
	bool on;
	int caller; /* the writing end; -1: the caller has gone on */
	int log;    /* also standard error; -1: none */
	char *path;
	char *told; /* errors before it was ready */
} bg = { .caller = -1, .log = -1 };

/* ---- leaving the caller ------------------------------------------------------ */

/* What ends with the caller's session, or is not the agent's to know. */
static const char *const not_ours[] = {
	"SSH_CLIENT",
	"SSH_CONNECTION",
	"SSH_TTY",
	"SSH_ORIGINAL_COMMAND",
	"WINDOWID",
	"TMUX",
	"TMUX_PANE",
	"STY",
	"GPG_TTY",
	"LISTEN_FDS",
	"LISTEN_PID",
	"LISTEN_FDNAMES",
	"NOTIFY_SOCKET",
	"WATCHDOG_PID",
	"WATCHDOG_USEC",
	"JOURNAL_STREAM",
	"INVOCATION_ID",
	"SYSTEMD_EXEC_PID",
	"MAINPID",
	"MANAGERPID",
	"AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN",
	"AWS_SECURITY_TOKEN",
	"AWS_PROFILE",
	"AWS_DEFAULT_PROFILE",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN",
	"username",
	"password",
	"mfa_token",
	"OLDPWD",
	"PWD",
};

static void
forget_caller(void)
{
	sigset_t none;

	/* An X server that is reached through ssh goes with it. */
	if (getenv("SSH_CONNECTION") != NULL) {
		unsetenv("DISPLAY");
		unsetenv("XAUTHORITY");
	}
	for (size_t i = 0; i < ARRAY_SIZE(not_ours); i++)
		unsetenv(not_ours[i]);
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Reads what the agent has to say: a status, then text.  Ends with it. */
static int
wait_for_agent(int fd)
{
	_cleanup_free_ char *path = background_log_path();
	char text[TOLD_MAX + 2];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1) {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (len == 0) {
		fprintf(stderr,
		    _("awsfedd: the agent ended before it was ready. Next: "
		      "read %s\n"),
		    path != NULL ? path : "its log");
		return EXIT_FAILURE;
	}
	text[len] = '\0';
	if (len > 1)
		fprintf(stderr, "%s", text + 1);
	return (unsigned char)text[0];
}

static int
could_not(const char *what)
{
	fprintf(stderr, _("awsfedd: %s: %s. Next: awsfedd --foreground\n"),
	    what, strerror(errno));
	return EXIT_FAILURE;
}

bool
background_start(int *ret_status)
{
	int ends[2], null;
	pid_t pid;

	/* Before the pipe: nothing that was left open comes along. */
	(void)close_range(3, ~0U, 0);
	if (pipe2(ends, O_CLOEXEC) != 0) {
		*ret_status = could_not("pipe2");
		return false;
	}
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		*ret_status = could_not("fork");
		return false;
	}
	if (pid > 0) {
		close(ends[1]);
		*ret_status = wait_for_agent(ends[0]);
		(void)waitpid(pid, NULL, 0);
		return false;
	}
	close(ends[0]);
	bg.on = true;
	bg.caller = ends[1];
	(void)setsid();
	/* Not the session's leader: no terminal can become its own. */
	pid = fork();
	if (pid != 0)
		_exit(pid < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	forget_caller();
	if (chdir("/") != 0)
		_exit(EXIT_FAILURE);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			_exit(EXIT_FAILURE);
	if (null > STDERR_FILENO)
		close(null);
	return true;
}

/* ---- the log ------------------------------------------------------------------- */

char *
background_log_path(void)
{
	_cleanup_free_ char *state = path_state(), *host = path_host();

	return state == NULL ? NULL : xasprintf("%s/agent-%s.log", state, host);
}

static void
open_log(void)
{
	int fd = open(bg.path,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY |
		O_NONBLOCK,
	    0600);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)))
		closep(&fd);
	if (fd < 0)
		return;
	closep(&bg.log);
	bg.log = fd;
	/* What a library, or a child that has none of its own, says. */
	(void)dup2(fd, STDERR_FILENO);
}

static void
bound_log(void)
{
	_cleanup_free_ char *old = NULL;
	struct stat st;

	if (bg.log < 0 || fstat(bg.log, &st) != 0 ||
	    st.st_size < BACKGROUND_LOG_MAX)
		return;
	old = xasprintf("%s.1", bg.path);
	if (rename(bg.path, old) != 0)
		(void)!ftruncate(bg.log, 0); /* it must not grow */
	open_log();
}

static void
to_log(
    int priority, const char *line, const struct log_field *fields, void *arg)
{
	char when[RFC3339_SIZE];
	_cleanup_free_ char *out = NULL;

	(void)fields;
	(void)arg;
	rfc3339_format(time(NULL), when);
	out = xasprintf(
	    "%s awsfedd[%ld]: <%d> %s\n", when, (long)getpid(), priority, line);
	if (bg.log >= 0) {
		(void)write_all(bg.log, out, strlen(out));
		bound_log();
	}
	if (bg.caller < 0 || priority > LOG_ERR)
		return;
	xreplace(&bg.told,
	    xasprintf("%sawsfedd: %s\n", bg.told != NULL ? bg.told : "", line));
}

void
background_log(void)
{
	_cleanup_free_ char *state = path_state();
	unsigned uid;

	bg.path = background_log_path();
	/* Where that fails the agent will not come up, and say why. */
	if (bg.path != NULL && !path_home_is_missing() &&
	    !path_home_is_callers(&uid) && path_mkdirs(state, true) == 0)
		open_log();
	log_hook(to_log, NULL);
}

/* ---- the caller ------------------------------------------------------------------ */

static void
tell_caller(int status, const char *text)
{
	unsigned char first = (unsigned char)status;
	size_t len = text == NULL ? 0 : strlen(text);

	if (bg.caller < 0)
		return;
	if (write_all(bg.caller, &first, 1) == 0 && len > 0)
		(void)write_all(
		    bg.caller, text, len > TOLD_MAX ? TOLD_MAX : len);
	closep(&bg.caller);
	xreplace(&bg.told, NULL);
}

void
background_ready(void)
{
	tell_caller(EXIT_SUCCESS, NULL);
}

void
background_failed(int status)
{
	tell_caller(status != EXIT_SUCCESS ? status : EXIT_FAILURE, bg.told);
}

bool
background_is(void)
{
	return bg.on;
}
