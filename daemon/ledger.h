/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger of password attempts: what keeps a restart loop, a stale command
 * or a bug from locking an account.
 *
 * Before a password leaves, ledger_ask() decides, records "pending" durably and
 * only then says go.  ledger_outcome() follows; a pending entry that the agent
 * finds at its start is an attempt whose end nobody knows, and counts as spent.
 * An entry holds the identity, a 16-bit tag of the password (salted scrypt,
 * computed in the worker: enough to see that it is another one, useless for
 * guessing), the time and the outcome.  Nothing is decided by the tag of what a
 * person has just typed, so it may come later, with the outcome: the entry is on
 * disk before the password goes all the same.  One that never got its tag may
 * have been any password, and forbids each that it would forbid by its tag.
 *
 * The rules:
 *  - a person who has just typed it may always send it, once;
 *  - anything else (a command, a keyring) never sends what was refused, or what
 *    ended unknown, until a person has signed in with it since (after a sign-in
 *    with another one it is as wrong as before); it sends at most once in 60 s
 *    and three times an hour.
 */
#ifndef AWSFED_LEDGER_H
#define AWSFED_LEDGER_H

#include <stdbool.h>

#include "awsfed/clock.h"

struct fault;
struct files;
struct ledger;

enum secret_source {
	SOURCE_PERSON, /* typed for this attempt */
	SOURCE_COMMAND,
	SOURCE_STORED
};

/* Reads path (missing: empty; unreadable: every stored password waits). */
struct ledger *ledger_new(
    const char *path, struct files *files, const struct clk *clk);
void ledger_free(struct ledger *l); /* after files: no done() comes then */
/* 32 hex digits: the salt for tags, made once for a ledger. */
const char *ledger_salt(const struct ledger *l);

/* serial comes back as it was given: which of the caller's acts this is. */
typedef void ledger_done_fn(
    const struct fault *fault, unsigned serial, void *arg);
/*
 * May identity post the password with this tag (of a person's: or NULL)?  -1 with *fault: no, and done()
 * is not called.  0: done() comes from the loop, with an empty fault when the
 * entry is on disk, else with why it could not be written (then: no).
 */
int ledger_ask(struct ledger *l, const char *identity, const char *tag,
    enum secret_source source, ledger_done_fn *done, unsigned serial, void *arg,
    struct fault *fault);
enum ledger_outcome {
	LEDGER_PENDING,
	LEDGER_ACCEPTED,
	LEDGER_REJECTED,
	LEDGER_UNKNOWN
};
/* The tag of the undecided attempt, which began without; kept with its end. */
void ledger_tag(struct ledger *l, const char *identity, const char *tag);
void ledger_outcome(
    struct ledger *l, const char *identity, enum ledger_outcome outcome);
/* The password never left: the attempt did not happen. */
void ledger_unsent(struct ledger *l, const char *identity);
/*
 * Did the sign-in that a password of this identity began last meet a second
 * factor?  An entry inherits it from the one before, so that a crash between
 * two pages forgets nothing.
 */
bool ledger_factor(const struct ledger *l, const char *identity);
void ledger_set_factor(struct ledger *l, const char *identity, bool met);
/*
 * Would a stored password have a chance now?  Asked before a command is run or
 * a keyring opened, so that a refused one is not even fetched again.
 */
bool ledger_stored_ok(const struct ledger *l, const char *identity);
/*
 * The same for one that another hand may have replaced since: what was refused
 * does not count yet, since its tag will tell whether it is the same.  -1 with
 * *fault, which is temporary when it only comes too soon.
 */
int ledger_fetch_ok(
    const struct ledger *l, const char *identity, struct fault *fault);

#endif
