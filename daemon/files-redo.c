/* SPDX-License-Identifier: Apache-2.0 */
#include "files-redo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "files-left.h"
#include "files-target.h"

#define HEAD "awsfed-redo 1 %zu %zu\n"
#define HEAD_MAX 64
#define NOTE_MAX (2 * (size_t)INI_MAX + HEAD_MAX)

static char *
prefix_of(const struct target *t)
{
	return xasprintf(".%s.awsfed-redo.", t->name);
}

bool
redo_is_name(const struct target *t, const char *name)
{
	_cleanup_free_ char *prefix = prefix_of(t);

	return str_starts(name, prefix) &&
	    files_is_hex(name + strlen(prefix), false);
}

char *
redo_note(const struct target *t, const struct redo *redo, struct fault *fault)
{
	_cleanup_free_ char *prefix = prefix_of(t), *name = NULL, *path = NULL,
			    *text = NULL;
	char head[HEAD_MAX];
	size_t n, len;
	int r;

	n = (size_t)snprintf(
	    head, sizeof(head), HEAD, redo->was_len, redo->is_len);
	len = n + redo->was_len + redo->is_len;
	text = xmalloc(len + 1);
	memcpy(text, head, n);
	memcpy(text + n, redo->was, redo->was_len);
	memcpy(text + n + redo->was_len, redo->is, redo->is_len);
	name = files_random_name(prefix);
	path = path_join(t->dir, name);
	r = path_replace(path, text, len, 0600);
	if (r == 0)
		return STEAL(name);
	/* It may be there already, when only its directory was not synced. */
	(void)unlinkat(t->dirfd, name, 0);
	file_fault(fault, _("make a temporary file beside"), t->path, -r);
	return NULL;
}

/* ---- putting it right ------------------------------------------------------------ */
static bool
parse(const struct snapshot *note, struct redo *ret)
{
	char head[HEAD_MAX];
	size_t n;

	if (sscanf(note->data, HEAD, &ret->was_len, &ret->is_len) != 2 ||
	    ret->was_len > INI_MAX || ret->is_len > INI_MAX)
		return false;
	n = (size_t)snprintf(
	    head, sizeof(head), HEAD, ret->was_len, ret->is_len);
	if (note->len != n + ret->was_len + ret->is_len ||
	    memcmp(note->data, head, n) != 0)
		return false;
	ret->was = note->data + n;
	ret->is = ret->was + ret->was_len;
	return true;
}

static bool
same(const char *a, size_t alen, const char *b, size_t blen)
{
	return alen == blen && memcmp(a, b, alen) == 0;
}

bool
redo_is_torn(const struct redo *redo, const char *now, size_t len)
{
	size_t least =
	    redo->was_len < redo->is_len ? redo->was_len : redo->is_len;
	size_t most =
	    redo->was_len < redo->is_len ? redo->is_len : redo->was_len;

	if (len < least || len > most)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!(i < redo->was_len && now[i] == redo->was[i]) &&
		    !(i < redo->is_len && now[i] == redo->is[i]) &&
		    !(i >= redo->was_len && now[i] == '\0'))
			return false;
	return true;
}

int
redo_overwrite(int fd, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fd, text + done, len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return ftruncate(fd, (off_t)len) != 0 || fsync(fd) != 0 ? -errno : 0;
}

static int
complete(const struct target *t, const struct redo *redo)
{
	_cleanup_close_ int fd = openat(t->dirfd, t->name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : redo_overwrite(fd, redo->is, redo->is_len);
}

/* The file went another way: what it had is kept when it has it no more. */
static void
keep_old(const struct target *t, const char *name, const struct redo *redo,
    const struct snapshot *now)
{
	_cleanup_free_ char *path = path_join(t->dir, name);
	struct ini *old = ini_parse(redo->was, redo->was_len);
	struct ini *doc = ini_parse(now->data, now->len);

	if (!files_holds_more(old, doc))
		(void)unlinkat(t->dirfd, name, 0);
	else if (path_replace(path, redo->was, redo->was_len, 0600) == 0)
		files_save(t, name);
	ini_free(old);
	ini_free(doc);
}

void
redo_note_apply(const struct target *t, const char *name)
{
	_cleanup_snapshot_ struct snapshot now = { 0 };
	_cleanup_snapshot_ struct snapshot note = { .exists = true };
	_cleanup_fault_ struct fault fault = { 0 };
	_cleanup_free_ char *path = path_join(t->dir, name);
	struct redo redo;
	int r;

	if (path_read(path, NOTE_MAX, &note.data, &note.len) < 0 ||
	    target_read(t, t->name, true, &now, &fault) < 0)
		return;
	if (!parse(&note, &redo)) {
		files_save(t, name);
		return;
	}
	if (same(now.data, now.len, redo.was, redo.was_len) ||
	    same(now.data, now.len, redo.is, redo.is_len)) {
		(void)unlinkat(t->dirfd, name, 0);
		return;
	}
	if (!redo_is_torn(&redo, now.data, now.len)) {
		keep_old(t, name, &redo, &now);
		return;
	}
	r = complete(t, &redo);
	if (r < 0) {
		/* The note stays: the next write tries again. */
		log_warning("%s was written half, and could not be completed: "
			    "%s",
		    t->path, strerror(-r));
		return;
	}
	log_notice("%s had been written half; it is whole again", t->path);
	(void)unlinkat(t->dirfd, name, 0);
}
