/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each forbidden act, tried from inside the worker's own sandbox, fails; each
 * that a sign-in needs succeeds.  Every act has a process of its own, which
 * enters the sandbox as the worker does and ends with what errno the act got.
 */
#include "unit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/wire.h"
#include "sandbox.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#define NOT_RUN 250 /* the sandbox could not be entered */

static char *home;
static pid_t parent;
static bool landlock;
static bool without;	     /* in a kernel without Landlock, or so it seems */
static bool names_by_socket; /* this machine's nsswitch.conf is odd */
static bool mountable;	     /* another nsswitch.conf can be put there */
static const char *switch_file; /* in the place of nsswitch.conf; NULL: none */
static struct sockaddr_un agent_socket, bus_socket, notify_socket;

static char *
at(const char *name)
{
	return path_join(home, name);
}

/* ---- the acts: 0, or errno --------------------------------------------------------- */

static int
result(long r)
{
	return r < 0 ? errno : 0;
}

static int
open_at(const char *name, int flags)
{
	_cleanup_free_ char *path = name[0] == '/' ? xstrdup(name) : at(name);
	int fd = open(path, flags | O_CLOEXEC, 0600);
	char byte;
	int e = result(fd);

	if (fd >= 0 && (flags & O_ACCMODE) == O_RDONLY &&
	    (flags & O_DIRECTORY) == 0)
		e = result(read(fd, &byte, 1));
	if (fd >= 0)
		close(fd);
	return e;
}

#define READS(fn, name) \
	static int fn(void) \
	{ \
		return open_at(name, O_RDONLY); \
	}
READS(read_credentials, ".aws/credentials")
READS(read_config, ".aws/config")
READS(read_ssh, ".ssh/id_ed25519")
READS(read_other, "letter")
READS(read_shadow, "shadow")
READS(read_etc_shadow, "/etc/shadow")
READS(read_keytab, "keytab")
READS(read_proc, "/proc/self/environ")
READS(read_ca, "ca.pem")
READS(read_key, "key.pem")
READS(read_cache, "krb5cc")
READS(read_krb5, "krb5.conf")
READS(read_include, "more.conf")
READS(read_included, "krb5.d/one")
READS(read_anchor, "proxy.pem")
READS(read_anchors, "anchors/one")
READS(read_hosts, "/etc/hosts")
READS(read_zone, "/usr/share/zoneinfo/UTC")
READS(read_random, "/dev/urandom")
READS(read_module, "vendor/libpkcs11.so")
READS(read_beside, "vendor/libdep.so")
READS(read_top, "libtop.so")

static int
list_home(void)
{
	return open_at(".", O_RDONLY | O_DIRECTORY);
}

static int
list_root(void)
{
	return open_at("/", O_RDONLY | O_DIRECTORY);
}

static int
write_cache(void)
{
	return open_at("krb5cc", O_WRONLY);
}

static int
write_ca(void)
{
	return open_at("ca.pem", O_WRONLY);
}

static int
write_letter(void)
{
	return open_at("letter", O_WRONLY | O_APPEND);
}

static int
create(void)
{
	return open_at("new", O_WRONLY | O_CREAT | O_EXCL);
}

static int
create_in_tmp(void)
{
	_cleanup_free_ char *path =
	    xasprintf("/tmp/awsfed-new-%ld", (long)getpid());
	int e = open_at(path, O_WRONLY | O_CREAT | O_EXCL);

	unlink(path);
	return e;
}

static int
create_by_run(void)
{
	return open_at("run/awsfed/control.new", O_WRONLY | O_CREAT);
}

static int
truncate_letter(void)
{
	_cleanup_free_ char *path = at("letter");

	return result(truncate(path, 0));
}

#define ON_LETTER(fn, call) \
	static int fn(void) \
	{ \
		_cleanup_free_ char *path = at("letter"); \
		_cleanup_free_ char *other = at("other"); \
\
		(void)other; \
		return result(call); \
	}
ON_LETTER(remove_letter, unlink(path))
ON_LETTER(rename_letter, rename(path, other))
ON_LETTER(link_letter, link(path, other))
ON_LETTER(symlink_letter, symlink(path, other))
ON_LETTER(chmod_letter, chmod(path, 0666))
ON_LETTER(chown_letter, chown(path, 1, 1))
ON_LETTER(touch_letter, utimes(path, NULL))
ON_LETTER(xattr_letter, setxattr(path, "user.x", "y", 1, 0))
ON_LETTER(make_folder, mkdir(other, 0700))
ON_LETTER(make_fifo, mkfifo(other, 0600))

static int
run_program(void)
{
	char name[] = "/bin/true";
	char *argv[] = { name, NULL };

	execv(name, argv);
	return errno;
}

