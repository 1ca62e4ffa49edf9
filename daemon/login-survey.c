/* SPDX-License-Identifier: Apache-2.0 */
#include "login-survey.h"

#include <stdlib.h>
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "identity.h"
#include "loop.h"
#include "session.h"

/* Stands for a profile that is never written; not a name people choose. */
#define NOBODY "awsfed.survey"

#define KEY_HOST "adfs_config.adfs_host"
#define KEY_USER "adfs_config.adfs_user"
#define KEY_PROVIDER "adfs_config.provider_id"

struct surveys {
	struct survey v[SURVEYS_MAX];
	size_t n;
};

/* ---- whose sign-in it is ------------------------------------------------------ */

/* An AD FS profile that signs in as the request says; NULL when none does. */
static const struct profile *
like(const struct config *c, const struct login_request *req)
{
	const struct profile *found = NULL;

	for (size_t i = 0; i < c->nprofiles; i++) {
		const struct profile *p = c->profiles[i];

		if (p->kind != PROFILE_ADFS || p->identity_base == NULL ||
		    fault_is(&p->fault) ||
		    (req->host != NULL &&
			!str_caseeq(req->host, p->adfs_host)) ||
		    (req->user != NULL && p->adfs_user != NULL &&
			!str_caseeq(req->user, p->adfs_user)) ||
		    (req->provider_id != NULL &&
			!str_eq(req->provider_id, p->provider_id)))
			continue;
		/* Without a host it must be clear which one is meant. */
		if (found != NULL && req->host == NULL &&
		    !str_eq(found->identity_base, p->identity_base))
			return NULL;
		if (found == NULL ||
		    (found->adfs_user == NULL && p->adfs_user != NULL))
			found = p;
	}
	return found;
}

static int
named(const struct config *c, const char *name, const struct profile **ret,
    struct fault *fault)
{
	const struct profile *p = config_profile(c, name);

	if (p != NULL && p->kind == PROFILE_CHAINED && p->root != NULL)
		p = config_profile(c, p->root);
	if (p == NULL || p->kind != PROFILE_ADFS) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s is not an AD FS profile of %s."), name, c->path);
		fault_next(fault, _("name the server with --adfs-host HOST"));
		return -1;
	}
	*ret = p;
	return 0;
}

int
login_survey_fill(
    struct login *l, const struct login_request *req, struct fault *fault)
{
	const struct config *c = manager_config(l->logins->manager);
	const struct profile *p = NULL;
	struct target *t;

	if (req->all || req->profiles.n > 1 || req->role_arn != NULL ||
	    req->region != NULL || req->output != NULL ||
	    req->session_duration > 0)
		return fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("A survey is of one sign-in and changes no profile."));
	if (req->profiles.n == 1) {
		if (named(c, req->profiles.v[0], &p, fault) < 0)
			return -1;
	} else {
		/* The agent's default server comes before a guess. */
		struct login_request r = *req;

		if (r.host == NULL)
			r.host = c->settings.adfs_host;
		p = like(c, &r);
	}
	t = login_add_target(l, p != NULL ? p->name : NOBODY);
	if (p == NULL && req->host != NULL)
		login_target_edit(t, KEY_HOST, req->host);
	if (req->user != NULL && (p == NULL || p->adfs_user == NULL))
		login_target_edit(t, KEY_USER, req->user);
	if (req->provider_id != NULL && p == NULL)
		login_target_edit(t, KEY_PROVIDER, req->provider_id);
	if (req->no_ssl_verification)
		login_target_edit(t, "adfs_config.ssl_verification", "False");
	return 0;
}

/* ---- the roles ------------------------------------------------------------------ */

/* By this identity, or by one that is the same person? */
static bool
signs_in(const struct identity *id, const struct profile *p)
{
	_cleanup_free_ char *a = NULL, *b = NULL;

	if (!str_eq(p->identity_base, identity_base(id)))
		return false;
	if (p->adfs_user == NULL || identity_user(id) == NULL)
		return true;
	a = user_normal(p->adfs_user);
	b = user_normal(identity_user(id));
	return str_eq(a, b);
}

static const char *
profile_of_role(struct manager *m, const struct identity *id, const char *role)
{
	const char *narrow = NULL;
	struct session *s;

	for (size_t i = 0; (s = manager_session_at(m, i)) != NULL; i++) {
		const struct profile *p = session_profile(s);

		if (!str_eq(p->role_arn, role) || !signs_in(id, p) ||
		    config_profile(manager_config(m), p->name) == NULL)
			continue;
		if (p->policy == NULL && p->policy_arns.n == 0)
			return session_name(s);
		if (narrow == NULL)
			narrow = session_name(s);
	}
	return narrow;
}

static const char *
text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static const char *
sort_name(const json_t *o)
{
	const char *s = text(o, "alias");

	if (s == NULL)
		s = text(o, "account");
	return s != NULL ? s : "";
}

static int
by_account(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int r = strcmp(sort_name(x), sort_name(y));

	return r != 0 ? r : strcmp(text(x, "roleArn"), text(y, "roleArn"));
}

