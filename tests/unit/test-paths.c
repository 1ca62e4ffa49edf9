/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/paths.h"

static char dir[] = "/tmp/awsfed-paths-XXXXXX";

static char *
in_dir(const char *name)
{
	return path_join(dir, name);
}

static void
test_variables(void **state)
{
	/* Whether this machine has one for the tester's user is not ours. */
	_cleanup_free_ char *host = path_host(), *user = path_user_runtime();
	_cleanup_free_ char *runtime = user != NULL ?
	    path_join(user, "awsfed") :
	    xasprintf("/home/x/.local/state/awsfed/run/%s", host);
	_cleanup_free_ char *control = path_join(runtime, "control");
	const struct {
		const char *var, *value;
		char *(*get)(void);
		const char *want;
	} cases[] = {
		{ "AWS_CONFIG_FILE", NULL, path_aws_config,
		    "/home/x/.aws/config" },
		{ "AWS_CONFIG_FILE", "", path_aws_config,
		    "/home/x/.aws/config" },
		{ "AWS_CONFIG_FILE", "rel/x", path_aws_config,
		    "/home/x/.aws/config" },
		{ "AWS_CONFIG_FILE", "/c", path_aws_config, "/c" },
		{ "AWS_CONFIG_FILE", "~/c", path_aws_config, "/home/x/c" },
		{ "AWS_SHARED_CREDENTIALS_FILE", NULL, path_aws_credentials,
		    "/home/x/.aws/credentials" },
		{ "XDG_RUNTIME_DIR", "/run/u", path_runtime, "/run/u/awsfed" },
		{ "XDG_RUNTIME_DIR", "u", path_runtime, runtime },
		{ "XDG_STATE_HOME", "/s", path_state, "/s/awsfed" },
		{ "XDG_STATE_HOME", "s", path_state,
		    "/home/x/.local/state/awsfed" },
		{ "XDG_CONFIG_HOME", "/k", path_settings,
		    "/k/awsfed/awsfed.conf" },
		{ "AWSFED_SOCKET", "/q", path_socket, "/q" },
		{ "AWSFED_SOCKET", "q", path_socket, control },
	};

	(void)state;
	setenv("HOME", "/home/x", 1);
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_CONFIG_HOME");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = NULL;

		unsetenv(cases[i].var);
		if (cases[i].value != NULL)
			setenv(cases[i].var, cases[i].value, 1);
		got = cases[i].get();
		assert_str(got, cases[i].want);
		unsetenv(cases[i].var);
	}
}

static void
test_expand(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "/a", "/a" },
		{ "~", "/home/x" },
		{ "~/", "/home/x/" },
		{ "~/a", "/home/x/a" },
		{ "~jane/a", NULL },
		{ "a", NULL },
		{ "./a", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};

	(void)state;
	setenv("HOME", "/home/x", 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = path_expand(cases[i].in);

		assert_str(got, cases[i].out);
	}
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
test_mkdirs(void **state)
{
	_cleanup_free_ char *deep = in_dir("a/b/c"), *a = in_dir("a"),
			    *b = in_dir("a/b"), *link = in_dir("link"),
			    *file = in_dir("f"), *under = in_dir("f/x"),
			    *leaf = in_dir("n/leaf"), *n = in_dir("n");

	(void)state;
	assert_int_equal(path_mkdirs("rel", false), -EINVAL);
	assert_int_equal(path_mkdirs("/", false), 0);
	assert_int_equal(path_mkdirs(deep, true), 0);
	assert_int_equal(path_mkdirs(deep, true), 0);
	assert_int_equal(mode_of(a), 0700);
	assert_int_equal(mode_of(deep), 0700);
	chmod(deep, 0750);
	assert_int_equal(path_mkdirs(deep, false), 0);
	assert_int_equal(path_mkdirs(deep, true), -EPERM);
	assert_int_equal(symlink(b, link), 0);
	assert_int_equal(path_mkdirs(link, true), 0);
	assert_int_equal(path_replace(file, "x", 1, 0600), 0);
	assert_int_equal(path_mkdirs(file, false), -ENOTDIR);
	assert_int_equal(path_mkdirs(under, false), -ENOTDIR);
	assert_int_equal(path_mkdir_parent(leaf), 0);
	assert_int_equal(mode_of(n), 0700);
	assert_int_equal(path_mkdir_parent("/x"), 0);
	assert_int_equal(path_mkdir_parent("x"), -EINVAL);
	if (geteuid() != 0) {
		_cleanup_free_ char *no = in_dir("a/no");

		chmod(a, 0500);
		assert_int_equal(path_mkdirs(no, false), -EACCES);
		chmod(a, 0700);
	} else {
		print_message("# SKIP: root may write anywhere (EACCES)\n");
	}
}

