/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections and frames.  While a call is being handled nothing more is read
 * from its connection: the kernel's buffer is the client's queue.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "control-socket.h"
#include "loop.h"

#define READ_SIZE 4096 /* a call is short; longer ones take some more */
#define ACCEPTS_A_TURN 16
#define OUT_STALL (30 * USEC) /* a client that does not read */
#define HANGUP_LOOK USEC      /* how often a half-closed client is looked at */
#define NO_FD_PAUSE (200 * MSEC) /* accept again after EMFILE */
/* Where all places are taken, who may lose theirs to somebody new: */
#define DAWDLED (250 * MSEC)	/* who has not asked anything yet */
#define RESTED (10 * 60 * USEC) /* who has had all answers long ago */
#define TELL_EVERY (10 * USEC)	/* a line about a crowd in the log */
#define UNREAD_MAX (64 * 1024)	/* bytes; then the next call has to wait */

struct conn {
	struct control *control;
	uint64_t id; /* 0: the slot is free */
	int fd;
	int64_t since; /* boot clock: it was accepted */
	int64_t quiet; /* boot clock: since its last answer, or since */
	struct event *ev_read, *ev_write;
	struct event *ev_closed; /* while handling: is it still there? */
	struct buf in, out;
	struct timer *request; /* deadline of the next whole request */
	struct timer *turn;    /* deferred: look at in, or close */
	struct timer *stall;
	struct timer *hangup;
	bool handling; /* a call is out with the handler */
	bool inside;   /* the handler has not returned from it yet */
	bool oneway;
	bool called;	 /* the handler knows the id */
	bool dead;	 /* closed on the next turn */
	bool last_words; /* closed when out is empty */
	bool full;	 /* no call is taken until it reads */
};

struct control {
	struct loop *loop;
	struct control_handler handler;
	struct control_socket *socket;
	struct event *ev_listen;
	struct timer *pause;
	int reserve; /* a descriptor for bad times */
	uint64_t ids;
	int64_t told; /* boot clock: of a crowd */
	struct conn conns[CONTROL_CLIENTS];
};

static void
after(struct conn *c, struct timer *t, int64_t us)
{
	struct loop *loop = c->control->loop;

	loop->ops->timer_set(t, deadline_in(loop->clk, us));
}

static void
stop(struct conn *c, struct timer *t)
{
	c->control->loop->ops->timer_stop(t);
}

/* ---- closing --------------------------------------------------------------------- */
static void
conn_close(struct conn *c, bool tell)
{
	const struct loop_ops *ops = c->control->loop->ops;
	const struct control_handler *handler = &c->control->handler;
	uint64_t id = c->id;
	bool called = c->called;

	event_free(c->ev_read);
	event_free(c->ev_write);
	event_free(c->ev_closed);
	ops->timer_free(c->request);
	ops->timer_free(c->turn);
	ops->timer_free(c->stall);
	ops->timer_free(c->hangup);
	buf_done(&c->in);
	buf_done(&c->out);
	close(c->fd);
	*c = (struct conn){ .control = c->control, .fd = -1 };
	if (tell && called)
		handler->closed(id, handler->arg);
}

/* Safe inside any call: the connection goes on the next turn. */
static void
conn_doom(struct conn *c)
{
	c->dead = true;
	event_del(c->ev_read);
	event_del(c->ev_closed);
	c->control->loop->ops->timer_set(c->turn, (struct deadline){ 0 });
}

/*
 * Most answers fit into the socket as they are: then nothing waits, and epoll
 * and the timers are not asked for anything.  How much went, or -1.
 */
