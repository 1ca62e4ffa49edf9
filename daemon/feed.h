/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The prompt feed, as a surface: a small file beside the control socket that a
 * shell's prompt reads without starting a process (docs/PROTOCOL.md, section
 * "The status file").  It is replaced whole, and only when a line of it
 * changes: who is idle is not woken for it.  It is gone when the agent ends.
 */
#ifndef AWSFED_FEED_H
#define AWSFED_FEED_H

struct feed;
struct manager;

/* path: of the file, whose folder is there. */
struct feed *feed_new(struct manager *m, const char *path);
/* The folder was gone and is there again: so is the file, soon. */
void feed_again(struct feed *f);
/* Takes the file away; after files_free, which may be writing it. */
void feed_free(struct feed *f);

#endif
