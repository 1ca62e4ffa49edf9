/* SPDX-License-Identifier: Apache-2.0 */
/* The record of the last writes, on files in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "fake.h"
#include "undo.h"

#define PATH "/home/jane/.aws/credentials"

static struct loop *loop;
static struct files *files;
static struct undo *undo;
static struct fault fault;
static int dones;
static size_t sections;

static int
setup(void **state)
{
	(void)state;
	loop = fake_loop_new();
	files = fake_files_new(NULL);
	undo = undo_new();
	dones = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	undo_free(undo);
	fake_files_free(files);
	fake_loop_free(loop);
	fault_done(&fault);
	return 0;
}

static void
on_undone(const struct fault *f, const struct undo_result *r, void *arg)
{
	assert_ptr_equal(arg, &dones);
	dones++;
	fault_copy(&fault, f);
	assert_true((r == NULL) == fault_is(f));
	sections = r == NULL ? 0 : r->n;
}

/* An edit, as the writer would do it: key value pairs, NULL takes one out. */
static void
edit(const char *section, const char *const *pairs, bool renewal, bool logout)
{
	const char *text = fake_files_text(files, PATH);
	struct ini *doc = ini_parse(
	    text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
	struct undo_change *c = undo_change_new(UNDO_CREDENTIALS, PATH);
	_cleanup_free_ char *after = NULL;

	/* apply() may run twice. */
	for (int i = 0; i < 2; i++) {
		undo_change_start(c);
		undo_change_before(c, doc, section);
		if (i == 1)
			assert_int_equal(ini_add_section(doc, section), 0);
		for (const char *const *p = pairs; i == 1 && *p != NULL; p += 2)
			assert_int_equal(p[1] == NULL ?
				ini_unset(doc, section, p[0]) :
				ini_set(doc, section, p[0], p[1]),
			    0);
		undo_change_after(c, doc);
	}
	after = ini_print(doc, NULL);
	fake_files_put(files, PATH, after);
	ini_free(doc);
	if (renewal || logout)
		undo_renewed(undo, c, logout);
	else
		undo_record(undo, c);
}

#define EDIT(section, ...) \
	edit(section, (const char *const[]){ __VA_ARGS__, NULL }, false, false)
#define RENEW(section, ...) \
	edit(section, (const char *const[]){ __VA_ARGS__, NULL }, true, false)
#define LOGOUT(section, ...) \
	edit(section, (const char *const[]){ __VA_ARGS__, NULL }, false, true)

static void
take_back(const char *want)
{
	struct fault f = { 0 };
	int before = dones;

	assert_int_equal(undo_last(undo, files, on_undone, &dones, &f), 0);
	assert_int_equal(dones, before); /* not from inside */
	assert_true(fake_files_complete(files));
	assert_int_equal(dones, before + 1);
	assert_string_equal(fake_files_text(files, PATH), want);
}

static void
refuses(const char *words)
{
	struct fault f = { 0 };

	assert_int_equal(undo_last(undo, files, on_undone, &dones, &f), -1);
	assert_non_null(strstr(f.text, words));
	assert_non_null(f.next);
	fault_done(&f);
}

static void
test_nothing(void **state)
{
	(void)state;
	refuses("nothing to undo");
	/* What changed nothing is nothing. */
	fake_files_put(files, PATH, "[p]\na = 1\n");
	EDIT("p", "a", "1");
	refuses("nothing to undo");
}

static void
test_new_section(void **state)
{
	(void)state;
	fake_files_put(files, PATH, "# top\n[q]\nb=2\n");
	EDIT("p", "a", "1");
	assert_non_null(strstr(fake_files_text(files, PATH), "[p]\na = 1\n"));
	take_back("# top\n[q]\nb=2\n");
	assert_false(fault_is(&fault));
	assert_int_equal(sections, 1);
	refuses("nothing to undo");
}

static void
test_own_key_in_new_section(void **state)
{
	(void)state;
	fake_files_put(files, PATH, "");
	EDIT("p", "a", "1");
	fake_files_put(files, PATH, "[p]\na = 1\nmine = 2\n");
	take_back("[p]\nmine = 2\n");
}

static void
test_old_values(void **state)
{
	(void)state;
	fake_files_put(
	    files, PATH, "[p]\n# c\na = old\ngone = x\nmore = 1\n  two\nk=v\n");
	EDIT("p", "a", "new", "gone", NULL, "more", NULL, "add", "3");
	/* Another writer, elsewhere and in the section. */
	fake_files_put(
	    files, PATH, "[p]\n# c\na = new\nk=w\nadd = 3\n\n[z]\ny = 1\n");
	take_back("[p]\n# c\na = old\nk=w\ngone = x\nmore = 1\n  two\n\n"
		  "[z]\ny = 1\n");
	assert_false(fault_is(&fault));
}

static void
test_changed_since(void **state)
{
	static const char *const since[] = {
		"[p]\na = other\n",
		"[p]\n",
		"",
		"[p]\na = 1\ngone = back\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(since); i++) {
		fake_files_put(files, PATH, "[p]\na = 0\ngone = x\n");
		EDIT("p", "a", "1", "gone", NULL);
		fake_files_put(files, PATH, since[i]);
		take_back(since[i]);
		assert_true(fault_is(&fault));
		assert_non_null(strstr(fault.text, "changed since"));
		assert_null(strstr(fault.text, "other")); /* no values */
		/* It is not forgotten: the person may put it right. */
		fake_files_put(files, PATH, "[p]\na = 1\n");
		take_back("[p]\na = 0\ngone = x\n");
		assert_false(fault_is(&fault));
	}
}

static void
test_renewals(void **state)
{
	(void)state;
	fake_files_put(files, PATH, "[p]\na = mine\n");
	RENEW("p", "a", "x"); /* of what was never recorded */
	refuses("nothing to undo");
	EDIT("p", "a", "1", "m", "awsfed");
	for (int i = 0; i < 3; i++)
		RENEW("p", "a", "2", "extra", "3");
	RENEW("p", "a", "4", "extra", NULL);
	take_back("[p]\na = x\n");
}

static void
test_logout(void **state)
{
	(void)state;
	fake_files_put(files, PATH, "[p]\na = keys\n");
	EDIT("q", "a", "1");
	LOGOUT("p", "a", NULL, "out", "yes");
	refuses("not brought back");
	/* A later write can be taken back again, and no more than that. */
	EDIT("r", "a", "1");
	take_back("[p]\nout = yes\n\n[q]\na = 1\n");
	refuses("nothing to undo");
	/* What was there before the agent came back even after a logout. */
	fake_files_put(files, PATH, "[p]\na = mine\n");
	EDIT("p", "a", "1", "m", "awsfed");
	LOGOUT("p", "a", NULL, "out", "yes");
	take_back("[p]\na = mine\n");
}

static void
test_depth(void **state)
{
	char key[16];

	(void)state;
	fake_files_put(files, PATH, "[p]\n");
	for (int i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		EDIT("p", key, "1");
	}
	for (int i = 0; i < 8; i++) {
		struct fault f = { 0 };

		assert_int_equal(
		    undo_last(undo, files, on_undone, &dones, &f), 0);
		/* One at a time. */
		refuses("just now");
		assert_true(fake_files_complete(files));
		assert_false(fault_is(&fault));
	}
	refuses("nothing to undo");
	assert_string_equal(
	    fake_files_text(files, PATH), "[p]\nk0 = 1\nk1 = 1\n");
}

static void
test_write_fails(void **state)
{
	struct fault disk = { 0 }, f = { 0 };

	(void)state;
	fake_files_put(files, PATH, "[p]\na = 0\n");
	EDIT("p", "a", "1");
	fault_set(&disk, FAULT_CONFIG, REASON_FILE, "no space");
	fake_files_fail(files, &disk);
	assert_int_equal(undo_last(undo, files, on_undone, &dones, &f), 0);
	assert_true(fake_files_complete(files));
	assert_string_equal(fault.text, "no space");
	fake_files_fail(files, NULL);
	fault_done(&disk);
	take_back("[p]\na = 0\n");
	/* Freed while one is on its way: teardown sees to it. */
	EDIT("p", "a", "2");
	assert_int_equal(undo_last(undo, files, on_undone, &dones, &f), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_new_section, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_own_key_in_new_section, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_old_values, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_changed_since, setup, teardown),
		cmocka_unit_test_setup_teardown(test_renewals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_logout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_write_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
