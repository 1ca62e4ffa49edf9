/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write protocol.  Other programs know nothing of our
 * lock and may truncate and rewrite the file at any moment, so:
 *
 *   - what we merge from is read while nobody has the file open for writing
 *     (a read lease tells) and is not taken while sections seen before are
 *     missing from a file that has just changed;
 *   - the new version is swapped in by RENAME_EXCHANGE while a lease holds
 *     writers off, and what came out is compared with what we merged from;
 *     when it differs, its edit is merged and swapped in again.
 *
 * At every moment the name leads to a whole file, old or new.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/clock.h"
#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "files.h"
#include "files-left.h"
#include "files-memory.h"
#include "files-redo.h"
#include "files-target.h"

#define ROUNDS_MAX 50 /* with a busy neighbour */
#define ROUNDS_TIME (10 * USEC)
#define CHANGED_MAX 5	 /* swaps that met an edit */
#define LOOK_MS 3	 /* before we look at what came out */
#define LOOK_BLIND_MS 50 /* the same where there are no leases */
#define REST_MS 100	 /* there, a file is at rest after so long */
#define REST_STEP_MS 20
#define REST_STEPS 10
#define YOUNG_S 2 /* a file younger than that may be in flux */

enum swap {
	SWAP_FAILED = -1,
	SWAP_DONE,
	SWAP_AGAIN,  /* the target is not what was expected */
	SWAP_CHANGED /* done, and what came out had an edit */
};

struct write {
	struct files_edit *edit;
	struct target target;
	struct snapshot source; /* what we merge from */
	struct snapshot expect; /* what the target must be at the swap */
	bool differ;		/* source is not what the target holds */
	bool left;		/* the edit leaves the file as it is */
	char *text;		/* the merged document */
	size_t len;
	char *temp; /* the temporary file, when there is one */
	char *kept; /* what came out with an edit, until merged */
	char *note; /* in place: of files-redo.h, until all is written */
};

/* ---- reading ----------------------------------------------------------------- */
static bool
young(const struct snapshot *s)
{
	time_t now = time(NULL);

	/* A file from the future is as old as any. */
	return !s->exists ||
	    (s->st.st_mtim.tv_sec + YOUNG_S > now &&
		s->st.st_mtim.tv_sec <= now + 1);
}

/* Where there are no leases: changed within the last moment? */
static bool
restless(const struct snapshot *s)
{
	struct timespec now;
	long long ms;

	if (!s->exists || s->leased)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	ms = (now.tv_sec - s->st.st_mtim.tv_sec) * 1000LL +
	    (now.tv_nsec - s->st.st_mtim.tv_nsec) / 1000000;
	return ms >= 0 && ms < REST_MS;
}

/* Where there are no leases: does it look cut off? */
static bool
cut_off(const struct snapshot *s)
{
	return s->exists && !s->leased &&
	    (s->len == 0 || s->data[s->len - 1] != '\n');
}

static int
read_settled(struct write *w, struct fault *fault)
{
	for (int i = 0;; i++) {
		snapshot_done(&w->source);
		if (target_read(&w->target, w->target.name, w->edit->in_place,
			&w->source, fault) < 0)
			return -1;
		if (!restless(&w->source) || i == REST_STEPS)
			return 0;
		file_sleep(REST_STEP_MS);
	}
}

/*
 * Reads the target when it has come to rest: a file that lacks what it had,
 * that nobody can parse or that looks cut off, and has just been changed, gets
 * two seconds.
 */
static int
read_at_rest(struct write *w, struct fault *fault)
{
	static const long waits[] = { 50, 100, 200, 400, 800, 600 };
	const struct target *t = &w->target;

	for (size_t i = 0;; i++) {
		struct ini *doc;
		bool strange;

		if (read_settled(w, fault) < 0)
			return -1;
		doc = ini_parse(w->source.data, w->source.len);
		strange = files_memory_missing(t->path, doc) ||
		    ini_problem(doc, NULL, NULL) || cut_off(&w->source);
		ini_free(doc);
		if (!strange || !young(&w->source) || i == ARRAY_SIZE(waits))
			break;
		file_sleep(waits[i]);
	}
	w->differ = false;
	return 0;
}

