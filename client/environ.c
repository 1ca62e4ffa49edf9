/* SPDX-License-Identifier: Apache-2.0 */
#include "environ.h"

#include <stdlib.h>
#include <string.h>

#include "awsfed/clock.h"
#include "awsfed/creds.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

/*
 * What would lead some SDK to another identity.  botocore reads
 * AWS_SECURITY_TOKEN before AWS_SESSION_TOKEN and AWS_DEFAULT_PROFILE before
 * AWS_PROFILE; JavaScript's v3 prefers a profile to keys; the container and
 * web identity sources come before or after the keys by the SDK ("AWS SDKs and
 * Tools Reference Guide", environment variables).  AWS_ACCESS_KEY and
 * AWS_SECRET_KEY are Go's and Java's old names, the EC2_ ones those of the
 * tools before the AWS CLI.
 */
static const char *const contrary[] = {
	"AWS_PROFILE",
	"AWS_DEFAULT_PROFILE",
	"AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN",
	"AWS_SECURITY_TOKEN",
	"AWS_CREDENTIAL_EXPIRATION",
	"AWS_ACCOUNT_ID",
	"AWS_ACCESS_KEY",
	"AWS_SECRET_KEY",
	"AWS_CREDENTIAL_FILE",
	"AWS_ROLE_ARN",
	"AWS_ROLE_SESSION_NAME",
	"AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"EC2_ACCESS_KEY",
	"EC2_SECRET_KEY",
	"EC2_SECURITY_TOKEN",
};

void
plan_set(struct plan *p, const char *name, const char *value)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->v[i].name, name) != 0)
			continue;
		xreplace(&p->v[i].value, xstrdup(value));
		return;
	}
	p->v = xreallocarray(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n++] = (struct variable){ xstrdup(name), xstrdup(value) };
}

void
plan_clear(struct plan *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(contrary); i++)
		plan_set(p, contrary[i], NULL);
}

void
plan_keys(struct plan *p, const struct creds *c)
{
	char when[RFC3339_SIZE];

	rfc3339_format(c->expiration_s, when);
	plan_set(p, "AWS_ACCESS_KEY_ID", c->access_key_id);
	plan_set(
	    p, "AWS_SECRET_ACCESS_KEY", secret_bytes(c->secret_access_key));
	plan_set(p, "AWS_SESSION_TOKEN", secret_bytes(c->session_token));
	plan_set(p, "AWS_CREDENTIAL_EXPIRATION", when);
	/* Go's first version reads ~/.aws/config only when told to. */
	plan_set(p, "AWS_SDK_LOAD_CONFIG", "1");
}

void
plan_region(struct plan *p, const char *region)
{
	if (str_empty(region) || !str_printable(region) ||
	    strpbrk(region, " '\"\\$`#") != NULL)
		return; /* none that AWS has */
	/* JavaScript, Go and Java read the one, Python the other. */
	plan_set(p, "AWS_REGION", region);
	plan_set(p, "AWS_DEFAULT_REGION", region);
}

void
plan_apply(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].value == NULL)
			unsetenv(p->v[i].name);
		else if (setenv(p->v[i].name, p->v[i].value, 1) != 0)
			xalloc_oom();
	}
}

void
plan_done(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		xfree(p->v[i].name);
		xfree(p->v[i].value);
	}
	xfree(p->v);
	*p = (struct plan){ 0 };
}
