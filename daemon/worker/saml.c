/* SPDX-License-Identifier: Apache-2.0 */
#include "saml.h"

#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/buf.h"
#include "awsfed/clock.h"
#include "awsfed/xalloc.h"
#include "origin.h"
#include "saml-base64.h"
#include "xml.h"

#define NS_PROTOCOL "urn:oasis:names:tc:SAML:2.0:protocol"
#define NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define STATUS "urn:oasis:names:tc:SAML:2.0:status:"
#define BEARER "urn:oasis:names:tc:SAML:2.0:cm:bearer"
/* China's documents print another prefix: the end decides. */
#define ATTRIBUTE "/SAML/Attributes/"
#define CLAIM "http://schemas.microsoft.com/ws/2012/01/"
#define VALUE_MAX 4096
#define PASSWORD_DAYS_MAX INT64_C(3650)
#define DAY_S INT64_C(86400)
#define FUTURE_S 300 /* issued later than this from now: a wrong clock */

static int
malformed(struct fault *f, const char *what)
{
	fault_set(f, FAULT_PROTOCOL, REASON_MALFORMED,
	    _("The SAML response cannot be used: %s."), what);
	fault_next(f,
	    _("Try again; if it stays, give your administrator the "
	      "request id."));
	return -1;
}

/* ---- the parts ----------------------------------------------------------- */

static const struct {
	const char *code; /* the inner one first */
	enum fault_kind kind;
	enum reason reason;
	const char *text;
} statuses[] = {
	{ "AuthnFailed", FAULT_DENIED, REASON_REFUSED,
	    N_("AD FS says that the sign-in failed.") },
	{ "NoAuthnContext", FAULT_DENIED, REASON_SECOND_FACTOR,
	    N_("AD FS asks for another way of signing in.") },
	{ "RequestDenied", FAULT_DENIED, REASON_REFUSED,
	    N_("AD FS denied access to this relying party.") },
	{ "Responder", FAULT_TEMPORARY, REASON_SERVER,
	    N_("AD FS could not make an assertion.") },
	{ "Requester", FAULT_CONFIG, REASON_SETTINGS,
	    N_("AD FS does not take the sign-in request.") },
};

static int
check_status(const xmlNode *root, struct fault *f)
{
	const xmlNode *code = node_child(
	    node_child(root, NS_PROTOCOL, "Status"), NS_PROTOCOL, "StatusCode");
	const xmlNode *inner = node_child(code, NS_PROTOCOL, "StatusCode");
	_cleanup_free_ char *value = NULL, *more = NULL;

	if (code == NULL || (value = node_attr(code, "Value")) == NULL)
		return malformed(f, _("it has no status"));
	if (strcmp(value, STATUS "Success") == 0)
		return 0;
	more = inner == NULL ? NULL : node_attr(inner, "Value");
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		const char *s = statuses[i].code;

		if (!(more != NULL && str_starts(more, STATUS) &&
			str_ends(more, s)) &&
		    !(str_starts(value, STATUS) && str_ends(value, s)))
			continue;
		fault_set(f, statuses[i].kind, statuses[i].reason, "%s",
		    gettext(statuses[i].text));
		fault_next(f,
		    _("Give your administrator the request id; the "
		      "event log of AD FS has the cause."));
		return -1;
	}
	return malformed(f, _("its status is not a success"));
}

/* The host of a Destination or Recipient, against the partition table. */
static int
check_place(const char *url, const struct saml_rules *rules, struct fault *f)
{
	_cleanup_origin_ struct origin o = { 0 };
	_cleanup_free_ char *label = NULL;

	if (origin_parse(url, &o) < 0)
		return malformed(f, _("its destination is no address"));
	label = origin_label(&o);
	if (partition_by_signin_host(o.host) != NULL ||
	    (rules->allowed != NULL &&
		(strv_has(rules->allowed, o.host) ||
		    strv_has(rules->allowed, label))) ||
	    (rules->allow_loopback && host_is_loopback(o.host)))
		return 0;
	fault_set(f, FAULT_CONFIG, REASON_SETTINGS,
	    _("The SAML response is meant for %s, which is not AWS."), label);
	fault_next(f,
	    _("Check adfs_config.provider_id: \"%s\" names another "
	      "relying party."),
	    rules->provider_id == NULL ? "" : rules->provider_id);
	return -1;
}

