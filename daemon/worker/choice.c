/* SPDX-License-Identifier: Apache-2.0 */
#include "choice.h"

#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "xml.h"

struct choice *
choices_add(struct choices *c, const char *value, const char *label)
{
	struct choice *one;
	_cleanup_free_ char *shown = NULL;

	if (str_empty(value) || strlen(value) > CHOICE_VALUE_MAX ||
	    str_has_control(value) || !str_utf8(value) || c->n == CHOICES_MAX)
		return NULL;
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].value, value) == 0)
			return NULL;
	shown = str_clean(label == NULL ? "" : label, CHOICE_LABEL_MAX);
	if (*str_trim(shown) == '\0')
		xreplace(&shown, str_clean(value, CHOICE_LABEL_MAX));
	c->v = xreallocarray(c->v, c->n + 1, sizeof(*c->v));
	one = &c->v[c->n++];
	*one = (struct choice){ xstrdup(value), STEAL(shown), false };
	return one;
}

void
choices_done(struct choices *c)
{
	for (size_t i = 0; i < c->n; i++) {
		xfree(c->v[i].value);
		xfree(c->v[i].label);
	}
	xfree(c->v);
	*c = (struct choices){ 0 };
}

const struct choice *
choices_find(const struct choices *c, const char *word)
{
	for (size_t i = 0; word != NULL && i < c->n; i++)
		if (str_caseeq(c->v[i].value, word))
			return &c->v[i];
	for (size_t i = 0; word != NULL && i < c->n; i++)
		if (str_caseeq(c->v[i].label, word))
			return &c->v[i];
	return NULL;
}

char *
choices_text(const struct choices *c, size_t max)
{
	_cleanup_buf_ struct buf b = BUF_INIT(max);
	_cleanup_free_ char *raw = NULL;

	/* Whole entries only: what does not fit is left out. */
	for (size_t i = 0; i < c->n; i++) {
		const struct choice *one = &c->v[i];
		const char *comma = b.len == 0 ? "" : ", ";
		int r = strcmp(one->value, one->label) == 0 ?
		    buf_addf(&b, "%s\"%s\"", comma, one->value) :
		    buf_addf(
			&b, "%s\"%s\" (%s)", comma, one->value, one->label);

		if (r < 0)
			break;
	}
	raw = buf_take(&b);
	return str_clean(raw, max);
}

int
choices_ask(struct signin *s, const struct choices *c, const char *name,
    const char *label, const struct choice **ret, struct fault *fault)
{
	_cleanup_json_ json_t *list = json_array();
	_cleanup_secret_ struct secret *answer = NULL;
	const struct question q = { Q_CHOICE, name, label,
		s->job->question_timeout, list };

	for (size_t i = 0; i < c->n; i++) {
		json_t *o = json_object();

		json_put_str(o, "value", c->v[i].value);
		json_put_str(o, "label", c->v[i].label);
		json_array_append_new(list, o);
	}
	if (conduit_ask(s->conduit, &q, &answer, fault) < 0)
		return -1;
	*ret = choices_find(c, secret_bytes(answer));
	if (*ret != NULL)
		return 0;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("The answer is none of the choices of %s."), s->host);
	fault_next(fault, _("Sign in again and take one of the list."));
	return -1;
}

void
choices_select(struct choices *c, const struct page *p, const char *name)
{
	const xmlNode *root = (const xmlNode *)p->doc, *sel = NULL;

	for (const xmlNode *n = root; n != NULL && sel == NULL;
	     n = node_next(root, n)) {
		_cleanup_free_ char *own = NULL;

		if (node_is(n, NULL, "select") &&
		    (own = node_attr(n, "name")) != NULL && str_ends(own, name))
			sel = n;
	}
	for (const xmlNode *n = sel; n != NULL; n = node_next(sel, n)) {
		_cleanup_free_ char *value = NULL, *text = NULL;

		if (!node_is(n, NULL, "option"))
			continue;
		text = node_text(n, PAGE_TEXT_MAX);
		value = node_attr(n, "value");
		choices_add(c, value == NULL ? text : value, text);
	}
}

/* ---- scripts ------------------------------------------------------------- */

static int
hex(const char *p, size_t n, unsigned *ret)
{
	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		int v = str_unhex(p[i]);

		if (v < 0)
			return -1;
		*ret = *ret << 4 | (unsigned)v;
	}
	return 0;
}

static int
add_code(struct buf *b, unsigned u)
{
	char out[3];
	size_t n = 0;

	if (u < 0x80) {
		out[n++] = (char)u;
	} else if (u < 0x800) {
		out[n++] = (char)(0xc0 | u >> 6);
		out[n++] = (char)(0x80 | (u & 0x3f));
	} else {
		out[n++] = (char)(0xe0 | u >> 12);
		out[n++] = (char)(0x80 | (u >> 6 & 0x3f));
		out[n++] = (char)(0x80 | (u & 0x3f));
	}
	return buf_add(b, out, n);
}

/* One escape, p behind the backslash; the bytes it took, or -1. */
static int
unescape(struct buf *b, const char *p)
{
	unsigned u;

	if (*p == 'x' || *p == 'u') {
		size_t n = *p == 'x' ? 2 : 4;

		if (hex(p + 1, n, &u) < 0 || u < 0x20 ||
		    (u >= 0xd800 && u <= 0xdfff) || add_code(b, u) < 0)
			return -1;
		return (int)n + 1;
	}
	if (*p == '\0' || strchr("nrtbfv0", *p) != NULL)
		return -1; /* no id holds one */
	return buf_add(b, p, 1) < 0 ? -1 : 1;
}

char *
script_argument(const char *script, const char *call)
{
	_cleanup_buf_ struct buf b = BUF_INIT(CHOICE_VALUE_MAX + 1);
	const char *p = script == NULL ? NULL : strstr(script, call);
	char quote;

	if (p == NULL)
		return NULL;
	p += strlen(call);
	p += strspn(p, " \t(");
	if ((quote = *p++) != '\'' && quote != '"')
		return NULL;
	while (*p != quote) {
		int took = 1;

		if (*p == '\0')
			return NULL;
		if (*p == '\\')
			took = 1 + unescape(&b, p + 1);
		else if (buf_add(&b, p, 1) < 0)
			return NULL;
		if (took == 0)
			return NULL;
		p += took;
	}
	return buf_take(&b);
}
