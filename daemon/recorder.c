/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "files.h"

struct page {
	struct recorder *r;
	char *path;
	recorder_done_fn *done; /* NULL: nobody waits any more */
	void *arg;
	LIST_ENTRY(page) entry;
};

LIST_HEAD(pages, page);

struct recorder {
	struct files *files;
	char *dir;
	unsigned next; /* slot, from 1; 0: not looked for yet */
	struct pages waiting;
};

struct recorder *
recorder_new(struct files *files, const char *dir)
{
	struct recorder *r = xcalloc(1, sizeof(*r));

	r->files = files;
	r->dir = xstrdup(dir);
	LIST_INIT(&r->waiting);
	return r;
}

static void
page_free(struct page *p)
{
	LIST_REMOVE(p, entry);
	xfree(p->path);
	xfree(p);
}

void
recorder_free(struct recorder *r)
{
	struct page *p;

	if (r == NULL)
		return;
	while ((p = LIST_FIRST(&r->waiting)) != NULL)
		page_free(p);
	xfree(r->dir);
	xfree(r);
}

static char *
slot_path(const struct recorder *r, unsigned slot)
{
	return xasprintf("%s/page-%02u.txt", r->dir, slot);
}

/* The first slot that is free, else the one written longest ago. */
static unsigned
oldest(const struct recorder *r)
{
	struct timespec least = { 0, 0 };
	unsigned slot = 1;

	for (unsigned i = 1; i <= RECORDER_SLOTS; i++) {
		_cleanup_free_ char *path = slot_path(r, i);
		struct stat st;

		if (lstat(path, &st) < 0)
			return i;
		if (i == 1 || st.st_mtim.tv_sec < least.tv_sec ||
		    (st.st_mtim.tv_sec == least.tv_sec &&
			st.st_mtim.tv_nsec < least.tv_nsec)) {
			least = st.st_mtim;
			slot = i;
		}
	}
	return slot;
}

/* Lines of printable ASCII, as the worker's recorder makes them. */
static bool
is_skeleton(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > RECORDER_TEXT_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			return false;
	return true;
}

static void
on_written(const struct fault *fault, void *arg)
{
	struct page *p = arg;
	recorder_done_fn *done = p->done;
	_cleanup_free_ char *path = STEAL(p->path);
	void *whose = p->arg;

	if (fault_is(fault))
		log_warning("a page could not be recorded: %s", fault->text);
	else
		log_info("a page that could not be answered is in %s", path);
	page_free(p);
	if (done != NULL)
		done(fault_is(fault) ? NULL : path, whose);
}

int
recorder_keep(
    struct recorder *r, const char *skeleton, recorder_done_fn *done, void *arg)
{
	struct page *p;
	size_t len;

	if (!is_skeleton(skeleton))
		return -EINVAL;
	if (r->next == 0)
		r->next = oldest(r);
	p = xcalloc(1, sizeof(*p));
	p->r = r;
	p->path = slot_path(r, r->next);
	p->done = done;
	p->arg = arg;
	r->next = r->next % RECORDER_SLOTS + 1;
	LIST_INSERT_HEAD(&r->waiting, p, entry);
	len = strlen(skeleton);
	r->files->ops->replace(
	    r->files, p->path, xstrdup(skeleton), len, on_written, p);
	return 0;
}

void
recorder_forget(struct recorder *r, const void *arg)
{
	struct page *p;

	LIST_FOREACH(p, &r->waiting, entry)
	if (p->arg == arg)
		p->done = NULL;
}
