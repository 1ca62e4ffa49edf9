/* SPDX-License-Identifier: Apache-2.0 */
#include "files-target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/clock.h"
#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define LINKS_MAX 5
#define LOCK_WAIT_MS 5000
#define LOCK_STEP_MS 20
#define WRITER_WAIT_MS 2000
#define WRITER_STEP_MS 2

void
file_sleep(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
}

int
file_fault(struct fault *fault, const char *what, const char *path, int error)
{
	static const struct {
		int error;
		enum fault_kind kind;
		const char *next;
	} known[] = {
		{ ENOSPC, FAULT_TEMPORARY,
		    N_("Free some space on that disk; "
		       "awsfed tries again by itself.") },
		{ EDQUOT, FAULT_TEMPORARY,
		    N_("Your disk quota is used up: "
		       "free some space; awsfed tries again by itself.") },
		{ EIO, FAULT_TEMPORARY,
		    N_("Look at the disk and its "
		       "messages in \"journalctl -k\".") },
		{ ESTALE, FAULT_TEMPORARY,
		    N_("The network file system lost "
		       "the file; awsfed tries again by itself.") },
		{ EROFS, FAULT_CONFIG,
		    N_("Make that file system writable, or "
		       "set AWS_SHARED_CREDENTIALS_FILE to another place.") },
		{ EACCES, FAULT_CONFIG,
		    N_("Give yourself write permission "
		       "for the file and its directory.") },
		{ EPERM, FAULT_CONFIG,
		    N_("Give yourself write permission "
		       "for the file and its directory.") },
		{ ELOOP, FAULT_CONFIG,
		    N_("Look at the symbolic links of that "
		       "path.") },
		{ EBUSY, FAULT_CONFIG,
		    N_("The file is a mount point. Mount "
		       "its directory instead, or allow writing in place.") },
	};
	enum fault_kind kind = FAULT_TEMPORARY;
	const char *next = N_("Check the path and its permissions; awsfed "
			      "tries again by itself.");

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].error == error) {
			kind = known[i].kind;
			next = known[i].next;
		}
	fault_set(fault, kind, REASON_FILE, _("cannot %s %s: %s"), what, path,
	    strerror(error));
	fault_next(fault, "%s", _(next));
	return -1;
}

/* ---- where it is ------------------------------------------------------------------ */
static int
check_directory(const struct target *t, struct fault *fault)
{
	struct stat st;

	if (fstat(t->dirfd, &st) != 0)
		return file_fault(fault, _("look at"), t->dir, errno);
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		fault_set(fault, FAULT_SECURITY, REASON_FILE,
		    _("the directory %s belongs to another user"), t->dir);
		fault_next(fault, "%s",
		    _("Keep the AWS files in a directory "
		      "of your own."));
		return -1;
	}
	if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX)) {
		fault_set(fault, FAULT_SECURITY, REASON_FILE,
		    _("everybody may write in the directory %s"), t->dir);
		fault_next(fault, _("Close it: chmod go-w %s"), t->dir);
		return -1;
	}
	return 0;
}

/* Splits path and opens its directory; makes it when make is set. */
static int
open_directory(
    struct target *t, const char *path, bool make, struct fault *fault)
{
	const char *slash = strrchr(path, '/');
	int r;

	if (path[0] != '/' || slash[1] == '\0') {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("%s is not the absolute path of a file"), path);
		fault_next(fault, "%s",
		    _("Set AWS_CONFIG_FILE and "
		      "AWS_SHARED_CREDENTIALS_FILE to absolute paths."));
		return -1;
	}
	xreplace(&t->path, xstrdup(path));
	xreplace(&t->name, xstrdup(slash + 1));
	xreplace(&t->dir,
	    slash == path ? xstrdup("/") :
			    xstrndup(path, (size_t)(slash - path)));
	closep(&t->dirfd);
	if (make && (r = path_mkdirs(t->dir, false)) < 0)
		return file_fault(fault, _("make the directory"), t->dir, -r);
	t->dirfd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dirfd < 0 && errno == EACCES) /* searchable is enough */
		t->dirfd = open(t->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t->dirfd < 0)
		return file_fault(
		    fault, _("open the directory"), t->dir, errno);
	return check_directory(t, fault);
}

