/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error pages: what can be tried once more, and the words for the rest.
 *
 * Nothing here sends a password again.  What begins anew after one was posted
 * says so (resumed): a password page met then proves nothing about it.
 */
#include <string.h>

#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/xalloc.h"
#include "request.h"
#include "signin.h"

#define LOOP_WAIT_MAX 120 /* seconds a Retry-After may ask for */

/* Has nothing been answered yet? */
static bool
at_the_start(const struct signin *s)
{
	return !s->posted && !s->realm_posted && !s->realm_mailed &&
	    !s->site_posted && s->method == NULL && s->second == NULL;
}

/* AD FS breaks off more than five tokens in 20 seconds; it forgets. */
static int
wait_out(struct signin *s, struct fault *fault)
{
	int64_t seconds = s->retry_after > 0 ? s->retry_after : LOOP_WAIT_S;

	if (seconds > LOOP_WAIT_MAX)
		seconds = LOOP_WAIT_MAX;
	s->waits++;
	s->resumed = s->posted;
	conduit_tell(s->conduit, "wait",
	    _("AD FS saw too many sign-ins in a few seconds (MSIS7042); "
	      "waiting until it takes another one"),
	    seconds);
	signin_wait(s, seconds);
	return signin_begin(s, fault);
}

/*
 * A farm that does not start sign-ins answers with an error; whether it names
 * the code depends on its settings.
 */
static bool
may_be_switched_off(const struct signin *s, const char *code)
{
	if (s->sp || !at_the_start(s))
		return false;
	return strcmp(code, "MSIS7065") == 0 ||
	    (*code == '\0' && json_array_size(s->job->cookies) == 0 &&
		strcasestr(s->job->path, "idpinitiated") != NULL);
}

/* Shall a request of our own be tried?  False: no, or nobody is there. */
static bool
wants_request(struct signin *s)
{
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_secret_ struct secret *answer = NULL;
	_cleanup_free_ char *label = xasprintf(
	    _("%s answered with an error: its page for sign-ins without a "
	      "SAML request may be switched off. Try with a request?"),
	    s->host);
	const struct question q = { Q_CONFIRM, QN_APPROVE, label,
		s->job->question_timeout, NULL };

	return s->job->attended &&
	    conduit_ask(s->conduit, &q, &answer, &f) == 0 &&
	    strcmp(secret_bytes(answer), "yes") == 0;
}

static int
give_up(struct signin *s, bool switched_off, struct fault *fault)
{
	_cleanup_free_ char *next = NULL;

	error_page_fault(&s->page, s->status, s->host, fault);
	second_ended(s, fault);
	if (s->retry_after > fault->retry_after)
		fault->retry_after = s->retry_after;
	if (switched_off) {
		next = xstrdup(fault->next);
		fault_next(fault,
		    _("%s If the page for sign-ins without a SAML request is "
		      "switched off there, set awsfed.sp_initiated = yes in "
		      "the profile."),
		    next);
	}
	return -1;
}

int
error_answer(struct signin *s, struct fault *fault)
{
	bool switched_off;
	char code[9] = "";

	(void)error_page_code(&s->page, code);
	log_debug("error page: %s", *code == '\0' ? "no code" : code);
	/* Old cookies of a lost context: begin once more without any. */
	if (strcmp(code, "MSIS7001") == 0 && !s->posted && !s->restarted) {
		s->restarted = true;
		http_cookies_clear(s->http);
		return signin_begin(s, fault);
	}
	/* With nobody there the agent waits, which costs no process. */
	if (strcmp(code, "MSIS7042") == 0 && s->job->attended &&
	    s->waits < LOOP_WAITS)
		return wait_out(s, fault);
	if (s->sp && !s->request_posted && at_the_start(s))
		return request_begin(s, true, fault);
	switched_off = may_be_switched_off(s, code);
	if (switched_off && wants_request(s)) {
		s->sp = true;
		conduit_tell(s->conduit, "info",
		    _("To begin so from now on: aws configure set "
		      "awsfed.sp_initiated yes --profile YOUR-PROFILE"),
		    0);
		return signin_begin(s, fault);
	}
	return give_up(s, switched_off, fault);
}

int
signed_out_answer(struct signin *s, struct fault *fault)
{
	if (s->posted || s->restarted)
		return signin_unknown(s, PAGE_SIGNED_OUT, fault);
	s->restarted = true;
	http_cookies_clear(s->http);
	return signin_begin(s, fault);
}

int
update_password_answer(struct signin *s, struct fault *fault)
{
	_cleanup_free_ char *bare =
	    xstrndup(s->page.url, strcspn(s->page.url, "?#"));
	_cleanup_free_ char *url = str_clean(bare, 300);

	fault_set(fault, s->posted ? FAULT_REJECTED : FAULT_NEEDS_USER,
	    REASON_PASSWORD, _("%s wants you to change your password."),
	    s->host);
	fault_next(fault,
	    _("Open %s in a browser, change it there, then sign in again."),
	    url);
	return -1;
}
