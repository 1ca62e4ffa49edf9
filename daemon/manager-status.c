/* SPDX-License-Identifier: Apache-2.0 */
/* The picture that Status gives: identities, profiles, what hangs below them. */
#include <string.h>
#include <unistd.h>

#include "awsfed/arn.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "loop.h"
#include "manager-int.h"

static json_t *
policy_status(const struct policy *po)
{
	json_t *o = json_object();

	json_put_str(o, "path", po->path);
	if (fault_is(&po->fault))
		json_object_set_new(o, "fault", fault_to_json(&po->fault));
	if (po->notes.n > 0)
		json_put_list(o, "notes", &po->notes);
	return o;
}

/* How long the loop kept others waiting, since the agent started. */
static json_t *
loop_status(const struct loop_meter *meter)
{
	json_t *o = json_object();
	char when[RFC3339_SIZE];

	json_object_set_new(
	    o, "longestMs", json_integer(meter->longest / MSEC));
	json_object_set_new(
	    o, "over100ms", json_integer((json_int_t)meter->slow));
	json_object_set_new(o, "turns", json_integer((json_int_t)meter->turns));
	if (meter->longest_in == NULL)
		return o;
	rfc3339_format(meter->longest_real / USEC, when);
	json_put_str(o, "at", when);
	json_put_str(o, "in", meter->longest_in);
	json_put_str(o, "doing", meter->longest_note);
	return o;
}

static json_t *
agent_status(const struct manager *m)
{
	json_t *o = json_object(), *clock;
	char when[RFC3339_SIZE];

	json_put_str(o, "version", PACKAGE_VERSION);
	json_put_int(o, "pid", getpid());
	rfc3339_format(m->started, when);
	json_put_str(o, "started", when);
	json_put_str(o, "config", m->config->path);
	json_put_str(o, "credentials", m->config->credentials_path);
	manager_wake_status(m, o);
	clock = skew_status(&m->aws, m->env.loop->clk);
	if (clock != NULL)
		json_object_set_new(o, "clock", clock);
	if (m->env.loop->meter != NULL)
		json_object_set_new(o, "loop", loop_status(m->env.loop->meter));
	json_object_update(o, m->more);
	if (m->lock.on)
		json_object_set_new(o, "locked", manager_lock_status(m));
	if (m->config->policy.there)
		json_object_set_new(
		    o, "policy", policy_status(&m->config->policy));
	if (fault_is(&m->config_fault))
		json_object_set_new(
		    o, "configFault", fault_to_json(&m->config_fault));
	if (fault_is(&m->file_fault))
		json_object_set_new(
		    o, "credentialsFault", fault_to_json(&m->file_fault));
	return o;
}

static json_t *
chained_status(struct manager *m, const struct profile *p)
{
	_cleanup_arn_ struct arn arn = { 0 };
	struct session *root =
	    p->root == NULL ? NULL : manager_session(m, p->root);
	const struct identity *id =
	    root == NULL ? NULL : manager_identity_of(m, root);
	json_t *o = json_object();

	json_put_str(o, "profile", p->name);
	json_put_str(o, "kind", p->kind == PROFILE_ADFS ? "adfs" : "chained");
	json_put_str(o, "source", p->source_profile);
	json_put_str(o, "root", p->root);
	if (id != NULL)
		json_put_str(o, "identity", identity_name(id));
	if (arn_parse(p->role_arn, &arn) == 0) {
		json_put_str(o, "account", arn.account);
		json_put_str(o, "role", arn.name);
	}
	json_put_str(o, "roleArn", p->role_arn);
	json_put_str(o, "state", fault_is(&p->fault) ? "failed" : "idle");
	if (fault_is(&p->fault)) {
		json_put_str(o, "reason", reason_name(p->fault.reason));
		json_object_set_new(o, "fault", fault_to_json(&p->fault));
	}
	json_object_set_new(o, "live", json_false());
	json_object_set_new(o, "kept", json_false());
	json_put_str(o, "deliver", deliver_name(p->deliver));
	if (p->policed.n > 0)
		json_put_list(o, "policy", &p->policed);
	return o;
}

