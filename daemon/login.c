/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation: prepare (what is missing to know each profile), then group
 * by group (one identity at a time), then save, flush, done.  Every step on is
 * taken by advance(), from the loop, so that nothing here runs inside an
 * identity's or a session's own change.
 */
#include "login.h"

#include <inttypes.h>
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/ini.h"
#include "awsfed/secret.h"
#include "awsfed/xalloc.h"

#include "identity.h"
#include "login-int.h"
#include "loop.h"
#include "prompt.h"
#include "schedule.h"
#include "session.h"

#define LINGER (60 * USEC) /* a result nobody has fetched yet */

void
login_kick(struct login *l)
{
	const struct manager_env *env = manager_env(l->logins->manager);

	env->loop->ops->timer_set(l->timer, (struct deadline){ 0, 0 });
}

/* ---- groups ---------------------------------------------------------------------- */

struct target *
login_undecided(struct login *l)
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

void
login_start_session(struct login *l, struct target *t)
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
	bool waits = false;

	l->identity = manager_identity_attended(m, first->profile);
	identity_ccache(l->identity, l->krb5ccname);
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
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];

		if (t->active && t->profile->role_arn != NULL)
			login_start_session(l, t);
		waits |= t->active && !t->done;
	}
	if (login_undecided(l) != NULL)
		(void)identity_want(l->identity, true);
	if (waits)
		login_pump(l); /* it may be asking already */
}

/* Takes in what the identity can say about the sign-in that just ended. */
void
login_learn(struct login *l)
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

/*
 * A session has settled.  What its identity did is complete at the identity's
 * end, which calls for itself; only one that has gone over to another identity
 * meanwhile is heard of here alone.
 */
static void
on_session(struct session *s, void *arg)
{
	struct login *l = arg;

	if (manager_identity_of(l->logins->manager, s) != l->identity)
		login_kick(l);
}

/* Is the group over?  Then its targets are done. */
static bool
group_over(struct login *l)
{
	bool held = l->question == NULL;

	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];

		held &= !t->active || t->held != NULL;
		if (!t->active || t->done)
			continue;
		if (t->session == NULL)
			return false;
		if (session_state(t->session) == SESSION_WAITING) {
			session_unwait(t->session, l);
			session_wait(t->session, on_session, l);
			return false;
		}
	}
	/* Who has caused a question sees it through. */
	if (!held && login_open_question(l) != NULL)
		return false;
	login_learn(l);
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
	login_pump(l);
}

struct flushing {
	struct flushing *next;
	struct logins *logins;
	char *id; /* the login may be gone when the files are written */
};

static void
flushing_free(struct flushing *f)
{
	struct flushing **p;

	for (p = &f->logins->flushing; *p != f; p = &(*p)->next)
		;
	*p = f->next;
	xfree(f->id);
	xfree(f);
}

struct login *
login_by_id(struct logins *ls, const char *id)
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
	struct login *l = login_by_id(f->logins, f->id);

	if (l != NULL && l->phase == LOGIN_FLUSH) {
		if (!fault_is(&l->written))
			fault_copy(&l->written, fault);
		finish(l);
	}
	flushing_free(f);
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
	f->next = l->logins->flushing;
	l->logins->flushing = f;
	/* A draft that did not become a profile goes, and its session. */
	l->results = login_results(l);
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];
		bool fresh;

		if (t->session == NULL)
			continue;
		session_unwait(t->session, l);
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
		if (!login_prepare(l))
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
		if (!l->cancelled && !login_links_done(l, login_kick))
			return;
		l->phase = LOGIN_SAVE;
		if (l->cancelled || l->private || !login_save(l, on_saved))
			flush(l);
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
		if (l->targets[i].session != NULL) {
			session_unwait(l->targets[i].session, l);
			manager_settle(l->logins->manager,
			    l->targets[i].profile->name, false);
		}
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
	xfree(l->krb5ccname);
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
	l->krb5ccname = xstrdup(req->krb5ccname);
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
	login_watcher(l, conn)->awaits = true;
	login_kick(l);
	return 0;
}

struct logins *
logins_new(struct manager *m, login_reply_fn *reply, void *arg)
{
	struct logins *ls = xcalloc(1, sizeof(*ls));
	struct manager_logins events;

	ls->manager = m;
	ls->reply = reply;
	ls->arg = arg;
	login_events(&events, ls);
	manager_set_logins(m, &events);
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
	/* The manager ends with us and calls nobody back. */
	while (ls->flushing != NULL)
		flushing_free(ls->flushing);
	manager_set_logins(ls->manager, &(struct manager_logins){ 0 });
	surveys_free(ls->surveys);
	xfree(ls);
}
