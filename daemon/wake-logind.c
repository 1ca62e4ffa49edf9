/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logind (org.freedesktop.login1(5)): PrepareForSleep, and the screen of the
 * person's sessions on a seat.
 *
 * The agent is in none of these sessions, so it looks for those of its user.
 * A session's Lock and Unlock are requests to the screen's locker; LockedHint
 * is what the locker says came of it.  Desktops set the hint, also when a key
 * of theirs locks the screen and nobody sends Lock; simpler lockers only obey
 * Lock and never tell when they are gone: then nobody knows, after a while.
 *
 * Other users may send us what looks like a signal of logind's.  It counts only
 * if it comes from the connection that owns the name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "awsfed/clock.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "bus.h"
#include "loop.h"
#include "manager.h"
#include "wake-int.h"

#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define LOGIND_MANAGER LOGIND ".Manager"
#define LOGIND_SESSION LOGIND ".Session"
#define DBUS "org.freedesktop.DBus"
#define PROPERTIES DBUS ".Properties"
#define SCREENS_MAX 8 /* sessions of one person on seats */
#define CALLS_MAX (SCREENS_MAX + 4)
#define NO_HINT (30 * USEC) /* a locker has told by then, or never will */

enum screen { SCREEN_UNKNOWN, SCREEN_OPEN, SCREEN_LOCKED };

struct logind {
	struct wake *wake;
	struct bus *bus;
	struct timer *no_hint; /* armed: locked, and the hint does not say so */
	char *owner;	       /* of the name; NULL: no logind */
	sd_bus_slot *slots[CALLS_MAX]; /* matches and calls that run */
	struct strv screens;	       /* object paths */
	enum screen screen;
	bool delay;
	bool asks_delay;  /* a call runs */
	int inhibitor;	  /* -1: none */
	bool sleeping;	  /* or about to be */
	unsigned writing; /* flushes that have not ended */
};

static struct loop *
loop_of(const struct logind *l)
{
	return manager_env(wake_manager(l->wake))->loop;
}

/* ---- the screen -------------------------------------------------------------- */

static void
set_screen(struct logind *l, enum screen screen)
{
	if (l->screen == screen)
		return;
	l->screen = screen;
	if (screen == SCREEN_UNKNOWN)
		manager_forget_presence(wake_manager(l->wake));
	else
		manager_wake(wake_manager(l->wake),
		    screen == SCREEN_LOCKED ? WAKE_LOCK : WAKE_UNLOCK);
}

static void
on_hint(struct logind *l, bool locked)
{
	struct loop *loop = loop_of(l);

	loop->ops->timer_stop(l->no_hint);
	set_screen(l, locked ? SCREEN_LOCKED : SCREEN_OPEN);
}

static void
on_request(struct logind *l, bool lock)
{
	struct loop *loop = loop_of(l);

	if (lock && l->screen != SCREEN_LOCKED)
		loop->ops->timer_set(
		    l->no_hint, deadline_in(loop->clk, NO_HINT));
	else if (!lock)
		loop->ops->timer_stop(l->no_hint);
	set_screen(l, lock ? SCREEN_LOCKED : SCREEN_OPEN);
}

static void
on_no_hint(void *arg)
{
	set_screen(arg, SCREEN_UNKNOWN);
}

/* ---- sleep -------------------------------------------------------------------- */

static void
let_sleep(struct logind *l)
{
	closep(&l->inhibitor);
	l->inhibitor = -1;
}

static void
on_written(const struct fault *fault, void *arg)
{
	struct logind *l = arg;

	(void)fault; /* it is told elsewhere; the machine sleeps anyway */
	/* One that outlasted its night holds up no later one. */
	if (--l->writing == 0 && l->sleeping)
		let_sleep(l);
}

static void ask_delay(struct logind *l);

static void
on_sleep(struct logind *l, bool going)
{
	l->sleeping = going;
	if (going) {
		wake_sleeps(l->wake);
		if (l->inhibitor < 0)
			return;
		l->writing++;
		manager_flush(wake_manager(l->wake), on_written, l);
	} else {
		wake_resumed(l->wake);
		let_sleep(l);
		ask_delay(l);
	}
}

/* ---- calls --------------------------------------------------------------------- */

static sd_bus_slot **
vacant(struct logind *l)
{
	for (size_t i = 0; i < CALLS_MAX; i++)
		if (l->slots[i] == NULL)
			return &l->slots[i];
	return NULL;
}

static void
done(struct logind *l)
{
	sd_bus_slot *now = sd_bus_get_current_slot(bus_sd(l->bus));

	for (size_t i = 0; i < CALLS_MAX; i++)
		if (l->slots[i] != NULL && l->slots[i] == now)
			l->slots[i] = sd_bus_slot_unref(l->slots[i]);
}

