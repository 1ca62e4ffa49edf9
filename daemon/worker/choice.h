/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a page lets one choose from: home realms, methods, relying parties.
 *
 * value is what is posted, label what people read.  Both come from a page: they
 * are cleaned, bounded, and never branched on but by comparing them with what
 * the user configured.
 */
#ifndef AWSFED_WORKER_CHOICE_H
#define AWSFED_WORKER_CHOICE_H

#include <stddef.h>

#include "signin.h"

#define CHOICES_MAX 200	      /* of one page; further ones are left out */
#define CHOICE_VALUE_MAX 1024 /* bytes */
#define CHOICE_LABEL_MAX 200

struct choice {
	char *value;
	char *label;
	bool local; /* of a home realm: AD FS's own directory */
};

struct choices {
	struct choice *v;
	size_t n;
};

/*
 * Adds one, unless its value is empty, too long, not plain text or there
 * already.  label may be NULL or empty.  The new one, or NULL.
 */
struct choice *choices_add(
    struct choices *c, const char *value, const char *label);
void choices_done(struct choices *c);
#define _cleanup_choices_ __attribute__((cleanup(choices_done)))

/* By value or label, any case: the choice, or NULL. */
const struct choice *choices_find(const struct choices *c, const char *word);
/* "A" (value), "B" (value), …: for messages; at most max bytes. */
char *choices_text(const struct choices *c, size_t max);
/*
 * Asks a person (Q_CHOICE).  0 with *ret borrowed from c, or -1 with the
 * agent's fault: nobody is there.
 */
int choices_ask(struct signin *s, const struct choices *c, const char *name,
    const char *label, const struct choice **ret, struct fault *fault);

/* The options of a page's <select> with that name, or whose name ends so. */
void choices_select(struct choices *c, const struct page *p, const char *name);
/*
 * The quoted argument of a script's call, HRD.selection('…') for one, with its
 * escapes undone: an xalloc string, or NULL.
 */
char *script_argument(const char *script, const char *call);

#endif
