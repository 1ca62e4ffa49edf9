/* SPDX-License-Identifier: Apache-2.0 */
#include "classify.h"

#include <string.h>
#include <strings.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "origin.h"

static const char *const kind_names[PAGE_KIND_MAX] = {
	[PAGE_UNKNOWN] = "unknown",
	[PAGE_ASSERTION] = "assertion",
	[PAGE_LOGIN] = "login",
	[PAGE_HRD] = "home-realm",
	[PAGE_ERROR] = "error",
	[PAGE_MFA] = "second-factor",
	[PAGE_DUO] = "duo",
	[PAGE_METHOD] = "method",
	[PAGE_RP_LIST] = "relying-parties",
	[PAGE_SIGNED_OUT] = "signed-out",
	[PAGE_UPDATE_PASSWORD] = "update-password",
	[PAGE_AUTO_POST] = "auto-post",
};

const char *
page_kind_name(enum page_kind k)
{
	return k < PAGE_KIND_MAX ? kind_names[k] : "unknown";
}

/* "Password", or the WebForms "ctl00$…$PasswordTextBox". */
static bool
named(const struct control *c, const char *plain, const char *webforms)
{
	return c->name != NULL && !c->disabled &&
	    (strcasecmp(c->name, plain) == 0 || str_ends(c->name, webforms));
}

/* An adapter's page has a Context, and a method that is not the password. */
static bool
is_adapter(const struct form *f)
{
	const struct control *method = form_control(f, "AuthMethod");

	return form_control(f, "Context") != NULL && method != NULL &&
	    *method->value != '\0' &&
	    strcasecmp(method->value, "FormsAuthentication") != 0;
}

bool
login_form_read(const struct form *f, struct login_form *ret)
{
	struct login_form l = { 0 };

	for (size_t i = 0; i < f->ncontrols; i++) {
		const struct control *c = &f->controls[i];

		if (l.password == NULL &&
		    (c->type == CONTROL_PASSWORD || c->type == CONTROL_TEXT) &&
		    named(c, "Password", "$PasswordTextBox"))
			l.password = c;
		else if (l.user == NULL && c->type != CONTROL_SUBMIT &&
		    c->type != CONTROL_BOX &&
		    named(c, "UserName", "$UsernameTextBox"))
			l.user = c;
		else if (l.kmsi == NULL && c->type == CONTROL_BOX &&
		    !c->concealed && str_caseeq(c->name, "Kmsi"))
			l.kmsi = c;
		else if (l.submit == NULL && c->type == CONTROL_SUBMIT &&
		    c->name != NULL && !c->disabled)
			l.submit = c;
	}
	if (l.password == NULL || is_adapter(f) ||
	    (l.password->type != CONTROL_PASSWORD && l.user == NULL))
		return false;
	*ret = l;
	return true;
}

bool
name_form_read(const struct form *f, struct login_form *ret)
{
	struct login_form l = { 0 };

	for (size_t i = 0; i < f->ncontrols; i++) {
		const struct control *c = &f->controls[i];

		if (c->type == CONTROL_TEXT || c->type == CONTROL_PASSWORD) {
			if (l.user != NULL || c->type == CONTROL_PASSWORD ||
			    !named(c, "UserName", "$UsernameTextBox"))
				return false;
			l.user = c;
		} else if (l.submit == NULL && c->type == CONTROL_SUBMIT &&
		    c->name != NULL && !c->disabled) {
			l.submit = c;
		}
	}
	if (l.user == NULL || form_control(f, "Context") != NULL)
		return false;
	*ret = l;
	return true;
}

static bool
any(const struct form *f)
{
	(void)f;
	return true;
}

static bool
has_assertion(const struct form *f)
{
	const struct control *c = form_control(f, "SAMLResponse");

	return c != NULL && *c->value != '\0';
}

static bool
is_login(const struct form *f)
{
	struct login_form l;

	return login_form_read(f, &l);
}

static bool
is_name(const struct form *f)
{
	struct login_form l;

	return name_form_read(f, &l);
}

static bool
has_control_ending(const struct form *f, const char *end)
{
	for (size_t i = 0; i < f->ncontrols; i++)
		if (f->controls[i].name != NULL &&
		    str_ends(f->controls[i].name, end))
			return true;
	return false;
}

/* AD FS 2.0's pages of choices are WebForms: the list's name tells them. */
static bool
is_webforms_realm(const struct form *f)
{
	return has_control_ending(f, "$PassiveIdentityProvidersDropDownList");
}

