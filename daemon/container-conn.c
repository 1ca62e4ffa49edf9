/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: one request is read, whole and within its time; then nothing
 * more is read from there but to be thrown away.  A second request on the same
 * connection is therefore never seen, whatever the first one said.
 */
#include "container-int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/buf.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "container-answer.h"
#include "container-peer.h"
#include "container-request.h"
#include "container-tokens.h"
#include "loop.h"
#include "manager.h"
#include "schedule.h"
#include "session.h"

#define WRITE_TIME (5 * USEC)
#define LINGER_TIME USEC       /* for the client to read the answer */
#define LINGER_MAX (64 * 1024) /* bytes that are thrown away meanwhile */
#define IDLE_MIN (250 * MSEC)  /* a slower request may lose its place */
#define ACCEPTS_A_TURN 32
#define TELL_EVERY (10 * USEC) /* a line about refusals in the log */

enum conn_state { FREE, READING, WAITING, WRITING, LINGERING };

struct conn {
	struct container *container;
	enum conn_state state;
	int fd;
	int64_t since; /* boot clock, of the connection */
	uid_t peer;
	struct event *ev_read, *ev_write;
	struct timer *timer; /* of the state */
	struct buf in, out;
	size_t thrown;		/* bytes, while lingering */
	struct session *waited; /* while waiting */
};

struct conns {
	struct container *container;
	struct conn slots[CONTAINER_CONNS];
};

static struct loop *
loop_of(const struct conn *c)
{
	return manager_env(c->container->manager)->loop;
}

static void
set_timer(struct conn *c, int64_t us)
{
	struct loop *loop = loop_of(c);

	loop->ops->timer_set(c->timer, deadline_in(loop->clk, us));
}

static int64_t
now(const struct container *k)
{
	const struct clk *clk = manager_env(k->manager)->loop->clk;

	return clk_boot(clk);
}

/* ---- the end of a connection ---------------------------------------------------------- */

static void
conn_close(struct conn *c)
{
	struct container *k = c->container;

	if (c->waited != NULL)
		session_unwait(c->waited, c);
	event_free(c->ev_read);
	event_free(c->ev_write);
	loop_of(c)->ops->timer_free(c->timer);
	buf_done(&c->in);
	buf_done(&c->out);
	close(c->fd);
	*c = (struct conn){ .container = k, .fd = -1 };
	container_listen_again(k);
}

/* So that the client's kernel does not drop the answer for bytes unread. */
static void
linger(struct conn *c)
{
	c->state = LINGERING;
	event_del(c->ev_write);
	buf_reset(&c->out);
	(void)shutdown(c->fd, SHUT_WR);
	set_timer(c, loop_watch(c->ev_read) < 0 ? 0 : LINGER_TIME);
}

static void
throw_away(struct conn *c)
{
	char junk[4096];
	ssize_t n = read(c->fd, junk, sizeof(junk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		c->thrown += (size_t)n;
	if (n <= 0 || c->thrown > LINGER_MAX)
		conn_close(c);
}

/* ---- answers ------------------------------------------------------------------------- */

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_write);
	struct conn *c = arg;
	ssize_t n =
	    send(fd, c->out.data, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)what;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		conn_close(c);
		return;
	}
	buf_consume(&c->out, (size_t)n);
	if (c->out.len == 0)
		linger(c);
}

/* What is in out goes, from the loop; nothing else will. */
static void
answer(struct conn *c)
{
	c->state = WRITING;
	event_del(c->ev_read);
	buf_reset(&c->in);
	set_timer(c, loop_watch(c->ev_write) < 0 ? 0 : WRITE_TIME);
}

static void
refuse(struct conn *c, int status, const char *code, const char *message,
    const char *next)
{
	struct container *k = c->container;

	if (k->told == 0 || now(k) - k->told > TELL_EVERY) {
		k->told = now(k);
		log_info(
		    "container endpoint: a request was refused: %s", message);
	}
	container_answer_error(&c->out, status, code, message, next);
	answer(c);
}

