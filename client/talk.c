/* SPDX-License-Identifier: Apache-2.0 */
#include "talk.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "conn.h"
#include "launch.h"
#include "countdown.h"
#include "signals.h"
#include "supply.h"
#include "term.h"

#define CANCEL_MS 5000
#define STEPS_MAX 10000 /* an agent that never ends is broken */

struct state {
	const struct talk *talk;
	struct conn *conn;
	struct term *term; /* opened for the first question */
	char *login;
	char *shown; /* the last text, so that it is told once */
	struct countdown wait;
};

static void
state_done(struct state *s)
{
	countdown_end(&s->wait);
	conn_free(s->conn);
	term_free(s->term);
	xfree(s->login);
	xfree(s->shown);
}

/*
 * Ends the sign-in.  The connection may be waiting for an answer: then another
 * one carries the Cancel.  When that fails, closing does it: the agent cancels
 * what nobody watches.
 */
static void
cancel(struct state *s, bool waiting)
{
	_cleanup_problem_ struct problem ignored = { 0 };
	_cleanup_json_ json_t *reply = NULL;
	json_t *par;

	if (s->login == NULL)
		return;
	par = json_pack("{s:s}", "login", s->login);
	if (waiting)
		(void)conn_ask(M_CANCEL, par, CANCEL_MS, &reply, &ignored);
	else
		(void)conn_call(
		    s->conn, M_CANCEL, par, CANCEL_MS, &reply, &ignored);
}

static int
gave_up(const struct state *s, struct problem *p, const struct question *q)
{
	const char *verb = s->talk->verb;
	_cleanup_free_ char *profile =
	    verb == NULL && s->talk->profile != NULL ?
	    problem_word(s->talk->profile) :
	    NULL;

	if (q != NULL && str_eq(q->name, QN_ROLE)) {
		problem_set(p, EXIT_FAILED, FAULT_CANCELLED,
		    _("nothing was written; you stay signed in."));
		fault_next(&p->fault, "%s",
		    _("awsfedctl login again needs "
		      "no password; awsfedctl roles lists what you may use"));
	} else {
		problem_set(p, EXIT_FAILED, FAULT_CANCELLED,
		    _("given up; nothing was written."));
		fault_next(&p->fault, "awsfedctl %s%s%s",
		    verb != NULL ? verb : "login", profile != NULL ? " " : "",
		    profile != NULL ? profile : "");
	}
	return -1;
}

/* Nobody is there to answer: say which question it was. */
static int
cannot_ask(const struct state *s, struct problem *p, const struct question *q)
{
	_cleanup_free_ char *profile =
	    s->talk->profile != NULL ? problem_word(s->talk->profile) : NULL;
	const char *verb = s->talk->verb != NULL ? s->talk->verb : "login";

	problem_set(p, EXIT_NEEDS_LOGIN, FAULT_NEEDS_USER,
	    _("there is no terminal to ask \"%s\" (%s) on; nothing was "
	      "written."),
	    q->label, q->name);
	if (str_eq(q->name, QN_ROLE))
		fault_next(&p->fault, "%s",
		    _("awsfedctl roles lists the "
		      "roles; name one with awsfedctl login --role-arn ARN"));
	else if (str_eq(q->name, QN_HOST))
		fault_next(&p->fault,
		    _("name the server with awsfedctl %s --adfs-host HOST"),
		    verb);
	else if (s->talk->verb != NULL)
		fault_next(&p->fault, _("awsfedctl %s in a terminal"), verb);
	else if (str_eq(q->name, QN_USER) || str_eq(q->name, QN_PASSWORD))
		fault_next(&p->fault,
		    _("awsfedctl login %s in a terminal, "
		      "or bring the answer with --stdin"),
		    profile != NULL ? profile : "");
	else
		fault_next(&p->fault, _("awsfedctl login %s in a terminal"),
		    profile != NULL ? profile : "");
	return -1;
}

static int
role_enforced(struct problem *p)
{
	problem_set(p, EXIT_REFUSED, FAULT_DENIED,
	    _("the role is not among those you may use, and "
	      "--enforce-role-arn forbids to choose another; nothing was "
	      "written."));
	fault_next(&p->fault, "%s", _("awsfedctl roles"));
	return -1;
}

static int
bad_step(struct problem *p)
{
	problem_set(p, EXIT_FAILED, FAULT_PROTOCOL,
	    _("the agent's answer is not one that this version knows."));
	fault_next(&p->fault, "systemctl --user restart awsfedd.service");
	return -1;
}

/* 0 with the value, 1: too late; -1 with *p, the sign-in cancelled. */
static int
get_answer(struct state *s, const struct question *q, json_t **ret,
    bool *ret_scripted, struct problem *p)
{
	enum answer a;

	*ret = supply_answer(
	    s->talk->supply, q->kind == ASK_CODE ? QN_CODE : q->name);
	*ret_scripted = *ret != NULL;
	if (*ret != NULL)
		return 0;
	if (s->talk->enforce_role && str_eq(q->name, QN_ROLE)) {
		cancel(s, false);
		return role_enforced(p);
	}
	if (s->term == NULL)
		s->term = term_open();
	if (s->term == NULL) {
		cancel(s, false);
		return cannot_ask(s, p, q);
	}
	a = question_ask(q, s->term, ret);
	if (a == ANSWER_OK)
		return 0;
	if (a == ANSWER_LATE)
		return 1;
	cancel(s, false);
	return gave_up(s, p, q);
}

