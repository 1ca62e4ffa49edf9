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
#include <sys/types.h>

#include "fault.h"
#include "hours.h"
#include "str.h"

struct ini;

enum deliver { DELIVER_FILE, DELIVER_PROCESS, DELIVER_NONE };
enum auth_method {
	AUTH_AUTO,
	AUTH_FORMS,
	AUTH_KERBEROS,
	AUTH_NTLM,
	AUTH_BROWSER,
	AUTH_CERTIFICATE
};
enum autorefresh { AUTOREFRESH_KEPT, AUTOREFRESH_YES, AUTOREFRESH_NO };
/* What is kept in the service manager's descriptor store; from much to little. */
enum keep_across { KEEP_ALL, KEEP_CREDENTIALS, KEEP_NONE };
enum store_password {
	STORE_NO,
	STORE_MEMORY,	 /* until logout */
	STORE_KEYRING,	 /* Secret Service */
	STORE_CREDENTIAL /* systemd's */
};
enum totp_source { TOTP_FROM_COMMAND, TOTP_FROM_KEYRING, TOTP_FROM_CREDENTIAL };
enum profile_kind {
	PROFILE_OTHER,	/* none of our business; a fault then only
				   says why a chain leads nowhere */
	PROFILE_ADFS,	/* has adfs_config.adfs_host */
	PROFILE_CHAINED /* role_arn + source_profile up to an ADFS one */
};

const char *auth_method_name(enum auth_method m);
const char *deliver_name(enum deliver d);
const char *store_password_name(enum store_password s);

#define PROFILE_NAME_MAX 128

/* Immutable once loaded.  Strings are NULL when unset (also by "None"). */
struct profile {
	unsigned refs;
	char *name;
	enum profile_kind kind;
	struct fault fault; /* a fault of this profile alone, or empty */

	char *region;
	char *role_arn; /* adfs_config.role_arn; chained: role_arn */
	/* Effective: environment, services … sts endpoint_url, endpoint_url. */
	char *endpoint_sts;
	bool use_fips; /* effective, like the endpoint */
	bool use_dualstack;

	/* AD FS: identity and sign-in */
	char *adfs_host;	  /* host or host:port, lower case; NULL in an
				   ADFS profile only with a fault */
	char *adfs_user;	  /* as written */
	char *provider_id;	  /* never NULL for ADFS profiles */
	int64_t session_duration; /* seconds, 0 unset */
	bool ssl_verification;
	char *username_password_command;
	char *mfa_token_command;
	char *duo_factor;
	char *duo_device;
	enum auth_method auth;
	char *path; /* never NULL: /adfs/ls/IdpInitiatedSignOn.aspx */
	char *query;
	char *home_realm;
	char *domain;
	struct strv allowed_hosts;
	bool allow_http_loopback;
	char *ca_bundle;
	char *client_cert;
	char *client_key;
	bool keep_signed_in;
	char *mfa_method;    /* preferred methods, comma-separated */
	char *mfa_adapters;  /* "NAME=KIND, …" */
	int64_t mfa_timeout; /* seconds */
	char *totp_command;  /* prints a TOTP secret */
	enum totp_source totp;
	enum store_password store_password; /* effective */
	bool sp_initiated;

	/* delivery */
	enum deliver deliver;
	enum autorefresh autorefresh;
	bool protected;
	bool blank_on_lock;
	char *policy;
	struct strv policy_arns;
	char *on_refresh;
	char *on_needs_login;

	/* chained */
	char *source_profile; /* direct source */
	char *root;	      /* the ADFS profile at its end */
	char *external_id;
	char *role_session_name;
	int64_t duration_seconds;
	char *source_identity;
	struct strv session_tags; /* "key=value" */
	struct strv transitive_tag_keys;
	/* The agent assumes it: it delivers it, or one that hangs below it. */
	bool held;
	/* Made by a login for its caller alone: nobody else is told of it. */
	bool apart;