/* ---- merging --------------------------------------------------------------------- */
static int
problem_fault(
    const struct write *w, size_t line, const char *why, struct fault *fault)
{
	fault_set(fault, FAULT_CONFIG, REASON_FILE,
	    _("%s cannot be parsed by the AWS CLI: line %zu: %s"),
	    w->target.path, line, why);
	fault_next(fault,
	    _("Mend line %zu of that file; awsfed leaves it "
	      "alone until then."),
	    line);
	return -1;
}

/* 0: w->text is to be written; 1: nothing to write; -1 with *fault. */
static int
merge(struct write *w, struct fault *fault)
{
	const struct snapshot *s = &w->source;
	struct ini *doc = ini_parse(s->data, s->len);
	_cleanup_free_ char *why = NULL, *why_after = NULL;
	size_t line = 0, line_after = 0;
	bool broken = ini_problem(doc, &line, &why), same;
	int r = w->edit->apply(doc, w->edit->arg, fault);

	xreplace(&w->text, NULL);
	if (r < 0)
		goto out;
	w->left = r == FILES_LEAVE;
	if (r == FILES_WRITE_BACKUP)
		w->edit->backup = true;
	if (r == FILES_LEAVE) {
		w->text = xmalloc(s->len + 1);
		memcpy(w->text, s->data, s->len + 1);
		w->len = s->len;
	} else {
		w->text = ini_print(doc, &w->len);
	}
	same = w->len == s->len && memcmp(w->text, s->data, s->len) == 0;
	r = same && !w->differ ? 1 : 0;
	if (!same && broken) {
		r = problem_fault(w, line, why, fault);
	} else if (!same && ini_problem(doc, &line_after, &why_after)) {
		fault_set(fault, FAULT_INTERNAL, REASON_FILE,
		    _("the change would have made %s unreadable for the AWS "
		      "CLI (line %zu: %s) and was not written"),
		    w->target.path, line_after, why_after);
		fault_next(fault, "%s", _("Please report this as a bug."));
		r = -1;
	}
	if (r >= 0)
		files_memory_set(w->target.path, doc);
out:
	ini_free(doc);
	return r;
}

/* ---- the temporary file -------------------------------------------------------------- */
static void
drop_temp(struct write *w)
{
	if (w->temp != NULL)
		unlinkat(w->target.dirfd, w->temp, 0);
	xreplace(&w->temp, NULL);
}

static int
open_temp(const struct write *w)
{
	return openat(w->target.dirfd, w->temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    FILES_TEMP_MODE);
}

static int
write_temp(struct write *w, struct fault *fault)
{
	mode_t mode = w->edit->mode != 0 ? w->edit->mode :
	    w->source.exists		 ? w->source.st.st_mode & 0700 :
					   0600;
	int fd, e;

	w->temp = files_temp_name(&w->target, &w->expect, w->text, w->len);
	fd = open_temp(w);
	if (fd < 0 && errno == EEXIST) {
		/* Of another host, or too young to be swept. */
		xreplace(&w->temp, files_old_name(&w->target));
		fd = open_temp(w);
	}
	if (fd < 0) {
		e = errno;
		xreplace(&w->temp, NULL);
		return file_fault(fault, _("make a temporary file beside"),
		    w->target.path, e);
	}
	e = write_all(fd, w->text, w->len);
	if (e == 0 && fchmod(fd, mode) != 0)
		e = -errno;
	if (e == 0 && fsync(fd) != 0)
		e = -errno;
	if (close(fd) != 0 && e == 0)
		e = -errno;
	if (e == 0)
		return 0;
	drop_temp(w);
	return file_fault(fault, _("write"), w->target.path, -e);
}

/* ---- the swap ---------------------------------------------------------------------------- */
static bool
cannot(int error)
{
	return error == EINVAL || error == ENOSYS || error == ENOTSUP;
}

static int
swap_failed(struct write *w, int error, struct fault *fault)
{
	return file_fault(fault, _("replace"), w->target.path, error);
}

