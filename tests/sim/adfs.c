/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "adfs.h"
#include "authn.h"
#include "form.h"
#include "http.h"
#include "mfa.h"
#include "mishap.h"
#include "pages.h"
#include "state.h"
#include "visit.h"

/* The faults that make a page.  True when the answer is complete. */
static bool
misbehave(struct visit *v)
{
	const struct mishap *m = v->m;
	struct buf *b = &v->r->body;

	if (mishap_generic(m, v->r))
		return true;
	if (m == NULL)
		return false;
	response_text(v->r, 200, VISIT_HTML, "");
	if (mishap_is(m, "malformed")) {
		page_broken(b, &v->page);
	} else if (mishap_is(m, "unknown")) {
		page_unknown(b, &v->page);
	} else if (mishap_is(m, "mfa-page")) {
		page_mfa(b, &v->page);
	} else if (mishap_is(m, "autopost") && str_eq(v->q->method, "GET")) {
		visit_show_autopost(v);
	} else if (mishap_is(m, "foreign-action")) {
		xreplace(&v->page.action, xstrdup(VISIT_FOREIGN "/adfs/ls/"));
		page_login(b, &v->page, LOGIN_FIRST);
	} else if (mishap_is(m, "foreign-redirect")) {
		visit_go_to(v, VISIT_FOREIGN "/adfs/ls/");
	} else if (mishap_is(m, "redirect-loop")) {
		visit_go_to(v, v->self);
	} else if (mishap_is(m, "error-page")) {
		visit_show_error(v, m->status > 0 ? (int)m->status : 200,
		    m->code,
		    m->text != NULL ? m->text :
				      "The simulator was told to "
				      "fail.");
	} else if (mishap_is(m, "huge")) {
		put(b, "<html><body><p>");
		while (b->len < 3 * 1024 * 1024)
			put(b, "%s",
			    "abcdefghijklmnopqrstuvwxyz0123456789 "
			    "abcdefghijklmnopqrstuvwxyz0123456789\n");
	} else if (mishap_is(m, "wrong-password")) {
		v->sim->count.passwords_rejected++;
		visit_show_login(v, LOGIN_WRONG);
	} else if (mishap_is(m, "password-expired")) {
		v->sim->count.passwords_rejected++;
		visit_show_login(v, LOGIN_EXPIRED);
	} else if (mishap_is(m, "wia")) {
		response_text(v->r, 401, VISIT_HTML, "Not authorised\n");
		form_add(&v->r->headers, "WWW-Authenticate", "Negotiate");
		form_add(&v->r->headers, "WWW-Authenticate", "NTLM");
	} else {
		return false;
	}
	return true;
}

/* The form as a browser would have filled it?  False: answered already. */
static bool
check_fields(struct visit *v)
{
	const char *eq = strchr(v->sim->opt.extra, '=');
	_cleanup_free_ char *extra = eq == NULL ?
	    NULL :
	    xstrndup(v->sim->opt.extra, (size_t)(eq - v->sim->opt.extra));
	const char *kmsi = form_get(&v->fields, "Kmsi");
	const char *known[] = { "UserName", "Password", "AuthMethod", "Kmsi",
		"SimStep", "RelayData", extra };

	for (size_t i = 0; i < v->fields.n; i++) {
		const char *name = v->fields.v[i].name;
		bool ok = false;

		if (form_count(&v->fields, name) > 1) {
			sim_violation(v->sim, "field %s posted twice", name);
			visit_show_error(
			    v, 500, NULL, "Duplicate post parameter.");
			return false;
		}
		for (size_t k = 0; k < ARRAY_SIZE(known); k++)
			ok |= str_eq(known[k], name);
		if (!ok)
			sim_violation(v->sim, "unknown field %s posted", name);
	}
	if (kmsi != NULL && strcmp(kmsi, "true") != 0) {
		sim_violation(v->sim, "Kmsi posted with another value");
		visit_show_error(
		    v, 500, NULL, "The request could not be read.");
		return false;
	}
	if (kmsi != NULL && !v->sim->opt.kmsi)
		sim_violation(v->sim, "Kmsi posted though it is not offered");
	if (extra != NULL && form_get(&v->fields, "Password") != NULL &&
	    !str_eq(form_get(&v->fields, extra), eq + 1))
		sim_violation(v->sim, "hidden field %s was not posted", extra);
	return true;
}

/* After a factor: the next one, or the assertion. */
static void
proceed(struct visit *v)
{
	if (mfa_owed(v))
		mfa_start(v);
	else
		visit_show_assertion(v);
}

