/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The libraries, set up once before anything else runs: one allocator that
 * never fails and wipes, nothing loaded from outside, no environment that
 * changes what they do.  libxml2 comes later, by xml-library.h.
 */
#ifndef AWSFED_WORKER_LIBRARIES_H
#define AWSFED_WORKER_LIBRARIES_H

/* Unsets every variable that would make a library log, load or redirect. */
void libraries_clean_environment(void);
/* 0, or -1 when a library had already allocated by itself. */
int libraries_start(void);

#endif