/*
 * When something happens by itself: its own timer, or its identity's back-off;
 * nothing while a renewal would need a person.
 */
static void
put_next(json_t *o, const struct session *s, const struct identity *id)
{
	int64_t next = identity_next(id);
	char when[RFC3339_SIZE];

	if (session_state(s) == SESSION_FRESH &&
	    (identity_state(id) == IDENTITY_SIGNED_OUT ||
		identity_state(id) == IDENTITY_NEEDS_USER))
		json_object_del(o, "next");
	if (session_state(s) == SESSION_BACKOFF && next > 0 &&
	    json_object_get(o, "next") == NULL) {
		rfc3339_format(next, when);
		json_put_str(o, "next", when);
	}
}

static json_t *
session_status_of(struct manager *m, struct session *s)
{
	const struct profile *p = session_profile(s);
	json_t *o = session_status(s);
	struct identity *id = manager_identity_of(m, s);

	if (id != NULL)
		json_put_str(o, "identity", identity_name(id));
	if (id != NULL && p->kind == PROFILE_ADFS)
		put_next(o, s, id);
	/* A profile that contradicts another says so before anything else. */
	if (fault_is(&p->fault) && json_object_get(o, "fault") == NULL) {
		json_put_str(o, "reason", reason_name(p->fault.reason));
		json_object_set_new(o, "fault", fault_to_json(&p->fault));
	}
	return o;
}

/* Chained profiles below their direct source, depth first, once each. */
static void
add_chained(
    struct manager *m, json_t *list, const char *source, struct names *shown)
{
	size_t at;

	for (const struct profile *p = manager_first_below(m, source, &at);
	     p != NULL; p = manager_next_below(m, &at)) {
		struct session *s;

		if (!names_add(shown, p->name))
			continue;
		s = manager_session(m, p->name);
		json_array_append_new(list,
		    s != NULL ? session_status_of(m, s) : chained_status(m, p));
		add_chained(m, list, p->name, shown);
	}
}

/* Is p the asked one, or above or below it? */
static bool
related(struct manager *m, const char *name, const char *asked)
{
	const struct profile *p = config_profile(m->config, asked);

	return asked == NULL || str_eq(name, asked) ||
	    (p != NULL && p->kind == PROFILE_CHAINED && str_eq(name, p->root));
}

static json_t *
profiles_status(struct manager *m, const char *asked, struct strv *ids)
{
	struct names shown = { 0 };
	json_t *list = json_array();

	for (size_t i = 0; i < m->nmembers; i++) {
		struct session *s = m->members[i].session;
		const char *name = session_name(s);
		const char *id;

		if (session_profile(s)->kind == PROFILE_CHAINED ||
		    session_profile(s)->apart || !related(m, name, asked))
			continue;
		id = identity_name(manager_identity_of(m, s));
		if (!strv_has(ids, id))
			strv_add(ids, id);
		json_array_append_new(list, session_status_of(m, s));
		add_chained(m, list, name, &shown);
	}
	/* What leads nowhere hangs below nobody, but is shown. */
	for (size_t i = 0; i < m->config->nprofiles; i++) {
		const struct profile *p = m->config->profiles[i];

		if (fault_is(&p->fault) && !names_has(&shown, p->name) &&
		    manager_session(m, p->name) == NULL &&
		    related(m, p->name, asked))
			json_array_append_new(list, chained_status(m, p));
	}
	names_done(&shown);
	return list;
}

/* ---- human time ------------------------------------------------------------ */

