/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <jansson.h>

#include <awsfed/buf.h>
#include <awsfed/paths.h>
#include <awsfed/str.h>
#include <awsfed/wire.h>
#include <awsfed/xalloc.h>

#include "admin.h"
#include "mishap.h"
#include "pages.h"
#include "recent.h"
#include "state.h"
#include "totp.h"

#define ADMIN_MAX (1024 * 1024) /* bytes in one line */

enum option_type { OPTION_TEXT, OPTION_NUMBER, OPTION_FLAG };

/* The settings of the simulator, by name. */
static const struct option {
	const char *name;
	enum option_type type;
	size_t at;
	int64_t min, max;
} options[] = {
#define TEXT(n) \
	{ \
#n, OPTION_TEXT, offsetof(struct options, n), 0, 0 \
	}
#define NUMBER(n, min, max) \
	{ \
#n, OPTION_NUMBER, offsetof(struct options, n), min, max \
	}
#define FLAG(n) \
	{ \
#n, OPTION_FLAG, offsetof(struct options, n), 0, 0 \
	}
	TEXT(flavour),
	TEXT(rp),
	TEXT(acs),
	TEXT(order),
	TEXT(extra),
	TEXT(chooser),
	TEXT(realms),
	TEXT(realm_suffixes),
	TEXT(interstitial),
	TEXT(mfa),
	TEXT(mfa_methods),
	TEXT(mfa_numbers),
	NUMBER(mfa_tries, 1, 1000),
	NUMBER(push_seconds, 1, 3600),
	NUMBER(sso_life, 1, 10000000),
	NUMBER(kmsi_life, 1, 10000000),
	NUMBER(token_life, 0, 43200),
	NUMBER(assertion_life, 1, 86400),
	NUMBER(session_duration, 0, 100000),
	NUMBER(session_until, 0, 10000000),
	NUMBER(loop_tokens, 1, 30),
	NUMBER(loop_seconds, 1, 3600),
	NUMBER(lockout_threshold, 0, 1000),
	NUMBER(lockout_seconds, 1, 1000000),
	NUMBER(chunk, 300, 4000),
	FLAG(kmsi),
	FLAG(idp_page),
	FLAG(wia),
	FLAG(rp_list),
	FLAG(signed_requests),
	FLAG(activity),
	FLAG(totp_once),
	FLAG(remote_user),
	FLAG(detailed),
	FLAG(federation_post),
#undef TEXT
#undef NUMBER
#undef FLAG
};

/* The counters, by name. */
static const struct {
	const char *name;
	size_t at;
} counters[] = {
#define COUNTER(n) \
	{ \
#n, offsetof(struct counters, n) \
	}
	COUNTER(connections),
	COUNTER(tls_failures),
	COUNTER(requests),
	COUNTER(adfs_gets),
	COUNTER(adfs_posts),
	COUNTER(password_posts),
	COUNTER(passwords_rejected),
	COUNTER(lockouts),
	COUNTER(sign_ins),
	COUNTER(sign_outs),
	COUNTER(sp_requests),
	COUNTER(realms_chosen),
	COUNTER(realm_redirects),
	COUNTER(partner_posts),
	COUNTER(update_pages),
	COUNTER(mfa_runs),
	COUNTER(mfa_posts),
	COUNTER(mfa_passed),
	COUNTER(mfa_refused),
	COUNTER(mfa_lockouts),
	COUNTER(codes_rejected),
	COUNTER(pushes),
	COUNTER(assertions),
	COUNTER(loops),
	COUNTER(signin_posts),
	COUNTER(federation_posts),
	COUNTER(federation_gets),
	COUNTER(signin_tokens),
	COUNTER(console_sign_ins),
	COUNTER(assume_role_with_saml),
	COUNTER(assume_role),
	COUNTER(get_caller_identity),
	COUNTER(sts_errors),
	COUNTER(keys_issued),
	COUNTER(faults_used),
	COUNTER(tickets),
	COUNTER(certificates),
	COUNTER(violations),
#undef COUNTER
};

/* Every command fills reply and returns NULL, or an error's text. */
typedef const char *command_fn(
    struct sim *s, const json_t *args, json_t *reply);

static const char *
text_of(const json_t *args, const char *key)
{
	return json_string_value(json_object_get(args, key));
}

static void
replace_from(char **p, const json_t *args, const char *key)
{
	if (text_of(args, key) != NULL)
		xreplace(p, xstrdup(text_of(args, key)));
}

static void
flag_from(bool *p, const json_t *args, const char *key)
{
	const json_t *j = json_object_get(args, key);

	if (json_is_boolean(j))
		*p = json_is_true(j);
}

