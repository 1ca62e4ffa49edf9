/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Secret Service of the session bus (org.freedesktop.secrets 0.2), as a
 * vault.  A call is a chain of replies, each of which sends the next message:
 * the items are searched for, looked at, then read, marked or removed.
 *
 * Secrets travel by the algorithm "plain": bus.c connects to sockets of this
 * machine only, whose other end is the user's own bus, and whoever could listen
 * there could ask the keyring itself (docs/SECURITY.md).
 */
#include "bus-vault.h"

#include <errno.h>
#include <string.h>

#include "awsfed/log.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "bus.h"
#include "loop.h"

#define TIMER(v) ((v)->loop->ops)
#define CALL_TIME (15 * USEC)	/* in all, without windows */
#define WINDOW_TIME (60 * USEC) /* a person looks at one */
#define COME_TIME (3 * USEC)	/* for the bus to be there */
#define SETTLE (200 * MSEC)	/* signals come in swarms */

/* ---- the end of a call ---------------------------------------------------- */

static void
unlink_call(struct vault_call *c)
{
	struct vault_call **p = &c->vault->calls;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
}

static void
call_free(struct vault_call *c)
{
	unlink_call(c);
	TIMER(c->vault)->timer_free(c->timer);
	sd_bus_slot_unref(c->reply);
	sd_bus_slot_unref(c->completed);
	vault_clear(c);
	secret_free(c->secret);
	xfree(c->prompt);
	xfree(c->host);
	xfree(c->user);
	xfree(c->also);
	xfree(c->kind);
	xfree(c->label);
	xfree(c);
}

/* Nobody waits for it any more. */
static void
withdraw(struct vault_call *c)
{
	sd_bus *bus = bus_sd(c->vault->bus);
	_cleanup_message_ *m = NULL;

	if (c->prompt == NULL || bus == NULL ||
	    sd_bus_message_new_method_call(
		bus, &m, SERVICE, c->prompt, PROMPT, "Dismiss") < 0)
		return;
	(void)sd_bus_message_set_expect_reply(m, 0);
	(void)sd_bus_send(bus, m, NULL);
	bus_pump(c->vault->bus);
}

void
vault_finish(struct vault_call *c, struct vault_answer *answer)
{
	vault_fn *fn = c->fn;
	void *arg = c->arg;
	struct vault_answer a = *answer;

	call_free(c);
	fn(&a, arg);
	secret_free(a.secret);
}

void
vault_result(struct vault_call *c, enum vault_result result, const char *why)
{
	vault_finish(c, &(struct vault_answer){ .result = result, .why = why });
}

/* ---- messages ----------------------------------------------------------------- */

bool
vault_failed(struct vault_call *c, sd_bus_message *m)
{
	const sd_bus_error *e = sd_bus_message_get_error(m);
	_cleanup_free_ char *why = NULL;

	c->reply = sd_bus_slot_unref(c->reply);
	if (e == NULL)
		return false;
	/* Its name: the text is another program's, and may say anything. */
	why = xasprintf("the keyring did not answer (%s)", e->name);
	vault_result(c,
	    sd_bus_error_has_name(e, "org.freedesktop.Secret.Error.IsLocked") ?
		VAULT_LOCKED :
		VAULT_ABSENT,
	    why);
	return true;
}

void
vault_broken(struct vault_call *c)
{
	vault_result(
	    c, VAULT_ABSENT, "the keyring's answer cannot be understood");
}

sd_bus_message *
vault_message(struct vault_call *c, const char *path, const char *interface,
    const char *member)
{
	sd_bus *bus = bus_sd(c->vault->bus);
	sd_bus_message *m = NULL;

	if (bus == NULL ||
	    sd_bus_message_new_method_call(
		bus, &m, SERVICE, path, interface, member) < 0)
		return NULL;
	(void)sd_bus_message_sensitive(m);
	/* Who only looks starts no program. */
	if (c->act == VAULT_LOOK)
		(void)sd_bus_message_set_auto_start(m, 0);
	return m;
}

void
vault_send(struct vault_call *c, sd_bus_message *m, sd_bus_message_handler_t fn)
{
	sd_bus *bus = bus_sd(c->vault->bus);
	int r = -ENOTCONN;

	if (m != NULL && bus != NULL)
		r = sd_bus_call_async(bus, &c->reply, m, fn, c, 0);
	sd_bus_message_unref(m);
	if (r < 0)
		vault_result(c, VAULT_ABSENT, "the session bus has gone");
	else
		bus_pump(c->vault->bus);
}

/* ---- unlocking ------------------------------------------------------------------ */

