/* SPDX-License-Identifier: Apache-2.0 */
/* The chained profiles of a login: assumed when their root is signed in. */
#include "awsfed/config.h"
#include "awsfed/xalloc.h"

#include "login-int.h"
#include "session.h"

void
login_link_add(struct login *l, const char *name)
{
	for (size_t i = 0; i < l->nlinks; i++)
		if (str_eq(l->links[i].name, name))
			return;
	l->links = xreallocarray(l->links, l->nlinks + 1, sizeof(*l->links));
	l->links[l->nlinks++] = (struct link){ .name = xstrdup(name) };
}

static struct session *
session_of(struct login *l, const struct link *k)
{
	return manager_session(l->logins->manager, k->name);
}

static void
on_moved(struct session *s, void *arg)
{
	struct login *l = arg;

	for (size_t i = 0; i < l->nlinks; i++)
		if (session_of(l, &l->links[i]) == s)
			l->links[i].waits = false;
	l->moved(l);
}

/* For the root's own reason, when it has one: what to do is the same. */
static void
fault_root(struct link *k, const char *name, const struct session *root)
{
	const struct fault *why = root == NULL ? NULL : session_fault(root);
	bool has = why != NULL && fault_is(why);

	fault_set(&k->fault, has ? why->kind : FAULT_NEEDS_USER,
	    has ? why->reason : REASON_EXPIRED,
	    _("%s was not assumed: its source %s could not be signed in."),
	    k->name, name);
	if (has && why->next != NULL)
		fault_next(&k->fault, "%s", why->next);
	else
		fault_next(&k->fault, "awsfedctl login %s", k->name);
}

static void
start(struct login *l, struct link *k)
{
	struct manager *m = l->logins->manager;
	struct session *s = session_of(l, k), *root;

	if (s == NULL) {
		fault_set(&k->fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The profile %s is not one that awsfed assumes (any "
		      "more)."),
		    k->name);
		fault_next(&k->fault, "awsfedctl status");
		return;
	}
	root = manager_session(m, session_profile(s)->root);
	k->was_kept = session_kept(s);
	/* Nobody is asked again: the root has just been tried. */
	if (root == NULL || session_creds(root) == NULL) {
		fault_root(k, session_profile(s)->root, root);
		return;
	}
	session_set_kept(s, true);
	if (l->force)
		manager_force(m, s);
	session_event(s, SESSION_ATTENDED, NULL);
	k->waits = session_state(s) == SESSION_WAITING;
	if (k->waits)
		session_wait(s, on_moved, l);
}

bool
login_links_done(struct login *l, void (*moved)(struct login *l))
{
	if (l->moved == NULL) {
		l->moved = moved;
		for (size_t i = 0; i < l->nlinks; i++)
			start(l, &l->links[i]);
	}
	for (size_t i = 0; i < l->nlinks; i++)
		if (l->links[i].waits)
			return false;
	return true;
}

static void
unwait(struct login *l)
{
	struct session *s;

	for (size_t i = 0;
	     (s = manager_session_at(l->logins->manager, i)) != NULL; i++)
		session_unwait(s, l);
}

void
login_links_cancel(struct login *l)
{
	unwait(l);
	for (size_t i = 0; i < l->nlinks; i++) {
		struct session *s = session_of(l, &l->links[i]);

		if (l->links[i].waits && s != NULL)
			session_event(s, SESSION_CANCELLED, NULL);
		l->links[i].waits = false;
	}
}

void
login_links_settle(struct login *l)
{
	for (size_t i = 0; i < l->nlinks; i++) {
		struct session *s = session_of(l, &l->links[i]);

		if (s != NULL && l->moved != NULL &&
		    session_state(s) != SESSION_FRESH)
			session_set_kept(s, l->links[i].was_kept);
	}
}

void
login_links_free(struct login *l)
{
	if (l->nlinks > 0)
		unwait(l);
	for (size_t i = 0; i < l->nlinks; i++) {
		xfree(l->links[i].name);
		fault_done(&l->links[i].fault);
	}
	xfree(l->links);
}
