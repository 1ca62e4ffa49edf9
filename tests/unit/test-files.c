/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "files-left.h"
#include "files-memory.h"
#include "files-redo.h"
#include "files-target.h"
#include "files.h"
#include "loop.h"

static char dir[64], path[128];
static char logged[1024];

static void
to_text(
    int priority, const char *line, const struct log_field *fields, void *arg)
{
	(void)fields;
	(void)priority;
	(void)arg;
	strncat(logged, line, sizeof(logged) - strlen(logged) - 1);
}

static int
setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/awsfed-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/credentials", dir);
	files_memory_clear();
	logged[0] = '\0';
	log_hook(to_text, NULL);
	return 0;
}

static int
teardown(void **state)
{
	char cmd[128];

	(void)state;
	log_hook(NULL, NULL);
	files_memory_clear();
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static void
put(const char *p, const char *text)
{
	FILE *f = fopen(p, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* As if it had been there for an hour. */
static void
age(const char *p, int seconds)
{
	struct timeval tv[2];

	gettimeofday(&tv[0], NULL);
	tv[0].tv_sec -= seconds;
	tv[1] = tv[0];
	assert_int_equal(utimes(p, tv), 0);
}

static char *
text(const char *p)
{
	char *data;
	size_t len;

	if (path_read(p, INI_MAX, &data, &len) < 0)
		return NULL;
	return data;
}

static void
expect_text(const char *p, const char *want)
{
	_cleanup_free_ char *s = text(p);

	assert_non_null(s);
	assert_string_equal(s, want);
}

/* The files of dir, the lock left out, as "a b c". */
static void
expect_files(const char *want)
{
	struct dirent **v;
	int n = scandir(dir, &v, NULL, alphasort);
	char list[1024] = "";

	for (int i = 0; i < n; i++) {
		if (strcmp(v[i]->d_name, ".") != 0 &&
		    strcmp(v[i]->d_name, "..") != 0 &&
		    !str_ends(v[i]->d_name, ".awsfed-lock")) {
			if (list[0] != '\0')
				strcat(list, " ");
			strcat(list, v[i]->d_name);
		}
		free(v[i]);
	}
	free(v);
	assert_string_equal(list, want);
}

struct change {
	const char *section, *key, *value; /* section NULL: leave it */
	int calls;
	void (*meanwhile)(void); /* another program, at the first call */
};

static bool backup_later; /* asked for by the second call */

static int
apply(struct ini *doc, void *arg, struct fault *fault)
{
	struct change *c = arg;

	if (c->calls++ == 0 && c->meanwhile != NULL)
		c->meanwhile();
	if (c->section == NULL)
		return 1;
	if (strcmp(c->section, "fail") == 0)
		return fault_set(fault, FAULT_DENIED, REASON_FILE, "no");
	assert_int_equal(ini_set(doc, c->section, c->key, c->value), 0);
	return backup_later && c->calls > 1 ? FILES_WRITE_BACKUP : FILES_WRITE;
}

static struct fault fault;
static bool written;

static int
edit_at(const char *p, struct change *c, bool in_place, bool backup)
{
	_cleanup_free_ char *copy = xstrdup(p);
	struct files_edit e = { .path = copy,
		.in_place = in_place,
		.backup = backup,
		.apply = apply,
		.arg = c };

	fault_done(&fault);
	written = false;
	return files_edit_now(&e, &written, &fault);
}

static int
edit(const char *section, const char *key, const char *value)
{
	struct change c = { section, key, value, 0, NULL };

	return edit_at(path, &c, false, false);
}

static mode_t
mode(const char *p)
{
	struct stat st;

	assert_int_equal(stat(p, &st), 0);
	return st.st_mode & 07777;
}

static void
test_plain(void **state)
{
	struct stat a, b;

	(void)state;
	assert_int_equal(edit("a", "k", "1"), 0);
	assert_true(written);
	expect_text(path, "[a]\nk = 1\n");
	assert_int_equal(mode(path), 0600);
	/* The same again writes nothing. */
	stat(path, &a);
	assert_int_equal(edit("a", "k", "1"), 0);
	assert_false(written);
	stat(path, &b);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(edit("a", "k", "2"), 0);
	assert_true(written);
	expect_text(path, "[a]\nk = 2\n");
	assert_int_equal(edit(NULL, NULL, NULL), 0);
	assert_false(written);
	assert_int_equal(edit("fail", "x", "y"), -1);
	assert_int_equal(fault.kind, FAULT_DENIED);
	expect_text(path, "[a]\nk = 2\n");
	expect_files("credentials");
}

/* Comments, order, CRLF, a missing last line end: not ours, not touched. */
static void
test_bytes(void **state)
{
	(void)state;
	put(path, "# mine\r\n[z]\r\nk: 1\r\n\r\n[a]\r\nx=y ; no");
	assert_int_equal(edit("z", "k", "2"), 0);
	expect_text(path, "# mine\r\n[z]\r\nk: 2\r\n\r\n[a]\r\nx=y ; no");
}

static void
test_modes(void **state)
{
	static const mode_t modes[][2] = { { 0600, 0600 }, { 0644, 0600 },
		{ 0640, 0600 }, { 0400, 0400 }, { 0777, 0700 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		char value[8];

		put(path, "[a]\n");
		chmod(path, modes[i][0]);
		snprintf(value, sizeof(value), "%zu", i);
		assert_int_equal(edit("a", "k", value), 0);
		assert_int_equal(mode(path), modes[i][1]);
		unlink(path);
		files_memory_clear();
	}
}

/* A mode that is asked for, where the bytes are there already. */
static void
test_mode_alone(void **state)
{
	(void)state;
	for (int in_place = 0; in_place < 2; in_place++) {
		struct change c = { "a", "k", "1", 0, NULL };
		struct files_edit e = { .path = path,
			.in_place = in_place != 0,
			.mode = 0600,
			.apply = apply,
			.arg = &c };

		put(path, "[a]\nk = 1\n");
		chmod(path, 0644);
		assert_int_equal(files_edit_now(&e, &written, &fault), 0);
		assert_false(written);
		assert_int_equal(mode(path), 0600);
		/* Left alone is left alone. */
		chmod(path, 0644);
		c.section = NULL;
		assert_int_equal(files_edit_now(&e, &written, &fault), 0);
		assert_int_equal(mode(path), 0644);
	}
}

static void
test_new_directory(void **state)
{
	struct change c = { "a", "k", "1", 0, NULL };
	char p[128];

	(void)state;
	snprintf(p, sizeof(p), "%s/x/.aws/credentials", dir);
	assert_int_equal(edit_at(p, &c, false, false), 0);
	expect_text(p, "[a]\nk = 1\n");
	*strrchr(p, '/') = '\0';
	assert_int_equal(mode(p), 0700);
}

static void
test_symlinks(void **state)
{
	char real[128], other[160];
	struct stat st;

	(void)state;
	snprintf(real, sizeof(real), "%s/dotfiles", dir);
	mkdir(real, 0700);
	strcat(real, "/cred");
	put(real, "[a]\n");
	/* link -> middle -> dotfiles/cred, relative and absolute */
	snprintf(other, sizeof(other), "%s/middle", dir);
	assert_int_equal(symlink("middle", path), 0);
	assert_int_equal(symlink(real, other), 0);
	assert_int_equal(edit("a", "k", "1"), 0);
	expect_text(real, "[a]\nk = 1\n");
	lstat(path, &st);
	assert_true(S_ISLNK(st.st_mode));
	lstat(other, &st);
	assert_true(S_ISLNK(st.st_mode));
	/* A link to a file that is not there yet makes it. */
	unlink(real);
	files_memory_clear();
	assert_int_equal(edit("b", "k", "1"), 0);
	expect_text(real, "[b]\nk = 1\n");
	/* Into a directory that is not there (not mounted): nothing is made. */
	unlink(path);
	assert_int_equal(symlink("nowhere/credentials", path), 0);
	assert_int_equal(edit("b", "k", "1"), -1);
	assert_int_equal(fault.reason, REASON_FILE);
	lstat(path, &st);
	assert_true(S_ISLNK(st.st_mode));
	/* A loop. */
	unlink(path);
	assert_int_equal(symlink("credentials", path), 0);
	assert_int_equal(edit("b", "k", "1"), -1);
	assert_int_equal(fault.kind, FAULT_CONFIG);
}

static void
test_odd_targets(void **state)
{
	char other[160];
	struct change c = { "a", "k", "2", 0, NULL };

	(void)state;
	snprintf(other, sizeof(other), "%s/other", dir);
	put(path, "[a]\n");
	assert_int_equal(link(path, other), 0);
	assert_int_equal(edit("a", "k", "1"), -1);
	assert_int_equal(fault.kind, FAULT_CONFIG);
	assert_non_null(strstr(fault.text, "2 hard links"));
	expect_text(path, "[a]\n");
	/* In place, both names see it, and nothing is left beside it. */
	assert_int_equal(edit_at(path, &c, true, false), 0);
	expect_text(other, "[a]\nk = 2\n");
	expect_files("credentials other");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(edit("a", "k", "1"), -1);
	assert_non_null(strstr(fault.text, "regular"));
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(edit("a", "k", "1"), -1);
	rmdir(path);
	assert_int_equal(truncate(path, 0), -1);
	put(path, "");
	assert_int_equal(truncate(path, INI_MAX + 1), 0);
	assert_int_equal(edit("a", "k", "1"), -1);
	assert_non_null(strstr(fault.text, "32 MiB"));
	/* Someone else's. */
	if (geteuid() == 0) {
		put(path, "[a]\n");
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(edit("a", "k", "1"), -1);
		assert_int_equal(fault.kind, FAULT_SECURITY);
	}
}

static void
test_open_directory(void **state)
{
	(void)state;
	chmod(dir, 0777);
	assert_int_equal(edit("a", "k", "1"), -1);
	assert_int_equal(fault.kind, FAULT_SECURITY);
	chmod(dir, 0700);
}

/* What botocore rejects is left alone, with the line named. */
static void
test_unparseable(void **state)
{
	(void)state;
	put(path, "[a]\nk = 1\nnonsense\n");
	age(path, 10);
	assert_int_equal(edit("b", "k", "1"), -1);
	assert_int_equal(fault.kind, FAULT_CONFIG);
	assert_int_equal(fault.reason, REASON_FILE);
	assert_non_null(
	    strstr(fault.text, "cannot be parsed by the AWS CLI: line 3"));
	expect_text(path, "[a]\nk = 1\nnonsense\n");
	/* Nothing to change is no fault. */
	assert_int_equal(edit("a", "k", "1"), 0);
	assert_false(written);
}

static void
test_backup(void **state)
{
	struct change c = { "a", "k", "2", 0, NULL };
	char b[160];

	(void)state;
	put(path, "[a]\nk = 1\n");
	chmod(path, 0644);
	assert_int_equal(edit_at(path, &c, false, true), 0);
	snprintf(b, sizeof(b), "%s.awsfed-backup", path);
	expect_text(b, "[a]\nk = 1\n");
	assert_int_equal(mode(b), 0600);
	expect_files("credentials credentials.awsfed-backup");
}

/* ---- other programs ------------------------------------------------------------ */
static void
rewrite(void)
{
	put(path, "[a]\nk = 1\n[user]\nedit = 1\n");
}

static void
rename_over(void)
{
	char tmp[160];

	snprintf(tmp, sizeof(tmp), "%s.new", path);
	put(tmp, "[a]\nk = 1\n[user]\nedit = 2\n");
	rename(tmp, path);
}

static void
take_away(void)
{
	unlink(path);
}

/* The file changes between our reading and our swap: merged again. */
static void
test_meanwhile(void **state)
{
	struct change c = { "ours", "k", "1", 0, rewrite };

	(void)state;
	put(path, "[a]\nk = 1\n");
	assert_int_equal(edit_at(path, &c, false, false), 0);
	assert_true(c.calls >= 2);
	expect_text(path, "[a]\nk = 1\n[user]\nedit = 1\n\n[ours]\nk = 1\n");
	c = (struct change){ "ours", "k", "2", 0, rename_over };
	assert_int_equal(edit_at(path, &c, false, false), 0);
	expect_text(path, "[a]\nk = 1\n[user]\nedit = 2\n\n[ours]\nk = 2\n");
	files_memory_clear();
	c = (struct change){ "ours", "k", "3", 0, take_away };
	assert_int_equal(edit_at(path, &c, false, false), 0);
	expect_text(path, "[ours]\nk = 3\n");
	/* It appears where there was none. */
	unlink(path);
	files_memory_clear();
	c = (struct change){ "ours", "k", "4", 0, rewrite };
	assert_int_equal(edit_at(path, &c, false, false), 0);
	expect_text(path, "[a]\nk = 1\n[user]\nedit = 1\n\n[ours]\nk = 4\n");
	expect_files("credentials");
}

/* What is first in the way at the second look has its backup all the same. */
static void
test_backup_later(void **state)
{
	struct change c = { "a", "k", "2", 0, rename_over };
	char b[160];

	(void)state;
	put(path, "[a]\nk = 1\n");
	backup_later = true;
	assert_int_equal(edit_at(path, &c, false, false), 0);
	backup_later = false;
	assert_true(c.calls >= 2);
	snprintf(b, sizeof(b), "%s.awsfed-backup", path);
	expect_text(b, "[a]\nk = 1\n[user]\nedit = 2\n");
	expect_text(path, "[a]\nk = 2\n[user]\nedit = 2\n");
}

/* A program that truncates, thinks and writes, as the AWS CLI does. */
static void *
slow_writer(void *arg)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	(void)arg;
	usleep(200000);
	write_all(fd, "[a]\nk = 1\n", 10);
	usleep(200000);
	write_all(fd, "[b]\nk = 1\n", 10);
	close(fd);
	return NULL;
}

static void
test_truncating_writer(void **state)
{
	pthread_t t;

	(void)state;
	put(path, "[a]\nk = 0\n[b]\nk = 0\n");
	pthread_create(&t, NULL, slow_writer, NULL);
	usleep(50000);
	assert_int_equal(edit("ours", "k", "1"), 0);
	pthread_join(t, NULL);
	expect_text(path, "[a]\nk = 1\n[b]\nk = 1\n\n[ours]\nk = 1\n");
	expect_files("credentials");
}

static int held = -1;

static void
hold_open(void)
{
	held = open(path, O_WRONLY | O_CLOEXEC);
}

static void *
late_writer(void *arg)
{
	(void)arg;
	usleep(100000);
	(void)!ftruncate(held, 0);
	write_all(held, "[a]\nk = late\n", 13);
	close(held);
	return NULL;
}

/* It opened the file before our swap and writes after it. */
static void
test_late_writer(void **state)
{
	struct change c = { "ours", "k", "1", 0, hold_open };
	pthread_t t;

	(void)state;
	put(path, "[a]\nk = 0\n");
	hold_open();
	c.meanwhile = NULL;
	pthread_create(&t, NULL, late_writer, NULL);
	assert_int_equal(edit_at(path, &c, false, false), 0);
	pthread_join(t, NULL);
	expect_text(path, "[a]\nk = late\n\n[ours]\nk = 1\n");
}

/* Sections vanish from a young file: it gets time; from an old one: believed. */
static void *
restore(void *arg)
{
	(void)arg;
	usleep(300000);
	put(path, "[a]\nk = 1\n[b]\nk = 1\n");
	return NULL;
}

static void
test_never_shrink(void **state)
{
	pthread_t t;

	(void)state;
	put(path, "[a]\nk = 1\n[b]\nk = 1\n");
	assert_int_equal(edit("ours", "k", "1"), 0);
	put(path, "[a]\nk = 1\n");
	pthread_create(&t, NULL, restore, NULL);
	assert_int_equal(edit("ours", "k", "2"), 0);
	pthread_join(t, NULL);
	expect_text(path, "[a]\nk = 1\n[b]\nk = 1\n\n[ours]\nk = 2\n");
	/* The user removed it, a minute ago: no waiting. */
	put(path, "[a]\nk = 1\n");
	age(path, 60);
	assert_int_equal(edit("ours", "k", "3"), 0);
	expect_text(path, "[a]\nk = 1\n\n[ours]\nk = 3\n");
	/* Just now: believed after two seconds. */
	put(path, "[c]\nk = 1\n");
	assert_int_equal(edit("ours", "k", "4"), 0);
	expect_text(path, "[c]\nk = 1\n\n[ours]\nk = 4\n");
}

/* ---- leftovers -------------------------------------------------------------------- */
static void
leftover(const char *hex, const char *content)
{
	char p[160];

	snprintf(p, sizeof(p), "%s/.credentials.awsfed.%s", dir, hex);
	put(p, content);
}

/* A leftover's ctime cannot be set, so the test waits for it to be old. */
static void
test_leftovers(void **state)
{
	struct target t = TARGET_INIT;
	static const char now[] = "[a]\nk = 1\n[ours]\nx_managed_by = awsfed\n"
				  "aws_access_key_id = NEW\n";

	(void)state;
	put(path, now);
	leftover("0000000000000001", now);	      /* the same */
	leftover("0000000000000002", "[a]\nk = 1\n"); /* older */
	leftover("0000000000000003",
	    "[a]\nk = 1\n[ours]\n"
	    "x_managed_by = awsfed\naws_access_key_id = OLD\n");
	leftover("0000000000000004", "[a]\nk = edited\n"); /* an edit */
	leftover("0000000000000005", "[a]\nk = 1\n[b]\n"); /* more */
	leftover("0000000000000006", "");
	leftover("nothexnothexnoth", "[b]\n"); /* not ours */
	assert_int_equal(target_resolve(&t, path, &fault), 0);
	/* Young: another host may be at work. */
	files_sweep(&t);
	expect_files(".credentials.awsfed.0000000000000001 "
		     ".credentials.awsfed.0000000000000002 "
		     ".credentials.awsfed.0000000000000003 "
		     ".credentials.awsfed.0000000000000004 "
		     ".credentials.awsfed.0000000000000005 "
		     ".credentials.awsfed.0000000000000006 "
		     ".credentials.awsfed.nothexnothexnoth credentials");
	files_sweep_older(&t, -1);
	expect_files(".credentials.awsfed.nothexnothexnoth credentials "
		     "credentials.awsfed-saved-1 credentials.awsfed-saved-2");
	assert_non_null(strstr(logged, "awsfed-saved-1"));
	expect_text(path, now);
	target_done(&t);
}

/* Where nobody else can be at work they need not be old. */
static void
test_leftovers_of_ours(void **state)
{
	static const char now[] = "[a]\nk = 1\n", next[] = "[a]\nk = 2\n";
	const struct snapshot expect = { .exists = true,
		.data = (char *)(uintptr_t)now,
		.len = strlen(now) };
	_cleanup_target_ struct target t = TARGET_INIT;
	_cleanup_free_ char *swapped = NULL, *edited = NULL, *late = NULL;

	(void)state;
	assert_int_equal(target_resolve(&t, path, &fault), 0);
	put(path, "[a]\nk = 3\n");
	swapped = files_temp_name(&t, &expect, next, strlen(next));
	late = path_join(dir, swapped);
	/* What was to be swapped in, what was to come out, what is an edit. */
	put(late, next);
	t.sole = true;
	files_sweep(&t);
	expect_files("credentials");
	put(late, now);
	files_sweep(&t);
	expect_files("credentials");
	put(late, "[a]\nk = edited\n");
	files_sweep(&t);
	expect_files("credentials credentials.awsfed-saved-1");
	/* One that is not all there, and copies of ours. */
	leftover("0000000000000001", "[b]\nk = ");
	edited = path_join(dir, ".credentials.awsfed.0000000000000001");
	assert_int_equal(chmod(edited, FILES_TEMP_MODE), 0);
	leftover("0000000000000002.0000000000000003.tmp", "[b]\nk = 1\n");
	xreplace(&edited,
	    path_join(dir, "credentials.awsfed-backup.0000000000000003.tmp"));
	put(edited, "[b]\nk = 1\n");
	files_tidy_now(path);
	expect_files("credentials credentials.awsfed-saved-1");
}

/* A write in place that stopped half way. */
static void
test_redo(void **state)
{
	static const char was[] = "[a]\nk = old value\n", is[] = "[a]\nk = 2\n";
	const struct redo redo = { was, is, strlen(was), strlen(is) };
	static const struct {
		const char *now, *then;
		bool saved;
	} cases[] = {
		{ "[a]\nk = old value\n", "[a]\nk = old value\n", false },
		{ "[a]\nk = 2\n", "[a]\nk = 2\n", false },
		{ "[a]\nk = 2ld value\n", "[a]\nk = 2\n", false },
		{ "[a]\nk = 2\nd value\n", "[a]\nk = 2\n", false },
		{ "[a]\nk = mine\n", "[a]\nk = mine\n", true },
		{ "[a]\nk = old value\n[b]\n", "[a]\nk = old value\n[b]\n",
		    false },
	};
	_cleanup_target_ struct target t = TARGET_INIT;

	(void)state;
	assert_int_equal(target_resolve(&t, path, &fault), 0);
	t.sole = true;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *name = redo_note(&t, &redo, &fault);
		char saved[160];

		assert_non_null(name);
		assert_true(redo_is_name(&t, name));
		put(path, cases[i].now);
		files_sweep(&t);
		expect_text(path, cases[i].then);
		snprintf(saved, sizeof(saved), "%s.awsfed-saved-1", path);
		if (cases[i].saved)
			expect_text(saved, was);
		unlink(saved);
		expect_files("credentials");
	}
	/* Longer than it was: what was never written is zeros. */
	assert_true(redo_is_torn(
	    &(struct redo){ "ab", "abcdef", 2, 6 }, "abc\0\0\0", 6));
	assert_false(
	    redo_is_torn(&(struct redo){ "ab", "abcdef", 2, 6 }, "abcdefg", 7));
	assert_false(
	    redo_is_torn(&(struct redo){ "ab", "abcdef", 2, 6 }, "ax", 2));
}

/* ---- errors --------------------------------------------------------------------------- */
static void
test_not_writable(void **state)
{
	uid_t me = geteuid();
	int r;

	(void)state;
	put(path, "[a]\nk = 1\n");
	chmod(dir, 0500);
	/* Root may write anywhere: be somebody else for a moment. */
	if (me == 0) {
		assert_int_equal(chown(dir, 65534, 65534), 0);
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	r = edit("a", "k", "2");
	assert_int_equal(seteuid(me), 0);
	assert_int_equal(r, -1);
	assert_int_equal(fault.kind, FAULT_CONFIG);
	assert_int_equal(fault.reason, REASON_FILE);
	chmod(dir, 0700);
	expect_text(path, "[a]\nk = 1\n");
	expect_files("credentials");
}

static void
test_lock_held(void **state)
{
	struct target t = TARGET_INIT;

	(void)state;
	assert_int_equal(target_resolve(&t, path, &fault), 0);
	assert_int_equal(target_lock(&t, false, &fault), 0);
	assert_int_equal(edit("a", "k", "1"), -1);
	assert_int_equal(fault.kind, FAULT_TEMPORARY);
	target_done(&t);
	assert_int_equal(edit("a", "k", "1"), 0);
}

/* ---- the thread ------------------------------------------------------------------------ */
static struct loop *loop;
static int order[64], norder;

static void
on_done(const struct fault *f, bool wrote, void *arg)
{
	struct change *c = arg;

	assert_false(fault_is(f));
	assert_true(wrote);
	order[norder++] = atoi(c->value);
	if (norder == 20)
		loop_stop(loop);
}

static void
on_replaced(const struct fault *f, void *arg)
{
	assert_ptr_equal(arg, order);
	order[norder++] = f->kind == FAULT_NONE ? -1 : -2;
	loop_stop(loop);
}

static void
test_thread(void **state)
{
	struct change changes[20];
	char values[20][8], p[160];
	struct files *files;

	(void)state;
	norder = 0;
	loop = loop_new();
	files = files_new(loop);
	for (int i = 0; i < 20; i++) {
		snprintf(values[i], sizeof(values[i]), "%d", i);
		changes[i] = (struct change){ "a", "k", values[i], 0, NULL };
		files->ops->edit(files,
		    (struct files_edit){ .path = xstrdup(path),
			.apply = apply,
			.done = on_done,
			.arg = &changes[i] });
		assert_int_equal(norder, 0);
	}
	loop_run(loop);
	for (int i = 0; i < 20; i++)
		assert_int_equal(order[i], i);
	expect_text(path, "[a]\nk = 19\n");
	snprintf(p, sizeof(p), "%s/state/ledger", dir);
	files->ops->replace(files, p, xstrdup("hello"), 5, on_replaced, order);
	loop_run(loop);
	assert_int_equal(order[20], -1);
	expect_text(p, "hello");
	files->ops->replace(
	    files, "/proc/no/such", xstrdup("x"), 1, on_replaced, order);
	loop_run(loop);
	assert_int_equal(order[21], -2);
	/* What is queued at the end is still written; nobody is told. */
	files->ops->edit(files,
	    (struct files_edit){ .path = xstrdup(path),
		.apply = apply,
		.done = on_done,
		.arg = &changes[3] });
	files_free(files);
	expect_text(path, "[a]\nk = 3\n");
	assert_int_equal(norder, 22);
	loop_free(loop);
}

static int
threads(void)
{
	struct dirent **v;
	int n = scandir("/proc/self/task", &v, NULL, NULL);

	for (int i = 0; i < n; i++)
		free(v[i]);
	free(v);
	return n - 2; /* . and .. */
}

static void
on_one(const struct fault *f, bool wrote, void *arg)
{
	(void)arg;
	assert_false(fault_is(f));
	assert_true(wrote);
	loop_stop(loop);
}

/* There is a thread only while there is something to write. */
static void
test_thread_ends(void **state)
{
	static const char *const values[] = { "1", "2", "3" };
	struct files *files;
	int before;

	(void)state;
	loop = loop_new();
	before = threads();
	files = files_new(loop);
	for (int i = 0; i < 3; i++) {
		struct change c = { "a", "k", values[i], 0, NULL };

		files->ops->edit(files,
		    (struct files_edit){ .path = xstrdup(path),
			.apply = apply,
			.done = on_one,
			.arg = &c });
		loop_run(loop);
		for (int ms = 0; threads() != before && ms < 30000; ms++)
			usleep(1000);
		assert_int_equal(threads(), before);
	}
	expect_text(path, "[a]\nk = 3\n");
	files_free(files);
	loop_free(loop);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_plain),
		T(test_bytes),
		T(test_modes),
		T(test_mode_alone),
		T(test_new_directory),
		T(test_symlinks),
		T(test_odd_targets),
		T(test_open_directory),
		T(test_unparseable),
		T(test_backup),
		T(test_meanwhile),
		T(test_backup_later),
		T(test_truncating_writer),
		T(test_late_writer),
		T(test_never_shrink),
		T(test_leftovers),
		T(test_leftovers_of_ours),
		T(test_redo),
		T(test_not_writable),
		T(test_lock_held),
		T(test_thread),
		T(test_thread_ends),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	fault_done(&fault);
	return r;
}
