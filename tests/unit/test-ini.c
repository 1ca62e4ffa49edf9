/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <time.h>

#include "awsfed/ini.h"
#include "awsfed/str.h"

static struct ini *
parse(const char *text)
{
	return ini_parse(text, strlen(text));
}

static void
assert_prints(const struct ini *ini, const char *want, size_t want_len)
{
	size_t len;
	_cleanup_free_ char *out = ini_print(ini, &len);

	assert_int_equal(len, want_len);
	assert_memory_equal(out, want, len);
}

/* ---- the matrix of constructs ------------------------------------------- */

#define KEYS "aws_access_key_id = A\naws_secret_access_key = S\n"
#define BASE "[p]\n" KEYS "aws_session_token = T\n"

/* token: of section p, NULL absent.  why: part of the problem, NULL none. */
static const struct {
	const char *name;
	const char *text;
	const char *token;
	const char *why;
	size_t line;
} matrix[] = {
	{ "baseline", BASE, "T", NULL, 0 },
	{ "no-spaces", "[p]\naws_session_token=T\n", "T", NULL, 0 },
	{ "colon-sep", "[p]\naws_session_token: T\n", "T", NULL, 0 },
	{ "CRLF", "[p]\r\naws_session_token = T\r\n", "T", NULL, 0 },
	{ "CR-only", "[p]\raws_session_token = T\r", "T", NULL, 0 },
	{ "BOM", "\xef\xbb\xbf[p]\naws_session_token = T\n", "T",
	    "byte order mark", 1 },
	{ "BOM-comment", "\xef\xbb\xbf# c\n" BASE, "T", "byte order", 1 },
	{ "no-final-newline", "[p]\naws_session_token = T", "T", NULL, 0 },
	{ "hdr-inner-spaces", "[ p ]\naws_session_token = T\n", "T", NULL, 0 },
	{ "hdr-both", "[ p ]\naws_session_token = X\n" BASE, "T", NULL, 0 },
	{ "hdr-both-after", BASE "[ p ]\naws_session_token = X\n", "T", NULL,
	    0 },
	{ "hdr-leading-space", "  [p]\naws_session_token = T\n", "T", NULL, 0 },
	{ "hdr-leading-space-second", "[q]\n  [p]\naws_session_token = T\n",
	    "T", NULL, 0 },
	{ "hdr-that-continues", "[q]\nk = v\n  [p]\naws_session_token = T\n",
	    NULL, NULL, 0 },
	{ "hdr-trailing-comment", "[p] # c\naws_session_token = T\n", "T", NULL,
	    0 },
	{ "hdr-trailing-comment-nospace", "[p];c\naws_session_token = T\n", "T",
	    NULL, 0 },
	{ "hdr-dquoted", "[\"p\"]\naws_session_token = T\n", NULL, NULL, 0 },
	{ "name-case-differs", "[P]\naws_session_token = T\n", NULL, NULL, 0 },
	{ "key-uppercase", "[p]\nAWS_SESSION_TOKEN = T\n", "T", NULL, 0 },
	{ "full-line-#", "# c\n[p]\n# c\naws_session_token = T\n", "T", NULL,
	    0 },
	{ "inline-#", "[p]\naws_session_token = T # comment\n", "T # comment",
	    NULL, 0 },
	{ "inline-;", "[p]\naws_session_token = T ; comment\n", "T ; comment",
	    NULL, 0 },
	{ "inline-#-nospace", "[p]\naws_session_token = T#x\n", "T#x", NULL,
	    0 },
	{ "value-quoted", "[p]\naws_session_token = \"T\"\n", "\"T\"", NULL,
	    0 },
	{ "value-trailing-space", "[p]\naws_session_token = T  \t\n", "T", NULL,
	    0 },
	{ "value-empty", "[p]\naws_session_token =\n", "", NULL, 0 },
	{ "value-percent", "[p]\naws_session_token = a%b%(x)s\n", "a%b%(x)s",
	    NULL, 0 },
	{ "value-with-separators", "[p]\naws_session_token = a=b:c==\n",
	    "a=b:c==", NULL, 0 },
	{ "indented-keys", "[p]\n  a = 1\n  aws_session_token = T\n", "T", NULL,
	    0 },
	{ "dup-section", BASE "[p]\naws_session_token = T2\n", "T2",
	    "section [p] appears twice", 5 },
	{ "dup-section-other", BASE "[q]\na = 1\n[q]\n", "T",
	    "section [q] appears twice", 7 },
	{ "dup-key", "[p]\naws_session_token = T\naws_session_token = T2\n",
	    "T2", "key \"aws_session_token\" appears twice", 3 },
	{ "dup-key-case", "[p]\nA = 1\na = 2\n", NULL, "appears twice", 3 },
	{ "dup-key-colon", "[p]\na = 1\na : 2\n", NULL, "appears twice", 3 },
	{ "dup-key-utf8-case", "[p]\n\xc3\x89 = 1\n\xc3\xa9 = 2\n", NULL,
	    "appears twice", 3 },
	{ "garbage-in-p", "[p]\ngarbage\naws_session_token = T\n", "T",
	    "a line has no \"=\"", 2 },
	{ "garbage-in-other", BASE "[q]\ngarbage\n", "T", "no \"=\"", 6 },
	{ "garbage-before", "garbage\n" BASE, "T", "before the first", 1 },
	{ "option-before", "a = 1\n" BASE, "T", "before the first", 1 },
	{ "unterminated-hdr", BASE "[q\n", "T", "no name or no \"]\"", 5 },
	{ "empty-hdr", BASE "[]\n", "T", "no name or no \"]\"", 5 },
	{ "no-key", "[p]\n= x\naws_session_token = T\n", "T",
	    "a value has no key", 2 },
	{ "nested", "[p]\ns3 =\n  a = b\n  c = d\naws_session_token = T\n", "T",
	    NULL, 0 },
	{ "nested-bad", BASE "s3 =\n  garbage\n", "T", "block under \"s3\"",
	    6 },
	{ "nested-colon", BASE "s3 =\n  a : b\n", "T", "block under \"s3\"",
	    6 },
	{ "nested-break", BASE "s3 =\n  a = b\vc\n", "T", "block under", 6 },
	{ "nested-comment", BASE "s3 =\n  # c\n  a = b\n", "T", NULL, 0 },
	{ "continuation", "[p]\naws_session_token = T\n  //x\n", "T\n//x", NULL,
	    0 },
	{ "continuation-comment", "[p]\naws_session_token = T\n  # c\n U\n",
	    "T\nU", NULL, 0 },
	{ "blank-then-indented", "[p]\naws_session_token = T\n\n  foo = b\n",
	    "T\n\nfoo = b", NULL, 0 },
	{ "invalid-utf8", "# \xff\n" BASE, "T", "not valid UTF-8", 1 },
	{ "utf8-surrogate", BASE "# \xed\xa0\x80\n", "T", "UTF-8", 5 },
	{ "utf8-cut", BASE "# \xe2\x82", "T", "UTF-8", 5 },
	{ "utf8-comment", "# \xc3\xa9\n" BASE, "T", NULL, 0 },
	{ "DEFAULT-leaks", "[DEFAULT]\naws_session_token = LEAK\n[p]\na = 1\n",
	    "LEAK", NULL, 0 },
	{ "DEFAULT-overridden", "[DEFAULT]\naws_session_token = X\n" BASE, "T",
	    NULL, 0 },
	{ "DEFAULT-twice", "[DEFAULT]\na = 1\n[DEFAULT]\nb = 2\n" BASE, "T",
	    NULL, 0 },
	{ "DEFAULT-dup-key", "[DEFAULT]\na = 1\n[DEFAULT]\na = 2\n", NULL,
	    "appears twice", 4 },
	{ "DEFAULT-bad-nested", "[DEFAULT]\ns3 =\n x\n" BASE, "T",
	    "block under", 3 },
	{ "DEFAULT-bad-nested-alone", "[DEFAULT]\ns3 =\n x\n", NULL, NULL, 0 },
	{ "DEFAULT-bad-nested-unused", "[DEFAULT]\ns3 =\n x\n[p]\ns3 = 1\n",
	    NULL, NULL, 0 },
	{ "token-no-eq", "[p]\naws_session_token\n", NULL, "no \"=\"", 2 },
	{ "empty", "", NULL, NULL, 0 },
	{ "only-blanks", " \n\t\n", NULL, NULL, 0 },
	{ "adjacent", "[q]\na=1\n" BASE, "T", NULL, 0 },
	{ "hdr-greedy", "[p]]\naws_session_token = T\n", NULL, NULL, 0 },
};

