/* SPDX-License-Identifier: Apache-2.0 */
#include "methods.h"

#include <errno.h>
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "approve.h"
#include "configure.h"
#include "identity.h"
#include "landing.h"
#include "login.h"
#include "loop.h"
#include "manager.h"
#include "methods-int.h"
#include "schedule.h"
#include "session.h"

#define NAMES_MAX 2000
#define FRESH_AGE 60 /* seconds: younger keys are as good as new ones */

/* ---- replies ------------------------------------------------------------------ */

void
methods_ok(struct methods *ms, uint64_t conn, json_t *parameters)
{
	ms->reply(conn, reply_new(parameters, false), true, ms->arg);
}

void
methods_error(struct methods *ms, uint64_t conn, const char *error,
    const char *key, const char *value)
{
	json_t *p = json_object();

	json_put_str(p, key, value);
	ms->reply(conn, reply_error(error, p), true, ms->arg);
}

void
methods_fault(struct methods *ms, uint64_t conn, const struct fault *fault,
    const char *profile)
{
	json_t *p = fault_to_json(fault);

	json_put_str(p, "profile", profile);
	ms->reply(conn, reply_error(E_FAULT, p), true, ms->arg);
}

void
methods_bad(struct methods *ms, uint64_t conn, const char *parameter)
{
	methods_error(ms, conn, E_INVALID_PARAMETER, "parameter", parameter);
}

/* ---- parameters ------------------------------------------------------------------ */

int
methods_names(const json_t *p, const char *key, struct strv *ret)
{
	const json_t *list = json_object_get(p, key), *v;
	size_t i;

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_array_size(list) > NAMES_MAX)
		return -EINVAL;
	json_array_foreach (list, i, v) {
		const char *s = json_string_value(v);

		if (s == NULL || strlen(s) > METHODS_NAME_MAX ||
		    json_string_length(v) != strlen(s) || str_has_control(s))
			return -EINVAL;
		strv_add(ret, s);
	}
	return 0;
}

/* ---- Status, Reload ------------------------------------------------------- */

static void
do_status(struct methods *ms, uint64_t conn, const json_t *p)
{
	const char *profile;
	json_t *o;

	if (json_str_opt(p, "profile", METHODS_NAME_MAX, &profile) < 0) {
		methods_bad(ms, conn, "profile");
		return;
	}
	manager_look(ms->manager);
	o = manager_status(ms->manager, profile);
	if (o == NULL)
		methods_error(ms, conn, E_NO_SUCH_PROFILE, "profile", profile);
	else
		methods_ok(ms, conn, o);
}

static void
do_reload(struct methods *ms, uint64_t conn, const json_t *p)
{
	_cleanup_strv_ struct strv changed = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	json_t *o = json_object();
	int r = manager_reload(ms->manager, &changed, &f);

	(void)p;
	json_put_list(o, "changed", &changed);
	if (r < 0)
		json_object_set_new(o, "fault", fault_to_json(&f));
	methods_ok(ms, conn, o);
}

/* ---- Credentials ------------------------------------------------------------------------ */

void
methods_no_keys(
    struct methods *ms, const struct session *s, struct fault *fault)
{
	if (manager_lock_fault(ms->manager, fault))
		return;
	if (fault_is(session_fault(s)))
		fault_copy(fault, session_fault(s));
	else
		fault_set(fault, FAULT_NEEDS_USER, REASON_EXPIRED,
		    _("There are no credentials for %s now."), session_name(s));
	if (fault->next == NULL)
		fault_next(fault, "awsfedctl login %s", session_name(s));
}

static void
send_credentials(struct methods *ms, uint64_t conn, struct session *s)
{
	struct creds *c = session_creds(s);
	_cleanup_fault_ struct fault f = { 0 };
	json_t *o;

	if (c == NULL) {
		methods_no_keys(ms, s, &f);
		methods_fault(ms, conn, &f, session_name(s));
		return;
	}
	o = creds_to_json(c);
	json_put_str(o, "profile", session_name(s));
	json_put_str(o, "region", session_profile(s)->region);
	methods_ok(ms, conn, o);
}

