/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes of the agent, for job and command: started with exactly the
 * descriptors given, leader of a process group, standard error line by line to
 * our log, killed as a group, always reaped.
 */
#ifndef AWSFED_CHILD_H
#define AWSFED_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child;
struct children;
struct loop;

/* status as waitpid gives it.  Comes from the loop, once. */
typedef void child_exit_fn(int status, void *arg);

struct child_spec {
	const char *name; /* of its log lines: "worker" */
	const char *path;
	const char *const *argv;
	const char *const *envp;
	int in;	   /* -1: /dev/null */
	int out;   /* -1: /dev/null */
	int extra; /* becomes descriptor 3; -1: closed */
};

struct children *children_new(struct loop *loop);
/* Kills what is left and waits for it. */
void children_free(struct children *children);

/*
 * in, out and extra stay the caller's.  0, or a negative errno when the
 * program could not be started; exited is then never called.
 */
int child_start(struct children *children, const struct child_spec *spec,
    child_exit_fn *exited, void *arg, struct child **ret);
pid_t child_pid(const struct child *child);
/*
 * Is pid one of them, or was it in the last CHILD_LATE seconds?  What a child
 * has sent before it ended may be read after.
 */
#define CHILD_LATE 10
bool children_have(const struct children *children, pid_t pid);
/*
 * Gives the child up: exited is not called any more.  It has grace_ms to end by
 * itself (0: none), then its whole group is killed.  NULL is allowed.
 */
void child_release(struct child *child, int grace_ms);
/* "exit status 3", "signal 9 (Killed)"; xalloc. */
char *child_status_text(int status);

#endif
