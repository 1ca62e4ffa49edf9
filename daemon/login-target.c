/* SPDX-License-Identifier: Apache-2.0 */
/* What a named profile is to become, and how that gets into the config file. */
#include <errno.h>
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/ini.h"
#include "awsfed/paths.h"
#include "awsfed/xalloc.h"

#include "files.h"
#include "identity.h"
#include "login-int.h"
#include "reread.h"
#include "session.h"
#include "undo.h"

void
login_target_edit_nested(
    struct target *t, const char *block, const char *key, const char *value)
{
	for (size_t i = 0; i < t->nedits; i++) {
		if (str_eq(t->edits[i].key, key) &&
		    str_eq(t->edits[i].block, block)) {
			xreplace(&t->edits[i].value, xstrdup(value));
			return;
		}
	}
	t->edits = xreallocarray(t->edits, t->nedits + 1, sizeof(*t->edits));
	t->edits[t->nedits++] =
	    (struct edit){ xstrdup(block), xstrdup(key), xstrdup(value) };
}

void
login_target_edit(struct target *t, const char *key, const char *value)
{
	login_target_edit_nested(t, NULL, key, value);
}

static void
edit_done(struct edit *e)
{
	xfree(e->block);
	xfree(e->key);
	xfree(e->value);
}

void
login_target_done(struct target *t)
{
	for (size_t i = 0; i < t->nedits; i++)
		edit_done(&t->edits[i]);
	xfree(t->edits);
	xfree(t->name);
	profile_unref(t->profile);
	creds_unref(t->held);
	fault_done(&t->fault);
}

static int
apply_edit(struct ini *doc, const char *section, const struct edit *e)
{
	if (e->block != NULL)
		return ini_set_nested(doc, section, e->block, e->key, e->value);
	if (e->value == NULL)
		return ini_unset(doc, section, e->key);
	return ini_set(doc, section, e->key, e->value);
}

int
login_edits_apply(struct ini *doc, const char *section,
    const struct edit *edits, size_t n, struct fault *fault)
{
	if (n == 0)
		return 0;
	if (ini_add_section(doc, section) < 0)
		return fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("\"%s\" cannot be the name of a profile."), section);
	for (size_t i = 0; i < n; i++) {
		int r = apply_edit(doc, section, &edits[i]);

		if (r == -EEXIST) {
			fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
			    _("\"%s\" in [%s] has a plain value where a "
			      "nested block belongs; it was left alone."),
			    edits[i].block, section);
			fault_next(fault,
			    _("Take that line out, or leave the option "
			      "away"));
			return -1;
		}
		if (r < 0)
			return fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
			    _("The value for %s cannot be written to a "
			      "configuration file."),
			    edits[i].key);
	}
	return 0;
}

/* Are the profiles that were there a moment ago still there? */
static bool
whole(const struct config *base, const struct ini *doc)
{
	if (ini_problem(doc, NULL, NULL))
		return false;
	for (size_t i = 0; i < base->nprofiles; i++) {
		_cleanup_free_ char *section =
		    config_find_section(doc, base->profiles[i]->name);

		if (!ini_has_section(doc, section))
			return false;
	}
	return true;
}

struct reading {
	const struct config *base;
	struct ini *doc;
	struct fault *fault;
};

static int
look(bool last, void *arg)
{
	struct reading *r = arg;
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	int e = path_read(r->base->path, INI_MAX, &data, &len);

	if (e < 0 && e != -ENOENT)
		return fault_set(r->fault, FAULT_CONFIG, REASON_FILE,
		    _("%s cannot be read: %s."), r->base->path, strerror(-e));
	r->doc = ini_parse(data != NULL ? data : "", len);
	if (last || whole(r->base, r->doc))
		return 1;
	r->doc = ini_free(r->doc);
	return 0;
}

struct ini *
login_config_read(const struct config *base, struct fault *fault)
{
	struct reading r = { .base = base, .fault = fault };

	(void)reread(look, &r);
	return r.doc;
}

/* Takes the target's profile out of a config: 0, or -1 with *fault. */
static int
take_profile(struct target *t, const struct config *c, struct fault *fault)
{
	struct profile *p = config_find(c, t->name);

	if (p != NULL && fault_is(&p->fault)) {
		fault_copy(fault, &p->fault);
		return -1;
	}
	if (p == NULL || p->kind != PROFILE_ADFS || p->identity_base == NULL)
		return fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The profile %s cannot be signed in through AD FS."),
		    t->name);
	profile_unref(t->profile);
	t->profile = profile_ref(p);
	return 0;
}

