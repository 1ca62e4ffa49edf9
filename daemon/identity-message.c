/* SPDX-License-Identifier: Apache-2.0 */
/* The job of a sign-in, as the worker gets it (docs/PROTOCOL.md section 2). */
#include "awsfed/config.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "identity-int.h"
#include "ledger.h"
#include "message.h"

static json_t *
cookie_list(const struct identity *id)
{
	json_t *list = NULL;

	if (id->cookies != NULL)
		list = json_loadb(secret_bytes(id->cookies),
		    secret_len(id->cookies), 0, NULL);
	return list != NULL ? list : json_array();
}

json_t *
identity_job_message(struct identity *id, const struct want *want)
{
	const struct profile *p = want->profile;
	const struct settings *s = id->env.settings(id->env.arg);
	json_t *o = json_object();

	json_put_str(o, "type", W_JOB);
	json_put_str(o, "job", JOB_SIGNIN);
	json_put_str(o, "host", p->adfs_host);
	json_put_str(o, "path", p->path);
	json_put_str(o, "query", p->query);
	json_put_str(o, "providerId", p->provider_id);
	json_put_str(o, "user", id->user);
	json_put_str(o, "domain", p->domain);
	json_put_str(o, "auth", auth_method_name(p->auth));
	json_put_str(o, "homeRealm", p->home_realm);
	json_put_str(o, "mfaMethod", p->mfa_method);
	json_put_str(o, "mfaAdapters", p->mfa_adapters);
	json_put_int(o, "mfaTimeout", p->mfa_timeout);
	json_object_set_new(o, "pushes",
	    json_integer(want->attended ? identity_pushes_left(id) : 0));
	json_put_str(o, "duoFactor", p->duo_factor);
	json_put_str(o, "duoDevice", p->duo_device);
	json_put_str(o, "clientCert", p->client_cert);
	json_put_str(o, "clientKey", p->client_key);
	json_put_str(o, "ccache", id->ccache);
	json_object_set_new(o, "spInitiated", json_boolean(p->sp_initiated));
	json_object_set_new(o, "totp",
	    json_boolean(
		p->totp_command != NULL || p->totp != TOTP_FROM_COMMAND));
	json_put_int(o, "totpUsed", id->totp_used);
	json_object_set_new(o, "keepSignedIn", json_boolean(p->keep_signed_in));
	json_object_set_new(
	    o, "sslVerification", json_boolean(p->ssl_verification));
	json_object_set_new(o, "allowHttpLoopback",
	    json_boolean(p->allow_http_loopback || s->allow_http_loopback));
	json_put_list(o, "allowedHosts", &p->allowed_hosts);
	message_network(o, p, s);
	json_object_set_new(o, "attended", json_boolean(want->attended));
	json_object_set_new(o, "worked",
	    json_boolean(id->worked ||
		(id->env.ops->worked != NULL &&
		    id->env.ops->worked(id, id->env.arg))));
	json_object_set_new(o, "aliases", json_boolean(want->aliases));
	json_object_set_new(o, "cookies", cookie_list(id));
	json_put_str(o, "salt", ledger_salt(id->env.ledger));
	json_put_int(o, "questionTimeout", s->login_timeout);
	if (want->assertion != NULL)
		json_put_str(o, "assertion", secret_bytes(want->assertion));
	return o;
}
