/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of what changes, and a person's word for each use of some keys. */
#include "rig.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <errno.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"

#include "approve.h"
#include "manager.h"
#include "methods-int.h"
#include "peer.h"
#include "session.h"

#define COALESCED (100 * MSEC)

static void
sign_in(struct rig *r, unsigned conn, const char *profile)
{
	rig_call(r, conn, M_LOGIN, "{s:[s]}", "profiles", profile);
	rig_succeed(r, rig_job(r), "AB");
	assert_str(rig_state(r, profile), "fresh");
	json_decref(rig_take(r, conn));
}

/* The next event must be this one; the caller's. */
static json_t *
event(struct rig *r, unsigned conn, const char *name)
{
	json_t *e = rig_next(r, conn);

	if (e == NULL)
		fail_msg("client %u was told nothing, not %s", conn, name);
	assert_str(rig_str(e, "parameters.event"), name);
	return e;
}

static void
no_event(struct rig *r, unsigned conn)
{
	_cleanup_json_ json_t *e = rig_next(r, conn);

	if (e != NULL)
		fail_msg("client %u was told of %s", conn,
		    rig_str(e, "parameters.event"));
}

static void
watch(struct rig *r, unsigned conn, bool approvals)
{
	rig_stream(
	    r, conn, M_MONITOR, json_pack("{s:b}", "approvals", approvals));
	json_decref(event(r, conn, "status"));
}

/* ---- what changes ------------------------------------------------------------- */

/* How often each kind was told of since; names of profiles as "a" and "b". */
struct count {
	unsigned identity, a, b, agent, gone;
	char state[32]; /* of the last profile that was told of */
};

static struct count
count(struct rig *r, unsigned conn)
{
	struct count c = { 0 };
	json_t *e;

	while ((e = rig_next(r, conn)) != NULL) {
		const char *kind = rig_str(e, "parameters.event");
		const char *name = rig_str(e, "parameters.profile.profile");

		c.identity += str_eq(kind, "identity");
		c.agent += str_eq(kind, "agent");
		c.gone += str_eq(kind, "gone");
		c.a += str_eq(name, "a");
		c.b += str_eq(name, "b");
		if (name != NULL)
			snprintf(c.state, sizeof(c.state), "%s",
			    rig_str(e, "parameters.profile.state"));
		json_decref(e);
	}
	return c;
}

static void
test_events(void **state)
{
	struct rig *r = rig_new(TWO);
	struct count c;
	size_t timers;

	(void)state;
	watch(r, 5, false);
	timers = fake_armed(r->loop);
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
	no_event(r, 5); /* a moment later, all at once */
	fake_advance(r->loop, COALESCED);
	c = count(r, 5);
	assert_int_equal(c.a, 1);
	assert_str(c.state, "waiting");
	assert_int_equal(c.b, 0);
	assert_true(c.identity == 1);
	rig_succeed(r, rig_job(r), "AB");
	fake_advance(r->loop, COALESCED);
	c = count(r, 5);
	assert_int_equal(c.a, 1);
	assert_str(c.state, "fresh");
	/* Time alone is no change, and arms no timer. */
	rig_call(r, 1, M_STATUS, NULL);
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
	manager_tell(r->manager, manager_session(r->manager, "a"));
	fake_advance(r->loop, 60 * USEC);
	no_event(r, 5);
	assert_true(fake_armed(r->loop) <= timers + 1);
	/* A second one sees the same as the first. */
	watch(r, 6, false);
	rig_config(r, ONE);
	rig_call(r, 2, M_RELOAD, NULL);
	fake_advance(r->loop, COALESCED);
	assert_int_equal(count(r, 6).gone, 1);
	assert_int_equal(count(r, 5).gone, 1);
	/* Who hung up is told nothing more, the other is. */
	rig_close(r, 5);
	rig_call(r, 1, M_LOGOUT, "{s:[s]}", "profiles", "a");
	fake_advance(r->loop, COALESCED);
	c = count(r, 6);
	assert_int_equal(c.a, 1);
	assert_str(c.state, "idle");
	rig_close(r, 6);
	/* Nobody watches: nothing is looked at. */
	fake_settle(r->loop);
	timers = fake_armed(r->loop);
	manager_tell(r->manager, manager_session(r->manager, "a"));
	assert_int_equal(fake_armed(r->loop), timers);
	rig_free(r);
}

/* Keys are never in a stream. */
static void
test_no_keys(void **state)
{
	struct rig *r = rig_new(TWO);
	_cleanup_free_ char *text = NULL;

	(void)state;
	rig_stream(r, 5, M_MONITOR, NULL);
	sign_in(r, 1, "a");
	fake_advance(r->loop, COALESCED);
	text = json_dumps(r->stream[5], 0);
	assert_non_null(strstr(text, "fresh"));
	assert_null(strstr(text, "ASIAEXAMPLE"));
	assert_null(strstr(text, "secretAccessKey"));
	assert_null(strstr(text, "sessionToken"));
	rig_free(r); /* while it watches */
}

