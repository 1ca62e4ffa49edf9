/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the flags of a login say, as edits of the one profile that was named.
 * The keys are aws-adfs's own where it has one; docs/MIGRATING.md lists them.
 */
#include <inttypes.h>

#include "awsfed/config.h"
#include "awsfed/xalloc.h"

#include "login-int.h"

/* The one target, or NULL with *fault. */
static struct target *
only_target(struct login *l, const char *what, struct fault *fault)
{
	if (l->ntargets == 1)
		return &l->targets[0];
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("A value for %s goes with exactly one profile."), what);
	fault_next(fault, "awsfedctl login --help");
	return NULL;
}

static int
edit(struct login *l, const char *key, const char *value, struct fault *fault)
{
	struct target *t = only_target(l, key, fault);

	if (t == NULL)
		return -1;
	login_target_edit(t, key, value);
	return 0;
}

static int
edit_nested(struct login *l, const char *block, const char *key,
    const char *value, struct fault *fault)
{
	struct target *t = only_target(l, block, fault);

	if (t == NULL)
		return -1;
	login_target_edit_nested(t, block, key, value);
	return 0;
}

/* As if the profile named no role: the assertion's are listed. */
static int
choose_role(struct login *l, struct fault *fault)
{
	const struct config *c = manager_config(l->logins->manager);
	struct target *t = only_target(l, "adfs_config.role_arn", fault);
	const struct profile *p;

	if (t == NULL)
		return -1;
	login_target_edit(t, "adfs_config.role_arn", NULL);
	/* A host of the settings counts for a profile with a role alone. */
	p = config_profile(c, t->name);
	if (c->settings.adfs_host != NULL && p != NULL &&
	    p->kind == PROFILE_ADFS)
		login_target_edit(t, "adfs_config.adfs_host", p->adfs_host);
	return 0;
}

/* Its keys are not given to who signs in with a flag: each use is confirmed. */
static bool
protected_target(const struct login *l, struct fault *fault)
{
	const struct config *c = manager_config(l->logins->manager);

	for (size_t i = 0; i < l->ntargets; i++) {
		const char *name = l->targets[i].name;
		const struct profile *p = config_profile(c, name);

		if (p == NULL || !p->protected)
			continue;
		fault_set(fault, FAULT_DENIED, REASON_REFUSED,
		    _("%s is protected: a login does not print its keys."),
		    name);
		fault_next(fault,
		    _("awsfedctl exec %s -- COMMAND, and allow it"), name);
		return true;
	}
	return false;
}

int
login_flags(
    struct login *l, const struct login_request *req, struct fault *fault)
{
	_cleanup_free_ char *duration = req->session_duration <= 0 ?
	    NULL :
	    xasprintf("%" PRId64, req->session_duration);
	const struct {
		const char *key;
		const char *value;
	} flags[] = {
		{ "region", req->region },
		{ "output", req->output },
		{ "adfs_config.ssl_verification",
		    !req->says_ssl_verification	 ? NULL :
			req->no_ssl_verification ? "False" :
						   "True" },
		{ "adfs_config.role_arn", req->role_arn },
		{ "adfs_config.adfs_host", req->host },
		{ "adfs_config.adfs_user", req->user },
		{ "adfs_config.provider_id", req->provider_id },
		{ "adfs_config.session_duration", duration },
		{ "adfs_config.username_password_command",
		    req->username_password_command },
		{ "adfs_config.mfa_token_command", req->mfa_token_command },
		{ "adfs_config.duo_factor", req->duo_factor },
		{ "adfs_config.duo_device", req->duo_device },
		{ "awsfed.ca_bundle", req->ca_bundle },
	};

	if (req->choose_role && choose_role(l, fault) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].value != NULL &&
		    edit(l, flags[i].key, flags[i].value, fault) < 0)
			return -1;
	if (req->s3_signature_version != NULL &&
	    edit_nested(l, "s3", "signature_version", req->s3_signature_version,
		fault) < 0)
		return -1;
	if (req->assertion != NULL &&
	    only_target(l, "the assertion", fault) == NULL)
		return -1;
	if (req->deliver_none && protected_target(l, fault))
		return -1;
	/* Only in the draft, which is never saved: no file gets its keys. */
	return req->deliver_none ? edit(l, "awsfed.deliver", "none", fault) : 0;
}
