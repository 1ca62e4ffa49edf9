/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a file that another program may be writing just now.  The AWS CLI
 * truncates its files and writes them again: who looks in between sees less
 * than there is.
 */
#ifndef AWSFED_REREAD_H
#define AWSFED_REREAD_H

#include <stdbool.h>

/*
 * One look.  Negative: it failed, which ends the looking; 0: something seems
 * to be missing; 1: all is there.  With last set nobody looks again, and what
 * is there is taken as it is.
 */
typedef int reread_look(bool last, void *arg);

/* Looks until all is there, at most five times in 80 ms; the last one's word. */
int reread(reread_look *look, void *arg);

#endif
