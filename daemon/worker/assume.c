/* SPDX-License-Identifier: Apache-2.0 */
#include "assume.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "awsfed/clock.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "fields.h"
#include "http.h"

#define SKEW_NAMED 60 /* seconds from which a clock is to blame */

/* ---- the job ------------------------------------------------------------- */

static const struct text_field strings[] = {
	{ "sessionName", offsetof(struct assume, session_name), 64, true },
	{ "externalId", offsetof(struct assume, external_id), 1224, false },
	{ "sourceIdentity", offsetof(struct assume, source_identity), 64,
	    false },
	{ "caBundle", offsetof(struct assume, ca_bundle), 4096, false },
	{ "httpsProxy", offsetof(struct assume, https_proxy), 1024, false },
	{ "noProxy", offsetof(struct assume, no_proxy), 4096, false },
};

static bool
all_strings(const json_t *tags, const json_t *keys)
{
	const char *key;
	json_t *v;
	size_t i;

	if ((tags != NULL && !json_is_object(tags)) ||
	    (keys != NULL && !json_is_array(keys)) ||
	    json_object_size(tags) > ASSUME_TAGS_MAX ||
	    json_array_size(keys) > ASSUME_TAGS_MAX)
		return false;
	json_object_foreach ((json_t *)(uintptr_t)tags, key, v)
		if (!json_is_string(v))
			return false;
	json_array_foreach (keys, i, v)
		if (!json_is_string(v))
			return false;
	return true;
}

int
assume_parse(const json_t *msg, struct assume *ret, struct fault *fault)
{
	struct assume a = { 0 };

	if (sts_target_parse(msg, &a.role, fault) < 0)
		return -1;
	if (fields_texts(msg, strings, ARRAY_SIZE(strings), &a, fault) < 0 ||
	    fields_source(msg, &a.source, fault) < 0 ||
	    fields_times(msg, &a.connect_timeout, &a.timeout, fault) < 0)
		return -1;
	/* It becomes a line of a header. */
	if (!str_printable(a.source.session_token))
		return fields_bad(fault, "sessionToken");
	if (json_bool_opt(
		msg, "allowHttpLoopback", false, &a.allow_http_loopback) < 0)
		return fields_bad(fault, "allowHttpLoopback");
	a.tags = json_object_get(msg, "tags");
	a.transitive = json_object_get(msg, "transitiveTagKeys");
	if (!all_strings(a.tags, a.transitive))
		return fields_bad(fault, "tags");
	*ret = a;
	return 0;
}

/* ---- request and answer -------------------------------------------------- */

static int
add_tags(const struct assume *a, struct buf *out)
{
	char name[48];
	const char *key;
	size_t i = 0, k;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)a->tags, key, v) {
		i++;
		snprintf(name, sizeof(name), "Tags.member.%zu.Key", i);
		if (sts_add(out, name, key) < 0)
			return -EMSGSIZE;
		snprintf(name, sizeof(name), "Tags.member.%zu.Value", i);
		if (sts_add(out, name, json_string_value(v)) < 0)
			return -EMSGSIZE;
	}
	json_array_foreach (a->transitive, k, v) {
		snprintf(
		    name, sizeof(name), "TransitiveTagKeys.member.%zu", k + 1);
		if (sts_add(out, name, json_string_value(v)) < 0)
			return -EMSGSIZE;
	}
	return 0;
}

int
assume_request(const struct assume *a, struct buf *out)
{
	if (sts_add(out, "Action", "AssumeRole") < 0 ||
	    sts_add(out, "Version", "2011-06-15") < 0 ||
	    sts_add(out, "RoleArn", a->role.role_arn) < 0 ||
	    sts_add(out, "RoleSessionName", a->session_name) < 0 ||
	    sts_add_limits(out, &a->role) < 0)
		return -EMSGSIZE;
	if (a->external_id != NULL &&
	    sts_add(out, "ExternalId", a->external_id) < 0)
		return -EMSGSIZE;
	if (a->source_identity != NULL &&
	    sts_add(out, "SourceIdentity", a->source_identity) < 0)
		return -EMSGSIZE;
	return add_tags(a, out);
}

void
assume_fault(const struct assume *a, const struct sts_answer *answer,
    long status, int64_t retry_after, int64_t skew_s, struct fault *fault)
{
	int64_t off = skew_s < 0 ? -skew_s : skew_s;
	const char *code = answer == NULL ? NULL : answer->code;

	sts_fault(answer, status, a->role.role_arn, retry_after, fault);
	if (off < SKEW_NAMED ||
	    (!str_eq(code, "SignatureDoesNotMatch") &&
		!str_eq(code, "RequestExpired")))
		return;
	fault_set(fault, FAULT_TEMPORARY, REASON_CLOCK,
	    skew_s > 0 ?
		_("AWS did not accept the signature of the request for %s: "
		  "the clock of this computer is %" PRId64
		  " minutes behind that of AWS.") :
		_("AWS did not accept the signature of the request for %s: "
		  "the clock of this computer is %" PRId64
		  " minutes ahead of that of AWS."),
	    a->role.role_arn, (off + 59) / 60);
	fault_next(fault,
	    _("Set the clock, for instance with: sudo timedatectl set-ntp "
	      "true"));
}

