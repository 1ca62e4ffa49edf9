/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing several roles of a list: numbers, ranges, patterns. */
#ifndef CLIENT_PICK_H
#define CLIENT_PICK_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "awsfed/buf.h"

/*
 * "1-3,7": marks those places (counted from 0) of n.  0, or -EINVAL with
 * nothing marked: it is something else, or a number is not in the list.
 */
int pick_ranges(const char *line, size_t n, bool *on);
/*
 * Is the pattern a part of the role's account, alias, name, ARN or profile?
 * With "*", "?" or "[" it is a glob for one of them as a whole, or for
 * ALIAS/ROLE or ACCOUNT/ROLE.  Case does not matter.
 */
bool pick_matches(const json_t *role, const char *pattern);
/* The marked roles as text, by account, numbered by their place from 1. */
void pick_list(const json_t *roles, const bool *shown, struct buf *out);

#endif