static ssize_t
send_now(const struct conn *c, const struct buf *b)
{
	ssize_t n;

	do {
		n = send(c->fd, b->data, b->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

/* What of it does not go at once waits in out. */
static void
conn_send(struct conn *c, const struct buf *one)
{
	bool idle = c->out.len == 0;
	ssize_t n = 0;

	if (idle && (n = send_now(c, one)) < 0) {
		conn_doom(c);
		return;
	}
	if ((size_t)n == one->len) {
		if (c->last_words)
			conn_doom(c);
		return;
	}
	if (buf_add(&c->out, one->data + n, one->len - (size_t)n) < 0) {
		log_info("a client does not read its answers and is dropped");
		conn_doom(c);
		return;
	}
	if (idle)
		after(c, c->stall, OUT_STALL);
	if (loop_watch(c->ev_write) < 0)
		conn_doom(c);
}

static void
conn_queue(struct conn *c, const json_t *msg)
{
	_cleanup_buf_ struct buf one = BUF_INIT(WIRE_MAX_REPLY);
	int r = wire_put(&one, msg);

	if (r < 0) {
		_cleanup_json_ json_t *error = NULL;
		_cleanup_fault_ struct fault fault = { 0 };

		fault_set(&fault, FAULT_INTERNAL, REASON_NONE,
		    _("the answer is too long to be sent"));
		fault_next(&fault, "%s", _("Ask for one profile at a time."));
		error = reply_error(E_FAULT, fault_to_json(&fault));
		if (wire_put(&one, error) < 0) {
			conn_doom(c);
			return;
		}
	}
	if (!c->dead)
		conn_send(c, &one);
}

/* An error, and then nothing more. */
static void
conn_refuse(struct conn *c, const char *error, const char *text)
{
	_cleanup_json_ json_t *msg =
	    reply_error(error, json_pack("{s:s}", "text", text));

	stop(c, c->request);
	event_del(c->ev_read);
	c->last_words = true;
	conn_queue(c, msg);
}

/* ---- reading ----------------------------------------------------------------------- */
static void
look_again(struct conn *c)
{
	c->control->loop->ops->timer_set(c->turn, (struct deadline){ 0 });
}

static void
hand_over(struct conn *c, json_t *msg)
{
	const struct control_handler *handler = &c->control->handler;
	_cleanup_json_ json_t *none = NULL;
	struct call call;

	if (call_decode(msg, &call) < 0) {
		conn_refuse(c, E_BAD_FRAME, "the message is not a call");
		return;
	}
	if (call.parameters == NULL)
		call.parameters = none = json_object();
	c->handling = true;
	c->oneway = call.oneway;
	c->called = true;
	c->inside = true;
	handler->call(
	    c->id, call.method, call.parameters, call.more, handler->arg);
	c->inside = false;
	if (!c->handling || c->dead)
		return;
	/* It takes its time. */
	event_del(c->ev_read);
	if (loop_watch(c->ev_closed) < 0)
		conn_doom(c);
}

/* Is the first of what was read a call that is answered as it lies there? */
static bool
answer_quickly(struct conn *c)
{
	_cleanup_buf_ struct buf one = BUF_INIT(WIRE_MAX_REPLY);
	const struct control_handler *handler = &c->control->handler;
	char *nul = c->in.len == 0 ? NULL : memchr(c->in.data, '\0', c->in.len);

	if (handler->quick == NULL || nul == NULL ||
	    !handler->quick(
		c->in.data, (size_t)(nul - c->in.data), &one, handler->arg))
		return false;
	buf_consume(&c->in, (size_t)(nul - c->in.data) + 1);
	c->called = true;
	c->quiet = clk_boot(c->control->loop->clk);
	conn_send(c, &one);
	return true;
}

/* One call, if a whole one is there: 1; 0; or what wire_get() says. */
static int
take_call(struct conn *c)
{
	json_t *msg;
	int r;

	if (answer_quickly(c)) {
		stop(c, c->request);
		return 1;
	}
	r = wire_get(&c->in, &msg);
	if (r == 1) {
		stop(c, c->request);
		hand_over(c, msg);
		json_decref(msg);
	}
	return r;
}

/*
 * Deals with what has been read: one call a turn, so that a client that sends
 * a thousand at once holds nobody else up; none while it does not read.
 */
static void
take_request(struct conn *c)
{
	int r;

	if (c->handling || c->dead || c->last_words)
		return;
	c->full = c->out.len > UNREAD_MAX;
	if (c->full) {
		event_del(c->ev_read);
		return;
	}
	r = take_call(c);
	if (r == 1) {
		if (c->handling || c->dead || c->last_words)
			return;
		/* Answered at once; the next call may be waiting already. */
		if (c->in.len > 0) {
			event_del(c->ev_read);
			look_again(c);
			return;
		}
	} else if (r == -EMSGSIZE) {
		conn_refuse(
		    c, E_BAD_FRAME, "the message is longer than 64 KiB");
		return;
	} else if (r < 0) {
		conn_refuse(c, E_BAD_FRAME,
		    "the message is not a JSON object of the allowed form");
		return;
	} else if (c->in.len > 0 && c->called &&
	    !c->control->loop->ops->timer_armed(c->request)) {
		after(c, c->request, CONTROL_REQUEST_TIME * USEC);
	}
	if (loop_watch(c->ev_read) < 0)
		conn_doom(c);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_read);
	struct conn *c = arg;
	size_t room = c->in.max - c->in.len;
	ssize_t n;

	(void)what;
	if (c->dead || c->handling)
		return;
	if (room > READ_SIZE)
		room = READ_SIZE;
	if (buf_reserve(&c->in, room) < 0)
		return;
	n = read(fd, c->in.data + c->in.len, room);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		conn_close(c, true);
		return;
	}
	if (n == 0) {
		event_del(c->ev_read);
		if (c->out.len == 0)
			conn_close(c, true);
		else
			c->last_words = true;
		return;
	}
	c->in.len += (size_t)n;
	c->in.data[c->in.len] = '\0';
	take_request(c);
}

static bool
hung_up(const struct conn *c)
{
	struct pollfd pfd = { .fd = c->fd };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & (POLLHUP | POLLERR));
}

