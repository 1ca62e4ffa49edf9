/* SPDX-License-Identifier: Apache-2.0 */
#include "survey.h"

#include <stdio.h>

#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "supply.h"
#include "talk.h"

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

int
survey_run(const char *verb, json_t *parameters, bool aliases,
    json_t **ret_done, struct problem *problem)
{
	_cleanup_supply_ struct supply *supply = supply_new();
	_cleanup_json_ json_t *done = NULL;
	struct talk talk = { .supply = supply, .verb = verb };

	json_object_set_new(parameters, "survey", json_true());
	if (aliases)
		json_object_set_new(parameters, "aliases", json_true());
	talk_environment(parameters);
	if (talk_login(&talk, parameters, &done, problem) < 0)
		return -1;
	if (fault_from_json(json_object_get(done, "fault"), &problem->fault) ==
	    0) {
		problem->exit = fault_exit(problem->fault.kind);
		return -1;
	}
	if (!json_is_array(json_object_get(done, "roles"))) {
		problem_set(problem, EXIT_FAILED, FAULT_PROTOCOL,
		    _("the agent signed in, but did not say for which roles."));
		fault_next(&problem->fault,
		    "systemctl --user restart awsfedd.service");
		return -1;
	}
	tell_warnings(done);
	*ret_done = STEAL(done);
	return 0;
}
