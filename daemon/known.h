/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roles that each identity was offered last, and since when one is gone:
 * kept in the state directory (0600 JSON, no secrets), so that news is news
 * once and not at each start.
 *
 * The who of all functions names an identity and its relying party.
 */
#ifndef AWSFED_KNOWN_H
#define AWSFED_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct files;
struct known;
struct strv;

/* Reads path when it is there; one that makes no sense is like none. */
struct known *known_new(const char *path, struct files *files);
void known_free(struct known *k);

/*
 * The roles ([{"roleArn",…}]) of an assertion that came at now_s.  *ret_new
 * gets the ARNs that were not offered the last time; none at the first time.
 */
void known_update(struct known *k, const char *who, const json_t *roles,
    int64_t now_s, struct strv *ret_new);
/*
 * The profile's role is not in the last assertion.  Since when, in seconds since
 * 1970; 0: it has never been offered.  To be followed by known_save(), once for
 * all that one assertion lacks.
 */
int64_t known_set_gone(struct known *k, const char *who, const char *role);
/* Writes what known_set_gone() has noted since; k may be NULL. */
void known_save(struct known *k);
/* Is it known to be missing?  *ret_since as above. */
bool known_is_gone(const struct known *k, const char *who, const char *role,
    int64_t *ret_since);
/* Has anybody of this identity_base ever been offered roles? */
bool known_at(const struct known *k, const char *base);

#endif
