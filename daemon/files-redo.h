/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a write in place safe: before a byte of the file is touched, the
 * old and the new text are on disk beside it, in one note of ours.  A write
 * that did not come to its end leaves a file that is partly the one and partly
 * the other; whoever holds the lock next finds the note and completes it.  A
 * file that somebody has edited since is theirs: then what it had before is
 * kept beside it.
 */
#ifndef AWSFED_FILES_REDO_H
#define AWSFED_FILES_REDO_H

#include <stdbool.h>
#include <stddef.h>

struct fault;
struct target;

struct redo {
	const char *was, *is;
	size_t was_len, is_len;
};

/* Is it the name of such a note? */
bool redo_is_name(const struct target *t, const char *name);
/* Writes the note, synced.  Its name (xalloc), or NULL with *fault. */
char *redo_note(
    const struct target *t, const struct redo *redo, struct fault *fault);
/* Puts things right by one note, and removes it.  Under the lock only. */
void redo_note_apply(const struct target *t, const char *name);
/*
 * Is now what remains of a write that stopped half way?  Each byte is of the
 * old or of the new text, or was never written.
 */
bool redo_is_torn(const struct redo *redo, const char *now, size_t len);
/* All of text from the beginning, cut there, synced.  0 or a negative errno. */
int redo_overwrite(int fd, const char *text, size_t len);

#endif
