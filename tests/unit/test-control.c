/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "control.h"
#include "loop.h"

static struct loop *loop;
static struct control *control;
static char dir[64], path[512];

/* What the handler saw. */
static uint64_t last_conn, closed_conn;
static int calls, quicks, closes, held_at; /* number of the last Hold */
static bool last_more;

/*
 * Methods: Echo answers at once with its parameters, Hold never, Later on the
 * next turn, Big with 1 MiB, Huge with more than a reply may hold, Stream with
 * three replies.
 */
static void
on_call(uint64_t conn, const char *method, const json_t *parameters, bool more,
    void *arg)
{
	assert_ptr_equal(arg, &control);
	assert_true(json_is_object(parameters));
	calls++;
	last_conn = conn;
	last_more = more;
	if (strcmp(method, "Hold") == 0) {
		held_at = calls;
		return;
	}
	if (strcmp(method, "Stream") == 0)
		for (int i = 0; i < 3; i++)
			control_reply(control, conn,
			    reply_new(json_pack("{s:i}", "i", i), i < 2),
			    i == 2);
	else if (strcmp(method, "Big") == 0 || strcmp(method, "Huge") == 0) {
		size_t n = method[1] == 'i' ? 1024 * 1024 : WIRE_MAX_REPLY;
		char *s = xmalloc(n + 1);

		memset(s, 'x', n);
		s[n] = '\0';
		control_reply(control, conn,
		    reply_new(json_pack("{s:s}", "s", s), false), true);
		xfree(s);
	} else {
		control_reply(control, conn,
		    reply_new(json_deep_copy(parameters), false), true);
	}
}

/* Quick: as many bytes as the second word says. */
static bool
on_quick(const char *text, size_t len, struct buf *ret, void *arg)
{
	static const char head[] = "{\"method\":\"Quick";
	size_t n;

	assert_ptr_equal(arg, &control);
	assert_int_equal(strlen(text), len);
	if (strncmp(text, head, sizeof(head) - 1) != 0)
		return false;
	quicks++;
	n = strtoul(text + sizeof(head) - 1, NULL, 10);
	assert_int_equal(buf_reserve(ret, n), 0);
	memset(ret->data, 'q', n);
	ret->data[n - 1] = '\0';
	ret->len = n;
	return true;
}

static void
on_closed(uint64_t conn, void *arg)
{
	(void)arg;
	closes++;
	closed_conn = conn;
}

static pid_t barred;

static bool
is_barred(pid_t pid, void *arg)
{
	assert_ptr_equal(arg, &control);
	return pid == barred;
}

static const struct control_handler handler = { on_call, on_quick, on_closed,
	is_barred, &control };

static void
stop_loop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static void
run_for(int ms)
{
	struct timer *t = timer_new(loop, stop_loop, NULL);

	loop->ops->timer_set(t, deadline_in(loop->clk, ms * MSEC));
	loop_run(loop);
	loop->ops->timer_free(t);
}

static int
setup(void **state)
{
	_cleanup_fault_ struct fault fault = { 0 };

	(void)state;
	log_set_max(LOG_ERR);
	strcpy(dir, "/tmp/awsfed-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/run/control", dir);
	calls = quicks = closes = 0;
	loop = loop_new();
	control = control_new(loop, path, -1, &handler, &fault);
	return control == NULL;
}

