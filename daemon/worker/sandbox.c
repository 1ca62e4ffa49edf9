/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "awsfed/xalloc.h"

/* A page that sends the parser into quadratic time ends here, not never. */
#define CPU_SECONDS 60
#define FILES 256

static int
limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit now, want = { value, value };

	if (getrlimit(what, &now) < 0)
		return -errno;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
		want.rlim_cur = want.rlim_max = now.rlim_max;
	return setrlimit(what, &want) < 0 ? -errno : 0;
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
		{ RLIMIT_FSIZE, 0 },	/* standard error is no file of ours */
	};
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if ((r = limit(limits[i].what, limits[i].value)) < 0)
			return r;
	return 0;
}
