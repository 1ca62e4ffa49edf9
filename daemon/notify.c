/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <string.h>

#include "awsfed/buf.h"
#include "awsfed/clock.h"
#include "awsfed/config.h"
#include "awsfed/fault.h"
#include "awsfed/hours.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "approve.h"
#include "attention.h"
#include "command.h"
#include "desk.h"
#include "identity.h"
#include "loop.h"
#include "manager.h"
#include "notify-bus.h"

#define BODY_MAX 2048
#define FAULT_MAX 300	  /* bytes of a fault's sentence */
#define SIGN_IN_TIME 3600 /* seconds; a terminal may be left open */

struct notify {
	struct manager *manager;
	struct loop *loop;
	struct attention *attention;
	struct approvals *approvals;
	struct bus *bus;
	struct desk *desk;	 /* NULL: none yet */
	struct notices *notices; /* NULL: switched off since the start */
	struct command *command; /* sign_in_command that runs, or NULL */
	struct identity *command_for;
};

/* ---- tags ------------------------------------------------------------------------ */

/* Identities are never reordered; requests have ids of their own ("q12"). */
static char *
tag_of(const struct notify *n, const struct identity *id)
{
	size_t i = 0;

	while (manager_identity_at(n->manager, i) != id)
		i++;
	return xasprintf("need %zu", i);
}

static struct identity *
identity_of(const struct notify *n, const char *tag)
{
	int64_t i;

	if (!str_starts(tag, "need ") || str_int(tag + 5, 0, 100000, &i) < 0)
		return NULL;
	return manager_identity_at(n->manager, (size_t)i);
}

/* ---- words ------------------------------------------------------------------------- */

static void
add_keys(struct buf *b, const struct need *need, int64_t now)
{
	char when[HOURS_TEXT];

	if (need->live > 0) {
		hours_text(need->valid_until, now, when);
		(void)!buf_addf(b,
		    ngettext("%zu profile stays valid until %s.",
			"%zu profiles stay valid until %s.", need->live),
		    need->live, when);
	} else if (need->profiles > 0) {
		(void)!buf_addf(b,
		    ngettext("%zu profile has no valid keys.",
			"%zu profiles have no valid keys.", need->profiles),
		    need->profiles);
	} else {
		(void)!buf_addf(
		    b, _("A program asks for keys of %s."), need->profile);
	}
}

static char *
body_of(const struct notify *n, const struct need *need)
{
	const char *user = identity_user(need->identity);
	const char *host = identity_host(need->identity);
	struct buf b = BUF_INIT(BODY_MAX);

	if (user != NULL)
		(void)!buf_addf(&b, _("%s at %s."), user, host);
	else
		(void)!buf_addf(&b, "%s.", host);
	(void)!buf_adds(&b, " ");
	add_keys(&b, need, clk_real(n->loop->clk) / USEC);
	/* That a sign-in has ended is what the heading says. */
	if (fault_is(need->fault) && need->fault->kind != FAULT_NEEDS_USER) {
		_cleanup_free_ char *why =
		    str_clean(need->fault->text, FAULT_MAX);

		(void)!buf_addf(&b, "\n%s", why);
	}
	return buf_take(&b);
}

/* ---- needs --------------------------------------------------------------------------- */

static const struct settings *
settings(const struct notify *n)
{
	return &manager_config(n->manager)->settings;
}

static bool
has_desk(const struct notify *n)
{
	return n->desk != NULL && desk_can(n->desk);
}

static bool
show_need(struct notify *n, const char *tag, const struct need *need)
{
	bool starts = need->can_sign_in &&
	    (has_desk(n) || settings(n)->sign_in_command != NULL);
	_cleanup_free_ char *body = body_of(n, need);
	_cleanup_free_ char *command = need->can_sign_in ?
	    xasprintf(_("To sign in: awsfedctl login %s"), need->profile) :
	    xstrdup(_("To see what to do: awsfedctl status"));
	_cleanup_free_ char *full = xasprintf("%s\n%s", body, command);
	const struct notice_action actions[] = {
		{ "sign-in", _("Sign in") },
		{ "snooze", _("Snooze") },
		{ "quit", _("Quit for today") },
		{ NULL, NULL },
	};
	const struct notice_text text = {
		.summary = need->can_sign_in ? _("AWS sign-in needed") :
					       _("AWS sign-in has stopped"),
		/* Without a button for it, the command is said always. */
		.body = starts ? body : full,
		.otherwise = starts ? command : NULL,
		.actions = starts ? actions : actions + 1,
		.urgency = NOTICE_NORMAL,
	};

	return n->notices != NULL && notices_show(n->notices, tag, &text);
}