static void
test_limits(void **state)
{
	struct rig *r = rig_new(ONE);
	_cleanup_json_ json_t *none = json_object();
	const uint64_t other = 1000 * RIG_CONNS; /* clients of no account */

	(void)state;
	rig_call(r, 1, M_MONITOR, NULL);
	assert_str(rig_str(r->reply[1], "error"), E_EXPECTED_MORE);
	rig_stream(r, 1, M_MONITOR, json_pack("{s:s}", "approvals", "x"));
	assert_str(rig_str(r->reply[1], "error"), E_INVALID_PARAMETER);
	for (uint64_t i = 0; i < MONITORS_MAX; i++)
		methods_call(r->methods, other + i, M_MONITOR, none, true);
	rig_stream(r, 1, M_MONITOR, NULL);
	assert_str(rig_str(r->reply[1], "error"), E_BUSY);
	/* One that does not read is dropped, and makes room. */
	methods_closed(r->methods, other + 3);
	watch(r, 1, false);
	rig_free(r);
}

/* ---- a person's word ------------------------------------------------------------- */

#define PROTECTED ONE "awsfed.protected = yes\n"
#define KEY "parameters.accessKeyId"

static int
some_peer(uint64_t conn, struct peer *ret, void *arg)
{
	(void)conn;
	(void)arg;
	ret->self.pid = 42;
	ret->self.name = xstrdup("terraform");
	return 0;
}

static struct rig *
protected_rig(void)
{
	struct rig *r = rig_new(PROTECTED);

	methods_set_peer(r->methods, some_peer);
	sign_in(r, 1, "a");
	fake_advance(r->loop, 10 * USEC);
	return r;
}

static void
ask(struct rig *r, unsigned conn)
{
	rig_call(r, conn, M_CREDENTIALS, "{s:s}", "profile", "a");
}

static void
approve(struct rig *r, const char *request, bool allow, const char *error)
{
	rig_call(
	    r, 9, M_APPROVE, "{s:s,s:b}", "request", request, "allow", allow);
	assert_str(rig_str(r->reply[9], "error"), error);
}

static void
test_nobody(void **state)
{
	struct rig *r = protected_rig();

	(void)state;
	watch(r, 5, false); /* it watches, but puts no requests */
	ask(r, 2);
	assert_str(rig_str(r->reply[2], "error"), E_FAULT);
	assert_str(rig_str(r->reply[2], "parameters.kind"), "denied");
	no_event(r, 5);
	rig_free(r);
}

static void
test_asked_in_place(void **state)
{
	struct rig *r = protected_rig();
	_cleanup_free_ char *id = NULL;

	(void)state;
	for (int round = 0; round < 2; round++) {
		rig_call(r, 2, M_CREDENTIALS, "{s:s,s:b,s:s}", "profile", "a",
		    "attended", 1, "purpose", "plan");
		assert_str(rig_str(r->reply[2], "error"), E_NEEDS_APPROVAL);
		assert_str(rig_str(r->reply[2], "parameters.question.kind"),
		    Q_CONFIRM);
		assert_non_null(
		    strstr(rig_str(r->reply[2], "parameters.question.label"),
			"terraform (pid 42) asks for keys of a, for \"plan\""));
		xreplace(
		    &id, xstrdup(rig_str(r->reply[2], "parameters.request")));
		/* Another's use is not this one's. */
		approve(r, id, true, NULL);
		ask(r, 3);
		assert_null(rig_str(r->reply[3], KEY));
		ask(r, 2);
		assert_non_null(rig_str(r->reply[2], KEY));
		/* One use; and each request is answered once. */
		approve(r, id, true, E_NO_SUCH_REQUEST);
		ask(r, 2);
		assert_null(rig_str(r->reply[2], KEY));
	}
	/* A word that is not used does not stay for ever. */
	rig_call(
	    r, 2, M_CREDENTIALS, "{s:s,s:b}", "profile", "a", "attended", 1);
	approve(r, rig_str(r->reply[2], "parameters.request"), true, NULL);
	fake_advance(r->loop, (APPROVAL_TIME + 1) * USEC);
	ask(r, 2);
	assert_null(rig_str(r->reply[2], KEY));
	rig_free(r);
}

/* The request as the watcher is told of it; its id, xalloc. */
static char *
requested(struct rig *r, unsigned conn)
{
	_cleanup_json_ json_t *e = event(r, conn, "request");

	assert_str(rig_str(e, "parameters.request.profile"), "a");
	assert_int_equal(
	    json_integer_value(rig_at(e, "parameters.request.peer.pid")), 42);
	return xstrdup(rig_str(e, "parameters.request.request"));
}

static void
over(struct rig *r, unsigned conn, const char *id, const char *how)
{
	_cleanup_json_ json_t *e = event(r, conn, "request-over");

	assert_str(rig_str(e, "parameters.request.request"), id);
	assert_str(rig_str(e, "parameters.how"), how);
	no_event(r, conn);
}