static int
on_completed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;
	int dismissed = 1;

	(void)error;
	c->completed = sd_bus_slot_unref(c->completed);
	c->reply = sd_bus_slot_unref(c->reply);
	xreplace(&c->prompt, NULL);
	if (sd_bus_message_read(m, "b", &dismissed) < 0)
		vault_broken(c);
	else if (dismissed)
		vault_result(c, VAULT_DISMISSED,
		    "the window that unlocks the keyring was closed");
	else if (c->finishing)
		vault_result(c, VAULT_OK, NULL);
	else
		vault_again(c);
	return 0;
}

static int
on_prompting(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;

	(void)error;
	/* Else Completed comes, when a person is done. */
	(void)vault_failed(c, m);
	return 0;
}

void
vault_prompt(struct vault_call *c, const char *path)
{
	sd_bus *bus = bus_sd(c->vault->bus);
	sd_bus_message *m;

	if (bus == NULL ||
	    sd_bus_match_signal_async(bus, &c->completed, SERVICE, path, PROMPT,
		"Completed", on_completed, NULL, c) < 0) {
		vault_result(c, VAULT_ABSENT, "the session bus has gone");
		return;
	}
	xreplace(&c->prompt, xstrdup(path));
	TIMER(c->vault)->timer_set(
	    c->timer, deadline_in(c->vault->loop->clk, WINDOW_TIME));
	log_info("the keyring is locked: it asks you to unlock it");
	m = vault_message(c, path, PROMPT, "Prompt");
	if (m != NULL && sd_bus_message_append(m, "s", "") < 0)
		m = sd_bus_message_unref(m);
	vault_send(c, m, on_prompting);
}

static int
on_unlock(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;
	const char *prompt;

	(void)error;
	if (vault_failed(c, m))
		return 0;
	if (sd_bus_message_skip(m, "ao") < 0 ||
	    sd_bus_message_read(m, "o", &prompt) < 0)
		vault_broken(c);
	else if (str_eq(prompt, "/"))
		vault_again(c);
	else
		vault_prompt(c, prompt);
	return 0;
}

