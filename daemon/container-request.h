/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to the container endpoint: its bytes read, and whether it may be
 * answered.  Pure functions, so that tests and a fuzzer feed them anything.
 *
 * The reader takes one form only (RFC 9112 without its leniences): GET with
 * the path alone, fields as "Name: value", each line ended by CR LF, and
 * nothing behind the empty line.  What two programs might read in two ways is
 * refused, never mended.  Then each row of a table refuses for one reason; no
 * row trusts that another one has been asked.  docs/ENDPOINT.md says why.
 */
#ifndef AWSFED_CONTAINER_REQUEST_H
#define AWSFED_CONTAINER_REQUEST_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct secret;

#define CONTAINER_REQUEST_MAX 8192 /* bytes, with the empty line */
#define CONTAINER_FIELDS_MAX 48
#define CONTAINER_NAME_MAX 256 /* bytes in a profile's name */
#define CONTAINER_PATH "/v1/credentials/"

struct container_field {
	const char *name; /* as sent, no NUL behind it */
	size_t name_len;
	const char *value; /* trimmed */
	size_t value_len;
};

/* Points into the bytes that were read. */
struct container_request {
	const char *method;
	size_t method_len;
	const char *target;
	size_t target_len;
	struct container_field fields[CONTAINER_FIELDS_MAX];
	size_t nfields;
};

/*
 * Reads len bytes.  1: a whole request; 0: more is needed; -EBADMSG: it can not
 * become one; -EMSGSIZE: it is too long or has too many fields.
 */
int container_parse(
    const char *bytes, size_t len, struct container_request *ret);

/*
 * The profile that a target names, xalloc; NULL when it is not of the form
 * CONTAINER_PATH and one percent-encoded name.
 */
char *container_profile(const char *target, size_t len);
/* The target of a profile; NULL when its name cannot be in one. */
char *container_target(const char *profile);
/* A name with all but unreserved characters as %XX, and back (NULL: bad). */
char *container_encode(const char *name);
char *container_decode(const char *s, size_t len);

/* What a request is measured against. */
struct container_expect {
	uint16_t port;		    /* the one that we listen on */
	const struct secret *token; /* the profile's; NULL: it has none */
	uid_t peer;		    /* who sent it; (uid_t)-1: not known */
	uid_t uid;		    /* whom we serve */
};

struct container_check {
	const char *name;
	int status; /* of the answer that refuses */
	const char *code;
	const char *message;
	bool (*passes)(const struct container_request *r,
	    const struct container_expect *x);
};

/*
 * The first row that refuses, or NULL.  rows has a bit for each row, in the
 * order of container_check_at(): the agent passes CONTAINER_ALL, only unit
 * tests pass fewer, to see what a row does without the others.
 */
#define CONTAINER_ALL UINT_MAX
const struct container_check *container_check(const struct container_request *r,
    const struct container_expect *x, unsigned rows);
const struct container_check *container_check_at(size_t i); /* or NULL */

#endif
