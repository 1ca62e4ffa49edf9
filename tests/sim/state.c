/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <awsfed/xalloc.h>

#include "form.h"
#include "mishap.h"
#include "recent.h"
#include "state.h"

/* Frees a whole list of records. */
#define LIST_FREE(head, free_one) \
	do { \
		while ((head) != NULL) { \
			__auto_type dead_ = (head); \
			(head) = dead_->next; \
			free_one(dead_); \
		} \
	} while (0)

static void
user_free(struct user *u)
{
	xfree(u->name);
	xfree(u->upn);
	xfree(u->password);
	xfree(u->session_name);
	strv_done(&u->pairs);
	factor_done(&u->factor);
	xfree(u);
}

static void
role_free(struct role *r)
{
	xfree(r->arn);
	xfree(r->external_id);
	xfree(r->policy);
	strv_done(&r->policy_arns);
	strv_done(&r->providers);
	strv_done(&r->trust);
	json_decref(r->last);
	xfree(r);
}

static void
sso_free(struct sso *o)
{
	xfree(o->token);
	xfree(o->user);
	xfree(o->host);
	xfree(o);
}

static void
pending_free(struct pending *p)
{
	xfree(p->id);
	xfree(p->cookie);
	xfree(p->sp.id);
	xfree(p->sp.relay);
	xfree(p);
}

static void
assertion_free(struct assertion *a)
{
	xfree(a->id);
	xfree(a->user);
	xfree(a->session_name);
	xfree(a->issuer);
	xfree(a->recipient);
	xfree(a->flaw);
	strv_done(&a->pairs);
	xfree(a);
}

static void
key_free(struct key *k)
{
	xfree(k->id);
	xfree(k->secret);
	xfree(k->token);
	xfree(k->role);
	xfree(k->principal);
	xfree(k->user_id);
	xfree(k->signin_token);
	xfree(k);
}

/* Puts a record in front and drops the oldest when there are too many. */
#define LIST_PUSH(head, record, free_one) \
	do { \
		size_t n_ = 0; \
		(record)->next = (head); \
		(head) = (record); \
		for (__auto_type p_ = (head); p_ != NULL; p_ = p_->next) \
			if (++n_ == SIM_MAX_RECORDS) { \
				LIST_FREE(p_->next, free_one); \
				break; \
			} \
	} while (0)

void
sim_init(struct sim *s, const char *dir)
{
	*s = (struct sim){ .dir = xstrdup(dir) };
	pthread_mutex_init(&s->lock, NULL);
	s->opt = (struct options){
		.flavour = xstrdup("2019"),
		.rp = xstrdup("urn:amazon:webservices"),
		.acs = xstrdup("https://signin.aws.amazon.com/saml"),
		.order = xstrdup("as-is"),
		.extra = xstrdup(""),
		.chooser = xstrdup("classic"),
		.realms = xstrdup(""),
		.realm_suffixes = xstrdup(""),
		.interstitial = xstrdup(""),
		.activity = true,
		.mfa = xstrdup(""),
		.mfa_methods = xstrdup(""),
		.mfa_numbers = xstrdup(""),
		.mfa_tries = 5,
		.push_seconds = 60,
		.sso_life = 8 * 3600,
		.kmsi_life = 24 * 3600,
		.assertion_life = 300,
		.loop_tokens = 5,
		.loop_seconds = 20,
		.lockout_seconds = 1800,
		.chunk = 2000,
		.idp_page = true,
		.totp_once = true,
		.detailed = true,
		.federation_post = true,
	};
}

void
sim_done(struct sim *s)
{
	mfa_done(s);
	recent_done(s);
	strv_done(&s->tokens);
	strv_done(&s->viewstates);
	strv_done(&s->answered);
	xfree(s->opt.realms);
	xfree(s->opt.realm_suffixes);
	xfree(s->opt.interstitial);
	LIST_FREE(s->users, user_free);
	LIST_FREE(s->roles, role_free);
	LIST_FREE(s->ssos, sso_free);
	LIST_FREE(s->pendings, pending_free);
	LIST_FREE(s->assertions, assertion_free);
	LIST_FREE(s->keys, key_free);
	mishap_clear(s);
	strv_done(&s->violations);
	strv_done(&s->aliases);
	xfree(s->opt.flavour);
	xfree(s->opt.rp);
	xfree(s->opt.acs);
	xfree(s->opt.order);
	xfree(s->opt.extra);
	xfree(s->opt.chooser);
	xfree(s->opt.mfa);
	xfree(s->opt.mfa_methods);
	xfree(s->opt.mfa_numbers);
	xfree(s->dir);
	if (s->log != NULL)
		fclose(s->log);
	pthread_mutex_destroy(&s->lock);
}

