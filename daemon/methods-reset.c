/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reset: a profile as if aws-adfs and awsfed had never known it.  What the two
 * wrote into its section goes, and our section of the credentials file; what
 * is the user's own stays.
 */
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "files.h"
#include "identity.h"
#include "manager.h"
#include "methods-int.h"
#include "session.h"
#include "undo.h"

struct reset_profile {
	char *name;
	bool process_ours; /* its credential_process leads to us */
	bool section;	   /* the credentials file has one of ours */
	bool gone;	   /* nothing was left: no header either */
	struct strv keys;  /* taken out */
	struct strv left;  /* the user's own */
};

struct reset {
	struct reset *next;
	struct methods *methods;
	uint64_t conn;
	struct reset_profile *profiles;
	size_t n;
	struct strv identities; /* signed out by it */
	struct undo_change *change;
};

static void
reset_free(struct reset *r)
{
	for (size_t i = 0; i < r->n; i++) {
		strv_done(&r->profiles[i].keys);
		strv_done(&r->profiles[i].left);
		xfree(r->profiles[i].name);
	}
	strv_done(&r->identities);
	undo_change_free(r->change);
	xfree(r->profiles);
	xfree(r);
}

static void
reset_unlink(struct reset *r)
{
	struct reset **p;

	for (p = &r->methods->resets; *p != r; p = &(*p)->next)
		;
	*p = r->next;
	reset_free(r);
}

void
methods_resets_free(struct methods *ms)
{
	while (ms->resets != NULL)
		reset_unlink(ms->resets);
}

/* ---- the config file -------------------------------------------------------- */

static bool
goes(const struct reset_profile *p, const char *key)
{
	return str_starts(key, "adfs_config.") || str_starts(key, "awsfed.") ||
	    (p->process_ours && str_eq(key, "credential_process"));
}

static void
sort_keys(const struct ini *doc, const char *section, struct reset_profile *p)
{
	strv_done(&p->keys);
	strv_done(&p->left);
	for (size_t i = 0; i < ini_nsections(doc); i++) {
		if (!str_eq(ini_section(doc, i), section))
			continue;
		for (size_t k = 0; k < ini_nkeys(doc, i); k++)
			strv_add(
			    goes(p, ini_key(doc, i, k)) ? &p->keys : &p->left,
			    ini_key(doc, i, k));
	}
}

/* In the writer thread, perhaps more than once. */
static int
apply(struct ini *doc, void *arg, struct fault *fault)
{
	struct reset *r = arg;
	bool any = false;

	(void)fault;
	undo_change_start(r->change);
	for (size_t i = 0; i < r->n; i++) {
		struct reset_profile *p = &r->profiles[i];
		_cleanup_free_ char *section =
		    config_find_section(doc, p->name);

		undo_change_before(r->change, doc, section);
		sort_keys(doc, section, p);
		for (size_t k = 0; k < p->keys.n; k++)
			(void)ini_unset(doc, section, p->keys.v[k]);
		p->gone = p->keys.n > 0 && p->left.n == 0;
		if (p->gone)
			(void)ini_remove_section(doc, section);
		any |= p->keys.n > 0;
	}
	undo_change_after(r->change, doc);
	return any ? FILES_WRITE_BACKUP : FILES_LEAVE;
}

/* ---- the reply ----------------------------------------------------------------- */

static json_t *
reply_of(const struct reset *r)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < r->n; i++) {
		const struct reset_profile *p = &r->profiles[i];
		json_t *e = json_object();

		json_put_str(e, "profile", p->name);
		json_put_list(e, "keys", &p->keys);
		json_put_list(e, "left", &p->left);
		json_object_set_new(e, "section", json_boolean(p->section));
		json_array_append_new(list, e);
	}
	json_object_set_new(o, "profiles", list);
	json_put_list(o, "identities", &r->identities);
	return o;
}

static void
on_flushed(const struct fault *fault, void *arg)
{
	struct reset *r = arg;
	json_t *o = reply_of(r);

	if (fault_is(fault))
		json_object_set_new(o, "written", fault_to_json(fault));
	methods_ok(r->methods, r->conn, o);
	reset_unlink(r);
}

