/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls a worker may make, by seccomp.
 *
 * A list of what is allowed, since a list of what is not is out of date with
 * the next kernel.  Such lists break programs on another distribution when its
 * libc tries a newer call first: it goes on with the older one only when the
 * answer is ENOSYS.  So that is the answer to whatever is in neither list: the
 * worker sees an older kernel, which every libc knows how to live with.  What
 * is refused by name gets EPERM (as from systemd's filters): nothing that a
 * library needs, but some that libraries try.  Nothing is answered by death but
 * calls of another architecture: a sign-in should not end because a new
 * version of a library looks what the machine can do.
 */
#include <asm/termios.h> /* the kernel's: in libc's the sizes differ */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "awsfed/xalloc.h"
#include "sandbox.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define EVERY_BIT 0xffffffffU

/* ---- the lists ------------------------------------------------------------------ */

static const char *const allowed[] = {
	/* Files: which ones, Landlock says. */
	"read", "readv", "pread64", "preadv", "preadv2", "write", "writev",
	"pwrite64", "pwritev", "pwritev2", "close", "close_range", "stat",
	"stat64", "lstat", "lstat64", "fstat", "fstat64", "fstatat64",
	"newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink",
	"readlinkat", "getdents", "getdents64", "lseek", "_llseek", "flock",
	"dup", "dup2", "dup3", "pipe", "pipe2", "statfs", "statfs64", "fstatfs",
	"fstatfs64", "getcwd", "fadvise64", "fadvise64_64", "arm_fadvise64_64",
	"readahead", "fsync", "fdatasync", "ftruncate", "ftruncate64",
	"sendfile", "sendfile64", "umask",
	/* Memory. */
	"brk", "mmap", "mmap2", "munmap", "mprotect", "mremap", "madvise",
	"mlock", "mlock2", "munlock", "mincore", "msync", "membarrier",
	"memfd_create", "get_mempolicy",
	/* Threads and signals of its own. */
	"futex", "futex_time64", "futex_waitv", "set_robust_list",
	"get_robust_list", "set_tid_address", "rseq", "sched_yield",
	"sched_getaffinity", "sched_getparam", "sched_getscheduler",
	"sched_get_priority_max", "sched_get_priority_min", "getcpu", "gettid",
	"exit", "exit_group", "arch_prctl", "set_thread_area",
	"get_thread_area", "set_tls", "cacheflush", "riscv_flush_icache",
	"riscv_hwprobe", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait",
	"rt_sigtimedwait_time64", "sigaltstack", "sigaction", "sigprocmask",
	"sigreturn", "restart_syscall", "pause", "alarm", "setitimer",
	"getitimer",
	/* Time and waiting. */
	"clock_gettime", "clock_gettime64", "clock_getres",
	"clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64",
	"nanosleep", "gettimeofday", "time", "times", "timerfd_create",
	"timerfd_settime", "timerfd_settime64", "timerfd_gettime",
	"timerfd_gettime64", "poll", "ppoll", "ppoll_time64", "select",
	"_newselect", "pselect6", "pselect6_time64", "epoll_create",
	"epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2",
	/* Who it is, and where. */
	"getpid", "getppid", "getuid", "getuid32", "geteuid", "geteuid32",
	"getgid", "getgid32", "getegid", "getegid32", "getresuid",
	"getresuid32", "getresgid", "getresgid32", "getgroups", "getgroups32",
	"getpgrp", "getpgid", "getsid", "uname", "sysinfo", "getrlimit",
	"ugetrlimit", "getrusage", "getrandom", "capget", "getpriority",
/* The network; socket and socketpair are below. */
#if defined(__i386__)
	"socketcall",
#endif
	"connect", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom",
	"recvmsg", "recvmmsg", "recvmmsg_time64", "shutdown", "getsockname",
	"getpeername", "getsockopt", "setsockopt"
};

/* A ticket cache or a token's store is written to. */
static const char *const allowed_writing[] = { "unlink", "unlinkat", "rename",
	"renameat", "renameat2" };

/* Tickets in the kernel's keyring. */
static const char *const allowed_keyring[] = { "keyctl", "add_key",
	"request_key" };

/* The leak check stops the program from a process of its own. */
static const char *const allowed_sanitizer[] = { "clone", "ptrace", "prctl",
	"kill", "tgkill", "tkill", "wait4", "waitid", "personality",
	"prlimit64", "process_vm_readv", "ioctl" };

static const char *const refused[] = { "execve", "execveat", "fork", "vfork",
	/* Other processes. */
	"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise",
	"process_mrelease", "pidfd_open", "pidfd_getfd", "pidfd_send_signal",
	"kcmp", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "setpriority",
	"setpgid", "setsid", "sched_setaffinity", "sched_setparam",
	"sched_setscheduler", "sched_setattr", "ioprio_set", "move_pages",
	"migrate_pages",
	/* Large surfaces of the kernel. */
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup",
	"io_uring_enter", "io_uring_register", "io_setup", "io_submit",
	"keyctl", "add_key", "request_key", "seccomp", "vmsplice", "splice",
	"tee", "lookup_dcookie", "memfd_secret",
	/* Other roots, other names. */
	"unshare", "setns", "mount", "umount", "umount2", "pivot_root",
	"chroot", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount",
	"fspick", "mount_setattr", "open_tree_attr", "name_to_handle_at",
	"open_by_handle_at", "fanotify_init", "fanotify_mark", "quotactl",
	"quotactl_fd",
	/* What of files is not Landlock's. */
	"chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "chown32",
	"lchown", "lchown32", "fchown", "fchown32", "fchownat", "utime",
	"utimes", "utimensat", "utimensat_time64", "futimesat", "setxattr",
	"lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr",
	"fremovexattr", "removexattrat", "mknod", "mknodat", "link", "linkat",
	"symlink", "symlinkat", "mkdir", "mkdirat", "rmdir", "truncate",
	"truncate64", "unlink", "unlinkat", "rename", "renameat", "renameat2",
	"fallocate", "chdir", "fchdir",
	/* A server. */
	"bind", "listen", "accept", "accept4",
	/* The machine, and who we are. */
	"setuid", "setuid32", "setgid", "setgid32", "setreuid", "setreuid32",
	"setregid", "setregid32", "setresuid", "setresuid32", "setresgid",
	"setresgid32", "setgroups", "setgroups32", "setfsuid", "setfsuid32",
	"setfsgid", "setfsgid32", "capset", "setrlimit", "settimeofday",
	"clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64",
	"adjtimex", "stime", "sethostname", "setdomainname", "reboot",
	"kexec_load", "kexec_file_load", "init_module", "finit_module",
	"delete_module", "swapon", "swapoff", "acct", "iopl", "ioperm",
	"modify_ldt", "personality", "syslog", "vhangup", "nfsservctl",
	"uselib", "landlock_create_ruleset", "landlock_add_rule",
	"landlock_restrict_self" };

/* ---- rules ------------------------------------------------------------------------- */

struct filter {
	scmp_filter_ctx ctx;
	int error; /* the first one */
};

/* One rule on a call; a name that libseccomp or the machine has not is none. */
static void
rule(struct filter *f, uint32_t action, const char *name, unsigned n,
    const struct scmp_arg_cmp *args)
{
	int nr = seccomp_syscall_resolve_name(name);
	int r;

	if (nr == __NR_SCMP_ERROR || f->error < 0)
		return;
	r = seccomp_rule_add_array(f->ctx, action, nr, n, args);
	/* Unknown to this architecture; said already. */
	if (r < 0 && r != -EDOM && r != -EEXIST)
		f->error = r;
}

#define RULE(f, action, name, ...) \
	do { \
		const struct scmp_arg_cmp args_[] = { __VA_ARGS__ }; \
		rule(f, action, name, ARRAY_SIZE(args_), args_); \
	} while (0)

static void
rules(struct filter *f, uint32_t action, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rule(f, action, names[i], 0, NULL);
}

static bool
among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/*
 * TCP and UDP; Unix for a job that needs it.  Whatever else there is gets the
 * answer of a kernel that was built without it: getaddrinfo(3) goes on without
 * AF_NETLINK, and without AF_UNIX (sandbox-names.c).
 *
 * The resolver's thread and libcurl talk by a pair of streams, which can be
 * connected to nothing else.  A pair of datagram sockets can: each may be sent
 * from to any address.
 *
 * 32-bit x86 has all of this behind socketcall(2) as well, whose arguments no
 * filter sees: there the family is not restricted.
 */
static void
socket_rules(struct filter *f, bool local)
{
	static const struct {
		uint64_t type;
		uint64_t protocol;
	} kinds[] = {
		{ SOCK_STREAM, 0 },
		{ SOCK_STREAM, IPPROTO_TCP },
		{ SOCK_DGRAM, 0 },
		{ SOCK_DGRAM, IPPROTO_UDP },
	};
	static const uint64_t inet[] = { AF_INET, AF_INET6 };
	static const uint64_t others[] = { 0, SOCK_RAW, SOCK_RDM,
		SOCK_SEQPACKET, SOCK_DCCP, SOCK_PACKET };
	static const uint64_t pairs[] = { SOCK_DGRAM, SOCK_RAW,
		SOCK_SEQPACKET };

	for (size_t i = 0; i < ARRAY_SIZE(inet); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			RULE(f, SCMP_ACT_ALLOW, "socket",
			    SCMP_A0_64(SCMP_CMP_EQ, inet[i]),
			    SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xf, kinds[k].type),
			    SCMP_A2_64(SCMP_CMP_EQ, kinds[k].protocol));
		for (size_t k = 0; k < ARRAY_SIZE(others); k++)
			RULE(f, SCMP_ACT_ERRNO(EPERM), "socket",
			    SCMP_A0_64(SCMP_CMP_EQ, inet[i]),
			    SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xf, others[k]));
	}
	if (local)
		RULE(f, SCMP_ACT_ALLOW, "socket",
		    SCMP_A0_64(SCMP_CMP_EQ, AF_UNIX));
	RULE(f, SCMP_ACT_ALLOW, "socketpair", SCMP_A0_64(SCMP_CMP_EQ, AF_UNIX),
	    SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
	for (size_t k = 0; k < ARRAY_SIZE(pairs); k++)
		RULE(f, SCMP_ACT_ERRNO(EPERM), "socketpair",
		    SCMP_A0_64(SCMP_CMP_EQ, AF_UNIX),
		    SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xf, pairs[k]));
	for (uint64_t family = 0; family < AF_INET6; family++)
		if ((family != AF_UNIX || !local) && family != AF_INET)
			RULE(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket",
			    SCMP_A0_64(SCMP_CMP_EQ, family));
	RULE(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket",
	    SCMP_A0_64(SCMP_CMP_GT, AF_INET6));
}

