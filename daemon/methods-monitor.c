/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Monitor: a stream of what changes.  The first reply is the whole picture;
 * after it comes one reply for each profile, identity or setting that is not as
 * it was told last.  Nothing is looked at while nobody watches, and a client
 * that does not read is dropped by control.c.
 */
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "approve.h"
#include "loop.h"
#include "manager.h"
#include "methods-int.h"

#define COALESCE (50 * MSEC)

struct monitor {
	struct monitor *next;
	uint64_t conn;
	bool approves; /* puts requests to a person */
};

struct monitors {
	struct methods *methods;
	struct loop *loop;
	struct timer *timer;
	struct monitor *list;
	size_t n;
	json_t *told; /* what was told last, as parts() has it; or NULL */
};

/* ---- the picture ------------------------------------------------------------- */

/* By name, without what changes with the time alone. */
static json_t *
by_name(const json_t *list, const char *key)
{
	json_t *o = json_object(), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		json_t *copy = json_copy(item);

		json_object_del(copy, "left");
		json_object_set_new(
		    o, json_string_value(json_object_get(item, key)), copy);
	}
	return o;
}

/* What would be news at each look is none: times that are left, the meter. */
static json_t *
parts(const json_t *status)
{
	json_t *o = json_object(), *agent;

	json_object_set_new(o, "profile",
	    by_name(json_object_get(status, "profiles"), "profile"));
	json_object_set_new(o, "identity",
	    by_name(json_object_get(status, "identities"), "id"));
	agent = json_copy(json_object_get(status, "agent"));
	json_object_del(agent, "loop");
	json_object_set_new(o, "agent", agent);
	return o;
}

/* ---- telling ------------------------------------------------------------------- */

static void
tell_one(struct methods *ms, const struct monitor *mo, json_t *event)
{
	ms->reply(mo->conn, reply_new(event, true), false, ms->arg);
}

/* Takes event. */
static void
tell_all(struct monitors *all, json_t *event, bool approvers_only)
{
	for (struct monitor *mo = all->list; mo != NULL; mo = mo->next)
		if (mo->approves || !approvers_only)
			tell_one(all->methods, mo, json_incref(event));
	json_decref(event);
}

static void
tell_changes(struct monitors *all, const char *kind, const json_t *before,
    const json_t *now)
{
	const char *name;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)now, name, v)
		if (!json_equal(v, json_object_get(before, name)))
			tell_all(all,
			    json_pack("{s:s,s:O}", "event", kind, kind, v),
			    false);
	json_object_foreach ((json_t *)(uintptr_t)before, name, v)
		if (json_object_get(now, name) == NULL)
			tell_all(all,
			    json_pack("{s:s,s:s,s:s}", "event", "gone", "kind",
				kind, "name", name),
			    false);
}

static void
on_timer(void *arg)
{
	struct monitors *all = arg;
	_cleanup_json_ json_t *status = NULL, *now = NULL, *before = NULL;

	if (all->list == NULL)
		return;
	status = manager_status(all->methods->manager, NULL);
	now = parts(status);
	before = STEAL(all->told);
	all->told = json_incref(now);
	tell_changes(all, "identity", json_object_get(before, "identity"),
	    json_object_get(now, "identity"));
	tell_changes(all, "profile", json_object_get(before, "profile"),
	    json_object_get(now, "profile"));
	if (!json_equal(json_object_get(now, "agent"),
		json_object_get(before, "agent")))
		tell_all(all,
		    json_pack("{s:s,s:O}", "event", "agent", "agent",
			json_object_get(now, "agent")),
		    false);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct monitors *all = arg;

	(void)s;
	(void)b;
	if (all->list == NULL || ev == MANAGER_FLUSH ||
	    all->loop->ops->timer_armed(all->timer))
		return;
	all->loop->ops->timer_set(
	    all->timer, deadline_in(all->loop->clk, COALESCE));
}

static void
on_request(const json_t *request, const char *how, void *arg)
{
	struct monitors *all = arg;
	json_t *event = json_object();

	json_put_str(event, "event", how == NULL ? "request" : "request-over");
	json_object_set(event, "request", (json_t *)(uintptr_t)request);
	json_put_str(event, "how", how);
	tell_all(all, event, true);
}

/* Does anybody watch who puts requests to a person? */
static bool
on_there(void *arg)
{
	const struct monitors *all = arg;

	for (struct monitor *mo = all->list; mo != NULL; mo = mo->next)
		if (mo->approves)
			return true;
	return false;
}

/* ---- the method ------------------------------------------------------------------ */

void
methods_monitor(struct methods *ms, uint64_t conn, const json_t *p)
{
	struct monitors *all = ms->monitors;
	_cleanup_json_ json_t *status = NULL, *open = NULL;
	struct monitor *mo;
	bool approves;
	json_t *request;
	size_t i;

	if (json_bool_opt(p, "approvals", false, &approves) < 0) {
		methods_bad(ms, conn, "approvals");
		return;
	}
	if (!ms->more) {
		methods_error(ms, conn, E_EXPECTED_MORE, NULL, NULL);
		return;
	}
	if (all->n >= MONITORS_MAX) {
		methods_error(ms, conn, E_BUSY, NULL, NULL);
		return;
	}
	manager_look(ms->manager);
	status = manager_status(ms->manager, NULL);
	if (all->list == NULL) {
		json_decref(all->told);
		all->told = parts(status);
	}
	mo = xcalloc(1, sizeof(*mo));
	mo->conn = conn;
	mo->approves = approves;
	mo->next = all->list;
	all->list = mo;
	all->n++;
	tell_one(ms, mo,
	    json_pack("{s:s,s:O}", "event", "status", "status", status));
	open = approves ? approvals_list(ms->approvals) : NULL;
	json_array_foreach (open, i, request)
		tell_one(ms, mo,
		    json_pack(
			"{s:s,s:O}", "event", "request", "request", request));
}

void
monitors_closed(struct methods *ms, uint64_t conn)
{
	struct monitors *all = ms->monitors;

	for (struct monitor **q = &all->list; *q != NULL;) {
		struct monitor *mo = *q;

		if (mo->conn != conn) {
			q = &mo->next;
			continue;
		}
		*q = mo->next;
		all->n--;
		xfree(mo);
	}
}

struct monitors *
monitors_new(struct methods *ms)
{
	struct monitors *all = xcalloc(1, sizeof(*all));

	all->methods = ms;
	all->loop = manager_env(ms->manager)->loop;
	all->timer = timer_new(all->loop, on_timer, all);
	manager_subscribe(ms->manager, &(struct surface){ on_event, all });
	approvals_listen(ms->approvals, on_request, on_there, all);
	return all;
}

void
monitors_free(struct monitors *all)
{
	while (all->list != NULL) {
		struct monitor *mo = all->list;

		all->list = mo->next;
		xfree(mo);
	}
	all->loop->ops->timer_free(all->timer);
	json_decref(all->told);
	xfree(all);
}
