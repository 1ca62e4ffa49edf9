/* SPDX-License-Identifier: Apache-2.0 */
#include "signin.h"

#include <string.h>
#include <strings.h>

#include "awsfed/clock.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "aliases.h"
#include "certificate.h"
#include "http-fault.h"
#include "network.h"
#include "redeem.h"
#include "request.h"
#include "saml.h"

void
signin_settle(struct signin *s, const char *outcome)
{
	if (!s->open)
		return;
	s->open = false;
	login_tag_end(s);
	conduit_outcome(s->conduit, outcome, s->tag);
}

int
signin_begin(struct signin *s, struct fault *fault)
{
	/* What was answered is asked anew; a password is not sent again. */
	s->named = s->realm_posted = s->realm_mailed = s->site_posted = false;
	if (s->sp)
		return request_begin(s, false, fault);
	return signin_get(s, s->entry, fault);
}

void
signin_wait(struct signin *s, int64_t seconds)
{
	(void)http_next(s->http, seconds * 1000);
}

/* ---- handlers: 1 done, 0 next page, -1 fault ----------------------------- */

static int
auto_post(struct signin *s, struct fault *fault)
{
	if (s->form->action == NULL || !s->form->post || !s->form->plain)
		return signin_unknown(s, PAGE_AUTO_POST, fault);
	if (consent_asks(s->form))
		return consent_answer(s, fault);
	return signin_post_form(s, s->form, NULL, 0, NULL, GRADE_PAGE, fault);
}

/* Does AD FS itself take what is posted there?  A proxy may rename its path. */
static bool
is_own_endpoint(const struct signin *s, const char *url)
{
	_cleanup_free_ char *path = url_path(url), *entry = url_path(s->entry);
	const char *last = entry == NULL ? NULL : strrchr(entry, '/');
	size_t n = last == NULL ? 0 : (size_t)(last - entry);

	if (path == NULL || !url_same_origin(url, s->entry))
		return false;
	return strncasecmp(path, "/adfs/", 6) == 0 ||
	    (n > 0 && strncasecmp(path, entry, n) == 0 &&
		(path[n] == '/' || path[n] == '\0'));
}

/* A partner's assertion goes back to AD FS; AWS's is what we came for. */
static int
take_assertion(struct signin *s, struct fault *fault)
{
	if (is_own_endpoint(s, s->form->action))
		return auto_post(s, fault);
	xreplace(&s->assertion,
	    xstrdup(form_control(s->form, "SAMLResponse")->value));
	return 1;
}

struct handler {
	int (*answer)(struct signin *s, struct fault *fault);
	/* What reaching such a page says about a password just sent. */
	const char *outcome;
};

static const struct handler handlers[PAGE_KIND_MAX] = {
	/* Fail closed: a password is not sent again to an unknown page. */
	[PAGE_UNKNOWN] = { NULL, OUTCOME_REJECTED },
	[PAGE_ASSERTION] = { take_assertion, OUTCOME_ACCEPTED },
	[PAGE_LOGIN] = { login_answer, OUTCOME_REJECTED },
	[PAGE_HRD] = { realm_answer, OUTCOME_UNKNOWN },
	[PAGE_ERROR] = { error_answer, OUTCOME_UNKNOWN },
	[PAGE_MFA] = { second_answer, OUTCOME_ACCEPTED },
	[PAGE_DUO] = { second_answer, OUTCOME_ACCEPTED },
	[PAGE_METHOD] = { method_answer, OUTCOME_ACCEPTED },
	[PAGE_RP_LIST] = { sites_answer, OUTCOME_ACCEPTED },
	[PAGE_SIGNED_OUT] = { signed_out_answer, OUTCOME_UNKNOWN },
	[PAGE_UPDATE_PASSWORD] = { update_password_answer, OUTCOME_REJECTED },
	[PAGE_AUTO_POST] = { auto_post, OUTCOME_ACCEPTED },
};

