/* SPDX-License-Identifier: Apache-2.0 */
#include "notify-bus.h"

#include <errno.h>
#include <string.h>

#include <systemd/sd-bus.h>

#include "awsfed/buf.h"
#include "awsfed/clock.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "bus.h"
#include "loop.h"

#define NAME "org.freedesktop.Notifications"
#define DBUS "org.freedesktop.DBus"
#define PATH "/org/freedesktop/Notifications"
#define TEXT_MAX 2048
#define ACTIONS_MAX 8
#define CAPS_MAX 64
#define AGAIN_MIN (60 * USEC) /* after a failure; doubled */
#define AGAIN_MAX (3600 * USEC)

enum { CLOSED_EXPIRED = 1, CLOSED_BY_HAND = 2 };

struct notice {
	struct notices *notices;
	char *tag;
	char *summary, *body, *otherwise;
	char *keys[ACTIONS_MAX], *labels[ACTIONS_MAX];
	size_t nactions;
	enum notice_urgency urgency;
	int seconds;
	uint32_t id;	   /* 0: not shown yet */
	bool gone;	   /* to be closed as soon as it has an id */
	sd_bus_slot *slot; /* Notify is under way */
	struct notice *next;
};

struct notices {
	struct loop *loop;
	struct bus *bus;
	struct notices_events events;
	void *arg;
	sd_bus_slot *matches[3];
	sd_bus_slot *asking; /* GetCapabilities is under way */
	char *owner;	     /* who answered it; NULL: ask first */
	bool actions, markup;
	bool warned;
	int64_t wait;	     /* of the next try */
	struct timer *again; /* armed: it failed just now */
	struct notice *list;
};

/* ---- texts -------------------------------------------------------------------- */

char *
notice_escape(const char *text)
{
	struct buf b = BUF_INIT(TEXT_MAX * 6);

	for (; *text != '\0'; text++) {
		const char *as = *text == '&' ? "&amp;" :
		    *text == '<'	      ? "&lt;" :
		    *text == '>'	      ? "&gt;" :
						NULL;

		if ((as != NULL ? buf_adds(&b, as) : buf_add(&b, text, 1)) < 0)
			break;
	}
	return buf_take(&b);
}

/* Lines stay; everything else that steers a terminal or a bus goes. */
static char *
clean(const char *text)
{
	struct buf b = BUF_INIT(TEXT_MAX);

	while (text != NULL && *text != '\0') {
		size_t n = strcspn(text, "\n");
		_cleanup_free_ char *line = xstrndup(text, n);
		_cleanup_free_ char *plain = str_clean(line, TEXT_MAX);

		if (buf_adds(&b, plain) < 0 ||
		    (text[n] == '\n' && buf_adds(&b, "\n") < 0))
			break;
		text += n + (text[n] == '\n');
	}
	return buf_take(&b);
}

static char *
body_of(const struct notice *n)
{
	bool lone = !n->notices->actions || n->nactions == 0;
	_cleanup_free_ char *plain = n->otherwise != NULL && lone ?
	    xasprintf("%s\n%s", n->body, n->otherwise) :
	    xstrdup(n->body);

	return n->notices->markup ? notice_escape(plain) : STEAL(plain);
}

/* ---- notices -------------------------------------------------------------------- */

static void
notice_free(struct notice *n)
{
	struct notice **p;

	for (p = &n->notices->list; *p != n; p = &(*p)->next)
		;
	*p = n->next;
	sd_bus_slot_unref(n->slot);
	for (size_t i = 0; i < n->nactions; i++) {
		xfree(n->keys[i]);
		xfree(n->labels[i]);
	}
	xfree(n->summary);
	xfree(n->body);
	xfree(n->otherwise);
	xfree(n->tag);
	xfree(n);
}

static struct notice *
by_tag(const struct notices *ns, const char *tag)
{
	for (struct notice *n = ns->list; n != NULL; n = n->next)
		if (!n->gone && str_eq(n->tag, tag))
			return n;
	return NULL;
}

static struct notice *
by_id(const struct notices *ns, uint32_t id)
{
	for (struct notice *n = ns->list; n != NULL; n = n->next)
		if (id != 0 && n->id == id)
			return n;
	return NULL;
}