static int
teardown(void **state)
{
	char cmd[128];

	(void)state;
	control_free(control);
	if (loop != NULL)
		assert_int_not_equal(access(path, F_OK), 0);
	loop_free(loop);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static int
dial(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval tv = { 10, 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(sa.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return fd;
}

static void
put(int fd, const char *s, size_t n)
{
	assert_int_equal(send(fd, s, n, MSG_NOSIGNAL), n);
}

#define PUT(fd, s) put(fd, s, sizeof(s)) /* with its NUL */

/* The next message, after the loop had its say; NULL at the end. */
static json_t *
get(int fd, struct buf *in)
{
	json_t *msg = NULL;

	for (int i = 0; i < 400; i++) {
		int r = wire_recv(fd, in, 0, &msg);

		if (r == 0)
			return msg;
		if (r != -ETIMEDOUT)
			return NULL;
		run_for(5);
	}
	return NULL;
}

static void
expect_error(int fd, const char *name)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	json_t *msg = get(fd, &in);

	assert_non_null(msg);
	assert_string_equal(
	    json_string_value(json_object_get(msg, "error")), name);
	json_decref(msg);
	assert_null(get(fd, &in)); /* and closed */
	close(fd);
}

static void
test_echo(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	int fd = dial();
	struct stat st;

	(void)state;
	for (int i = 0; i < 3; i++) {
		json_t *msg;

		PUT(fd,
		    "{\"method\":\"Echo\",\"parameters\":{\"a\":1},"
		    "\"more\":true}");
		msg = get(fd, &in);
		assert_int_equal(json_integer_value(json_object_get(
				     json_object_get(msg, "parameters"), "a")),
		    1);
		assert_null(json_object_get(msg, "continues"));
		json_decref(msg);
	}
	assert_int_equal(calls, 3);
	assert_true(last_more);
	close(fd);
	run_for(20);
	assert_int_equal(closes, 1);
	assert_int_equal(closed_conn, last_conn);
	assert_false(control_alive(control, last_conn));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Two calls in one write: the second waits for the first's answer. */
static void
test_one_at_a_time(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	int fd = dial();
	json_t *msg;

	(void)state;
	PUT(fd, "{\"method\":\"Hold\"}\0{\"method\":\"Echo\"}");
	run_for(50);
	assert_int_equal(calls, 1);
	control_reply(control, last_conn, reply_new(NULL, true), false);
	run_for(20);
	assert_int_equal(calls, 1);
	control_reply(control, last_conn, reply_new(NULL, false), true);
	assert_int_equal(calls, 1); /* not from inside */
	for (int i = 0; i < 3; i++) {
		assert_non_null(msg = get(fd, &in));
		json_decref(msg);
	}
	assert_int_equal(calls, 2);
	close(fd);
}

/* What is answered at once stands in the same queue as everything else. */
static void
test_quick(void **state)
{
	static const char many[] = "{\"method\":\"Quick 7\"}\0"
				   "{\"method\":\"Echo\"}\0"
				   "{\"method\":\"Quick 9\"}\0"
				   "{\"method\":\"Hold\"}\0"
				   "{\"method\":\"Quick 5\"}";
	static const char want[] = "qqqqqq\0{\"parameters\":{}}\0qqqqqqqq\0"
				   "{\"parameters\":{}}\0qqqq";
	char got[sizeof(want) + 1];
	size_t n = 0;
	int fd = dial();

	(void)state;
	/* In two pieces: half a call is none. */
	put(fd, many, 10);
	run_for(30);
	assert_int_equal(quicks, 0);
	put(fd, many + 10, sizeof(many) - 10);
	run_for(100);
	assert_int_equal(quicks, 2);
	assert_int_equal(calls, 2);
	control_reply(control, last_conn, reply_new(NULL, false), true);
	assert_int_equal(quicks, 2); /* not from inside */
	run_for(100);
	assert_int_equal(quicks, 3);
	while (n < sizeof(want)) {
		ssize_t r = read(fd, got + n, sizeof(got) - n);

		assert_true(r > 0);
		n += (size_t)r;
	}
	assert_int_equal(n, sizeof(want));
	assert_memory_equal(got, want, n);
	close(fd);
	run_for(20);
	assert_int_equal(closes, 1);
}

/* A whole answer, also where the socket takes only some of it. */
static void
test_quick_long(void **state)
{
	char piece[65536];
	size_t n = 0;
	int fd = dial();

	(void)state;
	PUT(fd, "{\"method\":\"Quick 3000000\"}\0{\"method\":\"Quick 4\"}");
	run_for(50);
	assert_int_equal(quicks, 1); /* the next when it has read */
	while (n < 3000004) {
		ssize_t r = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);

		if (r < 0) {
			run_for(5);
			continue;
		}
		assert_true(r > 0);
		for (ssize_t i = 0; i < r; i++, n++)
			assert_int_equal(piece[i],
			    n == 2999999 || n == 3000003 ? '\0' : 'q');
	}
	assert_int_equal(quicks, 2);
	close(fd);
}

/* Only to ask at once does not make a place that may be kept for nothing. */
static void
test_quick_deadline(void **state)
{
	int fd = dial();

	(void)state;
	PUT(fd, "{\"method\":\"Quick 4\"}");
	run_for((CONTROL_REQUEST_TIME * 1000) + 500);
	assert_int_equal(closes, 0); /* the first request was in time */
	PUT(fd, "{\"method\":\"Quick 4\"}");
	run_for(50);
	assert_int_equal(quicks, 2);
	close(fd);
}

/* A reply to nobody, or without a call, is dropped. */
static void
test_stray_replies(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	int fd = dial();
	json_t *msg;

	(void)state;
	control_reply(control, 4711, reply_new(NULL, false), true);
	control_reply(control, 0, reply_new(NULL, false), true);
	PUT(fd, "{\"method\":\"Echo\",\"oneway\":true}");
	PUT(fd, "{\"method\":\"Stream\"}");
	for (int i = 0; i < 3; i++) {
		assert_non_null(msg = get(fd, &in));
		assert_int_equal(json_integer_value(json_object_get(
				     json_object_get(msg, "parameters"), "i")),
		    i);
		json_decref(msg);
	}
	assert_int_equal(calls, 2);
	control_reply(control, last_conn, reply_new(NULL, false), true);
	run_for(20);
	assert_int_equal(in.len, 0);
	close(fd);
}

#define F(s) \
	{ \
		s, sizeof(s) \
	}
static const struct {
	const char *data;
	size_t len;
} bad_frames[] = {
	F("garbage"),
	F(""),
	F("[]"),
	F("{}"),
	F("1"),
	F("{\"method\":1}"),
	F("{\"method\":\"Echo\",\"x\":1}"),
	F("GET / HTTP/1.1\r\n\r\n"),
	F("{\"method\":\"Echo\",\"parameters\":[]}"),
	F("{\"method\":\"Echo\",\"more\":1}"),
	F("{\"method\":\"Echo\",\"method\":\"Echo\"}"),
	F("{\"method\":\"Echo\",\"parameters\":{\"a\":"
	  "[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}}"),
	F("{\"method\":\"\xff\xfe\"}"),
	F("{\"method\":\"Echo\"} x"),
};

static void
test_bad_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_frames); i++) {
		int fd = dial();

		put(fd, bad_frames[i].data, bad_frames[i].len);
		expect_error(fd, E_BAD_FRAME);
	}
	assert_int_equal(calls, 0);
	assert_int_equal(closes, 0); /* the handler never heard of them */
}