/*
 * The other end went, or said that it will send no more ("nc -N").  The latter
 * still gets its answer, and is looked at now and then.
 */
static void
look_at_other_end(struct conn *c)
{
	if (hung_up(c)) {
		conn_close(c, true);
		return;
	}
	event_del(c->ev_closed);
	after(c, c->hangup, HANGUP_LOOK);
}

static void
on_closed(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_closed);
	(void)fd;
	(void)what;
	look_at_other_end(arg);
}

static void
on_hangup_timer(void *arg)
{
	look_at_other_end(arg);
}

static void
on_request_timer(void *arg)
{
	struct conn *c = arg;

	log_info("a client did not complete its request within %d s",
	    CONTROL_REQUEST_TIME);
	conn_refuse(c, E_BAD_FRAME, "the request was not complete in time");
}

static void
on_turn(void *arg)
{
	struct conn *c = arg;

	if (c->dead)
		conn_close(c, true);
	else
		take_request(c);
}

/* ---- writing ----------------------------------------------------------------------- */
static void
on_stall(void *arg)
{
	log_info("a client does not read its answers and is dropped");
	conn_close(arg, true);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_write);
	struct conn *c = arg;
	ssize_t n;

	(void)what;
	n = send(fd, c->out.data, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		conn_close(c, true);
		return;
	}
	buf_consume(&c->out, (size_t)n);
	if (c->full && c->out.len <= UNREAD_MAX)
		look_again(c);
	if (c->out.len > 0) {
		after(c, c->stall, OUT_STALL);
		return;
	}
	stop(c, c->stall);
	event_del(c->ev_write);
	if (c->last_words)
		conn_close(c, true);
}

static struct conn *
conn_find(const struct control *control, uint64_t id)
{
	for (size_t i = 0; id != 0 && i < CONTROL_CLIENTS; i++)
		if (control->conns[i].id == id && !control->conns[i].dead)
			return (struct conn *)(uintptr_t)&control->conns[i];
	return NULL;
}

int
control_socket_of(
    const struct control *control, uint64_t id, int64_t *ret_since)
{
	const struct conn *c = conn_find(control, id);

	if (c == NULL)
		return -1;
	*ret_since = c->since;
	return c->fd;
}

bool
control_busy(const struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->conns[i].fd >= 0)
			return true;
	return false;
}

bool
control_alive(const struct control *control, uint64_t id)
{
	return conn_find(control, id) != NULL;
}

void
control_reply(struct control *control, uint64_t id, json_t *reply, bool last)
{
	struct conn *c = conn_find(control, id);

	if (c == NULL || !c->handling) {
		json_decref(reply);
		return;
	}
	if (!c->oneway)
		conn_queue(c, reply);
	json_decref(reply);
	if (!last || c->dead)
		return;
	c->handling = false;
	c->quiet = clk_boot(control->loop->clk);
	if (c->inside)
		return; /* who handed it over goes on */
	event_del(c->ev_closed);
	stop(c, c->hangup);
	/* The next call may be waiting already; never from inside this one. */
	look_again(c);
}

/* ---- accepting ---------------------------------------------------------------------- */
static struct conn *
free_slot(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->conns[i].id == 0)
			return &control->conns[i];
	return NULL;
}

/* One write on a socket with nothing unread always fits. */
static void
say_busy(int fd)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1024);
	_cleanup_json_ json_t *msg = reply_error(E_BUSY,
	    json_pack("{s:s}", "text", "too many clients are connected"));

	if (wire_put(&out, msg) == 0)
		(void)!send(fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
turn_away(int fd)
{
	say_busy(fd);
	close(fd);
}

/* A crowd is not to fill the log. */
static bool
may_tell(struct control *control)
{
	int64_t now = clk_boot(control->loop->clk);

	if (control->told != 0 && now - control->told < TELL_EVERY)
		return false;
	control->told = now;
	return true;
}

/* The place of who has had it longest for nothing; NULL: all have reason. */
static struct conn *
take_slot(struct control *control)
{
	int64_t now = clk_boot(control->loop->clk);
	struct conn *worst = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct conn *c = &control->conns[i];

		if (c->handling || c->dead || c->out.len > 0 ||
		    now - c->quiet < (c->called ? RESTED : DAWDLED))
			continue;
		if (worst == NULL || worst->called > c->called ||
		    (worst->called == c->called && c->quiet < worst->quiet))
			worst = c;
	}
	if (worst == NULL)
		return NULL;
	if (may_tell(control))
		log_info("all %d places are taken: who asks nothing is sent "
			 "away",
		    CONTROL_CLIENTS);
	say_busy(worst->fd);
	conn_close(worst, true);
	return worst;
}

