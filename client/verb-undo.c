/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl undo: takes back the agent's last write to an AWS file. */
#include <stdlib.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"
#include "show.h"

enum { OPT_JSON = 1 };

static const struct option_info options[] = {
	{ "json", OPT_JSON, NULL, N_("the agent's own answer, as JSON") },
	{ 0 },
};

static int
set(void *arg, int id, const char *value)
{
	(void)id;
	(void)value;
	*(bool *)arg = true;
	return 0;
}

static void
tell(const json_t *reply)
{
	_cleanup_free_ char *path = show_text(reply, "path");
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(reply, "sections"), i, o) {
		_cleanup_free_ char *section = show_text(o, "section");
		const char *did = json_string_value(json_object_get(o, "did"));
		long long n = json_integer_value(json_object_get(o, "keys"));

		if (section == NULL || path == NULL)
			continue;
		if (str_eq(did, "removed"))
			printf(_("[%s] was taken out of %s\n"), section, path);
		else
			printf(ngettext("[%s] of %s is as it was before (%lld "
					"key)\n",
				   "[%s] of %s is as it was before (%lld "
				   "keys)\n",
				   (unsigned long)n),
			    section, path, n);
	}
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_json_ json_t *reply = NULL;
	bool json = false;
	int status, i;

	i = cli_options(v, argc, argv, set, &json, &status);
	if (i < 0)
		return status;
	if (i < argc)
		return cli_usage(v, "%s",
		    _("it takes no names: the last "
		      "write is taken back."));
	if (conn_ask(M_UNDO, json_object(), CALL_SHORT, &reply, &problem) < 0)
		return problem_report(&problem);
	if (json) {
		json_dumpf(reply, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		tell(reply);
	}
	return EXIT_OK;
}

const struct verb verb_undo = {
	.name = "undo",
	.usage = "[--json]",
	.summary = N_("Take back the agent's last write to an AWS file"),
	.details =
	    N_("The sections that the last login changed, in the credentials "
	       "file or in the\nconfig file, become what they were; what "
	       "others wrote meanwhile stays. Called\nagain it goes one "
	       "write further back."),
	.options = options,
	.run = run,
};
