/* SPDX-License-Identifier: Apache-2.0 */
/* One profile: from its section to a typed struct. */
#include "config-impl.h"

#include <string.h>

#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/xalloc.h"
#include "ini-impl.h"

#define DURATION_MIN 900 /* AWS's; a test's min_lifetime takes its place */
#define FIELD(key, t, member, d, signin, count, h, ...) \
	{ \
		.info = { .name = key, \
			.help = h, \
			.def = d, \
			.affects_signin = signin }, \
		.type = t, .offset = offsetof(struct profile, member), \
		.counts = count, __VA_ARGS__ \
	}
#define ADFS(key) "adfs_config." key
#define OURS(key) "awsfed." key

/*
 * name, type, member, default, affects sign-in, affects credentials, help.
 * adfs_config.* are aws-adfs's keys with its meaning.
 */
const struct field profile_fields[] = {
	FIELD("region", FIELD_REGION, region, NULL, false, true,
	    N_("region of STS and of the tools that use the profile")),
	FIELD(ADFS("adfs_host"), FIELD_HOST, adfs_host, NULL, false, true,
	    N_("AD FS host, with its port if it is not 443")),
	FIELD(ADFS("adfs_user"), FIELD_STRING, adfs_user, NULL, false, false,
	    N_("user name, DOMAIN\\user or user@domain")),
	FIELD(ADFS("provider_id"), FIELD_STRING, provider_id,
	    "urn:amazon:webservices", false, true,
	    N_("relying party to sign in to")),
	FIELD(ADFS("role_arn"), FIELD_ROLE, role_arn, NULL, false, true,
	    N_("role to take; asked for when unset")),
	FIELD(ADFS("session_duration"), FIELD_INT, session_duration, NULL,
	    false, true, N_("life of the credentials to ask for, in seconds"),
	    .min = DURATION_MIN, .max = 43200),
	FIELD(ADFS("ssl_verification"), FIELD_BOOL, ssl_verification, "yes",
	    true, false, N_("check AD FS's certificate")),
	FIELD(ADFS("sspi"), FIELD_IGNORED, refs, NULL, false, false,
	    N_("has no effect here")),
	FIELD(ADFS("username_password_command"), FIELD_STRING,
	    username_password_command, NULL, true, false,
	    N_("command that prints user name and password")),
	FIELD(ADFS("mfa_token_command"), FIELD_STRING, mfa_token_command, NULL,
	    true, false, N_("command that prints a one-time code")),
	FIELD(ADFS("duo_factor"), FIELD_STRING, duo_factor, NULL, true, false,
	    N_("Duo's factor to use")),
	FIELD(ADFS("duo_device"), FIELD_STRING, duo_device, NULL, true, false,
	    N_("Duo's device to use")),
	FIELD(OURS("auth"), FIELD_AUTH, auth, "auto", false, true,
	    N_("how to sign in")),
	FIELD(OURS("path"), FIELD_URL_PATH, path,
	    "/adfs/ls/IdpInitiatedSignOn.aspx", false, true,
	    N_("path of the sign-in page")),
	FIELD(OURS("query"), FIELD_STRING, query, NULL, false, true,
	    N_("what to add to the sign-in page's query")),
	FIELD(OURS("home_realm"), FIELD_STRING, home_realm, NULL, true, true,
	    N_("which organisation to choose where AD FS asks")),
	FIELD(OURS("domain"), FIELD_STRING, domain, NULL, true, true,
	    N_("domain of a user name that has none")),
	FIELD(OURS("allowed_hosts"), FIELD_LIST, allowed_hosts, NULL, true,
	    false, N_("further hosts that a sign-in may lead to")),
	FIELD(OURS("allow_http_loopback"), FIELD_BOOL, allow_http_loopback,
	    NULL, true, false, N_("allow http:// to this machine, for tests")),
	FIELD(OURS("ca_bundle"), FIELD_FILE, ca_bundle, NULL, true, false,
	    N_("certificates to trust for this AD FS")),
	FIELD(OURS("client_cert"), FIELD_CERT, client_cert, NULL, true, true,
	    N_("certificate to sign in with")),
	FIELD(OURS("client_key"), FIELD_CERT, client_key, NULL, true, false,
	    N_("its private key")),
	FIELD(OURS("keep_signed_in"), FIELD_BOOL, keep_signed_in, "no", true,
	    false, N_("ask AD FS for a lasting cookie")),
	FIELD(OURS("mfa_method"), FIELD_STRING, mfa_method, NULL, true, false,
	    N_("second factor to choose where several are offered")),
	FIELD(OURS("mfa_adapters"), FIELD_STRING, mfa_adapters, NULL, true,
	    false, N_("second factors under other names, NAME=KIND")),
	FIELD(OURS("mfa_timeout"), FIELD_INT, mfa_timeout, "120", true, false,
	    N_("how long to wait for an approval, in seconds"), .min = 10,
	    .max = 900),
	FIELD(OURS("totp_command"), FIELD_STRING, totp_command, NULL, true,
	    false, N_("command that prints the secret of one-time codes")),
	FIELD(OURS("totp"), FIELD_TOTP, totp, NULL, true, false,
	    N_("where that secret is: command, keyring or credential")),
	FIELD(OURS("store_password"), FIELD_STORE, store_password, NULL, true,
	    false,
	    N_("where the password is kept: no, memory, keyring or "
	       "credential")),
	FIELD(OURS("sp_initiated"), FIELD_BOOL, sp_initiated, "no", true, true,
	    N_("begin with a SAML request of our own")),
	FIELD(OURS("deliver"), FIELD_DELIVER, deliver, NULL, false, false,
	    N_("where the credentials go: file, process or none")),
	FIELD(OURS("autorefresh"), FIELD_AUTOREFRESH, autorefresh, "kept",
	    false, false,
	    N_("keep fresh: once logged in (kept), always, "
	       "never")),
	FIELD(OURS("protected"), FIELD_BOOL, protected, "no", false, false,
	    N_("never in a file, and each use is confirmed")),
	FIELD(OURS("blank_on_lock"), FIELD_BOOL, blank_on_lock, "no", false,
	    false,
	    N_("neither in a file nor served while the agent is locked")),
	FIELD(OURS("policy"), FIELD_STRING, policy, NULL, false, true,
	    N_("session policy, JSON on one line")),
	FIELD(OURS("policy_arns"), FIELD_LIST, policy_arns, NULL, false, true,
	    N_("managed policies that limit the session")),
	FIELD(OURS("on_refresh"), FIELD_STRING, on_refresh, NULL, false, false,
	    N_("command to run after each renewal")),
	FIELD(OURS("on_needs_login"), FIELD_STRING, on_needs_login, NULL, false,
	    false, N_("command to run when a login is needed")),
	FIELD("source_profile", FIELD_STRING, source_profile, NULL, false, true,
	    N_("profile that assumes role_arn")),
	FIELD("external_id", FIELD_STRING, external_id, NULL, false, true,
	    N_("external id that role_arn asks for")),
	FIELD("role_session_name", FIELD_STRING, role_session_name, NULL, false,
	    true, N_("name of the assumed session")),
	FIELD("duration_seconds", FIELD_INT, duration_seconds, NULL, false,
	    true, N_("life of the assumed session, in seconds"),
	    .min = DURATION_MIN, .max = 43200),
	FIELD(OURS("source_identity"), FIELD_STRING, source_identity, NULL,
	    false, true, N_("who is behind the assumed session")),
	FIELD(OURS("session_tags"), FIELD_TAGS, session_tags, NULL, false, true,
	    N_("tags of the assumed session, key=value")),
	FIELD(OURS("transitive_tag_keys"), FIELD_LIST, transitive_tag_keys,
	    NULL, false, true,
	    N_("which of its tags go on to roles assumed from it")),
	FIELD("use_fips_endpoint", FIELD_BOOL, use_fips, NULL, false, true,
	    N_("use the FIPS endpoint of STS where there is one")),
	FIELD("use_dualstack_endpoint", FIELD_BOOL, use_dualstack, NULL, false,
	    true, N_("use the IPv6 and IPv4 endpoint of STS")),
	FIELD("credential_process", FIELD_STRING, credential_process, NULL,
	    false, false, N_("command by which tools get credentials")),
	FIELD("endpoint_url", FIELD_URL, endpoint_sts, NULL, false, true,
	    N_("address of AWS; sts in a services section comes first")),
};
const size_t nprofile_fields = ARRAY_SIZE(profile_fields);