static void
check_password(struct visit *v)
{
	const char *name = form_get(&v->fields, "UserName");
	const char *password = form_get(&v->fields, "Password");
	struct user *u = NULL;
	enum login_error why;

	v->page.user_name = name;
	why = authn_check(v, name, password, &u);
	if (why != LOGIN_FIRST) {
		visit_show_login(v, why);
	} else {
		authn_accept(v, u);
		if (mishap_is(v->m, "autopost"))
			visit_show_autopost(v);
		else
			visit_go_to(v, v->page.absolute);
	}
}

/* Was this form ours, and is the cookie of its page still there? */
static bool
context_lost(struct visit *v)
{
	const char *id = form_get(&v->query, "client-request-id");
	const struct pending *p = id == NULL ? NULL : pending_find(v->sim, id);

	return p != NULL && p->cookie != NULL &&
	    !str_eq(form_get(&v->cookies, "MSISSamlRequest"), p->cookie);
}

static void
handle_post(struct visit *v)
{
	const char *method = form_get(&v->fields, "AuthMethod");
	bool user = form_get(&v->fields, "UserName") != NULL;
	bool password = form_get(&v->fields, "Password") != NULL;

	if (form_get(&v->fields, "Context") != NULL) {
		mfa_post(v);
		return;
	}
	if (!check_fields(v))
		return;
	if (form_get(&v->fields, "SimStep") != NULL) {
		if (!str_eq(form_get(&v->fields, "RelayData"),
			"a b&c=d+e/\xc3\xa9"))
			sim_violation(v->sim,
			    "the auto-post page's fields "
			    "came back changed");
		if (v->sso != NULL)
			proceed(v);
		else
			visit_show_login(v, LOGIN_FIRST);
		return;
	}
	if (method == NULL) {
		sim_violation(v->sim, "posted without AuthMethod");
		visit_show_error(v, 200, "MSIS7012",
		    "An error occurred while "
		    "processing the request.");
	} else if (strcmp(method, "FormsAuthentication") != 0) {
		visit_show_error(v, 200, NULL,
		    "The selected authentication method "
		    "is not available.");
	} else if (!user && !password) {
		if (v->sso != NULL)
			proceed(v);
		else
			visit_show_login(v, LOGIN_FIRST);
	} else if (!user || !password) {
		sim_violation(v->sim, "half of a login form was posted");
		visit_show_login(v, LOGIN_FIRST);
	} else if (context_lost(v)) {
		visit_show_error(v, 200, "MSIS7001",
		    "The passive protocol context "
		    "was not found or not valid.");
	} else if (mfa_is_primary(v)) {
		sim_violation(v->sim, "password posted before the code");
		mfa_start_primary(v);
	} else {
		check_password(v);
	}
}

static void
handle_get(struct visit *v)
{
	const char *agent = request_header(v->q, "user-agent");

	if (v->sso != NULL) {
		proceed(v);
	} else if (v->sim->opt.wia && agent != NULL &&
	    (strstr(agent, "Trident/7.0") != NULL ||
		strstr(agent, "MSIE") != NULL)) {
		_cleanup_free_ char *url =
		    xasprintf("/adfs/ls/wia?%s", v->q->query);

		visit_go_to(v, url);
	} else if (mfa_is_primary(v)) {
		mfa_start_primary(v);
	} else {
		visit_show_login(v, LOGIN_FIRST);
	}
}

/* Counts, reads the form.  False: answered already. */
static bool
read_post(struct visit *v)
{
	const char *type = request_header(v->q, "content-type");
	const char *user;

	v->sim->count.adfs_posts++;
	if (type == NULL ||
	    strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0) {
		sim_violation(v->sim, "form posted as another content type");
		response_text(v->r, 415, VISIT_HTML, "");
		return false;
	}
	if (form_parse(v->q->body, &v->fields) < 0 ||
	    strlen(v->q->body) != v->q->body_len) {
		sim_violation(v->sim, "form body is not well encoded");
		response_text(v->r, 400, VISIT_HTML, "");
		return false;
	}
	if (form_get(&v->fields, "Password") != NULL)
		v->sim->count.password_posts++;
	user = form_get(&v->fields, "UserName");
	v->m = mishap_take(v->sim, "adfs-post", NULL, user, v->r);
	return true;
}

