/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own settings: section [awsfed] of awsfed.conf. */
#include "config-impl.h"

#include <stdlib.h>
#include <string.h>

#include "awsfed/ini.h"
#include "awsfed/xalloc.h"

#define SECTION "awsfed"
#define FIELD(key, t, member, d, h, ...) \
	{ \
		.info = { .name = key, .help = h, .def = d }, .type = t, \
		.offset = offsetof(struct settings, member), __VA_ARGS__ \
	}

const struct field settings_fields[] = {
	FIELD("adfs_host", FIELD_HOST, adfs_host, NULL,
	    N_("AD FS host of profiles that name a role but no host")),
	FIELD("provider_id", FIELD_STRING, provider_id,
	    "urn:amazon:webservices",
	    N_("relying party of profiles that name none")),
	FIELD("region", FIELD_REGION, region, NULL,
	    N_("region of profiles that name none")),
	FIELD("ca_bundle", FIELD_FILE, ca_bundle, NULL,
	    N_("certificates to trust in place of the system's")),
	FIELD("https_proxy", FIELD_STRING, https_proxy, NULL,
	    N_("proxy for all requests; by default that of the agent's "
	       "environment")),
	FIELD("no_proxy", FIELD_STRING, no_proxy, NULL,
	    N_("hosts that are reached without the proxy")),
	FIELD("allow_http_loopback", FIELD_BOOL, allow_http_loopback, "no",
	    N_("allow http:// to this machine, for tests")),
	FIELD("max_duration", FIELD_INT, max_duration, "43200",
	    N_("longest life to ask for, in seconds"), .min = 900,
	    .max = 43200),
	FIELD("login_timeout", FIELD_INT, login_timeout, "180",
	    N_("seconds a person may take for one question"), .min = 5,
	    .max = 3600),
	FIELD("worker_timeout", FIELD_INT, worker_timeout, "120",
	    N_("seconds one job may take, waiting for people left out"),
	    .min = 1, .max = 3600),
	FIELD("connect_timeout", FIELD_INT, connect_timeout, "4",
	    N_("seconds to wait for a connection, from the name to TLS"),
	    .min = 1, .max = 300),
	FIELD("spacing", FIELD_INT, spacing, "5",
	    N_("seconds between two sign-ins of one identity"), .min = 0,
	    .max = 3600),
	FIELD("spread", FIELD_INT, spread, "0",
	    N_("seconds over which renewals are spread when the machine wakes "
	       "or the network returns; 0 is at once"),
	    .min = 0, .max = 3600),
	FIELD("pushes_per_hour", FIELD_INT, pushes_per_hour, "6",
	    N_("requests to a telephone that one identity may cause in an "
	       "hour"),
	    .min = 0, .max = 100),
	FIELD("min_renewal_interval", FIELD_INT, min_renewal_interval, "0",
	    N_("least seconds between two renewals of a profile that nobody "
	       "asks for"),
	    .min = 0, .max = 43200),
	FIELD("min_lifetime", FIELD_INT, min_lifetime, "1",
	    N_("test hook: shortest life in seconds that is accepted and may "
	       "be asked for; when set, durations below 900 are allowed"),
	    .min = 1, .max = 900),
	FIELD("on_refresh", FIELD_STRING, on_refresh, NULL,
	    N_("command to run after each renewal of a profile that names "
	       "none")),
	FIELD("on_needs_login", FIELD_STRING, on_needs_login, NULL,
	    N_("command to run when a profile needs a login")),
	FIELD("endpoint", FIELD_BOOL, endpoint, "off",
	    N_("allow awsfedctl exec --endpoint: credentials over HTTP on "
	       "127.0.0.1")),
	FIELD("endpoint_port", FIELD_INT, endpoint_port, "0",
	    N_("port of the endpoint; 0 is any that is free"), .min = 0,
	    .max = 65535),
	FIELD("notifications", FIELD_BOOL, notifications, "yes",
	    N_("tell the desktop when a sign-in needs you")),
	FIELD("quiet_hours", FIELD_HOURS, quiet_hours, "22:00-07:00",
	    N_("local time in which nobody is told or asked; none: never")),
	FIELD("askpass", FIELD_FILE, askpass, NULL,
	    N_("program that asks you in a window, as ssh-askpass does")),
	FIELD("pinentry", FIELD_FILE, pinentry, NULL,
	    N_("program that asks you in a window, as GnuPG's pinentry "
	       "does")),
	FIELD("sign_in_command", FIELD_STRING, sign_in_command, NULL,
	    N_("command that a notification's \"Sign in\" runs where no "
	       "prompt program is set")),
	FIELD("keep_across_restart", FIELD_KEEP, keep_across_restart, "all",
	    N_("what the service manager holds in memory for a restart of the "
	       "agent: all (also the sign-ins), credentials or none; never a "
	       "password")),
	FIELD("idle_exit", FIELD_INT, idle_exit, "600",
	    N_("seconds after which the agent ends when systemd's socket "
	       "started it and it holds nothing; 0: never"),
	    .min = 0, .max = 86400),
	FIELD("lock_on_screen_lock", FIELD_BOOL, lock_on_screen_lock, "no",
	    N_("lock the agent with the screen, and unlock it with it")),
	FIELD("lock_on_sleep", FIELD_BOOL, lock_on_sleep, "no",
	    N_("lock the agent before the machine sleeps")),
	FIELD("store_password", FIELD_STORE, store_password, "no",
	    N_("where the password of a sign-in is kept: no, memory, keyring "
	       "or credential")),
	FIELD("log_debug", FIELD_BOOL, log_debug, "no", N_("log in detail")),
};
const size_t nsettings_fields = ARRAY_SIZE(settings_fields);