/*
 * A thread, as the resolver's, is no process, and has nothing of its own that
 * another process could not have; clone3 hides what it is.
 */
static void
process_rules(struct filter *f)
{
#if defined(__s390__)
	const unsigned flags = 1;
#else
	const unsigned flags = 0;
#endif
	const uint64_t me = (uint64_t)getpid();
	const uint64_t others = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
	    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
	    CLONE_PTRACE;

	if (!SANITIZED) {
		RULE(f, SCMP_ACT_ALLOW, "clone",
		    SCMP_CMP64(flags, SCMP_CMP_MASKED_EQ, CLONE_THREAD | others,
			CLONE_THREAD));
		RULE(f, SCMP_ACT_ERRNO(EPERM), "clone",
		    SCMP_CMP64(flags, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
		for (int i = 0; i < 2; i++) {
			const char *name = i == 0 ? "kill" : "tgkill";

			RULE(f, SCMP_ACT_ALLOW, name,
			    SCMP_A0_64(SCMP_CMP_EQ, me));
			RULE(f, SCMP_ACT_ERRNO(EPERM), name,
			    SCMP_A0_64(SCMP_CMP_LT, me));
			RULE(f, SCMP_ACT_ERRNO(EPERM), name,
			    SCMP_A0_64(SCMP_CMP_GT, me));
		}
		RULE(
		    f, SCMP_ACT_ALLOW, "prlimit64", SCMP_A0_64(SCMP_CMP_EQ, 0));
		RULE(f, SCMP_ACT_ERRNO(EPERM), "prlimit64",
		    SCMP_A0_64(SCMP_CMP_NE, 0));
	}
}

/* Not F_SETOWN and its kind: they have the kernel send signals to others. */
static void
descriptor_rules(struct filter *f)
{
	static const char *const names[] = { "fcntl", "fcntl64" };
	static const uint64_t commands[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,
		F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW,
		F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_GETPIPE_SZ,
		F_SETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS, F_GETOWN };
#if !defined(__LP64__)
	static const uint64_t wide[] = { F_GETLK64, F_SETLK64, F_SETLKW64 };
#endif
	static const uint64_t signals[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG };

	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
#if !defined(__LP64__)
		for (size_t i = 0; i < ARRAY_SIZE(wide); i++)
			RULE(f, SCMP_ACT_ALLOW, names[n],
			    SCMP_A1_64(SCMP_CMP_EQ, wide[i]));
#endif
		for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
			RULE(f, SCMP_ACT_ALLOW, names[n],
			    SCMP_A1_64(SCMP_CMP_EQ, commands[i]));
		for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
			RULE(f, SCMP_ACT_ERRNO(EPERM), names[n],
			    SCMP_A1_64(SCMP_CMP_EQ, signals[i]));
	}
}

/*
 * Most machines number these alike; powerpc, mips, alpha and sparc have numbers
 * with sizes of the kernel's structs in them.
 */
static void
odd_rules(struct filter *f)
{
	static const uint64_t requests[] = {
		TCGETS,
		TIOCGWINSZ,
		FIONREAD,
		FIONBIO,
		FIOCLEX,
		FIONCLEX,
		FIOASYNC,
		SIOCGIFCONF,
		SIOCGIFFLAGS,
		SIOCGIFINDEX,
		SIOCGIFNAME,
		SIOCGIFADDR,
#if defined(TCGETS2) /* not on powerpc */
		TCGETS2
#endif
	};
	static const uint64_t typing[] = { TIOCSTI, TIOCLINUX, TIOCSCTTY };
	static const uint64_t options[] = { PR_SET_NAME, PR_GET_NAME,
		PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP,
		PR_GET_PDEATHSIG, PR_CAPBSET_READ, PR_SET_VMA };

	if (SANITIZED)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		RULE(f, SCMP_ACT_ALLOW, "ioctl",
		    SCMP_A1_64(SCMP_CMP_MASKED_EQ, EVERY_BIT, requests[i]));
	for (size_t i = 0; i < ARRAY_SIZE(typing); i++)
		RULE(f, SCMP_ACT_ERRNO(EPERM), "ioctl",
		    SCMP_A1_64(SCMP_CMP_MASKED_EQ, EVERY_BIT, typing[i]));
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		RULE(f, SCMP_ACT_ALLOW, "prctl",
		    SCMP_A0_64(SCMP_CMP_EQ, options[i]));
	RULE(f, SCMP_ACT_ALLOW, "prctl",
	    SCMP_A0_64(SCMP_CMP_EQ, PR_SET_DUMPABLE),
	    SCMP_A1_64(SCMP_CMP_EQ, 0));
	RULE(f, SCMP_ACT_ERRNO(EPERM), "prctl",
	    SCMP_A0_64(SCMP_CMP_EQ, PR_SET_DUMPABLE),
	    SCMP_A1_64(SCMP_CMP_NE, 0));
	RULE(f, SCMP_ACT_ERRNO(EPERM), "prctl",
	    SCMP_A0_64(SCMP_CMP_EQ, PR_SET_PDEATHSIG));
}

/*
 * Where no Landlock is, and nothing is to be written, files are at least only
 * read; openat2, whose flags cannot be seen here, is not there.
 */
static void
open_rules(struct filter *f, bool only_read)
{
	const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC;

	if (!only_read) {
		rule(f, SCMP_ACT_ALLOW, "open", 0, NULL);
		rule(f, SCMP_ACT_ALLOW, "openat", 0, NULL);
		rule(f, SCMP_ACT_ALLOW, "openat2", 0, NULL);
		return;
	}
	RULE(f, SCMP_ACT_ALLOW, "open",
	    SCMP_A1_64(SCMP_CMP_MASKED_EQ, writing, 0));
	RULE(f, SCMP_ACT_ALLOW, "openat",
	    SCMP_A2_64(SCMP_CMP_MASKED_EQ, writing, 0));
}

#define SOME(list) list, ARRAY_SIZE(list)

/*
 * Options of sockets that put a program or a protocol's state machine of the
 * kernel's behind one.  A filter of its own: where two say something of a call,
 * the stricter holds, and a rule with exceptions cannot be had of libseccomp.
 */
static int
option_filter(void)
{
	static const struct {
		uint64_t level;
		uint64_t name;
	} options[] = {
		{ SOL_SOCKET, SO_ATTACH_FILTER },
		{ SOL_SOCKET, SO_ATTACH_BPF },
		{ SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF },
		{ SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF },
		{ IPPROTO_TCP, TCP_ULP },
		{ IPPROTO_UDP, UDP_ENCAP },
	};
	struct filter f = { .ctx = seccomp_init(SCMP_ACT_ALLOW) };

	if (f.ctx == NULL)
		return -ENOMEM;
	f.error = seccomp_attr_set(f.ctx, SCMP_FLTATR_API_SYSRAWRC, 1);
	/* The kernel looks at the lower half of both. */
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		RULE(&f, SCMP_ACT_ERRNO(EPERM), "setsockopt",
		    SCMP_A1_64(SCMP_CMP_MASKED_EQ, EVERY_BIT, options[i].level),
		    SCMP_A2_64(SCMP_CMP_MASKED_EQ, EVERY_BIT, options[i].name));
	if (f.error == 0)
		f.error = seccomp_load(f.ctx);
	seccomp_release(f.ctx);
	return f.error;
}

/*
 * Can there be filters?  A kernel that has them looks for the program, which is
 * not there: EFAULT (seccomp(2)).  One built without says EINVAL, an emulator of
 * one ENOSYS: 0.  Any other answer is somebody's who wants us to have none.
 */
static int
filters(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) == 0 ||
	    errno == EFAULT)
		return 1;
	return errno == EINVAL || errno == ENOSYS ? 0 : -errno;
}

