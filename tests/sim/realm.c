/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "authn.h"
#include "http.h"
#include "realm.h"
#include "state.h"
#include "visit.h"

#define REALM_COOKIE "MSISIPSelectionSession"

/* One of option realms: ID=NAME, or ID=NAME@HOST of a claims provider. */
struct realm {
	char *id, *name, *host;
};

static void
realm_done(struct realm *r)
{
	xfree(r->id);
	xfree(r->name);
	xfree(r->host);
	*r = (struct realm){ 0 };
}

#define _cleanup_realm_ __attribute__((cleanup(realm_done)))

static bool
realm_parse(const char *text, struct realm *ret)
{
	const char *eq = strchr(text, '='), *at = strrchr(text, '@');

	if (eq == NULL)
		return false;
	if (at != NULL && at < eq)
		at = NULL;
	*ret = (struct realm){
		.id = xstrndup(text, (size_t)(eq - text)),
		.name = at == NULL ? xstrdup(eq + 1) :
				     xstrndup(eq + 1, (size_t)(at - eq - 1)),
		.host = at == NULL ? NULL : xstrdup(at + 1),
	};
	return true;
}

static bool
realm_find(const struct sim *s, const char *id, struct realm *ret)
{
	_cleanup_strv_ struct strv list = { 0 };

	sim_list(s->opt.realms, &list);
	for (size_t i = 0; id != NULL && i < list.n; i++) {
		if (!realm_parse(list.v[i], ret))
			continue;
		if (str_eq(ret->id, id))
			return true;
		realm_done(ret);
	}
	return false;
}

bool
realm_is_partner(const struct visit *v)
{
	_cleanup_strv_ struct strv list = { 0 };
	bool yes = false;

	sim_list(v->sim->opt.realms, &list);
	for (size_t i = 0; i < list.n; i++) {
		_cleanup_realm_ struct realm r = { 0 };

		if (realm_parse(list.v[i], &r) && r.host != NULL)
			yes |= strcasecmp(r.host, v->host) == 0;
	}
	return yes;
}

static void
show_page(struct visit *v, const char *error)
{
	_cleanup_strv_ struct strv list = { 0 };
	struct buf *b = &v->r->body;

	visit_remember(v);
	sim_list(v->sim->opt.realms, &list);
	response_text(v->r, 200, VISIT_HTML, "");
	page_head(b, &v->page, "Home Realm Discovery");
	put(b,
	    "<div id=\"hrdArea\">\n<form id=\"hrd\" method=\"post\" "
	    "autocomplete=\"off\" novalidate=\"novalidate\" action=\"%s\">\n"
	    "<div class=\"groupMargin\">Sign in with one of these accounts"
	    "</div>\n<input id=\"hrdSelection\" type=\"hidden\" />\n"
	    "<div id=\"bySelection\">\n",
	    v->page.action);
	for (size_t i = 0; i < list.n; i++) {
		_cleanup_realm_ struct realm r = { 0 };

		if (!realm_parse(list.v[i], &r))
			continue;
		put(b,
		    "<div class=\"idp\" tabindex=\"%zu\" role=\"button\" "
		    "aria-label=\"",
		    i + 1);
		put_html(b, r.name);
		put(b, "\" onclick=\"HRD.selection('%s'); return false;\">",
		    r.id);
		put(b,
		    "<img class=\"largeIcon float\" "
		    "src=\"/adfs/portal/images/idp/%s.png\" alt=\"\"/><div "
		    "class=\"idpDescription float\"><span "
		    "class=\"largeTextNoWrap indentNonCollapsible\">",
		    r.host == NULL ? "localsts" : "idp");
		put_html(b, r.name);
		put(b, "</span></div></div>\n");
	}
	put(b,
	    "</div>\n<div id=\"byEmail\">\n<div id=\"emailArea\">"
	    "<input id=\"emailInput\" name=\"Email\" type=\"email\" value=\"\""
	    " placeholder=\"someone@example.com\" autocomplete=\"off\"/>"
	    "</div>\n<span id=\"errorText\" for=\"emailInput\">%s</span>\n"
	    "<input class=\"submit\" name=\"HomeRealmByEmail\" type=\"submit\""
	    " value=\"Next\" />\n</div>\n</form>\n</div>\n"
	    "<script type=\"text/javascript\">\n//<![CDATA[\n"
	    "function HRDErrors(){ this.invalidSuffix = 'No such suffix.'; }\n"
	    "HRD.selection = function (option) { var i = "
	    "document.getElementById('hrdSelection'); i.name = "
	    "'HomeRealmSelection'; i.value = option; "
	    "document.forms['hrd'].submit(); };\n//]]>\n</script>\n",
	    error != NULL ? error : "");
	page_foot(b, &v->page);
}

/* To the claims provider, with where to come back to. */
static void
go_to_partner(struct visit *v, const struct realm *r)
{
	const char *host = request_header(v->q, "host");
	const char *port = host == NULL ? NULL : strrchr(host, ':');
	_cleanup_free_ char *realm =
	    xasprintf("http://%s/adfs/services/trust", v->host);
	_cleanup_free_ char *wtrealm = url_encode(realm);
	_cleanup_free_ char *back =
	    b64_encode(v->page.absolute, strlen(v->page.absolute));
	_cleanup_free_ char *wctx = url_encode(back), *url = NULL;

	url = xasprintf("https://%s%s/adfs/ls/?wa=wsignin1.0&wtrealm=%s&"
			"wctx=%s&client-request-id=%s",
	    r->host, port != NULL ? port : "", wtrealm, wctx, v->id);
	visit_remember(v);
	v->sim->count.realm_redirects++;
	visit_go_to(v, url);
}

