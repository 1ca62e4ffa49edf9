/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "awsfed/fault.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"

#include "fake.h"
#include "prompt.h"

static struct loop *loop;
static struct prompts *prompts;
static int heard;
static char *value;
static struct fault fault;

static int
setup(void **state)
{
	(void)state;
	xalloc_install();
	loop = fake_loop_new();
	prompts = prompts_new(loop);
	heard = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	prompts_free(prompts);
	fake_loop_free(loop);
	xreplace(&value, NULL);
	fault_done(&fault);
	return 0;
}

static void
on_answer(const char *v, const struct fault *f, void *arg)
{
	(void)arg;
	heard++;
	xreplace(&value, xstrdup(v));
	if (f != NULL)
		fault_copy(&fault, f);
}

static struct question *
open_kind(const char *kind, const char *choices)
{
	json_t *list = choices == NULL ? NULL : json_loads(choices, 0, NULL);
	struct question *q = prompt_open(
	    prompts, kind, QN_CODE, "A label", list, 60, on_answer, NULL);

	json_decref(list);
	return q;
}

static void
test_answers(void **state)
{
	static char too_long[PROMPT_ANSWER_MAX + 2];
	static const char two[] =
	    "[{\"value\":\"x\",\"label\":\"X\"},{\"value\":\"y\"},{},7]";
	static const struct {
		const char *kind, *choices, *answer;
		int want;
	} cases[] = {
		{ Q_TEXT, NULL, "jane", 0 },
		{ Q_TEXT, NULL, "", 0 },
		{ Q_SECRET, NULL, " blanks are good ", 0 },
		{ Q_SECRET, NULL, "no\ncontrol", -EINVAL },
		{ Q_SECRET, NULL, too_long, -EINVAL },
		{ Q_CONFIRM, NULL, "yes", 0 },
		{ Q_CONFIRM, NULL, "no", 0 },
		{ Q_CONFIRM, NULL, "Yes", -EINVAL },
		{ Q_CONFIRM, NULL, "", -EINVAL },
		{ Q_CHOICE, two, "x", 0 },
		{ Q_CHOICE, two, "y", 0 },
		{ Q_CHOICE, two, "X", -EINVAL },
		{ Q_CHOICE, two, "", -EINVAL },
		{ Q_CHOICE, NULL, "x", -EINVAL },
	};

	(void)state;
	memset(too_long, 'x', sizeof(too_long) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct question *q = open_kind(cases[i].kind, cases[i].choices);
		_cleanup_free_ char *id = xstrdup(prompt_id(q));

		heard = 0;
		assert_int_equal(
		    prompt_answer(prompts, id, cases[i].answer), cases[i].want);
		assert_int_equal(heard, cases[i].want == 0);
		if (cases[i].want == 0) {
			assert_string_equal(value, cases[i].answer);
			/* Only the first one counts. */
			assert_int_equal(
			    prompt_answer(prompts, id, "x"), -ENOENT);
		} else {
			assert_ptr_equal(prompt_find(prompts, id), q);
			prompt_close(q);
		}
		assert_null(prompt_find(prompts, id));
	}
	assert_int_equal(fake_timers(loop), 0);
}

static void
test_lapse(void **state)
{
	_cleanup_free_ char *id = xstrdup(prompt_id(open_kind(Q_CODE, NULL)));

	(void)state;
	fake_advance(loop, 59 * USEC);
	assert_int_equal(heard, 0);
	fake_advance(loop, 1 * USEC);
	assert_int_equal(heard, 1);
	assert_null(value);
	assert_int_equal(fault.kind, FAULT_NEEDS_USER);
	assert_int_equal(fault.reason, REASON_TIMEOUT);
	assert_int_equal(prompt_answer(prompts, id, "1"), -ENOENT);
	assert_int_equal(heard, 1);
}

/* A suspend is seen by both clocks; a wall clock set forward by one. */
static void
test_clocks(void **state)
{
	(void)state;
	open_kind(Q_CODE, NULL);
	fake_step_real(loop, 3600 * USEC);
	fake_settle(loop);
	assert_int_equal(heard, 1);
	open_kind(Q_CODE, NULL);
	fake_step_real(loop, -7200 * USEC);
	fake_advance(loop, 60 * USEC);
	assert_int_equal(heard, 2);
}

static void
test_closed(void **state)
{
	struct question *a = open_kind(Q_CODE, NULL);
	struct question *b = open_kind(Q_CODE, NULL);
	_cleanup_free_ char *ida = xstrdup(prompt_id(a));

	(void)state;
	assert_string_not_equal(prompt_id(a), prompt_id(b));
	prompt_close(a);
	prompt_close(NULL);
	assert_int_equal(prompt_answer(prompts, ida, "1"), -ENOENT);
	fake_advance(loop, 3600 * USEC);
	assert_int_equal(heard, 1); /* b alone */
	/* An id is never given twice. */
	assert_string_not_equal(prompt_id(open_kind(Q_CODE, NULL)), ida);
}

/* The owner asks the next question from inside the answer. */
static void
again(const char *v, const struct fault *f, void *arg)
{
	(void)v;
	(void)f;
	(void)arg;
	if (++heard < 3)
		prompt_open(
		    prompts, Q_TEXT, QN_USER, "again", NULL, 60, again, NULL);
}

static void
test_again(void **state)
{
	(void)state;
	prompt_open(prompts, Q_TEXT, QN_USER, "first", NULL, 60, again, NULL);
	fake_advance(loop, 60 * USEC);
	assert_int_equal(heard, 1);
	fake_advance(loop, 600 * USEC);
	assert_int_equal(heard, 3);
}

static void
test_json(void **state)
{
	struct question *q = open_kind(Q_CHOICE, "[{\"value\":\"x\"}]");
	json_t *j = prompt_json(q),
	       *want = json_pack("{s:s,s:s,s:s,s:s,s:[{s:s}],s:i}", "id",
		   prompt_id(q), "kind", "choice", "name", "code", "label",
		   "A label", "choices", "value", "x", "deadline", 60);

	(void)state;
	assert_true(json_equal(j, want));
	json_decref(j);
	json_decref(want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lapse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clocks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
	};

	return RUN(tests);
}
