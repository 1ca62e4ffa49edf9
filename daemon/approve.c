/* SPDX-License-Identifier: Apache-2.0 */
#include "approve.h"

#include <errno.h>

#include "awsfed/clock.h"
#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "loop.h"
#include "peer.h"
#include "prompt.h"

struct request {
	struct approvals *approvals;
	struct question *question; /* NULL once it is answered */
	char *id;
	char *profile;
	char *who;
	json_t *json;
	approval_fn *fn;
	void *arg;
	struct request *next;
};

struct listener {
	approval_news_fn *news;
	approval_there_fn *there;
	void *arg;
	struct listener *next;
};

struct approvals {
	struct prompts *prompts;
	struct loop *loop;
	struct request *open; /* oldest first */
	struct listener *listeners;
};

static struct request *
find(const struct approvals *a, const char *id)
{
	struct request *r = a->open;

	while (r != NULL && !str_eq(r->id, id))
		r = r->next;
	return r;
}

static void
request_free(struct request *r)
{
	struct request **p;

	for (p = &r->approvals->open; *p != r; p = &(*p)->next)
		;
	*p = r->next;
	prompt_close(r->question);
	json_decref(r->json);
	xfree(r->id);
	xfree(r->profile);
	xfree(r->who);
	xfree(r);
}

static void
tell(const struct request *r, const char *how)
{
	for (struct listener *l = r->approvals->listeners; l != NULL;
	     l = l->next)
		l->news(r->json, how, l->arg);
}

/* The sentence for who was not let in. */
static void
refusal(const struct request *r, bool lapsed, struct fault *f)
{
	if (lapsed)
		fault_set(f, FAULT_DENIED, REASON_TIMEOUT,
		    _("%s is protected, and nobody has allowed its use in "
		      "time."),
		    r->profile);
	else
		fault_set(f, FAULT_DENIED, REASON_REFUSED,
		    _("%s is protected, and a person has not allowed its "
		      "use."),
		    r->profile);
	fault_next(f,
	    _("awsfedctl approve %s (in another terminal), and try again"),
	    r->profile);
}

static void
on_answer(const char *value, const struct fault *fault, void *arg)
{
	struct request *r = arg;
	bool allowed = value != NULL && str_eq(value, "yes");
	const char *how = allowed ? "allowed" :
	    value != NULL	  ? "denied" :
				    "lapsed";
	_cleanup_fault_ struct fault f = { 0 };
	approval_fn *fn = r->fn;
	void *fn_arg = r->arg;

	(void)fault;
	r->question = NULL;
	log_info("profile %s: its use by %s was %s", r->profile, r->who,
	    allowed	      ? "allowed by a person" :
		value != NULL ? "denied by a person" :
				"not answered in time");
	if (!allowed)
		refusal(r, value == NULL, &f);
	tell(r, how);
	request_free(r);
	fn(&f, fn_arg);
}

const char *
approvals_ask(struct approvals *a, const char *profile, const struct peer *peer,
    const char *purpose, bool attended, int64_t seconds, approval_fn *fn,
    void *arg)
{
	struct request *r = xcalloc(1, sizeof(*r)), **p;
	_cleanup_free_ char *label = NULL;
	char when[RFC3339_SIZE];

	r->approvals = a;
	r->profile = xstrdup(profile);
	r->who = peer != NULL ? peer_text(peer) :
				xstrdup(_("a program that cannot be named"));
	r->fn = fn;
	r->arg = arg;
	label = purpose != NULL ?
	    xasprintf(_("%s asks for keys of %s, for \"%s\". Allow?"), r->who,
		profile, purpose) :
	    xasprintf(_("%s asks for keys of %s. Allow?"), r->who, profile);
	for (p = &a->open; *p != NULL; p = &(*p)->next)
		;
	*p = r;
	r->question = prompt_open(
	    a->prompts, Q_CONFIRM, QN_USE, label, NULL, seconds, on_answer, r);
	r->id = xstrdup(prompt_id(r->question));
	r->json = json_object();
	json_put_str(r->json, "request", r->id);
	json_put_str(r->json, "profile", profile);
	json_put_str(r->json, "text", label);
	json_put_str(r->json, "purpose", purpose);
	rfc3339_format(clk_real(a->loop->clk) / USEC, when);
	json_put_str(r->json, "since", when);
	json_put_int(r->json, "seconds", seconds);
	if (attended)
		json_object_set_new(r->json, "attended", json_true());
	if (peer != NULL)
		json_object_set_new(r->json, "peer", peer_json(peer));
	tell(r, NULL);
	return r->id;
}

void
approvals_cancel(struct approvals *a, const char *id)
{
	struct request *r = find(a, id);

	if (r == NULL)
		return;
	tell(r, "cancelled");
	request_free(r);
}

int
approvals_answer(struct approvals *a, const char *id, bool allow)
{
	/* Only what is a request: the prompt room has other questions, too. */
	if (find(a, id) == NULL)
		return -ENOENT;
	return prompt_answer(a->prompts, id, allow ? "yes" : "no");
}

json_t *
approvals_question(struct approvals *a, const char *id)
{
	struct request *r = find(a, id);

	return r == NULL ? NULL : prompt_json(r->question);
}

json_t *
approvals_list(const struct approvals *a)
{
	json_t *list = json_array();

	for (const struct request *r = a->open; r != NULL; r = r->next)
		json_array_append(list, r->json);
	return list;
}

void
approvals_listen(struct approvals *a, approval_news_fn *fn,
    approval_there_fn *there, void *arg)
{
	struct listener **p = &a->listeners;

	while (*p != NULL)
		p = &(*p)->next;
	*p = xcalloc(1, sizeof(**p));
	**p = (struct listener){ fn, there, arg, NULL };
}

void
approvals_hush(struct approvals *a)
{
	while (a->listeners != NULL) {
		struct listener *l = a->listeners;

		a->listeners = l->next;
		xfree(l);
	}
}

bool
approvals_heard(const struct approvals *a, const void *but)
{
	for (struct listener *l = a->listeners; l != NULL; l = l->next)
		if ((but == NULL || l->arg != but) && l->there(l->arg))
			return true;
	return false;
}

struct approvals *
approvals_new(struct prompts *prompts, struct loop *loop)
{
	struct approvals *a = xcalloc(1, sizeof(*a));

	a->prompts = prompts;
	a->loop = loop;
	return a;
}

void
approvals_free(struct approvals *a)
{
	if (a == NULL)
		return;
	while (a->open != NULL)
		request_free(a->open);
	approvals_hush(a);
	xfree(a);
}
