/* SPDX-License-Identifier: Apache-2.0 */
/* Explain: both AWS files as they are now, put through the rules of the SDKs. */
#include <errno.h>
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "explain.h"
#include "manager.h"
#include "methods-int.h"
#include "session.h"

#define FILE_MAX (16 * 1024 * 1024)

/* A file that is not there is empty.  NULL with *fault. */
static struct ini *
read_file(const char *path, struct fault *fault)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	int r = path_read(path, FILE_MAX, &data, &len);

	if (r == 0 || r == -ENOENT)
		return ini_parse(data != NULL ? data : "", len);
	fault_set(fault, FAULT_CONFIG, REASON_FILE,
	    _("%s cannot be read (%s)."), path, strerror(-r));
	fault_next(fault, _("Check what it is, and its permissions."));
	return NULL;
}

/* What keys in no file mean for who looks for them in one. */
static void
put_protected(json_t *o)
{
	json_object_set_new(o, "protected", json_true());
	json_array_append_new(json_object_get(o, "notes"),
	    json_string(
		_("The profile is protected (awsfed.protected): the agent "
		  "writes its keys to no file and serves them at no endpoint, "
		  "and a person confirms each use. Use awsfedctl exec, env or "
		  "console at a terminal. Other tools ask by "
		  "awsfed.deliver = process, while awsfedctl approve is "
		  "open in another one.")));
}

/* What root lets it have, and what awsfed.conf may not say. */
static void
put_policy(json_t *o, const struct config *c, const char *name)
{
	const struct profile *p = config_profile(c, name);
	json_t *notes = json_object_get(o, "notes");

	if (p == NULL || p->kind == PROFILE_OTHER)
		return;
	if (fault_is(&p->fault) && p->fault.reason == REASON_POLICY)
		json_array_append_new(notes, json_string(p->fault.text));
	for (size_t i = 0; i < p->policed.n; i++)
		json_array_append_new(notes, json_string(p->policed.v[i]));
	for (size_t i = 0; i < c->policy.notes.n; i++)
		json_array_append_new(notes, json_string(c->policy.notes.v[i]));
}

/* Of a chained profile also its twin, by which it is delivered. */
static void
put_session(struct methods *ms, json_t *o, const char *name)
{
	struct session *s = manager_session(ms->manager, name);
	_cleanup_free_ char *section = NULL;

	put_policy(o, manager_config(ms->manager), name);
	if (s == NULL)
		return;
	if (session_profile(s)->protected)
		put_protected(o);
	json_put_str(o, "deliver", deliver_name(session_profile(s)->deliver));
	section = profile_section(session_profile(s));
	if (!str_eq(section, name))
		json_put_str(o, "twin", section);
}

/*
 * What keeps it from being renewed, with the time since when: the lock before
 * all, its own fault, that of its sign-in, or that there is none.  NULL when
 * nothing does.
 */
static json_t *
obstacle(const struct manager *m, const json_t *status, const json_t *profile)
{
	const char *who =
	    json_string_value(json_object_get(profile, "identity"));
	const json_t *id =
	    json_find(json_object_get(status, "identities"), "id", who);
	const json_t *agent = json_object_get(status, "agent");
	const char *state = json_string_value(json_object_get(id, "state"));
	_cleanup_fault_ struct fault f = { 0 };
	json_t *why, *since = NULL;

	if (manager_lock_fault(m, &f)) {
		why = fault_to_json(&f);
		since =
		    json_object_get(json_object_get(agent, "locked"), "since");
	} else if (json_object_get(id, "fault") != NULL) {
		why = json_copy(json_object_get(profile, "fault"));
		if (why == NULL)
			why = json_copy(json_object_get(id, "fault"));
		since = json_object_get(id, "since");
	} else if (json_object_get(profile, "fault") != NULL) {
		why = json_copy(json_object_get(profile, "fault"));
	} else if (json_is_true(json_object_get(profile, "kept")) &&
	    str_eq(state, "signed-out")) {
		fault_set(&f, FAULT_NEEDS_USER, REASON_NONE,
		    _("Nobody is signed in, so that it is not renewed."));
		why = fault_to_json(&f);
		since = json_object_get(id, "since");
	} else {
		return NULL;
	}
	if (since != NULL)
		json_object_set(why, "since", since);
	return why;
}

/* How it stands with the profile, before where its keys are found. */
static void
put_status(struct methods *ms, json_t *o, const char *name)
{
	struct session *s = manager_session(ms->manager, name);
	_cleanup_json_ json_t *status = manager_status(ms->manager, name);
	json_t *p = json_find(json_object_get(status, "profiles"), "profile",
	    s != NULL ? session_name(s) : name);
	json_t *why;

	if (p == NULL)
		return;
	json_object_set(o, "status", p);
	why = obstacle(ms->manager, status, p);
	if (why != NULL)
		json_object_set_new(o, "why", why);
}

void
methods_explain(struct methods *ms, uint64_t conn, const json_t *p)
{
	const struct config *c;
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_strv_ struct strv variables = { 0 };
	struct ini *config, *credentials;
	const char *name;
	json_t *o;

	if (json_str(p, "profile", METHODS_NAME_MAX, &name) < 0) {
		methods_bad(ms, conn, "profile");
		return;
	}
	if (methods_names(p, "variables", &variables) < 0) {
		methods_bad(ms, conn, "variables");
		return;
	}
	manager_look(ms->manager);
	c = manager_config(ms->manager);
	config = read_file(c->path, &f);
	credentials =
	    config == NULL ? NULL : read_file(c->credentials_path, &f);
	if (credentials == NULL) {
		methods_fault(ms, conn, &f, name);
		ini_free(config);
		return;
	}
	o = explain(config, credentials, name, &variables);
	ini_free(config);
	ini_free(credentials);
	if (o == NULL) {
		methods_error(ms, conn, E_NO_SUCH_PROFILE, "profile", name);
		return;
	}
	json_put_str(o, "profile", name);
	put_session(ms, o, name);
	put_status(ms, o, name);
	methods_ok(ms, conn, o);
}