/* The answer to our own request and no other (SAML 2.0 profiles 4.1.4.3). */
static int
check_reply(const xmlNode *n, const struct saml_rules *rules, bool must,
    struct fault *f)
{
	_cleanup_free_ char *to = node_attr(n, "InResponseTo");

	if (rules->in_response_to == NULL || (to == NULL && !must) ||
	    str_eq(to, rules->in_response_to))
		return 0;
	return malformed(f, _("it does not answer the request that was sent"));
}

static int
time_attr(const xmlNode *n, const char *name, int64_t *ret, struct fault *f)
{
	_cleanup_free_ char *text = node_attr(n, name);

	*ret = 0;
	if (text != NULL && rfc3339_parse(text, ret) < 0)
		return malformed(f, _("a time in it cannot be read"));
	return 0;
}

static void
earlier(int64_t *limit, int64_t t)
{
	if (t != 0 && t < *limit)
		*limit = t;
}

static int
check_subject(const xmlNode *a, const struct saml_rules *rules, struct saml *s,
    struct fault *f)
{
	const xmlNode *subject = node_child(a, NS_ASSERTION, "Subject");
	size_t bearers = 0;

	if (subject == NULL)
		return malformed(f, _("it has no subject"));
	xreplace(&s->subject,
	    node_text(node_child(subject, NS_ASSERTION, "NameID"), VALUE_MAX));
	for (const xmlNode *n = subject->children; n != NULL; n = n->next) {
		_cleanup_free_ char *method = NULL, *recipient = NULL;
		const xmlNode *data;
		int64_t until;

		if (!node_is(n, NS_ASSERTION, "SubjectConfirmation"))
			continue;
		method = node_attr(n, "Method");
		data = node_child(n, NS_ASSERTION, "SubjectConfirmationData");
		if (!str_eq(method, BEARER) || data == NULL)
			continue;
		bearers++;
		if ((recipient = node_attr(data, "Recipient")) != NULL &&
		    check_place(recipient, rules, f) < 0)
			return -1;
		if (check_reply(data, rules, false, f) < 0 ||
		    time_attr(data, "NotOnOrAfter", &until, f) < 0)
			return -1;
		earlier(&s->expires_s, until);
	}
	if (bearers == 0)
		return malformed(f, _("it has no bearer confirmation"));
	return 0;
}

static bool
audience_fits(const char *audience, const struct saml_rules *rules)
{
	_cleanup_origin_ struct origin o = { 0 };

	if (rules->provider_id == NULL ||
	    str_caseeq(audience, rules->provider_id))
		return true;
	return origin_parse(audience, &o) == 0 &&
	    partition_by_signin_host(o.host) != NULL;
}

static int
check_conditions(const xmlNode *a, const struct saml_rules *rules,
    struct saml *s, struct fault *f)
{
	const xmlNode *c = node_child(a, NS_ASSERTION, "Conditions");
	const xmlNode *r = node_child(c, NS_ASSERTION, "AudienceRestriction");
	_cleanup_free_ char *last = NULL, *shown = NULL;
	int64_t until;

	if (c == NULL)
		return 0;
	if (time_attr(c, "NotOnOrAfter", &until, f) < 0)
		return -1;
	earlier(&s->expires_s, until);
	if (r == NULL)
		return 0;
	for (const xmlNode *n = r->children; n != NULL; n = n->next) {
		if (!node_is(n, NS_ASSERTION, "Audience"))
			continue;
		xreplace(&last, node_text(n, VALUE_MAX));
		if (audience_fits(last, rules)) {
			xreplace(&s->audience, STEAL(last));
			return 0;
		}
	}
	shown = str_clean(last == NULL ? "" : last, 200);
	fault_set(f, FAULT_CONFIG, REASON_SETTINGS,
	    _("The SAML response is for the relying party \"%s\", not for "
	      "\"%s\"."),
	    shown, rules->provider_id);
	fault_next(f, _("Check adfs_config.provider_id of the profile."));
	return -1;
}

static void
add_role(struct saml *s, const char *value)
{
	struct saml_role r;

	if (s->nroles >= SAML_ROLES_MAX ||
	    arn_split_pair(value, &r.role, &r.provider) < 0)
		return;
	s->roles = xreallocarray(s->roles, s->nroles + 1, sizeof(*s->roles));
	s->roles[s->nroles++] = r;
}

