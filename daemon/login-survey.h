/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A survey: a login that makes no profile but learns which roles a person has.
 * What it learned is kept under the login's id, the last few of them, so that
 * Configure can be told which roles are meant by their place in the list.
 */
#ifndef AWSFED_LOGIN_SURVEY_H
#define AWSFED_LOGIN_SURVEY_H

#include <jansson.h>

#include "login-int.h"

#define SURVEYS_MAX 8		 /* kept; the oldest goes first */
#define SURVEY_ALIASES_LIFE 3600 /* seconds: not asked for again before */

struct survey {
	char *id;
	char *base;	      /* identity_base of its profiles */
	char *user;	      /* or NULL */
	json_t *roles;	      /* as survey_roles() gave them */
	struct target recipe; /* its edits: how such a profile signs in */
};

/* NULL when there is none of that id (any more). */
const struct survey *survey_find(const struct logins *ls, const char *id);

/*
 * The roles of the identity's last assertion by account and name:
 * [{"account","alias"?,"role","roleArn","principalArn","profile"?}].
 */
json_t *survey_roles(struct manager *m, const struct identity *id);

#endif
