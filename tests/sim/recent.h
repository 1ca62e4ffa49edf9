/* SPDX-License-Identifier: Apache-2.0 */
/* The last requests: what was asked by whom, without any secret. */
#ifndef SIM_RECENT_H
#define SIM_RECENT_H

#include <jansson.h>

struct request;
struct response;
struct sim;

/* Enters a request that was answered, and judges its User-Agent. */
void recent_add(
    struct sim *s, const struct request *q, const struct response *r);
void recent_done(struct sim *s);
/* "requests".  NULL, or an error's text. */
const char *recent_admin(struct sim *s, const json_t *args, json_t *reply);

#endif