/* types: "s" for each argument. */
static int
call(struct logind *l, const char *to, const char *path, const char *interface,
    const char *method, sd_bus_message_handler_t fn, const char *const *strings)
{
	sd_bus_slot **slot = vacant(l);
	sd_bus_message *m = NULL;
	int r;

	if (slot == NULL || bus_sd(l->bus) == NULL)
		return -EBUSY;
	r = sd_bus_message_new_method_call(
	    bus_sd(l->bus), &m, to, path, interface, method);
	for (size_t i = 0; r >= 0 && strings[i] != NULL; i++)
		r = sd_bus_message_append(m, "s", strings[i]);
	/* A name that nobody owns is not to be started by our asking. */
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, false);
	if (r >= 0)
		r = sd_bus_call_async(
		    bus_sd(l->bus), slot, m, fn, l, BUS_CALL_TIME);
	sd_bus_message_unref(m);
	bus_pump(l->bus);
	if (r < 0)
		log_debug("logind: %s: %s", method, strerror(-r));
	return r;
}

/* Logs an answer that is an error. */
static bool
failed(sd_bus_message *m, const char *what)
{
	const sd_bus_error *e = sd_bus_message_get_error(m);

	if (e == NULL)
		return false;
	log_debug(
	    "logind: %s: %s", what, e->message != NULL ? e->message : e->name);
	return true;
}

static int
on_inhibited(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	int fd = -1;

	(void)error;
	done(l);
	l->asks_delay = false;
	if (failed(m, "Inhibit") || sd_bus_message_read(m, "h", &fd) < 0)
		return 0;
	if (!l->delay || l->sleeping)
		return 0; /* the message closes its descriptor */
	let_sleep(l);
	l->inhibitor = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static void
ask_delay(struct logind *l)
{
	static const char *const what[] = { "sleep", "awsfed",
		"Wipes what the machine must not keep while it sleeps", "delay",
		NULL };

	if (!l->delay || l->owner == NULL || l->inhibitor >= 0 || l->asks_delay)
		return;
	l->asks_delay = call(l, LOGIND, LOGIND_PATH, LOGIND_MANAGER, "Inhibit",
			    on_inhibited, what) >= 0;
}

static int
on_locked_hint(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	int locked;

	(void)error;
	done(l);
	if (failed(m, "LockedHint") ||
	    sd_bus_message_read(m, "v", "b", &locked) < 0)
		return 0;
	/* One that is locked is enough: an open one is not in use then. */
	if (locked || l->screen == SCREEN_UNKNOWN)
		on_hint(l, locked);
	return 0;
}

static int
on_sessions(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	static const char *const hint[] = { LOGIND_SESSION, "LockedHint",
		NULL };
	struct logind *l = arg;
	const char *id, *user, *seat, *path;
	uint32_t uid;

	(void)error;
	done(l);
	strv_done(&l->screens);
	if (failed(m, "ListSessions") ||
	    sd_bus_message_enter_container(m, 'a', "(susso)") < 0)
		return 0;
	while (sd_bus_message_read(
		   m, "(susso)", &id, &uid, &user, &seat, &path) > 0)
		if (uid == getuid() && seat[0] != '\0' &&
		    l->screens.n < SCREENS_MAX)
			strv_add(&l->screens, path);
	for (size_t i = 0; i < l->screens.n; i++)
		(void)call(l, LOGIND, l->screens.v[i], PROPERTIES, "Get",
		    on_locked_hint, hint);
	if (l->screens.n == 0)
		set_screen(l, SCREEN_UNKNOWN);
	return 0;
}

static void
look_for_screens(struct logind *l)
{
	static const char *const none[] = { NULL };

	(void)call(l, LOGIND, LOGIND_PATH, LOGIND_MANAGER, "ListSessions",
	    on_sessions, none);
}

/* ---- signals -------------------------------------------------------------------- */

static bool
of_logind(const struct logind *l, sd_bus_message *m)
{
	return l->owner != NULL &&
	    str_eq(sd_bus_message_get_sender(m), l->owner);
}

static bool
of_screen(const struct logind *l, sd_bus_message *m)
{
	const char *path = sd_bus_message_get_path(m);

	return path != NULL && strv_has(&l->screens, path);
}

static int
on_manager_signal(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *member = sd_bus_message_get_member(m);
	struct logind *l = arg;
	int going;

	(void)error;
	if (!of_logind(l, m))
		return 0;
	if (str_eq(member, "PrepareForSleep") &&
	    sd_bus_message_read(m, "b", &going) > 0)
		on_sleep(l, going);
	else if (str_eq(member, "SessionNew") ||
	    str_eq(member, "SessionRemoved"))
		look_for_screens(l);
	return 0;
}

static int
on_session_signal(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *member = sd_bus_message_get_member(m);
	struct logind *l = arg;

	(void)error;
	if (!of_logind(l, m) || !of_screen(l, m))
		return 0;
	if (str_eq(member, "Lock"))
		on_request(l, true);
	else if (str_eq(member, "Unlock"))
		on_request(l, false);
	return 0;
}

/* a{sv}: LockedHint is what we look for. */
static int
find_hint(sd_bus_message *m, bool *ret)
{
	const char *interface, *key;
	int r, locked;

	if (sd_bus_message_read(m, "s", &interface) <= 0 ||
	    !str_eq(interface, LOGIND_SESSION) ||
	    sd_bus_message_enter_container(m, 'a', "{sv}") <= 0)
		return -EBADMSG;
	while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		if (sd_bus_message_read(m, "s", &key) <= 0)
			return -EBADMSG;
		if (str_eq(key, "LockedHint")) {
			if (sd_bus_message_read(m, "v", "b", &locked) <= 0)
				return -EBADMSG;
			*ret = locked;
			return 0;
		}
		if (sd_bus_message_skip(m, "v") < 0 ||
		    sd_bus_message_exit_container(m) < 0)
			return -EBADMSG;
	}
	return r < 0 ? r : -ENOENT;
}

