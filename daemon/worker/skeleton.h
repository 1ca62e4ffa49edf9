/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the flight recorder: the skeleton of a page that nobody could answer.
 *
 * Tags, ids, names, types, roles, methods and paths; no text, no value but the
 * method's name, no query, nothing that looks like a person or a secret: what
 * is not a plain identifier is a "?", and long numbers in one are "#".
 */
#ifndef AWSFED_WORKER_SKELETON_H
#define AWSFED_WORKER_SKELETON_H

#include "awsfed/buf.h"
#include "classify.h"

#define SKELETON_MAX (32 * 1024) /* bytes */

/* kind and status are written into its head; out is filled to its max. */
void skeleton_write(
    struct buf *out, const struct page *p, enum page_kind kind, long status);

#endif
