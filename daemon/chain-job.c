/* SPDX-License-Identifier: Apache-2.0 */
/* The message of an `assume` job: docs/PROTOCOL.md, section 2. */
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "chain-int.h"
#include "message.h"

#define CHAINED_DURATION_MAX 3600 /* seconds: AWS's limit of role chaining */

/* "key=value" each; the configuration has checked the form. */
static json_t *
tags(const struct strv *sv)
{
	json_t *o = json_object();

	for (size_t i = 0; i < sv->n; i++) {
		const char *eq = strchr(sv->v[i], '=');
		_cleanup_free_ char *key = eq == NULL ?
		    NULL :
		    xstrndup(sv->v[i], (size_t)(eq - sv->v[i]));

		if (key != NULL)
			json_put_str(o, key, eq + 1);
		if (key != NULL && json_object_get(o, key) == NULL)
			json_object_set_new(o, key, json_string(eq + 1));
	}
	return o;
}

/* Who it is stays visible along the chain: the source's own session name. */
static void
put_session_name(json_t *o, const struct profile *p, const struct creds *source)
{
	_cleanup_arn_ struct arn a = { 0 };

	if (p->role_session_name != NULL)
		json_put_str(o, "sessionName", p->role_session_name);
	else if (arn_parse(source->principal, &a) == 0 &&
	    a.type == ARN_ASSUMED_ROLE)
		json_put_str(o, "sessionName", a.session);
	else
		json_put_str(o, "sessionName", "awsfed");
}

json_t *
chain_job(const struct profile *p, const struct creds *source,
    const struct settings *set)
{
	int64_t duration = p->duration_seconds;
	json_t *o = json_object();

	if (duration > CHAINED_DURATION_MAX)
		duration = CHAINED_DURATION_MAX;
	json_put_str(o, "type", W_JOB);
	json_put_str(o, "job", JOB_ASSUME);
	json_put_str(o, "profile", p->name);
	json_put_str(o, "roleArn", p->role_arn);
	put_session_name(o, p, source);
	if (duration > 0)
		json_put_int(o, "duration", duration);
	json_put_str(o, "externalId", p->external_id);
	json_put_str(o, "sourceIdentity", p->source_identity);
	if (p->session_tags.n > 0)
		json_object_set_new(o, "tags", tags(&p->session_tags));
	if (p->transitive_tag_keys.n > 0)
		json_put_list(o, "transitiveTagKeys", &p->transitive_tag_keys);
	message_role(o, p, set);
	json_object_set_new(o, "allowHttpLoopback",
	    json_boolean(p->allow_http_loopback || set->allow_http_loopback));
	message_network(o, p, set);
	message_source(o, source);
	return o;
}
