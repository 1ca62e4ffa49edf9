/* SPDX-License-Identifier: Apache-2.0 */
#include "conn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/buf.h"
#include "awsfed/log.h"
#include "awsfed/parents.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "absent.h"
#include "signals.h"

#define BUSY_TRIES 30
#define BUSY_PAUSE 100000 /* microseconds, and up to twice that */
#define CONNECT_SECONDS 5
#define TICK_MS 1000

struct conn {
	int fd;
	struct buf in;
	json_t *error; /* parameters of the last one */
	void (*tick)(void *arg);
	void *tick_arg;
};

/* Is the process that listens there one of ours?  See unix(7). */
static int
check_peer(int fd, const char *path, struct problem *problem)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return absent_problem(problem, path, errno);
	if (peer.uid == geteuid())
		return 0;
	problem_set(problem, EXIT_FAILED, FAULT_SECURITY,
	    _("the agent on %s belongs to user id %u and not to you (%u); "
	      "nothing was sent to it."),
	    path, (unsigned)peer.uid, (unsigned)geteuid());
	fault_next(&problem->fault, "%s",
	    _("run awsfedctl as yourself, and check XDG_RUNTIME_DIR and "
	      "AWSFED_SOCKET"));
	return -1;
}

/* Can somebody else have put another socket there? */
static int
check_way(const char *path, struct problem *problem)
{
	_cleanup_free_ char *bad = NULL;

	/* One that has just gone: what answers is of our user all the same. */
	if (parents_check(path, &bad) != -EPERM)
		return 0;
	problem_set(problem, EXIT_FAILED, FAULT_SECURITY,
	    _("other users can change %s, which is on the way to the agent's "
	      "socket %s; nothing was sent to it."),
	    bad, path);
	fault_next(&problem->fault, "%s",
	    _("take away their right to write there, or set AWSFED_SOCKET to "
	      "a path in a folder of your own"));
	return -1;
}

/*
 * The path, or the way to it through its directory where sun_path's 108 bytes
 * do not hold it; *ret_dir is to stay open until then.
 */
static int
address(const char *path, int *ret_dir, struct sockaddr_un *ret)
{
	_cleanup_free_ char *parent = xstrdup(path);
	char *slash = strrchr(parent, '/');

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) < sizeof(ret->sun_path)) {
		memcpy(ret->sun_path, path, strlen(path) + 1);
		return 0;
	}
	slash[slash == parent] = '\0';
	*ret_dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return -errno;
	slash = strrchr(path, '/');
	if (snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d%s",
		*ret_dir, slash) >= (int)sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	return 0;
}

int
conn_open(struct conn **ret, struct problem *problem)
{
	struct timeval tv = { .tv_sec = CONNECT_SECONDS };
	struct sockaddr_un sa;
	_cleanup_free_ char *path = path_socket();
	_cleanup_close_ int fd = -1, dir = -1;
	struct conn *c;
	int r;

	if (path == NULL) {
		problem_set(problem, EXIT_NO_AGENT, FAULT_CONFIG,
		    _("there is no home directory, so the agent's socket "
		      "cannot be found."));
		fault_next(
		    &problem->fault, "%s", _("set HOME or XDG_RUNTIME_DIR"));
		return -1;
	}
	r = address(path, &dir, &sa);
	if (r < 0)
		return absent_problem(problem, path, -r);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return absent_problem(problem, path, errno);
	/* Bounds connect(2) on a full queue, too (unix(7)). */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		return absent_problem(problem, path, errno);
	if (check_peer(fd, path, problem) < 0 || check_way(path, problem) < 0)
		return -1;
	c = xcalloc(1, sizeof(*c));
	log_debug("connected to %s", path);
	c->fd = fd;
	fd = -1;
	buf_init(&c->in, WIRE_MAX_REPLY);
	*ret = c;
	return 0;
}

void
conn_tick(struct conn *c, void (*fn)(void *arg), void *arg)
{
	c->tick = fn;
	c->tick_arg = arg;
}

struct conn *
conn_free(struct conn *c)
{
	if (c != NULL) {
		close(c->fd);
		buf_done(&c->in);
		json_decref(c->error);
		xfree(c);
	}
	return NULL;
}

