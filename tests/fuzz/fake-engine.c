/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of main.c on fakes, and clients that look at every answer. */
#include "fake-engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "attention.h"
#include "credfile.h"
#include "fake-engine-int.h"
#include "feed.h"
#include "fuzz.h"
#include "hooks.h"
#include "known.h"
#include "ledger.h"
#include "manager-state.h"
#include "manager.h"
#include "methods.h"
#include "prompt.h"
#include "recorder.h"
#include "twin.h"
#include "undo.h"

void
engine_wrong(const char *what)
{
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

/* FUZZ_TRACE in the environment: what happens is printed. */
void
engine_trace(const char *what, const char *text, size_t len)
{
	static int on = -1;

	if (on < 0)
		on = getenv("FUZZ_TRACE") != NULL;
	if (on > 0)
		printf("# %s %.*s\n", what, (int)len, text);
}

uint64_t
engine_hash(const uint8_t *data, size_t size)
{
	uint64_t hash = 14695981039346656037ULL;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 1099511628211ULL;
	return hash;
}

/* ---- the files ---------------------------------------------------------------- */

#define PROFILE(name, host, user, role) \
	"[profile " name "]\n" \
	"adfs_config.adfs_host = " host "\n" user \
	"adfs_config.role_arn = arn:aws:iam::000000000001:role/" role "\n" \
	"region = us-east-1\n"
#define JANE "adfs_config.adfs_user = CORP\\jane\n"
#define A PROFILE("a", "adfs.example.com", JANE, "A")
#define B PROFILE("b", "adfs.example.com", JANE, "B")
#define C PROFILE("c", "other.example.com", "", "C")
#define W \
	"[profile w]\nrole_arn = arn:aws:iam::000000000001:role/W\n" \
	"source_profile = a\n"

static const char *const configs[] = {
	/* The first is at the start. */
	A B C W "awsfed.deliver = process\n",
	A "awsfed.protected = true\nawsfed.blank_on_lock = true\n" B
	  "awsfed.password_store = memory\n"
	  "awsfed.password_command = get\n" C
	  "awsfed.totp = command\nawsfed.totp_command = totp\n" W,
	A,
	W "[profile a\n",
	"",
	C "awsfed.deliver = none\n" B "adfs_config.password_command = x\n",
};

#define SETTINGS \
	"[awsfed]\non_refresh = notify\non_needs_login = beep\n" \
	"notifications = yes\n"

static int
read_config(const char *text, struct config **ret, struct fault *fault)
{
	_cleanup_ini_ struct ini *doc = ini_parse(text, strlen(text));
	_cleanup_ini_ struct ini *set =
	    ini_parse(SETTINGS, sizeof(SETTINGS) - 1);

	if (config_parse(doc, set, ret, fault) < 0)
		return -1;
	xreplace(&(*ret)->path, xstrdup(ENGINE_CONFIG));
	xreplace(
	    &(*ret)->credentials_path, xstrdup(ENGINE_FOLDER "/credentials"));
	return 0;
}

/* Ours are read once for all runs: that would be most of the time. */
static int
load(struct config **ret, struct fault *fault, void *arg)
{
	static struct config *known[ARRAY_SIZE(configs)];
	struct engine *e = arg;
	const char *text = fake_files_text(e->files, ENGINE_CONFIG);

	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		if (!str_eq(text, configs[i]))
			continue;
		if (known[i] == NULL && read_config(text, &known[i], fault) < 0)
			return -1;
		*ret = config_ref(known[i]);
		return 0;
	}
	return read_config(text != NULL ? text : "", ret, fault);
}

void
engine_config(struct engine *e, unsigned which)
{
	const char *text = configs[which % ARRAY_SIZE(configs)];

	fake_disk_config(text, clk_real(e->loop->clk) / USEC);
	fake_files_put(e->files, ENGINE_CONFIG, text);
	manager_look(e->manager);
}

/* ---- answers ------------------------------------------------------------------- */

/* The last id of that name anywhere in the answer. */
static void
remember(struct engine *e, const char *text, size_t len)
{
	static const struct {
		const char *key;
		char letter;
	} all[] = { { "\"login\":\"", 'L' }, { "\"question\":{\"id\":\"", 'Q' },
		{ "\"survey\":\"", 'S' }, { "\"request\":\"", 'R' },
		{ "\"digest\":\"", 'D' } };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const char *p =
		    memmem(text, len, all[i].key, strlen(all[i].key));
		size_t n;

		if (p == NULL)
			continue;
		p += strlen(all[i].key);
		n = strcspn(p, "\"");
		if (n < ENGINE_ID_SIZE)
			snprintf(e->ids[i], ENGINE_ID_SIZE, "%.*s", (int)n, p);
	}
}

static bool
may_have_keys(const struct engine_client *c)
{
	return str_eq(c->method, M_CREDENTIALS) || str_eq(c->method, M_LOGIN) ||
	    str_eq(c->method, M_ANSWER) || str_eq(c->method, M_AWAIT);
}

static void
on_reply(uint64_t conn, json_t *reply, bool last, void *arg)
{
	struct engine *e = arg;
	struct engine_client *c = &e->clients[conn % ENGINE_CLIENTS];
	_cleanup_buf_ struct buf out = BUF_INIT(WIRE_MAX_REPLY);

	if (last == json_is_true(json_object_get(reply, "continues")))
		engine_wrong("an answer that does not know whether it ends");
	if (json_object_get(reply, "parameters") == NULL)
		engine_wrong("an answer without parameters");
	if (wire_put(&out, reply) < 0)
		engine_wrong("an answer that cannot be sent");
	json_decref(reply);
	if (e->quick.len > 0 &&
	    (e->quick.len != out.len ||
		memcmp(e->quick.data, out.data, out.len) != 0))
		engine_wrong("a quick answer that is not the answer");
	buf_reset(&e->quick);
	if (conn / ENGINE_CLIENTS != c->life)
		return; /* that one hung up */
	engine_trace("answer", out.data, out.len);
	if (c->method == NULL)
		engine_wrong("an answer that nobody asked for");
	if (!last && !c->more)
		engine_wrong("several answers to who wants one");
	if (memmem(out.data, out.len, e->marker, strlen(e->marker)) != NULL &&
	    !may_have_keys(c))
		engine_wrong("a secret key in the answer of another method");
	remember(e, out.data, out.len);
	if (last)
		xreplace(&c->method, NULL);
}