void
sim_lock(struct sim *s)
{
	pthread_mutex_lock(&s->lock);
}

void
sim_unlock(struct sim *s)
{
	pthread_mutex_unlock(&s->lock);
}

int64_t
sim_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

void
sim_log(struct sim *s, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL, *clean = NULL;
	struct timespec ts;
	struct tm tm;
	va_list ap;

	if (s->log == NULL)
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	clean = str_clean(text, 1000);
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	fprintf(s->log, "%02d:%02d:%02d.%03ld %s\n", tm.tm_hour, tm.tm_min,
	    tm.tm_sec, ts.tv_nsec / 1000000, clean);
	fflush(s->log);
}

void
sim_violation(struct sim *s, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	s->count.violations++;
	sim_log(s, "VIOLATION %s", text);
	if (s->violations.n < SIM_MAX_VIOLATIONS)
		strv_take(&s->violations, text);
	else
		xfree(text);
}

void
sim_list(const char *s, struct strv *ret)
{
	while (*s != '\0') {
		size_t n = strcspn(s, ",");
		_cleanup_free_ char *whole = xstrndup(s, n);
		const char *piece = str_trim(whole);

		if (piece[0] != '\0')
			strv_add(ret, piece);
		s += n + (s[n] == ',');
	}
}

struct user *
user_find(struct sim *s, const char *name)
{
	for (struct user *u = s->users; u != NULL; u = u->next)
		if (strcasecmp(u->name, name) == 0 ||
		    (u->upn != NULL && strcasecmp(u->upn, name) == 0))
			return u;
	return NULL;
}

struct user *
user_add(struct sim *s, const char *name)
{
	struct user *u = user_find(s, name);
	const char *slash = strchr(name, '\\');

	if (u != NULL)
		return u;
	u = xcalloc(1, sizeof(*u));
	u->name = xstrdup(name);
	u->expires_days = -1;
	u->password = xstrdup("");
	u->session_name = xstrdup(slash != NULL ? slash + 1 : name);
	u->next = s->users;
	s->users = u;
	return u;
}

struct role *
role_find(struct sim *s, const char *arn)
{
	for (struct role *r = s->roles; r != NULL; r = r->next)
		if (strcmp(r->arn, arn) == 0)
			return r;
	return NULL;
}

struct role *
role_add(struct sim *s, const char *arn)
{
	struct role *r = role_find(s, arn);

	if (r != NULL)
		return r;
	r = xcalloc(1, sizeof(*r));
	r->arn = xstrdup(arn);
	r->max_duration = 3600;
	r->next = s->roles;
	s->roles = r;
	return r;
}

struct sso *
sso_new(struct sim *s, const struct user *u, int64_t life)
{
	struct sso *o = xcalloc(1, sizeof(*o));

	o->token = random_b64(2700);
	o->user = xstrdup(u->name);
	o->authenticated = sim_now();
	o->expires = o->authenticated + life;
	LIST_PUSH(s->ssos, o, sso_free);
	return o;
}

struct sso *
sso_find(struct sim *s, const char *token)
{
	for (struct sso *o = s->ssos; o != NULL; o = o->next)
		if (strcmp(o->token, token) == 0)
			return sim_now() < o->expires ? o : NULL;
	return NULL;
}

void
sso_end(struct sim *s, const char *user)
{
	for (struct sso *o = s->ssos; o != NULL; o = o->next)
		if (user == NULL || strcasecmp(o->user, user) == 0)
			o->expires = 0;
}

struct pending *
pending_new(struct sim *s, const char *id)
{
	struct pending *p = pending_find(s, id);

	if (p == NULL) {
		p = xcalloc(1, sizeof(*p));
		p->id = xstrdup(id);
		LIST_PUSH(s->pendings, p, pending_free);
	}
	p->made = sim_now();
	return p;
}

struct pending *
pending_find(struct sim *s, const char *id)
{
	for (struct pending *p = s->pendings; p != NULL; p = p->next)
		if (strcmp(p->id, id) == 0)
			return p;
	return NULL;
}

struct pending *
pending_by_cookie(struct sim *s, const char *cookie)
{
	for (struct pending *p = s->pendings; p != NULL; p = p->next)
		if (str_eq(p->cookie, cookie))
			return p;
	return NULL;
}

struct assertion *
assertion_new(struct sim *s)
{
	struct assertion *a = xcalloc(1, sizeof(*a));

	LIST_PUSH(s->assertions, a, assertion_free);
	return a;
}

struct assertion *
assertion_find(struct sim *s, const char digest[65])
{
	for (struct assertion *a = s->assertions; a != NULL; a = a->next)
		if (strcmp(a->digest, digest) == 0)
			return a;
	return NULL;
}

