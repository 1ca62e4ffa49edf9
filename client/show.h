/* SPDX-License-Identifier: Apache-2.0 */
/* How times, counts and states are put into words. */
#ifndef CLIENT_SHOW_H
#define CLIENT_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define SHOW_SIZE 64

/* Seconds: "48m", "7h59m", "<1m"; "-" for 0 and less. */
void show_left(int64_t seconds, char out[SHOW_SIZE]);
/*
 * A moment as a person here reads it: "15:04" within a day from now, with the
 * weekday within six days, else with the date.  now and t in seconds.
 */
void show_when(int64_t t, int64_t now, char out[SHOW_SIZE]);
/* The same for a member of a reply; false when it is absent or no time. */
bool show_member_when(
    const json_t *o, const char *key, int64_t now, char out[SHOW_SIZE]);
int64_t show_now(void); /* the wall clock, seconds */

/* A member as text fit to be shown (xalloc), NULL when absent or empty. */
char *show_text(const json_t *o, const char *key);
/* Each name of an array in a line of its own, and what is to be said of it. */
void show_names(const json_t *list, const char *between, const char *words);

/* "012345678901/MyAdminRole" from account and role, else the ARN, else "-". */
char *show_role(const json_t *profile);
/* What the STATE column says (xalloc). */
char *show_state(const json_t *profile);
/* "CORP\jane @ host" or "host" (xalloc). */
char *show_identity(const json_t *identity);
/* What follows it: "signed in, renews without you until about 17:02". */
char *show_identity_state(const json_t *identity, int64_t now);
/* Where its password is kept, a sentence (xalloc); NULL: nowhere. */
char *show_password(const json_t *identity);
/*
 * "20 profiles fresh (1 password, 1 push); renews without you until about
 * 17:02" from a `done` step (xalloc).
 */
char *show_closing(const json_t *done, int64_t fresh, int64_t now);

#endif
