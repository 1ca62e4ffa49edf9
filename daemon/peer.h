/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end of a connection, for a person to read: process id,
 * executable, control group, and the programs above it (unix(7), proc(5)).
 *
 * This names, it does not authorise: a process of the same user may run any
 * program, and be traced by any (docs/SECURITY.md).  What is shown belongs to
 * one process, though, and never to another that got its number later.
 */
#ifndef AWSFED_PEER_H
#define AWSFED_PEER_H

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#define PEER_PARENTS 4 /* programs above it that are looked at */

struct peer_program {
	pid_t pid;
	char *name; /* as the kernel has it, cleaned; NULL: not known */
	char *exe;  /* path of the executable, cleaned; NULL: not readable */
};

struct peer {
	struct peer_program self;
	struct peer_program parents[PEER_PARENTS];
	size_t nparents;
	char *cgroup; /* or NULL */
};

/*
 * socket: connected; since: boot clock (microseconds) when it was accepted.
 * 0; -ESRCH when the process has ended, or its number has another owner by
 * now; other negative errno.
 */
int peer_read(int socket, int64_t since, struct peer *ret);
void peer_done(struct peer *p);
/* "aws (pid 10, /usr/bin/python3.11) by awsfedctl (pid 12)"; xalloc. */
char *peer_text(const struct peer *p);
/* {"pid","program"?,"executable"?,"cgroup"?,"parents"?: [the first three]} */
json_t *peer_json(const struct peer *p);

#endif
