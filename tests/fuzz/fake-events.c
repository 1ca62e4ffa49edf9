/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the input, done to the engine; fake-engine.h has them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/clock.h"
#include "awsfed/fault.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "fake-engine-int.h"
#include "manager.h"
#include "methods.h"

#define SECONDS_MAX (2 * 86400)
#define ROLES_MAX 8
#define JOBS_KEPT 16 /* more that have ended are forgotten */

/* ---- a frame -------------------------------------------------------------------- */

/*
 * The rest with what $ stands for, as a frame: NULL when it is none.  Of a
 * client's: what is answered to it at once goes to ret_quick.
 */
static json_t *
frame(struct engine *e, const char *text, size_t len, struct buf *ret_quick)
{
	_cleanup_buf_ struct buf b = BUF_INIT(WIRE_MAX_REQUEST);
	json_t *msg = NULL;

	for (size_t i = 0; i < len; i++) {
		const char *at = text[i] != '$' || i + 1 == len ?
		    NULL :
		    memchr(ENGINE_IDS, text[i + 1], strlen(ENGINE_IDS));

		if (at == NULL) {
			if (buf_add(&b, text + i, 1) < 0)
				return NULL;
			continue;
		}
		if (buf_adds(&b, e->ids[at - ENGINE_IDS]) < 0)
			return NULL;
		i++;
	}
	if (ret_quick != NULL)
		(void)methods_quick(e->methods, b.data != NULL ? b.data : "",
		    b.data != NULL ? strlen(b.data) : 0, ret_quick);
	if (buf_add(&b, "", 1) < 0 || wire_get(&b, &msg) != 1)
		return NULL;
	return msg;
}

/* ---- a client ------------------------------------------------------------------- */

static void
hang_up(struct engine *e, unsigned i)
{
	struct engine_client *c = &e->clients[i];
	uint64_t id = c->life * ENGINE_CLIENTS + i;

	xreplace(&c->method, NULL);
	c->life++;
	methods_closed(e->methods, id);
}

static void
client(struct engine *e, unsigned i, const char *text, size_t len)
{
	struct engine_client *c = &e->clients[i];
	_cleanup_json_ json_t *msg = NULL, *none = NULL;
	struct call call;

	if (len == 0) {
		hang_up(e, i);
		return;
	}
	if (c->method != NULL)
		return;
	msg = frame(e, text, len, &e->quick);
	if (msg == NULL || call_decode(msg, &call) < 0) {
		if (e->quick.len > 0)
			engine_wrong("a quick answer to what is no call");
		hang_up(e, i); /* the socket would refuse it */
		return;
	}
	if (call.parameters == NULL)
		call.parameters = none = json_object();
	c->method = xstrdup(call.method);
	c->more = call.more;
	methods_call(e->methods, c->life * ENGINE_CLIENTS + i, call.method,
	    call.parameters, call.more);
	if (e->quick.len > 0)
		engine_wrong("a quick answer to what waits");
}

/* ---- a worker ------------------------------------------------------------------- */

static struct job *
youngest(struct engine *e)
{
	struct job *last = NULL, *job;

	for (size_t i = 0; (job = fake_job(e->jobs, i)) != NULL; i++)
		if (job->running)
			last = job;
	return last;
}

static struct job *
oldest(struct engine *e)
{
	struct job *job;

	for (size_t i = 0; (job = fake_job(e->jobs, i)) != NULL; i++)
		if (job->running)
			return job;
	return NULL;
}

/* job.c passes messages of known types only. */
static bool
known_type(const json_t *msg)
{
	static const char *const names[] = { W_ASK, W_TELL, W_FACTOR, W_PAGE,
		W_ATTEMPT, W_OUTCOME, W_ASSERTION, W_CREDENTIALS, W_COOKIES,
		W_ALIASES, W_CONSOLE, W_FAULT };
	const char *type = json_string_value(json_object_get(msg, "type"));

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(type, names[i]))
			return true;
	return false;
}

static void
die(struct job *job)
{
	_cleanup_fault_ struct fault f = { 0 };

	fault_set(&f, FAULT_INTERNAL, REASON_WORKER, "It died.");
	fake_job_end(job, &f);
}

static void
worker(struct engine *e, struct job *job, const char *text, size_t len)
{
	json_t *msg;

	if (job == NULL)
		return;
	msg = frame(e, text, len, NULL);
	if (msg == NULL || !known_type(msg)) {
		json_decref(msg);
		die(job);
		return;
	}
	fake_job_say(job, msg);
	engine_trace("worker", text, len);
}

/* What the agent has said since. */
static const json_t *
took(struct job *job, const char *type)
{
	const json_t *msg, *last = NULL;

	while ((msg = fake_job_took(job)) != NULL)
		if (str_eq(
			json_string_value(json_object_get(msg, "type")), type))
			last = msg;
	return last;
}

static void
credentials(struct engine *e, struct job *job, const json_t *role)
{
	char when[RFC3339_SIZE];
	int64_t life = 3600;
	json_t *msg = json_pack("{s:s,s:s,s:s,s:s}", "type", W_CREDENTIALS,
	    "accessKeyId", "ASIAEXAMPLE", "secretAccessKey", e->marker,
	    "sessionToken", "token");

	rfc3339_format(clk_real(e->loop->clk) / USEC + life, when);
	json_put_str(msg, "expiration", when);
	json_put_int(msg, "lifetime", life);
	json_object_set(msg, "profile", json_object_get(role, "profile"));
	json_object_set(msg, "roleArn", json_object_get(role, "roleArn"));
	fake_job_say(job, msg);
}

