/* SPDX-License-Identifier: Apache-2.0 */
/* Forget: removes the stored passwords of sign-ins, wherever they are. */
#include "awsfed/fault.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "identity.h"
#include "keyring.h"
#include "manager.h"
#include "methods-int.h"
#include "session.h"

struct forget {
	struct forget *next;
	struct methods *methods;
	uint64_t conn;
	struct identity **identities; /* that are asked, NULL when done */
	size_t n, open;
	json_t *list;
};

static void
forget_free(struct forget *f)
{
	struct forget **p = &f->methods->forgets;

	while (*p != f)
		p = &(*p)->next;
	*p = f->next;
	for (size_t i = 0; i < f->n; i++)
		if (f->identities[i] != NULL)
			keyring_unforget(identity_keyring(f->identities[i]), f);
	json_decref(f->list);
	xfree(f->identities);
	xfree(f);
}

static void
on_gone(const char *user, const char *host, const struct fault *fault,
    enum keyring_gone gone, void *arg)
{
	struct forget *f = arg;
	json_t *o = json_object();

	json_put_str(o, "user", user);
	json_put_str(o, "host", host);
	json_object_set_new(
	    o, "removed", json_boolean(gone == KEYRING_REMOVED));
	if (gone == KEYRING_UNSEEN)
		json_object_set_new(o, "unseen", json_true());
	if (fault_is(fault))
		json_object_set_new(o, "fault", fault_to_json(fault));
	json_array_append_new(f->list, o);
	if (--f->open > 0)
		return;
	for (size_t i = 0; i < f->n; i++)
		f->identities[i] = NULL;
	methods_ok(
	    f->methods, f->conn, json_pack("{s:O}", "passwords", f->list));
	forget_free(f);
}

static void
add(struct forget *f, struct identity *id)
{
	if (id == NULL)
		return;
	for (size_t i = 0; i < f->n; i++)
		if (f->identities[i] == id)
			return;
	f->identities =
	    xreallocarray(f->identities, f->n + 1, sizeof(struct identity *));
	f->identities[f->n++] = id;
}

void
methods_forget(struct methods *ms, uint64_t conn, const json_t *params)
{
	_cleanup_strv_ struct strv names = { 0 };
	struct identity *id;
	struct forget *f;
	bool all;

	if (methods_names(params, "profiles", &names) < 0 ||
	    json_bool_opt(params, "all", false, &all) < 0 ||
	    (names.n > 0) == all) {
		methods_bad(ms, conn, "profiles");
		return;
	}
	for (size_t i = 0; i < names.n; i++)
		if (methods_session(ms, conn, names.v[i]) == NULL)
			return;
	/* A keyring answers one at a time. */
	if (ms->forgets != NULL) {
		methods_error(ms, conn, E_BUSY, NULL, NULL);
		return;
	}
	f = xcalloc(1, sizeof(*f));
	f->methods = ms;
	f->conn = conn;
	f->list = json_array();
	f->next = ms->forgets;
	ms->forgets = f;
	for (size_t i = 0; i < names.n; i++)
		add(f,
		    manager_identity_of(
			ms->manager, manager_session(ms->manager, names.v[i])));
	for (size_t i = 0;
	     all && (id = manager_identity_at(ms->manager, i)) != NULL; i++)
		add(f, id);
	f->open = f->n;
	for (size_t i = 0; i < f->n; i++)
		keyring_forget(identity_keyring(f->identities[i]), on_gone, f);
	if (f->n > 0)
		return;
	methods_ok(ms, conn, json_pack("{s:[]}", "passwords"));
	forget_free(f);
}

void
methods_forgets_free(struct methods *ms)
{
	while (ms->forgets != NULL)
		forget_free(ms->forgets);
}
