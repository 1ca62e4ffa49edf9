/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedctl login: signs in and makes profiles fresh.  Takes aws-adfs's
 * options under their own names (docs/MIGRATING.md).
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/arn.h"
#include "awsfed/fault.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "approval.h"
#include "assertfile.h"
#include "cli.h"
#include "conn.h"
#include "linger.h"
#include "deliver.h"
#include "outcome.h"
#include "supply.h"
#include "talk.h"
#include "unlock.h"

#define EXTERNAL_ID_MIN 2 /* STS's bounds */
#define EXTERNAL_ID_MAX 1224

enum {
	OPT_PROFILE = 1,
	OPT_ALL,
	OPT_HOST,
	OPT_ROLE,
	OPT_REGION,
	OPT_USER,
	OPT_PROVIDER,
	OPT_DURATION,
	OPT_VERIFY,
	OPT_NO_VERIFY,
	OPT_OUTPUT,
	OPT_FORCE,
	OPT_ENFORCE,
	OPT_STDIN,
	OPT_ENV,
	OPT_AUTHFILE,
	OPT_SECRET_COMMAND,
	OPT_MFA_COMMAND,
	OPT_CODE,
	OPT_DUO_FACTOR,
	OPT_DUO_DEVICE,
	OPT_CA_BUNDLE,
	OPT_S3_VERSION,
	OPT_STDOUT,
	OPT_PRINTENV,
	OPT_ASSERTFILE,
	OPT_NO_CACHE,
	OPT_SSPI,
	OPT_NO_SSPI,
	OPT_CONSOLE,
	OPT_CONSOLE_ROLE,
	OPT_CONSOLE_ID
};

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the profile; the same as naming it without the option") },
	{ "all", OPT_ALL, NULL, N_("every AD FS profile of the AWS config") },
	{ "adfs-host", OPT_HOST, "HOST",
	    N_("the AD FS server, host or "
	       "host:port; saved to the profile") },
	{ "role-arn", OPT_ROLE, "ARN",
	    N_("the role, or ? to choose again; saved to the profile") },
	{ "region", OPT_REGION, "REGION",
	    N_("the AWS region; saved to the profile") },
	{ "user", OPT_USER, "USER",
	    N_("DOMAIN\\user or user@domain; saved to "
	       "the profile") },
	{ "provider-id", OPT_PROVIDER, "ID",
	    N_("the relying party's identifier; saved to the profile") },
	{ "session-duration", OPT_DURATION, "SECONDS",
	    N_("how long a role's "
	       "credentials shall live; saved to the profile") },
	{ "output-format", OPT_OUTPUT, "FORMAT",
	    N_("the AWS CLI's output "
	       "format; saved to the profile") },
	{ "ssl-verification", OPT_VERIFY, NULL,
	    N_("verify the AD FS server's certificate (the default)") },
	{ "no-ssl-verification", OPT_NO_VERIFY, NULL,
	    N_("do not verify it; AWS is verified all the same") },
	{ "force", OPT_FORCE, NULL,
	    N_("take over a section of the "
	       "credentials file that another tool or a person wrote") },
	{ "enforce-role-arn", OPT_ENFORCE, NULL,
	    N_("fail when the role is not offered, and never ask for one") },
	{ "stdin", OPT_STDIN, NULL,
	    N_("read user name and password from "
	       "standard input, a line each") },
	{ "env", OPT_ENV, NULL,
	    N_("take them from the variables username "
	       "and password") },
	{ "authfile", OPT_AUTHFILE, "FILE",
	    N_("take them from the profile's "
	       "section of an INI file") },
	{ "username-password-command", OPT_SECRET_COMMAND, "COMMAND",
	    N_("a command that prints both as JSON; saved to the profile") },
	{ "mfa-token-command", OPT_MFA_COMMAND, "COMMAND",
	    N_("a command that prints a one-time code as JSON; saved to the "
	       "profile") },
	{ "aad-verification-code", OPT_CODE, "CODE",
	    N_("the answer to the first question for a one-time code") },
	{ "duo-factor", OPT_DUO_FACTOR, "FACTOR",
	    N_("Duo Push, Passcode, Phone Call or WebAuthn Security Key; "
	       "saved to the profile") },
	{ "duo-device", OPT_DUO_DEVICE, "DEVICE",
	    N_("such as phone1; saved to the profile") },
	{ "adfs-ca-bundle", OPT_CA_BUNDLE, "FILE",
	    N_("certificates to trust for the AD FS server; saved to the "
	       "profile") },
	{ "s3-signature-version", OPT_S3_VERSION, "VERSION",
	    N_("s3v4; saved to the profile's s3 block") },
	{ "stdout", OPT_STDOUT, NULL,
	    N_("print the keys for credential_process, and write no file") },
	{ "printenv", OPT_PRINTENV, NULL,
	    N_("print them as lines for a shell's eval, and write no file") },
	{ "assertfile", OPT_ASSERTFILE, "FILE",
	    N_("redeem the SAMLResponse in this file instead of signing in") },
	{ "no-session-cache", OPT_NO_CACHE, NULL,
	    N_("with --stdout and --printenv: fetch new keys even if the "
	       "agent holds good ones") },
	{ "sspi", OPT_SSPI, NULL,
	    N_("accepted without effect: awsfed.auth chooses") },
	{ "no-sspi", OPT_NO_SSPI, NULL, N_("the same") },
	{ "print-console-signin-url", OPT_CONSOLE, NULL,
	    N_("then print an address that signs a browser in to the AWS "
	       "console; it is a secret") },
	{ "console-role-arn", OPT_CONSOLE_ROLE, "ARN",
	    N_("a role to assume for that, with the profile's keys") },
	{ "console-external-id", OPT_CONSOLE_ID, "ID",
	    N_("the external id that the role asks for") },
	{ 0 },
};

