/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adapters that nobody has seen: one for each shape of page that a client has
 * to find its way through by what is on it.
 */
#include <awsfed/xalloc.h>

#include "mfa-int.h"

#define WRONG "That was not right. Please try again."

static const char *const devices[] = { "tok1", "tok2", NULL };
static const char *const device_names[] = { "Blue token", "Red token", NULL };

/* The kind is what the name ends in: Example-Select is "Select". */
static bool
kind(const struct mfa *m, const char *what)
{
	return str_ends(m->run->name, what);
}

static void
put_fields(struct mfa *m)
{
	if (kind(m, "-OneInput")) {
		mfa_label(m, "answer0", "Contoso pass code");
		mfa_input(m, "tel", "answer0", "Answer0", "");
	} else if (kind(m, "-Several")) {
		mfa_label(m, "pinField", "Your PIN");
		mfa_input(m, "password", "pinField", "PinField", "");
		mfa_label(m, "codeField", "Code on the card");
		mfa_input(m, "text", "codeField", "CodeField", "");
		mfa_checkbox(m, "trust", "TrustDevice", "Trust this device");
	} else if (kind(m, "-Select")) {
		mfa_label(m, "DeviceInput", "Which token?");
		mfa_choice_of(m, "select", "Device", devices, device_names);
	} else if (kind(m, "-Radio")) {
		put(m->b, "<p>Which token?</p>\n");
		mfa_choice_of(m, "radio", "Device", devices, device_names);
	}
	mfa_submit(m, "go", "go", "Go on");
}

static void
show(struct mfa *m, const char *error)
{
	m->run->step = 0;
	mfa_page(m, "Contoso second factor");
	mfa_form(m, "contosoForm");
	mfa_hidden(m, "state1", "Contoso$State", "a b+c/\xc3\xa9");
	mfa_error(m, error);
	put_fields(m);
	mfa_end(m, NULL);
}

/* The code that is asked after a token was chosen. */
static void
show_code(struct mfa *m, const char *error)
{
	m->run->step = 1;
	mfa_page(m, "Contoso second factor");
	mfa_form(m, "contosoForm");
	mfa_error(m, error);
	mfa_label(m, "tokenCode", "Code of the token");
	mfa_input(m, "password", "tokenCode", "TokenCode", "");
	mfa_submit(m, "go", "go", "Go on");
	mfa_end(m, NULL);
}

/* Nothing to fill in: script, or the page itself, asks again. */
static void
show_waiting(struct mfa *m)
{
	bool refresh = kind(m, "-Refresh");

	m->run->step = 2;
	m->run->by_get = refresh;
	mfa_page(m, "Contoso push");
	if (refresh)
		put(m->b, "<meta http-equiv=\"refresh\" content=\"2\" />\n");
	put(m->b, "<p>Compare the word: <b>%s</b></p>\n",
	    m->run->number[0] != '\0' ? m->run->number : "tulip");
	mfa_form(m, "contosoForm");
	mfa_end(m,
	    refresh ? NULL :
		      "setTimeout(function () { "
		      "document.getElementById('contosoForm')"
		      ".submit(); }, 2000);");
}

static void
begin(struct mfa *m)
{
	if (kind(m, "-Timer") || kind(m, "-Refresh")) {
		mfa_push(m);
		show_waiting(m);
	} else {
		show(m, NULL);
	}
}

static void
judge(struct mfa *m, const char *field, bool more,
    void (*again)(struct mfa *m, const char *error))
{
	enum code judged = mfa_code(m, field, mfa_field(m, field));

	if (judged == CODE_RIGHT && more)
		mfa_pass(m);
	else if (judged != CODE_LOCKED)
		again(m, WRONG);
}

static void
answer(struct mfa *m)
{
	const struct factor *f = &m->user->factor;
	enum push state;

	if (m->run->step == 2) {
		state = mfa_push_state(m);
		if (state == PUSH_APPROVED)
			mfa_pass(m);
		else if (state == PUSH_PENDING)
			show_waiting(m);
		else
			mfa_refuse(m, MFA_FAILED);
	} else if (m->run->step == 1) {
		judge(m, "TokenCode", true, show_code);
	} else if (kind(m, "-OneInput")) {
		judge(m, "Answer0", true, show);
	} else if (kind(m, "-Several")) {
		judge(m, "CodeField",
		    f->pin == NULL || str_eq(f->pin, mfa_field(m, "PinField")),
		    show);
	} else if (kind(m, "-Button")) {
		mfa_push(m);
		show_waiting(m);
	} else if (str_eq(mfa_field(m, "Device"), devices[0]) ||
	    str_eq(mfa_field(m, "Device"), devices[1])) {
		show_code(m, NULL);
	} else {
		show(m, "Choose a token.");
	}
}

const struct adapter adapters_other[] = {
	{ "Example-OneInput", "Contoso code", begin, answer, NULL },
	{ "Example-Several", "Contoso card", begin, answer, NULL },
	{ "Example-Select", "Contoso token (list)", begin, answer, NULL },
	{ "Example-Radio", "Contoso token (buttons)", begin, answer, NULL },
	{ "Example-Timer", "Contoso push", begin, answer, NULL },
	{ "Example-Refresh", "Contoso push (refresh)", begin, answer, NULL },
	{ "Example-Button", "Contoso push (button)", begin, answer, NULL },
	{ 0 },
};
