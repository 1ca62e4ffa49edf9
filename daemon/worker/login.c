/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page that asks for a password, answered once.
 *
 * The order is the safety: the name is settled, the password asked for, the
 * attempt entered in the agent's ledger, and only then does the password
 * leave, in a request that libcurl cannot make twice.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "choice.h"

int
login_user(
    const char *typed, const char *domain, char **ret, struct fault *fault)
{
	_cleanup_free_ char *user = xstrdup(typed);

	str_trim(user);
	if (*user == '\0' || str_has_control(user)) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The user name is empty; nothing was sent."));
		fault_next(fault,
		    _("Sign in again and type "
		      "DOMAIN\\user or user@domain."));
		return -1;
	}
	if (strpbrk(user, "\\@") != NULL) {
		*ret = STEAL(user);
		return 0;
	}
	if (domain != NULL) {
		*ret = xasprintf("%s\\%s", domain, user);
		return 0;
	}
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("The user name \"%s\" has no domain; nothing was sent."), user);
	fault_next(fault,
	    _("Use DOMAIN\\user or user@domain, or set "
	      "awsfed.domain in the profile."));
	return -1;
}

/* A name that the page has filled in for good: it is posted as it stands. */
static bool
is_fixed(const struct control *user)
{
	return user != NULL && *user->value != '\0' &&
	    (user->readonly || user->type == CONTROL_HIDDEN);
}

int
login_need_user(
    struct signin *s, const struct control *control, struct fault *fault)
{
	const struct question q = { Q_TEXT, QN_USER,
		_("User (DOMAIN\\user or user@domain)"),
		s->job->question_timeout, NULL };
	_cleanup_secret_ struct secret *typed = NULL;

	if (s->user != NULL)
		return 0;
	if (s->job->user != NULL)
		return login_user(
		    s->job->user, s->job->domain, &s->user, fault);
	if (is_fixed(control))
		return login_user(
		    control->value, s->job->domain, &s->user, fault);
	if (conduit_ask(s->conduit, &q, &typed, fault) < 0)
		return -1;
	return login_user(secret_bytes(typed), s->job->domain, &s->user, fault);
}

int
login_need_password(
    struct signin *s, const char *to, struct secret **ret, struct fault *fault)
{
	_cleanup_origin_ struct origin o = { 0 };
	_cleanup_free_ char *host =
	    origin_parse(to, &o) < 0 ? xstrdup(s->host) : origin_label(&o);
	_cleanup_free_ char *label =
	    xasprintf(_("Password for %s at %s"), s->user, host);
	const struct question q = { Q_SECRET, QN_PASSWORD, label,
		s->job->question_timeout, NULL };

	if (conduit_ask(s->conduit, &q, ret, fault) < 0)
		return -1;
	if (secret_len(*ret) > 0)
		return 0;
	*ret = secret_free(*ret);
	fault_set(fault, FAULT_NEEDS_USER, REASON_PASSWORD,
	    _("The password is empty; nothing was sent to %s."), s->host);
	fault_next(fault, _("Sign in again and type the password."));
	return -1;
}

void
login_tag_end(struct signin *s)
{
	if (s->tagging != NULL)
		tag_end(STEAL(s->tagging), s->tag);
}

int
login_attempt(
    struct signin *s, const struct secret *password, struct fault *fault)
{
	bool later = s->conduit->typed;
	int r;

	s->tagging = tag_start(password, s->job->salt);
	if (!later)
		tag_end(STEAL(s->tagging), s->tag);
	r = conduit_attempt(s->conduit, later ? NULL : s->tag, s->user, fault);
	if (r < 0) {
		login_tag_end(s);
		return -1;
	}
	s->posted = s->open = true;
	return 0;
}

/* Where the page's own words lead to change a password that has expired. */
static char *
change_url(struct signin *s)
{
	_cleanup_free_ char *url = page_link(&s->page, "errorText");
	_cleanup_fault_ struct fault f = { 0 };

	if (url == NULL || policy_check(&s->policy, url, GRADE_PAGE, &f) < 0)
		return NULL;
	return str_clean(url, 300);
}

/* A page's words may end in a link. */
static const char *
full_stop(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && isalnum((unsigned char)text[n - 1]) ? "." : "";
}

/* The login form again, after our post: refused, whatever the text says. */
static int
refused(struct signin *s, struct fault *fault)
{
	_cleanup_free_ char *text = page_text(&s->page, "errorText");
	_cleanup_free_ char *url = change_url(s);

	if (s->second != NULL) {
		fault_set(fault, FAULT_NEEDS_USER, REASON_EXPIRED,
		    _("%s begins again after the second factor; the password "
		      "was not sent a second time."),
		    s->host);
		fault_next(fault, _("Sign in again."));
		return -1;
	}
	if (s->resumed) {
		fault_set(fault, FAULT_NEEDS_USER, REASON_EXPIRED,
		    _("%s asks for the password once more after an error; it "
		      "was not sent a second time."),
		    s->host);
		fault_next(fault, _("Sign in again."));
		return -1;
	}
	fault_set(fault, FAULT_REJECTED, REASON_PASSWORD,
	    _("%s refused the password for %s (sent once).%s%s%s "
	      "A locked or expired account looks the same."),
	    s->host, s->user, *text == '\0' ? "" : " ", text, full_stop(text));
	if (url != NULL)
		fault_next(fault,
		    _("To change the password, open %s in a browser; make "
		      "sure of it before you sign in again (awsfedctl "
		      "login): further wrong ones lock the account."),
		    url);
	else
		fault_next(fault,
		    _("Make sure of the password before you sign in again "
		      "(awsfedctl login): further wrong ones lock the "
		      "account."));
	return -1;
}

