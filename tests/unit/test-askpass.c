/* SPDX-License-Identifier: Apache-2.0 */
/* The client's half of Assuan: what is sent, and what answers are taken. */
#include "unit.h"

#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "askpass-assuan.h"

static char *const none[] = { NULL };

static void
test_command(void **state)
{
	_cleanup_free_ char *long_text = xcalloc(1, 3001);

	(void)state;
	static const struct {
		const char *text, *line;
	} cases[] = {
		{ "plain", "SETDESC plain" },
		{ "", "SETDESC " },
		{ "50% off\nnow\r", "SETDESC 50%25 off%0Anow%0D" },
		{ "\xc3\xa9t\xc3\xa9", "SETDESC \xc3\xa9t\xc3\xa9" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got =
		    assuan_command("SETDESC", cases[i].text);

		assert_string_equal(got, cases[i].line);
	}
	/* Never longer than a line, never half a character or escape. */
	for (size_t shift = 0; shift < 3; shift++) {
		for (size_t i = 0; i + 2 < 3000; i += 3)
			memcpy(long_text + i, "%\xc3\xa9", 3);
		memset(long_text, 'x', shift);
		_cleanup_free_ char *got =
		    assuan_command("SETDESC", long_text + (shift == 2));

		assert_true(strlen(got) < ASSUAN_LINE);
		assert_true(strlen(got) > ASSUAN_LINE - 8);
		assert_true(str_utf8(got) || shift == 2);
		assert_true(got[strlen(got) - 1] != '%');
	}
}

/* Lines of a server, "|" between them; greeted and asked before if ready. */
static const struct {
	const char *lines;
	bool ready;
	enum assuan_step end;
	const char *value;
} talks[] = {
	{ "OK Pleased to meet you", false, ASSUAN_MORE, "" },
	{ "# hello|S x|OK", false, ASSUAN_MORE, "" },
	{ "OKAY", false, ASSUAN_BROKEN, "" },
	{ "ERR 1 no", false, ASSUAN_BROKEN, "" },
	{ "HELLO", false, ASSUAN_BROKEN, "" },
	{ "D early", false, ASSUAN_BROKEN, "" },
	{ "INQUIRE PIN", false, ASSUAN_BROKEN, "" },
	{ "D secret|OK", true, ASSUAN_ANSWERED, "secret" },
	{ "D sec|S note|D ret|OK", true, ASSUAN_ANSWERED, "secret" },
	{ "D 100%25%0a%C3%A9|OK", true, ASSUAN_ANSWERED, "100%\n\xc3\xa9" },
	{ "OK", true, ASSUAN_ANSWERED, "" },
	{ "D|OK", true, ASSUAN_BROKEN, "" },
	{ "D 5%2", true, ASSUAN_BROKEN, "" },
	{ "D 5%zz", true, ASSUAN_BROKEN, "" },
	{ "D a%00b", true, ASSUAN_BROKEN, "" },
	{ "INQUIRE QUALITY x|D s|OK", true, ASSUAN_ANSWERED, "s" },
	{ "ERR 83886179 Operation cancelled", true, ASSUAN_DECLINED, "" },
	{ "ERR 83886194 Not confirmed", true, ASSUAN_DECLINED, "" },
	{ "ERR 83886278 Fully cancelled", true, ASSUAN_DECLINED, "" },
	{ "ERR 83886142 Timeout", true, ASSUAN_LAPSED, "" },
	{ "ERR 83886081 General error", true, ASSUAN_BROKEN, "" },
	{ "ERR", true, ASSUAN_BROKEN, "" },
};

static void
test_talks(void **state)
{
	static const struct ask ask = {
		.kind = ASK_SECRET, .text = "t", .prompt = "p", .seconds = 5
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(8192);
		enum assuan_step step = ASSUAN_MORE;
		const char *p = talks[i].lines;
		struct assuan as;

		assuan_init(&as, &ask, none);
		while (talks[i].ready && as.sent < as.lines.n)
			assert_int_equal(
			    assuan_take(&as, "OK", 2, &out), ASSUAN_MORE);
		while (step == ASSUAN_MORE && p != NULL) {
			size_t n = strcspn(p, "|");
			_cleanup_free_ char *line = xstrndup(p, n);

			step = assuan_take(&as, line, n, &out);
			p = p[n] == '|' ? p + n + 1 : NULL;
		}
		if (step != talks[i].end)
			fail_msg("%s: %d, not %d", talks[i].lines, step,
			    talks[i].end);
		if (step == ASSUAN_ANSWERED)
			assert_string_equal(
			    as.value.data != NULL ? as.value.data : "",
			    talks[i].value);
		if (step == ASSUAN_BROKEN)
			assert_non_null(as.why);
		assuan_done(&as);
	}
}

/* What it need not know it may refuse; what it must, not. */
static void
test_refusals(void **state)
{
	static const char no[] = "ERR 83886254 Unknown";
	static const struct ask ask = { .kind = ASK_CONFIRM,
		.text = "text",
		.yes = "Allow",
		.no = "Deny",
		.seconds = 5 };
	static char *const env[] = { (char *)(uintptr_t) "DISPLAY=:7",
		(char *)(uintptr_t) "LC_CTYPE=C.UTF-8", NULL };
	_cleanup_buf_ struct buf out = BUF_INIT(8192);
	struct assuan as;
	bool lost = false;

	(void)state;
	assuan_init(&as, &ask, env);
	assert_int_equal(assuan_take(&as, "OK", 2, &out), ASSUAN_MORE);
	while (as.sent < as.lines.n) {
		bool must = str_starts(as.lines.v[as.sent - 1], "SETDESC");
		enum assuan_step step =
		    assuan_take(&as, must ? "OK" : no, must ? 2 : 20, &out);

		assert_int_equal(step, ASSUAN_MORE);
	}
	assert_non_null(strstr(out.data, "OPTION display=:7\n"));
	assert_non_null(strstr(out.data, "SETOK Allow\n"));
	assert_non_null(strstr(out.data, "SETCANCEL Deny\n"));
	assert_non_null(strstr(out.data, "CONFIRM\n"));
	assuan_done(&as);
	assuan_init(&as, &ask, none);
	assert_int_equal(assuan_take(&as, "OK", 2, &out), ASSUAN_MORE);
	while (as.sent < as.lines.n && !lost)
		lost = assuan_take(&as, no, 20, &out) == ASSUAN_BROKEN;
	assert_true(lost);
	assuan_done(&as);
}

static void
test_endless(void **state)
{
	static const struct ask ask = { .kind = ASK_TEXT, .text = "t" };
	_cleanup_buf_ struct buf out = BUF_INIT(8192);
	_cleanup_free_ char *wide = xcalloc(1, ASSUAN_LINE + 1);
	struct assuan as;
	unsigned n = 0;

	(void)state;
	assuan_init(&as, &ask, none);
	while (assuan_take(&as, "# and", 5, &out) == ASSUAN_MORE)
		assert_true(n++ < 1000);
	assuan_done(&as);
	assuan_init(&as, &ask, none);
	memset(wide, 'x', ASSUAN_LINE);
	assert_int_equal(
	    assuan_take(&as, wide, ASSUAN_LINE, &out), ASSUAN_BROKEN);
	assuan_done(&as);
}

/* The next line may be behind it in the same block: it is not its code. */
static void
test_short_error(void **state)
{
	static const struct ask ask = { .kind = ASK_TEXT, .text = "t" };
	static const char lines[] = "ERR\00099\n";
	_cleanup_buf_ struct buf out = BUF_INIT(8192);
	struct assuan as;

	(void)state;
	assuan_init(&as, &ask, none);
	while (as.sent < as.lines.n)
		assert_int_equal(assuan_take(&as, "OK", 2, &out), ASSUAN_MORE);
	assert_int_equal(assuan_take(&as, lines, 3, &out), ASSUAN_BROKEN);
	assuan_done(&as);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_talks),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_short_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
