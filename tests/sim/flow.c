/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "authn.h"
#include "flow.h"
#include "http.h"
#include "mfa.h"
#include "mishap.h"
#include "realm.h"
#include "sites.h"
#include "state.h"
#include "visit.h"
#include "wia.h"
#include "webforms.h"

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
	if (realm_is_partner(v))
		realm_partner_answer(v);
	else if (mfa_owed(v))
		mfa_start(v);
	else if (!sites_asks(v))
		visit_show_assertion(v);
}

static void
check_password(struct visit *v, const char *name, const char *password)
{
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
	_cleanup_free_ char *key =
	    xasprintf("%s/%s", v->host, id != NULL ? id : "");
	const struct pending *p = pending_find(v->sim, key);

	return p != NULL && p->cookie != NULL &&
	    !str_eq(form_get(&v->cookies, "MSISSamlRequest"), p->cookie);
}

/* AD FS 2.0 and 2.1. */
static void
handle_webforms(struct visit *v)
{
	const char *name = form_get(&v->fields, WEB "UsernameTextBox");
	const char *password = form_get(&v->fields, WEB "PasswordTextBox");

	if (!webforms_check(v))
		return;
	if (name == NULL || password == NULL) {
		sim_violation(v->sim, "half of a login form was posted");
		visit_show_login(v, LOGIN_FIRST);
	} else if (context_lost(v)) {
		visit_show_error(v, 200, "MSIS7001",
		    "The passive protocol context "
		    "was not found or not valid.");
	} else {
		if (!str_eq(
			form_get(&v->fields, WEB "SubmitButton"), "Sign In"))
			sim_violation(v->sim, "WebForms: not its button");
		check_password(v, name, password);
	}
}

static void
handle_get(struct visit *v)
{
	const char *agent = request_header(v->q, "user-agent");

	if (v->sso != NULL && v->sp.force &&
	    v->sso->authenticated < v->sp.issued)
		v->sso = NULL; /* ForceAuthn */
	if (v->sso != NULL) {
		proceed(v);
	} else if (!realm_is_partner(v) && realm_asks(v)) {
		/* answered */
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
	if (form_get(&v->fields, "SAMLRequest") != NULL) {
		handle_get(v); /* a first request, by POST */
		return;
	}
	if (realm_posted(v) || sites_posted(v))
		return;
	if (webforms(&v->sim->opt)) {
		handle_webforms(v);
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
	} else if (strcmp(method, "CertificateAuthentication") == 0 &&
	    wia_choose_certificate(v)) {
		return;
	} else if (strcmp(method, "FormsAuthentication") != 0) {
		visit_show_error(v, 200, NULL,
		    "The selected authentication method "
		    "is not available.");
	} else if (!user && !password) {
		if (v->sso != NULL)
			proceed(v);
		else
			visit_show_login(v, LOGIN_FIRST);
	} else if (user && !password &&
	    str_eq(v->sim->opt.flavour, "password-second")) {
		v->page.user_name = form_get(&v->fields, "UserName");
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
		check_password(v, form_get(&v->fields, "UserName"),
		    form_get(&v->fields, "Password"));
	}
}

void
flow(struct visit *v)
{
	if (str_eq(v->q->method, "POST"))
		handle_post(v);
	else
		handle_get(v);
}
