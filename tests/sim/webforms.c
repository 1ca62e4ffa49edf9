/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "http.h"
#include "state.h"
#include "visit.h"
#include "webforms.h"

#define GENERATOR "0EE29E36"
#define VALIDATION "/wEWBAK+t9vQDwKBwfP4DALGz6nFCQLD7f4OqA=="

bool
webforms(const struct options *o)
{
	return str_eq(o->flavour, "2.0") || str_eq(o->flavour, "2.1");
}

static void
put_top(struct buf *b, const struct page *p, const char *title)
{
	bool newer = str_eq(p->opt->flavour, "2.1");

	put(b,
	    "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
	    "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
	    "<html xmlns=\"http://www.w3.org/1999/xhtml\" dir=\"ltr\">\n"
	    "<head><title>\n\t%s\n</title><meta name=\"robots\" "
	    "content=\"noindex, nofollow\" /><link rel=\"stylesheet\" "
	    "type=\"text/css\" href=\"MasterPages/StyleSheet.css\" /></head>\n"
	    "<body>\n<form name=\"aspnetForm\" method=\"post\" "
	    "action=\"%s\" id=\"aspnetForm\">\n<div>\n<input type=\"hidden\" "
	    "name=\"__VIEWSTATE\" id=\"__VIEWSTATE\" value=\"%s\" />\n</div>\n",
	    title, p->action, p->viewstate != NULL ? p->viewstate : "");
	if (newer)
		put(b,
		    "<input type=\"hidden\" name=\"__VIEWSTATEGENERATOR\" "
		    "id=\"__VIEWSTATEGENERATOR\" value=\"" GENERATOR "\" />\n");
	put(b,
	    "<input type=\"hidden\" name=\"__EVENTVALIDATION\" "
	    "id=\"__EVENTVALIDATION\" value=\"" VALIDATION "\" />"
	    "<input type=\"hidden\" name=\"__db\" value=\"%s\" />\n"
	    "<div class=\"MainArea\">\n<div class=\"Header\"><span "
	    "id=\"ctl00_PageTitleLabel\">%s</span></div>\n"
	    "<div class=\"MainActionContainer\">\n",
	    newer ? "15" : "14", title);
}

static void
put_bottom(struct buf *b)
{
	put(b, "</div>\n</div>\n</form>\n</body>\n</html>\n");
}

static void
put_control(
    struct buf *b, const char *name, const char *type, const char *value)
{
	put(b,
	    "<input name=\"" WEB "%s\" type=\"%s\" id=\"ctl00_"
	    "ContentPlaceHolder1_%s\" value=\"",
	    name, type, name);
	put_html(b, value);
	put(b, "\" />\n");
}

void
webforms_login(struct buf *b, const struct page *p, enum login_error error)
{
	put_top(b, p, "Sign In");
	put(b,
	    "<div class=\"GroupXLargeMargin\"><span>Type your user name and "
	    "network password.</span></div>\n<table "
	    "class=\"UsernamePasswordTable\"><tr><td><span class=\"Label\">"
	    "<span>User name: </span></span></td><td>\n");
	put_control(b, "UsernameTextBox", "text",
	    p->user_name != NULL ? p->user_name : "");
	put(b,
	    "</td></tr><tr><td><span class=\"Label\"><span>Password: </span>"
	    "</span></td><td>\n");
	put_control(b, "PasswordTextBox", "password", "");
	put(b,
	    "</td></tr><tr><td></td><td class=\"TextSizeSmall "
	    "TextColorError\">%s</td></tr><tr><td></td><td>\n",
	    error == LOGIN_FIRST       ? "" :
		error == LOGIN_EXPIRED ? "<span id=\"ctl00_ContentPlaceHolder1_"
					 "ErrorTextLabel\">Your password has "
					 "expired.</span>" :
					 "<span id=\"ctl00_ContentPlaceHolder1_"
					 "ErrorTextLabel\">The user name or "
					 "password is incorrect.</span>");
	put_control(b, "SubmitButton", "submit", "Sign In");
	put(b, "</td></tr></table>\n");
	put_bottom(b);
}

