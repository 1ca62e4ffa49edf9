/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl reload: the agent reads its configuration again. */
#include <stdlib.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"

static const struct option_info options[] = { { 0 } };

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_json_ json_t *reply = NULL;
	const json_t *changed;
	json_t *name;
	int status, i;
	size_t k;

	i = cli_options(v, argc, argv, NULL, NULL, &status);
	if (i < 0)
		return status;
	if (i < argc)
		return cli_usage(v, "%s", _("it takes no names."));
	if (conn_ask(M_RELOAD, NULL, CALL_SHORT, &reply, &problem) < 0)
		return problem_report(&problem);
	changed = json_object_get(reply, "changed");
	json_array_foreach (changed, k, name) {
		_cleanup_free_ char *text =
		    str_clean(json_string_value(name), 512);

		if (text != NULL)
			printf(_("%s changed\n"), text);
	}
	if (fault_from_json(json_object_get(reply, "fault"), &f) == 0) {
		fflush(stdout);
		problem_show_fault(NULL, &f, stderr);
		return fault_exit(f.kind);
	}
	if (json_array_size(changed) == 0)
		puts(_("no profile changed"));
	return EXIT_OK;
}

const struct verb verb_reload = {
	.name = "reload",
	.usage = "",
	.summary = N_("Make the agent read the AWS config and its settings "
		      "again"),
	.options = options,
	.run = run,
};
