/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <awsfed/clock.h>
#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "form.h"
#include "http.h"
#include "mishap.h"
#include "sigv4.h"
#include "state.h"
#include "sts.h"
#include "stsparam.h"

#define XMLNS "https://sts.amazonaws.com/doc/2011-06-15/"
#define CHAIN_MAX 3600 /* seconds, role chaining */

/* One call while it is being answered. */
struct call {
	struct sim *sim;
	const struct request *q;
	struct response *r;
	struct form f;
	const char *action;
	const char *role; /* RoleArn or NULL */
	const struct mishap *m;
	char id[37];
};

/* HTTP status by code; what is not here is 400 of the Sender. */
static const struct {
	const char *code;
	int status;
	const char *message;
} codes[] = {
	{ "ExpiredTokenException", 400,
	    "Token must be redeemed within 5 minutes of issuance" },
	{ "InvalidIdentityToken", 400, "Response signature invalid" },
	{ "IDPRejectedClaim", 403, "The identity provider rejected it." },
	{ "IDPCommunicationError", 400, "The provider was not reached." },
	{ "AccessDenied", 403,
	    "Not authorized to perform sts:AssumeRoleWithSAML" },
	{ "ValidationError", 400,
	    "The requested DurationSeconds exceeds the "
	    "MaxSessionDuration set for this role." },
	{ "MalformedPolicyDocument", 400, "The policy is not valid JSON." },
	{ "PackedPolicyTooLarge", 400,
	    "Packed policy consumes 117% of "
	    "allotted space, please use smaller policy." },
	{ "RegionDisabledException", 403,
	    "STS is not activated in this "
	    "region for the requested account." },
	{ "ExpiredToken", 403,
	    "The security token included in the request is expired" },
	{ "InvalidClientTokenId", 403,
	    "The security token included in the request is invalid." },
	{ "SignatureDoesNotMatch", 403,
	    "The request signature we calculated "
	    "does not match the signature you provided." },
	{ "IncompleteSignature", 400, "The signature is incomplete." },
	{ "MissingAuthenticationToken", 403,
	    "Request is missing Authentication Token" },
	{ "Throttling", 400, "Rate exceeded" },
	{ "ThrottlingException", 400, "Rate exceeded" },
	{ "RequestThrottled", 400, "Rate exceeded" },
	{ "RequestThrottledException", 400, "Rate exceeded" },
	{ "TooManyRequestsException", 429, "Rate exceeded" },
	{ "RequestLimitExceeded", 503, "Rate exceeded" },
	{ "SlowDown", 503, "Please reduce your request rate." },
	{ "ServiceUnavailable", 503, "Service is unavailable." },
	{ "InternalFailure", 500, "An internal error happened." },
	{ "InternalError", 500, "An internal error happened." },
	{ "RequestTimeout", 400, "The request timed out." },
	{ "RequestExpired", 400, "Request has expired." },
	{ "OptInRequired", 403, "The account needs a subscription." },
	{ "InvalidAction", 400, "Could not find the operation." },
};

static void
fail(struct call *c, const char *code, const char *message)
{
	int status = 400;

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (str_eq(codes[i].code, code)) {
			status = codes[i].status;
			if (message == NULL)
				message = codes[i].message;
		}
	if (c->m != NULL && c->m->status > 0)
		status = (int)c->m->status;
	if (message == NULL)
		message = "The simulator was told to fail.";
	c->sim->count.sts_errors++;
	response_text(c->r, status, "text/xml", "");
	put(&c->r->body,
	    "<ErrorResponse xmlns=\"" XMLNS "\">\n  <Error>\n"
	    "    <Type>%s</Type>\n    <Code>%s</Code>\n    <Message>",
	    status >= 500 ? "Receiver" : "Sender", code);
	put_xml(&c->r->body, message, false);
	put(&c->r->body,
	    "</Message>\n  </Error>\n  <RequestId>%s</RequestId>"
	    "\n</ErrorResponse>\n",
	    c->id);
	sim_log(c->sim, "sts %s: %s: %s", c->action != NULL ? c->action : "?",
	    code, message);
}

