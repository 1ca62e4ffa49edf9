/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/secret.h"
#include "awsfed/wire.h"

void
message_network(json_t *o, const struct profile *p, const struct settings *set)
{
	json_put_str(o, "caBundle",
	    p->ca_bundle != NULL ? p->ca_bundle : set->ca_bundle);
	json_put_str(o, "httpsProxy", set->https_proxy);
	json_put_str(o, "noProxy", set->no_proxy);
	json_put_int(o, "connectTimeout", set->connect_timeout);
	json_put_int(o, "timeout", set->worker_timeout);
}

void
message_role(json_t *o, const struct profile *p, const struct settings *set)
{
	json_put_str(o, "region", p->region);
	json_put_str(o, "endpoint",
	    set->endpoint_sts != NULL ? set->endpoint_sts : p->endpoint_sts);
	json_object_set_new(o, "fips", json_boolean(p->use_fips));
	json_object_set_new(o, "dualstack", json_boolean(p->use_dualstack));
	json_put_str(o, "policy", p->policy);
	if (p->policy_arns.n > 0)
		json_put_list(o, "policyArns", &p->policy_arns);
}

void
message_source(json_t *o, const struct creds *keys)
{
	json_t *source = json_object();

	json_put_str(source, "accessKeyId", keys->access_key_id);
	json_put_str(
	    source, "secretAccessKey", secret_bytes(keys->secret_access_key));
	json_put_str(source, "sessionToken", secret_bytes(keys->session_token));
	json_object_set_new(o, "source", source);
}