static int
run_descriptor(void)
{
	char name[] = "true", *argv[] = { name, NULL }, *envp[] = { NULL };
	int fd = open("/usr/bin/true", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NOT_RUN;
	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	return errno;
}

static int
child_of(pid_t pid)
{
	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int
fork_it(void)
{
	return child_of((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int
fork_by_libc(void)
{
	return child_of(fork());
}

static int
fork_by_clone3(void)
{
	struct {
		uint64_t flags, pidfd, child, parent, signal, stack, size, tls;
	} args = { .signal = SIGCHLD };

	return child_of((pid_t)syscall(435, &args, sizeof(args)));
}

static int
trace_parent(void)
{
	return result(ptrace(PTRACE_SEIZE, parent, NULL, NULL));
}

static int
read_parent(void)
{
	char byte;
	struct iovec to = { &byte, 1 }, from = { &parent, 1 };

	return result(process_vm_readv(parent, &to, 1, &from, 1, 0));
}

static int
write_parent(void)
{
	char byte = 0;
	struct iovec to = { &byte, 1 }, from = { &parent, 1 };

	return result(process_vm_writev(parent, &to, 1, &from, 1, 0));
}

static int
memory_of_parent(void)
{
	_cleanup_free_ char *path = xasprintf("/proc/%ld/mem", (long)parent);

	return open_at(path, O_RDONLY);
}

static int
descriptor_of_parent(void)
{
	return result(syscall(SYS_pidfd_open, parent, 0));
}

static int
signal_parent(void)
{
	return result(kill(parent, 0));
}

static int
signal_all(void)
{
	return result(kill(-1, 0));
}

static int
limit_parent(void)
{
	struct rlimit l;

	return result(prlimit(parent, RLIMIT_NOFILE, NULL, &l));
}

static int
socket_of(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	if (fd >= 0)
		close(fd);
	return result(fd);
}

#define SOCKET(fn, family, type, protocol) \
	static int fn(void) \
	{ \
		return socket_of(family, type, protocol); \
	}
SOCKET(netlink, AF_NETLINK, SOCK_RAW, 0)
SOCKET(packet, AF_PACKET, SOCK_RAW, 0)
SOCKET(vsock, AF_VSOCK, SOCK_STREAM, 0)
SOCKET(bluetooth, AF_BLUETOOTH, SOCK_STREAM, 0)
SOCKET(crypto, AF_ALG, SOCK_SEQPACKET, 0)
SOCKET(raw, AF_INET, SOCK_RAW, IPPROTO_ICMP)
SOCKET(raw6, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)
SOCKET(ping, AF_INET, SOCK_DGRAM, IPPROTO_ICMP)
SOCKET(sctp, AF_INET, SOCK_STREAM, IPPROTO_SCTP)
SOCKET(mptcp, AF_INET, SOCK_STREAM, 262)
SOCKET(udp_lite, AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE)
SOCKET(tcp, AF_INET, SOCK_STREAM, IPPROTO_TCP)
SOCKET(tcp6, AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
SOCKET(udp, AF_INET, SOCK_DGRAM, IPPROTO_UDP)
SOCKET(local, AF_UNIX, SOCK_STREAM, 0)
SOCKET(local_flags, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
SOCKET(local_datagram, AF_UNIX, SOCK_DGRAM, 0)
SOCKET(local_packet, AF_UNIX, SOCK_SEQPACKET, 0)

static int
serve(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? NOT_RUN :
			result(bind(fd, (struct sockaddr *)&in, sizeof(in)));
}

static int
serve_without_bind(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? NOT_RUN : result(listen(fd, 1));
}

#define CALL(fn, ...) \
	static int fn(void) \
	{ \
		return result(syscall(__VA_ARGS__)); \
	}
CALL(new_user_namespace, SYS_unshare, CLONE_NEWUSER)
CALL(new_mounts, SYS_unshare, CLONE_NEWNS)
CALL(enter_namespace, SYS_setns, 0, CLONE_NEWNET)
CALL(mount_it, SYS_mount, "none", "/mnt", "tmpfs", 0UL, NULL)
CALL(change_root, SYS_chroot, "/")
CALL(uring, SYS_io_uring_setup, 1, NULL)
CALL(bpf, SYS_bpf, 0, NULL, 0)
CALL(perf, SYS_perf_event_open, NULL, 0, -1, -1, 0)
CALL(userfaults, SYS_userfaultfd, 0)
CALL(keyring, SYS_keyctl, 0, -3, 0, 0, 0)
CALL(add_key, SYS_add_key, "user", "x", "y", 1UL, -3)
CALL(load_module, SYS_init_module, NULL, 0UL, "")
CALL(become, SYS_setuid, 1)
CALL(set_clock, SYS_settimeofday, NULL, NULL)
CALL(by_handle, SYS_open_by_handle_at, -1, NULL, 0)
CALL(no_such_call, 999)
CALL(loosen, SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL)
CALL(pidfd_take, 438, -1, 0, 0)
CALL(pidfd_signal, 424, -1, 0, NULL, 0)
CALL(advise_another, 440, -1, NULL, 0UL, 0, 0)
CALL(compare, SYS_kcmp, parent, parent, 0, 0UL, 0UL)
CALL(queue_signal, SYS_rt_sigqueueinfo, parent, 0, NULL)
CALL(signal_thread, SYS_tkill, parent, 0)
CALL(signal_wide, SYS_kill, (1UL << 32) | (unsigned long)parent, 0)
CALL(new_session, SYS_setsid)
CALL(new_group, SYS_setpgid, 0, 0)
CALL(other_personality, SYS_personality, 0x0040000)
CALL(handle_of, SYS_name_to_handle_at, AT_FDCWD, "/", NULL, NULL, 0)
CALL(request_key, SYS_request_key, "user", "x", NULL, 0)
CALL(uring_enter, 426, -1, 0, 0, 0, NULL, 0UL)
CALL(uring_register, 427, -1, 0, NULL, 0)
CALL(pivot, SYS_pivot_root, "/", "/")
CALL(tree, 428, AT_FDCWD, "/", 0)
CALL(file_system, 430, "tmpfs", 0)
CALL(memory_of_system_v, SYS_shmget, 1, 4096UL, 0666)
CALL(message_queue, SYS_mq_open, "x", O_RDWR, 0600, NULL)
CALL(copy_range, SYS_copy_file_range, 0, NULL, 1, NULL, 1UL, 0)
CALL(gift_pages, SYS_vmsplice, 0, NULL, 0UL, 0)
CALL(wide_family, SYS_socket, (1UL << 32) | AF_NETLINK, SOCK_RAW, 0)
CALL(wide_inet, SYS_socket, (1UL << 32) | AF_INET, SOCK_RAW, IPPROTO_ICMP)
CALL(trace_me, SYS_prctl, PR_SET_PTRACER, -1L, 0, 0, 0)
CALL(own_memory_map, SYS_prctl, PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0)
CALL(paste, SYS_ioctl, 0, TIOCLINUX, "x")
CALL(foreground, SYS_ioctl, 0, TIOCSPGRP, &parent)
CALL(line_discipline, SYS_ioctl, 0, TIOCSETD, "x")
CALL(owner_by_ioctl, SYS_ioctl, 3, FIOSETOWN, &parent)
CALL(mount_clone, SYS_clone,
    CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWNET, NULL, 0, 0, 0)

static int
set_option(int level, int name, const void *value, socklen_t len)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? NOT_RUN :
			result(setsockopt(fd, level, name, value, len));
}

static int
kernel_tls(void)
{
	return set_option(IPPROTO_TCP, TCP_ULP, "tls", 3);
}

static int
socket_filter(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	return set_option(
	    SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int
keep_alive(void)
{
	int yes = 1;
	int e = set_option(SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));

	return e != 0 ? e :
			set_option(IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

static int
run_memory(void)
{
	char name[] = "x", *argv[] = { name, NULL }, *envp[] = { NULL };
	int fd = (int)syscall(SYS_memfd_create, "x", 0);

	if (fd < 0 || write(fd, "#!/bin/sh\n", 10) != 10)
		return NOT_RUN;
	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	return errno;
}

static int
dumpable_again(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
outlive(void)
{
	return result(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
}

static int
type_at_terminal(void)
{
	return result(ioctl(0, TIOCSTI, "x"));
}

static int
dump_core(void)
{
	struct rlimit l = { 1, 1 };

	if (getrlimit(RLIMIT_CORE, &l) < 0 || l.rlim_max != 0 ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 0;
	l.rlim_cur = l.rlim_max = 1;
	return result(setrlimit(RLIMIT_CORE, &l));
}

static int
own_signal(void)
{
	int pair[2], e;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 0;
	e = result(fcntl(pair[0], F_SETSIG, SIGKILL));
	return e != EPERM ? e : result(fcntl(pair[0], F_SETOWN, getppid()));
}

static int
inherited(void)
{
	return result(fcntl(100, F_GETFD));
}

static int
use(int type, const struct sockaddr_un *where)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), e;

	if (fd < 0)
		return errno;
	e = result(connect(fd, (const struct sockaddr *)where, sizeof(*where)));
	close(fd);
	return e;
}

static int
use_agent(void)
{
	return use(SOCK_STREAM, &agent_socket);
}

static int
use_bus(void)
{
	return use(SOCK_STREAM, &bus_socket);
}

static int
use_notify(void)
{
	return use(SOCK_DGRAM, &notify_socket);
}

/* One of a pair speaks to somebody else than the other. */
static int
pair_out(int type)
{
	int sv[2];

	if (socketpair(AF_UNIX, type, 0, sv) < 0)
		return errno;
	return result(sendto(sv[0], "x", 1, MSG_NOSIGNAL,
	    (struct sockaddr *)&notify_socket, sizeof(notify_socket)));
}

static int
pair_of_datagrams(void)
{
	return pair_out(SOCK_DGRAM);
}

static int
pair_of_packets(void)
{
	int sv[2];

	return result(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
}

static int
pair_of_streams(void)
{
	return pair_out(SOCK_STREAM);
}

static int
pair_to_agent(void)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0)
		return NOT_RUN;
	close(sv[1]);
	shutdown(sv[0], SHUT_RDWR);
	return result(connect(
	    sv[0], (struct sockaddr *)&agent_socket, sizeof(agent_socket)));
}

/* ---- what a sign-in needs ------------------------------------------------------------ */

static int
look_up(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	int r = getaddrinfo("localhost", "443", &hints, &list);

	if (r == 0)
		freeaddrinfo(list);
	return r == 0 ? 0 : ENOENT;
}

static void *
in_thread(void *arg)
{
	*(int *)arg = look_up();
	return arg;
}

static int
thread(void)
{
	pthread_t t;
	int e = EINVAL, r = pthread_create(&t, NULL, in_thread, &e);

	if (r == 0)
		r = pthread_join(t, NULL);
	return r != 0 ? r : e;
}

static int
connect_out(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(1),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int e = fd < 0 ? errno : result(connect(fd, (void *)&in, sizeof(in)));

	return e == ECONNREFUSED || e == ENETUNREACH ? 0 : e;
}

static int
pair(void)
{
	int sv[2];

	return result(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
}

static int
lock_secret(void)
{
	struct secret *s = secret_new("x", 1);

	secret_free(s);
	return 0;
}

static int
load_library(void)
{
	return dlopen("libnss_dns.so.2", RTLD_NOW) != NULL ||
		dlopen("libresolv.so.2", RTLD_NOW) != NULL ?
	    0 :
	    ENOENT;
}

static int
raise_own(void)
{
	signal(SIGUSR1, SIG_IGN);
	return raise(SIGUSR1) == 0 ? 0 : errno;
}

static int
file_changes(void)
{
	_cleanup_free_ char *path = at("krb5cc");
	struct flock lock = { .l_type = F_WRLCK };
	int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);

	if (fd < 0 || fcntl(fd, F_OFD_SETLKW, &lock) < 0)
		return errno;
	return result(write(fd, "x", 1));
}

static int
dies_with_parent(void)
{
	int sig = 0;

	if (prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0) < 0)
		return errno;
	return sig == SIGKILL ? 0 : ESRCH;
}

static int
token_store(void)
{
	return open_at("tokens/new", O_WRONLY | O_CREAT);
}

/* ---- the sandbox, as main() enters it --------------------------------------------- */

static json_t *
job(bool token)
{
	json_t *j = json_object();
	_cleanup_free_ char *ca = at("ca.pem"), *key = at("key.pem");
	_cleanup_free_ char *own = at("krb5cc");
	_cleanup_free_ char *cache = xasprintf("FILE:%s", own);

	json_put_str(j, "job", JOB_SIGNIN);
	json_put_str(j, "caBundle", ca);
	json_put_str(j, "clientKey", key);
	json_put_str(j, "clientCert", token ? "pkcs11:token=x" : key);
	json_put_str(j, "ccache", cache);
	return j;
}

/* Landlock's first call fails as in a kernel that was built without it. */
static int
hide_landlock(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 444, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ?
	    -1 :
	    0;
}

/*
 * Filters cannot be had: the kernel answers e.  With passes the question
 * whether there are any is answered as by a kernel that has them.
 */
static int
hide_seccomp(int e, bool passes)
{
	const unsigned low = __BYTE_ORDER == __BIG_ENDIAN ? 4 : 0;
	const size_t args = offsetof(struct seccomp_data, args) + low;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)args),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)args + 16),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, passes ? 1 : 0, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)e),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ?
	    -1 :
	    0;
}

/* Another nsswitch.conf, in a namespace of our own. */
static int
put_switch_file(void)
{
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	return mount(switch_file, "/etc/nsswitch.conf", NULL, MS_BIND, NULL);
}

static int
in_sandbox(int (*act)(void), const json_t *msg)
{
	int status;
	pid_t pid;

	parent = getpid();
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if ((switch_file != NULL && put_switch_file() < 0) ||
		    (without && hide_landlock() < 0) || sandbox_enter() < 0 ||
		    sandbox_confine(msg) < 0)
			_exit(NOT_RUN);
		_exit(act());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		fail_msg("ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == NOT_RUN)
		fail_msg("the sandbox could not be entered");
	return WEXITSTATUS(status);
}

/* ---- the tables ----------------------------------------------------------------------- */

enum by { FILES, CALLS, CALLS_ONLY_PLAIN, SOCKETS };

static const struct act {
	const char *name;
	int (*fn)(void);
	enum by by; /* plain: a sanitizer has to be able to do it */
	int error;  /* 0: any */
} forbidden[] = {
	{ "the credentials file is read", read_credentials, FILES, EACCES },
	{ "the AWS config is read", read_config, FILES, EACCES },
	{ "an ssh key is read", read_ssh, FILES, EACCES },
	{ "another file of the user is read", read_other, FILES, EACCES },
	{ "a file like /etc/shadow is read", read_shadow, FILES, EACCES },
	{ "/etc/shadow is read", read_etc_shadow, FILES, EACCES },
	{ "a keytab is read", read_keytab, FILES, EACCES },
	{ "the home is listed", list_home, FILES, EACCES },
	{ "/ is listed", list_root, FILES, EACCES },
	{ "the CA bundle is written", write_ca, FILES, EACCES },
	{ "a file is appended to", write_letter, FILES, EACCES },
	{ "a file is made", create, FILES, EACCES },
	{ "a file is made in /tmp", create_in_tmp, FILES, EACCES },
	{ "a file is made by the socket", create_by_run, FILES, EACCES },
	{ "a file is removed", remove_letter, FILES, 0 },
	{ "a file is renamed", rename_letter, FILES, 0 },
	{ "a file is cut", truncate_letter, CALLS, EPERM },
	{ "a file is linked", link_letter, CALLS, EPERM },
	{ "a symbolic link is made", symlink_letter, CALLS, EPERM },
	{ "a mode is changed", chmod_letter, CALLS, EPERM },
	{ "an owner is changed", chown_letter, CALLS, EPERM },
	{ "a time is changed", touch_letter, CALLS, EPERM },
	{ "an attribute is set", xattr_letter, CALLS, EPERM },
	{ "a folder is made", make_folder, CALLS, EPERM },
	{ "a FIFO is made", make_fifo, CALLS, EPERM },
	{ "a program is run", run_program, CALLS, EPERM },
	{ "a program is run by descriptor", run_descriptor, CALLS, EPERM },
	{ "a process is made by clone", fork_it, CALLS_ONLY_PLAIN, EPERM },
	{ "a process is made by fork", fork_by_libc, CALLS_ONLY_PLAIN, EPERM },
	{ "a process is made by clone3", fork_by_clone3, CALLS, ENOSYS },
	{ "the parent is traced", trace_parent, CALLS_ONLY_PLAIN, EPERM },
	{ "the parent is read", read_parent, CALLS_ONLY_PLAIN, EPERM },
	{ "the parent is written", write_parent, CALLS, EPERM },
	{ "the parent's memory is opened", memory_of_parent, FILES, EACCES },
	{ "its own environment is read", read_proc, FILES, EACCES },
	{ "the parent is held", descriptor_of_parent, CALLS, EPERM },
	{ "the parent is signalled", signal_parent, CALLS_ONLY_PLAIN, EPERM },
	{ "everybody is signalled", signal_all, CALLS_ONLY_PLAIN, EPERM },
	{ "the parent's limits are read", limit_parent, CALLS_ONLY_PLAIN,
	    EPERM },
	{ "a netlink socket", netlink, CALLS, EAFNOSUPPORT },
	{ "a packet socket", packet, CALLS, EAFNOSUPPORT },
	{ "a vsock socket", vsock, CALLS, EAFNOSUPPORT },
	{ "a bluetooth socket", bluetooth, CALLS, EAFNOSUPPORT },
	{ "a crypto socket", crypto, CALLS, EAFNOSUPPORT },
	{ "a raw socket", raw, CALLS, EPERM },
	{ "a raw IPv6 socket", raw6, CALLS, EPERM },
	{ "a ping socket", ping, CALLS, ENOSYS },
	{ "an SCTP socket", sctp, CALLS, ENOSYS },
	{ "a server's socket", serve, CALLS, EPERM },
	{ "a server's socket without a port", serve_without_bind, CALLS,
	    EPERM },
	{ "a user namespace", new_user_namespace, CALLS, EPERM },
	{ "a mount namespace", new_mounts, CALLS, EPERM },
	{ "another's namespace", enter_namespace, CALLS, EPERM },
	{ "a mount", mount_it, CALLS, EPERM },
	{ "another root", change_root, CALLS, EPERM },
	{ "io_uring", uring, CALLS, EPERM },
	{ "bpf", bpf, CALLS, EPERM },
	{ "perf events", perf, CALLS, EPERM },
	{ "userfaultfd", userfaults, CALLS, EPERM },
	{ "the keyring", keyring, CALLS, EPERM },
	{ "a new key", add_key, CALLS, EPERM },
	{ "a kernel module", load_module, CALLS, EPERM },
	{ "another user id", become, CALLS, EPERM },
	{ "the clock is set", set_clock, CALLS, EPERM },
	{ "a file by its handle", by_handle, CALLS, EPERM },
	{ "a call of tomorrow", no_such_call, CALLS, ENOSYS },
	{ "another filter", loosen, CALLS, EPERM },
	{ "another's descriptor is taken", pidfd_take, CALLS, EPERM },
	{ "a signal by descriptor", pidfd_signal, CALLS, EPERM },
	{ "another's memory is advised", advise_another, CALLS, EPERM },
	{ "another's objects are compared", compare, CALLS, EPERM },
	{ "a queued signal", queue_signal, CALLS, EPERM },
	{ "a signal to a thread", signal_thread, CALLS_ONLY_PLAIN, EPERM },
	{ "a signal, the number too wide", signal_wide, CALLS_ONLY_PLAIN,
	    EPERM },
	{ "a session of its own", new_session, CALLS, EPERM },
	{ "a group of its own", new_group, CALLS, EPERM },
	{ "another personality", other_personality, CALLS_ONLY_PLAIN, EPERM },
	{ "the handle of a file", handle_of, CALLS, EPERM },
	{ "a key is asked for", request_key, CALLS, EPERM },
	{ "io_uring is entered", uring_enter, CALLS, EPERM },
	{ "io_uring is registered with", uring_register, CALLS, EPERM },
	{ "the root is swapped", pivot, CALLS, EPERM },
	{ "a tree of mounts is opened", tree, CALLS, EPERM },
	{ "a file system is opened", file_system, CALLS, EPERM },
	{ "shared memory", memory_of_system_v, CALLS, ENOSYS },
	{ "a message queue", message_queue, CALLS, ENOSYS },
	{ "a range is copied", copy_range, CALLS, ENOSYS },
	{ "pages are given away", gift_pages, CALLS, EPERM },
	{ "a netlink socket, the family too wide", wide_family, CALLS,
	    EAFNOSUPPORT },
	{ "a raw socket, the family too wide", wide_inet, CALLS, EAFNOSUPPORT },
	{ "a multipath socket", mptcp, CALLS, ENOSYS },
	{ "a UDP-Lite socket", udp_lite, CALLS, ENOSYS },
	{ "somebody may trace it", trace_me, CALLS_ONLY_PLAIN, ENOSYS },
	{ "its memory is laid out anew", own_memory_map, CALLS_ONLY_PLAIN,
	    ENOSYS },
	{ "pasting at the terminal", paste, CALLS_ONLY_PLAIN, EPERM },
	{ "the terminal's foreground", foreground, CALLS_ONLY_PLAIN, ENOSYS },
	{ "the terminal's discipline", line_discipline, CALLS_ONLY_PLAIN,
	    ENOSYS },
	{ "another owns its socket", owner_by_ioctl, CALLS_ONLY_PLAIN, ENOSYS },
	{ "a thread elsewhere", mount_clone, CALLS_ONLY_PLAIN, ENOSYS },
	{ "TLS by the kernel", kernel_tls, CALLS, EPERM },
	{ "a filter on a socket", socket_filter, CALLS, EPERM },
	{ "a program from memory", run_memory, CALLS, EPERM },
	{ "dumpable again", dumpable_again, CALLS_ONLY_PLAIN, EPERM },
	{ "the kernel signals another process", own_signal, CALLS, EPERM },
	{ "it outlives its parent", outlive, CALLS_ONLY_PLAIN, EPERM },
	{ "typing at the terminal", type_at_terminal, CALLS_ONLY_PLAIN, EPERM },
	{ "a core dump", dump_core, CALLS, EPERM },
	{ "a descriptor that was not given", inherited, CALLS, EBADF },
	{ "a Unix socket", local, SOCKETS, EAFNOSUPPORT },
	{ "a Unix socket with flags", local_flags, SOCKETS, EAFNOSUPPORT },
	{ "a Unix datagram socket", local_datagram, SOCKETS, EAFNOSUPPORT },
	{ "a Unix packet socket", local_packet, SOCKETS, EAFNOSUPPORT },
	{ "the agent is called", use_agent, SOCKETS, EAFNOSUPPORT },
	{ "the session bus is called", use_bus, SOCKETS, EAFNOSUPPORT },
	{ "the service manager is told", use_notify, SOCKETS, EAFNOSUPPORT },
	{ "a pair of datagram sockets", pair_of_datagrams, CALLS, EPERM },
	{ "a pair of packet sockets", pair_of_packets, CALLS, EPERM },
	{ "a stream of a pair sends to another", pair_of_streams, CALLS,
	    EISCONN },
	{ "a stream of a pair is connected to the agent", pair_to_agent, CALLS,
	    EISCONN },
};

static const struct act needed[] = {
	{ "the CA bundle is read", read_ca, FILES, 0 },
	{ "the client's key is read", read_key, FILES, 0 },
	{ "the ticket cache is read", read_cache, FILES, 0 },
	{ "the ticket cache is opened to write", write_cache, FILES, 0 },
	{ "the ticket cache is locked and written", file_changes, FILES, 0 },
	{ "krb5.conf is read", read_krb5, FILES, 0 },
	{ "what it includes is read", read_include, FILES, 0 },
	{ "the folder it includes is read", read_included, FILES, 0 },
	{ "a KDC proxy's authority is read", read_anchor, FILES, 0 },
	{ "a folder of them is read", read_anchors, FILES, 0 },
	{ "/etc/hosts is read", read_hosts, FILES, 0 },
	{ "a time zone is read", read_zone, FILES, 0 },
	{ "chance is read", read_random, FILES, 0 },
	{ "a name is looked up", look_up, CALLS, 0 },
	{ "a thread looks it up", thread, CALLS, 0 },
	{ "a connection is made", connect_out, CALLS, 0 },
	{ "TCP", tcp, CALLS, 0 },
	{ "TCP over IPv6", tcp6, CALLS, 0 },
	{ "UDP", udp, CALLS, 0 },
	{ "a pair of sockets", pair, CALLS, 0 },
	{ "a connection is kept alive", keep_alive, CALLS, 0 },
	{ "a secret is locked", lock_secret, CALLS, 0 },
	{ "a library is loaded late", load_library, FILES, 0 },
	{ "a signal to itself", raise_own, CALLS, 0 },
	{ "it dies with its parent", dies_with_parent, CALLS, 0 },
};

static bool
to_try(const struct act *a)
{
	if (a->by == FILES && (!landlock || without))
		return false;
	if (a->by == SOCKETS && names_by_socket)
		return false;
	return !SANITIZED ||
	    (a->by != CALLS_ONLY_PLAIN &&
		/* /proc is open to it. */
		a->fn != read_proc && a->fn != memory_of_parent);
}

static void
check_forbidden(const json_t *msg)
{
	unsigned tried = 0;

	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		const struct act *a = &forbidden[i];
		int e;

		if (!to_try(a))
			continue;
		tried++;
		e = in_sandbox(a->fn, msg);
		if (e == 0 || (a->error != 0 && e != a->error))
			fail_msg("%s: %s", a->name,
			    e == 0 ? "it works" : strerror(e));
	}
	print_message(
	    "# %u forbidden acts of %zu tried\n", tried, ARRAY_SIZE(forbidden));
}

static void
test_forbidden(void **state)
{
	_cleanup_json_ json_t *msg = job(false);

	(void)state;
	check_forbidden(msg);
}

/* What is not tried here is a loud skip: see main(). */
static void
test_files_are_tried(void **state)
{
	(void)state;
}

static void
test_sockets_are_tried(void **state)
{
	(void)state;
}

static void
test_all_calls_are_tried(void **state)
{
	(void)state;
}

/* The same for who has read no job yet, and other kinds of jobs. */
static void
test_other_jobs(void **state)
{
	_cleanup_json_ json_t *msg = json_object();

	(void)state;
	json_put_str(msg, "job", JOB_ASSUME);
	check_forbidden(msg);
	check_forbidden(NULL);
	if (landlock) {
		assert_int_equal(in_sandbox(read_cache, msg), EACCES);
		assert_int_equal(in_sandbox(read_ca, msg), EACCES);
	}
}

/* The acts are possible: it is the sandbox that forbids them. */
static void
test_possible_outside(void **state)
{
	static int (*const acts[])(void) = { read_credentials, read_ssh,
		read_other, read_shadow, list_home, list_root, write_letter,
		chmod_letter, touch_letter, fork_it, fork_by_libc,
		signal_parent, limit_parent, serve, serve_without_bind, netlink,
		read_proc, local, local_datagram, use_agent, use_bus,
		use_notify, pair_of_datagrams, pair_of_packets };

	(void)state;
	parent = getpid();
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		int e = acts[i]();

		if (e != 0)
			fail_msg("act %zu fails anyhow: %s", i, strerror(e));
	}
}

#if defined(__x86_64__)
static int
by_interrupt(void)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory");
	return (int)(r > 0 ? 0 : -r);
}

