/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the worker gives up before it reads its job: core dumps, being traced
 * by its own user, gaining privileges, starting programs, endless CPU time.
 *
 * Still to come (it is required before a release): a seccomp filter that
 * answers AF_NETLINK with an errno, so that getaddrinfo goes on without it,
 * and Landlock rules that leave only the CA bundle and the resolver's files.
 */
#ifndef AWSFED_WORKER_SANDBOX_H
#define AWSFED_WORKER_SANDBOX_H

/* 0, or a negative errno: then the worker must not go on. */
int sandbox_enter(void);

#endif
