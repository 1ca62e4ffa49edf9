/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of the container endpoint: one for each profile that a program
 * was started for, each in a file of mode 0600 that the program's SDK reads,
 * and the port beside them.  They stay when the agent ends, so that programs
 * that run on find the next agent at the same address with the same token;
 * what is there is believed only when it is ours and nobody else can read it.
 */
#ifndef AWSFED_CONTAINER_TOKENS_H
#define AWSFED_CONTAINER_TOKENS_H

#include <stddef.h>
#include <stdint.h>

struct container_tokens;
struct fault;
struct secret;

#define CONTAINER_TOKENS_MAX 1024
#define CONTAINER_TOKEN_BYTES 32 /* random; twice as many characters */

/* Takes nothing from the disk yet.  dir is copied. */
struct container_tokens *container_tokens_new(const char *dir);
void container_tokens_free(struct container_tokens *t); /* files stay */

/*
 * Reads what an earlier agent left; files that cannot be trusted are removed.
 * The port that it served on, 0 when there is none.
 */
uint16_t container_tokens_load(struct container_tokens *t);
size_t container_tokens_count(const struct container_tokens *t);
/* NULL: the profile has none. */
const struct secret *container_tokens_get(
    const struct container_tokens *t, const char *profile);
/*
 * Makes sure that the profile has one and that its file is there; *ret_path
 * (xalloc) is the file.  0, or -1 with *fault.
 */
int container_tokens_make(struct container_tokens *t, const char *profile,
    char **ret_path, struct fault *fault);
int container_tokens_set_port(
    struct container_tokens *t, uint16_t port, struct fault *fault);
/* Puts back what is not in its file any more.  0, or -1 with *fault. */
int container_tokens_again(struct container_tokens *t, struct fault *fault);
/* Whoever holds it is refused from now on. */
void container_tokens_drop(struct container_tokens *t, const char *profile);
void container_tokens_drop_all(struct container_tokens *t);

#endif
