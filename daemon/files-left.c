/* SPDX-License-Identifier: Apache-2.0 */
#include "files-left.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/random.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "files-redo.h"
#include "files-target.h"

#define OLD_S 60 /* younger ones may be another host's, at work */
#define SAVED_MAX 99
#define HEX 16
#define SUM_HEX 8

char *
files_random_name(const char *prefix)
{
	unsigned char r[HEX / 2];
	char hex[HEX + 1];

	random_bytes(r, sizeof(r));
	str_hex(r, sizeof(r), hex);
	return xasprintf("%s%s", prefix, hex);
}

char *
files_old_name(const struct target *t)
{
	_cleanup_free_ char *prefix = xasprintf(".%s.awsfed.", t->name);

	return files_random_name(prefix);
}

/* FNV-1a: against accidents only. */
static uint32_t
sum(const char *text, size_t len)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 16777619U;
	return h;
}

char *
files_temp_name(const struct target *t, const struct snapshot *expect,
    const char *text, size_t len)
{
	return xasprintf(".%s.awsfed.%08x%08x", t->name,
	    (unsigned)sum(expect->data, expect->len), (unsigned)sum(text, len));
}

/* Does it hold what was to be swapped in, or was expected to come out? */
static bool
is_known(const char *name, const struct snapshot *left)
{
	char hex[SUM_HEX + 1];

	snprintf(
	    hex, sizeof(hex), "%08x", (unsigned)sum(left->data, left->len));
	return str_ends(name, hex) ||
	    strncmp(name + strlen(name) - HEX, hex, SUM_HEX) == 0;
}

bool
files_is_hex(const char *s, bool tmp)
{
	if (strspn(s, "0123456789abcdef") != HEX)
		return false;
	return tmp ? s[HEX] == '.' && path_is_scrap(s + HEX) : s[HEX] == '\0';
}

enum left {
	LEFT_NONE, /* not one of ours */
	LEFT_TEMP, /* a version of the file */
	LEFT_REDO, /* the note of a write in place */
	LEFT_SCRAP /* a copy that was not finished */
};

static enum left
kind_of(const struct target *t, const char *name)
{
	_cleanup_free_ char *temp = xasprintf(".%s.awsfed.", t->name),
			    *redo = xasprintf(".%s.awsfed-redo.", t->name),
			    *backup = xasprintf("%s.awsfed-backup", t->name);

	if (redo_is_name(t, name))
		return LEFT_REDO;
	if (str_starts(name, temp)) {
		name += strlen(temp);
		return files_is_hex(name, false) ? LEFT_TEMP :
		    files_is_hex(name, true)	 ? LEFT_SCRAP :
						   LEFT_NONE;
	}
	if (str_starts(name, redo))
		return files_is_hex(name + strlen(redo), true) ? LEFT_SCRAP :
								 LEFT_NONE;
	return str_starts(name, backup) &&
		path_is_scrap(name + strlen(backup)) ?
	    LEFT_SCRAP :
	    LEFT_NONE;
}

void
files_save(const struct target *t, const char *temp)
{
	for (int n = 1; n <= SAVED_MAX; n++) {
		_cleanup_free_ char *name =
		    xasprintf("%s.awsfed-saved-%d", t->name, n);

		/* A link, then unlink: it never replaces an older one. */
		if (linkat(t->dirfd, temp, t->dirfd, name, 0) == 0) {
			/* Nor is it without a name if the power fails. */
			(void)fsync(t->dirfd);
			unlinkat(t->dirfd, temp, 0);
		} else if (errno == EEXIST) {
			continue;
		} else if (faccessat(t->dirfd, name, F_OK, 0) == 0 ||
		    renameat(t->dirfd, temp, t->dirfd, name) != 0) {
			break;
		}
		log_warning("a version of %s with other content was kept as "
			    "%s/%s: compare them and delete it",
		    t->path, t->dir, name);
		return;
	}
	log_warning("%s/%s may hold an edit of yours: compare it with %s and "
		    "delete it",
	    t->dir, temp, t->path);
}