static int
by_x32(void)
{
	return result(syscall(0x40000000L | SYS_getpid));
}

/* A call by another convention: its numbers mean something else. */
static void
test_other_machine(void **state)
{
	static int (*const acts[])(void) = { by_interrupt, by_x32 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		pid_t pid;
		int status;

		fflush(NULL);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			if (sandbox_enter() < 0 || sandbox_confine(NULL) < 0)
				_exit(NOT_RUN);
			_exit(acts[i]());
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}
#endif

static void
test_needed(void **state)
{
	_cleanup_json_ json_t *msg = job(false);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		int e = in_sandbox(needed[i].fn, msg);

		if (e != 0)
			fail_msg("%s: %s", needed[i].name, strerror(e));
	}
}

static void
test_token(void **state)
{
	_cleanup_json_ json_t *msg = job(true), *plain = job(false);

	(void)state;
	assert_int_equal(in_sandbox(token_store, msg), 0);
	if (landlock)
		assert_int_equal(in_sandbox(token_store, plain), EACCES);
}

/* A vendor's module and the library beside it; never the home for that. */
static void
test_module(void **state)
{
	_cleanup_json_ json_t *msg = job(true), *plain = job(false);
	_cleanup_free_ char *aws = at(".aws"), *off = at("off");

	(void)state;
	if (!landlock)
		return;
	assert_int_equal(in_sandbox(read_module, msg), 0);
	assert_int_equal(in_sandbox(read_beside, msg), 0);
	assert_int_equal(in_sandbox(read_beside, plain), EACCES);
	/* Not even where no AWS file is in it. */
	assert_int_equal(rename(aws, off), 0);
	assert_int_equal(in_sandbox(read_top, msg), 0);
	assert_int_equal(in_sandbox(read_other, msg), EACCES);
	assert_int_equal(in_sandbox(list_home, msg), EACCES);
	assert_int_equal(rename(off, aws), 0);
}

