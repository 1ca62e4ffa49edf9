/* SPDX-License-Identifier: Apache-2.0 */
#include "manager.h"

#include <string.h>
#include <sys/stat.h>

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "chain.h"
#include "farm.h"
#include "identity.h"
#include "known.h"
#include "loop.h"
#include "manager-int.h"
#include "message.h"
#include "passing.h"
#include "reread.h"
#include "session.h"

/* 80 ms at the most, and only for a file that has just lost something. */
#define HALF_WRITTEN_AGE 2 /* seconds */

/* ---- identities ----------------------------------------------------------------- */

/* An AD FS profile whose host can be told; others only show their fault. */
static bool
signs_in(const struct profile *p)
{
	return p != NULL && p->kind == PROFILE_ADFS && p->identity_base != NULL;
}

/* Does it have a session?  Also a chained one that the agent assumes. */
static bool
usable(const struct profile *p)
{
	return signs_in(p) ||
	    (p != NULL && p->kind == PROFILE_CHAINED && p->held);
}

/* Is it this user's?  One that is not known yet is nobody's. */
static bool
is_user(const struct identity *id, const char *user)
{
	_cleanup_free_ char *a = NULL, *b = NULL;

	if (identity_user(id) == NULL)
		return false;
	a = user_normal(user);
	b = user_normal(identity_user(id));
	return str_eq(a, b);
}

/*
 * A nameless one may turn out to be a person that another is already.  Then the
 * one that is at work is meant, so that no other sign-in starts beside it.
 */
static int
liveliness(const struct identity *id)
{
	return identity_comes(id)		     ? 3 :
	    identity_state(id) == IDENTITY_BACKOFF   ? 2 :
	    identity_state(id) == IDENTITY_SIGNED_IN ? 1 :
						       0;
}

static struct identity *
find_person(struct manager *m, const char *base, const char *user)
{
	struct identity *found = NULL;

	for (size_t i = 0; i < m->nidentities; i++) {
		struct identity *id = m->identities[i];

		if (str_eq(identity_base(id), base) && is_user(id, user) &&
		    (found == NULL || liveliness(id) > liveliness(found)))
			found = id;
	}
	return found;
}

/*
 * A profile that names no user belongs to nobody known, or to whom that one
 * has turned out to be: who has typed a name is not asked for it again.
 */
static int
openness(const struct identity *id)
{
	return identity_user(id) == NULL ? 2 : identity_adopted(id) ? 1 : 0;
}

static struct identity *
find_identity(struct manager *m, const char *base, const char *user)
{
	struct identity *found = NULL;
	size_t n = 0;

	if (user != NULL)
		return find_person(m, base, user);
	for (size_t i = 0; i < m->nidentities; i++) {
		struct identity *id = m->identities[i];

		if (!str_eq(identity_base(id), base))
			continue;
		n++;
		if (found == NULL || openness(id) > openness(found))
			found = id;
	}
	if (found == NULL || openness(found) > 0)
		return found;
	/* The host's only one, unless others are still to come. */
	return n == 1 && !manager_several_users(m, base) ? found : NULL;
}

struct identity *
manager_identity(struct manager *m, const struct profile *p)
{
	const char *user = p->adfs_user != NULL ?
	    p->adfs_user :
	    manager_only_user(m, p->identity_base);
	struct identity *id = find_identity(m, p->identity_base, user);

	if (id != NULL)
		return id;
	id = identity_new(
	    &m->identity_env, p->identity_base, p->adfs_host, user);
	m->identities = xreallocarray(
	    m->identities, m->nidentities + 1, sizeof(struct identity *));
	m->identities[m->nidentities++] = id;
	return id;
}

struct identity *
manager_identity_attended(struct manager *m, const struct profile *p)
{
	struct identity *id = manager_identity(m, p);

	if (p->adfs_user == NULL &&
	    manager_only_user(m, p->identity_base) == NULL)
		identity_ask_again(id);
	return id;
}

struct identity *
manager_identity_at(struct manager *m, size_t i)
{
	return i < m->nidentities ? m->identities[i] : NULL;
}

/* ---- sessions ---------------------------------------------------------------------- */

/* Nobody renews it any more; its keys live to their end. */
static void
orphan(struct manager *m, struct member *mb)
{
	if (mb->orphan)
		return;
	mb->orphan = true;
	mb->redeeming = false;
	session_event(mb->session, SESSION_CANCELLED, NULL);
	if (session_creds(mb->session) == NULL)
		m->env.loop->ops->timer_set(
		    m->reaper, (struct deadline){ 0, 0 });
}

