/* SPDX-License-Identifier: Apache-2.0 */
#undef NDEBUG
#include "rig.h"

#include <assert.h>
#include <unistd.h>

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"

#include "chain.h"
#include "credfile.h"
#include "fake-vault.h"
#include "identity-int.h"
#include "ledger.h"
#include "manager-int.h"
#include "methods.h"
#include "prompt.h"
#include "recorder.h"
#include "session.h"

/* ---- the graph ------------------------------------------------------------ */

static double
dice(void *arg)
{
	return ((struct rig *)arg)->random;
}

/* login-target.c looks at the disk, the writer wrote to the fake. */
static void
to_disk(struct rig *r)
{
	const char *text = fake_files_text(r->files, r->config);
	FILE *f = fopen(r->config, "w");
	int closed;

	assert(f != NULL);
	fputs(text != NULL ? text : "", f);
	closed = fclose(f);
	assert(closed == 0);
}

static int
load(struct config **ret, struct fault *fault, void *arg)
{
	struct rig *r = arg;
	const char *text = fake_files_text(r->files, r->config);
	_cleanup_ini_ struct ini *doc = ini_parse(
	    text != NULL ? text : "", text != NULL ? strlen(text) : 0);

	_cleanup_ini_ struct ini *set = r->settings == NULL ?
	    NULL :
	    ini_parse(r->settings, strlen(r->settings));

	to_disk(r);
	if (config_parse(doc, set, ret, fault) < 0)
		return -1;
	xreplace(&(*ret)->path, xstrdup(r->config));
	xreplace(&(*ret)->credentials_path, xstrdup(r->credentials));
	return 0;
}

static void
on_reply(uint64_t conn, json_t *reply, bool last, void *arg)
{
	struct rig *r = arg;

	unsigned slot = (unsigned)(conn % RIG_CONNS);

	assert(last != json_is_true(json_object_get(reply, "continues")));
	if (conn / RIG_CONNS != r->lives[slot]) {
		json_decref(reply); /* that one hung up */
		return;
	}
	assert(r->busy[slot] && r->reply[slot] == NULL);
	if (!last) {
		assert(r->stream[slot] != NULL);
		json_array_append_new(r->stream[slot], reply);
		return;
	}
	r->replies++;
	r->busy[slot] = false;
	r->reply[slot] = reply;
}

void
rig_settings(struct rig *r, const char *text)
{
	xreplace(&r->settings, xstrdup(text));
}

void
rig_config(struct rig *r, const char *text)
{
	fake_files_put(r->files, r->config, text);
	to_disk(r);
}

struct rig *
rig_new(const char *config)
{
	struct rig *r = xcalloc(1, sizeof(*r));
	_cleanup_fault_ struct fault f = { 0 };

	xalloc_install();
	log_set_max(LOG_CRIT);
	r->random = 0.5;
	r->dir = xstrdup("/tmp/awsfed-rig-XXXXXX");
	assert(mkdtemp(r->dir) != NULL);
	r->config = xasprintf("%s/config", r->dir);
	r->credentials = xasprintf("%s/credentials", r->dir);
	r->attempts = xasprintf("%s/attempts", r->dir);
	r->loop = fake_loop_new();
	r->jobs = fake_jobs_new();
	r->files = fake_files_new(r->loop);
	r->commands = fake_commands_new();
	r->prompts = prompts_new(r->loop);
	r->ledger = ledger_new(r->attempts, r->files, r->loop->clk);
	r->pages = xasprintf("%s/pages", r->dir);
	r->recorder = recorder_new(r->files, r->pages);
	rig_config(r, config);
	r->vault = fake_vault_new(r->loop);
	r->secrets = r->dir;
	r->manager = manager_new(&(struct manager_env){
	    .loop = r->loop,
	    .jobs = r->jobs,
	    .commands = r->commands,
	    .prompts = r->prompts,
	    .ledger = r->ledger,
	    .recorder = r->recorder,
	    .files = r->files,
	    .vault = &r->vault->vault,
	    .credentials = r->secrets,
	    .random = dice,
	    .load = load,
	    .arg = r,
	});
	assert(manager_reload(r->manager, NULL, &f) == 0);
	r->credfile = credfile_new(r->manager);
	r->methods = methods_new(r->manager, NULL, on_reply, r);
	return r;
}

void
rig_free(struct rig *r)
{
	if (r == NULL)
		return;
	manager_hush(r->manager);
	fake_files_free(r->files);
	methods_free(r->methods);
	credfile_free(r->credfile);
	if (r->done != NULL)
		r->done(r);
	manager_free(r->manager);
	fake_vault_free(r->vault);
	ledger_free(r->ledger);
	recorder_free(r->recorder);
	xfree(r->pages);
	prompts_free(r->prompts);
	fake_commands_free(r->commands);
	fake_jobs_free(r->jobs);
	fake_loop_free(r->loop);
	unlink(r->config);
	rmdir(r->dir);
	for (size_t i = 0; i < RIG_CONNS; i++) {
		json_decref(r->reply[i]);
		json_decref(r->stream[i]);
	}
	xfree(r->settings);
	xfree(r->dir);
	xfree(r->config);
	xfree(r->credentials);
	xfree(r->attempts);
	xfree(r);
}

