/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <zlib.h>

#include <awsfed/clock.h>
#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "http.h"
#include "sp.h"
#include "state.h"
#include "visit.h"

#define SP_MAX 65536 /* bytes of XML */
#define SP_FRESH 300 /* seconds that an IssueInstant may be away */
#define NS_P "urn:oasis:names:tc:SAML:2.0:protocol"
#define NS_A "urn:oasis:names:tc:SAML:2.0:assertion"

/* Raw deflate; xalloc bytes with a NUL, or NULL. */
static char *
inflate_raw(const char *data, size_t len, size_t *ret_len)
{
	_cleanup_free_ char *out = xmalloc(SP_MAX + 1);
	z_stream z = { 0 };
	int r;

	if (inflateInit2(&z, -15) != Z_OK)
		return NULL;
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)out;
	z.avail_out = SP_MAX;
	r = inflate(&z, Z_FINISH);
	*ret_len = z.total_out;
	inflateEnd(&z);
	if (r != Z_STREAM_END || z.avail_in != 0)
		return NULL;
	out[*ret_len] = '\0';
	return STEAL(out);
}

static bool
is(const xmlNode *n, const char *space, const char *name)
{
	return n->type == XML_ELEMENT_NODE && n->ns != NULL &&
	    str_eq((const char *)n->ns->href, space) &&
	    str_eq((const char *)n->name, name);
}

/* xalloc string, or NULL. */
static char *
attribute(xmlNode *n, const char *name)
{
	xmlChar *value = xmlGetNoNsProp(n, (const xmlChar *)name);
	char *copy = value == NULL ? NULL : xstrdup((const char *)value);

	xmlFree(value);
	return copy;
}

static const char *
check_times(struct visit *v, xmlNode *root)
{
	_cleanup_free_ char *when = attribute(root, "IssueInstant");
	int64_t at;

	if (when == NULL || rfc3339_parse(when, &at) < 0)
		return "AuthnRequest: no good IssueInstant";
	if (llabs((long long)(at - sim_now())) > SP_FRESH)
		return "AuthnRequest: IssueInstant is stale";
	v->sp.issued = at;
	return NULL;
}

static const char *
check_addresses(struct visit *v, xmlNode *root)
{
	_cleanup_free_ char *destination = attribute(root, "Destination");
	_cleanup_free_ char *acs =
	    attribute(root, "AssertionConsumerServiceURL");
	_cleanup_free_ char *binding = attribute(root, "ProtocolBinding");
	const char *host = request_header(v->q, "host"), *rest;
	size_t len = strlen(host != NULL ? host : "");

	if (destination == NULL)
		return "AuthnRequest: no Destination";
	rest = strstr(destination, "://");
	if (rest == NULL || strncasecmp(rest + 3, host, len) != 0)
		return "AuthnRequest: Destination is another host";
	rest += 3 + len;
	if (str_starts(rest, ":443"))
		rest += 4;
	if (!str_eq(rest, "/adfs/ls/") && !str_eq(rest, "/adfs/ls"))
		return "AuthnRequest: Destination is another path";
	if (acs != NULL && !str_eq(acs, v->sim->opt.acs))
		return "AuthnRequest: unknown AssertionConsumerServiceURL";
	if (binding != NULL &&
	    !str_eq(binding, "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"))
		return "AuthnRequest: ProtocolBinding is not HTTP-POST";
	return NULL;
}

