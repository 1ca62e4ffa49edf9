/* SPDX-License-Identifier: Apache-2.0 */
#include "absent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

bool
absent_manager(void)
{
	_cleanup_free_ char *run = path_user_runtime();
	_cleanup_free_ char *manager =
	    run == NULL ? NULL : path_join(run, "systemd/private");
	struct stat st;

	return manager != NULL && stat(manager, &st) == 0 &&
	    S_ISSOCK(st.st_mode) && st.st_uid == geteuid();
}

bool
absent_named(void)
{
	const char *v = getenv("AWSFED_SOCKET");

	return v != NULL && v[0] == '/';
}

/* AWSFED_SOCKET names a place that we know nothing of. */
static void
about_named(struct problem *p, const char *path, int error)
{
	if (error == ECONNREFUSED)
		problem_set(p, EXIT_NO_AGENT, FAULT_TEMPORARY,
		    _("no agent answers on %s any more, which AWSFED_SOCKET "
		      "names: it, or the ssh connection that forwarded the "
		      "socket, has ended."),
		    path);
	else
		problem_set(p, EXIT_NO_AGENT, FAULT_TEMPORARY,
		    _("no agent answers on %s (%s), which AWSFED_SOCKET "
		      "names."),
		    path, strerror(error));
	if (error == ECONNREFUSED)
		fault_next(&p->fault,
		    _("for a socket of ssh: rm %s and connect again; else "
		      "awsfedd --background, or unset AWSFED_SOCKET"),
		    path);
	else
		fault_next(&p->fault, "%s",
		    _("connect again by ssh, or awsfedd --background, or "
		      "unset AWSFED_SOCKET"));
}

/* XDG_RUNTIME_DIR came along by su or sudo from somebody else. */
static bool
foreign_runtime(const char *run, unsigned *ret_uid)
{
	struct stat st;

	if (str_empty(run) || stat(run, &st) != 0 || st.st_uid == geteuid())
		return false;
	*ret_uid = (unsigned)st.st_uid;
	/* root made it for us? Then it is as good as ours. */
	return st.st_uid != 0 || access(run, W_OK) != 0;
}

int
absent_problem(struct problem *p, const char *path, int error)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	unsigned uid = 0;

	if (absent_named()) {
		about_named(p, path, error);
		return -error;
	}
	if (foreign_runtime(run, &uid)) {
		problem_set(p, EXIT_NO_AGENT, FAULT_CONFIG,
		    _("XDG_RUNTIME_DIR is %s, which belongs to user id %u and "
		      "not to you (%u): no agent of yours can be there."),
		    run, uid, (unsigned)geteuid());
		fault_next(&p->fault, "%s",
		    _("unset XDG_RUNTIME_DIR (su and sudo may leave it "
		      "behind), and try again"));
		return -error;
	}
	problem_set(p, EXIT_NO_AGENT, FAULT_TEMPORARY,
	    _("no agent answers on %s (%s)."), path, strerror(error));
	if (absent_manager())
		fault_next(
		    &p->fault, "systemctl --user enable --now awsfedd.socket");
	else
		fault_next(&p->fault, "awsfedctl login");
	return -error;
}
