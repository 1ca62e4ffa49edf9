/* SPDX-License-Identifier: Apache-2.0 */
/* RSA SecurID, agent 2.x, and Symantec VIP 9: a page of script comes first. */
#include <awsfed/xalloc.h>

#include "mfa-int.h"

#define AUTO \
	"window.setTimeout(function () { document.forms[0].submit(); }, 0);"
#define POLL \
	"window.setTimeout(function () { document.forms[0].submit(); }, " \
	"2000);"

enum { RSA_INIT, RSA_CODE, RSA_PUSH, RSA_NEXT, RSA_OVER };

static void
rsa_show(struct mfa *m, int step, const char *error)
{
	static const char *const filled[] = { "latitude", "longitude",
		"geoLocationCollTimestamp", "rsa_risk_fp" };
	bool push = step == RSA_PUSH || step == RSA_OVER;

	m->run->step = step;
	mfa_page(m, "RSA SecurID Access Authentication");
	mfa_form(m, step == RSA_INIT ? "initForm" : "passcodeForm");
	for (size_t i = 0; i < ARRAY_SIZE(filled); i++)
		mfa_scripted(m, filled[i], filled[i], "");
	if (step == RSA_INIT) {
		mfa_hidden(m, "initStatus", "InitStatus", "true");
		mfa_end(m, AUTO);
		return;
	}
	mfa_hidden(m, "referenceId", "referenceId", "ref-0001");
	mfa_hidden(m, "authMode", "authMode", push ? "APPROVE" : "SECURID");
	mfa_hidden(m, "authStatus", "authStatus",
	    step == RSA_PUSH	 ? "VERIFICATION_PENDING:1" :
		step == RSA_OVER ? "VERIFICATION_FAILED" :
				   "");
	mfa_scripted(m, "retryStatus", "retryStatus", "");
	mfa_scripted(m, "nextOption", "nextOption", "");
	mfa_scripted(m, "cancelStatus", "CancelStatus", "");
	put(m->b, "<div id=\"verification_factor\">%s</div>\n",
	    push ? "Approve the request on your phone." : "RSA SecurID token");
	mfa_error(m, error);
	if (step == RSA_CODE) {
		mfa_label(m, "passcodeInput", "Enter your passcode.");
		mfa_input(
		    m, "password", "passcodeInput", "Passcode", "Passcode");
		mfa_submit(m, "submitButton", "Submit", "Submit");
	} else if (step == RSA_NEXT) {
		mfa_label(m, "nextCodeInput", "Enter the next tokencode.");
		mfa_input(
		    m, "password", "nextCodeInput", "NextCode", "Next code");
		mfa_submit(m, "submitButton", "Submit", "Submit");
	}
	mfa_end(m, step == RSA_PUSH ? POLL : NULL);
}

static void
rsa_begin(struct mfa *m)
{
	rsa_show(m, RSA_INIT, NULL);
}

static void
rsa_poll(struct mfa *m)
{
	enum push state = mfa_push_state(m);

	if (state == PUSH_APPROVED)
		mfa_pass(m);
	else if (state == PUSH_PENDING)
		rsa_show(m, RSA_PUSH, NULL);
	else
		rsa_show(m, RSA_OVER, mfa_push_text(state));
}

static void
rsa_answer(struct mfa *m)
{
	const struct factor *f = &m->user->factor;
	enum code judged;

	switch (m->run->step) {
	case RSA_INIT:
		if (str_eq(f->mode, "push") ||
		    (f->mode == NULL && !mfa_has_code(m))) {
			mfa_push(m);
			rsa_show(m, RSA_PUSH, NULL);
		} else {
			rsa_show(m, RSA_CODE, NULL);
		}
		break;
	case RSA_PUSH:
		rsa_poll(m);
		break;
	case RSA_CODE:
		judged = mfa_code(m, "Passcode", mfa_field(m, "Passcode"));
		if (judged == CODE_WRONG)
			rsa_show(m, RSA_CODE, "Authentication failed.");
		else if (judged == CODE_RIGHT && f->next != NULL)
			rsa_show(m, RSA_NEXT, NULL);
		else if (judged == CODE_RIGHT)
			mfa_pass(m);
		break;
	case RSA_NEXT:
		if (str_eq(f->next, mfa_field(m, "NextCode")))
			mfa_pass(m);
		else
			rsa_show(m, RSA_CODE, "Authentication failed.");
		break;
	case RSA_OVER:
	default:
		sim_violation(
		    m->sim, "%s: posted after a refusal", m->run->name);
		mfa_refuse(m, MFA_FAILED);
		break;
	}
}

const struct adapter adapters_rsa[] = {
	{ "SecurIDv2Authentication", "RSA SecurID Access", rsa_begin,
	    rsa_answer, NULL },
	{ 0 },
};

enum { VIP_DEVICE, VIP_PUSH, VIP_CODE };

static void
vip_show(struct mfa *m, int step, const char *error)
{
	m->run->step = step;
	mfa_page(m, "Symantec VIP");
	mfa_form(m, "loginForm");
	mfa_hidden(m, "enterpriseId", "EnterpriseId", "ENT-0042");
	if (step == VIP_DEVICE) {
		put(m->b,
		    "<p id=\"instructions\">Checking device "
		    "registration</p>\n");
		mfa_end(m, AUTO);
		return;
	}
	mfa_error(m, error);
	if (step == VIP_PUSH) {
		put(m->b,
		    "<p id=\"instructions\">A request was sent to your "
		    "VIP Access app.</p>\n<div id=\"Progress\"></div>"
		    "\n");
		mfa_end(m, POLL);
		return;
	}
	mfa_label(m, "securityCode", "Enter your VIP security code.");
	mfa_input(m, "text", "securityCode", "SecurityCode", "Security code");
	mfa_submit(m, "submitButton", NULL, "Continue");
	mfa_end(m, NULL);
}

static void
vip_begin(struct mfa *m)
{
	vip_show(m, VIP_DEVICE, NULL);
}

static void
vip_answer(struct mfa *m)
{
	enum push state;
	enum code judged;

	if (m->run->step == VIP_DEVICE &&
	    str_eq(m->user->factor.mode, "code")) {
		vip_show(m, VIP_CODE, NULL);
	} else if (m->run->step == VIP_DEVICE) {
		mfa_push(m);
		vip_show(m, VIP_PUSH, NULL);
	} else if (m->run->step == VIP_PUSH) {
		state = mfa_push_state(m);
		if (state == PUSH_APPROVED)
			mfa_pass(m);
		else if (state == PUSH_PENDING)
			vip_show(m, VIP_PUSH, NULL);
		else if (state == PUSH_EXPIRED)
			vip_show(m, VIP_CODE, NULL);
		else
			mfa_refuse(m, MFA_FAILED);
	} else {
		judged =
		    mfa_code(m, "SecurityCode", mfa_field(m, "SecurityCode"));
		if (judged == CODE_RIGHT)
			mfa_pass(m);
		else if (judged == CODE_WRONG)
			vip_show(
			    m, VIP_CODE, "The security code is not valid.");
	}
}

const struct adapter adapters_vip[] = {
	{ "SymantecVipAdapter", "Symantec VIP", vip_begin, vip_answer, NULL },
	{ 0 },
};
