/* SPDX-License-Identifier: Apache-2.0 */
#include "ask.h"

#include <errno.h>
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "term.h"

#define ID_BYTES 256
#define TEXT_BYTES 2048
#define LIST_BYTES (8 * 1024 * 1024)

static const struct {
	const char *name;
	enum question_kind kind;
} kinds[] = {
	{ Q_TEXT, ASK_TEXT },
	{ Q_SECRET, ASK_SECRET },
	{ Q_CODE, ASK_CODE },
	{ Q_CHOICE, ASK_CHOICE },
	{ Q_CONFIRM, ASK_CONFIRM },
};

void
question_done(struct question *q)
{
	for (size_t i = 0; i < q->nchoices; i++) {
		xfree(q->choices[i].value);
		xfree(q->choices[i].label);
		xfree(q->choices[i].group);
	}
	xfree(q->choices);
	xfree(q->id);
	xfree(q->name);
	xfree(q->label);
	*q = (struct question){ 0 };
}

static int
choices_parse(const json_t *list, struct question *q)
{
	size_t n = json_array_size(list);

	if (n == 0 || n > ASK_CHOICES_MAX)
		return -EBADMSG;
	q->choices = xcalloc(n, sizeof(*q->choices));
	for (size_t i = 0; i < n; i++) {
		const json_t *o = json_array_get(list, i);
		const char *label, *group;
		struct choice *c = &q->choices[i];

		const char *value =
		    json_string_value(json_object_get(o, "value"));

		if (value == NULL)
			return -EBADMSG;
		label = json_string_value(json_object_get(o, "label"));
		group = json_string_value(json_object_get(o, "group"));
		c->value = xstrdup(value);
		c->label = str_clean(label != NULL ? label : value, TEXT_BYTES);
		c->group = str_clean(group, TEXT_BYTES);
		q->nchoices++;
	}
	return 0;
}

int
question_parse(const json_t *j, struct question *ret)
{
	_cleanup_question_ struct question q = { 0 };
	const char *id, *kind, *name, *label;
	size_t k;

	if (json_str(j, "id", ID_BYTES, &id) < 0 ||
	    json_str(j, "kind", ID_BYTES, &kind) < 0 ||
	    json_str(j, "name", ID_BYTES, &name) < 0)
		return -EBADMSG;
	for (k = 0; k < ARRAY_SIZE(kinds); k++)
		if (strcmp(kinds[k].name, kind) == 0)
			break;
	if (k == ARRAY_SIZE(kinds))
		return -EBADMSG;
	q.kind = kinds[k].kind;
	q.id = xstrdup(id);
	q.name = xstrdup(name);
	label = json_string_value(json_object_get(j, "label"));
	q.label = str_clean(str_empty(label) ? name : label, TEXT_BYTES);
	if (json_int_opt(j, "deadline", 0, INT32_MAX, 0, &q.seconds) < 0)
		return -EBADMSG;
	if (q.kind == ASK_CHOICE &&
	    choices_parse(json_object_get(j, "choices"), &q) < 0)
		return -EBADMSG;
	*ret = q;
	q = (struct question){ 0 };
	return 0;
}

long
choice_pick(const struct question *q, const char *line)
{
	int64_t number;
	long found = -1;
	size_t n = 0;

	if (str_int(line, 1, (int64_t)q->nchoices, &number) == 0)
		return (long)number - 1;
	for (size_t i = 0; i < q->nchoices; i++) {
		if (str_eq(q->choices[i].value, line) ||
		    str_caseeq(q->choices[i].label, line)) {
			found = (long)i;
			n++;
		}
	}
	return n == 1 ? found : -1;
}

static bool
choice_matches(const struct choice *c, const char *filter)
{
	return str_empty(filter) || strcasestr(c->value, filter) != NULL ||
	    strcasestr(c->label, filter) != NULL ||
	    (c->group != NULL && strcasestr(c->group, filter) != NULL);
}

/*
 * Groups keep the order in which they first appear; choices of one group stay
 * together even if the agent mixed them.
 */
static bool
group_is_new(const struct question *q, size_t i, const char *filter)
{
	for (size_t j = 0; j < i; j++)
		if (str_eq(q->choices[j].group, q->choices[i].group) &&
		    choice_matches(&q->choices[j], filter))
			return false;
	return true;
}

static void
list_one(const struct question *q, size_t i, int width, struct buf *out)
{
	const struct choice *c = &q->choices[i];
	bool arn = str_eq(q->name, QN_ROLE) && !str_eq(c->label, c->value) &&
	    strstr(c->label, c->value) == NULL;

	_cleanup_free_ char *value =
	    arn ? str_clean(c->value, TEXT_BYTES) : NULL;

	/* A list that passes its bound is cut, and says so by its count. */
	if (arn)
		(void)!buf_addf(
		    out, "%5zu  %-*s  %s\n", i + 1, width, c->label, value);
	else
		(void)!buf_addf(out, "%5zu  %s\n", i + 1, c->label);
}

size_t
choice_list(const struct question *q, const char *filter, struct buf *out)
{
	size_t n = 0;
	int width = 0;

	for (size_t i = 0; i < q->nchoices; i++)
		if (choice_matches(&q->choices[i], filter) &&
		    (int)strlen(q->choices[i].label) > width)
			width = (int)strlen(q->choices[i].label);
	width = width > 40 ? 40 : width;
	for (size_t i = 0; i < q->nchoices; i++) {
		const char *group = q->choices[i].group;

		if (!choice_matches(&q->choices[i], filter) ||
		    !group_is_new(q, i, filter))
			continue;
		if (group != NULL)
			(void)!buf_addf(out, "%s\n", group);
		for (size_t j = i; j < q->nchoices; j++) {
			if (!str_eq(q->choices[j].group, group) ||
			    !choice_matches(&q->choices[j], filter))
				continue;
			list_one(q, j, width, out);
			n++;
		}
	}
	return n;
}

