/* SPDX-License-Identifier: Apache-2.0 */
#include "manager-state.h"

#include <errno.h>

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "loop.h"
#include "manager-int.h"

#define LIST_MAX 10000 /* entries that are looked at */

/* ---- out ----------------------------------------------------------------------- */

/* Keys belong to a person: a profile may be given to another one meanwhile. */
static void
put_person(struct manager *m, json_t *o, const struct session *s)
{
	const struct identity *id = manager_identity_of(m, s);

	if (id != NULL)
		json_put_str(o, "user", identity_user(id));
}

json_t *
manager_export(struct manager *m, bool cookies)
{
	json_t *o = json_object(), *ids = json_array(), *list = json_array();

	for (size_t i = 0; i < m->nidentities; i++)
		json_array_append_new(
		    ids, identity_export(m->identities[i], cookies));
	for (size_t i = 0; i < m->nmembers; i++) {
		const struct member *mb = &m->members[i];
		json_t *s;

		/* Orphans' keys and what is only tried out stay behind. */
		if (mb->orphan || mb->drafts > 0 ||
		    session_profile(mb->session)->apart)
			continue;
		s = session_export(mb->session);
		if (s == NULL)
			continue;
		put_person(m, s, mb->session);
		json_array_append_new(list, s);
	}
	json_object_set_new(o, "identities", ids);
	json_object_set_new(o, "sessions", list);
	return o;
}

/* ---- and in -------------------------------------------------------------------- */

static bool
same_user(const char *a, const char *b)
{
	_cleanup_free_ char *x = NULL, *y = NULL;

	if (a == NULL || b == NULL)
		return a == b;
	x = user_normal(a);
	y = user_normal(b);
	return str_eq(x, y);
}

/*
 * The identity of the configuration that it was.  One whose user was typed, and
 * stands nowhere, is the nameless one; it gets its name back.
 */
static struct identity *
find_identity(struct manager *m, const char *base, const char *user)
{
	struct identity *nameless = NULL;

	for (size_t i = 0; i < m->nidentities; i++) {
		struct identity *id = m->identities[i];

		if (!str_eq(identity_base(id), base))
			continue;
		if (same_user(identity_user(id), user))
			return id;
		if (identity_user(id) == NULL)
			nameless = id;
	}
	return user == NULL ? NULL : nameless;
}

static int
import_identity(struct manager *m, const json_t *o, struct manager_taken *taken)
{
	const char *base, *user;
	struct identity *id;
	int r;

	if (json_str(o, "base", 4096, &base) < 0 ||
	    json_str_opt(o, "user", 512, &user) < 0)
		return -EINVAL;
	id = find_identity(m, base, user);
	if (id == NULL)
		return -ESTALE;
	r = identity_import(id, o, user);
	if (r == 0 && identity_state(id) == IDENTITY_SIGNED_IN)
		taken->identities++;
	return r;
}

static int
import_session(struct manager *m, const json_t *o, struct manager_taken *taken)
{
	const char *name, *user;
	struct session *s;
	bool live = false;
	int r;

	if (json_str(o, "profile", PROFILE_NAME_MAX, &name) < 0 ||
	    json_str_opt(o, "user", 512, &user) < 0)
		return -EINVAL;
	s = manager_session(m, name);
	if (s == NULL || !str_eq(session_name(s), name) ||
	    manager_identity_of(m, s) == NULL ||
	    !same_user(identity_user(manager_identity_of(m, s)), user))
		return -ESTALE;
	r = session_import(s, o, &live);
	taken->profiles += r == 0 && live;
	return r;
}

/* Killed between a logout and the file that records it: it is done again. */
static void
log_out_again(struct manager *m, const json_t *list)
{
	const json_t *o;
	size_t i;

	json_array_foreach (list, i, o) {
		const char *name =
		    json_string_value(json_object_get(o, "profile"));
		struct session *s =
		    name == NULL ? NULL : manager_session(m, name);

		if (s != NULL && session_logged_out(s) &&
		    session_creds(s) != NULL &&
		    json_is_true(json_object_get(o, "loggedOut")) &&
		    json_object_get(o, "credentials") == NULL)
			manager_logout(m, s);
	}
}

static int
import_list(struct manager *m, const json_t *list,
    int (*one)(struct manager *, const json_t *, struct manager_taken *),
    struct manager_taken *taken)
{
	const json_t *o;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > LIST_MAX)
		return -EINVAL;
	json_array_foreach (list, i, o)
		if (!json_is_object(o) || one(m, o, taken) < 0)
			taken->dropped++;
	return 0;
}

/* Kept, without keys, and not at rest for a reason: nobody else would ask. */
static void
want_missing(struct manager *m)
{
	for (size_t i = 0; i < m->nmembers; i++) {
		struct session *s = m->members[i].session;
		const struct identity *id = manager_identity_of(m, s);

		if (session_state(s) == SESSION_IDLE && session_renews(s) &&
		    id != NULL && identity_renews(id))
			session_event(s, SESSION_WANTED, NULL);
	}
}

int
manager_import(struct manager *m, const json_t *o, struct manager_taken *ret)
{
	const json_t *ids = json_object_get(o, "identities");
	const json_t *list = json_object_get(o, "sessions");

	*ret = (struct manager_taken){ 0 };
	if (!json_is_array(ids) || !json_is_array(list) ||
	    import_list(m, ids, import_identity, ret) < 0 ||
	    import_list(m, list, import_session, ret) < 0)
		return -EINVAL;
	log_out_again(m, list);
	want_missing(m);
	return 0;
}

/* ---- questions about the whole --------------------------------------------------- */

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
identity_holds(const struct identity *id, int64_t now)
{
	int64_t until;

	if (identity_comes(id) || identity_state(id) == IDENTITY_BACKOFF)
		return MANAGER_HOLDS;
	if (identity_state(id) != IDENTITY_SIGNED_IN)
		return 0;
	until = identity_renewable_until(id);
	return until == 0 ? MANAGER_HOLDS : until > now ? until : 0;
}

static int64_t
session_holds(const struct session *s)
{
	const struct creds *c = session_creds(s);

	if (session_kept(s) || session_state(s) == SESSION_WAITING ||
	    session_state(s) == SESSION_BACKOFF)
		return MANAGER_HOLDS;
	return c != NULL ? c->expiration_s : 0;
}

int64_t
manager_holds(struct manager *m)
{
	int64_t now = clk_real(m->env.loop->clk) / USEC, until = 0;

	if (m->barriers != NULL || manager_assuming(m) > 0)
		return MANAGER_HOLDS;
	for (size_t i = 0; i < m->nidentities; i++)
		until = later(until, identity_holds(m->identities[i], now));
	for (size_t i = 0; i < m->nmembers; i++)
		until = later(until,
		    m->members[i].drafts > 0 ?
			MANAGER_HOLDS :
			session_holds(m->members[i].session));
	return until;
}

bool
manager_sane(struct manager *m)
{
	for (size_t i = 0; i < m->nidentities; i++)
		if (!identity_sane(m->identities[i])) {
			log_err("%s is in no state it could be in",
			    identity_name(m->identities[i]));
			return false;
		}
	for (size_t i = 0; i < m->nmembers; i++)
		if (!session_sane(m->members[i].session)) {
			log_err("profile %s is in no state it could be in",
			    session_name(m->members[i].session));
			return false;
		}
	return true;
}
