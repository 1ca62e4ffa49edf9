/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation: prepare (what is missing to know each profile), then group
 * by group (one identity at a time), then save, flush, done.  Every step on is
 * taken by advance(), from the loop, so that nothing here runs inside an
 * identity's or a session's own change.
 */
#include "login.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/ini.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "identity.h"
#include "login-int.h"
#include "loop.h"
#include "prompt.h"
#include "schedule.h"
#include "session.h"

#define LINGER (60 * USEC) /* a result nobody has fetched yet */
#define TELLS_MAX 100

static void pump(struct login *l);

static void
kick(struct login *l)
{
	const struct manager_env *env = manager_env(l->logins->manager);

	env->loop->ops->timer_set(l->timer, (struct deadline){ 0, 0 });
}

/* ---- questions of its own --------------------------------------------------- */

/*
 * What its watchers are to be asked.  The identity's question is looked up each
 * time: it may be answered by another login, lapse, or go with its job.
 */
static struct question *
open_question(const struct login *l)
{
	if (l->question != NULL || l->identity == NULL)
		return l->question;
	return identity_question(l->identity);
}

static void
ask(struct login *l, struct target *t, const char *kind, const char *name,
    const char *label, const json_t *choices, prompt_fn *fn)
{
	struct manager *m = l->logins->manager;

	l->question = prompt_open(manager_env(m)->prompts, kind, name, label,
	    choices, manager_config(m)->settings.login_timeout, fn, l);
	l->asking = t;
	pump(l);
}

/* The answer has come, or its time is over: t is what it was about. */
static struct target *
answered(struct login *l, const char *value, const struct fault *fault)
{
	struct target *t = l->asking;

	l->question = NULL;
	l->asking = NULL;
	if (value == NULL) {
		fault_copy(&t->fault, fault);
		t->done = true;
	}
	kick(l);
	return t;
}

static void
on_host(const char *value, const struct fault *fault, void *arg)
{
	struct login *l = arg;
	struct target *t = answered(l, value, fault);

	if (value != NULL)
		login_target_edit(t, "adfs_config.adfs_host", value);
}

static void
on_default(const char *value, const struct fault *fault, void *arg)
{
	struct login *l = arg;
	struct target *t = answered(l, value, fault);

	if (str_eq(value, "yes")) {
		l->new_default = true;
	} else if (value != NULL) {
		fault_set(&t->fault, FAULT_CANCELLED, REASON_NONE,
		    _("No profile [default] was made."));
		fault_next(&t->fault, "awsfedctl login --profile NAME");
		t->done = true;
	}
}

/* ---- prepare ------------------------------------------------------------------ */

static const char *
edited(const struct target *t, const char *key)
{
	for (size_t i = 0; i < t->nedits; i++)
		if (str_eq(t->edits[i].key, key))
			return t->edits[i].value;
	return NULL;
}

/* A profile that gets its keys from elsewhere is not ours to change. */
static bool
foreign(const struct profile *p, struct fault *fault)
{
	const char *what = p->has_sso	  ? "sso_*" :
	    p->has_web_identity		  ? "web_identity_token_file" :
	    p->credential_process != NULL ? "credential_process" :
	    p->has_static_keys		  ? "aws_access_key_id" :
	    p->source_profile != NULL	  ? "source_profile" :
					    NULL;

	if (what == NULL || p->kind != PROFILE_OTHER)
		return false;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("The profile %s already gets its credentials by %s."), p->name,
	    what);
	fault_next(fault,
	    _("awsfedctl login --profile OTHER-NAME, or take %s "
	      "out of the profile"),
	    what);
	return true;
}

static bool
new_default(const struct login *l, const struct target *t)
{
	return !l->new_default && !l->private && str_eq(t->name, "default") &&
	    config_profile(manager_config(l->logins->manager), t->name) == NULL;
}

static void
ask_default(struct login *l, struct target *t, prompt_fn *fn)
{
	ask(l, t, Q_CONFIRM, QN_DEFAULT,
	    _("No profile is named. Make a new profile [default]?"), NULL, fn);
}

/*
 * One target on its way to a profile: 0 known, 1 a question is open, -1 with
 * the target's fault.
 */
