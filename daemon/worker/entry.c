/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a sign-in begins: the page for sign-ins that start at the provider, or
 * the endpoint that takes a SAML request.
 */
#include <string.h>

#include "awsfed/xalloc.h"
#include "signin.h"

static int
add_escaped(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-_.~:/", c) != NULL;
		int r = plain ? buf_add(b, s, 1) : buf_addf(b, "%%%02X", c);

		if (r < 0)
			return r;
	}
	return 0;
}

static int
add_place(struct buf *b, const struct job *job, const char *path)
{
	return buf_addf(b, "%s%s%s?",
	    strstr(job->host, "://") != NULL ? "" : "https://", job->host,
	    path);
}

/* awsfed.query, the home realm and our id; each ends in "&" but the last. */
static int
add_common(struct buf *b, const struct job *job, const char *request_id)
{
	int r = 0;

	if (job->home_realm != NULL && strchr(job->home_realm, '@') == NULL) {
		r = buf_adds(b, "RedirectToIdentityProvider=");
		if (r == 0)
			r = add_escaped(b, job->home_realm);
		if (r == 0)
			r = buf_add(b, "&", 1);
	}
	if (r == 0)
		r = buf_addf(b, "client-request-id=%s", request_id);
	return r;
}

static const char *
query_of(const struct job *job)
{
	const char *query = job->query;

	if (query != NULL && *query == '?')
		query++;
	return str_empty(query) ? NULL : query;
}

static char *
checked(struct buf *b)
{
	_cleanup_origin_ struct origin o = { 0 };

	return origin_parse(b->data, &o) < 0 ? NULL : buf_take(b);
}

char *
signin_entry_url(const struct job *job, const char *request_id)
{
	_cleanup_buf_ struct buf b = BUF_INIT(URL_MAX);
	const char *query = query_of(job);
	int r = add_place(&b, job, job->path);

	if (r == 0 && query != NULL)
		r = buf_addf(&b, "%s&", query);
	if (r == 0 &&
	    (query == NULL || strcasestr(query, "loginToRp=") == NULL)) {
		r = buf_adds(&b, "loginToRp=");
		if (r == 0)
			r = add_escaped(&b, job->provider_id);
		if (r == 0)
			r = buf_add(&b, "&", 1);
	}
	if (r == 0)
		r = add_common(&b, job, request_id);
	return r < 0 ? NULL : checked(&b);
}

char *
signin_request_url(const struct job *job, const char *request_id)
{
	_cleanup_buf_ struct buf b = BUF_INIT(URL_MAX);
	const char *slash = strrchr(job->path, '/'), *query = query_of(job);
	_cleanup_free_ char *path =
	    xstrndup(job->path, (size_t)(slash - job->path) + 1);
	int r = add_place(&b, job, path);

	/* What names a relying party is for the other page. */
	if (r == 0 && query != NULL && strcasestr(query, "loginToRp=") == NULL)
		r = buf_addf(&b, "%s&", query);
	if (r == 0)
		r = add_common(&b, job, request_id);
	return r < 0 ? NULL : checked(&b);
}