static struct member *
member_of(struct manager *m, const char *name)
{
	ssize_t at;

	if (name == NULL)
		return NULL;
	if (m->stale) {
		m->stale = false;
		names_done(&m->names);
		for (size_t i = 0; i < m->nmembers; i++)
			names_add(
			    &m->names, session_name(m->members[i].session));
	}
	at = names_find(&m->names, name);
	return at < 0 ? NULL : &m->members[at];
}

/* Only a chained one has another name in the files: that of its twin. */
static struct member *
member_of_twin(struct manager *m, const char *name)
{
	_cleanup_free_ char *own = NULL, *section = NULL;
	struct member *mb;

	if (!str_ends(name, PROFILE_TWIN))
		return NULL;
	own = xstrndup(name, strlen(name) - strlen(PROFILE_TWIN));
	mb = member_of(m, own);
	if (mb == NULL || session_profile(mb->session)->kind != PROFILE_CHAINED)
		return NULL;
	section = profile_section(session_profile(mb->session));
	return str_eq(section, name) ? mb : NULL;
}

struct session *
manager_session(struct manager *m, const char *name)
{
	struct member *mb = member_of(m, name);

	if (mb == NULL)
		mb = member_of_twin(m, name);
	return mb == NULL ? NULL : mb->session;
}

size_t
manager_assuming(const struct manager *m)
{
	return chain_running(m->chain);
}

bool
manager_below(struct manager *m, const struct session *s, const char *name)
{
	const struct profile *p = session_profile(s);
	size_t hops = m->nmembers;

	while (p->kind == PROFILE_CHAINED && hops-- > 0) {
		struct member *up;

		if (str_eq(p->source_profile, name))
			return true;
		if ((up = member_of(m, p->source_profile)) == NULL)
			break;
		p = session_profile(up->session);
	}
	return false;
}

struct session *
manager_session_at(struct manager *m, size_t i)
{
	return i < m->nmembers ? m->members[i].session : NULL;
}

struct identity *
manager_identity_of(struct manager *m, const struct session *s)
{
	const struct profile *p = session_profile(s);
	struct member *mb = member_of(
	    m, p->kind == PROFILE_CHAINED ? p->root : session_name(s));

	return mb == NULL ? NULL : mb->identity;
}

bool
manager_took_part(struct manager *m, const struct session *s)
{
	struct member *mb = member_of(m, session_name(s));

	return mb != NULL && mb->took_part;
}

/* Two objects may turn out to be one person: both asked for the name. */
static bool
same_person(const struct identity *a, const struct identity *b)
{
	_cleanup_free_ char *x = NULL, *y = NULL;

	if (a == b)
		return true;
	if (a == NULL || b == NULL || identity_user(a) == NULL ||
	    identity_user(b) == NULL ||
	    !str_eq(identity_base(a), identity_base(b)))
		return false;
	x = user_normal(identity_user(a));
	y = user_normal(identity_user(b));
	return str_eq(x, y);
}

/* What it waits for at one identity, it is to get from the other. */
static void
ask_anew(struct session *s)
{
	if (!session_wants(s))
		return;
	session_event(s, SESSION_CANCELLED, NULL);
	session_event(s, SESSION_WANTED, NULL);
}

/* Keys of another identity are not its keys, though the role be the same. */
static void
set_profile(struct manager *m, struct member *mb, struct profile *p)
{
	struct identity *before = mb->identity;
	bool moved;

	mb->identity = signs_in(p) ? manager_identity(m, p) : NULL;
	moved = !same_person(before, mb->identity);
	/* What a job brings for the profile as it was is not for this one. */
	if (moved || before != mb->identity ||
	    p->fingerprint != session_profile(mb->session)->fingerprint)
		mb->redeeming = false;
	session_set_profile(mb->session, p);
	if (moved)
		session_event(mb->session, SESSION_CHANGED, NULL);
	else if (before != mb->identity)
		ask_anew(mb->session);
	if (m->lock.on)
		manager_lock_session(m, mb->session);
}

