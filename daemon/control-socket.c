/* SPDX-License-Identifier: Apache-2.0 */
#include "control-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/parents.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define BACKLOG 64

struct control_socket {
	int fd;
	int dir; /* O_PATH; -1 with an inherited socket */
	int lock;
	char *path;
	char *name; /* in dir */
	bool bound; /* ours to remove */
	dev_t dev;
	ino_t ino; /* 0: the path is not this socket's */
};

static int
fail(struct fault *fault, const char *what, const char *path, int error)
{
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS, "%s %s: %s", what, path,
	    strerror(error));
	fault_next(fault, "%s",
	    _("Set AWSFED_SOCKET to a path in a directory "
	      "of your own."));
	return -1;
}

static int
open_directory(struct control_socket *s, const char *path, struct fault *fault)
{
	_cleanup_free_ char *dir = xstrdup(path), *bad = NULL;
	char *slash = strrchr(dir, '/');
	int r;

	if (path[0] != '/' || slash == NULL || slash[1] == '\0') {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("the socket path %s is not absolute"), path);
		fault_next(fault, "%s",
		    _("Set AWSFED_SOCKET to an absolute "
		      "path."));
		return -1;
	}
	s->name = xstrdup(slash + 1);
	slash[slash == dir] = '\0';
	r = path_mkdirs(dir, true);
	if (r == -EPERM) {
		fault_set(fault, FAULT_SECURITY, REASON_SETTINGS,
		    _("the directory %s is not yours alone"), dir);
		fault_next(
		    fault, _("Make it yours and private: chmod 700 %s"), dir);
		return -1;
	}
	if (r < 0)
		return fail(fault, _("cannot use the directory"), dir, -r);
	r = parents_check(path, &bad);
	if (r == -EPERM) {
		fault_set(fault, FAULT_SECURITY, REASON_SETTINGS,
		    _("other users can change %s, which is on the way to the "
		      "socket %s"),
		    bad, path);
		fault_next(fault, "%s",
		    _("Take away their right to write there, or set "
		      "AWSFED_SOCKET to a path in a directory of your own."));
		return -1;
	}
	if (r < 0)
		return fail(fault, _("cannot look at the way to"), path, -r);
	/* Again, on what is open: the way there may have changed meanwhile. */
	s->dir = path_open_private(dir);
	if (s->dir < 0)
		return fail(fault, _("cannot open"), dir, -s->dir);
	return 0;
}

static int
take_lock(struct control_socket *s, const char *path, struct fault *fault)
{
	_cleanup_free_ char *name = xasprintf("%s.lock", s->name);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char pid[32] = "";
	ssize_t n;

	s->lock = openat(
	    s->dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return fail(
		    fault, _("cannot open the lock file beside"), path, errno);
	if (fcntl(s->lock, F_OFD_SETLK, &lock) != 0) {
		if (errno != EAGAIN && errno != EACCES)
			return fail(fault, _("cannot lock"), path, errno);
		n = pread(s->lock, pid, sizeof(pid) - 1, 0);
		if (n < 0)
			n = 0;
		pid[n] = '\0';
		pid[strspn(pid, "0123456789")] = '\0';
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("another awsfedd serves on %s already (process %s)."),
		    path, pid[0] != '\0' ? pid : "?");
		fault_next(fault, "%s",
		    _("Use the running one, or end it first: "
		      "systemctl --user stop awsfedd, or kill the process."));
		return -1;
	}
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(s->lock, 0) != 0 ||
	    pwrite(s->lock, pid, (size_t)n, 0) != n)
		return fail(fault, _("cannot write the lock file beside"), path,
		    errno != 0 ? errno : EIO);
	return 0;
}

/* The short way to the path, for sun_path's 108 bytes. */
static int
address(
    const struct control_socket *s, const char *path, struct sockaddr_un *sa)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) < sizeof(sa->sun_path)) {
		strcpy(sa->sun_path, path);
		return 0;
	}
	if (snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s",
		s->dir, s->name) >= (int)sizeof(sa->sun_path))
		return -ENAMETOOLONG;
	return 0;
}

/* Removes what a dead agent left.  Only a socket that nobody listens on. */
static int
clear_stale(struct control_socket *s, const char *path,
    const struct sockaddr_un *sa, struct fault *fault)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT)
			return 0;
		return fail(fault, _("cannot look at"), path, errno);
	}
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid()) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s exists and is not a socket of yours"), path);
		fault_next(fault, "%s",
		    _("Move it away, or set AWSFED_SOCKET "
		      "to another path."));
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(fault, _("cannot make a socket for"), path, errno);
	if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ||
	    errno == EAGAIN) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("another program listens on %s"), path);
		fault_next(fault, "%s",
		    _("When it is systemd's awsfedd.socket, "
		      "start the agent by: systemctl --user start awsfedd"));
		return -1;
	}
	if (unlinkat(s->dir, s->name, 0) != 0 && errno != ENOENT)
		return fail(
		    fault, _("cannot remove the stale socket"), path, errno);
	return 0;
}

