/* SPDX-License-Identifier: Apache-2.0 */
/* In place of daemon/worker/http.c: the answers come from the input. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "fake-peer.h"
#include "http.h"
#include "origin.h"

#define SEPARATOR "%%% "
#define GOOD "{{SAML}}"

struct http {
	struct http_call *queue[64];
	size_t nqueue;
};

/* ---- time --------------------------------------------------------------- */

static int64_t
fake_real(void *arg)
{
	(void)arg;
	return FAKE_NOW * USEC + fake.now;
}

static int64_t
fake_boot(void *arg)
{
	(void)arg;
	return USEC + fake.now;
}

/* The linker puts it in the place of lib's. */
extern const struct clk __wrap_clk_system;
const struct clk __wrap_clk_system = { fake_real, fake_boot, NULL };

static void
pass(int64_t us)
{
	fake.now += us;
	if (fake.now > FAKE_TIME_MAX)
		fake_wrong("the job does not end");
}

/* ---- the answers ---------------------------------------------------------- */

static const char *
separator(const char *p, size_t n)
{
	for (const char *q = p; (q = memmem(q, n - (size_t)(q - p), SEPARATOR,
				     strlen(SEPARATOR))) != NULL;
	     q++)
		if (q == p || q[-1] == '\n')
			return q;
	return NULL;
}

/* The next answer's header line and body. */
static bool
next_answer(char head[200], const char **ret_body, size_t *ret_len)
{
	const char *p = fake.pages, *eol, *end;
	size_t n = fake.left, used;

	if (p == NULL || (p = separator(p, n)) == NULL) {
		if (!fake.repeat || fake.last == NULL)
			return false;
		p = fake.last;
		n = fake.last_len;
	} else {
		n -= (size_t)(p - fake.pages);
	}
	fake.last = p;
	fake.last_len = n;
	eol = memchr(p, '\n', n);
	used = eol == NULL ? n : (size_t)(eol - p) + 1;
	snprintf(head, 200, "%.*s",
	    (int)(used < 199 ? used : 199) - (int)strlen(SEPARATOR),
	    p + strlen(SEPARATOR));
	str_trim(head);
	end = separator(p + used, n - used);
	*ret_body = p + used;
	*ret_len = end == NULL ? n - used : (size_t)(end - p) - used;
	if (p >= fake.pages) {
		fake.pages = end;
		fake.left = end == NULL ? 0 : n - (size_t)(end - p);
	}
	return true;
}

/* A response that saml.c takes at the time it is by our clock. */
static char *
good_assertion(void)
{
	static const char xml[] =
	    "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:"
	    "protocol\" ID=\"_1\" Version=\"2.0\" IssueInstant=\"%s\" "
	    "Destination=\"https://signin.aws.amazon.com/saml\"><samlp:Status>"
	    "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:"
	    "Success\"/></samlp:Status><Assertion xmlns=\"urn:oasis:names:tc:"
	    "SAML:2.0:assertion\" ID=\"_2\" IssueInstant=\"%s\" "
	    "Version=\"2.0\"><Issuer>http://" FAKE_HOST "/adfs/services/trust"
	    "</Issuer><Subject><NameID>CORP\\jane</NameID>"
	    "<SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:"
	    "bearer\"><SubjectConfirmationData NotOnOrAfter=\"%s\" "
	    "Recipient=\"https://signin.aws.amazon.com/saml\"/>"
	    "</SubjectConfirmation></Subject><Conditions NotOnOrAfter=\"%s\">"
	    "<AudienceRestriction><Audience>urn:amazon:webservices</Audience>"
	    "</AudienceRestriction></Conditions><AttributeStatement>"
	    "<Attribute Name=\"https://aws.amazon.com/SAML/Attributes/"
	    "RoleSessionName\"><AttributeValue>jane</AttributeValue>"
	    "</Attribute><Attribute Name=\"https://aws.amazon.com/SAML/"
	    "Attributes/Role\"><AttributeValue>arn:aws:iam::123456789012:"
	    "role/A,arn:aws:iam::123456789012:saml-provider/ADFS"
	    "</AttributeValue></Attribute></AttributeStatement></Assertion>"
	    "</samlp:Response>";
	int64_t now = FAKE_NOW + fake.now / USEC;
	char begin[RFC3339_SIZE], end[RFC3339_SIZE];
	_cleanup_free_ char *text = NULL;
	char *out;

	rfc3339_format(now, begin);
	rfc3339_format(now + 300, end);
	text = xasprintf(xml, begin, begin, end, end);
	out = xmalloc(strlen(text) / 3 * 4 + 8);
	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text,
	    (int)strlen(text));
	return out;
}

static void
fill_body(struct buf *out, const char *body, size_t len)
{
	const char *mark = memmem(body, len, GOOD, strlen(GOOD));

	if (mark == NULL) {
		(void)!buf_add(out, body, len);
		return;
	}
	_cleanup_free_ char *saml = good_assertion();

	(void)!buf_add(out, body, (size_t)(mark - body));
	(void)!buf_adds(out, saml);
	mark += strlen(GOOD);
	(void)!buf_add(out, mark, len - (size_t)(mark - body));
}