/* Our own worker has a socket to talk to us: this one is somebody else's. */
static bool
is_barred(struct control *control, pid_t pid)
{
	const struct control_handler *h = &control->handler;

	if (h->barred == NULL || !h->barred(pid, h->arg))
		return false;
	if (may_tell(control))
		log_warning("a connection of our own worker (process %ld) was "
			    "refused: it was made to do what it never does",
		    (long)pid);
	return true;
}

static void
welcome(struct control *control, int fd)
{
	struct event_base *base = loop_base(control->loop);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct conn *c;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
	    peer.uid != geteuid()) {
		log_warning("a connection of another user was refused");
		close(fd);
		return;
	}
	if (is_barred(control, peer.pid)) {
		close(fd);
		return;
	}
	c = free_slot(control);
	if (c == NULL)
		c = take_slot(control);
	if (c == NULL) {
		turn_away(fd);
		return;
	}
	c->control = control;
	c->id = ++control->ids;
	c->fd = fd;
	c->since = c->quiet = clk_boot(control->loop->clk);
	buf_init(&c->in, WIRE_MAX_REQUEST);
	buf_init(&c->out, CONTROL_QUEUED_MAX);
	c->ev_read = event_new(base, fd, EV_READ | EV_PERSIST, on_read, c);
	c->ev_write = event_new(base, fd, EV_WRITE | EV_PERSIST, on_write, c);
	c->ev_closed =
	    event_new(base, fd, EV_CLOSED | EV_PERSIST, on_closed, c);
	c->request = timer_new(control->loop, on_request_timer, c);
	c->turn = timer_new(control->loop, on_turn, c);
	c->stall = timer_new(control->loop, on_stall, c);
	c->hangup = timer_new(control->loop, on_hangup_timer, c);
	after(c, c->request, CONTROL_REQUEST_TIME * USEC);
	if (loop_watch(c->ev_read) < 0) {
		log_warning("a client cannot be watched and is sent away");
		conn_close(c, false);
	}
}

/* Or a little later, when the kernel has no room to watch it. */
static void
listen_again(struct control *control)
{
	struct loop *loop = control->loop;

	if (loop_watch(control->ev_listen) < 0)
		loop->ops->timer_set(
		    control->pause, deadline_in(loop->clk, NO_FD_PAUSE));
}

static void
on_pause_over(void *arg)
{
	struct control *control = arg;

	if (control->reserve < 0)
		control->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listen_again(control);
}

/*
 * No descriptor left: those who wait are let in on the reserve, one after the
 * other, and sent away; then the listener rests, or the loop would spin on it.
 */
static void
no_descriptors(struct control *control, int listen_fd)
{
	struct loop *loop = control->loop;
	int fd;

	if (may_tell(control))
		log_warning("no file descriptors are left: clients have to "
			    "wait");
	closep(&control->reserve);
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		fd = accept4(
		    listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			break;
		turn_away(fd);
	}
	control->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	event_del(control->ev_listen);
	loop->ops->timer_set(
	    control->pause, deadline_in(loop->clk, NO_FD_PAUSE));
}

static void
on_accept(evutil_socket_t listen_fd, short what, void *arg)
{
	LOOP_SPAN(on_accept);
	struct control *control = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(
		    listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			welcome(control, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			no_descriptors(control, listen_fd);
		else if (errno == EINTR || errno == ECONNABORTED)
			continue;
		else if (errno != EAGAIN)
			log_warning(
			    "cannot accept a client: %s", strerror(errno));
		return;
	}
}

struct control *
control_new(struct loop *loop, const char *path, int listen_fd,
    const struct control_handler *handler, struct fault *fault)
{
	struct control_socket *sock =
	    control_socket_new(path, listen_fd, fault);
	struct control *control;

	if (sock == NULL)
		return NULL;
	control = xcalloc(1, sizeof(*control));
	control->loop = loop;
	control->handler = *handler;
	control->socket = sock;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control->conns[i].fd = -1;
	control->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	control->pause = timer_new(loop, on_pause_over, control);
	control->ev_listen = event_new(loop_base(loop), control_socket_fd(sock),
	    EV_READ | EV_PERSIST, on_accept, control);
	listen_again(control);
	return control;
}

int
control_mend(struct control *control, struct fault *fault)
{
	int r = control_socket_mend(control->socket, fault);

	if (r <= 0)
		return r;
	event_free(control->ev_listen);
	control->ev_listen = event_new(loop_base(control->loop),
	    control_socket_fd(control->socket), EV_READ | EV_PERSIST, on_accept,
	    control);
	listen_again(control);
	return r;
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->conns[i].id != 0)
			conn_close(&control->conns[i], false);
	event_free(control->ev_listen);
	control->loop->ops->timer_free(control->pause);
	closep(&control->reserve);
	control_socket_free(control->socket);
	xfree(control);
}
