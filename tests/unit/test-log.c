/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "awsfed/log.h"

static char last[8192];
static int last_priority;
static char last_field[64];

static void
hook(int priority, const char *line, const struct log_field *fields, void *arg)
{
	(*(int *)arg)++;
	last_priority = priority;
	snprintf(last, sizeof(last), "%s", line);
	snprintf(last_field, sizeof(last_field), "%s=%s",
	    fields != NULL ? fields->name : "",
	    fields != NULL ? fields->value : "");
}

static void
test_hook(void **state)
{
	char long_text[6000];
	int calls = 0;

	(void)state;
	log_hook(hook, &calls);
	log_init("prog", LOG_INFO);
	log_debug("unheard");
	assert_int_equal(calls, 0);
	log_info("a %s", "b\nc\x1b[0m");
	assert_int_equal(calls, 1);
	assert_int_equal(last_priority, LOG_INFO);
	assert_string_equal(last, "a b c?[0m"); /* one line, harmless */
	assert_string_equal(last_field, "=");
	log_event((const struct log_field[]){ { "PROFILE", "p" }, { NULL } },
	    LOG_INFO, "%s\n", "with a field");
	assert_int_equal(calls, 2);
	assert_string_equal(last, "with a field ");
	assert_string_equal(last_field, "PROFILE=p");
	log_event((const struct log_field[]){ { "PROFILE", "p" }, { NULL } },
	    LOG_DEBUG, "unheard");
	assert_int_equal(calls, 2);
	log_set_max(LOG_DEBUG);
	log_debug("heard");
	assert_int_equal(calls, 3);
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	log_err("%s", long_text);
	assert_true(strlen(last) <= 4096);
	log_hook(NULL, NULL);
}

static void
test_stderr(void **state)
{
	char line[256] = "";
	int fds[2], saved = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	log_init("prog", LOG_NOTICE);
	log_warning("hello");
	log_info("unheard");
	dup2(saved, STDERR_FILENO);
	close(fds[1]);
	assert_true(read(fds[0], line, sizeof(line) - 1) > 0);
	assert_string_equal(line, "<4>prog: hello\n");
	close(fds[0]);
	close(saved);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hook),
		cmocka_unit_test(test_stderr),
	};

	return RUN(tests);
}