static int
no_answer(struct http_call *c)
{
	c->failed = true;
	c->sent = (fake.calls & 1) != 0;
	fault_set(&c->fault, FAULT_TEMPORARY, REASON_UNREACHABLE,
	    "The network is gone.");
	fault_next(&c->fault, "try again");
	return -1;
}

static int
answer(struct http_call *c)
{
	struct http_reply *r = &c->reply;
	char head[200], *rest;
	const char *body;
	size_t len;

	buf_init(&r->body, HTTP_BODY_MAX);
	if (!next_answer(head, &body, &len))
		return no_answer(c);
	r->status = strtol(head, &rest, 10);
	str_trim(rest);
	if (r->status < 100 || r->status > 599)
		return no_answer(c);
	c->sent = true;
	if (r->status / 100 == 3 && *rest != '\0')
		r->redirect = url_resolve(c->url, rest);
	else if (r->status == 401 && *rest != '\0')
		r->authenticate = xstrdup(rest);
	else
		r->retry_after = strtol(rest, NULL, 10) & 4095;
	r->content_type = xstrdup("text/html; charset=utf-8");
	fill_body(&r->body, body, len);
	return 0;
}

/* ---- what leaves must be right -------------------------------------------- */

static bool
holds(const struct http_call *c, const char *secret)
{
	return strstr(c->url, secret) != NULL ||
	    (c->body != NULL &&
		memmem(c->body, c->body_len, secret, strlen(secret)) != NULL);
}

static void
look(const struct http_call *c)
{
	_cleanup_origin_ struct origin o = { 0 };
	bool home, partner;

	fake_trace(c->body == NULL ? "GET" : "POST", c->url);
	if (origin_parse(c->url, &o) < 0)
		fake_wrong("a request to what is not a URL");
	if (strcmp(o.scheme, "https") != 0)
		fake_wrong("a request without TLS");
	home = strcmp(o.host, FAKE_HOST) == 0 && strcmp(o.port, "443") == 0;
	partner =
	    strcmp(o.host, FAKE_PARTNER) == 0 && strcmp(o.port, "443") == 0;
	if (holds(c, fake.password)) {
		if (!(home || partner) || (c->flags & HTTP_SECRET) == 0 ||
		    c->body == NULL || strstr(c->url, fake.password) != NULL)
			fake_wrong("a password where it does not belong");
		if (++fake.password_posts > fake.attempts)
			fake_wrong("a password that the agent did not allow");
	}
	if (holds(c, fake.code) && !home &&
	    !str_ends(o.host, ".duosecurity.com"))
		fake_wrong("a code to a foreign host");
	if (++fake.calls > FAKE_CALLS_MAX)
		fake_wrong("requests without an end");
	pass(20 * MSEC);
}

/* ---- http.h ----------------------------------------------------------------- */

struct http *
http_new(const struct http_settings *set, struct fault *fault)
{
	(void)set;
	(void)fault;
	return xcalloc(1, sizeof(struct http));
}

struct http *
http_free(struct http *h)
{
	xfree(h);
	return NULL;
}

const char *
http_request_id(const struct http *h)
{
	(void)h;
	return "00000000-0000-4000-8000-000000000000";
}

int
http_run(struct http *h, struct http_call *c)
{
	(void)h;
	look(c);
	return answer(c);
}

void
http_start(struct http *h, struct http_call *c)
{
	look(c);
	if (h->nqueue == ARRAY_SIZE(h->queue))
		fake_wrong("more requests than roles");
	h->queue[h->nqueue++] = c;
}

struct http_call *
http_next(struct http *h, int64_t timeout)
{
	struct http_call *c;

	if (h->nqueue == 0) {
		pass(timeout < 0 ? USEC : timeout * MSEC);
		return NULL;
	}
	c = h->queue[--h->nqueue];
	(void)!answer(c);
	return c;
}

size_t
http_running(const struct http *h)
{
	return h->nqueue;
}

void
http_call_done(struct http_call *c)
{
	xfree(c->reply.redirect);
	xfree(c->reply.content_type);
	xfree(c->reply.authenticate);
	buf_done(&c->reply.body);
	fault_done(&c->fault);
	c->reply = (struct http_reply){ 0 };
	c->failed = c->sent = false;
}

void
http_windows(struct http *h, bool windows)
{
	(void)h;
	(void)windows;
}

void
http_certificate(struct http *h, const struct certificate *cert)
{
	(void)h;
	(void)cert;
}

void
http_cookies_set(struct http *h, const json_t *lines)
{
	(void)h;
	(void)lines;
}

json_t *
http_cookies(struct http *h)
{
	(void)h;
	return json_array();
}

void
http_cookies_clear(struct http *h)
{
	(void)h;
}