static void
look_ahead(const struct session *s, struct outlook *o)
{
	const struct creds *c = session_creds((struct session *)(uintptr_t)s);
	bool needs = session_state(s) == SESSION_NEEDS_LOGIN;

	if (!session_renews(s) || session_profile(s)->apart ||
	    session_state(s) == SESSION_FAILED)
		return;
	o->profiles++;
	o->needs_login += needs;
	if (session_profile(s)->kind == PROFILE_ADFS &&
	    (o->profile == NULL || (needs && o->needs_login == 1)))
		o->profile = session_name(s);
	if (c == NULL)
		return;
	o->live++;
	if (o->valid_until == 0 || c->expiration_s < o->valid_until)
		o->valid_until = c->expiration_s;
}

void
manager_outlook(
    struct manager *m, const struct identity *id, struct outlook *ret)
{
	*ret = (struct outlook){ 0 };
	for (size_t i = 0; i < m->nmembers; i++)
		if (!m->members[i].orphan &&
		    manager_identity_of(m, m->members[i].session) == id)
			look_ahead(m->members[i].session, ret);
}

void
manager_used(struct manager *m, struct session *s)
{
	manager_publish(m, MANAGER_USED, s, NULL);
}

void
manager_set_needs(struct manager *m, manager_needs_fn *fn, void *arg)
{
	m->needs = fn;
	m->needs_arg = arg;
}

void
manager_need_changed(struct manager *m)
{
	manager_publish(m, MANAGER_IDENTITY, NULL, NULL);
}

static json_t *
identity_status_of(struct manager *m, struct identity *id)
{
	const struct profile *p = manager_profile_of(m, id);
	json_t *o = identity_status(id);
	char when[RFC3339_SIZE];
	struct outlook ahead;

	manager_outlook(m, id, &ahead);
	json_object_set_new(
	    o, "kept", json_integer((json_int_t)ahead.profiles));
	if (ahead.valid_until > 0) {
		rfc3339_format(ahead.valid_until, when);
		json_put_str(o, "validUntil", when);
	}
	if (m->needs != NULL)
		m->needs(id, o, m->needs_arg);
	if (p != NULL)
		json_object_set_new(
		    o, "password", identity_password_status(id, p));
	return o;
}

json_t *
manager_status(struct manager *m, const char *asked)
{
	_cleanup_strv_ struct strv ids = { 0 };
	json_t *o, *list, *profiles;

	/* A twin is asked for as what it is the twin of. */
	if (asked != NULL && manager_session(m, asked) != NULL)
		asked = session_name(manager_session(m, asked));
	if (asked != NULL && manager_session(m, asked) == NULL) {
		const struct profile *p = config_profile(m->config, asked);

		if (p == NULL ||
		    (p->kind != PROFILE_CHAINED && !fault_is(&p->fault)))
			return NULL;
	}
	profiles = profiles_status(m, asked, &ids);
	list = json_array();
	for (size_t i = 0; i < m->nidentities; i++)
		if (strv_has(&ids, identity_name(m->identities[i])) ||
		    (asked == NULL &&
			identity_state(m->identities[i]) !=
			    IDENTITY_SIGNED_OUT))
			json_array_append_new(
			    list, identity_status_of(m, m->identities[i]));
	o = json_object();
	json_object_set_new(o, "agent", agent_status(m));
	json_object_set_new(o, "identities", list);
	json_object_set_new(o, "profiles", profiles);
	list = manager_new_roles(m);
	if (json_array_size(list) > 0)
		json_object_set(o, "newRoles", list);
	json_decref(list);
	return o;
}

char *
manager_summary(struct manager *m)
{
	size_t fresh = 0, need = 0, failed = 0;

	for (size_t i = 0; i < m->nmembers; i++) {
		struct session *s = m->members[i].session;

		if (!session_kept(s) || session_profile(s)->apart)
			continue;
		fresh += session_creds(s) != NULL;
		need += session_state(s) == SESSION_NEEDS_LOGIN;
		failed += session_state(s) == SESSION_FAILED;
	}
	if (need + failed == 0)
		return xasprintf(
		    ngettext("%zu profile fresh", "%zu profiles fresh", fresh),
		    fresh);
	return xasprintf(
	    _("%zu fresh, %zu need a login, %zu failed"), fresh, need, failed);
}
