/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyring outside of the agent, as the engine sees it: a table of functions,
 * so that unit tests put a fake in its place.  vault_new_bus() makes the real
 * one, the Secret Service of the session bus.
 *
 * A call is answered once, from the loop, and never blocks it; each has its own
 * deadline.  "Locked" is not "missing": what cannot be looked at is neither
 * there nor absent, and nothing is changed because of it.
 */
#ifndef AWSFED_VAULT_H
#define AWSFED_VAULT_H

#include <stdbool.h>

struct bus;
struct loop;
struct secret;
struct vault;
struct vault_call;

enum vault_act {
	VAULT_LOOK,  /* is it there, and good?  Fetches nothing, wakes nobody */
	VAULT_GET,   /* the secret; not that of a suspect item */
	VAULT_PUT,   /* stores it, in the place of what was there; good */
	VAULT_MARK,  /* makes what is there suspect */
	VAULT_REMOVE /* all that is there */
};

enum vault_result {
	VAULT_OK,
	VAULT_NONE,	 /* the keyring is open and has no such item */
	VAULT_LOCKED,	 /* nobody may say whether it has */
	VAULT_DISMISSED, /* a person closed its window, or left it alone */
	VAULT_ABSENT	 /* no bus, no service; it died, or took too long */
};

/* What it is about.  All strings are borrowed until start() returns. */
struct vault_want {
	enum vault_act act;
	const char *host; /* the identity's: host or host:port */
	const char *user; /* in lower case: so it is stored */
	const char *also; /* the same as somebody wrote it: so it may be */
	const char *kind; /* "password" or "totp" */
	const char *label;
	const struct secret *secret; /* of PUT; copied */
	bool ask; /* the keyring may open a window: a person is there */
};

struct vault_answer {
	enum vault_result result;
	bool suspect;	       /* of LOOK and GET */
	struct secret *secret; /* of GET; take it by setting it to NULL */
	const char *why;       /* a line for the log, or NULL */
};

typedef void vault_fn(struct vault_answer *answer, void *arg);
/* Something opened, came or went: look again. */
typedef void vault_changed_fn(void *arg);

struct vault_ops {
	struct vault_call *(*start)(struct vault *vault,
	    const struct vault_want *want, vault_fn *fn, void *arg);
	/* No answer comes; a window that it opened is withdrawn. */
	void (*cancel)(struct vault_call *call);
	/* fn is called from the loop until unwatch with the same arg. */
	void (*watch)(struct vault *vault, vault_changed_fn *fn, void *arg);
	void (*unwatch)(struct vault *vault, void *arg);
};

/* First member of every implementation. */
struct vault {
	const struct vault_ops *ops;
};

struct vault *vault_new_bus(struct loop *loop, struct bus *bus);
/* Open calls are dropped unanswered. */
void vault_free_bus(struct vault *vault);

#endif