static void
test_too_long(void **state)
{
	_cleanup_free_ char *s = xmalloc(WIRE_MAX_REQUEST);
	int fd = dial();

	(void)state;
	memset(s, ' ', WIRE_MAX_REQUEST);
	put(fd, s, WIRE_MAX_REQUEST);
	expect_error(fd, E_BAD_FRAME);
}

/* The sender of half a request, of drops, and of nothing: 5 seconds for all. */
static void
test_slow(void **state)
{
	int nothing = dial(), half = dial(), drops = dial(), good = dial();
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	json_t *msg;

	(void)state;
	put(half, "{\"method\"", 9);
	PUT(good, "{\"method\":\"Echo\"}");
	for (int i = 0; i < 11; i++) {
		/* The last ones meet a closed door. */
		send(drops, "{", 1, MSG_NOSIGNAL);
		run_for(500);
	}
	expect_error(nothing, E_BAD_FRAME);
	expect_error(half, E_BAD_FRAME);
	close(drops);
	/* One that has completed a request may rest. */
	assert_non_null(msg = get(good, &in));
	json_decref(msg);
	PUT(good, "{\"method\":\"Echo\"}");
	assert_non_null(msg = get(good, &in));
	json_decref(msg);
	/* But not in the middle of its next one. */
	put(good, "{", 1);
	run_for(5300);
	expect_error(good, E_BAD_FRAME);
}

/* No deadline while a call is being handled. */
static void
test_patience(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	int fd = dial();
	json_t *msg;

	(void)state;
	PUT(fd, "{\"method\":\"Hold\"}");
	run_for(5500);
	assert_true(control_alive(control, last_conn));
	control_reply(control, last_conn, reply_new(NULL, false), true);
	assert_non_null(msg = get(fd, &in));
	json_decref(msg);
	close(fd);
}