/* The claims that AD FS issues while a password is about to expire. */
static void
read_password_claim(struct saml *s, const char *name, const xmlNode *attribute)
{
	const struct {
		const char *name;
		char **to;
	} claims[] = {
		{ CLAIM "passwordexpirationtime", &s->password_expires },
		{ CLAIM "passwordexpirationdays", &s->password_days },
		{ CLAIM "passwordchangeurl", &s->password_url },
	};

	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		_cleanup_free_ char *value = NULL;

		if (strcmp(name, claims[i].name) != 0)
			continue;
		value = node_text(
		    node_child(attribute, NS_ASSERTION, "AttributeValue"),
		    VALUE_MAX);
		xreplace(claims[i].to, str_clean(value, 300));
	}
}

static void
read_attribute(struct saml *s, const xmlNode *attribute)
{
	_cleanup_free_ char *name = node_attr(attribute, "Name");
	const char *kind;

	if (name == NULL)
		return;
	if (str_starts(name, CLAIM))
		read_password_claim(s, name, attribute);
	if ((kind = strstr(name, ATTRIBUTE)) == NULL)
		return;
	kind += strlen(ATTRIBUTE);
	for (const xmlNode *n = attribute->children; n != NULL; n = n->next) {
		_cleanup_free_ char *value = NULL;

		if (!node_is(n, NS_ASSERTION, "AttributeValue"))
			continue;
		value = node_text(n, VALUE_MAX);
		if (strcmp(kind, "Role") == 0)
			add_role(s, value);
		else if (strcmp(kind, "RoleSessionName") == 0)
			xreplace(&s->session_name, str_clean(value, 64));
		else if (strcmp(kind, "SessionDuration") == 0)
			(void)str_int(value, 0, 43200, &s->session_duration);
	}
}

static int
read_statements(const xmlNode *a, struct saml *s, struct fault *f)
{
	for (const xmlNode *n = a->children; n != NULL; n = n->next) {
		if (node_is(n, NS_ASSERTION, "AuthnStatement") &&
		    time_attr(n, "SessionNotOnOrAfter", &s->session_end_s, f) <
			0)
			return -1;
		if (!node_is(n, NS_ASSERTION, "AttributeStatement"))
			continue;
		for (const xmlNode *t = n->children; t != NULL; t = t->next)
			if (node_is(t, NS_ASSERTION, "Attribute"))
				read_attribute(s, t);
	}
	return 0;
}

static int
check_clock(
    const struct saml *s, const struct saml_rules *rules, struct fault *f)
{
	char issued[RFC3339_SIZE], until[RFC3339_SIZE];

	rfc3339_format(s->issued_s, issued);
	rfc3339_format(s->expires_s, until);
	if (s->issued_s > rules->now_s + FUTURE_S) {
		fault_set(f, FAULT_TEMPORARY, REASON_CLOCK,
		    _("The SAML response was issued at %s, in the future."),
		    issued);
		fault_next(f,
		    _("Check the clock of this computer: timedatectl "
		      "status."));
		return -1;
	}
	if (s->expires_s <= rules->now_s) {
		fault_set(f, FAULT_TEMPORARY, REASON_EXPIRED,
		    _("The SAML response had expired at %s when it came."),
		    until);
		fault_next(f,
		    _("Check the clock of this computer (timedatectl "
		      "status), then sign in again."));
		return -1;
	}
	return 0;
}

/* ---- the whole ----------------------------------------------------------- */

static int
read_assertion(const xmlNode *a, const struct saml_rules *rules, struct saml *s,
    struct fault *f)
{
	int64_t issued;

	if (time_attr(a, "IssueInstant", &issued, f) < 0)
		return -1;
	if (issued != 0)
		s->issued_s = issued;
	if (s->issued_s == 0)
		return malformed(f, _("it does not say when it was issued"));
	s->expires_s = s->issued_s + SAML_REDEEM_S;
	xreplace(&s->issuer,
	    node_text(node_child(a, NS_ASSERTION, "Issuer"), VALUE_MAX));
	if (check_subject(a, rules, s, f) < 0 ||
	    check_conditions(a, rules, s, f) < 0 ||
	    read_statements(a, s, f) < 0)
		return -1;
	if (s->nroles == 0) {
		fault_set(f, FAULT_DENIED, REASON_REFUSED,
		    _("The sign-in worked, but AD FS grants no AWS role."));
		fault_next(f,
		    _("Ask your administrator for the group that "
		      "the role belongs to."));
		return -1;
	}
	return check_clock(s, rules, f);
}