static struct member *
take_profile(struct manager *m, struct profile *p)
{
	struct member *mb = member_of(m, p->name);

	if (mb != NULL) {
		mb->orphan = false;
		set_profile(m, mb, p);
		return mb;
	}
	/* Room for the next power of two: it moves where that is reached. */
	if ((m->nmembers & (m->nmembers - 1)) == 0)
		m->members = xreallocarray(m->members,
		    m->nmembers == 0 ? 1 : 2 * m->nmembers,
		    sizeof(*m->members));
	mb = &m->members[m->nmembers++];
	*mb = (struct member){ .session = session_new(&m->session_env, p),
		.clock_boot = -1,
		.identity = signs_in(p) ? manager_identity(m, p) : NULL };
	if (!m->stale)
		names_add(&m->names, p->name);
	if (m->lock.on)
		manager_lock_session(m, mb->session);
	return mb;
}

struct session *
manager_draft(struct manager *m, struct profile *p)
{
	struct member *mb = member_of(m, p->name);

	if (mb != NULL && mb->drafts == 0 &&
	    p->fingerprint != session_profile(mb->session)->fingerprint &&
	    session_creds(mb->session) != NULL) {
		mb->stash_profile = session_ref_profile(mb->session);
		mb->stash_creds = creds_ref(session_creds(mb->session));
	}
	mb = take_profile(m, p);
	if (mb->drafts++ == 0) {
		mb->was_kept = session_kept(mb->session);
		mb->was_logged_out = session_logged_out(mb->session);
	}
	/* Before its keys come, so that they are delivered. */
	session_set_kept(mb->session, true);
	return mb->session;
}

static void
unstash(struct member *mb)
{
	profile_unref(STEAL(mb->stash_profile));
	mb->stash_creds = creds_unref(mb->stash_creds);
}

void
manager_settle(struct manager *m, const char *name, bool keep)
{
	struct member *mb = member_of(m, name);
	struct profile *p = config_find(m->config, name);

	if (mb == NULL || mb->drafts == 0)
		return;
	mb->was_kept |= keep;
	if (--mb->drafts > 0)
		return;
	session_set_kept(mb->session, mb->was_kept);
	if (!mb->was_kept && mb->was_logged_out)
		session_set_logged_out(mb->session, true);
	/* What it delivered while it was tried out goes. */
	if (!session_kept(mb->session) && session_creds(mb->session) != NULL)
		manager_publish(m, MANAGER_LOGOUT, mb->session, NULL);
	if (!usable(p)) {
		orphan(m, mb);
	} else {
		set_profile(m, mb, p);
		/* The file may have changed meanwhile. */
		manager_publish(m, MANAGER_SESSION, mb->session, NULL);
		/* The draft came to nothing: what was is good still. */
		if (mb->stash_profile != NULL &&
		    mb->stash_profile->fingerprint == p->fingerprint &&
		    !creds_expired(mb->stash_creds, m->env.loop->clk) &&
		    session_creds(mb->session) == NULL)
			session_adopt(mb->session, creds_ref(mb->stash_creds));
	}
	unstash(mb);
}

static void
member_drop(struct manager *m, size_t i)
{
	unstash(&m->members[i]);
	chain_drop(m->chain, m->members[i].session);
	session_free(m->members[i].session);
	memmove(&m->members[i], &m->members[i + 1],
	    (m->nmembers - i - 1) * sizeof(*m->members));
	m->nmembers--;
	m->stale = true;
}

/* ---- what identities and sessions ask of each other ------------------------------------ */

static bool
on_wanted(struct identity *id, struct want *ret, void *arg)
{
	struct manager *m = arg;

	if (m->lock.on)
		return false;
	if (m->logins.wanted != NULL &&
	    m->logins.wanted(id, ret, m->logins.arg))
		return true;
	for (size_t i = 0; i < m->nmembers; i++) {
		struct session *s = m->members[i].session;

		if (m->members[i].identity != id || m->members[i].orphan ||
		    !session_wants(s))
			continue;
		ret->profile = session_profile(s);
		ret->attended = m->logins.watched != NULL &&
		    m->logins.watched(id, m->logins.arg);
		return true;
	}
	return false;
}

static bool
on_watched(struct identity *id, void *arg)
{
	struct manager *m = arg;

	return m->logins.watched != NULL &&
	    m->logins.watched(id, m->logins.arg);
}

static void
on_asked(struct identity *id, struct question *q, void *arg)
{
	struct manager *m = arg;

	if (m->logins.asked != NULL)
		m->logins.asked(id, q, m->logins.arg);
}

static void
on_told(struct identity *id, const json_t *tell, void *arg)
{
	struct manager *m = arg;

	if (m->logins.told != NULL)
		m->logins.told(id, tell, m->logins.arg);
}

