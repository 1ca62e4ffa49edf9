/* SPDX-License-Identifier: Apache-2.0 */
#include "redeem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "awsfed/clock.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "sts.h"

#define SAFE_DURATION 3600 /* every role allows it */
#define RETRY_BASE_MS 1000
#define RETRY_CAP_MS 20000

struct task {
	struct sts_role role;
	struct http_call call;
	char *url;
	struct buf body;
	unsigned tries;
	int64_t start_at; /* boot clock, µs; 0: not waiting */
	int64_t learned;  /* a duration that had to be lowered to */
	bool done;
};

struct batch {
	struct http *http;
	struct conduit *conduit;
	const struct job *job;
	struct buf assertion; /* escaped, with its name */
	struct task *tasks;
	size_t n;
	size_t first;	      /* those before it have been answered */
	int64_t expires_boot; /* the assertion's end, µs */
	int64_t skew_s;	      /* of the AD FS host */
};

static void
refuse(struct batch *b, struct task *t, const struct fault *f)
{
	conduit_fault(b->conduit, t->role.profile, f);
	t->done = true;
}

/*
 * No HTTP_SECRET: re-sending this request is harmless (it only makes another
 * set of the same credentials), and hundreds of roles need their connections
 * again.
 */
static void
start(struct batch *b, struct task *t)
{
	bool own = t->role.endpoint != NULL;

	t->start_at = 0;
	t->tries++;
	buf_done(&t->body);
	buf_init(&t->body, STS_BODY_MAX);
	if (sts_request(&t->role, &b->assertion, &t->body) < 0) {
		_cleanup_fault_ struct fault f = { 0 };

		fault_set(&f, FAULT_CONFIG, REASON_SETTINGS,
		    _("The request for %s is too large."), t->role.role_arn);
		fault_next(&f, _("Shorten awsfed.policy of the profile."));
		refuse(b, t, &f);
		return;
	}
	t->call = (struct http_call){ .url = t->url,
		.body = t->body.data,
		.body_len = t->body.len,
		.flags = own ? 0 : HTTP_PUBLIC,
		.arg = t };
	http_start(b->http, &t->call);
}

static int64_t
jitter_ms(unsigned tries)
{
	int64_t cap = RETRY_BASE_MS << tries;
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		r = UINT32_MAX / 2;
	if (cap > RETRY_CAP_MS)
		cap = RETRY_CAP_MS;
	return (int64_t)(r % (uint32_t)cap);
}

/* Worth another try, and is there time? */
static bool
retry(struct batch *b, struct task *t, const struct fault *f)
{
	int64_t now = clk_boot(&clk_system), wait;

	if (f->kind != FAULT_TEMPORARY || t->tries >= REDEEM_TRIES ||
	    (f->reason != REASON_BUSY && f->reason != REASON_SERVER &&
		f->reason != REASON_UNREACHABLE && f->reason != REASON_TIMEOUT))
		return false;
	/* One that took all the time there is has had its try. */
	if (f->reason == REASON_TIMEOUT && t->call.failed)
		return false;
	wait = jitter_ms(t->tries - 1);
	if (f->retry_after * 1000 > wait)
		wait = f->retry_after * 1000;
	if (wait > RETRY_CAP_MS || now + wait * MSEC >= b->expires_boot)
		return false;
	t->start_at = now + wait * MSEC;
	return true;
}

static void
deliver(struct batch *b, struct task *t, const struct sts_answer *a,
    const struct http_reply *r)
{
	int64_t now =
	    r->dated ? r->date_s : clk_real(&clk_system) / USEC + b->skew_s;
	char expiration[RFC3339_SIZE];
	json_t *m = json_object();

	rfc3339_format(a->expiration_s, expiration);
	json_put_str(m, "profile", t->role.profile);
	json_put_str(m, "roleArn", t->role.role_arn);
	json_put_str(m, "principal", a->principal);
	json_put_str(m, "accessKeyId", a->access_key_id);
	json_put_str(m, "secretAccessKey", a->secret_access_key);
	json_put_str(m, "sessionToken", a->session_token);
	json_put_str(m, "expiration", expiration);
	json_object_set_new(m, "lifetime", json_integer(a->expiration_s - now));
	if (r->dated)
		json_object_set_new(m, "skew", json_integer(r->skew_s));
	json_put_int(m, "maxDuration", t->learned);
	conduit_send(b->conduit, W_CREDENTIALS, m);
	t->done = true;
}

