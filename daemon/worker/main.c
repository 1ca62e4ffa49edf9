/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfed-worker: one job on the network, then the end.
 *
 * The agent starts it with one end of a socket pair as descriptor 3, sends the
 * job, and answers its questions (docs/PROTOCOL.md, section 2).  Everything the
 * job learns leaves by that descriptor; everything else dies with the process.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "assume.h"
#include "conduit.h"
#include "console.h"
#include "libraries.h"
#include "sandbox.h"
#include "signin.h"

static const struct {
	const char *name;
	void (*run)(struct conduit *c, const json_t *msg);
} jobs[] = {
	{ JOB_SIGNIN, signin_job },
	{ JOB_ASSUME, assume_job },
	{ JOB_CONSOLE, console_job },
};

static void
unknown_job(struct conduit *c)
{
	_cleanup_fault_ struct fault f = { 0 };

	fault_set(&f, FAULT_INTERNAL, REASON_MALFORMED,
	    _("The agent asked for a job that this worker does not know."));
	fault_next(&f,
	    _("The two are of different versions: restart the "
	      "agent with systemctl --user restart awsfedd."));
	conduit_fault(c, NULL, &f);
}

/* Nothing has been read from the network yet, and nothing will be. */
static void
unconfined(struct conduit *c, int error)
{
	_cleanup_fault_ struct fault f = { 0 };

	log_err("cannot give up files and system calls: %s", strerror(error));
	fault_set(&f, FAULT_INTERNAL,
	    error == ENOMEM ? REASON_WORKER : REASON_NONE,
	    _("The worker cannot enter its sandbox (%s), and does nothing "
	      "without it."),
	    strerror(error));
	fault_next(&f,
	    _("In a container, let its profile allow prctl, seccomp and "
	      "landlock_*; else report this with the kernel's version."));
	conduit_fault(c, NULL, &f);
}

static void
run(struct conduit *c, const json_t *msg)
{
	const char *name = json_string_value(json_object_get(msg, "job"));

	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		if (str_eq(jobs[i].name, name)) {
			jobs[i].run(c, msg);
			return;
		}
	}
	unknown_job(c);
}

int
main(int argc, char **argv)
{
	struct conduit c;
	struct stat st;
	json_t *msg;
	int r;

	libraries_clean_environment();
	/* The agent leaves out what its own log does not want. */
	log_init("awsfed-worker", LOG_DEBUG);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("awsfed-worker %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (argc != 1 || fstat(WORKER_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		log_err("started by awsfedd only, with a socket as descriptor "
			"%d; to sign in, use: awsfedctl login",
		    WORKER_FD);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if ((r = sandbox_enter()) < 0) {
		log_err("cannot give up privileges: %s", strerror(-r));
		return 1;
	}
	if (libraries_start() < 0) {
		log_err("a library was in use before it was set up");
		return 1;
	}
	conduit_init(&c, WORKER_FD);
	if (conduit_job(&c, &msg) < 0)
		msg = NULL;
	if ((r = sandbox_confine(msg)) < 0)
		unconfined(&c, -r);
	else if (msg == NULL)
		unknown_job(&c);
	else
		run(&c, msg);
	json_decref(msg);
	conduit_end(&c);
	conduit_done(&c);
	return 0;
}
