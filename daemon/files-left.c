/* SPDX-License-Identifier: Apache-2.0 */
#include "files-left.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "files-target.h"

#define OLD_S 60 /* younger ones may be another host's, at work */
#define SAVED_MAX 99
#define HEX 16

char *
files_temp_name(const struct target *t)
{
	unsigned char r[HEX / 2];
	char hex[HEX + 1];

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		abort(); /* never fails for so few bytes */
	str_hex(r, sizeof(r), hex);
	return xasprintf(".%s.awsfed.%s", t->name, hex);
}

static bool
is_temp_name(const struct target *t, const char *name)
{
	_cleanup_free_ char *prefix = xasprintf(".%s.awsfed.", t->name);

	return str_starts(name, prefix) &&
	    strlen(name) == strlen(prefix) + HEX &&
	    strspn(name + strlen(prefix), "0123456789abcdef") == HEX;
}

void
files_save(const struct target *t, const char *temp)
{
	for (int n = 1; n <= SAVED_MAX; n++) {
		_cleanup_free_ char *name =
		    xasprintf("%s.awsfed-saved-%d", t->name, n);

		/* A link, then unlink: it never replaces an older one. */
		if (linkat(t->dirfd, temp, t->dirfd, name, 0) == 0) {
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
		"x_principal_arn", "x_managed_by" };

	if (!str_eq(ini_get(a, section, "x_managed_by"), "awsfed") &&
	    !str_eq(ini_get(b, section, "x_managed_by"), "awsfed"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

/* Does left hold a section, key or value that target has not? */
static bool
holds_more(const struct ini *left, const struct ini *target)
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

static void
deal_with(const struct target *t, const char *name, int older)
{
	_cleanup_snapshot_ struct snapshot left = { 0 }, now = { 0 };
	_cleanup_fault_ struct fault fault = { 0 };
	struct ini *a, *b;
	struct stat st;
	time_t changed;

	if (fstatat(t->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return;
	/* A file that was swapped out keeps its mtime; its ctime is new. */
	changed = st.st_ctim.tv_sec > st.st_mtim.tv_sec ? st.st_ctim.tv_sec :
							  st.st_mtim.tv_sec;
	if (changed + older > time(NULL) ||
	    target_read(t, name, true, &left, &fault) < 0 ||
	    target_read(t, t->name, true, &now, &fault) < 0)
		return;
	a = ini_parse(left.data, left.len);
	b = ini_parse(now.data, now.len);
	if (snapshot_equal(&left, &now) || !holds_more(a, b))
		unlinkat(t->dirfd, name, 0);
	else
		files_save(t, name);
	ini_free(a);
	ini_free(b);
}

void
files_sweep_older(const struct target *t, int seconds)
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
		if (is_temp_name(t, e->d_name))
			deal_with(t, e->d_name, seconds);
	closedir(d);
}

void
files_sweep(const struct target *t)
{
	files_sweep_older(t, OLD_S);
}
