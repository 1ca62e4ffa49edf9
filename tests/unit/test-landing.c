/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for the browser: who may read them, and when they go. */
#include "unit.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "fake.h"
#include "landing.h"

#define URL "https://signin.aws.amazon.com/federation?Action=login&SigninToken="

static struct loop *loop;
static char dir[64];

static int
setup(void **state)
{
	(void)state;
	loop = fake_loop_new();
	strcpy(dir, "/tmp/awsfed-landing.XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

/* Files in the directory; the last one's name in *ret (may be NULL). */
static size_t
files(char **ret)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			n++;
			if (ret != NULL)
				xreplace(ret, xstrdup(e->d_name));
		}
	if (d != NULL)
		closedir(d);
	return n;
}

static int
teardown(void **state)
{
	char *name = NULL;

	(void)state;
	while (files(&name) > 0) {
		_cleanup_free_ char *path = path_join(dir, name);

		if (unlink(path) != 0)
			return -1;
	}
	xfree(name);
	(void)rmdir(dir);
	fake_loop_free(loop);
	return 0;
}

static char *
put(const char *name, const char *text)
{
	char *path = path_join(dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void
test_page(void **state)
{
	struct landing *l = landing_new(loop, dir);
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *path = NULL, *text = NULL;
	struct stat st;
	size_t len;
	mode_t old = umask(0);

	(void)state;
	path = landing_add(l, URL "a'b\"c<d>e", &f);
	umask(old);
	assert_non_null(path);
	assert_true(str_starts(path, dir));
	assert_null(strstr(path, "SigninToken"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(path_read(path, 65536, &text, &len), 0);
	/* Twice, and in neither does it end the attribute. */
	assert_non_null(strstr(text,
	    "content=\"0;url=https://signin.aws.amazon.com/federation?"
	    "Action=login&amp;SigninToken=a&#39;b&quot;c&lt;d&gt;e\">"));
	assert_non_null(strstr(text,
	    "<a href=\"https://signin.aws.amazon.com/federation?"
	    "Action=login&amp;SigninToken=a&#39;b&quot;c&lt;d&gt;e\">"));
	assert_non_null(strstr(text, "no-referrer"));
	landing_free(l);
	assert_int_equal(files(NULL), 0);
}

static void
test_times(void **state)
{
	struct landing *l = landing_new(loop, dir);
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *a = landing_add(l, URL "a", &f), *b = NULL;

	(void)state;
	fake_advance(loop, 30 * USEC);
	b = landing_add(l, URL "b", &f);
	assert_string_not_equal(a, b);
	fake_advance(loop, (LANDING_SECONDS - 30) * USEC - 1);
	assert_int_equal(files(NULL), 2);
	fake_advance(loop, 1);
	assert_int_equal(access(a, F_OK), -1);
	assert_int_equal(access(b, F_OK), 0);
	/* One that somebody took away in the meantime. */
	assert_int_equal(unlink(b), 0);
	fake_advance(loop, LANDING_SECONDS * USEC);
	assert_int_equal(files(NULL), 0);
	assert_int_equal(fake_timers(loop), 0);
	landing_free(l);
	landing_free(NULL);
}

/* A wall clock that is set does not keep a secret on the disk. */
static void
test_clock(void **state)
{
	struct landing *l = landing_new(loop, dir);
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *a = landing_add(l, URL, &f);

	(void)state;
	fake_step_real(loop, -86400 * USEC);
	fake_advance(loop, LANDING_SECONDS * USEC);
	assert_int_equal(access(a, F_OK), -1);
	landing_free(l);
}

static void
test_many(void **state)
{
	struct landing *l = landing_new(loop, dir);
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *first = landing_add(l, URL, &f), *last = NULL;

	(void)state;
	for (int i = 0; i < 100; i++) {
		xreplace(&last, landing_add(l, URL, &f));
		assert_non_null(last);
	}
	assert_int_equal(files(NULL), 32);
	assert_int_equal(fake_timers(loop), 32);
	assert_int_equal(access(first, F_OK), -1);
	assert_int_equal(access(last, F_OK), 0);
	landing_free(l);
	assert_int_equal(files(NULL), 0);
}

/* What a killed agent left goes; another's files stay. */
static void
test_sweep(void **state)
{
	_cleanup_free_ char *old = put("awsfed-console-1.html", URL),
			    *other = put("awsfed-console.html", "x"),
			    *more = put("awsfed-console-1.htm", "x"),
			    *target = put("target", "x"),
			    *link = path_join(dir, "awsfed-console-2.html");
	struct landing *l;

	(void)state;
	assert_int_equal(symlink(target, link), 0);
	l = landing_new(loop, dir);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(other, F_OK), 0);
	assert_int_equal(access(more, F_OK), 0);
	assert_int_equal(access(target, F_OK), 0); /* the link, not its end */
	assert_int_equal(files(NULL), 3);
	landing_free(l);
	assert_int_equal(files(NULL), 3);
}

static void
test_faults(void **state)
{
	_cleanup_free_ char *plain = put("plain", "x");
	char *huge = xmalloc(128 * 1024);
	struct {
		const char *dir;
		const char *url;
		const char *says;
	} rows[] = {
		{ NULL, URL, "written to -" },
		{ plain, URL, "Not a directory" },
		{ dir, huge, "Message too long" },
	};

	(void)state;
	memset(huge, '&', 128 * 1024 - 1);
	huge[128 * 1024 - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct landing *l = landing_new(loop, rows[i].dir);
		_cleanup_fault_ struct fault f = { 0 };

		assert_null(landing_add(l, rows[i].url, &f));
		assert_non_null(strstr(f.text, rows[i].says));
		assert_null(strstr(f.text, "SigninToken"));
		assert_non_null(strstr(f.next, "--print"));
		landing_free(l);
	}
	xfree(huge);
	assert_int_equal(files(NULL), 1);
	assert_int_equal(fake_timers(loop), 0);
}

/* The runtime directory may have gone; it is made again. */
static void
test_gone(void **state)
{
	struct landing *l = landing_new(loop, dir);
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *path = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(rmdir(dir), 0);
	path = landing_add(l, URL, &f);
	assert_non_null(path);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	landing_free(l);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_page),
		T(test_times),
		T(test_clock),
		T(test_many),
		T(test_sweep),
		T(test_faults),
		T(test_gone),
	};

	xalloc_install();
	return RUN(tests);
}
