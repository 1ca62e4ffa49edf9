/* SPDX-License-Identifier: Apache-2.0 */
#include "askpass.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/buf.h"
#include "awsfed/clock.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "askpass-assuan.h"
#include "child.h"
#include "loop.h"

#define IN_MAX (64 * 1024)  /* bytes of the program that wait for a reader */
#define OUT_MAX (16 * 1024) /* and of ours */
#define ANSWER_LINE 4097    /* of an askpass, with the newline */
#define BYE_MS 1000	    /* for a pinentry to restore the screen */

extern char **environ;

LIST_HEAD(asking_list, asking);

struct askers {
	struct loop *loop;
	struct children *children;
	struct asking_list list;
};

struct asking {
	struct askers *askers;
	enum ask_kind kind;
	bool pinentry;
	struct child *child;
	int fd; /* both ways to a pinentry; what an askpass prints */
	struct event *ev;
	struct buf in;
	struct assuan assuan;
	struct timer *timer; /* its limit, or the deferred end */
	bool over;
	enum ask_end end;
	char *value;
	ask_fn *done;
	void *arg;
	LIST_ENTRY(asking) entry;
};

static void
asking_free(struct asking *a, int grace_ms)
{
	LIST_REMOVE(a, entry);
	if (a->ev != NULL)
		event_free(a->ev);
	closep(&a->fd);
	child_release(STEAL(a->child), grace_ms);
	a->askers->loop->ops->timer_free(a->timer);
	buf_done(&a->in);
	assuan_done(&a->assuan);
	xfree(a->value);
	xfree(a);
}

/* ---- its end ---------------------------------------------------------------------- */

/* From the loop. */
static void
end_now(struct asking *a)
{
	_cleanup_free_ char *value = STEAL(a->value);
	enum ask_end end = a->end;
	ask_fn *done = a->done;
	void *arg = a->arg;

	asking_free(a, a->pinentry && end != ASK_LAPSED ? BYE_MS : 0);
	done(end, value != NULL ? value : "", arg);
}

/* value is taken. */
static void
finish(struct asking *a, enum ask_end end, char *value)
{
	if (a->over) {
		xfree(value);
		return;
	}
	a->over = true;
	a->end = end;
	xreplace(&a->value, value);
	if (a->ev != NULL)
		event_del(a->ev);
	a->askers->loop->ops->timer_set(a->timer, (struct deadline){ 0, 0 });
}

static void
on_timer(void *arg)
{
	struct asking *a = arg;

	if (!a->over) {
		a->over = true;
		a->end = ASK_LAPSED;
	}
	end_now(a);
}

/* ---- an askpass ------------------------------------------------------------------- */

/* The first line, as ssh(1) takes it. */
static char *
first_line(const struct buf *b)
{
	size_t n = b->len == 0 ? 0 : strcspn(b->data, "\r\n");

	return xstrndup(b->len == 0 ? "" : b->data, n);
}

static void
askpass_exited(struct asking *a, int status)
{
	_cleanup_free_ char *line = NULL, *how = NULL;

	if (WIFSIGNALED(status) || WEXITSTATUS(status) == 126 ||
	    WEXITSTATUS(status) == 127) {
		how = child_status_text(status);
		finish(a, ASK_FAILED, STEAL(how));
		return;
	}
	if (WEXITSTATUS(status) != 0) {
		finish(a, ASK_DECLINED, NULL);
		return;
	}
	line = first_line(&a->in);
	if (a->kind == ASK_CONFIRM && *line != '\0' && !str_caseeq(line, "yes"))
		finish(a, ASK_DECLINED, NULL);
	else
		finish(a, ASK_ANSWERED,
		    a->kind == ASK_CONFIRM || a->kind == ASK_SHOW ?
			NULL :
			STEAL(line));
}

/* ---- a pinentry -------------------------------------------------------------------- */

static void
say(struct asking *a, const struct buf *out)
{
	/* A few hundred bytes into an empty socket: all or nothing. */
	if (out->len > 0 &&
	    send(a->fd, out->data, out->len, MSG_NOSIGNAL | MSG_DONTWAIT) !=
		(ssize_t)out->len)
		finish(a, ASK_FAILED, xstrdup(_("it does not take its input")));
}