/* Who leaves while its call is handled is noticed at once. */
static void
test_leaving(void **state)
{
	int fd = dial();

	(void)state;
	PUT(fd, "{\"method\":\"Hold\"}");
	run_for(20);
	close(fd);
	run_for(20);
	assert_int_equal(closes, 1);
	assert_int_equal(closed_conn, last_conn);
	control_reply(control, last_conn, reply_new(NULL, false), true);
	/* Also with unread requests behind the one being handled. */
	fd = dial();
	PUT(fd, "{\"method\":\"Hold\"}\0{\"method\":\"Hold\"}");
	run_for(20);
	PUT(fd, "{\"method\":\"Hold\"}");
	run_for(20);
	close(fd);
	run_for(20);
	assert_int_equal(closes, 2);
}

/* "nc -N": no more requests, but the answer is wanted. */
static void
test_half_closed(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	int fd = dial();
	json_t *msg;

	(void)state;
	PUT(fd, "{\"method\":\"Hold\"}");
	shutdown(fd, SHUT_WR);
	run_for(1500);
	assert_int_equal(closes, 0);
	control_reply(control, last_conn, reply_new(NULL, false), true);
	assert_non_null(msg = get(fd, &in));
	json_decref(msg);
	assert_null(get(fd, &in));
	close(fd);
	/* And when it goes for good, that is seen within a second. */
	fd = dial();
	PUT(fd, "{\"method\":\"Hold\"}");
	shutdown(fd, SHUT_WR);
	run_for(100);
	close(fd);
	run_for(1200);
	assert_int_equal(closes, 2);
}

static void
test_large_replies(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	int fd = dial();
	json_t *msg;

	(void)state;
	PUT(fd, "{\"method\":\"Big\"}");
	assert_non_null(msg = get(fd, &in));
	assert_int_equal(json_string_length(json_object_get(
			     json_object_get(msg, "parameters"), "s")),
	    1024 * 1024);
	json_decref(msg);
	PUT(fd, "{\"method\":\"Huge\"}");
	assert_non_null(msg = get(fd, &in));
	assert_string_equal(
	    json_string_value(json_object_get(msg, "error")), E_FAULT);
	json_decref(msg);
	close(fd);
}

/* A client that asks and does not read is dropped before memory is full. */
static void
test_no_reader(void **state)
{
	int fd = dial();

	(void)state;
	PUT(fd, "{\"method\":\"Hold\"}");
	run_for(20);
	for (int i = 0; i < 200 && control_alive(control, last_conn); i++) {
		char *s = xmalloc(100001);

		memset(s, 'x', 100000);
		s[100000] = '\0';
		control_reply(control, last_conn,
		    reply_new(json_pack("{s:s}", "s", s), true), false);
		xfree(s);
	}
	assert_false(control_alive(control, last_conn));
	run_for(20);
	assert_int_equal(closes, 1);
	close(fd);
}

static void
test_crowd(void **state)
{
	int fds[CONTROL_CLIENTS], extra;
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	json_t *msg;

	(void)state;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = dial();
		PUT(fds[i], "{\"method\":\"Hold\"}"); /* so it may stay */
		run_for(1);
	}
	extra = dial();
	expect_error(extra, E_BUSY);
	close(fds[7]);
	run_for(20);
	fds[7] = dial();
	PUT(fds[7], "{\"method\":\"Echo\"}");
	assert_non_null(msg = get(fds[7], &in));
	json_decref(msg);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		close(fds[i]);
}

/* Who holds a place and asks nothing loses it to who comes. */
static void
test_dawdlers(void **state)
{
	int fds[CONTROL_CLIENTS], late;
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	json_t *msg;

	(void)state;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = dial();
		if (i != 5)
			PUT(fds[i], "{\"method\":\"Hold\"}");
		else
			put(fds[i], "{\"method\"", 9);
	}
	run_for(300);
	late = dial();
	PUT(late, "{\"method\":\"Echo\"}");
	assert_non_null(msg = get(late, &in));
	assert_null(json_object_get(msg, "error"));
	json_decref(msg);
	expect_error(fds[5], E_BUSY);
	assert_int_equal(closes, 0);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (i != 5)
			close(fds[i]);
	close(late);
}

