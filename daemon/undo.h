/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent wrote into the AWS files last, so that a person can take it
 * back.
 *
 * Who edits a file hands in a change: what its sections held before and after.
 * Changes are kept in memory only, since what the credentials file held are
 * secrets, and the last few of them; of what a section holds since, a digest is
 * enough.  Taking one back sets each key that it
 * changed to what it was, in the file as it is then: what others wrote meanwhile
 * stays.  When the section itself was changed meanwhile, it is refused.
 *
 * A renewal is no change to take back: it only tells what the section holds
 * now, so that undo after a day of renewals leads back to before the login.
 */
#ifndef AWSFED_UNDO_H
#define AWSFED_UNDO_H

#include <stdbool.h>
#include <stddef.h>

struct fault;
struct files;
struct ini;
struct undo;
struct undo_change;

enum undo_file { UNDO_CONFIG, UNDO_CREDENTIALS };

/*
 * A change belongs to the edit until it is handed in.  start, before and after
 * are for the edit's apply(), in the writer thread.
 */
struct undo_change *undo_change_new(enum undo_file file, const char *path);
void undo_change_free(struct undo_change *c);
void undo_change_start(struct undo_change *c); /* forget: it runs anew */
/* What the section holds now; only the first call for a section counts. */
void undo_change_before(
    struct undo_change *c, const struct ini *doc, const char *section);
/* What all of them hold, once they are edited. */
void undo_change_after(struct undo_change *c, const struct ini *doc);

struct undo *undo_new(void);
void undo_free(struct undo *u);
/* The file was written.  The change is taken; one that changed nothing goes. */
void undo_record(struct undo *u, struct undo_change *c);
/*
 * Sections that were ours before were written again.  The change is taken.
 * logout: what has no earlier change to lead back to cannot be taken back, and
 * nothing before it: keys that somebody logged out of stay away.
 */
void undo_renewed(struct undo *u, struct undo_change *c, bool logout);

/* One section that was taken back. */
struct undone {
	char *section;
	bool removed; /* else set to what it was */
	bool kept;    /* credentials: it holds keys of ours again */
	bool logged_out;
	size_t keys; /* how many were set or taken out */
};

struct undo_result {
	enum undo_file file;
	char *path;
	struct undone *sections;
	size_t n;
};

/* result is NULL when there is a fault.  From the loop. */
typedef void undo_fn(
    const struct fault *fault, const struct undo_result *result, void *arg);

/*
 * Takes the last change back.  0: done() comes; -1 with *fault: there is none,
 * or one is being taken back just now.
 */
int undo_last(struct undo *u, struct files *files, undo_fn *done, void *arg,
    struct fault *fault);

#endif