struct login {
	const struct verb *verb;
	json_t *names;
	json_t *par;
	bool all;
	bool named;	/* a profile was typed */
	bool describes; /* an option that goes into one profile */
	bool enforce;
	bool from_stdin, from_env;
	bool exports, process; /* the keys go to standard output */
	bool console;	       /* an address for a browser does */
	const char *console_role, *console_id;
	bool renew;
	const char *authfile;
	const char *assertfile;
	const char *code;
};

static void
login_done(struct login *l)
{
	json_decref(l->names);
	json_decref(l->par);
}

static int
add_profile(struct login *l, const char *name)
{
	l->named = true;
	return cli_add_profile(l->verb, l->names, name);
}

/* The profile, when only one is meant; NULL otherwise. */
static const char *
only_profile(const struct login *l)
{
	return json_array_size(l->names) == 1 ?
	    json_string_value(json_array_get(l->names, 0)) :
	    NULL;
}

static int
put_text(
    struct login *l, const char *key, const char *option, const char *value)
{
	l->describes = true;
	return cli_put(l->verb, l->par, key, option, value);
}

static int
put_role(struct login *l, const char *value)
{
	if (strcmp(value, "?") == 0) {
		json_object_del(l->par, "roleArn");
		json_object_set_new(l->par, "chooseRole", json_true());
		l->describes = true;
		return 0;
	}
	json_object_del(l->par, "chooseRole");
	return put_text(l, "roleArn", "--role-arn", value);
}

/*
 * As aws-adfs does: one word of a factor's name means the factor.  Those two
 * without a telephone have no device.
 */
static int
put_factor(struct login *l, const char *value)
{
	static const struct {
		const char *name;
		const char *words;
		bool device;
	} factors[] = {
		{ "Duo Push", "push duo", true },
		{ "Passcode", "passcode", false },
		{ "Phone Call", "phone call", true },
		{ "WebAuthn Security Key", "webauthn security key", false },
	};
	_cleanup_free_ char *word = xstrdup(value);

	str_lower(word);
	for (size_t i = 0; i < ARRAY_SIZE(factors); i++) {
		_cleanup_strv_ struct strv words = { 0 };

		strv_split(&words, factors[i].words);
		if (!strv_has(&words, word) &&
		    !str_caseeq(factors[i].name, value))
			continue;
		if (!factors[i].device)
			json_object_set_new(
			    l->par, "duoDevice", json_string("None"));
		value = factors[i].name;
		break;
	}
	return put_text(l, "duoFactor", "--duo-factor", value);
}

static int
put_device(struct login *l, const char *value)
{
	/* A factor without a device keeps it so, in either order. */
	if (json_object_get(l->par, "duoDevice") != NULL)
		return 0;
	return put_text(l, "duoDevice", "--duo-device", value);
}

static char *
realpath_of(const char *path)
{
	char full[PATH_MAX];

	return realpath(path, full) == NULL ? NULL : xstrdup(full);
}

/* The agent does not know where this command was typed. */
static int
put_bundle(struct login *l, const char *value)
{
	_cleanup_free_ char *full = *value == '/' || str_starts(value, "~/") ?
	    path_expand(value) :
	    realpath_of(value);

	if (full == NULL || access(full, R_OK) != 0)
		return cli_usage(l->verb,
		    _("--adfs-ca-bundle: %s cannot be read (%s)."), value,
		    strerror(errno));
	return put_text(l, "caBundle", "--adfs-ca-bundle", full);
}

