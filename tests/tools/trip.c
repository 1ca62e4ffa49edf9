/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A preload that lets one call of libc fail, once.
 *
 *   LD_PRELOAD=/somewhere/trip.so program
 *
 * What is to fail stands in /somewhere/trip.so.plan (struct plan below, which
 * tests/proof/trip.py knows by the same offsets): the program's name, a call
 * site, which of its visits, and the errno.  A call site is a call with the
 * frames above it, so that "open of the lock file while the credentials are
 * written" is one and "open of the ledger" another; it is named by a hash that
 * is the same in each run.  Every visit is counted in the same file, which is
 * mapped: so the first run, without a plan, lists all sites, and what happened
 * costs no system call, whatever the program forbade itself meanwhile.
 *
 * Not seen: what libc does inside of itself, and raw system calls.  Built with
 * -DINSTRUMENTED_yes it leaves the memory to a sanitizer.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

#define MAGIC 0x70697274u
#define FRAMES 8
#define SITES 32768 /* a power of two */
#define CALLS 160
#define NAME 48	  /* with its zero */
#define HANDLER 2 /* a frame: a signal came */
#define MAIN_STACK (64u << 20)
#define SHORT (-1) /* instead of an errno: one byte of many */

/* The fortified and older names, which no header declares. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t size);
ssize_t __read_chk(int fd, void *buf, size_t len, size_t size);
ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags);
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);

struct site {
	uint64_t id; /* 0: free */
	uint32_t call;
	uint32_t visits;
	uint64_t frames[FRAMES]; /* module's hash in the upper half | offset */
};

struct plan {
	uint32_t magic;
	int32_t error;	  /* 0: only count; errno, SHORT */
	uint64_t id;	  /* the site */
	uint32_t nth;	  /* of its visits, from 1 */
	uint32_t tripped; /* how often: 0 or 1 */
	uint32_t pid;	  /* whose */
	uint32_t lost;	  /* visits without a place in the table */
	uint32_t deep;	  /* memory has call sites, too: slow */
	uint32_t off;	  /* nothing is counted and nothing fails any more */
	char program[32];
	char call[NAME];	 /* of the site */
	uint64_t frames[FRAMES]; /* of the site */
	char calls[CALLS][NAME];
	struct site sites[SITES];
};

enum call {
#define CALL(type, name, parameters, arguments) C_##name,
#define PTR(type, name, parameters, arguments) C_##name,
#define NUM(name, parameters, arguments) C_##name,
#include "trip-calls.h"
#undef CALL
#undef PTR
#undef NUM
	C_malloc,
	C_calloc,
	C_realloc,
	C_memalign,
	C_open,
	C_openat,
	C_close,
	C_read,
	C_recv,
	C_recvfrom,
	C_write,
	C_send,
	C_sendto,
	C_mmap,
	C_fcntl_dup,
	C_fcntl_lock,
	C_fcntl_flags,
	C_getaddrinfo,
	C_epoll_ctl,
	C_END
};

static const char *const names[] = {
#define CALL(type, name, parameters, arguments) #name,
#define PTR(type, name, parameters, arguments) #name,
#define NUM(name, parameters, arguments) #name,
#include "trip-calls.h"
#undef CALL
#undef PTR
#undef NUM
	"malloc", "calloc", "realloc", "memalign", "open", "openat", "close",
	"read", "recv", "recvfrom", "write", "send", "sendto", "mmap",
	"fcntl:dup", "fcntl:lock", "fcntl:flags", "getaddrinfo", "epoll_ctl"
};

_Static_assert(C_END <= CALLS, "the plan has room for all calls");

_Static_assert(sizeof(struct plan) ==
	40 + 32 + NAME + FRAMES * 8 + CALLS * NAME + SITES * (16 + FRAMES * 8),
    "as trip.py has it");

static struct plan *plan; /* NULL: not ours, or not yet */
static __thread int inside __attribute__((tls_model("initial-exec")));

static void
die(const char *what)
{
	dprintf(STDERR_FILENO, "trip: %s\n", what);
	_exit(120);
}

static void *
next(const char *name)
{
	void *p;

	inside++;
	p = dlsym(RTLD_NEXT, name);
	inside--;
	if (p == NULL)
		die(name);
	return p;
}

