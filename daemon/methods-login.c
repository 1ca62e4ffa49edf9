/* SPDX-License-Identifier: Apache-2.0 */
/* Login and its conversation: Login, Answer, Await, Cancel. */
#include <errno.h>

#include "awsfed/config.h"
#include "awsfed/proto.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "login.h"
#include "manager.h"
#include "methods-int.h"
#include "prompt.h"
#include "session.h"

void
methods_step(uint64_t conn, json_t *reply, void *arg)
{
	methods_ok(arg, conn, reply);
}

bool
methods_same_files(struct methods *ms, const json_t *p, struct fault *fault)
{
	const struct config *c = manager_config(ms->manager);
	const struct {
		const char *key;
		const char *variable;
		const char *ours;
	} files[] = {
		{ "config", "AWS_CONFIG_FILE", c->path },
		{ "credentials", "AWS_SHARED_CREDENTIALS_FILE",
		    c->credentials_path },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *theirs;

		if (json_str_opt(p, files[i].key, METHODS_VALUE_MAX, &theirs) <
		    0)
			theirs = "?";
		if (theirs == NULL || str_eq(theirs, files[i].ours))
			continue;
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("Your %s is %s, but the agent works on %s."),
		    files[i].variable, theirs, files[i].ours);
		fault_next(fault, _("unset %s, or start the agent with it"),
		    files[i].variable);
		return false;
	}
	return true;
}

/* NULL, or the name of the parameter that is wrong. */
static const char *
login_parameters(const json_t *p, struct login_request *req)
{
	const struct {
		const char *key;
		const char **value;
	} strings[] = {
		{ "host", &req->host },
		{ "roleArn", &req->role_arn },
		{ "region", &req->region },
		{ "user", &req->user },
		{ "providerId", &req->provider_id },
		{ "output", &req->output },
		{ "caBundle", &req->ca_bundle },
		{ "s3SignatureVersion", &req->s3_signature_version },
		{ "usernamePasswordCommand", &req->username_password_command },
		{ "mfaTokenCommand", &req->mfa_token_command },
		{ "duoFactor", &req->duo_factor },
		{ "duoDevice", &req->duo_device },
		{ "krb5ccname", &req->krb5ccname },
	};
	const char *deliver;
	const struct {
		const char *key;
		bool *value;
	} flags[] = {
		{ "all", &req->all },
		{ "force", &req->force },
		{ "newDefault", &req->new_default },
		{ "survey", &req->survey },
		{ "aliases", &req->aliases },
		{ "noSslVerification", &req->no_ssl_verification },
		{ "chooseRole", &req->choose_role },
		{ "renew", &req->renew },
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		if (json_str_opt(p, strings[i].key, METHODS_VALUE_MAX,
			strings[i].value) < 0)
			return strings[i].key;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (json_bool_opt(p, flags[i].key, false, flags[i].value) < 0)
			return flags[i].key;
	if (methods_names(p, "profiles", &req->profiles) < 0)
		return "profiles";
	if (json_int_opt(
		p, "sessionDuration", 0, 43200, 0, &req->session_duration) < 0)
		return "sessionDuration";
	if (json_str_opt(p, "assertion", LOGIN_ASSERTION_MAX, &req->assertion) <
	    0)
		return "assertion";
	if (json_str_opt(p, "deliver", 16, &deliver) < 0 ||
	    (deliver != NULL && !str_eq(deliver, "none")))
		return "deliver";
	req->deliver_none = deliver != NULL;
	req->says_ssl_verification =
	    json_is_boolean(json_object_get(p, "noSslVerification"));
	return NULL;
}

/* Keys for the caller alone that are there: no sign-in is asked for. */
static bool
wants_held(struct methods *ms, const struct login_request *req)
{
	const struct session *s = req->profiles.n == 1 ?
	    manager_session(ms->manager, req->profiles.v[0]) :
	    NULL;

	return s != NULL && session_creds(s) != NULL && req->deliver_none &&
	    !req->renew && !req->survey && req->assertion == NULL &&
	    req->host == NULL && req->role_arn == NULL && !req->choose_role;
}

void
methods_login(struct methods *ms, uint64_t conn, const json_t *p)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct login_request req = { 0 };
	const char *wrong = login_parameters(p, &req);

	manager_look(ms->manager);
	if (wrong != NULL)
		methods_bad(ms, conn, wrong);
	else if (!wants_held(ms, &req) &&
	    methods_locked(
		ms, conn, req.profiles.n == 1 ? req.profiles.v[0] : NULL))
		; /* answered */
	else if (!methods_same_files(ms, p, &f) ||
	    login_start(ms->logins, conn, &req, &f) < 0)
		methods_fault(ms, conn, &f,
		    req.profiles.n == 1 ? req.profiles.v[0] : NULL);
	strv_done(&req.profiles);
}

static void
login_result(struct methods *ms, uint64_t conn, int r)
{
	switch (r) {
	case 0:
		break; /* the reply comes with the next step */
	case -ESTALE:
		methods_error(ms, conn, E_STALE_QUESTION, NULL, NULL);
		break;
	case -EINVAL:
		methods_bad(ms, conn, "value");
		break;
	case -EBUSY:
		methods_error(ms, conn, E_BUSY, NULL, NULL);
		break;
	default:
		methods_error(ms, conn, E_NO_SUCH_LOGIN, NULL, NULL);
		break;
	}
}

void
methods_answer(struct methods *ms, uint64_t conn, const json_t *p)
{
	const char *login, *question, *value, *wrong = NULL;
	bool scripted;

	/* An answer may be empty, and a password may hold a blank. */
	if (json_str(p, "login", 32, &login) < 0)
		wrong = "login";
	else if (json_str(p, "question", 32, &question) < 0)
		wrong = "question";
	else if (json_str(p, "value", PROMPT_ANSWER_MAX, &value) < 0)
		wrong = "value";
	else if (json_bool_opt(p, "scripted", false, &scripted) < 0)
		wrong = "scripted";
	if (wrong != NULL)
		methods_bad(ms, conn, wrong);
	else
		login_result(ms, conn,
		    login_answer(
			ms->logins, conn, login, question, value, scripted));
}

void
methods_await(struct methods *ms, uint64_t conn, const json_t *p)
{
	const char *login;

	if (json_str(p, "login", 32, &login) < 0)
		methods_bad(ms, conn, "login");
	else
		login_result(ms, conn, login_await(ms->logins, conn, login));
}

void
methods_cancel(struct methods *ms, uint64_t conn, const json_t *p)
{
	const char *login;

	if (json_str(p, "login", 32, &login) < 0)
		methods_bad(ms, conn, "login");
	else if (login_cancel(ms->logins, login) < 0)
		methods_error(ms, conn, E_NO_SUCH_LOGIN, NULL, NULL);
	else
		methods_ok(ms, conn, NULL);
}
