/* SPDX-License-Identifier: Apache-2.0 */
#include "configure.h"

#include <inttypes.h>
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "configure-name.h"
#include "files.h"
#include "login-survey.h"
#include "manager.h"
#include "undo.h"

#define TWIN_SUFFIX "-ro"

struct entry {
	char *profile;
	char *arn;
	char *account;
	char *alias; /* or NULL */
	char *role;
	bool exists;	       /* left alone */
	bool twin;	       /* narrowed to reading */
	struct target section; /* its keys; none when it exists */
};

struct configure_plan {
	char *path;
	struct entry *v;
	size_t n;
	size_t nnew;
	char digest[17];
	char *diff;
	/* while it is written */
	struct manager *manager;
	struct undo_change *change;
	configure_done_fn *done;
	void *arg;
};

struct configure_plan *
configure_plan_free(struct configure_plan *p)
{
	if (p == NULL)
		return NULL;
	for (size_t i = 0; i < p->n; i++) {
		struct entry *e = &p->v[i];

		xfree(e->profile);
		xfree(e->arn);
		xfree(e->account);
		xfree(e->alias);
		xfree(e->role);
		login_target_done(&e->section);
	}
	undo_change_free(p->change);
	xfree(p->v);
	xfree(p->path);
	xfree(p->diff);
	xfree(p);
	return NULL;
}

static void
plan_freep(struct configure_plan **p)
{
	configure_plan_free(*p);
}

const char *
configure_digest(const struct configure_plan *p)
{
	return p->digest;
}

/* ---- which roles ---------------------------------------------------------------- */

static void
add_role(struct configure_plan *p, const json_t *role, bool twin)
{
	const char *arn = json_string_value(json_object_get(role, "roleArn"));
	const char *alias = json_string_value(json_object_get(role, "alias"));
	_cleanup_arn_ struct arn a = { 0 };

	if (arn_parse(arn, &a) < 0 || a.type != ARN_ROLE)
		return; /* not one that a profile could have */
	p->v = xreallocarray(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n++] = (struct entry){ .arn = xstrdup(arn),
		.account = STEAL(a.account),
		.alias = xstrdup(alias),
		.role = STEAL(a.name),
		.twin = twin };
}

/* Plain ones first, then their twins in the same order. */
static int
add_roles(struct configure_plan *p, const struct survey *survey,
    const struct configure_request *req, bool twin, struct fault *fault)
{
	size_t i;
	json_t *v;

	if (req->picks == NULL) {
		json_array_foreach (survey->roles, i, v)
			add_role(p, v, twin);
		return 0;
	}
	json_array_foreach (req->picks, i, v) {
		json_int_t at = json_integer_value(v);

		if (!json_is_integer(v) || at < 0 ||
		    (size_t)at >= json_array_size(survey->roles))
			return fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
			    _("There is no such role in the list."));
		for (size_t k = 0; k < i; k++)
			if (json_equal(v, json_array_get(req->picks, k)))
				at = -1;
		if (at >= 0)
			add_role(
			    p, json_array_get(survey->roles, (size_t)at), twin);
	}
	return 0;
}

/* ---- which have a profile --------------------------------------------------------- */

static char *
read_only_arn(const char *role)
{
	const struct partition *p = partition_of_arn(role);

	return xasprintf("arn:%s:iam::aws:policy/ReadOnlyAccess",
	    p == NULL ? "aws" : p->name);
}

static bool
same_user(const struct survey *s, const struct profile *p)
{
	_cleanup_free_ char *a = s->user == NULL ? NULL : user_normal(s->user);
	_cleanup_free_ char *b =
	    p->adfs_user == NULL ? NULL : user_normal(p->adfs_user);

	return a == NULL || b == NULL || str_eq(a, b);
}

/* The profile of this role at this sign-in, or NULL. */
static const char *
existing(
    const struct config *c, const struct survey *s, const char *arn, bool twin)
{
	_cleanup_free_ char *ro = read_only_arn(arn);

	for (size_t i = 0; i < c->nprofiles; i++) {
		const struct profile *p = c->profiles[i];

		if (p->kind != PROFILE_ADFS || !str_eq(p->role_arn, arn) ||
		    !str_eq(p->identity_base, s->base) || !same_user(s, p))
			continue;
		if (twin ? p->policy_arns.n == 1 &&
			    str_eq(p->policy_arns.v[0], ro) :
			   p->policy == NULL && p->policy_arns.n == 0)
			return p->name;
	}
	return NULL;
}

/* Names that are somebody's, in either file. */
static void
taken_names(const struct config *c, const struct ini *doc, struct strv *ret)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_ini_ struct ini *creds = NULL;
	size_t len = 0;

	for (size_t i = 0; i < ini_nsections(doc); i++) {
		char *name = config_profile_name(ini_section(doc, i));

		if (name != NULL)
			strv_take(ret, name);
	}
	if (path_read(c->credentials_path, INI_MAX, &data, &len) < 0)
		return;
	creds = ini_parse(data, len);
	for (size_t i = 0; i < ini_nsections(creds); i++)
		strv_add(ret, ini_section(creds, i));
}