static void
show_list(const struct question *q, struct term *t, const char *filter)
{
	_cleanup_buf_ struct buf out = BUF_INIT(LIST_BYTES);
	_cleanup_free_ char *note = NULL;
	size_t n = choice_list(q, filter, &out);

	if (n == 0) {
		note = xasprintf(_("Nothing matches \"%s\".\n"), filter);
		term_write(t, note);
		return;
	}
	term_write(t, out.data);
}

/*
 * Labels are a page's own words: "Code", "Code:", "Type the code.", "Which?".
 * One mark at the end, not two.
 */
char *
question_prompt(const struct question *q, const char *end)
{
	_cleanup_free_ char *label = xstrdup(q->label);
	size_t n = strlen(label);

	while (n > 0 && strchr(" :", label[n - 1]) != NULL)
		label[--n] = '\0';
	if (n > 1 && label[n - 1] == '.' && label[n - 2] != '.')
		label[--n] = '\0';
	return xasprintf("%s%s%s", label,
	    n > 0 && strchr("?!", label[n - 1]) != NULL ? "" : ":", end);
}

static enum answer
no_line(enum line r)
{
	return r == LINE_EOF ? ANSWER_EOF :
	    r == LINE_LATE   ? ANSWER_LATE :
			       ANSWER_DECLINED;
}

static enum answer
ask_choice(const struct question *q, struct term *t, json_t **ret)
{
	_cleanup_free_ char *head = question_prompt(q, "\n");
	_cleanup_free_ char *prompt = xasprintf(
	    _("Number (1-%zu), a part of a name to filter, q to quit: "),
	    q->nchoices);

	term_write(t, head);
	show_list(q, t, NULL);
	for (;;) {
		_cleanup_free_ char *line = NULL, *shown = NULL;
		enum line r = term_line(t, prompt, true, &line);
		long i;

		if (r != LINE_OK)
			return no_line(r);
		str_trim(line);
		if (str_caseeq(line, "q") || str_caseeq(line, "quit"))
			return ANSWER_DECLINED;
		i = choice_pick(q, line);
		if (i >= 0) {
			*ret = json_string(q->choices[i].value);
			return ANSWER_OK;
		}
		shown = str_clean(line, TEXT_BYTES);
		show_list(q, t, shown);
	}
}

static enum answer
ask_confirm(const struct question *q, struct term *t, json_t **ret)
{
	_cleanup_free_ char *prompt = xasprintf(_("%s [y/N] "), q->label);

	for (;;) {
		_cleanup_free_ char *line = NULL;
		enum line r = term_line(t, prompt, true, &line);

		if (r != LINE_OK)
			return no_line(r);
		str_trim(line);
		if (str_caseeq(line, "y") || str_caseeq(line, "yes")) {
			*ret = json_string("yes");
			return ANSWER_OK;
		}
		if (*line == '\0' || str_caseeq(line, "n") ||
		    str_caseeq(line, "no") || str_caseeq(line, "q")) {
			*ret = json_string("no");
			return ANSWER_OK;
		}
		term_write(t, _("Type y or n.\n"));
	}
}

static enum answer
ask_line(const struct question *q, struct term *t, json_t **ret)
{
	_cleanup_free_ char *prompt = question_prompt(q, " ");
	/* A code may hold a PIN. */
	bool secret = q->kind == ASK_SECRET || q->kind == ASK_CODE;

	for (int i = 0; i < ASK_TRIES; i++) {
		_cleanup_free_ char *line = NULL;
		enum line r = term_line(t, prompt, !secret, &line);

		if (r != LINE_OK)
			return no_line(r);
		if (q->kind != ASK_SECRET)
			str_trim(line);
		if (*line == '\0') {
			term_write(t,
			    _("Nothing was typed. Ctrl-C gives "
			      "up.\n"));
			continue;
		}
		if (str_has_control(line) ||
		    (*ret = json_string(line)) == NULL) {
			term_write(t,
			    _("That holds a byte that cannot be "
			      "sent (a control character, or not UTF-8). "
			      "Type it again.\n"));
			continue;
		}
		return ANSWER_OK;
	}
	return ANSWER_EOF;
}

static enum answer
ask_kind(const struct question *q, struct term *t, json_t **ret)
{
	switch (q->kind) {
	case ASK_CHOICE:
		return ask_choice(q, t, ret);
	case ASK_CONFIRM:
		return ask_confirm(q, t, ret);
	case ASK_TEXT:
	case ASK_SECRET:
	case ASK_CODE:
		break;
	}
	return ask_line(q, t, ret);
}

enum answer
question_ask(const struct question *q, struct term *t, json_t **ret)
{
	_cleanup_free_ char *note = NULL;
	enum answer a;

	if (q->seconds > 0 && q->seconds <= ASK_SHORT) {
		note =
		    xasprintf(_("(%lld s to answer)\n"), (long long)q->seconds);
		term_write(t, note);
	}
	/* The agent's own clock decides: it is asked when its time is over. */
	term_until(t, q->seconds > 0 ? q->seconds + 1 : 0);
	a = ask_kind(q, t, ret);
	term_until(t, 0);
	return a;
}
