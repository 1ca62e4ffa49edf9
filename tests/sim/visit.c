/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "http.h"
#include "mishap.h"
#include "saml.h"
#include "state.h"
#include "visit.h"

void
visit_done(struct visit *v)
{
	form_done(&v->query);
	form_done(&v->cookies);
	form_done(&v->fields);
	xfree(v->host);
	xfree(v->self);
	xfree(v->id);
	xfree(v->page.action);
	xfree(v->page.absolute);
	xfree(v->sp.id);
	xfree(v->sp.relay);
}

static bool
is_guid(const char *s)
{
	if (s == NULL || strlen(s) != 36)
		return false;
	for (size_t i = 0; i < 36; i++)
		if (strchr(i == 8 || i == 13 || i == 18 || i == 23 ?
			    "-" :
			    "0123456789abcdefABCDEF",
			s[i]) == NULL)
			return false;
	return true;
}

/* The query as it came, less client-request-id and what breaks markup. */
static char *
clean_query(const char *query)
{
	struct buf b = BUF_INIT(HTTP_MAX_HEAD);

	while (*query != '\0') {
		size_t len = strcspn(query, "&");

		if (len > 0 && strncasecmp(query, "client-request-id=", 18)) {
			put(&b, "%s", b.len > 0 ? "&" : "");
			for (size_t i = 0; i < len; i++)
				if (strchr("\"'<>", query[i]) == NULL)
					put(&b, "%c", query[i]);
		}
		query += len;
		query += *query == '&';
	}
	return buf_take(&b);
}

/* What the forms post to; real pages leave the ampersands raw. */
static void
set_actions(struct visit *v)
{
	const char *host = request_header(v->q, "host");
	const char *path = strncasecmp(v->q->path, "/adfs/ls/idp", 12) != 0 ?
	    "/adfs/ls/" :
	    str_eq(v->sim->opt.flavour, "2012r2") ?
	    "/adfs/ls/idpinitiatedsignon" :
	    "/adfs/ls/IdpInitiatedSignOn.aspx";
	_cleanup_free_ char *query = clean_query(v->q->query);
	_cleanup_free_ char *base = xasprintf("%s://%s%s",
	    v->q->tls ? "https" : "http", host != NULL ? host : "localhost",
	    host != NULL && strrchr(host, ':') == NULL && v->q->tls ? ":443" :
								      "");

	v->self =
	    xasprintf("%s%s%s", v->q->path, query[0] != '\0' ? "?" : "", query);
	v->page.absolute = xasprintf("%s%s?%s%sclient-request-id=%s", base,
	    path, query, query[0] != '\0' ? "&" : "", v->id);
	if (str_eq(v->sim->opt.flavour, "2012r2"))
		v->page.action = xstrdup(v->page.absolute);
	else
		v->page.action = xasprintf("%s?%s%sclient-request-id=%s", path,
		    query, query[0] != '\0' ? "&" : "", v->id);
}

/* Puts the chunks of MSISAuth together and looks the sign-in up. */
static void
find_sso(struct visit *v)
{
	struct buf all = BUF_INIT(HTTP_MAX_HEAD);
	const char *part = form_get(&v->cookies, "MSISAuth");

	for (int i = 1; part != NULL && i < VISIT_MAX_CHUNKS; i++) {
		char name[32];

		put(&all, "%s", part);
		snprintf(name, sizeof(name), "MSISAuth%d", i);
		part = form_get(&v->cookies, name);
	}
	if (all.len > 0) {
		v->sso = sso_find(v->sim, all.data);
		if (v->sso != NULL && v->sso->host != NULL &&
		    !str_eq(v->sso->host, v->host)) {
			sim_violation(v->sim, "MSISAuth of %s sent to %s",
			    v->sso->host, v->host);
			v->sso = NULL;
		}
		for (struct sso *o = v->sim->ssos; o != NULL; o = o->next)
			if (strcmp(o->token, all.data) != 0 &&
			    strncmp(o->token, all.data, 100) == 0)
				sim_violation(v->sim,
				    "MSISAuth came back "
				    "with pieces missing or changed");
	}
	buf_done(&all);
}

