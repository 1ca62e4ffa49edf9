/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of names that remembers its order: add, ask and drop cost the same for
 * ten names and ten thousand.  A zeroed struct is an empty set.
 */
#ifndef AWSFED_NAMES_H
#define AWSFED_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct names {
	char **v; /* in the order in which they came, but for drops */
	size_t n;
	size_t cap;
	uint32_t *slots; /* place in v plus one; 0 is free */
	size_t nslots;	 /* a power of two */
};

/* False: it was there.  A copy is made. */
bool names_add(struct names *set, const char *name);
bool names_has(const struct names *set, const char *name);
/* Its place in v, or -1. */
ssize_t names_find(const struct names *set, const char *name);
/* True: it was there.  The last name takes its place in the order. */
bool names_drop(struct names *set, const char *name);
void names_done(struct names *set); /* leaves it empty */

#endif