/* Everything must be right before a password is even asked for. */
static int
check_form(struct signin *s, struct fault *fault)
{
	const struct form *f = s->form;

	if (s->page.foreign_base || f->action == NULL || !f->post ||
	    !f->plain) {
		fault_set(fault, FAULT_PROTOCOL, REASON_UNKNOWN_PAGE,
		    _("The sign-in form of %s is not one that awsfed can "
		      "send safely; nothing was sent."),
		    s->host);
		fault_next(fault, _("Show this to your administrator."));
		return -1;
	}
	if (policy_check(&s->policy, s->page.url, GRADE_SECRET, fault) < 0)
		return -1;
	return policy_check(&s->policy, f->action, GRADE_SECRET, fault);
}

/* What the form sends: its own fields, ours in their place. */
static int
encode(struct signin *s, const struct login_form *l,
    const struct secret *password, struct buf *out)
{
	const struct control *last =
	    l->password != NULL ? l->password : l->user;
	bool webforms = last != NULL && str_ends(last->name, "TextBox");
	struct field fields[4];
	size_t n = 0;

	if (l->user != NULL && !is_fixed(l->user))
		fields[n++] = (struct field){ l->user->name, s->user };
	if (l->password != NULL)
		fields[n++] =
		    (struct field){ l->password->name, secret_bytes(password) };
	/* Only where it is offered, whatever the page has ticked. */
	fields[n++] = l->kmsi == NULL ?
	    (struct field){ "Kmsi", NULL } :
	    (struct field){ l->kmsi->name,
		    s->job->keep_signed_in ? l->kmsi->value : NULL };
	/* 2019's paginated page keeps it outside the form. */
	if (!webforms) {
		const struct control *c = form_control(s->form, "AuthMethod");

		if (c == NULL || *c->value == '\0')
			fields[n++] = (struct field){ "AuthMethod",
				"FormsAuthentication" };
	}
	return form_encode(s->form, fields, n, l->submit, out);
}

/*
 * Another way than the password, where one is configured and offered below it.
 * 0: chosen, the next page is at hand; 1: the password, then; -1.
 */
static int
other_way(struct signin *s, struct fault *fault)
{
	_cleanup_choices_ struct choices list = { 0 };
	const struct choice *one;

	if (s->method != NULL || method_form(&s->page) == NULL)
		return 1;
	if (!s->job->attended || s->job->mfa_method == NULL)
		return 1;
	method_list(&s->page, &list);
	one = method_preferred(s, &list, s->job->mfa_method);
	if (one == NULL || str_caseeq(one->value, "FormsAuthentication"))
		return 1;
	return method_post(s, one->value, fault);
}

static int
too_large(const struct signin *s, struct fault *fault)
{
	fault_set(fault, FAULT_PROTOCOL, REASON_MALFORMED,
	    _("The sign-in form of %s is too large to be sent."), s->host);
	fault_next(fault, _("Show this to your administrator."));
	return -1;
}

/* A page for the name alone: the password is asked for on the next one. */
static int
answer_name(struct signin *s, const struct login_form *l, struct fault *fault)
{
	_cleanup_free_ char *text = page_text(&s->page, "errorText");
	_cleanup_free_ char *action = NULL;
	_cleanup_buf_ struct buf body = BUF_INIT(FORM_BODY_MAX);

	if (s->named) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s does not take the user name %s.%s%s"), s->host,
		    s->user, *text == '\0' ? "" : " ", text);
		fault_next(fault,
		    _("Check adfs_config.adfs_user of the profile: "
		      "DOMAIN\\user or user@domain."));
		return -1;
	}
	if (check_form(s, fault) < 0 || login_need_user(s, l->user, fault) < 0)
		return -1;
	if (encode(s, l, NULL, &body) < 0)
		return too_large(s, fault);
	s->named = true;
	action = xstrdup(s->form->action);
	return signin_post(s, action, body.data, body.len, GRADE_PAGE, fault);
}

int
login_answer(struct signin *s, struct fault *fault)
{
	_cleanup_secret_ struct secret *password = NULL;
	_cleanup_buf_ struct buf body = BUF_INIT(FORM_BODY_MAX);
	_cleanup_free_ char *action = NULL;
	struct login_form l;
	int r;

	if (s->posted)
		return refused(s, fault);
	if ((r = other_way(s, fault)) != 1)
		return r;
	if (!login_form_read(s->form, &l))
		return name_form_read(s->form, &l) ?
		    answer_name(s, &l, fault) :
		    signin_unknown(s, PAGE_LOGIN, fault);
	if (check_form(s, fault) < 0)
		return -1;
	if (login_need_user(s, l.user, fault) < 0 ||
	    login_need_password(s, s->form->action, &password, fault) < 0)
		return -1;
	if (encode(s, &l, password, &body) < 0)
		return too_large(s, fault);
	if (login_attempt(s, password, fault) < 0)
		return -1;
	conduit_hush(s->conduit, STEAL(password));
	action = xstrdup(s->form->action);
	return signin_post(s, action, body.data, body.len, GRADE_SECRET, fault);
}
