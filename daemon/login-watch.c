/* SPDX-License-Identifier: Apache-2.0 */
/* The clients that watch a login: steps to them, answers from them, their end. */
#include <errno.h>

#include "awsfed/proto.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "identity.h"
#include "login-int.h"
#include "prompt.h"

/* ---- watchers ---------------------------------------------------------------------------------- */

static json_t *
step_for(const struct login *l, struct watcher *w)
{
	struct question *q = login_open_question(l);

	if (w->seen < json_array_size(l->tells))
		return json_incref(json_array_get(l->tells, w->seen++));
	if (l->phase == LOGIN_DONE)
		return json_incref(l->done);
	if (q != NULL && !str_eq(w->asked, prompt_id(q))) {
		json_t *step = json_object();

		xreplace(&w->asked, xstrdup(prompt_id(q)));
		json_put_str(step, "kind", STEP_ASK);
		json_object_set_new(step, "question", prompt_json(q));
		return step;
	}
	return NULL;
}

void
login_pump(struct login *l)
{
	for (size_t i = 0; i < l->nwatchers; i++) {
		struct watcher *w = &l->watchers[i];
		json_t *step, *reply;

		if (!w->awaits || (step = step_for(l, w)) == NULL)
			continue;
		w->awaits = false;
		reply = json_object();
		json_put_str(reply, "login", l->id);
		json_object_set_new(reply, "step", step);
		l->logins->reply(w->conn, reply, l->logins->arg);
		/* With keys in it, it does not linger. */
		if (l->phase == LOGIN_DONE && l->private)
			login_kick(l);
	}
}

struct watcher *
login_watcher(struct login *l, uint64_t conn)
{
	struct watcher *w;

	for (size_t i = 0; i < l->nwatchers; i++)
		if (l->watchers[i].conn == conn)
			return &l->watchers[i];
	l->watchers =
	    xreallocarray(l->watchers, l->nwatchers + 1, sizeof(*l->watchers));
	w = &l->watchers[l->nwatchers++];
	*w = (struct watcher){ .conn = conn };
	return w;
}

int
login_await(struct logins *ls, uint64_t conn, const char *id)
{
	struct login *l = login_by_id(ls, id);
	struct watcher *w;

	if (l == NULL)
		return -ENOENT;
	w = login_watcher(l, conn);
	if (w->awaits)
		return -EBUSY;
	w->awaits = true;
	login_pump(l);
	return 0;
}

int
login_answer(struct logins *ls, uint64_t conn, const char *id,
    const char *question, const char *value, bool scripted)
{
	struct login *l = login_by_id(ls, id);
	struct question *q;
	struct watcher *w;
	int r;

	if (l == NULL)
		return -ENOENT;
	w = login_watcher(l, conn);
	if (w->awaits)
		return -EBUSY;
	q = login_open_question(l);
	if (q == NULL || !str_eq(prompt_id(q), question))
		return -ESTALE;
	r = (scripted ? prompt_answer_script : prompt_answer)(
	    manager_env(ls->manager)->prompts, question, value);
	if (r < 0) /* -EINVAL: still open, for another try */
		return r == -ENOENT ? -ESTALE : r;
	/* login_pump() may have moved the list of watchers meanwhile. */
	login_watcher(l, conn)->awaits = true;
	login_pump(l);
	return 0;
}

/* ---- cancelling ----------------------------------------------------------------------------------- */

static bool
shared(const struct login *l)
{
	for (struct login *o = l->logins->list; o != NULL; o = o->next)
		if (o != l && o->identity == l->identity)
			return true;
	return false;
}

static void
give_up(struct login *l, const struct fault *why)
{
	struct manager *m = l->logins->manager;
	struct identity *id = l->identity;
	bool choice = l->question != NULL;

	if (l->phase >= LOGIN_SAVE)
		return; /* it is being written already */
	l->cancelled = true;
	login_links_cancel(l);
	prompt_close(STEAL(l->question));
	l->asking = NULL;
	fault_copy(&l->fault, why);
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];

		if (!t->done && !fault_is(&t->fault))
			fault_copy(&t->fault, &l->fault);
		t->done = true;
	}
	if (id != NULL && choice && identity_awaits(id) &&
	    identity_question(id) == NULL) {
		/* Only the choice was declined: the sign-in stays. */
		login_learn(l);
		l->identity = NULL;
		if (!login_choosing(l->logins, id))
			manager_redeem(m, id);
	} else if (id != NULL && !shared(l)) {
		l->identity = NULL;
		manager_cancel(m, id);
	}
	for (size_t i = 0; i < l->ntargets; i++)
		l->targets[i].active = false;
	l->identity = NULL;
	l->phase = LOGIN_GROUP;
	login_kick(l);
}

static void
cancel(struct login *l)
{
	_cleanup_fault_ struct fault f = { 0 };

	fault_set(&f, FAULT_CANCELLED, REASON_NONE,
	    _("The login was cancelled; nothing was written."));
	give_up(l, &f);
}

void
logins_stop(struct logins *ls, const struct fault *why)
{
	for (struct login *l = ls->list; l != NULL; l = l->next) {
		/* An open choice of role keeps no sign-in alive. */
		if (l->phase < LOGIN_SAVE)
			prompt_close(STEAL(l->question));
		give_up(l, why);
	}
}

int
login_cancel(struct logins *ls, const char *id)
{
	struct login *l = login_by_id(ls, id);

	if (l == NULL)
		return -ENOENT;
	cancel(l);
	return 0;
}

void
logins_closed(struct logins *ls, uint64_t conn)
{
	for (struct login *l = ls->list; l != NULL; l = l->next) {
		for (size_t i = 0; i < l->nwatchers; i++) {
			if (l->watchers[i].conn != conn)
				continue;
			xfree(l->watchers[i].asked);
			l->watchers[i] = l->watchers[--l->nwatchers];
			break;
		}
		if (l->nwatchers > 0)
			continue;
		if (l->phase == LOGIN_DONE)
			login_kick(l); /* nobody will fetch it */
		else
			cancel(l);
	}
}