/* Is this what we ourselves write into a section that bears our marker? */
static bool
is_ours(const struct ini *a, const struct ini *b, const char *section,
    const char *key)
{
	static const char *const keys[] = { "aws_access_key_id",
		"aws_secret_access_key", "aws_session_token",
		"aws_security_token", "x_security_token_expires",
		"x_principal_arn", "x_managed_by", "x_logged_out", "x_locked" };

	if (!str_eq(ini_get(a, section, "x_managed_by"), "awsfed") &&
	    !str_eq(ini_get(b, section, "x_managed_by"), "awsfed"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return strcmp(key, "credential_process") == 0 &&
	    (ini_own(a, section, "x_logged_out") != NULL ||
		ini_own(a, section, "x_locked") != NULL);
}

bool
files_holds_more(const struct ini *left, const struct ini *target)
{
	for (size_t i = 0; i < ini_nsections(left); i++) {
		const char *section = ini_section(left, i);

		if (!ini_has_section(target, section) &&
		    !str_eq(ini_get(left, section, "x_managed_by"), "awsfed"))
			return true;
		for (size_t k = 0; k < ini_nkeys(left, i); k++) {
			const char *key = ini_key(left, i, k);

			if (!is_ours(left, target, section, key) &&
			    !str_eq(ini_value(left, i, k),
				ini_get(target, section, key)))
				return true;
		}
	}
	return false;
}

static bool
is_due(const struct target *t, const char *name, int older)
{
	struct stat st;
	time_t changed;

	if (fstatat(t->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return false;
	/* A file that was swapped out keeps its mtime; its ctime is new. */
	changed = st.st_ctim.tv_sec > st.st_mtim.tv_sec ? st.st_ctim.tv_sec :
							  st.st_mtim.tv_sec;
	return older < 0 || changed + older <= time(NULL);
}

static bool
is_unfinished(const struct target *t, const char *name)
{
	struct stat st;

	return fstatat(t->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (st.st_mode & 07777) == FILES_TEMP_MODE;
}

static void
merge_or_keep(const struct target *t, const char *name)
{
	_cleanup_snapshot_ struct snapshot left = { 0 }, now = { 0 };
	_cleanup_fault_ struct fault fault = { 0 };
	struct ini *a, *b;

	if (target_read(t, name, true, &left, &fault) < 0 ||
	    target_read(t, t->name, true, &now, &fault) < 0)
		return;
	a = ini_parse(left.data, left.len);
	b = ini_parse(now.data, now.len);
	if (snapshot_equal(&left, &now) || is_known(name, &left) ||
	    !files_holds_more(a, b))
		unlinkat(t->dirfd, name, 0);
	else
		files_save(t, name);
	ini_free(a);
	ini_free(b);
}

static void
deal_with(const struct target *t, const char *name, void *arg)
{
	enum left kind = kind_of(t, name);

	if (!is_due(t, name, *(const int *)arg))
		return;
	if (kind == LEFT_TEMP && is_unfinished(t, name))
		kind = LEFT_SCRAP;
	if (kind == LEFT_REDO)
		redo_note_apply(t, name);
	else if (kind == LEFT_TEMP)
		merge_or_keep(t, name);
	else
		(void)unlinkat(t->dirfd, name, 0);
}

/* What is added or taken away meanwhile may be seen or not: both are fine. */
static void
each_left(const struct target *t,
    void (*fn)(const struct target *t, const char *name, void *arg), void *arg)
{
	int fd = openat(t->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return;
	d = fdopendir(fd);
	if (d == NULL) {
		close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (kind_of(t, e->d_name) != LEFT_NONE)
			fn(t, e->d_name, arg);
	closedir(d);
}

void
files_sweep_older(const struct target *t, int seconds)
{
	each_left(t, deal_with, &seconds);
}

void
files_sweep(const struct target *t)
{
	files_sweep_older(t, t->sole ? -1 : OLD_S);
}

static void
found(const struct target *t, const char *name, void *arg)
{
	(void)t;
	(void)name;
	*(bool *)arg = true;
}

void
files_tidy_now(const char *path)
{
	_cleanup_target_ struct target t = TARGET_INIT;
	_cleanup_fault_ struct fault fault = { 0 };
	_cleanup_free_ char *dir = xstrdup(path);
	char *slash = dir == NULL ? NULL : strrchr(dir, '/');
	bool any = false;

	/* Its directory is not to be made. */
	if (slash == NULL)
		return;
	*slash = '\0';
	if (access(dir, F_OK) != 0)
		return;
	if (target_resolve(&t, path, &fault) < 0)
		return;
	each_left(&t, found, &any);
	if (any && target_lock(&t, false, &fault) == 0)
		files_sweep(&t);
	else if (any)
		log_warning("%s", fault.text);
}