static void
list_from(struct strv *sv, const json_t *args, const char *key)
{
	const json_t *list = json_object_get(args, key), *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (json_is_string(item) &&
		    !strv_has(sv, json_string_value(item)))
			strv_add(sv, json_string_value(item));
}

/* Roles named in a user's pairs exist from then on. */
static const char *
learn_pairs(struct sim *s, const struct user *u)
{
	for (size_t i = 0; i < u->pairs.n; i++) {
		_cleanup_free_ char *role = NULL, *provider = NULL;
		struct role *r;

		if (pair_split(u->pairs.v[i], &role, &provider) < 0)
			return "a role of a user is \"ROLE-ARN,PROVIDER-ARN\" "
			       "in either order";
		r = role_add(s, role);
		if (!strv_has(&r->providers, provider))
			strv_add(&r->providers, provider);
	}
	return NULL;
}

/* An empty text takes the setting back. */
static void
factor_from(struct factor *f, const json_t *args)
{
	static const struct {
		const char *key;
		size_t at;
	} texts[] = {
		{ "mfa", offsetof(struct factor, adapter) },
		{ "mode", offsetof(struct factor, mode) },
		{ "code", offsetof(struct factor, code) },
		{ "next_code", offsetof(struct factor, next) },
		{ "totp", offsetof(struct factor, totp) },
		{ "pin", offsetof(struct factor, pin) },
		{ "answer", offsetof(struct factor, answer) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char **at = (char **)(void *)((char *)f + texts[i].at);
		const char *value = text_of(args, texts[i].key);

		if (value == NULL)
			continue;
		xreplace(at, value[0] != '\0' ? xstrdup(value) : NULL);
		f->wrong = f->locked_until = 0;
		if (str_eq(texts[i].key, "totp"))
			f->totp_step = 0;
	}
	flag_from(&f->unregistered, args, "unregistered");
}

static const char *
factor_flaw(const json_t *args)
{
	static const char *const modes[] = { "", "push", "code", "call", "sms",
		"choose" };
	const char *answer = text_of(args, "answer");
	const char *mode = text_of(args, "mode");
	const char *totp = text_of(args, "totp");
	bool ok = mode == NULL;
	int64_t n;

	for (size_t i = 0; !ok && i < ARRAY_SIZE(modes); i++)
		ok = str_eq(mode, modes[i]);
	if (!ok)
		return "a mode is push, code, call, sms or choose";
	if (!str_empty(totp) && !totp_secret(totp))
		return "a TOTP secret is base32, 8 bytes at least";
	if (!str_empty(answer) && !str_eq(answer, "approve") &&
	    !str_eq(answer, "deny") && !str_eq(answer, "timeout") &&
	    !str_eq(answer, "ask") &&
	    (!str_starts(answer, "wait-") ||
		str_int(answer + 5, 0, 3600, &n) < 0))
		return "an answer is approve, deny, timeout, ask or wait-N";
	return NULL;
}

static const char *
user_set(struct sim *s, const json_t *args, json_t *reply)
{
	const char *name = text_of(args, "name");
	struct user *u;

	(void)reply;
	if (str_empty(name))
		return "a user needs a name";
	if (factor_flaw(args) != NULL)
		return factor_flaw(args);
	u = user_add(s, name);
	factor_from(&u->factor, args);
	replace_from(&u->upn, args, "upn");
	if (text_of(args, "password") != NULL) {
		replace_from(&u->password, args, "password");
		u->failures = u->locked_until = 0;
	}
	replace_from(&u->session_name, args, "session_name");
	flag_from(&u->locked, args, "locked");
	flag_from(&u->expired, args, "expired");
	flag_from(&u->denied, args, "denied");
	if (json_is_integer(json_object_get(args, "expires_days")))
		u->expires_days =
		    json_integer_value(json_object_get(args, "expires_days"));
	if (json_is_true(json_object_get(args, "drop_roles")))
		strv_done(&u->pairs);
	list_from(&u->pairs, args, "roles");
	return learn_pairs(s, u);
}

static const char *
user_drop(struct sim *s, const json_t *args, json_t *reply)
{
	const char *name = text_of(args, "name");
	struct user *u = name == NULL ? NULL : user_find(s, name);

	(void)reply;
	if (u == NULL)
		return "no such user";
	sso_end(s, u->name);
	xreplace(&u->name, xstrdup(""));
	xreplace(&u->upn, NULL);
	return NULL;
}

static const char *
role_set(struct sim *s, const json_t *args, json_t *reply)
{
	const char *arn = text_of(args, "arn");
	const json_t *max = json_object_get(args, "max_duration");
	struct role *r;

	(void)reply;
	if (arn == NULL || !arn_is_role(arn))
		return "a role needs its ARN";
	r = role_add(s, arn);
	if (json_is_integer(max))
		r->max_duration = json_integer_value(max);
	replace_from(&r->external_id, args, "external_id");
	if (json_is_true(json_object_get(args, "drop_trust")))
		strv_done(&r->trust);
	if (json_is_true(json_object_get(args, "drop_providers")))
		strv_done(&r->providers);
	list_from(&r->providers, args, "providers");
	list_from(&r->trust, args, "trust");
	return NULL;
}

static const char *
set(struct sim *s, const json_t *args, json_t *reply)
{
	const char *name = text_of(args, "name");
	const char *value = text_of(args, "value");
	int64_t n;

	(void)reply;
	if (name == NULL || value == NULL)
		return "set needs a name and a value";
	if (str_eq(name, "flavour") && !page_flavour(value))
		return "no such page flavour";
	if (str_eq(name, "interstitial") && value[0] != '\0' &&
	    !str_eq(value, "consent") && !str_eq(value, "autopost"))
		return "an interstitial is consent, autopost or nothing";
	if (str_eq(name, "chooser") && !str_eq(value, "classic") &&
	    !str_eq(value, "2023") && !str_eq(value, "interstitial"))
		return "no such chooser page";
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		char *at = (char *)&s->opt + options[i].at;

		if (!str_eq(options[i].name, name))
			continue;
		switch (options[i].type) {
		case OPTION_TEXT:
			xreplace((char **)(void *)at, xstrdup(value));
			return NULL;
		case OPTION_NUMBER:
			if (str_int(value, options[i].min, options[i].max, &n) <
			    0)
				return "the number is out of range";
			*(int64_t *)(void *)at = n;
			return NULL;
		case OPTION_FLAG:
			if (str_bool(value, (bool *)at) < 0)
				return "the value is neither yes nor no";
			return NULL;
		default:
			break;
		}
	}
	return "no such option";
}

