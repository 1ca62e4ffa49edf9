/* SPDX-License-Identifier: Apache-2.0 */
/* What status says about a clock that is wrong. */
#ifndef CLIENT_CLOCKWORD_H
#define CLIENT_CLOCKWORD_H

#include <jansson.h>

/* Of the reply of Status, on standard output: nothing up to a minute. */
void clockword_show(const json_t *reply);
/*
 * "10 minutes ahead of this computer's", of one identity's host, when it is that
 * clock which is wrong: AWS's and ours agree.  xalloc, else NULL.
 */
char *clockword_host(const json_t *reply, const json_t *identity);

#endif
