/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose section of the credentials file is it, and how a section of
 * ours is written: with keys, or emptied after a logout.  All of this looks at
 * and edits one document; it runs in the writer thread.
 */
#ifndef AWSFED_CREDFILE_OWNER_H
#define AWSFED_CREDFILE_OWNER_H

#include <stdbool.h>

struct fault;
struct ini;

#define OWNER_MARKER "x_managed_by"
#define OWNER_MARKER_VALUE "awsfed"
#define OWNER_LOGGED_OUT_KEY "x_logged_out"
#define OWNER_BLANKED_KEY "x_locked"

enum owner {
	OWNER_NOBODY,	  /* no section, or one without keys */
	OWNER_US,	  /* our marker, keys */
	OWNER_LOGGED_OUT, /* our marker, emptied */
	OWNER_BLANKED,	  /* the same, while the agent is locked */
	OWNER_ADOPTED,	  /* temporary keys that nobody marked */
	OWNER_OTHER,	  /* a person's or a tool's: by force only */
	OWNER_NEVER	  /* keys written there would not be found or used */
};

enum owner owner_of(const struct ini *doc, const char *section,
    const char **ret_why); /* of the last two: half a sentence */
/* The fault for one that was left alone. */
void owner_fault(enum owner owner, const char *section, const char *why,
    struct fault *fault);

/* The keys of a section of ours, in the order in which they are written. */
#define OWNER_KEYS 6
extern const char *const owner_keys[OWNER_KEYS];

/* Writes them (NULL takes one out).  0 or -EINVAL. */
int owner_put(struct ini *doc, const char *section, const char *const *values,
    bool force);
/* Takes ours out, and the section when nothing is left in it. */
void owner_remove(struct ini *doc, const char *section);
/*
 * Empties it so that no tool falls through to another identity: commands fail
 * with a sentence that names the login.  key is OWNER_LOGGED_OUT_KEY or
 * OWNER_BLANKED_KEY, when RFC 3339.  0 or -EINVAL.
 */
int owner_empty(struct ini *doc, const char *section, const char *program,
    const char *key, const char *when);

/*
 * The absolute path of awsfedctl for that line: the agent's neighbour, else
 * where it is installed.  xalloc, never NULL.
 */
char *owner_client_path(void);

#endif
