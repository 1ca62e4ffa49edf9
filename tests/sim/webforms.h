/* SPDX-License-Identifier: Apache-2.0 */
/* AD FS 2.0 and 2.1: pages of ASP.NET WebForms. */
#ifndef SIM_WEBFORMS_H
#define SIM_WEBFORMS_H

#include <stdbool.h>

#include "pages.h"

struct options;
struct visit;

#define WEB "ctl00$ContentPlaceHolder1$"
#define SITE_AWS "7b1f9d52-0000-4000-8000-00000000a3a5"
#define SITE_WIKI "7b1f9d52-0000-4000-8000-0000000031c1"

/* Is the flavour one of theirs? */
bool webforms(const struct options *o);
void webforms_login(
    struct buf *b, const struct page *p, enum login_error error);
void webforms_error(
    struct buf *b, const struct page *p, const char *code, const char *text);
void webforms_sites(struct buf *b, const struct page *p, bool signed_in);
/*
 * Are the hidden fields of the page there, and nothing strange?  False: the
 * error of ASP.NET is shown.
 */
bool webforms_check(struct visit *v);

#endif