void
vault_unlock(struct vault_call *c, const char *const *paths, size_t n)
{
	sd_bus_message *m;
	int r;

	if (!c->ask || c->unlocked) {
		vault_result(c, VAULT_LOCKED, NULL);
		return;
	}
	c->unlocked = true;
	m = vault_message(c, ROOT, SERVICE_IFACE, "Unlock");
	r = m == NULL ? -ENOTCONN : sd_bus_message_open_container(m, 'a', "o");
	for (size_t i = 0; i < n && r >= 0; i++)
		r = sd_bus_message_append(m, "o", paths[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r < 0)
		m = sd_bus_message_unref(m);
	vault_send(c, m, on_unlock);
}

/* ---- life of a call ---------------------------------------------------------------- */

/* Its turn, the end of its patience, or of the bus's time to come. */
static void
on_timer(void *arg)
{
	struct vault_call *c = arg;
	bool window = c->prompt != NULL;

	if (!c->begun && (bus_sd(c->vault->bus) != NULL || c->waited)) {
		vault_again(c);
		return;
	}
	if (!c->begun) {
		c->waited = true;
		TIMER(c->vault)->timer_set(
		    c->timer, deadline_in(c->vault->loop->clk, COME_TIME));
		return;
	}
	withdraw(c);
	vault_result(c, window ? VAULT_DISMISSED : VAULT_ABSENT,
	    window ? "nobody unlocked the keyring" :
		     "the keyring takes too long to answer");
}

/* Begins, or begins anew after something was unlocked. */
void
vault_again(struct vault_call *c)
{
	if (bus_sd(c->vault->bus) == NULL) {
		vault_result(c, VAULT_ABSENT, "there is no session bus");
		return;
	}
	c->begun = true;
	TIMER(c->vault)->timer_set(
	    c->timer, deadline_in(c->vault->loop->clk, CALL_TIME));
	vault_search(c);
}

static struct vault_call *
start(
    struct vault *vault, const struct vault_want *want, vault_fn *fn, void *arg)
{
	struct bus_vault *v = (struct bus_vault *)vault;
	struct vault_call *c = xcalloc(1, sizeof(*c));

	c->vault = v;
	c->act = want->act;
	c->ask = want->ask;
	c->host = xstrdup(want->host);
	c->user = xstrdup(want->user);
	c->also = xstrdup(want->also);
	c->kind = xstrdup(want->kind);
	c->label = xstrdup(want->label);
	if (want->secret != NULL)
		c->secret = secret_new(
		    secret_bytes(want->secret), secret_len(want->secret));
	c->fn = fn;
	c->arg = arg;
	c->timer = timer_new(v->loop, on_timer, c);
	c->next = v->calls;
	v->calls = c;
	vault_watch_bus(v);
	TIMER(v)->timer_set(c->timer, (struct deadline){ 0, 0 });
	return c;
}

static void
cancel(struct vault_call *c)
{
	withdraw(c);
	call_free(c);
}

/* ---- changes that others make --------------------------------------------------------- */

static void
on_settled(void *arg)
{
	struct bus_vault *v = arg;

	for (struct vault_watcher *w = v->watchers; w != NULL; w = w->next)
		w->fn(w->arg);
}

static int
on_signal(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct bus_vault *v = arg;

	(void)error;
	if (sd_bus_message_is_signal(
		m, "org.freedesktop.DBus", "NameOwnerChanged"))
		xreplace(&v->session, NULL);
	if (!TIMER(v)->timer_armed(v->settle))
		TIMER(v)->timer_set(
		    v->settle, deadline_in(v->loop->clk, SETTLE));
	return 0;
}

static void
match(struct bus_vault *v, size_t i, const char *rule)
{
	v->matches[i] = sd_bus_slot_unref(v->matches[i]);
	(void)sd_bus_add_match_async(
	    bus_sd(v->bus), &v->matches[i], rule, on_signal, NULL, v);
}

/* An answer may begin the next call, which waits for its turn. */
static struct vault_call *
first_begun(const struct bus_vault *v)
{
	struct vault_call *c = v->calls;

	while (c != NULL && !c->begun)
		c = c->next;
	return c;
}

static void
on_bus(bool there, void *arg)
{
	struct bus_vault *v = arg;
	struct vault_call *c;

	xreplace(&v->session, NULL);
	if (!there) {
		while ((c = first_begun(v)) != NULL)
			vault_result(
			    c, VAULT_ABSENT, "the session bus has gone");
		for (size_t i = 0; i < ARRAY_SIZE(v->matches); i++)
			v->matches[i] = sd_bus_slot_unref(v->matches[i]);
		return;
	}
	match(v, 0,
	    "type='signal',sender='org.freedesktop.DBus',"
	    "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
	    "arg0='" SERVICE "'");
	match(v, 1,
	    "type='signal',sender='" SERVICE "',path='" ROOT "',"
	    "interface='" SERVICE_IFACE "'");
	match(v, 2,
	    "type='signal',sender='" SERVICE "',path_namespace='" ROOT
	    "/collection',interface='" COLLECTION "'");
	for (c = v->calls; c != NULL; c = c->next)
		if (!c->begun)
			TIMER(v)->timer_set(
			    c->timer, (struct deadline){ 0, 0 });
	TIMER(v)->timer_set(v->settle, (struct deadline){ 0, 0 });
}

void
vault_watch_bus(struct bus_vault *v)
{
	if (!v->watching)
		bus_watch(v->bus, on_bus, v);
	v->watching = true;
}

static void
watch(struct vault *vault, vault_changed_fn *fn, void *arg)
{
	struct bus_vault *v = (struct bus_vault *)vault;
	struct vault_watcher *w = xcalloc(1, sizeof(*w));

	w->fn = fn;
	w->arg = arg;
	w->next = v->watchers;
	v->watchers = w;
	vault_watch_bus(v);
}

static void
unwatch(struct vault *vault, void *arg)
{
	struct bus_vault *v = (struct bus_vault *)vault;

	for (struct vault_watcher **p = &v->watchers; *p != NULL;) {
		struct vault_watcher *w = *p;

		if (w->arg != arg) {
			p = &w->next;
			continue;
		}
		*p = w->next;
		xfree(w);
	}
}

struct vault *
vault_new_bus(struct loop *loop, struct bus *bus)
{
	static const struct vault_ops ops = { start, cancel, watch, unwatch };
	struct bus_vault *v = xcalloc(1, sizeof(*v));

	v->vault.ops = &ops;
	v->loop = loop;
	v->bus = bus;
	v->settle = timer_new(loop, on_settled, v);
	return &v->vault;
}

void
vault_free_bus(struct vault *vault)
{
	struct bus_vault *v = (struct bus_vault *)vault;

	if (v == NULL)
		return;
	while (v->calls != NULL)
		call_free(v->calls);
	while (v->watchers != NULL)
		unwatch(vault, v->watchers->arg);
	for (size_t i = 0; i < ARRAY_SIZE(v->matches); i++)
		sd_bus_slot_unref(v->matches[i]);
	TIMER(v)->timer_free(v->settle);
	xfree(v->session);
	xfree(v);
}
