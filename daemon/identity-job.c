/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation of an identity with its worker: what is asked, who answers
 * (the profile's command, then a person), and the ledger before a password
 * leaves.  docs/PROTOCOL.md section 2.
 */
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "command.h"
#include "identity-int.h"
#include "job.h"
#include "keyring.h"
#include "loop.h"
#include "passing.h"
#include "prompt.h"
#include "recorder.h"

#define COMMAND_TIME 30 /* seconds for the user's command */
#define ROLES_MAX 5000
#define PAGES_MAX 5		/* recorded in one job */
#define TICKET_MAX (30 * 86400) /* seconds */
#define COOKIES_MAX (64 * 1024) /* bytes in all */

static void
send_msg(struct identity *id, json_t *msg)
{
	id->env.jobs->ops->send(id->job, msg);
}

static json_t *
message(const char *type, json_int_t to)
{
	json_t *o = json_object();

	json_put_str(o, "type", type);
	json_object_set_new(o, "id", json_integer(to));
	return o;
}

static void
refuse(struct identity *id, json_int_t to, const struct fault *fault)
{
	json_t *o = message(W_REFUSE, to);

	json_object_set_new(o, "fault", fault_to_json(fault));
	send_msg(id, o);
}

void
identity_refuse(struct identity *id, const struct fault *fault)
{
	refuse(id, id->ask_id, fault);
}

void
identity_answer(struct identity *id, const char *value)
{
	json_t *o = message(W_ANSWER, id->ask_id);

	json_object_set_new(o, "value", json_string(value));
	if (json_object_get(o, "value") == NULL) {
		/* Not UTF-8: no page could be given it. */
		_cleanup_fault_ struct fault f = { 0 };

		json_decref(o);
		fault_set(&f, FAULT_CONFIG, REASON_NONE,
		    _("The answer is not valid UTF-8."));
		refuse(id, id->ask_id, &f);
		return;
	}
	id->typed = id->ask_password && id->source == SOURCE_PERSON;
	if (id->typed)
		json_object_set_new(o, "typed", json_true());
	send_msg(id, o);
}

/* ---- questions ---------------------------------------------------------- */

static void
on_answer(const char *value, const struct fault *fault, void *arg)
{
	struct identity *id = arg;

	id->question = NULL;
	identity_event(id, IDENTITY_ANSWERED);
	if (value == NULL) {
		refuse(id, id->ask_id, fault);
		return;
	}
	id->answered |= !prompt_scripted(id->env.prompts);
	/* A code or a realm typed does not make a stored password typed. */
	if (id->ask_password)
		id->source = prompt_scripted(id->env.prompts) ? SOURCE_STORED :
								SOURCE_PERSON;
	if (id->ask_password)
		identity_secret_typed(id, value);
	if (id->ask_user)
		xreplace(&id->typed_user, xstrdup(value));
	identity_answer(id, value);
}

static void
ask_person(struct identity *id, const json_t *msg)
{
	_cleanup_fault_ struct fault f = { 0 };
	const char *kind, *name, *label;
	const json_t *choices = json_object_get(msg, "choices");
	int64_t seconds;
	int64_t most = id->env.settings(id->env.arg)->login_timeout;

	if (json_str(msg, "kind", 32, &kind) < 0 ||
	    json_str(msg, "name", 32, &name) < 0 ||
	    json_str(msg, "label", 1024, &label) < 0 ||
	    json_int_opt(msg, "deadline", 1, 3600, most, &seconds) < 0) {
		fault_set(&f, FAULT_INTERNAL, REASON_WORKER,
		    _("The worker asked a malformed question."));
		refuse(id, id->ask_id, &f);
		return;
	}
	if (!id->env.ops->watched(id, id->env.arg)) {
		if (!id->ask_password ||
		    keyring_why(id->keyring, id->host, &f) == 0)
			fault_set(&f, FAULT_NEEDS_USER, REASON_EXPIRED,
			    _("%s asks for a sign-in and nobody is there to "
			      "answer (\"%s\")."),
			    id->host, label);
		refuse(id, id->ask_id, &f);
		return;
	}
	id->question = prompt_open(id->env.prompts, kind, name, label, choices,
	    seconds < most ? seconds : most, on_answer, id);
	identity_event(id, IDENTITY_ASK);
	id->env.ops->asked(id, id->question, id->env.arg);
}

/* What the command printed, for the question that is open. */
static bool
answer_from_command(struct identity *id, const char *name)
{
	if (str_eq(name, QN_USER) && id->command_user != NULL) {
		xreplace(&id->typed_user, xstrdup(id->command_user));
		identity_answer(id, id->command_user);
		return true;
	}
	if (str_eq(name, QN_PASSWORD) && id->command_password != NULL) {
		id->source = SOURCE_COMMAND;
		identity_answer(id, secret_bytes(id->command_password));
		/* One password per job: it is not needed again. */
		id->command_password = secret_free(id->command_password);
		return true;
	}
	return false;
}

struct waiting_ask {
	struct identity *id;
	json_t *msg; /* the question as the worker put it */
};

static void
on_command(const struct fault *fault, const char *out, size_t len, void *arg)
{
	struct waiting_ask *w = arg;
	struct identity *id = w->id;
	_cleanup_json_ json_t *msg = w->msg, *doc = NULL;
	const char *name = json_string_value(json_object_get(msg, "name"));
	const char *user, *password;

	xfree(w);
	id->command = NULL;
	id->command_wait = NULL;
	if (fault_is(fault)) {
		log_warning(
		    "%s: username_password_command: %s", id->name, fault->text);
	} else {
		doc = json_loadb(out, len, JSON_REJECT_DUPLICATES, NULL);
		user = json_string_value(json_object_get(doc, "username"));
		password = json_string_value(json_object_get(doc, "password"));
		if (user == NULL || password == NULL)
			log_warning("%s: username_password_command printed no "
				    "JSON object with username and password",
			    id->name);
		else if (id->user != NULL && !str_caseeq(user, id->user) &&
		    strpbrk(user, "\\@") != NULL)
			log_warning("%s: username_password_command knows the "
				    "password of another user",
			    id->name);
		else {
			id->command_user = xstrdup(user);
			id->command_password =
			    secret_new(password, strlen(password));
		}
	}
	if (name == NULL || !answer_from_command(id, name))
		ask_person(id, msg);
}

static void
run_command(struct identity *id, const json_t *msg, const char *line,
    command_done_fn *done)
{
	struct waiting_ask *w = xcalloc(1, sizeof(*w));

	w->id = id;
	w->msg = json_deep_copy(msg);
	id->command_wait = w;
	id->command = id->env.commands->ops->start(
	    id->env.commands, line, NULL, COMMAND_TIME, done, w);
}

/* aws-adfs's {"mfa_token": "123456"}; a number is taken as well. */
static void
on_code(const struct fault *fault, const char *out, size_t len, void *arg)
{
	struct waiting_ask *w = arg;
	struct identity *id = w->id;
	_cleanup_json_ json_t *msg = w->msg, *doc = NULL;
	_cleanup_free_ char *code = NULL;
	const json_t *token;

	xfree(w);
	id->command = NULL;
	id->command_wait = NULL;
	if (fault_is(fault)) {
		log_warning("%s: mfa_token_command: %s", id->name, fault->text);
		ask_person(id, msg);
		return;
	}
	doc = json_loadb(out, len, JSON_REJECT_DUPLICATES, NULL);
	token = json_object_get(doc, "mfa_token");
	if (json_is_string(token))
		code = xstrdup(json_string_value(token));
	else if (json_is_integer(token))
		code = xasprintf(
		    "%" JSON_INTEGER_FORMAT, json_integer_value(token));
	if (!str_empty(code)) {
		identity_answer(id, code);
		return;
	}
	log_warning("%s: mfa_token_command printed no JSON object with "
		    "mfa_token",
	    id->name);
	ask_person(id, msg);
}

/* A secret goes to the worker alone, and never to a person. */
void
identity_no_totp(struct identity *id)
{
	_cleanup_fault_ struct fault f = { 0 };

	fault_set(&f, FAULT_CONFIG, REASON_SECOND_FACTOR,
	    _("There is no secret to make one-time codes of."));
	refuse(id, id->ask_id, &f);
}

void
identity_answer_totp(struct identity *id, const char *secret)
{
	/* By the server's clock, which the worker reckons with. */
	id->totp_used = clk_real(id->env.loop->clk) / USEC +
	    skew_now(&id->skew, id->env.loop->clk);
	identity_answer(id, secret);
}

static void
on_totp(const struct fault *fault, const char *out, size_t len, void *arg)
{
	struct waiting_ask *w = arg;
	struct identity *id = w->id;
	_cleanup_free_ char *secret = NULL;

	json_decref(w->msg);
	xfree(w);
	id->command = NULL;
	id->command_wait = NULL;
	if (fault_is(fault)) {
		log_warning("%s: totp_command: %s", id->name, fault->text);
		identity_no_totp(id);
		return;
	}
	secret = str_trim(xstrndup(out, len));
	if (*secret == '\0' || str_has_control(secret)) {
		log_warning("%s: totp_command did not print one line with a "
			    "secret",
		    id->name);
		identity_no_totp(id);
		return;
	}
	identity_answer_totp(id, secret);
}

/*
 * Has the last sign-in met a second factor?  Then a stored password, sent
 * with nobody there, would only make a telephone ring.
 */
static bool
met_factor(const struct identity *id)
{
	return id->second_factor || ledger_factor(id->env.ledger, id->name);
}

void
identity_ask_further(struct identity *id, const json_t *msg)
{
	if ((!id->ask_user && !id->ask_password) || id->command_line == NULL ||
	    id->command_ran || !ledger_stored_ok(id->env.ledger, id->name)) {
		ask_person(id, msg);
		return;
	}
	id->command_ran = true;
	run_command(id, msg, id->command_line, on_command);
}

static void
on_ask(struct identity *id, const json_t *msg)
{
	const char *name = json_string_value(json_object_get(msg, "name"));
	const char *kind = json_string_value(json_object_get(msg, "kind"));
	bool credential = str_eq(name, QN_USER) || str_eq(name, QN_PASSWORD);

	if (id->question != NULL || id->command != NULL ||
	    id->fetching != NULL) {
		_cleanup_fault_ struct fault f = { 0 };

		fault_set(&f, FAULT_INTERNAL, REASON_WORKER,
		    _("The worker asked two questions at once."));
		refuse(id, json_integer_value(json_object_get(msg, "id")), &f);
		return;
	}
	id->ask_id = json_integer_value(json_object_get(msg, "id"));
	id->ask_user = str_eq(name, QN_USER);
	id->ask_password = str_eq(name, QN_PASSWORD);
	/* Once: a code that was refused is not fetched and sent again. */
	if ((str_eq(kind, Q_CODE) || str_eq(name, QN_CODE)) &&
	    id->code_line != NULL && !id->code_ran) {
		id->code_ran = true;
		run_command(id, msg, id->code_line, on_code);
		return;
	}
	if (str_eq(name, QN_TOTP)) {
		if (identity_secret_totp(id, msg))
			return;
		if (id->totp_line == NULL)
			identity_no_totp(id);
		else
			run_command(id, msg, id->totp_line, on_totp);
		return;
	}
	if (credential && answer_from_command(id, name))
		return;
	if (credential && !id->attended && met_factor(id)) {
		ask_person(id, msg);
		return;
	}
	if (!identity_secret_password(id, msg))
		identity_ask_further(id, msg);
}

/* ---- the password's way ----------------------------------------------------- */

static void
go(struct identity *id)
{
	id->passwords++;
	id->went = true;
	send_msg(id, message(W_GO, id->attempt_id));
}

static void
on_ledger(const struct fault *fault, unsigned serial, void *arg)
{
	struct identity *id = arg;

	if (id->serial != serial || id->job == NULL)
		return; /* cancelled meanwhile; counts as spent */
	if (fault_is(fault)) {
		id->attempting = false;
		refuse(id, id->attempt_id, fault);
	} else {
		go(id);
	}
}

static void
on_attempt(struct identity *id, const json_t *msg)
{
	_cleanup_fault_ struct fault f = { 0 };
	const char *tag = NULL, *user;

	id->attempt_id = json_integer_value(json_object_get(msg, "id"));
	if (json_str_opt(msg, "tag", 4, &tag) < 0 ||
	    (tag == NULL && !id->typed) ||
	    json_str(msg, "user", 256, &user) < 0 || id->attempting ||
	    id->attempt_user != NULL) {
		fault_set(&f, FAULT_INTERNAL, REASON_WORKER,
		    _("The worker may post one password in a job, no more."));
		refuse(id, id->attempt_id, &f);
		return;
	}
	if (identity_push_check(id, &f) < 0) {
		refuse(id, id->attempt_id, &f);
		return;
	}
	id->attempt_user = xstrdup(user);
	xreplace(&id->attempt_name, identity_name_for(id, user));
	id->attempting = true;
	id->went = false;
	if (ledger_ask(id->env.ledger, id->attempt_name, tag, id->source,
		on_ledger, id->serial, id, &f) < 0) {
		id->attempting = false;
		refuse(id, id->attempt_id, &f);
	}
}

/* A name that was let in is this identity's; a typing error is nobody's. */
static void
adopt_user(struct identity *id)
{
	if (id->user == NULL && id->attempt_user != NULL)
		identity_adopt(id, id->attempt_user);
}

static void
on_outcome(struct identity *id, const json_t *msg)
{
	const char *result = json_string_value(json_object_get(msg, "result"));
	const char *tag = NULL;
	bool ok = str_eq(result, OUTCOME_ACCEPTED);
	enum ledger_outcome outcome;

	/* What has not left cannot have come to anything. */
	if (!id->attempting || !id->went)
		return;
	id->attempting = false;
	if (str_eq(result, OUTCOME_UNSENT)) {
		/* No connection was made: nothing was spent. */
		id->passwords--;
		ledger_unsent(id->env.ledger, id->attempt_name);
		return;
	}
	outcome = ok			     ? LEDGER_ACCEPTED :
	    str_eq(result, OUTCOME_REJECTED) ? LEDGER_REJECTED :
					       LEDGER_UNKNOWN;
	if (json_str_opt(msg, "tag", 4, &tag) == 0 && tag != NULL)
		ledger_tag(id->env.ledger, id->attempt_name, tag);
	ledger_outcome(id->env.ledger, id->attempt_name, outcome);
	identity_secret_outcome(id, outcome);
	if (ok)
		adopt_user(id);
	if (ok)
		id->signed_in_at = clk_real(id->env.loop->clk) / USEC;
}

/* ---- what comes of it --------------------------------------------------------- */

static void
on_cookies(struct identity *id, const json_t *msg)
{
	const json_t *list = json_object_get(msg, "cookies"), *c;
	char *text;
	size_t i;

	json_array_foreach (list, i, c)
		if (!json_is_string(c))
			return;
	text = json_is_array(list) ? json_dumps(list, JSON_COMPACT) : NULL;
	if (text == NULL || strlen(text) > COOKIES_MAX) {
		log_warning("%s: the cookies are too large to keep", id->name);
		xfree(text);
		return;
	}
	secret_free(id->cookies);
	id->cookies = secret_take(&text);
}

static void
on_assertion(struct identity *id, const json_t *msg)
{
	_cleanup_fault_ struct fault f = { 0 };
	const json_t *roles = json_object_get(msg, "roles"), *r;
	json_int_t to = json_integer_value(json_object_get(msg, "id"));
	const char *arn;
	int64_t skew, left;
	size_t i;

	json_array_foreach (roles, i, r)
		if (json_str(r, "roleArn", 2048, &arn) < 0 ||
		    json_str(r, "principalArn", 2048, &arn) < 0)
			roles = NULL;
	if (id->asserted || !json_is_array(roles) ||
	    json_array_size(roles) > ROLES_MAX) {
		fault_set(&f, FAULT_INTERNAL, REASON_WORKER,
		    _("The worker reported a malformed assertion."));
		refuse(id, to, &f);
		return;
	}
	id->assertion_id = to;
	id->asserted = true;
	adopt_user(id);
	identity_secret_success(id);
	if (skew_read(msg, &skew))
		skew_measure(&id->skew, id->env.loop->clk, skew);
	json_decref(id->roles);
	id->roles = json_deep_copy(roles);
	/* One that needed a password and nothing more: no second factor. */
	if (!id->brought && id->attempt_user != NULL && !id->factor) {
		id->second_factor = false;
		ledger_set_factor(id->env.ledger, id->attempt_name, false);
	}
	if (!id->brought) {
		if (id->signed_in_at == 0)
			id->signed_in_at = clk_real(id->env.loop->clk) / USEC;
		id->signed_in = id->worked = true;
		if (json_int_opt(msg, "ticketLeft", 0, TICKET_MAX, 0, &left) ==
			0 &&
		    left > 0)
			id->ticket_until =
			    clk_real(id->env.loop->clk) / USEC + left;
	}
	id->env.ops->assertion(id, id->provider, id->roles, id->env.arg);
}

static bool
alias_plain(const char *account, const json_t *alias)
{
	const char *s = json_string_value(alias);

	return s != NULL && strlen(s) <= 63 && *account != '\0' &&
	    account[strspn(account, "0123456789")] == '\0' &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static void
on_aliases(struct identity *id, const json_t *msg)
{
	json_t *list = json_object_get(msg, "aliases"), *v;
	const char *account;

	if (!json_is_object(list) || json_object_size(list) > ROLES_MAX)
		return;
	json_object_foreach (list, account, v)
		if (!alias_plain(account, v))
			return;
	json_decref(id->aliases);
	id->aliases = json_deep_copy(list);
}

bool
identity_redeem(struct identity *id, json_t *roles)
{
	json_t *o;

	if (!identity_awaits(id)) {
		json_decref(roles);
		return false;
	}
	id->redeemed = true;
	o = message(W_REDEEM, id->assertion_id);
	json_object_set_new(o, "roles", roles);
	send_msg(id, o);
	return true;
}

static void
on_fault(struct identity *id, const json_t *msg)
{
	const char *profile =
	    json_string_value(json_object_get(msg, "profile"));
	_cleanup_fault_ struct fault f = { 0 };

	if (fault_from_json(json_object_get(msg, "fault"), &f) < 0)
		fault_set(&f, FAULT_INTERNAL, REASON_WORKER,
		    _("The worker failed without a reason."));
	if (profile != NULL)
		id->env.ops->role_fault(id, profile, &f, id->env.arg);
	else
		fault_copy(&id->fault, &f);
}

static void
on_tell(struct identity *id, const json_t *msg)
{
	if (json_is_true(json_object_get(msg, "push"))) {
		id->pushes++;
		identity_pushed(id);
	}
	id->env.ops->told(id, msg, id->env.arg);
}

static void
kept(struct identity *id, json_int_t to, const char *path)
{
	json_t *o = message(W_KEPT, to);

	json_put_str(o, "path", path);
	send_msg(id, o);
}

static void
on_kept(const char *path, void *arg)
{
	struct identity *id = arg;

	kept(id, id->page_id, path);
}

/* The worker waits for the answer, so there is one whatever happens. */
static void
on_page(struct identity *id, const json_t *msg)
{
	json_int_t to = json_integer_value(json_object_get(msg, "id"));
	const char *text = json_string_value(json_object_get(msg, "skeleton"));

	id->page_id = to;
	if (id->env.recorder == NULL || text == NULL ||
	    id->pages++ >= PAGES_MAX ||
	    recorder_keep(id->env.recorder, text, on_kept, id) < 0)
		kept(id, to, NULL);
}

static void
on_factor(struct identity *id, const json_t *msg)
{
	const char *method, *product;

	if (json_str(msg, "method", 256, &method) < 0 ||
	    json_str(msg, "product", 256, &product) < 0)
		return;
	log_info("%s: second factor \"%s\" (%s)", id->name, method, product);
	id->factor = id->second_factor = true;
	ledger_set_factor(id->env.ledger,
	    id->attempt_user != NULL ? id->attempt_name : id->name, true);
}

static void
on_credentials(struct identity *id, const json_t *msg)
{
	int64_t skew;

	if (id->env.clock != NULL && skew_read(msg, &skew))
		id->env.clock(skew, id->env.arg);
	id->env.ops->credentials(id, msg, id->env.arg);
}

static void
on_message(const char *type, const json_t *msg, void *arg)
{
	static const struct {
		const char *type;
		void (*fn)(struct identity *id, const json_t *msg);
	} handlers[] = {
		{ W_ASK, on_ask },
		{ W_TELL, on_tell },
		{ W_PAGE, on_page },
		{ W_FACTOR, on_factor },
		{ W_ATTEMPT, on_attempt },
		{ W_OUTCOME, on_outcome },
		{ W_COOKIES, on_cookies },
		{ W_ASSERTION, on_assertion },
		{ W_CREDENTIALS, on_credentials },
		{ W_ALIASES, on_aliases },
		{ W_FAULT, on_fault },
	};
	struct identity *id = arg;

	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++)
		if (str_eq(handlers[i].type, type)) {
			handlers[i].fn(id, msg);
			return;
		}
}

/* ---- start and end ---------------------------------------------------------- */

/* All that lives no longer than the job; the handle itself is gone. */
static void
forget(struct identity *id)
{
	id->job = NULL;
	id->serial++;
	if (id->command != NULL) {
		id->env.commands->ops->cancel(id->command);
		id->command = NULL;
		json_decref(id->command_wait->msg);
		xfree(STEAL(id->command_wait));
	}
	identity_secret_end(id);
	prompt_close(STEAL(id->question));
	if (id->env.recorder != NULL)
		recorder_forget(id->env.recorder, id);
	id->pages = 0;
	if (id->attempting && id->went)
		ledger_outcome(
		    id->env.ledger, id->attempt_name, LEDGER_UNKNOWN);
	else if (id->attempting)
		ledger_unsent(id->env.ledger, id->attempt_name);
	id->attempting = false;
	id->asserted = id->redeemed = id->answered = false;
	id->command_ran = id->code_ran = id->factor = id->typed = false;
	xreplace(&id->command_user, NULL);
	xreplace(&id->attempt_user, NULL);
	xreplace(&id->command_line, NULL);
	xreplace(&id->code_line, NULL);
	xreplace(&id->totp_line, NULL);
	id->command_password = secret_free(id->command_password);
}

void
identity_job_drop(struct identity *id)
{
	if (id->job != NULL) {
		id->env.jobs->ops->cancel(id->job);
		forget(id);
	}
}

static enum identity_event
verdict(const struct fault *f)
{
	if (!fault_is(f))
		return IDENTITY_JOB_OK;
	if (f->kind == FAULT_TEMPORARY ||
	    (f->kind == FAULT_INTERNAL && f->reason == REASON_WORKER))
		return IDENTITY_JOB_TEMPORARY;
	return IDENTITY_JOB_STOPPED;
}

/* A renewal that a live sign-in was there for, and nothing was typed. */
static bool
may_pass(const struct identity *id)
{
	return !id->attended && !id->brought && id->signed_in &&
	    id->passwords == 0 && !id->factor && id->passed < PASSING_TRIES &&
	    passing_page(&id->fault);
}

/*
 * Did a person come too late for this job to know?  They can answer what it
 * could not, and what the server said before they came is no answer to them,
 * unless they answered it themselves: what they typed may have been counted.  A
 * network that is dead is dead for both.
 */
static bool
joined(struct identity *id)
{
	struct want want;

	if (id->attended || fault_of_network(&id->fault) ||
	    (id->fault.kind != FAULT_NEEDS_USER &&
		(id->fault.kind != FAULT_TEMPORARY || id->answered)))
		return false;
	return id->env.ops->wanted(id, &want, id->env.arg) && want.attended;
}

static void
on_ended(const struct fault *fault, void *arg)
{
	struct identity *id = arg;
	_cleanup_fault_ struct fault f = { 0 };
	bool asserted = id->asserted;
	enum identity_event ev;

	if (fault_is(fault))
		fault_copy(&id->fault, fault);
	else if (!fault_is(&id->fault) && !asserted)
		fault_set(&id->fault, FAULT_INTERNAL, REASON_WORKER,
		    _("The worker ended without an assertion."));
	/* Cookies that no longer carry show how long a sign-in lasts here. */
	if (!id->brought && id->fault.kind == FAULT_NEEDS_USER &&
	    id->signed_in) {
		int64_t lived =
		    clk_real(id->env.loop->clk) - id->signed_in_at * USEC;

		if (id->signed_in_at > 0 && lived > 60 * USEC)
			id->learned_life = lived;
		id->signed_in = false;
		id->signed_in_at = id->ticket_until = 0;
	}
	if (may_pass(id)) {
		id->passed++;
		passing_soften(&id->fault);
	}
	if (joined(id)) {
		/* To those that wait, this job and the next are one. */
		forget(id);
		identity_event(id, IDENTITY_CANCEL);
		return;
	}
	ev = verdict(&id->fault);
	fault_copy(&f, &id->fault);
	if (id->brought) {
		/* It says nothing of the sign-in, good or bad. */
		fault_done(&id->fault);
		ev = IDENTITY_CANCEL;
	}
	forget(id);
	/* First the sessions, then what comes next: look_again() asks them. */
	id->env.ops->ended(id, &f, id->env.arg);
	identity_event(id, ev);
}

void
identity_job_start(struct identity *id, const struct want *want)
{
	static const struct job_handler handler = { on_message, on_ended };
	const struct profile *p = want->profile;
	const struct settings *s = id->env.settings(id->env.arg);

	xreplace(&id->provider, xstrdup(p->provider_id));
	xreplace(&id->command_line, xstrdup(p->username_password_command));
	xreplace(&id->code_line, xstrdup(p->mfa_token_command));
	xreplace(&id->totp_line, xstrdup(p->totp_command));
	id->attended = want->attended;
	identity_secret_begin(id, want);
	id->brought = want->assertion != NULL;
	id->keep_signed_in = p->keep_signed_in;
	id->asks_aliases = want->aliases;
	if (want->aliases)
		id->aliases_asked = clk_real(id->env.loop->clk) / USEC;
	id->passwords = id->pushes = 0;
	id->luck = id->env.random(id->env.arg);
	id->source = SOURCE_STORED; /* until somebody types one */
	id->serial++;
	id->job = id->env.jobs->ops->start(id->env.jobs,
	    identity_job_message(id, want), (int)s->worker_timeout, &handler,
	    id);
}
