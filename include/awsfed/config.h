/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed profiles and settings, from tables.
 *
 * A config is an immutable, ref-counted snapshot of ~/.aws/config and of the
 * agent's own settings.  The tables (profile_keys, settings_keys) declare name,
 * type, default, limits and help once; parser, messages and documentation read
 * them.  Nothing here touches the credentials file.
 */
#ifndef AWSFED_CONFIG_H
#define AWSFED_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "str.h"

struct ini;

enum deliver { DELIVER_FILE, DELIVER_PROCESS, DELIVER_NONE };
enum auth_method {
	AUTH_AUTO, AUTH_FORMS, AUTH_KERBEROS, AUTH_NTLM, AUTH_BROWSER,
	AUTH_CERTIFICATE
};
enum autorefresh { AUTOREFRESH_KEPT, AUTOREFRESH_YES, AUTOREFRESH_NO };
enum profile_kind {
	PROFILE_OTHER,		/* none of our business */
	PROFILE_ADFS,		/* has adfs_config.adfs_host */
	PROFILE_CHAINED		/* role_arn + source_profile up to an ADFS one */
};

const char *auth_method_name(enum auth_method m);
const char *deliver_name(enum deliver d);

#define PROFILE_NAME_MAX 128

/* Immutable once loaded.  Strings are NULL when unset (also by "None"). */
struct profile {
	unsigned refs;
	char *name;
	enum profile_kind kind;
	struct fault fault;	/* a fault of this profile alone, or empty */

	char *region;
	char *role_arn;		/* adfs_config.role_arn; chained: role_arn */
	char *endpoint_sts;	/* services … sts endpoint_url, endpoint_url */

	/* AD FS: identity and sign-in */
	char *adfs_host;	/* host or host:port, lower case */
	char *adfs_user;	/* as written */
	char *provider_id;	/* never NULL for ADFS profiles */
	int64_t session_duration;	/* seconds, 0 unset */
	bool ssl_verification;
	char *username_password_command;
	char *mfa_token_command;
	char *duo_factor;
	char *duo_device;
	enum auth_method auth;
	char *path;		/* never NULL: /adfs/ls/IdpInitiatedSignOn.aspx */
	char *query;
	char *home_realm;
	char *domain;
	struct strv allowed_hosts;
	bool allow_http_loopback;
	char *ca_bundle;
	char *client_cert;
	char *client_key;
	bool keep_signed_in;
	char *mfa_method;

	/* delivery */
	enum deliver deliver;
	enum autorefresh autorefresh;
	bool protected;
	char *policy;
	struct strv policy_arns;
	char *on_refresh;

	/* chained */
	char *source_profile;	/* direct source */
	char *root;		/* the ADFS profile at its end */
	char *external_id;
	char *role_session_name;
	int64_t duration_seconds;

	/* what would shadow or be shadowed by static keys */
	bool has_static_keys;	/* in the config file */
	char *credential_process;	/* the user's own; ours is left out */
	bool credential_process_ours;
	bool has_sso;
	bool has_web_identity;

	/* "host:port/path auth" without the user: which identities may match */
	char *identity_base;
	/* Changes when any key that affects the credentials changes. */
	uint64_t fingerprint;
};

/* The agent's own settings; never NULL strings unless noted. */
struct settings {
	char *adfs_host;	/* defaults for new profiles; NULL unset */
	char *provider_id;
	char *region;		/* NULL unset */
	char *ca_bundle;	/* NULL: the system's */
	char *https_proxy;	/* NULL: none */
	char *no_proxy;		/* NULL: none */
	char *endpoint_sts;	/* AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL */
	bool allow_http_loopback;
	bool use_fips;		/* AWS_USE_FIPS_ENDPOINT */
	bool use_dualstack;	/* AWS_USE_DUALSTACK_ENDPOINT */
	int64_t max_duration;	/* seconds; caps every session_duration */
	int64_t login_timeout;	/* seconds a person may take for one question */
	int64_t worker_timeout;	/* seconds one job may take, waits excluded */
	int64_t connect_timeout;
	int64_t spacing;	/* seconds between sign-ins of an identity */
	int64_t min_lifetime;	/* seconds; test hook: accept shorter lives */
	bool log_debug;
};

struct config {
	unsigned refs;
	char *path;		/* the AWS config file */
	char *credentials_path;
	struct settings settings;
	struct profile **profiles;
	size_t nprofiles;
	struct fault fault;	/* the file as a whole (botocore rejects it) */
};

/*
 * Reads settings (/etc/awsfed/awsfed.conf, then $XDG_CONFIG_HOME/…; missing
 * files are empty) and the AWS config file.  0 with a new config; -1 with
 * *fault when a settings file or the AWS config cannot be read or has a value
 * that is out of its limits.  A profile with a bad value carries its own fault
 * and the others stay good.
 */
int config_load(const char *aws_config, const char *aws_credentials,
    struct config **ret, struct fault *fault);
/* For tests and fuzzers: from documents in memory. */
int config_parse(const struct ini *aws, const struct ini *settings,
    struct config **ret, struct fault *fault);
struct config *config_ref(struct config *c);
struct config *config_unref(struct config *c);
const struct profile *config_profile(const struct config *c,
    const char *name);

struct profile *profile_ref(struct profile *p);
struct profile *profile_unref(struct profile *p);

/* "profile x" for x, "default" for default. */
char *config_section_name(const char *profile);
/* The reverse; NULL for a section that is no profile (sso-session, services). */
char *config_profile_name(const char *section);

/*
 * A user name in the form by which identities are compared: lower case.
 * Whether it has a domain or a suffix: "CORP\jane", "jane@example.com".
 */
char *user_normal(const char *user);
bool user_qualified(const char *user);

/* Sets one profile key in a document with the name the table knows. */
struct key_info {
	const char *name;	/* as in the file */
	const char *help;
	const char *def;	/* as text, NULL none */
	bool affects_signin;	/* differing values in one identity: a fault */
};
const struct key_info *profile_key_at(size_t i);	/* NULL at the end */
const struct key_info *settings_key_at(size_t i);

/* Fields a fleet or a test may set in [awsfed] of awsfed.conf. */

#endif
