/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <awsfed/paths.h>
#include <awsfed/xalloc.h>

#include "form.h"
#include "mishap.h"
#include "saml.h"
#include "state.h"
#include "tls.h"

#define NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define NS_PROTOCOL "urn:oasis:names:tc:SAML:2.0:protocol"
#define NS_DSIG "http://www.w3.org/2000/09/xmldsig#"
#define EXC_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"
#define STATUS "urn:oasis:names:tc:SAML:2.0:status:"
#define AWS_ATTRIBUTE "https://aws.amazon.com/SAML/Attributes/"
#define SAML_MAX (512 * 1024)

struct signer {
	pthread_t thread;
	bool joined;
	EVP_PKEY *key;
	char *cert; /* base64 of the DER */
	char *path;
};

/* Everything that one response says. */
struct saying {
	const struct user *user;
	const struct mishap *m;
	char *issuer;
	char *response_id;
	char *id;
	int64_t now;
	const char *destination;
	const char *recipient;
	const char *audience;
	const char *in_response_to; /* or NULL */
	char *base;		    /* https://HOST */
	int64_t redeem_until;
	struct strv pairs;
};

/* Seconds as SAML writes them; two slots, so that one call may use both. */
static const char *
stamp(int64_t s)
{
	static char slots[4][40];
	static unsigned int next;
	char *out = slots[next++ % 4];
	time_t t = (time_t)s;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 40, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
	return out;
}

static void *
make_key(void *arg)
{
	struct signer *g = arg;
	unsigned char *der = NULL;
	X509 *x;
	FILE *f;
	int len;

	g->key = EVP_RSA_gen(2048);
	if (g->key == NULL)
		abort();
	x = tls_self_signed(g->key, "ADFS Signing - simulator", 365);
	if (x == NULL || (len = i2d_X509(x, &der)) <= 0)
		abort();
	g->cert = b64_encode(der, (size_t)len);
	OPENSSL_free(der);
	f = fopen(g->path, "we");
	if (f != NULL) {
		PEM_write_X509(f, x);
		fclose(f);
	}
	X509_free(x);
	OPENSSL_thread_stop();
	return NULL;
}

void
saml_init(struct sim *s)
{
	struct signer *g = xcalloc(1, sizeof(*g));

	g->path = path_join(s->dir, "saml-cert.pem");
	if (pthread_create(&g->thread, NULL, make_key, g) != 0)
		abort();
	s->saml = g;
}

static struct signer *
signer_get(struct sim *s)
{
	struct signer *g = s->saml;

	if (!g->joined)
		pthread_join(g->thread, NULL);
	g->joined = true;
	return g;
}

void
saml_done(struct sim *s)
{
	struct signer *g;

	if (s->saml == NULL)
		return;
	g = signer_get(s);
	EVP_PKEY_free(g->key);
	xfree(g->cert);
	xfree(g->path);
	xfree(g);
	s->saml = NULL;
}

static char *
digest_b64(const void *data, size_t len)
{
	unsigned char md[SHA256_DIGEST_LENGTH];

	SHA256(data, len, md);
	return b64_encode(md, sizeof(md));
}

static char *
sign_b64(EVP_PKEY *key, const char *data)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[512];
	size_t len = sizeof(sig);

	if (ctx == NULL ||
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(
		ctx, sig, &len, (const unsigned char *)data, strlen(data)) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	return b64_encode(sig, len);
}

static void
put_attribute(struct buf *b, const char *name, const struct strv *values)
{
	put(b, "<Attribute Name=\"" AWS_ATTRIBUTE "%s\">", name);
	for (size_t i = 0; i < values->n; i++) {
		put(b, "<AttributeValue>");
		put_xml(b, values->v[i], false);
		put(b, "</AttributeValue>");
	}
	put(b, "</Attribute>");
}

static void
put_one(struct buf *b, const char *name, const char *value)
{
	_cleanup_strv_ struct strv one = { 0 };

	strv_add(&one, value);
	put_attribute(b, name, &one);
}