/* ---- a client ---------------------------------------------------------------- */

static uint64_t
conn_id(const struct rig *r, unsigned conn)
{
	return r->lives[conn] * RIG_CONNS + conn;
}

/* What is answered at once is what would have been answered. */
static void
same(struct rig *r, unsigned conn, const struct buf *quick)
{
	_cleanup_buf_ struct buf out = BUF_INIT(WIRE_MAX_REPLY);

	r->quicks++;
	if (r->reply[conn] == NULL || wire_put(&out, r->reply[conn]) < 0 ||
	    out.len != quick->len ||
	    memcmp(out.data, quick->data, out.len) != 0)
		abort();
}

static void
call(
    struct rig *r, unsigned conn, const char *method, json_t *params, bool more)
{
	_cleanup_buf_ struct buf text = BUF_INIT(WIRE_MAX_REPLY),
				 answer = BUF_INIT(WIRE_MAX_REPLY);
	_cleanup_json_ json_t *msg = NULL;
	bool quick;

	assert(conn < RIG_CONNS && !r->busy[conn]);
	json_decref(r->reply[conn]);
	r->reply[conn] = NULL;
	r->busy[conn] = true;
	r->calls++;
	if (params == NULL)
		params = json_object();
	msg = call_new(method, json_incref(params));
	if (more)
		json_object_set_new(msg, "more", json_true());
	if (wire_put(&text, msg) < 0)
		abort();
	quick = methods_quick(r->methods, text.data, text.len - 1, &answer);
	methods_call(r->methods, conn_id(r, conn), method, params, more);
	json_decref(params);
	if (quick)
		same(r, conn, &answer);
	else if (answer.len > 0)
		abort();
}

void
rig_call_json(struct rig *r, unsigned conn, const char *method, json_t *params)
{
	call(r, conn, method, params, false);
}

void
rig_stream(struct rig *r, unsigned conn, const char *method, json_t *params)
{
	json_decref(r->stream[conn]);
	r->stream[conn] = json_array();
	call(r, conn, method, params, true);
}

json_t *
rig_next(struct rig *r, unsigned conn)
{
	json_t *part = json_incref(json_array_get(r->stream[conn], 0));

	json_array_remove(r->stream[conn], 0);
	return part;
}

void
rig_call(struct rig *r, unsigned conn, const char *method, const char *fmt, ...)
{
	json_t *params = NULL;
	va_list ap;

	if (fmt != NULL) {
		va_start(ap, fmt);
		params = json_vpack_ex(NULL, 0, fmt, ap);
		va_end(ap);
		assert(params != NULL);
	}
	rig_call_json(r, conn, method, params);
	fake_settle(r->loop);
}

void
rig_close(struct rig *r, unsigned conn)
{
	uint64_t id = conn_id(r, conn);

	r->busy[conn] = false;
	json_decref(r->stream[conn]);
	r->stream[conn] = NULL;
	r->lives[conn]++;
	methods_closed(r->methods, id);
}

json_t *
rig_take(struct rig *r, unsigned conn)
{
	return STEAL(r->reply[conn]);
}

const json_t *
rig_at(const json_t *j, const char *path)
{
	char key[64];

	while (*path != '\0' && j != NULL) {
		size_t n = strcspn(path, ".");

		assert(n < sizeof(key));
		memcpy(key, path, n);
		key[n] = '\0';
		path += path[n] == '.' ? n + 1 : n;
		j = json_is_array(j) ? json_array_get(j, (size_t)atoi(key)) :
				       json_object_get(j, key);
	}
	return j;
}

const char *
rig_str(const json_t *j, const char *path)
{
	return json_string_value(rig_at(j, path));
}

/* ---- a worker ------------------------------------------------------------------ */

struct job *
rig_job(struct rig *r)
{
	struct job *job = fake_job_last(r->jobs);

	assert(job != NULL && job->running);
	return job;
}

void
rig_ask(struct job *job, int id, const char *kind, const char *name)
{
	fake_job_pack(job, "{s:s,s:i,s:s,s:s,s:s}", "type", W_ASK, "id", id,
	    "kind", kind, "name", name, "label", name);
}

void
rig_attempt(struct job *job, int id, const char *tag, const char *user)
{
	fake_job_pack(job, "{s:s,s:i,s:s,s:s}", "type", W_ATTEMPT, "id", id,
	    "tag", tag, "user", user);
}