static bool
reaches(const struct sandbox_needs *n, const char *path)
{
	for (size_t i = 0; i < n->reach.n; i++)
		if (strcmp(n->reach.v[i], path) == 0)
			return true;
	return false;
}

/* The servers of tokens and of KCM, for kernels that ask which sockets. */
static void
test_servers(void **state)
{
	_cleanup_json_ json_t *token = job(true), *plain = job(false);
	_cleanup_free_ char *run = at("run"), *kit = at("run/p11-kit");
	_cleanup_free_ char *old = xstrdup(getenv("KRB5_CONFIG"));
	_cleanup_free_ char *krb5 = at("kcm.conf");
	struct sandbox_needs n;

	(void)state;
	setenv("XDG_RUNTIME_DIR", run, 1);
	setenv("P11_KIT_SERVER_ADDRESS", "unix:path=/run/a%20b", 1);
	sandbox_needs(plain, &n);
	assert_int_equal(n.reach.n, 0);
	sandbox_needs_done(&n);
	sandbox_needs(token, &n);
	assert_true(reaches(&n, kit));
	assert_true(reaches(&n, "/run/a b"));
	assert_false(reaches(&n, run));
	sandbox_needs_done(&n);
	unsetenv("P11_KIT_SERVER_ADDRESS");
	unsetenv("XDG_RUNTIME_DIR");
	setenv("KRB5_CONFIG", krb5, 1);
	sandbox_needs(plain, &n);
	assert_true(reaches(&n, "/run/kcm"));
	sandbox_needs_done(&n);
	setenv("KRB5_CONFIG", old, 1);
}

