/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which way of signing in?  form#options with a hidden AuthMethod that a script
 * fills in from the id of the link or button that was pressed: the provider's
 * name.  The same form stands below password pages and second factors, where
 * "another way" is offered.
 */
#include <string.h>

#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/xalloc.h"
#include "adapters.h"
#include "choice.h"
#include "xml.h"

#define FORMS "FormsAuthentication"

/* Is the word one of those of a class attribute? */
static bool
has_class(const xmlNode *n, const char *word)
{
	_cleanup_free_ char *classes = node_attr(n, "class");
	_cleanup_strv_ struct strv words = { 0 };

	if (classes == NULL || strstr(classes, word) == NULL)
		return false;
	strv_split(&words, classes);
	return strv_has(&words, word);
}

void
method_list(const struct page *p, struct choices *ret)
{
	const xmlNode *root = (const xmlNode *)p->doc;

	for (const xmlNode *n = root; n != NULL; n = node_next(root, n)) {
		_cleanup_free_ char *script = NULL, *id = NULL, *label = NULL;

		if (n->type != XML_ELEMENT_NODE)
			continue;
		script = node_attr(n, "onclick");
		id = script_argument(script, "SelectOption");
		if (id == NULL &&
		    (has_class(n, "actionLink") ||
			has_class(n, "optionButton")))
			id = node_attr(n, "id");
		if (id == NULL)
			continue;
		label = node_text(n, PAGE_TEXT_MAX);
		choices_add(ret, id, label);
	}
}

const struct form *
method_form(const struct page *p)
{
	const struct form *f = page_form(p, "options");

	return f != NULL && f->post && f->plain && f->action != NULL ? f : NULL;
}

int
method_post(struct signin *s, const char *name, struct fault *fault)
{
	const struct form *f = method_form(&s->page);
	const struct field fields[] = { { "AuthMethod", name } };

	if (f == NULL)
		return signin_unknown(s, PAGE_METHOD, fault);
	log_debug("choosing the method %s", name);
	xreplace(&s->method, xstrdup(name));
	return signin_post_form(s, f, fields, 1, NULL, GRADE_PAGE, fault);
}

static bool
fits(const struct signin *s, const struct choice *c, const char *word)
{
	const struct adapter *a = adapter_find(c->value, s->job->mfa_adapters);

	return str_caseeq(c->value, word) || str_caseeq(c->label, word) ||
	    str_caseeq(a->kind, word);
}

const struct choice *
method_preferred(
    const struct signin *s, const struct choices *c, const char *preferred)
{
	const char *end;

	/* Names and labels may hold blanks: commas alone part them. */
	for (const char *p = preferred; p != NULL;
	     p = *end == '\0' ? NULL : end + 1) {
		_cleanup_free_ char *word = NULL;

		end = strchrnul(p, ',');
		word = xstrndup(p, (size_t)(end - p));
		if (*str_trim(word) == '\0')
			continue;
		for (size_t i = 0; i < c->n; i++)
			if (fits(s, &c->v[i], word))
				return &c->v[i];
	}
	return NULL;
}

int
method_choose(struct signin *s, const char *preferred, struct fault *fault)
{
	_cleanup_choices_ struct choices list = { 0 };
	const struct choice *one;

	if (method_form(&s->page) == NULL)
		return 1;
	method_list(&s->page, &list);
	if ((one = method_preferred(s, &list, preferred)) == NULL)
		return 1;
	return method_post(s, one->value, fault);
}

/* What may be chosen with nobody there: nothing that reaches for a person. */
static bool
is_first_factor(const struct choice *c)
{
	return str_caseeq(c->value, FORMS) ||
	    str_caseeq(c->value, "CertificateAuthentication") ||
	    str_caseeq(c->value, "WindowsAuthentication");
}

static int
nobody(struct signin *s, const struct choice *first, struct fault *fault)
{
	const struct adapter *a =
	    adapter_find(first->value, s->job->mfa_adapters);

	/* So that no stored password is sent for nothing next time. */
	if (!is_first_factor(first))
		conduit_factor(s->conduit, first->value, gettext(a->product));
	fault_set(fault, FAULT_NEEDS_USER, REASON_SECOND_FACTOR,
	    _("%s asks for a second factor, and nobody is there."), s->host);
	fault_next(fault, _("Sign in again with awsfedctl login."));
	return -1;
}

/* The same page once more: what was chosen did not work. */
static int
came_back(struct signin *s, struct fault *fault)
{
	_cleanup_free_ char *said = page_text(&s->page, "errorText");

	fault_set(fault, FAULT_DENIED, REASON_SECOND_FACTOR,
	    _("%s offers the choice of methods again: \"%s\" did not "
	      "work.%s%s"),
	    s->host, s->method, *said == '\0' ? "" : " ", said);
	fault_next(fault,
	    _("Sign in again and choose another one; "
	      "awsfed.mfa_method of the profile sets it."));
	return -1;
}

int
method_answer(struct signin *s, struct fault *fault)
{
	_cleanup_choices_ struct choices list = { 0 };
	const struct choice *one;

	method_list(&s->page, &list);
	if (list.n == 0)
		return signin_unknown(s, PAGE_METHOD, fault);
	if (s->methods++ == METHODS_MAX)
		return came_back(s, fault);
	one = str_eq(s->job->auth, "certificate") ?
	    choices_find(&list, "CertificateAuthentication") :
	    NULL;
	if (one == NULL)
		one = method_preferred(s, &list, s->job->mfa_method);
	if (one != NULL && str_eq(one->value, s->method))
		one = NULL; /* it did not work: let the person choose */
	if (one == NULL && list.n == 1) {
		one = &list.v[0];
		if (str_eq(one->value, s->method))
			return came_back(s, fault);
	}
	if (!s->job->attended && (one == NULL || !is_first_factor(one)))
		return nobody(s, one != NULL ? one : &list.v[0], fault);
	if (one == NULL &&
	    choices_ask(s, &list, QN_METHOD, _("How to sign in"), &one, fault) <
		0)
		return -1;
	return method_post(s, one->value, fault);
}
