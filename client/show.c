/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "awsfed/arn.h"
#include "awsfed/buf.h"
#include "awsfed/clock.h"
#include "awsfed/fault.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define DAY 86400
#define TEXT_BYTES 2048
#define NAME_BYTES 512

void
show_left(int64_t seconds, char out[SHOW_SIZE])
{
	long long m = seconds / 60;

	if (seconds <= 0)
		snprintf(out, SHOW_SIZE, "-");
	else if (m == 0)
		snprintf(out, SHOW_SIZE, "<1m");
	else if (m < 60)
		snprintf(out, SHOW_SIZE, "%lldm", m);
	else
		snprintf(out, SHOW_SIZE, "%lldh%02lldm", m / 60, m % 60);
}

void
show_when(int64_t t, int64_t now, char out[SHOW_SIZE])
{
	time_t when = (time_t)t, here = (time_t)now;
	const char *fmt = "%Y-%m-%d %H:%M";
	struct tm tm, today;

	localtime_r(&when, &tm);
	localtime_r(&here, &today);
	if ((t >= now && t - now < DAY) ||
	    (tm.tm_yday == today.tm_yday && tm.tm_year == today.tm_year))
		fmt = "%H:%M";
	else if (t >= now && t - now < 6 * DAY)
		fmt = "%a %H:%M";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strftime(out, SHOW_SIZE, fmt, &tm) == 0)
		snprintf(out, SHOW_SIZE, "-");
#pragma GCC diagnostic pop
}

bool
show_member_when(
    const json_t *o, const char *key, int64_t now, char out[SHOW_SIZE])
{
	int64_t t;

	if (rfc3339_parse(json_string_value(json_object_get(o, key)), &t) < 0)
		return false;
	show_when(t, now, out);
	return true;
}

/* The same of what is still to come: an estimate that is over says nothing. */
static bool
member_ahead(const json_t *o, const char *key, int64_t now, char out[SHOW_SIZE])
{
	int64_t t;

	return rfc3339_parse(json_string_value(json_object_get(o, key)), &t) ==
	    0 &&
	    t > now && show_member_when(o, key, now, out);
}

int64_t
show_now(void)
{
	return clk_real(&clk_system) / USEC;
}

char *
show_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return str_empty(s) ? NULL : str_clean(s, TEXT_BYTES);
}

void
show_names(const json_t *list, const char *between, const char *words)
{
	json_t *o;
	size_t i;

	json_array_foreach (list, i, o) {
		_cleanup_free_ char *name =
		    str_clean(json_string_value(o), NAME_BYTES);

		if (name != NULL)
			printf("%s%s%s\n", name, between, words);
	}
}

char *
show_role(const json_t *profile)
{
	_cleanup_free_ char *account = show_text(profile, "account");
	_cleanup_free_ char *role = show_text(profile, "role");
	char *text = show_text(profile, "roleArn");

	if (account == NULL || role == NULL) {
		_cleanup_arn_ struct arn a = { 0 };

		if (text == NULL || arn_parse(text, &a) < 0 ||
		    a.type != ARN_ROLE)
			return text != NULL ? text : xstrdup("-");
		xreplace(&account, xstrdup(a.account));
		xreplace(&role, xstrdup(a.name));
	}
	xfree(text);
	return xasprintf("%s/%s", account, role);
}

char *
show_state(const json_t *profile)
{
	_cleanup_free_ char *state = show_text(profile, "state");
	_cleanup_free_ char *reason = show_text(profile, "reason");
	bool live = json_is_true(json_object_get(profile, "live"));

	if (state == NULL)
		return xstrdup("-");
	/* The CLI assumes such a role itself, from its source's section. */
	if (str_eq(json_string_value(json_object_get(profile, "kind")),
		"chained") &&
	    str_eq(json_string_value(json_object_get(profile, "deliver")),
		"none") &&
	    (str_eq(state, "idle") || str_eq(state, "fresh")))
		return xstrdup(_("via AWS CLI"));
	if (str_eq(state, "waiting") && live)
		xreplace(&state, xstrdup(_("refreshing")));
	if (json_is_true(json_object_get(profile, "blanked")))
		return xstrdup(_("hidden: locked"));
	if (reason == NULL || str_eq(state, "fresh"))
		return STEAL(state);
	return xasprintf("%s: %s", state, reason);
}