/* Claims about a password that ends soon; not AWS's, but AD FS sends them. */
static void
put_expiry(struct buf *b, const struct saying *y)
{
	static const char *const names[] = { "passwordexpirationtime",
		"passwordexpirationdays", "passwordchangeurl" };

	if (y->user->expires_days < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		put(b,
		    "<Attribute Name=\"http://schemas.microsoft.com/ws/2012/01/"
		    "%s\"><AttributeValue>",
		    names[i]);
		if (i == 0)
			put(b, "%s",
			    stamp(y->now + 86400 * y->user->expires_days));
		else if (i == 1)
			put(b, "%lld", (long long)y->user->expires_days);
		else
			put(b, "%s/adfs/portal/updatepassword/", y->base);
		put(b, "</AttributeValue></Attribute>");
	}
}

static void
put_attributes(struct sim *s, struct buf *b, const struct saying *y)
{
	put(b, "<AttributeStatement>");
	if (!mishap_is(y->m, "no-session-name"))
		put_one(b, "RoleSessionName", y->user->session_name);
	if (y->pairs.n > 0)
		put_attribute(b, "Role", &y->pairs);
	if (s->opt.session_duration > 0) {
		_cleanup_free_ char *n =
		    xasprintf("%lld", (long long)s->opt.session_duration);

		put_one(b, "SessionDuration", n);
	}
	put_expiry(b, y);
	put(b, "</AttributeStatement>");
}

/* What follows the signature inside the assertion. */
static void
put_statements(struct sim *s, struct buf *b, const struct saying *y)
{
	put(b,
	    "<Subject><NameID Format=\"urn:oasis:names:tc:SAML:2.0:"
	    "nameid-format:persistent\">");
	put_xml(b, y->user->name, false);
	put(b,
	    "</NameID><SubjectConfirmation Method=\"urn:oasis:names:tc:"
	    "SAML:2.0:cm:bearer\"><SubjectConfirmationData ");
	if (y->in_response_to != NULL)
		put(b, "InResponseTo=\"%s\" ", y->in_response_to);
	put(b, "NotOnOrAfter=\"%s\" Recipient=\"", stamp(y->redeem_until));
	put_xml(b, y->recipient, true);
	put(b,
	    "\"></SubjectConfirmationData></SubjectConfirmation></Subject>"
	    "<Conditions NotBefore=\"%s\" NotOnOrAfter=\"%s\">"
	    "<AudienceRestriction><Audience>",
	    stamp(y->now), stamp(y->now + 3600));
	put_xml(b, y->audience, false);
	put(b, "</Audience></AudienceRestriction></Conditions>");
	put_attributes(s, b, y);
	put(b, "<AuthnStatement AuthnInstant=\"%s\" SessionIndex=\"%s\"",
	    stamp(y->now), y->id);
	if (s->opt.session_until > 0)
		put(b, " SessionNotOnOrAfter=\"%s\"",
		    stamp(y->now + s->opt.session_until));
	put(b,
	    "><AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:"
	    "2.0:ac:classes:PasswordProtectedTransport"
	    "</AuthnContextClassRef></AuthnContext></AuthnStatement>"
	    "</Assertion>");
}

static void
put_signature(struct sim *s, struct buf *b, const struct saying *y,
    const char *head, const char *tail)
{
	const struct signer *g = signer_get(s);
	_cleanup_free_ char *whole = xasprintf("%s%s", head, tail);
	_cleanup_free_ char *digest = digest_b64(whole, strlen(whole));
	_cleanup_free_ char *inner = NULL, *canonical = NULL, *value = NULL;

	inner = xasprintf(
	    "<ds:CanonicalizationMethod Algorithm=\"" EXC_C14N
	    "\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\""
	    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\">"
	    "</ds:SignatureMethod><ds:Reference URI=\"#%s\"><ds:Transforms>"
	    "<ds:Transform Algorithm=\"" NS_DSIG "enveloped-signature\">"
	    "</ds:Transform><ds:Transform Algorithm=\"" EXC_C14N "\">"
	    "</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\""
	    "http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>"
	    "<ds:DigestValue>%s</ds:DigestValue></ds:Reference>"
	    "</ds:SignedInfo>",
	    y->id, digest);
	canonical =
	    xasprintf("<ds:SignedInfo xmlns:ds=\"" NS_DSIG "\">%s", inner);
	value = sign_b64(g->key, canonical);
	if (mishap_is(y->m, "signature"))
		value[0] = value[0] == 'A' ? 'B' : 'A';
	put(b,
	    "<ds:Signature xmlns:ds=\"" NS_DSIG "\"><ds:SignedInfo>%s"
	    "<ds:SignatureValue>%s</ds:SignatureValue><KeyInfo xmlns=\"" NS_DSIG
	    "\"><ds:X509Data><ds:X509Certificate>%s"
	    "</ds:X509Certificate></ds:X509Data></KeyInfo></ds:Signature>",
	    inner, value, g->cert);
}