void
conn_freep(struct conn **c)
{
	*c = conn_free(*c);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* As wire_recv, but a held signal ends the wait. */
static int
receive(struct conn *c, int timeout, json_t **ret)
{
	int64_t until = timeout < 0 ? INT64_MAX : now_ms() + timeout;

	for (;;) {
		struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
		int r = wire_recv(c->fd, &c->in, 0, ret);
		int64_t left = until - now_ms();

		if (r != -ETIMEDOUT)
			return r;
		if (left <= 0)
			return -ETIMEDOUT;
		if (c->tick != NULL) {
			c->tick(c->tick_arg);
			left = left > TICK_MS ? TICK_MS : left;
		}
		r = signals_poll(&pfd, 1, left > INT_MAX ? -1 : (int)left);
		if (r == -EINTR && signals_peek() == SIGTSTP) {
			(void)signals_take();
			signals_stop();
		} else if (r < 0) {
			return r;
		}
	}
}

static int
call_failed(int r, struct problem *problem)
{
	if (r == -EINTR) {
		problem_set(problem, EXIT_FAILED, FAULT_CANCELLED,
		    _("interrupted before the agent had answered."));
		fault_next(&problem->fault, "awsfedctl status");
		return r;
	}
	if (r == -ETIMEDOUT || r == -EAGAIN) {
		problem_set(problem, EXIT_TEMPORARY, FAULT_TEMPORARY,
		    _("the agent did not answer in time."));
		fault_next(&problem->fault, "awsfedctl status");
	} else if (r == -EBADMSG) {
		problem_set(problem, EXIT_FAILED, FAULT_PROTOCOL,
		    _("what answers on the agent's socket does not speak the "
		      "agent's language."));
		fault_next(&problem->fault,
		    "systemctl --user restart awsfedd.service");
	} else if (r == -EMSGSIZE) {
		problem_set(problem, EXIT_FAILED, FAULT_PROTOCOL,
		    _("a message to or from the agent is too long."));
		fault_next(&problem->fault, "%s", _("name fewer profiles"));
	} else {
		problem_set(problem, EXIT_NO_AGENT, FAULT_TEMPORARY,
		    _("the agent went away before it had answered (%s)."),
		    strerror(-r));
		fault_next(&problem->fault, "awsfedctl status");
	}
	return -1;
}

int
conn_call(struct conn *c, const char *method, json_t *parameters, int timeout,
    json_t **ret, struct problem *problem)
{
	_cleanup_json_ json_t *call = call_new(method, parameters);
	_cleanup_json_ json_t *reply = NULL;
	json_t *result;
	int r;

	log_debug("call %s", method);
	r = wire_send(c->fd, call, WIRE_MAX_REQUEST);
	/* An agent that closed may have said why before it did. */
	if (r == 0 || r == -EPIPE || r == -ECONNRESET) {
		int got = receive(c, timeout, &reply);

		if (got < 0)
			return call_failed(r < 0 ? r : got, problem);
	} else {
		return call_failed(r, problem);
	}
	json_decref(c->error);
	c->error = NULL;
	if (json_object_get(reply, "error") != NULL) {
		c->error = json_incref(json_object_get(reply, "parameters"));
		problem_from_reply(problem, reply);
		log_debug("%s answers %s", method, problem->error);
		return -1;
	}
	result = json_object_get(reply, "parameters");
	if (result == NULL || json_is_null(result))
		*ret = json_object();
	else if (json_is_object(result))
		*ret = json_incref(result);
	else
		return call_failed(-EBADMSG, problem);
	return 0;
}

json_t *
conn_error(const struct conn *c)
{
	return c->error;
}

int
conn_stream(struct conn *c, const char *method, json_t *parameters,
    struct problem *problem)
{
	_cleanup_json_ json_t *call = call_new(method, parameters);
	int r;

	json_object_set_new(call, "more", json_true());
	r = wire_send(c->fd, call, WIRE_MAX_REQUEST);
	/* What it had to say may be there still; conn_next() tells. */
	return r == 0 || r == -EPIPE || r == -ECONNRESET ?
	    0 :
	    call_failed(r, problem);
}

int
conn_next(struct conn *c, int timeout, json_t **ret, struct problem *problem)
{
	_cleanup_json_ json_t *reply = NULL;
	json_t *result;
	int r = receive(c, timeout, &reply);

	if (r == -ETIMEDOUT && timeout >= 0)
		return r;
	if (r < 0)
		return call_failed(r, problem);
	if (json_object_get(reply, "error") != NULL) {
		problem_from_reply(problem, reply);
		return -1;
	}
	result = json_object_get(reply, "parameters");
	if (!json_is_object(result))
		return call_failed(-EBADMSG, problem);
	*ret = json_incref(result);
	return 0;
}

int
conn_ask(const char *method, json_t *parameters, int timeout, json_t **ret,
    struct problem *problem)
{
	for (int tries = 0;; tries++) {
		_cleanup_conn_ struct conn *c = NULL;
		int r;

		if (conn_open(&c, problem) < 0) {
			json_decref(parameters);
			return -1;
		}
		r = conn_call(
		    c, method, json_incref(parameters), timeout, ret, problem);
		/* Sixty-four others are there: some will go. */
		if (r == 0 || tries >= BUSY_TRIES ||
		    !str_eq(problem->error, E_BUSY)) {
			json_decref(parameters);
			return r;
		}
		problem_done(problem);
		usleep(BUSY_PAUSE + (useconds_t)getpid() % BUSY_PAUSE);
	}
}