static void
test_matrix(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(matrix); i++) {
		_cleanup_ini_ struct ini *ini = parse(matrix[i].text);
		_cleanup_free_ char *why = NULL;
		size_t line = 0;
		bool bad = ini_problem(ini, &line, &why);

		print_message("# %s\n", matrix[i].name);
		assert_str(
		    ini_get(ini, "p", "aws_session_token"), matrix[i].token);
		assert_int_equal(bad, matrix[i].why != NULL);
		if (bad) {
			assert_non_null(strstr(why, matrix[i].why));
			assert_int_equal(line, matrix[i].line);
		}
		assert_prints(ini, matrix[i].text, strlen(matrix[i].text));
	}
}

static void
test_nul(void **state)
{
	static const char text[] = "# \0\n[p]\nk\0 = a\0b\nt = T\n";
	_cleanup_ini_ struct ini *ini = ini_parse(text, sizeof(text) - 1);

	(void)state;
	assert_str(ini_get(ini, "p", "t"), "T");
	assert_str(ini_get(ini, "p", "k\001"), "a\001b");
	assert_false(ini_problem(ini, NULL, NULL));
	assert_prints(ini, text, sizeof(text) - 1);
	assert_int_equal(ini_set(ini, "p", "t", "U"), 0);
	assert_prints(ini, "# \0\n[p]\nk\0 = a\0b\nt = U\n", sizeof(text) - 1);
}

