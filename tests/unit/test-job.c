/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/xalloc.h"
#include "job.h"
#include "loop.h"

static struct loop *loop;
static struct jobs *jobs;
static struct job *job;
static struct fault fault;
static json_t *heard; /* array of messages */
static int ended;
static char log_text[8192];
static int answer_after; /* ms before an ask is answered; -1 never */
static bool cancel_inside;

static void
to_text(
    int priority, const char *line, const struct log_field *fields, void *arg)
{
	size_t n = strlen(log_text);

	(void)fields;
	(void)arg;
	snprintf(
	    log_text + n, sizeof(log_text) - n, "<%d>%s\n", priority, line);
}

static void
on_answer(void *arg)
{
	(void)arg;
	jobs->ops->send(job,
	    json_pack(
		"{s:s,s:i,s:s}", "type", "answer", "id", 1, "value", "x"));
}

static struct timer *answer;

static void
on_message(const char *type, const json_t *msg, void *arg)
{
	assert_ptr_equal(arg, &loop);
	json_array_append_new(heard, json_deep_copy(msg));
	if (cancel_inside) {
		jobs->ops->cancel(job);
		loop_stop(loop);
	} else if (strcmp(type, "ask") == 0 && answer_after >= 0) {
		loop->ops->timer_set(
		    answer, deadline_in(loop->clk, answer_after * MSEC));
	}
}

static void
on_ended(const struct fault *f, void *arg)
{
	(void)arg;
	ended++;
	fault_copy(&fault, f);
	loop_stop(loop);
}

static void
too_long(void *arg)
{
	(void)arg;
	fail_msg("nothing ended the job");
}

static void
stop_loop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static const struct job_handler handler = { on_message, on_ended };

