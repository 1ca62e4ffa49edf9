/* SPDX-License-Identifier: Apache-2.0 */
/* privacyIDEA and Neos: a code or a push on one page. */
#include "mfa-int.h"

#define POLL(form) \
	"window.setTimeout(function () { document.forms['" form \
	"'].submit(); }, 2000);"

/* privacyIDEA writes errors where its introduction is. */
static void
pi_show(struct mfa *m, bool push, const char *text)
{
	m->run->step = push ? 1 : 0;
	mfa_page(m, "privacyIDEA");
	put(m->b, "<div id=\"pageIntroductionText\">");
	put_html(m->b,
	    text != NULL ? text :
		push	 ? "Confirm the request on your phone." :
			   "Please enter your one-time password.");
	put(m->b, "</div>\n");
	mfa_form(m, "loginForm");
	mfa_scripted(m, "mode", "mode", push ? "push" : "otp");
	mfa_scripted(m, "autoSubmit", "autoSubmit", push ? "1" : "");
	mfa_hidden(m, "authCounter", "authCounter", "0");
	mfa_scripted(m, "formResult", "formResult", "");
	mfa_label(m, "otp", "One-time password");
	mfa_input(m, "password", "otp", "otp", "OTP");
	mfa_submit(m, "submitButton", NULL, "Sign in");
	mfa_end(m, push ? POLL("loginForm") : NULL);
}

static void
pi_begin(struct mfa *m)
{
	bool push = str_eq(m->user->factor.mode, "push") ||
	    (m->user->factor.mode == NULL && !mfa_has_code(m));

	if (push)
		mfa_push(m);
	pi_show(m, push, NULL);
}

static void
pi_answer(struct mfa *m)
{
	const char *mode = mfa_field(m, "mode"), *otp = mfa_field(m, "otp");
	enum push state;
	enum code judged;

	if (!str_eq(mode, "otp") && !str_eq(mode, "push"))
		sim_violation(m->sim, "%s: mode %s", m->run->name, mode);
	if (otp[0] == '\0' && m->run->step == 1) {
		state = mfa_push_state(m);
		if (state == PUSH_APPROVED)
			mfa_pass(m);
		else if (state == PUSH_PENDING)
			pi_show(m, true, NULL);
		else if (state == PUSH_EXPIRED)
			pi_show(m, false,
			    "The request was not confirmed in time. Enter a "
			    "one-time password.");
		else
			mfa_refuse(m, MFA_FAILED);
		return;
	}
	if (m->run->step == 1 && !str_eq(mode, "otp"))
		sim_violation(
		    m->sim, "%s: a code in mode %s", m->run->name, mode);
	judged = mfa_code(m, "otp", otp);
	if (judged == CODE_RIGHT)
		mfa_pass(m);
	else if (judged == CODE_WRONG)
		pi_show(m, false, "Wrong one-time password.");
}

/* Neos: what was chosen, a PIN if there is one, a code; or a form that polls */
enum { NEOS_CODE, NEOS_PUSH };

static void
neos_show(struct mfa *m, int step, const char *error)
{
	m->run->step = step;
	mfa_page(m, "Multi-Factor Authentication Extension");
	mfa_form(m, step == NEOS_PUSH ? "refreshForm" : "IdentificationForm");
	mfa_hidden(m, "selected", "selected", "0");
	mfa_error(m, error);
	if (step == NEOS_PUSH) {
		put(m->b, "<p>Confirm the sign-in on your phone.</p>\n");
		mfa_end(m, POLL("refreshForm"));
		return;
	}
	mfa_label(m, "totp", "Code of your application");
	mfa_input(m, "password", "totp", "totp", "Code");
	if (m->user->factor.pin != NULL) {
		mfa_label(m, "pincode", "PIN code");
		mfa_input(m, "password", "pincode", "pincode", "PIN");
	}
	mfa_checkbox(m, "remember", "remember", "Remember this choice");
	mfa_checkbox(m, "mfaoptions", "mfaoptions", "Go to my options");
	mfa_submit(m, "continueButton", "Continue", "Continue");
	mfa_end(m, NULL);
}

static void
neos_begin(struct mfa *m)
{
	if (str_eq(m->user->factor.mode, "push")) {
		mfa_push(m);
		neos_show(m, NEOS_PUSH, NULL);
	} else {
		neos_show(m, NEOS_CODE, NULL);
	}
}

static void
neos_answer(struct mfa *m)
{
	const struct factor *f = &m->user->factor;
	enum push state;
	enum code judged;

	if (m->run->step == NEOS_PUSH) {
		state = mfa_push_state(m);
		if (state == PUSH_APPROVED)
			mfa_pass(m);
		else if (state == PUSH_PENDING)
			neos_show(m, NEOS_PUSH, NULL);
		else
			mfa_refuse(m, MFA_FAILED);
		return;
	}
	judged = mfa_code(m, "totp", mfa_field(m, "totp"));
	if (judged == CODE_RIGHT &&
	    (f->pin == NULL || str_eq(f->pin, mfa_field(m, "pincode"))))
		mfa_pass(m);
	else if (judged != CODE_LOCKED)
		neos_show(m, NEOS_CODE, "Wrong code.");
}

const struct adapter adapters_otp[] = {
	{ "privacyIDEAADFSProvider", "privacyIDEA", pi_begin, pi_answer, NULL },
	{ "MultiFactorAuthenticationProvider", "Multi-factor extension",
	    neos_begin, neos_answer, NULL },
	{ 0 },
};