static void
test_keyring(void **state)
{
	_cleanup_json_ json_t *msg = job(false);

	(void)state;
	json_put_str(msg, "ccache", "KEYRING:persistent:0");
	assert_int_not_equal(in_sandbox(keyring, msg), EPERM);
	if (landlock) {
		json_put_str(msg, "ccache", "KCM:");
		assert_int_equal(in_sandbox(read_cache, msg), EACCES);
	}
}

/* ---- Unix sockets: who needs them gets them, and the log says so ------------------------ */

/* What the sandbox said of them. */
static char said[200];

static void
listen_in(
    int priority, const char *line, const struct log_field *fields, void *arg)
{
	(void)fields;
	(void)arg;
	if (priority == LOG_DEBUG && strstr(line, "Unix sockets") != NULL)
		snprintf(said, sizeof(said), "%s", line);
}

static bool
named(const char *why)
{
	return strncmp(said, why, strlen(why)) == 0;
}

static int
named_kcm(void)
{
	return !named("a Kerberos cache of KCM: ");
}

static int
named_token(void)
{
	return !named("a token: ");
}

static int
named_names(void)
{
	return !named("names of hosts: ");
}

static int
named_nothing(void)
{
	return said[0] != '\0';
}

/* The job has them, and not more: neither servers nor datagrams by a pair. */
static void
check_local(const json_t *msg, int (*why)(void))
{
	bool tells = syscall(444, NULL, (size_t)0, 1U) < SANDBOX_ABI_SOCKETS;

	assert_int_equal(in_sandbox(local, msg), 0);
	assert_int_equal(in_sandbox(local_datagram, msg), 0);
	assert_int_equal(in_sandbox(pair_of_datagrams, msg), EPERM);
	assert_int_equal(in_sandbox(netlink, msg), EAFNOSUPPORT);
	assert_int_equal(in_sandbox(serve, msg), EPERM);
	log_set_max(LOG_DEBUG);
	log_hook(listen_in, NULL);
	assert_int_equal(in_sandbox(tells ? why : named_nothing, msg), 0);
	without = true;
	assert_int_equal(in_sandbox(why, msg), 0);
	without = false;
	log_hook(NULL, NULL);
	log_set_max(LOG_INFO);
	/* From ABI 9 on Landlock says which. */
	if (!tells) {
		assert_int_equal(in_sandbox(use_agent, msg), EACCES);
		assert_int_equal(in_sandbox(use_bus, msg), EACCES);
		assert_int_equal(in_sandbox(use_notify, msg), EACCES);
	}
}