void
rig_assertion(struct job *job, int id, const char *roles)
{
	json_t *list = json_array();

	for (; *roles != '\0'; roles++) {
		_cleanup_free_ char *arn = xasprintf(ARN("%c"), *roles);

		json_array_append_new(list,
		    json_pack("{s:s,s:s}", "roleArn", arn, "principalArn",
			"arn:aws:iam::000000000001:saml-provider/adfs"));
	}
	fake_job_pack(job, "{s:s,s:i,s:o,s:s}", "type", W_ASSERTION, "id", id,
	    "roles", list, "expires", "2030-01-01T00:00:00Z");
}

void
rig_credentials(struct rig *r, struct job *job, const char *profile,
    const char *role, int life)
{
	char when[RFC3339_SIZE], id[32] = "ASIAEXAMPLE";

	if (r->keys > 0)
		snprintf(id, sizeof(id), "ASIA%lu", r->keys++);
	rfc3339_format(clk_real(r->loop->clk) / USEC + life, when);
	fake_job_pack(job, "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i}", "type",
	    W_CREDENTIALS, "profile", profile, "roleArn", role, "accessKeyId",
	    id, "secretAccessKey", "secret", "sessionToken", "token",
	    "expiration", when, "lifetime", life);
}

void
rig_succeed(struct rig *r, struct job *job, const char *roles)
{
	const json_t *redeem, *list, *one;
	size_t i;

	rig_assertion(job, 77, roles);
	redeem = rig_took(job, W_REDEEM);
	list = json_object_get(redeem, "roles");
	json_array_foreach (list, i, one)
		rig_credentials(r, job, rig_str(one, "profile"),
		    rig_str(one, "roleArn"), 3600);
	fake_job_end(job, NULL);
	fake_settle(r->loop);
}

void
rig_fail(struct job *job, enum fault_kind kind, enum reason reason)
{
	_cleanup_fault_ struct fault f = { 0 };

	fault_set(&f, kind, reason, "It failed.");
	fake_job_say(job,
	    json_pack(
		"{s:s,s:o}", "type", W_FAULT, "fault", fault_to_json(&f)));
	fake_job_end(job, NULL);
}

const json_t *
rig_took(struct job *job, const char *type)
{
	const json_t *msg = fake_job_took(job);

	if (msg == NULL)
		fail_msg("the worker was sent nothing, not %s", type);
	assert_string_equal(rig_str(msg, "type"), type);
	return msg;
}

/* ---- looking at it ------------------------------------------------------------- */

const char *
rig_state(struct rig *r, const char *profile)
{
	struct session *s = manager_session(r->manager, profile);

	return s == NULL ? "none" : session_state_name(session_state(s));
}

const char *
rig_identity(struct rig *r, size_t i)
{
	return identity_state_name(
	    identity_state(manager_identity_at(r->manager, i)));
}

/* A chained one that waits or is held: who calls it? */
static void
check_chained(struct rig *r, struct session *s)
{
	struct session *parent =
	    manager_session(r->manager, session_profile(s)->source_profile);

	/* The end of the lock calls all. */
	if (!session_wants(s) || chain_comes(r->manager->chain, s) ||
	    manager_locked(r->manager))
		return;
	assert(session_state(s) == SESSION_BACKOFF && parent != NULL);
	assert(session_state(parent) == SESSION_BACKOFF ||
	    session_state(parent) == SESSION_FAILED);
}

static void
check_member(struct rig *r, const struct member *mb)
{
	struct session *s = mb->session;
	bool own = r->loop->ops->timer_armed != NULL && !session_wants(s);

	assert(session_sane(s));
	assert(session_creds(s) == NULL ||
	    !creds_expired(session_creds(s), r->loop->clk));
	if (mb->orphan)
		assert(!session_wants(s));
	if (mb->identity == NULL) {
		check_chained(r, s);
		return;
	}
	/* Who waits is waited for. */
	if (session_state(s) == SESSION_WAITING)
		assert(identity_comes(mb->identity));
	/* Without a timer of its own, its identity's must bring it back. */
	if (session_state(s) == SESSION_BACKOFF && !own)
		assert(identity_comes(mb->identity) ||
		    identity_state(mb->identity) == IDENTITY_BACKOFF ||
		    manager_locked(r->manager));
}

void
rig_check(struct rig *r)
{
	struct manager *m = r->manager;
	size_t running = 0;

	for (size_t i = 0; i < m->nidentities; i++) {
		struct identity *id = m->identities[i];

		assert(identity_sane(id));
		running += identity_busy(id);
		if (identity_question(id) != NULL)
			assert(m->logins.watched(id, m->logins.arg));
	}
	running += manager_assuming(r->manager);
	assert(running == fake_jobs_running(r->jobs));
	for (size_t i = 0; i < m->nmembers; i++)
		check_member(r, &m->members[i]);
}
