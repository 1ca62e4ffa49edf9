/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "http.h"
#include "recent.h"
#include "state.h"

#define RECENT_MAX 50

/* Who else may come here. */
static const char *const peers[] = { "awsfed/", "aws-cli/", "Boto3/",
	"Botocore/", "python-requests/", "aws-sdk-", "curl/" };

static void
judge_agent(struct sim *s, const struct request *q, const char *agent)
{
	bool adfs = strncasecmp(q->path, "/adfs", 5) == 0;

	if (!adfs)
		return;
	for (size_t i = 0; agent != NULL && i < ARRAY_SIZE(peers); i++)
		if (strstr(agent, peers[i]) != NULL)
			return;
	sim_violation(s, "%s %s: User-Agent %s", q->method, q->path,
	    agent == NULL ? "is missing" : agent);
}

/* Names of query parameters only: their values may be anybody's. */
static json_t *
names_of(const struct form *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n; i++)
		json_array_append_new(list, json_string(f->v[i].name));
	return list;
}

void
recent_add(struct sim *s, const struct request *q, const struct response *r)
{
	const char *agent = request_header(q, "user-agent");
	_cleanup_form_ struct form query = { 0 }, body = { 0 };
	_cleanup_free_ char *host = request_host(q);
	const char *id, *type = request_header(q, "content-type");

	judge_agent(s, q, agent);
	if (s->recent == NULL)
		s->recent = json_array();
	if (json_array_size(s->recent) >= RECENT_MAX)
		json_array_remove(s->recent, 0);
	(void)form_parse(q->query, &query);
	if (type != NULL && strcasestr(type, "urlencoded") != NULL)
		(void)form_parse(q->body, &body);
	id = form_get(&query, "client-request-id");
	if (id == NULL)
		id = request_header(q, "client-request-id");
	json_array_append_new(s->recent,
	    json_pack("{s:s,s:s,s:s,s:o,s:o,s:s?,s:s?,s:i,s:b,s:I}", "method",
		q->method, "host", host, "path", q->path, "query",
		names_of(&query), "fields", names_of(&body), "user_agent",
		agent, "client_request_id", id, "status", r->status, "tls",
		q->tls, "connection", (json_int_t)q->conn));
}

void
recent_done(struct sim *s)
{
	json_decref(s->recent);
	s->recent = NULL;
}

const char *
recent_admin(struct sim *s, const json_t *args, json_t *reply)
{
	(void)args;
	json_object_set_new(reply, "requests",
	    s->recent == NULL ? json_array() : json_deep_copy(s->recent));
	return NULL;
}