static void
deliver(struct conduit *c, const struct assume *a,
    const struct sts_answer *answer, const struct http_reply *r,
    int64_t learned)
{
	int64_t now = r->dated ? r->date_s : clk_real(&clk_system) / USEC;
	char expiration[RFC3339_SIZE];
	json_t *m = json_object();

	rfc3339_format(answer->expiration_s, expiration);
	json_put_str(m, "profile", a->role.profile);
	json_put_str(m, "roleArn", a->role.role_arn);
	json_put_str(m, "principal", answer->principal);
	json_put_str(m, "accessKeyId", answer->access_key_id);
	json_put_str(m, "secretAccessKey", answer->secret_access_key);
	json_put_str(m, "sessionToken", answer->session_token);
	json_put_str(m, "expiration", expiration);
	json_object_set_new(
	    m, "lifetime", json_integer(answer->expiration_s - now));
	if (r->dated)
		json_object_set_new(m, "skew", json_integer(r->skew_s));
	json_put_int(m, "maxDuration", learned);
	conduit_send(c, W_CREDENTIALS, m);
}

/* ---- the talk ------------------------------------------------------------- */

/* One request.  0 done; 1: again, with the hour; -1 with *fault. */
static int
attempt(struct http *h, struct conduit *c, const struct assume *a,
    const char *url, int64_t learned, struct fault *fault)
{
	_cleanup_free_ char *region = sts_signing_region(&a->role);
	_cleanup_answer_ struct sts_answer answer = { 0 };
	_cleanup_buf_ struct buf body = BUF_INIT(STS_BODY_MAX);
	struct http_signature sign = { region, "sts", a->source.access_key_id,
		a->source.secret_access_key, a->source.session_token };
	struct http_call call;
	int bad_answer, r = 0;

	if (assume_request(a, &body) < 0) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The request for %s is too large."), a->role.role_arn);
		fault_next(fault,
		    _("Shorten awsfed.policy or awsfed.session_tags of %s."),
		    a->role.profile);
		return -1;
	}
	call = (struct http_call){ .url = url,
		.body = body.data,
		.body_len = body.len,
		.flags = a->role.endpoint != NULL ? 0 : HTTP_PUBLIC,
		.sign = &sign };
	if (http_run(h, &call) < 0) {
		fault_copy(fault, &call.fault);
		http_call_done(&call);
		return -1;
	}
	bad_answer =
	    sts_parse(call.reply.body.data, call.reply.body.len, &answer);
	if (bad_answer == 0 && call.reply.status == 200 &&
	    answer.access_key_id != NULL) {
		deliver(c, a, &answer, &call.reply, learned);
	} else if (bad_answer == 0 && sts_duration_refused(&answer) &&
	    a->role.duration > ASSUME_DURATION_MAX) {
		r = 1;
	} else {
		assume_fault(a, bad_answer == 0 ? &answer : NULL,
		    call.reply.status, call.reply.retry_after,
		    call.reply.skew_s, fault);
		r = -1;
	}
	http_call_done(&call);
	return r;
}

static int
run(struct conduit *c, struct assume *a, struct fault *fault)
{
	const struct http_settings set = {
		.ca_bundle = a->ca_bundle,
		.https_proxy = a->https_proxy,
		.no_proxy = a->no_proxy,
		.verify_provider = true,
		.connect_timeout = a->connect_timeout,
		.timeout = a->timeout,
		.watch_fd = c->fd,
		.worked = true, /* the source's keys came from there */
	};
	_cleanup_free_ char *url =
	    sts_endpoint(&a->role, a->allow_http_loopback, fault);
	struct http *h;
	int r;

	if (url == NULL || (h = http_new(&set, fault)) == NULL)
		return -1;
	r = attempt(h, c, a, url, 0, fault);
	if (r == 1) {
		a->role.duration = ASSUME_DURATION_MAX;
		r = attempt(h, c, a, url, ASSUME_DURATION_MAX, fault);
	}
	http_free(h);
	return r;
}

void
assume_job(struct conduit *c, const json_t *msg)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct assume a;

	if (assume_parse(msg, &a, &f) < 0 || run(c, &a, &f) < 0)
		conduit_fault(
		    c, json_string_value(json_object_get(msg, "profile")), &f);
}
