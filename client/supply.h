/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that a script brings: --stdin, --env, --authfile, as in aws-adfs.
 * Each is given once; a second question of the same name goes to the person,
 * so that a refused password is never sent again.
 */
#ifndef CLIENT_SUPPLY_H
#define CLIENT_SUPPLY_H

#include <jansson.h>

struct supply;
struct fault;

struct supply *supply_new(void);
struct supply *supply_free(struct supply *s); /* returns NULL */
/* Two lines of standard input: user name, password.  0 or -1 with *fault. */
int supply_from_stdin(struct supply *s, struct fault *fault);
/* The variables username and password.  0 or -1 with *fault. */
int supply_from_env(struct supply *s, struct fault *fault);
/* An INI file: keys username and password in the profile's section. */
int supply_from_authfile(struct supply *s, const char *path,
    const char *profile, struct fault *fault);
/* A one-time code.  0 or -1 with *fault. */
int supply_set_code(struct supply *s, const char *code, struct fault *fault);
/* The user name, also when it was given away; NULL when none was brought. */
json_t *supply_user(const struct supply *s);
/* The answer to a question of this name, once; NULL when there is none. */
json_t *supply_answer(struct supply *s, const char *name);

void supply_freep(struct supply **s);
#define _cleanup_supply_ __attribute__((cleanup(supply_freep)))

#endif
