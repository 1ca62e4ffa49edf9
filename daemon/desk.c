/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include <string.h>

#include "awsfed/buf.h"
#include "awsfed/config.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "askpass.h"
#include "identity.h"
#include "loop.h"
#include "manager.h"
#include "methods.h"
#include "prompt.h"
#include "session.h"

#define TEXT_MAX 8192	 /* of one window */
#define CHOICES_SHOWN 60 /* what a screen has room for */
#define NUMBER_TRIES 3
#define WAIT_SHOWN (3 * USEC) /* a short wait needs no window */
#define QUEUE_MAX 16
#define PATIENCE (4 * USEC) /* of a confirmation in the line */

/* Somebody who waits for the desk, or has it. */
struct visit {
	struct identity *identity; /* NULL: a confirmation */
	char *profile;
	char *tag;
	char *text, *yes, *no;
	struct deadline lapses, patience;
	struct visit *next;
};

struct desk {
	struct manager *manager;
	struct loop *loop;
	struct askers *askers;
	struct methods *methods; /* NULL: closed */
	struct desk_events ev;
	struct timer *turn;  /* deferred: replies, a question that has gone */
	struct timer *wait;  /* a wait becomes long */
	struct timer *line;  /* a confirmation has stood in it too long */
	struct visit *queue; /* the first one is being served */
	bool serving;
	char *broken; /* the program that failed */

	/* the conversation */
	char *login;	       /* its id; NULL before the first step */
	json_t *replies;       /* array: not looked at yet */
	json_t *question;      /* being asked; or NULL */
	unsigned tries;	       /* numbers that were none */
	char *waits;	       /* what is waited for */
	struct asking *window; /* or NULL */
};

static void serve(struct desk *d);

/* ---- windows --------------------------------------------------------------------- */

static const char *
program(const struct desk *d, bool *ret_pinentry)
{
	const struct settings *s = &manager_config(d->manager)->settings;

	*ret_pinentry = s->pinentry != NULL;
	return s->pinentry != NULL ? s->pinentry : s->askpass;
}

bool
desk_can(const struct desk *d)
{
	bool pinentry;
	const char *p = program(d, &pinentry);

	return p != NULL && !str_eq(p, d->broken);
}

static void
close_window(struct desk *d)
{
	ask_cancel(STEAL(d->window));
	d->loop->ops->timer_stop(d->wait);
}

static void
open_window(struct desk *d, enum ask_kind kind, const char *text,
    const char *prompt, const char *yes, const char *no, int64_t seconds,
    ask_fn *done)
{
	struct ask ask = { .kind = kind,
		.text = text,
		.prompt = prompt,
		.yes = yes,
		.no = no,
		.seconds = seconds };

	ask.program = program(d, &ask.pinentry);
	close_window(d);
	d->window = ask_start(d->askers, &ask, done, d);
}

static void
failed(struct desk *d, const char *why)
{
	bool pinentry;
	const char *p = program(d, &pinentry);
	_cleanup_free_ char *clean = str_clean(why, 200);

	log_warning("the prompt program %s: %s; nobody is asked with it until "
		    "the configuration is read anew",
	    p, clean);
	xreplace(&d->broken, xstrdup(p));
}

/* ---- the line -------------------------------------------------------------------- */

static void
visit_free(struct visit *v)
{
	xfree(v->profile);
	xfree(v->tag);
	xfree(v->text);
	xfree(v->yes);
	xfree(v->no);
	xfree(v);
}

static void
kick(struct desk *d)
{
	d->loop->ops->timer_set(d->turn, (struct deadline){ 0, 0 });
}

static void
next_visit(struct desk *d)
{
	struct visit *v = d->queue;

	close_window(d);
	d->queue = v->next;
	d->serving = false;
	xreplace(&d->login, NULL);
	xreplace(&d->waits, NULL);
	json_decref(d->question);
	d->question = NULL;
	json_array_clear(d->replies);
	visit_free(v);
	kick(d);
}

static struct visit *
add_visit(struct desk *d)
{
	struct visit **p = &d->queue;

	while (*p != NULL)
		p = &(*p)->next;
	*p = xcalloc(1, sizeof(**p));
	kick(d);
	return *p;
}

/* ---- a sign-in ---------------------------------------------------------------------- */

static void
call(struct desk *d, const char *method, json_t *params)
{
	methods_call(d->methods, DESK_CONN, method, params, false);
	json_decref(params);
}

static void
leave(struct desk *d)
{
	struct identity *id = d->queue->identity;

	/* What is unfinished has one watcher less. */
	methods_closed(d->methods, DESK_CONN);
	next_visit(d);
	d->ev.ended(id, d->ev.arg);
}

