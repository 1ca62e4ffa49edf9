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
#include "http-fault.h"
#include "redeem.h"
#include "saml.h"

/* ---- moving from page to page -------------------------------------------- */

static int
add_escaped(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-_.~:/", c) != NULL;
		int r = plain ? buf_add(b, s, 1) : buf_addf(b, "%%%02X", c);

		if (r < 0)
			return r;
	}
	return 0;
}

char *
signin_entry_url(const struct job *job, const char *request_id)
{
	_cleanup_buf_ struct buf b = BUF_INIT(URL_MAX);
	_cleanup_origin_ struct origin o = { 0 };
	const char *query = job->query;
	int r;

	if (query != NULL && *query == '?')
		query++;
	r = buf_addf(&b, "%s%s%s?",
	    strstr(job->host, "://") != NULL ? "" : "https://", job->host,
	    job->path);
	if (r == 0 && !str_empty(query))
		r = buf_addf(&b, "%s&", query);
	if (r == 0 &&
	    (query == NULL || strcasestr(query, "loginToRp=") == NULL)) {
		r = buf_adds(&b, "loginToRp=");
		if (r == 0)
			r = add_escaped(&b, job->provider_id);
		if (r == 0)
			r = buf_add(&b, "&", 1);
	}
	if (r == 0 && job->home_realm != NULL) {
		r = buf_adds(&b, "RedirectToIdentityProvider=");
		if (r == 0)
			r = add_escaped(&b, job->home_realm);
		if (r == 0)
			r = buf_add(&b, "&", 1);
	}
	if (r == 0)
		r = buf_addf(&b, "client-request-id=%s", request_id);
	if (r < 0 || origin_parse(b.data, &o) < 0)
		return NULL;
	return buf_take(&b);
}

void
signin_settle(struct signin *s, const char *outcome)
{
	if (!s->open)
		return;
	s->open = false;
	conduit_outcome(s->conduit, outcome);
}

static bool
is_redirect(const struct http_reply *r)
{
	return r->redirect != NULL &&
	    (r->status == 301 || r->status == 302 || r->status == 303 ||
		r->status == 307 || r->status == 308);
}

/* A foreign host as the very first answer is often a network's own page. */
static int
captive(struct signin *s, const char *url, struct fault *fault)
{
	_cleanup_origin_ struct origin o = { 0 };
	_cleanup_free_ char *to = origin_parse(url, &o) < 0 ?
	    xstrdup(_("another place")) :
	    origin_label(&o);

	fault_set(fault, FAULT_TEMPORARY, REASON_CAPTIVE_PORTAL,
	    _("%s sent us on to %s at once. A network that wants you to sign "
	      "in first does that."),
	    s->host, to);
	fault_next(fault,
	    _("Open a browser and sign in to the network. If %s "
	      "belongs to your company, add it to awsfed.allowed_hosts."),
	    to);
	return -1;
}

static int
sent_elsewhere(struct signin *s, struct fault *fault)
{
	fault_set(fault, FAULT_SECURITY, REASON_FOREIGN_HOST,
	    _("%s asked to send the password on to another address."), s->host);
	fault_next(fault,
	    _("It was not sent again. Show this to your "
	      "administrator."));
	return -1;
}

/* The connection failed: was the password on it? */
static void
lost(struct signin *s, const struct http_call *c, enum grade grade,
    struct fault *fault)
{
	fault_copy(fault, &c->fault);
	if (grade != GRADE_SECRET)
		return;
	if (!c->sent) {
		signin_settle(s, OUTCOME_UNSENT);
		return;
	}
	signin_settle(s, OUTCOME_UNKNOWN);
	fault_set(fault, FAULT_TEMPORARY, c->fault.reason,
	    _("%s The password was on its way: whether it arrived is not "
	      "known, so it counts as an attempt."),
	    c->fault.text);
	fault_next(fault, _("Check the network, then sign in again."));
}

static void
notice_clock(struct signin *s, const struct http_reply *r)
{
	if (r->dated)
		s->skew_s = r->skew_s;
}

