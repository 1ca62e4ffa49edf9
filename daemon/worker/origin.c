/* SPDX-License-Identifier: Apache-2.0 */
#include "origin.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "awsfed/xalloc.h"

static void
urlp(CURLU **u)
{
	curl_url_cleanup(*u);
}

#define _cleanup_url_ __attribute__((cleanup(urlp)))

static char *
part(CURLU *u, CURLUPart what, unsigned flags)
{
	char *s = NULL, *copy;

	if (curl_url_get(u, what, &s, flags) != CURLUE_OK)
		return NULL;
	copy = xstrdup(s);
	curl_free(s);
	return copy;
}

int
origin_parse(const char *url, struct origin *ret)
{
	_cleanup_url_ CURLU *u = curl_url();
	_cleanup_origin_ struct origin o = { 0 };
	_cleanup_free_ char *user = NULL, *password = NULL;

	if (u == NULL || url == NULL || strlen(url) > URL_MAX ||
	    str_has_control(url) ||
	    curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
		return -EINVAL;
	user = part(u, CURLUPART_USER, 0);
	password = part(u, CURLUPART_PASSWORD, 0);
	o.scheme = part(u, CURLUPART_SCHEME, 0);
	o.host = part(u, CURLUPART_HOST, 0);
	o.port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	if (user != NULL || password != NULL || o.scheme == NULL ||
	    str_empty(o.host) || o.port == NULL ||
	    (strcmp(o.scheme, "https") != 0 && strcmp(o.scheme, "http") != 0))
		return -EINVAL;
	str_lower(o.host);
	*ret = o;
	o = (struct origin){ 0 };
	return 0;
}

void
origin_done(struct origin *o)
{
	xfree(o->scheme);
	xfree(o->host);
	xfree(o->port);
	*o = (struct origin){ 0 };
}

bool
origin_equal(const struct origin *a, const struct origin *b)
{
	return str_eq(a->scheme, b->scheme) && str_eq(a->host, b->host) &&
	    str_eq(a->port, b->port);
}

bool
url_same_origin(const char *a, const char *b)
{
	_cleanup_origin_ struct origin oa = { 0 }, ob = { 0 };

	return origin_parse(a, &oa) == 0 && origin_parse(b, &ob) == 0 &&
	    origin_equal(&oa, &ob);
}

char *
url_resolve(const char *base, const char *ref)
{
	_cleanup_url_ CURLU *u = curl_url();
	char *copy = NULL;

	if (u == NULL || curl_url_set(u, CURLUPART_URL, base, 0) != CURLUE_OK)
		return NULL;
	/* "#" is the base itself; older libcurl cuts its last part off. */
	if (ref != NULL && *ref == '#')
		ref = NULL;
	if (ref != NULL &&
	    (strlen(ref) > URL_MAX || str_has_control(ref) ||
		curl_url_set(u, CURLUPART_URL, ref, CURLU_URLENCODE) !=
		    CURLUE_OK))
		return NULL;
	(void)curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	copy = part(u, CURLUPART_URL, 0);
	return copy;
}

char *
url_path(const char *url)
{
	_cleanup_url_ CURLU *u = curl_url();

	if (u == NULL || url == NULL ||
	    curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
		return NULL;
	return part(u, CURLUPART_PATH, 0);
}

char *
origin_label(const struct origin *o)
{
	bool usual = (str_eq(o->scheme, "https") && str_eq(o->port, "443")) ||
	    (str_eq(o->scheme, "http") && str_eq(o->port, "80"));

	return usual ? xstrdup(o->host) : xasprintf("%s:%s", o->host, o->port);
}

bool
host_is_loopback(const char *host)
{
	struct in_addr a;

	if (str_empty(host))
		return false;
	if (str_caseeq(host, "localhost") || str_eq(host, "[::1]") ||
	    str_eq(host, "::1"))
		return true;
	return inet_pton(AF_INET, host, &a) == 1 &&
	    (ntohl(a.s_addr) >> 24) == 127;
}

bool
policy_scheme_ok(const struct policy *p, const struct origin *o)
{
	return str_eq(o->scheme, "https") ||
	    (p->allow_http_loopback && host_is_loopback(o->host));
}

/* "password@HOST" allows a page as well. */
static bool
is_allowed(const struct policy *p, const struct origin *o, enum grade grade)
{
	_cleanup_free_ char *with_port = xasprintf("%s:%s", o->host, o->port);
	_cleanup_free_ char *label = origin_label(o);

	for (size_t i = 0; p->allowed != NULL && i < p->allowed->n; i++) {
		const char *host = p->allowed->v[i];

		if (str_starts(host, PASSWORD_HOST))
			host += strlen(PASSWORD_HOST);
		else if (grade == GRADE_SECRET)
			continue;
		if (str_caseeq(host, label) || str_caseeq(host, with_port))
			return true;
	}
	return false;
}

bool
policy_is_certificate(const struct policy *p, const char *url)
{
	_cleanup_free_ char *certauth = NULL;
	_cleanup_origin_ struct origin o = { 0 };

	if (!p->certificate || origin_parse(url, &o) < 0 ||
	    !str_eq(o.scheme, "https"))
		return false;
	certauth = xasprintf("certauth.%s", p->idp.host);
	if (str_eq(o.host, certauth))
		return str_eq(o.port, "443") || str_eq(o.port, p->idp.port) ||
		    is_allowed(p, &o, GRADE_PAGE);
	return str_eq(o.host, p->idp.host) && !str_eq(o.port, p->idp.port) &&
	    (str_eq(o.port, "49443") || is_allowed(p, &o, GRADE_PAGE));
}

bool
policy_is_provider(const struct policy *p, const char *url)
{
	_cleanup_origin_ struct origin o = { 0 };

	return origin_parse(url, &o) == 0 && str_eq(o.scheme, "https") &&
	    origin_equal(&o, &p->idp);
}

int
policy_check(const struct policy *p, const char *url, enum grade grade,
    struct fault *fault)
{
	_cleanup_origin_ struct origin o = { 0 };
	_cleanup_free_ char *label = NULL, *idp = origin_label(&p->idp);

	if (origin_parse(url, &o) < 0) {
		fault_set(fault, FAULT_SECURITY, REASON_FOREIGN_HOST,
		    _("%s led to an address that is not a plain https one."),
		    idp);
		fault_next(fault,
		    _("Tell your administrator; nothing was "
		      "sent there."));
		return -1;
	}
	label = origin_label(&o);
	if (!policy_scheme_ok(p, &o)) {
		fault_set(fault, FAULT_SECURITY, REASON_FOREIGN_HOST,
		    _("%s led to http://%s, which is not encrypted."), idp,
		    label);
		fault_next(fault,
		    _("Tell your administrator; nothing was "
		      "sent there."));
		return -1;
	}
	if (origin_equal(&o, &p->idp))
		return 0;
	if (is_allowed(p, &o, grade) ||
	    (grade == GRADE_PAGE && policy_is_certificate(p, url)))
		return 0;
	fault_set(fault, FAULT_SECURITY, REASON_FOREIGN_HOST,
	    grade == GRADE_SECRET ?
		_("%s asked to send the password to another host, %s.") :
		_("%s led to another host, %s."),
	    idp, label);
	if (grade == GRADE_SECRET)
		fault_next(fault,
		    _("Nothing was sent. If %s is where you "
		      "really sign in, make it the profile's "
		      "adfs_config.adfs_host; if it is your organisation's, "
		      "add password@%s to awsfed.allowed_hosts."),
		    label, label);
	else
		fault_next(fault,
		    _("If you know that host, add it to "
		      "awsfed.allowed_hosts of the profile."));
	return -1;
}
