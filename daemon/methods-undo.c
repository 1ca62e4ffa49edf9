/* SPDX-License-Identifier: Apache-2.0 */
/* Undo: takes back the agent's last write to one of the AWS files. */
#include "awsfed/log.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "manager.h"
#include "methods-int.h"
#include "session.h"
#include "undo.h"

/* What the section says now is the record of what is kept. */
static void
follow(struct manager *m, const struct undone *u)
{
	struct session *s = manager_session(m, u->section);

	if (s == NULL || u->kept)
		return;
	session_set_kept(s, false);
	if (u->logged_out)
		session_set_logged_out(s, true);
	manager_tell(m, s);
}

static void
on_undone(
    const struct fault *fault, const struct undo_result *result, void *arg)
{
	struct pending *p = arg;
	struct methods *ms = p->methods;
	_cleanup_fault_ struct fault f = { 0 };
	json_t *o, *list;

	if (result == NULL) {
		methods_fault(ms, p->conn, fault, NULL);
		pending_free(p);
		return;
	}
	o = json_object();
	list = json_array();
	for (size_t i = 0; i < result->n; i++) {
		const struct undone *u = &result->sections[i];
		json_t *one = json_object();

		json_put_str(one, "section", u->section);
		json_put_str(one, "did", u->removed ? "removed" : "restored");
		json_put_int(one, "keys", (int64_t)u->keys);
		json_array_append_new(list, one);
		if (result->file == UNDO_CREDENTIALS)
			follow(ms->manager, u);
	}
	log_info("the last write to %s was taken back", result->path);
	if (result->file == UNDO_CONFIG &&
	    manager_reload(ms->manager, NULL, &f) < 0)
		log_warning("%s", f.text);
	json_put_str(
	    o, "file", result->file == UNDO_CONFIG ? "config" : "credentials");
	json_put_str(o, "path", result->path);
	json_object_set_new(o, "sections", list);
	methods_ok(ms, p->conn, o);
	pending_free(p);
}

void
methods_undo(struct methods *ms, uint64_t conn, const json_t *p)
{
	const struct manager_env *env = manager_env(ms->manager);
	_cleanup_fault_ struct fault f = { 0 };
	struct pending *pending = pending_new(ms, conn, NULL);

	(void)p;
	if (undo_last(env->undo, env->files, on_undone, pending, &f) == 0)
		return;
	methods_fault(ms, conn, &f, NULL);
	pending_free(pending);
}