static void
check_cookies(struct visit *v)
{
	for (size_t i = 0; i < v->cookies.n; i++) {
		const char *name = v->cookies.v[i].name;

		if (form_count(&v->cookies, name) > 1)
			sim_violation(v->sim, "cookie %s sent twice", name);
		if (!str_starts(name, "MSIS") &&
		    !str_starts(name, "SamlSession"))
			sim_violation(v->sim, "unknown cookie %s", name);
	}
	if (!v->q->tls && v->cookies.n > 0)
		sim_violation(v->sim, "Secure cookies sent without TLS");
}

int
visit_init(
    struct visit *v, struct sim *s, const struct request *q, struct response *r)
{
	const char *id;
	char uuid[37];

	*v = (struct visit){
		.sim = s, .q = q, .r = r, .page = { .opt = &s->opt }
	};
	if (form_parse(q->query, &v->query) < 0)
		return -EBADMSG;
	form_cookies(request_header(q, "cookie"), &v->cookies);
	check_cookies(v);
	v->host = request_host(q);
	find_sso(v);
	id = form_get(&v->query, "client-request-id");
	if (!is_guid(id))
		id = request_header(q, "client-request-id");
	str_uuid(uuid);
	v->id = xstrdup(is_guid(id) ? id : uuid);
	v->page.activity = v->id;
	set_actions(v);
	return 0;
}

void
visit_remember(struct visit *v)
{
	_cleanup_free_ char *key = xasprintf("%s/%s", v->host, v->id);
	struct pending *p = pending_new(v->sim, key);
	_cleanup_free_ char *base = NULL, *nonce = random_hex(8), *text = NULL;

	base = xasprintf("BaseUrl=%s\\SAMLRequest=%s\\ProtocolBinding="
			 "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
	    v->page.absolute, nonce);
	text = b64_encode(base, strlen(base));
	xreplace(&p->cookie, xstrdup(text));
	response_cookie(v->r, "MSISSamlRequest", text, VISIT_COOKIE);
	xfree(p->sp.id);
	xfree(p->sp.relay);
	p->sp = v->sp;
	p->sp.id = xstrdup(v->sp.id);
	p->sp.relay = xstrdup(v->sp.relay);
}

void
visit_viewstate(struct visit *v)
{
	struct strv *list = &v->sim->viewstates;

	if (list->n > 200)
		strv_done(list);
	strv_take(list, random_b64(60));
	v->page.viewstate = list->v[list->n - 1];
}

void
visit_show_login(struct visit *v, enum login_error error)
{
	visit_remember(v);
	visit_viewstate(v);
	response_text(v->r, 200, VISIT_HTML, "");
	page_login(&v->r->body, &v->page, error);
}

void
visit_show_error(
    struct visit *v, int status, const char *code, const char *text)
{
	response_text(v->r, status, VISIT_HTML, "");
	page_error(&v->r->body, &v->page, code, text);
	sim_log(v->sim, "error page %s %s", code != NULL ? code : "-", v->id);
}

void
visit_go_to(struct visit *v, const char *url)
{
	response_text(v->r, 302, VISIT_HTML,
	    "<html><head><title>Object moved"
	    "</title></head><body>Object moved</body></html>\n");
	response_header(v->r, "Location", url);
}

