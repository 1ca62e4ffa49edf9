/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes: made from a TOTP secret where there is one, else asked for; posted
 * once each, and at most three wrong ones in a sign-in.
 */
#include <string.h>

#include "awsfed/clock.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "second.h"

int
second_ask(struct second *x, const struct question *q, struct secret **ret,
    struct fault *fault)
{
	if (conduit_ask(x->s->conduit, q, ret, fault) < 0)
		return -1;
	if (secret_len(*ret) > 0)
		return 0;
	*ret = secret_free(*ret);
	fault_set(fault, FAULT_NEEDS_USER, REASON_SECOND_FACTOR,
	    _("The answer was empty; nothing was sent to %s."), x->s->host);
	fault_next(fault, _("Sign in again and type it."));
	return -1;
}

int
second_choose(struct second *x, const char *label, const json_t *choices,
    char **ret, struct fault *fault)
{
	const struct question q = { Q_CHOICE, QN_METHOD, label,
		x->s->job->question_timeout, choices };
	_cleanup_secret_ struct secret *answer = NULL;

	if (second_ask(x, &q, &answer, fault) < 0)
		return -1;
	*ret = xstrdup(secret_bytes(answer));
	return 0;
}

/* "123 456" is how the apps show it. */
static struct secret *
joined(struct secret *code)
{
	const char *p = secret_bytes(code);
	size_t len = secret_len(code), n = 0;
	char digits[16];
	struct secret *out;

	if (len >= sizeof(digits) || strspn(p, "0123456789 ") != len)
		return code;
	for (size_t i = 0; i < len; i++)
		if (p[i] != ' ')
			digits[n++] = p[i];
	if (n == 0)
		return code;
	out = secret_new(digits, n);
	explicit_bzero(digits, sizeof(digits));
	secret_free(code);
	return out;
}

/* ---- TOTP --------------------------------------------------------------------- */

/* The secret, once in a job.  Without one the person is asked. */
static bool
have_totp(struct second *x)
{
	const struct question q = { Q_SECRET, QN_TOTP,
		_("Secret of the one-time codes"), 0, NULL };
	_cleanup_secret_ struct secret *text = NULL;
	_cleanup_fault_ struct fault ignored = { 0 };

	if (!x->s->job->totp)
		return false;
	if (x->totp_tried)
		return x->totp.key != NULL;
	x->totp_tried = true;
	/* What is wrong with the command, the agent has logged. */
	if (conduit_ask(x->s->conduit, &q, &text, &ignored) < 0)
		return false;
	if (totp_parse(secret_bytes(text), &x->totp) == 0)
		return true;
	second_note(x,
	    _("The secret that awsfed.totp_command prints is neither base 32 "
	      "nor an otpauth://totp/ URI."));
	return false;
}

/* The server's clock counts: its codes are compared there. */
static int64_t
server_time(const struct second *x)
{
	return clk_real(&clk_system) / USEC + x->s->skew_s;
}

static struct secret *
make_code(struct second *x)
{
	char code[TOTP_CODE_SIZE];
	struct secret *out;
	int64_t step = totp_step(&x->totp, server_time(x));
	int64_t used = x->s->job->totp_used;

	if (used > 0 && totp_step(&x->totp, used) > x->totp_last)
		x->totp_last = totp_step(&x->totp, used);
	while (step <= x->totp_last) {
		int64_t wait =
		    (x->totp_last + 1) * x->totp.period - server_time(x);

		/* A clock that is set back must not keep us for hours. */
		if (step + 1 < x->totp_last)
			break;
		conduit_tell(x->s->conduit, STEP_WAIT,
		    _("Waiting for the next one-time code."), wait + 1);
		(void)http_next(x->s->http, (wait > 0 ? wait : 1) * 1000);
		step = totp_step(&x->totp, server_time(x));
	}
	x->totp_last = step;
	totp_code(&x->totp, step, code);
	out = secret_new(code, strlen(code));
	explicit_bzero(code, sizeof(code));
	return out;
}

/* ---- the code's way --------------------------------------------------------------- */

int
second_refused(struct second *x, struct fault *fault)
{
	_cleanup_free_ char *error = second_error(x);

	fault_set(fault, FAULT_REJECTED, REASON_SECOND_FACTOR,
	    _("%s refused %u codes (%s).%s%s"), x->s->host, x->wrong,
	    second_product(x), *error == '\0' ? "" : " ", error);
	fault_next(fault,
	    _("Make sure that the code is from the right device and that its "
	      "clock is right, then sign in again: more wrong codes may lock "
	      "the account."));
	return -1;
}

