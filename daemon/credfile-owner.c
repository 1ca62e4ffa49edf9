/* SPDX-License-Identifier: Apache-2.0 */
#include "credfile-owner.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define CLIENT "awsfedctl"
#define TOKEN_OLD "aws_security_token"
#define PROCESS "credential_process"

const char *const owner_keys[OWNER_KEYS] = {
	"aws_access_key_id",
	"aws_secret_access_key",
	"aws_session_token",
	"x_security_token_expires",
	"x_principal_arn",
	OWNER_MARKER,
};

/* What makes botocore look elsewhere although the section holds keys. */
static const struct {
	const char *key;
	const char *why;
} stronger[] = {
	{ "role_arn", N_("has a role_arn, which the AWS CLI prefers") },
	{ "sso_session", N_("has sso_session, which the AWS CLI prefers") },
	{ "sso_start_url", N_("has sso_start_url, which the AWS CLI prefers") },
	{ "sso_account_id",
	    N_("has sso_account_id, which the AWS CLI prefers") },
	{ "web_identity_token_file",
	    N_("has web_identity_token_file, which the AWS CLI prefers") },
};

/* Reasons that no force can mend, or NULL. */
static const char *
hopeless(const struct ini *doc, const char *section)
{
	if (str_eq(section, "DEFAULT"))
		return _("lends its keys to every other section");
	if (ini_own(doc, "DEFAULT", TOKEN_OLD) != NULL)
		return _("would get " TOKEN_OLD " from [DEFAULT], which the "
			 "AWS CLI prefers to the real token");
	if (!ini_has_section(doc, section))
		return NULL;
	if (!ini_exact(doc, section))
		return _("is spelled with blanks inside the brackets, where "
			 "the AWS CLI does not find it");
	for (size_t i = 0; i < ARRAY_SIZE(stronger); i++)
		if (ini_own(doc, section, stronger[i].key) != NULL)
			return _(stronger[i].why);
	return NULL;
}

enum owner
owner_of(const struct ini *doc, const char *section, const char **ret_why)
{
	const char *marker = ini_own(doc, section, OWNER_MARKER);

	*ret_why = hopeless(doc, section);
	if (*ret_why != NULL)
		return OWNER_NEVER;
	if (!ini_has_section(doc, section))
		return OWNER_NOBODY;
	if (str_eq(marker, OWNER_MARKER_VALUE) &&
	    ini_own(doc, section, OWNER_LOGGED_OUT_KEY) != NULL)
		return OWNER_LOGGED_OUT;
	if (str_eq(marker, OWNER_MARKER_VALUE) &&
	    ini_own(doc, section, OWNER_BLANKED_KEY) != NULL)
		return OWNER_BLANKED;
	if (!str_empty(marker) && !str_eq(marker, OWNER_MARKER_VALUE))
		*ret_why = _("is managed by another tool");
	else if (ini_own(doc, section, PROCESS) != NULL)
		*ret_why = _("has a credential_process");
	else if (!str_empty(marker))
		return OWNER_US;
	else if (str_empty(ini_own(doc, section, "aws_access_key_id")))
		return OWNER_NOBODY;
	else if (str_empty(ini_own(doc, section, "aws_session_token")) &&
	    str_empty(ini_own(doc, section, TOKEN_OLD)))
		*ret_why = _("holds long-term keys");
	else
		return OWNER_ADOPTED;
	return OWNER_OTHER;
}

void
owner_fault(
    enum owner owner, const char *section, const char *why, struct fault *fault)
{
	fault_set(fault, FAULT_CONFIG, REASON_FILE,
	    _("The section [%s] of the credentials file %s; it was left "
	      "alone."),
	    section, why);
	if (owner == OWNER_NEVER)
		fault_next(fault,
		    _("Mend the section, then awsfedctl login %s"), section);
	else
		fault_next(fault,
		    _("awsfedctl login --force %s takes it over and keeps a "
		      "backup"),
		    section);
}