static bool
on_tell(const struct need *need, void *arg)
{
	struct notify *n = arg;
	_cleanup_free_ char *tag = tag_of(n, need->identity), *text = NULL,
			    *body = NULL;

	if (show_need(n, tag, need))
		return true;
	/* No desktop to leave a notice on: who uses it now is here now. */
	if (!need->used || !need->can_sign_in || !has_desk(n))
		return false;
	body = body_of(n, need);
	text = xasprintf(
	    "%s\n%s\n%s", _("AWS sign-in needed"), body, _("Sign in now?"));
	return desk_confirm(n->desk,
	    &(struct desk_question){ .tag = tag,
		.text = text,
		.yes = _("Sign in"),
		.no = _("Not now"),
		.seconds = settings(n)->login_timeout });
}

static void
on_withdraw(struct identity *id, void *arg)
{
	struct notify *n = arg;
	_cleanup_free_ char *tag = tag_of(n, id);

	if (n->notices != NULL)
		notices_close(n->notices, tag);
	if (n->desk != NULL)
		desk_unconfirm(n->desk, tag);
}

static void
on_command(const struct fault *fault, const char *out, size_t len, void *arg)
{
	struct notify *n = arg;

	(void)out;
	(void)len;
	n->command = NULL;
	if (fault_is(fault))
		log_warning("sign_in_command: %s", fault->text);
	attention_again(n->attention, n->command_for);
}

static void
run_command(struct notify *n, struct identity *id, const char *profile)
{
	struct commands *cs = manager_env(n->manager)->commands;
	_cleanup_strv_ struct strv env = { 0 };

	if (n->command != NULL)
		return; /* its window is open already */
	strv_take(&env, xasprintf("AWSFED_PROFILE=%s", profile));
	strv_take(&env, xasprintf("AWSFED_IDENTITY=%s", identity_name(id)));
	n->command_for = id;
	n->command = cs->ops->start(cs, settings(n)->sign_in_command,
	    (const char *const *)env.v, SIGN_IN_TIME, on_command, n);
}

static void
sign_in(struct notify *n, struct identity *id)
{
	struct need need;

	if (!attention_need(n->attention, id, &need) || !need.can_sign_in)
		return; /* moot meanwhile */
	if (has_desk(n))
		desk_sign_in(n->desk, id, need.profile);
	else if (settings(n)->sign_in_command != NULL)
		run_command(n, id, need.profile);
	else
		return;
	attention_taken(n->attention, id);
}

void
notify_signed_in(struct identity *id, void *arg)
{
	struct notify *n = arg;

	attention_again(n->attention, id);
}

/* ---- protected profiles ------------------------------------------------------------------ */

static bool
on_there(void *arg)
{
	const struct notify *n = arg;
	int64_t now = clk_real(n->loop->clk) / USEC;

	return settings(n)->notifications &&
	    manager_presence(n->manager) != PRESENCE_AWAY &&
	    !hours_has(&settings(n)->quiet_hours, now) &&
	    (has_desk(n) || (n->notices != NULL && notices_can(n->notices)));
}

static const char *
request_id(const json_t *request)
{
	return json_string_value(json_object_get(request, "request"));
}

/* Where no window can ask.  False: nobody sees it. */
static bool
show_request(struct notify *n, const json_t *request)
{
	const char *text = json_string_value(json_object_get(request, "text"));
	const char *profile =
	    json_string_value(json_object_get(request, "profile"));
	_cleanup_free_ char *body = xasprintf(
	    _("%s\nTo allow it: awsfedctl approve %s"), text, profile);
	/*
	 * Never "Allow": a click may be meant for what was there before, a
	 * screen that is locked shows notices, and some are cut short.
	 */
	const struct notice_action actions[] = { { "deny", _("Deny") },
		{ NULL, NULL } };
	const struct notice_text notice = {
		.summary = _("A program asks for a protected profile"),
		.body = body,
		.actions = actions,
		.urgency = NOTICE_NORMAL,
		.seconds = (int)json_integer_value(
		    json_object_get(request, "seconds")),
	};

	return n->notices != NULL &&
	    notices_show(n->notices, request_id(request), &notice);
}