static void
test_watcher(void **state)
{
	static const struct {
		int answer; /* of the person; -1: none */
		bool leaves;
		const char *how;
	} cases[] = {
		{ true, false, "allowed" },
		{ false, false, "denied" },
		{ -1, false, "lapsed" },
		{ -1, true, "cancelled" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = protected_rig();
		_cleanup_free_ char *id = NULL;

		watch(r, 5, true);
		ask(r, 2);
		assert_null(r->reply[2]);
		id = requested(r, 5);
		rig_call(r, 3, M_APPROVALS, NULL);
		assert_str(
		    rig_str(r->reply[3], "parameters.requests.0.request"), id);
		/* Who begins to watch now is told as well. */
		watch(r, 6, true);
		json_decref(event(r, 6, "request"));
		if (cases[i].leaves)
			rig_close(r, 2);
		else if (cases[i].answer >= 0)
			approve(r, id, cases[i].answer, NULL);
		else
			fake_advance(r->loop, (APPROVAL_TIME + 1) * USEC);
		over(r, 5, id, cases[i].how);
		over(r, 6, id, cases[i].how);
		if (cases[i].answer == true)
			assert_non_null(rig_str(r->reply[2], KEY));
		else if (!cases[i].leaves)
			assert_str(
			    rig_str(r->reply[2], "parameters.kind"), "denied");
		approve(r, id, true, E_NO_SUCH_REQUEST);
		rig_call(r, 3, M_APPROVALS, NULL);
		assert_int_equal(
		    json_array_size(rig_at(r->reply[3], "parameters.requests")),
		    0);
		/* Allowed once: the next is asked for again. */
		if (!cases[i].leaves) {
			ask(r, 2);
			assert_null(r->reply[2]);
			json_decref(event(r, 5, "request"));
		}
		rig_free(r); /* with one that waits */
	}
}

/* ---- who asks ---------------------------------------------------------------------- */

static void
test_peer(void **state)
{
	struct peer p = { 0 };
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *j = NULL;
	int sv[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	/* Accepted before this process began: its number was another's. */
	assert_int_equal(peer_read(sv[0], 0, &p), -ESRCH);
	assert_int_equal(peer_read(sv[0], INT64_MAX, &p), 0);
	assert_int_equal(p.self.pid, getpid());
	assert_non_null(p.self.name);
	text = peer_text(&p);
	assert_non_null(strstr(text, "pid "));
	j = peer_json(&p);
	assert_int_equal(
	    json_integer_value(json_object_get(j, "pid")), getpid());
	peer_done(&p);
	close(sv[0]);
	close(sv[1]);
}

/* It connected and ended: nobody else is named in its place. */
static void
test_peer_gone(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa.sun_family);
	struct peer p = { 0 };
	int fd, conn, status;
	pid_t pid;

	(void)state;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	len = sizeof(sa);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	pid = fork();
	if (pid == 0) {
		int c = socket(AF_UNIX, SOCK_STREAM, 0);

		_exit(connect(c, (struct sockaddr *)&sa, len) != 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	conn = accept(fd, NULL, NULL);
	assert_true(conn >= 0);
	assert_true(peer_read(conn, INT64_MAX, &p) < 0);
	assert_null(p.self.name);
	close(conn);
	close(fd);
}

/* A go-between is named with the program that it asks for. */
static void
test_peer_text(void **state)
{
	static const struct {
		const char *name, *exe, *above[3];
		const char *text;
	} cases[] = {
		{ "aws", "/usr/bin/python3", { "bash" },
		    "aws (pid 9, /usr/bin/python3)" },
		{ NULL, NULL, { NULL }, "a program (pid 9)" },
		{ "awsfedctl", NULL, { "aws" },
		    "aws (pid 10) by awsfedctl (pid 9)" },
		{ "awsfedctl", NULL, { "sh", "terraform" },
		    "terraform (pid 11) by awsfedctl (pid 9)" },
		{ "awsfedctl", NULL, { "sh", "dash", "aws-adfs" },
		    "awsfedctl (pid 9)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct peer p = { .self.pid = 9 };
		_cleanup_free_ char *text = NULL;

		p.self.name = xstrdup(cases[i].name);
		p.self.exe = xstrdup(cases[i].exe);
		while (p.nparents < 3 && cases[i].above[p.nparents] != NULL) {
			struct peer_program *up = &p.parents[p.nparents];

			up->name = xstrdup(cases[i].above[p.nparents]);
			up->pid = 10 + (pid_t)p.nparents++;
		}
		text = peer_text(&p);
		assert_str(text, cases[i].text);
		peer_done(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_asked_in_place),
		cmocka_unit_test(test_watcher),
		cmocka_unit_test(test_peer),
		cmocka_unit_test(test_peer_gone),
		cmocka_unit_test(test_peer_text),
	};

	return RUN(tests);
}
