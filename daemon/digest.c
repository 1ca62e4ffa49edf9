/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "awsfed/log.h"

#define PRIME (((uint64_t)1 << 61) - 1)
#define SOMETHING ((uint64_t)1 << 63) /* set in each half of a string's */
#define BYTES 7			      /* at a time: fewer than 61 bits */

static uint64_t points[2];

static void
draw_points(void)
{
	for (int i = 0; i < 2; i++) {
		do {
			if (getrandom(&points[i], sizeof(points[i]), 0) !=
			    sizeof(points[i])) {
				log_err("getrandom: no random numbers");
				abort(); /* Linux has them since it started */
			}
			points[i] >>= 3;
		} while (points[i] < 2 || points[i] >= PRIME);
	}
}

/* (h + add) * x modulo PRIME; all of them are less than that. */
static uint64_t
step(uint64_t h, uint64_t add, uint64_t x)
{
	unsigned __int128 wide = (unsigned __int128)(h + add) * x;
	uint64_t r = ((uint64_t)wide & PRIME) + (uint64_t)(wide >> 61);

	r = (r & PRIME) + (r >> 61);
	return r >= PRIME ? r - PRIME : r;
}

struct digest
digest_of(const char *s)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct digest d = { 0 };
	size_t len;

	if (s == NULL)
		return d;
	pthread_once(&once, draw_points);
	len = strlen(s);
	for (int i = 0; i < 2; i++) {
		uint64_t h = step(0, len, points[i]);

		for (size_t at = 0; at < len; at += BYTES) {
			size_t n = len - at < BYTES ? len - at : BYTES;
			uint64_t part = 0;

			memcpy(&part, s + at, n);
			h = step(h, part, points[i]);
		}
		d.half[i] = h | SOMETHING;
	}
	return d;
}

bool
digest_is(struct digest d, const char *s)
{
	struct digest other = digest_of(s);

	return d.half[0] == other.half[0] && d.half[1] == other.half[1];
}
