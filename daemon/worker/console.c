/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "fields.h"
#include "http.h"
#include "http-fault.h"
#include "page.h"

#define DURATION_MIN 900
#define DURATION_MAX 43200

/* ---- the job ------------------------------------------------------------- */

static const struct text_field strings[] = {
	{ "profile", offsetof(struct console, profile), 256, true },
	{ "roleArn", offsetof(struct console, role_arn), ARN_MAX, true },
	{ "destination", offsetof(struct console, destination), 2048, true },
	{ "issuer", offsetof(struct console, issuer), 2048, false },
	{ "caBundle", offsetof(struct console, ca_bundle), 4096, false },
	{ "httpsProxy", offsetof(struct console, https_proxy), 1024, false },
	{ "noProxy", offsetof(struct console, no_proxy), 4096, false },
};

int
console_parse(const json_t *msg, struct console *ret, struct fault *fault)
{
	const struct partition *p;
	struct console c = { 0 };

	if (fields_texts(msg, strings, ARRAY_SIZE(strings), &c, fault) < 0 ||
	    fields_source(msg, &c.source, fault) < 0 ||
	    fields_times(msg, &c.connect_timeout, &c.timeout, fault) < 0)
		return -1;
	if (json_int_opt(msg, "duration", 0, DURATION_MAX, 0, &c.duration) <
		0 ||
	    (c.duration > 0 && c.duration < DURATION_MIN))
		return fields_bad(fault, "duration");
	p = partition_of_arn(c.role_arn);
	if (p == NULL || p->signin_host == NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("awsfed knows no sign-in page of the AWS console for "
		      "the partition of %s."),
		    c.role_arn);
		fault_next(fault,
		    _("Sign in to the console through your company's own "
		      "page."));
		return -1;
	}
	c.host = p->signin_host;
	*ret = c;
	return 0;
}

/* ---- request and answer -------------------------------------------------- */

/* The three members in the form that AWS documents: without blanks. */
static char *
session_of(const struct console *c)
{
	_cleanup_json_ json_t *o = json_object();

	json_put_str(o, "sessionId", c->source.access_key_id);
	json_put_str(o, "sessionKey", c->source.secret_access_key);
	json_put_str(o, "sessionToken", c->source.session_token);
	return json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
}

static int
add(struct buf *out, const char *name, const char *value)
{
	int r = buf_addf(out, "&%s=", name);

	return r < 0 ? r : form_escape(out, value);
}

int
console_request(const struct console *c, int64_t duration, struct buf *out)
{
	_cleanup_free_ char *session = session_of(c);
	int r = buf_adds(out, "Action=getSigninToken");

	if (r == 0 && duration > 0)
		r = buf_addf(out, "&SessionDuration=%" PRId64, duration);
	return r < 0 ? r : add(out, "Session", session);
}

char *
console_token(const char *bytes, size_t len)
{
	_cleanup_json_ json_t *o =
	    json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	const char *s;

	if (json_str(o, "SigninToken", CONSOLE_TOKEN_MAX, &s) < 0 ||
	    str_empty(s) || !str_printable(s) || strchr(s, ' ') != NULL)
		return NULL;
	return xstrdup(s);
}

int
console_url(const struct console *c, const char *token, struct buf *out)
{
	int r = buf_addf(out, "https://%s/federation?Action=login", c->host);

	if (r == 0 && c->issuer != NULL)
		r = add(out, "Issuer", c->issuer);
	if (r == 0)
		r = add(out, "Destination", c->destination);
	return r < 0 ? r : add(out, "SigninToken", token);
}

/* ---- the talk ------------------------------------------------------------- */

/*
 * The keys travel in a body first: an address is what proxies and servers write
 * into their logs.  Where the host takes no body, and where it does not take
 * the duration (a role assumed from a role), it is asked as documented.
 */
static const struct {
	bool in_url;
	bool duration;
} ways[] = {
	{ false, true },
	{ true, true },
	{ true, false },
};

