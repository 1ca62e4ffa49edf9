/* SPDX-License-Identifier: Apache-2.0 */
#include "explain.h"

#include <string.h>

#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

/* ---- what there is ----------------------------------------------------------- */

enum source {
	SHARED,	 /* keys in the credentials file */
	STATIC,	 /* keys in the config file */
	PROCESS, /* credential_process */
	ROLE,	 /* role_arn with a source */
	WEB,	 /* web_identity_token_file */
	SSO,
	ENVIRONMENT,
	NONE,
	INVALID, /* the SDK refuses the profile */
	UNKNOWN, /* nobody tried this combination */
	SOURCE_MAX
};

static const struct {
	const char *name;
	bool renews; /* while the program runs */
} sources[SOURCE_MAX] = {
	[SHARED] = { "credentials-file", false },
	[STATIC] = { "config-file", false },
	[PROCESS] = { "credential-process", true },
	[ROLE] = { "assume-role", true },
	[WEB] = { "web-identity", true },
	[SSO] = { "sso", true },
	[ENVIRONMENT] = { "environment", false },
	[NONE] = { "none", false },
	[INVALID] = { "invalid", false },
	[UNKNOWN] = { "unknown", false },
};

#define BIT(s) (1U << (s))
#define KEYS (BIT(SHARED) | BIT(STATIC))
#define ALL (KEYS | BIT(PROCESS) | BIT(ROLE) | BIT(WEB) | BIT(SSO))

struct facts {
	unsigned has; /* BIT(source) */
	const char *process;
	const char *role;
	const struct strv *variables;
};

static unsigned
bit(const struct ini *doc, const char *section, const char *key, unsigned b)
{
	return str_empty(ini_get(doc, section, key)) ? 0 : b;
}

static void
collect(const struct ini *config, const char *section,
    const struct ini *credentials, const char *name, struct facts *f)
{
	f->has = bit(credentials, name, "aws_access_key_id", BIT(SHARED)) |
	    bit(config, section, "aws_access_key_id", BIT(STATIC)) |
	    bit(config, section, "credential_process", BIT(PROCESS)) |
	    bit(credentials, name, "credential_process", BIT(PROCESS)) |
	    bit(config, section, "web_identity_token_file", BIT(WEB)) |
	    bit(config, section, "sso_start_url", BIT(SSO)) |
	    bit(config, section, "sso_session", BIT(SSO));
	if (bit(config, section, "source_profile", 1) ||
	    bit(config, section, "credential_source", 1))
		f->has |= bit(config, section, "role_arn", BIT(ROLE));
	f->role = ini_get(config, section, "role_arn");
	f->process = ini_get(config, section, "credential_process");
	if (str_empty(f->process))
		f->process = ini_get(credentials, name, "credential_process");
}

/* ---- who takes what ---------------------------------------------------------- */

/*
 * order: the first of these that there is, is taken.  known: the combinations
 * of two or more that were tried; a single source is taken by all, and of keys
 * in both files all take the credentials file's.
 */
static const struct sdk {
	const char *name;
	enum source order[6];
	unsigned known;
	unsigned one_of;   /* more than one of these is refused */
	bool bare_fails;   /* role_arn without a source is refused */
	bool bare_assumes; /* it is assumed with the keys there are */
} sdks[] = {
	{ .name = "AWS CLI, boto3 (botocore)",
	    .order = { ROLE, WEB, SSO, SHARED, PROCESS, STATIC },
	    .known = ALL,
	    .bare_fails = true },
	{ .name = "Go v2",
	    .order = { ROLE, SHARED, STATIC, PROCESS, WEB, SSO },
	    .known = ALL,
	    .one_of = BIT(ROLE) | BIT(PROCESS) | BIT(WEB),
	    .bare_assumes = true },
	{ .name = "JavaScript v3",
	    .order = { ROLE, SHARED, STATIC, PROCESS, WEB, SSO },
	    .known = ALL },
	{ .name = "Java v2",
	    .order = { PROCESS, ROLE, WEB, SSO, SHARED, STATIC },
	    .known = ALL & ~BIT(STATIC) },
	{ .name = "Go v1",
	    .order = { ROLE, SHARED, STATIC, PROCESS, WEB, SSO },
	    .known = KEYS | BIT(PROCESS) | BIT(ROLE),
	    .one_of = BIT(ROLE) | BIT(PROCESS) | BIT(WEB),
	    .bare_assumes = true },
	{ .name = "Ruby",
	    .order = { SSO, SHARED, STATIC, PROCESS, ROLE, WEB },
	    .known = BIT(SHARED) | BIT(SSO) },
	{ .name = "PHP",
	    .order = { SSO, SHARED, PROCESS, STATIC, ROLE, WEB },
	    .known = BIT(SHARED) | BIT(SSO) },
	{ .name = ".NET",
	    .order = { SSO, SHARED, STATIC, PROCESS, ROLE, WEB },
	    .known = BIT(SHARED) | BIT(PROCESS) | BIT(SSO),
	    .one_of = BIT(SHARED) | BIT(PROCESS) },
	{ .name = "Rust",
	    .order = { SHARED, STATIC, PROCESS, ROLE, WEB, SSO } },
};

static bool
is_set(const struct facts *f, const char *variable)
{
	return strv_has(f->variables, variable);
}

static bool
several(unsigned bits)
{
	return (bits & (bits - 1)) != 0;
}

/* role_arn beside keys, but without a source of its own. */
static enum source
taken_bare(const struct sdk *k, enum source otherwise)
{
	if (k->bare_fails)
		return INVALID;
	if (k->bare_assumes)
		return ROLE;
	return (k->known & BIT(ROLE)) != 0 ? otherwise : UNKNOWN;
}

