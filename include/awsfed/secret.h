/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets: passwords, codes, cookies, session tokens.
 *
 * A secret lives in pages that are locked (where RLIMIT_MEMLOCK allows), are
 * left out of core dumps and are wiped in a child.  It is moved, never copied,
 * and wiped when it dies.  It has no accessor that fits "%s" by accident: one
 * asks for its bytes and its length.
 */
#ifndef AWSFED_SECRET_H
#define AWSFED_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret;

#define SECRET_MAX 65536 /* bytes in one secret */

/* Copies len bytes in; the caller wipes its own.  NUL-terminated inside. */
struct secret *secret_new(const void *bytes, size_t len);
/* Takes a string from xalloc, wipes and frees it, sets it to NULL. */
struct secret *secret_take(char **s);
struct secret *secret_free(struct secret *s); /* returns NULL */
/* Valid until the secret dies.  Ends with a NUL that len does not count. */
const char *secret_bytes(const struct secret *s);
size_t secret_len(const struct secret *s);
/* Constant time for equal lengths. */
bool secret_equal(const struct secret *a, const struct secret *b);
/* The same, of bytes that somebody sent. */
bool secret_is(const struct secret *s, const void *bytes, size_t len);
/* False when the arena could not be locked; secrets work all the same. */
bool secret_locked(void);
/*
 * Overwrites the stack below the caller. Libraries leave copies there: the
 * dynamic loader saves the vector registers when a function of theirs is called
 * for the first time, and a secret may have just been copied through them.
 */
void secret_scrub_stack(void);

void secret_freep(struct secret **s);
#define _cleanup_secret_ __attribute__((cleanup(secret_freep)))

#endif