/* Is the process line in it ours? */
static bool
emptied(const struct ini *doc, const char *section)
{
	return ini_own(doc, section, OWNER_LOGGED_OUT_KEY) != NULL ||
	    ini_own(doc, section, OWNER_BLANKED_KEY) != NULL;
}

int
owner_put(
    struct ini *doc, const char *section, const char *const *values, bool force)
{
	bool process = force || emptied(doc, section);
	int r = ini_add_section(doc, section);

	if (r == 0)
		r = ini_unset(doc, section, OWNER_LOGGED_OUT_KEY);
	if (r == 0)
		r = ini_unset(doc, section, OWNER_BLANKED_KEY);
	for (size_t k = 0; r == 0 && k < OWNER_KEYS; k++)
		r = values[k] == NULL ?
		    ini_unset(doc, section, owner_keys[k]) :
		    ini_set(doc, section, owner_keys[k], values[k]);
	if (r == 0 && process)
		r = ini_unset(doc, section, PROCESS);
	/* aws-adfs and saml2aws leave it behind, and botocore prefers it. */
	if (r == 0)
		r = ini_unset(doc, section, TOKEN_OLD);
	return r;
}

static void
take_out(struct ini *doc, const char *section)
{
	if (emptied(doc, section))
		(void)ini_unset(doc, section, PROCESS);
	(void)ini_unset(doc, section, OWNER_LOGGED_OUT_KEY);
	(void)ini_unset(doc, section, OWNER_BLANKED_KEY);
	for (size_t k = 0; k < OWNER_KEYS; k++)
		(void)ini_unset(doc, section, owner_keys[k]);
	(void)ini_unset(doc, section, TOKEN_OLD);
}

void
owner_remove(struct ini *doc, const char *section)
{
	take_out(doc, section);
	/* What a person wrote into our section stays, with its header. */
	for (size_t i = 0; i < ini_nsections(doc); i++)
		if (str_eq(ini_section(doc, i), section) &&
		    ini_nkeys(doc, i) > 0)
			return;
	(void)ini_remove_section(doc, section);
}

/* As it is where that is safe in any shell and in shlex; else quoted. */
static char *
word(const char *s)
{
	_cleanup_free_ char *out = NULL;
	char *o;

	if (s[strspn(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-/.@+:,%=")] == '\0')
		return xstrdup(s);
	o = out = xmalloc(4 * strlen(s) + 3);
	*o++ = '\'';
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			o = stpcpy(o, "'\\'");
		*o++ = *s;
	}
	*o++ = '\'';
	*o = '\0';
	return STEAL(out);
}

/*
 * botocore, the CLI, Go and most others stop at a credential_process that
 * fails.  The JavaScript SDK does not: it goes on to the container endpoint and
 * to the instance.  Its parser alone takes a line that continues a value for a
 * key of its own, so two such lines give it, and nobody else, static keys that
 * AWS refuses.
 */
int
owner_empty(struct ini *doc, const char *section, const char *program,
    const char *key, const char *when)
{
	static const char *const stop[] = {
		"aws_access_key_id = SIGNED-OUT",
		"aws_secret_access_key = SIGNED-OUT",
	};
	_cleanup_free_ char *path = word(program), *name = word(section);
	_cleanup_free_ char *line =
	    xasprintf("%s credential-process %s", path, name);
	int r;

	take_out(doc, section);
	if ((r = ini_add_section(doc, section)) < 0 ||
	    (r = ini_set(doc, section, PROCESS, line)) < 0 ||
	    (r = ini_set(doc, section, OWNER_MARKER, OWNER_MARKER_VALUE)) < 0 ||
	    (r = ini_set(doc, section, key, when)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(stop); i++)
		r = ini_add_more(doc, section, key, stop[i]);
	return r;
}

char *
owner_client_path(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL) {
			_cleanup_free_ char *path = xasprintf(
			    "%.*s/" CLIENT, (int)(slash - self), self);

			if (access(path, X_OK) == 0 && !str_has_control(path))
				return STEAL(path);
		}
	}
	return xstrdup(BINDIR "/" CLIENT);
}
