/* SPDX-License-Identifier: Apache-2.0 */
/* Codes: how they are judged, and the adapters that ask for nothing else. */
#include <awsfed/xalloc.h>

#include "authn.h"
#include "mfa-int.h"
#include "totp.h"

#define CODE_DEFAULT "123456" /* of who has neither code nor secret */

static bool
is_right(struct mfa *m, const char *code)
{
	struct factor *f = &m->user->factor;
	int64_t step;

	if (f->code != NULL || f->totp == NULL)
		if (str_eq(code, f->code != NULL ? f->code : CODE_DEFAULT))
			return true;
	if (f->totp == NULL || !totp_matches(f->totp, code, sim_now(), &step))
		return false;
	if (m->sim->opt.totp_once && step <= f->totp_step)
		return false;
	f->totp_step = step;
	return true;
}

bool
mfa_has_code(const struct mfa *m)
{
	return m->user->factor.code != NULL || m->user->factor.totp != NULL;
}

enum code
mfa_code(struct mfa *m, const char *field, const char *code)
{
	struct factor *f = &m->user->factor;
	int64_t now = sim_now();

	f->posts++;
	if (code[0] == '\0')
		sim_violation(
		    m->sim, "%s: empty %s posted", m->run->name, field);
	else if (strv_has(&m->run->sent, code))
		sim_violation(m->sim, "%s: a refused %s was sent again",
		    m->run->name, field);
	if (f->locked_until <= now && is_right(m, code)) {
		f->wrong = 0;
		return CODE_RIGHT;
	}
	f->rejected++;
	m->sim->count.codes_rejected++;
	strv_add(&m->run->sent, code);
	if (f->locked_until <= now && ++f->wrong < m->sim->opt.mfa_tries)
		return CODE_WRONG;
	if (f->locked_until <= now) {
		f->locked_until = now + m->sim->opt.lockout_seconds;
		f->wrong = 0;
		m->sim->count.mfa_lockouts++;
	}
	mfa_refuse(m,
	    "Too many wrong codes. Your additional authentication "
	    "is locked; contact your administrator.");
	return CODE_LOCKED;
}

static void
show(struct mfa *m, const struct code_form *c, const char *error)
{
	mfa_page(m, c->title);
	mfa_form(m, c->form);
	mfa_label(m, c->id, c->prompt);
	mfa_error(m, error);
	mfa_input(m, c->type, c->id, c->field, c->placeholder);
	mfa_submit(m, c->submit_id, c->submit, c->submit_value);
	mfa_end(m, NULL);
}

static void
begin(struct mfa *m)
{
	show(m, m->run->adapter->code, NULL);
}

static void
answer(struct mfa *m)
{
	const struct code_form *c = m->run->adapter->code;

	switch (mfa_code(m, c->field, mfa_field(m, c->field))) {
	case CODE_RIGHT:
		mfa_pass(m);
		break;
	case CODE_WRONG:
		show(m, c, c->wrong);
		break;
	case CODE_LOCKED:
	default:
		break;
	}
}

/* RSA, agent 1.x: perhaps the next tokencode after it. */
static const struct code_form securid_next = { "RSA SecurID Authentication",
	"nextCodeForm",
	"Wait until the tokencode changes, then enter the next one.",
	"password", "nextCodeInput", "NextCode", "Next tokencode",
	"submitButton", "Submit", "Submit",
	"The next tokencode is not right. Enter your passcode again." };

static void
securid(struct mfa *m)
{
	const struct code_form *c = m->run->adapter->code;
	const struct factor *f = &m->user->factor;
	enum code judged;

	if (m->run->step == 1) {
		m->run->step = 0;
		if (str_eq(f->next, mfa_field(m, "NextCode")))
			mfa_pass(m);
		else
			show(m, c, securid_next.wrong);
		return;
	}
	judged = mfa_code(m, c->field, mfa_field(m, c->field));
	if (judged == CODE_WRONG) {
		show(m, c, c->wrong);
	} else if (judged == CODE_RIGHT && f->next != NULL) {
		m->run->step = 1;
		show(m, &securid_next, NULL);
	} else if (judged == CODE_RIGHT) {
		mfa_pass(m);
	}
}

/* Azure as primary: name and code, then a page with the password alone. */
static void
show_primary(struct mfa *m, const char *error)
{
	mfa_page(m, "Sign In");
	mfa_form(m, "loginForm");
	mfa_error(m, error);
	mfa_label(m, "userNameInput", "User account");
	mfa_input(
	    m, "email", "userNameInput", "UserName", "someone@example.com");
	mfa_label(m, "oathCodeInput", "Verification code");
	mfa_input(
	    m, "password", "oathCodeInput", "OathCode", "Verification code");
	mfa_submit(m, "submitButton", "SignIn", "Sign in");
	mfa_end(m, NULL);
}