/* A chained profile's own role has the plain key. */
static const struct field chained_role =
    FIELD("role_arn", FIELD_ROLE, role_arn, NULL, false, true, NULL);

const struct key_info *
profile_key_at(size_t i)
{
	return i < nprofile_fields ? &profile_fields[i].info : NULL;
}

void
profile_fault(struct profile *p, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL, *section = NULL;
	va_list ap;

	if (fault_is(&p->fault))
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	section = config_section_name(p->name);
	fault_set(&p->fault, FAULT_CONFIG, REASON_SETTINGS, "%s", text);
	fault_next(
	    &p->fault, _("Correct [%s] in the AWS config file"), section);
}

static bool
is_ours(const char *key)
{
	return str_starts(key, "adfs_config.") || str_starts(key, "awsfed.");
}

/* The value, NULL when unset: empty, or aws-adfs's literal None. */
static const char *
value_of(const struct ini *ini, const char *section, const char *key)
{
	const char *v = ini_get(ini, section, key);

	if (str_empty(v) || (is_ours(key) && str_eq(v, "None")))
		return NULL;
	return v;
}

static void
set(struct profile *p, const struct field *f, const char *value)
{
	_cleanup_free_ char *why = NULL;

	if (field_set(f, p, value, &why) < 0)
		profile_fault(p, _("Profile %s: \"%s\" %s, not \"%s\"."),
		    p->name, f->info.name, why, value);
}