/* ---- failures ----------------------------------------------------------------------- */

static void
rest(struct notices *ns)
{
	ns->wait = ns->wait == 0     ? AGAIN_MIN :
	    ns->wait * 2 > AGAIN_MAX ? AGAIN_MAX :
				       ns->wait * 2;
	ns->loop->ops->timer_set(
	    ns->again, deadline_in(ns->loop->clk, ns->wait));
}

static void
warn_once(struct notices *ns, const char *why)
{
	_cleanup_free_ char *text = str_clean(why, 200);

	if (!ns->warned)
		log_warning("no desktop notification can be shown: %s", text);
	ns->warned = true;
}

/* Every notice that is not shown, and why. */
static void
fail_all(struct notices *ns, const char *why)
{
	struct notice *n;
	bool some = true;

	warn_once(ns, why);
	rest(ns);
	/* The caller may show and close others meanwhile. */
	while (some) {
		some = false;
		for (n = ns->list; n != NULL; n = n->next) {
			_cleanup_free_ char *tag = NULL;
			bool gone = n->gone;

			if (n->id != 0 || n->slot != NULL)
				continue;
			tag = STEAL(n->tag);
			notice_free(n);
			if (!gone)
				ns->events.failed(tag, ns->arg);
			some = true;
			break;
		}
	}
}

static void
on_again(void *arg)
{
	struct notices *ns = arg;

	ns->events.ready(ns->arg);
}

/* ---- calls ------------------------------------------------------------------------------ */

/* Errors of a bus that died say so; what a daemon says is not trusted. */
static const char *
error_of(sd_bus_message *m)
{
	const sd_bus_error *e = sd_bus_message_get_error(m);

	return e == NULL    ? NULL :
	    e->name == NULL ? "?" :
	    str_starts(e->name, "org.freedesktop.DBus.Error.ServiceUnknown") ?
			      _("there is no notification daemon") :
			      e->name;
}

static void
close_now(struct notices *ns, uint32_t id)
{
	sd_bus *sd = bus_sd(ns->bus);

	if (sd == NULL || id == 0)
		return;
	/* Whether it was there still is nothing to us. */
	(void)sd_bus_call_method_async(sd, NULL, NAME, PATH, NAME,
	    "CloseNotification", NULL, NULL, "u", id);
	bus_pump(ns->bus);
}

static int
on_shown(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct notice *n = arg;
	struct notices *ns = n->notices;
	const char *why = error_of(m);
	uint32_t id = 0;

	(void)e;
	n->slot = sd_bus_slot_unref(n->slot);
	if (why == NULL && (sd_bus_message_read(m, "u", &id) < 0 || id == 0))
		why = _("the notification daemon's answer is malformed");
	if (why != NULL) {
		fail_all(ns, why);
		return 0;
	}
	ns->wait = 0;
	ns->warned = false;
	n->id = id;
	if (n->gone) {
		close_now(ns, id);
		notice_free(n);
	}
	return 0;
}

static int
append_actions(const struct notice *n, sd_bus_message *m)
{
	int r = sd_bus_message_open_container(m, 'a', "s");

	for (size_t i = 0; r >= 0 && n->notices->actions && i < n->nactions;
	     i++)
		r = sd_bus_message_append(m, "ss", n->keys[i], n->labels[i]);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int
send_notice(struct notice *n)
{
	struct notices *ns = n->notices;
	_cleanup_free_ char *body = body_of(n);
	sd_bus_message *m = NULL;
	sd_bus *sd = bus_sd(ns->bus);
	int r;

	if (sd == NULL)
		return -ENOTCONN;
	r = sd_bus_message_new_method_call(sd, &m, NAME, PATH, NAME, "Notify");
	if (r >= 0)
		r = sd_bus_message_append(m, "susss", "awsfed", 0u,
		    "dialog-password", n->summary, body);
	if (r >= 0)
		r = append_actions(n, m);
	if (r >= 0)
		r = sd_bus_message_append(m, "a{sv}i", 2, "urgency", "y",
		    (int)n->urgency, "category", "s", "presence",
		    n->seconds * 1000);
	if (r >= 0)
		r = sd_bus_call_async(
		    sd, &n->slot, m, on_shown, n, BUS_CALL_TIME);
	sd_bus_message_unref(m);
	return r;
}

static void
send_waiting(struct notices *ns)
{
	for (struct notice *n = ns->list, *next; n != NULL; n = next) {
		next = n->next;
		if (n->id != 0 || n->slot != NULL)
			continue;
		if (n->gone) {
			notice_free(n);
		} else if (send_notice(n) < 0) {
			fail_all(ns, _("the bus takes no message"));
			return;
		}
	}
}

static int
take_capabilities(struct notices *ns, sd_bus_message *m)
{
	const char *cap;
	int r, count = 0;

	ns->actions = ns->markup = false;
	r = sd_bus_message_enter_container(m, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_read(m, "s", &cap)) > 0 &&
	    count++ < CAPS_MAX) {
		ns->actions |= str_eq(cap, "actions");
		ns->markup |= str_eq(cap, "body-markup");
	}
	return r;
}