int
sandbox_calls(const struct sandbox_needs *n, bool files_open)
{
	struct filter f = { 0 };
	bool writes = n->write.n > 0;
	int r = filters();

	if (r <= 0)
		return r;
	r = option_filter();
	if (r < 0)
		return r;
	f.ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (f.ctx == NULL)
		return -ENOMEM;
	/* The kernel's errno, where libseccomp lets it through. */
	f.error = seccomp_attr_set(f.ctx, SCMP_FLTATR_API_SYSRAWRC, 1);
	/* Before Linux 4.14 the thread alone is killed, which is the default. */
	(void)seccomp_attr_set(
	    f.ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	rules(&f, SCMP_ACT_ALLOW, SOME(allowed));
	if (writes)
		rules(&f, SCMP_ACT_ALLOW, SOME(allowed_writing));
	if (n->keyring)
		rules(&f, SCMP_ACT_ALLOW, SOME(allowed_keyring));
	if (SANITIZED)
		rules(&f, SCMP_ACT_ALLOW, SOME(allowed_sanitizer));
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		const char *name = refused[i];

		if ((writes && among(name, SOME(allowed_writing))) ||
		    (n->keyring && among(name, SOME(allowed_keyring))) ||
		    (SANITIZED && among(name, SOME(allowed_sanitizer))))
			continue;
		rule(&f, SCMP_ACT_ERRNO(EPERM), name, 0, NULL);
	}
	socket_rules(&f, n->sockets != NULL);
	process_rules(&f);
	descriptor_rules(&f);
	odd_rules(&f);
	open_rules(&f, files_open && !writes && !SANITIZED);
	if (f.error == 0)
		f.error = seccomp_load(f.ctx);
	seccomp_release(f.ctx);
	return f.error < 0 ? f.error : 1;
}