/* Tokens this client got lately, by its own cookie and by our memory. */
static bool
loops(struct visit *v)
{
	const char *cookie = form_get(&v->cookies, "MSISLoopDetectionCookie");
	_cleanup_free_ char *raw = NULL, *next = NULL, *text = NULL;
	int64_t now = sim_now(), from = now, seen = 0, recent = 0;
	struct sso *o = v->sso;
	size_t len;

	if (cookie != NULL && b64_decode(cookie, &raw, &len) == 0) {
		char *end = NULL;

		from = strtoll(raw, &end, 10);
		seen = end != NULL && *end == '\\' ?
		    strtoll(end + 1, NULL, 10) :
		    0;
		if (from > now || now - from >= v->sim->opt.loop_seconds) {
			from = now;
			seen = 0;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(o->issued); i++)
		if (o->issued[i] > now - v->sim->opt.loop_seconds)
			recent++;
	if (seen > recent)
		recent = seen;
	if (recent >= v->sim->opt.loop_tokens) {
		v->sim->count.loops++;
		visit_show_error(v, 200, "MSIS7042",
		    "The same client browser "
		    "session has made too many requests in a short time.");
		return true;
	}
	o->issued[o->n_issued++ % ARRAY_SIZE(o->issued)] = now;
	next = xasprintf("%lld\\%lld", (long long)from, (long long)recent + 1);
	text = b64_encode(next, strlen(next));
	response_cookie(v->r, "MSISLoopDetectionCookie", text, VISIT_COOKIE);
	return false;
}

/* https://host/saml becomes https://host:443/saml, as AD FS writes it. */
static char *
with_port(const char *url)
{
	const char *host = strstr(url, "://"), *path;

	if (host == NULL || (path = strchr(host + 3, '/')) == NULL ||
	    !str_starts(url, "https://") ||
	    memchr(host + 3, ':', (size_t)(path - host - 3)) != NULL)
		return xstrdup(url);
	return xasprintf("%.*s:443%s", (int)(path - url), url, path);
}

/* Signed in: the page that carries the assertion. */
void
visit_show_assertion(struct visit *v)
{
	_cleanup_form_ struct form fields = { 0 };
	_cleanup_free_ char *assertion = NULL, *action = NULL, *when = NULL;
	const struct user *u = user_find(v->sim, v->sso->user);
	const struct mishap *m;
	char stamp[40];
	time_t now = time(NULL);
	struct tm tm;

	if (u == NULL) {
		visit_show_login(v, LOGIN_FIRST);
		return;
	}
	if (u->denied) {
		visit_show_error(v, 200, NULL,
		    "Access denied. You do not have "
		    "access to this application.");
		return;
	}
	if (loops(v))
		return;
	m = mishap_take(v->sim, "saml", NULL, u->name, v->r);
	if (mishap_generic(m, v->r))
		return;
	if (v->sp.on) {
		if (strv_has(&v->sim->answered, v->sp.id))
			sim_violation(v->sim, "an AuthnRequest came twice");
		strv_add(&v->sim->answered, v->sp.id);
	}
	assertion = saml_issue(v->sim, u, v->host, v->sp.id, m);
	action = mishap_is(m, "foreign-acs") ? xstrdup(VISIT_FOREIGN "/saml") :
					       with_port(v->sim->opt.acs);
	form_add(&fields, "SAMLResponse", assertion);
	if (v->sp.relay != NULL)
		form_add(&fields, "RelayState", v->sp.relay);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%m/%d/%Y %H:%M:%S", &tm);
	when = b64_encode(stamp, strlen(stamp));
	response_cookie(v->r, "MSISAuthenticated", when, VISIT_COOKIE);
	response_cookie(v->r, "SamlSession", "c2ltdWxhdG9y", VISIT_COOKIE);
	if (form_get(&v->cookies, "MSISSamlRequest") != NULL)
		response_cookie(v->r, "MSISSamlRequest", "", VISIT_COOKIE_GONE);
	response_text(v->r, 200, VISIT_HTML, "");
	page_auto(&v->r->body, "hiddenform", action, &fields);
}

void
visit_show_autopost(struct visit *v)
{
	_cleanup_form_ struct form fields = { 0 };

	form_add(&fields, "SimStep", "1");
	form_add(&fields, "RelayData", "a b&c=d+e/\xc3\xa9");
	response_text(v->r, 200, VISIT_HTML, "");
	page_auto(&v->r->body, "interstitial", v->page.absolute, &fields);
}
