/* SPDX-License-Identifier: Apache-2.0 */
/* The questions asked of a parsed page: texts, ids, a form's submission. */
#include "page.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "origin.h"
#include "xml.h"

static bool
id_is(const xmlNode *n, const char *id, size_t len)
{
	_cleanup_free_ char *value = NULL;

	if (n->type != XML_ELEMENT_NODE || (value = node_attr(n, "id")) == NULL)
		return false;
	return len == 0 ? strcmp(value, id) == 0 : strncmp(value, id, len) == 0;
}

const xmlNode *
page_by_id(const struct page *p, const char *id)
{
	const xmlNode *root = (const xmlNode *)p->doc;

	for (const xmlNode *n = root; n != NULL; n = node_next(root, n))
		if (id_is(n, id, 0))
			return n;
	return NULL;
}

bool
page_id_starts(const struct page *p, const char *prefix)
{
	const xmlNode *root = (const xmlNode *)p->doc;

	for (const xmlNode *n = root; n != NULL; n = node_next(root, n))
		if (id_is(n, prefix, strlen(prefix)))
			return true;
	return false;
}

/* The node behind the subtree of n. */
static const xmlNode *
skip(const xmlNode *root, const xmlNode *n)
{
	while (n != root && n->next == NULL && n->parent != NULL)
		n = n->parent;
	return n == root ? NULL : n->next;
}

static bool
is_silent(const xmlNode *n)
{
	return node_is(n, NULL, "script") || node_is(n, NULL, "style") ||
	    node_is(n, NULL, "title");
}

/* Joins runs of blanks, escapes control bytes, cuts at max. */
static char *
visible(const xmlNode *root, size_t max)
{
	_cleanup_buf_ struct buf b = BUF_INIT(max + 1);
	_cleanup_free_ char *raw = NULL;
	const xmlNode *n = root;
	bool blank = false, full = false;

	while (n != NULL && !full) {
		const char *s = (const char *)n->content;

		if (n != root && is_silent(n)) {
			n = skip(root, n);
			continue;
		}
		if (n->type == XML_ELEMENT_NODE)
			blank = true; /* elements part words */
		if (n->type != XML_TEXT_NODE || s == NULL)
			s = "";
		for (; *s != '\0' && !full; s++) {
			if (*s == ' ' || (*s >= '\t' && *s <= '\r')) {
				blank = true;
				continue;
			}
			if (blank && b.len > 0)
				full = buf_add(&b, " ", 1) < 0;
			blank = false;
			full = full || buf_add(&b, s, 1) < 0;
		}
		n = node_next(root, n);
	}
	raw = buf_take(&b);
	return str_trim(str_clean(raw, max));
}

char *
page_text(const struct page *p, const char *id)
{
	const xmlNode *n = page_by_id(p, id);

	return n == NULL ? xstrdup("") : visible(n, PAGE_TEXT_MAX);
}

char *
page_link(const struct page *p, const char *id)
{
	const xmlNode *root = page_by_id(p, id);

	for (const xmlNode *n = root; n != NULL; n = node_next(root, n)) {
		_cleanup_free_ char *href =
		    node_is(n, NULL, "a") ? node_attr(n, "href") : NULL;
		char *url;

		if (href == NULL || *href == '#' ||
		    (url = url_resolve(p->base == NULL ? p->url : p->base,
			 str_trim(href))) == NULL)
			continue;
		url[strcspn(url, "?#")] = '\0';
		return url;
	}
	return NULL;
}

char *
page_visible_text(const struct page *p, size_t max)
{
	return p->doc == NULL ? xstrdup("") :
				visible((const xmlNode *)p->doc, max);
}

const struct control *
form_control(const struct form *f, const char *name)
{
	for (size_t i = 0; f != NULL && i < f->ncontrols; i++)
		if (str_eq(f->controls[i].name, name))
			return &f->controls[i];
	return NULL;
}

const struct form *
page_form(const struct page *p, const char *id)
{
	for (size_t i = 0; i < p->nforms; i++)
		if (str_eq(p->forms[i].id, id))
			return &p->forms[i];
	return NULL;
}

static bool
is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
	    c == '*';
}

int
form_escape(struct buf *out, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";

	while (*s != '\0') {
		unsigned char c = (unsigned char)*s;
		char e[3] = { '%', hex[c >> 4], hex[c & 15] };
		size_t n = 0;
		int r;

		/* An assertion is long, and nearly all of it is plain. */
		while (is_plain((unsigned char)s[n]))
			n++;
		if (n > 0)
			r = buf_add(out, s, n);
		else if (c == ' ')
			r = buf_add(out, "+", 1);
		else
			r = buf_add(out, e, 3);
		if (r < 0)
			return r;
		s += n > 0 ? n : 1;
	}
	return 0;
}

static int
add_pair(struct buf *out, const char *name, const char *value)
{
	int r = 0;

	if (out->len > 0)
		r = buf_add(out, "&", 1);
	if (r == 0)
		r = form_escape(out, name);
	if (r == 0)
		r = buf_add(out, "=", 1);
	return r < 0 ? r : form_escape(out, value);
}

static const struct field *
field_for(const struct field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

/* Would a browser send it? */
static bool
is_sent(const struct control *c, const struct control *press)
{
	if (c->name == NULL || c->disabled || c->type == CONTROL_BUTTON ||
	    c->type == CONTROL_FILE)
		return false;
	if (c->type == CONTROL_BOX)
		return c->checked;
	return c->type != CONTROL_SUBMIT || c == press;
}

int
form_encode(const struct form *f, const struct field *fields, size_t nfields,
    const struct control *press, struct buf *out)
{
	for (size_t i = 0; i < f->ncontrols; i++) {
		const struct control *c = &f->controls[i];
		const struct field *set = c->name == NULL ?
		    NULL :
		    field_for(fields, nfields, c->name);
		int r = 0;

		if (set != NULL && c->type != CONTROL_SUBMIT) {
			/* Once, at the first control of that name. */
			if (set->value != NULL && form_control(f, c->name) == c)
				r = add_pair(out, c->name, set->value);
		} else if (is_sent(c, press)) {
			r = add_pair(out, c->name, c->value);
		}
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < nfields; i++) {
		int r = 0;

		if (fields[i].value != NULL &&
		    form_control(f, fields[i].name) == NULL)
			r = add_pair(out, fields[i].name, fields[i].value);
		if (r < 0)
			return r;
	}
	return 0;
}
