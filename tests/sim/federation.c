/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <jansson.h>

#include <awsfed/arn.h>
#include <awsfed/str.h>
#include <awsfed/wire.h>
#include <awsfed/xalloc.h>

#include "federation.h"
#include "form.h"
#include "http.h"
#include "mishap.h"
#include "state.h"

#define TOKEN_LIFE 900 /* seconds */

static void
refuse(struct sim *s, struct response *r, const char *why)
{
	response_text(r, 400, "text/html;charset=UTF-8",
	    "<html><body>Bad Request</body></html>\n");
	sim_log(s, "federation: refused: %s", why);
}

/* Everything there is known, and there once. */
static bool
only(const struct form *f, const char *names)
{
	_cleanup_strv_ struct strv known = { 0 };

	strv_split(&known, names);
	for (size_t i = 0; i < f->n; i++)
		if (!strv_has(&known, f->v[i].name) ||
		    form_count(f, f->v[i].name) != 1)
			return false;
	return true;
}

/* The live key of {"sessionId","sessionKey","sessionToken"}, or NULL. */
static struct key *
key_of(struct sim *s, const char *session)
{
	_cleanup_json_ json_t *o = session == NULL ?
	    NULL :
	    json_loads(session, JSON_REJECT_DUPLICATES, NULL);
	const char *id = json_string_value(json_object_get(o, "sessionId"));
	const char *secret =
	    json_string_value(json_object_get(o, "sessionKey"));
	const char *token =
	    json_string_value(json_object_get(o, "sessionToken"));
	struct key *k;

	if (id == NULL || secret == NULL || token == NULL ||
	    json_object_size(o) != 3) {
		sim_violation(s, "a Session that is not three texts");
		return NULL;
	}
	k = key_find(s, id);
	if (k == NULL || !str_eq(k->secret, secret) ||
	    !str_eq(k->token, token)) {
		sim_violation(s, "a Session with keys that were never issued");
		return NULL;
	}
	return sim_now() < k->expires ? k : NULL;
}

static void
get_token(struct sim *s, const struct form *f, struct response *r)
{
	const char *text = form_get(f, "SessionDuration");
	int64_t duration = 0;
	struct key *k;

	if (!only(f, "Action Session SessionDuration")) {
		sim_violation(s, "getSigninToken with other parameters");
		refuse(s, r, "parameters");
		return;
	}
	if (text != NULL && str_int(text, 900, 43200, &duration) < 0) {
		sim_violation(s, "a SessionDuration out of its limits");
		refuse(s, r, "duration");
		return;
	}
	k = key_of(s, form_get(f, "Session"));
	if (k == NULL) {
		refuse(s, r, "keys");
		return;
	}
	if (k->chained && duration > 0) {
		refuse(s, r, "SessionDuration with a chained role");
		return;
	}
	xreplace(&k->signin_token, random_hex(400));
	k->signin_until = sim_now() + TOKEN_LIFE;
	k->console_life = duration > 0 ? duration : k->expires - sim_now();
	s->count.signin_tokens++;
	response_text(r, 200, "application/json", "");
	put(&r->body, "{\"SigninToken\":\"%s\"}\n", k->signin_token);
}

/* An address of the console of the same partition as the host's. */
static bool
is_console(const char *host, const char *address)
{
	const struct partition *p = partition_by_signin_host(host);
	_cleanup_free_ char *start = p == NULL || p->console_host == NULL ?
	    NULL :
	    xasprintf("https://%s/", p->console_host);

	return start != NULL && address != NULL && str_starts(address, start);
}

static void
sign_in(
    struct sim *s, const char *host, const struct form *f, struct response *r)
{
	const char *token = form_get(f, "SigninToken");
	_cleanup_free_ char *life = NULL;
	struct key *k = s->keys;

	while (k != NULL && (token == NULL || !str_eq(k->signin_token, token)))
		k = k->next;
	if (k == NULL || sim_now() >= k->signin_until) {
		refuse(s, r, "sign-in token");
		return;
	}
	if (!only(f, "Action Issuer Destination SigninToken") ||
	    !is_console(host, form_get(f, "Destination"))) {
		sim_violation(s, "a console sign-in to %s",
		    form_get(f, "Destination") != NULL ?
			form_get(f, "Destination") :
			"nowhere");
		refuse(s, r, "destination");
		return;
	}
	xreplace(&k->signin_token, NULL); /* once */
	s->count.console_sign_ins++;
	life = xasprintf("%lld", (long long)k->console_life);
	response_text(r, 302, "text/html", "");
	response_header(r, "Location", form_get(f, "Destination"));
	response_header(r, "X-Sim-Principal", k->principal);
	response_header(r, "X-Sim-Duration", life);
	if (form_get(f, "Issuer") != NULL)
		response_header(r, "X-Sim-Issuer", form_get(f, "Issuer"));
}

void
federation_handle(struct sim *s, const struct request *q, struct response *r)
{
	_cleanup_form_ struct form f = { 0 };
	_cleanup_free_ char *host = request_host(q);
	bool post = str_eq(q->method, "POST");
	const struct mishap *m;
	const char *action;

	if (partition_by_signin_host(host) == NULL)
		sim_violation(s, "/federation asked of %s", host);
	if (request_header(q, "cookie") != NULL)
		sim_violation(s, "cookies sent to /federation");
	m = mishap_take(s, "federation", NULL, NULL, r);
	if (mishap_generic(m, r))
		return;
	if (form_parse(post ? q->body : q->query, &f) < 0 ||
	    (post && *q->query != '\0')) {
		sim_violation(s, "/federation with a bad form");
		refuse(s, r, "form");
		return;
	}
	action = form_get(&f, "Action");
	if (str_eq(action, "getSigninToken") && post &&
	    !s->opt.federation_post) {
		s->count.federation_posts++;
		response_text(r, 405, "text/plain", "no\n");
	} else if (str_eq(action, "getSigninToken")) {
		*(post ? &s->count.federation_posts :
			 &s->count.federation_gets) += 1;
		get_token(s, &f, r);
	} else if (str_eq(action, "login") && !post) {
		sign_in(s, host, &f, r);
	} else {
		sim_violation(s, "/federation with another action");
		refuse(s, r, "action");
	}
}
