/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "form.h"
#include "http.h"
#include "sigv4.h"
#include "state.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

/* The parts of an Authorization header. */
struct claim {
	char *id;
	char *date; /* 20261122 */
	char *region;
	char *service;
	char *signed_headers;
	char *signature;
};

static void
claim_done(struct claim *c)
{
	xfree(c->id);
	xfree(c->date);
	xfree(c->region);
	xfree(c->service);
	xfree(c->signed_headers);
	xfree(c->signature);
}

/* NAME=value up to the comma; xalloc string or NULL. */
static char *
part(const char *header, const char *name)
{
	const char *p = strstr(header, name);

	if (p == NULL)
		return NULL;
	p += strlen(name);
	return xstrndup(p, strcspn(p, ", "));
}

static int
parse_claim(const char *header, struct claim *ret)
{
	_cleanup_free_ char *scope = NULL;
	char *save = NULL, *piece[5];

	if (!str_starts(header, ALGORITHM " "))
		return -EINVAL;
	scope = part(header, "Credential=");
	ret->signed_headers = part(header, "SignedHeaders=");
	ret->signature = part(header, "Signature=");
	if (scope == NULL || ret->signed_headers == NULL ||
	    ret->signature == NULL)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(piece); i++)
		if ((piece[i] = strtok_r(i == 0 ? scope : NULL, "/", &save)) ==
		    NULL)
			return -EINVAL;
	if (strtok_r(NULL, "/", &save) != NULL ||
	    !str_eq(piece[4], "aws4_request"))
		return -EINVAL;
	ret->id = xstrdup(piece[0]);
	ret->date = xstrdup(piece[1]);
	ret->region = xstrdup(piece[2]);
	ret->service = xstrdup(piece[3]);
	return 0;
}

/* 20261122T180000Z */
static int
parse_stamp(const char *text, int64_t *ret)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y%m%dT%H%M%SZ", &tm);

	if (strlen(text) != 16 || end == NULL || *end != '\0')
		return -EINVAL;
	*ret = timegm(&tm);
	return 0;
}

/* Trimmed, runs of blanks as one. */
static void
put_header_value(struct buf *b, const char *value)
{
	bool blank = false;

	for (value += strspn(value, " \t"); *value != '\0'; value++) {
		if (*value == ' ' || *value == '\t') {
			blank = true;
			continue;
		}
		put(b, "%s%c", blank ? " " : "", *value);
		blank = false;
	}
}

static int
compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Sorted by name, then value, each percent-encoded. */
static int
put_query(struct buf *b, const char *query)
{
	_cleanup_form_ struct form f = { 0 };
	_cleanup_strv_ struct strv sv = { 0 };

	if (form_parse(query, &f) < 0)
		return -EINVAL;
	for (size_t i = 0; i < f.n; i++) {
		_cleanup_free_ char *name = url_encode(f.v[i].name);
		_cleanup_free_ char *value = url_encode(f.v[i].value);

		strv_take(&sv, xasprintf("%s=%s", name, value));
	}
	if (sv.n > 1)
		qsort(sv.v, sv.n, sizeof(*sv.v), compare_names);
	for (size_t i = 0; i < sv.n; i++)
		put(b, "%s%s", i > 0 ? "&" : "", sv.v[i]);
	return 0;
}

static int
put_headers(struct buf *b, const struct request *q, const char *list,
    const char **ret_missing)
{
	_cleanup_free_ char *copy = xstrdup(list);
	const char *before = "";
	char *save = NULL;

	for (char *name = strtok_r(copy, ";", &save); name != NULL;
	     name = strtok_r(NULL, ";", &save)) {
		bool any = false;

		if (strcmp(before, name) >= 0) {
			*ret_missing = "sorted order";
			return -EINVAL;
		}
		put(b, "%s:", name);
		for (size_t i = 0; i < q->headers.n; i++) {
			if (strcasecmp(q->headers.v[i].name, name) != 0)
				continue;
			put(b, "%s", any ? "," : "");
			put_header_value(b, q->headers.v[i].value);
			any = true;
		}
		put(b, "\n");
		if (!any) {
			*ret_missing = "a header that is not there";
			return -EINVAL;
		}
		before = name;
	}
	return 0;
}

static bool
list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; (p = strstr(p, name)) != NULL; p += len)
		if ((p == list || p[-1] == ';') &&
		    (p[len] == ';' || p[len] == '\0'))
			return true;
	return false;
}

static void
hmac(const void *key, size_t key_len, const char *data, unsigned char out[32])
{
	unsigned int len = 32;

	if (HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)data,
		strlen(data), out, &len) == NULL)
		abort();
}

static void
signature(const struct key *k, const struct claim *c, const char *string,
    char out[65])
{
	_cleanup_free_ char *seed = xasprintf("AWS4%s", k->secret);
	unsigned char a[32], b[32];

	hmac(seed, strlen(seed), c->date, a);
	hmac(a, sizeof(a), c->region, b);
	hmac(b, sizeof(b), c->service, a);
	hmac(a, sizeof(a), "aws4_request", b);
	hmac(b, sizeof(b), string, a);
	str_hex(a, sizeof(a), out);
}

