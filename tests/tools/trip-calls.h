/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of libc that trip.c lets fail, and how each fails:
 *
 *   CALL(type, name, parameters, arguments)   -1 and errno
 *   PTR(type, name, parameters, arguments)    NULL and errno
 *   NUM(name, parameters, arguments)          the error is what it returns
 *
 * Those with more to them (short counts, a close that closes) are in trip.c.
 */
#define AT int dir, const char *path

CALL(int, __open_2, (const char *path, int flags), (path, flags))
CALL(int, __open64_2, (const char *path, int flags), (path, flags))
CALL(int, __openat_2, (AT, int flags), (dir, path, flags))
CALL(int, __openat64_2, (AT, int flags), (dir, path, flags))
CALL(int, fsync, (int fd), (fd))
CALL(int, fdatasync, (int fd), (fd))
CALL(int, ftruncate, (int fd, off_t len), (fd, len))
CALL(int, ftruncate64, (int fd, off64_t len), (fd, len))
CALL(off_t, lseek, (int fd, off_t at, int how), (fd, at, how))
CALL(off64_t, lseek64, (int fd, off64_t at, int how), (fd, at, how))
CALL(int, rename, (const char *from, const char *to), (from, to))
CALL(int, renameat, (AT, int to_dir, const char *to), (dir, path, to_dir, to))
CALL(int, renameat2, (AT, int to_dir, const char *to, unsigned flags),
    (dir, path, to_dir, to, flags))
CALL(int, linkat, (AT, int to_dir, const char *to, int flags),
    (dir, path, to_dir, to, flags))
CALL(int, unlink, (const char *path), (path))
CALL(int, unlinkat, (AT, int flags), (dir, path, flags))
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(int, mkdirat, (AT, mode_t mode), (dir, path, mode))
CALL(int, rmdir, (const char *path), (path))
CALL(int, chmod, (const char *path, mode_t mode), (path, mode))
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
CALL(int, stat, (const char *path, struct stat *st), (path, st))
CALL(int, stat64, (const char *path, struct stat64 *st), (path, st))
CALL(int, lstat, (const char *path, struct stat *st), (path, st))
CALL(int, lstat64, (const char *path, struct stat64 *st), (path, st))
CALL(int, fstat, (int fd, struct stat *st), (fd, st))
CALL(int, fstat64, (int fd, struct stat64 *st), (fd, st))
CALL(int, fstatat, (AT, struct stat *st, int flags), (dir, path, st, flags))
CALL(int, fstatat64, (AT, struct stat64 *st, int flags), (dir, path, st, flags))
CALL(int, statfs, (const char *path, struct statfs *st), (path, st))
CALL(int, fstatfs, (int fd, struct statfs *st), (fd, st))
CALL(int, access, (const char *path, int mode), (path, mode))
CALL(int, faccessat, (AT, int mode, int flags), (dir, path, mode, flags))
CALL(ssize_t, readlink, (const char *path, char *buf, size_t len),
    (path, buf, len))
CALL(ssize_t, readlinkat, (AT, char *buf, size_t len), (dir, path, buf, len))
CALL(int, flock, (int fd, int how), (fd, how))
CALL(int, dup, (int fd), (fd))
CALL(int, dup2, (int fd, int to), (fd, to))
CALL(int, dup3, (int fd, int to, int flags), (fd, to, flags))
CALL(int, pipe, (int fds[2]), (fds))
CALL(int, pipe2, (int fds[2], int flags), (fds, flags))
CALL(int, socket, (int domain, int type, int proto), (domain, type, proto))
CALL(int, socketpair, (int domain, int type, int proto, int fds[2]),
    (domain, type, proto, fds))
CALL(int, connect, (int fd, const struct sockaddr *sa, socklen_t len),
    (fd, sa, len))
CALL(int, bind, (int fd, const struct sockaddr *sa, socklen_t len),
    (fd, sa, len))
CALL(int, listen, (int fd, int backlog), (fd, backlog))
CALL(int, accept, (int fd, struct sockaddr *sa, socklen_t *len), (fd, sa, len))
CALL(int, accept4, (int fd, struct sockaddr *sa, socklen_t *len, int flags),
    (fd, sa, len, flags))
CALL(int, getsockopt,
    (int fd, int level, int name, void *value, socklen_t *len),
    (fd, level, name, value, len))
CALL(int, setsockopt,
    (int fd, int level, int name, const void *value, socklen_t len),
    (fd, level, name, value, len))
CALL(int, getsockname, (int fd, struct sockaddr *sa, socklen_t *len),
    (fd, sa, len))