/* ---- edits ---------------------------------------------------------------- */

enum op { SET, UNSET, ADD, REMOVE };

static const struct {
	enum op op;
	const char *before;
	const char *section;
	const char *key;
	const char *value;
	const char *after;
} edits[] = {
	{ SET, "", "p", "k", "v", "[p]\nk = v\n" },
	{ SET, "[p]\nk = v\n", "p", "k", "w", "[p]\nk = w\n" },
	{ SET, "[p]\nk = v\n", "p", "K", "w", "[p]\nk = w\n" },
	{ SET, "[p]\nK=v\n", "p", "k", "w", "[p]\nK=w\n" },
	{ SET, "[p]\nk\t:  v \t\r\nj=1\r\n", "p", "k", "w",
	    "[p]\nk\t:  w \t\r\nj=1\r\n" },
	{ SET, "[p]\nk =\n", "p", "k", "w", "[p]\nk = w\n" },
	{ SET, "[p]\nk=\n", "p", "k", "w", "[p]\nk=w\n" },
	{ SET, "[p]\nk = \n", "p", "k", "w", "[p]\nk = w\n" },
	{ SET, "[p]\nk = v\n", "p", "k", "", "[p]\nk =\n" },
	{ SET, "[p]\nk = v\n", "p", "j", "", "[p]\nk = v\nj =\n" },
	{ SET, "[p]\nk = v\n  more\n# c\n  more\nj = 1\n", "p", "k", "w",
	    "[p]\nk = w\n# c\nj = 1\n" },
	{ SET, "[p]\nk =\n a = b", "p", "k", "w", "[p]\nk = w" },
	/* an equal value is no edit, in whatever shape it stands */
	{ SET, "[p]\nk = a\n  b\n", "p", "j", "1", "[p]\nk = a\n  b\nj = 1\n" },
	/* where a new key goes */
	{ SET, "[p]\na = 1\n\n# of q\n[q]\n", "p", "k", "v",
	    "[p]\na = 1\nk = v\n\n# of q\n[q]\n" },
	{ SET, "[p]\n[q]\n", "p", "k", "v", "[p]\nk = v\n[q]\n" },
	{ SET, "[p]\na = 1", "p", "k", "v", "[p]\na = 1\nk = v" },
	{ SET, "[p]\r\na = 1\r\n", "p", "k", "v", "[p]\r\na = 1\r\nk = v\r\n" },
	{ SET, "[p]\ra = 1\r", "p", "k", "v", "[p]\ra = 1\rk = v\r" },
	{ SET, "[p]\ns3 =\n  a = b\n\n[q]\n", "p", "k", "v",
	    "[p]\ns3 =\n  a = b\nk = v\n\n[q]\n" },
	{ SET, "[ p ]\na = 1\n", "p", "k", "v", "[ p ]\na = 1\nk = v\n" },
	{ SET, "  [p]\na = 1\n", "p", "a", "2", "  [p]\na = 2\n" },
	{ SET, "[p] # c\n", "p", "a", "2", "[p] # c\na = 2\n" },
	/* an indented header below stays a header */
	{ SET, "[p]\n  [q]\nx = 1\n", "p", "k", "v",
	    "[p]\n  k = v\n  [q]\nx = 1\n" },
	/* the last of duplicates is the one that is read */
	{ SET, "[p]\nk = 1\nk = 2\n", "p", "k", "3", "[p]\nk = 1\nk = 3\n" },
	{ SET, "[p]\nk = 1\n[p]\nk = 2\n", "p", "k", "3",
	    "[p]\nk = 1\n[p]\nk = 3\n" },
	{ SET, "[DEFAULT]\nk = 1\n[p]\n", "p", "k", "2",
	    "[DEFAULT]\nk = 1\n[p]\nk = 2\n" },
	{ SET, "# c\n", "p", "k", "v", "# c\n\n[p]\nk = v\n" },
	{ SET, "# c\n\n", "p", "k", "v", "# c\n\n[p]\nk = v\n" },
	{ SET, "# c", "p", "k", "v", "# c\n\n[p]\nk = v" },
	{ SET, "garbage\n[q\n", "p", "k", "v", "garbage\n[q\n\n[p]\nk = v\n" },
	{ UNSET, "[p]\nk = v\nj = 1\n", "p", "K", NULL, "[p]\nj = 1\n" },
	{ UNSET, "[p]\nk = v\n  more\n# c\n\n j = 1\n", "p", "k", NULL,
	    "[p]\n# c\n\n" },
	{ UNSET, "[p]\nk = 1\nk = 2\n[p]\nk = 3\nj = 4\n", "p", "k", NULL,
	    "[p]\n[p]\nj = 4\n" },
	{ UNSET, "[p]\nj = 1\nk = v", "p", "k", NULL, "[p]\nj = 1" },
	{ UNSET, "[p]\nj = 1\n", "p", "k", NULL, "[p]\nj = 1\n" },
	{ UNSET, "[p]\nj = 1\n", "q", "j", NULL, "[p]\nj = 1\n" },
	{ ADD, "[p]\n", "p", NULL, NULL, "[p]\n" },
	{ ADD, "[p]\n", "q", NULL, NULL, "[p]\n\n[q]\n" },
	{ ADD, "[p]", "q", NULL, NULL, "[p]\n\n[q]" },
	{ REMOVE, "[p]\nk = v\n", "p", NULL, NULL, "" },
	{ REMOVE, "[p]\nk = v\n\n[q]\nj = 1\n", "p", NULL, NULL,
	    "[q]\nj = 1\n" },
	{ REMOVE, "[o]\n\n[p]\nk = v\n\n# q\n[q]\nj = 1\n", "p", NULL, NULL,
	    "[o]\n\n# q\n[q]\nj = 1\n" },
	{ REMOVE, "[o]\n\n[p]\nk = v", "p", NULL, NULL, "[o]" },
	{ REMOVE, "[o]\r\n\r\n[p]\r\nk = v\r\n", "p", NULL, NULL, "[o]\r\n" },
	{ REMOVE, "[p]\nk\n[q]\n[p]\nj = 1\n", "p", NULL, NULL, "[q]\n" },
	{ REMOVE, "[p]\nk = v\n# in\nj = 1\n# after\n", "p", NULL, NULL,
	    "# after\n" },
	{ REMOVE, "[ p ]\nk = v\n[p]\n", "p", NULL, NULL, "" },
	/* the header that must stay */
	{ REMOVE, "[o]\nk = v\n[p]\n  j = 1\n  [q]\n", "p", NULL, NULL,
	    "[o]\nk = v\n[p]\n  [q]\n" },
	{ REMOVE, "[p]\n", "q", NULL, NULL, "[p]\n" },
};

