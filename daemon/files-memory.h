/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sections a file had when we last saw it whole.  A read that lacks some
 * of them may have met a program that truncates and rewrites.  One memory for
 * the process, safe from any thread.
 */
#ifndef AWSFED_FILES_MEMORY_H
#define AWSFED_FILES_MEMORY_H

#include <stdbool.h>

struct ini;

/* Does doc lack a section that the file of this (resolved) path had? */
bool files_memory_missing(const char *path, const struct ini *doc);
void files_memory_set(const char *path, const struct ini *doc);
void files_memory_clear(void);

#endif