/* Takes a reply in as the page at hand. */
static int
take_page(struct signin *s, const struct http_call *c, const char *url,
    struct fault *fault)
{
	struct page p;

	if (page_parse(c->reply.body.data, c->reply.body.len, url, &p, fault) <
	    0)
		return -1;
	page_done(&s->page);
	s->page = p;
	s->form = NULL;
	s->status = c->reply.status;
	s->retry_after = c->reply.retry_after;
	return 0;
}

/*
 * One request and the redirects behind it.  301 to 303 turn into GET as
 * browsers do; 307 and 308 would send the body again, which a password must
 * not be.
 */
static int
travel(struct signin *s, const char *start, const char *body, size_t len,
    enum grade grade, struct fault *fault)
{
	_cleanup_free_ char *url = xstrdup(start);
	bool first = s->steps == 0;

	for (int hop = 0; hop <= SIGNIN_REDIRECTS_MAX; hop++) {
		struct http_call c = { .url = url,
			.body = body,
			.body_len = len,
			.flags = HTTP_COOKIES |
			    (grade == GRADE_SECRET ? HTTP_SECRET : 0u) };
		_cleanup_free_ char *next = NULL;
		int r;

		if (http_run(s->http, &c) < 0) {
			lost(s, &c, grade, fault);
			http_call_done(&c);
			return -1;
		}
		notice_clock(s, &c.reply);
		if (!is_redirect(&c.reply)) {
			r = take_page(s, &c, url, fault);
			http_call_done(&c);
			return r;
		}
		next = STEAL(c.reply.redirect);
		if (c.reply.status < 304)
			body = NULL;
		http_call_done(&c);
		if (body != NULL && grade == GRADE_SECRET)
			return sent_elsewhere(s, fault);
		if (body == NULL)
			grade = GRADE_PAGE;
		if (policy_check(&s->policy, next, GRADE_PAGE, fault) < 0)
			return first ? captive(s, next, fault) : -1;
		xreplace(&url, STEAL(next));
	}
	fault_set(fault, FAULT_PROTOCOL, REASON_UNKNOWN_PAGE,
	    _("%s sends the sign-in round in circles."), s->host);
	fault_next(fault,
	    _("Try again with awsfedctl logout, then login; if "
	      "it stays, show this to your administrator."));
	return -1;
}

int
signin_get(struct signin *s, const char *url, struct fault *fault)
{
	return travel(s, url, NULL, 0, GRADE_PAGE, fault);
}

int
signin_post(struct signin *s, const char *url, const char *body, size_t len,
    enum grade grade, struct fault *fault)
{
	return travel(s, url, body, len, grade, fault);
}

/* ---- handlers: 1 done, 0 next page, -1 fault ----------------------------- */

static int
auto_post(struct signin *s, struct fault *fault)
{
	_cleanup_buf_ struct buf body = BUF_INIT(FORM_BODY_MAX);
	_cleanup_free_ char *action = NULL;

	if (s->page.foreign_base || s->form->action == NULL || !s->form->post ||
	    !s->form->plain)
		return unknown_page_fault(
		    &s->page, PAGE_AUTO_POST, s->host, fault);
	if (policy_check(&s->policy, s->form->action, GRADE_PAGE, fault) < 0)
		return -1;
	if (form_encode(s->form, NULL, 0, NULL, &body) < 0)
		return unknown_page_fault(
		    &s->page, PAGE_AUTO_POST, s->host, fault);
	action = xstrdup(s->form->action);
	return signin_post(s, action, body.data == NULL ? "" : body.data,
	    body.len, GRADE_PAGE, fault);
}

/* A partner's assertion goes back to AD FS; AWS's is what we came for. */
static int
take_assertion(struct signin *s, struct fault *fault)
{
	_cleanup_free_ char *path = url_path(s->form->action);

	if (s->form->action != NULL &&
	    url_same_origin(s->form->action, s->entry) && path != NULL &&
	    strncasecmp(path, "/adfs/", 6) == 0)
		return auto_post(s, fault);
	xreplace(&s->assertion,
	    xstrdup(form_control(s->form, "SAMLResponse")->value));
	return 1;
}

