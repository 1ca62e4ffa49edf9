/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a session outlives the agent, and how it comes back: its keys with
 * both of their deadlines, whether it is kept, and why it rests.  What waited
 * for an answer waits no more; it is wanted anew by whoever brings it back.
 *
 * The credentials file comes first: what a person or another agent made of it
 * meanwhile is not undone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "loop.h"
#include "session-int.h"

#define LIFE_MAX (36 * 3600 * USEC)
#define FINGERPRINT_SIZE 17

static void
fingerprint(const struct session *s, char out[FINGERPRINT_SIZE])
{
	snprintf(out, FINGERPRINT_SIZE, "%016" PRIx64, s->profile->fingerprint);
}

/* ---- out ----------------------------------------------------------------------- */

static void
put_deadline(json_t *o, const char *key, struct deadline d)
{
	json_object_set_new(o, key,
	    json_pack("{s:I,s:I}", "real", (json_int_t)d.real, "boot",
		(json_int_t)d.boot));
}

/* Each use of protected ones is confirmed: they are kept in memory alone. */
static bool
may_leave(const struct session *s)
{
	return session_creds(s) != NULL && !s->profile->protected;
}

json_t *
session_export(const struct session *s)
{
	bool creds = may_leave(s), why = fault_is(&s->fault);
	char print[FINGERPRINT_SIZE];
	json_t *o, *c;

	if (!creds && !s->kept && !s->logged_out && !why)
		return NULL;
	o = json_object();
	fingerprint(s, print);
	json_put_str(o, "profile", s->profile->name);
	json_put_str(o, "fingerprint", print);
	json_put_str(o, "state", session_state_name(s->state));
	json_object_set_new(o, "kept", json_boolean(s->kept));
	json_object_set_new(o, "loggedOut", json_boolean(s->logged_out));
	json_put_int(o, "tries", s->tries);
	if (why)
		json_object_set_new(o, "fault", fault_to_json(&s->fault));
	if (s->next.boot > 0)
		put_deadline(o, "next", s->next);
	if (creds) {
		c = creds_to_json(s->creds);
		put_deadline(c, "issued", s->creds->issued);
		put_deadline(c, "expires", s->creds->expires);
		json_object_set_new(o, "credentials", c);
	}
	return o;
}

/* ---- and in -------------------------------------------------------------------- */

struct image {
	const char *state;
	bool kept, logged_out;
	int64_t tries;
	struct deadline next; /* zero: none */
	struct fault fault;
	struct creds *creds; /* live, or NULL */
};

static int
read_deadline(const json_t *o, const char *key, struct deadline *ret)
{
	const json_t *d = json_object_get(o, key);

	if (d == NULL) {
		*ret = (struct deadline){ 0, 0 };
		return 0;
	}
	return !json_is_object(d) ||
		json_int_opt(d, "real", 0, INT64_MAX / 2, 0, &ret->real) < 0 ||
		json_int_opt(d, "boot", 0, INT64_MAX / 2, 0, &ret->boot) < 0 ?
	    -EINVAL :
	    0;
}

static int
read_creds(const struct session *s, const json_t *o, struct creds **ret)
{
	const struct clk *clk = s->env.loop->clk;
	struct deadline issued, expires;
	_cleanup_creds_ struct creds *c = NULL;

	if (o == NULL)
		return 0;
	if (!json_is_object(o) || read_deadline(o, "issued", &issued) < 0 ||
	    read_deadline(o, "expires", &expires) < 0 ||
	    creds_from_json(o, clk, &c) < 0)
		return -EINVAL;
	/* The boot clock never steps: it cannot have been later than now. */
	if (issued.boot > clk_boot(clk) || expires.boot <= issued.boot ||
	    expires.boot - issued.boot > LIFE_MAX || expires.real == 0 ||
	    !str_eq(c->role_arn, s->profile->role_arn))
		return -EINVAL;
	c->issued = issued;
	c->expires = expires;
	if (!creds_expired(c, clk))
		*ret = STEAL(c);
	return 0;
}

static int
read_image(const struct session *s, const json_t *o, struct image *im)
{
	const json_t *fault = json_object_get(o, "fault");
	char print[FINGERPRINT_SIZE];
	const char *was;

	fingerprint(s, print);
	if (json_str(o, "fingerprint", 32, &was) < 0 ||
	    json_str(o, "state", 32, &im->state) < 0 ||
	    json_bool_opt(o, "kept", false, &im->kept) < 0 ||
	    json_bool_opt(o, "loggedOut", false, &im->logged_out) < 0 ||
	    json_int_opt(o, "tries", 0, 1000, 0, &im->tries) < 0 ||
	    read_deadline(o, "next", &im->next) < 0)
		return -EINVAL;
	if (!str_eq(was, print))
		return -ESTALE;
	if (fault != NULL && fault_from_json(fault, &im->fault) < 0)
		return -EINVAL;
	return read_creds(s, json_object_get(o, "credentials"), &im->creds);
}

/*
 * Which keys: those of the file, when they came from an agent elsewhere; else
 * ours.  True: they are not in the file yet.
 */
static bool
take_creds(struct session *s, struct image *im)
{
	bool same;

	if (im->creds == NULL)
		return false;
	same = s->creds != NULL &&
	    str_eq(s->creds->access_key_id, im->creds->access_key_id);
	if (s->creds != NULL && !same &&
	    s->creds->expiration_s > im->creds->expiration_s)
		return false;
	creds_unref(s->creds);
	s->creds = STEAL(im->creds);
	return !same;
}

static enum session_state
come_back(struct session *s, const struct image *im, struct input *in)
{
	const struct clk *clk = s->env.loop->clk;
	bool live = session_creds(s) != NULL;

	if (str_eq(im->state, session_state_name(SESSION_FAILED)))
		return SESSION_FAILED;
	if (str_eq(im->state, session_state_name(SESSION_NEEDS_LOGIN)))
		return SESSION_NEEDS_LOGIN;
	if (str_eq(im->state, session_state_name(SESSION_BACKOFF)) &&
	    im->next.boot > 0 && deadline_left(clk, im->next) > 0) {
		in->retry = deadline_left(clk, im->next);
		return SESSION_BACKOFF;
	}
	return live ? SESSION_FRESH : SESSION_IDLE;
}

static void
apply(struct session *s, struct image *im, bool *ret_taken)
{
	enum session_state before = s->state, next;
	struct input in = { .new_creds = take_creds(s, im) };

	*ret_taken = session_creds(s) != NULL;
	s->tries = (unsigned)im->tries;
	s->kept |= im->kept;
	next = come_back(s, im, &in);
	if (next == SESSION_FRESH || next == SESSION_IDLE)
		fault_done(&s->fault);
	else
		fault_copy(&s->fault, &im->fault);
	session_settle(s, before, next, &in);
	/* On time, and not by new dice. */
	if (next == SESSION_FRESH && im->next.boot > 0 &&
	    im->next.boot <= s->creds->expires.boot)
		session_arm_at(s, im->next);
}

int
session_import(struct session *s, const json_t *o, bool *ret_taken)
{
	struct image im = { 0 };
	int r;

	if (s->state != SESSION_IDLE && s->state != SESSION_FRESH)
		return -EBUSY;
	r = read_image(s, o, &im);
	if (r == 0) {
		*ret_taken = false;
		/* Logged out by the file: nothing that was held comes back. */
		if (!s->logged_out)
			apply(s, &im, ret_taken);
		s->logged_out |= im.logged_out;
	}
	fault_done(&im.fault);
	creds_unref(im.creds);
	return r;
}