static void
begin(struct call *c)
{
	response_text(c->r, 200, "text/xml", "");
	put(&c->r->body, "<%sResponse xmlns=\"" XMLNS "\">\n  <%sResult>\n",
	    c->action, c->action);
}

static void
element(struct call *c, const char *name, const char *value)
{
	if (mishap_is(c->m, "missing-fields") &&
	    str_eq(name, c->m->text != NULL ? c->m->text : "SecretAccessKey"))
		return;
	put(&c->r->body, "      <%s>", name);
	put_xml(&c->r->body, value, false);
	put(&c->r->body, "</%s>\n", name);
}

static void
finish(struct call *c)
{
	struct buf *b = &c->r->body;

	put(b,
	    "  </%sResult>\n  <ResponseMetadata>\n    <RequestId>%s"
	    "</RequestId>\n  </ResponseMetadata>\n",
	    c->action, c->id);
	if (!mishap_is(c->m, "malformed"))
		put(b, "</%sResponse>\n", c->action);
	if (mishap_is(c->m, "content-type"))
		response_header(c->r, "Content-Type", "text/html");
	if (mishap_is(c->m, "huge"))
		while (b->len < 3 * 1024 * 1024)
			put(b, "<!-- %080d -->\n", 7);
}

static void
put_credentials(struct call *c, const struct key *k)
{
	char until[RFC3339_SIZE];

	rfc3339_format(k->expires, until);
	put(&c->r->body, "    <AssumedRoleUser>\n");
	element(c, "Arn", k->principal);
	element(c, "AssumedRoleId", k->user_id);
	put(&c->r->body, "    </AssumedRoleUser>\n    <Credentials>\n");
	element(c, "AccessKeyId", k->id);
	element(c, "SecretAccessKey", k->secret);
	element(c, "SessionToken", k->token);
	element(c, "Expiration", until);
	put(&c->r->body, "    </Credentials>\n");
}

/* The pair must be in the assertion, whatever its order there. */
static bool
pair_in(const struct assertion *a, const char *role, const char *provider)
{
	for (size_t i = 0; i < a->pairs.n; i++) {
		_cleanup_free_ char *r = NULL, *p = NULL;

		if (pair_split(a->pairs.v[i], &r, &p) == 0 && str_eq(r, role) &&
		    str_eq(p, provider))
			return true;
	}
	return false;
}

static bool
provider_known(const struct sim *s, const char *provider)
{
	for (const struct role *r = s->roles; r != NULL; r = r->next)
		if (strv_has(&r->providers, provider))
			return true;
	return false;
}

/* NULL when the assertion may be redeemed; otherwise answered already. */
static const struct assertion *
check_assertion(struct call *c)
{
	const char *text = form_get(&c->f, "SAMLAssertion");
	_cleanup_free_ char *doc = NULL;
	const struct assertion *a;
	char digest[65];
	size_t len;

	if (b64_decode(text, &doc, &len) < 0) {
		fail(c, "InvalidIdentityToken", "Invalid base64 SAMLResponse");
		return NULL;
	}
	sha256_hex(doc, len, digest);
	a = assertion_find(c->sim, digest);
	if (a == NULL) {
		sim_violation(c->sim,
		    "an assertion that was never issued, or "
		    "was changed, came to STS");
		fail(c, "InvalidIdentityToken", "Response signature invalid");
		return NULL;
	}
	if (str_eq(a->flaw, "signature") || str_eq(a->flaw, "dtd") ||
	    str_eq(a->flaw, "malformed-xml") ||
	    str_eq(a->flaw, "not-response") ||
	    str_eq(a->flaw, "two-assertions")) {
		fail(c, "InvalidIdentityToken", "Response signature invalid");
		return NULL;
	}
	if (str_eq(a->flaw, "status-failure") || str_eq(a->flaw, "recipient") ||
	    str_eq(a->flaw, "destination") || str_eq(a->flaw, "audience")) {
		fail(c, "InvalidIdentityToken",
		    "Response does not contain the "
		    "required audience.");
		return NULL;
	}
	if (str_eq(a->flaw, "no-session-name")) {
		fail(c, "InvalidIdentityToken",
		    "RoleSessionName is required "
		    "in AuthnResponse");
		return NULL;
	}
	if (sim_now() >= a->redeem_until) {
		fail(c, "ExpiredTokenException", NULL);
		return NULL;
	}
	return a;
}