static void
start_sign_in(struct desk *d, const struct visit *v)
{
	json_t *names = json_array(), *p = json_object();
	struct session *s;

	if (v->profile != NULL)
		json_array_append_new(names, json_string(v->profile));
	for (size_t i = 0; (s = manager_session_at(d->manager, i)) != NULL; i++)
		if (manager_identity_of(d->manager, s) == v->identity &&
		    session_profile(s)->kind == PROFILE_ADFS &&
		    !session_profile(s)->apart && session_renews(s) &&
		    !str_eq(session_name(s), v->profile))
			json_array_append_new(
			    names, json_string(session_name(s)));
	json_object_set_new(p, "profiles", names);
	json_put_str(p, "krb5ccname", identity_ccache_name(v->identity));
	call(d, M_LOGIN, p);
}

static void
await(struct desk *d)
{
	json_t *p = json_object();

	json_put_str(p, "login", d->login);
	call(d, M_AWAIT, p);
}

static void
give_answer(struct desk *d, const char *value)
{
	json_t *p = json_object();

	json_put_str(p, "login", d->login);
	json_object_set(p, "question", json_object_get(d->question, "id"));
	json_object_set_new(p, "value", json_string(value));
	json_decref(d->question);
	d->question = NULL;
	if (json_object_get(p, "value") == NULL) {
		json_decref(p);
		leave(d); /* not UTF-8: no page could be given it */
		return;
	}
	call(d, M_ANSWER, p);
}

static void ask_question(struct desk *d);

static void
on_answer(enum ask_end end, const char *value, void *arg)
{
	struct desk *d = arg;
	const char *kind =
	    json_string_value(json_object_get(d->question, "kind"));
	const json_t *choices = json_object_get(d->question, "choices");
	int64_t n;

	d->window = NULL;
	if (end == ASK_FAILED)
		failed(d, value);
	if (str_eq(kind, Q_CONFIRM) &&
	    (end == ASK_ANSWERED || end == ASK_DECLINED)) {
		give_answer(d, end == ASK_ANSWERED ? "yes" : "no");
		return;
	}
	if (end != ASK_ANSWERED) {
		leave(d);
		return;
	}
	if (!str_eq(kind, Q_CHOICE)) {
		give_answer(d, value);
		return;
	}
	if (str_int(value, 1, (int64_t)json_array_size(choices), &n) == 0)
		give_answer(d,
		    json_string_value(json_object_get(
			json_array_get(choices, (size_t)n - 1), "value")));
	else if (++d->tries < NUMBER_TRIES)
		ask_question(d);
	else
		leave(d);
}

static char *
choice_text(const char *label, const json_t *choices)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	size_t i, n = json_array_size(choices);
	json_t *c;

	(void)!buf_addf(&b, "%s\n", label);
	json_array_foreach (choices, i, c) {
		const char *text =
		    json_string_value(json_object_get(c, "label"));
		_cleanup_free_ char *plain = str_clean(text, 200);

		if (i == CHOICES_SHOWN) {
			(void)!buf_addf(&b,
			    _("… and %zu more: awsfedctl login shows them\n"),
			    n - i);
			break;
		}
		if (buf_addf(&b, "%zu  %s\n", i + 1, plain) < 0)
			break;
	}
	return buf_take(&b);
}

static void
ask_question(struct desk *d)
{
	const json_t *q = d->question;
	const char *kind = json_string_value(json_object_get(q, "kind"));
	const char *label = json_string_value(json_object_get(q, "label"));
	json_int_t left = json_integer_value(json_object_get(q, "deadline"));
	const char *who = identity_name(d->queue->identity);
	_cleanup_free_ char *plain = str_clean(label, 1024), *text = NULL;
	enum ask_kind as = ASK_TEXT;

	if (str_eq(kind, Q_SECRET))
		as = ASK_SECRET;
	else if (str_eq(kind, Q_CONFIRM))
		as = ASK_CONFIRM;
	if (str_eq(kind, Q_CHOICE)) {
		_cleanup_free_ char *list =
		    choice_text(plain, json_object_get(q, "choices"));

		text = xasprintf(_("AWS sign-in: %s\n%s"), who, list);
		open_window(d, as, text, _("Number"), NULL, NULL,
		    left > 0 ? left : 1, on_answer);
		return;
	}
	text = as == ASK_CONFIRM ?
	    xasprintf(_("AWS sign-in: %s\n%s"), who, plain) :
	    xasprintf(_("AWS sign-in: %s"), who);
	open_window(d, as, text, as == ASK_CONFIRM ? NULL : plain,
	    as == ASK_CONFIRM ? _("Yes") : NULL,
	    as == ASK_CONFIRM ? _("No") : NULL, left > 0 ? left : 1, on_answer);
}

