/* SPDX-License-Identifier: Apache-2.0 */
/* Entra (Azure MFA): push with a number to be typed, or a code. */
#include "http.h"
#include "mfa-int.h"

enum { AZURE_PUSH, AZURE_CODE, AZURE_OVER };

static void
azure_links(struct mfa *m)
{
	put(m->b,
	    "<div id=\"linksDiv\"><p>Use another way:</p>\n"
	    "<a id=\"verificationOption0\" href=\"#\" "
	    "onclick=\"pick('verificationOption0')\">Use my app</a>\n"
	    "<a id=\"verificationOption1\" href=\"#\" "
	    "onclick=\"pick('verificationOption1')\">Call me</a>\n"
	    "<a id=\"verificationOption2\" href=\"#\" "
	    "onclick=\"pick('verificationOption2')\">Text me a code</a>"
	    "\n</div>\n");
}

static void
azure_show(struct mfa *m, int step, const char *error)
{
	m->run->step = step;
	mfa_page(m, "Multi-Factor Authentication");
	mfa_form(m, "loginForm");
	mfa_scripted(m, "__EVENTTARGET", "__EVENTTARGET", "");
	mfa_error(m, error);
	if (step == AZURE_CODE) {
		mfa_label(m, "verificationCodeInput",
		    "Enter the code of your app or text message.");
		mfa_input(m, "text", "verificationCodeInput",
		    "VerificationCode", "Verification code");
		mfa_submit(m, "signInButton", "SignIn", "Sign in");
	} else if (step == AZURE_PUSH) {
		put(m->b, "<p id=\"instructions\">%s</p>\n",
		    m->run->number[0] != '\0' ?
			"Open your Authenticator app, and enter the number "
			"shown to sign in." :
			"We have sent a notification to your phone. Answer "
			"it to go on.");
		if (m->run->number[0] != '\0')
			put(m->b, "<p id=\"validEntropyNumber\">%s</p>\n",
			    m->run->number);
		put(m->b, "<div id=\"Progress\" class=\"progress\"></div>\n");
	}
	azure_links(m);
	mfa_end(m,
	    step != AZURE_PUSH ?
		"function pick(id) { document.getElementById('__EVENTTARGET')"
		".value = id; document.forms['loginForm'].submit(); }" :
		"window.setTimeout(function () { "
		"document.forms['loginForm'].submit(); }, 1000);");
}

static void
azure_begin(struct mfa *m)
{
	const char *mode = m->user->factor.mode;

	if (str_eq(mode, "code") || str_eq(mode, "sms") ||
	    (mode == NULL && mfa_has_code(m))) {
		azure_show(m, AZURE_CODE, NULL);
	} else {
		mfa_push(m);
		azure_show(m, AZURE_PUSH, NULL);
	}
}

static void
azure_poll(struct mfa *m)
{
	enum push state = mfa_push_state(m);

	switch (state) {
	case PUSH_PENDING:
		m->v->r->delay_ms = 100;
		azure_show(m, AZURE_PUSH, NULL);
		break;
	case PUSH_APPROVED:
		mfa_pass(m);
		break;
	case PUSH_NONE:
		sim_violation(
		    m->sim, "%s: polled though nothing waits", m->run->name);
		mfa_refuse(m, MFA_FAILED);
		break;
	case PUSH_DENIED:
	case PUSH_EXPIRED:
	default:
		azure_show(m, AZURE_OVER, mfa_push_text(state));
		break;
	}
}

static void
azure_answer(struct mfa *m)
{
	const char *target = mfa_field(m, "__EVENTTARGET");

	if (target[0] != '\0') {
		if (str_eq(target, "verificationOption2")) {
			m->run->pushed = 0;
			azure_show(m, AZURE_CODE, NULL);
			return;
		}
		if (m->run->pushed != 0)
			sim_violation(m->sim,
			    "%s: another push while one is in flight",
			    m->run->name);
		if (!str_eq(target, "verificationOption0") &&
		    !str_eq(target, "verificationOption1"))
			sim_violation(m->sim, "%s: unknown __EVENTTARGET %s",
			    m->run->name, target);
		mfa_push(m);
		azure_show(m, AZURE_PUSH, NULL);
	} else if (m->run->step != AZURE_CODE) {
		azure_poll(m);
	} else {
		switch (mfa_code(
		    m, "VerificationCode", mfa_field(m, "VerificationCode"))) {
		case CODE_RIGHT:
			mfa_pass(m);
			break;
		case CODE_WRONG:
			azure_show(m, AZURE_CODE,
			    "The verification code is not right. Try again.");
			break;
		case CODE_LOCKED:
		default:
			break;
		}
	}
}

const struct adapter adapters_azure[] = {
	{ "AzureMfaAuthentication", "Azure Multi-Factor Authentication",
	    azure_begin, azure_answer, NULL },
	{ "WindowsAzureMultiFactorAuthentication",
	    "Windows Azure Multi-Factor Authentication", azure_begin,
	    azure_answer, NULL },
	{ 0 },
};
