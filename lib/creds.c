/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/creds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#define LIFETIME_MAX (36 * 3600)
#define SKEW_SMALL 60 /* seconds: a wall clock that can be believed */

/* A value that can stand in a credentials file: printable, no blanks. */
static int
token(const json_t *j, const char *key, size_t max, const char **ret)
{
	const char *s;

	if (json_str(j, key, max, &s) < 0 || *s == '\0' || !str_printable(s) ||
	    strchr(s, ' ') != NULL)
		return -EINVAL;
	*ret = s;
	return 0;
}

int
creds_from_json(const json_t *j, const struct clk *clk, struct creds **ret)
{
	const char *id, *key, *session, *exp, *role, *principal;
	int64_t exp_s, life, max;
	struct creds *c;

	if (token(j, "accessKeyId", 128, &id) < 0 ||
	    token(j, "secretAccessKey", 256, &key) < 0 ||
	    token(j, "sessionToken", SECRET_MAX, &session) < 0 ||
	    json_str(j, "expiration", 64, &exp) < 0 ||
	    rfc3339_parse(exp, &exp_s) < 0 ||
	    json_str(j, "roleArn", ARN_MAX, &role) < 0 || *role == '\0' ||
	    json_str_opt(j, "principal", ARN_MAX, &principal) < 0 ||
	    json_int_opt(j, "lifetime", 1, LIFETIME_MAX, 0, &life) < 0 ||
	    json_int_opt(j, "maxDuration", 1, LIFETIME_MAX, 0, &max) < 0)
		return -EINVAL;
	if (life == 0)
		life = exp_s - clk_real(clk) / USEC;
	if (life <= 0)
		life = 0;
	if (life > LIFETIME_MAX)
		return -EINVAL;
	c = xcalloc(1, sizeof(*c));
	c->refs = 1;
	c->access_key_id = xstrdup(id);
	c->secret_access_key = secret_new(key, strlen(key));
	c->session_token = secret_new(session, strlen(session));
	c->role_arn = xstrdup(role);
	c->principal = xstrdup(principal);
	c->expiration_s = exp_s;
	rfc3339_format(exp_s, c->expiration);
	c->lifetime_s = life;
	c->max_s = max;
	c->issued = deadline_in(clk, 0);
	/*
	 * The server's own clock measured the life; the wall clock may be off
	 * by its skew, which the boot clock does not know.  Either may end it.
	 */
	c->expires.boot = c->issued.boot + life * USEC;
	c->expires.real = exp_s * USEC;
	if (c->expires.real - c->issued.real > (life + SKEW_SMALL) * USEC ||
	    c->expires.real - c->issued.real < (life - SKEW_SMALL) * USEC)
		c->expires.real = c->issued.real + life * USEC;
	*ret = c;
	return 0;
}

/* Its UTF-8 was checked when it came in. */
static void
put_known(json_t *o, const char *key, const char *value)
{
	if (!str_empty(value))
		json_object_set_new_nocheck(o, key, json_string_nocheck(value));
}

json_t *
creds_to_json(const struct creds *c)
{
	json_t *o = json_object();

	put_known(o, "accessKeyId", c->access_key_id);
	put_known(o, "secretAccessKey", secret_bytes(c->secret_access_key));
	put_known(o, "sessionToken", secret_bytes(c->session_token));
	put_known(o, "expiration", c->expiration);
	json_put_int(o, "lifetime", c->lifetime_s);
	json_put_int(o, "maxDuration", c->max_s);
	put_known(o, "roleArn", c->role_arn);
	put_known(o, "principal", c->principal);
	return o;
}

static int
put_text(struct buf *out, const char *head, const char *value, size_t len)
{
	int r;

	if (len == 0)
		return 0;
	r = buf_adds(out, head);
	return r < 0 ? r : wire_put_text(out, value, len);
}

static int
put_secret(struct buf *out, const char *head, const struct secret *s)
{
	return put_text(out, head, secret_bytes(s), secret_len(s));
}

static int
put_number(struct buf *out, const char *head, int64_t n)
{
	char text[24];
	int r;

	if (n == 0)
		return 0;
	snprintf(text, sizeof(text), "%lld", (long long)n);
	r = buf_adds(out, head);
	return r < 0 ? r : buf_adds(out, text);
}

int
creds_put(const struct creds *c, struct buf *out)
{
	const char *who = c->principal != NULL ? c->principal : "";
	int r;

	if ((r = put_text(out, "{\"accessKeyId\":", c->access_key_id,
		 strlen(c->access_key_id))) < 0 ||
	    (r = put_secret(
		 out, ",\"secretAccessKey\":", c->secret_access_key)) < 0 ||
	    (r = put_secret(out, ",\"sessionToken\":", c->session_token)) < 0 ||
	    (r = put_text(out, ",\"expiration\":", c->expiration,
		 strlen(c->expiration))) < 0 ||
	    (r = put_number(out, ",\"lifetime\":", c->lifetime_s)) < 0 ||
	    (r = put_number(out, ",\"maxDuration\":", c->max_s)) < 0 ||
	    (r = put_text(
		 out, ",\"roleArn\":", c->role_arn, strlen(c->role_arn))) < 0)
		return r;
	return put_text(out, ",\"principal\":", who, strlen(who));
}

struct creds *
creds_ref(struct creds *c)
{
	if (c != NULL)
		c->refs++;
	return c;
}

struct creds *
creds_unref(struct creds *c)
{
	if (c == NULL || --c->refs > 0)
		return NULL;
	xfree(c->access_key_id);
	secret_free(c->secret_access_key);
	secret_free(c->session_token);
	xfree(c->role_arn);
	xfree(c->principal);
	xfree(c);
	return NULL;
}

void
creds_unrefp(struct creds **c)
{
	*c = creds_unref(*c);
}

static struct deadline
deadline_at(const struct creds *c, struct deadline now)
{
	struct deadline d = c->expires;
	int64_t said = c->expiration_s * USEC;
	int64_t by_wall = said - now.real, by_boot = d.boot - now.boot;

	if (d.real != said && llabs(by_wall - by_boot) <= SKEW_SMALL * USEC)
		d.real = said;
	return d;
}

struct deadline
creds_deadline(const struct creds *c, const struct clk *clk)
{
	return deadline_at(c, deadline_in(clk, 0));
}

bool
creds_expired(const struct creds *c, const struct clk *clk)
{
	struct deadline now = deadline_in(clk, 0), d = deadline_at(c, now);

	return now.real >= d.real || now.boot >= d.boot;
}

int64_t
creds_left_s(const struct creds *c, const struct clk *clk)
{
	struct deadline now = deadline_in(clk, 0), d = deadline_at(c, now);
	int64_t wall = d.real - now.real, boot = d.boot - now.boot;
	int64_t left = wall < boot ? wall : boot;

	return left < 0 ? 0 : left / USEC;
}

char *
creds_process_json(const struct creds *c)
{
	json_t *o = json_object();
	char *text;

	json_object_set_new(o, "Version", json_integer(1));
	json_put_str(o, "AccessKeyId", c->access_key_id);
	json_put_str(o, "SecretAccessKey", secret_bytes(c->secret_access_key));
	json_put_str(o, "SessionToken", secret_bytes(c->session_token));
	json_put_str(o, "Expiration", c->expiration);
	text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(o);
	return text;
}