static int
apply(struct ini *ini, enum op op, const char *section, const char *key,
    const char *value)
{
	switch (op) {
	case SET:
		return ini_set(ini, section, key, value);
	case UNSET:
		return ini_unset(ini, section, key);
	case ADD:
		return ini_add_section(ini, section);
	case REMOVE:
		break;
	}
	return ini_remove_section(ini, section);
}

static void
test_edits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		_cleanup_ini_ struct ini *ini = parse(edits[i].before);

		print_message("# edit %zu\n", i);
		assert_int_equal(apply(ini, edits[i].op, edits[i].section,
				     edits[i].key, edits[i].value),
		    0);
		assert_prints(ini, edits[i].after, strlen(edits[i].after));
		if (edits[i].op == SET)
			assert_str(ini_get(ini, edits[i].section, edits[i].key),
			    edits[i].value);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *section, *key, *value;
	} bad[] = {
		{ "", "k", "v" },
		{ "p]", "k", "v" },
		{ " p", "k", "v" },
		{ "p\t", "k", "v" },
		{ "p\n", "k", "v" },
		{ "\xff", "k", "v" },
		{ "p", "", "v" },
		{ "p", "k=", "v" },
		{ "p", "k:x", "v" },
		{ "p", "#k", "v" },
		{ "p", ";k", "v" },
		{ "p", "[k", "v" },
		{ "p", " k", "v" },
		{ "p", "k ", "v" },
		{ "p", "k\r", "v" },
		{ "p", "\xc0", "v" },
		{ "p", "k", " v" },
		{ "p", "k", "v " },
		{ "p", "k", "a\nb" },
		{ "p", "k", "a\rb" },
		{ "p", "k", "\x1b" },
		{ "p", "k", "\x7f" },
		{ "p", "k", "\xff" },
		{ "p", "k", "v\xc2\xa0" },
		{ "p", "k", NULL },
	};
	static const char text[] = "[q]\na = 1\n";
	_cleanup_ini_ struct ini *ini = parse(text);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(
		    ini_set(ini, bad[i].section, bad[i].key, bad[i].value),
		    -EINVAL);
	assert_int_equal(ini_unset(ini, "p", ""), -EINVAL);
	assert_int_equal(ini_add_section(ini, "a]b"), -EINVAL);
	assert_int_equal(ini_remove_section(ini, ""), -EINVAL);
	assert_prints(ini, text, strlen(text));
	assert_true(ini_name_safe("arn:aws:iam::1:role/x_y.z@a+b%-"));
	assert_false(ini_name_safe(""));
	assert_false(ini_name_safe("a b"));
	assert_false(ini_name_safe("a]"));
}