static void
set_fields(struct profile *p, const struct ini *ini, const char *section,
    const struct settings *s)
{
	for (size_t i = 0; i < nprofile_fields; i++) {
		struct field f = profile_fields[i];
		const char *v = value_of(ini, section, f.info.name);

		if (f.info.def != NULL)
			set(p, &f, f.info.def);
		if (f.type == FIELD_INT && f.min == DURATION_MIN)
			f.min = s->min_duration;
		if (v != NULL)
			set(p, &f, v);
	}
}

/* Takes over what only the agent's settings say. */
static void
inherit(struct profile *p, const struct ini *ini, const char *section,
    const struct settings *s)
{
	if (value_of(ini, section, ADFS("provider_id")) == NULL)
		xreplace(&p->provider_id, xstrdup(s->provider_id));
	if (p->region == NULL)
		p->region = xstrdup(s->region);
	if (value_of(ini, section, OURS("allow_http_loopback")) == NULL)
		p->allow_http_loopback = s->allow_http_loopback;
	if (value_of(ini, section, OURS("store_password")) == NULL)
		p->store_password = s->store_password;
	if (p->ca_bundle == NULL)
		p->ca_bundle = xstrdup(s->ca_bundle);
	if (s->fips_said)
		p->use_fips = s->use_fips;
	if (s->dualstack_said)
		p->use_dualstack = s->use_dualstack;
	if (p->session_duration > s->own_max_duration)
		p->session_duration = s->own_max_duration;
	if (p->duration_seconds > s->own_max_duration)
		p->duration_seconds = s->own_max_duration;
}

/* "k = v" of a nested block, which reads "\nk = v\nk = v"; xalloc or NULL. */
static char *
nested(const char *block, const char *key)
{
	if (block == NULL || *block != '\n')
		return NULL;
	while (*block != '\0') {
		size_t n = strcspn(block, "\n");
		_cleanup_free_ char *line = xstrndup(block, n);
		char *eq = strchr(line, '=');

		if (eq != NULL) {
			*eq = '\0';
			if (str_eq(str_trim(line), key))
				return xstrdup(str_trim(eq + 1));
		}
		block += n + (block[n] == '\n');
	}
	return NULL;
}

