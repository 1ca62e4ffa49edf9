/* SPDX-License-Identifier: Apache-2.0 */
/* Names for new profiles, and the change as people see it. */
#include "unit.h"

#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "configure-name.h"
#include "configure.h"

#define ONE "111122223333"
#define TWO "222233334444"

#define WISHES 6

struct row {
	const char *template;
	struct name_wish wishes[WISHES]; /* ends with a NULL role */
	const char *taken;		 /* parted by blanks */
	const char *want[WISHES];
};

static const struct row rows[] = {
	{ "{alias}-{role}", { { "acme", ONE, "Admin", NULL } }, "",
	    { "acme-Admin" } },
	{ "{alias}-{role}", { { NULL, ONE, "Admin", NULL } }, "",
	    { ONE "-Admin" } },
	{ "x/{account}.{role}@{alias}:{role}%+_",
	    { { "acme", ONE, "A", NULL } }, "", { "x/" ONE ".A@acme:A%+_" } },
	/* What a role may be called and a section may not. */
	{ "{role}", { { "a", ONE, "Deploy,Prod=1@x.y+z_", NULL } }, "",
	    { "Deploy-Prod-1@x.y+z_" } },
	{ "{role}", { { "a", ONE, "a]b\n[c \"d\" \xc3\xa9", NULL } }, "",
	    { "a-b--c--d----" } },
	{ "{role}", { { "a", ONE, "=--x", NULL } }, "", { "x" } },
	/* Two that would be one: both get their account. */
	{ "{role}",
	    { { "a", ONE, "Admin", NULL }, { "b", TWO, "Dev", NULL },
		{ "b", TWO, "Admin", NULL } },
	    "", { "Admin-" ONE, "Dev", "Admin-" TWO } },
	{ "{role}", { { "a", ONE, "Admin", NULL } }, "Admin",
	    { "Admin-" ONE } },
	{ "{role}", { { "a", ONE, "Admin", NULL } }, "Admin Admin-" ONE,
	    { "Admin-" ONE "-2" } },
	{ "{role}", { { "a", ONE, "default", NULL } }, "", { "default-" ONE } },
	/* The account is in it already: a number. */
	{ "{account}",
	    { { "a", ONE, "A", NULL }, { "a", ONE, "B", NULL },
		{ "a", ONE, "C", NULL } },
	    ONE "-2", { ONE, ONE "-3", ONE "-4" } },
	{ "{alias}-{role}",
	    { { NULL, ONE, "A", NULL }, { NULL, ONE, "A", NULL } }, "",
	    { ONE "-A", ONE "-A-2" } },
	{ "{alias}", { { "a", ONE, "A", NULL }, { "a", ONE, "B", NULL } }, "",
	    { "a-" ONE, "a-" ONE "-2" } },
	/* A name that nobody contests is not lost to one that gave way. */
	{ "{role}",
	    { { "a", ONE, "X", NULL }, { "b", ONE, "X", NULL },
		{ "b", ONE, "X-" ONE, NULL } },
	    "", { "X-" ONE "-2", "X-" ONE "-3", "X-" ONE } },
	/* ",x" and "=x" become the same. */
	{ "r{role}", { { "a", ONE, ",x", NULL }, { "a", ONE, "=x", NULL } }, "",
	    { "r-x-" ONE, "r-x-" ONE "-2" } },
};

static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct name_wish w[WISHES];
		_cleanup_strv_ struct strv taken = { 0 };
		_cleanup_fault_ struct fault f = { 0 };
		size_t n = 0;

		memcpy(w, rows[i].wishes, sizeof(w));
		while (n < WISHES && w[n].role != NULL)
			n++;
		strv_split(&taken, rows[i].taken);
		assert_int_equal(
		    names_choose(rows[i].template, w, n, &taken, &f), 0);
		for (size_t k = 0; k < n; k++) {
			assert_str(w[k].name, rows[i].want[k]);
			assert_true(ini_name_safe(w[k].name));
			xfree(w[k].name);
		}
	}
}

static void
test_bad_templates(void **state)
{
	static const char *const bad[] = { "", "all", "{role}]", "{role}\n",
		"a b{role}", "{nope}", "{role", "{ROLE}", "-{role}", "{role}\"",
		"{role}=", "{role}\xc3\xa9", "[{role}" };
	struct name_wish w = { "a", ONE, "A", NULL };
	_cleanup_free_ char *longer = xmalloc(PROFILE_NAME_MAX + 8);
	const struct strv none = { 0 };
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fault_done(&f);
		assert_int_equal(names_choose(bad[i], &w, 1, &none, &f), -1);
		assert_int_equal(f.kind, FAULT_CONFIG);
		assert_non_null(f.next);
		assert_null(w.name);
	}
	/* {role} is one letter here: 128 bytes pass, 129 do not. */
	for (size_t n = PROFILE_NAME_MAX - 1; n <= PROFILE_NAME_MAX; n++) {
		memset(longer, 'x', n);
		strcpy(longer + n, "{role}");
		fault_done(&f);
		assert_int_equal(names_choose(longer, &w, 1, &none, &f),
		    n < PROFILE_NAME_MAX ? 0 : -1);
		xreplace(&w.name, NULL);
	}
	/* A role of dashes alone leaves nothing. */
	fault_done(&f);
	w.role = "==";
	assert_int_equal(names_choose("{role}", &w, 1, &none, &f), -1);
	assert_null(w.name);
}

static void
test_diff(void **state)
{
	static const struct {
		const char *before, *after, *want;
	} diffs[] = {
		{ "", "", "" },
		{ "a\n", "a\n", "" },
		{ "", "[x]\na = 1\n", "@@ -0,0 +1,2 @@\n+[x]\n+a = 1\n" },
		{ "1\n2\n3\n4\n", "1\n2\n3\n4\n5\n",
		    "@@ -2,3 +2,4 @@\n 2\n 3\n 4\n+5\n" },
		{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
		    "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n" },
		{ "a", "a\nb",
		    "@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n"
		    "+a\n+b\n\\ No newline at end of file\n" },
		{ "a\r\n", "a\r\nb\r\n", "@@ -1,1 +1,2 @@\n a\n+b\n" },
		{ "aws_secret_access_key = s3cr3t\n",
		    "aws_secret_access_key = s3cr3t\nb = 1\n",
		    "@@ -1,1 +1,2 @@\n aws_secret_access_key = (not shown)\n"
		    "+b = 1\n" },
		{ "  AWS_SESSION_TOKEN: x\n# token = y\n",
		    "  AWS_SESSION_TOKEN: x\n# token = y\nb\n",
		    "@@ -1,2 +1,3 @@\n   AWS_SESSION_TOKEN= (not shown)\n"
		    " # token = y\n+b\n" },
		{ "\x1b[31m \xff\n", "\x1b[31m \xff\nb\n",
		    "@@ -1,1 +1,2 @@\n ?[31m ?\n+b\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(diffs); i++) {
		_cleanup_free_ char *got =
		    configure_diff("/c", diffs[i].before, diffs[i].after);
		_cleanup_free_ char *want = xasprintf("%s%s",
		    *diffs[i].want == '\0' ? "" : "--- /c\n+++ /c\n",
		    diffs[i].want);

		assert_string_equal(got, want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bad_templates),
		cmocka_unit_test(test_diff),
	};

	return RUN(tests);
}