static void
check_no_local(const json_t *msg)
{
	/* The other nsswitch.conf of switch_file is not odd. */
	if (names_by_socket && switch_file == NULL)
		return;
	assert_int_equal(in_sandbox(local, msg), EAFNOSUPPORT);
	log_set_max(LOG_DEBUG);
	log_hook(listen_in, NULL);
	assert_int_equal(in_sandbox(named_nothing, msg), 0);
	log_hook(NULL, NULL);
	log_set_max(LOG_INFO);
}

static void
test_local_kcm(void **state)
{
	static const char *const others[] = { "forms", "certificate",
		"browser" };
	_cleanup_json_ json_t *msg = job(false);
	_cleanup_free_ char *path = at("kcm.conf");
	_cleanup_free_ char *old = xstrdup(getenv("KRB5_CONFIG"));

	(void)state;
	check_no_local(msg);
	json_put_str(msg, "ccache", "KCM:");
	check_local(msg, named_kcm);
	json_put_str(msg, "ccache", "KCM:0:1");
	check_local(msg, named_kcm);
	/* Who signs in otherwise has no cache. */
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		json_put_str(msg, "auth", others[i]);
		check_no_local(msg);
	}
	json_object_del(msg, "auth");
	json_object_del(msg, "ccache");
	check_no_local(msg);
	setenv("KRB5CCNAME", "KCM:", 1);
	check_local(msg, named_kcm);
	json_put_str(msg, "ccache", "FILE:/tmp/x");
	check_no_local(msg);
	json_object_del(msg, "ccache");
	unsetenv("KRB5CCNAME");
	setenv("KRB5_CONFIG", path, 1);
	check_local(msg, named_kcm);
	setenv("KRB5_CONFIG", old, 1);
	check_no_local(msg);
}