json_t *
survey_roles(struct manager *m, const struct identity *id)
{
	const json_t *roles = identity_roles(id), *r;
	const json_t *aliases = identity_aliases(id);
	size_t n = json_array_size(roles), i;
	json_t **v = xcalloc(n, sizeof(*v)), *list = json_array();

	json_array_foreach (roles, i, r) {
		const char *arn = text(r, "roleArn");
		_cleanup_arn_ struct arn a = { 0 };

		v[i] = json_deep_copy(r);
		if (arn_parse(arn, &a) == 0) {
			json_put_str(v[i], "account", a.account);
			json_put_str(v[i], "alias", text(aliases, a.account));
			json_put_str(v[i], "role", a.name);
		}
		json_put_str(v[i], "profile", profile_of_role(m, id, arn));
	}
	qsort(v, n, sizeof(*v), by_account);
	for (i = 0; i < n; i++)
		json_array_append_new(list, v[i]);
	xfree(v);
	return list;
}

/* ---- how a profile of this sign-in is written -------------------------------------- */

static bool
sign_in_key(const char *key)
{
	/* These tell identities and relying parties apart. */
	static const char *const always[] = { KEY_PROVIDER, "awsfed.auth",
		"awsfed.path", "awsfed.query" };
	const struct key_info *k;

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		if (str_eq(key, always[i]))
			return true;
	for (size_t i = 0; (k = profile_key_at(i)) != NULL; i++)
		if (k->affects_signin && str_eq(k->name, key))
			return true;
	return false;
}

/*
 * As the profile that signed in, in every key that a sign-in depends on: two
 * profiles of one identity may not contradict each other.
 */
static void
write_recipe(struct login *l, const struct target *t, struct target *out)
{
	const struct config *c = manager_config(l->logins->manager);
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_ini_ struct ini *doc = login_config_read(c, &f);
	_cleanup_free_ char *section =
	    doc == NULL ? NULL : config_find_section(doc, t->name);
	const struct key_info *k;

	login_target_edit(out, KEY_HOST, t->profile->adfs_host);
	if (identity_user(l->identity) != NULL)
		login_target_edit(out, KEY_USER, identity_user(l->identity));
	for (size_t i = 0; doc != NULL && (k = profile_key_at(i)) != NULL;
	     i++) {
		const char *v = ini_get(doc, section, k->name);

		if (!str_empty(v) && !str_eq(v, "None") &&
		    sign_in_key(k->name) && !str_eq(k->name, KEY_HOST) &&
		    !str_eq(k->name, KEY_USER))
			login_target_edit(out, k->name, v);
	}
	for (size_t i = 0; i < t->nedits; i++)
		if (!str_eq(t->edits[i].key, KEY_HOST) &&
		    !str_eq(t->edits[i].key, KEY_USER))
			login_target_edit(
			    out, t->edits[i].key, t->edits[i].value);
}

/* ---- what is kept -------------------------------------------------------------------- */

static void
survey_done(struct survey *s)
{
	xfree(s->id);
	xfree(s->base);
	xfree(s->user);
	json_decref(s->roles);
	login_target_done(&s->recipe);
	*s = (struct survey){ 0 };
}

void
surveys_free(struct surveys *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		survey_done(&s->v[i]);
	xfree(s);
}

const struct survey *
survey_find(const struct logins *ls, const char *id)
{
	for (size_t i = 0; ls->surveys != NULL && i < ls->surveys->n; i++)
		if (str_eq(ls->surveys->v[i].id, id))
			return &ls->surveys->v[i];
	return NULL;
}

static struct survey *
survey_new(struct logins *ls)
{
	struct surveys *s = ls->surveys;

	if (s == NULL)
		s = ls->surveys = xcalloc(1, sizeof(*s));
	if (s->n == SURVEYS_MAX) {
		survey_done(&s->v[0]);
		memmove(&s->v[0], &s->v[1], (s->n - 1) * sizeof(s->v[0]));
		s->n--;
	}
	s->v[s->n] = (struct survey){ 0 };
	return &s->v[s->n++];
}

bool
login_survey_asks(const struct login *l, const struct identity *id)
{
	const struct manager_env *env = manager_env(l->logins->manager);
	int64_t now = clk_real(env->loop->clk) / USEC;
	int64_t asked = identity_aliases_asked(id);

	if (!l->survey || !l->aliases)
		return false;
	return identity_aliases(id) == NULL || asked > now ||
	    now - asked > SURVEY_ALIASES_LIFE;
}

void
login_survey_take(struct login *l, struct identity *id)
{
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];
		struct survey *s;

		if (!t->active || t->done)
			continue;
		/* The job may have been another's: then ours follows. */
		if (!str_eq(t->profile->provider_id, identity_provider(id)) ||
		    (l->aliases && identity_aliases(id) == NULL &&
			!identity_asked_aliases(id)))
			continue;
		s = survey_new(l->logins);
		s->id = xstrdup(l->id);
		s->base = xstrdup(identity_base(id));
		s->user = xstrdup(identity_user(id));
		s->roles = survey_roles(l->logins->manager, id);
		write_recipe(l, t, &s->recipe);
		json_decref(l->roles);
		l->roles = json_incref(s->roles);
		t->done = true;
	}
}

void
login_survey_step(const struct login *l, json_t *done)
{
	if (l->roles == NULL)
		return;
	json_put_str(done, "survey", l->id);
	json_object_set(done, "roles", l->roles);
}