int
target_resolve(struct target *t, const char *path, struct fault *fault)
{
	_cleanup_free_ char *here = xstrdup(path);

	for (int links = 0;; links++) {
		char to[PATH_MAX];
		ssize_t n;

		if (open_directory(t, here, links == 0, fault) < 0)
			return -1;
		n = readlinkat(t->dirfd, t->name, to, sizeof(to) - 1);
		if (n < 0 && (errno == EINVAL || errno == ENOENT))
			return 0;
		if (n < 0)
			return file_fault(fault, _("look at"), t->path, errno);
		if (links == LINKS_MAX)
			return file_fault(fault, _("follow"), path, ELOOP);
		to[n] = '\0';
		xreplace(
		    &here, to[0] == '/' ? xstrdup(to) : path_join(t->dir, to));
	}
}

/* File systems whose locks nobody passes by from another host. */
static bool
is_local(int fd)
{
	static const unsigned long local[] = { BTRFS_SUPER_MAGIC,
		EXT4_SUPER_MAGIC, F2FS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC,
		TMPFS_MAGIC, XFS_SUPER_MAGIC, 0x2fc12fc1 /* ZFS */,
		0xca451a4e /* bcachefs */ };
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(local); i++)
		if ((unsigned long)fs.f_type == local[i])
			return true;
	return false;
}

int
target_lock(struct target *t, bool optional, struct fault *fault)
{
	_cleanup_free_ char *name = xasprintf(".%s.awsfed-lock", t->name);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int waited = 0;

	t->lock = openat(
	    t->dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (t->lock < 0)
		return optional ? 0 :
				  file_fault(fault, _("lock"), t->path, errno);
	while (fcntl(t->lock, F_OFD_SETLK, &lock) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EACCES) {
			/* No locks here: the comparison before the swap is
			 * what is left. */
			log_debug(
			    "%s: cannot lock: %s", t->path, strerror(errno));
			return 0;
		}
		if (waited >= LOCK_WAIT_MS) {
			fault_set(fault, FAULT_TEMPORARY, REASON_FILE,
			    _("another awsfed program has held the lock of "
			      "%s for %d seconds"),
			    t->path, LOCK_WAIT_MS / 1000);
			fault_next(fault, "%s",
			    _("End the other agent of "
			      "this home directory, perhaps on another host."));
			return -1;
		}
		file_sleep(LOCK_STEP_MS);
		waited += LOCK_STEP_MS;
	}
	t->sole = is_local(t->lock);
	return 0;
}

void
target_done(struct target *t)
{
	closep(&t->lock); /* unlocks */
	closep(&t->dirfd);
	xfree(t->dir);
	xfree(t->name);
	xfree(t->path);
	*t = (struct target)TARGET_INIT;
}

/* ---- leases -------------------------------------------------------------------------- */
bool lease_none;

int
lease_take(int fd)
{
	struct sigaction sa;

	if (lease_none)
		return -ENOLCK;
	/* Who knocks raises SIGIO, which would end us. */
	if (sigaction(SIGIO, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL)
		signal(SIGIO, SIG_IGN);
	return fcntl(fd, F_SETLEASE, F_RDLCK) == 0 ? 0 : -errno;
}

bool
lease_drop(int fd)
{
	bool knocked = fcntl(fd, F_GETLEASE) != F_RDLCK;

	fcntl(fd, F_SETLEASE, F_UNLCK);
	return knocked;
}

/* ---- what it holds --------------------------------------------------------------------- */
void
snapshot_done(struct snapshot *s)
{
	xfree(s->data);
	*s = (struct snapshot){ 0 };
}

bool
snapshot_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool
snapshot_equal(const struct snapshot *a, const struct snapshot *b)
{
	return a->exists == b->exists && a->len == b->len &&
	    memcmp(a->data, b->data, a->len) == 0;
}

static int
check_file(
    const struct stat *st, const char *path, bool links, struct fault *fault)
{
	if (!S_ISREG(st->st_mode)) {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("%s is not a regular file"), path);
		fault_next(fault, "%s", _("Put a regular file there."));
	} else if (st->st_uid != geteuid()) {
		fault_set(fault, FAULT_SECURITY, REASON_FILE,
		    _("%s belongs to another user"), path);
		fault_next(fault, _("Make it yours: chown %ld %s"),
		    (long)geteuid(), path);
	} else if (st->st_nlink > 1 && !links) {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("%s has %lu hard links, which replacing it would part"),
		    path, (unsigned long)st->st_nlink);
		fault_next(fault, "%s",
		    _("Use a symbolic link instead, or "
		      "allow writing in place."));
	} else if (st->st_size > INI_MAX) {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("%s is larger than %d MiB"), path,
		    INI_MAX / (1024 * 1024));
		fault_next(fault, "%s",
		    _("Is that the right file? An AWS "
		      "file is small."));
	} else {
		return 0;
	}
	return -1;
}