static void
find_endpoint(struct profile *p, const struct ini *ini, const char *section,
    const struct settings *s)
{
	static const struct field sts = FIELD(
	    "endpoint_url", FIELD_URL, endpoint_sts, NULL, false, false, NULL);
	const char *services = value_of(ini, section, "services");
	_cleanup_free_ char *url = NULL, *name = NULL;
	bool ignore = s->ignore_endpoints;

	(void)str_bool(
	    value_of(ini, section, "ignore_configured_endpoint_urls"), &ignore);
	if (ignore)
		xreplace(&p->endpoint_sts, NULL);
	if (services != NULL && !ignore) {
		name = xasprintf("services %s", services);
		url = nested(ini_get(ini, name, "sts"), "endpoint_url");
		if (!str_empty(url))
			set(p, &sts, url);
	}
	if (s->endpoint_sts != NULL)
		xreplace(&p->endpoint_sts, xstrdup(s->endpoint_sts));
}

/*
 * "…/awsfedctl credential-process P", or aws-adfs's "login … --stdout" by
 * either name: a link named aws-adfs leads to us, and where it is the tool
 * itself its line goes on as it did.
 */
bool
profile_process_is_ours(const char *command)
{
	_cleanup_strv_ struct strv words = { 0 };
	const char *name;
	bool adfs;

	strv_split(&words, command);
	if (words.n < 2)
		return false;
	name = strrchr(words.v[0], '/');
	name = name != NULL ? name + 1 : words.v[0];
	adfs = str_eq(name, "aws-adfs");
	if (!adfs && !str_eq(name, "awsfedctl"))
		return false;
	return (!adfs && str_eq(words.v[1], "credential-process")) ||
	    (str_eq(words.v[1], "login") && strv_has(&words, "--stdout"));
}

static void
find_shadows(struct profile *p, const struct ini *ini, const char *section)
{
	p->has_static_keys =
	    value_of(ini, section, "aws_access_key_id") != NULL;
	p->has_web_identity =
	    value_of(ini, section, "web_identity_token_file") != NULL;
	p->has_sso = value_of(ini, section, "sso_session") != NULL ||
	    value_of(ini, section, "sso_start_url") != NULL ||
	    value_of(ini, section, "sso_account_id") != NULL;
	if (p->credential_process != NULL &&
	    profile_process_is_ours(p->credential_process)) {
		xreplace(&p->credential_process, NULL);
		p->credential_process_ours = true;
	}
}

static bool
known(const char *key)
{
	for (size_t i = 0; i < nprofile_fields; i++)
		if (str_eq(profile_fields[i].info.name, key))
			return true;
	return false;
}

static void
warn_unknown(const struct ini *ini, size_t i, struct strv *warnings)
{
	for (size_t k = 0; k < ini_nkeys(ini, i); k++) {
		const char *key = ini_key(ini, i, k);
		_cleanup_free_ char *text = NULL, *clean = NULL;

		if (!is_ours(key) || known(key))
			continue;
		text = xasprintf(_("[%s]: there is no key \"%s\"; it has no "
				   "effect."),
		    ini_section(ini, i), key);
		clean = str_clean(text, 512);
		log_debug("%s", clean);
		if (warnings->n < CONFIG_WARNINGS_MAX)
			strv_add(warnings, clean);
	}
}

/* Which kind, as far as this section alone can say. */
static void
decide_kind(struct profile *p, const struct ini *ini, const char *section,
    const struct settings *s)
{
	const char *role = value_of(ini, section, "role_arn");
	const char *host = value_of(ini, section, ADFS("adfs_host"));

	if (host == NULL && s->adfs_host != NULL && role == NULL &&
	    value_of(ini, section, ADFS("role_arn")) != NULL) {
		p->adfs_host = xstrdup(s->adfs_host);
		host = s->adfs_host;
	}
	if (host != NULL) {
		p->kind = PROFILE_ADFS;
		if (role != NULL || p->source_profile != NULL)
			profile_fault(p,
			    _("Profile %s has both "
			      "\"adfs_config.adfs_host\" and \"%s\": it can "
			      "either sign in or be assumed from another "
			      "profile."),
			    p->name,
			    role != NULL ? "role_arn" : "source_profile");
		return;
	}
	xreplace(&p->role_arn, NULL);
	if (role != NULL && p->source_profile != NULL && !p->has_web_identity) {
		p->kind = PROFILE_CHAINED; /* config.c looks upward */
		set(p, &chained_role, role);
	}
}