static int
prepare_target(struct login *l, struct target *t)
{
	const struct config *c = manager_config(l->logins->manager);
	const struct profile *p = config_profile(c, t->name);
	bool known = p != NULL && p->kind == PROFILE_ADFS;

	if (p != NULL && foreign(p, &t->fault))
		return -1;
	/* Without a role there is a list to stop at first. */
	if (new_default(l, t) && edited(t, "adfs_config.role_arn") != NULL) {
		ask_default(l, t, on_default);
		return 1;
	}
	if (!known && edited(t, "adfs_config.adfs_host") == NULL) {
		if (c->settings.adfs_host == NULL) {
			_cleanup_free_ char *label = l->survey ?
			    xstrdup(_("AD FS host")) :
			    xasprintf(
				_("AD FS host for the profile %s"), t->name);

			ask(l, t, Q_TEXT, QN_HOST, label, NULL, on_host);
			return 1;
		}
		login_target_edit(
		    t, "adfs_config.adfs_host", c->settings.adfs_host);
	}
	return login_target_build(l, t, &t->fault);
}

static bool
prepare(struct login *l)
{
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];
		int r;

		if (t->done || t->profile != NULL)
			continue;
		r = prepare_target(l, t);
		if (r > 0)
			return false;
		t->done = r < 0;
	}
	return true;
}

/* ---- groups ---------------------------------------------------------------------- */

static struct target *
undecided(struct login *l)
{
	for (size_t i = 0; i < l->ntargets; i++)
		if (l->targets[i].active && l->targets[i].session == NULL &&
		    !l->targets[i].done)
			return &l->targets[i];
	return NULL;
}

/* The configured profile's session, if it is for what the target asks. */
static struct session *
profile_session(const struct login *l, const struct target *t)
{
	struct manager *m = l->logins->manager;
	const struct profile *p = config_profile(manager_config(m), t->name);

	return p != NULL && p->fingerprint == t->profile->fingerprint ?
	    manager_session(m, t->name) :
	    NULL;
}

/* May what is held serve the caller, without another sign-in? */
static bool
enough_held(const struct login *l, struct target *t)
{
	const struct manager_env *env = manager_env(l->logins->manager);
	struct session *s = profile_session(l, t);
	struct creds *c = s == NULL ? NULL : session_creds(s);

	if (c == NULL || l->renew || l->assertion != NULL ||
	    manager_identity_of(l->logins->manager, s) != l->identity ||
	    creds_left_s(c, env->loop->clk) < schedule_min_valid(c->lifetime_s))
		return false;
	t->held = creds_ref(c);
	t->done = true;
	return true;
}

static void
start_session(struct login *l, struct target *t)
{
	struct manager *m = l->logins->manager;

	if (l->private && enough_held(l, t))
		return;
	t->session = manager_draft(m, t->profile);
	if (l->force)
		manager_force(m, t->session);
	session_event(t->session, SESSION_ATTENDED, NULL);
}

/* An assertion that was brought needs a job of its own. */
static void
busy(struct login *l)
{
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];

		if (!t->active)
			continue;
		fault_set(&t->fault, FAULT_TEMPORARY, REASON_NONE,
		    _("A sign-in at %s is running; the assertion was not "
		      "used."),
		    identity_host(l->identity));
		fault_next(&t->fault, _("try again when it has ended"));
		t->done = true;
	}
}

static void
start_group(struct login *l, struct target *first)
{
	struct manager *m = l->logins->manager;

	l->identity = manager_identity_attended(m, first->profile);
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];

		t->active = !t->done && t->profile != NULL &&
		    manager_identity(m, t->profile) == l->identity &&
		    str_eq(
			t->profile->provider_id, first->profile->provider_id);
	}
	if (l->assertion != NULL && identity_busy(l->identity)) {
		busy(l);
		return;
	}
	for (size_t i = 0; i < l->ntargets; i++)
		if (l->targets[i].active &&
		    l->targets[i].profile->role_arn != NULL)
			start_session(l, &l->targets[i]);
	if (undecided(l) != NULL)
		(void)identity_want(l->identity, true);
	pump(l); /* it may be asking already */
}

