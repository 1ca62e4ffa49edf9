/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an identity outlives the agent, and how it comes back.  A job, a
 * question and a password die with the process; an attempt that was under way
 * is in the ledger's file, and counts as spent.
 */
#include <errno.h>
#include <string.h>

#include "awsfed/log.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "identity-int.h"
#include "loop.h"

#define TIMER(id) ((id)->env.loop->ops)
#define WAIT_MAX (24 * 3600 * USEC) /* a back-off that makes sense */
#define SECONDS_MAX (1LL << 40)	    /* of a time since 1970 that does */
#define SLACK (24 * 3600LL)	    /* seconds a stepped clock may be off */

/* ---- out ----------------------------------------------------------------------- */

/* What will be true of it when the job that runs has died. */
static enum identity_state
without_job(const struct identity *id, bool cookies)
{
	bool in = id->signed_in && cookies;

	if (id->state == IDENTITY_BACKOFF || id->state == IDENTITY_NEEDS_USER)
		return id->state;
	return in ? IDENTITY_SIGNED_IN : IDENTITY_SIGNED_OUT;
}

static void
put_sign_in(json_t *o, const struct identity *id)
{
	json_object_set_new(o, "signedIn", json_boolean(id->signed_in));
	json_put_int(o, "signedInAt", id->signed_in_at);
	json_put_int(o, "ticketUntil", id->ticket_until);
	json_object_set_new(
	    o, "keepSignedIn", json_boolean(id->keep_signed_in));
	if (id->cookies != NULL)
		json_object_set_new(o, "cookies",
		    json_stringn(
			secret_bytes(id->cookies), secret_len(id->cookies)));
}

json_t *
identity_export(const struct identity *id, bool cookies)
{
	enum identity_state s = without_job(id, cookies);
	json_t *o = json_object();

	json_put_str(o, "base", id->base);
	json_put_str(o, "user", id->user);
	json_put_str(o, "state", identity_state_name(s));
	json_put_int(o, "since", id->since);
	if (s == id->state && fault_is(&id->fault))
		json_object_set_new(o, "fault", fault_to_json(&id->fault));
	if (s == IDENTITY_BACKOFF)
		json_put_int(o, "nextBoot", id->next_boot);
	json_put_int(o, "tries", id->tries);
	if (id->started_boot >= 0)
		json_put_int(o, "startedBoot", id->started_boot);
	json_put_int(o, "learnedLife", id->learned_life);
	json_put_int(o, "skew", skew_now(&id->skew, id->env.loop->clk));
	json_put_int(o, "totpUsed", id->totp_used);
	json_object_set_new(o, "secondFactor", json_boolean(id->second_factor));
	json_put_str(o, "ccache", id->ccache);
	if (id->roles != NULL)
		json_object_set(o, "roles", id->roles);
	if (id->aliases != NULL)
		json_object_set(o, "aliases", id->aliases);
	json_put_int(o, "aliasesAsked", id->aliases_asked);
	if (cookies)
		put_sign_in(o, id);
	return o;
}

/* ---- and in -------------------------------------------------------------------- */

struct image {
	enum identity_state state;
	const char *ccache, *cookies;
	const json_t *roles, *aliases;
	struct fault fault;
	int64_t since, next_boot, tries, started_boot, learned_life, skew,
	    totp_used, aliases_asked, signed_in_at, ticket_until;
	bool signed_in, keep_signed_in, second_factor;
};

static int
state_from(const char *name, enum identity_state *ret)
{
	for (int i = 0; i < IDENTITY_STATE_MAX; i++)
		if (str_eq(identity_state_name((enum identity_state)i), name)) {
			*ret = (enum identity_state)i;
			return 0;
		}
	return -EINVAL;
}

/* A JSON array of strings, as text? */
static bool
are_cookies(const char *text)
{
	_cleanup_json_ json_t *list = json_loads(text, 0, NULL);
	const json_t *c;
	size_t i;

	if (!json_is_array(list))
		return false;
	json_array_foreach (list, i, c)
		if (!json_is_string(c))
			return false;
	return true;
}

static bool
are_roles(const json_t *list)
{
	const json_t *r;
	const char *s;
	size_t i;

	if (list == NULL)
		return true;
	if (!json_is_array(list))
		return false;
	json_array_foreach (list, i, r)
		if (!json_is_object(r) ||
		    json_str(r, "roleArn", 2048, &s) < 0 ||
		    json_str(r, "principalArn", 2048, &s) < 0)
			return false;
	return true;
}

