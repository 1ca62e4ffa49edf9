/* SPDX-License-Identifier: Apache-2.0 */
#include "landing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/buf.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "loop.h"

#define PAGE_MAX (128 * 1024)
#define PAGES_MAX 32 /* more than these: the oldest goes */
#define PREFIX "awsfed-console-"
#define SUFFIX ".html"

struct page {
	struct page *next;
	struct landing *landing;
	struct timer *timer;
	char *path;
};

struct landing {
	struct loop *loop;
	char *dir;
	struct page *pages; /* youngest first */
};

/* ---- pages ------------------------------------------------------------------ */

static void
page_free(struct page *p)
{
	struct page **at;

	for (at = &p->landing->pages; *at != p; at = &(*at)->next)
		;
	*at = p->next;
	(void)unlink(p->path);
	p->landing->loop->ops->timer_free(p->timer);
	xfree(p->path);
	xfree(p);
}

static void
on_timer(void *arg)
{
	page_free(arg);
}

static int
add_html(struct buf *b, const char *s)
{
	static const struct {
		char c;
		const char *entity;
	} marks[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" },
		{ '"', "&quot;" }, { '\'', "&#39;" } };
	int r = 0;

	for (; r == 0 && *s != '\0'; s++) {
		size_t i = 0;

		while (i < ARRAY_SIZE(marks) && marks[i].c != *s)
			i++;
		r = i < ARRAY_SIZE(marks) ? buf_adds(b, marks[i].entity) :
					    buf_add(b, s, 1);
	}
	return r;
}

static int
build(struct buf *b, const char *url)
{
	if (buf_adds(b,
		"<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n"
		"<title>AWS</title>\n"
		"<meta http-equiv=\"refresh\" content=\"0;url=") < 0 ||
	    add_html(b, url) < 0 ||
	    buf_adds(b, "\">\n</head><body><p><a href=\"") < 0 ||
	    add_html(b, url) < 0)
		return -EMSGSIZE;
	return buf_adds(b, "\">AWS console</a></p></body></html>\n");
}

static int
write_page(const char *path, const struct buf *b)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t done = 0;
	int r = 0;

	if (fd < 0)
		return -errno;
	while (done < b->len && r == 0) {
		ssize_t n = write(fd, b->data + done, b->len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			r = -errno;
	}
	if (close(fd) != 0 && r == 0)
		r = -errno;
	if (r < 0)
		(void)unlink(path);
	return r;
}

static size_t
count(const struct landing *l)
{
	size_t n = 0;

	for (const struct page *p = l->pages; p != NULL; p = p->next)
		n++;
	return n;
}

static void
drop_oldest(struct landing *l)
{
	struct page *p = l->pages;

	while (p != NULL && p->next != NULL)
		p = p->next;
	if (p != NULL)
		page_free(p);
}

char *
landing_add(struct landing *l, const char *url, struct fault *fault)
{
	_cleanup_buf_ struct buf b = BUF_INIT(PAGE_MAX);
	_cleanup_free_ char *name = NULL, *path = NULL;
	char id[37];
	struct page *p;
	int r;

	str_uuid(id);
	name = xasprintf(PREFIX "%s" SUFFIX, id);
	path = l->dir == NULL ? NULL : path_join(l->dir, name);
	if (path != NULL)
		(void)path_mkdirs(
		    l->dir, true); /* the socket may be elsewhere */
	r = path == NULL       ? -ENOENT :
	    build(&b, url) < 0 ? -EMSGSIZE :
				 write_page(path, &b);
	if (r < 0) {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("The page for the browser could not be written to %s "
		      "(%s)."),
		    l->dir == NULL ? "-" : l->dir, strerror(-r));
		fault_next(fault, _("Use awsfedctl console with --print."));
		return NULL;
	}
	if (count(l) >= PAGES_MAX)
		drop_oldest(l);
	p = xcalloc(1, sizeof(*p));
	p->landing = l;
	p->path = xstrdup(path);
	p->timer = timer_new(l->loop, on_timer, p);
	l->loop->ops->timer_set(p->timer,
	    deadline_in(l->loop->clk, (int64_t)LANDING_SECONDS * USEC));
	p->next = l->pages;
	l->pages = p;
	return STEAL(path);
}

/* ---- life ------------------------------------------------------------------- */

/* Of an agent that was killed. */
static void
sweep(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (str_starts(e->d_name, PREFIX) &&
		    str_ends(e->d_name, SUFFIX))
			(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
}

struct landing *
landing_new(struct loop *loop, const char *dir)
{
	struct landing *l = xcalloc(1, sizeof(*l));

	l->loop = loop;
	l->dir = xstrdup(dir);
	if (dir != NULL)
		sweep(dir);
	return l;
}

void
landing_clear(struct landing *l)
{
	while (l->pages != NULL)
		page_free(l->pages);
}

void
landing_free(struct landing *l)
{
	if (l == NULL)
		return;
	landing_clear(l);
	xfree(l->dir);
	xfree(l);
}
