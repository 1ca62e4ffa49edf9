/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second factor that nobody here has seen: the page's own words are put to
 * the person, its visible fields are filled in, and where the page waits, so
 * do we.
 */
#include <string.h>
#include <strings.h>

#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "second.h"

#define ANSWERS_MAX 6 /* fields of one page */

struct answers {
	struct field fields[2 * ANSWERS_MAX];
	size_t n;
	struct secret *values[ANSWERS_MAX];
	bool typed[ANSWERS_MAX]; /* by the person, not chosen */
	size_t nvalues;
};

static void
answers_done(struct answers *a)
{
	for (size_t i = 0; i < a->nvalues; i++)
		secret_free(a->values[i]);
}

/* What was typed is a secret that the page may repeat. */
static void
answers_hush(struct second *x, struct answers *a)
{
	for (size_t i = 0; i < a->nvalues; i++)
		if (a->typed[i])
			conduit_hush(x->s->conduit, STEAL(a->values[i]));
}

static bool
is_text(const struct control *c)
{
	/* Who it is, add_user() says. */
	return control_writable(c) && !str_eq(c->name, "UserName");
}

/* A choice: a select, or the first radio button of its name. */
static bool
is_choice(const struct form *f, const struct control *c)
{
	if (c->name == NULL || c->disabled || c->concealed)
		return false;
	if (c->type == CONTROL_SELECT)
		return true;
	return c->type == CONTROL_BOX && form_control(f, c->name) == c;
}

static int
choose(struct second *x, const struct control *c, const json_t *choices,
    struct answers *a, struct fault *fault)
{
	_cleanup_free_ char *words = words_of(&x->s->page, x->s->form, c);
	_cleanup_free_ char *label =
	    second_label(x, false, *words == '\0' ? c->name : words);
	const struct question q = { Q_CHOICE, QN_METHOD, label,
		x->s->job->question_timeout, choices };
	struct secret **value = &a->values[a->nvalues];

	if (second_ask(x, &q, value, fault) < 0)
		return -1;
	a->nvalues++;
	a->fields[a->n++] = (struct field){ c->name, secret_bytes(*value) };
	return 0;
}

/* One choice needs no question. */
static int
answer_choice(struct second *x, const struct control *c, struct answers *a,
    struct fault *fault)
{
	_cleanup_json_ json_t *choices =
	    words_choices(&x->s->page, x->s->form, c);

	/* A checkbox ("remember me") stays as it is. */
	if (choices == NULL)
		return 0;
	if (json_array_size(choices) == 1) {
		const char *v = json_string_value(
		    json_object_get(json_array_get(choices, 0), "value"));

		a->values[a->nvalues] = secret_new(v, strlen(v));
		a->fields[a->n++] = (struct field){ c->name,
			secret_bytes(a->values[a->nvalues]) };
		a->nvalues++;
		return 0;
	}
	return choose(x, c, choices, a, fault);
}

static bool
looks_like_pin(const struct control *c)
{
	return strcasestr(c->name, "pin") != NULL &&
	    c->type == CONTROL_PASSWORD;
}

/* One of several fields: a PIN, a new PIN, a serial number, … */
static int
answer_text(struct second *x, const struct control *c, struct answers *a,
    struct fault *fault)
{
	_cleanup_free_ char *words = words_of(&x->s->page, x->s->form, c);
	_cleanup_free_ char *error = second_error(x);
	_cleanup_free_ char *label = NULL, *all = NULL;
	bool foreign = second_wants_password(x, c, words);
	struct question q = {
		c->type == CONTROL_PASSWORD || foreign ? Q_SECRET : Q_CODE,
		looks_like_pin(c) || foreign ? QN_PIN : QN_CODE, NULL,
		x->s->job->question_timeout, NULL
	};
	struct secret **value = &a->values[a->nvalues];