static void
test_local_token(void **state)
{
	_cleanup_json_ json_t *msg = job(true);

	(void)state;
	check_local(msg, named_token);
	json_put_str(msg, "clientCert", "/pkcs11:token=x");
	check_no_local(msg);
	json_put_str(msg, "clientKey", "pkcs11:token=x");
	check_local(msg, named_token);
}

/* The lines of nsswitch.conf; a 1 in front: Unix sockets are needed. */
static const char *const lines_of_hosts[] = {
	"0hosts: files dns",
	"0hosts:\tfiles\tdns\t# resolve",
	"0 hosts : files dns",
	"0hosts: dns [!UNAVAIL=return] files",
	"0hosts: files mymachines resolve [!UNAVAIL=return] dns myhostname",
	"0hosts: files mdns4_minimal [NOTFOUND=return] dns mdns4",
	"0hosts: files myhostname resolve [!UNAVAIL=return] dns",
	"0hosts: mymachines mdns_minimal [ NOTFOUND=return ] resolve "
	"[!UNAVAIL=return SUCCESS=return] files dns",
	"0hosts: files sss dns",
	"0hosts: files wins [success=return] dns",
	"0hosts: files [NOTFOUND=return] dns",
	"0hosts: files",
	"0hosts:",
	"0",
	"0passwd: files sss",
	"0#hosts: resolve",
	"0hostsx: resolve",
	"0hosts: resolve [UNAVAIL=return UNAVAIL=continue] dns",
	"1hosts: resolve",
	"1hosts: files resolve",
	"1hosts: files resolve # dns",
	"1hosts: sss",
	"1hosts: files mdns4",
	"1hosts: files resolve [UNAVAIL=return] dns",
	"1hosts: files resolve [unavail=Return] dns",
	"1hosts: files resolve [!NOTFOUND=return] dns",
	"1hosts: files resolve [!SUCCESS=return] dns",
	"1hosts: files resolve [NOTFOUND=return UNAVAIL=return] dns",
	"1hosts: files sss [NOTFOUND=return] dns",
	"1hosts: files other [!UNAVAIL=return] dns",
	"1hosts: files resolve[UNAVAIL=return] dns",
	"1hosts: files [ODD=return] dns",
	"1hosts: files [NOTFOUND=perhaps] dns",
	"1hosts: files dns\nhosts: resolve",
	"1hosts: resolve\nhosts: files dns",
};

static void put(const char *name, const char *text);

static void
test_names(void **state)
{
	static const struct {
		const char *text;
		bool need;
	} resolvs[] = {
		{ "nameserver 127.0.0.53\noptions edns0\n", false },
		{ "# x\nsearch a\nnameserver\t127.0.0.54\n", false },
		{ "nameserver 10.0.0.1\n", true },
		{ "nameserver 127.0.0.53\nnameserver 10.0.0.1\n", true },
		{ "nameserver\n", true },
		{ "search a\n", true },
	};
	_cleanup_free_ char *nss = at("nsswitch"), *resolv = at("resolv"),
			    *resolved = at("krb5cc");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines_of_hosts); i++) {
		const char *line = lines_of_hosts[i];

		put("nsswitch", line + 1);
		if (sandbox_names(nss, "/nonexistent", "/nonexistent") !=
		    (line[0] == '1'))
			fail_msg("%s", line + 1);
	}
	assert_false(
	    sandbox_names("/nonexistent", "/nonexistent", "/nonexistent"));
	/* resolved runs: "dns" must reach it, or it knows more than "dns". */
	for (size_t i = 0; i < ARRAY_SIZE(resolvs); i++) {
		put("resolv", resolvs[i].text);
		put("nsswitch", "hosts: files resolve [!UNAVAIL=return] dns\n");
		if (sandbox_names(nss, resolv, resolved) != resolvs[i].need)
			fail_msg("%s", resolvs[i].text);
		assert_false(sandbox_names(nss, resolv, "/nonexistent"));
		put("nsswitch", "hosts: files dns resolve\n");
		assert_false(sandbox_names(nss, resolv, resolved));
	}
	assert_false(sandbox_names(nss, "/nonexistent", resolved));
	put("nsswitch", "hosts: resolve dns\n");
	assert_true(sandbox_names(nss, "/nonexistent", resolved));
}

/* The machine's own nsswitch.conf is the one that is looked at. */
static void
test_local_names(void **state)
{
	_cleanup_json_ json_t *msg = json_object();
	_cleanup_free_ char *nss = at("nsswitch");

	(void)state;
	if (!mountable)
		return;
	json_put_str(msg, "job", JOB_ASSUME);
	switch_file = nss;
	put("nsswitch", "hosts: files resolve\n");
	check_local(msg, named_names);
	put("nsswitch", "hosts: mdns4_minimal [NOTFOUND=return] files dns\n");
	check_no_local(msg);
	/* And a name is found with it. */
	assert_int_equal(in_sandbox(look_up, msg), 0);
	switch_file = NULL;
}

/* A setting that names an AWS file, or what it is in, opens neither. */
static void
test_aws_files(void **state)
{
	static const char *const keys[] = { "caBundle", "clientCert",
		"clientKey", "ccache" };
	static const char *const names[] = { ".aws/credentials", ".aws", ".",
		"way/credentials" };

	(void)state;
	if (!landlock)
		return;
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			_cleanup_json_ json_t *msg = job(false);
			_cleanup_free_ char *path = at(names[i]);

			json_put_str(msg, keys[k], path);
			assert_int_equal(
			    in_sandbox(read_credentials, msg), EACCES);
		}
	}
}

/* ---- a kernel without Landlock ---------------------------------------------------------- */

static int logged;

static void
count(int priority, const char *line, const struct log_field *fields, void *arg)
{
	(void)priority;
	(void)fields;
	(void)arg;
	logged += strstr(line, "no Landlock") != NULL;
}

static int
lines(void)
{
	return logged;
}

static void
test_without_landlock(void **state)
{
	_cleanup_json_ json_t *msg = job(false), *plain = json_object();

	(void)state;
	without = true;
	json_put_str(plain, "job", JOB_ASSUME);
	log_hook(count, NULL);
	assert_int_equal(in_sandbox(lines, msg), 1);
	check_forbidden(msg);
	test_needed(NULL);
	/* Who has nothing to write cannot: calls stand in for files. */
	assert_int_equal(in_sandbox(read_hosts, plain), 0);
	if (!SANITIZED) {
		assert_int_not_equal(in_sandbox(write_letter, plain), 0);
		assert_int_not_equal(in_sandbox(create, plain), 0);
		assert_int_not_equal(in_sandbox(remove_letter, plain), 0);
	}
	without = false;
	assert_int_equal(in_sandbox(lines, msg), landlock ? 0 : 1);
	log_hook(NULL, NULL);
}

