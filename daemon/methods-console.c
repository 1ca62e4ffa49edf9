/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console: an address that signs a browser in with a profile's keys.  A worker
 * fetches it; with a role to be assumed first, another worker does that.
 */
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "chain-int.h"
#include "job.h"
#include "landing.h"
#include "loop.h"
#include "manager.h"
#include "message.h"
#include "methods-int.h"
#include "session.h"
#include "skew.h"

#define CONSOLE_CALLS_MAX 8    /* at once; others are told to try again */
#define CONSOLE_LIFE_MAX 43200 /* seconds, AWS's limit */
#define CONSOLE_LIFE_MIN 900
#define SERVICE_MAX 64
#define URL_MAX 65536

struct console_call {
	struct console_call *next;
	struct methods *methods;
	uint64_t conn;
	struct profile *profile;
	char *role_arn; /* to be assumed first, or NULL */
	char *external_id;
	char *destination;
	bool page;  /* write one, and tell its path */
	bool waits; /* for the session */
	struct job *job;
	struct creds *creds; /* of the role that was assumed first */
	char *url;
	struct fault fault;
};

static void
call_free(struct console_call *c)
{
	struct console_call **at;
	struct session *s;

	for (at = &c->methods->consoles; *at != c; at = &(*at)->next)
		;
	*at = c->next;
	for (size_t i = 0; c->waits &&
	     (s = manager_session_at(c->methods->manager, i)) != NULL;
	     i++)
		session_unwait(s, c);
	if (c->job != NULL)
		manager_env(c->methods->manager)->jobs->ops->cancel(c->job);
	profile_unref(c->profile);
	creds_unref(c->creds);
	xfree(c->role_arn);
	xfree(c->external_id);
	xfree(c->destination);
	xfree(c->url);
	fault_done(&c->fault);
	xfree(c);
}

static void
fail(struct console_call *c, const struct fault *f)
{
	methods_fault(c->methods, c->conn, f, c->profile->name);
	call_free(c);
}

/* ---- the address within the console -------------------------------------------- */

static bool
service_ok(const char *s)
{
	return strlen(s) <= SERVICE_MAX && *s != '\0' &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/*
 * "https://console.aws.amazon.com/s3/home?region=eu-west-1"; NULL with *fault
 * when the partition has no console that awsfed knows.
 */
static char *
destination(const char *role_arn, const char *service, const char *region,
    struct fault *fault)
{
	const struct partition *p = partition_of_arn(role_arn);
	bool has;

	if (p == NULL || p->console_host == NULL || p->signin_host == NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("awsfed knows no AWS console for the partition of %s."),
		    role_arn == NULL ? "-" : role_arn);
		fault_next(fault,
		    _("Sign in to the console through your company's own "
		      "page."));
		return NULL;
	}
	/* A region of another partition is no use. */
	has = region != NULL && region_valid(region) &&
	    partition_by_region(region) == p;
	if (service == NULL && !has)
		return xasprintf("https://%s/", p->console_host);
	return xasprintf("https://%s/%s/home%s%s", p->console_host,
	    service != NULL ? service : "console", has ? "?region=" : "",
	    has ? region : "");
}

/* ---- jobs ------------------------------------------------------------------------ */

static void
send_result(struct console_call *c)
{
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *path = NULL;
	json_t *o;

	if (c->page) {
		path = landing_add(c->methods->landing, c->url, &f);
		if (path == NULL) {
			fail(c, &f);
			return;
		}
	}
	o = json_object();
	json_put_str(o, "profile", c->profile->name);
	json_put_str(o, "destination", c->destination);
	json_put_str(o, c->page ? "page" : "url", c->page ? path : c->url);
	if (c->page)
		json_put_int(o, "seconds", LANDING_SECONDS);
	methods_ok(c->methods, c->conn, o);
	call_free(c);
}

static void next_job(struct console_call *c, struct creds *keys);