static int
error_page(struct signin *s, struct fault *fault)
{
	char code[9] = "";

	/* Old cookies of a lost context: begin once more without any. */
	if (error_page_code(&s->page, code) && !s->posted && !s->restarted &&
	    strcmp(code, "MSIS7001") == 0) {
		s->restarted = true;
		http_cookies_clear(s->http);
		return signin_get(s, s->entry, fault);
	}
	error_page_fault(&s->page, s->status, s->host, fault);
	if (s->retry_after > fault->retry_after)
		fault->retry_after = s->retry_after;
	return -1;
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
	[PAGE_HRD] = { NULL, OUTCOME_UNKNOWN },
	[PAGE_ERROR] = { error_page, OUTCOME_UNKNOWN },
	[PAGE_MFA] = { NULL, OUTCOME_ACCEPTED },
	[PAGE_DUO] = { NULL, OUTCOME_ACCEPTED },
	[PAGE_METHOD] = { NULL, OUTCOME_ACCEPTED },
	[PAGE_RP_LIST] = { NULL, OUTCOME_ACCEPTED },
	[PAGE_SIGNED_OUT] = { NULL, OUTCOME_UNKNOWN },
	[PAGE_UPDATE_PASSWORD] = { NULL, OUTCOME_REJECTED },
	[PAGE_AUTO_POST] = { auto_post, OUTCOME_ACCEPTED },
};

static int
step(struct signin *s, struct fault *fault)
{
	enum page_kind kind = classify(&s->page, &s->form);
	const struct handler *h = &handlers[kind];

	log_debug("step %u: HTTP %ld, page %s", s->steps, s->status,
	    page_kind_name(kind));
	if (s->status >= 400 && kind != PAGE_ERROR) {
		signin_settle(s, OUTCOME_UNKNOWN);
		http_fault_status(
		    fault, s->status, s->page.url, s->retry_after);
		return -1;
	}
	signin_settle(s, h->outcome);
	if (h->answer == NULL)
		return unknown_page_fault(&s->page, kind, s->host, fault);
	return h->answer(s, fault);
}

static int
walk(struct signin *s, struct fault *fault)
{
	int r = signin_get(s, s->entry, fault);

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

/* The assertion in hand: report it, redeem what the agent wants. */
static int
spend(struct signin *s, struct fault *fault)
{
	const struct saml_rules rules = { s->job->provider_id,
		&s->job->allowed_hosts,
		s->job->allow_http_loopback ||
		    host_is_loopback(s->policy.idp.host),
		clk_real(&clk_system) / USEC + s->skew_s };
	_cleanup_saml_ struct saml a = { 0 };
	json_t *roles;

	if (saml_parse(s->assertion, strlen(s->assertion), &rules, &a, fault) <
	    0)
		return -1;
	xreplace(&s->assertion, NULL);
	page_done(&s->page);
	conduit_cookies(s->conduit, http_cookies(s->http));
	if (conduit_assertion(
		s->conduit, assertion_json(&a, s->skew_s), &roles, fault) < 0)
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
		s->job->connect_timeout, s->job->timeout, s->conduit->fd };

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
	s->host = origin_label(&s->policy.idp);
	return policy_check(&s->policy, s->entry, GRADE_SECRET, fault);
}

void
signin_job(struct conduit *c, const json_t *msg)
{
	_cleanup_job_ struct job job = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	struct signin s = { .job = &job, .conduit = c };

	if (job_parse(msg, &job, &f) < 0 || prepare(&s, &f) < 0 ||
	    walk(&s, &f) < 0 || spend(&s, &f) < 0) {
		signin_settle(&s, OUTCOME_UNKNOWN);
		if (s.http != NULL && f.request == NULL)
			fault_request(&f, http_request_id(s.http));
		conduit_fault(c, NULL, &f);
	}
	page_done(&s.page);
	origin_done(&s.policy.idp);
	xfree(s.assertion);
	xfree(s.entry);
	xfree(s.host);
	xfree(s.user);
	http_free(s.http);
}