/* ---- seccomp that is not there, and that is not to be had ------------------------------ */

static void
count_seccomp(
    int priority, const char *line, const struct log_field *fields, void *arg)
{
	(void)priority;
	(void)fields;
	(void)arg;
	logged += strstr(line, "no seccomp") != NULL;
}

static void
test_without_seccomp(void **state)
{
	static const struct {
		int error;
		bool passes;
		int expected; /* -1: any */
	} cases[] = {
		{ EINVAL, false, 0 }, /* built without */
		{ ENOSYS, false, 0 }, /* an emulator */
		{ EPERM, false, EPERM },
		{ EACCES, false, EACCES },
		{ ENOMEM, false, ENOMEM },
		{ ENOMEM, true, ENOMEM },
		{ EINVAL, true, EINVAL }, /* the filter was bad */
		{ EPERM, true, -1 },
	};
	_cleanup_json_ json_t *msg = job(false);

	(void)state;
	fflush(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			int r;

			if (hide_seccomp(cases[i].error, cases[i].passes) < 0 ||
			    sandbox_enter() < 0)
				_exit(NOT_RUN);
			logged = 0;
			log_hook(count_seccomp, NULL);
			r = sandbox_confine(msg);
			/* Who goes on says so, and only who goes on. */
			_exit(logged != (r == 0) ? NOT_RUN : -r);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (cases[i].expected < 0 ?
			WEXITSTATUS(status) % NOT_RUN == 0 :
			WEXITSTATUS(status) != cases[i].expected)
			fail_msg("case %zu: %d", i, WEXITSTATUS(status));
	}
}

/* ---- the scene --------------------------------------------------------------------------- */

static void
put(const char *name, const char *text)
{
	_cleanup_free_ char *path = at(name);

	assert_int_equal(path_mkdir_parent(path), 0);
	assert_int_equal(path_replace(path, text, strlen(text), 0600), 0);
}

/* A socket that somebody of our user listens at, to the end of the test. */
static int
somebody_at(const char *name, int type, struct sockaddr_un *ret)
{
	int fd = socket(AF_UNIX, type, 0);

	ret->sun_family = AF_UNIX;
	snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/%s", home, name);
	assert_int_equal(bind(fd, (struct sockaddr *)ret, sizeof(*ret)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1000), 0);
	return fd;
}

static int
set_up(void **state)
{
	char dir[] = "/tmp/awsfed-sandbox-XXXXXX";
	_cleanup_free_ char *text = NULL, *path = NULL, *way = NULL;
	int fd;

	(void)state;
	home = xstrdup(mkdtemp(dir));
	setenv("HOME", home, 1);
	unsetenv("KRB5CCNAME");
	put(".aws/credentials", "secret");
	put(".aws/config", "x");
	put(".ssh/id_ed25519", "key");
	put("letter", "x");
	put("shadow", "x");
	put("keytab", "x");
	put("ca.pem", "x");
	put("key.pem", "x");
	put("krb5cc", "x");
	put("more.conf", "x");
	put("krb5.d/one", "x");
	put("proxy.pem", "x");
	put("anchors/one", "x");
	text = xasprintf(
	    "[libdefaults]\ninclude %s/more.conf\nincludedir %s/krb5.d\n"
	    "[realms]\nEXAMPLE.COM = {\n"
	    "  http_anchors = FILE:%s/proxy.pem\n"
	    "  http_anchors = DIR:%s/anchors\n}\n",
	    home, home, home, home);
	put("krb5.conf", text);
	path = at("krb5.conf");
	setenv("KRB5_CONFIG", path, 1);
	xreplace(&text, xasprintf("directories.tokendir = %s/tokens\n", home));
	put(".config/softhsm2/softhsm2.conf", text);
	put("tokens/one", "x");
	put("run/awsfed/control.lock", "x");
	xreplace(&path, at(".aws"));
	way = at("way");
	assert_int_equal(symlink(path, way), 0);
	put("kcm.conf",
	    "[libdefaults]\ndefault_ccache_name = KCM:\n"
	    "kcm_socket = /run/kcm\n");
	put("vendor/libpkcs11.so", "x");
	put("vendor/libdep.so", "x");
	put("libtop.so", "x");
	xreplace(&text, xasprintf("module: %s/vendor/libpkcs11.so\n", home));
	put(".config/pkcs11/modules/vendor.module", text);
	xreplace(&text, xasprintf("module: %s/libtop.so\n", home));
	put(".config/pkcs11/modules/top.module", text);
	fd = somebody_at("run/awsfed/control", SOCK_STREAM, &agent_socket);
	assert_int_equal(dup2(fd, 100), 100);
	somebody_at("run/bus", SOCK_STREAM, &bus_socket);
	somebody_at("run/notify", SOCK_DGRAM, &notify_socket);
	return 0;
}

static bool
can_mount(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		switch_file = "/etc/nsswitch.conf";
		_exit(put_switch_file() < 0 ? 1 : 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static int
tear_down(void **state)
{
	_cleanup_free_ char *command = xasprintf("rm -rf '%s'", home);
	int r = system(command);

	(void)state;
	xreplace(&home, NULL);
	return r;
}

int
main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_possible_outside),
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_files_are_tried),
		cmocka_unit_test(test_sockets_are_tried),
		cmocka_unit_test(test_all_calls_are_tried),
		cmocka_unit_test(test_other_jobs),
#if defined(__x86_64__)
		cmocka_unit_test(test_other_machine),
#endif
		cmocka_unit_test(test_needed),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_keyring),
		cmocka_unit_test(test_local_kcm),
		cmocka_unit_test(test_local_token),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_local_names),
		cmocka_unit_test(test_aws_files),
		cmocka_unit_test(test_without_landlock),
		cmocka_unit_test(test_without_seccomp),
	};

	log_init("test-sandbox", LOG_INFO);
	names_by_socket = sandbox_names("/etc/nsswitch.conf",
	    "/etc/resolv.conf", "/run/systemd/resolve/io.systemd.Resolve");
	landlock = syscall(444, NULL, (size_t)0, 1U) >= 1;
	mountable = can_mount();
	if (!landlock) {
		SKIP_TEST(tests, test_files_are_tried,
		    "the kernel has no Landlock: no act on a file was tried");
		SKIP_TEST(tests, test_aws_files, "the kernel has no Landlock");
	}
	if (names_by_socket)
		SKIP_TEST(tests, test_sockets_are_tried,
		    "this machine's nsswitch.conf needs Unix sockets");
	if (SANITIZED)
		SKIP_TEST(tests, test_all_calls_are_tried,
		    "a sanitizer needs some of them");
	if (!mountable)
		SKIP_TEST(tests, test_local_names,
		    "no other nsswitch.conf can be mounted here");
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