static int
on_capabilities(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct notices *ns = arg;
	const char *why = error_of(m), *owner = sd_bus_message_get_sender(m);

	(void)e;
	ns->asking = sd_bus_slot_unref(ns->asking);
	if (why == NULL && (take_capabilities(ns, m) < 0 || owner == NULL))
		why = _("the notification daemon's answer is malformed");
	if (why != NULL) {
		fail_all(ns, why);
		return 0;
	}
	xreplace(&ns->owner, xstrdup(owner));
	send_waiting(ns);
	return 0;
}

static void
ask_capabilities(struct notices *ns)
{
	sd_bus *sd = bus_sd(ns->bus);
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(
	    sd, &m, NAME, PATH, NAME, "GetCapabilities");

	if (r >= 0)
		r = sd_bus_call_async(
		    sd, &ns->asking, m, on_capabilities, ns, BUS_CALL_TIME);
	sd_bus_message_unref(m);
	if (r < 0)
		rest(ns);
}

/* ---- what the daemon says ------------------------------------------------------------ */

/* Anybody may send us a signal: only the daemon's own counts. */
static bool
from_owner(const struct notices *ns, sd_bus_message *m)
{
	return ns->owner != NULL &&
	    str_eq(sd_bus_message_get_sender(m), ns->owner);
}

static int
on_action(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct notices *ns = arg;
	_cleanup_free_ char *tag = NULL;
	struct notice *n;
	const char *key;
	uint32_t id;

	(void)e;
	if (!from_owner(ns, m) || sd_bus_message_read(m, "us", &id, &key) < 0 ||
	    (n = by_id(ns, id)) == NULL)
		return 0;
	for (size_t i = 0; i < n->nactions; i++) {
		if (!str_eq(n->keys[i], key))
			continue;
		/* It has done its work, also where it would stay. */
		key = n->keys[i];
		n->keys[i] = NULL;
		tag = STEAL(n->tag);
		close_now(ns, id);
		notice_free(n);
		ns->events.action(tag, key, ns->arg);
		xfree((char *)(uintptr_t)key);
		return 0;
	}
	return 0;
}

static int
on_closed(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct notices *ns = arg;
	_cleanup_free_ char *tag = NULL;
	struct notice *n;
	uint32_t id, reason;

	(void)e;
	if (!from_owner(ns, m) ||
	    sd_bus_message_read(m, "uu", &id, &reason) < 0 ||
	    (n = by_id(ns, id)) == NULL)
		return 0;
	tag = STEAL(n->tag);
	notice_free(n);
	ns->events.closed(tag, reason == CLOSED_BY_HAND, ns->arg);
	return 0;
}

/* What it showed has gone with it. */
static void
lose(struct notices *ns)
{
	struct notice *n = ns->list;

	xreplace(&ns->owner, NULL);
	while (n != NULL) {
		_cleanup_free_ char *tag = NULL;

		if (n->id == 0) {
			n = n->next;
			continue;
		}
		tag = STEAL(n->tag);
		notice_free(n);
		ns->events.failed(tag, ns->arg);
		n = ns->list; /* the caller may have closed others */
	}
}

