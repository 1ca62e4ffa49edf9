/* SPDX-License-Identifier: Apache-2.0 */
/* Questions: what is accepted, how a choice is listed and what a line means. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ask.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

static const char roles[] =
    "{\"id\":\"q\",\"kind\":\"choice\",\"name\":\"role\",\"label\":\"Role\","
    "\"choices\":["
    "{\"value\":\"arn:1\",\"label\":\"Admin\",\"group\":\"111\"},"
    "{\"value\":\"arn:2\",\"label\":\"Admin\",\"group\":\"222\"},"
    "{\"value\":\"arn:3\",\"label\":\"ReadOnly\",\"group\":\"111\"},"
    "{\"value\":\"arn:4\",\"label\":\"arn:4\"}]}";

static int
parse(const char *text, struct question *q)
{
	_cleanup_json_ json_t *o = json_loads(text, 0, NULL);

	assert_non_null(o);
	return question_parse(o, q);
}

static void
refused(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"id\":\"q\",\"kind\":\"text\"}",
		"{\"id\":\"q\",\"name\":\"x\"}",
		"{\"kind\":\"text\",\"name\":\"x\"}",
		"{\"id\":1,\"kind\":\"text\",\"name\":\"x\"}",
		"{\"id\":\"a\\nb\",\"kind\":\"text\",\"name\":\"x\"}",
		"{\"id\":\"q\",\"kind\":\"riddle\",\"name\":\"x\"}",
		"{\"id\":\"q\",\"kind\":\"choice\",\"name\":\"x\"}",
		"{\"id\":\"q\",\"kind\":\"choice\",\"name\":\"x\","
		"\"choices\":[]}",
		"{\"id\":\"q\",\"kind\":\"choice\",\"name\":\"x\","
		"\"choices\":[{\"label\":\"l\"}]}",
		"{\"id\":\"q\",\"kind\":\"choice\",\"name\":\"x\","
		"\"choices\":[{\"value\":\"v\"},3]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct question q = { 0 };

		assert_int_equal(parse(bad[i], &q), -EBADMSG);
		assert_null(q.id);
	}
}

static void
accepted(void **state)
{
	_cleanup_question_ struct question q = { 0 }, bare = { 0 };

	(void)state;
	assert_int_equal(
	    parse("{\"id\":\"7\",\"kind\":\"secret\",\"name\":"
		  "\"password\",\"label\":\"Pass\\u001bword\",\"new\":1}",
		&q),
	    0);
	assert_string_equal(q.id, "7");
	assert_int_equal(q.kind, ASK_SECRET);
	assert_string_equal(q.label, "Pass?word");
	/* Without a label the name is better than nothing. */
	assert_int_equal(parse("{\"id\":\"7\",\"kind\":\"code\",\"name\":"
			       "\"code\"}",
			     &bare),
	    0);
	assert_string_equal(bare.label, "code");
}

static void
picks(void **state)
{
	static const struct {
		const char *line;
		long index;
	} cases[] = {
		{ "1", 0 },
		{ "4", 3 },
		{ "0", -1 },
		{ "5", -1 },
		{ "-1", -1 },
		{ "1x", -1 },
		{ "", -1 },
		{ "arn:2", 1 },
		{ "arn:4", 3 },
		{ "ReadOnly", 2 },
		{ "readonly", 2 },
		{ "Admin", -1 }, /* two have it */
		{ "Read", -1 },
		{ "99999999999999999999", -1 },
	};
	_cleanup_question_ struct question q = { 0 };

	(void)state;
	assert_int_equal(parse(roles, &q), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
		    choice_pick(&q, cases[i].line), cases[i].index);
}

static void
lists(void **state)
{
	static const struct {
		const char *filter;
		size_t n;
		const char *text;
	} cases[] = {
		{ NULL, 4,
		    "111\n"
		    "    1  Admin     arn:1\n"
		    "    3  ReadOnly  arn:3\n"
		    "222\n"
		    "    2  Admin     arn:2\n"
		    "    4  arn:4\n" },
		{ "", 4, NULL },
		{ "admin", 2,
		    "111\n    1  Admin  arn:1\n"
		    "222\n    2  Admin  arn:2\n" },
		{ "222", 1, "222\n    2  Admin  arn:2\n" },
		{ "ARN:3", 1, "111\n    3  ReadOnly  arn:3\n" },
		{ "nothing", 0, NULL },
	};
	_cleanup_question_ struct question q = { 0 };

	(void)state;
	assert_int_equal(parse(roles, &q), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(4096);

		assert_int_equal(
		    choice_list(&q, cases[i].filter, &out), cases[i].n);
		if (cases[i].text != NULL)
			assert_string_equal(out.data, cases[i].text);
	}
}

/* Values of other choices are the page's inner names: not for people. */
static void
lists_methods(void **state)
{
	_cleanup_question_ struct question q = { 0 };
	_cleanup_buf_ struct buf out = BUF_INIT(4096);

	(void)state;
	assert_int_equal(
	    parse("{\"id\":\"q\",\"kind\":\"choice\",\"name\":"
		  "\"method\",\"choices\":[{\"value\":\"inner\",\"label\":"
		  "\"Text message\"}]}",
		&q),
	    0);
	assert_int_equal(choice_list(&q, NULL, &out), 1);
	assert_string_equal(out.data, "    1  Text message\n");
}

static void
prompts(void **state)
{
	static const char *const rows[][2] = {
		{ "Code", "Code: " },
		{ "Code:", "Code: " },
		{ "Code : ", "Code: " },
		{ "Enter the code of your app.",
		    "Enter the code of your app: " },
		{ "Wait...", "Wait...: " },
		{ "Which token?", "Which token? " },
		{ ".", ".: " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *label = xstrdup(rows[i][0]);
		const struct question q = { .label = label };
		_cleanup_free_ char *prompt = question_prompt(&q, " ");

		assert_string_equal(prompt, rows[i][1]);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(accepted),
		cmocka_unit_test(picks),
		cmocka_unit_test(lists),
		cmocka_unit_test(lists_methods),
		cmocka_unit_test(prompts),
	};

	xalloc_install();
	return cmocka_run_group_tests_name("client-ask", tests, NULL, NULL);
}