static int
step(struct signin *s, struct fault *fault)
{
	enum page_kind kind = classify(&s->page, &s->form);
	const struct handler *h = &handlers[kind];
	int r;

	log_debug("step %u: HTTP %ld, page %s", s->steps, s->status,
	    page_kind_name(kind));
	if (s->status == 401 && s->authenticate != NULL)
		return wia_unauthorized(s, fault);
	if (s->status >= 400 && kind != PAGE_ERROR) {
		signin_settle(s, OUTCOME_UNKNOWN);
		http_fault_status(
		    fault, s->status, s->page.url, s->retry_after);
		return -1;
	}
	signin_settle(s, h->outcome);
	if (kind == PAGE_LOGIN && (r = certificate_choose(s, fault)) != 1)
		return r;
	if (kind == PAGE_LOGIN && wia_form(s, fault) < 0)
		return -1;
	/* With a checked certificate it would be the host's own page. */
	if (kind == PAGE_UNKNOWN && s->steps == 1 && s->job->worked &&
	    !s->job->ssl_verification) {
		network_captive(
		    fault, s->host, _("it shows a page that is not AD FS's"));
		return -1;
	}
	if (h->answer == NULL)
		return signin_unknown(s, kind, fault);
	return h->answer(s, fault);
}

static int
walk(struct signin *s, struct fault *fault)
{
	int r = signin_begin(s, fault);

	while (r == 0) {
		if (s->steps++ == SIGNIN_STEPS_MAX) {
			fault_set(fault, FAULT_PROTOCOL, REASON_UNKNOWN_PAGE,
			    _("%s shows page after page without an end."),
			    s->host);
			fault_next(fault,
			    _("Show this to your "
			      "administrator."));
			return -1;
		}
		r = step(s, fault);
	}
	return r < 0 ? -1 : 0;
}

/* ---- the job ------------------------------------------------------------- */

static json_t *
assertion_json(const struct saml *a, int64_t skew_s)
{
	json_t *m = json_object(), *roles = json_array();
	char t[RFC3339_SIZE];

	for (size_t i = 0; i < a->nroles; i++) {
		json_t *r = json_object();

		json_put_str(r, "roleArn", a->roles[i].role);
		json_put_str(r, "principalArn", a->roles[i].provider);
		json_array_append_new(roles, r);
	}
	json_object_set_new(m, "roles", roles);
	json_object_set_new(m, "issuer", json_string(a->issuer));
	json_object_set_new(m, "subject", json_string(a->subject));
	json_object_set_new(m, "sessionName", json_string(a->session_name));
	json_put_int(m, "sessionDuration", a->session_duration);
	rfc3339_format(a->expires_s, t);
	json_object_set_new(m, "expires", json_string(t));
	if (a->session_end_s != 0) {
		rfc3339_format(a->session_end_s, t);
		json_object_set_new(m, "sessionNotOnOrAfter", json_string(t));
	}
	json_object_set_new(m, "skew", json_integer(skew_s));
	json_object_set_new(m, "encrypted", json_boolean(a->encrypted));
	return m;
}

/* AD FS tells of it in the last two weeks, where the farm is set up so. */
static void
notice_password(struct signin *s, const struct saml *a)
{
	_cleanup_free_ char *text = NULL, *where = NULL;
	int64_t days;

	if (!saml_password_days(
		a, clk_real(&clk_system) / USEC + s->skew_s, &days))
		return;
	if (a->password_url != NULL && str_starts(a->password_url, "https://"))
		where = xasprintf(_(" Change it at %s"), a->password_url);
	text = days == 0 ? xasprintf(_("Your password expires today.%s"),
			       where == NULL ? "" : where) :
			   xasprintf(_("Your password expires in %lld days.%s"),
			       (long long)days, where == NULL ? "" : where);
	conduit_tell(s->conduit, "info", text, 0);
}

/* Once by hand: the name that spares the choice. */
static void
notice_site(struct signin *s, const struct saml *a)
{
	_cleanup_free_ char *clean = NULL, *text = NULL;

	if (!s->site_posted || a->audience == NULL)
		return;
	clean = str_clean(a->audience, 300);
	text = xasprintf(_("To go there at once: aws configure set "
			   "adfs_config.provider_id '%s' --profile "
			   "YOUR-PROFILE"),
	    clean);
	conduit_tell(s->conduit, "info", text, 0);
}