static void
answer_session(struct conn *c, struct session *s)
{
	struct creds *creds = session_creds(s);
	_cleanup_fault_ struct fault f = { 0 };

	if (creds != NULL) {
		container_answer_creds(&c->out, creds);
		answer(c);
		return;
	}
	if (manager_lock_fault(c->container->manager, &f))
		;
	else if (session_state(s) == SESSION_WAITING)
		fault_set(&f, FAULT_TEMPORARY, REASON_TIMEOUT,
		    _("%s is being signed in; ask again."), session_name(s));
	else if (fault_is(session_fault(s)))
		fault_copy(&f, session_fault(s));
	else
		fault_set(&f, FAULT_NEEDS_USER, REASON_EXPIRED,
		    _("There are no credentials for %s now."), session_name(s));
	if (f.next == NULL)
		fault_next(&f, "awsfedctl login %s", session_name(s));
	container_answer_fault(&c->out, &f);
	answer(c);
}

static void
on_waited(struct session *s, void *arg)
{
	struct conn *c = arg;

	c->waited = NULL;
	answer_session(c, s);
}

/* ---- the one request -------------------------------------------------------------------- */

/* The same rules as credential-process has; but the wait is short. */
static void
serve(struct conn *c, const char *profile)
{
	struct manager *m = c->container->manager;
	struct session *s = manager_session(m, profile);
	struct creds *creds;

	if (s == NULL) {
		refuse(c, 404, "NotFound",
		    _("The profile is not in the configuration any more."),
		    "awsfedctl list");
		return;
	}
	if (session_profile(s)->protected) {
		refuse(c, 403, "AccessDenied",
		    _("The profile is protected: each use is confirmed by a "
		      "person, and nobody is asked here."),
		    "awsfedctl exec PROFILE -- COMMAND");
		return;
	}
	creds = session_creds(s);
	if (creds != NULL &&
	    creds_left_s(creds, manager_env(m)->loop->clk) >=
		schedule_min_valid(creds->lifetime_s)) {
		answer_session(c, s);
		return;
	}
	/* Nor is it to be renewed for that when it is unlocked. */
	if (!manager_locked(m)) {
		session_event(s, SESSION_WANTED, NULL);
		manager_used(m, s);
	}
	if (session_state(s) != SESSION_WAITING) {
		answer_session(c, s);
		return;
	}
	c->state = WAITING;
	c->waited = s;
	event_del(c->ev_read);
	set_timer(c, CONTAINER_WAIT_TIME * USEC);
	session_wait(s, on_waited, c);
}

static void
take_request(struct conn *c, const struct container_request *r)
{
	struct container *k = c->container;
	_cleanup_free_ char *profile =
	    container_profile(r->target, r->target_len);
	const struct container_expect expect = {
		.port = k->port,
		.token = profile != NULL ?
		    container_tokens_get(k->tokens, profile) :
		    NULL,
		.peer = container_peer(c->fd),
		.uid = geteuid(),
	};
	const struct container_check *failed =
	    container_check(r, &expect, CONTAINER_ALL);

	if (failed != NULL)
		refuse(
		    c, failed->status, failed->code, _(failed->message), NULL);
	else
		serve(c, profile);
}

static void
read_request(struct conn *c)
{
	struct container_request request;
	ssize_t n;
	int r;

	if (buf_reserve(&c->in, c->in.max - c->in.len) < 0)
		return;
	n = read(c->fd, c->in.data + c->in.len, c->in.max - c->in.len);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	c->in.len += (size_t)n;
	c->in.data[c->in.len] = '\0';
	r = container_parse(c->in.data, c->in.len, &request);
	if (r > 0)
		take_request(c, &request);
	else if (r == -EMSGSIZE)
		refuse(
		    c, 431, "BadRequest", _("The request is too long."), NULL);
	else if (r < 0)
		refuse(c, 400, "BadRequest",
		    _("The request is not of the allowed form."), NULL);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_read);
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (c->state == READING)
		read_request(c);
	else
		throw_away(c);
}

