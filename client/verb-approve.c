/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedctl approve: a person confirms each use of a protected profile.  It
 * watches until it is ended; while it does, programs that cannot ask by
 * themselves (credential_process) wait for its answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "approval.h"
#include "cli.h"
#include "conn.h"
#include "signals.h"
#include "term.h"

#define TEXT_BYTES 2048

enum { OPT_PROFILE = 1, OPT_LIST, OPT_ONCE };

static const struct option_info options[] = {
	{ "profile", OPT_PROFILE, "PROFILE",
	    N_("requests for this profile alone") },
	{ "list", OPT_LIST, NULL, N_("show what waits, and end") },
	{ "once", OPT_ONCE, NULL, N_("end after the first answer") },
	{ 0 },
};

struct approve {
	const char *profile;
	bool list, once;
};

static int
set(void *arg, int id, const char *value)
{
	struct approve *a = arg;

	if (id == OPT_PROFILE)
		a->profile = value;
	else if (id == OPT_LIST)
		a->list = true;
	else
		a->once = true;
	return 0;
}

static const char *
text_of(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

static bool
meant(const struct approve *a, const json_t *request)
{
	return a->profile == NULL ||
	    str_eq(text_of(request, "profile"), a->profile);
}

static int
list(const struct approve *a, struct problem *problem)
{
	_cleanup_json_ json_t *reply = NULL;
	json_t *request;
	size_t i, n = 0;

	if (conn_ask(M_APPROVALS, NULL, CALL_SHORT, &reply, problem) < 0)
		return problem_report(problem);
	json_array_foreach (json_object_get(reply, "requests"), i, request) {
		_cleanup_free_ char *text = NULL, *cgroup = NULL;
		const char *group = json_string_value(json_object_get(
		    json_object_get(request, "peer"), "cgroup"));

		if (!meant(a, request) || text_of(request, "text") == NULL)
			continue;
		text = str_clean(text_of(request, "text"), TEXT_BYTES);
		printf("%s\n", text);
		if (group != NULL) {
			cgroup = str_clean(group, TEXT_BYTES);
			printf("  %s\n", cgroup);
		}
		n++;
	}
	if (n == 0)
		puts(_("nothing waits to be allowed"));
	return EXIT_OK;
}

/* The person's word goes by a connection of its own. */
static int
answer(const json_t *request, bool allow, struct problem *problem)
{
	_cleanup_json_ json_t *reply = NULL;

	if (conn_ask(M_APPROVE,
		json_pack("{s:s,s:b}", "request", text_of(request, "request"),
		    "allow", allow),
		CALL_SHORT, &reply, problem) == 0) {
		puts(allow ? _("allowed, this once") : _("not allowed"));
		return 0;
	}
	if (!str_eq(problem->error, E_NO_SUCH_REQUEST))
		return -1;
	problem_done(problem);
	puts(_("too late: it does not wait any more"));
	return 0;
}

static int
watch(const struct approve *a, struct conn *c, struct problem *problem)
{
	printf(_("waiting for requests%s%s; Ctrl-C ends it\n"),
	    a->profile != NULL ? _(" for ") : "",
	    a->profile != NULL ? a->profile : "");
	fflush(stdout);
	for (;;) {
		_cleanup_json_ json_t *event = NULL;
		const json_t *request;
		enum approval said;
		int r = conn_next(c, -1, &event, problem);

		if (r == -EINTR)
			return EXIT_OK;
		if (r < 0)
			return problem_report(problem);
		request = json_object_get(event, "request");
		if (!str_eq(text_of(event, "event"), "request") ||
		    !meant(a, request) || text_of(request, "text") == NULL ||
		    text_of(request, "request") == NULL)
			continue;
		said = approval_confirm(text_of(request, "text"));
		if (said == APPROVAL_GONE)
			return EXIT_OK;
		if (answer(request, said == APPROVAL_YES, problem) < 0)
			return problem_report(problem);
		fflush(stdout);
		if (a->once)
			return EXIT_OK;
	}
}

static int
run(const struct verb *v, int argc, char **argv)
{
	_cleanup_problem_ struct problem problem = { 0 };
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_term_ struct term *t = NULL;
	struct approve a = { 0 };
	int status, i;

	i = cli_options(v, argc, argv, set, &a, &status);
	if (i < 0)
		return status;
	if (i < argc && a.profile == NULL)
		a.profile = argv[i++];
	if (i < argc || (a.profile != NULL && cli_check_profile(a.profile) < 0))
		return cli_usage(v, "%s", _("name one profile, or none."));
	if (a.list)
		return list(&a, &problem);
	t = term_open();
	if (t == NULL) {
		problem_set(&problem, EXIT_FAILED, FAULT_NEEDS_USER, "%s",
		    _("there is no terminal on which a person could allow "
		      "anything."));
		fault_next(
		    &problem.fault, "%s", _("awsfedctl approve in a terminal"));
		return problem_report(&problem);
	}
	signals_hold();
	if (conn_open(&c, &problem) < 0 ||
	    conn_stream(
		c, M_MONITOR, json_pack("{s:b}", "approvals", 1), &problem) < 0)
		return problem_report(&problem);
	return watch(&a, c, &problem);
}

const struct verb verb_approve = {
	.name = "approve",
	.usage = N_("[PROFILE] [--list] [--once]"),
	.summary = N_("Confirm the uses of protected profiles"),
	.details =
	    N_("Watches until Ctrl-C, and asks for each request for keys of a "
	       "profile with\n"
	       "awsfed.protected = yes, naming the program that asks. Each "
	       "answer is for one use."),
	.options = options,
	.run = run,
};
