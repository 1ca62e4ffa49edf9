/* SPDX-License-Identifier: Apache-2.0 */
/* A state machine's table as docs/HACKING.md shows it, in Markdown. */
#ifndef AWSFED_MACHINE_H
#define AWSFED_MACHINE_H

#include <stddef.h>
#include <stdio.h>

struct machine {
	const char *const *states;
	size_t nstates;
	const char *const *events;
	size_t nevents;
	/* The action's name, NULL: none. */
	const char *(*cell)(size_t state, size_t event);
};

void machine_print(const struct machine *m, FILE *out);

#endif
