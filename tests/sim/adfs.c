/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "adfs.h"
#include "flow.h"
#include "form.h"
#include "http.h"
#include "mishap.h"
#include "pages.h"
#include "realm.h"
#include "sites.h"
#include "sp.h"
#include "state.h"
#include "visit.h"
#include "wia.h"

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
	} else if (mishap_is(m, "captive")) {
		visit_go_to(v, "http://captive.example.net/login?to=adfs");
	} else if (mishap_is(m, "captive-page")) {
		put(b,
		    "<html><head><title>Hotel WiFi</title></head><body><form "
		    "method=\"post\" action=\"http://captive.example.net/"
		    "accept\"><input name=\"room\"/><input type=\"submit\" "
		    "value=\"Connect\"/></form></body></html>\n");
		v->r->status = m->status > 0 ? (int)m->status : 511;
	} else if (mishap_is(m, "foreign-autopost")) {
		_cleanup_form_ struct form fields = { 0 };

		form_add(&fields, "SAMLRequest", "PHNhbWw+PC9zYW1sPg==");
		page_auto(b, "secondfactor", VISIT_FOREIGN "/ss", &fields);
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

/* A place of faults: what the form brings. */
static const char *
what_posted(const struct visit *v)
{
	static const struct {
		const char *field;
		const char *place;
	} all[] = {
		{ "Context", "adfs-factor" },
		{ "Password", "adfs-password" },
		{ "HomeRealmSelection", "adfs-realm" },
		{ "HomeRealmByEmail", "adfs-realm" },
		{ "UserName", "adfs-name" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (form_get(&v->fields, all[i].field) != NULL)
			return all[i].place;
	return "adfs-post";
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
	v->m = mishap_take(v->sim, what_posted(v), NULL, user, v->r);
	return true;
}

/* Counts, and lets the faults have their way.  False: answered already. */
static bool
begin(struct visit *v)
{
	if (str_eq(v->q->method, "POST")) {
		if (!read_post(v))
			return false;
	} else {
		v->sim->count.adfs_gets++;
		v->m = mishap_take(v->sim, "adfs-get", NULL,
		    v->sso != NULL ? v->sso->user : NULL, v->r);
	}
	return !misbehave(v);
}

/* The entry page that the identity provider begins. */
static void
entry(struct visit *v)
{
	const char *rp = form_get(&v->query, "loginToRp");

	if (!begin(v))
		return;
	if (!v->sim->opt.idp_page)
		visit_show_error(v, 200, "MSIS7065",
		    "There are no registered "
		    "protocol handlers on path /adfs/ls/idpinitiatedsignon "
		    "to process the incoming request.");
	else if (rp == NULL)
		sites_handle(v);
	else if (str_eq(rp, v->sim->opt.rp))
		flow(v);
	else if (v->sim->opt.rp_list)
		sites_handle(v);
	else
		visit_show_error(v, 200, "MSIS7007",
		    "The requested relying party "
		    "trust is unspecified or unsupported.");
}

/* /adfs/ls/: what others begin. */
static void
passive(struct visit *v)
{
	bool partner = realm_is_partner(v);

	if (!begin(v))
		return;
	if (partner) {
		if (str_eq(v->q->method, "POST"))
			v->sim->count.partner_posts++;
		flow(v);
	} else if (form_get(&v->fields, "wresult") != NULL) {
		realm_return(v);
	} else if (sp_read(v)) {
		flow(v);
	}
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
		passive(v);
	} else if (str_eq(path, "/adfs/portal/updatepassword")) {
		sites_update_password(v);
	} else if (str_eq(path, "/adfs/ls/wia")) {
		wia_visit(v);
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
	if (q->client != NULL)
		wia_certificate(&v);
	else
		route(&v);
	if (mishap_is(v.m, "content-type"))
		response_header(r, "Content-Type", "application/octet-stream");
}
