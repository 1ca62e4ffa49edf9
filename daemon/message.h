/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members that several messages to workers have: docs/PROTOCOL.md section 2.
 */
#ifndef AWSFED_MESSAGE_H
#define AWSFED_MESSAGE_H

#include <jansson.h>

struct creds;
struct profile;
struct settings;

/* How to reach hosts, and how long to wait for them. */
void message_network(
    json_t *o, const struct profile *p, const struct settings *set);
/* Where a role is redeemed or assumed, and what narrows it. */
void message_role(
    json_t *o, const struct profile *p, const struct settings *set);
/* "source": the live keys that the worker signs with. */
void message_source(json_t *o, const struct creds *keys);

#endif
