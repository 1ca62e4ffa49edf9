/* SPDX-License-Identifier: Apache-2.0 */
#include "prompt.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "awsfed/fault.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "loop.h"

struct question {
	struct prompts *prompts;
	struct question *next;
	char *id;
	char *kind;
	char *name;
	char *label;
	json_t *choices;
	int64_t until; /* boot clock, microseconds */
	struct timer *timer;
	prompt_fn *fn;
	void *arg;
};

struct prompts {
	struct loop *loop;
	uint64_t last_id;
	struct question *open;
	bool scripted; /* the answer that is being delivered */
};

struct prompts *
prompts_new(struct loop *loop)
{
	struct prompts *p = xcalloc(1, sizeof(*p));

	p->loop = loop;
	return p;
}

void
prompt_close(struct question *q)
{
	struct question **p;

	if (q == NULL)
		return;
	for (p = &q->prompts->open; *p != q; p = &(*p)->next)
		;
	*p = q->next;
	q->prompts->loop->ops->timer_free(q->timer);
	json_decref(q->choices);
	xfree(q->id);
	xfree(q->kind);
	xfree(q->name);
	xfree(q->label);
	xfree(q);
}

void
prompts_free(struct prompts *prompts)
{
	if (prompts == NULL)
		return;
	while (prompts->open != NULL)
		prompt_close(prompts->open);
	xfree(prompts);
}

/* Closes first: the owner may open the next question from its callback. */
static void
finish(struct question *q, const char *value, const struct fault *fault)
{
	prompt_fn *fn = q->fn;
	void *arg = q->arg;

	prompt_close(q);
	fn(value, fault, arg);
}

static void
lapsed(void *arg)
{
	struct question *q = arg;
	_cleanup_fault_ struct fault f = { 0 };

	fault_set(&f, FAULT_NEEDS_USER, REASON_TIMEOUT,
	    _("Nobody answered the question \"%s\" in time."), q->label);
	fault_next(&f, _("Sign in again: awsfedctl login."));
	finish(q, NULL, &f);
}

struct question *
prompt_open(struct prompts *prompts, const char *kind, const char *name,
    const char *label, const json_t *choices, int64_t seconds, prompt_fn *fn,
    void *arg)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->prompts = prompts;
	q->id = xasprintf("q%" PRIu64, ++prompts->last_id);
	q->kind = xstrdup(kind);
	q->name = xstrdup(name);
	q->label = xstrdup(label);
	q->choices = choices == NULL ? NULL : json_deep_copy(choices);
	q->until = clk_boot(prompts->loop->clk) + seconds * USEC;
	q->fn = fn;
	q->arg = arg;
	q->next = prompts->open;
	prompts->open = q;
	q->timer = timer_new(prompts->loop, lapsed, q);
	prompts->loop->ops->timer_set(
	    q->timer, deadline_in(prompts->loop->clk, seconds * USEC));
	return q;
}

const char *
prompt_id(const struct question *q)
{
	return q->id;
}

const char *
prompt_name(const struct question *q)
{
	return q->name;
}

json_t *
prompt_json(const struct question *q)
{
	int64_t left = q->until - clk_boot(q->prompts->loop->clk);
	json_t *o = json_object();

	json_put_str(o, "id", q->id);
	json_put_str(o, "kind", q->kind);
	json_put_str(o, "name", q->name);
	json_put_str(o, "label", q->label);
	if (q->choices != NULL)
		json_object_set(o, "choices", q->choices);
	/* Who comes later has less time. */
	json_put_int(o, "deadline", left <= 0 ? 1 : (left + USEC - 1) / USEC);
	return o;
}

static bool
acceptable(const struct question *q, const char *value)
{
	const json_t *c;
	size_t i;

	if (strlen(value) > PROMPT_ANSWER_MAX || str_has_control(value))
		return false;
	if (str_eq(q->kind, Q_CONFIRM))
		return str_eq(value, "yes") || str_eq(value, "no");
	if (!str_eq(q->kind, Q_CHOICE))
		return true;
	json_array_foreach (q->choices, i, c)
		if (str_eq(
			json_string_value(json_object_get(c, "value")), value))
			return true;
	return false;
}

struct question *
prompt_find(struct prompts *prompts, const char *id)
{
	struct question *q = prompts->open;

	while (q != NULL && !str_eq(q->id, id))
		q = q->next;
	return q;
}

int
prompt_answer(struct prompts *prompts, const char *id, const char *value)
{
	struct question *q = prompt_find(prompts, id);

	if (q == NULL)
		return -ENOENT;
	if (!acceptable(q, value))
		return -EINVAL;
	finish(q, value, NULL);
	return 0;
}

int
prompt_answer_script(struct prompts *prompts, const char *id, const char *value)
{
	int r;

	prompts->scripted = true;
	r = prompt_answer(prompts, id, value);
	prompts->scripted = false;
	return r;
}

bool
prompt_scripted(const struct prompts *prompts)
{
	return prompts->scripted;
}
