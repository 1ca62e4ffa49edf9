/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/parents.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define LINKS_MAX 40   /* as in the kernel */
#define OVERFLOW 65534 /* whose id the namespace has no name for */
#define EVERYBODY 4294967295U

struct walk {
	char *done; /* from /, no links in it */
	char *todo; /* what is still to be followed */
	int links;
	int mapped; /* -1 not looked yet; 1 in a user namespace */
};

/*
 * In a user namespace that lacks root (a container without one), what is
 * root's outside belongs to the overflow id.
 */
static bool
in_namespace(struct walk *w)
{
	unsigned inside, outside, count;
	FILE *f;

	if (w->mapped >= 0)
		return w->mapped;
	w->mapped = 0;
	if ((f = fopen("/proc/self/uid_map", "re")) == NULL)
		return false;
	if (fscanf(f, "%u %u %u", &inside, &outside, &count) == 3 &&
	    count != EVERYBODY)
		w->mapped = 1;
	fclose(f);
	return w->mapped;
}

static bool
trusted(struct walk *w, const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid() &&
	    !(st->st_uid == OVERFLOW && in_namespace(w)))
		return false;
	/* Links have no mode of their own. */
	return !S_ISDIR(st->st_mode) || (st->st_mode & S_IWOTH) == 0 ||
	    (st->st_mode & S_ISVTX) != 0;
}

/* Puts where the link leads before what is still to do. */
static int
follow(struct walk *w, const char *link)
{
	char to[PATH_MAX];
	ssize_t n = readlink(link, to, sizeof(to) - 1);

	if (n < 0)
		return -errno;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	to[n] = '\0';
	xreplace(&w->todo, xasprintf("%s/%s", to, w->todo));
	if (strlen(w->todo) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (to[0] == '/')
		xreplace(&w->done, xstrdup("/"));
	return 0;
}

static void
go_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	slash[slash == w->done] = '\0';
}

/* Takes the next name off `todo`; NULL when none is left. */
static char *
next_name(struct walk *w)
{
	const char *from = w->todo + strspn(w->todo, "/");
	size_t n = strcspn(from, "/");
	char *name = n == 0 ? NULL : xstrndup(from, n);

	xreplace(&w->todo, xstrdup(from + n));
	return name;
}

static int
step(struct walk *w, const char *name, char **ret_bad)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;

	if (str_eq(name, "."))
		return 0;
	if (str_eq(name, "..")) {
		go_up(w);
		return 0;
	}
	path = path_join(w->done, name);
	if (lstat(path, &st) != 0)
		return -errno;
	if (!trusted(w, &st)) {
		*ret_bad = STEAL(path);
		return -EPERM;
	}
	if (S_ISLNK(st.st_mode))
		return follow(w, path);
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	xreplace(&w->done, STEAL(path));
	return 0;
}

int
parents_check(const char *path, char **ret_bad)
{
	struct walk w = { .done = xstrdup("/"), .mapped = -1 };
	char *slash, *name;
	struct stat st;
	int r = 0;

	w.todo = xstrdup(path);
	slash = strrchr(w.todo, '/');
	if (path[0] != '/')
		r = -EINVAL;
	else if (lstat("/", &st) != 0)
		r = -errno;
	else if (!trusted(&w, &st)) {
		*ret_bad = xstrdup("/");
		r = -EPERM;
	} else {
		*slash = '\0';
	}
	while (r == 0 && (name = next_name(&w)) != NULL) {
		r = step(&w, name, ret_bad);
		xfree(name);
	}
	xfree(w.done);
	xfree(w.todo);
	return r;
}