static int
on_properties(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	bool locked;

	(void)error;
	if (of_logind(l, m) && of_screen(l, m) && find_hint(m, &locked) == 0)
		on_hint(l, locked);
	return 0;
}

/* ---- up and down ------------------------------------------------------------------ */

/* owner: "" or NULL, nobody. */
static void
set_owner(struct logind *l, const char *owner)
{
	bool some = owner != NULL && owner[0] != '\0';

	let_sleep(l);
	l->sleeping = false;
	strv_done(&l->screens);
	xreplace(&l->owner, some ? xstrdup(owner) : NULL);
	if (!some) {
		set_screen(l, SCREEN_UNKNOWN);
		return;
	}
	look_for_screens(l);
	ask_delay(l);
}

static int
on_owner(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	const char *owner = NULL;

	(void)error;
	done(l);
	if (!failed(m, "GetNameOwner") &&
	    sd_bus_message_read(m, "s", &owner) > 0)
		set_owner(l, owner);
	return 0;
}

static int
on_owner_changed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *what, *before, *now;

	(void)error;
	if (str_eq(sd_bus_message_get_sender(m), DBUS) &&
	    sd_bus_message_read(m, "sss", &what, &before, &now) > 0 &&
	    str_eq(what, LOGIND))
		set_owner(arg, now);
	return 0;
}

/* A bus that does not let us listen is one that says nothing. */
static int
on_match(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)arg;
	(void)error;
	(void)failed(m, "AddMatch");
	return 0;
}

static void
on_bus(bool there, void *arg)
{
	static const struct {
		const char *rule;
		sd_bus_message_handler_t fn;
	} matches[] = {
		{ "type='signal',sender='" DBUS "',interface='" DBUS
		  "',member='NameOwnerChanged',arg0='" LOGIND "'",
		    on_owner_changed },
		{ "type='signal',sender='" LOGIND "',path='" LOGIND_PATH
		  "',interface='" LOGIND_MANAGER "'",
		    on_manager_signal },
		{ "type='signal',sender='" LOGIND
		  "',path_namespace='" LOGIND_PATH
		  "/session',interface='" LOGIND_SESSION "'",
		    on_session_signal },
		{ "type='signal',sender='" LOGIND
		  "',path_namespace='" LOGIND_PATH
		  "/session',interface='" PROPERTIES
		  "',member='PropertiesChanged',arg0='" LOGIND_SESSION "'",
		    on_properties },
	};
	static const char *const name[] = { LOGIND, NULL };
	struct logind *l = arg;

	for (size_t i = 0; i < CALLS_MAX; i++)
		l->slots[i] = sd_bus_slot_unref(l->slots[i]);
	l->asks_delay = false;
	set_owner(l, NULL);
	if (!there)
		return;
	/* Floating: they end with the connection. */
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++)
		(void)sd_bus_add_match_async(bus_sd(l->bus), NULL,
		    matches[i].rule, matches[i].fn, on_match, l);
	(void)call(l, DBUS, "/org/freedesktop/DBus", DBUS, "GetNameOwner",
	    on_owner, name);
}

struct logind *
logind_new(struct wake *w, struct bus *system)
{
	struct logind *l = xcalloc(1, sizeof(*l));

	l->wake = w;
	l->bus = system;
	l->inhibitor = -1;
	l->no_hint = timer_new(loop_of(l), on_no_hint, l);
	bus_watch(system, on_bus, l);
	return l;
}

void
logind_free(struct logind *l)
{
	struct loop *loop = loop_of(l);

	for (size_t i = 0; i < CALLS_MAX; i++)
		l->slots[i] = sd_bus_slot_unref(l->slots[i]);
	let_sleep(l);
	loop->ops->timer_free(l->no_hint);
	strv_done(&l->screens);
	xfree(l->owner);
	xfree(l);
}

void
logind_delay_sleep(struct logind *l, bool delay)
{
	l->delay = delay;
	if (delay)
		ask_delay(l);
	else
		let_sleep(l);
}