/* Refused as such: another way of asking may be taken. */
static bool
asks_again(long status)
{
	return status == 400 || status == 403 || status == 404 ||
	    status == 405 || status == 414 || status == 415;
}

static void
refused(const struct console *c, const struct http_reply *r, const char *url,
    struct fault *fault)
{
	if (r->status == 200) {
		fault_set(fault, FAULT_PROTOCOL, REASON_MALFORMED,
		    _("%s answered with something that is no sign-in token."),
		    c->host);
		fault_next(fault, "%s", _("Try again in a while."));
	} else if (asks_again(r->status)) {
		fault_set(fault, FAULT_DENIED, REASON_REFUSED,
		    _("%s gives no sign-in to the console for %s (HTTP "
		      "status %ld)."),
		    c->host, c->role_arn, r->status);
		fault_next(fault, "awsfedctl refresh %s", c->profile);
	} else {
		http_fault_status(fault, r->status, url, r->retry_after);
	}
}

/* One request: 0 with the token; 1: another way; -1.  *fault in both. */
static int
attempt(struct http *h, const struct console *c, size_t way, char **ret_token,
    struct fault *fault)
{
	_cleanup_buf_ struct buf form = BUF_INIT(CONSOLE_BODY_MAX);
	_cleanup_free_ char *page = xasprintf("https://%s/federation", c->host);
	_cleanup_free_ char *url = NULL;
	struct http_call call = { .flags = HTTP_PUBLIC | HTTP_SECRET };
	int r = -1;

	if (console_request(c, ways[way].duration ? c->duration : 0, &form) < 0)
		return fields_bad(fault, "sessionToken");
	url = ways[way].in_url ? xasprintf("%s?%s", page, form.data) :
				 xstrdup(page);
	call.url = url;
	if (!ways[way].in_url) {
		call.body = form.data;
		call.body_len = form.len;
	}
	fault_done(fault);
	if (http_run(h, &call) < 0) {
		fault_copy(fault, &call.fault);
	} else {
		if (call.reply.status == 200)
			*ret_token = console_token(
			    call.reply.body.data, call.reply.body.len);
		if (*ret_token == NULL)
			refused(c, &call.reply, page, fault);
		r = *ret_token != NULL ? 0 :
		    asks_again(call.reply.status) || call.reply.status == 200 ?
					 1 :
					 -1;
	}
	http_call_done(&call);
	return r;
}

static int
run(struct conduit *conduit, const struct console *c, struct fault *fault)
{
	const struct http_settings set = {
		.ca_bundle = c->ca_bundle,
		.https_proxy = c->https_proxy,
		.no_proxy = c->no_proxy,
		.verify_provider = true,
		.connect_timeout = c->connect_timeout,
		.timeout = c->timeout,
		.watch_fd = conduit->fd,
		.worked = true, /* AWS has answered for these keys */
	};
	_cleanup_buf_ struct buf url = BUF_INIT(4 * CONSOLE_TOKEN_MAX);
	_cleanup_free_ char *token = NULL;
	struct http *h = http_new(&set, fault);
	json_t *msg;
	int r = 1;

	if (h == NULL)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(ways) && r == 1; i++)
		if (c->duration > 0 || ways[i].duration)
			r = attempt(h, c, i, &token, fault);
	http_free(h);
	if (r != 0)
		return -1;
	if (console_url(c, token, &url) < 0)
		return fields_bad(fault, "destination");
	msg = json_object();
	json_put_str(msg, "url", url.data);
	conduit_send(conduit, W_CONSOLE, msg);
	return 0;
}

void
console_job(struct conduit *conduit, const json_t *msg)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct console c;

	if (console_parse(msg, &c, &f) == 0 && run(conduit, &c, &f) == 0)
		return;
	/* Nobody tries this again but the person. */
	if (f.kind == FAULT_TEMPORARY)
		fault_next(&f,
		    _("Check the network or the VPN, and try again in a "
		      "moment."));
	conduit_fault(
	    conduit, json_string_value(json_object_get(msg, "profile")), &f);
}
