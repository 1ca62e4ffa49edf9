/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "authn.h"
#include "http.h"
#include "state.h"
#include "visit.h"

void
authn_cookies(struct visit *v, const struct sso *o)
{
	size_t len = strlen(o->token), at = 0;
	size_t step = (size_t)v->sim->opt.chunk;
	_cleanup_free_ char *attributes = NULL;
	char until[64];
	time_t end = (time_t)o->expires;
	struct tm tm;

	gmtime_r(&end, &tm);
	strftime(until, sizeof(until), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	attributes = o->kmsi ?
	    xasprintf("; expires=%s%s", until, VISIT_COOKIE) :
	    xstrdup(VISIT_COOKIE);
	for (int i = 0; at < len && i < VISIT_MAX_CHUNKS; i++) {
		size_t n = len - at < step || i == VISIT_MAX_CHUNKS - 1 ?
		    len - at :
		    step;
		_cleanup_free_ char *piece = xstrndup(o->token + at, n);
		char name[32] = "MSISAuth";

		if (i > 0)
			snprintf(name, sizeof(name), "MSISAuth%d", i);
		response_cookie(v->r, name, piece, attributes);
		at += n;
	}
}

void
authn_accept(struct visit *v, struct user *u)
{
	bool kmsi = form_get(&v->fields, "Kmsi") != NULL && v->sim->opt.kmsi;
	int64_t life = kmsi ? v->sim->opt.kmsi_life : v->sim->opt.sso_life;

	v->sso = sso_new(v->sim, u, life);
	v->sso->kmsi = kmsi;
	v->sso->host = xstrdup(v->host);
	authn_cookies(v, v->sso);
	u->failures = 0;
	v->sim->count.sign_ins++;
	sim_log(v->sim, "signed in %s%s", u->name, kmsi ? " (kmsi)" : "");
}

static enum login_error
refuse(struct visit *v, struct user *u, enum login_error why)
{
	struct options *o = &v->sim->opt;

	v->sim->count.passwords_rejected++;
	if (u != NULL) {
		u->rejected++;
		if (why == LOGIN_WRONG)
			u->failures++;
		if (o->lockout_threshold > 0 &&
		    u->failures >= o->lockout_threshold &&
		    u->locked_until <= sim_now()) {
			u->locked_until = sim_now() + o->lockout_seconds;
			u->failures = 0;
			v->sim->count.lockouts++;
		}
	}
	sim_log(v->sim, "refused a sign-in (%d)", (int)why);
	return why;
}

enum login_error
authn_check(struct visit *v, const char *name, const char *password,
    struct user **ret_user)
{
	struct user *u = user_find(v->sim, name);
	bool locked;

	if (u != NULL)
		u->posts++;
	if (strpbrk(name, "\\@") == NULL) {
		sim_violation(v->sim, "user name without domain posted");
		return refuse(v, u, LOGIN_FORMAT);
	}
	if (password[0] == '\0') {
		sim_violation(v->sim, "empty password posted");
		return refuse(v, u, LOGIN_NO_PASSWORD);
	}
	locked = u != NULL && (u->locked || u->locked_until > sim_now());
	if (u == NULL || locked || strcmp(u->password, password) != 0)
		return refuse(v, u, LOGIN_WRONG);
	if (u->expired)
		return refuse(v, u, LOGIN_EXPIRED);
	*ret_user = u;
	return LOGIN_FIRST;
}