static void
log_out(struct reset *r)
{
	struct manager *m = r->methods->manager;
	_cleanup_strv_ struct strv before = { 0 };
	struct identity *id;

	for (size_t i = 0; (id = manager_identity_at(m, i)) != NULL; i++)
		if (identity_state(id) != IDENTITY_SIGNED_OUT)
			strv_add(&before, identity_name(id));
	for (size_t i = 0; i < r->n; i++) {
		struct session *s = manager_session(m, r->profiles[i].name);

		if (s == NULL)
			continue;
		manager_logout(m, s);
		/* Its section goes: there is no profile to fail for. */
		session_set_logged_out(s, false);
	}
	for (size_t i = 0; (id = manager_identity_at(m, i)) != NULL; i++)
		if (identity_state(id) == IDENTITY_SIGNED_OUT &&
		    strv_has(&before, identity_name(id)))
			strv_add(&r->identities, identity_name(id));
}

static void
on_written(const struct fault *fault, bool written, void *arg)
{
	struct reset *r = arg;
	struct manager *m = r->methods->manager;
	_cleanup_fault_ struct fault f = { 0 };

	if (fault_is(fault)) {
		methods_fault(r->methods, r->conn, fault,
		    r->n == 1 ? r->profiles[0].name : NULL);
		reset_unlink(r);
		return;
	}
	if (written)
		undo_record(manager_env(m)->undo, STEAL(r->change));
	/* First the keys: a profile that is gone has no session to log out. */
	log_out(r);
	(void)manager_reload(m, NULL, &f);
	manager_flush(m, on_flushed, r);
}

/* ---- the call -------------------------------------------------------------------- */

static bool
section_ours(const struct ini *doc, const char *name)
{
	return str_eq(ini_get(doc, name, "x_managed_by"), "awsfed");
}

static struct ini *
read_document(const char *path)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0;

	if (path == NULL || path_read(path, INI_MAX, &data, &len) < 0)
		return ini_parse("", 0);
	return ini_parse(data, len);
}

/* What would be done, on a copy. */
static void
rehearse(struct reset *r, const struct config *c)
{
	_cleanup_ini_ struct ini *doc = read_document(c->path);
	_cleanup_fault_ struct fault f = { 0 };

	(void)apply(doc, r, &f);
}

static struct reset *
reset_new(struct methods *ms, uint64_t conn, const struct strv *names)
{
	const struct config *c = manager_config(ms->manager);
	_cleanup_ini_ struct ini *doc = read_document(c->credentials_path);
	struct reset *r = xcalloc(1, sizeof(*r));

	r->methods = ms;
	r->conn = conn;
	r->n = names->n;
	r->profiles = xcalloc(names->n, sizeof(*r->profiles));
	for (size_t i = 0; i < names->n; i++)
		r->profiles[i] = (struct reset_profile){
			.name = xstrdup(names->v[i]),
			.process_ours = config_profile(c, names->v[i])
					    ->credential_process_ours,
			.section = section_ours(doc, names->v[i]),
		};
	r->change = undo_change_new(UNDO_CONFIG, c->path);
	r->next = ms->resets;
	ms->resets = r;
	return r;
}

void
methods_reset(struct methods *ms, uint64_t conn, const json_t *p)
{
	_cleanup_strv_ struct strv list = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	const struct config *c;
	struct files *files;
	struct reset *r;
	bool dry;

	if (methods_names(p, "profiles", &list) < 0 || list.n == 0 ||
	    json_bool_opt(p, "dryRun", false, &dry) < 0) {
		methods_bad(ms, conn, "profiles");
		return;
	}
	manager_look(ms->manager);
	c = manager_config(ms->manager);
	if (!methods_same_files(ms, p, &f)) {
		methods_fault(ms, conn, &f, NULL);
		return;
	}
	for (size_t i = 0; i < list.n; i++) {
		if (config_profile(c, list.v[i]) != NULL)
			continue;
		methods_error(
		    ms, conn, E_NO_SUCH_PROFILE, "profile", list.v[i]);
		return;
	}
	r = reset_new(ms, conn, &list);
	if (dry) {
		rehearse(r, c);
		methods_ok(ms, conn, reply_of(r));
		reset_unlink(r);
		return;
	}
	files = manager_env(ms->manager)->files;
	files->ops->edit(files,
	    (struct files_edit){
		.path = xstrdup(c->path),
		.apply = apply,
		.done = on_written,
		.arg = r,
	    });
}
