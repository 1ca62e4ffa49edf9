/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files a worker may see, by Landlock (landlock(7), kernel documentation
 * userspace-api/landlock).  It can be used by anybody, needs no namespace, and
 * so leaves the worker untraceable for its own user.
 *
 * A rule holds for what a path led to when it was made: a resolv.conf that is
 * replaced while the job runs cannot be opened any more, and the job that
 * fails by it is tried again by a new worker.  The folders that network
 * managers keep theirs in are there as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "awsfed/paths.h"
#include "awsfed/xalloc.h"
#include "sandbox.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444 /* the same everywhere but alpha */
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* ---- the kernel's words, whatever the headers know of them -------------------- */

#define VERSION_FLAG (1U << 0) /* of landlock_create_ruleset */
#define RULE_PATH_BENEATH 1

#define FS_EXECUTE (1ULL << 0)
#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_REG (1ULL << 8)
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define FS_RESOLVE_UNIX (1ULL << 16)
#define NET_BIND_TCP (1ULL << 0)
#define SCOPE_ABSTRACT_UNIX (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

struct ruleset {
	uint64_t handled_fs;
	uint64_t handled_net; /* ABI 4 */
	uint64_t scoped;      /* ABI 6 */
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

/*
 * Bits 0 to N - 1 of the file system's rights that an ABI knows.  ABI 7 and 8
 * have flags of the log and of threads.  10 has UDP, but there a socket that is
 * bound by itself, as each that asks a name server, would need a rule; bind(2)
 * is not to be had anyhow.
 */
static const struct {
	int abi;
	unsigned bits;
	size_t size; /* of struct ruleset */
} versions[] = {
	{ 1, 13, 8 },
	{ 2, 14, 8 },  /* moving between directories; Debian 12's 6.1 */
	{ 3, 15, 8 },  /* truncate */
	{ 4, 15, 16 }, /* TCP */
	{ 5, 16, 16 }, /* ioctl of devices */
	{ 6, 16, 24 }, /* signals, abstract sockets */
	{ SANDBOX_ABI_SOCKETS, 17, 24 }, /* by path; Linux 7.1 */
};

/* ---- what every job needs -------------------------------------------------------- */

#define READ (FS_READ_FILE | FS_READ_DIR)
#define WRITE (FS_WRITE_FILE | FS_TRUNCATE)
#define STORE (READ | WRITE | FS_MAKE_REG | FS_REMOVE_FILE)
#define SOCKET FS_RESOLVE_UNIX
/* What a rule on something that is no directory may hold. */
#define OF_FILES \
	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | \
	    FS_IOCTL_DEV | FS_RESOLVE_UNIX)