static const char *
get_options(struct sim *s, const json_t *args, json_t *reply)
{
	json_t *o = json_object();

	(void)args;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		char *at = (char *)&s->opt + options[i].at;
		json_t *v = options[i].type == OPTION_TEXT ?
		    json_string(*(char **)(void *)at) :
		    options[i].type == OPTION_FLAG ?
		    json_boolean(*(bool *)at) :
		    json_integer(*(int64_t *)(void *)at);

		json_object_set_new(o, options[i].name, v);
	}
	json_object_set_new(reply, "options", o);
	return NULL;
}

static json_t *
text_list(const struct strv *sv)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sv->n; i++)
		json_array_append_new(list, json_string(sv->v[i]));
	return list;
}

static json_t *
factor_counters(const struct factor *f)
{
	return json_pack("{s:I,s:I,s:I,s:I}", "posts", (json_int_t)f->posts,
	    "rejected", (json_int_t)f->rejected, "pushes",
	    (json_int_t)f->pushes, "passed", (json_int_t)f->passed);
}

static const char *
get_counters(struct sim *s, const json_t *args, json_t *reply)
{
	json_t *users = json_object(), *roles = json_object();
	json_t *texts = json_array(), *factors = json_object();

	(void)args;
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		json_object_set_new(reply, counters[i].name,
		    json_integer(*(int64_t *)(void *)((char *)&s->count +
			counters[i].at)));
	for (const struct user *u = s->users; u != NULL; u = u->next)
		if (u->name[0] != '\0')
			json_object_set_new(users, u->name,
			    json_pack("{s:I,s:I}", "password_posts",
				(json_int_t)u->posts, "rejected",
				(json_int_t)u->rejected));
	for (const struct user *u = s->users; u != NULL; u = u->next)
		if (u->name[0] != '\0')
			json_object_set_new(
			    factors, u->name, factor_counters(&u->factor));
	for (const struct role *r = s->roles; r != NULL; r = r->next)
		json_object_set_new(roles, r->arn,
		    json_pack("{s:s?,s:o,s:I,s:I,s:I,s:I}", "policy", r->policy,
			"policy_arns", text_list(&r->policy_arns),
			"assume_role_with_saml", (json_int_t)r->saml_calls,
			"assume_role_with_saml_good", (json_int_t)r->saml_good,
			"assume_role", (json_int_t)r->assume_calls,
			"assume_role_good", (json_int_t)r->assume_good));
	for (const struct role *r = s->roles; r != NULL; r = r->next)
		if (r->last != NULL)
			json_object_set(json_object_get(roles, r->arn),
			    "assume_role_last", r->last);
	for (size_t i = 0; i < s->violations.n; i++)
		json_array_append_new(texts, json_string(s->violations.v[i]));
	json_object_set_new(reply, "users", users);
	json_object_set_new(reply, "factors", factors);
	json_object_set_new(reply, "roles", roles);
	json_object_set_new(reply, "violation_texts", texts);
	return NULL;
}

