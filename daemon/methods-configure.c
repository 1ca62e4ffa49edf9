/* SPDX-License-Identifier: Apache-2.0 */
/* Roles, and Configure: profiles for the roles of a survey. */
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/proto.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "configure.h"
#include "identity.h"
#include "login-survey.h"
#include "manager.h"
#include "methods-int.h"
#include "session.h"

#define PICKS_MAX 20000

/* The identity that a Roles call means, or NULL. */
static struct identity *
roles_identity(struct methods *ms, const char *host, const char *profile)
{
	struct identity *id, *found = NULL;

	if (profile != NULL) {
		struct session *s = manager_session(ms->manager, profile);

		return s == NULL ? NULL : manager_identity_of(ms->manager, s);
	}
	for (size_t i = 0; (id = manager_identity_at(ms->manager, i)) != NULL;
	     i++) {
		if (host != NULL && !str_caseeq(host, identity_host(id)))
			continue;
		if (found == NULL || identity_roles(found) == NULL)
			found = id;
	}
	return found;
}

void
methods_roles(struct methods *ms, uint64_t conn, const json_t *p)
{
	_cleanup_fault_ struct fault f = { 0 };
	const char *host, *profile;
	struct identity *id;
	json_t *o;

	if (json_str_opt(p, "host", METHODS_NAME_MAX, &host) < 0 ||
	    json_str_opt(p, "profile", METHODS_NAME_MAX, &profile) < 0) {
		methods_error(
		    ms, conn, E_INVALID_PARAMETER, "parameter", "host");
		return;
	}
	manager_look(ms->manager);
	if (profile != NULL && manager_session(ms->manager, profile) == NULL) {
		methods_error(ms, conn, E_NO_SUCH_PROFILE, "profile", profile);
		return;
	}
	id = roles_identity(ms, host, profile);
	if (id == NULL || identity_roles(id) == NULL) {
		fault_set(&f, FAULT_NEEDS_USER, REASON_NONE,
		    _("The roles are known after a sign-in, and there has "
		      "been none since the agent started."));
		fault_next(&f, "awsfedctl login%s%s",
		    profile != NULL ? " " : "", profile != NULL ? profile : "");
		methods_fault(ms, conn, &f, profile);
		return;
	}
	o = json_object();
	json_put_str(o, "host", identity_host(id));
	json_put_str(o, "user", identity_user(id));
	json_object_set_new(
	    o, "aliases", json_boolean(identity_aliases(id) != NULL));
	json_object_set_new(o, "roles", survey_roles(ms->manager, id));
	methods_ok(ms, conn, o);
}

/* ---- Configure ------------------------------------------------------------------- */

static void
on_configured(const struct fault *fault, bool written, void *arg)
{
	struct pending *p = arg;
	json_t *o;

	if (fault_is(fault)) {
		methods_fault(p->methods, p->conn, fault, NULL);
	} else {
		o = configure_json(p->plan);
		json_object_set_new(o, "written", json_boolean(written));
		methods_ok(p->methods, p->conn, o);
	}
	pending_free(p);
}

static int
parameters(const json_t *p, struct configure_request *req, const char **survey,
    const char **digest)
{
	req->picks = json_object_get(p, "picks");
	if (json_is_null(req->picks))
		req->picks = NULL;
	if (req->picks != NULL &&
	    (!json_is_array(req->picks) ||
		json_array_size(req->picks) > PICKS_MAX))
		return -1;
	return json_str(p, "survey", 32, survey) < 0 ||
		json_str_opt(p, "digest", 32, digest) < 0 ||
		json_str_opt(p, "template", METHODS_NAME_MAX, &req->template) <
		    0 ||
		json_str_opt(p, "region", METHODS_NAME_MAX, &req->region) < 0 ||
		json_bool_opt(
		    p, "readOnlyTwins", false, &req->read_only_twins) < 0 ?
	    -1 :
	    0;
}

/* Without a digest the plan is shown; with the plan's own it is written. */
void
methods_configure(struct methods *ms, uint64_t conn, const json_t *params)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct configure_request req = { 0 };
	struct configure_plan *plan;
	const struct survey *survey;
	const char *id, *digest;
	struct pending *p;

	if (parameters(params, &req, &id, &digest) < 0) {
		methods_error(
		    ms, conn, E_INVALID_PARAMETER, "parameter", "survey");
		return;
	}
	manager_look(ms->manager);
	if ((survey = survey_find(ms->logins, id)) == NULL) {
		methods_error(ms, conn, E_NO_SUCH_LOGIN, NULL, NULL);
		return;
	}
	plan = configure_plan(ms->manager, survey, &req, &f);
	if (plan == NULL) {
		methods_fault(ms, conn, &f, NULL);
		return;
	}
	if (digest == NULL) {
		json_t *o = configure_json(plan);

		json_object_set_new(o, "written", json_false());
		methods_ok(ms, conn, o);
		configure_plan_free(plan);
		return;
	}
	if (!str_eq(digest, configure_digest(plan))) {
		configure_plan_free(plan);
		fault_set(&f, FAULT_TEMPORARY, REASON_FILE,
		    _("%s changed since the change was shown; nothing was "
		      "written."),
		    manager_config(ms->manager)->path);
		fault_next(&f, "awsfedctl configure");
		methods_fault(ms, conn, &f, NULL);
		return;
	}
	p = pending_new(ms, conn, NULL);
	p->plan = plan;
	configure_write(ms->manager, plan, on_configured, p);
}
