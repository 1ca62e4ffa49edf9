/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary files of the write protocol: their names, and what a crash left of
 * them.  Such a leftover may be a version of the user's file with an edit that
 * is nowhere else, so it is removed only when the target has all it holds.
 */
#ifndef AWSFED_FILES_LEFT_H
#define AWSFED_FILES_LEFT_H

#include <stdbool.h>

struct target;

/* ".<name>.awsfed.<16 hex>"; xalloc. */
char *files_temp_name(const struct target *t);
/*
 * Keeps a temporary file as "<name>.awsfed-saved-<n>" beside the target and
 * says so in the log.
 */
void files_save(const struct target *t, const char *temp);
/* Deals with the leftovers older than a minute.  Under the lock only. */
void files_sweep(const struct target *t);
void files_sweep_older(const struct target *t, int seconds);

#endif
