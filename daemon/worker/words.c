/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an adapter's page says for itself: the words beside a control, what may
 * be chosen, and whether it sends itself again.  Scripts are only looked at for
 * the words that submit a form, never run.
 */
#include <string.h>
#include <strings.h>

#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "second.h"
#include "xml.h"

#define WORDS_MAX 300	       /* bytes of one label */
#define SCRIPT_MAX (64 * 1024) /* bytes of a script that is looked at */
#define CHOICES_MAX 50
#define VALUE_MAX 1024 /* bytes of what a choice posts */

/* Joins blanks, cuts, cleans; frees raw. */
static char *
tidy(char *raw)
{
	char *out, *p = raw;
	bool blank = false;
	size_t n = 0;

	for (const char *s = raw; s != NULL && *s != '\0'; s++) {
		if (*s == ' ' || (*s >= '\t' && *s <= '\r')) {
			blank = n > 0;
			continue;
		}
		if (blank)
			p[n++] = ' ';
		blank = false;
		p[n++] = *s;
	}
	if (raw == NULL)
		return xstrdup("");
	p[n] = '\0';
	out = str_clean(raw, WORDS_MAX);
	xfree(raw);
	/* The prompt adds its own. */
	n = strlen(out);
	while (n > 0 && (out[n - 1] == ':' || out[n - 1] == ' '))
		out[--n] = '\0';
	return out;
}

static const xmlNode *
next_element(const struct page *p, const xmlNode *n, const char *tag)
{
	const xmlNode *root = (const xmlNode *)p->doc;

	for (n = node_next(root, n); n != NULL; n = node_next(root, n))
		if (node_is(n, NULL, tag))
			return n;
	return NULL;
}

/* Walks all elements of a tag: for (n = first; n; n = next). */
#define EACH(n, p, tag) \
	const xmlNode *n = (p)->doc == NULL ? \
	    NULL : \
	    next_element(p, (const xmlNode *)(p)->doc, tag); \
	n != NULL; \
	n = next_element(p, n, tag)

static bool
attr_is(const xmlNode *n, const char *name, const char *value)
{
	_cleanup_free_ char *v = node_attr(n, name);

	return v != NULL && str_eq(v, value);
}

static char *
label_for(const struct page *p, const char *id)
{
	if (str_empty(id))
		return xstrdup("");
	for (EACH(n, p, "label"))
		if (attr_is(n, "for", id))
			return tidy(node_text(n, PAGE_TEXT_MAX));
	return xstrdup("");
}

/* The element of a control: by its id, else by name (and value). */
static const xmlNode *
element_of(const struct page *p, const struct control *c)
{
	static const char *const tags[] = { "input", "select", "textarea" };

	if (!str_empty(c->id))
		return page_by_id(p, c->id);
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		for (EACH(n, p, tags[i]))
			if (attr_is(n, "name", c->name))
				return n;
	return NULL;
}

char *
words_by_id(const struct page *p, const char *id)
{
	return tidy(page_text(p, id));
}

char *
words_instructions(const struct page *p)
{
	static const char *const ids[] = { "instructions",
		"pageIntroductionText", "pageIntroduction", "challengeText",
		"message" };

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		char *text = words_by_id(p, ids[i]);

		if (*text != '\0')
			return text;
		xfree(text);
	}
	return xstrdup("");
}