/* A thousand calls in one write: another client has its turn among them. */
static void
test_pipeline(void **state)
{
	static const char one[] = "{\"method\":\"Echo\"}";
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	char all[1000 * sizeof(one)];
	int many = dial(), other = dial();
	json_t *msg;

	(void)state;
	run_for(5);
	for (int i = 0; i < 1000; i++)
		memcpy(all + i * sizeof(one), one, sizeof(one));
	put(many, all, sizeof(all));
	PUT(other, "{\"method\":\"Hold\"}");
	for (int i = 0; i < 1000; i++) {
		assert_non_null(msg = get(many, &in));
		json_decref(msg);
	}
	assert_int_equal(calls, 1001);
	assert_in_range(held_at, 1, 900);
	close(many);
	close(other);
}

/* Nothing more is taken from one that does not read, until it does. */
static void
test_unread(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	int fd = dial();
	json_t *msg;

	(void)state;
	for (int i = 0; i < 20; i++)
		PUT(fd, "{\"method\":\"Big\"}");
	run_for(100);
	assert_int_equal(calls, 1);
	for (int i = 0; i < 20; i++) {
		assert_non_null(msg = get(fd, &in));
		json_decref(msg);
	}
	assert_int_equal(calls, 20);
	close(fd);
}

/* Many connect, write rubbish or nothing and leave. */
static void
test_flood(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	json_t *msg;
	int fd;

	(void)state;
	for (int i = 0; i < 500; i++) {
		fd = dial();
		if (i % 3 == 0)
			put(fd, "rubbish", 8);
		else if (i % 3 == 1)
			put(fd, "{\"method\":\"Echo\"}", 18);
		close(fd);
		if (i % 10 == 0)
			run_for(1);
	}
	run_for(50);
	fd = dial();
	PUT(fd, "{\"method\":\"Echo\"}");
	assert_non_null(msg = get(fd, &in));
	json_decref(msg);
	close(fd);
	run_for(20);
	assert_int_equal(calls, closes);
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* No descriptor left: no spinning, and service comes back. */
static void
test_no_descriptors(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REPLY);
	struct rlimit old, low;
	int fds[20], n = 0, filler[64], fillers = 0, a;
	json_t *msg;
	double before;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &old);
	for (int i = 0; i < 20; i++)
		fds[n++] = dial();
	low = old;
	low.rlim_cur = (rlim_t)fds[n - 1] + 1;
	setrlimit(RLIMIT_NOFILE, &low);
	while (fillers < 64 && (a = dup(0)) >= 0)
		filler[fillers++] = a;
	before = cpu();
	run_for(1000);
	assert_true(cpu() - before < 0.5);
	while (fillers > 0)
		close(filler[--fillers]);
	setrlimit(RLIMIT_NOFILE, &old);
	run_for(500);
	while (n > 0)
		close(fds[--n]);
	run_for(20);
	a = dial();
	PUT(a, "{\"method\":\"Echo\"}");
	assert_non_null(msg = get(a, &in));
	json_decref(msg);
	close(a);
}

static void
test_other_user(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	if (geteuid() != 0)
		return; /* a skip: see main() */
	/* Even one who gets at the socket is not served. */
	chmod(dir, 0755);
	*strrchr(path, '/') = '\0';
	chmod(path, 0755);
	path[strlen(path)] = '/';
	chmod(path, 0666);
	pid = fork();
	if (pid == 0) {
		char c;
		int fd;

		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(2);
		fd = dial();
		send(fd, "{\"method\":\"Echo\"}", 18, MSG_NOSIGNAL);
		_exit(recv(fd, &c, 1, 0) <= 0 ? 0 : 1);
	}
	run_for(300);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(calls, 0);
}

/* One of our user whom the agent knows for somebody that never calls. */
static void
test_barred(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		int status, go[2];
		pid_t pid;

		calls = 0;
		assert_int_equal(pipe(go), 0);
		pid = fork();
		if (pid == 0) {
			char c;
			int fd;

			if (read(go[0], &c, 1) != 1)
				_exit(2);
			fd = dial();
			send(fd, "{\"method\":\"Echo\"}", 18, MSG_NOSIGNAL);
			_exit(recv(fd, &c, 1, 0) <= 0 ? 0 : 1);
		}
		barred = i == 0 ? pid : 0;
		assert_int_equal(write(go[1], "x", 1), 1);
		run_for(300);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WEXITSTATUS(status), i);
		assert_int_equal(calls, i);
		close(go[0]);
		close(go[1]);
	}
}