static int
read_response(const xmlNode *root, const struct saml_rules *rules,
    struct saml *s, struct fault *f)
{
	_cleanup_free_ char *destination = node_attr(root, "Destination");
	const xmlNode *assertion = NULL;

	if (!node_is(root, NS_PROTOCOL, "Response"))
		return malformed(f, _("it is no SAML 2.0 response"));
	if (check_status(root, f) < 0 ||
	    check_reply(root, rules, true, f) < 0 ||
	    (destination != NULL && check_place(destination, rules, f) < 0) ||
	    time_attr(root, "IssueInstant", &s->issued_s, f) < 0)
		return -1;
	xreplace(&s->issuer,
	    node_text(node_child(root, NS_ASSERTION, "Issuer"), VALUE_MAX));
	for (const xmlNode *n = root->children; n != NULL; n = n->next) {
		if (node_is(n, NS_ASSERTION, "EncryptedAssertion"))
			s->encrypted = true;
		if (!node_is(n, NS_ASSERTION, "Assertion"))
			continue;
		if (assertion != NULL)
			return malformed(f, _("it holds two assertions"));
		assertion = n;
	}
	if (assertion != NULL) {
		s->encrypted = false;
		return read_assertion(assertion, rules, s, f);
	}
	if (!s->encrypted)
		return malformed(f, _("it holds no assertion"));
	if (s->issued_s == 0)
		s->issued_s = rules->now_s;
	s->expires_s = s->issued_s + SAML_REDEEM_S;
	return check_clock(s, rules, f);
}

int
saml_parse(const char *base64, size_t len, const struct saml_rules *rules,
    struct saml *ret, struct fault *fault)
{
	_cleanup_buf_ struct buf clean = BUF_INIT(SAML_BASE64_MAX + 1);
	_cleanup_buf_ struct buf xml = BUF_INIT(XML_MAX);
	_cleanup_saml_ struct saml s = { 0 };
	_cleanup_xmldoc_ xmlDoc *doc = NULL;

	s.subject = xstrdup("");
	s.session_name = xstrdup("");
	s.issuer = xstrdup("");
	if (len > 2 * SAML_BASE64_MAX ||
	    (saml_decode(base64, len, &clean, &xml) < 0 &&
		clean.len > SAML_BASE64_MAX) ||
	    clean.len > SAML_BASE64_MAX) {
		fault_set(fault, FAULT_CONFIG, REASON_MALFORMED,
		    _("The SAML response is larger than AWS accepts "
		      "(100,000 characters)."));
		fault_next(fault,
		    _("Ask your administrator to send fewer "
		      "roles or groups in one assertion."));
		return -1;
	}
	buf_reset(&clean);
	buf_reset(&xml);
	if (saml_decode(base64, len, &clean, &xml) < 0)
		return malformed(fault, _("it is not base64"));
	if ((doc = xml_read(xml.data, xml.len)) == NULL)
		return malformed(fault, _("it is no plain XML"));
	if (read_response(xml_root(doc), rules, &s, fault) < 0)
		return -1;
	s.base64 = buf_take(&clean);
	*ret = s;
	s = (struct saml){ 0 };
	return 0;
}

bool
saml_password_days(const struct saml *s, int64_t now_s, int64_t *ret)
{
	int64_t t;

	if (s->password_days != NULL &&
	    str_int(s->password_days, 0, PASSWORD_DAYS_MAX, ret) == 0)
		return true;
	if (s->password_expires == NULL)
		return false;
	if (str_int(s->password_expires, 0, PASSWORD_DAYS_MAX * DAY_S, &t) == 0)
		*ret = t / DAY_S;
	else if (rfc3339_parse(s->password_expires, &t) == 0 && t >= now_s &&
	    (t - now_s) / DAY_S <= PASSWORD_DAYS_MAX)
		*ret = (t - now_s) / DAY_S;
	else
		return false;
	return true;
}

void
saml_done(struct saml *s)
{
	for (size_t i = 0; i < s->nroles; i++) {
		xfree(s->roles[i].role);
		xfree(s->roles[i].provider);
	}
	xfree(s->roles);
	xfree(s->base64);
	xfree(s->issuer);
	xfree(s->subject);
	xfree(s->session_name);
	xfree(s->audience);
	xfree(s->password_expires);
	xfree(s->password_days);
	xfree(s->password_url);
	*s = (struct saml){ 0 };
}