/* Takes in what the identity can say about the sign-in that just ended. */
static void
learn(struct login *l)
{
	struct identity *id = l->identity;

	l->renewable_until = identity_renewable_until(id);
	xreplace(&l->user, xstrdup(identity_user(id)));
	xreplace(&l->host, xstrdup(identity_host(id)));
	if (identity_typed_user(id) == NULL || identity_user(id) == NULL)
		return;
	/* What was typed is saved, so that it is not asked again. */
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];

		if (t->active && t->session != NULL &&
		    t->profile->adfs_user == NULL)
			login_target_edit(
			    t, "adfs_config.adfs_user", identity_user(id));
	}
}

/* Is the group over?  Then its targets are done. */
static bool
group_over(struct login *l)
{
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];

		if (!t->active || t->done)
			continue;
		if (t->session == NULL ||
		    (session_wants(t->session) &&
			session_state(t->session) == SESSION_WAITING))
			return false;
	}
	if (open_question(l) != NULL)
		return false;
	learn(l);
	for (size_t i = 0; i < l->ntargets; i++) {
		l->targets[i].done |= l->targets[i].active;
		l->targets[i].active = false;
	}
	l->identity = NULL;
	return true;
}

/* False when all groups have been. */
static bool
next_group(struct login *l)
{
	for (size_t i = 0; i < l->ntargets; i++) {
		if (!l->targets[i].done) {
			start_group(l, &l->targets[i]);
			return true;
		}
	}
	return false;
}

/* ---- the end -------------------------------------------------------------------------- */

static void
finish(struct login *l)
{
	const struct manager_env *env = manager_env(l->logins->manager);

	l->done = login_done_step(l);
	l->phase = LOGIN_DONE;
	env->loop->ops->timer_set(
	    l->timer, deadline_in(env->loop->clk, LINGER));
	pump(l);
}

struct flushing {
	struct logins *logins;
	char *id;
};

static struct login *
by_id(struct logins *ls, const char *id)
{
	for (struct login *l = ls->list; l != NULL; l = l->next)
		if (str_eq(l->id, id))
			return l;
	return NULL;
}

static void
on_flushed(const struct fault *fault, void *arg)
{
	struct flushing *f = arg;
	struct login *l = by_id(f->logins, f->id);

	if (l != NULL && l->phase == LOGIN_FLUSH) {
		if (!fault_is(&l->written))
			fault_copy(&l->written, fault);
		finish(l);
	}
	xfree(f->id);
	xfree(f);
}

/*
 * What was fetched for the caller alone is good for the profile too, when it is
 * the very same role of the same person: the next caller need not wait.
 */
static void
give_back(const struct login *l, const struct target *t)
{
	struct manager *m = l->logins->manager;
	struct session *own = profile_session(l, t);
	struct creds *c = session_creds(t->session);

	if (own != NULL && c != NULL && !l->cancelled &&
	    session_state(t->session) == SESSION_FRESH &&
	    manager_identity_of(m, own) == manager_identity_of(m, t->session))
		session_give(own, creds_ref(c));
}

static void
flush(struct login *l)
{
	struct flushing *f = xcalloc(1, sizeof(*f));

	l->phase = LOGIN_FLUSH;
	f->logins = l->logins;
	f->id = xstrdup(l->id);
	/* A draft that did not become a profile goes, and its session. */
	l->results = login_results(l);
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];
		bool fresh;

		if (t->session == NULL)
			continue;
		fresh = session_state(t->session) == SESSION_FRESH;
		if (l->private) {
			give_back(l, t);
			session_event(t->session, SESSION_LOGOUT, NULL);
		}
		t->session = NULL;
		manager_settle(l->logins->manager, t->profile->name,
		    fresh && !l->cancelled && !l->private);
	}
	login_links_settle(l);
	manager_flush(l->logins->manager, on_flushed, f);
}

static void
on_saved(struct login *l, const struct fault *fault)
{
	_cleanup_fault_ struct fault f = { 0 };

	/* What was asked for is not there next time: that is a failure. */
	if (fault_is(fault))
		fault_copy(&l->written, fault);
	else if (manager_reload(l->logins->manager, NULL, &f) < 0)
		fault_copy(&l->written, &f);
	flush(l);
}

