/* SPDX-License-Identifier: Apache-2.0 */
#include "xml.h"

#include <libxml/parser.h>
#include <string.h>
#include <strings.h>

#include "awsfed/buf.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "xml-library.h"

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Past one attribute's value: quoted, or up to a blank or '>'. */
static const char *
skip_value(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	if (p < end && (*p == '"' || *p == '\'')) {
		const char *q = memchr(p + 1, *p, (size_t)(end - p - 1));

		return q == NULL ? end : q + 1;
	}
	while (p < end && !is_blank(*p) && *p != '>')
		p++;
	return p;
}

/* Counts the attributes of the tag whose name ends at p; *ret is its end. */
static size_t
count_attributes(const char *p, const char *end, const char **ret)
{
	size_t n = 0;

	for (;;) {
		while (p < end && (is_blank(*p) || *p == '/'))
			p++;
		if (p >= end || *p == '>')
			break;
		n++;
		while (p < end && !is_blank(*p) && *p != '=' && *p != '>' &&
		    *p != '/')
			p++;
		while (p < end && is_blank(*p))
			p++;
		if (p < end && *p == '=')
			p = skip_value(p + 1, end);
	}
	*ret = p;
	return n;
}

/* Past the text of a script or style element, whose "<" are not tags. */
static const char *
skip_raw(const char *p, const char *end, const char *name, size_t len)
{
	for (; p < end; p++) {
		p = memchr(p, '<', (size_t)(end - p));
		if (p == NULL)
			return end;
		if ((size_t)(end - p) > len + 2 && p[1] == '/' &&
		    strncasecmp(p + 2, name, len) == 0)
			return p;
	}
	return end;
}

bool
markup_too_wide(const char *bytes, size_t len)
{
	static const char *const raw[] = { "script", "style" };
	const char *p = bytes, *end = bytes + len;

	while (p < end && (p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		const char *name = p + 1;
		size_t n;

		if (end - p >= 4 && memcmp(p, "<!--", 4) == 0) {
			p = memmem(p + 4, (size_t)(end - p - 4), "-->", 3);
			if (p == NULL)
				return false;
			continue;
		}
		if (name >= end || !(is_letter(*name) || *name == '_')) {
			p++;
			continue;
		}
		for (p = name;
		     p < end && !is_blank(*p) && *p != '>' && *p != '/'; p++)
			;
		n = (size_t)(p - name);
		if (count_attributes(p, end, &p) > TAG_ATTRIBUTES_MAX)
			return true;
		for (size_t i = 0; i < ARRAY_SIZE(raw); i++)
			if (n == strlen(raw[i]) &&
			    strncasecmp(name, raw[i], n) == 0)
				p = skip_raw(p, end, raw[i], n);
	}
	return false;
}

xmlDoc *
xml_read(const char *bytes, size_t len)
{
	xmlDoc *doc;

	if (bytes == NULL || len == 0 || len > XML_MAX ||
	    memchr(bytes, '\0', len) != NULL ||
	    memmem(bytes, len, "<!DOCTYPE", 9) != NULL ||
	    memmem(bytes, len, "<!ENTITY", 8) != NULL ||
	    markup_too_wide(bytes, len))
		return NULL;
	doc = xml_library()->read_xml(bytes, (int)len, NULL, "UTF-8",
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (doc != NULL &&
	    (doc->intSubset != NULL || doc->extSubset != NULL ||
		xml_root(doc) == NULL))
		xml_doc_freep(&doc);
	return doc;
}

xmlNode *
xml_root(const xmlDoc *doc)
{
	xmlNode *n = doc->children;

	while (n != NULL && n->type != XML_ELEMENT_NODE)
		n = n->next;
	return n;
}

xmlNode *
node_next(const xmlNode *root, const xmlNode *cur)
{
	/* An entity reference's children are not ours to walk. */
	if (cur->children != NULL && cur->type != XML_ENTITY_REF_NODE)
		return cur->children;
	while (cur != root && cur->next == NULL && cur->parent != NULL)
		cur = cur->parent;
	return cur == root ? NULL : cur->next;
}

bool
node_is(const xmlNode *n, const char *ns, const char *name)
{
	if (n == NULL || n->type != XML_ELEMENT_NODE ||
	    strcmp((const char *)n->name, name) != 0)
		return false;
	return ns == NULL ||
	    (n->ns != NULL && str_eq((const char *)n->ns->href, ns));
}

xmlNode *
node_child(const xmlNode *n, const char *ns, const char *name)
{
	if (n == NULL)
		return NULL;
	for (xmlNode *c = n->children; c != NULL; c = c->next)
		if (node_is(c, ns, name))
			return c;
	return NULL;
}

xmlNode *
node_find(const xmlNode *root, const char *name)
{
	xmlNode *n;

	for (n = root->children; n != NULL; n = node_next(root, n))
		if (node_is(n, NULL, name))
			return n;
	return NULL;
}

char *
node_text(const xmlNode *n, size_t max)
{
	_cleanup_buf_ struct buf b = BUF_INIT(max + 1);
	char *s;

	if (n == NULL)
		return xstrdup("");
	for (const xmlNode *c = n->children; c != NULL; c = node_next(n, c)) {
		if (c->type != XML_TEXT_NODE &&
		    c->type != XML_CDATA_SECTION_NODE)
			continue;
		if (c->content != NULL &&
		    buf_adds(&b, (const char *)c->content) < 0)
			return xstrdup("");
	}
	s = buf_take(&b);
	return str_trim(s);
}

char *
node_attr(const xmlNode *n, const char *name)
{
	for (const xmlAttr *a = n->properties; a != NULL; a = a->next) {
		_cleanup_buf_ struct buf b = BUF_INIT(1024 * 1024);

		if (a->ns != NULL || strcmp((const char *)a->name, name) != 0)
			continue;
		for (const xmlNode *t = a->children; t != NULL; t = t->next)
			if (t->content != NULL &&
			    buf_adds(&b, (const char *)t->content) < 0)
				return NULL;
		return buf_take(&b);
	}
	return NULL;
}

void
xml_doc_freep(xmlDoc **doc)
{
	if (*doc != NULL)
		xml_library()->free_doc(*doc);
	*doc = NULL;
}
