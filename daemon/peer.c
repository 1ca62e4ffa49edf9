/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "awsfed/clock.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif
#define NAME_BYTES 64
#define PATH_BYTES 256
#define STAT_BYTES 1024
#define CGROUP_BYTES 4096

/* ---- one process ------------------------------------------------------------- */

/* A file of /proc has no size: what one read gives.  Bytes, or -errno. */
static ssize_t
read_proc(pid_t pid, const char *name, char *out, size_t size)
{
	_cleanup_free_ char *path = xasprintf("/proc/%ld/%s", (long)pid, name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, out, size - 1);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	return n;
}

/* Its parent, and when it started (boot clock).  0 or -errno. */
static int
read_stat(pid_t pid, pid_t *ret_parent, int64_t *ret_started)
{
	char text[STAT_BYTES];
	const char *p;
	ssize_t n = read_proc(pid, "stat", text, sizeof(text));
	unsigned long long ticks;
	long parent;

	if (n < 0)
		return (int)n;
	/* The name is in brackets and may hold any byte. */
	p = strrchr(text, ')');
	if (p == NULL ||
	    sscanf(p + 1,
		" %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
		"%*d %*d %*d %*d %*d %llu",
		&parent, &ticks) != 2)
		return -EIO;
	*ret_parent = (pid_t)parent;
	*ret_started = (int64_t)(ticks * (unsigned long long)USEC /
	    (unsigned long long)sysconf(_SC_CLK_TCK));
	return 0;
}

static void
read_program(pid_t pid, struct peer_program *ret)
{
	_cleanup_free_ char *link = xasprintf("/proc/%ld/exe", (long)pid);
	char text[PATH_MAX];
	ssize_t n = read_proc(pid, "comm", text, sizeof(text));

	ret->pid = pid;
	if (n > 0) {
		text[strcspn(text, "\n")] = '\0';
		ret->name = str_clean(text, NAME_BYTES);
	}
	/* Of a process that may not be traced nobody learns it. */
	n = readlink(link, text, sizeof(text) - 1);
	if (n > 0) {
		text[n] = '\0';
		ret->exe = str_clean(text, PATH_BYTES);
	}
}

/* "0::/user.slice/…": the one of the unified hierarchy. */
static char *
read_cgroup(pid_t pid)
{
	char text[CGROUP_BYTES];
	ssize_t n = read_proc(pid, "cgroup", text, sizeof(text));

	for (char *line = text; n > 0 && *line != '\0';) {
		size_t len = strcspn(line, "\n");

		if (strncmp(line, "0::", 3) == 0) {
			line[len] = '\0';
			return str_clean(line + 3, PATH_BYTES);
		}
		line += len + (line[len] == '\n');
	}
	return NULL;
}

static void
read_parents(pid_t pid, pid_t parent, struct peer *p)
{
	int64_t started;

	while (p->nparents < PEER_PARENTS && parent > 1) {
		struct peer_program *up = &p->parents[p->nparents];
		pid_t same = 0, next = 0;

		read_program(parent, up);
		/*
		 * A parent that ends hands its children on: still the parent,
		 * so what was read is of no other process.
		 */
		if (read_stat(parent, &next, &started) < 0 ||
		    read_stat(pid, &same, &started) < 0 || same != parent) {
			xreplace(&up->name, NULL);
			xreplace(&up->exe, NULL);
			return;
		}
		p->nparents++;
		pid = parent;
		parent = next;
	}
}

/* ---- the other end ------------------------------------------------------------- */

static int
open_pidfd(int sock, pid_t pid)
{
	socklen_t len = sizeof(int);
	int fd = -1;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) == 0)
		return fd;
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool
ended(int pidfd)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };

	return poll(&pfd, 1, 0) != 0;
}

int
peer_read(int sock, int64_t since, struct peer *ret)
{
	struct peer p = { 0 };
	struct ucred cred;
	socklen_t len = sizeof(cred);
	_cleanup_close_ int pidfd = -1;
	int64_t started;
	pid_t parent;
	int r;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return -errno;
	pidfd = open_pidfd(sock, cred.pid);
	if (pidfd < 0)
		return -errno;
	r = read_stat(cred.pid, &parent, &started);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* Without SO_PEERPIDFD the number may have a new owner already. */
	if (started > since)
		return -ESRCH;
	read_program(cred.pid, &p.self);
	p.cgroup = read_cgroup(cred.pid);
	read_parents(cred.pid, parent, &p);
	if (ended(pidfd)) {
		peer_done(&p);
		return -ESRCH;
	}
	*ret = p;
	return 0;
}

void
peer_done(struct peer *p)
{
	xfree(p->self.name);
	xfree(p->self.exe);
	for (size_t i = 0; i < p->nparents; i++) {
		xfree(p->parents[i].name);
		xfree(p->parents[i].exe);
	}
	xfree(p->cgroup);
	*p = (struct peer){ 0 };
}

/* ---- words ------------------------------------------------------------------------ */

static char *
program_text(const struct peer_program *p)
{
	const char *name = p->name != NULL ? p->name : _("a program");

	return p->exe != NULL ?
	    xasprintf(_("%s (pid %ld, %s)"), name, (long)p->pid, p->exe) :
	    xasprintf(_("%s (pid %ld)"), name, (long)p->pid);
}

/* Those that only pass the question on. */
static bool
go_between(const struct peer_program *p)
{
	return str_eq(p->name, "awsfedctl") || str_eq(p->name, "aws-adfs") ||
	    str_eq(p->name, "sh") || str_eq(p->name, "dash");
}

char *
peer_text(const struct peer *p)
{
	_cleanup_free_ char *self = program_text(&p->self), *above = NULL;
	size_t i = 0;

	if (!go_between(&p->self))
		return STEAL(self);
	while (i < p->nparents && go_between(&p->parents[i]))
		i++;
	if (i == p->nparents)
		return STEAL(self);
	above = program_text(&p->parents[i]);
	return xasprintf(_("%s by %s"), above, self);
}

static json_t *
program_json(const struct peer_program *p)
{
	json_t *o = json_object();

	json_put_int(o, "pid", p->pid);
	json_put_str(o, "program", p->name);
	json_put_str(o, "executable", p->exe);
	return o;
}

json_t *
peer_json(const struct peer *p)
{
	json_t *o = program_json(&p->self), *list;

	json_put_str(o, "cgroup", p->cgroup);
	if (p->nparents == 0)
		return o;
	list = json_array();
	for (size_t i = 0; i < p->nparents; i++)
		json_array_append_new(list, program_json(&p->parents[i]));
	json_object_set_new(o, "parents", list);
	return o;
}