static void
on_request(const json_t *request, const char *how, void *arg)
{
	struct notify *n = arg;
	const char *id = request_id(request);
	struct desk_question q = { .tag = id,
		.text = json_string_value(json_object_get(request, "text")),
		.yes = _("Allow"),
		.no = _("Deny"),
		.seconds =
		    json_integer_value(json_object_get(request, "seconds")),
		.waits = true };

	if (how != NULL) {
		if (n->notices != NULL)
			notices_close(n->notices, id);
		if (n->desk != NULL)
			desk_unconfirm(n->desk, id);
		return;
	}
	/* One question is put in one place. */
	if (json_is_true(json_object_get(request, "attended")) ||
	    approvals_heard(n->approvals, n) || !on_there(n))
		return;
	if (!has_desk(n) || !desk_confirm(n->desk, &q))
		(void)show_request(n, request);
}

bool
notify_busy(const char *tag, void *arg)
{
	struct notify *n = arg;
	struct identity *id = identity_of(n, tag);
	_cleanup_json_ json_t *open = NULL;
	json_t *request;
	size_t i;

	if (id != NULL) {
		/* There was no notice either, or it were not in a window. */
		attention_unshown(n->attention, id);
		return true;
	}
	open = approvals_list(n->approvals);
	json_array_foreach (open, i, request)
		if (str_eq(request_id(request), tag))
			return show_request(n, request);
	return false;
}

void
notify_decided(const char *tag, bool yes, void *arg)
{
	struct notify *n = arg;
	struct identity *id = identity_of(n, tag);

	if (id == NULL)
		(void)approvals_answer(n->approvals, tag, yes);
	else if (yes)
		sign_in(n, id);
	else
		attention_closed(n->attention, id, true);
}

/* ---- what becomes of a notice ---------------------------------------------------------- */

static void
on_action(const char *tag, const char *key, void *arg)
{
	struct notify *n = arg;
	struct identity *id = identity_of(n, tag);

	if (id == NULL)
		(void)approvals_answer(n->approvals, tag, false);
	else if (str_eq(key, "sign-in"))
		sign_in(n, id);
	else if (str_eq(key, "snooze"))
		attention_snooze(n->attention, id);
	else
		attention_quit(n->attention);
}

static void
on_closed(const char *tag, bool by_hand, void *arg)
{
	struct notify *n = arg;
	struct identity *id = identity_of(n, tag);

	if (id != NULL)
		attention_closed(n->attention, id, by_hand);
}

static void
on_failed(const char *tag, void *arg)
{
	struct notify *n = arg;
	struct identity *id = identity_of(n, tag);

	if (id != NULL)
		attention_unshown(n->attention, id);
}

static void
on_ready(void *arg)
{
	struct notify *n = arg;

	attention_again(n->attention, NULL);
}

static void
open_notices(struct notify *n)
{
	static const struct notices_events events = { on_action, on_closed,
		on_failed, on_ready };

	/* Who wants none has no connection to the desktop's bus for it. */
	if (n->notices == NULL && settings(n)->notifications)
		n->notices = notices_new(n->loop, n->bus, &events, n);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	(void)s;
	(void)b;
	if (ev == MANAGER_CONFIG)
		open_notices(arg);
}

/* ---- life ---------------------------------------------------------------------------------- */

struct notify *
notify_new(struct manager *m, struct attention *attention,
    struct approvals *approvals, struct bus *session_bus)
{
	static const struct attention_ops ops = { on_tell, on_withdraw };
	struct notify *n = xcalloc(1, sizeof(*n));

	n->manager = m;
	n->loop = manager_env(m)->loop;
	n->attention = attention;
	n->approvals = approvals;
	n->bus = session_bus;
	open_notices(n);
	attention_surface(attention, &ops, n);
	approvals_listen(approvals, on_request, on_there, n);
	manager_subscribe(m, &(struct surface){ on_event, n });
	return n;
}

void
notify_set_desk(struct notify *n, struct desk *desk)
{
	n->desk = desk;
}

void
notify_free(struct notify *n)
{
	if (n == NULL)
		return;
	if (n->command != NULL)
		manager_env(n->manager)->commands->ops->cancel(n->command);
	attention_surface(n->attention, NULL, NULL);
	notices_free(n->notices);
	xfree(n);
}
