/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the manager holds, as a whole: to outlive the agent, and to tell whether
 * the agent could as well end.
 */
#ifndef AWSFED_MANAGER_STATE_H
#define AWSFED_MANAGER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct manager;

/* Identities and sessions; cookies: also what signs in without a person. */
json_t *manager_export(struct manager *m, bool cookies);

struct manager_taken {
	size_t profiles;   /* with keys that are live */
	size_t identities; /* that are signed in */
	size_t dropped;	   /* made no sense, or belong to nothing any more */
};
/*
 * At the start, after the configuration and the credentials file were read:
 * brings back what still fits.  -EINVAL: o is nothing of ours.
 */
int manager_import(
    struct manager *m, const json_t *o, struct manager_taken *ret);

#define MANAGER_HOLDS INT64_MAX
/*
 * Would anything be lost, or left undone, if the agent ended now?  0: nothing;
 * else seconds since 1970 until when, MANAGER_HOLDS when that cannot be told.
 */
int64_t manager_holds(struct manager *m);
/* Does every object agree with itself?  For the watchdog. */
bool manager_sane(struct manager *m);

#endif
