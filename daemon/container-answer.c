/* SPDX-License-Identifier: Apache-2.0 */
#include "container-answer.h"

#include <string.h>

#include <jansson.h>

#include "awsfed/clock.h"
#include "awsfed/creds.h"
#include "awsfed/fault.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

static const char *
phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} all[] = {
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 431, "Request Header Fields Too Large" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i].status == status)
			return all[i].phrase;
	return "Internal Server Error";
}

/* Takes body.  Nothing of the request is ever repeated in a head. */
static void
respond(struct buf *out, int status, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT | JSON_PRESERVE_ORDER);

	buf_reset(out);
	if (text == NULL ||
	    buf_addf(out,
		"HTTP/1.1 %d %s\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: %zu\r\n"
		"Cache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"Cross-Origin-Resource-Policy: same-origin\r\n"
		"%sConnection: close\r\n\r\n",
		status, phrase(status), strlen(text),
		status == 405 ? "Allow: GET\r\n" : "") < 0 ||
	    buf_adds(out, text) < 0)
		buf_reset(out); /* the connection just ends */
	xfree(text);
	json_decref(body);
}

void
container_answer_creds(struct buf *out, const struct creds *c)
{
	json_t *o = json_object();
	char exp[RFC3339_SIZE];

	rfc3339_format(c->expiration_s, exp);
	json_put_str(o, "AccessKeyId", c->access_key_id);
	json_put_str(o, "SecretAccessKey", secret_bytes(c->secret_access_key));
	json_put_str(o, "Token", secret_bytes(c->session_token));
	json_put_str(o, "Expiration", exp);
	json_put_str(o, "RoleArn", c->role_arn);
	respond(out, 200, o);
}

/* SDKs differ in which spelling they show. */
void
container_answer_error(struct buf *out, int status, const char *code,
    const char *message, const char *next)
{
	_cleanup_free_ char *text = next == NULL ?
	    xstrdup(message) :
	    xasprintf("%s %s%s", message, _("Next: "), next);
	json_t *o = json_object();

	json_put_str(o, "code", code);
	json_put_str(o, "message", text);
	json_put_str(o, "Code", code);
	json_put_str(o, "Message", text);
	respond(out, status, o);
}

void
container_answer_fault(struct buf *out, const struct fault *f)
{
	bool later = f->kind == FAULT_TEMPORARY || f->kind == FAULT_CANCELLED;

	container_answer_error(out, later ? 503 : 403,
	    later			    ? "ServiceUnavailable" :
		f->kind == FAULT_NEEDS_USER ? "ExpiredToken" :
					      "AccessDenied",
	    f->text, f->next);
}