static int
name_plain(struct configure_plan *p, const char *template, struct strv *taken,
    struct fault *fault)
{
	struct name_wish *w = xcalloc(p->n, sizeof(*w));
	size_t n = 0, k = 0;
	int r;

	for (size_t i = 0; i < p->n; i++)
		if (!p->v[i].exists)
			w[n++] = (struct name_wish){ p->v[i].alias,
				p->v[i].account, p->v[i].role, NULL };
	r = names_choose(template, w, n, taken, fault);
	for (size_t i = 0; r == 0 && i < p->n; i++) {
		if (p->v[i].exists)
			continue;
		strv_add(taken, w[k].name);
		p->v[i].profile = w[k++].name;
	}
	xfree(w);
	return r;
}

/* Beside each of the first n its twin. */
static int
name_twins(
    struct configure_plan *p, size_t n, struct strv *taken, struct fault *fault)
{
	for (size_t i = 0; n + i < p->n; i++) {
		_cleanup_free_ char *base = NULL;
		struct entry *e = &p->v[n + i];

		if (e->exists)
			continue;
		base = xasprintf("%s" TWIN_SUFFIX, p->v[i].profile);
		e->profile = name_free_one(base, taken);
		if (strlen(e->profile) > PROFILE_NAME_MAX) {
			fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
			    _("The name %s is too long for a profile."),
			    e->profile);
			fault_next(
			    fault, _("choose a shorter one with --template"));
			return -1;
		}
		strv_add(taken, e->profile);
	}
	return 0;
}

static void
find_existing(struct configure_plan *p, const struct config *c,
    const struct survey *s, size_t from)
{
	for (size_t i = from; i < p->n; i++) {
		const char *name = existing(c, s, p->v[i].arn, p->v[i].twin);

		p->v[i].exists = name != NULL;
		p->v[i].profile = xstrdup(name);
	}
}

/* ---- what is written ---------------------------------------------------------------- */

static void
fill_entry(struct entry *e, const struct survey *s, const char *region)
{
	struct target *t = &e->section;

	if (region != NULL)
		login_target_edit(t, "region", region);
	for (size_t i = 0; i < s->recipe.nedits; i++)
		login_target_edit(
		    t, s->recipe.edits[i].key, s->recipe.edits[i].value);
	login_target_edit(t, "adfs_config.role_arn", e->arn);
	if (e->twin) {
		_cleanup_free_ char *ro = read_only_arn(e->arn);

		login_target_edit(t, "awsfed.policy_arns", ro);
	}
}

static uint64_t
mix(uint64_t h, const char *s)
{
	do {
		h = (h ^ (unsigned char)*s) * 0x100000001b3; /* FNV-1a */
	} while (*s++ != '\0');
	return h;
}

static void
fill(struct configure_plan *p, const struct survey *s, const char *region)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < p->n; i++) {
		struct entry *e = &p->v[i];

		if (e->exists)
			continue;
		p->nnew++;
		fill_entry(e, s, region);
		h = mix(h, e->profile);
		for (size_t k = 0; k < e->section.nedits; k++) {
			h = mix(h, e->section.edits[k].key);
			h = mix(h, e->section.edits[k].value);
		}
	}
	snprintf(p->digest, sizeof(p->digest), "%016" PRIx64, h);
}

/* Also in the writer thread: touches the document and the plan alone. */
static int
apply(struct ini *doc, void *arg, struct fault *fault)
{
	const struct configure_plan *p = arg;
	_cleanup_strv_ struct strv there = { 0 };

	for (size_t i = 0; i < ini_nsections(doc); i++) {
		char *name = config_profile_name(ini_section(doc, i));

		if (name != NULL)
			strv_take(&there, name);
	}
	for (size_t i = 0; i < p->n; i++) {
		const struct entry *e = &p->v[i];
		_cleanup_free_ char *section = NULL;

		if (e->exists)
			continue;
		if (strv_has(&there, e->profile)) {
			fault_set(fault, FAULT_TEMPORARY, REASON_FILE,
			    _("A profile %s came into %s meanwhile; nothing "
			      "was written."),
			    e->profile, p->path);
			fault_next(fault, "awsfedctl configure");
			return -1;
		}
		section = config_section_name(e->profile);
		if (login_edits_apply(doc, section, e->section.edits,
			e->section.nedits, fault) < 0)
			return -1;
	}
	return 0;
}

