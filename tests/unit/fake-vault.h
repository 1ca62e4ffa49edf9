/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyring in memory with place for one password and one TOTP secret.  Calls
 * are answered on the loop's next turn, or when fake_vault_answer says so.
 */
#ifndef AWSFED_TEST_FAKE_VAULT_H
#define AWSFED_TEST_FAKE_VAULT_H

#include "vault.h"

struct loop;

struct fake_item {
	char *value; /* NULL: there is none */
	bool suspect;
};

struct fake_vault { /* change what is before the blank line */
	struct vault vault;
	struct fake_item password, totp;
	bool locked;
	bool dismisses; /* its window, when it is opened; else it unlocks */
	bool absent;
	bool hold; /* answers nothing by itself */
	bool fails_marks;

	struct loop *loop;
	struct vault_call *calls;
	unsigned windows, gets, puts, marks, removes, cancelled, open;
	vault_changed_fn *changed;
	void *changed_arg;
};

struct fake_vault *fake_vault_new(struct loop *loop);
void fake_vault_free(struct fake_vault *v); /* nobody may wait any more */
void fake_vault_put(struct fake_vault *v, const char *password, bool suspect);
/* Answers the oldest open call now.  False: there is none. */
bool fake_vault_answer(struct fake_vault *v);
/* Tells its watcher that something is not as it was. */
void fake_vault_changed(struct fake_vault *v);

#endif