static void
show_password(struct mfa *m, const char *error)
{
	xreplace(&m->run->name, xstrdup("FormsAuthentication"));
	mfa_page(m, "Sign In");
	mfa_form(m, "loginForm");
	mfa_error(m, error);
	mfa_input(m, "password", "passwordInput", "Password", "Password");
	mfa_submit(m, "submitButton", NULL, "Sign in");
	mfa_end(m, NULL);
}

static void
begin_primary(struct mfa *m)
{
	show_primary(m, NULL);
}

static void
primary(struct mfa *m)
{
	const char *wrong = "Incorrect user ID or verification code. Try "
			    "again.";
	enum login_error why;
	struct user *u = NULL;

	if (m->run->step == 0) {
		m->user = user_find(m->sim, mfa_field(m, "UserName"));
		if (m->user == NULL) {
			m->sim->count.codes_rejected++;
			show_primary(m, wrong);
			return;
		}
		switch (mfa_code(m, "OathCode", mfa_field(m, "OathCode"))) {
		case CODE_RIGHT:
			m->run->step = 1;
			xreplace(&m->run->user, xstrdup(m->user->name));
			show_password(m, NULL);
			break;
		case CODE_WRONG:
			m->user = NULL;
			show_primary(m, wrong);
			break;
		case CODE_LOCKED:
		default:
			break;
		}
		return;
	}
	why = authn_check(m->v, m->user->name, mfa_field(m, "Password"), &u);
	if (why == LOGIN_FIRST) {
		authn_accept(m->v, u);
		mfa_pass(m);
	} else {
		show_password(m,
		    "Incorrect user ID or password. Type the correct user "
		    "ID and password, and try again.");
	}
}

static const struct code_form sample = { "Multi-Factor Authentication",
	"loginForm", "Answer the challenge question.", "password",
	"challengeQuestionInput", "ChallengeQuestionAnswer", "Answer",
	"submitButton", "Submit", "Submit",
	"Authentication failed: the answer is not right." };
static const struct code_form rsa1 = { "RSA SecurID Authentication",
	"passcodeForm", "Enter your RSA SecurID passcode.", "password",
	"passcodeInput", "Passcode", "Passcode", "submitButton", "Submit",
	"Submit", "Authentication failed. Try again." };
static const struct code_form safenet = { "SafeNet Authentication",
	"safenetForm", "Enter your SafeNet one-time password.", "password",
	"safenetPassword", "SAFENET_PASSWORD", "Passcode", "safenetSubmit",
	NULL, "Sign In", "Authentication failed. Please try again." };
static const struct code_form defender = { "Defender Authentication",
	"loginForm", "Enter the response of your Defender token.", "password",
	"challengeQuestionInput", "ChallengeQuestionAnswer", "Token response",
	"submitButton", "Submit", "Submit", "Invalid token response." };
static const struct code_form vip_old = { "Symantec VIP", "loginForm",
	"Enter your VIP security code.", "text", "security_code",
	"security_code", "Security code", "submitButton", NULL, "Sign In",
	"The security code is not valid." };
static const struct code_form freeotp = { "One-time password", "otpForm",
	"Enter the code of your authenticator app.", "text", "otpCodeInput",
	"otpCode", "One-time password", "otpSubmit", "Submit", "Sign in",
	"Wrong one-time password." };
static const struct code_form oath = { "Sign In", "loginForm",
	"Verification code", "password", "oathCodeInput", "OathCode", "Code",
	"submitButton", "SignIn", "Sign in", "Wrong code." };

const struct adapter adapters_code[] = {
	{ "MicrosoftSampleAdapter", "Challenge question", begin, answer,
	    &sample },
	{ "SecurIDAuthentication", "RSA SecurID", begin, securid, &rsa1 },
	{ "AzurePrimaryAuthentication", "Verification code", begin_primary,
	    primary, &oath },
	{ "SafeNet-MFA", "SafeNet", begin, answer, &safenet },
	{ "Defender AD FS Adapter", "Defender", begin, answer, &defender },
	{ "VIPAuthenticationProviderWindowsAccountName", "Symantec VIP", begin,
	    answer, &vip_old },
	{ "VIPAuthenticationProviderUPN", "Symantec VIP", begin, answer,
	    &vip_old },
	{ "freeADFSOtp", "One-time password", begin, answer, &freeotp },
	{ 0 },
};
