/* SPDX-License-Identifier: Apache-2.0 */
#include "approval.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "conn.h"
#include "term.h"

#define BUSY_TRIES 30
#define BUSY_PAUSE 150000 /* microseconds */
#define TEXT_BYTES 2048

/* Is there a terminal, and are we in front of it? */
static bool
has_person(void)
{
	_cleanup_close_ int fd =
	    open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd >= 0 && tcgetpgrp(fd) == getpgrp();
}

enum approval
approval_confirm(const char *text)
{
	_cleanup_close_ int fd =
	    open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	_cleanup_free_ char *clean = str_clean(text, TEXT_BYTES),
			    *prompt = NULL, *line = NULL;
	_cleanup_term_ struct term *t = term_open();

	if (t == NULL || fd < 0 || clean == NULL)
		return APPROVAL_GONE;
	(void)tcflush(fd, TCIFLUSH);
	prompt = xasprintf(_("%s [y/N] "), clean);
	if (term_line(t, prompt, true, &line) != LINE_OK)
		return APPROVAL_GONE;
	str_trim(line);
	return str_caseeq(line, "y") || str_caseeq(line, "yes") ? APPROVAL_YES :
								  APPROVAL_NO;
}

/* The person of this terminal has been asked.  0: allowed. */
static int
ask_here(struct conn *c, struct problem *problem)
{
	_cleanup_json_ json_t *details = json_incref(conn_error(c));
	_cleanup_json_ json_t *reply = NULL;
	const char *request =
	    json_string_value(json_object_get(details, "request"));
	const char *profile =
	    json_string_value(json_object_get(details, "profile"));
	const char *label = json_string_value(
	    json_object_get(json_object_get(details, "question"), "label"));
	enum approval a;

	if (request == NULL || label == NULL)
		return -1; /* *problem says what came */
	problem_done(problem);
	a = approval_confirm(label);
	if (conn_call(c, M_APPROVE,
		json_pack("{s:s,s:b}", "request", request, "allow",
		    a == APPROVAL_YES),
		CALL_SHORT, &reply, problem) < 0)
		return -1;
	if (a == APPROVAL_YES)
		return 0;
	problem_set(problem, EXIT_REFUSED, FAULT_DENIED, "%s",
	    _("its use was not allowed; it is a protected profile."));
	fault_next(&problem->fault, "%s",
	    _("run the command again, and answer y to allow it"));
	problem->profile = str_clean(profile, 256);
	return -1;
}

static int
call_once(const char *method, json_t *parameters, int timeout, json_t **ret,
    struct problem *problem)
{
	_cleanup_conn_ struct conn *c = NULL;
	int r;

	if (conn_open(&c, problem) < 0)
		return -1;
	r = conn_call(
	    c, method, json_incref(parameters), timeout, ret, problem);
	if (r == 0 || !str_eq(problem->error, E_NEEDS_APPROVAL))
		return r;
	if (ask_here(c, problem) < 0)
		return -1;
	/* On the same connection: it is this one that was allowed. */
	return conn_call(
	    c, method, json_incref(parameters), timeout, ret, problem);
}

int
approval_call(const char *method, json_t *parameters, const char *purpose,
    int timeout, json_t **ret, struct problem *problem)
{
	_cleanup_free_ char *why =
	    purpose != NULL ? str_clean(purpose, 200) : NULL;
	int r = -1;

	json_put_str(parameters, "purpose", why);
	if (has_person())
		json_object_set_new(parameters, "attended", json_true());
	for (int tries = 0; tries < BUSY_TRIES; tries++) {
		problem_done(problem);
		r = call_once(method, parameters, timeout, ret, problem);
		if (r == 0 || !str_eq(problem->error, E_BUSY))
			break;
		usleep(BUSY_PAUSE);
	}
	json_decref(parameters);
	return r;
}
