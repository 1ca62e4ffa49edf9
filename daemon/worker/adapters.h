/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of second factors: who answers the page of which AD FS adapter.
 *
 * An adapter is known by its provider name, the AuthMethod of its page, which
 * an administrator may have changed: awsfed.mfa_adapters maps such a name to a
 * kind of this table.  A name that nobody knows gets the generic one.
 */
#ifndef AWSFED_WORKER_ADAPTERS_H
#define AWSFED_WORKER_ADAPTERS_H

#include <stddef.h>

#include "awsfed/fault.h"

struct second;

struct adapter {
	const char *kind;    /* the word of awsfed.mfa_adapters */
	const char *names;   /* AuthMethod values, split by "|"; NULL: none */
	const char *product; /* for people */
	/* Answers the page at hand: 0 next page, -1 fault. */
	int (*answer)(struct second *x, struct fault *fault);
	/*
	 * Controls that take the code, split by blanks, the first one that is
	 * there counts; "#id" finds a control by its id.  NULL: none.
	 */
	const char *fields;
};

/* The last one is the generic. */
extern const struct adapter adapters[];
extern const size_t adapters_count;

/*
 * By the AuthMethod's value, any case; aliases is "NAME=KIND, …" or NULL and
 * goes first.  Never NULL.
 */
const struct adapter *adapter_find(const char *name, const char *aliases);
/* By its kind, or NULL. */
const struct adapter *adapter_kind(const char *kind);

/* ---- the answers (adapter-*.c, generic.c) -------------------------------- */
int code_answer(struct second *x, struct fault *fault);
int azure_answer(struct second *x, struct fault *fault);
int approve_answer(struct second *x, struct fault *fault);
int securid_answer(struct second *x, struct fault *fault);
int privacyidea_answer(struct second *x, struct fault *fault);
int duo_answer(struct second *x, struct fault *fault);
int browser_answer(struct second *x, struct fault *fault);
int generic_answer(struct second *x, struct fault *fault);

#endif