static void
on_credentials(struct session *s, void *arg)
{
	struct pending *p = arg;

	send_credentials(p->methods, p->conn, s);
	pending_free(p);
}

struct session *
methods_session(struct methods *ms, uint64_t conn, const char *name)
{
	struct session *s = manager_session(ms->manager, name);
	const struct profile *p;
	_cleanup_fault_ struct fault f = { 0 };

	if (s != NULL)
		return s;
	p = config_profile(manager_config(ms->manager), name);
	if (p == NULL || p->kind != PROFILE_CHAINED) {
		methods_error(ms, conn, E_NO_SUCH_PROFILE, "profile", name);
		return NULL;
	}
	if (fault_is(&p->fault)) {
		methods_fault(ms, conn, &p->fault, name);
		return NULL;
	}
	fault_set(&f, FAULT_CONFIG, REASON_SETTINGS,
	    _("%s is assumed from %s by the AWS CLI and the SDKs themselves; "
	      "the agent holds no keys for it."),
	    name, p->source_profile);
	fault_next(&f, "aws sts get-caller-identity --profile %s", name);
	methods_fault(ms, conn, &f, name);
	return NULL;
}

struct session *
methods_named(struct methods *ms, uint64_t conn, const json_t *p)
{
	const char *name;

	if (json_str(p, "profile", METHODS_NAME_MAX, &name) < 0) {
		methods_bad(ms, conn, "profile");
		return NULL;
	}
	manager_look(ms->manager);
	return methods_session(ms, conn, name);
}

/*
 * What the caller wants of keys that are held.  More than new ones would have
 * is never there: who asks for it again and again must not have them renewed
 * each time.
 */
static int64_t
least_valid(const struct settings *set, const struct creds *c, int64_t asked)
{
	int64_t most = c->lifetime_s -
	    (set->min_renewal_interval > FRESH_AGE ? set->min_renewal_interval :
						     FRESH_AGE);

	if (asked < 0)
		asked = schedule_min_valid(c->lifetime_s);
	return asked < most ? asked : most;
}

bool
methods_keys_do(struct methods *ms, struct session *s, int64_t min)
{
	const struct creds *c = session_creds(s);

	return c != NULL &&
	    creds_left_s(c, manager_env(ms->manager)->loop->clk) >=
	    least_valid(&manager_config(ms->manager)->settings, c, min);
}

bool
methods_want_keys(struct methods *ms, struct session *s, int64_t min)
{
	/* Nor is it to be renewed for that when it is unlocked. */
	if (manager_locked(ms->manager) || methods_keys_do(ms, s, min))
		return false;
	session_event(s, SESSION_WANTED, NULL);
	manager_used(ms->manager, s);
	return session_state(s) == SESSION_WAITING;
}

static void
do_credentials(struct methods *ms, uint64_t conn, const json_t *p)
{
	const char *name;
	struct session *s;
	int64_t min;

	if (json_str(p, "profile", METHODS_NAME_MAX, &name) < 0 ||
	    json_int_opt(p, "minValid", 0, METHODS_MIN_VALID_MAX, -1, &min) <
		0) {
		methods_bad(ms, conn, "profile");
		return;
	}
	if (manager_session(ms->manager, name) == NULL)
		manager_look(ms->manager);
	if ((s = methods_session(ms, conn, name)) == NULL ||
	    !methods_allowed(ms, conn, s, p, do_credentials))
		return;
	if (methods_want_keys(ms, s, min))
		session_wait(
		    s, on_credentials, pending_new(ms, conn, session_name(s)));
	else
		send_credentials(ms, conn, s);
}

/* ---- Refresh, Logout ----------------------------------------------------------------------- */

static json_t *
refresh_result(struct methods *ms, const char *name)
{
	struct session *s = manager_session(ms->manager, name);
	json_t *o = json_object();
	struct creds *c;
	char when[RFC3339_SIZE];

	json_put_str(o, "profile", name);
	json_put_str(o, "state",
	    session_state_name(s == NULL ? SESSION_IDLE : session_state(s)));
	if (s == NULL)
		return o;
	if ((c = session_creds(s)) != NULL) {
		rfc3339_format(c->expiration_s, when);
		json_put_str(o, "expiration", when);
	}
	if (fault_is(session_fault(s)))
		json_object_set_new(
		    o, "fault", fault_to_json(session_fault(s)));
	return o;
}

