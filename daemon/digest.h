/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a value is the one that was seen before, without keeping it: 16 bytes
 * that are of use only in the process that made them.
 *
 * Polynomials over the field of 2^61 - 1 at two random points that never leave
 * the process.  Two values of n bytes that were chosen without knowing these
 * have the same digest once in (2^61 / (n / 7 + 2))^2 (Carter and Wegman,
 * Universal classes of hash functions, 1979).
 */
#ifndef AWSFED_DIGEST_H
#define AWSFED_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

struct digest {
	uint64_t half[2]; /* both 0: of nothing */
};

/* NULL: of nothing, which no string is, the empty one neither. */
struct digest digest_of(const char *s);
bool digest_is(struct digest d, const char *s);

#endif