/* Progress and news go to standard error, each text once in a row. */
static void
tell(struct state *s, const json_t *step)
{
	const char *raw = json_string_value(json_object_get(step, "text"));
	const char *how = json_string_value(json_object_get(step, "tell"));
	_cleanup_free_ char *text = str_clean(raw, 2048);
	bool told = str_eq(text, s->shown);

	if (str_empty(text))
		return;
	if (str_eq(
		json_string_value(json_object_get(step, "kind")), STEP_WAIT)) {
		countdown_begin(&s->wait, text, told,
		    json_integer_value(json_object_get(step, "seconds")));
		xreplace(&s->shown, STEAL(text));
		return;
	}
	countdown_clear(&s->wait);
	if (told)
		return;
	if (str_eq(how, Q_NUMBER))
		fprintf(stderr, "\n    %s\n\n", text);
	else
		fprintf(stderr, "%s\n", text);
	xreplace(&s->shown, STEAL(text));
}

static void
on_tick(void *arg)
{
	countdown_tick(arg);
}

/* A call of the conversation; -1 with *p also when the person gave up. */
static int
converse(struct state *s, const char *method, json_t *par, json_t **ret,
    struct problem *p)
{
	int r = conn_call(s->conn, method, par, CALL_PERSON, ret, p);

	countdown_clear(&s->wait);
	if (r != -EINTR)
		return r;
	(void)signals_take();
	if (isatty(STDERR_FILENO) == 1)
		fputc('\n', stderr); /* the terminal has shown ^C */
	cancel(s, true);
	return gave_up(s, p, NULL);
}

/* Answers one question and fetches the step after it. */
static int
answer(struct state *s, const json_t *step, json_t **ret, struct problem *p)
{
	_cleanup_question_ struct question q = { 0 };
	json_t *value = NULL, *par;
	bool scripted;
	int r;

	if (question_parse(json_object_get(step, "question"), &q) < 0) {
		cancel(s, false);
		return bad_step(p);
	}
	if ((r = get_answer(s, &q, &value, &scripted, p)) < 0)
		return -1;
	if (r > 0) {
		fputs(_("The time to answer is over.\n"), stderr);
		return converse(
		    s, M_AWAIT, json_pack("{s:s}", "login", s->login), ret, p);
	}
	par = json_pack("{s:s, s:s, s:o}", "login", s->login, "question", q.id,
	    "value", value);
	if (scripted)
		json_object_set_new(par, "scripted", json_true());
	r = converse(s, M_ANSWER, par, ret, p);
	secret_scrub_stack();
	if (r < 0 && str_eq(p->error, E_STALE_QUESTION)) {
		/* Another terminal was faster; go on with what comes next. */
		problem_done(p);
		fprintf(
		    stderr, "%s\n", _("The question was answered elsewhere."));
		r = converse(
		    s, M_AWAIT, json_pack("{s:s}", "login", s->login), ret, p);
	}
	return r;
}

static int
next_step(struct state *s, const json_t *step, json_t **ret, struct problem *p)
{
	const char *kind = json_string_value(json_object_get(step, "kind"));

	if (str_eq(kind, STEP_ASK)) {
		countdown_end(&s->wait);
		return answer(s, step, ret, p);
	}
	if (!str_eq(kind, STEP_TELL) && !str_eq(kind, STEP_WAIT)) {
		cancel(s, false);
		return bad_step(p);
	}
	tell(s, step);
	return converse(
	    s, M_AWAIT, json_pack("{s:s}", "login", s->login), ret, p);
}

int
talk_login(const struct talk *talk, json_t *parameters, json_t **ret_done,
    struct problem *problem)
{
	_cleanup_(state_done) struct state s = { .talk = talk };
	_cleanup_json_ json_t *reply = NULL;
	int r = conn_open(&s.conn, problem);

	if ((r == -ENOENT || r == -ECONNREFUSED) && talk->launch)
		r = launch(&s.conn, problem);
	if (r < 0) {
		json_decref(parameters);
		return -1;
	}
	signals_hold();
	conn_tick(s.conn, on_tick, &s.wait);
	r = converse(&s, M_LOGIN, parameters, &reply, problem);
	for (int i = 0; r == 0 && i < STEPS_MAX; i++) {
		_cleanup_json_ json_t *last = STEAL(reply);
		const json_t *step = json_object_get(last, "step");
		const char *id =
		    json_string_value(json_object_get(last, "login"));

		if (!json_is_object(step) || (id == NULL && s.login == NULL))
			return bad_step(problem);
		if (id != NULL)
			xreplace(&s.login, xstrdup(id));
		if (str_eq(json_string_value(json_object_get(step, "kind")),
			STEP_DONE)) {
			*ret_done = json_incref(json_object_get(last, "step"));
			return 0;
		}
		r = next_step(&s, step, &reply, problem);
	}
	return r == 0 ? bad_step(problem) : -1;
}

void
talk_environment(json_t *par)
{
	static const char *const vars[] = { "AWS_CONFIG_FILE",
		"AWS_SHARED_CREDENTIALS_FILE" };
	_cleanup_free_ char *config = path_aws_config();
	_cleanup_free_ char *credentials = path_aws_credentials();

	for (size_t i = 0; i < ARRAY_SIZE(vars); i++) {
		const char *v = getenv(vars[i]);
		_cleanup_free_ char *full = path_expand(v);

		if (!str_empty(v) && full == NULL)
			fprintf(stderr,
			    _("awsfed: warning: %s is not an "
			      "absolute path; awsfed does not use it, but AWS "
			      "tools do.\n"),
			    vars[i]);
	}
	json_put_str(par, "config", config);
	json_put_str(par, "credentials", credentials);
	json_put_str(par, "krb5ccname", getenv("KRB5CCNAME"));
}
