/* SPDX-License-Identifier: Apache-2.0 */
#include "second.h"

#include <string.h>

#include "awsfed/clock.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define FIELDS_MAX 16
#define FIRST_POLL_MS 500 /* a page that only passes on is not kept waiting */
#define POLL_SLACK_MS 1000
#define POLL_TRIES 4 /* of one that a server or a network in trouble met */
#define NUMBER_MAX 8 /* digits of a number to show */

/* ---- whose page is it? --------------------------------------------------- */

/* The adapter's form: one that can be filled in goes first. */
static const struct form *
adapter_form(const struct page *p)
{
	const struct form *found = NULL;

	for (size_t i = 0; i < p->nforms; i++) {
		const struct form *f = &p->forms[i];

		if (str_eq(f->id, "options") ||
		    form_control(f, "AuthMethod") == NULL ||
		    form_control(f, "Context") == NULL)
			continue;
		if (found == NULL)
			found = f;
		for (size_t k = 0; k < f->ncontrols; k++)
			if (control_writable(&f->controls[k]))
				return f;
	}
	return found;
}

static const char *
method_of(const struct form *f)
{
	const struct control *c = form_control(f, "AuthMethod");

	if (c == NULL &&
	    (form_control(f, "adfs_auth_method") != NULL ||
		form_control(f, "duo_code") != NULL))
		return "DuoAdfsAdapter";
	return c == NULL ? "" : c->value;
}

/* Nobody is there: before anything is posted, a push sent or a code asked. */
static int
nobody(const struct second *x, struct fault *fault)
{
	fault_set(fault, FAULT_NEEDS_USER, REASON_SECOND_FACTOR,
	    _("%s asks for a second factor (%s) and nobody is there to give "
	      "it; nothing was sent."),
	    x->s->host, second_product(x));
	fault_next(fault, _("Sign in with awsfedctl login."));
	return -1;
}

int
second_answer(struct signin *s, struct fault *fault)
{
	struct second *x = s->second;
	const struct form *f = adapter_form(&s->page);
	_cleanup_free_ char *name = NULL;

	if (f != NULL)
		s->form = f;
	name = str_clean(method_of(s->form), 200);
	if (x == NULL) {
		x = s->second = xcalloc(1, sizeof(*x));
		x->s = s;
		x->totp_last = -1;
	}
	if (!str_caseeq(x->name, name)) {
		x->adapter = adapter_find(name, s->job->mfa_adapters);
		xreplace(&x->name, STEAL(name));
		xreplace(&x->sent, NULL);
		xreplace(&x->number, NULL);
		xreplace(&x->noted, NULL);
		x->until = 0;
		x->began = x->noticed = false;
		log_debug("adapter %s", x->adapter->kind);
		conduit_factor(s->conduit, x->name, second_product(x));
	}
	if (!s->job->attended)
		return nobody(x, fault);
	return x->adapter->answer(x, fault);
}

struct second *
second_free(struct second *x)
{
	if (x != NULL) {
		xfree(x->name);
		xfree(x->sent);
		xfree(x->number);
		xfree(x->noted);
		totp_done(&x->totp);
		xfree(x);
	}
	return NULL;
}

/* ---- posting ---------------------------------------------------------------- */

static int64_t
now_ms(void)
{
	return clk_boot(&clk_system) / MSEC;
}

static int
timed_out(const struct second *x, struct fault *fault)
{
	fault_set(fault, FAULT_NEEDS_USER, REASON_TIMEOUT,
	    _("Nobody approved the sign-in at %s within %lld seconds (%s)."),
	    x->s->host, (long long)x->s->job->mfa_timeout, second_product(x));
	fault_next(fault,
	    _("Sign in again and approve it on your device; "
	      "awsfed.mfa_timeout says how long awsfed waits."));
	return -1;
}

static int
unsafe(const struct second *x, struct fault *fault)
{
	fault_set(fault, FAULT_PROTOCOL, REASON_UNKNOWN_PAGE,
	    _("The second factor's form of %s (%s) is not one that awsfed can "
	      "send safely; nothing was sent."),
	    x->s->host, x->name);
	fault_next(fault, _("Show this to your administrator."));
	return -1;
}

/* The form's own address, else that of the options below it, else the page's. */
static const char *
target(const struct signin *s)
{
	const struct form *options = page_form(&s->page, "options");

	if (s->form->action != NULL)
		return s->form->action;
	return options != NULL && options->action != NULL ? options->action :
							    s->page.url;
}