__attribute__((constructor)) static void
start(void)
{
	char path[4096];
	struct plan *map;
	Dl_info self;
	int fd;

	if (dladdr(names, &self) == 0 ||
	    snprintf(path, sizeof(path), "%s.plan", self.dli_fname) >=
		(int)sizeof(path))
		die("cannot find myself");
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("cannot open the plan");
	map = (void *)syscall(SYS_mmap, NULL, sizeof(*map),
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	if (map == MAP_FAILED || map->magic != MAGIC)
		die("cannot use the plan");
	for (int i = 0; i < C_END; i++) {
		if (strlen(names[i]) >= NAME)
			die(names[i]);
		strcpy(map->calls[i], names[i]);
	}
	if (strncmp(map->program, program_invocation_short_name,
		sizeof(map->program)) == 0)
		plan = map;
}

/* ---- where are we? ----------------------------------------------------------- */
struct walk {
	uint64_t frames[FRAMES];
	int n;
};

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h ^= v;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

/* By a module's name and the place in it: addresses differ in each run. */
static uint64_t
stable(uintptr_t pc)
{
	static uintptr_t own;
	struct dl_find_object found;
	const char *name, *slash;
	uint64_t h = 1;

	if (_dl_find_object((void *)pc, &found) != 0)
		return 1;
	if (own == 0) {
		struct dl_find_object me;

		own = 1;
		if (_dl_find_object((void *)(uintptr_t)names, &me) == 0)
			own = (uintptr_t)me.dlfo_link_map;
	}
	if ((uintptr_t)found.dlfo_link_map == own)
		return 0;
	name = found.dlfo_link_map->l_name;
	if ((slash = strrchr(name, '/')) != NULL)
		name = slash + 1;
	for (; *name != '\0'; name++)
		h = mix(h, (unsigned char)*name);
	return h << 32 | (uint32_t)(pc - found.dlfo_link_map->l_addr);
}

static _Unwind_Reason_Code
look(struct _Unwind_Context *context, void *arg)
{
	struct walk *w = arg;
	int interrupted = 0;
	uintptr_t pc = (uintptr_t)_Unwind_GetIPInfo(context, &interrupted);
	uint64_t frame;

	/* What a signal interrupts has no part in its handler. */
	if (interrupted != 0) {
		w->frames[w->n++] = HANDLER;
		return _URC_END_OF_STACK;
	}
	frame = stable(pc);
	if (frame != 0)
		w->frames[w->n++] = frame;
	return w->n == FRAMES ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static struct site *
find(uint64_t id)
{
	for (uint64_t i = 0; i < SITES; i++) {
		struct site *s = &plan->sites[(id + i) % SITES];
		uint64_t none = 0;

		if (s->id == id ||
		    __atomic_compare_exchange_n(&s->id, &none, id, false,
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
		    none == id)
			return s;
	}
	return NULL;
}

/* ---- may it be the site? -------------------------------------------------------- */
/* The frames of the plan's site as addresses here; 0: not known yet. */
static uintptr_t wanted[FRAMES];
static unsigned long long loads;
static bool all_known;

static int
adds(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(unsigned long long *)arg = info->dlpi_adds;
	return 1;
}

static int
place(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *slash = strrchr(info->dlpi_name, '/'), *name;
	bool known = true;
	uint64_t h = 1;

	(void)size;
	(void)arg;
	if (loads == info->dlpi_adds)
		return 1;
	for (name = slash != NULL ? slash + 1 : info->dlpi_name; *name != '\0';
	     name++)
		h = mix(h, (unsigned char)*name);
	for (int i = 0; i < FRAMES; i++) {
		if (plan->frames[i] > HANDLER &&
		    (uint32_t)h == plan->frames[i] >> 32)
			wanted[i] = info->dlpi_addr + (uint32_t)plan->frames[i];
		known = known && (plan->frames[i] <= HANDLER || wanted[i] != 0);
	}
	all_known = known;
	return 0;
}

/*
 * False when the stack cannot hold the site's return addresses one above the
 * other.  Reading it costs little, and unwinding it half a million times does
 * not.
 */
static bool
plausible(void)
{
	extern void *__libc_stack_end;
	const uintptr_t *at = __builtin_frame_address(0);
	const uintptr_t *end = __libc_stack_end;
	int i = 0;

	if (!all_known) {
		(void)dl_iterate_phdr(place, NULL);
		(void)dl_iterate_phdr(adds, &loads);
		if (!all_known)
			return false;
	}
	/* Another thread's descriptor is at the top of its stack. */
	if (at > end || (size_t)(end - at) > MAIN_STACK / sizeof(*at))
		end = (const uintptr_t *)pthread_self();
	for (; i < FRAMES; i++) {
		if (wanted[i] == 0)
			continue;
		while (at < end && *at != wanted[i])
			at++;
		if (at >= end)
			return false;
		at++;
	}
	return true;
}

static bool
is_memory(enum call call)
{
	return call >= C_malloc && call <= C_memalign;
}

/* Counts this visit; what it is to meet, or 0. */
static int
trip(enum call call)
{
	struct walk w = { .n = 0 };
	uint64_t id = call + 1;
	int saved = errno, error = 0;
	struct site *s;

	if (plan == NULL || inside > 0 || plan->off != 0)
		return 0;
	/* With a plan only its own call is of interest, and only once. */
	if (plan->error != 0 &&
	    (plan->tripped > 0 || strcmp(plan->call, names[call]) != 0))
		return 0;
	inside++;
	if (plan->error != 0 && (plan->deep != 0 || !is_memory(call)) &&
	    !plausible()) {
		inside--;
		errno = saved;
		return 0;
	}
	/* A worker asks for memory half a million times. */
	if (plan->deep != 0 || !is_memory(call))
		_Unwind_Backtrace(look, &w);
	for (int i = 0; i < w.n; i++)
		id = mix(id, w.frames[i]);
	s = find(id == 0 ? 1 : id);
	if (s == NULL) {
		__atomic_add_fetch(&plan->lost, 1, __ATOMIC_SEQ_CST);
	} else {
		uint32_t nth =
		    __atomic_add_fetch(&s->visits, 1, __ATOMIC_SEQ_CST);

		if (nth == 1) {
			s->call = call;
			memcpy(s->frames, w.frames, sizeof(s->frames));
		}
		if (plan->error != 0 && s->id == plan->id && nth == plan->nth) {
			plan->pid = (uint32_t)getpid();
			__atomic_add_fetch(&plan->tripped, 1, __ATOMIC_SEQ_CST);
			error = plan->error;
		}
	}
	inside--;
	errno = saved;
	return error;
}

/* ---- the calls ------------------------------------------------------------------ */
#define REAL(type, name, parameters) \
	static type(*real) parameters; \
	int error; \
\
	if (real == NULL) \
		*(void **)&real = next(#name); \
	error = trip(C_##name)

#define CALL(type, name, parameters, arguments) \
	type name parameters \
	{ \
		REAL(type, name, parameters); \
		if (error == 0) \
			return real arguments; \
		errno = error; \
		return -1; \
	}
#define PTR(type, name, parameters, arguments) \
	type name parameters \
	{ \
		REAL(type, name, parameters); \
		if (error == 0) \
			return real arguments; \
		errno = error; \
		return NULL; \
	}
#define NUM(name, parameters, arguments) \
	int name parameters \
	{ \
		REAL(int, name, parameters); \
		return error == 0 ? real arguments : error; \
	}
#include "trip-calls.h"

/* A count that may be short. */
#define COUNT(name, parameters, arguments, len) \
	ssize_t name parameters \
	{ \
		REAL(ssize_t, name, parameters); \
		if (error == SHORT && (len) > 1) \
			(len) = 1; \
		if (error <= 0) \
			return real arguments; \
		errno = error; \
		return -1; \
	}
COUNT(read, (int fd, void *buf, size_t len), (fd, buf, len), len)
COUNT(write, (int fd, const void *buf, size_t len), (fd, buf, len), len)
COUNT(recv, (int fd, void *buf, size_t len, int flags), (fd, buf, len, flags),
    len)
COUNT(send, (int fd, const void *buf, size_t len, int flags),
    (fd, buf, len, flags), len)
COUNT(recvfrom,
    (int fd, void *restrict buf, size_t len, int flags,
	struct sockaddr *restrict sa, socklen_t *restrict salen),
    (fd, buf, len, flags, sa, salen), len)
COUNT(sendto,
    (int fd, const void *buf, size_t len, int flags, const struct sockaddr *sa,
	socklen_t salen),
    (fd, buf, len, flags, sa, salen), len)

ssize_t
__read_chk(int fd, void *buf, size_t len, size_t size)
{
	if (len > size)
		die("buffer overflow in read");
	return read(fd, buf, len);
}

ssize_t
__recv_chk(int fd, void *buf, size_t len, size_t size, int flags)
{
	if (len > size)
		die("buffer overflow in recv");
	return recv(fd, buf, len, flags);
}

/* The descriptor is gone in any case: close(2). */
int
close(int fd)
{
	REAL(int, close, (int));
	if (error == 0)
		return real(fd);
	(void)real(fd);
	errno = error;
	return -1;
}

static mode_t
mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		int error = trip(C_open); \
		va_list ap; \
		mode_t mode; \
\
		va_start(ap, flags); \
		mode = mode_of(flags, ap); \
		va_end(ap); \
		if (error == 0) \
			return (int)syscall( \
			    SYS_openat, AT_FDCWD, path, flags, mode); \
		errno = error; \
		return -1; \
	}
#define OPENAT(name) \
	int name(int dir, const char *path, int flags, ...) \
	{ \
		int error = trip(C_openat); \
		va_list ap; \
		mode_t mode; \
\
		va_start(ap, flags); \
		mode = mode_of(flags, ap); \
		va_end(ap); \
		if (error == 0) \
			return (int)syscall( \
			    SYS_openat, dir, path, flags, mode); \
		errno = error; \
		return -1; \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

static enum call
fcntl_kind(int what)
{
	switch (what) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return C_fcntl_dup;
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return C_fcntl_lock;
	default:
		return C_fcntl_flags;
	}
}

#define FCNTL(name) \
	int name(int fd, int what, ...) \
	{ \
		static int (*real)(int, int, ...); \
		int error = trip(fcntl_kind(what)); \
		va_list ap; \
		void *arg; \
\
		if (real == NULL) \
			*(void **)&real = next(#name); \
		va_start(ap, what); \
		arg = va_arg(ap, void *); \
		va_end(ap); \
		if (error == 0) \
			return real(fd, what, arg); \
		errno = error; \
		return -1; \
	}
FCNTL(fcntl)
FCNTL(fcntl64)

#define MMAP(name, off) \
	void *name( \
	    void *at, size_t len, int prot, int flags, int fd, off offset) \
	{ \
		int error = trip(C_mmap); \
\
		if (error == 0) \
			return (void *)syscall( \
			    SYS_mmap, at, len, prot, flags, fd, offset); \
		errno = error; \
		return MAP_FAILED; \
	}
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

int
getaddrinfo(const char *restrict node, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
	REAL(int, getaddrinfo,
	    (const char *, const char *, const struct addrinfo *,
		struct addrinfo **));
	if (error == 0)
		return real(node, service, hints, ret);
	errno = error;
	return error == ENOMEM ? EAI_MEMORY : EAI_SYSTEM;
}

/* Only what is added needs room in the kernel. */
int
epoll_ctl(int fd, int op, int on, struct epoll_event *ev)
{
	static int (*real)(int, int, int, struct epoll_event *);
	int error = op == EPOLL_CTL_ADD ? trip(C_epoll_ctl) : 0;

	if (real == NULL)
		*(void **)&real = next("epoll_ctl");
	if (error == 0)
		return real(fd, op, on, ev);
	errno = error;
	return -1;
}

/* ---- memory ------------------------------------------------------------------------ */
#ifndef INSTRUMENTED_yes /* a sanitizer has a malloc of its own */
static void *
refuse(int error)
{
	errno = error;
	return NULL;
}

void *
malloc(size_t size)
{
	int error = trip(C_malloc);

	return error == 0 ? __libc_malloc(size) : refuse(error);
}

void *
calloc(size_t n, size_t size)
{
	int error = trip(C_calloc);

	return error == 0 ? __libc_calloc(n, size) : refuse(error);
}

void *
realloc(void *p, size_t size)
{
	int error = trip(C_realloc);

	return error == 0 ? __libc_realloc(p, size) : refuse(error);
}

void *
aligned_alloc(size_t align, size_t size)
{
	int error = trip(C_memalign);

	return error == 0 ? __libc_memalign(align, size) : refuse(error);
}

int
posix_memalign(void **ret, size_t align, size_t size)
{
	int error = trip(C_memalign);
	void *p;

	if (error != 0)
		return error;
	p = __libc_memalign(align, size);
	if (p == NULL)
		return ENOMEM;
	*ret = p;
	return 0;
}
#endif