/* A file where there was none: it must not replace one that appeared. */
static enum swap
put_new(struct write *w, struct fault *fault)
{
	int dir = w->target.dirfd;
	const char *name = w->target.name;

	if (renameat2(dir, w->temp, dir, name, RENAME_NOREPLACE) == 0) {
		xreplace(&w->temp, NULL);
		return SWAP_DONE;
	}
	if (cannot(errno) && linkat(dir, w->temp, dir, name, 0) == 0) {
		drop_temp(w);
		return SWAP_DONE;
	}
	if (errno == EEXIST)
		return SWAP_AGAIN;
	if (!cannot(errno) && errno != EPERM)
		return swap_failed(w, errno, fault);
	/* A file system with neither. */
	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return SWAP_AGAIN;
	if (errno == ENOENT && renameat(dir, w->temp, dir, name) == 0) {
		xreplace(&w->temp, NULL);
		return SWAP_DONE;
	}
	return swap_failed(w, errno, fault);
}

/* What a plain rename put out of the way can only be seen by its descriptor. */
static enum swap
look_by_descriptor(struct write *w, int fd, struct fault *fault)
{
	_cleanup_snapshot_ struct snapshot out = { .exists = true };

	file_sleep(w->expect.leased ? LOOK_MS : LOOK_BLIND_MS);
	if (target_read_fd(&w->target, fd, &out, fault) < 0)
		return SWAP_FAILED;
	if (snapshot_equal(&out, &w->expect))
		return SWAP_DONE;
	snapshot_done(&w->source);
	w->source = out;
	out = (struct snapshot){ 0 };
	w->differ = true;
	return SWAP_CHANGED;
}

/* Looks at what the swap brought out under the temporary name. */
static enum swap
look(struct write *w, struct fault *fault)
{
	_cleanup_snapshot_ struct snapshot out = { 0 };

	file_sleep(w->expect.leased ? LOOK_MS : LOOK_BLIND_MS);
	if (target_read(&w->target, w->temp, true, &out, fault) < 0) {
		/* It may have an edit: the next write looks at it. */
		xreplace(&w->temp, NULL);
		return SWAP_FAILED;
	}
	if (snapshot_equal(&out, &w->expect)) {
		drop_temp(w);
		return SWAP_DONE;
	}
	snapshot_done(&w->source);
	w->source = out;
	out = (struct snapshot){ 0 };
	w->differ = true;
	xreplace(&w->kept, STEAL(w->temp));
	return SWAP_CHANGED;
}

/*
 * Where there is no exchange.  What is put out of the way gets another name
 * first, where there are links: killed before we have looked at it, an edit in
 * it is not lost.
 */
static enum swap
rename_over(struct write *w, int fd, struct fault *fault)
{
	int dir = w->target.dirfd, e;
	const char *name = w->target.name;
	_cleanup_free_ char *old = files_old_name(&w->target);
	bool linked = linkat(dir, name, dir, old, 0) == 0;

	/* Nor may the rename be on the disk, and the link not. */
	if (linked)
		(void)fsync(dir);
	if (renameat(dir, w->temp, dir, name) != 0) {
		e = errno;
		if (linked)
			unlinkat(dir, old, 0);
		return swap_failed(w, e, fault);
	}
	lease_drop(fd);
	xreplace(&w->temp, linked ? STEAL(old) : NULL);
	return linked ? look(w, fault) : look_by_descriptor(w, fd, fault);
}

static enum swap
swap_old(struct write *w, struct fault *fault)
{
	int dir = w->target.dirfd, lease, e;
	const char *name = w->target.name;
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = openat(dir, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == ELOOP))
		return SWAP_AGAIN;
	if (fd < 0)
		return swap_failed(w, errno, fault);
	lease = lease_take(fd);
	if (lease == -EAGAIN)
		return SWAP_AGAIN;
	if (fstat(fd, &st) != 0 || !snapshot_same_file(&st, &w->expect.st))
		return SWAP_AGAIN;
	if (renameat2(dir, w->temp, dir, name, RENAME_EXCHANGE) == 0) {
		lease_drop(fd);
		return look(w, fault);
	}
	e = errno;
	if (e == ENOENT)
		return SWAP_AGAIN;
	return cannot(e) ? rename_over(w, fd, fault) : swap_failed(w, e, fault);
}

