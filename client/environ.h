/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variables by which AWS tools are told who they are: what exec gives to
 * its command and env prints.  A plan says of each variable what it becomes, or
 * that it goes: every variable by which some SDK would come to another identity
 * is cleared, since their orders of precedence differ.
 */
#ifndef CLIENT_ENVIRON_H
#define CLIENT_ENVIRON_H

#include <stddef.h>

struct creds;

struct variable {
	char *name;
	char *value; /* NULL: it is cleared */
};

struct plan {
	struct variable *v;
	size_t n;
};

/* Sets one, in place of what the plan said of it; NULL clears it. */
void plan_set(struct plan *p, const char *name, const char *value);
/*
 * Every variable that names an identity or a source of one is cleared; what is
 * set later takes its place.
 */
void plan_clear(struct plan *p);
/* The keys, when they end, and what old SDKs need beside them. */
void plan_keys(struct plan *p, const struct creds *c);
/* AWS_REGION and AWS_DEFAULT_REGION; NULL or "" leaves the caller's. */
void plan_region(struct plan *p, const char *region);
/* To this process's own environment, for a program to be executed. */
void plan_apply(const struct plan *p);
void plan_done(struct plan *p);

#define _cleanup_plan_ __attribute__((cleanup(plan_done)))

#endif