/* The assertion in hand: report it, redeem what the agent wants. */
static int
spend(struct signin *s, struct fault *fault)
{
	const struct saml_rules rules = {
		.provider_id = s->site_posted ? NULL : s->job->provider_id,
		.in_response_to = s->request,
		.allowed = &s->job->allowed_hosts,
		.allow_loopback = s->job->allow_http_loopback ||
		    host_is_loopback(s->policy.idp.host),
		.now_s = clk_real(&clk_system) / USEC + s->skew_s,
	};
	_cleanup_saml_ struct saml a = { 0 };
	json_t *roles, *msg;

	if (saml_parse(s->assertion, strlen(s->assertion), &rules, &a, fault) <
	    0)
		return -1;
	xreplace(&s->assertion, NULL);
	page_done(&s->page);
	if (a.encrypted && a.nroles == 0) {
		fault_set(fault, FAULT_CONFIG, REASON_MALFORMED,
		    _("%s encrypts its SAML response, so that its roles cannot "
		      "be read here."),
		    s->host);
		fault_next(fault,
		    _("Ask the administrator of AD FS to send the response "
		      "for AWS without encryption (Set-AdfsRelyingPartyTrust "
		      "-EncryptClaims $false)."));
		return -1;
	}
	notice_password(s, &a);
	notice_site(s, &a);
	conduit_cookies(s->conduit, http_cookies(s->http));
	msg = assertion_json(&a, s->skew_s);
	json_put_int(msg, "ticketLeft", wia_ticket_left(s));
	if (conduit_assertion(s->conduit, msg, &roles, fault) < 0)
		return -1;
	if (json_array_size(roles) > 0) {
		redeem(s->http, s->conduit, s->job, &a, roles, s->skew_s);
		conduit_cookies(s->conduit, http_cookies(s->http));
	}
	json_decref(roles);
	/* Last: nobody's keys wait for a page that may be slow. */
	if (s->job->aliases)
		aliases_report(s->http, s->conduit, &a);
	return 0;
}

static int
prepare(struct signin *s, struct fault *fault)
{
	const struct http_settings set = { s->job->ca_bundle,
		s->job->https_proxy, s->job->no_proxy, s->job->ssl_verification,
		s->job->connect_timeout, s->job->timeout, s->conduit->fd,
		s->job->worked };

	if ((s->http = http_new(&set, fault)) == NULL)
		return -1;
	http_cookies_set(s->http, s->job->cookies);
	s->entry = signin_entry_url(s->job, http_request_id(s->http));
	if (s->entry == NULL || origin_parse(s->entry, &s->policy.idp) < 0) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("\"%s\" is not a usable host name."), s->job->host);
		fault_next(fault,
		    _("Check adfs_config.adfs_host of the "
		      "profile: a host, or host:port."));
		return -1;
	}
	s->policy.allowed = &s->job->allowed_hosts;
	s->policy.allow_http_loopback = s->job->allow_http_loopback;
	s->policy.certificate = s->job->client_cert != NULL;
	s->host = origin_label(&s->policy.idp);
	s->sp = s->job->sp_initiated;
	log_info("sign-in at %s, client-request-id %s", s->host,
	    http_request_id(s->http));
	if (policy_check(&s->policy, s->entry, GRADE_SECRET, fault) < 0)
		return -1;
	return wia_prepare(s, fault);
}

/*
 * What was answered by hand is worth keeping: with the cookies of a password
 * that AD FS took the agent may go on by itself.  A second factor is a
 * person's.
 */
static void
interrupted(struct signin *s, struct fault *fault)
{
	if (!s->posted || fault->kind != FAULT_TEMPORARY)
		return;
	if (s->second != NULL) {
		fault_next(fault,
		    _("Sign in again in a moment: the second factor needs "
		      "you."));
		return;
	}
	conduit_cookies(s->conduit, http_cookies(s->http));
}

/* An assertion comes from the pages, or somebody brought it along. */
static int
get_assertion(struct signin *s, struct fault *fault)
{
	if (s->job->assertion == NULL)
		return walk(s, fault);
	s->assertion = xstrdup(s->job->assertion);
	return 0;
}

void
signin_job(struct conduit *c, const json_t *msg)
{
	_cleanup_job_ struct job job = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	struct signin s = { .job = &job, .conduit = c };

	if (job_parse(msg, &job, &f) < 0 || prepare(&s, &f) < 0 ||
	    get_assertion(&s, &f) < 0 || spend(&s, &f) < 0) {
		signin_settle(&s, OUTCOME_UNKNOWN);
		interrupted(&s, &f);
		if (s.http != NULL && f.request == NULL)
			fault_request(&f, http_request_id(s.http));
		conduit_fault(c, NULL, &f);
	}
	second_free(s.second);
	page_done(&s.page);
	origin_done(&s.policy.idp);
	xfree(s.assertion);
	xfree(s.entry);
	xfree(s.host);
	xfree(s.user);
	xfree(s.authenticate);
	xfree(s.method);
	xfree(s.request);
	xfree(s.principal);
	http_free(s.http);
	certificate_free(s.cert);
}