static void
on_timer(void *arg)
{
	struct conn *c = arg;
	struct session *s = c->waited;

	if (c->state == READING) {
		refuse(c, 408, "RequestTimeout",
		    _("The request was not complete in time."), NULL);
	} else if (c->state == WAITING) {
		c->waited = NULL;
		session_unwait(s, c);
		answer_session(c, s);
	} else {
		conn_close(c);
	}
}

/* ---- accepting ---------------------------------------------------------------------------- */

/*
 * A free place; else that of who has had an answer, else of who has been
 * dawdling longest.  NULL: all have reason to be here.
 */
static struct conn *
find_place(struct container *k)
{
	struct conn *worst = NULL;

	for (size_t i = 0; i < CONTAINER_CONNS; i++) {
		struct conn *c = &k->conns->slots[i];

		if (c->state == FREE)
			return c;
		if (c->state == LINGERING &&
		    (worst == NULL || worst->state != LINGERING))
			worst = c;
		if (c->state == READING && now(k) - c->since > IDLE_MIN &&
		    (worst == NULL ||
			(worst->state == READING && c->since < worst->since)))
			worst = c;
	}
	return worst;
}

static void
rest(struct container *k)
{
	struct loop *loop = manager_env(k->manager)->loop;

	event_del(k->ev_listen);
	loop->ops->timer_set(k->pause, deadline_in(loop->clk, NO_FD_PAUSE));
}

static void
welcome(struct container *k, struct conn *c, int fd)
{
	struct event_base *base = loop_base(manager_env(k->manager)->loop);

	*c = (struct conn){ .container = k, .state = READING, .fd = fd };
	c->since = now(k);
	buf_init(&c->in, CONTAINER_REQUEST_MAX + 1);
	buf_init(&c->out, CONTAINER_ANSWER_MAX);
	c->ev_read = event_new(base, fd, EV_READ | EV_PERSIST, on_read, c);
	c->ev_write = event_new(base, fd, EV_WRITE | EV_PERSIST, on_write, c);
	c->timer = timer_new(loop_of(c), on_timer, c);
	if (loop_watch(c->ev_read) < 0)
		conn_close(c);
	else
		set_timer(c, CONTAINER_REQUEST_TIME * USEC);
}

/* One write on a fresh socket always fits. */
static void
turn_away(int fd)
{
	_cleanup_buf_ struct buf out = BUF_INIT(CONTAINER_ANSWER_MAX);

	container_answer_error(&out, 503, "ServiceUnavailable",
	    _("The agent has no file descriptors left; ask again."), NULL);
	(void)!send(fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(fd, SHUT_WR);
	close(fd);
}

/*
 * No descriptor left: those who wait are let in on the reserve, one after the
 * other, and sent away; then the listener rests, or the loop would spin on it.
 */
static void
no_descriptors(struct container *k)
{
	int fd;

	if (k->told == 0 || now(k) - k->told > TELL_EVERY) {
		k->told = now(k);
		log_warning("no file descriptors are left: the container "
			    "endpoint has to wait");
	}
	closep(&k->reserve);
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		fd = accept4(
		    k->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			break;
		turn_away(fd);
	}
	k->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	rest(k);
}

void
container_accept(struct container *k)
{
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct conn *c = find_place(k);
		int fd;

		if (c == NULL) {
			rest(k); /* the kernel's queue is theirs */
			return;
		}
		fd = accept4(
		    k->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			if (c->state != FREE)
				conn_close(c);
			welcome(k, c, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			no_descriptors(k);
		else if (errno != EAGAIN)
			log_warning("container endpoint: cannot accept: %s",
			    strerror(errno));
		return;
	}
}

struct conns *
conns_new(struct container *k)
{
	struct conns *all = xcalloc(1, sizeof(*all));

	for (size_t i = 0; i < CONTAINER_CONNS; i++)
		all->slots[i] = (struct conn){ .container = k, .fd = -1 };
	return all;
}

void
conns_close(struct conns *all)
{
	for (size_t i = 0; i < CONTAINER_CONNS; i++)
		if (all->slots[i].state != FREE)
			conn_close(&all->slots[i]);
}
