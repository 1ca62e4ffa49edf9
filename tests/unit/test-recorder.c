/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/log.h"
#include "awsfed/str.h"

#include "fake.h"
#include "recorder.h"

static char *dir;
static struct loop *loop;
static struct files *files;
static struct strv kept;

static int
setup(void **state)
{
	(void)state;
	xalloc_install();
	log_set_max(LOG_CRIT);
	dir = xstrdup("/tmp/awsfed-pages-XXXXXX");
	assert_non_null(mkdtemp(dir));
	loop = fake_loop_new();
	files = fake_files_new(loop);
	return 0;
}

static char *
slot(int i)
{
	return xasprintf("%s/page-%02d.txt", dir, i);
}

static int
teardown(void **state)
{
	(void)state;
	for (int i = 1; i <= RECORDER_SLOTS; i++) {
		_cleanup_free_ char *path = slot(i);

		unlink(path);
	}
	rmdir(dir);
	xfree(STEAL(dir));
	fake_files_free(files);
	fake_loop_free(loop);
	strv_done(&kept);
	return 0;
}

static void
on_kept(const char *path, void *arg)
{
	assert_ptr_equal(arg, dir);
	strv_add(&kept, path == NULL ? "none" : strrchr(path, '/') + 1);
}

/* A file of that slot, written so many seconds after the others. */
static void
put(int i, time_t age)
{
	_cleanup_free_ char *path = slot(i);
	const struct timespec t[2] = { { 1000000 + age, 0 },
		{ 1000000 + age, 0 } };
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, t), 0);
	close(fd);
}

static void
test_slots(void **state)
{
	struct recorder *r = recorder_new(files, dir);

	(void)state;
	for (int i = 0; i < RECORDER_SLOTS + 2; i++)
		assert_int_equal(recorder_keep(r, "x\n", on_kept, dir), 0);
	fake_settle(loop);
	assert_int_equal(kept.n, RECORDER_SLOTS + 2);
	assert_str(kept.v[0], "page-01.txt");
	assert_str(kept.v[19], "page-20.txt");
	assert_str(kept.v[20], "page-01.txt");
	recorder_free(r);
}

/* A new agent goes on behind the newest: a gap first, else the oldest. */
static void
test_oldest(void **state)
{
	static const struct {
		int missing; /* slot, 0 none */
		int old;     /* the slot that is oldest */
		const char *want;
	} rows[] = {
		{ 5, 7, "page-05.txt" },
		{ 0, 7, "page-07.txt" },
		{ 0, 1, "page-01.txt" },
		{ 0, 20, "page-20.txt" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct recorder *r = recorder_new(files, dir);

		for (int k = 1; k <= RECORDER_SLOTS; k++)
			put(k, k == rows[i].old ? 0 : 10 + k);
		if (rows[i].missing != 0) {
			_cleanup_free_ char *path = slot(rows[i].missing);

			unlink(path);
		}
		strv_done(&kept);
		assert_int_equal(recorder_keep(r, "x\n", on_kept, dir), 0);
		fake_settle(loop);
		assert_int_equal(kept.n, 1);
		assert_str(kept.v[0], rows[i].want);
		recorder_free(r);
	}
}

static void
test_texts(void **state)
{
	struct recorder *r = recorder_new(files, dir);
	char *big = xmalloc(RECORDER_TEXT_MAX + 2);
	const struct {
		const char *text;
		int want;
	} rows[] = {
		{ "form id=x\n div\n", 0 },
		{ "", -EINVAL },
		{ "\x1b[2J", -EINVAL },
		{ "a\tb", -EINVAL },
		{ "caf\xc3\xa9", -EINVAL },
		{ big, -EINVAL },
		{ big + 1, 0 },
	};

	(void)state;
	memset(big, 'x', RECORDER_TEXT_MAX + 1);
	big[RECORDER_TEXT_MAX + 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(
		    recorder_keep(r, rows[i].text, on_kept, dir), rows[i].want);
	fake_settle(loop);
	assert_int_equal(kept.n, 2);
	/* One that nobody waits for any more is written all the same. */
	fake_files_hold(files, true);
	assert_int_equal(recorder_keep(r, "late\n", on_kept, dir), 0);
	recorder_forget(r, dir);
	fake_files_hold(files, false);
	fake_settle(loop);
	assert_int_equal(kept.n, 2);
	{
		_cleanup_free_ char *path = slot(3);

		assert_str(fake_files_text(files, path), "late\n");
	}
	recorder_free(r);
	xfree(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(test_oldest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
	};

	return RUN(tests);
}