bool
realm_asks(struct visit *v)
{
	const char *id = form_get_case(&v->query, "RedirectToIdentityProvider");
	_cleanup_free_ char *kept = NULL;
	_cleanup_realm_ struct realm r = { 0 };
	size_t len;

	if (v->sim->opt.realms[0] == '\0')
		return false;
	if (id == NULL)
		id = form_get(&v->query, "whr");
	if (id == NULL && form_get(&v->cookies, REALM_COOKIE) != NULL &&
	    b64_decode(form_get(&v->cookies, REALM_COOKIE), &kept, &len) == 0)
		id = kept;
	if (!realm_find(v->sim, id, &r)) {
		show_page(v, NULL);
		return true;
	}
	if (r.host == NULL)
		return false;
	go_to_partner(v, &r);
	return true;
}

/* The realm of an address, by option realm_suffixes; NULL: none. */
static char *
by_suffix(const struct sim *s, const char *email)
{
	_cleanup_strv_ struct strv list = { 0 };
	const char *at = strrchr(email, '@');

	sim_list(s->opt.realm_suffixes, &list);
	for (size_t i = 0; at != NULL && i < list.n; i++) {
		size_t len = strcspn(list.v[i], "=");

		if (list.v[i][len] == '=' && strlen(at + 1) == len &&
		    strncasecmp(at + 1, list.v[i], len) == 0)
			return xstrdup(list.v[i] + len + 1);
	}
	return NULL;
}

bool
realm_posted(struct visit *v)
{
	const char *id = form_get(&v->fields, "HomeRealmSelection");
	const char *by_email = form_get(&v->fields, "HomeRealmByEmail");
	const char *email = form_get(&v->fields, "Email");
	_cleanup_free_ char *found = NULL, *cookie = NULL;
	_cleanup_realm_ struct realm r = { 0 };

	if (id == NULL && by_email == NULL)
		return false;
	if (email == NULL)
		sim_violation(v->sim, "home realm: field Email is missing");
	if (id != NULL && by_email != NULL)
		sim_violation(v->sim, "home realm: both ways posted");
	if (by_email != NULL && !str_eq(by_email, "Next"))
		sim_violation(v->sim, "home realm: another button's value");
	if (v->fields.n != 2)
		sim_violation(v->sim, "home realm: fields of no such form");
	if (by_email != NULL)
		id = found = by_suffix(v->sim, email != NULL ? email : "");
	if (!realm_find(v->sim, id, &r)) {
		if (by_email == NULL)
			sim_violation(v->sim, "home realm: unknown id posted");
		show_page(v,
		    "Enter your email address of an organization that is "
		    "known here.");
		return true;
	}
	cookie = b64_encode(r.id, strlen(r.id));
	response_cookie(v->r, REALM_COOKIE, cookie, VISIT_COOKIE);
	v->sim->count.realms_chosen++;
	if (r.host != NULL)
		go_to_partner(v, &r);
	else
		visit_show_login(v, LOGIN_FIRST);
	return true;
}

/* Where a wctx leads back to: xalloc string, or NULL. */
static char *
way_back(const char *wctx)
{
	char *url = NULL;
	size_t len;

	if (wctx == NULL || b64_decode(wctx, &url, &len) < 0)
		return NULL;
	if (!str_starts(url, "http"))
		xreplace(&url, NULL);
	return url;
}

void
realm_partner_answer(struct visit *v)
{
	const char *wctx = form_get(&v->query, "wctx");
	_cleanup_form_ struct form fields = { 0 };
	_cleanup_free_ char *back = way_back(wctx), *raw = random_b64(90);
	_cleanup_free_ char *token = NULL, *action = NULL;
	const char *path;

	path = back == NULL ? NULL : strstr(back, "://");
	path = path == NULL ? NULL : strchr(path + 3, '/');
	if (path == NULL) {
		sim_violation(v->sim, "claims provider: wctx is damaged");
		visit_show_error(v, 200, "MSIS7012",
		    "An error occurred while processing the request.");
		return;
	}
	action = xasprintf("%.*s/adfs/ls/", (int)(path - back), back);
	token = xasprintf("<t:RequestSecurityTokenResponse xmlns:t=\"http://"
			  "schemas.xmlsoap.org/ws/2005/02/trust\">%s&amp;%s"
			  "</t:RequestSecurityTokenResponse>",
	    raw, raw + 8);
	strv_take(&v->sim->tokens, xasprintf("%s\n%s", v->sso->user, token));
	form_add(&fields, "wa", "wsignin1.0");
	form_add(&fields, "wresult", token);
	form_add(&fields, "wctx", wctx);
	response_text(v->r, 200, VISIT_HTML, "");
	page_auto(&v->r->body, "hiddenform", action, &fields);
}

void
realm_return(struct visit *v)
{
	const char *token = form_get(&v->fields, "wresult");
	_cleanup_free_ char *back = way_back(form_get(&v->fields, "wctx"));
	struct user *u = NULL;

	for (size_t i = 0; token != NULL && i < v->sim->tokens.n; i++) {
		char *line = v->sim->tokens.v[i], *end = strchr(line, '\n');

		if (end == NULL || !str_eq(end + 1, token))
			continue;
		*end = '\0';
		u = user_find(v->sim, line);
		line[0] = '\0'; /* once */
		break;
	}
	if (u == NULL || back == NULL || v->fields.n != 3) {
		sim_violation(v->sim,
		    "claims provider: token or wctx came back changed, or "
		    "twice");
		visit_show_error(v, 200, "MSIS7012",
		    "An error occurred while processing the request.");
		return;
	}
	authn_accept(v, u);
	visit_go_to(v, back);
}
