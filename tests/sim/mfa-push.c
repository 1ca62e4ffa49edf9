/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A push to somebody's phone, what becomes of it, and the admin's decision.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/rand.h>

#include <awsfed/xalloc.h>

#include "http.h"
#include "mfa-int.h"

/* Which number is shown after so many polls. */
static void
set_number(struct mfa *m)
{
	_cleanup_strv_ struct strv list = { 0 };
	struct mfa_run *run = m->run;
	unsigned char byte = 0;

	sim_list(m->sim->opt.mfa_numbers, &list);
	if (list.n > 0) {
		size_t i = (size_t)run->polls < list.n ? (size_t)run->polls :
							 list.n - 1;

		snprintf(run->number, sizeof(run->number), "%s",
		    str_eq(list.v[i], "none") ? "" : list.v[i]);
	} else if (run->polls == 0 && RAND_bytes(&byte, 1) == 1) {
		snprintf(
		    run->number, sizeof(run->number), "%02d", 10 + byte % 90);
	}
}

void
mfa_push(struct mfa *m)
{
	m->run->pushed = sim_now();
	m->run->verdict = PUSH_NONE;
	m->run->polls = 0;
	m->user->factor.pushes++;
	m->sim->count.pushes++;
	set_number(m);
	sim_log(m->sim, "push sent to %s", m->user->name);
}

enum push
mfa_push_state(struct mfa *m)
{
	const char *answer = m->user->factor.answer;
	struct mfa_run *run = m->run;
	int64_t age = sim_now() - run->pushed, wait = 0;

	if (run->pushed == 0)
		return PUSH_NONE;
	run->polls++;
	set_number(m);
	if (run->verdict == PUSH_NONE) {
		if (age < 0 || age >= m->sim->opt.push_seconds)
			run->verdict = PUSH_EXPIRED;
		else if (answer == NULL || str_eq(answer, "approve"))
			run->verdict = PUSH_APPROVED;
		else if (str_eq(answer, "deny"))
			run->verdict = PUSH_DENIED;
		else if (str_starts(answer, "wait-") &&
		    str_int(answer + 5, 0, 3600, &wait) == 0 && age >= wait)
			run->verdict = PUSH_APPROVED;
	}
	if (run->verdict == PUSH_NONE)
		return PUSH_PENDING;
	run->pushed = 0;
	return run->verdict;
}

/*
 * Others may end the run in the meantime (the admin, or the same browser that
 * starts again), so it is looked up each time: m->run is NULL when it is gone.
 */
enum push
mfa_push_wait(struct mfa *m)
{
	_cleanup_free_ char *context = xstrdup(m->run->context);
	enum push state;

	m->v->m = NULL;
	while ((state = mfa_push_state(m)) == PUSH_PENDING) {
		bool stop;

		sim_unlock(m->sim);
		stop = http_nap(30);
		sim_lock(m->sim);
		for (m->run = m->sim->runs; m->run != NULL;
		     m->run = m->run->next)
			if (str_eq(m->run->context, context))
				break;
		if (m->run == NULL || stop) {
			visit_show_error(m->v, 200, "MSIS7012",
			    "An error occurred while processing the "
			    "request.");
			return PUSH_NONE;
		}
	}
	return state;
}

const char *
mfa_push_text(enum push state)
{
	return state == PUSH_DENIED ?
	    "You denied the sign-in request on your phone." :
	    state == PUSH_EXPIRED ? "We did not hear from you in time." :
				    NULL;
}

/* "push": who waits; with "decision": approve or deny, perhaps a number. */
const char *
mfa_admin_push(struct sim *s, const json_t *args, json_t *reply)
{
	const char *verdict =
	    json_string_value(json_object_get(args, "decision"));
	const char *name = json_string_value(json_object_get(args, "name"));
	const char *number = json_string_value(json_object_get(args, "number"));
	json_t *list = json_array();

	json_object_set_new(reply, "pushes", list);
	for (struct mfa_run *run = s->runs; run != NULL; run = run->next) {
		if (run->pushed == 0 || run->verdict != PUSH_NONE)
			continue;
		json_array_append_new(list,
		    json_pack("{s:s,s:s,s:s,s:I,s:I}", "user", run->user,
			"adapter", run->name, "number", run->number, "age",
			(json_int_t)(sim_now() - run->pushed), "polls",
			(json_int_t)run->polls));
		if (verdict == NULL || name == NULL ||
		    strcasecmp(run->user, name) != 0)
			continue;
		if (!str_eq(verdict, "approve") && !str_eq(verdict, "deny"))
			return "a decision is approve or deny";
		run->verdict = str_eq(verdict, "deny") ||
			(number != NULL && !str_eq(number, run->number)) ?
		    PUSH_DENIED :
		    PUSH_APPROVED;
		return NULL;
	}
	return verdict == NULL ? NULL : "no push to this user is in flight";
}