static void
entry(struct visit *v)
{
	const char *rp = form_get(&v->query, "loginToRp");

	if (str_eq(v->q->method, "POST")) {
		if (!read_post(v))
			return;
	} else {
		v->sim->count.adfs_gets++;
		v->m = mishap_take(v->sim, "adfs-get", NULL,
		    v->sso != NULL ? v->sso->user : NULL, v->r);
	}
	if (misbehave(v)) {
		/* answered */
	} else if (!v->sim->opt.idp_page) {
		visit_show_error(v, 200, "MSIS7065",
		    "There are no registered "
		    "protocol handlers on path /adfs/ls/idpinitiatedsignon "
		    "to process the incoming request.");
	} else if (rp == NULL) {
		response_text(v->r, 200, VISIT_HTML, "");
		page_sites(&v->r->body, &v->page, v->sso != NULL);
	} else if (!str_eq(rp, v->sim->opt.rp)) {
		visit_show_error(v, 200, "MSIS7007",
		    "The requested relying party "
		    "trust is unspecified or unsupported.");
	} else if (str_eq(v->q->method, "POST")) {
		handle_post(v);
	} else {
		handle_get(v);
	}
	if (mishap_is(v->m, "content-type"))
		response_header(
		    v->r, "Content-Type", "application/octet-stream");
}

static void
sign_out(struct visit *v)
{
	static const char *const gone[] = { "MSISAuthenticated",
		"MSISLoopDetectionCookie", "MSISSamlRequest", "SamlSession" };

	v->sim->count.sign_outs++;
	if (v->sso != NULL)
		v->sso->expires = 0;
	for (size_t i = 0; i < v->cookies.n; i++)
		if (str_starts(v->cookies.v[i].name, "MSISAuth") &&
		    !str_eq(v->cookies.v[i].name, "MSISAuthenticated"))
			response_cookie(
			    v->r, v->cookies.v[i].name, "", VISIT_COOKIE_GONE);
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
		response_cookie(v->r, gone[i], "", VISIT_COOKIE_GONE);
	response_text(v->r, 200, VISIT_HTML, "");
	page_signed_out(&v->r->body, &v->page);
}

static void
route(struct visit *v)
{
	_cleanup_free_ char *path = xstrdup(v->q->path);
	size_t len;

	str_lower(path);
	len = strlen(path);
	if (len > 1 && path[len - 1] == '/')
		path[len - 1] = '\0';
	if (!str_eq(v->q->method, "GET") && !str_eq(v->q->method, "POST")) {
		sim_violation(v->sim, "method %s to AD FS", v->q->method);
		response_text(v->r, 405, VISIT_HTML, "");
	} else if (str_eq(path, "/adfs/ls/idpinitiatedsignon.aspx") ||
	    str_eq(path, "/adfs/ls/idpinitiatedsignon")) {
		entry(v);
	} else if (str_eq(path, "/adfs/ls") &&
	    str_eq(form_get(&v->query, "wa"), "wsignout1.0")) {
		sign_out(v);
	} else if (str_eq(path, "/adfs/ls")) {
		visit_show_error(v, 200, "MSIS7065",
		    "There are no registered "
		    "protocol handlers on path /adfs/ls/ to process the "
		    "incoming request.");
	} else if (str_eq(path, "/adfs/ls/wia")) {
		response_text(v->r, 401, VISIT_HTML, "Not authorised\n");
		form_add(&v->r->headers, "WWW-Authenticate", "Negotiate");
		form_add(&v->r->headers, "WWW-Authenticate", "NTLM");
	} else if (str_eq(path, "/adfs/probe")) {
		response_text(v->r, 200, "text/plain", "");
	} else {
		response_text(v->r, 404, VISIT_HTML,
		    "<html><body><h2>Not Found"
		    "</h2></body></html>\n");
	}
}

void
adfs_handle(struct sim *s, const struct request *q, struct response *r)
{
	__attribute__((cleanup(visit_done))) struct visit v = { 0 };

	if (visit_init(&v, s, q, r) < 0) {
		sim_violation(s, "query is not well encoded");
		response_text(r, 400, VISIT_HTML, "");
		return;
	}
	if (form_get(&v.query, "Password") != NULL)
		sim_violation(s, "password in a URL");
	if (request_header(q, "authorization") != NULL)
		sim_violation(s, "Authorization sent to AD FS");
	response_header(r, "Cache-Control", "no-cache,no-store");
	response_header(r, "Pragma", "no-cache");
	response_header(r, "Expires", "-1");
	response_header(r, "Server", "Microsoft-HTTPAPI/2.0");
	response_header(r, "X-Frame-Options", "DENY");
	route(&v);
}
