/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the worker gives up.  In two steps, since the paths that a job needs are
 * known only when it has come:
 *
 * sandbox_enter(), first thing: core dumps, being traced by its own user,
 * gaining privileges, descriptors that it was not given, endless CPU time, and
 * outliving the agent.
 *
 * sandbox_confine(), with the job in hand, before any thread and before a byte
 * from the network: files, by Landlock; system calls, by seccomp.  From then on
 * a page that took the parser over finds no file of the user's, starts no
 * program, reads no other process, and finds nobody who does it for it: Unix
 * sockets are there only for the jobs that cannot do without.
 */
#ifndef AWSFED_WORKER_SANDBOX_H
#define AWSFED_WORKER_SANDBOX_H

#include <stdbool.h>

#include <jansson.h>

#include "awsfed/str.h"

/* What one job needs beside what every job needs. */
struct sandbox_needs {
	struct strv read;  /* files and directories to read */
	struct strv write; /* also to write: a ticket cache, a token's store */
	struct strv reach; /* sockets of servers, or where they are */
	bool keyring;	   /* tickets are in the kernel's keyring */
	const char *sockets; /* what needs Unix sockets; NULL: nothing */
};

/* 0, or a negative errno: then the worker must not go on. */
int sandbox_enter(void);
/*
 * 0, also where the kernel knows neither Landlock nor seccomp, after a line in
 * the log; or a negative errno, as above.
 */
int sandbox_confine(const json_t *job /* NULL: none */);

/* The parts of sandbox_confine(). */
void sandbox_needs(const json_t *job, struct sandbox_needs *ret);
void sandbox_needs_done(struct sandbox_needs *n);
/*
 * Does a look-up of a host's name need Unix sockets, by these files?  nsswitch
 * and resolv are the .conf files, resolved the socket of systemd-resolved.
 */
bool sandbox_names(
    const char *nsswitch, const char *resolv, const char *resolved);
/* From this ABI on Landlock says which Unix sockets may be connected to. */
#define SANDBOX_ABI_SOCKETS 9
/* The ABI version (1 or more), 0 without Landlock, or a negative errno. */
int sandbox_files(const struct sandbox_needs *n);
/*
 * files_open: Landlock does not guard the files.  1, 0 without seccomp, or a
 * negative errno.
 */
int sandbox_calls(const struct sandbox_needs *n, bool files_open);

#endif