static void
sign_in(struct engine *e, struct job *job, const char *letters, size_t len)
{
	json_t *list = json_array(), *one;
	const json_t *redeem;
	size_t i;

	for (i = 0; i < len && i < ROLES_MAX; i++) {
		char arn[64] = "arn:aws:iam::000000000001:role/X";

		if (letters[i] < 'A' || letters[i] > 'Z')
			continue;
		arn[strlen(arn) - 1] = letters[i];
		json_array_append_new(list,
		    json_pack("{s:s,s:s}", "roleArn", arn, "principalArn",
			"arn:aws:iam::000000000001:saml-provider/adfs"));
	}
	(void)took(job, W_REDEEM);
	fake_job_say(job,
	    json_pack("{s:s,s:i,s:o,s:s}", "type", W_ASSERTION, "id", 77,
		"roles", list, "expires", "2030-01-01T00:00:00Z"));
	if (!job->running)
		return;
	redeem = took(job, W_REDEEM);
	/* A person chooses first: the rest is for lines to come. */
	if (redeem == NULL)
		return;
	json_array_foreach (json_object_get(redeem, "roles"), i, one)
		if (job->running)
			credentials(e, job, one);
	if (job->running)
		fake_job_end(job, NULL);
}

/* Job "assume" or "console": its own answer. */
static void
succeed(struct engine *e, struct job *job, const char *text, size_t len)
{
	const char *kind = job == NULL ?
	    NULL :
	    json_string_value(json_object_get(job->job, "job"));

	if (str_eq(kind, JOB_SIGNIN)) {
		sign_in(e, job, text, len);
		return;
	}
	if (str_eq(kind, JOB_ASSUME))
		credentials(e, job, job->job);
	if (str_eq(kind, JOB_CONSOLE))
		fake_job_say(job,
		    json_pack("{s:s,s:s}", "type", W_CONSOLE, "url",
			"https://signin.aws.amazon.com/federation?x=1"));
	if (job != NULL && job->running)
		fake_job_end(job, NULL);
}

/* ---- a command ------------------------------------------------------------------- */

static struct command *
last_command(struct engine *e)
{
	struct command *last = NULL, *c;

	for (size_t i = 0; (c = fake_command(e->commands, i)) != NULL; i++)
		if (c->running)
			last = c;
	return last;
}

static void
end_command(struct command *c, bool well, const char *text, size_t len)
{
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *out = xstrndup(text, len);

	if (c == NULL)
		return;
	if (!well)
		fault_set(&f, FAULT_CONFIG, REASON_SETTINGS, "It failed.");
	fake_command_end(c, well ? NULL : &f, well ? out : NULL);
}

void
engine_end_commands(struct engine *e)
{
	struct command *c;

	while ((c = last_command(e)) != NULL) {
		end_command(c, false, "", 0);
		fake_settle(e->loop);
	}
}

/* ---- the lines --------------------------------------------------------------------- */

static int64_t
number(const char *text, size_t len)
{
	int64_t n = 0;

	for (size_t i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		if ((n = n * 10 + text[i] - '0') > SECONDS_MAX)
			return SECONDS_MAX;
	return n;
}

static void
files_fail(struct engine *e)
{
	_cleanup_fault_ struct fault f = { 0 };

	fault_set(&f, FAULT_TEMPORARY, REASON_FILE, "The disk is full.");
	fake_files_fail(e->files, &f);
}

static void
other_line(struct engine *e, char what, const char *rest, size_t len)
{
	struct job *job = youngest(e);

	switch (what) {
	case 'w':
		worker(e, job, rest, len);
		break;
	case 'v':
		worker(e, oldest(e), rest, len);
		break;
	case 's':
		succeed(e, job, rest, len);
		break;
	case 'e':
		if (job != NULL)
			fake_job_end(job, NULL);
		break;
	case 'd':
		if (job != NULL)
			die(job);
		break;
	case 'p':
	case 'q':
		end_command(last_command(e), what == 'p', rest, len);
		break;
	case 't':
		fake_advance(e->loop, number(rest, len) * USEC);
		break;
	case 'c':
		engine_config(e, (unsigned)number(rest, len));
		break;
	case 'f':
		files_fail(e);
		break;
	case 'g':
		fake_files_fail(e->files, NULL);
		break;
	case 'n':
		manager_wake(e->manager,
		    (enum manager_wake)(number(rest, len) % WAKE_MAX));
		break;
	}
}

void
engine_line(struct engine *e, const char *line, size_t len)
{
	if (len == 0 || e->lines++ >= ENGINE_LINES_MAX)
		return;
	engine_trace("line", line, len);
	if (line[0] >= '0' && line[0] < '0' + ENGINE_CLIENTS)
		client(e, (unsigned)(line[0] - '0'), line + 1, len - 1);
	else
		other_line(e, line[0], line + 1, len - 1);
	fake_settle(e->loop);
	if (fake_jobs_started(e->jobs) > JOBS_KEPT)
		fake_jobs_forget(e->jobs);
}

void
engine_lines(struct engine *e, const char *text, size_t len)
{
	while (len > 0) {
		const char *eol = memchr(text, '\n', len);
		size_t n = eol == NULL ? len : (size_t)(eol - text);

		engine_line(e, text, n);
		n += eol != NULL;
		text += n;
		len -= n;
	}
}