static void
test_read(void **state)
{
	_cleanup_free_ char *file = in_dir("r"), *fifo = in_dir("fifo"),
			    *link = in_dir("rlink"), *data = NULL,
			    *none = in_dir("none");
	size_t len = 0;

	(void)state;
	assert_int_equal(path_replace(file, "a\0b", 3, 0600), 0);
	assert_int_equal(path_read(file, 3, &data, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(data, "a\0b\0", 4);
	xfree(STEAL(data));
	assert_int_equal(path_read(file, 2, &data, &len), -EFBIG);
	assert_int_equal(path_read(none, 9, &data, &len), -ENOENT);
	assert_int_equal(path_read(dir, 9, &data, &len), -EISDIR);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(path_read(fifo, 9, &data, &len), -EINVAL);
	assert_int_equal(symlink(file, link), 0);
	assert_int_equal(path_read(link, 3, &data, &len), 0);
	xfree(STEAL(data));
	assert_int_equal(path_read("/dev/null", 9, &data, &len), 0);
	assert_int_equal(len, 0);
	xfree(STEAL(data));
	assert_int_equal(path_read("/dev/zero", 9999, &data, &len), -EFBIG);
	assert_int_equal(path_read("/proc/self/status", 65536, &data, &len),
	    0); /* its size is said to be 0 */
	assert_true(len > 100);
	xfree(STEAL(data));
	if (geteuid() != 0) {
		chmod(file, 0);
		assert_int_equal(path_read(file, 9, &data, &len), -EACCES);
	} else {
		print_message("# SKIP: root may read anything (EACCES)\n");
	}
}

static void
test_replace(void **state)
{
	_cleanup_free_ char *file = in_dir("w"), *data = NULL,
			    *none = in_dir("no/w"), *target = in_dir("t"),
			    *link = in_dir("l");
	struct stat st;
	size_t len = 0;

	(void)state;
	assert_int_equal(path_replace(file, "one", 3, 0600), 0);
	assert_int_equal(mode_of(file), 0600);
	assert_int_equal(path_replace(file, "second", 6, 0640), 0);
	assert_int_equal(path_read(file, 99, &data, &len), 0);
	assert_string_equal(data, "second");
	assert_int_equal(path_replace(none, "x", 1, 0600), -ENOENT);
	assert_int_equal(path_replace(dir, "x", 1, 0600), -EISDIR);
	/* a link is replaced, its target is not written through */
	assert_int_equal(path_replace(target, "t", 1, 0600), 0);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(path_replace(link, "n", 1, 0600), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(path_replace("bare", "x", 1, 0600), -EINVAL);
	assert_int_equal(access("bare", F_OK), -1);
}

static void
test_sweep(void **state)
{
	static const char *const names[] = { "x.0123456789abcdef.tmp",
		"x.0123456789abcdex.tmp", "0123456789abcdef.tmp",
		"x.0123456789abcdef.tmp2", "x" };
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *file = in_dir(names[i]);

		assert_int_equal(path_replace(file, "x", 1, 0600), 0);
		path_sweep(dir);
		assert_int_equal(access(file, F_OK), 0);
		assert_int_equal(utimensat(AT_FDCWD, file, old, 0), 0);
		path_sweep(dir);
		assert_int_equal(access(file, F_OK), i == 0 ? -1 : 0);
	}
	path_sweep("/no/such");
}

static void
test_private(void **state)
{
	_cleanup_free_ char *d = in_dir("private"),
			    *link = in_dir("to-private");
	_cleanup_free_ char *host = path_host();
	int fd;

	(void)state;
	assert_int_equal(path_open_private(d), -ENOENT);
	assert_int_equal(mkdir(d, 0700), 0);
	fd = path_open_private(d);
	assert_true(fd >= 0);
	close(fd);
	/* What is looked at is what it leads to. */
	assert_int_equal(symlink(d, link), 0);
	fd = path_open_private(link);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(chmod(d, 0710), 0);
	assert_int_equal(path_open_private(d), -EPERM);
	assert_int_equal(path_open_private(link), -EPERM);
	assert_int_equal(path_open_private("/"), -EPERM);
	assert_true(
	    strlen(host) > 0 && strchr(host, '/') == NULL && host[0] != '.');
}

static void
test_sudo(void **state)
{
	unsigned uid;

	(void)state;
	setenv("HOME", dir, 1);
	unsetenv("SUDO_UID");
	assert_false(path_home_is_callers(&uid));
	setenv("SUDO_UID", "12345", 1); /* not the owner */
	assert_false(path_home_is_callers(&uid));
	setenv("SUDO_UID", "0", 1);
	assert_false(path_home_is_callers(&uid));
	setenv("SUDO_UID", "x", 1);
	assert_false(path_home_is_callers(&uid));
	unsetenv("SUDO_UID");
}

static int
make_dir(void **state)
{
	(void)state;
	umask(022);
	unsetenv("XDG_RUNTIME_DIR");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_dir(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_mkdirs),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_sudo),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