static int
put_s3(struct login *l, const char *value)
{
	if (strcmp(value, "s3v4") != 0)
		return cli_usage(l->verb, "%s",
		    _("--s3-signature-version takes s3v4, nothing else."));
	return put_text(
	    l, "s3SignatureVersion", "--s3-signature-version", value);
}

static int
put_duration(struct login *l, const char *value)
{
	int64_t n;

	/* AWS decides the finer limits, role by role. */
	if (str_int(value, 1, 43200, &n) < 0)
		return cli_usage(l->verb, "%s",
		    _("--session-duration takes "
		      "a number of seconds, 900 to 43200."));
	json_put_int(l->par, "sessionDuration", n);
	l->describes = true;
	return 0;
}

static int
note_sspi(void)
{
	fprintf(stderr, "%s\n",
	    _("awsfed: warning: --sspi has no effect: a Kerberos ticket is "
	      "used where there is one (awsfed.auth in awsfed.conf(5))."));
	return 0;
}

static int
put_verify(struct login *l, bool verify)
{
	json_object_set_new(l->par, "noSslVerification", json_boolean(!verify));
	l->describes = true;
	return 0;
}

static int
set(void *arg, int id, const char *value)
{
	struct login *l = arg;

	switch (id) {
	case OPT_PROFILE:
		return add_profile(l, value);
	case OPT_ALL:
		l->all = true;
		return 0;
	case OPT_HOST:
		return put_text(l, "host", "--adfs-host", value);
	case OPT_ROLE:
		return put_role(l, value);
	case OPT_REGION:
		return put_text(l, "region", "--region", value);
	case OPT_USER:
		return put_text(l, "user", "--user", value);
	case OPT_PROVIDER:
		return put_text(l, "providerId", "--provider-id", value);
	case OPT_OUTPUT:
		return put_text(l, "output", "--output-format", value);
	case OPT_DURATION:
		return put_duration(l, value);
	case OPT_VERIFY:
	case OPT_NO_VERIFY:
		return put_verify(l, id == OPT_VERIFY);
	case OPT_FORCE:
		json_object_set_new(l->par, "force", json_true());
		return 0;
	case OPT_ENFORCE:
		l->enforce = true;
		return 0;
	case OPT_STDIN:
		l->from_stdin = true;
		return 0;
	case OPT_ENV:
		l->from_env = true;
		return 0;
	case OPT_AUTHFILE:
		l->authfile = value;
		return 0;
	case OPT_SECRET_COMMAND:
		return put_text(l, "usernamePasswordCommand",
		    "--username-password-command", value);
	case OPT_MFA_COMMAND:
		return put_text(
		    l, "mfaTokenCommand", "--mfa-token-command", value);
	case OPT_CODE:
		l->code = value;
		return 0;
	case OPT_DUO_FACTOR:
		return put_factor(l, value);
	case OPT_DUO_DEVICE:
		return put_device(l, value);
	case OPT_CA_BUNDLE:
		return put_bundle(l, value);
	case OPT_S3_VERSION:
		return put_s3(l, value);
	case OPT_STDOUT:
		l->process = true;
		return 0;
	case OPT_PRINTENV:
		l->exports = true;
		return 0;
	case OPT_ASSERTFILE:
		l->assertfile = value;
		return 0;
	case OPT_NO_CACHE:
		l->renew = true;
		return 0;
	case OPT_SSPI:
		return note_sspi();
	case OPT_NO_SSPI:
		return 0;
	case OPT_CONSOLE:
		l->console = true;
		return 0;
	case OPT_CONSOLE_ROLE:
		l->console_role = value;
		return 0;
	case OPT_CONSOLE_ID:
		l->console_id = value;
		return 0;
	default:
		return 0;
	}
}

static bool
is_role(const char *text)
{
	_cleanup_arn_ struct arn a = { 0 };

	return arn_parse(text, &a) == 0 && a.type == ARN_ROLE;
}

