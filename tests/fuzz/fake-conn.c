/* SPDX-License-Identifier: Apache-2.0 */
/* In place of client/conn.c and client/launch.c: answers from the input. */
#include "fake-conn.h"

#include <errno.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "conn.h"
#include "launch.h"

struct fake_client fake;

struct conn {
	json_t *error;
};

static json_t *
next_line(void)
{
	const char *eol = memchr(fake.lines, '\n', fake.left);
	size_t n = eol == NULL ? fake.left : (size_t)(eol - fake.lines);
	_cleanup_buf_ struct buf b = BUF_INIT(WIRE_MAX_REPLY);
	json_t *msg = NULL;
	bool good = buf_add(&b, fake.lines, n) == 0 &&
	    buf_add(&b, "", 1) == 0 && wire_get(&b, &msg) == 1;

	n += eol != NULL;
	fake.lines += n;
	fake.left -= n;
	return good ? msg : NULL;
}

static int
gone(struct problem *problem)
{
	problem_set(problem, EXIT_NO_AGENT, FAULT_TEMPORARY,
	    "the agent went away before it had answered.");
	fault_next(&problem->fault, "awsfedctl status");
	return -1;
}

/* As conn_call(): the parameters, or -1 with what the error says. */
static int
answer(struct conn *c, json_t **ret, struct problem *problem)
{
	_cleanup_json_ json_t *reply = NULL;
	json_t *result;

	if (fake.left == 0 || ++fake.calls > FAKE_CALLS_MAX)
		return gone(problem);
	reply = next_line();
	if (reply == NULL)
		return gone(problem);
	json_decref(c->error);
	c->error = NULL;
	if (json_object_get(reply, "error") != NULL) {
		c->error = json_incref(json_object_get(reply, "parameters"));
		problem_from_reply(problem, reply);
		return -1;
	}
	result = json_object_get(reply, "parameters");
	if (!json_is_object(result))
		return gone(problem);
	*ret = json_incref(result);
	return 0;
}

int
conn_open(struct conn **ret, struct problem *problem)
{
	(void)problem;
	*ret = xcalloc(1, sizeof(**ret));
	return 0;
}

int
launch(struct conn **ret, struct problem *problem)
{
	return conn_open(ret, problem);
}

struct conn *
conn_free(struct conn *c)
{
	if (c != NULL) {
		json_decref(c->error);
		xfree(c);
	}
	return NULL;
}

void
conn_freep(struct conn **c)
{
	*c = conn_free(*c);
}

int
conn_call(struct conn *c, const char *method, json_t *parameters, int timeout,
    json_t **ret, struct problem *problem)
{
	(void)method;
	(void)timeout;
	json_decref(parameters);
	return answer(c, ret, problem);
}

json_t *
conn_error(const struct conn *c)
{
	return c->error;
}

int
conn_stream(struct conn *c, const char *method, json_t *parameters,
    struct problem *problem)
{
	(void)c;
	(void)method;
	(void)problem;
	json_decref(parameters);
	return 0;
}

int
conn_next(struct conn *c, int timeout, json_t **ret, struct problem *problem)
{
	(void)timeout;
	return answer(c, ret, problem);
}

void
conn_tick(struct conn *c, void (*fn)(void *arg), void *arg)
{
	(void)c;
	(void)fn;
	(void)arg;
}

int
conn_ask(const char *method, json_t *parameters, int timeout, json_t **ret,
    struct problem *problem)
{
	_cleanup_conn_ struct conn *c = NULL;

	(void)conn_open(&c, problem);
	return conn_call(c, method, parameters, timeout, ret, problem);
}
