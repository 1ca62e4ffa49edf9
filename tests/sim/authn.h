/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords, and the cookies that a sign-in leaves. */
#ifndef SIM_AUTHN_H
#define SIM_AUTHN_H

#include "pages.h"

struct sso;
struct user;
struct visit;

/*
 * Judges a user name and a password and counts them.  LOGIN_FIRST: they are
 * right, and *ret_user is who it is.
 */
enum login_error authn_check(struct visit *v, const char *name,
    const char *password, struct user **ret_user);
/* A new sign-in with its cookies; v->sso is it from then on. */
void authn_accept(struct visit *v, struct user *u);
/* Sets MSISAuth and its pieces. */
void authn_cookies(struct visit *v, const struct sso *o);

#endif