static void
on_assertion(
    struct identity *id, const char *provider, const json_t *roles, void *arg)
{
	struct manager *m = arg;

	(void)provider;
	if (m->logins.assertion != NULL &&
	    m->logins.assertion(id, roles, m->logins.arg))
		return;
	manager_redeem(m, id);
}

static void
on_credentials(struct identity *id, const json_t *msg, void *arg)
{
	struct manager *m = arg;
	const char *name = json_string_value(json_object_get(msg, "profile"));
	struct member *mb = name == NULL ? NULL : member_of(m, name);
	_cleanup_fault_ struct fault f = { 0 };
	struct creds *c;

	/* Not asked for, or the profile changed while the job ran. */
	if (mb == NULL || !mb->redeeming || mb->identity != id ||
	    !str_eq(json_string_value(json_object_get(msg, "roleArn")),
		session_profile(mb->session)->role_arn))
		return;
	mb->redeeming = false;
	if (creds_from_json(msg, m->env.loop->clk, &c) < 0) {
		fault_set(&f, FAULT_PROTOCOL, REASON_MALFORMED,
		    _("AWS answered with credentials that cannot be written "
		      "to a file."));
		session_event(mb->session, SESSION_REFUSED, &f);
		return;
	}
	if (creds_expired(c, m->env.loop->clk)) {
		creds_unref(c);
		fault_set(&f, FAULT_TEMPORARY, REASON_CLOCK,
		    _("AWS answered with credentials that have expired "
		      "already."));
		session_event(mb->session, SESSION_TEMPORARY, &f);
		return;
	}
	session_give(mb->session, c);
}

/* Temporary ones come back by themselves, others rest. */
static enum session_event
role_event(const struct fault *f)
{
	return f->kind == FAULT_TEMPORARY ? SESSION_TEMPORARY :
	    f->kind == FAULT_NEEDS_USER	  ? SESSION_NEEDS_USER :
					    SESSION_REFUSED;
}

static void
on_role_fault(
    struct identity *id, const char *name, const struct fault *fault, void *arg)
{
	struct manager *m = arg;
	struct member *mb = member_of(m, name);
	_cleanup_fault_ struct fault f = { 0 };

	if (mb == NULL || !mb->redeeming || mb->identity != id)
		return;
	mb->redeeming = false;
	fault_copy(&f, fault);
	if (!session_attended(mb->session) &&
	    session_tries(mb->session) < PASSING_TRIES && passing_role(&f))
		passing_soften(&f);
	session_event(mb->session, role_event(&f), &f);
}

static void
on_ended(struct identity *id, const struct fault *fault, void *arg)
{
	struct manager *m = arg;
	bool held = fault->kind == FAULT_TEMPORARY ||
	    (fault->kind == FAULT_INTERNAL && fault->reason == REASON_WORKER);
	_cleanup_fault_ struct fault none = { 0 };
	unsigned wait = 0;

	fault_set(&none, FAULT_TEMPORARY, REASON_WORKER,
	    _("The sign-in ended before this role was redeemed."));
	for (size_t i = 0; i < m->nmembers; i++) {
		struct member *mb = &m->members[i];

		if (mb->identity != id)
			continue;
		if (fault_is(fault)) {
			if (session_wants(mb->session)) {
				wait++;
				session_event(mb->session,
				    held ? SESSION_HELD : SESSION_NEEDS_USER,
				    fault);
			}
		} else if (mb->redeeming) {
			session_event(mb->session, SESSION_TEMPORARY, &none);
		}
		mb->redeeming = false;
	}
	identity_wait_for(id, wait);
	manager_publish(m, MANAGER_JOB_ENDED, NULL, NULL);
	if (m->logins.ended != NULL)
		m->logins.ended(id, fault, m->logins.arg);
}

static void
on_identity_changed(struct identity *id, void *arg)
{
	(void)id;
	manager_publish(arg, MANAGER_IDENTITY, NULL, NULL);
}

static const struct settings *
on_settings(void *arg)
{
	struct manager *m = arg;

	return &m->config->settings;
}

static double
on_random(void *arg)
{
	struct manager *m = arg;

	return m->env.random(m->env.arg);
}

static double
on_luck(struct session *s, void *arg)
{
	struct manager *m = arg;
	const struct member *mb = member_of(m, session_name(s));

	return mb == NULL || mb->identity == NULL ? on_random(m) :
						    identity_luck(mb->identity);
}