static int
setup(void **state)
{
	_cleanup_free_ char *worker =
	    xasprintf("%s/tests/tools/fake-worker.py", getenv("top_srcdir"));

	(void)state;
	loop = loop_new();
	jobs = jobs_new(loop, worker);
	answer = timer_new(loop, on_answer, NULL);
	heard = json_array();
	ended = 0;
	answer_after = 0;
	cancel_inside = false;
	log_text[0] = '\0';
	log_set_max(LOG_DEBUG);
	log_hook(to_text, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	loop->ops->timer_free(answer);
	jobs_free(jobs);
	/* Everything was reaped. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	loop_free(loop);
	json_decref(heard);
	fault_done(&fault);
	log_hook(NULL, NULL);
	return 0;
}

static void
start(const char *script, int timeout)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:o}", "type", "job", "job",
	    "signin", "ccache", "FILE:/tmp/cc", "script",
	    json_loads(script, JSON_ALLOW_NUL, NULL));

	assert_non_null(o);
	ended = 0;
	json_array_clear(heard);
	fault_done(&fault);
	job = jobs->ops->start(jobs, o, timeout, &handler, &loop);
	assert_int_equal(ended, 0);
	assert_int_equal(json_array_size(heard), 0);
}

static void
run(const char *script, int timeout)
{
	struct timer *t = timer_new(loop, too_long, NULL);

	loop->ops->timer_set(t, deadline_in(loop->clk, 20 * USEC));
	start(script, timeout);
	loop_run(loop);
	loop->ops->timer_free(t);
}

static void
run_for(int ms)
{
	struct timer *t = timer_new(loop, stop_loop, NULL);

	loop->ops->timer_set(t, deadline_in(loop->clk, ms * MSEC));
	loop_run(loop);
	loop->ops->timer_free(t);
}

static const char *
word(size_t i, const char *key)
{
	return json_string_value(
	    json_object_get(json_array_get(heard, i), key));
}

static void
test_conversation(void **state)
{
	(void)state;
	run("[[\"say\", {\"type\":\"tell\",\"text\":\"hello\"}],"
	    "[\"say\", {\"type\":\"ask\",\"id\":1}], [\"read\"],"
	    "[\"say\", {\"type\":\"done\"}], [\"raw\", \"late garbage\"]]",
	    10);
	assert_int_equal(ended, 1);
	assert_false(fault_is(&fault));
	assert_int_equal(json_array_size(heard), 3);
	assert_string_equal(word(0, "text"), "hello");
	assert_non_null(strstr(word(2, "text"), "\"value\": \"x\""));
}

/* Empty environment but for the list, descriptors 0 to 3, own group. */
static void
test_birth(void **state)
{
	const json_t *o;
	_cleanup_free_ char *env = NULL;

	(void)state;
	setenv("SECRET_THING", "x", 1);
	setenv("SSLKEYLOGFILE", "/tmp/x", 1);
	unsetenv("AWSFED_TEST_PRELOAD");
	setenv("KRB5CCNAME", "FILE:/tmp/cc", 1);
	run("[[\"env\"], [\"say\", {\"type\":\"done\"}]]", 10);
	assert_false(fault_is(&fault));
	o = json_array_get(heard, 0);
	env = json_dumps(json_object_get(o, "env"), 0);
	assert_null(strstr(env, "SECRET_THING"));
	assert_null(strstr(env, "SSLKEYLOGFILE"));
	assert_null(strstr(env, "LD_PRELOAD"));
	assert_non_null(strstr(env, "\"PATH\""));
	assert_int_equal(json_array_size(json_object_get(o, "fds")), 4);
	assert_true(json_is_true(json_object_get(o, "group")));
	assert_string_equal(word(0, "krb"), "FILE:/tmp/cc");
	assert_string_equal(word(0, "stdin"), "/dev/null");
}

/* script, time limit, kind, reason, part of the text */
static const struct end_case {
	const char *script;
	int timeout;
	enum fault_kind kind;
	enum reason reason;
	const char *text;
} end_cases[] = {
	{ "[[\"exit\", 3]]", 10, FAULT_INTERNAL, REASON_WORKER,
	    "exit status 3" },
	{ "[[\"exit\", 0]]", 10, FAULT_INTERNAL, REASON_WORKER,
	    "exit status 0" },
	{ "[[\"kill\", 9]]", 10, FAULT_INTERNAL, REASON_WORKER, "signal 9" },
	{ "[[\"kill\", 11]]", 10, FAULT_INTERNAL, REASON_WORKER, "signal 11" },
	{ "[[\"close\"],[\"sleep\", 60]]", 10, FAULT_INTERNAL, REASON_WORKER,
	    "closed its connection" },
	{ "[[\"raw\", \"{\\\"type\\\":\\\"tell\\\"\"],[\"exit\",0]]", 10,
	    FAULT_INTERNAL, REASON_WORKER, "exit status 0" },
	{ "[[\"raw\", \"nonsense\\u0000\"],[\"sleep\",60]]", 10, FAULT_INTERNAL,
	    REASON_WORKER, "not a message" },
	{ "[[\"say\", {\"type\":\"odd\"}],[\"sleep\",60]]", 10, FAULT_INTERNAL,
	    REASON_WORKER, "not a message" },
	{ "[[\"say\", {\"nothing\":1}],[\"sleep\",60]]", 10, FAULT_INTERNAL,
	    REASON_WORKER, "not a message" },
	{ "[[\"say\", [1]],[\"sleep\",60]]", 10, FAULT_INTERNAL, REASON_WORKER,
	    "not a message" },
	{ "[[\"sleep\", 60]]", 1, FAULT_TEMPORARY, REASON_TIMEOUT,
	    "silent for 1 seconds" },
};

static void
test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(end_cases); i++) {
		const struct end_case *c = &end_cases[i];

		run(c->script, c->timeout);
		assert_int_equal(ended, 1);
		assert_int_equal(fault.kind, c->kind);
		assert_int_equal(fault.reason, c->reason);
		assert_non_null(strstr(fault.text, c->text));
		assert_non_null(fault.next);
	}
}

/* What it said before it died still counts. */
static void
test_last_words(void **state)
{
	(void)state;
	run("[[\"say\", {\"type\":\"credentials\"}], [\"kill\", 9]]", 10);
	assert_int_equal(json_array_size(heard), 1);
	assert_int_equal(fault.kind, FAULT_INTERNAL);
}

