/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policy of the machine does to a snapshot: values are capped with a
 * sentence that names the file, or a profile gets a fault.  Nobody else needs
 * to know of it.  The fingerprint of a profile is what the user wrote: a policy
 * that comes or goes takes no live keys away.
 */
#include "config-impl.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/xalloc.h"

#define PASSWORD_TOO "password@" /* before a host of awsfed.allowed_hosts */

/* "Policy of this machine: FILE allows …" */
__attribute__((format(printf, 3, 4))) static void
say(const struct policy *po, struct strv *notes, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	strv_take(notes,
	    xasprintf(
		_("Policy of this machine: %s allows %s."), po->path, text));
}

__attribute__((format(printf, 3, 4))) static void
refuse(const struct policy *po, struct profile *p, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	if (fault_is(&p->fault))
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	fault_set(&p->fault, FAULT_DENIED, REASON_POLICY,
	    _("Profile %s: policy of this machine: %s allows %s."), p->name,
	    po->path, text);
	fault_next(&p->fault,
	    _("Change the profile, or ask who looks after this machine"));
}

/* ---- hosts --------------------------------------------------------------------- */

/* Without its port; "[::1]:443" has one behind the bracket. */
static char *
bare(const char *host)
{
	const char *close = strrchr(host, ']');
	const char *port = strchr(close != NULL ? close : host, ':');

	return port == NULL ? xstrdup(host) :
			      xstrndup(host, (size_t)(port - host));
}

static bool
is_allowed(const struct policy *po, const char *host)
{
	_cleanup_free_ char *low = xstrdup(host), *name = NULL;

	str_lower(low);
	name = bare(low);
	for (size_t i = 0; i < po->allowed_hosts.n; i++) {
		const char *one = po->allowed_hosts.v[i];

		/* "[::1]" is a name as well as a pattern. */
		if (str_eq(one, low) || str_eq(one, name) ||
		    fnmatch(one, low, FNM_NOESCAPE) == 0 ||
		    fnmatch(one, name, FNM_NOESCAPE) == 0)
			return true;
	}
	return po->allowed_hosts.n == 0;
}

static char *
list_text(const struct strv *sv)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < sv->n; i++)
		xreplace(&text,
		    xasprintf("%s%s%s", text, i > 0 ? ", " : "", sv->v[i]));
	return text;
}

static void
check_hosts(const struct policy *po, struct profile *p)
{
	_cleanup_free_ char *list = list_text(&po->allowed_hosts);

	if (p->kind != PROFILE_ADFS)
		return;
	if (p->adfs_host != NULL && !is_allowed(po, p->adfs_host))
		refuse(po, p, _("sign-ins at %s, not at %s (allowed_hosts)"),
		    list, p->adfs_host);
	for (size_t i = 0; i < p->allowed_hosts.n; i++) {
		const char *host = p->allowed_hosts.v[i];

		if (str_starts(host, PASSWORD_TOO))
			host += strlen(PASSWORD_TOO);
		if (!is_allowed(po, host))
			refuse(po, p,
			    _("sign-ins to lead to %s, not to %s of "
			      "awsfed.allowed_hosts (allowed_hosts)"),
			    list, host);
	}
}

/* ---- what a profile may have ------------------------------------------------------ */

static void
cap(const struct policy *po, struct profile *p, int64_t *value, const char *key)
{
	if (*value <= po->max_duration)
		return;
	say(po, &p->policed,
	    _("keys for %" PRId64 " seconds (max_duration), so %s is not "
	      "%" PRId64),
	    po->max_duration, key, *value);
	*value = po->max_duration;
}

static void
check_duration(const struct policy *po, struct profile *p)
{
	cap(po, p, &p->session_duration, "adfs_config.session_duration");
	cap(po, p, &p->duration_seconds, "duration_seconds");
}

static void
check_keep_signed_in(const struct policy *po, struct profile *p)
{
	if (po->keep_signed_in || !p->keep_signed_in)
		return;
	say(po, &p->policed,
	    _("no keep_signed_in, so awsfed.keep_signed_in does nothing"));
	p->keep_signed_in = false;
}

static void
check_stored(const struct policy *po, struct profile *p)
{
	if (po->stored_passwords)
		return;
	if (p->store_password != STORE_NO)
		say(po, &p->policed,
		    _("no stored_passwords, so store_password is no"));
	if (p->totp != TOTP_FROM_COMMAND)
		say(po, &p->policed,
		    _("no stored_passwords, so awsfed.totp does nothing"));
	p->store_password = STORE_NO;
	p->totp = TOTP_FROM_COMMAND;
}

