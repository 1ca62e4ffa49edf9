/* SPDX-License-Identifier: Apache-2.0 */
/* Lock and Unlock, and what else of a caller's ends with the first. */
#include "awsfed/config.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "landing.h"
#include "manager.h"
#include "methods-int.h"
#include "session.h"

/* Those whose keys are hidden, or would be if they had any. */
static void
add_blanked(struct methods *ms, struct strv *names)
{
	struct session *s;

	for (size_t i = 0; (s = manager_session_at(ms->manager, i)) != NULL;
	     i++)
		if (session_blanked(s) && !session_profile(s)->apart)
			strv_add(names, session_name(s));
}

static void
reply(struct pending *p, const char *key, const struct fault *fault, json_t *o)
{
	json_put_list(o, key, &p->names);
	if (fault_is(fault))
		json_object_set_new(o, "written", fault_to_json(fault));
	methods_ok(p->methods, p->conn, o);
	pending_free(p);
}

static void
on_locked(const struct fault *fault, void *arg)
{
	struct pending *p = arg;
	json_t *o = manager_lock_status(p->methods->manager);

	/* Somebody may have unlocked it while the file was written. */
	reply(p, "blanked", fault, o != NULL ? o : json_object());
}

void
methods_lock(struct methods *ms, uint64_t conn, const json_t *params)
{
	struct pending *p;
	bool all;

	if (json_bool_opt(params, "all", false, &all) < 0) {
		methods_bad(ms, conn, "all");
		return;
	}
	manager_lock(ms->manager, LOCKED_BY_COMMAND);
	if (all)
		manager_lock_wipe(ms->manager);
	p = pending_new(ms, conn, NULL);
	add_blanked(ms, &p->names);
	manager_flush(ms->manager, on_locked, p);
}

static void
on_unlocked(const struct fault *fault, void *arg)
{
	struct pending *p = arg;

	reply(p, "shown", fault,
	    json_pack("{s:b}", "unlocked", (int)(p->waits > 0)));
}

void
methods_unlock(struct methods *ms, uint64_t conn, const json_t *params)
{
	struct pending *p = pending_new(ms, conn, NULL);

	(void)params;
	add_blanked(ms, &p->names);
	p->waits = manager_unlock(ms->manager);
	manager_flush(ms->manager, on_unlocked, p);
}

bool
methods_locked(struct methods *ms, uint64_t conn, const char *profile)
{
	_cleanup_fault_ struct fault f = { 0 };

	if (!manager_lock_fault(ms->manager, &f))
		return false;
	methods_fault(ms, conn, &f, profile);
	return true;
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct methods *ms = arg;
	_cleanup_fault_ struct fault f = { 0 };

	(void)s;
	(void)b;
	if (ev != MANAGER_LOCK || !manager_lock_fault(ms->manager, &f))
		return;
	methods_consoles_stop(ms, &f);
	landing_clear(ms->landing);
}

void
methods_lock_watch(struct methods *ms)
{
	manager_subscribe(ms->manager, &(struct surface){ on_event, ms });
}
