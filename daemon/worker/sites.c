/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of relying parties.  A sign-in that named its own meets it when AD
 * FS does not know that name: the list has names for people and ids of its own.
 * 3.0 and later: form#idpForm; 2.0: a WebForms page with the same controls.
 */
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/xalloc.h"
#include "choice.h"

#define OTHER_SITE "SignInOtherSite"

/* Any control whose name is that, or ends so behind a "$". */
static const struct control *
control_called(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->ncontrols; i++) {
		const struct control *c = &f->controls[i];
		const char *own = c->name, *last;

		if (own == NULL)
			continue;
		last = strrchr(own, '$');
		if (str_eq(last == NULL ? own : last + 1, name))
			return c;
	}
	return NULL;
}

/* The first of some submit buttons that the form has. */
static const struct control *
button(const struct form *f)
{
	static const char *const names[] = { "SignInGo", "SignInSubmit",
		"GoButton", "SignInButton" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct control *c = control_called(f, names[i]);

		if (c != NULL && c->type == CONTROL_SUBMIT && !c->disabled)
			return c;
	}
	return NULL;
}

static int
post_site(struct signin *s, const struct choice *site, struct fault *fault)
{
	const struct control *modern = control_called(s->form, OTHER_SITE);
	const struct control *list = control_called(s->form, "RelyingParty");
	const struct control *old =
	    control_called(s->form, "RelyingPartyDropDownList");
	const struct control *group = control_called(s->form, "group1");
	struct field fields[3];
	size_t n = 0;

	if (old != NULL) {
		fields[n++] = (struct field){ old->name, site->value };
		if (group != NULL)
			fields[n++] =
			    (struct field){ group->name, "OtherRpRadioButton" };
	} else {
		fields[n++] =
		    (struct field){ list == NULL ? "RelyingParty" : list->name,
			    site->value };
		fields[n++] =
		    (struct field){ modern == NULL ? OTHER_SITE : modern->name,
			    OTHER_SITE };
		/* The radio buttons are of two names: only one is meant. */
		fields[n++] = (struct field){ "SignInIdpSite", NULL };
	}
	s->site_posted = true;
	return signin_post_form(
	    s, s->form, fields, n, button(s->form), GRADE_PAGE, fault);
}

static int
unknown_site(struct signin *s, struct choices *list, struct fault *fault)
{
	_cleanup_free_ char *names = choices_text(list, 600);

	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("%s does not know the relying party \"%s\"; it offers: %s."),
	    s->host, s->job->provider_id, *names == '\0' ? _("none") : names);
	fault_next(fault,
	    _("Set adfs_config.provider_id of the profile to the identifier "
	      "or the name of the one for AWS."));
	return -1;
}

int
sites_answer(struct signin *s, struct fault *fault)
{
	_cleanup_choices_ struct choices list = { 0 };
	_cleanup_free_ char *label = NULL;
	const struct choice *site;

	choices_select(&list, &s->page, "RelyingParty");
	if (list.n == 0)
		choices_select(&list, &s->page, "RelyingPartyDropDownList");
	if (list.n == 0 || s->site_posted)
		return unknown_site(s, &list, fault);
	site = choices_find(&list, s->job->provider_id);
	if (site == NULL && !s->job->attended)
		return unknown_site(s, &list, fault);
	label = xasprintf(_("%s does not know \"%s\": which one is AWS?"),
	    s->host, s->job->provider_id);
	if (site == NULL &&
	    choices_ask(s, &list, QN_SITE, label, &site, fault) < 0)
		return -1;
	return post_site(s, site, fault);
}
