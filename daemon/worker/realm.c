/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Home realm discovery: which organisation does the person belong to?
 *
 * The page posts HomeRealmSelection, a name that its script gives to a hidden
 * input that has none, or an e-mail address.  AD FS calls its own directory
 * "AD AUTHORITY"; where an administrator renamed it, its picture tells it.
 */
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/xalloc.h"
#include "choice.h"
#include "xml.h"

#define LOCAL_REALM "AD AUTHORITY"
#define LOCAL_PICTURE "localsts"
#define WEBFORMS_LIST "PassiveIdentityProvidersDropDownList"
#define WEBFORMS_BUTTON "$PassiveSignInButton"

/* Is the picture of the local directory at n or below it? */
static bool
has_local_picture(const xmlNode *n)
{
	for (const xmlNode *c = n; c != NULL; c = node_next(n, c)) {
		_cleanup_free_ char *src =
		    node_is(c, NULL, "img") ? node_attr(c, "src") : NULL;

		if (src != NULL && strstr(src, LOCAL_PICTURE) != NULL)
			return true;
	}
	return false;
}

void
realm_list(const struct page *p, struct choices *ret)
{
	const xmlNode *root = (const xmlNode *)p->doc;

	for (const xmlNode *n = root; n != NULL; n = node_next(root, n)) {
		_cleanup_free_ char *script = NULL, *id = NULL, *label = NULL;
		struct choice *c;

		if (n->type != XML_ELEMENT_NODE ||
		    (script = node_attr(n, "onclick")) == NULL ||
		    (id = script_argument(script, "HRD.selection")) == NULL)
			continue;
		if ((label = node_attr(n, "aria-label")) == NULL)
			label = node_text(n, PAGE_TEXT_MAX);
		if ((c = choices_add(ret, id, label)) != NULL)
			c->local =
			    str_caseeq(id, LOCAL_REALM) || has_local_picture(n);
	}
	if (ret->n > 0)
		return;
	choices_select(ret, p, WEBFORMS_LIST);
	for (size_t i = 0; i < ret->n; i++)
		ret->v[i].local = str_caseeq(ret->v[i].value, LOCAL_REALM);
}

const struct choice *
realm_local(const struct choices *c)
{
	const struct choice *found = NULL;

	for (size_t i = 0; i < c->n; i++) {
		if (str_caseeq(c->v[i].value, LOCAL_REALM))
			return &c->v[i];
		if (c->v[i].local && found != NULL)
			return NULL; /* two pictures: none is sure */
		if (c->v[i].local)
			found = &c->v[i];
	}
	return found;
}

static const struct control *
control_ending(const struct form *f, const char *end, enum control_type type)
{
	for (size_t i = 0; i < f->ncontrols; i++)
		if (f->controls[i].type == type &&
		    f->controls[i].name != NULL &&
		    str_ends(f->controls[i].name, end))
			return &f->controls[i];
	return NULL;
}

static int
post_id(struct signin *s, const struct choice *c, struct fault *fault)
{
	const struct control *list =
	    control_ending(s->form, WEBFORMS_LIST, CONTROL_SELECT);
	const struct control *button =
	    control_ending(s->form, WEBFORMS_BUTTON, CONTROL_SUBMIT);
	const struct field fields[] = {
		{ list == NULL ? "HomeRealmSelection" : list->name, c->value },
		{ "Email", "" },
	};
	bool email = form_control(s->form, "Email") != NULL;

	s->realm_posted = true;
	return signin_post_form(
	    s, s->form, fields, email ? 2 : 1, button, GRADE_PAGE, fault);
}

static int
post_email(struct signin *s, const char *email, struct fault *fault)
{
	const struct field fields[] = { { "Email", email } };

	s->realm_mailed = true;
	return signin_post_form(s, s->form, fields, 1,
	    form_control(s->form, "HomeRealmByEmail"), GRADE_PAGE, fault);
}

static int
refused(
    struct signin *s, const char *tried, struct choices *c, struct fault *fault)
{
	_cleanup_free_ char *said = page_text(&s->page, "errorText");
	_cleanup_free_ char *list = choices_text(c, 600);

	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("%s does not take \"%s\" as an organisation.%s%s"), s->host,
	    tried, *said == '\0' ? "" : " ", said);
	if (*list == '\0')
		fault_next(fault,
		    _("Sign in with the e-mail address that belongs to your "
		      "organisation, or set awsfed.home_realm to it."));
	else
		fault_next(fault,
		    _("Set awsfed.home_realm of the profile to one of: %s."),
		    list);
	return -1;
}

static int
tell_choice(struct signin *s, const struct choice *c)
{
	_cleanup_free_ char *text =
	    xasprintf(_("To choose %s from now on: aws configure set "
			"awsfed.home_realm '%s' --profile YOUR-PROFILE"),
		c->label, c->value);

	conduit_tell(s->conduit, "info", text, 0);
	return 0;
}

/* By e-mail alone: the user's name if it is one, else ask for it. */
static int
by_email(struct signin *s, const char *configured, struct fault *fault)
{
	const struct question q = { Q_TEXT, QN_REALM,
		_("E-mail address at your organisation"),
		s->job->question_timeout, NULL };
	_cleanup_secret_ struct secret *typed = NULL;

	if (configured != NULL)
		return post_email(s, configured, fault);
	if (s->job->user != NULL && strchr(s->job->user, '@') != NULL)
		return post_email(s, s->job->user, fault);
	if (conduit_ask(s->conduit, &q, &typed, fault) < 0)
		return -1;
	return post_email(s, secret_bytes(typed), fault);
}

static int
ask(struct signin *s, const struct choices *c, struct fault *fault)
{
	const struct choice *one;

	if (choices_ask(s, c, QN_REALM, _("Your organisation"), &one, fault) <
	    0)
		return -1;
	tell_choice(s, one);
	return post_id(s, one, fault);
}

int
realm_answer(struct signin *s, struct fault *fault)
{
	_cleanup_choices_ struct choices list = { 0 };
	const char *configured = s->job->home_realm;
	const struct choice *one;
	bool mail = form_control(s->form, "Email") != NULL;

	realm_list(&s->page, &list);
	if (s->realm_posted ||
	    (s->realm_mailed && (configured != NULL || list.n == 0)))
		return refused(s,
		    configured != NULL	     ? configured :
			s->job->user != NULL ? s->job->user :
					       _("the one chosen"),
		    &list, fault);
	if (configured != NULL) {
		if ((one = choices_find(&list, configured)) != NULL)
			return post_id(s, one, fault);
		if (mail && strchr(configured, '@') != NULL)
			return by_email(s, configured, fault);
		return refused(s, configured, &list, fault);
	}
	if ((one = realm_local(&list)) != NULL ||
	    (one = list.n == 1 ? &list.v[0] : NULL) != NULL)
		return post_id(s, one, fault);
	if (mail && !s->realm_mailed &&
	    (list.n == 0 ||
		(s->job->user != NULL && strchr(s->job->user, '@') != NULL)))
		return by_email(s, NULL, fault);
	if (list.n > 0)
		return ask(s, &list, fault);
	return signin_unknown(s, PAGE_HRD, fault);
}
