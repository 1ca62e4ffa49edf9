/* SPDX-License-Identifier: Apache-2.0 */
/* A plan of variables in a shell's own words, for its eval. */
#ifndef CLIENT_SHELL_H
#define CLIENT_SHELL_H

#include "awsfed/buf.h"
#include "environ.h"

struct shell;

#define SHELL_TEXT_MAX (512 * 1024)

/* By the name that --shell takes; NULL when there is none of that name. */
const struct shell *shell_find(const char *name);
/* By the path of a login shell, such as $SHELL; sh when it is unset. */
const struct shell *shell_of(const char *path);
const char *shell_names(void); /* "sh, fish, …" */
/* 0, or -EMSGSIZE. */
int shell_print(const struct shell *s, const struct plan *p, struct buf *out);

#endif
