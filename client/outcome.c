/* SPDX-License-Identifier: Apache-2.0 */
#include "outcome.h"

#include <stdio.h>
#include <string.h>

#include "awsfed/fault.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "problem.h"
#include "show.h"

static bool
is_fresh(const json_t *profile)
{
	return str_eq(
	    json_string_value(json_object_get(profile, "state")), "fresh");
}

static void
tell_fresh(const json_t *profile, int64_t now)
{
	_cleanup_free_ char *name = show_text(profile, "profile");
	_cleanup_free_ char *role = show_role(profile);
	char when[SHOW_SIZE];

	printf(_("%s fresh"), name != NULL ? name : "-");
	if (show_member_when(profile, "expiration", now, when))
		printf(_(" until %s"), when);
	if (strcmp(role, "-") != 0)
		printf(_(" as %s"), role);
	putchar('\n');
}

/* For a profile that is not fresh and whose fault was not given. */
static const struct {
	const char *state;
	enum fault_kind kind;
	const char *text;
} bare[] = {
	{ "needs-login", FAULT_NEEDS_USER, N_("a sign-in is needed.") },
	{ "backoff", FAULT_TEMPORARY,
	    N_("it could not be renewed just now; the agent tries again.") },
	{ "waiting", FAULT_TEMPORARY, N_("it is still being renewed.") },
	{ "failed", FAULT_DENIED, N_("its role was refused.") },
};

static void
profile_fault(const json_t *profile, struct fault *ret)
{
	const char *state =
	    json_string_value(json_object_get(profile, "state"));

	if (fault_from_json(json_object_get(profile, "fault"), ret) == 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(bare); i++) {
		if (!str_eq(bare[i].state, state))
			continue;
		fault_set(
		    ret, bare[i].kind, REASON_NONE, "%s", _(bare[i].text));
		fault_next(ret, "awsfedctl status");
		return;
	}
	fault_set(ret, FAULT_INTERNAL, REASON_NONE, "%s",
	    _("it is not fresh, and the agent gave no reason."));
	fault_next(ret, "awsfedctl status");
}

/*
 * Fresh ones to standard output, the others to standard error.  Returns how
 * many are fresh; *ret_exit is the first named failure's status, else the
 * first failure's when nothing was named, else 0.
 */
static int64_t
tell_profiles(const json_t *list, bool all_named, bool quiet, int *ret_exit)
{
	int64_t fresh = 0, now = show_now();
	int first_named = 0, first_other = 0;
	bool any_named = all_named;
	json_t *profile;
	size_t i;

	json_array_foreach (list, i, profile) {
		if (json_is_true(json_object_get(profile, "named")))
			any_named = true;
		if (!is_fresh(profile))
			continue;
		if (!quiet)
			tell_fresh(profile, now);
		fresh++;
	}
	fflush(stdout);
	json_array_foreach (list, i, profile) {
		_cleanup_free_ char *name = show_text(profile, "profile");
		_cleanup_fault_ struct fault f = { 0 };
		int *first = all_named ||
			json_is_true(json_object_get(profile, "named")) ?
		    &first_named :
		    &first_other;

		if (is_fresh(profile))
			continue;
		profile_fault(profile, &f);
		problem_show_fault(name, &f, stderr);
		if (*first == 0)
			*first = fault_exit(f.kind);
	}
	*ret_exit = any_named ? first_named : first_other;
	return fresh;
}

static void
tell_warnings(const json_t *done)
{
	json_t *w;
	size_t i;

	json_array_foreach (json_object_get(done, "warnings"), i, w) {
		_cleanup_free_ char *text =
		    str_clean(json_string_value(w), 2048);

		if (text != NULL)
			fprintf(stderr, _("awsfed: warning: %s\n"), text);
	}
}

