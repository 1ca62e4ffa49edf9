/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "child.h"
#include "loop.h"

#define OUTPUT_MAX (64 * 1024) /* bytes of one command's output */

extern char **environ;

LIST_HEAD(command_list, command);

struct real_commands {
	struct commands commands;
	struct loop *loop;
	struct children *children;
	struct command_list list;
};

struct command {
	struct real_commands *rc;
	struct child *child;
	int fd;
	struct event *ev_read;
	struct buf out;
	int64_t limit;
	struct timer *timer; /* its limit, or the deferred end */
	bool over;	     /* the end is due, with this fault: */
	struct fault fault;
	command_done_fn *done;
	void *arg;
	LIST_ENTRY(command) entry;
};

static void
close_output(struct command *c)
{
	if (c->ev_read != NULL)
		event_free(c->ev_read);
	c->ev_read = NULL;
	closep(&c->fd);
}

static void
command_free(struct command *c)
{
	LIST_REMOVE(c, entry);
	close_output(c);
	child_release(STEAL(c->child), 0);
	c->rc->loop->ops->timer_free(c->timer);
	buf_done(&c->out);
	fault_done(&c->fault);
	xfree(c);
}

static void
end_now(struct command *c)
{
	_cleanup_fault_ struct fault fault = c->fault;
	_cleanup_buf_ struct buf out = c->out;
	command_done_fn *done = c->done;
	void *arg = c->arg;

	c->fault = (struct fault){ 0 };
	c->out = (struct buf)BUF_INIT(OUTPUT_MAX);
	command_free(c);
	done(&fault, out.data != NULL ? out.data : "", out.len, arg);
}

static void
end_later(struct command *c)
{
	c->over = true;
	close_output(c);
	child_release(STEAL(c->child), 0);
	c->rc->loop->ops->timer_set(c->timer, (struct deadline){ 0 });
}

static void
on_timer(void *arg)
{
	struct command *c = arg;

	if (!c->over) {
		fault_set(&c->fault, FAULT_TEMPORARY, REASON_TIMEOUT,
		    _("the command did not end within %lld seconds and was "
		      "stopped"),
		    (long long)(c->limit / USEC));
		fault_next(&c->fault, "%s",
		    _("Run the command by hand to see "
		      "what it waits for."));
	}
	end_now(c);
}

/* Reads what there is. */
static void
read_output(struct command *c)
{
	for (;;) {
		size_t room = c->out.max - c->out.len;
		ssize_t n;

		if (room == 0) {
			fault_set(&c->fault, FAULT_CONFIG, REASON_SETTINGS,
			    _("the command wrote more than %d bytes"),
			    OUTPUT_MAX);
			fault_next(&c->fault, "%s",
			    _("Make it write nothing "
			      "but the answer."));
			end_later(c);
			return;
		}
		if (room > 4096)
			room = 4096;
		if (buf_reserve(&c->out, room) < 0)
			return;
		n = read(c->fd, c->out.data + c->out.len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
		c->out.len += (size_t)n;
		c->out.data[c->out.len] = '\0';
	}
	close_output(c); /* its end is what counts */
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_read);
	(void)fd;
	(void)what;
	read_output(arg);
}

static void
on_exited(int status, void *arg)
{
	struct command *c = arg;
	_cleanup_free_ char *how = NULL;

	c->child = NULL;
	/* A grandchild may hold the pipe for ever: take what is there. */
	if (c->fd >= 0)
		read_output(c);
	if (c->over)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		how = child_status_text(status);
		fault_set(&c->fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("the command failed (%s)"), how);
		fault_next(&c->fault, "%s",
		    _("Run the command by hand to see "
		      "why; what it said is in the log."));
	}
	end_now(c);
}

/* Ours with the additions, which win. */
static void
environment(struct strv *env, const char *const *more)
{
	for (char **e = environ; *e != NULL; e++) {
		size_t n = strcspn(*e, "=");
		bool replaced = strncmp(*e, "NOTIFY_SOCKET=", 14) == 0 ||
		    strncmp(*e, "LISTEN_", 7) == 0 ||
		    strncmp(*e, "WATCHDOG_", 9) == 0;

		for (size_t i = 0; more != NULL && more[i] != NULL; i++)
			replaced |=
			    strncmp(more[i], *e, n) == 0 && more[i][n] == '=';
		if (!replaced)
			strv_add(env, *e);
	}
	for (size_t i = 0; more != NULL && more[i] != NULL; i++)
		strv_add(env, more[i]);
}

static int
start_shell(struct command *c, const char *line, const char *const *more)
{
	const char *const argv[] = { "sh", "-c", line, NULL };
	struct child_spec spec = { "command", "/bin/sh", argv, NULL, -1, -1,
		-1 };
	_cleanup_strv_ struct strv env = { 0 };
	int p[2], r;

	if (pipe2(p, O_CLOEXEC) != 0)
		return -errno;
	environment(&env, more);
	spec.envp = (const char *const *)env.v;
	spec.out = p[1];
	c->fd = p[0];
	c->ev_read = event_new(
	    loop_base(c->rc->loop), c->fd, EV_READ | EV_PERSIST, on_read, c);
	r = fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 ? -errno :
						     loop_watch(c->ev_read);
	if (r == 0)
		r = child_start(
		    c->rc->children, &spec, on_exited, c, &c->child);
	close(p[1]);
	return r;
}

static struct command *
command_start(struct commands *commands, const char *line,
    const char *const *env, int timeout, command_done_fn *done, void *arg)
{
	struct real_commands *rc = (struct real_commands *)commands;
	struct command *c = xcalloc(1, sizeof(*c));
	int r;

	c->rc = rc;
	c->fd = -1;
	c->limit = timeout * USEC;
	c->done = done;
	c->arg = arg;
	c->timer = timer_new(rc->loop, on_timer, c);
	buf_init(&c->out, OUTPUT_MAX);
	LIST_INSERT_HEAD(&rc->list, c, entry);
	r = start_shell(c, line, env);
	if (r < 0) {
		fault_set(&c->fault, FAULT_INTERNAL, REASON_NONE,
		    _("cannot start /bin/sh: %s"), strerror(-r));
		fault_next(&c->fault, "%s",
		    _("Close other programs and try "
		      "again."));
		end_later(c);
		return c;
	}
	rc->loop->ops->timer_set(
	    c->timer, deadline_boot(rc->loop->clk, c->limit));
	return c;
}

static const struct commands_ops real_ops = { command_start, command_free };

struct commands *
commands_new(struct loop *loop)
{
	struct real_commands *rc = xcalloc(1, sizeof(*rc));

	rc->commands.ops = &real_ops;
	rc->loop = loop;
	rc->children = children_new(loop);
	LIST_INIT(&rc->list);
	return &rc->commands;
}

void
commands_free(struct commands *commands)
{
	struct real_commands *rc = (struct real_commands *)commands;
	struct command *c;

	if (rc == NULL)
		return;
	while ((c = LIST_FIRST(&rc->list)) != NULL)
		command_free(c);
	children_free(rc->children);
	xfree(rc);
}