static const char *
reset(struct sim *s, const json_t *args, json_t *reply)
{
	(void)args;
	(void)reply;
	counters_reset(s);
	return NULL;
}

static const char *
fault_add(struct sim *s, const json_t *args, json_t *reply)
{
	const char *error = NULL;
	const struct mishap *m = mishap_add(s, args, &error);

	if (m != NULL)
		json_object_set_new(reply, "id", json_integer(m->id));
	return error;
}

static const char *
fault_list(struct sim *s, const json_t *args, json_t *reply)
{
	(void)args;
	json_object_set_new(reply, "faults", mishap_list(s));
	return NULL;
}

static const char *
fault_clear(struct sim *s, const json_t *args, json_t *reply)
{
	const json_t *id = json_object_get(args, "id");

	(void)reply;
	if (json_is_integer(id))
		return mishap_drop(s, json_integer_value(id)) ? NULL :
								"no such fault";
	mishap_clear(s);
	return NULL;
}

static const char *
expire_sso(struct sim *s, const json_t *args, json_t *reply)
{
	(void)reply;
	sso_end(s, text_of(args, "name"));
	return NULL;
}

static const char *
expire_keys(struct sim *s, const json_t *args, json_t *reply)
{
	(void)args;
	(void)reply;
	for (struct key *k = s->keys; k != NULL; k = k->next)
		k->expires = 0;
	return NULL;
}

static const char *
set_alias(struct sim *s, const json_t *args, json_t *reply)
{
	const char *account = text_of(args, "account");
	const char *name = text_of(args, "name");

	(void)reply;
	if (account == NULL || name == NULL)
		return "an alias needs an account and a name";
	strv_take(&s->aliases, xasprintf("%s %s", account, name));
	return NULL;
}

static const char *
ping(struct sim *s, const json_t *args, json_t *reply)
{
	(void)s;
	(void)args;
	json_object_set_new(reply, "pid", json_integer(getpid()));
	return NULL;
}

static const struct {
	const char *name;
	command_fn *run;
} commands[] = {
	{ "user", user_set },
	{ "user-drop", user_drop },
	{ "role", role_set },
	{ "alias", set_alias },
	{ "set", set },
	{ "options", get_options },
	{ "counters", get_counters },
	{ "reset", reset },
	{ "fault", fault_add },
	{ "faults", fault_list },
	{ "fault-clear", fault_clear },
	{ "expire-sso", expire_sso },
	{ "expire-keys", expire_keys },
	{ "push", mfa_admin_push },
	{ "requests", recent_admin },
	{ "ping", ping },
};

static json_t *
answer(struct sim *s, const char *line)
{
	_cleanup_json_ json_t *args =
	    json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *name = text_of(args, "do"), *error = "no such command";
	json_t *reply = json_object();

	if (!json_is_object(args) || name == NULL) {
		error = "a command is a JSON object with \"do\"";
	} else {
		sim_lock(s);
		sim_log(s, "admin %s", name);
		for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
			if (str_eq(commands[i].name, name))
				error = commands[i].run(s, args, reply);
		sim_unlock(s);
	}
	json_object_set_new(reply, "ok", json_boolean(error == NULL));
	if (error != NULL)
		json_object_set_new(reply, "error", json_string(error));
	return reply;
}

void
admin_serve(struct sim *s, int fd, SSL_CTX *ctx)
{
	struct buf in = BUF_INIT(ADMIN_MAX);
	char chunk[4096];
	ssize_t n;

	(void)ctx;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		char *end;

		if (buf_add(&in, chunk, (size_t)n) < 0)
			break;
		while (in.len > 0 &&
		    (end = memchr(in.data, '\n', in.len)) != NULL) {
			_cleanup_json_ json_t *reply = NULL;
			_cleanup_free_ char *text = NULL, *line = NULL;

			*end = '\0';
			reply = answer(s, in.data);
			buf_consume(&in, (size_t)(end - in.data) + 1);
			text = json_dumps(reply, JSON_COMPACT | JSON_SORT_KEYS);
			line = xasprintf("%s\n", text);
			if (write_all(fd, line, strlen(line)) < 0)
				break;
		}
	}
	buf_done(&in);
}