static void
on_message(const char *type, const json_t *msg, void *arg)
{
	struct console_call *c = arg;
	const struct clk *clk = manager_env(c->methods->manager)->loop->clk;
	const char *url;
	int64_t skew;

	if (skew_read(msg, &skew))
		manager_clock(c->methods->manager, skew);
	if (str_eq(type, W_FAULT)) {
		fault_done(&c->fault);
		if (fault_from_json(json_object_get(msg, "fault"), &c->fault) <
		    0)
			fault_set(&c->fault, FAULT_INTERNAL, REASON_WORKER,
			    _("The worker failed without a reason."));
	} else if (str_eq(type, W_CREDENTIALS) && c->role_arn != NULL &&
	    c->creds == NULL) {
		if (creds_from_json(msg, clk, &c->creds) < 0)
			c->creds = NULL;
	} else if (str_eq(type, W_CONSOLE) && c->url == NULL &&
	    json_str(msg, "url", URL_MAX, &url) == 0 &&
	    str_starts(url, "https://") && str_printable(url)) {
		c->url = xstrdup(url);
	}
}

static void
on_ended(const struct fault *fault, void *arg)
{
	struct console_call *c = arg;
	_cleanup_creds_ struct creds *keys = NULL;

	c->job = NULL;
	if (c->url != NULL) {
		send_result(c);
		return;
	}
	if (c->creds != NULL && !fault_is(fault) && !fault_is(&c->fault)) {
		keys = creds_ref(c->creds);
		next_job(c, keys);
		return;
	}
	if (fault_is(fault))
		fault_copy(&c->fault, fault);
	if (!fault_is(&c->fault))
		fault_set(&c->fault, FAULT_INTERNAL, REASON_WORKER,
		    _("The worker ended without an address."));
	fail(c, &c->fault);
}

/* A role that the profile's keys assume, on the way to the console alone. */
static json_t *
hop_job(const struct console_call *c, const struct creds *keys)
{
	const struct profile *p = c->profile;
	const struct profile hop = {
		.name = p->name,
		.role_arn = c->role_arn,
		.external_id = c->external_id,
		.region = p->region,
		.endpoint_sts = p->endpoint_sts,
		.use_fips = p->use_fips,
		.use_dualstack = p->use_dualstack,
		.allow_http_loopback = p->allow_http_loopback,
		.ca_bundle = p->ca_bundle,
	};

	return chain_job(
	    &hop, keys, &manager_config(c->methods->manager)->settings);
}

/* Where a person signs in again when the console's session has ended. */
static void
put_issuer(json_t *o, const struct console_call *c)
{
	const struct config *config = manager_config(c->methods->manager);
	const struct profile *root = c->profile->kind == PROFILE_CHAINED ?
	    config_profile(config, c->profile->root) :
	    c->profile;
	_cleanup_free_ char *url = NULL;

	if (root == NULL || root->adfs_host == NULL || root->path == NULL)
		return;
	url = xasprintf("https://%s%s", root->adfs_host, root->path);
	json_put_str(o, "issuer", url);
}

static json_t *
console_job(const struct console_call *c, const struct creds *keys)
{
	const struct profile *p = c->profile;
	const struct settings *set =
	    &manager_config(c->methods->manager)->settings;
	json_t *o = json_object();
	int64_t life = set->max_duration;

	if (life > CONSOLE_LIFE_MAX)
		life = CONSOLE_LIFE_MAX;
	json_put_str(o, "type", W_JOB);
	json_put_str(o, "job", JOB_CONSOLE);
	json_put_str(o, "profile", p->name);
	json_put_str(
	    o, "roleArn", c->role_arn != NULL ? c->role_arn : p->role_arn);
	json_put_str(o, "destination", c->destination);
	put_issuer(o, c);
	/* AWS refuses it of keys that another role's keys got. */
	if (p->kind != PROFILE_CHAINED && c->role_arn == NULL &&
	    life >= CONSOLE_LIFE_MIN)
		json_put_int(o, "duration", life);
	message_network(o, p, set);
	message_source(o, keys);
	return o;
}

static void
next_job(struct console_call *c, struct creds *keys)
{
	static const struct job_handler handler = { on_message, on_ended };
	struct manager *m = c->methods->manager;
	struct jobs *jobs = manager_env(m)->jobs;
	bool hop = c->role_arn != NULL && c->creds == NULL;

	c->job = jobs->ops->start(jobs,
	    hop ? hop_job(c, keys) : console_job(c, keys),
	    (int)manager_config(m)->settings.worker_timeout, &handler, c);
}

