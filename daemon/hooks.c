/* SPDX-License-Identifier: Apache-2.0 */
#include "hooks.h"

#include <string.h>

#include "awsfed/clock.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "command.h"
#include "loop.h"
#include "manager.h"
#include "session.h"

#define LINE_MAX_BYTES 400

enum hook { HOOK_REFRESH, HOOK_NEEDS_LOGIN, HOOK_MAX };

static const struct {
	const char *event;
	const char *key;
} names[HOOK_MAX] = {
	[HOOK_REFRESH] = { "refresh", "on_refresh" },
	[HOOK_NEEDS_LOGIN] = { "needs-login", "on_needs_login" },
};

/* What hooks know of one profile. */
struct entry {
	struct hooks *hooks;
	char *name;
	bool due[HOOK_MAX];
	bool told; /* that it needs a login, since it last had new keys */
	enum hook running_hook;
	struct command *running; /* or NULL */
	struct entry *next;
};

struct hooks {
	struct manager *manager;
	struct loop *loop;
	struct commands *commands;
	struct timer *timer; /* deferred: start what is due */
	struct entry *entries;
	unsigned running;
};

static struct entry *
entry_of(struct hooks *h, const char *name)
{
	struct entry **p = &h->entries;

	/* At the end: who waits longest comes first. */
	for (; *p != NULL; p = &(*p)->next)
		if (str_eq((*p)->name, name))
			return *p;
	*p = xcalloc(1, sizeof(**p));
	(*p)->hooks = h;
	(*p)->name = xstrdup(name);
	return *p;
}

/* The profile's own command, else that of awsfed.conf; borrowed, NULL: none. */
static const char *
line_of(const struct hooks *h, const struct session *s, enum hook hook)
{
	const struct settings *set = &manager_config(h->manager)->settings;
	const struct profile *p = session_profile(s);
	const char *own =
	    hook == HOOK_REFRESH ? p->on_refresh : p->on_needs_login;

	return own != NULL	 ? own :
	    hook == HOOK_REFRESH ? set->on_refresh :
				   set->on_needs_login;
}

/* ---- running ---------------------------------------------------------------------- */

static void
soon(struct hooks *h)
{
	h->loop->ops->timer_set(h->timer, (struct deadline){ 0, 0 });
}

/* What it printed, line by line; a chatty one is cut short. */
static void
log_output(const struct entry *e, const char *out)
{
	unsigned lines = 0;

	for (size_t n; *out != '\0'; out += n + (out[n] == '\n')) {
		_cleanup_free_ char *line = NULL, *clean = NULL;

		n = strcspn(out, "\n");
		if (n == 0)
			continue;
		if (lines++ == HOOKS_LINES) {
			log_info("profile %s: its %s command wrote more, "
				 "which is left out",
			    e->name, names[e->running_hook].key);
			return;
		}
		line = xstrndup(out, n);
		clean = str_clean(line, LINE_MAX_BYTES);
		log_info("profile %s: %s: %s", e->name,
		    names[e->running_hook].key, clean);
	}
}

static void
on_done(const struct fault *fault, const char *out, size_t len, void *arg)
{
	struct entry *e = arg;

	(void)len;
	e->running = NULL;
	e->hooks->running--;
	log_output(e, out);
	if (fault_is(fault))
		log_warning("profile %s: its %s command: %s", e->name,
		    names[e->running_hook].key, fault->text);
	soon(e->hooks);
}

static void
start(struct entry *e, enum hook hook, const struct session *s)
{
	struct hooks *h = e->hooks;
	const struct creds *c = session_creds(s);
	char when[RFC3339_SIZE] = "";
	_cleanup_strv_ struct strv env = { 0 };

	if (c != NULL)
		rfc3339_format(c->expiration_s, when);
	strv_take(&env, xasprintf("AWSFED_PROFILE=%s", e->name));
	strv_take(&env, xasprintf("AWSFED_EVENT=%s", names[hook].event));
	strv_take(&env, xasprintf("AWSFED_EXPIRATION=%s", when));
	strv_take(&env,
	    xasprintf("AWSFED_REASON=%s",
		fault_is(session_fault(s)) ?
		    reason_name(session_fault(s)->reason) :
		    ""));
	e->running_hook = hook;
	h->running++;
	e->running = h->commands->ops->start(h->commands, line_of(h, s, hook),
	    (const char *const *)env.v, HOOKS_TIME, on_done, e);
}

static void
on_timer(void *arg)
{
	struct hooks *h = arg;

	for (struct entry *e = h->entries; e != NULL; e = e->next) {
		struct session *s = manager_session(h->manager, e->name);

		for (enum hook k = 0; k < HOOK_MAX; k++) {
			if (!e->due[k])
				continue;
			if (s == NULL || line_of(h, s, k) == NULL) {
				e->due[k] = false;
				continue;
			}
			if (e->running != NULL || h->running >= HOOKS_AT_ONCE)
				continue;
			e->due[k] = false;
			start(e, k, s);
		}
	}
}

/* ---- events ------------------------------------------------------------------------ */

static void
due(struct hooks *h, struct session *s, enum hook hook)
{
	if (line_of(h, s, hook) == NULL)
		return;
	entry_of(h, session_name(s))->due[hook] = true;
	soon(h);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct hooks *h = arg;
	struct entry *e;

	(void)b;
	if (ev != MANAGER_CREDENTIALS && ev != MANAGER_SESSION)
		return;
	/* Keys for one caller alone are no renewal of the profile. */
	if (session_profile(s)->apart)
		return;
	e = entry_of(h, session_name(s));
	if (ev == MANAGER_CREDENTIALS) {
		e->told = false;
		e->due[HOOK_NEEDS_LOGIN] = false;
		due(h, s, HOOK_REFRESH);
		return;
	}
	/*
	 * Once: who asks for its keys meanwhile may send it round through
	 * other states.  A person who has logged out knows.
	 */
	if (session_state(s) != SESSION_NEEDS_LOGIN || e->told ||
	    session_logged_out(s) || !session_kept(s))
		return;
	e->told = true;
	due(h, s, HOOK_NEEDS_LOGIN);
}

/* ---- life -------------------------------------------------------------------------- */

struct hooks *
hooks_new(struct manager *m)
{
	const struct manager_env *env = manager_env(m);
	struct hooks *h = xcalloc(1, sizeof(*h));

	h->manager = m;
	h->loop = env->loop;
	h->commands = env->commands;
	h->timer = timer_new(h->loop, on_timer, h);
	manager_subscribe(m, &(struct surface){ on_event, h });
	return h;
}

void
hooks_free(struct hooks *h)
{
	if (h == NULL)
		return;
	h->loop->ops->timer_free(h->timer);
	while (h->entries != NULL) {
		struct entry *e = h->entries;

		h->entries = e->next;
		if (e->running != NULL)
			h->commands->ops->cancel(e->running);
		xfree(e->name);
		xfree(e);
	}
	xfree(h);
}