static void
test_listing(void **state)
{
	_cleanup_ini_ struct ini *ini = parse("[b]\nX = 1\ny: 2\n[ a ]\n[b]\n"
					      "z = 3\n");

	(void)state;
	assert_int_equal(ini_nsections(ini), 3);
	assert_str(ini_section(ini, 0), "b");
	assert_str(ini_section(ini, 1), "a");
	assert_str(ini_section(ini, 2), "b");
	assert_null(ini_section(ini, 3));
	assert_int_equal(ini_nkeys(ini, 0), 2);
	assert_str(ini_key(ini, 0, 0), "x");
	assert_str(ini_value(ini, 0, 1), "2");
	assert_null(ini_key(ini, 0, 2));
	assert_null(ini_value(ini, 9, 0));
	assert_int_equal(ini_count(ini, "b"), 2);
	assert_int_equal(ini_count(ini, "a"), 1);
	assert_int_equal(ini_count(ini, "c"), 0);
	assert_true(ini_has_section(ini, "a"));
	assert_false(ini_has_section(ini, "c"));
	assert_str(ini_get(ini, "b", "x"), "1");
	assert_str(ini_get(ini, "b", "z"), "3");
}

/* After an edit the problem is that of the document as it is now. */
static void
test_problem_follows(void **state)
{
	_cleanup_ini_ struct ini *ini = parse("[p]\nk = 1\n[p]\nk = 2\n");

	(void)state;
	assert_true(ini_problem(ini, NULL, NULL));
	assert_int_equal(ini_remove_section(ini, "p"), 0);
	assert_false(ini_problem(ini, NULL, NULL));
}

