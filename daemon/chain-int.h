/* SPDX-License-Identifier: Apache-2.0 */
/* The job of a chained session: chain-job.c builds it. */
#ifndef AWSFED_CHAIN_INT_H
#define AWSFED_CHAIN_INT_H

#include <jansson.h>

struct creds;
struct profile;
struct settings;

/* The `assume` job: profile p with the live keys of its source. */
json_t *chain_job(const struct profile *p, const struct creds *source,
    const struct settings *set);

#endif
