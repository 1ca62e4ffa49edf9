/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl list: profiles and roles in the form that aws-adfs prints. */
#include <stdlib.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "show.h"

static const struct option_info options[] = { { 0 } };

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *reply = NULL;
	const json_t *list;
	json_t *o;
	int status, i;
	size_t k;

	i = cli_options(v, argc, argv, NULL, NULL, &status);
	if (i < 0)
		return status;
	if (i < argc)
		return cli_usage(v, "%s", _("it takes no names."));
	if (conn_ask(M_STATUS, NULL, CALL_SHORT, &reply, &problem) < 0)
		return problem_report(&problem);
	list = json_object_get(reply, "profiles");
	/* Scripts read these lines: they are not translated. */
	puts(json_array_size(list) == 0 ? "No defined profiles" :
					  "Available profiles:");
	json_array_foreach (list, k, o) {
		_cleanup_free_ char *name = show_text(o, "profile");
		_cleanup_free_ char *arn = show_text(o, "roleArn");

		printf(" * %-30s | %s\n", name != NULL ? name : "",
		    arn != NULL ? arn : "");
	}
	return EXIT_OK;
}

const struct verb verb_list = {
	.name = "list",
	.usage = "",
	.summary = N_("List profiles and roles as aws-adfs does"),
	.options = options,
	.run = run,
};