const struct key_info *
settings_key_at(size_t i)
{
	return i < nsettings_fields ? &settings_fields[i].info : NULL;
}

void
settings_init(struct settings *s)
{
	*s = (struct settings){ .min_duration = 900 };
	for (size_t i = 0; i < nsettings_fields; i++) {
		const struct field *f = &settings_fields[i];
		_cleanup_free_ char *why = NULL;

		if (f->info.def != NULL &&
		    field_set(f, s, f->info.def, &why) < 0)
			abort(); /* the table contradicts itself */
	}
}

static int
apply_key(struct settings *s, const char *key, const char *value,
    const char *file, struct fault *fault)
{
	_cleanup_free_ char *why = NULL;
	const struct field *f = NULL;

	for (size_t i = 0; i < nsettings_fields && f == NULL; i++)
		if (str_eq(settings_fields[i].info.name, key))
			f = &settings_fields[i];
	if (f == NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s: there "
		      "is no setting \"%s\"."),
		    file, key);
		fault_next(fault, _("Remove or correct \"%s\" in [%s] of %s"),
		    key, SECTION, file);
		return -1;
	}
	if (*value == '\0')
		return 0;
	if (field_set(f, s, value, &why) < 0) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s: the setting \"%s\" %s, not \"%s\"."), file, key, why,
		    value);
		fault_next(fault, _("Correct \"%s\" in [%s] of %s"), key,
		    SECTION, file);
		return -1;
	}
	if (f->offset == offsetof(struct settings, min_lifetime))
		s->min_duration = s->min_lifetime;
	return 0;
}

int
settings_apply(struct settings *s, const struct ini *ini, const char *file,
    struct fault *fault)
{
	_cleanup_free_ char *why = NULL;
	size_t line;

	if (ini == NULL)
		return 0;
	if (ini_problem(ini, &line, &why)) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s cannot be read: line %zu: %s."), file, line, why);
		fault_next(fault, _("Correct line %zu of %s"), line, file);
		return -1;
	}
	for (size_t i = 0; i < ini_nsections(ini); i++) {
		if (sinks_apply(s, ini, i, file, fault) < 0)
			return -1;
		if (!str_eq(ini_section(ini, i), SECTION))
			continue;
		for (size_t k = 0; k < ini_nkeys(ini, i); k++)
			if (apply_key(s, ini_key(ini, i, k),
				ini_value(ini, i, k), file, fault) < 0)
				return -1;
	}
	return 0;
}

static const char *
env_first(const char *a, const char *b)
{
	const char *v = getenv(a);

	return !str_empty(v) ? v : getenv(b);
}

/* Does the variable say anything? */
static bool
env_bool(const char *name, bool *ret)
{
	return str_bool(getenv(name), ret) == 0;
}

static void
env_string(char **p, const char *value)
{
	if (*p == NULL && !str_empty(value) && !str_has_control(value) &&
	    str_utf8(value))
		*p = xstrdup(value);
}

/* What AWS and curl variables of the agent say, where the files are silent. */
void
settings_env(struct settings *s)
{
	s->fips_said = env_bool("AWS_USE_FIPS_ENDPOINT", &s->use_fips);
	s->dualstack_said =
	    env_bool("AWS_USE_DUALSTACK_ENDPOINT", &s->use_dualstack);
	(void)env_bool(
	    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", &s->ignore_endpoints);
	if (!s->ignore_endpoints)
		env_string(&s->endpoint_sts,
		    env_first("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"));
	env_string(&s->https_proxy, env_first("https_proxy", "HTTPS_PROXY"));
	env_string(&s->no_proxy, env_first("no_proxy", "NO_PROXY"));
}

void
settings_copy(struct settings *to, const struct settings *from)
{
	settings_done(to);
	*to = *from;
	for (size_t i = 0; i < nsettings_fields; i++)
		field_copy(&settings_fields[i], to, from);
	to->endpoint_sts = xstrdup(from->endpoint_sts);
	to->sinks = xcalloc(from->nsinks + 1, sizeof(*to->sinks));
	for (size_t i = 0; i < from->nsinks; i++)
		sink_copy(&to->sinks[i], &from->sinks[i]);
}

void
settings_done(struct settings *s)
{
	for (size_t i = 0; i < nsettings_fields; i++)
		field_done(&settings_fields[i], s);
	xfree(s->endpoint_sts);
	for (size_t i = 0; i < s->nsinks; i++)
		sink_done(&s->sinks[i]);
	xfree(s->sinks);
	*s = (struct settings){ 0 };
}