static void
put_assertion(struct sim *s, struct buf *b, const struct saying *y)
{
	struct buf head = BUF_INIT(SAML_MAX), tail = BUF_INIT(SAML_MAX);

	if (mishap_is(y->m, "encrypted")) {
		_cleanup_free_ char *key = random_b64(256);
		_cleanup_free_ char *data = random_b64(3000);

		put(b,
		    "<EncryptedAssertion xmlns=\"" NS_ASSERTION "\">"
		    "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/"
		    "04/xmlenc#\" Type=\"http://www.w3.org/2001/04/xmlenc#"
		    "Element\"><xenc:EncryptionMethod Algorithm=\"http://"
		    "www.w3.org/2001/04/xmlenc#aes256-cbc\"/><KeyInfo "
		    "xmlns=\"" NS_DSIG
		    "\"><e:EncryptedKey xmlns:e=\"http://www.w3.org/"
		    "2001/04/xmlenc#\"><e:CipherData><e:CipherValue>%s"
		    "</e:CipherValue></e:CipherData></e:EncryptedKey>"
		    "</KeyInfo><xenc:CipherData><xenc:CipherValue>%s"
		    "</xenc:CipherValue></xenc:CipherData>"
		    "</xenc:EncryptedData></EncryptedAssertion>",
		    key, data);
		return;
	}
	put(&head,
	    "<Assertion xmlns=\"" NS_ASSERTION "\" ID=\"%s\" "
	    "IssueInstant=\"%s\" Version=\"2.0\"><Issuer>",
	    y->id, stamp(y->now));
	put_xml(&head, y->issuer, false);
	put(&head, "</Issuer>");
	put_statements(s, &tail, y);
	put(b, "%s", head.data);
	put_signature(s, b, y, head.data, tail.data);
	put(b, "%s", tail.data);
	buf_done(&head);
	buf_done(&tail);
}

static void
put_response(struct sim *s, struct buf *b, const struct saying *y)
{
	bool failed = mishap_is(y->m, "status-failure");

	if (mishap_is(y->m, "not-response")) {
		put_assertion(s, b, y);
		return;
	}
	if (mishap_is(y->m, "dtd"))
		put(b,
		    "<?xml version=\"1.0\"?><!DOCTYPE samlp:Response ["
		    "<!ENTITY a \"a\"><!ENTITY b SYSTEM \"file:///etc/"
		    "hostname\">]>");
	put(b,
	    "<samlp:Response xmlns:samlp=\"" NS_PROTOCOL "\" ID=\"%s\" "
	    "Version=\"2.0\" IssueInstant=\"%s\" Destination=\"",
	    y->response_id, stamp(y->now));
	put_xml(b, y->destination, true);
	if (y->in_response_to != NULL)
		put(b, "\" InResponseTo=\"%s", y->in_response_to);
	put(b,
	    "\" Consent=\"urn:oasis:names:tc:SAML:2.0:consent:unspecified"
	    "\"><Issuer xmlns=\"" NS_ASSERTION "\">");
	put_xml(b, y->issuer, false);
	put(b, "</Issuer><samlp:Status>");
	if (failed)
		put(b,
		    "<samlp:StatusCode Value=\"" STATUS "Responder\">"
		    "<samlp:StatusCode Value=\"" STATUS "AuthnFailed\"/>"
		    "</samlp:StatusCode><samlp:StatusMessage>The simulator "
		    "was told to fail.</samlp:StatusMessage>");
	else
		put(b, "<samlp:StatusCode Value=\"" STATUS "Success\"/>");
	put(b, "</samlp:Status>");
	if (!failed)
		put_assertion(s, b, y);
	if (mishap_is(y->m, "two-assertions"))
		put_assertion(s, b, y);
	if (!mishap_is(y->m, "malformed-xml"))
		put(b, "</samlp:Response>");
}

