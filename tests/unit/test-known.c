/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "fake.h"
#include "known.h"

#define WHO "adfs.example.com:443/x auto corp\\jane urn:amazon:webservices"

static char dir[32], path[64];
static struct files *files;

static void
quiet(int priority, const char *line, const struct log_field *fields, void *arg)
{
	(void)fields;
	(void)priority;
	(void)line;
	(void)arg;
}

static int
setup(void **state)
{
	(void)state;
	log_hook(quiet, NULL);
	strcpy(dir, "/tmp/awsfed-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/roles.json", dir);
	files = fake_files_new(NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fake_files_free(files);
	unlink(path);
	rmdir(dir);
	log_hook(NULL, NULL);
	return 0;
}

/* An assertion with the roles "A B C"; the new ones come back the same way. */
static char *
update(struct known *k, const char *who, const char *arns, int64_t now)
{
	_cleanup_strv_ struct strv list = { 0 }, new = { 0 };
	json_t *roles = json_array();
	char *out = xstrdup("");

	strv_split(&list, arns);
	for (size_t i = 0; i < list.n; i++)
		json_array_append_new(
		    roles, json_pack("{s:s}", "roleArn", list.v[i]));
	known_update(k, who, roles, now, &new);
	json_decref(roles);
	for (size_t i = 0; i < new.n; i++)
		xreplace(
		    &out, xasprintf("%s%s%s", out, i > 0 ? " " : "", new.v[i]));
	return out;
}

static void
expect(struct known *k, const char *who, const char *arns, int64_t now,
    const char *want)
{
	_cleanup_free_ char *got = update(k, who, arns, now);

	assert_string_equal(got, want);
}

/* What was handed to the writer, as a file. */
static void
to_disk(void)
{
	const char *text;

	while (fake_files_complete(files))
		;
	text = fake_files_text(files, path);
	assert_non_null(text);
	assert_int_equal(path_replace(path, text, strlen(text), 0600), 0);
}

static void
test_news(void **state)
{
	struct known *k = known_new(path, files);

	(void)state;
	expect(k, WHO, "A B", 100, ""); /* the first time all is old */
	expect(k, WHO, "A B", 200, "");
	assert_int_equal(
	    fake_files_queued(files), 1); /* nothing new: no write */
	expect(k, WHO, "C B A D C", 300, "C D");
	expect(k, WHO, "A B C D", 400, "");
	expect(k, "another", "X", 400, "");
	expect(k, "another", "X A", 400, "A");
	to_disk();
	known_free(k);
	k = known_new(path, files);
	expect(k, WHO, "A B C D E", 500, "E");
	known_free(k);
}

static void
test_gone(void **state)
{
	struct known *k = known_new(path, files);
	int64_t since = -1;

	(void)state;
	assert_false(known_is_gone(k, WHO, "A", &since));
	assert_int_equal(known_set_gone(k, WHO, "A"), 0); /* nobody knows WHO */
	expect(k, WHO, "A B", 100, "");
	assert_false(known_is_gone(k, WHO, "A", &since));
	expect(k, WHO, "B", 200, "");
	assert_true(known_is_gone(k, WHO, "A", &since));
	assert_int_equal(since, 200);
	expect(k, WHO, "B", 300, "");
	assert_int_equal(known_set_gone(k, WHO, "A"), 200); /* since then */
	assert_int_equal(known_set_gone(k, WHO, "Z"), 0);   /* never offered */
	assert_true(known_is_gone(k, WHO, "Z", &since));
	assert_int_equal(since, 0);
	assert_false(known_is_gone(k, "another", "A", &since));
	known_save(k);
	to_disk();
	known_free(k);
	k = known_new(path, files);
	assert_true(known_is_gone(k, WHO, "Z", &since));
	assert_true(known_is_gone(k, WHO, "A", &since));
	assert_int_equal(since, 200);
	expect(k, WHO, "A B", 400, "A"); /* back, and that is news */
	assert_false(known_is_gone(k, WHO, "A", &since));
	known_free(k);
}

static void
test_bad_files(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"version\":2,\"who\":{}}",
		"{\"version\":1}",
		"{\"version\":1,\"who\":{\"x\":1}}",
		"{\"version\":1,\"who\":{\"x\":{\"roles\":{},\"gone\":{}}}}",
		"{\"version\":1,\"who\":{\"x\":{\"roles\":[],\"gone\":[]}}}",
		"{\"version\":1,\"version\":1,\"who\":{}}",
	};
	int64_t since;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct known *k;

		assert_int_equal(
		    path_replace(path, bad[i], strlen(bad[i]), 0600), 0);
		k = known_new(path, files);
		assert_false(known_is_gone(k, "x", "A", &since));
		expect(k, "x", "A", 1, "");
		expect(k, "x", "A B", 1, "B");
		known_free(k);
	}
}

static void
test_many(void **state)
{
	struct known *k = known_new(path, files);
	char who[16];

	(void)state;
	/* Bounded: a host that names ever new relying parties. */
	for (int i = 0; i < 600; i++) {
		snprintf(who, sizeof(who), "w%d", i);
		expect(k, who, "A", 1, "");
		while (fake_files_complete(files))
			;
	}
	assert_true(strlen(fake_files_text(files, path)) < 65536);
	known_free(k);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_news, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_bad_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	xalloc_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