static void
on_refresh_flushed(const struct fault *fault, void *arg)
{
	struct pending *p = arg;
	json_t *o, *list;

	o = json_object();
	list = json_array();
	for (size_t i = 0; i < p->names.n; i++)
		json_array_append_new(
		    list, refresh_result(p->methods, p->names.v[i]));
	json_object_set_new(o, "profiles", list);
	if (fault_is(fault))
		json_object_set_new(o, "written", fault_to_json(fault));
	methods_ok(p->methods, p->conn, o);
	pending_free(p);
}

static void
refreshed(struct pending *p)
{
	if (--p->waits == 0)
		manager_flush(p->methods->manager, on_refresh_flushed, p);
}

static void
on_refreshed(struct session *s, void *arg)
{
	(void)s;
	refreshed(arg);
}

static int
refresh_names(struct methods *ms, const json_t *p, struct strv *list)
{
	struct session *s;

	if (methods_names(p, "profiles", list) < 0)
		return -EINVAL;
	if (list->n > 0)
		return 0;
	for (size_t i = 0; (s = manager_session_at(ms->manager, i)) != NULL;
	     i++)
		if (session_kept(s))
			strv_add(list, session_name(s));
	return 0;
}

static void
do_refresh(struct methods *ms, uint64_t conn, const json_t *params)
{
	struct pending *p;
	_cleanup_strv_ struct strv list = { 0 };

	manager_look(ms->manager);
	if (methods_locked(ms, conn, NULL))
		return;
	if (refresh_names(ms, params, &list) < 0) {
		methods_bad(ms, conn, "profiles");
		return;
	}
	for (size_t i = 0; i < list.n; i++)
		if (methods_session(ms, conn, list.v[i]) == NULL)
			return;
	p = pending_new(ms, conn, NULL);
	p->names = list;
	list = (struct strv){ 0 };
	p->waits = 1;
	/*
	 * All want it before any starts to wait: one assertion for all.  A
	 * person has typed it: a back-off does not hold it, spacing does, and
	 * so does what only a login can change.
	 */
	for (size_t i = 0; i < p->names.n; i++) {
		struct session *s = manager_session(ms->manager, p->names.v[i]);

		session_event(s,
		    manager_rests(ms->manager, s) ? SESSION_WANTED :
						    SESSION_ATTENDED,
		    NULL);
	}
	for (size_t i = 0; i < p->names.n; i++) {
		struct session *s = manager_session(ms->manager, p->names.v[i]);

		if (session_state(s) != SESSION_WAITING)
			continue;
		p->waits++;
		session_wait(s, on_refreshed, p);
	}
	refreshed(p);
}

/* Chained profiles whose keys the AWS CLI may hold in its own cache. */
static void
add_chained(struct pending *p, json_t *o)
{
	const struct config *c = manager_config(p->methods->manager);
	json_t *list = json_array();

	for (size_t i = 0; i < c->nprofiles; i++)
		if (c->profiles[i]->kind == PROFILE_CHAINED &&
		    strv_has(&p->names, c->profiles[i]->root))
			json_array_append_new(
			    list, json_string(c->profiles[i]->name));
	if (json_array_size(list) > 0)
		json_object_set(o, "chained", list);
	json_decref(list);
}

static void
on_logged_out(const struct fault *fault, void *arg)
{
	struct pending *p = arg;
	json_t *o = json_object();

	json_put_list(o, "profiles", &p->names);
	json_put_list(o, "identities", &p->others);
	add_chained(p, o);
	if (fault_is(fault))
		json_object_set_new(o, "written", fault_to_json(fault));
	methods_ok(p->methods, p->conn, o);
	pending_free(p);
}

static bool
signed_in(const struct identity *id)
{
	return identity_state(id) != IDENTITY_SIGNED_OUT;
}