void
webforms_error(
    struct buf *b, const struct page *p, const char *code, const char *text)
{
	put_top(b, p, "Error");
	put(b,
	    "<div class=\"GroupLargeMargin\">\n<div class=\"TextSizeXLarge\">"
	    "<span id=\"ctl00_ContentPlaceHolder1_ErrorTitle\">There was a "
	    "problem accessing the site.</span></div>\n<span "
	    "id=\"ctl00_ContentPlaceHolder1_ErrorMessage\">Try again, and tell "
	    "your administrator the reference number if it stays.</span>\n");
	if (code == NULL && text != NULL) {
		put(b, "<span>");
		put_html(b, text);
		put(b, "</span>\n");
	}
	put(b, "<div>Reference number: %s</div>\n", p->activity);
	if (code != NULL && p->opt->detailed) {
		put(b, "<div>%s: ", code);
		put_html(b, text != NULL ? text : "");
		put(b, "</div>\n");
	}
	put(b, "</div>\n");
	put_bottom(b);
}

void
webforms_sites(struct buf *b, const struct page *p, bool signed_in)
{
	put_top(b, p, "Sign-In Page");
	put(b,
	    "<input id=\"ctl00_ContentPlaceHolder1_ThisRpRadioButton\" "
	    "type=\"radio\" name=\"" WEB "group1\" "
	    "value=\"ThisRpRadioButton\" />Sign in to this site\n<input "
	    "id=\"ctl00_ContentPlaceHolder1_OtherRpRadioButton\" "
	    "type=\"radio\" name=\"" WEB "group1\" "
	    "value=\"OtherRpRadioButton\" checked=\"checked\" />Sign in to one "
	    "of the following sites\n<select name=\"" WEB
	    "RelyingPartyDropDownList\" id=\"ctl00_ContentPlaceHolder1_"
	    "RelyingPartyDropDownList\"><option value=\"" SITE_AWS
	    "\">Amazon Web Services</option><option value=\"" SITE_WIKI
	    "\">Wiki</option></select>\n<select name=\"" WEB
	    "ConsentDropDownList\" id=\"ctl00_ContentPlaceHolder1_"
	    "ConsentDropDownList\"><option value=\"urn:oasis:names:tc:SAML:2.0:"
	    "consent:unspecified\">Unspecified</option></select>\n");
	put_control(b, signed_in ? "GoButton" : "SignInButton", "submit",
	    signed_in ? "Go" : "Sign In");
	put_bottom(b);
}

static bool
known(const char *name)
{
	static const char *const names[] = { "__VIEWSTATE",
		"__VIEWSTATEGENERATOR", "__EVENTVALIDATION", "__db",
		WEB "UsernameTextBox", WEB "PasswordTextBox",
		WEB "SubmitButton", WEB "group1",
		WEB "RelyingPartyDropDownList", WEB "ConsentDropDownList",
		WEB "SignInButton", WEB "GoButton" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

bool
webforms_check(struct visit *v)
{
	const struct form *f = &v->fields;
	bool newer = str_eq(v->sim->opt.flavour, "2.1"), pressed = false;
	const char *state = form_get(f, "__VIEWSTATE");

	for (size_t i = 0; i < f->n; i++) {
		const char *name = f->v[i].name;

		if (form_count(f, name) > 1)
			sim_violation(v->sim, "field %s posted twice", name);
		if (!known(name))
			sim_violation(v->sim, "unknown field %s posted", name);
		pressed |= str_ends(name, "Button");
	}
	if (!pressed)
		sim_violation(v->sim, "WebForms: no button was posted");
	if (!str_eq(form_get(f, "__db"), newer ? "15" : "14"))
		sim_violation(v->sim, "WebForms: __db is missing or changed");
	if (newer && !str_eq(form_get(f, "__VIEWSTATEGENERATOR"), GENERATOR))
		sim_violation(v->sim,
		    "WebForms: __VIEWSTATEGENERATOR is missing or changed");
	if (state != NULL && strv_has(&v->sim->viewstates, state) &&
	    str_eq(form_get(f, "__EVENTVALIDATION"), VALIDATION))
		return true;
	sim_violation(v->sim,
	    "WebForms: __VIEWSTATE or __EVENTVALIDATION is missing or changed");
	response_text(v->r, 500, VISIT_HTML,
	    "<html><head><title>Runtime Error</title></head><body><h1>Server "
	    "Error in '/adfs/ls' Application.</h1></body></html>\n");
	return false;
}