/* What the keys live still that its next sign-in is for: the least. */
static int64_t
on_left(struct identity *id, void *arg)
{
	struct manager *m = arg;
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < m->nmembers; i++) {
		struct session *s = m->members[i].session;
		struct creds *c = session_creds(s);
		int64_t left;

		if (m->members[i].identity != id || !session_wants(s))
			continue;
		left = c == NULL ? 0 :
				   deadline_left(m->env.loop->clk,
				       creds_deadline(c, m->env.loop->clk));
		if (left < least)
			least = left;
	}
	return least == INT64_MAX ? 0 : least;
}

static enum session_want
on_want(struct session *s, bool attended, struct fault *fault, void *arg)
{
	struct manager *m = arg;
	const struct member *mb = member_of(m, session_name(s));
	struct identity *id = mb->identity;

	if (mb->orphan) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The profile %s is not in %s any more."), session_name(s),
		    m->config->path);
		return SESSION_REFUSES;
	}
	if (fault_is(&session_profile(s)->fault)) {
		fault_copy(fault, &session_profile(s)->fault);
		return SESSION_REFUSES;
	}
	/* A sign-in without a role to redeem would never be enough. */
	if (session_profile(s)->role_arn == NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The profile %s names no role yet."), session_name(s));
		fault_next(fault, "awsfedctl login %s", session_name(s));
		return SESSION_REFUSES;
	}
	if (!attended && session_logged_out(s)) {
		fault_set(fault, FAULT_NEEDS_USER, REASON_EXPIRED,
		    _("You have logged out of %s."), session_name(s));
		fault_next(fault, "awsfedctl login %s", session_name(s));
		return SESSION_REFUSES;
	}
	/* Who waits is called when it is unlocked. */
	if (manager_lock_fault(m, fault))
		return SESSION_WAITS;
	if (id == NULL)
		return chain_want(m->chain, s, attended, fault);
	/* It is looked at again when another sign-in brings an assertion. */
	if (!attended && manager_role_gone(m, id, s, fault))
		return SESSION_REFUSES;
	switch (identity_want(id, attended)) {
	case IDENTITY_WILL:
		return SESSION_WILL;
	case IDENTITY_WAITS:
		fault_copy(fault, identity_fault(id));
		return SESSION_WAITS;
	case IDENTITY_REFUSES:
		break;
	}
	if (fault_is(identity_fault(id)))
		fault_copy(fault, identity_fault(id));
	else
		fault_set(fault, FAULT_NEEDS_USER, REASON_EXPIRED,
		    _("The sign-in at %s has ended."), identity_host(id));
	if (fault->next == NULL)
		fault_next(fault, "awsfedctl login %s", session_name(s));
	return SESSION_REFUSES;
}

static void
on_session_changed(struct session *s, bool new_creds, void *arg)
{
	struct manager *m = arg;
	const struct member *mb = member_of(m, session_name(s));

	if (mb != NULL && mb->orphan && session_creds(s) == NULL)
		m->env.loop->ops->timer_set(
		    m->reaper, (struct deadline){ 0, 0 });
	if (m->lock.on)
		manager_lock_session(m, s);
	/* One that waits for its turn is fresh, and has no keys to lend. */
	chain_changed(m->chain, s,
	    new_creds ||
		(session_state(s) == SESSION_FRESH &&
		    session_creds(s) != NULL));
	manager_publish(
	    m, new_creds ? MANAGER_CREDENTIALS : MANAGER_SESSION, s, NULL);
}

static int64_t
on_clock_rest(struct session *s, void *arg)
{
	struct manager *m = arg;
	struct member *mb = member_of(m, session_name(s));

	return mb->identity != NULL ?
	    identity_clock_rest(mb->identity) :
	    skew_clock_rest(&mb->clock_boot, m->env.loop->clk);
}

void
manager_clock(struct manager *m, int64_t ahead_s)
{
	skew_measure(&m->aws, m->env.loop->clk, ahead_s);
}

static void
on_clock(int64_t ahead_s, void *arg)
{
	manager_clock(arg, ahead_s);
}

static bool
on_worked(struct identity *id, void *arg)
{
	return manager_worked(arg, id);
}

/* ---- redeeming ---------------------------------------------------------------------------- */

static const char *
provider_arn(const json_t *roles, const char *role)
{
	const json_t *r;
	size_t i;

	json_array_foreach (roles, i, r)
		if (str_eq(
			json_string_value(json_object_get(r, "roleArn")), role))
			return json_string_value(
			    json_object_get(r, "principalArn"));
	return NULL;
}

