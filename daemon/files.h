/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: one thread with one queue, for everything that may block on a
 * disk.  It rewrites INI files by the protocol of files-write.c, and state
 * files whole.  Requests are done in order; done() comes from the loop, exactly
 * once for each.
 *
 * An INI edit is a function.  apply() runs in the writer thread, on a document
 * parsed from the bytes just read under the lock, and perhaps again when
 * another program changed the file meanwhile: it must touch nothing but the
 * document and its own arg.  It returns one of FILES_*, or -1 with *fault set.
 */
#ifndef AWSFED_FILES_H
#define AWSFED_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct fault;
struct files;
struct ini;
struct loop;

enum {
	FILES_WRITE = 0,       /* write it (equal bytes write nothing) */
	FILES_LEAVE = 1,       /* leave the file as it is */
	FILES_WRITE_BACKUP = 2 /* write it, and keep what was there */
};

struct files_edit {
	char *path;    /* xalloc, taken */
	bool in_place; /* overwrite: for targets rename cannot reach */
	mode_t mode;   /* of the file; 0: that of the old one & 0700 */
	bool backup;   /* keep "<file>.awsfed-backup" of what was there */
	int (*apply)(struct ini *doc, void *arg, struct fault *fault);
	/* fault is empty on success; written tells if bytes changed. */
	void (*done)(const struct fault *fault, bool written, void *arg);
	void *arg;
};

struct files_ops {
	void (*edit)(struct files *files, struct files_edit edit);
	/* Replaces a file of ours whole (0600), fsynced.  data is taken. */
	void (*replace)(struct files *files, const char *path, char *data,
	    size_t len, void (*done)(const struct fault *fault, void *arg),
	    void *arg);
	/* Puts right what a crash left beside a file, if it left anything. */
	void (*tidy)(struct files *files, const char *path);
};

struct files {
	const struct files_ops *ops;
};

struct files *files_new(struct loop *loop);
/* Finishes what is queued (5 s at most), without calling done(). */
void files_free(struct files *files);

/*
 * The edit itself, without the thread: for tests and for crash proofs.
 * *ret_written may be NULL.  0, or -1 with *fault.
 */
int files_edit_now(
    struct files_edit *edit, bool *ret_written, struct fault *fault);

#endif