/* Is this element no part of what the page has to say just here? */
static bool
is_aside(const xmlNode *n)
{
	static const char *const tags[] = { "script", "style", "noscript",
		"option", "button", "a", "label" };
	static const char *const ids[] = { "mfaGreeting",
		"mfaGreetingDescription", "noScript", "authOptions", "options",
		"errorText" };

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		if (node_is(n, NULL, tags[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (n->type == XML_ELEMENT_NODE && attr_is(n, "id", ids[i]))
			return true;
	return false;
}

/* The node behind n and all that is below it. */
static const xmlNode *
node_behind(const xmlNode *root, const xmlNode *n)
{
	while (n != root && n->next == NULL && n->parent != NULL)
		n = n->parent;
	return n == root ? NULL : n->next;
}

char *
words_around(const struct page *p)
{
	_cleanup_buf_ struct buf b = BUF_INIT(PAGE_TEXT_MAX);
	const xmlNode *area = page_by_id(p, "authArea"), *n;

	n = area == NULL ? NULL : area->children;
	while (n != NULL) {
		const char *s = (const char *)n->content;

		if (is_aside(n)) {
			n = node_behind(area, n);
			continue;
		}
		/* What does not fit would be cut anyway. */
		if (n->type == XML_TEXT_NODE && s != NULL &&
		    (buf_adds(&b, s) < 0 || buf_adds(&b, " ") < 0))
			break;
		n = node_next(area, n);
	}
	return tidy(buf_take(&b));
}

/* The last piece of text in the form before the control. */
static char *
text_before(const xmlNode *element)
{
	const xmlNode *form = element, *found = NULL;

	if (element == NULL)
		return xstrdup("");

	for (int i = 0; form != NULL && i < 64; i++) {
		if (node_is(form, NULL, "form"))
			break;
		form = form->parent;
	}
	if (form == NULL || !node_is(form, NULL, "form"))
		return xstrdup("");
	for (const xmlNode *n = form->children; n != NULL && n != element;
	     n = node_next(form, n)) {
		const char *s = (const char *)n->content;

		if (n->type != XML_TEXT_NODE || s == NULL ||
		    node_is(n->parent, NULL, "script") ||
		    node_is(n->parent, NULL, "style") ||
		    node_is(n->parent, NULL, "option"))
			continue;
		if (attr_is(n->parent, "id", "errorText"))
			continue;
		if (s[strspn(s, " \t\r\n\f")] != '\0')
			found = n;
	}
	return found == NULL ? xstrdup("") :
			       tidy(xstrdup((const char *)found->content));
}

char *
words_of(const struct page *p, const struct form *f, const struct control *c)
{
	static const char *const attrs[] = { "placeholder", "aria-label",
		"title" };
	const xmlNode *n = element_of(p, c);
	/* A radio button's label is the choice, not the question. */
	char *text =
	    c->type == CONTROL_BOX ? text_before(n) : label_for(p, c->id);

	(void)f;
	for (size_t i = 0; n != NULL && *text == '\0' && i < ARRAY_SIZE(attrs);
	     i++)
		xreplace(&text, tidy(node_attr(n, attrs[i])));
	if (*text == '\0')
		xreplace(&text, words_instructions(p));
	if (*text == '\0' && n != NULL)
		xreplace(&text, text_before(n));
	return text;
}

static void
add_choice(json_t *list, const char *value, const char *label)
{
	_cleanup_free_ char *shown =
	    str_clean(str_empty(label) ? value : label, WORDS_MAX);
	json_t *o;

	if (json_array_size(list) >= CHOICES_MAX || str_empty(value) ||
	    strlen(value) > VALUE_MAX || str_has_control(value) ||
	    !str_utf8(value))
		return;
	o = json_object();
	json_put_str(o, "value", value);
	json_put_str(o, "label", shown);
	json_array_append_new(list, o);
}

/* A radio button's words: its label, the text around it, its value. */
static void
add_radio(json_t *list, const struct page *p, const xmlNode *n)
{
	_cleanup_free_ char *id = node_attr(n, "id");
	_cleanup_free_ char *value = node_attr(n, "value");
	_cleanup_free_ char *label = label_for(p, id);

	if (*label == '\0' && node_is(n->parent, NULL, "label"))
		xreplace(&label, tidy(node_text(n->parent, PAGE_TEXT_MAX)));
	if (*label == '\0' && n->next != NULL &&
	    n->next->type == XML_TEXT_NODE && n->next->content != NULL)
		xreplace(&label, tidy(xstrdup((const char *)n->next->content)));
	add_choice(list, value == NULL ? "on" : value, label);
}

json_t *
words_choices(
    const struct page *p, const struct form *f, const struct control *c)
{
	json_t *list = json_array();

	(void)f;
	if (c->type == CONTROL_BOX) {
		for (EACH(n, p, "input")) {
			_cleanup_free_ char *type = node_attr(n, "type");

			if (type != NULL && strcasecmp(type, "radio") == 0 &&
			    attr_is(n, "name", c->name))
				add_radio(list, p, n);
		}
	} else if (c->type == CONTROL_SELECT) {
		const xmlNode *sel = element_of(p, c);

		for (const xmlNode *n = sel == NULL ? NULL : sel->children;
		     n != NULL; n = node_next(sel, n)) {
			_cleanup_free_ char *value = NULL, *label = NULL;

			if (!node_is(n, NULL, "option"))
				continue;
			label = tidy(node_text(n, PAGE_TEXT_MAX));
			value = node_attr(n, "value");
			if (value == NULL || *value != '\0')
				add_choice(
				    list, value == NULL ? label : value, label);
		}
	}
	if (json_array_size(list) > 0)
		return list;
	json_decref(list);
	return NULL;
}

static bool
has_timer(const char *script)
{
	return strstr(script, "setTimeout") != NULL ||
	    strstr(script, "setInterval") != NULL;
}

/*
 * A script that sends a form by itself.  AD FS has one on each page that sends
 * #options when a link is clicked; that one is not meant.
 */
static bool
sends_itself(const char *script)
{
	return strstr(script, "submit(") != NULL &&
	    strstr(script, "SelectOption(") == NULL &&
	    (has_timer(script) || strstr(script, "function") == NULL);
}

enum page_motion
page_motion(const struct page *p)
{
	if (page_by_id(p, "Progress") != NULL)
		return PAGE_WAITS;
	for (EACH(n, p, "script")) {
		_cleanup_free_ char *text = node_text(n, SCRIPT_MAX);

		if (sends_itself(text))
			return has_timer(text) ? PAGE_WAITS : PAGE_PASSES;
	}
	for (EACH(n, p, "meta")) {
		_cleanup_free_ char *what = node_attr(n, "http-equiv");

		if (what != NULL && strcasecmp(what, "refresh") == 0)
			return PAGE_WAITS;
	}
	for (EACH(n, p, "body")) {
		_cleanup_free_ char *load = node_attr(n, "onload");

		if (load != NULL && strstr(load, "submit(") != NULL)
			return PAGE_PASSES;
	}
	return PAGE_STILL;
}

bool
page_wants_passkey(const struct page *p)
{
	for (EACH(n, p, "script")) {
		_cleanup_free_ char *text = node_text(n, SCRIPT_MAX);

		if (strstr(text, "navigator.credentials") != NULL)
			return true;
	}
	return false;
}

bool
control_writable(const struct control *c)
{
	return c->name != NULL && !c->disabled && !c->concealed &&
	    !c->readonly &&
	    (c->type == CONTROL_TEXT || c->type == CONTROL_PASSWORD);
}