/* What goes to standard output can be one thing. */
static int
settle_output(const struct login *l)
{
	if (l->exports + l->process + l->console > 1)
		return cli_usage(l->verb, "%s",
		    _("--stdout, --printenv and --print-console-signin-url "
		      "exclude each other."));
	if ((l->exports || l->process || l->console || l->assertfile != NULL) &&
	    (l->all || json_array_size(l->names) > 1))
		return cli_usage(l->verb, "%s",
		    _("--stdout, --printenv, --print-console-signin-url and "
		      "--assertfile need exactly one profile."));
	if (l->console_role != NULL && !l->console)
		return cli_usage(l->verb, "%s",
		    _("--console-role-arn needs --print-console-signin-url."));
	if (l->console_id != NULL && l->console_role == NULL)
		return cli_usage(l->verb, "%s",
		    _("--console-external-id needs --console-role-arn."));
	/* Said now, not after a sign-in. */
	if (l->console_role != NULL && !is_role(l->console_role))
		return cli_usage(l->verb, "%s",
		    _("--console-role-arn takes a role's ARN: "
		      "arn:aws:iam::ACCOUNT:role/NAME."));
	if (l->console_id != NULL &&
	    (strlen(l->console_id) < EXTERNAL_ID_MIN ||
		strlen(l->console_id) > EXTERNAL_ID_MAX ||
		!str_printable(l->console_id)))
		return cli_usage(l->verb, "%s",
		    _("--console-external-id takes 2 to 1224 characters."));
	return 0;
}

/* Who is meant, and whether the options make sense together. */
static int
settle_profiles(struct login *l)
{
	bool brings = l->from_stdin || l->from_env || l->authfile != NULL;
	const char *env = cli_env_profile();

	if (l->all && l->named)
		return cli_usage(l->verb, "%s",
		    _("--all and a profile's name exclude each other."));
	if (l->all && l->describes)
		return cli_usage(l->verb, "%s",
		    _("--all takes every profile "
		      "as it is; options that describe one profile exclude "
		      "it."));
	if (json_array_size(l->names) > 1 && l->describes)
		return cli_usage(l->verb, "%s",
		    _("options that describe a "
		      "profile need exactly one profile."));
	if (l->enforce && json_object_get(l->par, "chooseRole") != NULL)
		return cli_usage(l->verb, "%s",
		    _("--enforce-role-arn and --role-arn ? exclude each "
		      "other."));
	/* One password must not meet another person's sign-in. */
	if (brings && (l->all || json_array_size(l->names) > 1))
		return cli_usage(l->verb, "%s",
		    _("--stdin, --env and "
		      "--authfile need exactly one profile."));
	if (!l->all && !l->named)
		return cli_add_profile(
		    l->verb, l->names, env != NULL ? env : "default");
	return 0;
}

static json_t *
parameters(struct login *l)
{
	json_t *par = json_copy(l->par); /* it may be asked for twice */

	if (l->all) {
		json_object_set_new(par, "all", json_true());
	} else {
		json_object_set(par, "profiles", l->names);
		/* Who types "default" means it. */
		if (l->named && str_eq(only_profile(l), "default"))
			json_object_set_new(par, "newDefault", json_true());
	}
	if (l->exports || l->process) {
		json_put_str(par, "deliver", "none");
		json_object_set_new(par, "renew", json_boolean(l->renew));
	}
	talk_environment(par);
	return par;
}

/*
 * As in aws-adfs the first of these wins: stdin, environment, file.  The user
 * name that was brought is the one the password belongs to: the agent is told,
 * so that it does not ask for another user's.
 */
static int
bring_answers(const struct login *l, struct supply *s)
{
	_cleanup_problem_ struct problem p = { 0 };
	const char *typed = json_string_value(json_object_get(l->par, "user"));
	/* aws-adfs's name for a code, also without --env. */
	const char *token = getenv("mfa_token");
	json_t *user;
	int r = 0;

	if (l->code != NULL)
		r = supply_set_code(s, l->code, &p.fault);
	else if (!str_empty(token))
		r = supply_set_code(s, token, &p.fault);
	if (r == 0 && l->assertfile != NULL) {
		json_t *assertion = NULL;

		r = assertfile_read(l->assertfile, &assertion, &p.fault);
		if (r == 0)
			json_object_set_new(l->par, "assertion", assertion);
	}
	if (r < 0) {
		problem_report(&p);
		return fault_exit(p.fault.kind);
	}
	if (l->from_stdin)
		r = supply_from_stdin(s, &p.fault);
	else if (l->from_env)
		r = supply_from_env(s, &p.fault);
	else if (l->authfile != NULL)
		r = supply_from_authfile(
		    s, l->authfile, only_profile(l), &p.fault);
	if (r < 0) {
		problem_report(&p);
		return fault_exit(p.fault.kind);
	}
	user = supply_user(s);
	if (user != NULL && typed != NULL &&
	    !str_eq(typed, json_string_value(user))) {
		json_decref(user);
		return cli_usage(l->verb, "%s",
		    _("--user and the user name "
		      "that was brought with the password differ."));
	}
	if (user != NULL)
		json_object_set_new(l->par, "user", user);
	return 0;
}