static void
advance(void *arg)
{
	struct login *l = arg;
	struct logins *ls = l->logins;

	if (l->phase == LOGIN_DONE) {
		struct login **p;

		for (p = &ls->list; *p != l; p = &(*p)->next)
			;
		*p = l->next;
		login_free(l);
		return;
	}
	if (l->phase == LOGIN_PREPARE && l->question == NULL) {
		if (!prepare(l))
			return;
		l->phase = LOGIN_GROUP;
	}
	if (l->phase == LOGIN_GROUP) {
		if (l->identity != NULL && !group_over(l))
			return;
		while (next_group(l))
			if (!group_over(l))
				return;
		l->phase = LOGIN_CHAIN;
	}
	if (l->phase == LOGIN_CHAIN) {
		if (!l->cancelled && !login_links_done(l, kick))
			return;
		l->phase = LOGIN_SAVE;
		if (l->cancelled || l->private || !login_save(l, on_saved))
			flush(l);
	}
}

/* ---- what identities tell ------------------------------------------------------------------ */

static bool
on_wanted(struct identity *id, struct want *ret, void *arg)
{
	struct logins *ls = arg;

	for (struct login *l = ls->list; l != NULL; l = l->next) {
		struct target *t;

		if (l->identity != id || l->phase != LOGIN_GROUP)
			continue;
		t = undecided(l);
		for (size_t i = 0; t == NULL && i < l->ntargets; i++)
			if (l->targets[i].active && !l->targets[i].done &&
			    session_wants(l->targets[i].session))
				t = &l->targets[i];
		if (t == NULL)
			continue;
		ret->profile = t->profile;
		ret->attended = true;
		ret->assertion = l->assertion;
		ret->aliases = login_survey_asks(l, id);
		return true;
	}
	return false;
}

static bool
on_watched(struct identity *id, void *arg)
{
	struct logins *ls = arg;

	for (struct login *l = ls->list; l != NULL; l = l->next)
		if (l->identity == id && l->nwatchers > 0)
			return true;
	return false;
}

static void
on_asked(struct identity *id, struct question *q, void *arg)
{
	struct logins *ls = arg;

	(void)q;
	for (struct login *l = ls->list; l != NULL; l = l->next) {
		if (l->identity == id && l->question == NULL)
			pump(l);
	}
}

static void
on_told(struct identity *id, const json_t *tell, void *arg)
{
	struct logins *ls = arg;
	const char *kind = json_string_value(json_object_get(tell, "kind"));
	const char *text = json_string_value(json_object_get(tell, "text"));
	bool wait = str_eq(kind, STEP_WAIT);

	for (struct login *l = ls->list; l != NULL; l = l->next) {
		_cleanup_free_ char *clean = str_clean(text, 1024);
		json_t *step;

		if (l->identity != id || clean == NULL ||
		    json_array_size(l->tells) >= TELLS_MAX)
			continue;
		step = json_object();
		json_put_str(step, "kind", wait ? STEP_WAIT : STEP_TELL);
		if (!wait)
			json_put_str(step, "tell",
			    str_eq(kind, Q_NUMBER) ? Q_NUMBER : "info");
		json_put_str(step, "text", clean);
		if (wait && json_object_get(tell, "seconds") != NULL)
			json_object_set(
			    step, "seconds", json_object_get(tell, "seconds"));
		json_array_append_new(l->tells, step);
		pump(l);
	}
}

/* Does any login still wait for a choice of role at this identity? */
static bool
choosing(struct logins *ls, const struct identity *id)
{
	for (struct login *l = ls->list; l != NULL; l = l->next)
		if (l->identity == id && l->question != NULL)
			return true;
	return false;
}

static void
decide(struct login *l, struct target *t, const char *role)
{
	login_target_edit(t, "adfs_config.role_arn", role);
	if (login_target_build(l, t, &t->fault) < 0)
		t->done = true;
	else
		start_session(l, t);
}

static bool offer_roles(struct login *l);

/* Nothing left to choose at this identity: redeem what was chosen. */
static void
go_on(struct login *l, struct identity *id)
{
	if (!offer_roles(l) && !choosing(l->logins, id))
		manager_redeem(l->logins->manager, id);
}