static bool
is_webforms_sites(const struct form *f)
{
	return has_control_ending(f, "$RelyingPartyDropDownList");
}

/* form#options has a Context, too: it is the way to another adapter. */
static bool
has_context(const struct form *f)
{
	return !str_eq(f->id, "options") &&
	    form_control(f, "AuthMethod") != NULL &&
	    form_control(f, "Context") != NULL;
}

static bool
is_duo(const struct form *f)
{
	return form_control(f, "adfs_auth_method") != NULL ||
	    form_control(f, "duo_code") != NULL;
}

/* AD FS 2.0's error page: WebForms with nothing to fill in or to press. */
static bool
is_webforms_bare(const struct form *f)
{
	for (size_t i = 0; i < f->ncontrols; i++)
		if (f->controls[i].name == NULL ||
		    !str_starts(f->controls[i].name, "__"))
			return false;
	return form_control(f, "__VIEWSTATE") != NULL;
}

/* Only hidden controls (and the button for browsers without scripts). */
static bool
is_auto_post(const struct form *f)
{
	size_t hidden = 0;

	for (size_t i = 0; i < f->ncontrols; i++) {
		if (f->controls[i].type == CONTROL_HIDDEN)
			hidden++;
		else if (f->controls[i].type != CONTROL_SUBMIT)
			return false;
	}
	return f->post && hidden > 0;
}

static const struct form *
form_that(const struct page *p, bool (*test)(const struct form *))
{
	for (size_t i = 0; i < p->nforms; i++)
		if (test(&p->forms[i]))
			return &p->forms[i];
	return NULL;
}

static bool
path_has(const struct page *p, const char *part)
{
	_cleanup_free_ char *path = url_path(p->url);

	return path != NULL && strcasestr(path, part) != NULL;
}

/* One row: by a form's content, a form's id, an element's id, or the path. */
struct rule {
	enum page_kind kind;
	bool (*form)(const struct form *);
	const char *form_id;
	const char *id;
	const char *id_prefix;
	const char *path;
	bool alone; /* the page has one form */
};

static const struct rule rules[] = {
	{ .kind = PAGE_ASSERTION, .form = has_assertion },
	/* Before login: its fields are passwords that must not be filled. */
	{ .kind = PAGE_UPDATE_PASSWORD, .path = "/portal/updatepassword" },
	{ .kind = PAGE_LOGIN, .form = is_login },
	{ .kind = PAGE_HRD, .form_id = "hrd" },
	{ .kind = PAGE_HRD, .form = is_webforms_realm },
	{ .kind = PAGE_ERROR, .id = "errorArea" },
	{ .kind = PAGE_ERROR, .id = "errorMessage" },
	{ .kind = PAGE_MFA, .form = has_context },
	{ .kind = PAGE_DUO, .form = is_duo },
	{ .kind = PAGE_RP_LIST, .form_id = "idpForm" },
	{ .kind = PAGE_RP_LIST, .form = is_webforms_sites },
	{ .kind = PAGE_LOGIN, .form = is_name },
	{ .kind = PAGE_METHOD, .form_id = "options" },
	{ .kind = PAGE_SIGNED_OUT, .id = "signoutArea" },
	{ .kind = PAGE_UPDATE_PASSWORD, .id_prefix = "updatePassword" },
	{ .kind = PAGE_ERROR, .form = is_webforms_bare, .alone = true },
	{ .kind = PAGE_AUTO_POST, .form = is_auto_post, .alone = true },
};

static bool
rule_matches(
    const struct rule *r, const struct page *p, const struct form **ret_form)
{
	const struct form *f = NULL;

	if (r->alone && p->nforms != 1)
		return false;
	if (r->form != NULL && (f = form_that(p, r->form)) == NULL)
		return false;
	if (r->form_id != NULL && (f = page_form(p, r->form_id)) == NULL)
		return false;
	if ((r->id != NULL && page_by_id(p, r->id) == NULL) ||
	    (r->id_prefix != NULL && !page_id_starts(p, r->id_prefix)) ||
	    (r->path != NULL && !path_has(p, r->path)))
		return false;
	*ret_form = f;
	return true;
}

enum page_kind
classify(const struct page *p, const struct form **ret_form)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rule_matches(&rules[i], p, ret_form))
			return rules[i].kind;
	*ret_form = form_that(p, any);
	return PAGE_UNKNOWN;
}