/* The limit rests while the worker waits for us. */
static void
test_waiting_is_free(void **state)
{
	(void)state;
	answer_after = 1600;
	run("[[\"say\", {\"type\":\"ask\",\"id\":1}], [\"read\"],"
	    "[\"say\", {\"type\":\"done\"}]]",
	    1);
	assert_false(fault_is(&fault));
}

/* A worker that waits for a person says for how long, and may be silent. */
static void
test_patience(void **state)
{
	(void)state;
	run("[[\"say\", {\"type\":\"tell\",\"kind\":\"wait\",\"seconds\":3}],"
	    "[\"say\", {\"type\":\"tell\",\"kind\":\"number-to-show\"}],"
	    "[\"sleep\", 2], [\"say\", {\"type\":\"done\"}]]",
	    1);
	assert_false(fault_is(&fault));
	run("[[\"say\", {\"type\":\"tell\",\"kind\":\"wait\",\"seconds\":1}],"
	    "[\"sleep\", 60]]",
	    1);
	assert_int_equal(fault.reason, REASON_TIMEOUT);
}

static void
test_cancel(void **state)
{
	(void)state;
	/* At once, before it ran. */
	start("[[\"say\", {\"type\":\"done\"}]]", 10);
	jobs->ops->cancel(job);
	run_for(300);
	assert_int_equal(ended, 0);
	/* From inside message(), with more messages already there. */
	cancel_inside = true;
	start("[[\"say\", {\"type\":\"tell\"}],[\"say\", {\"type\":\"tell\"}],"
	      "[\"say\", {\"type\":\"done\"}], [\"sleep\", 60]]",
	    10);
	loop_run(loop);
	run_for(300);
	assert_int_equal(ended, 0);
	assert_int_equal(json_array_size(heard), 1);
}

/* A grandchild of the worker's group dies with it. */
static void
test_group(void **state)
{
	(void)state;
	run("[[\"fork\", 60], [\"kill\", 9]]", 10);
	assert_int_equal(fault.kind, FAULT_INTERNAL);
}

static void
test_log(void **state)
{
	(void)state;
	run("[[\"stderr\", \"<3>awful\\nplain \\u001b[31mred\\npart\"],"
	    "[\"sleep\", 0.2], [\"say\", {\"type\":\"done\"}]]",
	    10);
	run_for(300);
	assert_non_null(strstr(log_text, "<3>worker["));
	assert_non_null(strstr(log_text, "]: awful\n"));
	assert_non_null(strstr(log_text, "plain ?[31mred\n"));
	assert_non_null(strstr(log_text, "]: part\n"));
	assert_null(strchr(log_text, '\033'));
}

/* Whose process it is, while it runs and for a moment after. */
static void
test_own(void **state)
{
	const char *at;
	pid_t pid;

	(void)state;
	assert_false(jobs_own(jobs, getpid()));
	assert_false(jobs_own(jobs, 0));
	start("[[\"stderr\", \"here\\n\"], [\"read\"]]", 10);
	for (int i = 0; i < 100 && strstr(log_text, "]: here") == NULL; i++)
		run_for(100);
	at = strstr(log_text, "worker[");
	assert_non_null(at);
	pid = (pid_t)atol(at + strlen("worker["));
	assert_int_equal(kill(pid, 0), 0);
	assert_true(jobs_own(jobs, pid));
	jobs->ops->cancel(job);
	for (int i = 0; i < 100 && kill(pid, 0) == 0; i++)
		run_for(100);
	assert_int_equal(kill(pid, 0), -1);
	assert_true(jobs_own(jobs, pid));
	assert_false(jobs_own(jobs, pid + 1));
	assert_false(jobs_own(jobs, 0));
}