static void
on_role_default(const char *value, const struct fault *fault, void *arg)
{
	struct login *l = arg;
	struct identity *id = l->identity;
	_cleanup_free_ char *role =
	    xstrdup(edited(l->asking, "adfs_config.role_arn"));
	struct target *t = l->asking;

	on_default(value, fault, arg);
	if (!t->done)
		decide(l, t, role);
	go_on(l, id);
}

static void
on_role(const char *value, const struct fault *fault, void *arg)
{
	struct login *l = arg;
	struct identity *id = l->identity;
	struct target *t = answered(l, value, fault);

	if (value != NULL && new_default(l, t)) {
		login_target_edit(t, "adfs_config.role_arn", value);
		ask_default(l, t, on_role_default);
		return;
	}
	if (value != NULL)
		decide(l, t, value);
	go_on(l, id);
}

static void
no_role(struct login *l, struct target *t)
{
	fault_set(&t->fault, FAULT_DENIED, REASON_GONE,
	    _("%s signed you in but offers you no role in AWS."),
	    identity_host(l->identity));
	fault_next(
	    &t->fault, "%s", _("ask your administrator for access to AWS"));
	t->done = true;
}

/* True when a question is open now. */
static bool
offer_roles(struct login *l)
{
	const json_t *roles = identity_roles(l->identity);
	struct target *t;

	if (l->survey)
		return false; /* it chooses none, and waits for the end */
	while ((t = undecided(l)) != NULL && l->question == NULL) {
		_cleanup_json_ json_t *choices = NULL;
		_cleanup_free_ char *label = NULL;

		if (!str_eq(t->profile->provider_id,
			identity_provider(l->identity)))
			return false; /* another sign-in is to come */
		if (json_array_size(roles) == 0) {
			no_role(l, t);
			continue;
		}
		if (json_array_size(roles) == 1) {
			decide(l, t,
			    json_string_value(json_object_get(
				json_array_get(roles, 0), "roleArn")));
			continue;
		}
		choices = login_role_choices(l, roles);
		label = xasprintf(_("Role for the profile %s"), t->name);
		ask(l, t, Q_CHOICE, QN_ROLE, label, choices, on_role);
	}
	return l->question != NULL;
}

static bool
on_assertion(struct identity *id, const json_t *roles, void *arg)
{
	struct logins *ls = arg;

	(void)roles;
	for (struct login *l = ls->list; l != NULL; l = l->next)
		if (l->identity == id && l->phase == LOGIN_GROUP)
			(void)offer_roles(l);
	return choosing(ls, id);
}

static void
note_others(struct login *l, struct identity *id)
{
	struct manager *m = l->logins->manager;
	struct session *s;

	for (size_t i = 0; (s = manager_session_at(m, i)) != NULL; i++) {
		bool named = false;

		for (size_t k = 0; k < l->ntargets; k++)
			named |= l->targets[k].session == s ||
			    str_eq(l->targets[k].name, session_name(s));
		if (!named && manager_took_part(m, s) &&
		    manager_identity_of(m, s) == id &&
		    !strv_has(&l->others, session_name(s)))
			strv_add(&l->others, session_name(s));
	}
}

static void
on_ended(struct identity *id, const struct fault *fault, void *arg)
{
	struct logins *ls = arg;

	for (struct login *l = ls->list; l != NULL; l = l->next) {
		if (l->identity != id)
			continue;
		l->passwords += identity_passwords(id);
		l->pushes += identity_pushes(id);
		if (!fault_is(fault)) {
			note_others(l, id);
			if (l->survey)
				login_survey_take(l, id);
			kick(l);
			continue;
		}
		/* The assertion it was about is gone. */
		prompt_close(STEAL(l->question));
		l->asking = NULL;
		if (!fault_is(&l->fault))
			fault_copy(&l->fault, fault);
		for (size_t i = 0; i < l->ntargets; i++) {
			struct target *t = &l->targets[i];

			if (t->active && t->session == NULL && !t->done) {
				fault_copy(&t->fault, fault);
				t->done = true;
			}
		}
		kick(l);
	}
}

/* ---- watchers ---------------------------------------------------------------------------------- */

static json_t *
step_for(const struct login *l, struct watcher *w)
{
	struct question *q = open_question(l);

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

static void
pump(struct login *l)
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
			kick(l);
	}
}