static const struct {
	const char *path;
	uint64_t rights;
} needed[] = {
	/* Libraries that come later: name services, GSS mechanisms, engines,
	 * PKCS#11 modules, character sets; their data, time zones, texts. */
	{ "/usr", READ },
	{ "/lib", READ },
	{ "/lib32", READ },
	{ "/lib64", READ },
	{ "/nix/store", READ },
	{ "/gnu/store", READ },
	{ "/etc/ld.so.cache", READ },
	{ LOCALEDIR, READ },
	{ "/etc/locale.alias", READ },
	{ "/etc/localtime", READ },
	/* Certificate authorities: Debian, Fedora, SUSE, Arch. */
	{ "/etc/ssl/certs", READ },
	{ "/etc/ssl/cert.pem", READ },
	{ "/etc/ssl/ca-bundle.pem", READ },
	{ "/etc/ssl/openssl.cnf", READ },
	{ "/etc/pki/ca-trust", READ },
	{ "/etc/pki/tls/certs", READ },
	{ "/etc/pki/tls/cert.pem", READ },
	{ "/etc/pki/tls/openssl.cnf", READ },
	{ "/etc/pki/tls/openssl.d", READ },
	{ "/etc/ca-certificates", READ },
	{ "/var/lib/ca-certificates", READ },
	{ "/etc/crypto-policies", READ },
	{ "/proc/sys/crypto", READ }, /* FIPS mode */
	/* Names of hosts. */
	{ "/etc/resolv.conf", READ },
	{ "/etc/hosts", READ },
	{ "/etc/nsswitch.conf", READ },
	{ "/etc/gai.conf", READ },
	{ "/etc/host.conf", READ },
	{ "/etc/services", READ },
	{ "/etc/protocols", READ },
	{ "/etc/mdns.allow", READ },
	{ "/run/systemd/resolve", READ | SOCKET },
	{ "/run/NetworkManager", READ },
	{ "/run/resolvconf", READ },
	{ "/run/connman", READ },
	{ "/run/nscd", READ | SOCKET },
	{ "/run/avahi-daemon", SOCKET },
	{ "/var/lib/sss/mc", READ },
	{ "/var/lib/sss/pipes", SOCKET },
	/* Names of users, for what asks where its home is. */
	{ "/etc/passwd", READ },
	{ "/etc/group", READ },
	/* Kerberos and other GSS mechanisms; never a keytab. */
	{ "/etc/krb5.conf", READ },
	{ "/etc/krb5.conf.d", READ },
	{ "/etc/gss", READ },
	{ "/var/lib/sss/pubconf", READ },
	{ "/var/lib/gssproxy", SOCKET },
	{ "/run/gssproxy.default.sock", SOCKET }, /* Fedora */
	{ "/run/.heim_org.h5l.kcm-socket", SOCKET },
	{ "/run/samba/winbindd", SOCKET },
	{ "/run/pcscd", SOCKET },
	/* How many processors there are, for malloc; chance; nothing. */
	{ "/sys/devices/system/cpu", READ },
	{ "/dev/urandom", READ },
	{ "/dev/random", READ },
	{ "/dev/null", READ | WRITE },
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	/* Its maps, its threads; the program itself, for the lines of a trace;
	 * and where a sanitizer's report goes. */
	{ "/proc", READ | WRITE },
	{ "/proc/self/exe", READ },
#endif
};

/* ---- the rules -------------------------------------------------------------------- */

static int
allow(int ruleset, const char *path, uint64_t rights)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	struct path_beneath rule = { .parent_fd = fd };
	struct stat st;

	/* What is not there needs no rule. */
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	rule.allowed = S_ISDIR(st.st_mode) ? rights : rights & OF_FILES;
	if (rule.allowed == 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule,
		0U) != 0)
		return -errno;
	return 0;
}

static int
allow_all(int ruleset, uint64_t handled, const struct sandbox_needs *n)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(needed) && r == 0; i++)
		r = allow(ruleset, needed[i].path, needed[i].rights & handled);
	for (size_t i = 0; i < n->read.n && r == 0; i++)
		r = allow(ruleset, n->read.v[i], READ & handled);
	for (size_t i = 0; i < n->reach.n && r == 0; i++)
		r = allow(ruleset, n->reach.v[i], SOCKET & handled);
	for (size_t i = 0; i < n->write.n && r == 0; i++)
		r = allow(
		    ruleset, n->write.v[i], (STORE | FS_IOCTL_DEV) & handled);
	return r;
}

/* Not in this kernel, not started with it, or not let through to it. */
static bool
absent(int error)
{
	return error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

int
sandbox_files(const struct sandbox_needs *n)
{
	_cleanup_close_ int fd = -1;
	struct ruleset set = { 0 };
	size_t size = 0;
	long abi;
	int r;

#ifdef AWSFED_COVERAGE
	(void)n;
	return 0; /* it writes its counts when it ends */
#endif
	abi =
	    syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, VERSION_FLAG);
	if (abi < 1)
		return abi < 0 && !absent(errno) ? -errno : 0;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		if (versions[i].abi > abi)
			break;
		set.handled_fs = (1ULL << versions[i].bits) - 1;
		size = versions[i].size;
	}
	/*
	 * It listens nowhere.  Which port it connects to says nothing: proxies,
	 * KDCs and identity providers have any; the hosts are policed in
	 * http.c.
	 */
	if (abi >= 4)
		set.handled_net = NET_BIND_TCP;
	if (abi >= 6)
		set.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	fd = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0U);
	if (fd < 0)
		return absent(errno) ? 0 : -errno;
	r = allow_all(fd, set.handled_fs, n);
	if (r < 0)
		return r;
	if (syscall(SYS_landlock_restrict_self, fd, 0U) != 0)
		return absent(errno) || errno == E2BIG ? 0 : -errno;
	return (int)abi;
}