/* 0; 1: it changed while it was read; negative errno. */
static int
read_stable(int fd, struct snapshot *s)
{
	struct stat now;
	size_t size = (size_t)s->st.st_size;

	s->data = xmalloc(size + 1);
	while (s->len < size) {
		ssize_t n =
		    pread(fd, s->data + s->len, size - s->len, (off_t)s->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 1;
		s->len += (size_t)n;
	}
	s->data[s->len] = '\0';
	if (fstat(fd, &now) != 0)
		return -errno;
	/* Not the ctime: a rename or a link moves it and leaves the bytes. */
	return now.st_size == s->st.st_size &&
		now.st_mtim.tv_sec == s->st.st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == s->st.st_mtim.tv_nsec ?
	    0 :
	    1;
}

/* 0; 1: again, it is being written; -1 with *fault. */
static int
read_fd(const struct target *t, int fd, struct snapshot *s, struct fault *fault)
{
	int r = lease_take(fd);

	s->exists = true;
	s->leased = r == 0;
	/* A writer who has it open may be half way through. */
	if (r == -EAGAIN)
		r = 1;
	else
		r = fstat(fd, &s->st) != 0 ? -errno : 0;
	lease_drop(fd);
	if (r == 0)
		r = read_stable(fd, s);
	if (r < 0)
		return file_fault(fault, _("read"), t->path, -r);
	return r;
}

static int
read_once(const struct target *t, const char *name, bool links,
    struct snapshot *s, struct fault *fault)
{
	_cleanup_free_ char *path = path_join(t->dir, name);
	_cleanup_close_ int fd = -1;

	fd = openat(t->dirfd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENOENT) {
		s->data = xstrdup("");
		return 0;
	}
	if (fd < 0)
		return file_fault(fault, _("read"), path, errno);
	if (fstat(fd, &s->st) != 0)
		return file_fault(fault, _("look at"), path, errno);
	if (check_file(&s->st, path, links, fault) < 0)
		return -1;
	return read_fd(t, fd, s, fault);
}

static int
still_written(const struct target *t, struct fault *fault)
{
	fault_set(fault, FAULT_TEMPORARY, REASON_FILE,
	    _("another program keeps writing to %s"), t->path);
	fault_next(fault, "%s",
	    _("awsfed tries again by itself; close the "
	      "program that holds the file."));
	return -1;
}

int
target_read(const struct target *t, const char *name, bool links,
    struct snapshot *ret, struct fault *fault)
{
	for (int waited = 0;; waited += WRITER_STEP_MS) {
		_cleanup_snapshot_ struct snapshot s = { 0 };
		int r = read_once(t, name, links, &s, fault);

		if (r < 0)
			return -1;
		if (r == 0) {
			*ret = s;
			s = (struct snapshot){ 0 };
			return 0;
		}
		if (waited >= WRITER_WAIT_MS)
			return still_written(t, fault);
		file_sleep(WRITER_STEP_MS);
	}
}

int
target_read_fd(
    const struct target *t, int fd, struct snapshot *ret, struct fault *fault)
{
	for (int waited = 0;; waited += WRITER_STEP_MS) {
		_cleanup_snapshot_ struct snapshot s = { 0 };
		int r = read_fd(t, fd, &s, fault);

		if (r < 0)
			return -1;
		if (r == 0) {
			*ret = s;
			s = (struct snapshot){ 0 };
			return 0;
		}
		if (waited >= WRITER_WAIT_MS)
			return still_written(t, fault);
		file_sleep(WRITER_STEP_MS);
	}
}