/* A window that only tells: closing it ends nothing, cancelling does. */
static void
on_shown(enum ask_end end, const char *value, void *arg)
{
	struct desk *d = arg;

	d->window = NULL;
	if (end == ASK_FAILED)
		failed(d, value);
	if (end == ASK_DECLINED)
		leave(d);
}

static void
show(struct desk *d, const char *text)
{
	const struct settings *s = &manager_config(d->manager)->settings;
	_cleanup_free_ char *plain = str_clean(text, 1024);
	_cleanup_free_ char *full = xasprintf(
	    _("AWS sign-in: %s\n%s"), identity_name(d->queue->identity), plain);

	open_window(
	    d, ASK_SHOW, full, NULL, NULL, NULL, s->login_timeout, on_shown);
}

static void
on_wait(void *arg)
{
	struct desk *d = arg;

	if (d->waits != NULL && d->window == NULL)
		show(d, d->waits);
}

static void
take_step(struct desk *d, const json_t *step)
{
	const char *kind = json_string_value(json_object_get(step, "kind"));
	const char *text = json_string_value(json_object_get(step, "text"));

	if (str_eq(kind, STEP_ASK)) {
		d->question = json_incref(json_object_get(step, "question"));
		d->tries = 0;
		ask_question(d);
		return;
	}
	if (str_eq(kind, STEP_DONE)) {
		leave(d);
		return;
	}
	if (text != NULL && str_eq(kind, STEP_WAIT)) {
		xreplace(&d->waits, xstrdup(text));
		d->loop->ops->timer_set(
		    d->wait, deadline_in(d->loop->clk, WAIT_SHOWN));
	} else if (text != NULL &&
	    str_eq(
		json_string_value(json_object_get(step, "tell")), Q_NUMBER)) {
		show(d, text);
	}
	await(d);
}

static void
take_reply(struct desk *d, const json_t *reply)
{
	const json_t *p = json_object_get(reply, "parameters");
	const char *error = json_string_value(json_object_get(reply, "error"));
	const char *login = json_string_value(json_object_get(p, "login"));

	if (error != NULL && str_eq(error, E_STALE_QUESTION) &&
	    d->login != NULL) {
		await(d); /* somebody else was faster */
		return;
	}
	if (error != NULL || login == NULL) {
		log_info("%s: the sign-in that was asked for did not start",
		    identity_name(d->queue->identity));
		leave(d);
		return;
	}
	xreplace(&d->login, xstrdup(login));
	/* A number to show stays until there is something else to see. */
	if (json_object_get(json_object_get(p, "step"), "tell") == NULL)
		close_window(d);
	xreplace(&d->waits, NULL);
	take_step(d, json_object_get(p, "step"));
}

/* ---- confirmations -------------------------------------------------------------------- */

static void
on_decided(enum ask_end end, const char *value, void *arg)
{
	struct desk *d = arg;
	_cleanup_free_ char *tag = STEAL(d->queue->tag);

	d->window = NULL;
	if (end == ASK_FAILED)
		failed(d, value);
	next_visit(d);
	/* A program that fails is nobody's no. */
	if (end == ASK_FAILED && d->ev.busy(tag, d->ev.arg))
		return;
	d->ev.decided(tag, end == ASK_ANSWERED, d->ev.arg);
}

static void
confirm(struct desk *d, const struct visit *v)
{
	/* Not before the question itself, or a no would have been said. */
	int64_t left =
	    (deadline_left(d->loop->clk, v->lapses) + USEC - 1) / USEC;

	open_window(d, ASK_CONFIRM, v->text, NULL, v->yes, v->no,
	    left > 0 ? left : 1, on_decided);
}

/* Takes it out of the line. */
static void
take_out(struct visit **p)
{
	struct visit *v = *p;

	*p = v->next;
	visit_free(v);
}

/* It is asked elsewhere, where that can be; else it stays in the line. */
static bool
turn_away(struct desk *d, struct visit **p)
{
	if (!d->ev.busy((*p)->tag, d->ev.arg))
		return false;
	take_out(p);
	return true;
}

/* Those whose turn has not come, and that have waited for long enough. */
static void
on_line(void *arg)
{
	struct desk *d = arg;
	struct visit **p = d->queue == NULL ? NULL : &d->queue->next;

	while (p != NULL && *p != NULL) {
		struct visit *v = *p;

		if (v->tag != NULL &&
		    deadline_left(d->loop->clk, v->patience) > 0) {
			d->loop->ops->timer_set(d->line, v->patience);
			return; /* as those behind it */
		}
		if (v->tag == NULL || !turn_away(d, p))
			p = &v->next;
	}
}

