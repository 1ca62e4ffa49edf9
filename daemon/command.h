/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's own commands (username_password_command, mfa_token_command, later
 * hooks): "/bin/sh -c", in a process group of its own, standard input from
 * /dev/null, output collected up to 64 KiB into a buffer that is wiped,
 * standard error to our log line by line, killed as a group at its time limit.
 */
#ifndef AWSFED_COMMAND_H
#define AWSFED_COMMAND_H

#include <stddef.h>

struct command;
struct commands;
struct fault;
struct loop;

/* out is borrowed and wiped afterwards; fault is empty when it exited 0. */
typedef void command_done_fn(
    const struct fault *fault, const char *out, size_t len, void *arg);

struct commands_ops {
	/* env: NULL-terminated "NAME=value" additions, or NULL. */
	struct command *(*start)(struct commands *commands, const char *line,
	    const char *const *env, int timeout, command_done_fn *done,
	    void *arg);
	void (*cancel)(struct command *command); /* no call back */
};

struct commands {
	const struct commands_ops *ops;
};

struct commands *commands_new(struct loop *loop);
void commands_free(struct commands *commands);

#endif
