/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzz-client puts around a verb: an agent whose answers are the lines of
 * the input, a terminal whose person answers everything, standard output in
 * memory.
 */
#ifndef AWSFED_FAKE_CONN_H
#define AWSFED_FAKE_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "awsfed/buf.h"

#define FAKE_NOW 1795000000LL /* seconds since 1970 */
#define FAKE_CALLS_MAX 400

struct fake_client {
	const char *lines; /* what is left */
	size_t left;
	unsigned calls;
	unsigned typed;	   /* lines that the person has typed */
	bool running;	   /* a verb is: what it writes is looked at */
	struct buf direct; /* what went around stdio */
	struct buf screen; /* what the terminal was given */
};

extern struct fake_client fake;

#endif
