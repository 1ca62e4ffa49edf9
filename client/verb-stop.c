/* SPDX-License-Identifier: Apache-2.0 */
/* awsfedctl stop: ends an agent that no service manager looks after. */
#include <errno.h>
#include <stdlib.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"

#define END_MS (20 * 1000) /* it finishes its writes first */

static const struct option_info options[] = { { 0 } };

/* It closes its connections last of all: then its lock is free. */
static void
wait_for_end(struct conn *c)
{
	_cleanup_problem_ struct problem ignored = { 0 };
	json_t *more = NULL;

	if (conn_next(c, END_MS, &more, &ignored) == 0)
		json_decref(more);
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_json_ json_t *reply = NULL;
	int status, i, r;

	i = cli_options(v, argc, argv, NULL, NULL, &status);
	if (i < 0)
		return status;
	if (i < argc)
		return cli_usage(v, "%s", _("it takes no names."));
	r = conn_open(&c, &problem);
	if (r == -ENOENT || r == -ECONNREFUSED) {
		puts(_("no agent is running"));
		return EXIT_OK;
	}
	if (r < 0 ||
	    conn_call(c, M_STOP, NULL, CALL_SHORT, &reply, &problem) < 0)
		return problem_report(&problem);
	wait_for_end(c);
	puts(_("the agent has ended; profiles keep their keys until those "
	       "expire"));
	return EXIT_OK;
}

const struct verb verb_stop = {
	.name = "stop",
	.usage = "",
	.summary = N_("End an agent that login has started"),
	.details = N_("What systemd started is ended by: systemctl --user stop "
		      "awsfedd.socket awsfedd.service"),
	.options = options,
	.run = run,
};