static int
check(struct second *x, enum grade grade, struct fault *fault)
{
	struct signin *s = x->s;

	if (s->page.foreign_base || !s->form->post || !s->form->plain)
		return unsafe(x, fault);
	if (policy_check(&s->policy, s->page.url, grade, fault) == 0 &&
	    policy_check(&s->policy, target(s), grade, fault) == 0)
		return 0;
	if (grade == GRADE_SECRET && fault->reason == REASON_FOREIGN_HOST) {
		fault_set(fault, FAULT_SECURITY, REASON_FOREIGN_HOST,
		    _("%s asked to send a code to another host; it was not "
		      "sent."),
		    s->host);
		fault_next(fault, _("Tell your administrator."));
	}
	return -1;
}

/* Pages that ask for the second factor first want to know whose it is. */
static int
add_user(struct second *x, struct field *fields, size_t *n, struct fault *fault)
{
	struct signin *s = x->s;
	const struct control *c = form_control(s->form, "UserName");

	if (c == NULL || *c->value != '\0' || c->disabled)
		return 0;
	for (size_t i = 0; i < *n; i++)
		if (str_eq(fields[i].name, "UserName"))
			return 0;
	if (control_writable(c) && login_need_user(s, c, fault) < 0)
		return -1;
	if (s->user != NULL)
		fields[(*n)++] = (struct field){ c->name, s->user };
	return 0;
}

/* What Enter presses: the first, even one without a name that sends nothing. */
static const struct control *
button(const struct form *f)
{
	for (size_t i = 0; i < f->ncontrols; i++) {
		const struct control *c = &f->controls[i];

		if (c->type == CONTROL_SUBMIT && !c->disabled && !c->concealed)
			return c;
	}
	return NULL;
}

static const struct {
	enum grade grade;
	bool patient; /* the wait's deadline rules the request */
	bool press;
} posts[] = {
	[POST_FORM] = { GRADE_PAGE, false, true },
	[POST_CODE] = { GRADE_SECRET, false, true },
	[POST_PASS] = { GRADE_PAGE, false, false },
	[POST_WAY] = { GRADE_PAGE, true, false },
	[POST_POLL] = { GRADE_PAGE, true, false },
	[POST_PUSH] = { GRADE_PAGE, true, true },
};

/* Is the one who was asked worth another look?  What it asks is known. */
static bool
poll_again(struct second *x, int r, unsigned tries, struct fault *fault)
{
	const struct signin *s = x->s;
	int64_t pause = SECOND_POLL_MS, left = x->until / MSEC - now_ms();

	if (tries >= POLL_TRIES ||
	    (r < 0 ? fault->kind != FAULT_TEMPORARY :
		     s->status != 429 && s->status != 502 && s->status != 503 &&
			s->status != 504))
		return false;
	if (r == 0 && s->retry_after * MSEC > pause)
		pause = s->retry_after * MSEC;
	if (left <= pause)
		return false;
	fault_done(fault);
	(void)http_next(s->http, pause);
	return true;
}

/* ms that a request may take until nobody waits for its answer any more. */
static int64_t
patience(const struct second *x)
{
	int64_t left = x->until / MSEC - now_ms() + POLL_SLACK_MS;

	return left < POLL_SLACK_MS ? POLL_SLACK_MS : left;
}

int
second_post(struct second *x, const struct field *fields, size_t n,
    enum post how, struct fault *fault)
{
	_cleanup_buf_ struct buf body = BUF_INIT(FORM_BODY_MAX);
	struct signin *s = x->s;
	struct field all[FIELDS_MAX + 1];
	_cleanup_free_ char *url = NULL;
	int r;

	if (n > FIELDS_MAX)
		return unsafe(x, fault);
	if (n > 0)
		memcpy(all, fields, n * sizeof(*fields));
	if (add_user(x, all, &n, fault) < 0 ||
	    check(x, posts[how].grade, fault) < 0)
		return -1;
	if (form_encode(s->form, all, n,
		posts[how].press ? button(s->form) : NULL, &body) < 0)
		return unsafe(x, fault);
	url = xstrdup(target(s));
	s->once = how != POST_POLL;
	for (unsigned tries = 1;; tries++) {
		if (posts[how].patient)
			s->patience_ms = patience(x);
		r = signin_post(s, url, body.data == NULL ? "" : body.data,
		    body.len, posts[how].grade, fault);
		if (how != POST_POLL || !poll_again(x, r, tries, fault))
			break;
	}
	s->once = false;
	s->patience_ms = 0;
	if (r < 0 && posts[how].patient && fault->kind == FAULT_TEMPORARY &&
	    clk_boot(&clk_system) >= x->until)
		return timed_out(x, fault);
	/* Waiting is bounded by time, not by pages. */
	if (r == 0 && how == POST_POLL && s->steps > 0)
		s->steps--;
	return r;
}

