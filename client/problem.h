/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kept a verb from its work, and how it is told: a fault, the profile it
 * concerns, the exit status, and the protocol's own name of the error.
 */
#ifndef CLIENT_PROBLEM_H
#define CLIENT_PROBLEM_H

#include <jansson.h>

#include "awsfed/fault.h"

struct problem {
	int exit;      /* exit status, 0: no problem */
	char *error;   /* the agent's error name, or NULL */
	char *profile; /* or NULL */
	struct fault fault;
};

void problem_done(struct problem *p);
/* Sets everything but `next` (see fault_next on p->fault).  Returns -1. */
int problem_set(struct problem *p, int exit, enum fault_kind kind,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* From {"error","parameters"}, whatever is in it. */
void problem_from_reply(struct problem *p, const json_t *reply);

/* A profile's name as one word of a shell's, quoted where it must; xalloc. */
char *problem_word(const char *name);
/* What helps when the fault itself does not say (xalloc). */
char *problem_next(const struct fault *f, const char *profile);
/* To standard error, a sentence and what to do next; returns the exit status. */
int problem_report(const struct problem *p);
/* The same on one line, for credential-process. */
int problem_report_line(const struct problem *p, const char *profile);
/* A fault that came in a reply; label is a profile's name or NULL. */
void problem_show_fault(const char *label, const struct fault *f, FILE *out);

#define _cleanup_problem_ __attribute__((cleanup(problem_done)))

#endif