/* ---- random documents ------------------------------------------------------ */

static uint64_t rng;

static unsigned
pick(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)((rng >> 11) % n);
}

static char *
random_text(size_t *ret_len)
{
	static const char *const bits[] = {
		"[p]",
		"[q]",
		"[ p ]",
		"  [p]",
		"[DEFAULT]",
		"[",
		"]",
		"[]",
		"k",
		"j",
		"K = v",
		"k = 1",
		"j=2",
		"j : 3",
		"=",
		" = ",
		":",
		" ",
		"  ",
		"\t",
		"#",
		"; c",
		"\n",
		"\n",
		"\n",
		"\n",
		"\r\n",
		"\r",
		"\n\n",
		"\xef\xbb\xbf",
		"\xff",
		"\xc2\xa0",
		"\v",
		"x",
		"\n  more = 1",
		"\n[p]\n",
		"\nk = v\n",
		"\ns3 =\n  a = b\n",
	};
	size_t n = pick(40), len = 0;
	char *text = xmalloc(n * 16 + 1);

	for (size_t i = 0; i < n; i++) {
		const char *b = bits[pick(ARRAY_SIZE(bits))];

		memcpy(text + len, b, strlen(b));
		len += strlen(b);
		if (pick(60) == 0)
			text[len++] = '\0';
	}
	text[len] = '\0';
	*ret_len = len;
	return text;
}

/* The lines, without their ends, as one list; blank ones left out. */
static void
split(const char *text, size_t len, struct strv *out)
{
	for (size_t at = 0; at < len;) {
		size_t n = 0;
		char *line;

		while (at + n < len && text[at + n] != '\n' &&
		    text[at + n] != '\r')
			n++;
		line = xmalloc(n * 2 + 1);
		str_hex(text + at, n, line); /* NULs and all */
		if (n > 0)
			strv_take(out, line);
		else
			xfree(line);
		at += n + 1;
	}
}

#define LINES_MAX 512

/* Lines of a that have no place in b, when both keep their order. */
static size_t
lost(const struct strv *a, const struct strv *b)
{
	size_t row[LINES_MAX + 1] = { 0 }; /* longest common so far */

	assert_true(b->n <= LINES_MAX);
	for (size_t i = 0; i < a->n; i++) {
		size_t diagonal = 0;

		for (size_t k = 1; k <= b->n; k++) {
			size_t above = row[k];

			if (str_eq(a->v[i], b->v[k - 1]))
				row[k] = diagonal + 1;
			else if (row[k - 1] > row[k])
				row[k] = row[k - 1];
			diagonal = above;
		}
	}
	return a->n - row[b->n];
}

static void
check_model(const struct ini *ini)
{
	size_t len, again_len;
	_cleanup_free_ char *text = ini_print(ini, &len), *again = NULL;
	_cleanup_ini_ struct ini *fresh = ini_parse(text, len);

	again = ini_print(fresh, &again_len);
	assert_int_equal(len, again_len);
	assert_memory_equal(text, again, len);
	/* What an edited document says is what its text says. */
	assert_int_equal(ini_nsections(ini), ini_nsections(fresh));
	for (size_t i = 0; i < ini_nsections(ini); i++) {
		assert_str(ini_section(ini, i), ini_section(fresh, i));
		assert_int_equal(ini_nkeys(ini, i), ini_nkeys(fresh, i));
		for (size_t k = 0; k < ini_nkeys(ini, i); k++) {
			const char *s = ini_section(ini, i);
			const char *key = ini_key(ini, i, k);

			assert_str(
			    ini_get(ini, s, key), ini_get(fresh, s, key));
		}
	}
}