/* ---- in place ------------------------------------------------------------------------------ */
static int
back_up(const struct write *w, struct fault *fault)
{
	_cleanup_free_ char *path =
	    xasprintf("%s.awsfed-backup", w->target.path);
	int r;

	if (!w->source.exists)
		return 0;
	r = path_replace(path, w->source.data, w->source.len, 0600);
	return r < 0 ? file_fault(fault, _("write the backup"), path, -r) : 0;
}

/* Some file systems have no modes: then what is asked for is not there. */
static int
set_mode(const struct write *w, int fd)
{
	if (w->edit->mode == 0 || fchmod(fd, w->edit->mode) == 0 ||
	    errno == EPERM || errno == ENOTSUP)
		return 0;
	return -1;
}

/* Keys are not to stay open to others until new ones are written. */
static void
fit_mode(const struct write *w)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (w->edit->mode == 0 || w->left || !w->source.exists ||
	    (w->source.st.st_mode & 07777) == w->edit->mode)
		return;
	fd = openat(w->target.dirfd, w->target.name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 &&
	    snapshot_same_file(&st, &w->source.st) && set_mode(w, fd) < 0)
		log_warning("%s: cannot set its mode: %s", w->target.path,
		    strerror(errno));
}

static void
drop_note(struct write *w)
{
	if (w->note != NULL)
		unlinkat(w->target.dirfd, w->note, 0);
	xreplace(&w->note, NULL);
}

/*
 * What cannot be done at once is written down first, so that whoever comes
 * after us can complete it.  When all went well the note is taken away, for it
 * has keys in it that somebody may log out of.
 */
static int
take_note(struct write *w, struct fault *fault)
{
	const struct redo redo = { w->source.data, w->text, w->source.len,
		w->len };

	drop_note(w);
	w->note = redo_note(&w->target, &redo, fault);
	return w->note != NULL ? 0 : -1;
}

static enum swap
overwrite(struct write *w, struct fault *fault)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	fd = openat(w->target.dirfd, w->target.name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY |
		(w->source.exists ? 0 : O_CREAT | O_EXCL),
	    0600);
	if (fd < 0 && (errno == ENOENT || errno == EEXIST))
		return SWAP_AGAIN;
	if (fd < 0)
		return file_fault(fault, _("open"), w->target.path, errno);
	if (w->source.exists &&
	    (fstat(fd, &st) != 0 || !snapshot_same_file(&st, &w->source.st)))
		return SWAP_AGAIN;
	/* A full disk is met before a byte of the file has changed. */
	if (w->len > 0 &&
	    fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)w->len) != 0 &&
	    (errno == ENOSPC || errno == EDQUOT)) {
		r = errno;
		/* It is as it was; but a new one is there, and empty: then the
		 * next write has to know. */
		if (!w->source.exists)
			xreplace(&w->note, NULL);
		return file_fault(fault, _("write"), w->target.path, r);
	}
	r = redo_overwrite(fd, w->text, w->len);
	if (r == 0 && set_mode(w, fd) == 0)
		return SWAP_DONE;
	file_fault(fault, _("write"), w->target.path, r < 0 ? -r : errno);
	/* The note stays. */
	fault_next(fault,
	    _("What it held and was to hold is in %s/%s; the next write of "
	      "awsfed completes it."),
	    w->target.dir, w->note);
	xreplace(&w->note, NULL);
	return SWAP_FAILED;
}

/* ---- the whole ---------------------------------------------------------------------------------- */
/*
 * The swap brought out an edit: source is that version now.  The next swap
 * expects our own version; when somebody edited even that, the edit that came
 * out is kept in a file and we begin again.
 */