static void
answered(struct batch *b, struct task *t)
{
	_cleanup_answer_ struct sts_answer a = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	struct http_reply *r = &t->call.reply;
	int bad;

	if (t->call.failed) {
		fault_copy(&f, &t->call.fault);
	} else {
		bad = sts_parse(r->body.data, r->body.len, &a);
		if (bad == 0 && r->status == 200 && a.access_key_id != NULL) {
			deliver(b, t, &a, r);
			return;
		}
		if (bad == 0 && t->learned == 0 && sts_duration_refused(&a) &&
		    t->role.duration > SAFE_DURATION) {
			t->role.duration = t->learned = SAFE_DURATION;
			t->tries--;
			t->start_at = clk_boot(&clk_system);
			return;
		}
		sts_fault(bad == 0 ? &a : NULL, r->status, t->role.role_arn,
		    r->retry_after, &f);
	}
	if (!retry(b, t, &f))
		refuse(b, t, &f);
}

/*
 * Starts what has waited, no more than there are connections: each has a body
 * as long as the assertion.  The time (ms) until the next one; -1: none waits,
 * or the end of another is waited for.
 */
static int64_t
start_due(struct batch *b)
{
	int64_t now = clk_boot(&clk_system), next = -1;

	while (b->first < b->n && b->tasks[b->first].done)
		b->first++;
	for (size_t i = b->first; i < b->n; i++) {
		struct task *t = &b->tasks[i];
		int64_t left;

		if (http_running(b->http) >= HTTP_POOL_MAX)
			return -1;
		if (t->done || t->start_at == 0)
			continue;
		left = (t->start_at - now + MSEC - 1) / MSEC;
		if (left <= 0)
			start(b, t);
		else if (next < 0 || left < next)
			next = left;
	}
	return next;
}

static void
prepare(struct batch *b, struct task *t, const json_t *j)
{
	_cleanup_fault_ struct fault f = { 0 };

	buf_init(&t->body, STS_BODY_MAX);
	if (sts_role_parse(j, &t->role, &f) < 0 ||
	    (t->url = sts_endpoint(
		 &t->role, b->job->allow_http_loopback, &f)) == NULL) {
		if (t->role.profile == NULL)
			t->role.profile =
			    json_string_value(json_object_get(j, "profile"));
		refuse(b, t, &f);
		return;
	}
	t->start_at = 1; /* at once */
}

void
redeem(struct http *h, struct conduit *c, const struct job *job,
    const struct saml *saml, const json_t *roles, int64_t skew_s)
{
	struct batch b = {
		.http = h, .conduit = c, .job = job, .skew_s = skew_s
	};
	int64_t left = saml->expires_s - skew_s - clk_real(&clk_system) / USEC;

	b.n = json_array_size(roles);
	if (b.n > REDEEM_ROLES_MAX)
		b.n = REDEEM_ROLES_MAX;
	b.tasks = xcalloc(b.n, sizeof(*b.tasks));
	buf_init(&b.assertion, STS_BODY_MAX);
	if (sts_add(&b.assertion, "SAMLAssertion", saml->base64) < 0)
		buf_done(&b.assertion); /* too large for any role */
	b.expires_boot = clk_boot(&clk_system) + left * USEC;
	for (size_t i = 0; i < b.n; i++)
		prepare(&b, &b.tasks[i], json_array_get(roles, i));
	for (;;) {
		int64_t next = start_due(&b);
		struct http_call *call;
		struct task *t;

		if (next < 0 && http_running(h) == 0)
			break;
		if ((call = http_next(h, next)) == NULL)
			continue;
		t = call->arg;
		answered(&b, t);
		http_call_done(call);
		buf_done(&t->body);
	}
	for (size_t i = 0; i < b.n; i++) {
		xfree(b.tasks[i].url);
		buf_done(&b.tasks[i].body);
	}
	buf_done(&b.assertion);
	xfree(b.tasks);
}
