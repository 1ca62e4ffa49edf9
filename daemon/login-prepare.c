/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a login asks by itself (host, a new default), and how each named profile
 * becomes one that can be signed in.
 */

#include "awsfed/config.h"
#include "awsfed/proto.h"
#include "awsfed/xalloc.h"
#include "identity.h"
#include "login-int.h"
#include "prompt.h"

/* ---- questions of its own --------------------------------------------------- */

/*
 * What its watchers are to be asked.  The identity's question is looked up each
 * time: it may be answered by another login, lapse, or go with its job.
 */
struct question *
login_open_question(const struct login *l)
{
	if (l->question != NULL || l->identity == NULL)
		return l->question;
	return identity_question(l->identity);
}

void
login_ask(struct login *l, struct target *t, const char *kind, const char *name,
    const char *label, const json_t *choices, prompt_fn *fn)
{
	struct manager *m = l->logins->manager;

	l->question = prompt_open(manager_env(m)->prompts, kind, name, label,
	    choices, manager_config(m)->settings.login_timeout, fn, l);
	l->asking = t;
	login_pump(l);
}

/* The answer has come, or its time is over: t is what it was about. */
struct target *
login_answered(struct login *l, const char *value, const struct fault *fault)
{
	struct target *t = l->asking;

	l->question = NULL;
	l->asking = NULL;
	if (value == NULL) {
		fault_copy(&t->fault, fault);
		t->done = true;
	}
	login_kick(l);
	return t;
}

static void
on_host(const char *value, const struct fault *fault, void *arg)
{
	struct login *l = arg;
	struct target *t = login_answered(l, value, fault);

	if (value != NULL)
		login_target_edit(t, "adfs_config.adfs_host", value);
}

void
login_on_default(const char *value, const struct fault *fault, void *arg)
{
	struct login *l = arg;
	struct target *t = login_answered(l, value, fault);

	if (str_eq(value, "yes")) {
		l->new_default = true;
	} else if (value != NULL) {
		fault_set(&t->fault, FAULT_CANCELLED, REASON_NONE,
		    _("No profile [default] was made."));
		fault_next(&t->fault, "awsfedctl login --profile NAME");
		t->done = true;
	}
}

/* ---- prepare ------------------------------------------------------------------ */

const char *
login_edited(const struct target *t, const char *key)
{
	for (size_t i = 0; i < t->nedits; i++)
		if (str_eq(t->edits[i].key, key))
			return t->edits[i].value;
	return NULL;
}

/* A profile that gets its keys from elsewhere is not ours to change. */
static bool
foreign(const struct profile *p, struct fault *fault)
{
	const char *what = p->has_sso	  ? "sso_*" :
	    p->has_web_identity		  ? "web_identity_token_file" :
	    p->credential_process != NULL ? "credential_process" :
	    p->has_static_keys		  ? "aws_access_key_id" :
	    p->source_profile != NULL	  ? "source_profile" :
					    NULL;

	if (what == NULL || p->kind != PROFILE_OTHER)
		return false;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("The profile %s already gets its credentials by %s."), p->name,
	    what);
	fault_next(fault,
	    _("awsfedctl login --profile OTHER-NAME, or take %s "
	      "out of the profile"),
	    what);
	return true;
}

bool
login_new_default(const struct login *l, const struct target *t)
{
	return !l->new_default && !l->private && str_eq(t->name, "default") &&
	    config_profile(manager_config(l->logins->manager), t->name) == NULL;
}

void
login_ask_default(struct login *l, struct target *t, prompt_fn *fn)
{
	login_ask(l, t, Q_CONFIRM, QN_DEFAULT,
	    _("No profile is named. Make a new profile [default]?"), NULL, fn);
}

/*
 * One target on its way to a profile: 0 known, 1 a question is open, -1 with
 * the target's fault.
 */
static int
prepare_target(struct login *l, struct target *t)
{
	const struct config *c = manager_config(l->logins->manager);
	const struct profile *p = config_profile(c, t->name);
	bool known = p != NULL && p->kind == PROFILE_ADFS;

	if (p != NULL && foreign(p, &t->fault))
		return -1;
	/* Without a role there is a list to stop at first. */
	if (login_new_default(l, t) &&
	    login_edited(t, "adfs_config.role_arn") != NULL) {
		login_ask_default(l, t, login_on_default);
		return 1;
	}
	if (!known && login_edited(t, "adfs_config.adfs_host") == NULL) {
		if (c->settings.adfs_host == NULL) {
			_cleanup_free_ char *label = l->survey ?
			    xstrdup(_("AD FS host")) :
			    xasprintf(
				_("AD FS host for the profile %s"), t->name);

			login_ask(l, t, Q_TEXT, QN_HOST, label, NULL, on_host);
			return 1;
		}
		login_target_edit(
		    t, "adfs_config.adfs_host", c->settings.adfs_host);
	}
	return login_target_build(l, t, &t->fault);
}

bool
login_prepare(struct login *l)
{
	for (size_t i = 0; i < l->ntargets; i++) {
		struct target *t = &l->targets[i];
		int r;

		if (t->done || t->profile != NULL)
			continue;
		r = prepare_target(l, t);
		if (r > 0)
			return false;
		t->done = r < 0;
	}
	return true;
}