static char *
label_for_code(struct second *x, const char *words, bool again, bool foreign)
{
	_cleanup_free_ char *error = second_error(x);
	_cleanup_free_ char *own = xstrdup(words);
	_cleanup_free_ char *label = NULL;

	if (*own == '\0')
		xreplace(&own,
		    xasprintf(
			_("Code for %s at %s"), second_product(x), x->s->host));
	if (*error == '\0' && again)
		xreplace(&error, xstrdup(_("The code was refused.")));
	label = *error == '\0' ? xstrdup(own) : xasprintf("%s %s", error, own);
	return second_label(x, foreign, label);
}

/* ---- whose words? --------------------------------------------------------------- */

bool
second_wants_password(
    const struct second *x, const struct control *c, const char *words)
{
	static const char *const password[] = { "password", "passwort",
		"kennwort", "passphrase", "mot de passe", "wachtwoord",
		"contrase", "senha", "passwd" };
	/* "One-time password" is another word for a code. */
	static const char *const code[] = { "one-time", "one time", "onetime",
		"otp", "einmal", "temporary", "usage unique" };
	const char *const texts[] = { words, c->name };
	bool found = false;

	if (c == adapter_field(x))
		return false;
	for (size_t t = 0; t < ARRAY_SIZE(texts); t++) {
		for (size_t i = 0; i < ARRAY_SIZE(code); i++)
			if (strcasestr(texts[t], code[i]) != NULL)
				return false;
		for (size_t i = 0; i < ARRAY_SIZE(password); i++)
			found |= strcasestr(texts[t], password[i]) != NULL;
	}
	return found;
}

char *
second_label(const struct second *x, bool foreign, const char *words)
{
	_cleanup_free_ char *text =
	    foreign || str_eq(x->adapter->kind, "generic") ?
	    xasprintf(_("%s asks: %s"), x->s->host, words) :
	    xstrdup(words);

	return str_clean(text, SECOND_LABEL_MAX);
}

int
second_count(struct second *x, const char *name, struct fault *fault)
{
	_cleanup_free_ char *error = second_error(x);
	/* Under another name it is a next code, but where the page complains. */
	bool again = x->codes > 0 && (str_eq(x->sent, name) || *error != '\0');

	if (again)
		x->wrong++;
	if (x->wrong >= SECOND_CODES_MAX || x->codes >= SECOND_POSTS_MAX)
		return second_refused(x, fault);
	x->codes++;
	return again ? 1 : 0;
}

static int
get_code(struct second *x, const struct control *c, const char *words,
    bool again, struct secret **ret, struct fault *fault)
{
	_cleanup_free_ char *label = NULL;
	_cleanup_free_ char *own = words != NULL ?
	    xstrdup(words) :
	    words_of(&x->s->page, x->s->form, c);
	bool foreign = second_wants_password(x, c, own);
	struct question q = {
		c->type == CONTROL_PASSWORD || foreign ? Q_SECRET : Q_CODE,
		foreign ? QN_PIN : QN_CODE, NULL, x->s->job->question_timeout,
		NULL
	};

	/* One that was refused is not tried again: the person knows better. */
	if (again && x->totp.key != NULL)
		totp_done(&x->totp);
	if (!foreign && have_totp(x)) {
		*ret = make_code(x);
		return 0;
	}
	label = label_for_code(x, own, again, foreign);
	q.label = label;
	if (second_ask(x, &q, ret, fault) < 0)
		return -1;
	*ret = joined(*ret);
	return 0;
}

int
second_code(struct second *x, const struct control *c, const char *words,
    const struct field *more, size_t nmore, struct fault *fault)
{
	_cleanup_secret_ struct secret *code = NULL;
	_cleanup_free_ char *name = xstrdup(c->name);
	struct field fields[8];
	int again;

	x->until = 0;
	if (nmore >= ARRAY_SIZE(fields) ||
	    (again = second_count(x, name, fault)) < 0 ||
	    get_code(x, c, words, again > 0, &code, fault) < 0)
		return -1;
	if (nmore > 0)
		memcpy(fields, more, nmore * sizeof(*more));
	fields[nmore] = (struct field){ name, secret_bytes(code) };
	conduit_hush(x->s->conduit, STEAL(code));
	xreplace(&x->sent, xstrdup(name));
	return second_post(x, fields, nmore + 1, POST_CODE, fault);
}