static void
one_random_edit(struct ini *ini)
{
	static const char *const sections[] = { "p", "q", "new", "DEFAULT" };
	static const char *const keys[] = { "k", "j", "s3", "more", "fresh" };
	static const char *const values[] = { "", "value", "a = b", "#x" };
	const char *s = sections[pick(ARRAY_SIZE(sections))];
	const char *k = keys[pick(ARRAY_SIZE(keys))];
	const char *v = values[pick(ARRAY_SIZE(values))];
	enum op op = (enum op)pick(4);
	_cleanup_free_ char *before = NULL, *after = NULL;
	_cleanup_strv_ struct strv a = { 0 }, b = { 0 };
	size_t alen, blen, count = ini_count(ini, s), owned = 0;
	const char *old = ini_get(ini, s, k);

	/* Lines that the edit may take: the key's own, with what continues. */
	for (size_t i = 0; i < ini_nsections(ini); i++) {
		if (!str_eq(ini_section(ini, i), s))
			continue;
		for (size_t j = 0; j < ini_nkeys(ini, i); j++) {
			const char *val = ini_value(ini, i, j);

			if (op != UNSET && op != SET)
				continue;
			if (!str_eq(ini_key(ini, i, j), k))
				continue;
			for (owned++; *val != '\0'; val++)
				owned += *val == '\n';
		}
	}
	if (op == ADD)
		owned = 0;
	before = ini_print(ini, &alen);
	split(before, alen, &a);
	if (old != NULL && op == SET && str_eq(old, v))
		owned = 0;
	assert_int_equal(apply(ini, op, s, k, v), 0);
	after = ini_print(ini, &blen);
	split(after, blen, &b);
	if (op != REMOVE)
		assert_true(lost(&a, &b) <= owned);
	/* And what came in is at most a header and a key. */
	assert_true(lost(&b, &a) <= (op == SET ? 2 : op == ADD ? 1 : 0));
	if (op == SET)
		assert_str(ini_get(ini, s, k), v);
	if (op == UNSET && !str_eq(s, "DEFAULT") &&
	    ini_get(ini, "DEFAULT", k) == NULL)
		assert_null(ini_get(ini, s, k));
	if (op == ADD || op == SET)
		assert_int_equal(ini_count(ini, s), count == 0 ? 1 : count);
}

static void
test_random(void **state)
{
	const char *env = getenv("AWSFED_SEED");
	uint64_t seed = env != NULL ? strtoull(env, NULL, 10) :
				      (uint64_t)time(NULL) * 2654435761ULL;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	rng = seed | 1;
	for (int i = 0; i < 20000; i++) {
		size_t len;
		_cleanup_free_ char *text = random_text(&len);
		_cleanup_ini_ struct ini *ini = ini_parse(text, len);

		assert_prints(ini, text, len);
		for (unsigned k = 1 + pick(4); k > 0; k--)
			one_random_edit(ini);
		check_model(ini);
	}
}

/* Setting and taking back leaves the very bytes. */
static void
test_round_trip(void **state)
{
	static const char *const texts[] = {
		"[q]\na = 1\n",
		"[q]\na = 1",
		"[q]\r\na = 1\r\n",
		"# only\n",
		"[q]\na = 1\n\n# end",
		"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_ini_ struct ini *ini = parse(texts[i]);

		assert_int_equal(ini_set(ini, "p", "k", "v"), 0);
		assert_int_equal(ini_set(ini, "p", "l", "w"), 0);
		assert_int_equal(ini_remove_section(ini, "p"), 0);
		assert_prints(ini, texts[i], strlen(texts[i]));
	}
}

/* Linear: ten thousand profiles, each edited, in well under a second. */
static void
test_large(void **state)
{
	_cleanup_ini_ struct ini *ini = parse("# head\n");
	char name[32];
	clock_t start = clock();

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		for (int k = 0; k < 6; k++) {
			char key[16];

			snprintf(key, sizeof(key), "k%d", k);
			assert_int_equal(ini_set(ini, name, key, "v"), 0);
		}
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		assert_str(ini_get(ini, name, "k3"), "v");
		assert_int_equal(ini_set(ini, name, "k3", "w"), 0);
		assert_int_equal(ini_unset(ini, name, "k4"), 0);
	}
	assert_int_equal(ini_nsections(ini), 10000);
	assert_false(ini_problem(ini, NULL, NULL));
	print_message(
	    "# %ld ms\n", (long)((clock() - start) * 1000 / CLOCKS_PER_SEC));
	/* Quadratic would be minutes; the bound leaves room for valgrind. */
	assert_true((clock() - start) / CLOCKS_PER_SEC < 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_listing),
		cmocka_unit_test(test_problem_follows),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_large),
	};

	return RUN(tests);
}