static void
on_stop(void *arg)
{
	(void)arg;
}

static int
on_offer(const char *profile, char **ret_url, char **ret_file,
    struct fault *fault, void *arg)
{
	(void)fault;
	(void)arg;
	*ret_url = xasprintf("http://127.0.0.1:1/awsfed/v1/%s", profile);
	*ret_file = xstrdup("/run/token");
	return 0;
}

/* ---- up and down ----------------------------------------------------------------- */

static double
half(void *arg)
{
	(void)arg;
	return 0.5;
}

static void
no_line(
    int priority, const char *line, const struct log_field *fields, void *arg)
{
	(void)priority;
	(void)fields;
	(void)arg;
	engine_trace("log", line, strlen(line));
}

static void
build_manager(struct engine *e)
{
	struct fault f = { 0 };

	e->loop = fake_loop_new();
	e->jobs = fake_jobs_new();
	e->files = fake_files_new(e->loop);
	e->commands = fake_commands_new();
	e->prompts = prompts_new(e->loop);
	e->ledger = ledger_new("/nonexistent/attempts", e->files, e->loop->clk);
	e->recorder = recorder_new(e->files, "/nonexistent/pages");
	e->known = known_new("/nonexistent/roles.json", e->files);
	e->undo = undo_new();
	e->vault = fake_vault_new(e->loop);
	fake_files_put(e->files, ENGINE_CONFIG, configs[0]);
	e->manager = manager_new(&(struct manager_env){
	    .loop = e->loop,
	    .jobs = e->jobs,
	    .commands = e->commands,
	    .prompts = e->prompts,
	    .ledger = e->ledger,
	    .recorder = e->recorder,
	    .known = e->known,
	    .undo = e->undo,
	    .files = e->files,
	    .vault = &e->vault->vault,
	    .random = half,
	    .load = load,
	    .arg = e,
	});
	if (manager_reload(e->manager, NULL, &f) < 0)
		engine_wrong(f.text);
}

struct engine *
engine_new(uint64_t marker)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	xalloc_install();
	json_object_seed(1); /* the same run each time */
	log_hook(no_line, NULL);
	log_set_max(LOG_INFO);
	fuzz_keep();
	setenv("TZ", "UTC0", 1); /* localtime() would ask the disk */
	fake_disk_config(configs[0], FAKE_EPOCH / USEC - 60);
	snprintf(e->marker, sizeof(e->marker), "sk%016llx",
	    (unsigned long long)marker);
	build_manager(e);
	e->credfile = credfile_new(e->manager);
	e->twins = twins_new(e->manager, "/usr/bin/awsfedctl");
	buf_init(&e->quick, WIRE_MAX_REPLY);
	e->methods = methods_new(e->manager, NULL, on_reply, e);
	methods_set_endpoint(e->methods, on_offer, e);
	methods_set_stop(e->methods, on_stop, e);
	e->feed = feed_new(e->manager, "/nonexistent/status");
	e->hooks = hooks_new(e->manager);
	e->attention = attention_new(e->manager);
	fake_settle(e->loop);
	return e;
}

struct manager *
engine_manager(struct engine *e)
{
	return e->manager;
}

/* Whoever still waits must hear something now. */
static void
last_call(struct engine *e)
{
	struct job *job;

	fake_files_fail(e->files, NULL);
	manager_lock(e->manager, LOCKED_BY_COMMAND);
	fake_settle(e->loop);
	for (size_t i = 0; (job = fake_job(e->jobs, i)) != NULL; i++)
		if (job->running)
			engine_wrong("a job runs although it is locked");
	engine_end_commands(e);
	fake_advance(e->loop, 60 * USEC);
	for (size_t i = 0; i < ENGINE_CLIENTS; i++) {
		const struct engine_client *c = &e->clients[i];

		if (c->method != NULL && !str_eq(c->method, M_MONITOR))
			engine_wrong("a call that is never answered");
	}
}

static void
sane(struct engine *e)
{
	_cleanup_json_ json_t *image = NULL;

	if (!manager_sane(e->manager))
		engine_wrong("the engine does not agree with itself");
	image = manager_export(e->manager, true);
	if (image == NULL)
		engine_wrong("no image of the engine");
}

void
engine_free(struct engine *e)
{
	sane(e);
	last_call(e);
	sane(e);
	buf_done(&e->quick);
	manager_hush(e->manager);
	fake_files_free(e->files);
	methods_free(e->methods);
	attention_free(e->attention);
	hooks_free(e->hooks);
	feed_free(e->feed);
	credfile_free(e->credfile);
	twins_free(e->twins);
	manager_free(e->manager);
	fake_vault_free(e->vault);
	ledger_free(e->ledger);
	recorder_free(e->recorder);
	known_free(e->known);
	undo_free(e->undo);
	prompts_free(e->prompts);
	fake_commands_free(e->commands);
	fake_jobs_free(e->jobs);
	fake_loop_free(e->loop);
	for (size_t i = 0; i < ENGINE_CLIENTS; i++)
		xfree(e->clients[i].method);
	xfree(e);
}
