/* SPDX-License-Identifier: Apache-2.0 */
/* Where a sign-in begins: the URL of the page that starts at the provider. */
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

char *
signin_entry_url(const struct job *job, const char *request_id)
{
	_cleanup_buf_ struct buf b = BUF_INIT(URL_MAX);
	_cleanup_origin_ struct origin o = { 0 };
	const char *query = job->query;
	int r;

	if (query != NULL && *query == '?')
		query++;
	r = buf_addf(&b, "%s%s%s?",
	    strstr(job->host, "://") != NULL ? "" : "https://", job->host,
	    job->path);
	if (r == 0 && !str_empty(query))
		r = buf_addf(&b, "%s&", query);
	if (r == 0 &&
	    (query == NULL || strcasestr(query, "loginToRp=") == NULL)) {
		r = buf_adds(&b, "loginToRp=");
		if (r == 0)
			r = add_escaped(&b, job->provider_id);
		if (r == 0)
			r = buf_add(&b, "&", 1);
	}
	if (r == 0 && job->home_realm != NULL) {
		r = buf_adds(&b, "RedirectToIdentityProvider=");
		if (r == 0)
			r = add_escaped(&b, job->home_realm);
		if (r == 0)
			r = buf_add(&b, "&", 1);
	}
	if (r == 0)
		r = buf_addf(&b, "client-request-id=%s", request_id);
	if (r < 0 || origin_parse(b.data, &o) < 0)
		return NULL;
	return buf_take(&b);
}
