/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define TEXT_MAX 4096

static const struct {
	const char *name;
	int exit;
} kinds[FAULT_KIND_MAX] = {
	[FAULT_NONE] = { "", EXIT_OK },
	[FAULT_TEMPORARY] = { "temporary", EXIT_TEMPORARY },
	[FAULT_REJECTED] = { "rejected", EXIT_REFUSED },
	[FAULT_DENIED] = { "denied", EXIT_REFUSED },
	[FAULT_NEEDS_USER] = { "needs-user", EXIT_NEEDS_LOGIN },
	[FAULT_CONFIG] = { "config", EXIT_FAILED },
	[FAULT_PROTOCOL] = { "protocol", EXIT_FAILED },
	[FAULT_SECURITY] = { "security", EXIT_FAILED },
	[FAULT_CANCELLED] = { "cancelled", EXIT_FAILED },
	[FAULT_INTERNAL] = { "internal", EXIT_FAILED },
};

static const char *const reasons[REASON_MAX] = {
	[REASON_NONE] = "",
	[REASON_OFFLINE] = "offline",
	[REASON_UNREACHABLE] = "unreachable",
	[REASON_VPN_DOWN] = "vpn-down",
	[REASON_CAPTIVE_PORTAL] = "captive-portal",
	[REASON_SERVER] = "server-error",
	[REASON_BUSY] = "busy",
	[REASON_TLS] = "tls",
	[REASON_FOREIGN_HOST] = "foreign-host",
	[REASON_PASSWORD] = "password-refused",
	[REASON_SECOND_FACTOR] = "second-factor",
	[REASON_REFUSED] = "refused",
	[REASON_GONE] = "gone",
	[REASON_EXPIRED] = "expired",
	[REASON_CLOCK] = "clock",
	[REASON_UNKNOWN_PAGE] = "unknown-page",
	[REASON_ERROR_PAGE] = "error-page",
	[REASON_MALFORMED] = "malformed",
	[REASON_DURATION] = "duration",
	[REASON_REGION] = "region-disabled",
	[REASON_LEDGER] = "attempt-spent",
	[REASON_BUDGET] = "retries-spent",
	[REASON_SETTINGS] = "settings",
	[REASON_FILE] = "file",
	[REASON_TIMEOUT] = "timeout",
	[REASON_WORKER] = "worker-died",
	[REASON_LOCKED] = "locked",
	[REASON_POLICY] = "policy",
	[REASON_KEYRING] = "keyring-locked",
};

const char *
fault_kind_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

int
fault_kind_from(const char *name, enum fault_kind *ret)
{
	for (int i = FAULT_NONE + 1; i < FAULT_KIND_MAX; i++) {
		if (str_eq(kinds[i].name, name)) {
			*ret = (enum fault_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *
reason_name(enum reason reason)
{
	return reasons[reason];
}

int
reason_from(const char *name, enum reason *ret)
{
	for (int i = REASON_NONE; i < REASON_MAX; i++) {
		if (str_eq(reasons[i], name)) {
			*ret = (enum reason)i;
			return 0;
		}
	}
	return -EINVAL;
}

int
fault_set(struct fault *f, enum fault_kind kind, enum reason reason,
    const char *fmt, ...)
{
	_cleanup_free_ char *raw = NULL;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	raw = xvasprintf(fmt, ap);
	va_end(ap);
	text = str_clean(raw, TEXT_MAX); /* fmt may quote f->text */
	fault_done(f);
	f->kind = kind;
	f->reason = reason;
	f->text = text;
	return -1;
}

void
fault_next(struct fault *f, const char *fmt, ...)
{
	_cleanup_free_ char *raw = NULL;
	va_list ap;

	va_start(ap, fmt);
	raw = xvasprintf(fmt, ap);
	va_end(ap);
	xreplace(&f->next, str_clean(raw, TEXT_MAX));
}

void
fault_request(struct fault *f, const char *request)
{
	xreplace(&f->request, str_clean(request, 128));
}

void
fault_copy(struct fault *to, const struct fault *from)
{
	if (to == from)
		return;
	fault_done(to);
	to->kind = from->kind;
	to->reason = from->reason;
	to->text = xstrdup(from->text);
	to->next = xstrdup(from->next);
	to->request = xstrdup(from->request);
	to->retry_after = from->retry_after;
}

void
fault_done(struct fault *f)
{
	xfree(f->text);
	xfree(f->next);
	xfree(f->request);
	*f = (struct fault){ 0 };
}

bool
fault_is(const struct fault *f)
{
	return f->kind != FAULT_NONE;
}

bool
fault_of_network(const struct fault *f)
{
	if (f->kind != FAULT_TEMPORARY || f->retry_after > 0)
		return false;
	/* TLS: the handshake broke; a bad certificate is no temporary fault. */
	return f->reason == REASON_OFFLINE || f->reason == REASON_UNREACHABLE ||
	    f->reason == REASON_VPN_DOWN ||
	    f->reason == REASON_CAPTIVE_PORTAL || f->reason == REASON_TLS ||
	    f->reason == REASON_TIMEOUT;
}

int
fault_exit(enum fault_kind kind)
{
	return kinds[kind].exit;
}

static void
put(json_t *o, const char *key, const char *value)
{
	if (!str_empty(value))
		json_object_set_new(o, key, json_string(value));
}

json_t *
fault_to_json(const struct fault *f)
{
	json_t *o = json_object();

	put(o, "kind", kinds[f->kind].name);
	put(o, "reason", reasons[f->reason]);
	put(o, "text", f->text);
	put(o, "next", f->next);
	put(o, "request", f->request);
	if (f->retry_after > 0)
		json_object_set_new(
		    o, "retryAfter", json_integer(f->retry_after));
	return o;
}

int
fault_from_json(const json_t *j, struct fault *ret)
{
	const char *text;
	json_int_t after;

	if (!json_is_object(j))
		return -EINVAL;
	fault_done(ret);
	ret->kind = FAULT_INTERNAL;
	(void)fault_kind_from(
	    json_string_value(json_object_get(j, "kind")), &ret->kind);
	(void)reason_from(
	    json_string_value(json_object_get(j, "reason")), &ret->reason);
	text = json_string_value(json_object_get(j, "text"));
	ret->text = str_clean(text == NULL ? "" : text, TEXT_MAX);
	ret->next =
	    str_clean(json_string_value(json_object_get(j, "next")), TEXT_MAX);
	ret->request =
	    str_clean(json_string_value(json_object_get(j, "request")), 128);
	after = json_integer_value(json_object_get(j, "retryAfter"));
	ret->retry_after = after < 0 ? 0 : after > 86400 ? 86400 : after;
	return 0;
}