static void
drop(const struct policy *po, struct profile *p, char **value, const char *key,
    const char *what)
{
	if (*value == NULL)
		return;
	say(po, &p->policed, _("no %s, so %s does nothing"), what, key);
	xreplace(value, NULL);
}

static void
check_commands(const struct policy *po, struct profile *p)
{
	if (po->commands)
		return;
	drop(po, p, &p->username_password_command,
	    "adfs_config.username_password_command", "commands");
	drop(po, p, &p->mfa_token_command, "adfs_config.mfa_token_command",
	    "commands");
	drop(po, p, &p->totp_command, "awsfed.totp_command", "commands");
}

static void
check_hooks(const struct policy *po, struct profile *p)
{
	if (po->hooks)
		return;
	drop(po, p, &p->on_refresh, "awsfed.on_refresh", "hooks");
	drop(po, p, &p->on_needs_login, "awsfed.on_needs_login", "hooks");
}

/* Tools still get them, from the agent. */
static void
check_delivery(const struct policy *po, struct profile *p)
{
	_cleanup_arn_ struct arn arn = { 0 };

	/* What it may have been moved away from it does not go back to. */
	if (po->unknown && p->credential_process_ours &&
	    p->deliver == DELIVER_FILE) {
		p->deliver = DELIVER_PROCESS;
		p->no_file = true;
	}
	if (p->role_arn == NULL || arn_parse(p->role_arn, &arn) < 0 ||
	    !strv_has(&po->never_file_accounts, arn.account))
		return;
	p->no_file = true;
	/* Also once our line is there, which would say it alone. */
	if (p->deliver == DELIVER_NONE)
		return;
	say(po, &p->policed,
	    _("no keys of account %s in files (never_file_accounts), so they "
	      "are delivered by credential_process"),
	    arn.account);
	p->deliver = DELIVER_PROCESS;
}

static void (*const profile_checks[])(
    const struct policy *po, struct profile *p) = {
	check_hosts,
	check_duration,
	check_keep_signed_in,
	check_stored,
	check_commands,
	check_hooks,
	check_delivery,
};

void
policy_check_profile(const struct policy *po, struct profile *p)
{
	if (!po->there || p->kind == PROFILE_OTHER)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(profile_checks); i++)
		profile_checks[i](po, p);
	if (fault_is(&po->fault) && !fault_is(&p->fault))
		fault_copy(&p->fault, &po->fault);
}

/* ---- what the agent's settings may have -------------------------------------------- */

void
policy_check_settings(struct policy *po, struct settings *s)
{
	s->own_max_duration = s->max_duration;
	if (!po->there)
		return;
	if (s->max_duration > po->max_duration)
		s->max_duration = po->max_duration;
	if (po->max_duration < POLICY_DURATION_MAX)
		say(po, &po->notes,
		    _("keys for %" PRId64 " seconds "
		      "(max_duration)"),
		    po->max_duration);
	if (s->min_renewal_interval < po->min_renewal_interval) {
		s->min_renewal_interval = po->min_renewal_interval;
		say(po, &po->notes,
		    _("a renewal every %" PRId64 " seconds "
		      "(min_renewal_interval)"),
		    po->min_renewal_interval);
	}
	/* From all down to none. */
	if (s->keep_across_restart < po->keep_across_restart) {
		s->keep_across_restart = po->keep_across_restart;
		say(po, &po->notes,
		    po->keep_across_restart == KEEP_NONE ?
			_("nothing to be kept across a restart "
			  "(keep_across_restart)") :
			_("no sign-in to be kept across a restart "
			  "(keep_across_restart)"));
	}
	if (!po->stored_passwords && s->store_password != STORE_NO) {
		say(po, &po->notes,
		    _("no stored_passwords, so store_password does nothing"));
		s->store_password = STORE_NO;
	}
	if (!po->endpoint && s->endpoint) {
		say(po, &po->notes,
		    _("no container endpoint, so endpoint does nothing"));
		s->endpoint = false;
	}
	if (!po->hooks &&
	    (s->on_refresh != NULL || s->on_needs_login != NULL)) {
		say(po, &po->notes,
		    _("no hooks, so on_refresh and on_needs_login of "
		      "awsfed.conf do nothing"));
		xreplace(&s->on_refresh, NULL);
		xreplace(&s->on_needs_login, NULL);
	}
}
