/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/xalloc.h"

/* A page that sends the parser into quadratic time ends here, not never. */
#define CPU_SECONDS 60
#define FILES 256

static int
limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit l;

	if (getrlimit(what, &l) < 0)
		return -errno;
	if (l.rlim_max == RLIM_INFINITY || l.rlim_max > value)
		l.rlim_cur = value;
	/* valgrind, which has files of its own, keeps the hard limit. */
	if (what != RLIMIT_NOFILE && l.rlim_cur == value)
		l.rlim_max = value;
	return setrlimit(what, &l) < 0 ? -errno : 0;
}

int
sandbox_enter(void)
{
	static const struct {
		__rlimit_resource_t what;
		rlim_t value;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_CPU, CPU_SECONDS },
		{ RLIMIT_NOFILE, FILES },
	};
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	/* The agent hands on none; an old kernel cannot make sure of it. */
	(void)syscall(SYS_close_range, WORKER_FD + 1, ~0U, 0U);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if ((r = limit(limits[i].what, limits[i].value)) < 0)
			return r;
	return 0;
}

int
sandbox_confine(const json_t *job)
{
	struct sandbox_needs needs;
	int files, calls;

	sandbox_needs(job, &needs);
	files = sandbox_files(&needs);
	calls = files < 0 ? files : sandbox_calls(&needs, files == 0);
	if (calls >= 0 && needs.sockets != NULL && files < SANDBOX_ABI_SOCKETS)
		log_debug("%s: this worker may use Unix sockets, and the "
			  "kernel cannot restrict which",
		    needs.sockets);
	sandbox_needs_done(&needs);
	if (files == 0)
		log_notice("the kernel has no Landlock: this worker could read "
			   "what its user can");
	if (calls == 0)
		log_notice("the kernel has no seccomp: this worker could use "
			   "any system call");
	return calls < 0 ? calls : 0;
}