/* ---- waiting ------------------------------------------------------------------ */

void
second_note(struct second *x, const char *text)
{
	if (*text == '\0' || str_eq(x->noted, text) ||
	    x->notes++ >= SECOND_NOTES_MAX)
		return;
	xreplace(&x->noted, xstrdup(text));
	conduit_tell(x->s->conduit, "info", text, 0);
}

void
second_number(struct second *x, const char *number)
{
	size_t len = strlen(number);

	/* Other words at this place must not be shown as if they were ours. */
	if (len > NUMBER_MAX || strspn(number, "0123456789") != len)
		return;
	if (*number == '\0' || str_eq(x->number, number))
		return;
	xreplace(&x->number, xstrdup(number));
	conduit_tell(x->s->conduit, Q_NUMBER, number, 0);
}

static int
no_more(const struct second *x, struct fault *fault)
{
	fault_set(fault, FAULT_DENIED, REASON_SECOND_FACTOR,
	    _("The sign-in at %s was not approved (%s); no other request was "
	      "sent."),
	    x->s->host, second_product(x));
	fault_next(fault, _("Sign in again when you have your device."));
	return -1;
}

/* The agent counts them, for an hour. */
static int
enough(const struct second *x, struct fault *fault)
{
	fault_set(fault, FAULT_DENIED, REASON_SECOND_FACTOR,
	    _("No further request is sent to your device (%s, %s): there were "
	      "as many within an hour as pushes_per_hour allows."),
	    x->s->host, second_product(x));
	fault_next(fault,
	    _("If they were not yours, tell your administrator. Else use a "
	      "code (awsfed.mfa_method), wait an hour, or raise "
	      "pushes_per_hour in awsfed.conf."));
	return -1;
}

static int
another(struct second *x, struct fault *fault)
{
	_cleanup_free_ char *error = second_error(x);
	_cleanup_free_ char *label =
	    xasprintf(_("%s%sSend another request to your device?"), error,
		*error == '\0' ? "" : " ");
	const struct question q = { Q_CONFIRM, QN_APPROVE, label,
		x->s->job->question_timeout, NULL };
	_cleanup_secret_ struct secret *answer = NULL;

	if (conduit_ask(x->s->conduit, &q, &answer, fault) < 0)
		return -1;
	return strcmp(secret_bytes(answer), "yes") == 0 ? 0 : no_more(x, fault);
}

int
second_push(
    struct second *x, const char *words, bool by_choice, struct fault *fault)
{
	struct signin *s = x->s;
	_cleanup_free_ char *text = NULL;

	if (x->pushes >= s->job->pushes)
		return enough(x, fault);
	/* Also for pages that wait by themselves: each has time of its own. */
	if (x->pushes >= SECOND_PUSHES_MAX)
		return no_more(x, fault);
	if (x->pushes > 0 && !by_choice && another(x, fault) < 0)
		return -1;
	x->pushes++;
	x->polls = x->notes = 0;
	x->until = clk_boot(&clk_system) + s->job->mfa_timeout * USEC;
	text = str_empty(words) ?
	    xasprintf(_("Waiting for your approval on your device (%s)."),
		second_product(x)) :
	    xstrdup(words);
	conduit_tell_push(s->conduit, STEP_WAIT, text, s->job->mfa_timeout);
	return 0;
}

int
second_poll(
    struct second *x, const struct field *fields, size_t n, struct fault *fault)
{
	int64_t left = x->until / MSEC - now_ms();
	int64_t pause = x->polls++ == 0 ? FIRST_POLL_MS : SECOND_POLL_MS;

	if (left <= 0)
		return timed_out(x, fault);
	/* Sees the agent go, which ends us. */
	(void)http_next(x->s->http, pause < left ? pause : left);
	return second_post(x, fields, n, POST_POLL, fault);
}
