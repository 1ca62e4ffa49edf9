/* SPDX-License-Identifier: Apache-2.0 */
/* What the error codes of STS mean (IAM guide, "Troubleshoot SAML"). */
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "sts.h"

struct meaning {
	const char *code; /* a trailing '*' takes any end */
	enum fault_kind kind;
	enum reason reason;
	const char *text; /* %s: the role */
	const char *next;
};

#define BY_ITSELF N_("awsfed tries again by itself.")
#define ASK_TRUST \
	N_("Check the role's name (upper and lower case count); " \
	   "else ask the account's administrator whether the role trusts " \
	   "this " \
	   "sign-in (trust policy, SAML provider).")
#define ASK_PROVIDER \
	N_("Show this to the administrator of AD FS or of the " \
	   "SAML provider in AWS.")
#define REPORT N_("Please report this as a fault of awsfed.")

static const struct meaning meanings[] = {
	{ "ExpiredTokenException", FAULT_TEMPORARY, REASON_EXPIRED,
	    N_("The assertion was too old for %s."),
	    N_("Sign in again; if it comes back, check the clock of this "
	       "computer: timedatectl status.") },
	{ "ExpiredToken*", FAULT_TEMPORARY, REASON_EXPIRED,
	    N_("The credentials used for %s have expired."),
	    N_("Sign in again.") },
	{ "InvalidIdentityToken*", FAULT_CONFIG, REASON_REFUSED,
	    N_("AWS does not accept the assertion for %s."), ASK_PROVIDER },
	{ "IDPRejectedClaim*", FAULT_DENIED, REASON_REFUSED,
	    N_("AWS says that the identity provider rejected the claim for "
	       "%s."),
	    ASK_PROVIDER },
	{ "IDPCommunicationError*", FAULT_TEMPORARY, REASON_SERVER,
	    N_("AWS could not reach the identity provider for %s."),
	    BY_ITSELF },
	{ "AccessDenied*", FAULT_DENIED, REASON_REFUSED,
	    N_("AWS refuses the role %s."), ASK_TRUST },
	{ "MalformedPolicyDocument*", FAULT_CONFIG, REASON_SETTINGS,
	    N_("AWS cannot read the session policy for %s."),
	    N_("Correct awsfed.policy of the profile.") },
	{ "PackedPolicyTooLarge*", FAULT_CONFIG, REASON_SETTINGS,
	    N_("The session policy and tags are too large for %s."),
	    N_("Shorten awsfed.policy or awsfed.policy_arns.") },
	{ "RegionDisabledException", FAULT_CONFIG, REASON_REGION,
	    N_("STS is switched off in the region chosen for %s."),
	    N_("Set another region in the profile, or have the account's "
	       "administrator activate STS there.") },
	{ "ValidationError", FAULT_CONFIG, REASON_SETTINGS,
	    N_("AWS does not accept the request for %s."),
	    N_("Check role_arn and session_duration of the profile.") },
	{ "InvalidClientTokenId", FAULT_TEMPORARY, REASON_EXPIRED,
	    N_("AWS does not know the credentials used for %s."),
	    N_("The source is renewed first; if it comes back, check that "
	       "role, region and source belong to one partition.") },
	{ "SignatureDoesNotMatch", FAULT_TEMPORARY, REASON_CLOCK,
	    N_("AWS did not accept the signature of the request for %s."),
	    N_("Check the clock of this computer: timedatectl status.") },
	{ "IncompleteSignature", FAULT_INTERNAL, REASON_MALFORMED,
	    N_("AWS found the request for %s incomplete."), REPORT },
	{ "MissingAuthenticationToken", FAULT_INTERNAL, REASON_MALFORMED,
	    N_("AWS found the request for %s incomplete."), REPORT },
	{ "Throttl*", FAULT_TEMPORARY, REASON_BUSY,
	    N_("AWS is busy and did not answer for %s."), BY_ITSELF },
	{ "RequestThrottled*", FAULT_TEMPORARY, REASON_BUSY,
	    N_("AWS is busy and did not answer for %s."), BY_ITSELF },
	{ "TooManyRequests*", FAULT_TEMPORARY, REASON_BUSY,
	    N_("AWS is busy and did not answer for %s."), BY_ITSELF },
	{ "RequestLimitExceeded", FAULT_TEMPORARY, REASON_BUSY,
	    N_("AWS is busy and did not answer for %s."), BY_ITSELF },
	{ "SlowDown", FAULT_TEMPORARY, REASON_BUSY,
	    N_("AWS is busy and did not answer for %s."), BY_ITSELF },
	{ "RequestTimeout*", FAULT_TEMPORARY, REASON_TIMEOUT,
	    N_("AWS waited too long for the request for %s."), BY_ITSELF },
	{ "ServiceUnavailable*", FAULT_TEMPORARY, REASON_SERVER,
	    N_("STS is not available for %s at the moment."), BY_ITSELF },
	{ "InternalFailure*", FAULT_TEMPORARY, REASON_SERVER,
	    N_("STS failed inside while asked for %s."), BY_ITSELF },
	{ "InternalError*", FAULT_TEMPORARY, REASON_SERVER,
	    N_("STS failed inside while asked for %s."), BY_ITSELF },
};