static enum source
taken(const struct sdk *k, const struct facts *f)
{
	bool keys = (f->has & KEYS) != 0;
	enum source first = NONE;

	/* JavaScript takes the profile that AWS_PROFILE names, and warns. */
	if (is_set(f, "AWS_ACCESS_KEY_ID") &&
	    (!str_eq(k->name, "JavaScript v3") || !is_set(f, "AWS_PROFILE")))
		return ENVIRONMENT;
	if (several(f->has & k->one_of))
		return INVALID;
	/* All let the credentials file win over the config file. */
	if (several(f->has) && f->has != KEYS && (f->has & ~k->known) != 0)
		return UNKNOWN;
	for (size_t i = ARRAY_SIZE(k->order); i-- > 0;)
		if (f->has & BIT(k->order[i]))
			first = k->order[i];
	if (keys && !str_empty(f->role) &&
	    (f->has & (BIT(ROLE) | BIT(WEB))) == 0)
		return taken_bare(k, first);
	/* Go's second version then assumes the role with the keys. */
	return keys && (f->has & BIT(WEB)) && k->bare_assumes ? ROLE : first;
}

static json_t *
list_sdks(const struct facts *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(sdks); i++) {
		enum source s = taken(&sdks[i], f);

		json_array_append_new(list,
		    json_pack("{s:s,s:s,s:b}", "sdk", sdks[i].name, "source",
			sources[s].name, "renews", sources[s].renews));
	}
	return list;
}

static json_t *
list_sources(const struct facts *f)
{
	json_t *list = json_array();

	for (int s = 0; s < SOURCE_MAX; s++) {
		json_t *o;

		if ((f->has & BIT(s)) == 0)
			continue;
		o = json_pack("{s:s}", "source", sources[s].name);
		if (s == PROCESS)
			json_object_set_new(o, "ours",
			    json_boolean(profile_process_is_ours(f->process)));
		json_array_append_new(list, o);
	}
	return list;
}

/* ---- what to know about it ------------------------------------------------------ */

static void
note(json_t *list, const char *text)
{
	json_array_append_new(list, json_string(text));
}

static void
note_files(json_t *list, const struct facts *f)
{
	bool keys = (f->has & KEYS) != 0;

	if (keys)
		note(list,
		    _("Keys in a file are read once, when a program starts: "
		      "one that runs longer than they live needs "
		      "awsfed.deliver = process, or awsfedctl exec "
		      "--endpoint."));
	if (keys && (f->has & BIT(PROCESS)))
		note(list,
		    _("Keys and credential_process in one profile: SDKs differ "
		      "in which they take. Keep one of them."));
	if (keys && (f->has & BIT(SSO)))
		note(list,
		    _("Keys and sso_ settings in one profile: the AWS CLI and "
		      "Java take SSO, Go and JavaScript the keys."));
	if (keys && (f->has & BIT(ROLE)))
		note(list,
		    _("Keys and role_arn in one profile: the SDKs assume the "
		      "role; profiles that name this one as their source take "
		      "the keys."));
	if (!str_empty(f->role) && (f->has & (BIT(ROLE) | BIT(WEB))) == 0)
		note(list,
		    _("role_arn without a source_profile: the AWS CLI refuses "
		      "the profile."));
	if (f->has & BIT(PROCESS))
		note(list,
		    _("credential_process needs awsfedctl and the agent where "
		      "the program runs: in a container use awsfedctl env "
		      "with --shell dotenv, or awsfed.deliver = file with "
		      "~/.aws mounted as a folder. restic and s3cmd know no "
		      "credential_process: use awsfedctl exec."));
}

static const struct {
	const char *variable;
	const char *text;
} warnings[] = {
	{ "AWS_ACCESS_KEY_ID",
	    N_("AWS_ACCESS_KEY_ID is set in this shell and comes before any "
	       "profile that is not named on the command line (in JavaScript "
	       "after AWS_PROFILE). Next: unset it.") },
	{ "AWS_SECURITY_TOKEN",
	    N_("AWS_SECURITY_TOKEN is set in this shell: botocore takes it "
	       "instead of AWS_SESSION_TOKEN. Next: unset it.") },
	{ "AWS_SHARED_CREDENTIALS_FILE",
	    N_("AWS_SHARED_CREDENTIALS_FILE is set in this shell: Go takes "
	       "its value as it is, without ~ or $HOME.") },
};

static void
note_variables(json_t *list, const struct facts *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++)
		if (is_set(f, warnings[i].variable))
			note(list, _(warnings[i].text));
	if (is_set(f, "AWS_PROFILE") && is_set(f, "AWS_DEFAULT_PROFILE"))
		note(list,
		    _("AWS_PROFILE and AWS_DEFAULT_PROFILE are both set: "
		      "boto3 takes the second, everything else the first."));
}

json_t *
explain(const struct ini *config, const struct ini *credentials,
    const char *profile, const struct strv *variables)
{
	_cleanup_free_ char *section = config_find_section(config, profile);
	struct facts f = { .variables = variables };
	json_t *o, *notes;

	if (!ini_has_section(config, section) &&
	    !ini_has_section(credentials, profile))
		return NULL;
	collect(config, section, credentials, profile, &f);
	notes = json_array();
	note_files(notes, &f);
	note_variables(notes, &f);
	o = json_object();
	json_object_set_new(o, "sources", list_sources(&f));
	json_object_set_new(o, "sdks", list_sdks(&f));
	json_object_set_new(o, "notes", notes);
	return o;
}
