/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedctl console: a browser signed in to the AWS console as a profile.  The
 * address is a key to the account for a quarter of an hour: it is never an
 * argument of another program, and is printed only where that was asked for.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "approval.h"
#include "cli.h"
#include "conn.h"
#include "deliver.h"
#include "hand.h"
#include "obtain.h"
#include "term.h"

enum {
	OPT_PROFILE = 1,
	OPT_SERVICE,
	OPT_REGION,
	OPT_PRINT,
	OPT_OPEN,
	OPT_COPY
};

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("the profile; the same as naming it without the option") },
	{ "service", OPT_SERVICE, "SERVICE",
	    N_("the page to begin with, such as s3 or ec2") },
	{ "region", OPT_REGION, "REGION",
	    N_("the region; the default is the profile's") },
	{ "print", OPT_PRINT, NULL,
	    N_("print the address, which signs in whoever has it") },
	{ "open", OPT_OPEN, NULL,
	    N_("open it in the browser; the default on a desktop") },
	{ "copy", OPT_COPY, NULL, N_("put it on the clipboard") },
	{ 0 },
};

struct request {
	const struct verb *verb;
	const char *profile;
	json_t *par;
	int way; /* OPT_PRINT, OPT_OPEN, OPT_COPY or 0 */
};

static void
request_done(struct request *r)
{
	json_decref(r->par);
}

static int
set(void *arg, int id, const char *value)
{
	struct request *r = arg;

	switch (id) {
	case OPT_PROFILE:
		r->profile = value;
		return 0;
	case OPT_SERVICE:
		return cli_put(r->verb, r->par, "service", "--service", value);
	case OPT_REGION:
		return cli_put(r->verb, r->par, "region", "--region", value);
	default:
		if (r->way != 0 && r->way != id)
			return cli_usage(r->verb, "%s",
			    _("--print, --open and --copy exclude each "
			      "other."));
		r->way = id;
		return 0;
	}
}

/* On a terminal it stays in the scroll-back: only after a yes. */
static int
confirm(struct problem *problem)
{
	_cleanup_term_ struct term *t =
	    isatty(STDOUT_FILENO) ? term_open() : NULL;
	_cleanup_free_ char *line = NULL;

	if (t == NULL) {
		problem_set(problem, EXIT_FAILED, FAULT_CONFIG,
		    _("there is no desktop to open a browser on, and the "
		      "address is a secret."));
		fault_next(
		    &problem->fault, "%s", _("say --print, --copy or --open"));
		return -1;
	}
	if (term_line(t,
		_("Whoever has the address is signed in as this profile for "
		  "15 minutes. Print it here? [y/N] "),
		true, &line) == LINE_OK &&
	    (str_caseeq(str_trim(line), "y") || str_caseeq(line, "yes")))
		return 0;
	problem_set(problem, EXIT_FAILED, FAULT_CANCELLED,
	    _("the address was not asked for."));
	fault_next(&problem->fault, "%s", _("say --copy or --open"));
	return -1;
}

/* 0 with the reply; a sign-in is offered once, as in exec. */
static int
fetch(const struct request *r, json_t **ret, struct problem *problem)
{
	if (approval_call(M_CONSOLE, json_incref(r->par), "console",
		CALL_NETWORK, ret, problem) == 0)
		return 0;
	if (problem->profile == NULL)
		problem->profile = xstrdup(r->profile);
	if (problem->exit != EXIT_NEEDS_LOGIN ||
	    !obtain_sign_in(r->profile, problem->fault.text))
		return -1;
	problem_done(problem);
	return approval_call(M_CONSOLE, json_incref(r->par), "console",
	    CALL_NETWORK, ret, problem);
}

static int
open_page(const json_t *reply, struct problem *problem)
{
	const char *path = json_string_value(json_object_get(reply, "page"));
	_cleanup_free_ char *to = str_clean(
	    json_string_value(json_object_get(reply, "destination")), 256);

	if (path == NULL || *path != '/' || str_has_control(path))
		return deliver_odd_address(problem);
	if (hand_open(path, problem) < 0)
		return -1;
	fprintf(stderr, _("Opened %s in the browser.\n"),
	    to != NULL ? to : _("the console"));
	return 0;
}

static int
give_url(const struct request *r, const json_t *reply, struct problem *problem)
{
	const char *url, *how;

	if (r->way != OPT_COPY)
		return deliver_address(reply, problem);
	if ((url = deliver_address_of(reply, problem)) == NULL)
		return -1;
	if (hand_copy(url, &how, problem) < 0)
		return -1;
	fprintf(stderr,
	    _("The address was given to %s. It signs in whoever has "
	      "it, for 15 minutes.\n"),
	    how);
	return 0;
}

static int
go(struct request *r, struct problem *problem)
{
	_cleanup_json_ json_t *reply = NULL;

	if (r->way == 0 && hand_desktop())
		r->way = OPT_OPEN;
	if (r->way == 0 && confirm(problem) < 0)
		return -1;
	json_object_set_new(r->par, "profile", json_string(r->profile));
	if (r->way == OPT_OPEN)
		json_object_set_new(r->par, "page", json_true());
	if (fetch(r, &reply, problem) < 0)
		return -1;
	return r->way == OPT_OPEN ? open_page(reply, problem) :
				    give_url(r, reply, problem);
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_(request_done) struct request r = { .verb = v,
		.par = json_object() };
	_cleanup_problem_ struct problem problem = { 0 };
	int status;

	if (cli_one_profile(v, argc, argv, set, &r, &r.profile, &status) < 0)
		return status;
	return go(&r, &problem) == 0 ? EXIT_OK : problem_report(&problem);
}

const struct verb verb_console = {
	.name = "console",
	.usage = N_("[PROFILE] [--service SERVICE] [--region REGION] "
		    "[--open | --copy | --print]"),
	.summary = N_("Open the AWS console as a profile"),
	.details =
	    N_("On a desktop the browser is opened. The address is a secret "
	       "for 15 minutes: it is not\n"
	       "printed unless --print says so, or you say yes at the "
	       "terminal."),
	.options = options,
	.run = run,
};