/*
 * Keys for the caller alone get a session of their own, so that nobody who asks
 * for the profile meets them.  (The profile came from a configuration that
 * nobody else has: it may be called otherwise.)
 */
static void
set_apart(const struct login *l, struct target *t)
{
	xreplace(&t->profile->name, xasprintf("%s (%s)", t->name, l->id));
	t->profile->apart = true;
}

int
login_target_build(struct login *l, struct target *t, struct fault *fault)
{
	const struct config *base = manager_config(l->logins->manager);
	_cleanup_config_ struct config *derived = NULL;
	_cleanup_ini_ struct ini *doc = NULL;
	_cleanup_free_ char *section = NULL;

	if (t->nedits == 0)
		return take_profile(t, base, fault);
	if ((doc = login_config_read(base, fault)) == NULL)
		return -1;
	section = config_find_section(doc, t->name);
	if (login_edits_apply(doc, section, t->edits, t->nedits, fault) < 0)
		return -1;
	derived = config_derive(base, doc);
	if (fault_is(&derived->fault)) {
		fault_copy(fault, &derived->fault);
		return -1;
	}
	if (take_profile(t, derived, fault) < 0)
		return -1;
	if (l->private)
		set_apart(l, t);
	return 0;
}

/* ---- saving ------------------------------------------------------------------ */

struct save_section {
	char *profile;
	struct edit *edits;
	size_t nedits;
};

struct config_save {
	struct login *login; /* lives on while it saves */
	void (*saved)(struct login *l, const struct fault *fault);
	struct save_section *sections; /* owned: the writer thread reads it */
	size_t n;
	struct undo_change *change;
};

static int
save_apply(struct ini *doc, void *arg, struct fault *fault)
{
	struct config_save *s = arg;

	undo_change_start(s->change);
	for (size_t i = 0; i < s->n; i++) {
		_cleanup_free_ char *section =
		    config_find_section(doc, s->sections[i].profile);

		undo_change_before(s->change, doc, section);
		if (login_edits_apply(doc, section, s->sections[i].edits,
			s->sections[i].nedits, fault) < 0)
			return -1;
	}
	undo_change_after(s->change, doc);
	return 0;
}

static void
save_free(struct config_save *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < s->sections[i].nedits; k++)
			edit_done(&s->sections[i].edits[k]);
		xfree(s->sections[i].edits);
		xfree(s->sections[i].profile);
	}
	xfree(s->sections);
	undo_change_free(s->change);
	xfree(s);
}

static void
save_done(const struct fault *fault, bool written, void *arg)
{
	struct config_save *s = arg;

	if (written)
		undo_record(manager_env(s->login->logins->manager)->undo,
		    STEAL(s->change));
	s->login->save = NULL;
	s->saved(s->login, fault);
	save_free(s);
}

void
login_save_free(struct login *l)
{
	if (l->save != NULL)
		save_free(STEAL(l->save));
}

static void
save_target(struct config_save *s, const struct target *t)
{
	struct save_section *sec;

	s->sections =
	    xreallocarray(s->sections, s->n + 1, sizeof(*s->sections));
	sec = &s->sections[s->n++];
	*sec = (struct save_section){
		.profile = xstrdup(t->name),
		.edits = xcalloc(t->nedits, sizeof(*sec->edits)),
		.nedits = t->nedits,
	};
	for (size_t i = 0; i < t->nedits; i++)
		sec->edits[i] = (struct edit){ xstrdup(t->edits[i].block),
			xstrdup(t->edits[i].key), xstrdup(t->edits[i].value) };
}

bool
login_save(
    struct login *l, void (*saved)(struct login *l, const struct fault *fault))
{
	const struct manager_env *env = manager_env(l->logins->manager);
	struct config_save *s = xcalloc(1, sizeof(*s));

	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];

		if (t->session != NULL && t->nedits > 0 &&
		    session_state(t->session) == SESSION_FRESH)
			save_target(s, t);
	}
	if (s->n == 0) {
		save_free(s);
		return false;
	}
	s->login = l;
	s->saved = saved;
	s->change = undo_change_new(
	    UNDO_CONFIG, manager_config(l->logins->manager)->path);
	l->save = s;
	env->files->ops->edit(env->files,
	    (struct files_edit){
		.path = xstrdup(manager_config(l->logins->manager)->path),
		.apply = save_apply,
		.done = save_done,
		.arg = s,
	    });
	return true;
}
