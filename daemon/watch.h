/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells when a file may have changed, by inotify on directories: on the one
 * that holds its name, on those of the symbolic links it goes through, and, as
 * long as one of them does not exist, on the nearest directory that does.
 *
 * What happens within 250 ms is told once.  It is a hint: the callee looks for
 * itself what changed.  Where the kernel has no inotify, or no more of it, or
 * the file is changed by another machine, nothing is told; the agent then looks
 * when somebody asks it something.
 */
#ifndef AWSFED_WATCH_H
#define AWSFED_WATCH_H

#include <stdbool.h>

struct loop;
struct watch;

typedef void watch_fn(void *arg);

/* Never NULL.  fn is called from the loop. */
struct watch *watch_new(
    struct loop *loop, const char *path, watch_fn *fn, void *arg);
/* False: the kernel has nothing left for it, and fn is not called. */
bool watch_works(const struct watch *w);
void watch_free(struct watch *w); /* NULL allowed */

#endif
