/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory file behind the state: made, sealed, looked at with suspicion,
 * read and written.  It knows nothing of what the payload means.
 */
#ifndef AWSFED_STATE_MEMORY_H
#define AWSFED_STATE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "state-blob.h"

/* Two slots, and a page that counts how often it was taken over in vain. */
#define STATE_MEMORY_SIZE ((off_t)STATE_SLOTS * STATE_SLOT + 4096)
#define STATE_TRIES 5

struct state_memory {
	int fd; /* -1: none */
	unsigned slot;
	uint64_t generation;
};

/* A new one, empty, sealed against growing and shrinking.  0 or -errno. */
int state_memory_make(struct state_memory *ret);
/*
 * Is fd one that we could have made?  Then *ret takes it and NULL is returned;
 * else a word why not (static), and fd is the caller's still.
 */
const char *state_memory_check(int fd, struct state_memory *ret);
/*
 * The newest whole payload, xalloc with a NUL behind it; NULL with *ret_why
 * (static; NULL when there is just nothing in it).
 */
char *state_memory_read(
    struct state_memory *sm, size_t *ret_len, const char **ret_why);
/* 0, or -errno; then nothing that is older remains either. */
int state_memory_write(struct state_memory *sm, const char *data, size_t len);
void state_memory_wipe(struct state_memory *sm);
/*
 * Counts a take-over; -ELOOP when too many before it did not end: what is in
 * there may be what ends us.
 */
int state_memory_begin(struct state_memory *sm);
void state_memory_end(struct state_memory *sm);
void state_memory_close(struct state_memory *sm);

#endif
