/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the admin asked to go wrong.  A mishap has a place (where it waits), a
 * kind (what it does), a count (how often, -1 until cleared) and parameters.
 *
 * Places: adfs-get, adfs-post (or what is posted: adfs-name, adfs-realm,
 * adfs-password, adfs-factor), saml (assertions being made), sts, signin,
 * federation, connect (before the handshake), or a role ARN, which means STS
 * requests for that role.
 */
#ifndef SIM_MISHAP_H
#define SIM_MISHAP_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct sim;
struct response;

struct mishap {
	struct mishap *next;
	int64_t id;
	char *place;
	char *kind;
	char *role; /* only for this role, or NULL */
	char *user; /* only for this user, or NULL */
	char *host; /* connect: only for this name, or NULL */
	char *code; /* STS error code, MSIS code */
	char *text; /* message; field name for missing-fields */
	int64_t status;
	int64_t ms;
	int64_t retry_after; /* seconds, 0: no header */
	int64_t count;
	int64_t after; /* so many go by first */
	int64_t used;
};

/* Adds one; NULL with *ret_error set when it makes no sense. */
const struct mishap *mishap_add(
    struct sim *s, const json_t *args, const char **ret_error);
json_t *mishap_list(const struct sim *s);
bool mishap_drop(struct sim *s, int64_t id);
void mishap_clear(struct sim *s);

/*
 * Takes the next mishap that waits at a place, in the order they were added,
 * and spends one of its count.  Delays are applied to the response on the way.
 * role and user may be NULL.  The pointer lives until the next admin command.
 */
const struct mishap *mishap_take(struct sim *s, const char *place,
    const char *role, const char *user, struct response *r);
/* The same for a connection that asks for `host` (SNI; "" without). */
const struct mishap *mishap_connect(struct sim *s, const char *host);
bool mishap_is(const struct mishap *m, const char *kind);
/*
 * Does what any place can do (status, garbage, close, reset, stall, empty,
 * content-type, truncated, cut-head).  True: the response is complete, do nothing else.
 */
bool mishap_generic(const struct mishap *m, struct response *r);

#endif