static void
decide_deliver(struct profile *p, const struct ini *ini, const char *section)
{
	bool said = value_of(ini, section, OURS("deliver")) != NULL;

	if (!said && p->kind != PROFILE_ADFS)
		p->deliver = DELIVER_NONE;
	if (!said && p->kind == PROFILE_ADFS &&
	    (p->credential_process_ours || p->protected))
		p->deliver =
		    p->credential_process_ours ? DELIVER_PROCESS : DELIVER_NONE;
	if (said && p->protected && p->deliver == DELIVER_FILE)
		profile_fault(p,
		    _("Profile %s has \"awsfed.protected\" and "
		      "\"awsfed.deliver = file\": a protected profile is never "
		      "written to a file."),
		    p->name);
}

struct profile *
profile_parse(const struct ini *ini, size_t i, char *name,
    const struct settings *s, struct strv *warnings)
{
	struct profile *p = xcalloc(1, sizeof(*p));
	const char *section = ini_section(ini, i);

	p->refs = 1;
	p->name = name;
	set_fields(p, ini, section, s);
	find_shadows(p, ini, section);
	decide_kind(p, ini, section, s);
	inherit(p, ini, section, s);
	find_endpoint(p, ini, section, s);
	decide_deliver(p, ini, section);
	warn_unknown(ini, i, warnings);
	return p;
}

/* "host:443/path?query auth" */
static char *
identity_base(const struct profile *p)
{
	const char *close = strrchr(p->adfs_host, ']');
	bool port = strchr(close == NULL ? p->adfs_host : close, ':') != NULL;

	return xasprintf("%s%s%s%s%s %s", p->adfs_host, port ? "" : ":443",
	    p->path, p->query == NULL ? "" : "?",
	    p->query == NULL ? "" : p->query, auth_method_name(p->auth));
}

void
profile_finish(struct profile *p)
{
	uint64_t h = 14695981039346656037ULL;

	if (p->kind == PROFILE_ADFS && p->adfs_host != NULL)
		p->identity_base = identity_base(p);
	h = hash_string(h,
	    p->kind == PROFILE_ADFS	   ? "adfs" :
		p->kind == PROFILE_CHAINED ? "chained" :
					     "other");
	for (size_t i = 0; i < nprofile_fields; i++)
		if (profile_fields[i].counts)
			h = field_hash(&profile_fields[i], p, h);
	/* Not the user: who compares keys compares identities as well. */
	h = hash_string(h, p->identity_base);
	p->fingerprint = hash_string(h, p->root);
}

char *
profile_section(const struct profile *p)
{
	return p->kind != PROFILE_CHAINED || p->deliver == DELIVER_NONE ?
	    xstrdup(p->name) :
	    xasprintf("%s%s", p->name, PROFILE_TWIN);
}

struct profile *
profile_ref(struct profile *p)
{
	if (p != NULL)
		p->refs++;
	return p;
}

struct profile *
profile_unref(struct profile *p)
{
	if (p == NULL || --p->refs > 0)
		return NULL;
	for (size_t i = 0; i < nprofile_fields; i++)
		field_done(&profile_fields[i], p);
	fault_done(&p->fault);
	strv_done(&p->policed);
	xfree(p->name);
	xfree(p->root);
	xfree(p->identity_base);
	xfree(p);
	return NULL;
}

char *
user_normal(const char *user)
{
	char *s;

	if (user == NULL)
		return NULL;
	s = ini_fold(user, strlen(user), true);
	return str_trim(s);
}

bool
user_qualified(const char *user)
{
	const char *at;

	if (str_empty(user))
		return false;
	at = strchr(user, '\\');
	if (at != NULL)
		return at > user && at[1] != '\0';
	at = strchr(user, '@');
	return at != NULL && at > user && at[1] != '\0';
}
