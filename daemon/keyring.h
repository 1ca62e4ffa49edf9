/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept to sign an identity in when nobody is there: by the setting
 * store_password in memory until logout, in the keyring of the desktop, or in a
 * systemd credential; by default nowhere.  One object for each identity.
 *
 * It stores after success only.  After a refusal what was sent is suspect: not
 * removed (a locked account and an old password look alike), and not used until
 * a person has signed in.  The mark is in the keyring's item, for all who share
 * it, and the ledger holds the password's tag besides.  How often a stored
 * password may be sent is the ledger's business, not this module's.
 */
#ifndef AWSFED_KEYRING_H
#define AWSFED_KEYRING_H

#include <stdbool.h>

#include <jansson.h>

#include "awsfed/config.h"

struct fault;
struct keyring;
struct loop;
struct secret;
struct vault;

enum keyring_kind { KEYRING_PASSWORD, KEYRING_TOTP };

struct keyring_env {
	struct loop *loop;
	struct vault *vault;	 /* NULL: this host has no keyring */
	const char *credentials; /* $CREDENTIALS_DIRECTORY, NULL none */
	/* What keyring_status() says is another thing now. */
	void (*changed)(void *arg);
	/* What was locked when it was needed is open now. */
	void (*opened)(void *arg);
	void *arg;
};

struct keyring *keyring_new(const struct keyring_env *env);
void keyring_free(struct keyring *k);

/*
 * For whom, and where.  Another user or place wipes what memory holds.  user
 * NULL: not known yet, so there is nothing.
 */
void keyring_use(struct keyring *k, enum store_password where, const char *host,
    const char *user);

/* A person acts: a window of the keyring that was dismissed may come again. */
void keyring_attend(struct keyring *k);
/* Will it open a window for a person who is there? */
bool keyring_asks(const struct keyring *k);
/* Is there a place to look for a password that is not known to be suspect? */
bool keyring_hopes(const struct keyring *k);

/* secret is taken by the callee, NULL when there is none to use. */
typedef void keyring_fn(struct secret *secret, void *arg);
/*
 * Fetches the secret for user (NULL: the one of keyring_use).  from is where a
 * one-time secret is; a password is where store_password says.  attended: the
 * keyring may ask to be unlocked.  fn comes from the loop; one at a time.
 */
void keyring_get(struct keyring *k, enum keyring_kind kind,
    enum store_password from, const char *user, bool attended, keyring_fn *fn,
    void *arg);
void keyring_cancel(struct keyring *k); /* the get; fn is not called */

/* A sentence: where it is now, or why it is not there. */
typedef void keyring_kept_fn(const char *sentence, bool kept, void *arg);
/* This password has just signed the identity in: keep it (taken). */
void keyring_keep(struct keyring *k, struct secret *password, bool attended,
    keyring_kept_fn *fn, void *arg);
/* The password that keyring_get gave was refused. */
void keyring_refused(struct keyring *k);
/* Wipes what memory holds. */
void keyring_wipe(struct keyring *k);

enum keyring_gone {
	KEYRING_NOTHING, /* none was there */
	KEYRING_REMOVED,
	KEYRING_UNSEEN /* none is kept by the settings; no keyring to look at */
};
/* With a fault it may be there still. */
typedef void keyring_gone_fn(const char *user, const char *host,
    const struct fault *fault, enum keyring_gone gone, void *arg);
/*
 * Removes it everywhere: from memory and, where there is one, from the keyring,
 * which may ask to be unlocked.  fn comes from the loop.
 */
void keyring_forget(struct keyring *k, keyring_gone_fn *fn, void *arg);
/* The one who waits for keyring_forget has gone. */
void keyring_unforget(struct keyring *k, void *arg);

/* Why it did not give a password that it may have; -1 then, else 0. */
int keyring_why(const struct keyring *k, const char *host, struct fault *fault);
/* {"store","held","suspect"?,"locked"?,"unavailable"?} */
json_t *keyring_status(const struct keyring *k);
bool keyring_sane(const struct keyring *k); /* for tests */

#endif
