/* SPDX-License-Identifier: Apache-2.0 */
#include "page.h"

#include <libxml/HTMLparser.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "origin.h"
#include "xml-library.h"
#include "xml.h"

/* ---- bytes to valid UTF-8 ------------------------------------------------ */

/* Length of the valid UTF-8 sequence at p, 0 if it is none. */
static size_t
utf8_len(const unsigned char *p, size_t left)
{
	size_t n = *p < 0x80	    ? 1 :
	    *p >= 0xc2 && *p < 0xe0 ? 2 :
	    *p >= 0xe0 && *p < 0xf0 ? 3 :
	    *p >= 0xf0 && *p < 0xf5 ? 4 :
				      0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/*
 * AD FS writes UTF-8.  What is not valid UTF-8 is read as Latin-1, so that no
 * converter is ever loaded for a name that a page gave; NULs become blanks.
 */
static char *
normalise(const char *bytes, size_t len, size_t *ret_len)
{
	const unsigned char *p = (const unsigned char *)bytes;
	char *out = xmalloc(2 * len + 1);
	bool valid = true;
	size_t n = 0;

	for (size_t i = 0, k; valid && i < len; i += k)
		if ((k = utf8_len(p + i, len - i)) == 0)
			valid = false;
	for (size_t i = 0; i < len; i++) {
		if (p[i] == 0) {
			out[n++] = ' ';
		} else if (valid || p[i] < 0x80) {
			out[n++] = (char)p[i];
		} else {
			out[n++] = (char)(0xc0 | p[i] >> 6);
			out[n++] = (char)(0x80 | (p[i] & 0x3f));
		}
	}
	out[n] = '\0';
	*ret_len = n;
	return out;
}

/* ---- the tree to forms --------------------------------------------------- */

static bool
is_tag(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE &&
	    strcasecmp((const char *)n->name, name) == 0;
}

static bool
has_attr(const xmlNode *n, const char *name)
{
	for (const xmlAttr *a = n->properties; a != NULL; a = a->next)
		if (strcasecmp((const char *)a->name, name) == 0)
			return true;
	return false;
}

static bool
style_hides(const xmlNode *n)
{
	_cleanup_free_ char *style = node_attr(n, "style");
	const char *d;

	if (style == NULL || (d = strcasestr(style, "display")) == NULL)
		return false;
	d += strlen("display");
	d += strspn(d, " \t");
	return *d == ':' && str_starts(d + 1 + strspn(d + 1, " \t"), "none");
}

/* The steps of the paginated page: its script shows one after another. */
static bool
is_step(const xmlNode *n)
{
	static const char *const ids[] = { "usernamePage", "passwordPage",
		"primaryOptionsPage" };
	_cleanup_free_ char *id = node_attr(n, "id");

	for (size_t i = 0; id != NULL && i < ARRAY_SIZE(ids); i++)
		if (strcmp(id, ids[i]) == 0)
			return true;
	return false;
}

static bool
concealed(const xmlNode *n)
{
	for (int depth = 0; n != NULL && depth < 64; n = n->parent, depth++)
		if (n->type == XML_ELEMENT_NODE && style_hides(n) &&
		    !is_step(n))
			return true;
	return false;
}

static bool
in_disabled_fieldset(const xmlNode *n)
{
	for (int depth = 0; n != NULL && depth < 64; n = n->parent, depth++)
		if (is_tag(n, "fieldset") && has_attr(n, "disabled"))
			return true;
	return false;
}

static enum control_type
input_type(const xmlNode *n)
{
	static const struct {
		const char *name;
		enum control_type type;
	} types[] = {
		{ "hidden", CONTROL_HIDDEN },
		{ "password", CONTROL_PASSWORD },
		{ "checkbox", CONTROL_BOX },
		{ "radio", CONTROL_BOX },
		{ "submit", CONTROL_SUBMIT },
		{ "image", CONTROL_SUBMIT },
		{ "button", CONTROL_BUTTON },
		{ "reset", CONTROL_BUTTON },
		{ "file", CONTROL_FILE },
	};
	_cleanup_free_ char *type = node_attr(n, "type");

	for (size_t i = 0; type != NULL && i < ARRAY_SIZE(types); i++)
		if (strcasecmp(str_trim(type), types[i].name) == 0)
			return types[i].type;
	return CONTROL_TEXT;
}

/* The selected option's value, else the first one's. */
static char *
select_value(const xmlNode *sel)
{
	const xmlNode *first = NULL, *chosen = NULL;
	char *value;

	for (const xmlNode *n = sel->children; n != NULL;
	     n = node_next(sel, n)) {
		if (!is_tag(n, "option") || has_attr(n, "disabled"))
			continue;
		if (first == NULL)
			first = n;
		if (chosen == NULL && has_attr(n, "selected"))
			chosen = n;
	}
	if (chosen == NULL && (chosen = first) == NULL)
		return NULL;
	if ((value = node_attr(chosen, "value")) == NULL)
		value = node_text(chosen, PAGE_TEXT_MAX);
	return value;
}

static bool
read_control(const xmlNode *n, struct control *c)
{
	if (is_tag(n, "input")) {
		c->type = input_type(n);
		c->value = node_attr(n, "value");
		if (c->type == CONTROL_BOX && c->value == NULL)
			c->value = xstrdup("on");
		c->checked = has_attr(n, "checked");
	} else if (is_tag(n, "button")) {
		_cleanup_free_ char *type = node_attr(n, "type");

		c->type = type == NULL || strcasecmp(type, "submit") == 0 ?
		    CONTROL_SUBMIT :
		    CONTROL_BUTTON;
		c->value = node_attr(n, "value");
	} else if (is_tag(n, "select")) {
		c->type = CONTROL_SELECT;
		c->value = select_value(n);
		c->disabled = c->value == NULL;
	} else if (is_tag(n, "textarea")) {
		c->type = CONTROL_TEXT;
		c->value = node_text(n, PAGE_MAX);
	} else {
		return false;
	}
	if (c->value == NULL)
		c->value = xstrdup("");
	c->name = node_attr(n, "name");
	if (c->name != NULL && *c->name == '\0')
		xreplace(&c->name, NULL);
	c->id = node_attr(n, "id");
	c->disabled =
	    c->disabled || has_attr(n, "disabled") || in_disabled_fieldset(n);
	c->readonly = has_attr(n, "readonly");
	c->concealed = concealed(n);
	return true;
}

static void
form_done(struct form *f)
{
	for (size_t i = 0; i < f->ncontrols; i++) {
		xfree(f->controls[i].name);
		xfree(f->controls[i].id);
		xfree(f->controls[i].value);
	}
	xfree(f->controls);
	xfree(f->id);
	xfree(f->name);
	xfree(f->action);
	*f = (struct form){ 0 };
}

static void
read_form(struct page *p, const xmlNode *n)
{
	struct form *f;
	_cleanup_free_ char *action = node_attr(n, "action");
	_cleanup_free_ char *method = node_attr(n, "method");
	_cleanup_free_ char *enctype = node_attr(n, "enctype");

	p->forms = xreallocarray(p->forms, p->nforms + 1, sizeof(*p->forms));
	f = &p->forms[p->nforms++];
	*f = (struct form){ 0 };
	f->id = node_attr(n, "id");
	f->name = node_attr(n, "name");
	f->post = method != NULL && strcasecmp(str_trim(method), "post") == 0;
	f->plain = enctype == NULL ||
	    strcasecmp(
		str_trim(enctype), "application/x-www-form-urlencoded") == 0 ||
	    *enctype == '\0';
	if (action != NULL)
		str_trim(action);
	f->action = str_empty(action) ?
	    url_resolve(p->url, NULL) :
	    url_resolve(p->base == NULL ? p->url : p->base, action);
}

/* Which form does the control belong to?  form= first, then its parents. */
static struct form *
owner(struct page *p, const xmlNode *n, const xmlNode **nodes)
{
	_cleanup_free_ char *by_id = node_attr(n, "form");
	int depth = 0;

	if (by_id != NULL) {
		for (size_t i = 0; i < p->nforms; i++)
			if (str_eq(p->forms[i].id, by_id))
				return &p->forms[i];
		return &p->loose;
	}
	for (const xmlNode *a = n->parent; a != NULL && depth++ < 512;
	     a = a->parent) {
		if (!is_tag(a, "form"))
			continue;
		for (size_t i = p->nforms; i-- > 0;)
			if (nodes[i] == a)
				return &p->forms[i];
	}
	return &p->loose;
}

static void
read_title(struct page *p, const xmlNode *n)
{
	_cleanup_free_ char *raw = NULL;

	if (*p->title != '\0')
		return;
	raw = node_text(n, PAGE_TEXT_MAX);
	xreplace(&p->title, str_clean(raw, 200));
	str_trim(p->title);
}

static void
read_base(struct page *p, const xmlNode *n)
{
	_cleanup_free_ char *href = node_attr(n, "href"), *abs = NULL;

	if (href == NULL)
		return;
	abs = url_resolve(p->url, str_trim(href));
	if (abs == NULL || !url_same_origin(abs, p->url))
		p->foreign_base = true;
	else if (p->base == NULL) /* the first one counts */
		p->base = STEAL(abs);
}

static int
too_much(struct fault *fault)
{
	fault_set(fault, FAULT_PROTOCOL, REASON_MALFORMED,
	    _("The page is larger than a sign-in page can be."));
	fault_next(fault,
	    _("Open the same address in a browser and tell your "
	      "administrator what it shows."));
	return -1;
}

static int
walk(struct page *p, struct fault *fault)
{
	const xmlNode *root = (const xmlNode *)p->doc;
	_cleanup_free_ const xmlNode **nodes = NULL;
	size_t ncontrols = 0;

	/* What actions are relative to may stand behind a form. */
	for (const xmlNode *n = root; n != NULL; n = node_next(root, n))
		if (is_tag(n, "base"))
			read_base(p, n);
	/* Forms first: form= may name one that comes later. */
	for (const xmlNode *n = root; n != NULL; n = node_next(root, n)) {
		if (is_tag(n, "title"))
			read_title(p, n);
		if (!is_tag(n, "form"))
			continue;
		if (p->nforms == PAGE_CONTROLS_MAX)
			return too_much(fault);
		read_form(p, n);
		nodes = xreallocarray(nodes, p->nforms, sizeof(*nodes));
		nodes[p->nforms - 1] = n;
	}
	for (const xmlNode *n = root; n != NULL; n = node_next(root, n)) {
		struct control c = { 0 };
		struct form *f;

		if (!read_control(n, &c))
			continue;
		f = owner(p, n, nodes);
		f->controls = xreallocarray(
		    f->controls, f->ncontrols + 1, sizeof(*f->controls));
		f->controls[f->ncontrols++] = c;
		if (++ncontrols > PAGE_CONTROLS_MAX)
			return too_much(fault);
	}
	return 0;
}

int
page_parse(const char *bytes, size_t len, const char *url, struct page *ret,
    struct fault *fault)
{
	_cleanup_page_ struct page p = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t n;

	if (len > PAGE_MAX)
		return too_much(fault);
	text = normalise(bytes, len, &n);
	if (markup_too_wide(text, n))
		return too_much(fault);
	p.url = xstrdup(url);
	p.title = xstrdup("");
	if (n > 0)
		p.doc = xml_library()->read_html(text, (int)n, NULL, "UTF-8",
		    HTML_PARSE_NONET | HTML_PARSE_NOERROR |
			HTML_PARSE_NOWARNING | HTML_PARSE_RECOVER);
	if (p.doc != NULL && walk(&p, fault) < 0)
		return -1;
	*ret = p;
	p = (struct page){ 0 };
	return 0;
}

void
page_done(struct page *p)
{
	for (size_t i = 0; i < p->nforms; i++)
		form_done(&p->forms[i]);
	form_done(&p->loose);
	xfree(p->forms);
	xfree(p->url);
	xfree(p->base);
	xfree(p->title);
	xml_doc_freep(&p->doc);
	*p = (struct page){ 0 };
}