static void
test_second_agent(void **state)
{
	_cleanup_fault_ struct fault fault = { 0 };
	char pid[32];

	(void)state;
	assert_null(control_new(loop, path, -1, &handler, &fault));
	assert_int_equal(fault.kind, FAULT_CONFIG);
	snprintf(pid, sizeof(pid), "process %ld)", (long)getpid());
	assert_non_null(strstr(fault.text, pid));
	assert_int_equal(access(path, F_OK), 0); /* untouched */
}

/* A socket file whose agent died is replaced, anything else is not. */
static void
test_stale(void **state)
{
	_cleanup_fault_ struct fault fault = { 0 };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	(void)state;
	control_free(control);
	control = NULL;
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	/* Somebody listens without our lock: a socket unit. */
	assert_int_equal(listen(fd, 1), 0);
	assert_null(control_new(loop, path, -1, &handler, &fault));
	assert_non_null(strstr(fault.text, "listens"));
	/* That socket handed over is fine, and stays when we go. */
	control = control_new(loop, path, dup(fd), &handler, &fault);
	assert_non_null(control);
	control_free(control);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	fault_done(&fault);
	control = control_new(loop, path, -1, &handler, &fault);
	assert_non_null(control);
	control_free(control);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	control = control_new(loop, path, -1, &handler, &fault);
	assert_null(control);
	assert_non_null(strstr(fault.text, "not a socket"));
	unlink(path);
}

static void
test_places(void **state)
{
	_cleanup_fault_ struct fault fault = { 0 };
	struct control *c;
	char long_path[512], open_dir[128];
	size_t n;

	(void)state;
	/* Longer than sun_path: bound by way of its directory. */
	n = (size_t)snprintf(long_path, sizeof(long_path), "%s/", dir);
	while (n < 200)
		n += (size_t)snprintf(
		    long_path + n, sizeof(long_path) - n, "directory-%zu/", n);
	strcpy(long_path + n, "control");
	c = control_new(loop, long_path, -1, &handler, &fault);
	assert_non_null(c);
	assert_int_equal(access(long_path, F_OK), 0);
	control_free(c);
	assert_int_not_equal(access(long_path, F_OK), 0);
	/* A name that can't be shortened. */
	memset(long_path, 'n', sizeof(long_path));
	n = (size_t)snprintf(long_path, sizeof(long_path), "%s/", dir);
	memset(long_path + n, 'n', 110);
	long_path[n + 110] = '\0';
	assert_null(control_new(loop, long_path, -1, &handler, &fault));
	assert_true(fault_is(&fault));
	/* A directory open to others. */
	snprintf(open_dir, sizeof(open_dir), "%s/open", dir);
	mkdir(open_dir, 0777);
	chmod(open_dir, 0777);
	strcat(open_dir, "/control");
	assert_null(control_new(loop, open_dir, -1, &handler, &fault));
	assert_int_equal(fault.kind, FAULT_SECURITY);
	assert_null(control_new(loop, "relative", -1, &handler, &fault));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	struct CMUnitTest tests[] = {
		T(test_echo),
		T(test_one_at_a_time),
		T(test_quick),
		T(test_quick_long),
		T(test_quick_deadline),
		T(test_stray_replies),
		T(test_bad_frames),
		T(test_too_long),
		T(test_slow),
		T(test_patience),
		T(test_leaving),
		T(test_half_closed),
		T(test_large_replies),
		T(test_no_reader),
		T(test_crowd),
		T(test_dawdlers),
		T(test_pipeline),
		T(test_unread),
		T(test_flood),
		T(test_no_descriptors),
		T(test_other_user),
		T(test_barred),
		T(test_second_agent),
		T(test_stale),
		T(test_places),
	};

	if (geteuid() != 0)
		SKIP_TEST(
		    tests, test_other_user, "only root can be another user");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