static int
read_times(const struct identity *id, const json_t *o, struct image *im)
{
	int64_t now = clk_real(id->env.loop->clk) / USEC;
	int64_t boot = clk_boot(id->env.loop->clk);

	return json_int_opt(o, "since", 0, SECONDS_MAX, now, &im->since) < 0 ||
		json_int_opt(o, "nextBoot", 0, INT64_MAX, 0, &im->next_boot) <
		    0 ||
		json_int_opt(o, "startedBoot", 0, boot, -1, &im->started_boot) <
		    0 ||
		json_int_opt(o, "learnedLife", 0, SECONDS_MAX * USEC / 1000, 0,
		    &im->learned_life) < 0 ||
		json_int_opt(
		    o, "skew", -SECONDS_MAX, SECONDS_MAX, 0, &im->skew) < 0 ||
		json_int_opt(o, "totpUsed", 0, SECONDS_MAX, 0, &im->totp_used) <
		    0 ||
		json_int_opt(o, "aliasesAsked", 0, SECONDS_MAX, 0,
		    &im->aliases_asked) < 0 ||
		json_int_opt(o, "ticketUntil", 0, SECONDS_MAX, 0,
		    &im->ticket_until) < 0 ||
		json_int_opt(
		    o, "signedInAt", 0, now + SLACK, 0, &im->signed_in_at) < 0 ?
	    -EINVAL :
	    0;
}

static int
read_image(const struct identity *id, const json_t *o, struct image *im)
{
	const json_t *fault = json_object_get(o, "fault");
	const char *state;

	if (json_str(o, "state", 32, &state) < 0 ||
	    state_from(state, &im->state) < 0 ||
	    im->state == IDENTITY_WORKING || im->state == IDENTITY_ASKING ||
	    read_times(id, o, im) < 0 ||
	    json_int_opt(o, "tries", 0, 1000, 0, &im->tries) < 0 ||
	    json_bool_opt(o, "signedIn", false, &im->signed_in) < 0 ||
	    json_bool_opt(o, "keepSignedIn", false, &im->keep_signed_in) < 0 ||
	    json_bool_opt(o, "secondFactor", false, &im->second_factor) < 0 ||
	    json_str_opt(o, "ccache", 4096, &im->ccache) < 0 ||
	    json_str_opt(o, "cookies", SECRET_MAX, &im->cookies) < 0 ||
	    (fault != NULL && fault_from_json(fault, &im->fault) < 0))
		return -EINVAL;
	im->roles = json_object_get(o, "roles");
	im->aliases = json_object_get(o, "aliases");
	if (!are_roles(im->roles) ||
	    (im->aliases != NULL && !json_is_object(im->aliases)) ||
	    (im->cookies != NULL && !are_cookies(im->cookies)))
		return -EINVAL;
	return 0;
}

/* The end of a back-off that has passed is no state to come back to. */
static void
come_back(struct identity *id, const struct image *im)
{
	const struct clk *clk = id->env.loop->clk;
	int64_t left = im->next_boot - clk_boot(clk);
	enum identity_state s = im->state;

	if (s == IDENTITY_SIGNED_IN && !id->signed_in)
		s = IDENTITY_SIGNED_OUT;
	if (s == IDENTITY_BACKOFF && (left <= 0 || left > WAIT_MAX))
		s = id->signed_in ? IDENTITY_SIGNED_IN : IDENTITY_SIGNED_OUT;
	if (s == IDENTITY_BACKOFF) {
		id->next_boot = im->next_boot;
		TIMER(id)->timer_set(id->timer, deadline_in(clk, left));
	}
	if (s == im->state)
		fault_copy(&id->fault, &im->fault);
	identity_settle(id, s);
	id->since = im->since;
}

int
identity_import(struct identity *id, const json_t *o, const char *user)
{
	struct image im = { 0 };
	int r = id->state != IDENTITY_SIGNED_OUT || identity_comes(id) ?
	    -EBUSY :
	    read_image(id, o, &im);

	if (r < 0) {
		fault_done(&im.fault);
		return r;
	}
	if (id->user == NULL && user != NULL)
		identity_adopt(id, user);
	id->tries = (unsigned)im.tries;
	id->started_boot = im.started_boot;
	id->learned_life = im.learned_life;
	if (im.skew != 0)
		skew_measure(&id->skew, id->env.loop->clk, im.skew);
	id->totp_used = im.totp_used;
	id->second_factor = im.second_factor;
	id->aliases_asked = im.aliases_asked;
	id->signed_in = im.signed_in;
	id->signed_in_at = im.signed_in_at;
	id->ticket_until = im.ticket_until;
	id->keep_signed_in = im.keep_signed_in;
	xreplace(&id->ccache, xstrdup(im.ccache));
	if (im.cookies != NULL) {
		secret_free(id->cookies);
		id->cookies = secret_new(im.cookies, strlen(im.cookies));
	}
	json_decref(id->roles);
	id->roles = json_deep_copy(im.roles);
	json_decref(id->aliases);
	id->aliases = json_deep_copy(im.aliases);
	come_back(id, &im);
	fault_done(&im.fault);
	return 0;
}

bool
identity_renews(const struct identity *id)
{
	return id->state == IDENTITY_SIGNED_IN || id->state == IDENTITY_BACKOFF;
}
