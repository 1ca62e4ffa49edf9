/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary files of the write protocol: their names, and what a crash left of
 * them.  Such a leftover may be a version of the user's file with an edit that
 * is nowhere else, so it is removed only when the target has all it holds.  What is only ours, and
 * half written at that, is just removed.
 */
#ifndef AWSFED_FILES_LEFT_H
#define AWSFED_FILES_LEFT_H

#include <stdbool.h>
#include <stddef.h>

struct ini;
struct snapshot;
struct target;

/*
 * ".<name>.awsfed.<16 hex>" for a new version of the file; xalloc.  The digits
 * are sums of what the file is expected to hold and of the new text: what has
 * one of them is no edit of anybody's, on whichever side of the swap.
 */
char *files_temp_name(const struct target *t, const struct snapshot *expect,
    const char *text, size_t len);
/* The same at random, for what may be anything. */
char *files_old_name(const struct target *t);
/* The mode of a temporary file that is not all there yet. */
#define FILES_TEMP_MODE 0200
char *files_random_name(const char *prefix); /* <prefix><16 hex>; xalloc */
/* 16 hex digits; with tmp, followed by the ".<16 hex>.tmp" of path_replace(). */
bool files_is_hex(const char *s, bool tmp);
/* Does left hold a section, key or value of a person's that target has not? */
bool files_holds_more(const struct ini *left, const struct ini *target);
/*
 * Keeps a temporary file as "<name>.awsfed-saved-<n>" beside the target and
 * says so in the log.
 */
void files_save(const struct target *t, const char *temp);
/*
 * Deals with the leftovers: with all of them where nobody else can be at work
 * (target.sole), else with those older than a minute.  Under the lock only.
 */
void files_sweep(const struct target *t);
/* seconds < 0: of any age. */
void files_sweep_older(const struct target *t, int seconds);
/*
 * At the start: sweeps beside this file, under its lock.  Makes nothing where
 * nothing was left.
 */
void files_tidy_now(const char *path);

#endif