	/* what the policy of the machine did to it: sentences */
	struct strv policed;
	bool no_file; /* its keys go to no file, nor to a sink */

	/* what would shadow or be shadowed by static keys */
	bool has_static_keys;	  /* in the config file */
	char *credential_process; /* the user's own; ours is left out */
	bool credential_process_ours;
	bool has_sso;
	bool has_web_identity;

	/*
	 * "host:port/path?query auth" without the user: which identities may
	 * match.  NULL unless ADFS.
	 */
	char *identity_base;
	/* Changes when any key that affects the credentials changes. */
	uint64_t fingerprint;
};

/* [sink NAME] of awsfed.conf: one more credentials file. */
struct sink {
	char *name;
	char *path;
	char *mode;	 /* rename or inplace */
	char *file_mode; /* octal */
	struct strv profiles;
};

/* The agent's own settings; never NULL strings unless noted. */
struct settings {
	char *adfs_host; /* defaults for new profiles; NULL unset */
	char *provider_id;
	char *region;	       /* NULL unset */
	char *ca_bundle;       /* NULL: the system's */
	char *https_proxy;     /* NULL: none */
	char *no_proxy;	       /* NULL: none */
	char *endpoint_sts;    /* AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL */
	bool ignore_endpoints; /* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS */
	bool allow_http_loopback;
	bool use_fips; /* AWS_USE_FIPS_ENDPOINT; a profile's key if unset */
	bool fips_said;
	bool use_dualstack; /* AWS_USE_DUALSTACK_ENDPOINT, the same */
	bool dualstack_said;
	int64_t max_duration;	  /* seconds; caps every session_duration */
	int64_t own_max_duration; /* without the policy of the machine */
	int64_t login_timeout;	/* seconds a person may take for one question */
	int64_t worker_timeout; /* seconds one job may take, waits excluded */
	int64_t connect_timeout;
	int64_t spacing; /* seconds between sign-ins of an identity */
	int64_t spread;	 /* seconds: the longest splay after a sleep */
	int64_t pushes_per_hour;
	/* seconds between renewals of a profile that nobody asks for */
	int64_t min_renewal_interval;
	int64_t min_lifetime; /* seconds; test hook: accept shorter lives */
	int64_t min_duration; /* seconds; 900, or min_lifetime when set */
	char *on_refresh;     /* of profiles that have none; NULL: nothing */
	char *on_needs_login;
	bool endpoint;	       /* the container endpoint may listen */
	int64_t endpoint_port; /* 0: any that is free */
	enum keep_across keep_across_restart;
	int64_t idle_exit; /* seconds; 0 never */
	bool lock_on_screen_lock;
	bool lock_on_sleep;
	enum store_password store_password;
	bool log_debug;
	/* human time */
	bool notifications;
	struct hours quiet_hours; /* nobody is asked then; local time */
	char *askpass;		  /* a prompt program; NULL: none */
	char *pinentry;		  /* one that speaks Assuan; NULL: none */
	char *sign_in_command;	  /* what "Sign in" runs; NULL: nothing */
	struct sink *sinks;
	size_t nsinks;
};

/*
 * /etc/awsfed/policy.conf: what root lets users set.  It has been applied to
 * settings and profiles already.
 */
struct policy {
	char *path;		   /* NULL: of a document in memory */
	bool there;		   /* there is a file, good or bad */
	bool unknown;		   /* a bad one, and none before it */
	bool unread;		   /* bad, since reading it failed */
	struct fault fault;	   /* it is bad: nothing new is signed in */
	struct strv allowed_hosts; /* patterns; empty: all */
	bool keep_signed_in;
	bool stored_passwords;
	bool commands;
	bool hooks;
	bool endpoint;
	enum keep_across keep_across_restart; /* the most */
	int64_t min_renewal_interval;
	int64_t max_duration;
	struct strv never_file_accounts;
	struct strv notes; /* what it did to the settings: sentences */
};