static void
pinentry_line(struct asking *a, const char *line, size_t len)
{
	_cleanup_buf_ struct buf out = BUF_INIT(OUT_MAX);
	static const char bye[] = "BYE\n";
	enum assuan_step step = assuan_take(&a->assuan, line, len, &out);

	say(a, &out);
	if (step == ASSUAN_MORE || a->over)
		return;
	(void)!send(a->fd, bye, sizeof(bye) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	switch (step) {
	case ASSUAN_MORE:
		break;
	case ASSUAN_ANSWERED:
		finish(a, ASK_ANSWERED, buf_take(&a->assuan.value));
		break;
	case ASSUAN_DECLINED:
		finish(a, ASK_DECLINED, NULL);
		break;
	case ASSUAN_LAPSED:
		finish(a, ASK_LAPSED, NULL);
		break;
	case ASSUAN_BROKEN:
		finish(a, ASK_FAILED, STEAL(a->assuan.why));
		break;
	}
}

static void
pinentry_lines(struct asking *a)
{
	char *nl;

	while (!a->over && a->in.len > 0 &&
	    (nl = memchr(a->in.data, '\n', a->in.len)) != NULL) {
		size_t n = (size_t)(nl - a->in.data);

		pinentry_line(a, a->in.data, n);
		buf_consume(&a->in, n + 1);
	}
	if (!a->over && a->in.len >= ASSUAN_LINE)
		finish(a, ASK_FAILED,
		    xstrdup(_("it does not speak pinentry's protocol")));
}

/* ---- input -------------------------------------------------------------------------- */

/* False at the end of the stream. */
static bool
read_some(struct asking *a)
{
	for (;;) {
		size_t room = a->in.max - a->in.len;
		ssize_t n;

		if (room == 0 || buf_reserve(&a->in, room) < 0) {
			finish(a, ASK_FAILED, xstrdup(_("it says too much")));
			return true;
		}
		n = read(a->fd, a->in.data + a->in.len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		a->in.len += (size_t)n;
		a->in.data[a->in.len] = '\0';
		if (a->pinentry)
			pinentry_lines(a);
		if (a->over)
			return true;
	}
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_read);
	struct asking *a = arg;

	(void)fd;
	(void)what;
	/* Its end is what counts; but it may have closed its output alone. */
	if (!read_some(a))
		event_del(a->ev);
}

static void
on_exited(int status, void *arg)
{
	struct asking *a = arg;

	a->child = NULL;
	if (!a->over)
		(void)read_some(a);
	if (a->over)
		return;
	if (a->pinentry) {
		char *how = child_status_text(status);

		finish(a, ASK_FAILED,
		    xasprintf(_("it ended before it had answered (%s)"), how));
		xfree(how);
	} else {
		askpass_exited(a, status);
	}
}

/* ---- its start ------------------------------------------------------------------------ */

/* Ours, without what is the service manager's; plus the kind of question. */
static void
environment(struct strv *env, enum ask_kind kind)
{
	static const char *const without[] = { "NOTIFY_SOCKET=", "LISTEN_",
		"WATCHDOG_", "SSH_ASKPASS_PROMPT=" };

	for (char **e = environ; *e != NULL; e++) {
		bool drop = false;

		for (size_t i = 0; i < ARRAY_SIZE(without); i++)
			drop |= str_starts(*e, without[i]);
		if (!drop)
			strv_add(env, *e);
	}
	if (kind == ASK_CONFIRM)
		strv_add(env, "SSH_ASKPASS_PROMPT=confirm");
	else if (kind == ASK_SHOW)
		strv_add(env, "SSH_ASKPASS_PROMPT=none");
}

/* What a window has one field for. */
static char *
one_text(const struct ask *ask)
{
	return ask->prompt == NULL ?
	    xstrdup(ask->text) :
	    xasprintf("%s\n%s:", ask->text, ask->prompt);
}

static int
start(struct asking *a, const struct ask *ask)
{
	_cleanup_strv_ struct strv env = { 0 };
	_cleanup_free_ char *text = one_text(ask);
	const char *askpass_argv[] = { ask->program, text, NULL };
	const char *pinentry_argv[] = { ask->program, NULL };
	struct child_spec spec = {
		.name = a->pinentry ? "pinentry" : "askpass",
		.path = ask->program,
		.argv = a->pinentry ? pinentry_argv : askpass_argv,
		.in = -1,
		.out = -1,
		.extra = -1,
	};
	int p[2], r;

	if (a->pinentry ?
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) != 0 :
		pipe2(p, O_CLOEXEC) != 0)
		return -errno;
	a->fd = p[0];
	environment(&env, ask->kind);
	spec.envp = (const char *const *)env.v;
	spec.out = p[1];
	if (a->pinentry)
		spec.in = p[1];
	a->ev = event_new(loop_base(a->askers->loop), a->fd,
	    EV_READ | EV_PERSIST, on_read, a);
	r = fcntl(a->fd, F_SETFL, O_NONBLOCK) != 0 ? -errno : loop_watch(a->ev);
	if (r == 0)
		r = child_start(
		    a->askers->children, &spec, on_exited, a, &a->child);
	close(p[1]);
	return r;
}

struct asking *
ask_start(struct askers *as, const struct ask *ask, ask_fn *done, void *arg)
{
	struct asking *a = xcalloc(1, sizeof(*a));
	int r;

	a->askers = as;
	a->kind = ask->kind;
	a->pinentry = ask->pinentry;
	a->fd = -1;
	a->done = done;
	a->arg = arg;
	buf_init(&a->in, ask->pinentry ? IN_MAX : ANSWER_LINE);
	assuan_init(&a->assuan, ask, environ);
	a->timer = timer_new(as->loop, on_timer, a);
	LIST_INSERT_HEAD(&as->list, a, entry);
	r = start(a, ask);
	if (r < 0)
		finish(a, ASK_FAILED, xstrdup(strerror(-r)));
	else
		as->loop->ops->timer_set(
		    a->timer, deadline_in(as->loop->clk, ask->seconds * USEC));
	return a;
}

void
ask_cancel(struct asking *a)
{
	if (a != NULL)
		asking_free(a, 0);
}

struct askers *
askers_new(struct loop *loop)
{
	struct askers *as = xcalloc(1, sizeof(*as));

	as->loop = loop;
	as->children = children_new(loop);
	LIST_INIT(&as->list);
	return as;
}

void
askers_free(struct askers *as)
{
	struct asking *a;

	if (as == NULL)
		return;
	while ((a = LIST_FIRST(&as->list)) != NULL)
		asking_free(a, 0);
	children_free(as->children);
	xfree(as);
}
