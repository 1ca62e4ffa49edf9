/* SPDX-License-Identifier: Apache-2.0 */
#include "obtain.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/creds.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "approval.h"
#include "conn.h"
#include "outcome.h"
#include "show.h"
#include "supply.h"
#include "talk.h"
#include "term.h"

#define NEED_SLACK 60 /* seconds: what has just been issued lasts "1h" */
#define MIN_VALID_MAX 43200

void
obtained_done(struct obtained *o)
{
	json_decref(o->reply);
	creds_unref(o->creds);
	*o = (struct obtained){ 0 };
}

/* ---- a person who sits there -------------------------------------------------- */

/* A job in the background would be stopped by its first read. */
static bool
in_foreground(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	bool is = fd >= 0 && tcgetpgrp(fd) == getpgrp();

	if (fd >= 0)
		close(fd);
	return is;
}

static bool
asked_to(struct term *t)
{
	_cleanup_free_ char *line = NULL;

	if (term_line(t, _("Sign in now? [Y/n] "), true, &line) != LINE_OK)
		return false;
	str_trim(line);
	return *line == '\0' || str_caseeq(line, "y") ||
	    str_caseeq(line, "yes");
}

static int
sign_in(const char *profile)
{
	_cleanup_supply_ struct supply *supply = supply_new();
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *done = NULL;
	struct talk talk = { .supply = supply, .profile = profile };
	json_t *par = json_pack("{s:[s]}", "profiles", profile);

	talk_environment(par);
	if (talk_login(&talk, par, &done, &problem) < 0) {
		if (problem.profile == NULL)
			problem.profile = xstrdup(profile);
		return problem_report(&problem);
	}
	return outcome_login(done, true);
}

bool
obtain_sign_in(const char *profile, const char *why)
{
	_cleanup_free_ char *name = str_clean(profile, 256), *text = NULL;
	struct term *t = in_foreground() ? term_open() : NULL;
	bool yes;

	if (t == NULL)
		return false;
	text = xasprintf("awsfed: %s: %s\n", name, why);
	term_write(t, text);
	yes = asked_to(t);
	term_free(t);
	return yes && sign_in(profile) == EXIT_OK;
}

/* ---- what the agent has ------------------------------------------------------- */

static int
fetch(const struct obtain *o, struct obtained *ret, struct problem *problem)
{
	json_t *par = json_pack("{s:s}", "profile", o->profile);
	struct obtained got = { 0 };

	if (o->need > 0)
		json_put_int(par, "minValid",
		    o->need < MIN_VALID_MAX ? o->need : MIN_VALID_MAX);
	if (approval_call(M_CREDENTIALS, par, o->purpose, CALL_NETWORK,
		&got.reply, problem) < 0) {
		if (problem->profile == NULL)
			problem->profile = xstrdup(o->profile);
		return -1;
	}
	if (creds_from_json(got.reply, &clk_system, &got.creds) < 0) {
		obtained_done(&got);
		problem_set(problem, EXIT_FAILED, FAULT_PROTOCOL,
		    _("the agent's answer holds no usable credentials."));
		fault_next(&problem->fault,
		    "systemctl --user restart awsfedd.service");
		return -1;
	}
	got.region = json_string_value(json_object_get(got.reply, "region"));
	if (got.region != NULL && str_has_control(got.region))
		got.region = NULL;
	*ret = got;
	return 0;
}

/* By the wall clock: that is what the command will go by. */
static int64_t
left(const struct obtained *got)
{
	return got->creds->expiration_s - show_now();
}

/*
 * Seconds for which the agent can renew by itself, as far as the sign-in has
 * shown; 0: not known.
 */
static int64_t
sign_in_left(const char *profile)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *reply = NULL;
	json_t *par = json_pack("{s:s}", "profile", profile);
	const json_t *list, *one;
	const char *when;
	size_t i;
	int64_t end = 0, t;

	if (conn_ask(M_STATUS, par, CALL_SHORT, &reply, &problem) < 0)
		return 0;
	list = json_object_get(reply, "identities");
	json_array_foreach (list, i, one) {
		when =
		    json_string_value(json_object_get(one, "renewableUntil"));
		if (when != NULL && rfc3339_parse(when, &t) == 0 && t > end &&
		    str_eq(json_string_value(json_object_get(one, "state")),
			"signed-in"))
			end = t;
	}
	return end > show_now() ? end - show_now() : 0;
}