static int
expect_our_own(struct write *w, struct fault *fault)
{
	const struct target *t = &w->target;

	snapshot_done(&w->expect);
	if (target_read(t, t->name, true, &w->expect, fault) < 0)
		return -1;
	return w->expect.len == w->len &&
		memcmp(w->expect.data, w->text, w->len) == 0 ?
	    1 :
	    0;
}

static void
expect_source(struct write *w)
{
	snapshot_done(&w->expect);
	w->expect = w->source;
	w->expect.data = xmalloc(w->source.len + 1);
	memcpy(w->expect.data, w->source.data, w->source.len + 1);
}

static enum swap
swap(struct write *w, struct fault *fault)
{
	if (w->edit->in_place)
		return overwrite(w, fault);
	if (write_temp(w, fault) < 0)
		return SWAP_FAILED;
	return w->expect.exists ? swap_old(w, fault) : put_new(w, fault);
}

static void
keep_edit(struct write *w)
{
	if (w->kept != NULL)
		files_save(&w->target, w->kept);
	xreplace(&w->kept, NULL);
}

/* Merged: but first the version that has it is there to stay. */
static void
drop_kept(struct write *w)
{
	if (w->kept == NULL)
		return;
	if (fsync(w->target.dirfd) == 0 || cannot(errno) || errno == EBADF)
		unlinkat(w->target.dirfd, w->kept, 0);
	xreplace(&w->kept, NULL);
}

static int
rounds(struct write *w, bool *ret_written, struct fault *fault)
{
	bool fresh = true, backed_up = false;
	int64_t end = clk_boot(&clk_system) + ROUNDS_TIME;
	int changed = 0;

	for (int round = 0; round < ROUNDS_MAX && clk_boot(&clk_system) < end;
	     round++) {
		enum swap s;
		int r;

		if (fresh) {
			if (read_at_rest(w, fault) < 0)
				return -1;
			expect_source(w);
		}
		r = merge(w, fault);
		if (r < 0)
			return -1;
		if (r > 0) {
			fit_mode(w);
			return 0;
		}
		/* A later round may be the first that asks for it. */
		if (!backed_up && w->edit->backup) {
			if (back_up(w, fault) < 0)
				return -1;
			backed_up = true;
		}
		if (w->edit->in_place && take_note(w, fault) < 0)
			return -1;
		s = swap(w, fault);
		drop_note(w);
		if (s == SWAP_FAILED) {
			drop_temp(w);
			return -1;
		}
		if (s == SWAP_DONE) {
			*ret_written = true;
			drop_kept(w);
			return 0;
		}
		if (s == SWAP_AGAIN) {
			drop_temp(w);
			keep_edit(w);
			fresh = true;
			file_sleep(1 + round % 10);
			continue;
		}
		*ret_written = true;
		r = ++changed > CHANGED_MAX ? 0 : expect_our_own(w, fault);
		if (r < 0)
			return -1;
		fresh = r == 0;
		if (fresh)
			keep_edit(w);
	}
	fault_set(fault, FAULT_TEMPORARY, REASON_FILE,
	    _("another program keeps changing %s"), w->target.path);
	fault_next(fault, "%s",
	    _("awsfed tries again by itself; look for a "
	      "program that rewrites the file all the time."));
	return -1;
}

int
files_edit_now(struct files_edit *edit, bool *ret_written, struct fault *fault)
{
	struct write w = { .edit = edit, .target = TARGET_INIT };
	bool written = false;
	int r;

	r = target_resolve(&w.target, edit->path, fault);
	if (r == 0)
		r = target_lock(&w.target, edit->in_place, fault);
	if (r == 0) {
		files_sweep(&w.target);
		r = rounds(&w, &written, fault);
	}
	keep_edit(&w);
	if (written && fsync(w.target.dirfd) != 0 && r == 0 && !cannot(errno) &&
	    errno != EBADF)
		r = file_fault(
		    fault, _("sync the directory of"), w.target.path, errno);
	snapshot_done(&w.source);
	snapshot_done(&w.expect);
	xfree(w.text);
	xfree(w.temp);
	xfree(w.kept);
	xfree(w.note);
	target_done(&w.target);
	if (r == 0 && ret_written != NULL)
		*ret_written = written;
	return r;
}