CALL(int, getpeername, (int fd, struct sockaddr *sa, socklen_t *len),
    (fd, sa, len))
CALL(int, shutdown, (int fd, int how), (fd, how))
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *msg, int flags),
    (fd, msg, flags))
CALL(
    ssize_t, recvmsg, (int fd, struct msghdr *msg, int flags), (fd, msg, flags))
CALL(int, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms))
CALL(int, __poll_chk, (struct pollfd * fds, nfds_t n, int ms, size_t size),
    (fds, n, ms, size))
CALL(int, ppoll,
    (struct pollfd * fds, nfds_t n, const struct timespec *t,
	const sigset_t *set),
    (fds, n, t, set))
CALL(int, select,
    (int n, fd_set *in, fd_set *out, fd_set *err, struct timeval *t),
    (n, in, out, err, t))
CALL(int, epoll_create1, (int flags), (flags))
CALL(int, epoll_wait, (int fd, struct epoll_event *ev, int max, int ms),
    (fd, ev, max, ms))
CALL(int, timerfd_create, (int clock, int flags), (clock, flags))
CALL(int, timerfd_settime,
    (int fd, int flags, const struct itimerspec *t, struct itimerspec *old),
    (fd, flags, t, old))
CALL(int, eventfd, (unsigned n, int flags), (n, flags))
CALL(int, inotify_init1, (int flags), (flags))
CALL(int, inotify_add_watch, (int fd, const char *path, uint32_t mask),
    (fd, path, mask))
CALL(int, memfd_create, (const char *name, unsigned flags), (name, flags))
CALL(pid_t, fork, (void), ())
CALL(pid_t, waitpid, (pid_t pid, int *status, int flags), (pid, status, flags))
CALL(int, waitid, (idtype_t type, id_t id, siginfo_t *si, int flags),
    (type, id, si, flags))
CALL(int, pidfd_open, (pid_t pid, unsigned flags), (pid, flags))
CALL(pid_t, setsid, (void), ())
CALL(int, mlock, (const void *p, size_t len), (p, len))
CALL(int, mlock2, (const void *p, size_t len, unsigned flags), (p, len, flags))
CALL(int, mprotect, (void *p, size_t len, int prot), (p, len, prot))
CALL(int, madvise, (void *p, size_t len, int advice), (p, len, advice))
CALL(ssize_t, getrandom, (void *buf, size_t len, unsigned flags),
    (buf, len, flags))
CALL(int, getentropy, (void *buf, size_t len), (buf, len))
CALL(int, sigaction,
    (int sig, const struct sigaction *sa, struct sigaction *old),
    (sig, sa, old))
CALL(int, getrlimit, (__rlimit_resource_t what, struct rlimit *l), (what, l))
CALL(int, setrlimit, (__rlimit_resource_t what, const struct rlimit *l),
    (what, l))
CALL(int, tcgetattr, (int fd, struct termios *t), (fd, t))
CALL(int, tcsetattr, (int fd, int when, const struct termios *t), (fd, when, t))
CALL(int, gethostname, (char *name, size_t len), (name, len))
CALL(int, uname, (struct utsname * name), (name))
CALL(int, nanosleep, (const struct timespec *t, struct timespec *left),
    (t, left))
CALL(int, usleep, (useconds_t us), (us))
CALL(int, setenv, (const char *name, const char *value, int over),
    (name, value, over))

PTR(FILE *, fopen, (const char *path, const char *mode), (path, mode))
PTR(FILE *, fopen64, (const char *path, const char *mode), (path, mode))
PTR(FILE *, fdopen, (int fd, const char *mode), (fd, mode))
PTR(DIR *, opendir, (const char *path), (path))
PTR(DIR *, fdopendir, (int fd), (fd))

NUM(posix_spawn,
    (pid_t * pid, const char *path, const posix_spawn_file_actions_t *fa,
	const posix_spawnattr_t *at, char *const *argv, char *const *envp),
    (pid, path, fa, at, argv, envp))
NUM(posix_spawn_file_actions_adddup2,
    (posix_spawn_file_actions_t * fa, int fd, int to), (fa, fd, to))
NUM(posix_spawn_file_actions_addclosefrom_np,
    (posix_spawn_file_actions_t * fa, int from), (fa, from))
NUM(pthread_create,
    (pthread_t * thread, const pthread_attr_t *at, void *(*fn)(void *),
	void *arg),
    (thread, at, fn, arg))
NUM(getpwuid_r,
    (uid_t uid, struct passwd *pw, char *buf, size_t len, struct passwd **ret),
    (uid, pw, buf, len, ret))
#undef AT