static void
do_logout(struct methods *ms, uint64_t conn, const json_t *params)
{
	_cleanup_strv_ struct strv list = { 0 }, before = { 0 };
	struct identity *id;
	struct session *s;
	struct pending *p;
	bool all;

	if (methods_names(params, "profiles", &list) < 0 ||
	    json_bool_opt(params, "all", false, &all) < 0 ||
	    (list.n == 0 && !all)) {
		methods_bad(ms, conn, "profiles");
		return;
	}
	manager_look(ms->manager);
	for (size_t i = 0; i < list.n; i++)
		if (methods_session(ms, conn, list.v[i]) == NULL)
			return;
	/* What was assumed from a session goes with it. */
	for (size_t i = 0; (s = manager_session_at(ms->manager, i)) != NULL;
	     i++)
		for (size_t k = list.n; k-- > 0;)
			if (!strv_has(&list, session_name(s)) &&
			    (session_kept(s) || session_creds(s) != NULL) &&
			    manager_below(ms->manager, s, list.v[k]))
				strv_add(&list, session_name(s));
	for (size_t i = 0;
	     all && (s = manager_session_at(ms->manager, i)) != NULL; i++)
		if (!strv_has(&list, session_name(s)) &&
		    (session_kept(s) || session_creds(s) != NULL))
			strv_add(&list, session_name(s));
	p = pending_new(ms, conn, NULL);
	for (size_t i = 0; (id = manager_identity_at(ms->manager, i)) != NULL;
	     i++)
		if (signed_in(id))
			strv_add(&before, identity_name(id));
	for (size_t i = 0; i < list.n; i++)
		manager_logout(
		    ms->manager, manager_session(ms->manager, list.v[i]));
	for (size_t i = 0; (id = manager_identity_at(ms->manager, i)) != NULL;
	     i++) {
		if (all)
			manager_logout_identity(ms->manager, id);
		if (!signed_in(id) && strv_has(&before, identity_name(id)))
			strv_add(&p->others, identity_name(id));
	}
	p->names = list;
	list = (struct strv){ 0 };
	manager_flush(ms->manager, on_logged_out, p);
}

/* ---- Varlink's own ------------------------------------------------------------------------- */

static void
do_info(struct methods *ms, uint64_t conn, const json_t *p)
{
	(void)p;
	methods_ok(ms, conn,
	    json_pack("{s:s,s:s,s:s,s:s,s:[s,s]}", "vendor", "awsfed",
		"product", "awsfedd", "version", PACKAGE_VERSION, "url", "",
		"interfaces", "org.varlink.service", AWSFED_INTERFACE));
}

static void
do_description(struct methods *ms, uint64_t conn, const json_t *p)
{
	const char *interface;

	if (json_str(p, "interface", 128, &interface) < 0)
		methods_bad(ms, conn, "interface");
	else if (!str_eq(interface, AWSFED_INTERFACE))
		methods_error(
		    ms, conn, E_INTERFACE_NOT_FOUND, "interface", interface);
	else
		methods_ok(ms, conn,
		    json_pack("{s:s}", "description", methods_interface));
}

/* ---- the table --------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*fn)(struct methods *ms, uint64_t conn, const json_t *p);
	const char *parameters; /* all it takes; another one is an error */
} table[] = {
	{ M_GET_INFO, do_info, "" },
	{ M_GET_DESCRIPTION, do_description, "interface" },
	{ M_STATUS, do_status, "profile" },
	{ M_LOGIN, methods_login,
	    "profiles all host roleArn region user "
	    "providerId sessionDuration noSslVerification force output "
	    "newDefault survey aliases config credentials krb5ccname caBundle "
	    "s3SignatureVersion usernamePasswordCommand mfaTokenCommand "
	    "duoFactor duoDevice chooseRole deliver renew assertion" },
	{ M_ANSWER, methods_answer, "login question value scripted" },
	{ M_AWAIT, methods_await, "login" },
	{ M_CANCEL, methods_cancel, "login" },
	{ M_REFRESH, do_refresh, "profiles" },
	{ M_LOGOUT, do_logout, "profiles all" },
	{ M_FORGET, methods_forget, "profiles all" },
	{ M_RESET, methods_reset, "profiles dryRun config credentials" },
	{ M_UNDO, methods_undo, "" },
	{ M_ROLES, methods_roles, "host profile" },
	{ M_CONFIGURE, methods_configure,
	    "survey picks template region readOnlyTwins digest" },
	{ M_EXPLAIN, methods_explain, "profile variables" },
	{ M_CREDENTIALS, do_credentials, "profile minValid purpose attended" },
	{ M_APPROVALS, methods_approvals, "" },
	{ M_APPROVE, methods_approve, "request allow" },
	{ M_MONITOR, methods_monitor, "approvals" },
	{ M_CONSOLE, methods_console,
	    "profile service region page roleArn externalId "
	    "purpose attended" },
	{ M_ENDPOINT, methods_endpoint, "profile" },
	{ M_LOCK, methods_lock, "all" },
	{ M_UNLOCK, methods_unlock, "" },
	{ M_RELOAD, do_reload, "" },
	{ M_STOP, methods_stop, "" },
};

