/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flight recorder: skeletons of pages that a worker could not answer, as
 * files that a person may look at and send on.
 *
 * There are RECORDER_SLOTS file names, written in turn, the oldest first: no
 * more files can ever be there, whatever ends the agent in between.  The
 * writer thread writes; a worker's text is checked, for it read the page.
 */
#ifndef AWSFED_RECORDER_H
#define AWSFED_RECORDER_H

struct files;
struct recorder;

#define RECORDER_SLOTS 20
#define RECORDER_TEXT_MAX (64 * 1024) /* bytes of one skeleton */

/* dir: made (0700) when the first page comes. */
struct recorder *recorder_new(struct files *files, const char *dir);
void recorder_free(struct recorder *r); /* after files: no done() comes then */

/* path is NULL when it could not be written. */
typedef void recorder_done_fn(const char *path, void *arg);
/* 0 and done() comes from the loop; -EINVAL: no text of ours, nothing comes. */
int recorder_keep(struct recorder *r, const char *skeleton,
    recorder_done_fn *done, void *arg);
/* done() for this arg comes no more. */
void recorder_forget(struct recorder *r, const void *arg);

#endif
