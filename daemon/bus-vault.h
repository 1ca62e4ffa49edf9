/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by bus-vault.c (calls, windows, signals) and bus-vault-item.c. */
#ifndef AWSFED_BUS_VAULT_H
#define AWSFED_BUS_VAULT_H

#include <systemd/sd-bus.h>

#include "awsfed/clock.h"
#include "awsfed/str.h"

#include "vault.h"

#define SERVICE "org.freedesktop.secrets"
#define ROOT "/org/freedesktop/secrets"
#define SERVICE_IFACE "org.freedesktop.Secret.Service"
#define COLLECTION "org.freedesktop.Secret.Collection"
#define ITEM "org.freedesktop.Secret.Item"
#define PROMPT "org.freedesktop.Secret.Prompt"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define ITEMS_MAX 8 /* of one search that are looked at */
#define SUSPECT "suspect"

#define _cleanup_message_ \
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message

struct vault_watcher {
	vault_changed_fn *fn;
	void *arg;
	struct vault_watcher *next;
};

struct bus_vault {
	struct vault vault;
	struct loop *loop;
	struct bus *bus;
	bool watching;
	char *session; /* with this owner of the name, or NULL */
	sd_bus_slot *matches[3];
	struct timer *settle; /* then the watchers are told */
	struct vault_watcher *watchers;
	struct vault_call *calls;
};

struct vault_call {
	struct bus_vault *vault;
	struct vault_call *next;
	enum vault_act act;
	char *host, *user, *also, *kind, *label;
	struct secret *secret;
	bool ask;
	vault_fn *fn;
	void *arg;
	struct timer *timer;
	bool begun, waited;
	sd_bus_slot *reply;

	bool second;		/* searches for the user as somebody wrote it */
	bool unlocked;		/* once in a call */
	bool reopened;		/* so is a session that has ended */
	char *items[ITEMS_MAX]; /* unlocked */
	size_t nitems;
	char *locked[ITEMS_MAX];
	size_t nlocked;
	size_t at;  /* the item that is looked at, or removed */
	char *best; /* the newest */
	uint64_t best_time;
	bool suspect;
	struct strv attributes; /* of best: name, value, name, … */
	size_t removed;
	bool finishing; /* behind the window there is nothing to do */
	char *prompt;	/* its window is open */
	sd_bus_slot *completed;
};

void vault_watch_bus(struct bus_vault *v);
/* The call is over and c gone; what is in answer is taken. */
void vault_finish(struct vault_call *c, struct vault_answer *answer);
void vault_result(
    struct vault_call *c, enum vault_result result, const char *why);
/* Was the reply an error?  Then the call is over. */
bool vault_failed(struct vault_call *c, sd_bus_message *m);
void vault_broken(struct vault_call *c);
/* NULL when there is no bus; vault_send takes that, too. */
sd_bus_message *vault_message(struct vault_call *c, const char *path,
    const char *interface, const char *member);
/* Takes m.  The call may be over then. */
void vault_send(
    struct vault_call *c, sd_bus_message *m, sd_bus_message_handler_t fn);
void vault_prompt(struct vault_call *c, const char *path);
/* Opens them, asking if it may, then begins anew; else VAULT_LOCKED. */
void vault_unlock(struct vault_call *c, const char *const *paths, size_t n);
void vault_again(struct vault_call *c);
/* bus-vault-item.c */
void vault_search(struct vault_call *c);
void vault_clear(struct vault_call *c); /* what a search has found */

#endif
