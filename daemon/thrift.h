/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives memory back when the agent has come to rest.  A sign-in of fifty
 * profiles needs ten times what is left to keep afterwards, and malloc(3) keeps
 * it all for the next time, which may be hours away.
 */
#ifndef AWSFED_THRIFT_H
#define AWSFED_THRIFT_H

struct loop;
struct thrift;

/* First thing in main(), before any thread: heaps for two, large blocks apart. */
void thrift_setup(void);
struct thrift *thrift_new(struct loop *loop);
void thrift_free(struct thrift *t); /* NULL allowed */
/* Something happens: a few seconds after the last of these is the rest.  Cheap:
 * for each call and each event.  NULL allowed. */
void thrift_touch(struct thrift *t);

#endif
