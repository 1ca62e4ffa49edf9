/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict XML for what AD FS and AWS send, and the few ways in which the worker
 * looks at a parsed tree (XML or HTML).
 *
 * A document with a DTD is refused, nothing is ever loaded, no entity beyond
 * the five of XML exists, sizes are bounded before the parser sees a byte.
 * Trees are walked by hand and without recursion: no XPath.
 */
#ifndef AWSFED_WORKER_XML_H
#define AWSFED_WORKER_XML_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#define XML_MAX (256 * 1024)   /* bytes of one document */
#define TAG_ATTRIBUTES_MAX 512 /* the parser is quadratic in these */

/*
 * Parses a document.  NULL when it is too large, not well-formed, has a DTD, a
 * NUL byte or a tag with too many attributes.  Free with xml_doc_freep.
 */
xmlDoc *xml_read(const char *bytes, size_t len);
/* Does any tag have more than TAG_ATTRIBUTES_MAX attributes?  Linear. */
bool markup_too_wide(const char *bytes, size_t len);

/* The element that holds all others, or NULL. */
xmlNode *xml_root(const xmlDoc *doc);
/* The next node in document order below root, or NULL; start with root. */
xmlNode *node_next(const xmlNode *root, const xmlNode *cur);
/* An element of that name?  ns NULL takes any namespace. */
bool node_is(const xmlNode *n, const char *ns, const char *name);
/* The first child element of that name, or NULL. */
xmlNode *node_child(const xmlNode *n, const char *ns, const char *name);
/* The first element of that local name below root, or NULL. */
xmlNode *node_find(const xmlNode *root, const char *name);
/*
 * Text and CDATA below n, comments left out, trimmed: an xalloc string of at
 * most max bytes, "" when there is none or it is longer.
 */
char *node_text(const xmlNode *n, size_t max);
/* An attribute's value as an xalloc string, or NULL. */
char *node_attr(const xmlNode *n, const char *name);

void xml_doc_freep(xmlDoc **doc);
#define _cleanup_xmldoc_ __attribute__((cleanup(xml_doc_freep)))

#endif
