/* SPDX-License-Identifier: Apache-2.0 */
/* The adapters whose post hangs: Azure MFA Server, Silverfort. */
#include "mfa-int.h"

/* The page whose post hangs until somebody answers. */
static void
show_wait(struct mfa *m, const char *error)
{
	bool silverfort = str_eq(m->run->name, "SilverfortAdfs");

	m->run->step = 1;
	mfa_page(m, silverfort ? "Silverfort" : "Multi-Factor Authentication");
	mfa_form(m, "loginForm");
	mfa_error(m, error);
	put(m->b,
	    "<p id=\"instructions\">%s</p>\n"
	    "<div id=\"Progress\" class=\"progress\"></div>\n",
	    silverfort ? "Approve the request in your Silverfort app." :
			 "We are calling your phone. Answer it to go on.");
	mfa_end(m,
	    error == NULL ? "window.setTimeout(function () { "
			    "document.forms['loginForm'].submit(); }, 100);" :
			    NULL);
}

/* MFA Server asks first how, when there is more than one way. */
static void
begin_wait(struct mfa *m)
{
	if (!str_eq(m->user->factor.mode, "choose") ||
	    str_eq(m->run->name, "SilverfortAdfs")) {
		show_wait(m, NULL);
		return;
	}
	mfa_page(m, "Multi-Factor Authentication");
	mfa_form(m, "loginForm");
	mfa_scripted(m, "__EVENTTARGET", "__EVENTTARGET", "");
	put(m->b,
	    "<p id=\"instructions\">How shall we reach you?</p>\n"
	    "<div id=\"linksDiv\"><a href=\"#\" "
	    "id=\"verificationOption0\">Call my phone</a> <a href=\"#\" "
	    "id=\"verificationOption1\">Notify my app</a></div>\n");
	mfa_end(m,
	    "function pick(id) { document.getElementById("
	    "'__EVENTTARGET').value = id; "
	    "document.forms['loginForm'].submit(); }");
}

static void
answer_wait(struct mfa *m)
{
	bool silverfort = str_eq(m->run->name, "SilverfortAdfs");
	enum push state;

	if (m->run->step == 0) {
		if (!str_starts(
			mfa_field(m, "__EVENTTARGET"), "verificationOption"))
			begin_wait(m);
		else
			show_wait(m, NULL);
		return;
	}
	if (m->run->pushed != 0) {
		sim_violation(m->sim,
		    "%s: posted again while the first post "
		    "still waits",
		    m->run->name);
		mfa_refuse(m, MFA_FAILED);
		return;
	}
	mfa_push(m);
	state = mfa_push_wait(m);
	if (state == PUSH_APPROVED)
		mfa_pass(m);
	else if (state != PUSH_NONE && silverfort)
		mfa_refuse(m,
		    state == PUSH_DENIED ? "Not authorized" :
					   "MFA request expired");
	else if (state != PUSH_NONE)
		show_wait(m,
		    state == PUSH_DENIED ?
			"Authentication denied. Please try again." :
			"Authentication timed out. Please try again.");
}

const struct adapter adapters_wait[] = {
	{ "AzureMfaServerAuthentication", "Azure MFA Server", begin_wait,
	    answer_wait, NULL },
	{ "SilverfortAdfs", "Silverfort", begin_wait, answer_wait, NULL },
	{ 0 },
};
