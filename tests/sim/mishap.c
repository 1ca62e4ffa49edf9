/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <awsfed/str.h>
#include <awsfed/wire.h>
#include <awsfed/xalloc.h>

#include "http.h"
#include "mishap.h"
#include "state.h"

/* Where a kind may be used; "*": wherever there is a request. */
static const struct {
	const char *kind;
	const char *places;
} kinds[] = {
	{ "delay", "*" },
	{ "status", "*" },
	{ "garbage", "*" },
	{ "truncated", "*" },
	{ "close", "*" },
	{ "reset", "*" },
	{ "cut-head", "*" },
	{ "stall", "*" },
	{ "empty", "*" },
	{ "content-type", "*" },
	{ "malformed", "adfs-get adfs-post sts" },
	{ "unknown", "adfs-get adfs-post" },
	{ "autopost", "adfs-get adfs-post" },
	{ "foreign-action", "adfs-get adfs-post" },
	{ "foreign-redirect", "adfs-get adfs-post signin" },
	{ "foreign-autopost", "adfs-get adfs-post" },
	{ "captive", "adfs-get adfs-post" },
	{ "captive-page", "adfs-get adfs-post" },
	{ "redirect-loop", "adfs-get adfs-post" },
	{ "huge", "adfs-get adfs-post sts" },
	{ "error-page", "adfs-get adfs-post" },
	{ "mfa-page", "adfs-get adfs-post" },
	{ "wrong-password", "adfs-post" },
	{ "password-expired", "adfs-post" },
	{ "wia", "adfs-get adfs-post" },
	{ "foreign-acs", "saml" },
	{ "status-failure", "saml" },
	{ "expired", "saml" },
	{ "future", "saml" },
	{ "destination", "saml" },
	{ "recipient", "saml" },
	{ "audience", "saml" },
	{ "no-roles", "saml" },
	{ "no-session-name", "saml" },
	{ "dtd", "saml" },
	{ "base64", "saml" },
	{ "malformed-xml", "saml" },
	{ "encrypted", "saml" },
	{ "signature", "saml" },
	{ "not-response", "saml" },
	{ "two-assertions", "saml" },
	{ "code", "sts" },
	{ "missing-fields", "sts" },
	{ "tls-close", "connect" },
	{ "tls-reset", "connect" },
	{ "tls-stall", "connect" },
	{ "tls-alert", "connect" },
	{ "no-tls", "connect" },
	{ "self-signed", "connect" },
	{ "wrong-name", "connect" },
	{ "cert-expired", "connect" },
	{ "cert-future", "connect" },
};

/* Posts to AD FS by what they bring; "adfs-post" is any of them. */
#define POSTS "adfs-name adfs-realm adfs-password adfs-factor"

static bool
word_in(const char *word, const char *list)
{
	_cleanup_strv_ struct strv sv = { 0 };

	strv_split(&sv, list);
	return strv_has(&sv, word);
}

static const char *
kind_fits(const char *kind, const char *place)
{
	bool role = arn_is_role(place);

	if (!role &&
	    !word_in(place,
		"adfs-get adfs-post saml sts signin federation "
		"connect " POSTS))
		return "no such place";
	if (word_in(place, POSTS))
		place = "adfs-post";
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].kind, kind) != 0)
			continue;
		if ((kinds[i].places[0] == '*' && !str_eq(place, "connect")) ||
		    word_in(role ? "sts" : place, kinds[i].places))
			return NULL;
		return "this kind of fault cannot happen at that place";
	}
	return "no such kind of fault";
}

static void
mishap_free(struct mishap *m)
{
	xfree(m->place);
	xfree(m->kind);
	xfree(m->role);
	xfree(m->user);
	xfree(m->host);
	xfree(m->code);
	xfree(m->text);
	xfree(m);
}

static char *
copy(const json_t *args, const char *key)
{
	return xstrdup(json_string_value(json_object_get(args, key)));
}

static int64_t
number(const json_t *args, const char *key, int64_t def)
{
	const json_t *j = json_object_get(args, key);

	return json_is_integer(j) ? json_integer_value(j) : def;
}

const struct mishap *
mishap_add(struct sim *s, const json_t *args, const char **ret_error)
{
	struct mishap *m = xcalloc(1, sizeof(*m)), **end = &s->mishaps;

	m->place = copy(args, "place");
	m->kind = copy(args, "kind");
	m->role = copy(args, "role");
	m->user = copy(args, "user");
	m->host = copy(args, "host");
	m->code = copy(args, "code");
	m->text = copy(args, "text");
	m->status = number(args, "status", 0);
	m->ms = number(args, "delay", 0);
	m->retry_after = number(args, "retry_after", 0);
	m->count = number(args, "count", 1);
	m->after = number(args, "after", 0);
	/* The kind may be left to what else was said. */
	if (m->kind == NULL && m->code != NULL)
		m->kind =
		    xstrdup(m->place != NULL && str_starts(m->place, "adfs") ?
			    "error-page" :
			    "code");
	if (m->kind == NULL && m->status > 0)
		m->kind = xstrdup("status");
	if (m->kind == NULL && m->ms > 0)
		m->kind = xstrdup("delay");
	*ret_error = m->place == NULL || m->kind == NULL ?
	    "a fault needs a place and a kind" :
	    kind_fits(m->kind, m->place);
	if (*ret_error == NULL && m->count == 0)
		*ret_error = "a count of 0 would never happen";
	if (*ret_error == NULL && str_eq(m->kind, "code") && m->code == NULL)
		*ret_error = "kind code needs --code";
	if (*ret_error == NULL && str_eq(m->kind, "delay") && m->ms <= 0)
		*ret_error = "kind delay needs --delay MS";
	if (*ret_error != NULL) {
		mishap_free(m);
		return NULL;
	}
	m->id = ++s->mishap_serial;
	while (*end != NULL)
		end = &(*end)->next;
	*end = m;
	return m;
}