	/* The error is told once, with the first question. */
	all = xasprintf("%s%s%s", a->nvalues == 0 ? error : "",
	    a->nvalues == 0 && *error != '\0' ? " " : "",
	    *words == '\0' ? c->name : words);
	label = second_label(x, foreign, all);
	q.label = label;
	if (second_ask(x, &q, value, fault) < 0)
		return -1;
	a->typed[a->nvalues++] = true;
	a->fields[a->n++] = (struct field){ c->name, secret_bytes(*value) };
	return 0;
}

/* Counts, and finds the only text field. */
static size_t
look(const struct form *f, const struct control **ret_text, size_t *ret_choices)
{
	size_t texts = 0, choices = 0;

	for (size_t i = 0; i < f->ncontrols; i++) {
		const struct control *c = &f->controls[i];

		if (is_text(c) && texts++ == 0)
			*ret_text = c;
		choices += is_choice(f, c);
	}
	*ret_choices = choices;
	return texts;
}

static int
fill_in(struct second *x, const struct control *only, struct fault *fault)
{
	__attribute__((cleanup(answers_done))) struct answers a = { .n = 0 };
	_cleanup_free_ char *first = NULL;
	const struct form *f = x->s->form;
	bool texts = false;

	for (size_t i = 0; i < f->ncontrols; i++) {
		const struct control *c = &f->controls[i];

		if (a.nvalues == ANSWERS_MAX)
			return second_unknown(x, fault);
		if (is_choice(f, c) && answer_choice(x, c, &a, fault) < 0)
			return -1;
		if (!is_text(c) || c == only)
			continue;
		if (!texts) {
			first = xstrdup(c->name);
			if (second_count(x, first, fault) < 0)
				return -1;
		}
		texts = true;
		if (answer_text(x, c, &a, fault) < 0)
			return -1;
	}
	if (only != NULL)
		return second_code(x, only, NULL, a.fields, a.n, fault);
	x->until = 0;
	xreplace(&x->sent, STEAL(first));
	answers_hush(x, &a);
	return second_post(
	    x, a.fields, a.n, texts ? POST_CODE : POST_FORM, fault);
}

static bool
has_button(const struct form *f)
{
	for (size_t i = 0; i < f->ncontrols; i++)
		if (f->controls[i].type == CONTROL_SUBMIT &&
		    !f->controls[i].disabled)
			return true;
	return false;
}

int
generic_answer(struct second *x, struct fault *fault)
{
	const struct page *p = &x->s->page;
	const struct form *f = x->s->form;
	_cleanup_free_ char *words = words_instructions(p);
	_cleanup_free_ char *error = second_error(x);
	const struct control *text = NULL;
	size_t choices = 0, texts = look(f, &text, &choices);

	if (!x->noticed && str_eq(x->adapter->kind, "generic"))
		log_notice("second factor \"%s\" of %s has no adapter of its "
			   "own; its page is answered by its own words",
		    x->name, x->s->host);
	x->noticed = true;
	if (texts > 0 || choices > 0)
		return fill_in(x, texts == 1 ? text : NULL, fault);
	if (*error == '\0' && page_motion(p) == PAGE_PASSES)
		return second_post(x, NULL, 0, POST_PASS, fault);
	/* A word or a number to compare may stand anywhere on it. */
	if (*words == '\0')
		xreplace(&words, words_around(p));
	if (page_motion(p) == PAGE_WAITS) {
		if (*error != '\0')
			return second_denied(x, fault);
		if (x->until == 0 && second_push(x, words, true, fault) < 0)
			return -1;
		second_note(x, words);
		return second_poll(x, NULL, 0, fault);
	}
	if (has_button(f)) {
		/* Its button sends the request. */
		if (*error != '\0' && x->pushes == 0)
			return second_denied(x, fault);
		if (second_push(x, words, false, fault) < 0)
			return -1;
		return second_post(x, NULL, 0, POST_PUSH, fault);
	}
	if (page_wants_passkey(p))
		return browser_answer(x, fault);
	return second_unknown(x, fault);
}
