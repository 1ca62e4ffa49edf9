/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for new profiles, from a template: {alias}, {account} and {role} are
 * replaced, characters that some SDK refuses become "-", and no two get the
 * same.  Pure functions.
 */
#ifndef AWSFED_CONFIGURE_NAME_H
#define AWSFED_CONFIGURE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "awsfed/fault.h"
#include "awsfed/str.h"

#define NAME_TEMPLATE "{alias}-{role}"

struct name_wish {
	const char *alias; /* NULL: the account stands in */
	const char *account;
	const char *role;
	char *name; /* what it became (xalloc) */
};

/* 0, or -1 with a config fault that says what is wrong with it. */
int name_template_check(const char *template, struct fault *fault);
/*
 * Names all wishes; none will be in taken, nor "default".  Roles that the
 * template would name alike get the account added, then a number.  0, or -1
 * with *fault and no names: the template is bad, or a name came out too long
 * or empty.
 */
int names_choose(const char *template, struct name_wish *wishes, size_t n,
    const struct strv *taken, struct fault *fault);
/* base, or base-2, base-3, … when it is taken.  xalloc. */
char *name_free_one(const char *base, const struct strv *taken);

#endif
