/* SPDX-License-Identifier: Apache-2.0 */
#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "http.h"
#include "sites.h"
#include "state.h"
#include "visit.h"
#include "webforms.h"

static void
show_list(struct visit *v)
{
	response_text(v->r, 200, VISIT_HTML, "");
	if (webforms(&v->sim->opt)) {
		visit_viewstate(v);
		webforms_sites(&v->r->body, &v->page, v->sso != NULL);
	} else {
		page_sites(&v->r->body, &v->page, v->sso != NULL);
	}
}

static void
go_to_site(struct visit *v)
{
	_cleanup_free_ char *rp = url_encode(v->sim->opt.rp);
	_cleanup_free_ char *url = xasprintf("%s?loginToRp=%s", v->q->path, rp);

	visit_go_to(v, url);
}

/* The form of 3.0 and later. */
static void
take_form(struct visit *v)
{
	const struct form *f = &v->fields;
	const char *site = form_get(f, "RelyingParty");
	bool other = form_get(f, "SignInOtherSite") != NULL;
	bool in = form_get(f, "SignInSubmit") != NULL;
	bool go = form_get(f, "SignInGo") != NULL;

	for (size_t i = 0; i < f->n; i++)
		if (form_count(f, f->v[i].name) > 1)
			sim_violation(
			    v->sim, "field %s posted twice", f->v[i].name);
	if (in == go || (v->sso != NULL) != go)
		sim_violation(v->sim, "list of sites: not its button");
	if (other == (form_get(f, "SignInIdpSite") != NULL))
		sim_violation(v->sim, "list of sites: neither or both radios");
	if (!other) {
		visit_show_login(v, LOGIN_FIRST);
	} else if (str_eq(site, SITE_AWS)) {
		go_to_site(v);
	} else {
		if (!str_eq(site, SITE_WIKI))
			sim_violation(v->sim, "list of sites: unknown GUID");
		visit_show_error(v, 200, "MSIS7007",
		    "The requested relying party trust is unspecified or "
		    "unsupported.");
	}
}

void
sites_handle(struct visit *v)
{
	if (str_eq(v->q->method, "GET"))
		show_list(v);
	else if (!webforms(&v->sim->opt))
		take_form(v);
	else if (webforms_check(v) &&
	    str_eq(
		form_get(&v->fields, WEB "RelyingPartyDropDownList"), SITE_AWS))
		go_to_site(v);
	else if (v->r->status != 500)
		show_list(v);
}

void
sites_update_password(struct visit *v)
{
	struct buf *b = &v->r->body;

	if (str_eq(v->q->method, "POST"))
		sim_violation(v->sim, "the update-password page was posted");
	v->sim->count.update_pages++;
	response_text(v->r, 200, VISIT_HTML, "");
	page_head(b, &v->page, "Update Password");
	put(b,
	    "<div id=\"updatePasswordArea\"><form method=\"post\" "
	    "id=\"updatePasswordForm\" action=\"%s\">\n<input "
	    "id=\"userNameInput\" name=\"UserName\" type=\"text\"/>\n"
	    "<input id=\"oldPasswordInput\" name=\"OldPassword\" "
	    "type=\"password\"/>\n<input id=\"newPasswordInput\" "
	    "name=\"NewPassword\" type=\"password\"/>\n<input "
	    "id=\"confirmNewPasswordInput\" name=\"ConfirmNewPassword\" "
	    "type=\"password\"/>\n<input id=\"submitButton\" type=\"submit\" "
	    "name=\"Submit\" value=\"Submit\"/>\n</form></div>\n",
	    v->q->path);
	page_foot(b, &v->page);
}

bool
sites_asks(struct visit *v)
{
	const char *what = v->sim->opt.interstitial;
	_cleanup_form_ struct form fields = { 0 };
	struct buf *b = &v->r->body;

	if (what[0] == '\0' || v->sso->consented)
		return false;
	visit_remember(v);
	response_text(v->r, 200, VISIT_HTML, "");
	if (str_eq(what, "autopost")) {
		form_add(&fields, "ConsentId", "c-17");
		page_auto(b, "partner", v->page.absolute, &fields);
		return true;
	}
	page_head(b, &v->page, "Consent");
	put(b,
	    "<div id=\"consentArea\"><form method=\"post\" id=\"consentForm\" "
	    "action=\"%s\">\n<p id=\"consentText\">Amazon Web Services will "
	    "get your name and your roles.</p>\n<input type=\"hidden\" "
	    "name=\"ConsentId\" value=\"c-17\"/>\n<input type=\"submit\" "
	    "name=\"Consent\" id=\"acceptButton\" value=\"Accept\"/>\n<input "
	    "type=\"submit\" name=\"Consent\" id=\"declineButton\" "
	    "value=\"Decline\"/>\n</form></div>\n",
	    v->page.action);
	page_foot(b, &v->page);
	return true;
}

bool
sites_posted(struct visit *v)
{
	const char *id = form_get(&v->fields, "ConsentId");
	const char *button = form_get(&v->fields, "Consent");
	bool page = str_eq(v->sim->opt.interstitial, "consent");

	if (id == NULL)
		return false;
	if (!str_eq(id, "c-17") || v->sso == NULL ||
	    v->fields.n != (page ? 2 : 1) || (page && button == NULL))
		sim_violation(v->sim, "consent: not what its page has");
	if (v->sso == NULL || str_eq(button, "Decline")) {
		visit_show_error(
		    v, 200, NULL, "Access denied: consent was not given.");
		return true;
	}
	v->sso->consented = true;
	visit_go_to(v, v->page.absolute);
	return true;
}
