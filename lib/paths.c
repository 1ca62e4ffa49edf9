/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/paths.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/random.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

/* The end of the name of a temporary file. */
#define SCRAP ".tmp"
#define SCRAP_HEX 16
#define SCRAP_OLD_S 60

char *
path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	return xasprintf(
	    "%s%s%s", dir, n > 0 && dir[n - 1] == '/' ? "" : "/", name);
}

/* The variable, when it holds an absolute path. */
static const char *
env_absolute(const char *name)
{
	const char *v = getenv(name);

	return v != NULL && v[0] == '/' ? v : NULL;
}

char *
path_home(void)
{
	const char *home = env_absolute("HOME");
	struct passwd *pw;

	if (home != NULL)
		return xstrdup(home);
	pw = getpwuid(geteuid());
	if (pw != NULL && pw->pw_dir != NULL && pw->pw_dir[0] == '/')
		return xstrdup(pw->pw_dir);
	return NULL;
}

bool
path_home_is_callers(unsigned *ret_uid)
{
	_cleanup_free_ char *home = path_home();
	const char *v = getenv("SUDO_UID");
	struct stat st;
	int64_t uid;

	if (geteuid() != 0 || home == NULL || v == NULL ||
	    str_int(v, 1, UINT32_MAX, &uid) < 0 || stat(home, &st) != 0)
		return false;
	*ret_uid = (unsigned)uid;
	return st.st_uid == (uid_t)uid;
}

bool
path_home_is_missing(void)
{
	_cleanup_free_ char *home = path_home();
	struct stat st;

	return env_absolute("XDG_STATE_HOME") == NULL &&
	    (home == NULL || stat(home, &st) != 0 || !S_ISDIR(st.st_mode));
}

char *
path_expand(const char *path)
{
	_cleanup_free_ char *home = NULL;

	if (str_empty(path))
		return NULL;
	if (path[0] == '/')
		return xstrdup(path);
	if (path[0] != '~' || (path[1] != '\0' && path[1] != '/'))
		return NULL;
	home = path_home();
	if (home == NULL)
		return NULL;
	return path[1] == '\0' ? STEAL(home) : path_join(home, path + 2);
}

static char *
under_home(const char *rest)
{
	_cleanup_free_ char *home = path_home();

	return home == NULL ? NULL : path_join(home, rest);
}

static char *
aws_file(const char *var, const char *rest)
{
	char *p = path_expand(getenv(var));

	return p != NULL ? p : under_home(rest);
}

char *
path_aws_config(void)
{
	return aws_file("AWS_CONFIG_FILE", ".aws/config");
}

char *
path_aws_credentials(void)
{
	return aws_file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
}

static char *
xdg(const char *var, const char *rest, const char *leaf)
{
	const char *base = env_absolute(var);
	_cleanup_free_ char *dir =
	    base != NULL ? xstrdup(base) : under_home(rest);

	return dir == NULL ? NULL : path_join(dir, leaf);
}

char *
path_state(void)
{
	return xdg("XDG_STATE_HOME", ".local/state", "awsfed");
}

char *
path_settings(void)
{
	return xdg("XDG_CONFIG_HOME", ".config", "awsfed/awsfed.conf");
}

char *
path_host(void)
{
	struct utsname u;
	char *name;

	if (uname(&u) != 0 || u.nodename[0] == '\0')
		return xstrdup("localhost");
	name = xstrdup(u.nodename);
	for (char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("-_.", *p) == NULL)
			*p = '_';
	if (name[0] == '.')
		name[0] = '_';
	return name;
}

/* A directory of ours that nobody else may enter: what fd is open on. */
static int
check_private(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	return st.st_uid != geteuid() || (st.st_mode & 077) != 0 ? -EPERM : 0;
}

int
path_open_private(const char *dir)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = check_private(fd);
	if (r < 0)
		closep(&fd);
	return r < 0 ? r : fd;
}

char *
path_user_runtime(void)
{
	const char *run = env_absolute("XDG_RUNTIME_DIR");
	_cleanup_free_ char *dir = NULL;
	_cleanup_close_ int fd = -1;

	if (run != NULL)
		return xstrdup(run);
	dir = xasprintf("/run/user/%u", (unsigned)geteuid());
	fd = path_open_private(dir);
	return fd < 0 ? NULL : STEAL(dir);
}

char *
path_runtime(void)
{
	_cleanup_free_ char *run = path_user_runtime();
	_cleanup_free_ char *state = NULL, *host = NULL;

	if (run != NULL)
		return path_join(run, "awsfed");
	state = path_state();
	host = path_host();
	return state == NULL ? NULL : xasprintf("%s/run/%s", state, host);
}

