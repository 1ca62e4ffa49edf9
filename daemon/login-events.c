/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What identities tell the logins that wait for them, and the choice of a role
 * once an assertion is there.
 */

#include "awsfed/config.h"
#include "awsfed/proto.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "identity.h"
#include "login-int.h"
#include "prompt.h"
#include "session.h"

#define TELLS_MAX 100

/* ---- what identities tell ------------------------------------------------------------------ */

static bool
on_wanted(struct identity *id, struct want *ret, void *arg)
{
	struct logins *ls = arg;

	for (struct login *l = ls->list; l != NULL; l = l->next) {
		struct target *t;

		if (l->identity != id || l->phase != LOGIN_GROUP)
			continue;
		t = login_undecided(l);
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
			login_pump(l);
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
		login_pump(l);
	}
}

/* Does any login still wait for a choice of role at this identity? */
bool
login_choosing(struct logins *ls, const struct identity *id)
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
		login_start_session(l, t);
}

static bool offer_roles(struct login *l);

/* Nothing left to choose at this identity: redeem what was chosen. */
static void
go_on(struct login *l, struct identity *id)
{
	if (!offer_roles(l) && !login_choosing(l->logins, id))
		manager_redeem(l->logins->manager, id);
}

static void
on_role_default(const char *value, const struct fault *fault, void *arg)
{
	struct login *l = arg;
	struct identity *id = l->identity;
	_cleanup_free_ char *role =
	    xstrdup(login_edited(l->asking, "adfs_config.role_arn"));
	struct target *t = l->asking;

	login_on_default(value, fault, arg);
	if (!t->done)
		decide(l, t, role);
	go_on(l, id);
}

static void
on_role(const char *value, const struct fault *fault, void *arg)
{
	struct login *l = arg;
	struct identity *id = l->identity;
	struct target *t = login_answered(l, value, fault);

	if (value != NULL && login_new_default(l, t)) {
		login_target_edit(t, "adfs_config.role_arn", value);
		login_ask_default(l, t, on_role_default);
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
	while ((t = login_undecided(l)) != NULL && l->question == NULL) {
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
		login_ask(l, t, Q_CHOICE, QN_ROLE, label, choices, on_role);
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
	return login_choosing(ls, id);
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
			login_kick(l);
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
		login_kick(l);
	}
}

static void
on_stop(const struct fault *why, void *arg)
{
	logins_stop(arg, why);
}

void
login_events(struct manager_logins *ret, struct logins *ls)
{
	*ret = (struct manager_logins){ on_wanted, on_watched, on_asked,
		on_told, on_assertion, on_ended, on_stop, ls };
}