static json_t *
redeem_entry(
    const struct manager *m, const struct profile *p, const char *principal)
{
	const struct settings *set = &m->config->settings;
	int64_t duration = p->session_duration > 0 ? p->session_duration : 3600;
	json_t *o = json_object();

	if (duration > set->max_duration)
		duration = set->max_duration;
	json_put_str(o, "profile", p->name);
	json_put_str(o, "roleArn", p->role_arn);
	json_put_str(o, "principalArn", principal);
	json_put_int(o, "duration", duration);
	message_role(o, p, set);
	return o;
}

/*
 * Is it wanted, or would it be soon: kept, and past 40 %, without keys, or told
 * that a person has to sign in, which has just been done?
 */
static bool
rides(struct session *s)
{
	return session_wants(s) ||
	    (session_renews(s) && session_state(s) != SESSION_FAILED &&
		(session_due_soon(s) ||
		    session_state(s) == SESSION_NEEDS_LOGIN));
}

void
manager_redeem(struct manager *m, struct identity *id)
{
	const json_t *roles = identity_roles(id);
	json_t *list;

	/* Else nobody would answer those that joined. */
	if (!identity_awaits(id))
		return;
	list = json_array();
	manager_compare_roles(m, id);
	for (size_t i = 0; i < m->nmembers; i++) {
		struct member *mb = &m->members[i];
		const struct profile *p = session_profile(mb->session);
		const char *principal;

		if (mb->identity != id)
			continue;
		/* Of an earlier job, too, that another took the place of. */
		mb->took_part = mb->redeeming = false;
		if (mb->orphan ||
		    !str_eq(p->provider_id, identity_provider(id)) ||
		    p->role_arn == NULL)
			continue;
		principal = provider_arn(roles, p->role_arn);
		if (principal == NULL) {
			mb->took_part = session_wants(mb->session) ||
			    (session_kept(mb->session) &&
				session_fault(mb->session)->reason !=
				    REASON_GONE);
			manager_set_gone(m, id, mb->session);
			continue;
		}
		session_event(mb->session, SESSION_FOUND, NULL);
		if (!rides(mb->session))
			continue;
		session_event(mb->session, SESSION_RIDE, NULL);
		mb->took_part = true;
		mb->redeeming = true;
		json_array_append_new(list, redeem_entry(m, p, principal));
	}
	known_save(m->env.known);
	identity_redeem(id, list);
}

/* ---- the configuration ---------------------------------------------------------------------- */

/* A profile is either usable or not, and has one session: named once. */
static void
note(struct strv *changed, const char *name)
{
	if (changed != NULL)
		strv_add(changed, name);
}

static void
apply(struct manager *m, struct strv *changed)
{
	for (size_t i = 0; i < m->config->nprofiles; i++) {
		struct profile *p = m->config->profiles[i];
		struct member *mb;
		bool had;

		if (!usable(p))
			continue;
		mb = member_of(m, p->name);
		had = mb != NULL && session_creds(mb->session) != NULL;
		if (mb == NULL ||
		    session_profile(mb->session)->fingerprint != p->fingerprint)
			note(changed, p->name);
		/* A draft waits for its login to settle it. */
		if (mb == NULL || mb->drafts == 0)
			mb = take_profile(m, p);
		/* The file still has the old ones, which nobody renews. */
		if (had && session_creds(mb->session) == NULL &&
		    session_renews(mb->session))
			session_event(mb->session, SESSION_WANTED, NULL);
		if (signs_in(p))
			(void)manager_identity(m, p);
	}
	for (size_t i = 0; i < m->nmembers; i++) {
		struct member *mb = &m->members[i];
		const struct profile *p =
		    config_profile(m->config, session_name(mb->session));

		if (mb->orphan || mb->drafts > 0 || usable(p))
			continue;
		note(changed, session_name(mb->session));
		orphan(m, mb);
	}
}

static void
reap(void *arg)
{
	struct manager *m = arg;

	for (size_t i = m->nmembers; i-- > 0;) {
		struct member *mb = &m->members[i];

		if (!mb->orphan || session_creds(mb->session) != NULL)
			continue;
		manager_publish(m, MANAGER_LOGOUT, mb->session, NULL);
		member_drop(m, i);
	}
}

