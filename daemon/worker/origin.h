/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs and where they may lead.
 *
 * An origin is scheme, lower-case host and port; every URL goes through
 * libcurl's own parser, so that what is checked is what is connected to.
 * Pages may lead to the identity provider and to the hosts a person allowed;
 * a password goes to the identity provider, and to a host that a person wrote
 * down as "password@HOST": the claims provider of an organisation.
 */
#ifndef AWSFED_WORKER_ORIGIN_H
#define AWSFED_WORKER_ORIGIN_H

#include <stdbool.h>

#include "awsfed/fault.h"
#include "awsfed/str.h"

#define PASSWORD_HOST "password@"
#define URL_MAX (64 * 1024) /* bytes; a SAMLRequest may be long */

struct origin {
	char *scheme; /* "https" or "http" */
	char *host;   /* lower case */
	char *port;   /* never NULL */
};

/* 0, or -EINVAL: not http(s), userinfo, no host, control characters. */
int origin_parse(const char *url, struct origin *ret);
void origin_done(struct origin *o);
#define _cleanup_origin_ __attribute__((cleanup(origin_done)))
bool origin_equal(const struct origin *a, const struct origin *b);
bool url_same_origin(const char *a, const char *b);
/* A reference resolved against base (NULL: base itself, without fragment). */
char *url_resolve(const char *base, const char *ref);
/* The path of a URL, or NULL. */
char *url_path(const char *url);
/* "host" or "host:port" when the port is not the scheme's own. */
char *origin_label(const struct origin *o);
/* "localhost", 127.0.0.0/8, ::1 */
bool host_is_loopback(const char *host);

enum grade {
	GRADE_PAGE,  /* no secret: provider and allowed hosts */
	GRADE_SECRET /* password, code: provider, password@ hosts */
};

struct policy {
	struct origin idp;
	const struct strv *allowed; /* "[password@]host[:port]" */
	bool allow_http_loopback;
	bool certificate; /* we have one to sign in with */
};

/*
 * Where AD FS asks for a client certificate: port 49443 of the provider's host,
 * or "certauth." before its name at 443 or the provider's port; another port of
 * these two names only when allowed_hosts has it with its port.  Not any port
 * that a redirect names: cookies do not know ports, so that another service on
 * the same host could be sent the sign-in.  False without a certificate.
 */
bool policy_is_certificate(const struct policy *p, const char *url);
/* The provider itself, over https: who may be shown a ticket. */
bool policy_is_provider(const struct policy *p, const char *url);
/* https, or http to loopback where that is allowed. */
bool policy_scheme_ok(const struct policy *p, const struct origin *o);
/* 0, or -1 with a security fault that names the host. */
int policy_check(const struct policy *p, const char *url, enum grade grade,
    struct fault *fault);

#endif