/* Role values in the order that the options ask for. */
static void
order_pairs(const struct sim *s, const struct strv *in, struct strv *ret)
{
	for (size_t i = 0; i < in->n; i++) {
		_cleanup_free_ char *role = NULL, *provider = NULL;

		if (str_eq(s->opt.order, "as-is") ||
		    pair_split(in->v[i], &role, &provider) < 0)
			strv_add(ret, in->v[i]);
		else if (str_eq(s->opt.order, "role-first"))
			strv_take(ret, xasprintf("%s,%s", role, provider));
		else
			strv_take(ret, xasprintf("%s,%s", provider, role));
	}
}

static void
enter(struct sim *s, const struct saying *y, const struct buf *doc)
{
	struct assertion *a = assertion_new(s);

	sha256_hex(doc->data, doc->len, a->digest);
	a->id = xstrdup(y->id);
	a->user = xstrdup(y->user->name);
	a->session_name = xstrdup(y->user->session_name);
	a->issuer = xstrdup(y->issuer);
	a->recipient = xstrdup(y->recipient);
	a->issued = y->now;
	a->redeem_until = y->redeem_until;
	a->flaw = y->m != NULL ? xstrdup(y->m->kind) : NULL;
	if (s->opt.session_until > 0)
		a->session_until = y->now + s->opt.session_until;
	for (size_t i = 0; i < y->pairs.n; i++)
		strv_add(&a->pairs, y->pairs.v[i]);
	s->count.assertions++;
}

char *
saml_issue(struct sim *s, const struct user *u, const char *host,
    const char *in_response_to, const struct mishap *m)
{
	struct buf doc = BUF_INIT(SAML_MAX);
	char uuid[37], uuid2[37], *out;
	struct saying y = {
		.user = u,
		.m = m,
		.now = sim_now(),
		.destination = s->opt.acs,
		.recipient = s->opt.acs,
		.audience = s->opt.rp,
		.in_response_to = in_response_to,
	};

	str_uuid(uuid);
	str_uuid(uuid2);
	y.response_id = xasprintf("_%s", uuid);
	y.id = xasprintf("_%s", uuid2);
	y.base = xasprintf("https://%s", host);
	y.issuer = xasprintf("http://%s/adfs/services/trust", host);
	if (mishap_is(m, "destination"))
		y.destination = "https://sign-in.example.invalid/saml";
	if (mishap_is(m, "recipient") || mishap_is(m, "destination"))
		y.recipient = "https://sign-in.example.invalid/saml";
	if (mishap_is(m, "audience"))
		y.audience = "urn:example:another-relying-party";
	if (mishap_is(m, "expired"))
		y.now -= 7200;
	if (mishap_is(m, "future"))
		y.now += 7200;
	y.redeem_until = y.now + s->opt.assertion_life;
	if (!mishap_is(m, "no-roles"))
		order_pairs(s, &u->pairs, &y.pairs);
	put_response(s, &doc, &y);
	enter(s, &y, &doc);
	out = b64_encode(doc.data, doc.len);
	if (mishap_is(m, "base64"))
		out[strlen(out) / 2] = '!';
	sim_log(s, "assertion %s for %s, %zu roles", y.id, u->name, y.pairs.n);
	buf_done(&doc);
	strv_done(&y.pairs);
	xfree(y.issuer);
	xfree(y.base);
	xfree(y.response_id);
	xfree(y.id);
	return out;
}