static void
test_large(void **state)
{
	_cleanup_free_ char *big = xmalloc(900001);
	json_t *o;

	(void)state;
	memset(big, 'b', 900000);
	big[900000] = '\0';
	o = json_pack("{s:s,s:s,s:[[s],[s,{s:s}]]}", "type", "job", "pad", big,
	    "script", "env", "say", "type", "done");
	job = jobs->ops->start(jobs, o, 10, &handler, &loop);
	loop_run(loop);
	assert_false(fault_is(&fault));
	/* Over the limit of a message: a fault, from the loop. */
	ended = 0;
	o = json_pack("{s:s,s:s,s:s,s:[]}", "type", "job", "pad", big, "pad2",
	    big, "script");
	job = jobs->ops->start(jobs, o, 10, &handler, &loop);
	assert_int_equal(ended, 0);
	loop_run(loop);
	assert_int_equal(ended, 1);
	assert_int_equal(fault.kind, FAULT_INTERNAL);
}

static void
test_no_worker(void **state)
{
	struct jobs *none = jobs_new(loop, "/nonexistent/awsfed-worker");

	(void)state;
	job = none->ops->start(none, json_object(), 10, &handler, &loop);
	assert_int_equal(ended, 0);
	loop_run(loop);
	assert_int_equal(ended, 1);
	assert_int_equal(fault.reason, REASON_WORKER);
	assert_non_null(strstr(fault.text, "/nonexistent/awsfed-worker"));
	/* Cancelled before the bad news came. */
	ended = 0;
	job = none->ops->start(none, json_object(), 10, &handler, &loop);
	none->ops->cancel(job);
	run_for(50);
	assert_int_equal(ended, 0);
	jobs_free(none);
}

static size_t
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
test_no_leak(void **state)
{
	size_t before = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		run("[[\"say\", {\"type\":\"done\"}]]", 10);
		run_for(200);
		if (i == 0)
			before = open_fds();
	}
	assert_int_equal(open_fds(), before);
}

/* ---- what a worker is born with, when there is no memory for the list of it -- */
static int refused; /* the call that fails, from 1; 0: none */

static bool
refuse(void)
{
	return refused > 0 && --refused == 0;
}

int
posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *fa, int fd, int to)
{
	static int (*real)(posix_spawn_file_actions_t *, int, int);

	if (real == NULL)
		*(void **)&real =
		    dlsym(RTLD_NEXT, "posix_spawn_file_actions_adddup2");
	return refuse() ? ENOMEM : real(fa, fd, to);
}

int
posix_spawn_file_actions_addclosefrom_np(
    posix_spawn_file_actions_t *fa, int from)
{
	static int (*real)(posix_spawn_file_actions_t *, int);

	if (real == NULL)
		*(void **)&real = dlsym(
		    RTLD_NEXT, "posix_spawn_file_actions_addclosefrom_np");
	return refuse() ? ENOMEM : real(fa, from);
}

/* Nothing runs with other descriptors than it should have. */
static void
test_half_born(void **state)
{
	size_t before;

	(void)state;
	run("[[\"say\", {\"type\":\"done\"}]]", 10);
	run_for(200);
	before = open_fds();
	/* Standard input, output, error, the fourth; and all others closed. */
	for (int call = 1; call <= 5; call++) {
		refused = call;
		run("[[\"say\", {\"type\":\"done\"}]]", 10);
		assert_int_equal(refused, 0);
		assert_int_equal(ended, 1);
		assert_int_equal(fault.reason, REASON_WORKER);
		assert_int_equal(json_array_size(heard), 0);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	}
	assert_int_equal(open_fds(), before);
	refused = 6;
	run("[[\"say\", {\"type\":\"done\"}]]", 10);
	assert_int_equal(refused, 1);
	assert_false(fault_is(&fault));
	refused = 0;
	run_for(200);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_conversation),
		T(test_birth),
		T(test_ends),
		T(test_last_words),
		T(test_waiting_is_free),
		T(test_patience),
		T(test_cancel),
		T(test_group),
		T(test_log),
		T(test_own),
		T(test_large),
		T(test_no_worker),
		T(test_no_leak),
		T(test_half_born),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
