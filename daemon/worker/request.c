/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <zlib.h>

#include "awsfed/clock.h"
#include "awsfed/xalloc.h"
#include "signin.h"

#define NS_PROTOCOL "urn:oasis:names:tc:SAML:2.0:protocol"
#define NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"

char *
request_new_id(void)
{
	char uuid[37], *id = xcalloc(1, 34), *to = id;

	str_uuid(uuid);
	*to++ = '_'; /* an xs:ID begins with no digit */
	for (const char *p = uuid; *p != '\0'; p++)
		if (*p != '-')
			*to++ = *p;
	return id;
}

static int
add_xml(struct buf *b, const char *s)
{
	int r = 0;

	for (; *s != '\0' && r == 0; s++) {
		switch (*s) {
		case '&':
			r = buf_adds(b, "&amp;");
			break;
		case '<':
			r = buf_adds(b, "&lt;");
			break;
		case '>':
			r = buf_adds(b, "&gt;");
			break;
		case '"':
			r = buf_adds(b, "&quot;");
			break;
		default:
			r = buf_add(b, s, 1);
		}
	}
	return r;
}

int
request_xml(struct buf *out, const char *id, const char *issuer,
    const char *destination, int64_t now_s)
{
	char now[RFC3339_SIZE];
	int r;

	rfc3339_format(now_s, now);
	r = buf_addf(out,
	    "<samlp:AuthnRequest xmlns:samlp=\"" NS_PROTOCOL "\" "
	    "ID=\"%s\" Version=\"2.0\" IssueInstant=\"%s\" Destination=\"",
	    id, now);
	if (r == 0)
		r = add_xml(out, destination);
	if (r == 0)
		r = buf_adds(out, "\"><Issuer xmlns=\"" NS_ASSERTION "\">");
	if (r == 0)
		r = add_xml(out, issuer);
	if (r == 0)
		r = buf_adds(out, "</Issuer></samlp:AuthnRequest>");
	return r;
}

static int
add_base64(struct buf *out, const unsigned char *data, size_t len)
{
	_cleanup_free_ char *text = xmalloc(4 * ((len + 2) / 3) + 1);
	int r = buf_adds(out, "SAMLRequest=");

	EVP_EncodeBlock((unsigned char *)text, data, (int)len);
	return r < 0 ? r : form_escape(out, text);
}

/* RFC 1951, without zlib's header. */
int
request_redirect(struct buf *out, const char *xml, size_t len)
{
	unsigned char small[REQUEST_XML_MAX + 64];
	z_stream z = { 0 };
	int r;

	if (len > REQUEST_XML_MAX)
		return -EMSGSIZE;
	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
		Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	z.next_in = (unsigned char *)(uintptr_t)xml;
	z.avail_in = (unsigned)len;
	z.next_out = small;
	z.avail_out = sizeof(small);
	r = deflate(&z, Z_FINISH);
	len = sizeof(small) - z.avail_out;
	deflateEnd(&z);
	if (r != Z_STREAM_END)
		return -EMSGSIZE;
	return add_base64(out, small, len);
}

int
request_post(struct buf *out, const char *xml, size_t len)
{
	if (len > REQUEST_XML_MAX)
		return -EMSGSIZE;
	return add_base64(out, (const unsigned char *)xml, len);
}

static char *
without_query(const char *url)
{
	return xstrndup(url, strcspn(url, "?"));
}

int
request_begin(struct signin *s, bool post, struct fault *fault)
{
	_cleanup_buf_ struct buf xml = BUF_INIT(REQUEST_XML_MAX);
	_cleanup_buf_ struct buf body = BUF_INIT(4 * REQUEST_XML_MAX);
	_cleanup_free_ char *url =
	    signin_request_url(s->job, http_request_id(s->http));
	_cleanup_free_ char *destination = NULL, *full = NULL;
	int64_t now = clk_real(&clk_system) / USEC + s->skew_s;
	int r = -EMSGSIZE;

	if (url != NULL) {
		destination = without_query(url);
		xreplace(&s->request, request_new_id());
		r = request_xml(
		    &xml, s->request, s->job->provider_id, destination, now);
	}
	if (r == 0)
		r = request_redirect(&body, xml.data, xml.len);
	if (r == 0 && (post || strlen(url) + body.len > REQUEST_URL_MAX)) {
		s->request_posted = true;
		buf_reset(&body);
		r = request_post(&body, xml.data, xml.len);
		if (r == 0)
			return signin_post(
			    s, url, body.data, body.len, GRADE_PAGE, fault);
	}
	if (r < 0) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("No SAML request can be made for \"%s\"."),
		    s->job->provider_id);
		fault_next(fault,
		    _("Check adfs_config.provider_id, awsfed.path and "
		      "awsfed.query of the profile."));
		return -1;
	}
	full = xasprintf("%s&%s", url, body.data);
	return signin_get(s, full, fault);
}