char *
path_socket(void)
{
	const char *own = env_absolute("AWSFED_SOCKET");
	_cleanup_free_ char *run = NULL;

	if (own != NULL)
		return xstrdup(own);
	run = path_runtime();
	return run == NULL ? NULL : path_join(run, "control");
}

static int
sync_parent(const char *path)
{
	_cleanup_free_ char *dir = xstrdup(path);
	_cleanup_close_ int fd = -1;
	char *slash = strrchr(dir, '/');

	if (slash == NULL)
		return -EINVAL;
	slash[slash == dir] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems cannot sync a directory; that is not our loss. */
	if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP)
		return -errno;
	return 0;
}

int
path_mkdirs(const char *dir, bool private)
{
	_cleanup_free_ char *copy = xstrdup(dir);
	struct stat st;
	int r;

	if (dir[0] != '/')
		return -EINVAL;
	for (char *p = copy + 1;; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) == 0) {
			/* What is synced in it would be lost with it. */
			if ((r = sync_parent(copy)) < 0 && r != -EACCES)
				return r;
		} else if (errno != EEXIST) {
			/* A read-only parent that exists answers EROFS. */
			int e = errno;

			if (stat(copy, &st) != 0)
				return -e;
		}
		*p = c;
		if (c == '\0')
			break;
	}
	if (stat(dir, &st) != 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (private && (st.st_uid != geteuid() || (st.st_mode & 077) != 0))
		return -EPERM;
	return 0;
}

int
path_mkdir_parent(const char *file)
{
	_cleanup_free_ char *dir = xstrdup(file);
	char *slash = strrchr(dir, '/');

	if (slash == NULL)
		return -EINVAL;
	if (slash == dir)
		return 0;
	*slash = '\0';
	return path_mkdirs(dir, false);
}

int
path_read(const char *path, size_t max, char **ret_data, size_t *ret_len)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *data = NULL;
	size_t len = 0, cap;
	struct stat st;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return -EINVAL; /* /dev/null is an empty file */
	if (st.st_size > 0 && (size_t)st.st_size > max)
		return -EFBIG;
	cap = (size_t)st.st_size + 1;
	data = xmalloc(cap + 1);
	for (;;) {
		ssize_t n;

		if (len == cap) {
			if (cap > max)
				return -EFBIG;
			cap = cap * 2 > max ? max + 1 : cap * 2;
			data = xrealloc(data, cap + 1);
		}
		n = read(fd, data + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len > max)
		return -EFBIG;
	data[len] = '\0';
	*ret_data = STEAL(data);
	*ret_len = len;
	return 0;
}

int
write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
path_replace(const char *path, const void *data, size_t len, mode_t mode)
{
	_cleanup_free_ char *tmp = NULL;
	unsigned char r[SCRAP_HEX / 2];
	char hex[SCRAP_HEX + 1];
	int fd, e = 0;

	if (path[0] != '/')
		return -EINVAL;
	random_bytes(r, sizeof(r));
	str_hex(r, sizeof(r), hex);
	tmp = xasprintf("%s.%s" SCRAP, path, hex);
	fd = open(
	    tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	e = write_all(fd, data, len);
	if (e == 0 && fsync(fd) != 0)
		e = -errno;
	/* Interrupted, it is closed all the same: close(2). */
	if (close(fd) != 0 && errno != EINTR && e == 0)
		e = -errno;
	if (e == 0 && rename(tmp, path) != 0)
		e = -errno;
	if (e < 0) {
		unlink(tmp);
		return e;
	}
	return sync_parent(path);
}

bool
path_is_scrap(const char *end)
{
	return end[0] == '.' &&
	    strspn(end + 1, "0123456789abcdef") == SCRAP_HEX &&
	    strcmp(end + 1 + SCRAP_HEX, SCRAP) == 0;
}

void
path_sweep(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	struct stat st;

	if (d == NULL) {
		closep(&fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name),
		       end = strlen(SCRAP) + SCRAP_HEX + 1;

		/* A younger one may be at work, on another host. */
		if (n > end && path_is_scrap(e->d_name + n - end) &&
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		    st.st_mtim.tv_sec + SCRAP_OLD_S <= time(NULL))
			(void)unlinkat(fd, e->d_name, 0);
	}
	closedir(d);
}

void
closep(int *fd)
{
	int e = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = e;
}