struct config {
	unsigned refs;
	char *path; /* the AWS config file */
	char *credentials_path;
	struct settings settings;
	struct policy policy;
	struct profile **profiles; /* in the order of the file */
	struct profile **by_name;  /* the same, sorted */
	size_t nprofiles;
	struct strv warnings; /* sentences: unknown keys, unusable names */
	struct fault fault;   /* the file as a whole (botocore rejects it) */
};

/*
 * Reads settings (/etc/awsfed/awsfed.conf, then $XDG_CONFIG_HOME/…; missing
 * files are empty), the agent's own environment (endpoints, proxies) and the
 * AWS config file.  0 with a new config; -1 with *fault when a file cannot be
 * read or a setting is unknown or out of its limits.  A profile with a bad
 * value carries its own fault and the others stay good; so they do when
 * botocore would reject the file (config->fault).
 */
int config_load(const char *aws_config, const char *aws_credentials,
    struct config **ret, struct fault *fault);
/*
 * The same, after the snapshot before (NULL: none), whose policy stays in force
 * where that of the machine cannot be read or trusted now.
 */
int config_load_after(const struct config *before, const char *aws_config,
    const char *aws_credentials, struct config **ret, struct fault *fault);
/* For tests and fuzzers: from documents in memory; settings may be NULL. */
int config_parse(const struct ini *aws, const struct ini *settings,
    struct config **ret, struct fault *fault);
/* The same under a policy.conf; policy may be NULL. */
int config_parse_under(const struct ini *aws, const struct ini *settings,
    const struct ini *policy, struct config **ret, struct fault *fault);
/* What base would be with another AWS config document: for drafts. */
struct config *config_derive(const struct config *base, const struct ini *aws);
struct config *config_ref(struct config *c);
struct config *config_unref(struct config *c);
const struct profile *config_profile(const struct config *c, const char *name);
/* The same, for who wants to take a reference. */
struct profile *config_find(const struct config *c, const char *name);

/*
 * The section by which a profile is delivered: its own, or the twin "P.live" of
 * a chained one, since tools prefer a role_arn to keys beside it.  xalloc.
 */
char *profile_section(const struct profile *p);
/* Is this credential_process "…/awsfedctl credential-process P"? */
bool profile_process_is_ours(const char *command);
#define PROFILE_TWIN ".live"
struct profile *profile_ref(struct profile *p);
struct profile *profile_unref(struct profile *p);

/* "profile x" for x, "default" for default; quoted where botocore needs it. */
char *config_section_name(const char *profile);
/*
 * The section that holds the profile in this document, however it is spelled
 * ([profile "x"]); config_section_name() when there is none.  xalloc.
 */
char *config_find_section(const struct ini *aws, const char *profile);
/* The reverse; NULL for a section that is no profile (sso-session, services). */
char *config_profile_name(const char *section);

/*
 * A user name in the form by which identities are compared: lower case.
 * Whether it has a domain or a suffix: "CORP\jane", "jane@example.com".
 */
char *user_normal(const char *user);
bool user_qualified(const char *user);

/* What the tables say of a key, for messages and documentation. */
struct key_info {
	const char *name; /* as in the file */
	const char *help;
	const char *def;     /* as text, NULL none */
	bool affects_signin; /* differing values in one identity: a fault */
};
const struct key_info *profile_key_at(size_t i); /* NULL at the end */
const struct key_info *settings_key_at(size_t i);
const struct key_info *sink_key_at(size_t i);
const struct key_info *policy_key_at(size_t i);

/* Do the keys of this profile, once it is kept, go to that file? */
bool sink_takes(const struct sink *k, const struct profile *p);
bool sink_equal(const struct sink *a, const struct sink *b);
bool sink_in_place(const struct sink *k);
mode_t sink_file_mode(const struct sink *k);
void sink_copy(struct sink *to, const struct sink *from);
void sink_done(struct sink *k);

void config_unrefp(struct config **c);
#define _cleanup_config_ __attribute__((cleanup(config_unrefp)))

#endif
