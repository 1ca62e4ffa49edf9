/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/buf.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "loop.h"

#define LINE_LENGTH 2048 /* bytes of one log line of a child */
#define LINES_MAX 500	 /* log lines of one child */
#define FIRST_FREE_FD 10 /* sources stay clear of the targets 0 to 3 */
#define POLL_MS 50	 /* without pidfd */
#define ENDED 32	 /* children that are remembered */

LIST_HEAD(child_list, child);

struct children {
	struct loop *loop;
	struct child_list list;
	struct {
		pid_t pid;     /* 0: none */
		int64_t until; /* boot clock */
	} ended[ENDED];
	size_t oldest; /* of ended[] */
};

struct child {
	struct children *children;
	char *name;
	pid_t pid;
	int pidfd; /* -1: the kernel has none, we poll */
	int err;
	struct event *ev_exit;
	struct event *ev_err;
	struct buf line;
	unsigned lines;
	child_exit_fn *exited; /* NULL: released */
	void *arg;
	struct timer *grace;
	LIST_ENTRY(child) entry;
};

/* ---- its log ------------------------------------------------------------------ */
/* A line may begin with systemd's "<N>" priority. */
static void
log_line(struct child *c, const char *line)
{
	int priority = LOG_INFO;

	if (line[0] == '<' && line[1] >= '0' && line[1] <= '7' &&
	    line[2] == '>') {
		priority = line[1] - '0';
		line += 3;
	}
	if (*line == '\0' || c->lines > LINES_MAX)
		return;
	if (c->lines++ == LINES_MAX)
		log_warning("%s[%ld]: writes too much, the rest is dropped",
		    c->name, (long)c->pid);
	else
		log_at(priority, "%s[%ld]: %s", c->name, (long)c->pid, line);
}

static void
log_lines(struct child *c, bool flush)
{
	char *nl;

	while (c->line.len > 0 &&
	    (nl = memchr(c->line.data, '\n', c->line.len)) != NULL) {
		*nl = '\0';
		log_line(c, c->line.data);
		buf_consume(&c->line, (size_t)(nl - c->line.data) + 1);
	}
	if (c->line.len > 0 && (flush || c->line.len == c->line.max)) {
		log_line(c, c->line.data);
		buf_reset(&c->line);
	}
}

/* Reads what there is.  False at the end of the stream. */
static bool
read_log(struct child *c)
{
	/* Bounded: a child that never stops must not hold the loop. */
	for (int i = 0; i < 64; i++) {
		size_t room = c->line.max - c->line.len;
		ssize_t n;

		if (buf_reserve(&c->line, room) < 0)
			return false;
		n = read(c->err, c->line.data + c->line.len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0)
			return false;
		/* A NUL would hide the rest of a line. */
		for (ssize_t k = 0; k < n; k++)
			if (c->line.data[c->line.len + (size_t)k] == '\0')
				c->line.data[c->line.len + (size_t)k] = '?';
		c->line.len += (size_t)n;
		c->line.data[c->line.len] = '\0';
		log_lines(c, false);
	}
	return true;
}

static void
close_log(struct child *c)
{
	if (c->err < 0)
		return;
	log_lines(c, true);
	event_free(c->ev_err);
	c->ev_err = NULL;
	closep(&c->err);
}

static void
on_err(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_err);
	struct child *c = arg;

	(void)fd;
	(void)what;
	if (!read_log(c))
		close_log(c);
}

/* ---- its end --------------------------------------------------------------------- */
static void
kill_group(struct child *c)
{
	/* Not reaped yet, so neither number can be somebody else's. */
	if (kill(-c->pid, SIGKILL) != 0)
		kill(c->pid, SIGKILL);
}

static void
child_free(struct child *c)
{
	if (c->err >= 0) {
		read_log(c);
		close_log(c);
	}
	if (c->ev_exit != NULL)
		event_free(c->ev_exit);
	closep(&c->pidfd);
	if (c->grace != NULL)
		c->children->loop->ops->timer_free(c->grace);
	LIST_REMOVE(c, entry);
	buf_done(&c->line);
	xfree(c->name);
	xfree(c);
}

static void
remember(struct children *children, pid_t pid)
{
	size_t i = children->oldest;

	children->ended[i].pid = pid;
	children->ended[i].until =
	    clk_boot(children->loop->clk) + CHILD_LATE * USEC;
	children->oldest = (i + 1) % ENDED;
}

bool
children_have(const struct children *children, pid_t pid)
{
	int64_t now = clk_boot(children->loop->clk);
	const struct child *c;

	LIST_FOREACH(c, &children->list, entry)
	if (c->pid == pid)
		return true;
	for (size_t i = 0; i < ENDED; i++)
		if (pid > 0 && children->ended[i].pid == pid &&
		    now < children->ended[i].until)
			return true;
	return false;
}

