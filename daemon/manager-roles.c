/* SPDX-License-Identifier: Apache-2.0 */
/* Roles come and go: each assertion against the profiles and the memory. */
#include <string.h>

#include "awsfed/clock.h"
#include "awsfed/config.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "known.h"
#include "loop.h"
#include "manager-int.h"

#define NEWS_MAX 5 /* sentences about one assertion */

/* An identity with one of its relying parties. */
static char *
who(const struct identity *id, const char *provider)
{
	_cleanup_free_ char *user =
	    identity_user(id) == NULL ? NULL : user_normal(identity_user(id));

	return xasprintf("%s %s %s", identity_base(id),
	    user == NULL ? "-" : user, provider == NULL ? "-" : provider);
}

static void
set_fault(const struct identity *id, const struct session *s, int64_t since,
    struct fault *fault)
{
	const char *role = session_profile(s)->role_arn;
	char when[RFC3339_SIZE];

	rfc3339_format(since, when);
	if (since > 0)
		fault_set(fault, FAULT_DENIED, REASON_GONE,
		    _("%s does not offer you the role %s any more (gone since "
		      "%s)."),
		    identity_host(id), role, when);
	else
		fault_set(fault, FAULT_DENIED, REASON_GONE,
		    _("%s does not offer you the role %s."), identity_host(id),
		    role);
	fault_next(fault, "awsfedctl roles --profile %s", session_name(s));
}

void
manager_set_gone(struct manager *m, struct identity *id, struct session *s)
{
	_cleanup_free_ char *key = who(id, session_profile(s)->provider_id);
	_cleanup_fault_ struct fault f = { 0 };
	int64_t since = m->env.known == NULL ?
	    0 :
	    known_set_gone(m->env.known, key, session_profile(s)->role_arn);

	set_fault(id, s, since, &f);
	session_event(s, SESSION_GONE, &f);
}

bool
manager_role_gone(struct manager *m, const struct identity *id,
    const struct session *s, struct fault *fault)
{
	_cleanup_free_ char *key = who(id, session_profile(s)->provider_id);
	const char *role = session_profile(s)->role_arn;
	int64_t since;

	if (role == NULL || m->env.known == NULL ||
	    !known_is_gone(m->env.known, key, role, &since))
		return false;
	set_fault(id, s, since, fault);
	return true;
}

bool
manager_worked(const struct manager *m, const struct identity *id)
{
	return m->env.known != NULL &&
	    known_at(m->env.known, identity_base(id));
}

bool
manager_rests(struct manager *m, const struct session *s)
{
	_cleanup_fault_ struct fault f = { 0 };

	/* A role that is assumed is in no assertion. */
	return session_logged_out(s) ||
	    (session_profile(s)->kind == PROFILE_ADFS &&
		manager_role_gone(m, manager_identity_of(m, s), s, &f));
}

/* ---- new ones -------------------------------------------------------------- */

static bool
has_profile(
    const struct manager *m, const struct identity *id, const char *role)
{
	for (size_t i = 0; i < m->nmembers; i++)
		if (m->members[i].identity == id &&
		    str_eq(
			session_profile(m->members[i].session)->role_arn, role))
			return true;
	return false;
}

static bool
listed(const struct manager *m, const char *identity, const char *role)
{
	const json_t *o;
	size_t i;

	json_array_foreach (m->new_roles, i, o)
		if (str_eq(json_string_value(json_object_get(o, "roleArn")),
			role) &&
		    str_eq(json_string_value(json_object_get(o, "identity")),
			identity))
			return true;
	return false;
}

static void
announce(struct manager *m, const struct identity *id, const char *role)
{
	_cleanup_free_ char *next =
	    xasprintf("awsfedctl configure --adfs-host %s", identity_host(id));
	json_t *o;

	log_notice("%s offers a new role, %s; %s adds it", identity_name(id),
	    role, next);
	if (listed(m, identity_name(id), role))
		return;
	o = json_object();
	json_put_str(o, "identity", identity_name(id));
	json_put_str(o, "host", identity_host(id));
	json_put_str(o, "roleArn", role);
	json_put_str(o, "next", next);
	json_array_append_new(m->new_roles, o);
}

static void
note_news(struct manager *m, const struct identity *id, const struct strv *new)
{
	size_t n = 0;

	for (size_t i = 0; i < new->n; i++) {
		if (has_profile(m, id, new->v[i]))
			continue;
		announce(m, id, new->v[i]);
		if (n++ < NEWS_MAX)
			strv_take(&m->news,
			    xasprintf(_("%s offers a new role: %s. Next: "
					"awsfedctl configure --adfs-host %s"),
				identity_host(id), new->v[i],
				identity_host(id)));
	}
	if (n > NEWS_MAX)
		strv_take(&m->news,
		    xasprintf(_("%s offers %zu more new roles. Next: "
				"awsfedctl configure --adfs-host %s"),
			identity_host(id), n - NEWS_MAX, identity_host(id)));
}

void
manager_compare_roles(struct manager *m, struct identity *id)
{
	_cleanup_free_ char *key = who(id, identity_provider(id));
	_cleanup_strv_ struct strv new = { 0 };

	if (m->env.known == NULL || identity_roles(id) == NULL)
		return;
	known_update(m->env.known, key, identity_roles(id),
	    clk_real(m->env.loop->clk) / USEC, &new);
	note_news(m, id, &new);
}

json_t *
manager_new_roles(struct manager *m)
{
	for (size_t i = json_array_size(m->new_roles); i-- > 0;) {
		const json_t *o = json_array_get(m->new_roles, i);
		const char *role =
		    json_string_value(json_object_get(o, "roleArn"));

		for (size_t k = 0; k < m->nmembers; k++) {
			const struct member *mb = &m->members[k];

			if (mb->identity == NULL ||
			    !str_eq(
				session_profile(mb->session)->role_arn, role) ||
			    !str_eq(identity_name(mb->identity),
				json_string_value(
				    json_object_get(o, "identity"))))
				continue;
			json_array_remove(m->new_roles, i);
			break;
		}
	}
	return json_incref(m->new_roles);
}

void
manager_take_news(struct manager *m, struct strv *list)
{
	for (size_t i = 0; i < m->news.n; i++)
		strv_add(list, m->news.v[i]);
	strv_done(&m->news);
}