char *
show_identity(const json_t *identity)
{
	_cleanup_free_ char *user = show_text(identity, "user");
	char *host = show_text(identity, "host");
	char *text;

	if (user == NULL)
		return host != NULL ? host : xstrdup("-");
	text = xasprintf("%s @ %s", user, host != NULL ? host : "-");
	xfree(host);
	return text;
}

static const struct {
	const char *state;
	const char *words;
} identity_states[] = {
	{ "signed-out", N_("signed out") },
	{ "working", N_("signing in") },
	{ "asking", N_("waits for an answer to a question") },
	{ "signed-in", N_("signed in") },
	{ "backoff", N_("tries again by itself") },
	{ "needs-user", N_("needs you") },
};

char *
show_identity_state(const json_t *identity, int64_t now)
{
	const char *state =
	    json_string_value(json_object_get(identity, "state"));
	_cleanup_free_ char *reason = show_text(identity, "reason");
	_cleanup_free_ char *words = show_text(identity, "state");
	char when[SHOW_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(identity_states); i++)
		if (str_eq(identity_states[i].state, state))
			xreplace(&words, xstrdup(_(identity_states[i].words)));
	if (str_eq(state, "signed-in") &&
	    member_ahead(identity, "renewableUntil", now, when))
		return xasprintf(
		    _("%s, renews without you until about %s"), words, when);
	if (reason != NULL)
		xreplace(&words, xasprintf("%s (%s)", words, reason));
	/* Nobody is in a hurry yet, or everybody is. */
	if ((str_eq(state, "needs-user") || str_eq(state, "signed-out")) &&
	    show_member_when(identity, "validUntil", now, when))
		return xasprintf(_("%s; keys are valid until %s"), words, when);
	return words != NULL ? STEAL(words) : xstrdup("-");
}

/* Where a password is kept: nothing when it is nowhere, as by default. */
char *
show_password(const json_t *identity)
{
	static const struct {
		const char *held;
		const char *words;
	} places[] = {
		{ "memory", N_("the password is kept in memory") },
		{ "keyring", N_("the password is kept in the keyring") },
		{ "credential", N_("the password is a systemd credential") },
		{ "command", N_("a command gives the password") },
	};
	const json_t *p = json_object_get(identity, "password");
	const char *held = json_string_value(json_object_get(p, "held"));
	const char *words = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (str_eq(places[i].held, held))
			words = _(places[i].words);
	if (json_is_true(json_object_get(p, "locked")))
		return xstrdup(
		    _("the keyring is locked: no password is used from it"));
	if (json_is_true(json_object_get(p, "unavailable")))
		return xstrdup(_("no keyring answers on the session bus"));
	if (words != NULL && json_is_true(json_object_get(p, "suspect")))
		return xasprintf(
		    _("%s; it was refused and is not used until you sign in "
		      "(suspect)"),
		    words);
	return xstrdup(words);
}

static void
add_count(struct buf *b, const char *before, int64_t n, const char *one,
    const char *many)
{
	(void)!buf_addf(b, "%s%lld %s", before, (long long)n,
	    ngettext(one, many, (unsigned long)n));
}

char *
show_closing(const json_t *done, int64_t fresh, int64_t now)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1024);
	int64_t passwords =
	    json_integer_value(json_object_get(done, "passwords"));
	int64_t pushes = json_integer_value(json_object_get(done, "pushes"));
	char when[SHOW_SIZE];

	add_count(&b, "", fresh, "profile fresh", "profiles fresh");
	if (passwords > 0)
		add_count(&b, " (", passwords, "password", "passwords");
	if (pushes > 0)
		add_count(
		    &b, passwords > 0 ? ", " : " (", pushes, "push", "pushes");
	if (passwords > 0 || pushes > 0)
		(void)!buf_adds(&b, ")");
	if (member_ahead(done, "renewableUntil", now, when))
		(void)!buf_addf(
		    &b, _("; renews without you until about %s"), when);
	return buf_take(&b);
}