static const char *
unknown_key(const json_t *parameters, const char *known)
{
	_cleanup_strv_ struct strv list = { 0 };
	const char *key;
	json_t *v;

	strv_split(&list, known);
	json_object_foreach ((json_t *)(uintptr_t)parameters, key, v)
		if (!strv_has(&list, key))
			return key;
	return NULL;
}

void
methods_call(struct methods *ms, uint64_t conn, const char *method,
    const json_t *parameters, bool more)
{
	ms->more = more;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!str_eq(table[i].name, method))
			continue;
		if (unknown_key(parameters, table[i].parameters) != NULL)
			methods_bad(ms, conn,
			    unknown_key(parameters, table[i].parameters));
		else
			table[i].fn(ms, conn, parameters);
		loop_note(manager_env(ms->manager)->loop, table[i].name);
		return;
	}
	methods_error(ms, conn, E_METHOD_NOT_FOUND, "method", method);
}

void
methods_closed(struct methods *ms, uint64_t conn)
{
	/* What waits is answered to nobody: control drops it. */
	logins_closed(ms->logins, conn);
	methods_grants_closed(ms, conn);
	monitors_closed(ms, conn);
	methods_consoles_closed(ms, conn);
}

/* ---- calls that wait ------------------------------------------------------------------------------ */

struct pending *
pending_new(struct methods *ms, uint64_t conn, const char *profile)
{
	struct pending *p = xcalloc(1, sizeof(*p));

	p->methods = ms;
	p->conn = conn;
	if (profile != NULL)
		strv_add(&p->names, profile);
	p->next = ms->pending;
	ms->pending = p;
	return p;
}

void
pending_free(struct pending *p)
{
	struct pending **q;

	for (q = &p->methods->pending; *q != p; q = &(*q)->next)
		;
	*q = p->next;
	strv_done(&p->names);
	strv_done(&p->others);
	configure_plan_free(p->plan);
	xfree(p);
}

struct methods *
methods_new(
    struct manager *m, const char *dir, methods_reply_fn *reply, void *arg)
{
	struct methods *ms = xcalloc(1, sizeof(*ms));

	ms->manager = m;
	ms->reply = reply;
	ms->arg = arg;
	ms->logins = logins_new(m, methods_step, ms);
	ms->approvals =
	    approvals_new(manager_env(m)->prompts, manager_env(m)->loop);
	ms->monitors = monitors_new(ms);
	ms->landing = landing_new(manager_env(m)->loop, dir);
	methods_lock_watch(ms);
	return ms;
}

void
methods_set_peer(struct methods *ms, methods_peer_fn *peer)
{
	ms->peer = peer;
}

struct approvals *
methods_requests(struct methods *ms)
{
	return ms->approvals;
}

void
methods_free(struct methods *ms)
{
	if (ms == NULL)
		return;
	approvals_hush(ms->approvals); /* nobody is left */
	methods_grants_free(ms);
	monitors_free(ms->monitors);
	approvals_free(ms->approvals);
	logins_free(ms->logins);
	methods_forgets_free(ms);
	methods_resets_free(ms);
	methods_consoles_free(ms);
	landing_free(ms->landing);
	while (ms->pending != NULL) {
		struct pending *p = ms->pending;
		struct session *s;

		for (size_t i = 0;
		     (s = manager_session_at(ms->manager, i)) != NULL; i++)
			session_unwait(s, p);
		pending_free(p);
	}
	xfree(ms);
}
