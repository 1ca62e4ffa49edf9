/* SPDX-License-Identifier: Apache-2.0 */
/* What the client sees of a login: the choice of a role, and the end. */
#include <stdlib.h>
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/clock.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/proto.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "identity.h"
#include "login-int.h"
#include "session.h"

static int
by_account(const void *a, const void *b)
{
	const char *x =
	    json_string_value(json_object_get(*(json_t *const *)a, "value"));
	const char *y =
	    json_string_value(json_object_get(*(json_t *const *)b, "value"));

	return strcmp(x, y); /* arn:…:ACCOUNT:role/NAME sorts as wanted */
}

json_t *
login_role_choices(struct login *l, const json_t *roles)
{
	size_t n = json_array_size(roles), i;
	json_t **list = xcalloc(n, sizeof(*list)), *choices = json_array();
	const json_t *r;

	(void)l;
	json_array_foreach (roles, i, r) {
		const char *arn =
		    json_string_value(json_object_get(r, "roleArn"));
		_cleanup_arn_ struct arn a = { 0 };

		list[i] = json_object();
		json_put_str(list[i], "value", arn);
		json_put_str(list[i], "label", arn);
		if (arn_parse(arn, &a) == 0)
			json_put_str(list[i], "group", a.account);
	}
	qsort(list, n, sizeof(*list), by_account);
	for (i = 0; i < n; i++)
		json_array_append_new(choices, list[i]);
	xfree(list);
	return choices;
}

static json_t *
session_result(struct session *s, bool named)
{
	struct creds *c = session_creds(s);
	json_t *o = json_object();
	char when[RFC3339_SIZE];

	json_put_str(o, "profile", session_name(s));
	json_put_str(o, "state", session_state_name(session_state(s)));
	json_put_str(o, "roleArn", session_profile(s)->role_arn);
	json_put_str(o, "region", session_profile(s)->region);
	if (c != NULL) {
		rfc3339_format(c->expiration_s, when);
		json_put_str(o, "expiration", when);
	}
	if (fault_is(session_fault(s)))
		json_object_set_new(
		    o, "fault", fault_to_json(session_fault(s)));
	json_object_set_new(o, "named", json_boolean(named));
	return o;
}

/* A session of its own has another name, which nobody typed. */
static void
call_by(json_t *o, const char *from, const char *to)
{
	static const char *const texts[] = { "text", "next" };
	json_t *fault = json_object_get(o, "fault");

	json_object_set_new(o, "profile", json_string(to));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text =
		    json_string_value(json_object_get(fault, texts[i]));
		const char *at = text == NULL ? NULL : strstr(text, from);
		_cleanup_free_ char *told = at == NULL ?
		    NULL :
		    xasprintf("%.*s%s%s", (int)(at - text), text, to,
			at + strlen(from));

		if (told != NULL)
			json_object_set_new(fault, texts[i], json_string(told));
	}
}

/* Keys for the caller alone: from its own session, or held already. */
static json_t *
private_result(const struct target *t)
{
	struct creds *c = t->held;
	char when[RFC3339_SIZE];
	json_t *o;

	if (t->session != NULL) {
		o = session_result(t->session, true);
		call_by(o, session_name(t->session), t->name);
		if (session_state(t->session) == SESSION_FRESH)
			c = session_creds(t->session);
	} else {
		o = json_object();
		rfc3339_format(c->expiration_s, when);
		json_put_str(o, "profile", t->name);
		json_put_str(o, "state", session_state_name(SESSION_FRESH));
		json_put_str(o, "roleArn", t->profile->role_arn);
		json_put_str(o, "region", t->profile->region);
		json_put_str(o, "expiration", when);
		json_object_set_new(o, "named", json_true());
	}
	if (c != NULL)
		json_object_set_new(o, "credentials", creds_to_json(c));
	return o;
}

static json_t *
target_result(const struct login *l, const struct target *t)
{
	json_t *o;

	if (l->private && !l->cancelled &&
	    (t->session != NULL || t->held != NULL))
		return private_result(t);
	if (t->session != NULL && !l->cancelled)
		return session_result(t->session, true);
	o = json_object();
	json_put_str(o, "profile", t->name);
	json_put_str(o, "state", session_state_name(SESSION_IDLE));
	if (fault_is(&t->fault))
		json_object_set_new(o, "fault", fault_to_json(&t->fault));
	json_object_set_new(o, "named", json_true());
	return o;
}

static json_t *
link_result(const struct login *l, const struct link *k)
{
	struct session *s = manager_session(l->logins->manager, k->name);
	json_t *o;

	if (s != NULL && !fault_is(&k->fault) && !l->cancelled)
		return session_result(s, true);
	o = json_object();
	json_put_str(o, "profile", k->name);
	json_put_str(o, "state", session_state_name(SESSION_IDLE));
	if (fault_is(&k->fault))
		json_object_set_new(o, "fault", fault_to_json(&k->fault));
	json_object_set_new(o, "named", json_true());
	return o;
}

/* A 10- or 7-digit account passes: AWS decides; but somebody should look. */
static void
warn_accounts(struct login *l)
{
	for (size_t i = 0; i < l->ntargets; i++) {
		const struct profile *p = l->targets[i].profile;
		_cleanup_arn_ struct arn a = { 0 };

		if (p != NULL && p->role_arn != NULL &&
		    arn_parse(p->role_arn, &a) == 0 && arn_account_odd(&a))
			strv_take(&l->warnings,
			    xasprintf(
				_("The account id %s in %s does not have 12 "
				  "digits."),
				a.account, p->role_arn));
	}
}

json_t *
login_results(struct login *l)
{
	json_t *list = json_array();

	for (size_t i = 0; !l->survey && i < l->ntargets; i++)
		json_array_append_new(list, target_result(l, &l->targets[i]));
	for (size_t i = 0; i < l->nlinks; i++)
		json_array_append_new(list, link_result(l, &l->links[i]));
	for (size_t i = 0; i < l->others.n; i++) {
		struct session *s =
		    manager_session(l->logins->manager, l->others.v[i]);

		if (s != NULL)
			json_array_append_new(list, session_result(s, false));
	}
	return list;
}

json_t *
login_done_step(struct login *l)
{
	json_t *o = json_object(), *w;
	char when[RFC3339_SIZE];

	json_put_str(o, "kind", STEP_DONE);
	json_object_set_new(o, "profiles", STEAL(l->results));
	if (fault_is(&l->fault))
		json_object_set_new(o, "fault", fault_to_json(&l->fault));
	json_object_set_new(o, "passwords", json_integer(l->passwords));
	json_object_set_new(o, "pushes", json_integer(l->pushes));
	if (l->renewable_until > 0) {
		rfc3339_format(l->renewable_until, when);
		json_put_str(o, "renewableUntil", when);
	}
	json_put_str(o, "user", l->user);
	json_put_str(o, "host", l->host);
	warn_accounts(l);
	manager_take_news(l->logins->manager, &l->warnings);
	if (l->survey)
		login_survey_step(l, o);
	if (l->warnings.n > 0)
		json_put_list(o, "warnings", &l->warnings);
	w = json_object();
	json_put_str(w, "credentials",
	    manager_config(l->logins->manager)->credentials_path);
	if (fault_is(&l->written))
		json_object_set_new(w, "fault", fault_to_json(&l->written));
	json_object_set_new(o, "written", w);
	return o;
}
