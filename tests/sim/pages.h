/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages of AD FS: ids, names, forms and quirks as real ones have them, by
 * version; the words are our own where they are not needed to tell a page.
 */
#ifndef SIM_PAGES_H
#define SIM_PAGES_H

#include <stdbool.h>

#include <awsfed/buf.h>

#include "form.h"

struct options;

enum login_error {
	LOGIN_FIRST, /* no error: the page as first met */
	LOGIN_WRONG,
	LOGIN_EXPIRED, /* with the link to the update page */
	LOGIN_FORMAT,  /* no domain in the user name */
	LOGIN_NO_PASSWORD
};

struct page {
	const struct options *opt;
	char *action;	       /* of loginForm; '&' stays raw */
	char *absolute;	       /* of the options form, with the port */
	const char *user_name; /* kept in the field, or NULL */
	const char *activity;  /* GUID */
	const char *viewstate; /* of WebForms, or NULL */
};

/* Everything above and below what a page is about. */
void page_head(struct buf *b, const struct page *p, const char *title);
void page_foot(struct buf *b, const struct page *p);

/* Is there a flavour of this name? */
bool page_flavour(const char *name);
void page_login(struct buf *b, const struct page *p, enum login_error error);
/* code: "MSIS7001", or NULL; text: what the administrator would read. */
void page_error(
    struct buf *b, const struct page *p, const char *code, const char *text);
/* All-hidden form that script submits; name "hiddenform" or another. */
void page_auto(struct buf *b, const char *name, const char *action,
    const struct form *fields);
void page_signed_out(struct buf *b, const struct page *p);
void page_sites(struct buf *b, const struct page *p, bool signed_in);
void page_mfa(struct buf *b, const struct page *p);
void page_unknown(struct buf *b, const struct page *p);
void page_broken(struct buf *b, const struct page *p);

#endif
