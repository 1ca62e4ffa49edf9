/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a job, by table: docs/PROTOCOL.md section 2. */
#ifndef WORKER_FIELDS_H
#define WORKER_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct fault;

struct text_field {
	const char *key;
	size_t offset; /* of a const char * */
	size_t max;    /* bytes */
	bool required; /* neither absent nor empty */
};

/* Strings of msg into *to, borrowed; empty ones become NULL.  0, or -1. */
int fields_texts(const json_t *msg, const struct text_field *fields, size_t n,
    void *to, struct fault *fault);
/* Seconds for a connection and for the whole job. */
int fields_times(const json_t *msg, int64_t *ret_connect, int64_t *ret_all,
    struct fault *fault);

/* The keys that a job signs with: its object "source". */
struct source_keys {
	const char *access_key_id;
	const char *secret_access_key;
	const char *session_token;
};
int fields_source(
    const json_t *msg, struct source_keys *ret, struct fault *fault);

/* What to say of a member that cannot be used.  -1. */
int fields_bad(struct fault *fault, const char *key);

#endif