static void
on_exit_event(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_exit_event);
	struct child *c = arg;
	child_exit_fn *exited = c->exited;
	void *exited_arg = c->arg;
	siginfo_t si = { 0 };
	int status = 0;

	(void)fd;
	(void)what;
	/* Look, end what it left behind in its group, and only then reap. */
	if (waitid(P_PID, (id_t)c->pid, &si, WEXITED | WNOHANG | WNOWAIT) ==
		0 &&
	    si.si_pid == 0)
		return;
	kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	remember(c->children, c->pid);
	child_free(c);
	if (exited != NULL)
		exited(status, exited_arg);
}

static void
on_grace(void *arg)
{
	kill_group(arg);
}

void
child_release(struct child *c, int grace_ms)
{
	struct loop *loop;

	if (c == NULL)
		return;
	loop = c->children->loop;
	c->exited = NULL;
	if (grace_ms == 0) {
		kill_group(c);
		return;
	}
	c->grace = timer_new(loop, on_grace, c);
	loop->ops->timer_set(c->grace, deadline_in(loop->clk, grace_ms * MSEC));
}

/* ---- its start --------------------------------------------------------------------- */
/* A copy above the descriptors we are about to fill. */
static int
copy_high(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
}

/* in, out, err and extra become 0 to 3, and nothing else is open. */
static int
place(posix_spawn_file_actions_t *fa, const int fds[], size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = posix_spawn_file_actions_adddup2(fa, fds[i], (int)i);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(fa, (int)n);
	return -r;
}

static int
spawn(const struct child_spec *spec, int err, pid_t *ret)
{
	_cleanup_close_ int null = -1, in = -1, out = -1, extra = -1;
	_cleanup_close_ int err_high = -1;
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	sigset_t none, all;
	int r;

	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	in = copy_high(spec->in >= 0 ? spec->in : null);
	out = copy_high(spec->out >= 0 ? spec->out : null);
	err_high = copy_high(err);
	if (spec->extra >= 0)
		extra = copy_high(spec->extra);
	if (in < 0 || out < 0 || err_high < 0 ||
	    (spec->extra >= 0 && extra < 0))
		return -errno;
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&at);
	r = place(
	    &fa, (const int[]){ in, out, err_high, extra }, extra >= 0 ? 4 : 3);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&at, &none);
	posix_spawnattr_setsigdefault(&at, &all);
	posix_spawnattr_setpgroup(&at, 0);
	posix_spawnattr_setflags(&at,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		POSIX_SPAWN_SETPGROUP);
	if (r == 0)
		r = -posix_spawn(ret, spec->path, &fa, &at,
		    (char *const *)(uintptr_t)spec->argv,
		    (char *const *)(uintptr_t)spec->envp);
	posix_spawnattr_destroy(&at);
	posix_spawn_file_actions_destroy(&fa);
	return r;
}

int
child_start(struct children *children, const struct child_spec *spec,
    child_exit_fn *exited, void *arg, struct child **ret)
{
	struct event_base *base = loop_base(children->loop);
	const struct timeval poll = { 0, POLL_MS * 1000 };
	struct child *c;
	int err[2], r;
	pid_t pid;

	if (pipe2(err, O_CLOEXEC) != 0)
		return -errno;
	r = fcntl(err[0], F_SETFL, O_NONBLOCK) != 0 ? -errno :
						      spawn(spec, err[1], &pid);
	close(err[1]);
	if (r < 0) {
		close(err[0]);
		return r;
	}
	c = xcalloc(1, sizeof(*c));
	c->children = children;
	c->name = xstrdup(spec->name);
	c->pid = pid;
	c->exited = exited;
	c->arg = arg;
	c->err = err[0];
	buf_init(&c->line, LINE_LENGTH);
	LIST_INSERT_HEAD(&children->list, c, entry);
	c->ev_err = event_new(base, c->err, EV_READ | EV_PERSIST, on_err, c);
	c->pidfd = pidfd_open(pid, 0);
	r = loop_watch(c->ev_err);
	if (r == 0 && c->pidfd >= 0) {
		fcntl(c->pidfd, F_SETFD, FD_CLOEXEC);
		c->ev_exit = event_new(
		    base, c->pidfd, EV_READ | EV_PERSIST, on_exit_event, c);
		r = loop_watch(c->ev_exit);
	} else if (r == 0) {
		c->ev_exit = event_new(base, -1, EV_PERSIST, on_exit_event, c);
		event_add(c->ev_exit, &poll);
	}
	if (r < 0) {
		kill_group(c);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		child_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

pid_t
child_pid(const struct child *c)
{
	return c->pid;
}

struct children *
children_new(struct loop *loop)
{
	struct children *children = xcalloc(1, sizeof(*children));

	children->loop = loop;
	LIST_INIT(&children->list);
	return children;
}

void
children_free(struct children *children)
{
	struct child *c;

	if (children == NULL)
		return;
	while ((c = LIST_FIRST(&children->list)) != NULL) {
		kill_group(c);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		child_free(c);
	}
	xfree(children);
}

char *
child_status_text(int status)
{
	if (WIFSIGNALED(status))
		return xasprintf("signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	return xasprintf("exit status %d", WEXITSTATUS(status));
}