static int
bind_socket(struct control_socket *s, const char *path, struct fault *fault)
{
	struct sockaddr_un sa;
	struct stat st;

	if (address(s, path, &sa) < 0)
		return fail(fault, _("cannot listen on"), path, ENAMETOOLONG);
	if (clear_stale(s, path, &sa, fault) < 0)
		return -1;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 ||
	    bind(s->fd, (const struct sockaddr *)&sa, sizeof(sa)) != 0)
		return fail(fault, _("cannot listen on"), path, errno);
	/* The directory is private: nobody gets in before this. */
	if (fchmodat(s->dir, s->name, 0600, 0) != 0 ||
	    fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    listen(s->fd, BACKLOG) != 0)
		return fail(fault, _("cannot listen on"), path, errno);
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->bound = true;
	return 0;
}

/* What stands on the path, if systemd listens there. */
static void
note_inherited(struct control_socket *s)
{
	struct stat st;

	if (fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISSOCK(st.st_mode))
		return;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
}

struct control_socket *
control_socket_new(const char *path, int listen_fd, struct fault *fault)
{
	struct control_socket *s = xcalloc(1, sizeof(*s));

	s->fd = s->dir = s->lock = -1;
	if (open_directory(s, path, fault) < 0 ||
	    take_lock(s, path, fault) < 0 ||
	    (listen_fd < 0 && bind_socket(s, path, fault) < 0)) {
		control_socket_free(s);
		return NULL;
	}
	s->path = xstrdup(path);
	if (listen_fd >= 0) {
		note_inherited(s);
		s->fd = listen_fd;
		fcntl(s->fd, F_SETFD, FD_CLOEXEC);
		fcntl(s->fd, F_SETFL, O_NONBLOCK);
	}
	return s;
}

void
control_socket_free(struct control_socket *s)
{
	struct stat st;

	if (s == NULL)
		return;
	if (s->bound &&
	    fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == s->dev && st.st_ino == s->ino)
		unlinkat(s->dir, s->name, 0);
	closep(&s->fd);
	closep(&s->lock);
	closep(&s->dir);
	xfree(s->path);
	xfree(s->name);
	xfree(s);
}

int
control_socket_fd(const struct control_socket *s)
{
	return s->fd;
}

/* ---- mending -------------------------------------------------------------------- */

static bool
still_there(const struct control_socket *s)
{
	struct stat st;

	return lstat(s->path, &st) == 0 && st.st_dev == s->dev &&
	    st.st_ino == s->ino;
}

/* Our lock counts only while others would open the same file. */
static bool
lock_holds(const struct control_socket *s)
{
	_cleanup_free_ char *path = xasprintf("%s.lock", s->path);
	struct stat is, ours;

	return lstat(path, &is) == 0 && fstat(s->lock, &ours) == 0 &&
	    is.st_dev == ours.st_dev && is.st_ino == ours.st_ino;
}

/* Does somebody else serve there? */
static bool
taken(const struct control_socket *s)
{
	_cleanup_close_ int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un sa;
	struct stat st;

	if (lstat(s->path, &st) != 0 || !S_ISSOCK(st.st_mode) || fd < 0 ||
	    address(s, s->path, &sa) < 0)
		return false;
	return connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0 ||
	    errno == EAGAIN;
}

static void
swap(struct control_socket *a, struct control_socket *b)
{
	struct control_socket t = *a;

	*a = *b;
	*b = t;
}

int
control_socket_mend(struct control_socket *s, struct fault *fault)
{
	struct control_socket *n;

	if (s->ino == 0 || still_there(s))
		return 0;
	if (taken(s))
		return -EBUSY;
	if (lock_holds(s)) {
		int old = s->fd;

		s->fd = -1;
		if (bind_socket(s, s->path, fault) < 0) {
			closep(&s->fd);
			s->fd = old;
			return -EIO;
		}
		close(old);
		return 1;
	}
	/* As a new agent would come up: whoever has the lock there serves. */
	n = control_socket_new(s->path, -1, fault);
	if (n == NULL)
		return taken(s) ? -EBUSY : -EIO;
	swap(s, n);
	control_socket_free(n);
	return 1;
}
