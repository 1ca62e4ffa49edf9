/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages that send a browser on to a secret address: xdg-open shows what it is
 * given to everybody on this machine (ps), so it is given the name of a file
 * that only its owner may read.  A page goes after a minute, and with the agent.
 */
#ifndef AWSFED_LANDING_H
#define AWSFED_LANDING_H

#include "awsfed/fault.h"

struct landing;
struct loop;

#define LANDING_SECONDS 60

/*
 * dir: the runtime directory, 0700; what an agent before left there goes.  NULL
 * dir: every page is a fault.
 */
struct landing *landing_new(struct loop *loop, const char *dir);
void landing_free(struct landing *l);
void landing_clear(struct landing *l); /* all pages go now */
/* The path of a new page (xalloc), or NULL with *fault. */
char *landing_add(struct landing *l, const char *url, struct fault *fault);

#endif