/* What the session was narrowed to, for tests to look at. */
static void
remember_policy(struct role *role, const struct form *f)
{
	xreplace(&role->policy, xstrdup(form_get(f, "Policy")));
	strv_done(&role->policy_arns);
	for (size_t i = 0; i < f->n; i++)
		if (str_starts(f->v[i].name, "PolicyArns.member."))
			strv_take(&role->policy_arns,
			    xasprintf("%s=%s",
				f->v[i].name + strlen("PolicyArns.member."),
				f->v[i].value));
}

static void
saml_answer(struct call *c, const struct assertion *a, struct role *role,
    int64_t seconds)
{
	const struct key *k;
	int64_t now = sim_now();

	if (a->session_until > 0 && now + seconds > a->session_until)
		seconds = a->session_until - now;
	k = key_new(c->sim, role->arn, a->session_name, seconds);
	role->saml_good++;
	remember_policy(role, &c->f);
	begin(c);
	element(c, "Issuer", a->issuer);
	put_credentials(c, k);
	element(c, "Audience", a->recipient);
	element(c, "SubjectType", "persistent");
	element(c, "PackedPolicySize", "6");
	element(c, "NameQualifier", "SbdGOnUkh1i4+L/jEvs=");
	element(c, "Subject", a->user);
	finish(c);
}

static void
with_saml(struct call *c)
{
	const char *provider = form_get(&c->f, "PrincipalArn");
	struct role *role = role_find(c->sim, c->role);
	const struct assertion *a;
	int64_t seconds;

	c->sim->count.assume_role_with_saml++;
	if (role != NULL)
		role->saml_calls++;
	if (request_header(c->q, "authorization") != NULL)
		sim_violation(c->sim, "AssumeRoleWithSAML was signed");
	a = check_assertion(c);
	if (a == NULL)
		return;
	if (!provider_known(c->sim, provider)) {
		fail(c, "InvalidIdentityToken",
		    "Specified provider doesn't "
		    "exist (Service: AWSOpenIdDiscoveryService; Error Code: "
		    "AuthSamlManifestNotFoundException)");
		return;
	}
	if (role == NULL || !strv_has(&role->providers, provider) ||
	    !(pair_in(a, c->role, provider) || str_eq(a->flaw, "encrypted"))) {
		fail(c, "AccessDenied", NULL);
		return;
	}
	seconds = stsparam_duration(&c->f);
	if (seconds > role->max_duration) {
		fail(c, "ValidationError", NULL);
		return;
	}
	saml_answer(c, a, role, seconds);
}

/* Does the role's trust policy name this caller? */
static bool
trusted(const struct role *role, const struct key *k)
{
	_cleanup_free_ char *account = arn_field(k->role, 4);
	_cleanup_free_ char *partition = arn_field(k->role, 1);
	_cleanup_free_ char *root =
	    xasprintf("arn:%s:iam::%s:root", partition, account);

	return strv_has(&role->trust, "*") || strv_has(&role->trust, root) ||
	    strv_has(&role->trust, account) ||
	    strv_has(&role->trust, k->role) ||
	    strv_has(&role->trust, k->principal);
}

static const struct key *
caller(struct call *c)
{
	struct sigv4_error e = { 0 };
	const struct key *k = NULL;

	if (sigv4_verify(c->sim, c->q, &k, &e) < 0) {
		fail(c, e.code, e.message);
		xfree(e.message);
		return NULL;
	}
	return k;
}

/* For the counters: what a client asked for. */
static void
remember(struct role *role, const struct form *f)
{
	json_decref(role->last);
	role->last = json_object();
	for (size_t i = 0; i < f->n; i++)
		json_object_set_new(
		    role->last, f->v[i].name, json_string(f->v[i].value));
}

