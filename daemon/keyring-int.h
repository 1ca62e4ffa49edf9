/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by keyring.c and keyring-credential.c (systemd's credentials). */
#ifndef AWSFED_KEYRING_INT_H
#define AWSFED_KEYRING_INT_H

#include "keyring.h"
#include "vault.h"

enum keyring_held { KEYRING_UNKNOWN, KEYRING_NO, KEYRING_YES };

/* What a status shows, compared byte by byte: zeroed when made. */
struct keyring_known {
	enum keyring_held held; /* in the keyring, or as a credential */
	unsigned char suspect;
	unsigned char locked;
	unsigned char unavailable;
	unsigned char spare;
};

struct keyring {
	struct keyring_env env;
	enum store_password where;
	char *host;
	char *user;   /* as written, or NULL */
	char *normal; /* in lower case */
	struct secret *memory;
	struct keyring_known known;
	bool dismissed; /* its window, since a person came last */
	bool watching;
	struct vault_call *looking;
	struct vault_call *changing; /* put, mark or remove: the last wins */
	keyring_kept_fn *kept;
	void *kept_arg;
	char *sentence; /* for kept, of what needs no vault */
	keyring_gone_fn *gone;
	void *gone_arg;
	bool lost; /* it has become another user's meanwhile */
	bool bare; /* there is no vault to ask */
	bool had;  /* memory, before it was forgotten */

	/* the fetch */
	struct vault_call *getting;
	enum keyring_kind kind;
	keyring_fn *fn; /* NULL: none */
	void *fn_arg;
	struct secret *ready;
	struct timer *turn; /* gives what was at hand */
};

void keyring_turn(void *arg);
/* The credential of this user (lower case), or NULL. */
struct secret *keyring_credential(
    const struct keyring *k, enum keyring_kind kind, const char *user);
void keyring_look_credential(struct keyring *k);
/* A password has worked: is the credential's another one?  Then it is old. */
void keyring_compare_credential(
    struct keyring *k, const struct secret *password);

#endif
