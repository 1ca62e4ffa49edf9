/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a way belongs to: lib/parents. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/parents.h"
#include "awsfed/paths.h"

static char *base;

static const struct step {
	const char *name;
	mode_t mode;	  /* 0: a link */
	const char *link; /* what it leads to */
	uid_t owner;	  /* 0: as it is */
} scene[] = {
	{ "good", 0700, NULL, 0 },
	{ "good/in", 0755, NULL, 0 },
	{ "group", 0770, NULL, 0 },
	{ "open", 0777, NULL, 0 },
	{ "open/in", 0700, NULL, 0 },
	{ "sticky", 01777, NULL, 0 },
	{ "sticky/in", 0700, NULL, 0 },
	{ "other", 0755, NULL, 1 },
	{ "other/in", 0700, NULL, 0 },
	{ "to-good", 0, "good/in", 0 },
	{ "to-open", 0, "open/in", 0 },
	{ "to-other", 0, "other", 0 },
	{ "up", 0, "open/../good", 0 },
	{ "good/back", 0, "../to-good", 0 },
	{ "sticky/theirs", 0, "../good", 1 },
	{ "round", 0, "round", 0 },
};

/* path; the bad one, or NULL; the answer; does it take root to set up */
static const struct row {
	const char *path;
	const char *bad;
	int want;
	bool root;
} rows[] = {
	{ "good/control", NULL, 0, false },
	{ "good/in/control", NULL, 0, false },
	{ "good//in/./control", NULL, 0, false },
	{ "group/control", NULL, 0, false },
	{ "open/control", "open", -EPERM, false },
	{ "open/in/control", "open", -EPERM, false },
	{ "sticky/control", NULL, 0, false },
	{ "sticky/in/control", NULL, 0, false },
	{ "other/control", "other", -EPERM, true },
	{ "other/in/control", "other", -EPERM, true },
	{ "to-good/control", NULL, 0, false },
	{ "to-open/control", "open", -EPERM, false },
	{ "to-other/control", "other", -EPERM, true },
	/* Whoever changes the directory changes what .. is of. */
	{ "up/control", "open", -EPERM, false },
	{ "good/back/control", NULL, 0, false },
	{ "sticky/theirs/control", "sticky/theirs", -EPERM, true },
	{ "round/control", NULL, -ELOOP, false },
	{ "nowhere/control", NULL, -ENOENT, false },
	{ "good/in/none/control", NULL, -ENOENT, false },
};

static int
set_up(void **state)
{
	char dir[] = "/tmp/awsfed-parents-XXXXXX";

	(void)state;
	umask(0);
	base = xstrdup(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_SIZE(scene); i++) {
		const struct step *s = &scene[i];
		_cleanup_free_ char *path = path_join(base, s->name);

		if (s->link != NULL)
			assert_int_equal(symlink(s->link, path), 0);
		else
			assert_int_equal(mkdir(path, s->mode), 0);
		if (s->owner != 0 && geteuid() == 0)
			assert_int_equal(lchown(path, s->owner, s->owner), 0);
	}
	return 0;
}

static int
tear_down(void **state)
{
	_cleanup_free_ char *command = xasprintf("rm -rf '%s'", base);

	(void)state;
	xreplace(&base, NULL);
	return system(command);
}

static void
test_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		_cleanup_free_ char *path = path_join(base, r->path);
		_cleanup_free_ char *bad = NULL;
		_cleanup_free_ char *want =
		    r->bad == NULL ? NULL : path_join(base, r->bad);
		int got;

		if (r->root && geteuid() != 0) {
			print_message("# %s: only as root\n", r->path);
			continue;
		}
		got = parents_check(path, &bad);
		if (got != r->want)
			fail_msg("%s: %d (%s)", r->path, got,
			    bad == NULL ? "-" : bad);
		assert_str(bad, want);
	}
}

static void
test_odd(void **state)
{
	_cleanup_free_ char *bad = NULL;

	(void)state;
	assert_int_equal(parents_check("control", &bad), -EINVAL);
	assert_int_equal(parents_check("/control", &bad), 0);
	assert_int_equal(parents_check("/run/control", &bad), 0);
	assert_int_equal(parents_check("/etc/passwd/control", &bad), -ENOTDIR);
	assert_null(bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_odd),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
