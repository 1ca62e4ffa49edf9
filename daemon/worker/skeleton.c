/* SPDX-License-Identifier: Apache-2.0 */
#include "skeleton.h"

#include <ctype.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "origin.h"
#include "signin.h"
#include "xml.h"

#define NAME_MAX_LEN 64 /* a longer id or name is no identifier */
#define NUMBER_LEN 5	/* so many digits may be somebody's number */
#define DEPTH_MAX 40
#define HEX_LEN 12     /* so long a number in hex is somebody's, too */
#define PERSONAL_MIN 3 /* bytes of a name that is looked for */

/* A letter, a digit, or what joins them in the names of forms. */
static bool
is_plain(char c)
{
	return isalnum((unsigned char)c) || strchr("_-$:. ", c) != NULL;
}

/*
 * A name as far as it may be told.  An e-mail address has its "@", a
 * DOMAIN\user its backslash, and a number its digits: none comes through.
 */
static int
add_name(struct buf *out, const char *s)
{
	size_t len = strlen(s);

	if (len > NAME_MAX_LEN || len == 0)
		return buf_adds(out, "?");
	for (size_t i = 0; i < len; i++)
		if (!is_plain(s[i]))
			return buf_adds(out, "?");
	for (size_t i = 0; i < len;) {
		size_t digits = strspn(s + i, "0123456789");
		size_t hex = strspn(s + i, "0123456789abcdefABCDEF-");
		int r;

		/* A GUID, a hash, a token. */
		if (hex >= HEX_LEN && strcspn(s + i, "0123456789") < hex)
			digits = hex;

		if (digits >= NUMBER_LEN) {
			r = buf_adds(out, "#");
			i += digits;
		} else {
			r = buf_add(out, s + i, digits > 0 ? digits : 1);
			i += digits > 0 ? digits : 1;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* The path's parts; never host, query or fragment. */
static int
add_path(struct buf *out, const struct page *p, const char *url)
{
	_cleanup_free_ char *abs = url_resolve(p->url, url);
	_cleanup_free_ char *path = abs == NULL ? NULL : url_path(abs);
	char *save = NULL;
	int r;

	if (path == NULL)
		return buf_adds(out, "?");
	r = url_same_origin(abs, p->url) ? 0 : buf_adds(out, "(another host)");
	for (char *part = strtok_r(path, "/", &save); part != NULL && r == 0;
	     part = strtok_r(NULL, "/", &save)) {
		r = buf_adds(out, "/");
		if (r == 0)
			r = add_name(out, part);
	}
	return r;
}

static int
add_attributes(struct buf *out, const struct page *p, const xmlNode *n)
{
	static const struct {
		const char *name;
		bool path;
	} told[] = {
		{ "id", false },
		{ "name", false },
		{ "type", false },
		{ "role", false },
		{ "class", false },
		{ "method", false },
		{ "enctype", false },
		{ "action", true },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(told) && r == 0; i++) {
		_cleanup_free_ char *value = node_attr(n, told[i].name);

		if (value == NULL)
			continue;
		r = buf_addf(out, " %s=", told[i].name);
		if (r == 0)
			r = told[i].path ? add_path(out, p, value) :
					   add_name(out, value);
	}
	return r;
}

/* What the adapter is called: the one value that a report needs. */
static int
add_method(struct buf *out, const xmlNode *n)
{
	_cleanup_free_ char *name = node_attr(n, "name"), *value = NULL;
	int r;

	if (!str_caseeq(name, "AuthMethod") ||
	    (value = node_attr(n, "value")) == NULL || *value == '\0')
		return 0;
	r = buf_adds(out, " value=");
	return r < 0 ? r : add_name(out, value);
}

static int
depth_of(const xmlNode *n)
{
	int depth = 0;

	for (n = n->parent; n != NULL && n->type == XML_ELEMENT_NODE;
	     n = n->parent)
		depth++;
	return depth < DEPTH_MAX ? depth : DEPTH_MAX;
}

static int
add_element(struct buf *out, const struct page *p, const xmlNode *n)
{
	int r = buf_addf(out, "%*s", depth_of(n), "");

	if (r == 0)
		r = add_name(out, (const char *)n->name);
	if (r == 0)
		r = add_attributes(out, p, n);
	if (r == 0)
		r = add_method(out, n);
	return r < 0 ? r : buf_adds(out, "\n");
}

void
skeleton_write(
    struct buf *out, const struct page *p, enum page_kind kind, long status)
{
	const xmlNode *root = (const xmlNode *)p->doc;
	int r = buf_addf(out,
	    "awsfed " PACKAGE_VERSION ": a page that it could not answer\n"
	    "kind %s, HTTP %ld, path ",
	    page_kind_name(kind), status);

	if (r == 0)
		r = add_path(out, p, p->url);
	if (r == 0)
		r = buf_adds(out, "\n\n");
	/* Cut at an element's end where it does not fit. */
	for (const xmlNode *n = root; n != NULL && r == 0;
	     n = node_next(root, n)) {
		size_t before = out->len;

		if (n->type != XML_ELEMENT_NODE)
			continue;
		r = add_element(out, p, n);
		if (r < 0 && out->data != NULL) {
			out->len = before;
			out->data[before] = '\0';
		}
	}
}

/* A part of the person's name, wherever it stands. */
static void
hide(char *text, const char *part, size_t len)
{
	if (len < PERSONAL_MIN)
		return;
	for (char *p = text; *p != '\0'; p++)
		if (strncasecmp(p, part, len) == 0)
			memset(p, '?', len);
}

/* DOMAIN\user, user@domain: each half for itself. */
static void
hide_user(char *text, const char *user)
{
	while (text != NULL && user != NULL && *user != '\0') {
		size_t len = strcspn(user, "\\@");

		hide(text, user, len);
		user += len + (user[len] != '\0');
	}
}

char *
recorder_keep(struct signin *s, enum page_kind kind)
{
	_cleanup_buf_ struct buf b = BUF_INIT(SKELETON_MAX);

	skeleton_write(&b, &s->page, kind, s->status);
	hide_user(b.data, s->user);
	hide_user(b.data, s->job->user);
	return conduit_page(s->conduit, b.data == NULL ? "" : b.data);
}

int
signin_unknown(struct signin *s, enum page_kind kind, struct fault *fault)
{
	_cleanup_free_ char *path = NULL, *next = NULL;

	unknown_page_fault(&s->page, kind, s->host, fault);
	if ((path = recorder_keep(s, kind)) == NULL)
		return -1;
	next = xstrdup(fault->next);
	fault_next(fault,
	    _("%s The page's skeleton, without texts and values, is in %s."),
	    next, path);
	return -1;
}
