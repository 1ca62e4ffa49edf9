/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From page to page: one request and the redirects behind it, each checked
 * against the policy before anything is sent.
 */
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/xalloc.h"
#include "certificate.h"
#include "http-fault.h"
#include "signin.h"

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
	    _("Open a browser and sign in to the network; awsfed tries again "
	      "by itself. If %s belongs to your company, add it to "
	      "awsfed.allowed_hosts."),
	    to);
	return -1;
}

static int
sent_elsewhere(struct signin *s, struct fault *fault)
{
	fault_set(fault, FAULT_SECURITY, REASON_FOREIGN_HOST,
	    s->open ?
		_("%s asked to send the password on to another address.") :
		_("%s asked to send the code on to another address."),
	    s->host);
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
	if (!s->open) {
		fault_set(fault, FAULT_NEEDS_USER, c->fault.reason,
		    _("%s The code was on its way: whether it arrived is "
		      "not known."),
		    c->fault.text);
		fault_next(fault, _("Sign in again, with the next code."));
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
take_page(
    struct signin *s, struct http_call *c, const char *url, struct fault *fault)
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
	xreplace(&s->authenticate, STEAL(c->reply.authenticate));
	return 0;
}

/*
 * One request and the redirects behind it.  301 to 303 turn into GET as
 * browsers do; 307 and 308 would send the body again, which a password must
 * not be.
 */
static int
travel(struct signin *s, const char *start, const char *body, size_t len,
    enum grade grade, const struct proof *proof, struct fault *fault)
{
	_cleanup_free_ char *url = xstrdup(start);
	bool first = s->steps == 0;

	for (int hop = 0; hop <= SIGNIN_REDIRECTS_MAX; hop++) {
		struct http_call c = { .url = url,
			.body = body,
			.body_len = len,
			.flags = HTTP_COOKIES |
			    (grade == GRADE_SECRET ||
					(s->once && body != NULL) ?
				    HTTP_SECRET :
				    0u) |
			    (s->patience_ms > 0 ? HTTP_PATIENT : 0u),
			.timeout_ms = s->patience_ms };
		_cleanup_free_ char *next = NULL;
		int r;

		if (hop == 0 && proof != NULL) {
			c.flags |= proof->flags;
			c.user = proof->user;
			c.password = proof->password;
		}
		if (policy_is_certificate(&s->policy, url)) {
			if (certificate_need(s, fault) < 0)
				return -1;
			c.flags |= HTTP_CERTIFICATE;
		}
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
			return first && s->job->home_realm == NULL ?
			    captive(s, next, fault) :
			    -1;
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
	return travel(s, url, NULL, 0, GRADE_PAGE, NULL, fault);
}

int
signin_get_as(struct signin *s, const char *url, const struct proof *proof,
    enum grade grade, struct fault *fault)
{
	return travel(s, url, NULL, 0, grade, proof, fault);
}

int
signin_post(struct signin *s, const char *url, const char *body, size_t len,
    enum grade grade, struct fault *fault)
{
	return travel(s, url, body, len, grade, NULL, fault);
}

/* ---- forms ---------------------------------------------------------------- */

int
signin_post_form(struct signin *s, const struct form *f,
    const struct field *fields, size_t nfields, const struct control *press,
    enum grade grade, struct fault *fault)
{
	_cleanup_buf_ struct buf body = BUF_INIT(FORM_BODY_MAX);
	_cleanup_free_ char *action = NULL;

	if (s->page.foreign_base || f->action == NULL || !f->post ||
	    !f->plain || form_encode(f, fields, nfields, press, &body) < 0) {
		fault_set(fault, FAULT_PROTOCOL, REASON_UNKNOWN_PAGE,
		    _("A form of %s is not one that awsfed can send safely; "
		      "nothing was sent."),
		    s->host);
		fault_next(fault, _("Show this to your administrator."));
		return -1;
	}
	if (grade == GRADE_SECRET &&
	    policy_check(&s->policy, s->page.url, grade, fault) < 0)
		return -1;
	if (policy_check(&s->policy, f->action, grade, fault) < 0)
		return -1;
	action = xstrdup(f->action); /* the form goes with its page */
	return signin_post(s, action, body.data == NULL ? "" : body.data,
	    body.len, grade, fault);
}