static struct watcher *
watcher_of(struct login *l, uint64_t conn)
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
	struct login *l = by_id(ls, id);
	struct watcher *w;

	if (l == NULL)
		return -ENOENT;
	w = watcher_of(l, conn);
	if (w->awaits)
		return -EBUSY;
	w->awaits = true;
	pump(l);
	return 0;
}

int
login_answer(struct logins *ls, uint64_t conn, const char *id,
    const char *question, const char *value, bool scripted)
{
	struct login *l = by_id(ls, id);
	struct question *q;
	struct watcher *w;
	int r;

	if (l == NULL)
		return -ENOENT;
	w = watcher_of(l, conn);
	if (w->awaits)
		return -EBUSY;
	q = open_question(l);
	if (q == NULL || !str_eq(prompt_id(q), question))
		return -ESTALE;
	r = (scripted ? prompt_answer_script : prompt_answer)(
	    manager_env(ls->manager)->prompts, question, value);
	if (r < 0) /* -EINVAL: still open, for another try */
		return r == -ENOENT ? -ESTALE : r;
	/* pump() may have moved the list of watchers meanwhile. */
	watcher_of(l, conn)->awaits = true;
	pump(l);
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
cancel(struct login *l)
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
	fault_set(&l->fault, FAULT_CANCELLED, REASON_NONE,
	    _("The login was cancelled; nothing was written."));
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];

		if (!t->done && !fault_is(&t->fault))
			fault_copy(&t->fault, &l->fault);
		t->done = true;
	}
	if (id != NULL && choice && identity_awaits(id) &&
	    identity_question(id) == NULL) {
		/* Only the choice was declined: the sign-in stays. */
		learn(l);
		l->identity = NULL;
		if (!choosing(l->logins, id))
			manager_redeem(m, id);
	} else if (id != NULL && !shared(l)) {
		l->identity = NULL;
		manager_cancel(m, id);
	}
	for (size_t i = 0; i < l->ntargets; i++)
		l->targets[i].active = false;
	l->identity = NULL;
	l->phase = LOGIN_GROUP;
	kick(l);
}

int
login_cancel(struct logins *ls, const char *id)
{
	struct login *l = by_id(ls, id);

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
			kick(l); /* nobody will fetch it */
		else
			cancel(l);
	}
}

/* ---- life -------------------------------------------------------------------------------------------- */

struct target *
login_add_target(struct login *l, const char *name)
{
	struct target *t;

	for (size_t i = 0; i < l->ntargets; i++)
		if (str_eq(l->targets[i].name, name))
			return &l->targets[i];
	l->targets =
	    xreallocarray(l->targets, l->ntargets + 1, sizeof(*l->targets));
	t = &l->targets[l->ntargets++];
	*t = (struct target){ .name = xstrdup(name) };
	return t;
}

static void
add_all(struct login *l)
{
	const struct config *c = manager_config(l->logins->manager);

	for (size_t i = 0; i < c->nprofiles; i++) {
		const struct profile *p = c->profiles[i];

		if (p->kind == PROFILE_CHAINED && !fault_is(&p->fault) &&
		    p->deliver != DELIVER_NONE)
			login_link_add(l, p->name);
		if (p->kind != PROFILE_ADFS)
			continue;
		if (p->role_arn == NULL)
			strv_take(&l->warnings,
			    xasprintf(
				_("The profile %s "
				  "names no role yet: awsfedctl login %s"),
				p->name, p->name));
		else
			login_add_target(l, p->name);
	}
}

static int
add_named(struct login *l, const struct strv *names, struct fault *fault)
{
	const struct config *c = manager_config(l->logins->manager);

	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->v[i];
		struct session *s = manager_session(l->logins->manager, name);
		const struct profile *p;

		/* A twin is meant as what it is the twin of. */
		if (s != NULL)
			name = session_name(s);
		p = config_profile(c, name);

		if (str_empty(name) || strlen(name) > PROFILE_NAME_MAX ||
		    !ini_name_safe(name))
			return fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
			    _("\"%s\" cannot be the name of a profile: use "
			      "letters, digits and _ . @ + / : %% -"),
			    name);
		if (p != NULL && p->kind == PROFILE_CHAINED &&
		    fault_is(&p->fault)) {
			fault_copy(fault, &p->fault);
			return -1;
		}
		login_add_target(l,
		    p != NULL && p->kind == PROFILE_CHAINED ? p->root : name);
		if (p != NULL && p->kind == PROFILE_CHAINED &&
		    p->deliver != DELIVER_NONE)
			login_link_add(l, name);
		else if (p != NULL && p->kind == PROFILE_CHAINED)
			strv_take(&l->warnings,
			    xasprintf(_("%s is assumed "
					"from %s, which was signed in."),
				name, p->root));
	}
	return 0;
}