/* NULL, or what is wrong with it as a document. */
static const char *
check_root(struct visit *v, xmlNode *root, char **ret_issuer)
{
	_cleanup_free_ char *version = attribute(root, "Version");
	_cleanup_free_ char *force = attribute(root, "ForceAuthn");
	const char *flaw;

	if (!is(root, NS_P, "AuthnRequest"))
		return "SAMLRequest is no samlp:AuthnRequest";
	v->sp.id = attribute(root, "ID");
	if (v->sp.id == NULL || strlen(v->sp.id) < 17 ||
	    !(isalpha((unsigned char)v->sp.id[0]) || v->sp.id[0] == '_') ||
	    strspn(v->sp.id,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_.-") != strlen(v->sp.id))
		return "AuthnRequest: ID is no good name";
	if (!str_eq(version, "2.0"))
		return "AuthnRequest: Version is not 2.0";
	v->sp.force = str_eq(force, "true") || str_eq(force, "1");
	for (xmlNode *n = root->children; n != NULL; n = n->next)
		if (is(n, NS_A, "Issuer") && *ret_issuer == NULL) {
			xmlChar *text = xmlNodeGetContent(n);

			*ret_issuer = xstrdup((const char *)text);
			xmlFree(text);
		}
	if (*ret_issuer == NULL)
		return "AuthnRequest: no Issuer";
	flaw = check_times(v, root);
	return flaw != NULL ? flaw : check_addresses(v, root);
}

static bool
read_document(struct visit *v, const char *xml, size_t len)
{
	xmlDoc *doc = xmlReadMemory(xml, (int)len, "request", NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	_cleanup_free_ char *issuer = NULL;
	const char *flaw = "SAMLRequest is no XML";

	if (doc != NULL && doc->intSubset != NULL)
		flaw = "SAMLRequest has a DOCTYPE";
	else if (doc != NULL)
		flaw = check_root(v, xmlDocGetRootElement(doc), &issuer);
	xmlFreeDoc(doc);
	if (flaw != NULL) {
		sim_violation(v->sim, "%s", flaw);
		visit_show_error(v, 200, "MSIS7012",
		    "An error occurred while processing the request.");
		return false;
	}
	if (!str_eq(issuer, v->sim->opt.rp)) {
		visit_show_error(v, 200, "MSIS7007",
		    "The requested relying party trust is unspecified or "
		    "unsupported.");
		return false;
	}
	return true;
}

static bool
read_request(struct visit *v, const char *text, const char *relay, bool post)
{
	const struct form *f = post ? &v->fields : &v->query;
	_cleanup_free_ char *raw = NULL, *plain = NULL;
	size_t len = 0, n = 0;

	v->sp.on = true;
	v->sp.by_post = post;
	v->sp.relay = relay == NULL ? NULL : xstrdup(relay);
	if (form_count(f, "SAMLRequest") != 1 ||
	    form_count(f, "RelayState") > 1)
		sim_violation(v->sim, "SAMLRequest or RelayState sent twice");
	if (relay != NULL && strlen(relay) > 80)
		sim_violation(v->sim, "RelayState is longer than 80 bytes");
	if (b64_decode(text, &raw, &len) == 0)
		plain = post ? xstrndup(raw, n = strlen(raw)) :
			       inflate_raw(raw, len, &n);
	if (plain == NULL) {
		sim_violation(v->sim, "SAMLRequest is not well encoded");
		visit_show_error(v, 200, "MSIS7012",
		    "An error occurred while processing the request.");
		return false;
	}
	if (!read_document(v, plain, n))
		return false;
	if (v->sim->opt.signed_requests &&
	    form_get(&v->query, "Signature") == NULL) {
		visit_show_error(v, 200, "MSIS7012",
		    "The request of the relying party is not signed, and its "
		    "trust wants signed requests.");
		return false;
	}
	v->sim->count.sp_requests++;
	return true;
}

bool
sp_read(struct visit *v)
{
	const char *cookie = form_get(&v->cookies, "MSISSamlRequest");
	const char *text = form_get(&v->query, "SAMLRequest");
	const struct pending *p;

	if (text != NULL)
		return read_request(
		    v, text, form_get(&v->query, "RelayState"), false);
	text = form_get(&v->fields, "SAMLRequest");
	if (text != NULL)
		return read_request(
		    v, text, form_get(&v->fields, "RelayState"), true);
	p = cookie == NULL ? NULL : pending_by_cookie(v->sim, cookie);
	if (p == NULL || p->sp.id == NULL) {
		visit_show_error(v, 200, "MSIS7065",
		    "There are no registered protocol handlers on path "
		    "/adfs/ls/ to process the incoming request.");
		return false;
	}
	v->sp = p->sp;
	v->sp.id = xstrdup(p->sp.id);
	v->sp.relay = xstrdup(p->sp.relay);
	return true;
}