/* Would each be a profile that can sign in? */
static int
prove(const struct configure_plan *p, const struct config *base,
    const struct ini *doc, struct fault *fault)
{
	_cleanup_config_ struct config *c = config_derive(base, doc);

	if (fault_is(&c->fault)) {
		fault_copy(fault, &c->fault);
		return -1;
	}
	for (size_t i = 0; i < p->n; i++) {
		const struct profile *is = config_profile(c, p->v[i].profile);

		if (p->v[i].exists)
			continue;
		if (is != NULL && fault_is(&is->fault)) {
			fault_copy(fault, &is->fault);
			return -1;
		}
		if (is == NULL || is->kind != PROFILE_ADFS ||
		    !str_eq(is->role_arn, p->v[i].arn))
			return fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
			    _("The profile %s could not be written so that "
			      "it reads back as it is meant."),
			    p->v[i].profile);
	}
	return 0;
}

static int
draw(struct configure_plan *p, const struct config *base, struct ini *doc,
    struct fault *fault)
{
	_cleanup_free_ char *before = ini_print(doc, NULL), *after = NULL;

	if (apply(doc, p, fault) < 0 || prove(p, base, doc, fault) < 0)
		return -1;
	after = ini_print(doc, NULL);
	p->diff = configure_diff(p->path, before, after);
	return 0;
}

struct configure_plan *
configure_plan(struct manager *m, const struct survey *survey,
    const struct configure_request *req, struct fault *fault)
{
	const struct config *c = manager_config(m);
	_cleanup_(plan_freep) struct configure_plan *p = xcalloc(1, sizeof(*p));
	_cleanup_strv_ struct strv taken = { 0 };
	_cleanup_ini_ struct ini *doc = NULL;
	size_t plain;

	/* A file that the AWS CLI cannot read is not built upon. */
	if (fault_is(manager_config_fault(m))) {
		fault_copy(fault, manager_config_fault(m));
		return NULL;
	}
	if (req->region != NULL && !region_valid(req->region)) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("\"%s\" is not the name of an AWS region."), req->region);
		fault_next(fault, _("for one: --region us-east-1"));
		return NULL;
	}
	if ((doc = login_config_read(c, fault)) == NULL)
		return NULL;
	p->path = xstrdup(c->path);
	taken_names(c, doc, &taken);
	if (add_roles(p, survey, req, false, fault) < 0)
		return NULL;
	plain = p->n;
	find_existing(p, c, survey, 0);
	if (name_plain(p, req->template != NULL ? req->template : NAME_TEMPLATE,
		&taken, fault) < 0)
		return NULL;
	if (req->read_only_twins) {
		(void)add_roles(p, survey, req, true, fault);
		find_existing(p, c, survey, plain);
		if (name_twins(p, plain, &taken, fault) < 0)
			return NULL;
	}
	fill(p, survey, req->region);
	if (draw(p, c, doc, fault) < 0)
		return NULL;
	return STEAL(p);
}

json_t *
configure_json(const struct configure_plan *p)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < p->n; i++) {
		const struct entry *e = &p->v[i];
		json_t *j = json_object();

		json_put_str(j, "profile", e->profile);
		json_put_str(j, "account", e->account);
		json_put_str(j, "alias", e->alias);
		json_put_str(j, "role", e->role);
		json_put_str(j, "roleArn", e->arn);
		json_object_set_new(j, "new", json_boolean(!e->exists));
		json_object_set_new(j, "readOnly", json_boolean(e->twin));
		json_array_append_new(list, j);
	}
	json_put_str(o, "path", p->path);
	json_object_set_new(o, "profiles", list);
	json_object_set_new(o, "new", json_integer((json_int_t)p->nnew));
	json_put_str(o, "digest", p->digest);
	json_object_set_new(o, "diff", json_string(p->diff));
	return o;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* The same with a record of what was there. */
static int
apply_recorded(struct ini *doc, void *arg, struct fault *fault)
{
	struct configure_plan *p = arg;

	undo_change_start(p->change);
	for (size_t i = 0; i < p->n; i++) {
		_cleanup_free_ char *section =
		    config_section_name(p->v[i].profile);

		if (!p->v[i].exists)
			undo_change_before(p->change, doc, section);
	}
	if (apply(doc, p, fault) < 0)
		return -1;
	undo_change_after(p->change, doc);
	return FILES_WRITE;
}

static void
on_written(const struct fault *fault, bool written, void *arg)
{
	struct configure_plan *p = arg;
	_cleanup_fault_ struct fault f = { 0 };

	if (written)
		undo_record(manager_env(p->manager)->undo, STEAL(p->change));
	if (!fault_is(fault) && manager_reload(p->manager, NULL, &f) < 0)
		log_warning("%s", f.text);
	p->done(fault, written, p->arg);
}

void
configure_write(struct manager *m, struct configure_plan *p,
    configure_done_fn *done, void *arg)
{
	const struct manager_env *env = manager_env(m);

	p->manager = m;
	p->done = done;
	p->arg = arg;
	p->change = undo_change_new(UNDO_CONFIG, p->path);
	env->files->ops->edit(env->files,
	    (struct files_edit){
		.path = xstrdup(p->path),
		.apply = apply_recorded,
		.done = on_written,
		.arg = p,
	    });
}
