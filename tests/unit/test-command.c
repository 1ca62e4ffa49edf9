/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/xalloc.h"
#include "command.h"
#include "loop.h"

static struct loop *loop;
static struct commands *commands;
static struct fault fault;
static char *output;
static size_t output_len;
static int calls;
static char logged[256];

static void
to_text(
    int priority, const char *line, const struct log_field *fields, void *arg)
{
	(void)fields;
	(void)priority;
	(void)arg;
	strncat(logged, line, sizeof(logged) - strlen(logged) - 1);
}

static void
on_done(const struct fault *f, const char *out, size_t len, void *arg)
{
	(void)arg;
	calls++;
	fault_copy(&fault, f);
	xreplace(&output, xstrndup(out, len));
	output_len = len;
	loop_stop(loop);
}

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
	(void)state;
	loop = loop_new();
	commands = commands_new(loop);
	calls = 0;
	logged[0] = '\0';
	log_set_max(LOG_DEBUG);
	log_hook(to_text, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	commands_free(commands);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	loop_free(loop);
	fault_done(&fault);
	xreplace(&output, NULL);
	log_hook(NULL, NULL);
	return 0;
}

static const struct {
	const char *line;
	int timeout;
	enum fault_kind kind;
	const char *out; /* NULL: not looked at */
	const char *text;
} cases[] = {
	{ "echo hello", 5, FAULT_NONE, "hello\n", NULL },
	{ "printf 'a b'; printf c", 5, FAULT_NONE, "a bc", NULL },
	{ "true", 5, FAULT_NONE, "", NULL },
	{ "cat", 5, FAULT_NONE, "", NULL },
	{ "echo \"$EXTRA:$LANG\"", 5, FAULT_NONE, "one:C\n", NULL },
	{ "echo \"[$NOTIFY_SOCKET]\"", 5, FAULT_NONE, "[]\n", NULL },
	{ "echo no; exit 3", 5, FAULT_CONFIG, NULL, "exit status 3" },
	{ "kill -9 $$", 5, FAULT_CONFIG, NULL, "signal 9" },
	{ "/nonexistent", 5, FAULT_CONFIG, NULL, "exit status 127" },
	{ "sleep 60", 1, FAULT_TEMPORARY, NULL, "within 1 seconds" },
	{ "sleep 60 & sleep 60", 1, FAULT_TEMPORARY, NULL, "within 1" },
	{ "head -c 70000 /dev/zero", 5, FAULT_CONFIG, NULL, "more than" },
	{ "yes", 5, FAULT_CONFIG, NULL, "more than" },
	/* A grandchild that keeps the pipe must not keep us. */
	{ "sleep 60 & echo fine", 5, FAULT_NONE, "fine\n", NULL },
};

static void
test_cases(void **state)
{
	static const char *const env[] = { "EXTRA=one", "LANG=C", NULL };

	(void)state;
	setenv("NOTIFY_SOCKET", "/run/x", 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		calls = 0;
		commands->ops->start(commands, cases[i].line, env,
		    cases[i].timeout, on_done, NULL);
		assert_int_equal(calls, 0);
		loop_run(loop);
		assert_int_equal(calls, 1);
		assert_int_equal(fault.kind, cases[i].kind);
		if (cases[i].out != NULL)
			assert_string_equal(output, cases[i].out);
		if (cases[i].text != NULL)
			assert_non_null(strstr(fault.text, cases[i].text));
		fault_done(&fault);
	}
	unsetenv("NOTIFY_SOCKET");
}

static void
test_cancel(void **state)
{
	struct command *c;

	(void)state;
	c = commands->ops->start(
	    commands, "echo x; sleep 60", NULL, 5, on_done, NULL);
	commands->ops->cancel(c);
	c = commands->ops->start(
	    commands, "echo x; sleep 60", NULL, 5, on_done, NULL);
	run_for(100);
	commands->ops->cancel(c);
	run_for(100);
	assert_int_equal(calls, 0);
}

static void
test_stderr(void **state)
{
	(void)state;
	commands->ops->start(
	    commands, "echo oops >&2; echo out", NULL, 5, on_done, NULL);
	loop_run(loop);
	assert_non_null(strstr(logged, "]: oops"));
	assert_null(strstr(logged, "out"));
}

/* Ends while commands run: they are killed and reaped. */
static void
test_free_running(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		commands->ops->start(
		    commands, "sleep 60", NULL, 5, on_done, NULL);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_cases),
		T(test_cancel),
		T(test_stderr),
		T(test_free_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