bool
desk_confirm(struct desk *d, const struct desk_question *q)
{
	struct visit *v;

	if (!desk_can(d) || (d->queue != NULL && !q->waits))
		return false;
	v = add_visit(d);
	v->tag = xstrdup(q->tag);
	v->text = xstrdup(q->text);
	v->yes = xstrdup(q->yes);
	v->no = xstrdup(q->no);
	v->lapses = deadline_in(d->loop->clk, q->seconds * USEC);
	v->patience = deadline_in(d->loop->clk, PATIENCE);
	/* A sign-in that has just ended goes within moments. */
	if (v != d->queue && !d->loop->ops->timer_armed(d->line))
		d->loop->ops->timer_set(d->line, v->patience);
	return true;
}

void
desk_unconfirm(struct desk *d, const char *tag)
{
	struct visit **p = &d->queue;

	if (d->serving && d->queue != NULL && str_eq(d->queue->tag, tag)) {
		next_visit(d);
		return;
	}
	while (*p != NULL && !str_eq((*p)->tag, tag))
		p = &(*p)->next;
	if (*p != NULL)
		take_out(p);
}

/* Its turn has come, and there is no program any more. */
static void
refuse(struct desk *d)
{
	_cleanup_free_ char *tag = STEAL(d->queue->tag);

	next_visit(d);
	if (!d->ev.busy(tag, d->ev.arg))
		d->ev.decided(tag, false, d->ev.arg);
}

/* ---- turns ------------------------------------------------------------------------------ */

static void
serve(struct desk *d)
{
	if (d->queue == NULL || d->serving || d->methods == NULL)
		return;
	if (d->queue->tag != NULL && !desk_can(d)) {
		refuse(d);
		return;
	}
	d->serving = true;
	if (d->queue->tag != NULL)
		confirm(d, d->queue);
	else
		start_sign_in(d, d->queue);
}

static void
on_turn(void *arg)
{
	struct desk *d = arg;
	_cleanup_json_ json_t *reply = NULL;

	/* Was the question answered elsewhere?  Then its window goes. */
	if (d->question != NULL &&
	    prompt_find(manager_env(d->manager)->prompts,
		json_string_value(json_object_get(d->question, "id"))) ==
		NULL) {
		close_window(d);
		json_decref(d->question);
		d->question = NULL;
		await(d);
	}
	if (json_array_size(d->replies) > 0) {
		reply = json_incref(json_array_get(d->replies, 0));
		json_array_remove(d->replies, 0);
		take_reply(d, reply);
		kick(d);
		return;
	}
	serve(d);
}

void
desk_reply(struct desk *d, json_t *reply, bool last)
{
	(void)last;
	if (d->serving && d->queue->identity != NULL)
		json_array_append_new(d->replies, reply);
	else
		json_decref(reply);
	kick(d);
}

void
desk_sign_in(struct desk *d, struct identity *id, const char *profile)
{
	size_t n = 0;
	struct visit *v;

	for (v = d->queue; v != NULL; v = v->next, n++)
		if (v->identity == id)
			return;
	if (n >= QUEUE_MAX)
		return;
	v = add_visit(d);
	v->identity = id;
	v->profile = xstrdup(profile);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct desk *d = arg;

	(void)s;
	(void)b;
	if (ev == MANAGER_CONFIG)
		xreplace(&d->broken, NULL);
	if (d->question != NULL)
		kick(d);
}

/* ---- life ---------------------------------------------------------------------------------- */

struct desk *
desk_new(struct manager *m, struct askers *askers, const struct desk_events *ev)
{
	struct desk *d = xcalloc(1, sizeof(*d));

	d->manager = m;
	d->loop = manager_env(m)->loop;
	d->askers = askers;
	d->ev = *ev;
	d->replies = json_array();
	d->turn = timer_new(d->loop, on_turn, d);
	d->wait = timer_new(d->loop, on_wait, d);
	d->line = timer_new(d->loop, on_line, d);
	manager_subscribe(m, &(struct surface){ on_event, d });
	return d;
}

void
desk_open(struct desk *d, struct methods *methods)
{
	d->methods = methods;
}

void
desk_free(struct desk *d)
{
	if (d == NULL)
		return;
	close_window(d);
	d->loop->ops->timer_free(d->turn);
	d->loop->ops->timer_free(d->wait);
	d->loop->ops->timer_free(d->line);
	while (d->queue != NULL) {
		struct visit *v = d->queue;

		d->queue = v->next;
		visit_free(v);
	}
	json_decref(d->question);
	json_decref(d->replies);
	xfree(d->login);
	xfree(d->waits);
	xfree(d->broken);
	xfree(d);
}