/* ---- the method ------------------------------------------------------------------- */

static void
on_keys(struct session *s, void *arg)
{
	struct console_call *c = arg;
	_cleanup_fault_ struct fault f = { 0 };
	struct creds *keys = session_creds(s);

	c->waits = false;
	if (keys != NULL) {
		next_job(c, keys);
		return;
	}
	methods_no_keys(c->methods, s, &f);
	fail(c, &f);
}

static int
read_texts(struct console_call *c, const json_t *p, const char **ret_service,
    const char **ret_region, const char **ret_bad)
{
	const char *role, *external;

	if (json_str_opt(p, *ret_bad = "service", SERVICE_MAX, ret_service) <
		0 ||
	    (*ret_service != NULL && !service_ok(*ret_service)) ||
	    json_str_opt(p, *ret_bad = "region", 64, ret_region) < 0 ||
	    (*ret_region != NULL && !region_valid(*ret_region)) ||
	    json_bool_opt(p, *ret_bad = "page", false, &c->page) < 0 ||
	    json_str_opt(p, *ret_bad = "roleArn", ARN_MAX, &role) < 0 ||
	    (role != NULL && partition_of_arn(role) == NULL) ||
	    json_str_opt(p, *ret_bad = "externalId", 1224, &external) < 0 ||
	    (external != NULL && role == NULL))
		return -1;
	c->role_arn = xstrdup(role);
	c->external_id = xstrdup(external);
	return 0;
}

static size_t
running(const struct methods *ms)
{
	size_t n = 0;

	for (const struct console_call *c = ms->consoles; c != NULL;
	     c = c->next)
		n++;
	return n;
}

void
methods_console(struct methods *ms, uint64_t conn, const json_t *p)
{
	const char *service, *region, *bad;
	_cleanup_fault_ struct fault f = { 0 };
	struct console_call *c;
	struct session *s;

	if ((s = methods_named(ms, conn, p)) == NULL ||
	    methods_locked(ms, conn, session_name(s)))
		return;
	if (running(ms) >= CONSOLE_CALLS_MAX) {
		methods_error(ms, conn, E_BUSY, NULL, NULL);
		return;
	}
	if (!methods_allowed(ms, conn, s, p, methods_console))
		return;
	c = xcalloc(1, sizeof(*c));
	c->methods = ms;
	c->conn = conn;
	c->profile = session_ref_profile(s);
	c->next = ms->consoles;
	ms->consoles = c;
	if (read_texts(c, p, &service, &region, &bad) < 0) {
		methods_bad(ms, conn, bad);
		call_free(c);
		return;
	}
	/* Typed for another partition: a slip, not to be left out silently. */
	if (region != NULL &&
	    partition_by_region(region) !=
		partition_of_arn(
		    c->role_arn != NULL ? c->role_arn : c->profile->role_arn)) {
		methods_bad(ms, conn, "region");
		call_free(c);
		return;
	}
	c->destination = destination(
	    c->role_arn != NULL ? c->role_arn : c->profile->role_arn, service,
	    region != NULL ? region : c->profile->region, &f);
	if (c->destination == NULL) {
		fail(c, &f);
		return;
	}
	if (!methods_want_keys(ms, s, -1)) {
		on_keys(s, c);
		return;
	}
	c->waits = true;
	session_wait(s, on_keys, c);
}

void
methods_consoles_closed(struct methods *ms, uint64_t conn)
{
	struct console_call *c = ms->consoles, *next;

	for (; c != NULL; c = next) {
		next = c->next;
		if (c->conn == conn)
			call_free(c);
	}
}

void
methods_consoles_stop(struct methods *ms, const struct fault *why)
{
	while (ms->consoles != NULL)
		fail(ms->consoles, why);
}

void
methods_consoles_free(struct methods *ms)
{
	while (ms->consoles != NULL)
		call_free(ms->consoles);
}