/* Who brings answers, or takes keys, is a script and is not asked. */
static bool
by_person(const struct login *l)
{
	return !l->from_stdin && !l->from_env && l->authfile == NULL &&
	    l->assertfile == NULL && !l->exports && !l->process;
}

/* talk_login, and once more when the person ends the lock in its way. */
static int
converse(struct login *l, const struct talk *talk, json_t **ret_done,
    struct problem *problem)
{
	int r = talk_login(talk, parameters(l), ret_done, problem);

	if (r < 0 && by_person(l) && unlock_offered(problem))
		r = talk_login(talk, parameters(l), ret_done, problem);
	return r;
}

/* The keys of the one profile, when it has some: they go to who asked. */
static int
print_keys(const struct login *l, const json_t *done)
{
	_cleanup_problem_ struct problem problem = { 0 };
	const json_t *keys = NULL;
	const char *region = NULL;
	json_t *profile;
	size_t i;
	int status = outcome_login(done, true);

	json_array_foreach (json_object_get(done, "profiles"), i, profile) {
		if (!json_is_true(json_object_get(profile, "named")))
			continue;
		keys = json_object_get(profile, "credentials");
		region = json_string_value(json_object_get(profile, "region"));
	}
	if (keys == NULL)
		return status != EXIT_OK ? status : EXIT_FAILED;
	if ((l->exports ? deliver_exports(keys, region, &problem) :
			  deliver_process(keys, &problem)) < 0)
		return problem_report(&problem);
	return EXIT_OK;
}

static bool
got_fresh(const json_t *done)
{
	json_t *profile;
	size_t i;

	json_array_foreach (json_object_get(done, "profiles"), i, profile)
		if (json_is_true(json_object_get(profile, "named")) &&
		    str_eq(json_string_value(json_object_get(profile, "state")),
			"fresh"))
			return true;
	return false;
}

/* The console's address of the one profile, when it is fresh. */
static int
print_address(const struct login *l, const json_t *done)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *reply = NULL;
	int status = outcome_login(done, true);
	json_t *par;

	if (!got_fresh(done))
		return status != EXIT_OK ? status : EXIT_FAILED;
	par = json_object();
	json_put_str(par, "profile", only_profile(l));
	json_put_str(par, "roleArn", l->console_role);
	json_put_str(par, "externalId", l->console_id);
	if (approval_call(M_CONSOLE, par, "console", CALL_NETWORK, &reply,
		&problem) < 0 ||
	    deliver_address(reply, &problem) < 0) {
		if (problem.profile == NULL)
			problem.profile = xstrdup(only_profile(l));
		return problem_report(&problem);
	}
	return status;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_(login_done) struct login l = {
		.verb = v, .names = json_array(), .par = json_object()
	};
	_cleanup_supply_ struct supply *supply = supply_new();
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *done = NULL;
	struct talk talk = { .supply = supply, .launch = true };
	int status = 0, i;

	i = cli_options(v, argc, argv, set, &l, &status);
	if (i < 0)
		return status;
	for (; i < argc && status == 0; i++)
		status = add_profile(&l, argv[i]);
	if (status == 0)
		status = settle_output(&l);
	if (status == 0)
		status = settle_profiles(&l);
	if (status == 0)
		status = bring_answers(&l, supply);
	if (status != 0)
		return status;
	talk.enforce_role = l.enforce;
	talk.profile = only_profile(&l);
	if (converse(&l, &talk, &done, &problem) < 0) {
		if (problem.profile == NULL)
			problem.profile = xstrdup(talk.profile);
		return problem_report(&problem);
	}
	if (l.exports || l.process)
		return print_keys(&l, done);
	if (l.console)
		return print_address(&l, done);
	status = outcome_login(done, false);
	linger_warn_once(stderr);
	return status;
}

const struct verb verb_login = {
	.name = "login",
	.usage = N_("[PROFILE...] [--all] [--adfs-host HOST] [--role-arn ARN] "
		    "[--region REGION] [--user USER] [OPTION...]"),
	.summary = N_("Sign in and make profiles fresh"),
	.details = N_(
	    "Without a name the profile is AWS_PROFILE, then "
	    "AWS_DEFAULT_PROFILE, then default.\n"
	    "A profile that does not exist yet is made, once the sign-in has "
	    "succeeded."),
	.options = options,
	.run = run,
};
