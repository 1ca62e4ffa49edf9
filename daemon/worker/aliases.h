/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of accounts, from the page on which AWS lets a person choose a
 * role.  Nobody promises that page: what cannot be read there is left out, and
 * nothing here is ever a reason to fail.
 */
#ifndef AWSFED_WORKER_ALIASES_H
#define AWSFED_WORKER_ALIASES_H

#include <stddef.h>

#include <jansson.h>

#include "conduit.h"
#include "http.h"
#include "saml.h"

#define ALIASES_MAX 5000     /* accounts of one page */
#define ALIASES_TIME_MS 5000 /* all that the page may take */
#define ALIAS_MAX 63	     /* bytes; IAM guide, "Account alias" */

/*
 * The chooser page, in its classic or its 2023 shape: an object of account to
 * alias, empty when the page has none or is another one.  Never NULL.
 */
json_t *aliases_parse(const char *bytes, size_t len);
/*
 * Posts the assertion to the sign-in host of its partition and reports what
 * the page says.  Silent when there is no such host or no such page.
 */
void aliases_report(struct http *h, struct conduit *c, const struct saml *saml);

#endif