/* All zero when it is not there. */
static struct seen
seen_at(const char *path)
{
	struct stat st;

	if (path == NULL || stat(path, &st) < 0)
		return (struct seen){ 0 };
	return (struct seen){ st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
}

static void
remember_file(struct manager *m)
{
	m->seen = m->seen_policy = (struct seen){ 0 };
	if (m->config == NULL)
		return;
	m->seen = seen_at(m->config->path);
	/* Whose it is and who may write there says nothing: it is not asked. */
	m->seen.changed = (struct timespec){ 0 };
	m->seen_policy = seen_at(m->config->policy.path);
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
same_file(const struct seen *a, const struct seen *b)
{
	return a->ino == b->ino && a->size == b->size &&
	    same_time(&a->mtime, &b->mtime) &&
	    same_time(&a->changed, &b->changed);
}

/*
 * The AWS CLI truncates the file and writes it again: somebody may be at it
 * just now.  Is something missing that was there, in a file so young?
 */
static bool
half_written(const struct manager *m, const struct config *fresh)
{
	int64_t age = clk_real(m->env.loop->clk) / USEC - m->seen.mtime.tv_sec;

	if (m->config == NULL || age < 0 || age > HALF_WRITTEN_AGE)
		return false;
	if (fault_is(&fresh->fault))
		return true;
	for (size_t i = 0; i < m->config->nprofiles; i++)
		if (config_profile(fresh, m->config->profiles[i]->name) == NULL)
			return true;
	return false;
}

struct loading {
	struct manager *m;
	struct config *fresh;
	struct fault *fault;
};

static int
look(bool last, void *arg)
{
	struct loading *l = arg;

	/* First: what changes meanwhile is seen the next time. */
	remember_file(l->m);
	if (l->m->env.load(&l->fresh, l->fault, l->m->env.arg) < 0)
		return -1;
	if (last || !half_written(l->m, l->fresh))
		return 1;
	l->fresh = config_unref(l->fresh);
	return 0;
}

static void
log_policy(const struct policy *po)
{
	if (fault_is(&po->fault))
		log_warning("%s", po->fault.text);
	for (size_t i = 0; i < po->notes.n; i++)
		log_info("%s", po->notes.v[i]);
}

int
manager_reload(struct manager *m, struct strv *changed, struct fault *fault)
{
	struct loading l = { .m = m, .fault = fault };
	struct config *fresh;
	bool again;

	if (reread(look, &l) < 0) {
		m->unread = true;
		fault_copy(&m->config_fault, fault);
		return -1;
	}
	fresh = l.fresh;
	again = m->unread && fresh->policy.unread;
	m->unread = fresh->policy.unread;
	fault_copy(&m->config_fault, &fresh->fault);
	if (fault_is(&fresh->fault) && m->config != NULL) {
		/* A broken file keeps the old settings. */
		fault_copy(fault, &fresh->fault);
		config_unref(fresh);
		return -1;
	}
	if (m->config != NULL && !again)
		log_info("the configuration was read anew: %s", fresh->path);
	manager_index_drop(m);
	config_unref(m->config);
	m->config = fresh;
	if (!again)
		log_policy(&fresh->policy);
	apply(m, changed);
	manager_use_keyrings(m);
	manager_publish(m, MANAGER_CONFIG, NULL, NULL);
	return 0;
}

void
manager_look(struct manager *m)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct seen before = m->seen, policy = m->seen_policy;
	_cleanup_free_ char *said = NULL;

	remember_file(m);
	/* What could not be read may be readable now, and looks as before. */
	if (!m->unread && same_file(&before, &m->seen) &&
	    same_file(&policy, &m->seen_policy))
		return;
	said = xstrdup(m->config_fault.text);
	if (manager_reload(m, NULL, &f) < 0 && !str_eq(f.text, said))
		log_warning("%s", f.text);
}

const struct config *
manager_config(const struct manager *m)
{
	return m->config;
}

const struct fault *
manager_config_fault(const struct manager *m)
{
	return &m->config_fault;
}

/* ---- logout ------------------------------------------------------------------------------------ */

void
manager_release_waiting(struct manager *m, struct identity *id)
{
	for (size_t i = 0; i < m->nmembers; i++) {
		struct member *mb = &m->members[i];

		if (mb->identity != id)
			continue;
		mb->redeeming = false;
		session_event(mb->session, SESSION_CANCELLED, NULL);
	}
}

void
manager_cancel(struct manager *m, struct identity *id)
{
	/* Sessions first: the identity looks at once who still wants it. */
	manager_release_waiting(m, id);
	identity_cancel(id);
	manager_publish(m, MANAGER_JOB_ENDED, NULL, NULL);
}

void
manager_logout_identity(struct manager *m, struct identity *id)
{
	_cleanup_fault_ struct fault f = { 0 };

	manager_release_waiting(m, id);
	identity_logout(id);
	fault_set(&f, FAULT_CANCELLED, REASON_NONE,
	    _("Somebody logged out of %s meanwhile."), identity_host(id));
	if (m->logins.ended != NULL)
		m->logins.ended(id, &f, m->logins.arg);
}

void
manager_force(struct manager *m, struct session *s)
{
	manager_publish(m, MANAGER_FORCE, s, NULL);
}

void
manager_logout(struct manager *m, struct session *s)
{
	struct member *mb = member_of(m, session_name(s));
	struct identity *id = mb->identity;

	mb->redeeming = false;
	mb->was_kept = false;
	session_event(s, SESSION_LOGOUT, NULL);
	session_set_kept(s, false);
	session_set_logged_out(s, true);
	manager_publish(m, MANAGER_LOGOUT, s, NULL);
	chain_drop(m->chain, s);
	if (session_profile(s)->kind == PROFILE_CHAINED)
		return; /* its source stays signed in */
	for (size_t i = 0; i < m->nmembers; i++) {
		struct session *other = m->members[i].session;

		if (other != s && !m->members[i].orphan &&
		    session_kept(other) && m->members[i].identity == id)
			return;
	}
	manager_logout_identity(m, id);
}

/* ---- life ------------------------------------------------------------------------------------------ */

struct manager *
manager_new(const struct manager_env *env)
{
	static const struct identity_ops identity_ops = {
		on_wanted,
		on_watched,
		on_asked,
		on_told,
		on_assertion,
		on_credentials,
		on_role_fault,
		on_ended,
		on_identity_changed,
		on_worked,
		manager_opened,
		on_left,
	};
	static const struct session_ops session_ops = {
		on_want,
		on_session_changed,
	};
	struct manager *m = xcalloc(1, sizeof(*m));

	m->env = *env;
	m->farms = farms_new(env->loop->clk);
	m->identity_env = (struct identity_env){
		.loop = env->loop,
		.jobs = env->jobs,
		.commands = env->commands,
		.prompts = env->prompts,
		.ledger = env->ledger,
		.recorder = env->recorder,
		.vault = env->vault,
		.credentials = env->credentials,
		.farms = m->farms,
		.settings = on_settings,
		.random = on_random,
		.clock = on_clock,
		.ops = &identity_ops,
		.arg = m,
	};
	m->session_env = (struct session_env){
		.loop = env->loop,
		.settings = on_settings,
		.clock_rest = on_clock_rest,
		.random = on_random,
		.ops = &session_ops,
		.arg = m,
		.luck = on_luck,
	};
	m->started = clk_real(env->loop->clk) / USEC;
	m->new_roles = json_array();
	m->more = json_object();
	m->reaper = timer_new(env->loop, reap, m);
	m->chain = chain_new(m);
	manager_wake_init(m);
	return m;
}

void
manager_free(struct manager *m)
{
	if (m == NULL)
		return;
	while (m->nmembers > 0)
		member_drop(m, m->nmembers - 1);
	for (size_t i = 0; i < m->nidentities; i++)
		identity_free(m->identities[i]);
	farms_free(m->farms);
	chain_free(m->chain);
	manager_barriers_free(m);
	m->env.loop->ops->timer_free(m->reaper);
	manager_wake_done(m);
	manager_index_drop(m);
	config_unref(m->config);
	fault_done(&m->config_fault);
	fault_done(&m->file_fault);
	json_decref(m->new_roles);
	json_decref(m->more);
	strv_done(&m->news);
	xfree(m->lock.path);
	names_done(&m->names);
	xfree(m->members);
	xfree(m->identities);
	xfree(m->surfaces);
	xfree(m);
}

void
manager_tell(struct manager *m, struct session *s)
{
	manager_publish(m, MANAGER_SESSION, s, NULL);
}

void
manager_set_file_fault(struct manager *m, const struct fault *fault)
{
	fault_copy(&m->file_fault, fault);
}

void
manager_set_more(struct manager *m, const char *key, json_t *value)
{
	json_object_set_new(m->more, key, value);
}

const struct manager_env *
manager_env(const struct manager *m)
{
	return &m->env;
}

void
manager_set_logins(struct manager *m, const struct manager_logins *l)
{
	m->logins = *l;
}