static const struct meaning too_long = { NULL, FAULT_CONFIG, REASON_DURATION,
	N_("The session duration is above the maximum of %s."),
	N_("Lower adfs_config.session_duration of the profile.") };
static const struct meaning busy = { NULL, FAULT_TEMPORARY, REASON_BUSY,
	N_("AWS is busy and did not answer for %s."), BY_ITSELF };
static const struct meaning server = { NULL, FAULT_TEMPORARY, REASON_SERVER,
	N_("STS did not work when asked for %s."), BY_ITSELF };
static const struct meaning refused = { NULL, FAULT_CONFIG, REASON_REFUSED,
	N_("AWS refused %s."),
	N_("Show this to the account's administrator.") };
static const struct meaning garbage = { NULL, FAULT_PROTOCOL, REASON_MALFORMED,
	N_("The answer of the STS endpoint for %s cannot be "
	   "read."),
	N_("Check endpoint_url of the profile, AWS_ENDPOINT_URL_STS "
	   "and the proxy.") };

static bool
matches(const char *pattern, const char *code)
{
	size_t n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*')
		return strncmp(pattern, code, n - 1) == 0;
	return strcmp(pattern, code) == 0;
}

bool
sts_duration_refused(const struct sts_answer *a)
{
	return a->code != NULL && a->message != NULL &&
	    strcmp(a->code, "ValidationError") == 0 &&
	    (strstr(a->message, "MaxSessionDuration") != NULL ||
		strstr(a->message, "session limit") != NULL);
}

static const struct meaning *
find(const struct sts_answer *a, long status)
{
	if (a != NULL && a->code != NULL) {
		if (sts_duration_refused(a))
			return &too_long;
		for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
			if (matches(meanings[i].code, a->code))
				return &meanings[i];
	}
	if (status == 429)
		return &busy;
	if (status >= 500)
		return &server;
	return a == NULL || a->code == NULL ? &garbage : &refused;
}

void
sts_fault(const struct sts_answer *a, long status, const char *role_arn,
    int64_t retry_after, struct fault *fault)
{
	const struct meaning *m = find(a, status);
	_cleanup_free_ char *text = NULL, *more = NULL, *clean = NULL;

	/* The table's texts hold one %s each. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	text = xasprintf(gettext(m->text), role_arn);
#pragma GCC diagnostic pop
	if (a != NULL && a->code != NULL) {
		_cleanup_free_ char *code = str_clean(a->code, 64);

		clean = str_clean(a->message == NULL ? "" : a->message, 300);
		more = xasprintf(_(" AWS says: %s (%s)"), clean, code);
	} else if (m == &garbage || m == &server) {
		more = xasprintf(" (HTTP %ld)", status);
	}
	fault_set(
	    fault, m->kind, m->reason, "%s%s", text, more == NULL ? "" : more);
	fault_next(fault, "%s", gettext(m->next));
	if (a != NULL && a->request_id != NULL)
		fault_request(fault, a->request_id);
	fault->retry_after = retry_after;
}
