/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of a protected profile: a call for them is held until a person has
 * allowed this one use.  A client at a terminal says so ("attended") and gets
 * the question to put to its own person; any other call waits for whoever
 * watches for such requests, and fails at once when nobody does.
 */
#include <errno.h>

#include "awsfed/config.h"
#include "awsfed/fault.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "approve.h"
#include "loop.h"
#include "manager.h"
#include "methods-int.h"
#include "peer.h"
#include "session.h"

/* One call that is held, or one use that was allowed and not yet made. */
struct grant {
	struct grant *next;
	struct methods *methods;
	uint64_t conn;
	char *profile;
	char *request; /* the open question; NULL once it was answered */
	bool allowed;
	json_t *params; /* of a call that waits; NULL: the caller comes again */
	methods_fn *again;
	struct timer *timer; /* an allowed use does not stay for ever */
};

static void
grant_free(struct grant *g)
{
	struct grant **p;

	for (p = &g->methods->grants; *p != g; p = &(*p)->next)
		;
	*p = g->next;
	if (g->request != NULL)
		approvals_cancel(g->methods->approvals, g->request);
	manager_env(g->methods->manager)->loop->ops->timer_free(g->timer);
	json_decref(g->params);
	xfree(g->request);
	xfree(g->profile);
	xfree(g);
}

void
methods_grants_closed(struct methods *ms, uint64_t conn)
{
	struct grant *g, *next;

	for (g = ms->grants; g != NULL; g = next) {
		next = g->next;
		if (g->conn == conn)
			grant_free(g);
	}
}

void
methods_grants_free(struct methods *ms)
{
	while (ms->grants != NULL)
		grant_free(ms->grants);
}

static void
on_unused(void *arg)
{
	grant_free(arg);
}

static void
on_decided(const struct fault *fault, void *arg)
{
	struct grant *g = arg;
	struct methods *ms = g->methods;
	struct loop *loop = manager_env(ms->manager)->loop;
	_cleanup_json_ json_t *params = json_incref(g->params);
	methods_fn *again = g->again;
	uint64_t conn = g->conn;

	xreplace(&g->request, NULL);
	if (fault_is(fault)) {
		if (params != NULL)
			methods_fault(ms, conn, fault, g->profile);
		grant_free(g);
		return;
	}
	g->allowed = true;
	loop->ops->timer_set(
	    g->timer, deadline_in(loop->clk, APPROVAL_TIME * USEC));
	if (params != NULL)
		again(ms, conn, params);
}

/* Is there one for this caller and profile?  It is used up by that. */
static bool
take_grant(struct methods *ms, uint64_t conn, const char *profile)
{
	for (struct grant *g = ms->grants; g != NULL; g = g->next) {
		if (g->conn != conn || !g->allowed ||
		    !str_eq(g->profile, profile))
			continue;
		grant_free(g);
		return true;
	}
	return false;
}

static struct grant *
ask(struct methods *ms, uint64_t conn, const char *profile, const char *purpose,
    bool attended, int64_t seconds)
{
	struct grant *g = xcalloc(1, sizeof(*g));
	struct peer peer = { 0 };
	bool known = ms->peer != NULL && ms->peer(conn, &peer, ms->arg) == 0;

	g->methods = ms;
	g->conn = conn;
	g->profile = xstrdup(profile);
	g->timer = timer_new(manager_env(ms->manager)->loop, on_unused, g);
	g->next = ms->grants;
	ms->grants = g;
	g->request = xstrdup(approvals_ask(ms->approvals, profile,
	    known ? &peer : NULL, purpose, attended, seconds, on_decided, g));
	peer_done(&peer);
	return g;
}

static void
nobody(struct methods *ms, uint64_t conn, const char *profile)
{
	_cleanup_fault_ struct fault f = { 0 };

	fault_set(&f, FAULT_DENIED, REASON_REFUSED,
	    _("%s is protected: a person confirms each use of its keys, and "
	      "nobody is there to be asked."),
	    profile);
	fault_next(&f,
	    _("awsfedctl approve %s (in another terminal), and try again"),
	    profile);
	methods_fault(ms, conn, &f, profile);
}

bool
methods_allowed(struct methods *ms, uint64_t conn, struct session *s,
    const json_t *p, methods_fn *again)
{
	const struct settings *set = &manager_config(ms->manager)->settings;
	const char *name = session_name(s), *purpose;
	struct grant *g;
	bool attended;

	if (json_str_opt(p, "purpose", METHODS_PURPOSE_MAX, &purpose) < 0) {
		methods_bad(ms, conn, "purpose");
		return false;
	}
	if (json_bool_opt(p, "attended", false, &attended) < 0) {
		methods_bad(ms, conn, "attended");
		return false;
	}
	if (!session_profile(s)->protected || take_grant(ms, conn, name))
		return true;
	/* One at a time: who asks anew has given up what it asked before. */
	methods_grants_closed(ms, conn);
	if (attended) {
		g = ask(ms, conn, name, purpose, true, set->login_timeout);
		ms->reply(conn,
		    reply_error(E_NEEDS_APPROVAL,
			json_pack("{s:s,s:s,s:o}", "profile", name, "request",
			    g->request, "question",
			    approvals_question(ms->approvals, g->request))),
		    true, ms->arg);
		return false;
	}
	if (!approvals_heard(ms->approvals, NULL)) {
		nobody(ms, conn, name);
		return false;
	}
	g = ask(ms, conn, name, purpose, false, APPROVAL_TIME);
	g->params = json_deep_copy(p);
	g->again = again;
	return false;
}

void
methods_approve(struct methods *ms, uint64_t conn, const json_t *p)
{
	const char *request;
	bool allow;

	if (json_str(p, "request", 32, &request) < 0) {
		methods_bad(ms, conn, "request");
		return;
	}
	if (!json_is_boolean(json_object_get(p, "allow"))) {
		methods_bad(ms, conn, "allow");
		return;
	}
	allow = json_is_true(json_object_get(p, "allow"));
	if (approvals_answer(ms->approvals, request, allow) < 0)
		methods_error(ms, conn, E_NO_SUCH_REQUEST, "request", request);
	else
		methods_ok(ms, conn, NULL);
}

void
methods_approvals(struct methods *ms, uint64_t conn, const json_t *p)
{
	(void)p;
	methods_ok(ms, conn,
	    json_pack("{s:o}", "requests", approvals_list(ms->approvals)));
}