static int
on_owner(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct notices *ns = arg;
	const char *name, *before, *now;

	(void)e;
	if (!str_eq(sd_bus_message_get_sender(m), DBUS) ||
	    sd_bus_message_read(m, "sss", &name, &before, &now) < 0 ||
	    !str_eq(name, NAME))
		return 0;
	if (ns->owner != NULL && str_eq(now, ns->owner))
		return 0;
	lose(ns);
	ns->wait = 0;
	if (*now == '\0') {
		rest(ns); /* it may be started by a call */
		return 0;
	}
	ns->warned = false;
	ns->loop->ops->timer_set(ns->again, (struct deadline){ 0, 0 });
	return 0;
}

static void
drop_matches(struct notices *ns)
{
	for (size_t i = 0; i < ARRAY_SIZE(ns->matches); i++)
		ns->matches[i] = sd_bus_slot_unref(ns->matches[i]);
	ns->asking = sd_bus_slot_unref(ns->asking);
}

static void
on_bus(bool there, void *arg)
{
	struct notices *ns = arg;
	sd_bus *sd = bus_sd(ns->bus);
	static const struct {
		const char *match;
		sd_bus_message_handler_t fn;
	} all[] = {
		{ "type='signal',sender='" NAME "',path='" PATH
		  "',interface='" NAME "',member='ActionInvoked'",
		    on_action },
		{ "type='signal',sender='" NAME "',path='" PATH
		  "',interface='" NAME "',member='NotificationClosed'",
		    on_closed },
		{ "type='signal',sender='" DBUS "',interface='" DBUS
		  "',member='NameOwnerChanged',arg0='" NAME "'",
		    on_owner },
	};

	drop_matches(ns);
	if (!there) {
		lose(ns);
		fail_all(ns, _("the session bus is gone"));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		(void)sd_bus_add_match_async(
		    sd, &ns->matches[i], all[i].match, all[i].fn, NULL, ns);
	bus_pump(ns->bus);
	ns->wait = 0;
	ns->loop->ops->timer_set(ns->again, (struct deadline){ 0, 0 });
}

/* ---- the caller's ------------------------------------------------------------------------ */

bool
notices_can(const struct notices *ns)
{
	return bus_sd(ns->bus) != NULL &&
	    !ns->loop->ops->timer_armed(ns->again);
}

bool
notices_show(
    struct notices *ns, const char *tag, const struct notice_text *text)
{
	struct notice *n;

	if (!notices_can(ns))
		return false;
	notices_close(ns, tag);
	n = xcalloc(1, sizeof(*n));
	n->notices = ns;
	n->tag = xstrdup(tag);
	n->summary = clean(text->summary);
	n->body = clean(text->body);
	n->otherwise = text->otherwise == NULL ? NULL : clean(text->otherwise);
	n->urgency = text->urgency;
	n->seconds = text->seconds;
	for (const struct notice_action *a = text->actions;
	     a != NULL && a->key != NULL && n->nactions < ACTIONS_MAX; a++) {
		n->keys[n->nactions] = xstrdup(a->key);
		n->labels[n->nactions++] = xstrdup(a->label);
	}
	n->next = ns->list;
	ns->list = n;
	if (ns->owner != NULL && send_notice(n) < 0) {
		notice_free(n);
		rest(ns);
		return false;
	}
	if (ns->owner == NULL && ns->asking == NULL)
		ask_capabilities(ns);
	bus_pump(ns->bus);
	return true;
}

void
notices_close(struct notices *ns, const char *tag)
{
	struct notice *n = by_tag(ns, tag);

	if (n == NULL)
		return;
	if (n->id == 0) {
		n->gone = true; /* its number is not known yet */
		return;
	}
	close_now(ns, n->id);
	notice_free(n);
}

struct notices *
notices_new(struct loop *loop, struct bus *bus,
    const struct notices_events *events, void *arg)
{
	struct notices *ns = xcalloc(1, sizeof(*ns));

	ns->loop = loop;
	ns->bus = bus;
	ns->events = *events;
	ns->arg = arg;
	ns->again = timer_new(loop, on_again, ns);
	bus_watch(bus, on_bus, ns);
	return ns;
}

void
notices_free(struct notices *ns)
{
	if (ns == NULL)
		return;
	while (ns->list != NULL) {
		close_now(ns, ns->list->id);
		notice_free(ns->list);
	}
	drop_matches(ns);
	ns->loop->ops->timer_free(ns->again);
	xfree(ns->owner);
	xfree(ns);
}