/* Upper-case letters and digits as AWS ids have them. */
static char *
id_text(const char *prefix, const unsigned char *bytes, size_t n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	char *out = xmalloc(strlen(prefix) + n + 1);
	size_t at = strlen(prefix);

	memcpy(out, prefix, at);
	for (size_t i = 0; i < n; i++)
		out[at++] = set[bytes[i] & 31];
	out[at] = '\0';
	return out;
}

struct key *
key_new(struct sim *s, const char *role, const char *session, int64_t seconds)
{
	struct key *k = xcalloc(1, sizeof(*k));
	_cleanup_free_ char *partition = arn_field(role, 1);
	_cleanup_free_ char *account = arn_field(role, 4);
	_cleanup_free_ char *raw = random_hex(16), *role_id = NULL;
	_cleanup_free_ char *tail = NULL;
	const char *slash = strrchr(role, '/');
	char digest[65];

	/* Hex digits spread poorly over 32 letters: fold pairs of them. */
	for (size_t i = 0; i < 16; i++)
		raw[i] = (char)(raw[2 * i] * 7 + raw[2 * i + 1]);
	k->id = id_text("ASIA", (const unsigned char *)raw, 16);
	k->secret = random_b64(30);
	tail = random_b64(280);
	k->token = xasprintf("IQoJb3JpZ2luX2VjE+//%s", tail);
	sha256_hex(role, strlen(role), digest);
	role_id = id_text("AROA", (const unsigned char *)digest, 17);
	k->role = xstrdup(role);
	k->principal = xasprintf("arn:%s:sts::%s:assumed-role/%s/%s", partition,
	    account, slash != NULL ? slash + 1 : role, session);
	k->user_id = xasprintf("%s:%s", role_id, session);
	if (s->opt.token_life > 0 && seconds > s->opt.token_life)
		seconds = s->opt.token_life;
	k->expires = sim_now() + seconds;
	LIST_PUSH(s->keys, k, key_free);
	s->count.keys_issued++;
	return k;
}

struct key *
key_find(struct sim *s, const char *id)
{
	for (struct key *k = s->keys; k != NULL; k = k->next)
		if (strcmp(k->id, id) == 0)
			return k;
	return NULL;
}

void
counters_reset(struct sim *s)
{
	s->count = (struct counters){ 0 };
	strv_done(&s->violations);
	s->violations = (struct strv){ 0 };
	for (struct user *u = s->users; u != NULL; u = u->next) {
		struct factor *f = &u->factor;

		u->posts = u->rejected = 0;
		f->posts = f->rejected = f->pushes = f->passed = 0;
	}
	for (struct role *r = s->roles; r != NULL; r = r->next)
		r->saml_calls = r->saml_good = r->assume_calls =
		    r->assume_good = 0;
}

char *
arn_field(const char *arn, size_t field)
{
	for (size_t i = 0; i < field; i++) {
		arn = strchr(arn, ':');
		if (arn == NULL)
			return xstrdup("");
		arn++;
	}
	return xstrndup(arn, field < 5 ? strcspn(arn, ":") : strlen(arn));
}

static bool
arn_has(const char *arn, const char *resource)
{
	_cleanup_free_ char *kind = arn_field(arn, 5);
	_cleanup_free_ char *service = arn_field(arn, 2);
	_cleanup_free_ char *account = arn_field(arn, 4);

	return str_starts(arn, "arn:") && str_eq(service, "iam") &&
	    account[0] != '\0' &&
	    strspn(account, "0123456789") == strlen(account) &&
	    str_starts(kind, resource) && kind[strlen(resource)] != '\0';
}

bool
arn_is_role(const char *arn)
{
	return arn_has(arn, "role/");
}

bool
arn_is_provider(const char *arn)
{
	return arn_has(arn, "saml-provider/");
}

int
pair_split(const char *pair, char **ret_role, char **ret_provider)
{
	for (const char *c = strchr(pair, ','); c != NULL;
	     c = strchr(c + 1, ',')) {
		_cleanup_free_ char *left = xstrndup(pair, (size_t)(c - pair));
		_cleanup_free_ char *right = xstrdup(c + 1);

		str_trim(left);
		str_trim(right);
		if (arn_is_role(left) && arn_is_provider(right)) {
			*ret_role = STEAL(left);
			*ret_provider = STEAL(right);
			return 0;
		}
		if (arn_is_provider(left) && arn_is_role(right)) {
			*ret_role = STEAL(right);
			*ret_provider = STEAL(left);
			return 0;
		}
	}
	return -EINVAL;
}
