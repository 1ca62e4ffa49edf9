/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What page is this?  The order of the questions matters, and no text is ever
 * looked at: AD FS pages are translated and edited by administrators.
 */
#ifndef AWSFED_WORKER_CLASSIFY_H
#define AWSFED_WORKER_CLASSIFY_H

#include "page.h"

enum page_kind {
	PAGE_UNKNOWN,
	PAGE_ASSERTION, /* form that carries a SAMLResponse */
	PAGE_LOGIN,	/* asks for a password */
	PAGE_HRD,	/* choice of home realm */
	PAGE_ERROR,
	PAGE_MFA,     /* an adapter's page: AuthMethod and Context */
	PAGE_DUO,     /* Duo Universal, start or return */
	PAGE_METHOD,  /* choice of authentication method */
	PAGE_RP_LIST, /* choice of relying party */
	PAGE_SIGNED_OUT,
	PAGE_UPDATE_PASSWORD,
	PAGE_AUTO_POST, /* a form that a script submits */
	PAGE_KIND_MAX
};

const char *page_kind_name(enum page_kind k);
/* The kind, and the form it is about (NULL where it has none). */
enum page_kind classify(const struct page *p, const struct form **ret_form);

/* The controls of a sign-in form, whichever version of AD FS drew it. */
struct login_form {
	const struct control *user;	/* NULL: password only */
	const struct control *password; /* NULL: name only */
	const struct control *kmsi;	/* NULL: not offered */
	const struct control *submit;	/* WebForms: its button is posted */
};
/* Is this form one?  The password control's name decides, not the form's. */
bool login_form_read(const struct form *f, struct login_form *ret);
/* One for the name alone, whose password is on the next page? */
bool name_form_read(const struct form *f, struct login_form *ret);

#endif