static void
assume_role(struct call *c)
{
	struct role *role = role_find(c->sim, c->role);
	const char *session = form_get(&c->f, "RoleSessionName");
	const char *external = form_get(&c->f, "ExternalId");
	int64_t seconds = stsparam_duration(&c->f);
	const struct key *k;
	struct key *made;

	c->sim->count.assume_role++;
	if (role != NULL)
		role->assume_calls++;
	k = caller(c);
	if (k == NULL)
		return;
	if (role == NULL || !trusted(role, k) ||
	    (role->external_id != NULL &&
		!str_eq(role->external_id, external))) {
		_cleanup_free_ char *text = xasprintf(
		    "User: %s is not "
		    "authorized to perform: sts:AssumeRole on resource: %s",
		    k->principal, c->role);

		fail(c, "AccessDenied", text);
		return;
	}
	/* Every key here is temporary, so every call is chaining. */
	if (seconds > CHAIN_MAX) {
		fail(c, "ValidationError",
		    "The requested DurationSeconds "
		    "exceeds the 1 hour session limit for roles assumed by "
		    "role chaining.");
		return;
	}
	if (seconds > role->max_duration) {
		fail(c, "ValidationError", NULL);
		return;
	}
	role->assume_good++;
	remember(role, &c->f);
	made = key_new(c->sim, role->arn, session, seconds);
	made->chained = true;
	k = made;
	begin(c);
	put_credentials(c, k);
	element(c, "PackedPolicySize", "6");
	finish(c);
}

static void
get_caller_identity(struct call *c)
{
	_cleanup_free_ char *account = NULL;
	const struct key *k;

	c->sim->count.get_caller_identity++;
	k = caller(c);
	if (k == NULL)
		return;
	account = arn_field(k->role, 4);
	begin(c);
	element(c, "Arn", k->principal);
	element(c, "UserId", k->user_id);
	element(c, "Account", account);
	finish(c);
}

static const struct {
	const char *name;
	void (*run)(struct call *c);
} actions[] = {
	{ "AssumeRoleWithSAML", with_saml },
	{ "AssumeRole", assume_role },
	{ "GetCallerIdentity", get_caller_identity },
};

/* What a client must never send here. */
static void
check_request(struct call *c)
{
	const char *cookie = request_header(c->q, "cookie");

	if (cookie != NULL)
		sim_violation(c->sim, "cookies sent to STS");
	if (form_get(&c->f, "Password") != NULL)
		sim_violation(c->sim, "password sent to STS");
	if (c->q->query[0] != '\0')
		sim_violation(c->sim, "query string sent to STS");
}

static void
run(struct call *c)
{
	_cleanup_free_ char *why = NULL;

	c->action = form_get(&c->f, "Action");
	c->role = form_get(&c->f, "RoleArn");
	check_request(c);
	c->m = mishap_take(c->sim, "sts", c->role, NULL, c->r);
	if (mishap_generic(c->m, c->r))
		return;
	if (mishap_is(c->m, "code")) {
		fail(c, c->m->code, c->m->text);
		return;
	}
	if (!str_eq(form_get(&c->f, "Version"), "2011-06-15")) {
		sim_violation(c->sim, "STS call without its Version");
		fail(c, "InvalidAction",
		    "Could not find the operation in "
		    "this version.");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!str_eq(actions[i].name, c->action))
			continue;
		why = stsparam_check(c->action, &c->f);
		if (why != NULL && !str_starts(why, "MalformedPolicy")) {
			sim_violation(c->sim, "%s: %s", c->action, why);
			fail(c, "ValidationError", why);
		} else if (why != NULL) {
			fail(c, "MalformedPolicyDocument", NULL);
		} else {
			actions[i].run(c);
		}
		return;
	}
	sim_violation(c->sim, "unknown STS action");
	fail(c, "InvalidAction", NULL);
}

void
sts_handle(struct sim *s, const struct request *q, struct response *r)
{
	struct call c = { .sim = s, .q = q, .r = r };
	const char *type = request_header(q, "content-type");

	str_uuid(c.id);
	response_header(r, "x-amzn-RequestId", c.id);
	if (type == NULL ||
	    strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0) {
		sim_violation(s, "STS call with another content type");
		fail(&c, "MalformedInput", "The content type is not a form's.");
	} else if (form_parse(q->body, &c.f) < 0 ||
	    strlen(q->body) != q->body_len) {
		sim_violation(s, "STS body is not well encoded");
		fail(&c, "MalformedInput", "The body cannot be read.");
	} else {
		run(&c);
	}
	form_done(&c.f);
}