/* A sign-in that failed as a whole has one reason for all its profiles. */
static bool
repeats(const json_t *profile, const json_t *whole)
{
	const json_t *own = json_object_get(profile, "fault");

	if (!json_is_object(whole) || is_fresh(profile))
		return false;
	return !json_is_object(own) ||
	    str_eq(json_string_value(json_object_get(own, "text")),
		json_string_value(json_object_get(whole, "text")));
}

#define NAMED_MAX 3 /* profiles named with a fault that all of them share */

/*
 * A copy of the list without those that only repeat the sign-in's own fault,
 * and the names of those for its line: "one, two and 18 more"; NULL for none.
 * ret_words has them as login takes them.
 */
static json_t *
without_repeats(
    const json_t *list, const json_t *fault, char **ret_name, char **ret_words)
{
	json_t *rest = json_array();
	json_t *profile;
	size_t i, n = 0;
	char *names = NULL, *words = xstrdup("");

	json_array_foreach (list, i, profile) {
		_cleanup_free_ char *name = show_text(profile, "profile");
		_cleanup_free_ char *word = NULL;

		if (!repeats(profile, fault)) {
			json_array_append(rest, profile);
		} else if (n++ < NAMED_MAX && name != NULL) {
			word = problem_word(name);
			xreplace(&words, xasprintf("%s %s", words, word));
			xreplace(&names,
			    names == NULL ? STEAL(name) :
					    xasprintf("%s, %s", names, name));
		}
	}
	if (n > NAMED_MAX && names != NULL) {
		xreplace(&words, xstrdup(" --all"));
		xreplace(&names,
		    xasprintf(_("%s and %zu more"), names, n - NAMED_MAX));
	}
	*ret_name = names;
	*ret_words = words;
	return rest;
}

int
outcome_written(const json_t *fault, int status)
{
	_cleanup_fault_ struct fault f = { 0 };

	if (fault_from_json(fault, &f) != 0)
		return status;
	fflush(stdout);
	problem_show_fault(NULL, &f, stderr);
	return status != 0 ? status : fault_exit(f.kind);
}

int
outcome_login(const json_t *done, bool quiet)
{
	const json_t *whole = json_object_get(done, "fault");
	const json_t *list = json_object_get(done, "profiles");
	_cleanup_free_ char *only = NULL, *words = NULL, *closing = NULL;
	_cleanup_json_ json_t *rest =
	    without_repeats(list, whole, &only, &words);
	_cleanup_fault_ struct fault f = { 0 };
	bool failed = fault_from_json(whole, &f) == 0;
	int64_t fresh;
	int status = 0;

	/* "one, two" is for people. */
	if (failed && str_empty(f.next) &&
	    (f.kind == FAULT_NEEDS_USER || f.kind == FAULT_REJECTED))
		fault_next(&f, "awsfedctl login%s", words);
	if (failed)
		problem_show_fault(only, &f, stderr);
	fresh = tell_profiles(rest, false, quiet, &status);
	if (failed && (status == 0) &&
	    (json_array_size(rest) != json_array_size(list) || fresh == 0))
		status = fault_exit(f.kind);
	tell_warnings(done);
	status = outcome_written(
	    json_object_get(json_object_get(done, "written"), "fault"), status);
	if (quiet)
		return status;
	if (fresh > 0) {
		closing = show_closing(done, fresh, show_now());
		puts(closing);
	} else if (status == 0 && !failed) {
		puts(_("signed in; no profile was asked for"));
	}
	return status;
}

int
outcome_refresh(const json_t *reply)
{
	const json_t *list = json_object_get(reply, "profiles");
	int status = 0;
	int64_t fresh;

	if (json_array_size(list) == 0) {
		puts(_("no profile is kept fresh; awsfedctl login PROFILE "
		       "starts one"));
		return EXIT_OK;
	}
	fresh = tell_profiles(list, true, false, &status);
	status = outcome_written(json_object_get(reply, "written"), status);
	if (fresh > 0)
		printf("%lld %s\n", (long long)fresh,
		    ngettext("profile fresh", "profiles fresh",
			(unsigned long)fresh));
	return status;
}
