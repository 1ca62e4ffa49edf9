/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is awaited and for how long yet, on standard error: on a terminal a
 * line that is rewritten every second and taken away in the end, elsewhere one
 * line.
 */
#ifndef CLIENT_COUNTDOWN_H
#define CLIENT_COUNTDOWN_H

#include <stdbool.h>
#include <stdint.h>

struct countdown {
	bool tty;
	int64_t until; /* milliseconds, monotonic; 0 nothing is awaited */
	bool drawn;
};

/* text is clean; told: it stands there already.  seconds 0: not known. */
void countdown_begin(
    struct countdown *c, const char *text, bool told, int64_t seconds);
/* Draws it anew; nothing when nothing is awaited. */
void countdown_tick(struct countdown *c);
/* Takes the line away, so that something else can be written. */
void countdown_clear(struct countdown *c);
/* The wait is over. */
void countdown_end(struct countdown *c);

#endif