json_t *
mishap_list(const struct sim *s)
{
	json_t *list = json_array();

	for (const struct mishap *m = s->mishaps; m != NULL; m = m->next) {
		json_t *o = json_object();

		json_object_set_new(o, "id", json_integer(m->id));
		json_put_str(o, "place", m->place);
		json_put_str(o, "kind", m->kind);
		json_put_str(o, "role", m->role);
		json_put_str(o, "user", m->user);
		json_put_str(o, "host", m->host);
		json_put_str(o, "code", m->code);
		json_put_int(o, "after", m->after);
		json_object_set_new(o, "left", json_integer(m->count));
		json_object_set_new(o, "used", json_integer(m->used));
		json_array_append_new(list, o);
	}
	return list;
}

bool
mishap_drop(struct sim *s, int64_t id)
{
	for (struct mishap **p = &s->mishaps; *p != NULL; p = &(*p)->next) {
		struct mishap *m = *p;

		if (m->id == id) {
			*p = m->next;
			mishap_free(m);
			return true;
		}
	}
	return false;
}

void
mishap_clear(struct sim *s)
{
	while (s->mishaps != NULL)
		mishap_drop(s, s->mishaps->id);
}

static bool
waits_here(const struct mishap *m, const char *place, const char *role,
    const char *user)
{
	if (m->count == 0)
		return false;
	if (!str_eq(m->place, place) &&
	    !(str_eq(m->place, "adfs-post") && word_in(place, POSTS)) &&
	    !(str_eq(place, "sts") && role != NULL && str_eq(m->place, role)))
		return false;
	if (m->role != NULL && !str_eq(m->role, role))
		return false;
	return m->user == NULL || (user != NULL && str_caseeq(m->user, user));
}

static void
spend(struct sim *s, struct mishap *m, const char *place)
{
	if (m->count > 0)
		m->count--;
	m->used++;
	s->count.faults_used++;
	sim_log(s, "fault %s at %s", m->kind, place);
}

const struct mishap *
mishap_connect(struct sim *s, const char *host)
{
	for (struct mishap *m = s->mishaps; m != NULL; m = m->next) {
		if (!waits_here(m, "connect", NULL, NULL) ||
		    (m->host != NULL && !str_caseeq(m->host, host)))
			continue;
		if (m->after > 0) {
			m->after--;
			continue;
		}
		spend(s, m, "connect");
		return m;
	}
	return NULL;
}

const struct mishap *
mishap_take(struct sim *s, const char *place, const char *role,
    const char *user, struct response *r)
{
	for (struct mishap *m = s->mishaps; m != NULL; m = m->next) {
		if (!waits_here(m, place, role, user))
			continue;
		if (m->after > 0) {
			m->after--;
			continue;
		}
		spend(s, m, place);
		if (m->ms > 0)
			r->delay_ms += m->ms;
		if (!str_eq(m->kind, "delay"))
			return m;
	}
	return NULL;
}

bool
mishap_is(const struct mishap *m, const char *kind)
{
	return m != NULL && str_eq(m->kind, kind);
}

bool
mishap_generic(const struct mishap *m, struct response *r)
{
	static const char garbage[] =
	    "\x89\x00\xff\xfe<<<\x80\xc3(&#0;"
	    "\"'><form><input name=SAMLResponse><\x01\x02";

	if (m == NULL)
		return false;
	if (m->retry_after > 0) {
		_cleanup_free_ char *s =
		    xasprintf("%lld", (long long)m->retry_after);

		response_header(r, "Retry-After", s);
	}
	if (mishap_is(m, "status")) {
		response_text(r, m->status > 0 ? (int)m->status : 500,
		    "text/html",
		    "<html><body><h2>Service error</h2></body>"
		    "</html>\n");
		return true;
	}
	if (mishap_is(m, "garbage")) {
		response_text(r, 200, "text/html", "");
		for (int i = 0; i < 40; i++)
			if (buf_add(&r->body, garbage, sizeof(garbage)) < 0)
				break;
		return true;
	}
	if (mishap_is(m, "empty")) {
		response_text(r, 200, "text/html", "");
		return true;
	}
	if (mishap_is(m, "close") || mishap_is(m, "reset") ||
	    mishap_is(m, "stall")) {
		r->drop = true;
		r->reset = mishap_is(m, "reset");
		r->stall = mishap_is(m, "stall");
		return true;
	}
	if (mishap_is(m, "cut-head"))
		r->cut_head = true; /* of the answer it would have had */
	if (mishap_is(m, "truncated"))
		r->truncate = true; /* of the answer it would have had */
	return false;
}