static int
deny(struct sigv4_error *e, const char *code, char *message)
{
	e->code = code;
	xreplace(&e->message, message);
	return -EACCES;
}

/* Scope, date and header rules that hold whatever the key. */
static int
check_claim(const struct request *q, const struct claim *c, const char *stamp,
    struct sigv4_error *e)
{
	_cleanup_free_ char *host = request_host(q), *region = NULL;
	int64_t when, now = sim_now();

	if (parse_stamp(stamp, &when) < 0)
		return deny(e, "IncompleteSignature",
		    xstrdup("Date must be "
			    "in ISO-8601 'basic format'."));
	if (!str_starts(stamp, c->date))
		return deny(e, "SignatureDoesNotMatch",
		    xstrdup("Date in "
			    "Credential scope does not match YYYYMMDD from "
			    "ISO-8601 "
			    "version of date from HTTP."));
	if (when < now - SIGV4_SKEW || when > now + SIGV4_SKEW)
		return deny(e, "SignatureDoesNotMatch",
		    xasprintf("Signature "
			      "%s: %s is now %s than the server's time allows "
			      "(%d min.)",
			when < now ? "expired" : "not yet current", stamp,
			when < now ? "earlier" : "later", SIGV4_SKEW / 60));
	if (!str_eq(c->service, "sts"))
		return deny(e, "SignatureDoesNotMatch",
		    xstrdup("Credential "
			    "should be scoped to correct service: 'sts'."));
	if (str_starts(host, "sts.") && strstr(host, ".amazonaws.") != NULL) {
		region = xstrndup(host + 4, strcspn(host + 4, "."));
		if (str_eq(region, "amazonaws"))
			xreplace(&region, xstrdup("us-east-1"));
		if (!str_eq(region, c->region))
			return deny(e, "SignatureDoesNotMatch",
			    xasprintf("Credential should be scoped to a valid "
				      "region: '%s'.",
				region));
	}
	if (!list_has(c->signed_headers, "host") ||
	    !list_has(c->signed_headers, "x-amz-date"))
		return deny(e, "SignatureDoesNotMatch",
		    xstrdup("'Host' and "
			    "'X-Amz-Date' must be signed headers."));
	return 0;
}

static int
check_signature(const struct request *q, const struct claim *c,
    const char *stamp, const struct key *k, struct sigv4_error *e)
{
	struct buf text = BUF_INIT(HTTP_MAX_HEAD * 4);
	_cleanup_free_ char *string = NULL;
	const char *missing = NULL;
	char payload[65], digest[65], want[65];
	int r;

	sha256_hex(q->body, q->body_len, payload);
	put(&text, "%s\n%s\n", q->method, q->path);
	r = put_query(&text, q->query);
	put(&text, "\n");
	if (r == 0)
		r = put_headers(&text, q, c->signed_headers, &missing);
	put(&text, "\n%s\n%s", c->signed_headers, payload);
	sha256_hex(text.data, text.len, digest);
	buf_done(&text);
	if (r < 0)
		return deny(e, "SignatureDoesNotMatch",
		    xasprintf("The signed "
			      "headers name %s.",
			missing != NULL ? missing : "nothing"));
	string = xasprintf(ALGORITHM "\n%s\n%s/%s/%s/aws4_request\n%s", stamp,
	    c->date, c->region, c->service, digest);
	signature(k, c, string, want);
	if (strlen(c->signature) != 64 ||
	    CRYPTO_memcmp(want, c->signature, 64) != 0)
		return deny(e, "SignatureDoesNotMatch",
		    xstrdup("The request "
			    "signature we calculated does not match the "
			    "signature you "
			    "provided. Check your AWS Secret Access Key and "
			    "signing "
			    "method. Consult the service documentation for "
			    "details."));
	return 0;
}

int
sigv4_verify(struct sim *s, const struct request *q, const struct key **ret,
    struct sigv4_error *ret_error)
{
	__attribute__((cleanup(claim_done))) struct claim c = { 0 };
	const char *header = request_header(q, "authorization");
	const char *stamp = request_header(q, "x-amz-date");
	const char *token = request_header(q, "x-amz-security-token");
	const struct key *k;
	int r;

	if (header == NULL)
		return deny(ret_error, "MissingAuthenticationToken",
		    xstrdup("Request is missing Authentication Token"));
	if (stamp == NULL || parse_claim(header, &c) < 0)
		return deny(ret_error, "IncompleteSignature",
		    xstrdup("Authorization header requires 'Credential', "
			    "'SignedHeaders', 'Signature' and a date."));
	r = check_claim(q, &c, stamp, ret_error);
	if (r < 0)
		return r;
	k = key_find(s, c.id);
	if (k == NULL || !str_eq(k->token, token))
		return deny(ret_error, "InvalidClientTokenId",
		    xstrdup(
			"The "
			"security token included in the request is invalid."));
	if (!list_has(c.signed_headers, "x-amz-security-token"))
		sim_violation(s, "the security token was not signed");
	r = check_signature(q, &c, stamp, k, ret_error);
	if (r < 0)
		return r;
	if (sim_now() >= k->expires)
		return deny(ret_error, "ExpiredToken",
		    xstrdup("The security "
			    "token included in the request is expired"));
	*ret = k;
	return 0;
}