void
login_free(struct login *l)
{
	const struct manager_env *env = manager_env(l->logins->manager);

	prompt_close(l->question);
	login_save_free(l);
	login_links_free(l);
	for (size_t i = 0; i < l->ntargets; i++)
		if (l->targets[i].session != NULL)
			manager_settle(l->logins->manager,
			    l->targets[i].profile->name, false);
	env->loop->ops->timer_free(l->timer);
	for (size_t i = 0; i < l->ntargets; i++)
		login_target_done(&l->targets[i]);
	for (size_t i = 0; i < l->nwatchers; i++)
		xfree(l->watchers[i].asked);
	xfree(l->targets);
	xfree(l->watchers);
	json_decref(l->tells);
	json_decref(l->results);
	json_decref(l->done);
	json_decref(l->roles);
	strv_done(&l->warnings);
	strv_done(&l->others);
	fault_done(&l->fault);
	fault_done(&l->written);
	secret_free(l->assertion);
	xfree(l->user);
	xfree(l->host);
	xfree(l->id);
	xfree(l);
}

static int
fill(struct login *l, const struct login_request *req, struct fault *fault)
{
	const struct config *c = manager_config(l->logins->manager);

	/* A file that the AWS CLI cannot read is not built upon. */
	if (fault_is(manager_config_fault(l->logins->manager))) {
		fault_copy(fault, manager_config_fault(l->logins->manager));
		return -1;
	}

	if (req->survey)
		return login_survey_fill(l, req, fault);
	if (req->all)
		add_all(l);
	if (add_named(l, &req->profiles, fault) < 0 ||
	    login_flags(l, req, fault) < 0)
		return -1;
	if (l->ntargets > 0)
		return 0;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("No profile in %s names an AD FS host and a role."), c->path);
	fault_next(fault, "awsfedctl login --profile NAME --adfs-host HOST");
	return -1;
}

int
login_start(struct logins *ls, uint64_t conn, const struct login_request *req,
    struct fault *fault)
{
	struct login *l = xcalloc(1, sizeof(*l));

	l->logins = ls;
	l->id = xasprintf("L%" PRIu64, ++ls->last_id);
	l->force = req->force;
	l->new_default = req->new_default;
	l->private = req->deliver_none;
	l->renew = req->renew;
	if (req->assertion != NULL)
		l->assertion =
		    secret_new(req->assertion, strlen(req->assertion));
	l->survey = req->survey;
	l->aliases = req->aliases;
	l->tells = json_array();
	l->timer = timer_new(manager_env(ls->manager)->loop, advance, l);
	if (fill(l, req, fault) < 0) {
		login_free(l);
		return -1;
	}
	l->next = ls->list;
	ls->list = l;
	watcher_of(l, conn)->awaits = true;
	kick(l);
	return 0;
}

struct logins *
logins_new(struct manager *m, login_reply_fn *reply, void *arg)
{
	struct logins *ls = xcalloc(1, sizeof(*ls));

	ls->manager = m;
	ls->reply = reply;
	ls->arg = arg;
	manager_set_logins(m,
	    &(struct manager_logins){
		on_wanted,
		on_watched,
		on_asked,
		on_told,
		on_assertion,
		on_ended,
		ls,
	    });
	return ls;
}

void
logins_free(struct logins *ls)
{
	if (ls == NULL)
		return;
	while (ls->list != NULL) {
		struct login *l = ls->list;

		ls->list = l->next;
		login_free(l);
	}
	manager_set_logins(ls->manager, &(struct manager_logins){ 0 });
	surveys_free(ls->surveys);
	xfree(ls);
}