static bool
lasts(const struct obtain *o, const struct obtained *got)
{
	return o->need == 0 || left(got) + NEED_SLACK >= o->need ||
	    (o->renews && sign_in_left(o->profile) + NEED_SLACK >= o->need);
}

/* Another sign-in may last longer than what this one has left. */
static bool
ends_early(const struct obtain *o, struct problem *problem)
{
	_cleanup_free_ char *word = problem_word(o->profile);
	char has[SHOW_SIZE], need[SHOW_SIZE];
	int64_t known = sign_in_left(o->profile);

	show_left(known, has);
	show_left(o->need, need);
	problem->profile = xstrdup(o->profile);
	if (known > 0)
		problem_set(problem, EXIT_LIFETIME, FAULT_NEEDS_USER,
		    _("its sign-in can renew for about %s more, and %s are "
		      "needed."),
		    has, need);
	else
		problem_set(problem, EXIT_LIFETIME, FAULT_NEEDS_USER,
		    _("%s are needed, and it is not known that its sign-in "
		      "renews for so long."),
		    need);
	fault_next(&problem->fault, "awsfedctl login %s", word);
	return true;
}

/*
 * Why what there is does not last.  True when a sign-in could help: keys of
 * this role may live that long, these are only too old.
 */
static bool
too_short(
    const struct obtain *o, const struct obtained *got, struct problem *problem)
{
	_cleanup_free_ char *word = problem_word(o->profile);
	char has[SHOW_SIZE], need[SHOW_SIZE], life[SHOW_SIZE];
	int64_t max =
	    json_integer_value(json_object_get(got->reply, "maxDuration"));
	int64_t lifetime = got->creds->lifetime_s;

	if (o->renews)
		return ends_early(o, problem);
	show_left(left(got), has);
	show_left(o->need, need);
	show_left(lifetime, life);
	problem->profile = xstrdup(o->profile);
	if (lifetime + NEED_SLACK >= o->need) {
		problem_set(problem, EXIT_LIFETIME, FAULT_NEEDS_USER,
		    _("its credentials last %s more, and %s are needed; new "
		      "ones would last %s."),
		    has, need, life);
		fault_next(&problem->fault, "awsfedctl login %s", word);
		return true;
	}
	if (max > 0)
		problem_set(problem, EXIT_LIFETIME, FAULT_CONFIG,
		    _("%s are needed, and AWS gives its role %s at most."),
		    need, life);
	else
		problem_set(problem, EXIT_LIFETIME, FAULT_CONFIG,
		    _("%s are needed, and its credentials are issued for %s."),
		    need, life);
	fault_next(&problem->fault, "%s",
	    max > 0 ? _("have the role's maximum session duration raised, or "
			"run the command in shorter parts") :
		      _("set adfs_config.session_duration of the profile to "
			"what the role allows, and sign in again"));
	return false;
}

static bool
a_person_helps(const struct problem *p)
{
	return p->exit == EXIT_NEEDS_LOGIN || p->exit == EXIT_LIFETIME;
}

static int
look(const struct obtain *o, struct obtained *ret, struct problem *problem,
    bool *ret_offer)
{
	*ret_offer = false;
	if (fetch(o, ret, problem) < 0) {
		*ret_offer = a_person_helps(problem);
		return -1;
	}
	if (lasts(o, ret))
		return 0;
	*ret_offer = too_short(o, ret, problem);
	obtained_done(ret);
	return -1;
}

int
obtain(const struct obtain *o, struct obtained *ret, struct problem *problem)
{
	bool offer;

	if (look(o, ret, problem, &offer) == 0)
		return 0;
	if (!offer || !obtain_sign_in(o->profile, problem->fault.text))
		return -1;
	problem_done(problem);
	return look(o, ret, problem, &offer);
}
