/* SPDX-License-Identifier: Apache-2.0 */
/* The watch on a real loop and real directories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/xalloc.h"
#include "loop.h"
#include "watch.h"

static char dir[32], path[64];
static struct loop *loop;
static struct timer *end;
static int told;

static void
on_change(void *arg)
{
	assert_ptr_equal(arg, &told);
	told++;
}

static void
on_end(void *arg)
{
	loop_stop(arg);
}

static int
setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/awsfed-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/aws/config", dir);
	loop = loop_new();
	assert_non_null(loop);
	end = timer_new(loop, on_end, loop);
	told = 0;
	return 0;
}

static int
teardown(void **state)
{
	char cmd[64];

	(void)state;
	loop->ops->timer_free(end);
	loop_free(loop);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

/* Lets the loop run for so long; how often was it told? */
static int
after(int ms)
{
	told = 0;
	loop->ops->timer_set(end, deadline_in(loop->clk, ms * MSEC));
	assert_int_equal(loop_run(loop), 0);
	return told;
}

static void
make(const char *name)
{
	char full[128];

	snprintf(full, sizeof(full), "%s/%s", dir, name);
	assert_int_equal(mkdir(full, 0700), 0);
}

static void
put(const char *name, const char *text)
{
	char full[128];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", dir, name);
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
test_changes(void **state)
{
	struct watch *w;
	char other[128];

	(void)state;
	make("aws");
	put("aws/config", "1");
	w = watch_new(loop, path, on_change, &told);
	assert_int_equal(after(300), 0);
	put("aws/config", "2");
	assert_int_equal(after(150), 0); /* it waits for more */
	put("aws/config", "3");
	assert_int_equal(after(300), 1);
	put("aws/neighbour", "4");
	assert_int_equal(after(400), 0);
	snprintf(other, sizeof(other), "%s/aws/neighbour", dir);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(after(400), 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(after(400), 1);
	/* A busy writer: told of at least, and not each time. */
	told = 0;
	for (int i = 0; i < 200; i++)
		put("aws/config", "x");
	assert_in_range(after(400), 1, 2);
	watch_free(w);
}

/* A link that leads back to itself, where nothing can be watched. */
static void
test_unwatched_circle(void **state)
{
	bool root = geteuid() == 0;
	char aws[128];
	struct watch *w;

	(void)state;
	make("aws");
	snprintf(aws, sizeof(aws), "%s/aws", dir);
	assert_int_equal(symlink("config", path), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(aws, 0311), 0);
	assert_int_equal(root ? seteuid(65534) : 0, 0);
	alarm(10);
	w = watch_new(loop, path, on_change, &told);
	alarm(0);
	assert_int_equal(root ? seteuid(0) : 0, 0);
	assert_false(watch_works(w));
	watch_free(w);
	assert_int_equal(chmod(aws, 0700), 0);
}

static void
test_later(void **state)
{
	struct watch *w;
	char cmd[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/a/b/config", dir);
	w = watch_new(loop, path, on_change, &told);
	make("a");
	(void)after(300);
	make("a/b");
	(void)after(300);
	put("a/b/config", "1");
	assert_int_equal(after(400), 1);
	/* All of it goes and comes back. */
	snprintf(cmd, sizeof(cmd), "rm -rf %s/a", dir);
	assert_int_equal(system(cmd), 0);
	assert_true(after(400) >= 1);
	make("a");
	make("a/b");
	put("a/b/config", "2");
	assert_true(after(800) >= 1);
	put("a/b/config", "3");
	assert_int_equal(after(400), 1);
	watch_free(w);
}

static void
test_links(void **state)
{
	struct watch *w;

	(void)state;
	make("aws");
	make("dots");
	make("more");
	put("more/real", "1");
	put("dots/new", "1");
	{
		char target[128], name[128];

		snprintf(target, sizeof(target), "%s/more/real", dir);
		snprintf(name, sizeof(name), "%s/dots/hop", dir);
		assert_int_equal(symlink(target, name), 0);
		assert_int_equal(symlink("../dots/hop", path), 0);
		w = watch_new(loop, path, on_change, &told);
		put("more/real", "2");
		assert_int_equal(after(400), 1);
		/* The hop leads elsewhere from now on. */
		assert_int_equal(unlink(name), 0);
		assert_int_equal(symlink("new", name), 0);
		assert_int_equal(after(400), 1);
		put("more/real", "3");
		assert_int_equal(after(400), 0);
		put("dots/new", "4");
		assert_int_equal(after(400), 1);
		/* In circles. */
		assert_int_equal(unlink(path), 0);
		assert_int_equal(symlink("config", path), 0);
		assert_int_equal(after(400), 1);
	}
	watch_free(w);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_later, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_unwatched_circle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
