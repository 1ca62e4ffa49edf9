/* SPDX-License-Identifier: Apache-2.0 */
#include "worker-test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/wire.h"
#include "conduit.h"

/* The agent's side: what it says, NUL-ended, before the worker asks. */
static void
pair(struct conduit *c, int *agent, const char *says)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	*agent = fds[0];
	conduit_init(c, fds[1]);
	assert_int_equal(write_all(fds[0], says, strlen(says) + 1), 0);
}

static void
end(struct conduit *c, int agent)
{
	close(c->fd);
	close(agent);
	conduit_done(c);
}

static json_t *
heard(int agent)
{
	static struct buf in;
	json_t *msg = NULL;

	if (in.max == 0)
		buf_init(&in, WIRE_MAX_WORKER);
	assert_int_equal(wire_recv(agent, &in, 1000, &msg), 0);
	buf_done(&in);
	buf_init(&in, WIRE_MAX_WORKER);
	return msg;
}

static void
test_ask(void **state)
{
	const struct question q = { Q_SECRET, QN_PASSWORD, "Password", 30,
		NULL };
	_cleanup_secret_ struct secret *s = NULL;
	_cleanup_fault_ struct fault f = { 0 };
	struct conduit c;
	json_t *m;
	int agent;

	(void)state;
	pair(&c, &agent,
	    "{\"type\":\"answer\",\"id\":1,\"value\":\"p\\u00fc\"}");
	assert_int_equal(conduit_ask(&c, &q, &s, &f), 0);
	assert_string_equal(secret_bytes(s), "p\xc3\xbc");
	m = heard(agent);
	assert_string_equal(
	    json_string_value(json_object_get(m, "type")), "ask");
	assert_string_equal(
	    json_string_value(json_object_get(m, "name")), "password");
	assert_int_equal(
	    json_integer_value(json_object_get(m, "deadline")), 30);
	json_decref(m);
	end(&c, agent);
}

static void
test_refuse(void **state)
{
	static const struct {
		const char *says;
		enum fault_kind kind;
	} rows[] = {
		{ "{\"type\":\"refuse\",\"id\":1,\"fault\":"
		  "{\"kind\":\"needs-user\",\"text\":\"Nobody.\"}}",
		    FAULT_NEEDS_USER },
		{ "{\"type\":\"refuse\",\"id\":1}", FAULT_CANCELLED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_fault_ struct fault f = { 0 };
		struct conduit c;
		int agent;

		pair(&c, &agent, rows[i].says);
		assert_int_equal(
		    conduit_attempt(&c, "ab12", "CORP\\jane", &f), -1);
		assert_int_equal(f.kind, rows[i].kind);
		end(&c, agent);
	}
}

/* An answer to an older question is passed over. */
static void
test_stale(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct conduit c;
	json_t *m;
	int agent;

	(void)state;
	pair(&c, &agent, "{\"type\":\"answer\",\"id\":7,\"value\":\"x\"}");
	assert_int_equal(write_all(agent, "{\"type\":\"go\",\"id\":1}", 21), 0);
	assert_int_equal(conduit_attempt(&c, "ab12", "u", &f), 0);
	m = heard(agent);
	assert_string_equal(
	    json_string_value(json_object_get(m, "tag")), "ab12");
	json_decref(m);
	end(&c, agent);
}

static void
test_redeem(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct conduit c;
	json_t *roles = NULL;
	int agent;

	(void)state;
	pair(&c, &agent, "{\"type\":\"redeem\",\"id\":1,\"roles\":[{},{}]}");
	assert_int_equal(conduit_assertion(&c, json_object(), &roles, &f), 0);
	assert_int_equal(json_array_size(roles), 2);
	json_decref(roles);
	end(&c, agent);
}

/* A page may repeat the password: it is not passed on. */
static void
test_hush(void **state)
{
	static const struct {
		const char *secret, *text, *want;
	} rows[] = {
		{ "hunter2", "You typed hunter2, hunter2!",
		    "You typed *******, *******!" },
		{ "hunter2", "hunter", "hunter" },
		{ "aaaa", "aaaaaaaaa", "********a" },
		{ "no", "no word of it is known", "no word of it is known" },
		{ "p\xc3\xbc"
		  "abc",
		    "p\xc3\xbc"
		    "abc",
		    "******" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_fault_ struct fault f = { 0 };
		struct conduit c;
		json_t *m;
		int agent;

		pair(&c, &agent, "");
		conduit_hush(
		    &c, secret_new(rows[i].secret, strlen(rows[i].secret)));
		/* A code typed later does not make the password known. */
		conduit_hush(&c, secret_new("other", 5));
		conduit_tell(&c, "info", rows[i].text, 0);
		m = heard(agent);
		assert_string_equal(
		    json_string_value(json_object_get(m, "text")),
		    rows[i].want);
		json_decref(m);
		fault_set(
		    &f, FAULT_DENIED, REASON_ERROR_PAGE, "%s", rows[i].text);
		fault_next(&f, "%s", rows[i].text);
		conduit_fault(&c, NULL, &f);
		m = heard(agent);
		assert_string_equal(json_string_value(json_object_get(
					json_object_get(m, "fault"), "text")),
		    rows[i].want);
		assert_string_equal(json_string_value(json_object_get(
					json_object_get(m, "fault"), "next")),
		    rows[i].want);
		json_decref(m);
		end(&c, agent);
	}
}

/* Status of a child that asks; the agent says that and hangs up. */
static int
status_after(const char *says, size_t len)
{
	int fds[2], status;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	if ((pid = fork()) == 0) {
		const struct question q = { Q_TEXT, QN_USER, "User", 0, NULL };
		struct secret *s = NULL;
		struct fault f = { 0 };
		struct conduit c;

		close(fds[0]);
		dup2(open("/dev/null", O_WRONLY), 2);
		conduit_init(&c, fds[1]);
		conduit_ask(&c, &q, &s, &f);
		_exit(42);
	}
	close(fds[1]);
	(void)!write(fds[0], says, len);
	shutdown(fds[0], SHUT_WR);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(fds[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_gone(void **state)
{
	static const struct {
		const char *says;
		size_t len;
		int status;
	} rows[] = {
		{ "", 0, 0 },
		{ "{\"type\":\"ans", 12, 0 },
		{ "garbage", 8, 1 },
		{ "[]", 3, 1 },
		{ "{\"type\":\"dance\",\"id\":1}", 24, 1 },
		{ "{\"type\":\"answer\",\"id\":1}", 25, 1 },
		{ "{\"type\":\"answer\",\"id\":1,\"value\":2}", 35, 1 },
		{ "{\"type\":\"answer\",\"id\":1,\"value\":\"a\"}", 37, 42 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int s = status_after(rows[i].says, rows[i].len);

		if (s != rows[i].status)
			fail_msg("row %zu: %d", i, s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_redeem),
		cmocka_unit_test(test_hush),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests_name("conduit", tests, NULL, NULL);
}
