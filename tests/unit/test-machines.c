/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants: random events, a million for each machine,
 * and after each of them everything must agree.
 *
 *   AWSFED_TEST_SEED    which events: a number, or "random"; else the same
 *                       each time, so that a check does not hang on luck
 *   AWSFED_TEST_EVENTS  how many
 */
#undef NDEBUG
#include "rig.h"

#include <assert.h>
#include <sys/random.h>
#include <unistd.h>

#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"

#include "identity.h"
#include "ledger.h"
#include "manager-int.h"
#include "methods.h"
#include "prompt.h"
#include "schedule.h"
#include "session.h"

/* ---- dice ------------------------------------------------------------------- */

static uint64_t seed, dice_state;
static unsigned long events, step;

static uint32_t
draw(uint32_t below)
{
	dice_state ^= dice_state >> 12;
	dice_state ^= dice_state << 25;
	dice_state ^= dice_state >> 27;
	return (uint32_t)((dice_state * 2685821657736338717ULL) >> 33) % below;
}

static bool
one_in(uint32_t n)
{
	return draw(n) == 0;
}

static double
fraction(void *arg)
{
	(void)arg;
	return draw(1000) / 1000.0;
}

static void
on_abort(int sig)
{
	char line[128];
	int n = snprintf(line, sizeof(line),
	    "# broken at event %lu: AWSFED_TEST_SEED=%llu\n", step,
	    (unsigned long long)seed);

	(void)sig;
	(void)!write(STDOUT_FILENO, line, (size_t)n);
}

#define SEED 3690627996ull /* of a check */

static void
prepare(void)
{
	const char *s = getenv("AWSFED_TEST_SEED");
	const char *n = getenv("AWSFED_TEST_EVENTS");
	const char *preload = getenv("LD_PRELOAD");
	uint32_t r = 1;

	xalloc_install();
	log_set_max(LOG_CRIT);
	(void)!getrandom(&r, sizeof(r), 0);
	seed = s == NULL	     ? SEED :
	    strcmp(s, "random") == 0 ? r :
				       strtoull(s, NULL, 10);
	dice_state = seed * 2 + 1;
	events = n != NULL ? strtoul(n, NULL, 10) :
	    preload != NULL && strstr(preload, "vgpreload") != NULL ? 10000 :
								      1000000;
	printf("# AWSFED_TEST_SEED=%llu, %lu events\n",
	    (unsigned long long)seed, events);
	fflush(stdout);
	signal(SIGABRT, on_abort);
}

/* Mostly a moment, sometimes hours, a suspend, a wall clock set by hand. */
static void
pass_time(struct loop *loop)
{
	switch (draw(12)) {
	case 0:
		fake_advance(loop, (int64_t)draw(7200) * USEC);
		break;
	case 1:
		fake_step_real(loop, ((int64_t)draw(7200) - 3600) * USEC);
		break;
	case 2: {
		int64_t by = (int64_t)draw(36000) * USEC;

		fake_step_real(loop, by);
		fake_step_boot(loop, by);
		break;
	}
	case 3:
	case 4:
		fake_advance(loop, (int64_t)draw(90) * USEC);
		break;
	case 5:
	case 6:
		fake_turn(loop);
		break;
	default:
		fake_advance(loop, (int64_t)draw(3000) * MSEC);
		break;
	}
}

static void
random_fault(struct fault *f)
{
	static const struct {
		enum fault_kind kind;
		enum reason reason;
	} all[] = {
		{ FAULT_TEMPORARY, REASON_OFFLINE },
		{ FAULT_TEMPORARY, REASON_BUSY },
		{ FAULT_REJECTED, REASON_PASSWORD },
		{ FAULT_DENIED, REASON_REFUSED },
		{ FAULT_NEEDS_USER, REASON_EXPIRED },
		{ FAULT_CONFIG, REASON_SETTINGS },
		{ FAULT_PROTOCOL, REASON_UNKNOWN_PAGE },
		{ FAULT_SECURITY, REASON_TLS },
		{ FAULT_CANCELLED, REASON_NONE },
		{ FAULT_INTERNAL, REASON_WORKER },
		{ FAULT_INTERNAL, REASON_NONE },
	};
	size_t i = draw(ARRAY_SIZE(all));

	fault_set(f, all[i].kind, all[i].reason, "x");
	if (f->kind == FAULT_TEMPORARY && one_in(4))
		f->retry_after = draw(4000);
}

/* ---- a worker out of its mind ---------------------------------------------------- */

#define WORKERS 32
#define TAGS 4
#define PEOPLE 16

/* What the test knows of each identity's passwords. */
static struct person {
	char *name;	    /* user @ host */
	bool refused[TAGS]; /* and nobody has signed in by hand since */
	int64_t stored[8];  /* wall clock of stored ones, newest first */
} people[PEOPLE];

static struct worker {
	struct job *job;
	bool waits;   /* for an answer */
	int password; /* of the last answer; -1 none */
	bool typed;
	struct person *person; /* of the attempt */
	int tag;
	bool tag_typed;
	int64_t asked_at; /* wall clock */
	bool went;	  /* and no outcome yet */
	bool attempted;
	bool asserted;
	bool factor;	 /* this job has met a second one */
	bool met_before; /* the sign-in before it had */
	json_t *redeem;
	char user[24];
} workers[WORKERS];

static struct loop *clock_loop;
static unsigned long gone, attempts, redeemed, assumed, served;
static bool alone;	/* one identity, so that of each job is known */
static bool met_factor; /* its last sign-in did */

static struct person *
person_of(const char *user, const char *host)
{
	_cleanup_free_ char *name = xasprintf("%s @ %s", user, host);

	for (size_t i = 0; i < PEOPLE; i++) {
		if (people[i].name == NULL)
			people[i].name = xstrdup(name);
		if (str_eq(people[i].name, name))
			return &people[i];
	}
	abort();
}

static struct worker *
worker_of(struct job *job)
{
	struct worker *vacant = NULL;

	for (size_t i = 0; i < WORKERS; i++) {
		if (workers[i].job == job)
			return &workers[i];
		if (workers[i].job == NULL)
			vacant = &workers[i];
	}
	assert(vacant != NULL);
	*vacant = (struct worker){
		.job = job, .password = -1, .met_before = met_factor
	};
	return vacant;
}

/* go is the moment of truth: may this password leave now? */
static void
judge(struct worker *w)
{
	int64_t now = w->asked_at; /* the ledger counts from there */
	struct person *p = w->person;
	int in_hour = 0;

	assert(!w->went && p != NULL);
	w->went = true;
	gone++;
	if (w->tag_typed)
		return;
	assert(!p->refused[w->tag]);
	assert(p->stored[0] == 0 || llabs(now - p->stored[0]) >= 60);
	for (size_t i = 0; i < ARRAY_SIZE(p->stored); i++)
		in_hour +=
		    p->stored[i] != 0 && llabs(now - p->stored[i]) < 3600;
	assert(in_hour < 3);
	memmove(&p->stored[1], &p->stored[0],
	    sizeof(p->stored) - sizeof(p->stored[0]));
	p->stored[0] = now;
}

static void
listen(struct job *job)
{
	struct worker *w = worker_of(job);
	const json_t *msg;

	while ((msg = fake_job_took(job)) != NULL) {
		const char *type = rig_str(msg, "type");
		const char *value = rig_str(msg, "value");

		w->waits = false;
		if (str_eq(type, W_GO)) {
			judge(w);
		} else if (str_eq(type, W_REDEEM)) {
			json_decref(w->redeem);
			w->redeem =
			    json_deep_copy(json_object_get(msg, "roles"));
			redeemed++;
		} else if (str_eq(type, W_ANSWER) && value != NULL &&
		    (str_starts(value, "per") || str_starts(value, "cmd"))) {
			/* Only a password looks like that. */
			w->password = value[3] - '0';
			w->typed = value[0] == 'p';
			/* Nobody is there whose telephone may ring. */
			assert(w->typed || !w->met_before ||
			    json_is_true(
				json_object_get(job->job, "attended")));
		} else if (str_eq(type, W_ANSWER) && value != NULL &&
		    strchr(value, '\\') != NULL) {
			snprintf(w->user, sizeof(w->user), "%s", value);
		}
	}
}

/* After every event: before anything else can excuse what was sent. */
static void
listen_all(struct jobs *jobs)
{
	struct job *job;

	for (size_t i = 0; (job = fake_job(jobs, i)) != NULL; i++)
		listen(job);
	for (size_t i = 0; i < WORKERS; i++) {
		if (workers[i].job == NULL || workers[i].job->running)
			continue;
		json_decref(workers[i].redeem);
		workers[i] = (struct worker){ 0 };
	}
	fake_jobs_forget(jobs);
}

static void
say_attempt(struct worker *w)
{
	const char *user = rig_str(w->job->job, "user");
	bool known = w->person != NULL;
	char tag[5];
	int n = w->password >= 0 ? w->password % TAGS : (int)draw(TAGS);

	if (user == NULL)
		user = w->user[0] != '\0' ? w->user : "CORP\\kim";
	snprintf(tag, sizeof(tag), "000%d", n);
	/* A second one in a job must be refused. */
	if (!known) {
		w->person = person_of(user, rig_str(w->job->job, "host"));
		w->tag = n;
		w->tag_typed = w->password >= 0 && w->typed;
		w->asked_at = clk_real(clock_loop->clk) / USEC;
	}
	attempts++;
	w->waits = w->attempted = true;
	rig_attempt(w->job, (int)draw(100), one_in(50) ? "zz" : tag, user);
}

static void
say_outcome(struct worker *w)
{
	static const char *const all[] = { OUTCOME_ACCEPTED, OUTCOME_ACCEPTED,
		OUTCOME_REJECTED, OUTCOME_UNKNOWN, OUTCOME_UNSENT, "?" };
	const char *result = all[draw(ARRAY_SIZE(all))];

	if (w->went) {
		if (str_eq(result, OUTCOME_REJECTED))
			w->person->refused[w->tag] = true;
		if (str_eq(result, OUTCOME_ACCEPTED) && w->tag_typed) {
			memset(
			    w->person->refused, 0, sizeof(w->person->refused));
			memset(w->person->stored, 0, sizeof(w->person->stored));
		}
		if (str_eq(result, OUTCOME_UNSENT) && !w->tag_typed)
			memmove(&w->person->stored[0], &w->person->stored[1],
			    sizeof(w->person->stored) -
				sizeof(w->person->stored[0]));
		w->went = false;
	}
	fake_job_pack(w->job, "{s:s,s:s}", "type", W_OUTCOME, "result", result);
}

static void
say_ask(struct worker *w)
{
	static const struct {
		const char *kind, *name;
	} all[] = {
		{ Q_SECRET, QN_PASSWORD },
		{ Q_SECRET, QN_PASSWORD },
		{ Q_TEXT, QN_USER },
		{ Q_CODE, QN_CODE },
		{ Q_SECRET, QN_TOTP },
		{ Q_CONFIRM, QN_APPROVE },
		{ Q_CONFIRM, "strange" },
		{ Q_CHOICE, QN_METHOD },
	};
	size_t i = draw(ARRAY_SIZE(all));

	w->waits = true;
	rig_ask(w->job, (int)draw(100), all[i].kind, all[i].name);
}

/* Mostly a good one. */
static void
say_factor(struct worker *w)
{
	if (one_in(4)) {
		fake_job_pack(
		    w->job, "{s:s,s:i}", "type", W_FACTOR, "method", 3);
		return;
	}
	w->factor = true;
	met_factor = alone;
	fake_job_pack(w->job, "{s:s,s:s,s:s}", "type", W_FACTOR, "method", "m",
	    "product", "p");
}

static void
say_page(struct worker *w)
{
	w->waits = true;
	fake_job_pack(w->job, one_in(4) ? "{s:s,s:i}" : "{s:s,s:i,s:s}", "type",
	    W_PAGE, "id", (int)draw(100), "skeleton", "<html>");
}

/* One that needed a password and nothing more was without a second factor. */
static void
say_assertion(struct worker *w)
{
	static const char *const sets[] = { "", "A", "AB", "ABC", "ABCDEF",
		"ABCDEF", "ABCDEF" };

	if (!w->asserted && w->attempted && !w->factor)
		met_factor = false;
	w->asserted = true;
	rig_assertion(w->job, (int)draw(100), sets[draw(ARRAY_SIZE(sets))]);
}

/* The worker of a chained session has less to say. */
static void
assume_says(struct rig *r, struct job *job)
{
	_cleanup_fault_ struct fault f = { 0 };

	switch (draw(8)) {
	case 0:
	case 1:
	case 2:
		assumed++;
		rig_credentials(r, job, rig_str(job->job, "profile"),
		    one_in(20) ? ARN("Z") : rig_str(job->job, "roleArn"),
		    one_in(10) ? (int)draw(40) - 20 : 900 + (int)draw(2700));
		break;
	case 3:
		/* AWS does not take the source's keys, or something else. */
		if (one_in(2))
			fault_set(&f, FAULT_TEMPORARY, REASON_EXPIRED, "x");
		else
			random_fault(&f);
		fake_job_say(job,
		    json_pack("{s:s,s:o}", "type", W_FAULT, "fault",
			fault_to_json(&f)));
		break;
	case 4:
		random_fault(&f);
		fake_job_end(job, one_in(3) ? &f : NULL);
		break;
	case 5:
		fake_job_end(job, NULL);
		break;
	default:
		break;
	}
}

static void
say_credentials(struct rig *r, struct worker *w)
{
	static const char *const names[] = { "a", "b", "c", "d", "zz" };
	const json_t *one = json_array_get(
	    w->redeem, draw((uint32_t)json_array_size(w->redeem) + 1));
	const char *name = rig_str(one, "profile");
	const char *role = rig_str(one, "roleArn");

	if (name == NULL || one_in(10)) {
		name = names[draw(ARRAY_SIZE(names))];
		role = one_in(2) ? ARN("A") : ARN("B");
	}
	if (one_in(8)) {
		_cleanup_fault_ struct fault f = { 0 };

		random_fault(&f);
		fake_job_say(w->job,
		    json_pack("{s:s,s:s,s:o}", "type", W_FAULT, "profile", name,
			"fault", fault_to_json(&f)));
		return;
	}
	rig_credentials(r, w->job, name, role,
	    one_in(10) ? (int)draw(40) - 20 : 900 + (int)draw(3000));
}

/* No field where one is expected, of a type that none expects. */
static void
say_garbage(struct worker *w)
{
	static const char *const types[] = { W_ASK, W_TELL, W_ATTEMPT,
		W_OUTCOME, W_COOKIES, W_ASSERTION, W_CREDENTIALS, W_FAULT, W_GO,
		"nonsense" };

	const char *type = types[draw(ARRAY_SIZE(types))];

	if (str_eq(type, W_OUTCOME) && w->went)
		w->went = false;
	if (str_eq(type, W_ATTEMPT) || str_eq(type, W_ASK))
		return; /* these have their own garbage */
	fake_job_pack(w->job, "{s:s,s:i,s:[i],s:n}", "type", type, "id", 3,
	    "cookies", 7, "roles");
}

static void
worker_says(struct rig *r, struct job *job)
{
	struct worker *w = worker_of(job);

	if (str_eq(rig_str(job->job, "job"), JOB_ASSUME)) {
		assume_says(r, job);
		return;
	}

	/* Mostly it behaves: it waits for answers, and follows them up. */
	if (w->waits && !one_in(8))
		return;
	if (w->password >= 0 && w->person == NULL && one_in(2)) {
		say_attempt(w);
		return;
	}
	if (w->went && one_in(2)) {
		say_outcome(w);
		return;
	}
	switch (draw(24)) {
	case 0:
	case 1:
	case 2:
		say_ask(w);
		break;
	case 3:
		say_attempt(w);
		break;
	case 6:
	case 7:
		say_outcome(w);
		break;
	case 8:
	case 9:
	case 10:
		say_assertion(w);
		break;
	case 11:
	case 12:
	case 13:
	case 14:
		say_credentials(r, w);
		break;
	case 15:
		fake_job_pack(job, "{s:s,s:s,s:s,s:b}", "type", W_TELL, "kind",
		    one_in(2) ? "wait" : "info", "text", "x", "push",
		    one_in(2));
		break;
	case 16:
		fake_job_pack(
		    job, "{s:s,s:[s]}", "type", W_COOKIES, "cookies", "line");
		break;
	case 17:
		say_garbage(w);
		break;
	case 4:
		if (one_in(3))
			say_factor(w);
		break;
	case 5:
		if (one_in(3))
			say_page(w);
		break;
	case 18:
		if (one_in(2)) {
			_cleanup_fault_ struct fault f = { 0 };

			random_fault(&f);
			fake_job_say(job,
			    json_pack("{s:s,s:o}", "type", W_FAULT, "fault",
				fault_to_json(&f)));
		}
		break;
	case 19: {
		_cleanup_fault_ struct fault f = { 0 };

		random_fault(&f);
		w->went = false;
		fake_job_end(job, one_in(3) ? &f : NULL);
		break;
	}
	default:
		if (w->redeem == NULL && !one_in(4))
			break;
		w->went = false;
		fake_job_end(job, NULL);
		break;
	}
}

static void
forget_people(void)
{
	for (size_t i = 0; i < PEOPLE; i++)
		xfree(people[i].name);
	memset(people, 0, sizeof(people));
	for (size_t i = 0; i < WORKERS; i++)
		json_decref(workers[i].redeem);
	memset(workers, 0, sizeof(workers));
	gone = attempts = redeemed = assumed = served = 0;
	met_factor = alone = false;
}

static struct job *
some_job(struct jobs *jobs)
{
	size_t n = fake_jobs_running(jobs), i = 0;
	struct job *job;

	if (n == 0)
		return NULL;
	n = draw((uint32_t)n);
	while ((job = fake_job(jobs, i++)) != NULL)
		if (job->running && n-- == 0)
			return job;
	return NULL;
}

static void
command_ends(struct commands *commands)
{
	for (size_t i = 0;; i++) {
		struct command *c = fake_command(commands, i);
		_cleanup_fault_ struct fault f = { 0 };
		char out[80];

		if (c == NULL)
			return;
		if (!c->running)
			continue;
		snprintf(out, sizeof(out),
		    "{\"username\":\"CORP\\\\jane\",\"password\":\"cmd%u\"}",
		    draw(TAGS));
		if (!str_eq(c->line, "command"))
			snprintf(out, sizeof(out), "%s",
			    str_eq(c->line, "totp") ? "ABC" :
						      "{\"mfa_token\":1}");
		if (one_in(4))
			random_fault(&f);
		fake_command_end(c, &f, one_in(6) ? "nonsense" : out);
		return;
	}
}

static const char *
typed(const char *name)
{
	static char text[8];

	if (str_eq(name, QN_USER))
		return one_in(2) ? "CORP\\jane" : "CORP\\kim";
	if (one_in(20))
		return "bad\nanswer";
	snprintf(text, sizeof(text), "%s%u",
	    str_eq(name, QN_PASSWORD) ? "per" : "cod", draw(TAGS));
	return str_eq(name, "strange") ? "yes" : text;
}

#define COMMANDS \
	"adfs_config.username_password_command = command\n" \
	"adfs_config.mfa_token_command = code\n" \
	"awsfed.totp_command = totp\n"

/* ---- one identity ------------------------------------------------------------------ */

static struct {
	struct identity *id;
	struct profile *profile;
	struct settings *settings;
	struct question *question;
	struct prompts *prompts;
	bool wanted, attended, watched;
	bool own; /* nobody asked for the job that runs */
	size_t failed, spent;
	int64_t began;
} lone;

static bool
lone_wanted(struct identity *id, struct want *ret, void *arg)
{
	(void)id;
	(void)arg;
	*ret =
	    (struct want){ .profile = lone.profile, .attended = lone.attended };
	return lone.wanted;
}

static bool
lone_watched(struct identity *id, void *arg)
{
	(void)id;
	(void)arg;
	return lone.watched;
}

static void
lone_asked(struct identity *id, struct question *q, void *arg)
{
	(void)arg;
	assert(lone.watched && id == lone.id);
	assert(identity_question(id) == q);
}

static void
lone_message(struct identity *id, const json_t *msg, void *arg)
{
	(void)msg;
	(void)arg;
	assert(id == lone.id);
}

static void
lone_assertion(
    struct identity *id, const char *provider, const json_t *roles, void *arg)
{
	(void)arg;
	assert(provider != NULL && json_is_array(roles));
	if (one_in(2))
		assert(identity_redeem(id, json_array()));
}

static void
lone_role(struct identity *id, const char *profile, const struct fault *fault,
    void *arg)
{
	(void)id;
	(void)arg;
	assert(profile != NULL && fault_is(fault));
}

static void
lone_ended(struct identity *id, const struct fault *fault, void *arg)
{
	(void)arg;
	assert(!identity_busy(id) && identity_question(id) == NULL);
	/* What succeeds, or never got to the host, costs nothing. */
	if (lone.own && (!fault_is(fault) || fault->reason == REASON_OFFLINE))
		lone.failed--;
	lone.own = false;
	if (one_in(2))
		lone.wanted = false;
}

static void
lone_changed(struct identity *id, void *arg)
{
	(void)id;
	(void)arg;
}

static const struct settings *
lone_settings(void *arg)
{
	(void)arg;
	return lone.settings;
}

static void
lone_event(struct rig *r)
{
	struct job *job = some_job(r->jobs);
	size_t before = fake_jobs_started(r->jobs);
	enum identity_state state = identity_state(lone.id);

	if (one_in(12)) {
		/* A wake only brings forward: it starts nothing itself. */
		identity_wake(lone.id);
		assert(identity_state(lone.id) == state);
		assert(fake_jobs_started(r->jobs) == before);
		return;
	}
	switch (draw(16)) {
	case 0:
		/* A consumer: no traffic during back-off, nor to a person. */
		lone.wanted = true;
		lone.attended = lone.attended && identity_busy(lone.id);
		identity_want(lone.id, false);
		if (state == IDENTITY_BACKOFF || state == IDENTITY_NEEDS_USER)
			assert(fake_jobs_started(r->jobs) == before);
		break;
	case 1:
		lone.wanted = lone.attended = lone.watched = true;
		assert(identity_want(lone.id, true) == IDENTITY_WILL);
		break;
	case 2:
		lone.watched = !lone.watched;
		if (!lone.watched && identity_question(lone.id) != NULL)
			identity_cancel(lone.id);
		break;
	case 3:
		if (one_in(3)) {
			lone.wanted = one_in(2);
			identity_cancel(lone.id);
		} else if (one_in(6)) {
			lone.wanted = false;
			identity_logout(lone.id);
			assert(identity_state(lone.id) == IDENTITY_SIGNED_OUT);
		}
		break;
	case 4:
		identity_redeem(lone.id, json_array());
		break;
	case 5:
	case 6: {
		struct question *q = identity_question(lone.id);

		if (q != NULL) {
			_cleanup_free_ char *qid = xstrdup(prompt_id(q));

			(void)prompt_answer(
			    lone.prompts, qid, typed(prompt_name(q)));
		}
		break;
	}
	case 7:
		command_ends(r->commands);
		break;
	case 8:
	case 9:
		pass_time(r->loop);
		break;
	default:
		if (job != NULL)
			worker_says(r, job);
		break;
	}
}

/*
 * The budget of the host: sign-ins that nobody asked for and that fail are
 * never more than 20, and one in 30 s.  A push is never sent to nobody.
 */
static void
check_polite(struct rig *r, size_t before)
{
	int64_t age = clk_boot(r->loop->clk) - lone.began;
	const struct job *job = fake_job_last(r->jobs);

	if (fake_jobs_started(r->jobs) > before) {
		assert(job != NULL);
		lone.own = !json_is_true(json_object_get(job->job, "attended"));
		lone.failed += lone.own;
		assert(!lone.own ||
		    json_integer_value(json_object_get(job->job, "pushes")) ==
			0);
	}
	assert((int64_t)lone.failed <=
	    SCHEDULE_RETRIES + age / SCHEDULE_RETRY_EVERY);
	if (identity_state(lone.id) == IDENTITY_BACKOFF)
		lone.spent += identity_fault(lone.id)->reason == REASON_BUDGET;
}

/* Somebody starts and stops it as fast as it goes: what the budget is for. */
static void
storm(struct rig *r)
{
	lone.attended = lone.watched = false;
	if (identity_question(lone.id) != NULL)
		identity_cancel(lone.id);
	for (unsigned n = 0; n < 60; n++) {
		size_t before = fake_jobs_started(r->jobs);

		lone.wanted = true;
		identity_want(lone.id, false);
		check_polite(r, before);
		identity_cancel(lone.id);
		listen_all(r->jobs);
		before = fake_jobs_started(r->jobs);
		fake_advance(r->loop, (int64_t)draw(8000) * MSEC);
		check_polite(r, before);
		listen_all(r->jobs);
		assert(identity_sane(lone.id));
	}
}

static void
test_identity(void **state)
{
	static const struct identity_ops ops = { lone_wanted, lone_watched,
		lone_asked, lone_message, lone_assertion, lone_message,
		lone_role, lone_ended, lone_changed, NULL, lone_changed, NULL };
	struct rig *r = rig_new(ONE COMMANDS);
	struct config *c =
	    config_ref((struct config *)(uintptr_t)manager_config(r->manager));
	struct identity_env env = { .loop = r->loop,
		.jobs = r->jobs,
		.commands = r->commands,
		.prompts = r->prompts,
		.ledger = r->ledger,
		.farms = r->manager->farms,
		.settings = lone_settings,
		.random = fraction,
		.ops = &ops };

	(void)state;
	lone.profile = config_find(c, "a");
	lone.settings = &c->settings;
	lone.prompts = r->prompts;
	alone = true;
	lone.id = identity_new(
	    &env, lone.profile->identity_base, "adfs.example.com", NULL);
	clock_loop = r->loop;
	lone.began = clk_boot(r->loop->clk);
	for (step = 0; step < events; step++) {
		size_t before = fake_jobs_started(r->jobs);

		lone_event(r);
		check_polite(r, before);
		listen_all(r->jobs);
		if (one_in(5000))
			storm(r);
		fake_commands_forget(r->commands);
		assert(identity_sane(lone.id));
		assert(fake_jobs_running(r->jobs) ==
		    (size_t)identity_busy(lone.id));
		if (identity_question(lone.id) != NULL)
			assert(lone.watched);
	}
	fprintf(stderr,
	    "# %zu jobs, %lu attempts, %lu passwords, %lu redeemed, "
	    "%zu times without a budget\n",
	    fake_jobs_started(r->jobs), attempts, gone, redeemed, lone.spent);
	/* The dice must have got somewhere. */
	assert(events < 10000 ||
	    (gone > events / 2000 && redeemed > 10 &&
		(events < 300000 || lone.spent > 0)));
	identity_free(lone.id);
	config_unref(c);
	rig_free(r);
	forget_people();
}

/* ---- one session --------------------------------------------------------------------- */

#define WAITS 8

static struct {
	struct session *s;
	struct profile *profiles[4];
	bool waits[WAITS]; /* who waits and has not heard */
	enum session_want verdict;
	bool asked;
	bool ends;
} solo;

static enum session_want
solo_want(struct session *s, bool attended, struct fault *fault, void *arg)
{
	(void)attended;
	(void)arg;
	assert(session_wants(s));
	solo.asked = true;
	solo.verdict = (enum session_want)draw(3);
	if (solo.verdict != SESSION_WILL)
		random_fault(fault);
	return solo.verdict;
}

static void
solo_changed(struct session *s, bool new_creds, void *arg)
{
	(void)s;
	(void)new_creds;
	(void)arg;
}

static void
solo_heard(struct session *s, void *arg)
{
	bool *waits = arg;

	assert(session_state(s) != SESSION_WAITING);
	assert(*waits);
	*waits = false;
	if (!solo.ends && one_in(10)) {
		*waits = true;
		session_wait(s, solo_heard, waits);
		session_event(s, SESSION_ATTENDED, NULL);
	}
}

static struct creds *
random_creds(const struct clk *clk)
{
	char when[RFC3339_SIZE];
	struct creds *c;
	int life = 1 + (int)draw(7200);
	json_t *j;

	rfc3339_format(clk_real(clk) / USEC + life +
		(one_in(5) ? (int)draw(400) - 200 : 0),
	    when);
	j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "roleArn", ARN("A"),
	    "accessKeyId", "ASIAEXAMPLE", "secretAccessKey", "secret",
	    "sessionToken", "token", "expiration", when, "lifetime", life);
	assert(creds_from_json(j, clk, &c) == 0);
	json_decref(j);
	return c;
}

static void
solo_event(struct loop *loop)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct session *s = solo.s;
	enum session_state before = session_state(s);
	size_t i = draw(WAITS);

	solo.asked = false;
	if (one_in(12)) {
		session_event(s, SESSION_WAKE, NULL);
		assert(!solo.asked && session_state(s) == before);
		return;
	}
	switch (draw(14)) {
	case 0:
	case 1:
	case 2:
		random_fault(&f);
		session_event(
		    s, (enum session_event)(SESSION_TEMPORARY + draw(5)), &f);
		break;
	case 3:
		session_event(s, SESSION_WANTED, NULL);
		if (before == SESSION_BACKOFF || before == SESSION_FAILED ||
		    before == SESSION_WAITING)
			assert(!solo.asked);
		break;
	case 4:
		session_event(s, SESSION_ATTENDED, NULL);
		assert(solo.asked);
		break;
	case 5:
		session_event(s, SESSION_RIDE, NULL);
		assert(session_state(s) == SESSION_WAITING);
		break;
	case 6:
		session_give(s, random_creds(loop->clk));
		assert(session_state(s) == SESSION_FRESH);
		break;
	case 7:
		if (one_in(10))
			session_adopt(s, random_creds(loop->clk));
		else if (one_in(4))
			session_event(s, SESSION_LOGOUT, NULL);
		break;
	case 8:
		session_set_profile(s, solo.profiles[draw(4)]);
		break;
	case 9:
		session_set_kept(s, one_in(2));
		break;
	case 10:
		if (solo.waits[i]) {
			session_unwait(s, &solo.waits[i]);
			solo.waits[i] = false;
		} else {
			solo.waits[i] = true;
			session_wait(s, solo_heard, &solo.waits[i]);
		}
		break;
	default:
		pass_time(loop);
		break;
	}
}

static void
test_session(void **state)
{
	static const char text[] = ONE PROFILE("b", "adfs.example.com",
	    "CORP\\jane", "A") "awsfed.autorefresh = yes\n" PROFILE("c",
	    "adfs.example.com", "CORP\\jane",
	    "A") "awsfed.autorefresh = no\n" PROFILE("d", "adfs.example.com",
	    "CORP\\jane", "B");
	static const struct session_ops ops = { solo_want, solo_changed };
	struct loop *loop = fake_loop_new();
	struct session_env env = {
		.loop = loop, .random = fraction, .ops = &ops
	};
	struct ini *doc = ini_parse(text, strlen(text));
	_cleanup_fault_ struct fault f = { 0 };
	unsigned long fresh = 0;
	struct config *c;

	(void)state;
	assert(config_parse(doc, NULL, &c, &f) == 0 && c->nprofiles == 4);
	for (size_t i = 0; i < 4; i++)
		solo.profiles[i] = c->profiles[i];
	solo.s = session_new(&env, solo.profiles[0]);
	for (step = 0; step < events; step++) {
		struct creds *creds;

		solo_event(loop);
		assert(session_sane(solo.s));
		creds = session_creds(solo.s);
		assert(creds == NULL || !creds_expired(creds, loop->clk));
		fresh += session_state(solo.s) == SESSION_FRESH;
	}
	assert(fresh > events / 100);
	/* The rest hear when it goes. */
	solo.ends = true;
	session_free(solo.s);
	for (size_t i = 0; i < WAITS; i++)
		assert(!solo.waits[i]);
	config_unref(c);
	ini_free(doc);
	fake_loop_free(loop);
}

/* ---- all of them ------------------------------------------------------------------------ */

#define JANE(name, role) PROFILE(name, "adfs.example.com", "CORP\\jane", role)
#define JOE(name, role) PROFILE(name, "adfs.example.com", "CORP\\joe", role)
#define OTHER(name, role) PROFILE(name, "sso.example.net", "CORP\\jane", role)
#define NOBODY(name, role) \
	"[profile " name "]\nadfs_config.adfs_host = third.example.org\n" \
	"adfs_config.role_arn = " ARN(role) "\n"
#define COMMAND COMMANDS
#define CHAINED(name, role, source) \
	"[profile " name \
	"]\nrole_arn = " ARN(role) "\nsource_profile = " source "\n"
#define TWIN "awsfed.deliver = file\n"
#define SECURED(name, role) \
	OTHER(name, role) \
	"awsfed.protected = yes\n" \
	"awsfed.autorefresh = yes\n" COMMAND

static const char *const configs[] = {
	JANE("a", "A") JANE("b", "B") OTHER("c", "C") COMMAND NOBODY("d",
	    "D") "[profile n]\nadfs_config.adfs_host = "
		 "adfs.example.com\nadfs_config.adfs_user "
		 "= CORP\\jane\n" CHAINED("w", "W", "a") CHAINED("x", "X", "w")
		     TWIN SECURED("p", "E") CHAINED("q", "Q", "p"),
	/* the same, with keys that a lock hides */
	JANE("a", "A") "awsfed.blank_on_lock = yes\n" JANE("b", "B") OTHER("c",
	    "C") COMMAND "awsfed.blank_on_lock = yes\n" CHAINED("w", "W", "a")
	    TWIN CHAINED("x", "X", "w") TWIN "awsfed.blank_on_lock = yes\n",
	/* a changes, b goes, d has a user; w is written itself */
	JANE("a", "B") OTHER("c", "C")
	    COMMAND PROFILE("d", "third.example.org", "CORP\\kim", "D")
		CHAINED("w", "W", "a") TWIN CHAINED("x", "X", "c") TWIN,
	/* another identity for b; other chains */
	JANE("a", "A") JOE("b", "B") OTHER("c", "C") COMMAND
	"awsfed.autorefresh = yes\n" CHAINED("w", "W", "a") CHAINED(
	    "x", "V", "w") TWIN "awsfed.autorefresh = yes\n" SECURED("p", "E"),
	/* hardly anything */
	OTHER("c", "C") COMMAND "awsfed.blank_on_lock = yes\n",
	/* a broken file keeps the old settings */
	"[profile a\nnonsense",
};

static const char *const names[] = { "a", "b", "c", "d", "n", "w", "x", "p",
	"q", "new" };

static const char *
some_name(void)
{
	return names[draw(ARRAY_SIZE(names))];
}

static bool
is_idle(struct rig *r, unsigned conn)
{
	return !r->busy[conn];
}

static char *logins[RIG_CONNS]; /* the last login of each client */

/* ---- a person's word for some keys */
static bool secured[RIG_CONNS]; /* it asks for keys of p or q */
static unsigned long allowed;	/* uses, by a person */
static char request[24];	/* the last that somebody was told of */
static unsigned asker;		/* who was asked in its own place */

static bool
is_watcher(unsigned conn)
{
	return conn == 0 || conn == 2; /* wind_down() closes even ones */
}

static void
decide(struct rig *r, unsigned conn)
{
	bool allow = !one_in(4);

	rig_call_json(r, conn, M_APPROVE,
	    json_pack("{s:s,s:b}", "request", request, "allow", allow));
	if (allow && rig_str(r->reply[conn], "error") == NULL)
		allowed++;
}

/* No keys of a secured profile without a word for each use. */
static void
hear(struct rig *r)
{
	json_t *e;

	for (unsigned conn = 0; conn < RIG_CONNS; conn++) {
		if (secured[conn] && r->reply[conn] != NULL) {
			const char *asks =
			    rig_str(r->reply[conn], "parameters.request");
			const char *of =
			    rig_str(r->reply[conn], "parameters.profile");

			if (asks != NULL) {
				snprintf(request, sizeof(request), "%s", asks);
				asker = conn;
			}
			secured[conn] = false;
			/* It may be the answer to an earlier call. */
			if (rig_str(r->reply[conn], "parameters.accessKeyId") !=
				NULL &&
			    (str_eq(of, "p") || str_eq(of, "q")))
				assert(++served <= allowed);
		}
		while (r->stream[conn] != NULL &&
		    (e = rig_next(r, conn)) != NULL) {
			if (str_eq(rig_str(e, "parameters.event"), "request"))
				snprintf(request, sizeof(request), "%s",
				    rig_str(e, "parameters.request.request"));
			json_decref(e);
		}
	}
}

static void
leave(struct rig *r, unsigned conn)
{
	rig_close(r, conn);
	xreplace(&logins[conn], NULL);
	secured[conn] = false;
}

/* What the last answer was, if it was one of a login. */
static void
next_step(struct rig *r, unsigned conn)
{
	_cleanup_json_ json_t *reply = rig_take(r, conn);
	const char *id = rig_str(reply, "parameters.login");
	const char *kind = rig_str(reply, "parameters.step.kind");
	const char *question = rig_str(reply, "parameters.step.question.id");
	const char *value;

	if (id != NULL)
		xreplace(&logins[conn], xstrdup(id));
	if (logins[conn] == NULL)
		return;
	if (str_eq(kind, STEP_DONE)) {
		assert(rig_at(reply, "parameters.step.profiles") != NULL);
		if (!one_in(5))
			xreplace(&logins[conn], NULL);
		return;
	}
	if (question == NULL || one_in(4)) {
		rig_call_json(r, conn, M_AWAIT,
		    json_pack("{s:s}", "login", logins[conn]));
		return;
	}
	value = rig_str(reply, "parameters.step.question.choices.0.value");
	if (value == NULL)
		value = str_eq(rig_str(reply, "parameters.step.question.name"),
			    QN_HOST) ?
		    "adfs.example.com" :
		    typed(rig_str(reply, "parameters.step.question.name"));
	rig_call_json(r, conn, M_ANSWER,
	    json_pack("{s:s,s:s,s:s}", "login", logins[conn], "question",
		question, "value", value));
}

static void
start_login(struct rig *r, unsigned conn)
{
	json_t *p;

	switch (draw(8)) {
	case 6: /* aws-adfs's --stdout */
		p = json_pack("{s:[s],s:s,s:b}", "profiles", some_name(),
		    "deliver", "none", "renew", one_in(2));
		if (one_in(2))
			json_object_set_new(
			    p, "roleArn", json_string(ARN("B")));
		if (one_in(4))
			json_object_set_new(p, "force", json_true());
		break;
	case 7:
		p = json_pack("{s:[s]}", "profiles", some_name());
		if (one_in(2))
			json_object_set_new(
			    p, "assertion", json_string("QUJD"));
		if (one_in(2))
			json_object_set_new(p, "chooseRole", json_true());
		break;
	case 0:
		p = json_pack("{s:b}", "all", 1);
		break;
	case 1:
		p = json_pack("{s:[s],s:s,s:s}", "profiles", some_name(),
		    "host", "adfs.example.com", "roleArn",
		    one_in(2) ? ARN("A") : ARN("B"));
		break;
	case 2:
		p = json_pack("{s:[s,s],s:b}", "profiles", some_name(),
		    some_name(), "force", 1);
		break;
	case 3:
		p = json_pack("{s:[s],s:s}", "profiles",
		    one_in(2) ? "new" : "default", "host", "adfs.example.com");
		break;
	default:
		p = json_pack("{s:[s]}", "profiles", some_name());
		break;
	}
	rig_call_json(r, conn, M_LOGIN, p);
}

/* A program asks; it must not cause traffic while its identity backs off. */
static void
consume(struct rig *r, unsigned conn)
{
	const char *name = some_name();
	struct session *s = manager_session(r->manager, name);
	struct identity *id =
	    s == NULL ? NULL : manager_identity_of(r->manager, s);
	bool away = id != NULL && identity_state(id) == IDENTITY_BACKOFF;
	/* What is assumed needs its source's keys, and no sign-in. */
	bool chained = s != NULL && session_profile(s)->kind == PROFILE_CHAINED;
	bool rests = s != NULL && session_state(s) == SESSION_BACKOFF;
	size_t before = fake_jobs_started(r->jobs);
	json_t *p = json_pack("{s:s}", "profile", name);

	if (s != NULL && session_profile(s)->protected) {
		secured[conn] = true;
		if (one_in(2))
			json_object_set_new(p, "attended", json_true());
	}
	rig_call_json(r, conn, M_CREDENTIALS, p);
	if (rests || (away && !chained))
		assert(fake_jobs_started(r->jobs) == before);
	if (!away)
		return;
	assert(identity_state(id) == IDENTITY_BACKOFF);
	assert(fake_jobs_started(r->jobs) <= before + 1);
	if (fake_jobs_started(r->jobs) > before)
		assert_str(
		    rig_str(fake_job_last(r->jobs)->job, "job"), JOB_ASSUME);
}

static void
somebody_calls(struct rig *r, unsigned conn)
{
	if (is_watcher(conn) && one_in(20)) {
		rig_stream(r, conn, M_MONITOR,
		    json_pack("{s:b}", "approvals", one_in(2)));
		return;
	}
	switch (draw(25)) {
	case 24:
		decide(r, conn);
		break;
	case 0:
	case 1:
	case 2:
	case 3:
		consume(r, conn);
		break;
	case 4:
	case 5:
	case 6:
		if (logins[conn] == NULL)
			start_login(r, conn);
		else
			next_step(r, conn);
		break;
	case 7:
		rig_call_json(r, conn, M_REFRESH,
		    one_in(2) ? NULL :
				json_pack("{s:[s]}", "profiles", some_name()));
		break;
	case 8:
		if (one_in(4))
			rig_call_json(r, conn, M_LOGOUT,
			    one_in(4) ?
				json_pack("{s:b}", "all", 1) :
				json_pack("{s:[s]}", "profiles", some_name()));
		break;
	case 9:
		if (one_in(3))
			rig_call_json(r, conn, M_STATUS, NULL);
		break;
	case 10:
		if (one_in(6)) {
			rig_config(r, configs[draw(ARRAY_SIZE(configs))]);
			rig_call_json(r, conn, M_RELOAD, NULL);
		}
		break;
	case 11: {
		/* Anybody may cancel or watch anybody's. */
		char id[24];

		snprintf(id, sizeof(id), "L%lu", 1UL + draw(200000));
		if (logins[draw(RIG_CONNS)] != NULL && one_in(3)) {
			const char *l = logins[draw(RIG_CONNS)];

			if (l != NULL)
				snprintf(id, sizeof(id), "%s", l);
		}
		rig_call_json(r, conn, one_in(4) ? M_CANCEL : M_AWAIT,
		    json_pack("{s:s}", "login", id));
		break;
	}
	case 12:
		rig_call_json(r, conn, M_ROLES,
		    json_pack("{s:s}", "profile", some_name()));
		break;
	default:
		if (r->reply[conn] != NULL || logins[conn] != NULL)
			next_step(r, conn);
		break;
	}
}

/* Mostly somebody answers at once, and who asked comes again for the keys. */
static void
answer_request(struct rig *r, unsigned conn)
{
	if (request[0] == '\0')
		return;
	if (is_idle(r, conn) && !one_in(3))
		decide(r, conn);
	if (is_idle(r, asker) && !one_in(3)) {
		secured[asker] = true;
		rig_call_json(r, asker, M_CREDENTIALS,
		    json_pack("{s:s}", "profile", one_in(3) ? "q" : "p"));
	}
	if (!one_in(3))
		request[0] = '\0';
}

static unsigned long locks; /* events while it was locked */

/* Nothing runs, and keys that are to be hidden are. */
static void
check_lock(struct rig *r)
{
	bool locked = manager_locked(r->manager);
	struct session *s;

	locks += locked;
	assert(!locked || fake_jobs_running(r->jobs) == 0);
	for (size_t i = 0; (s = manager_session_at(r->manager, i)) != NULL;
	     i++) {
		assert(session_blanked(s) ==
		    (locked && session_profile(s)->blank_on_lock));
		assert(!session_blanked(s) || session_creds(s) == NULL);
	}
}

static void
crowd_event(struct rig *r)
{
	struct job *job = some_job(r->jobs);
	unsigned conn = draw(RIG_CONNS);

	if (one_in(500)) {
		manager_lock_screen(r->manager, one_in(2));
		return;
	}
	if (one_in(manager_locked(r->manager) ? 60 : 600) && is_idle(r, conn)) {
		if (manager_locked(r->manager))
			rig_call_json(r, conn, M_UNLOCK, NULL);
		else
			rig_call_json(r, conn, M_LOCK,
			    one_in(3) ? json_pack("{s:b}", "all", 1) : NULL);
		return;
	}
	if (one_in(20)) {
		manager_wake(r->manager, (enum manager_wake)draw(WAKE_MAX));
		return;
	}
	switch (draw(16)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		answer_request(r, conn);
		if (is_idle(r, conn))
			somebody_calls(r, conn);
		break;
	case 5:
		if (one_in(6))
			leave(r, conn);
		break;
	case 6:
		command_ends(r->commands);
		break;
	case 7:
	case 8:
		pass_time(r->loop);
		break;
	case 9:
		if (one_in(40)) {
			_cleanup_fault_ struct fault f = { 0 };

			fault_set(&f, FAULT_TEMPORARY, REASON_FILE, "full");
			fake_files_fail(r->files, one_in(2) ? &f : NULL);
		} else if (one_in(10)) {
			fake_files_hold(r->files, one_in(3));
		}
		fake_turn(r->loop);
		break;
	default:
		if (job != NULL)
			worker_says(r, job);
		break;
	}
}

/* Everybody goes on to the end: then nobody may be left without an answer. */
static void
wind_down(struct rig *r)
{
	struct job *job;

	fake_files_hold(r->files, false);
	(void)manager_unlock(r->manager);
	for (unsigned conn = 0; conn < RIG_CONNS; conn += 2)
		leave(r, conn);
	for (int i = 0; i < 50; i++) {
		while ((job = some_job(r->jobs)) != NULL) {
			worker_of(job)->went = false;
			rig_fail(job, FAULT_NEEDS_USER, REASON_EXPIRED);
			fake_turn(r->loop);
			listen_all(r->jobs);
		}
		command_ends(r->commands);
		for (unsigned conn = 0; conn < RIG_CONNS; conn++)
			if (is_idle(r, conn) && logins[conn] != NULL)
				rig_call_json(r, conn, M_CANCEL,
				    json_pack("{s:s}", "login", logins[conn]));
		fake_advance(r->loop, 20 * USEC);
		listen_all(r->jobs);
		rig_check(r);
	}
	/* Questions lapse, logins end, barriers fall. */
	for (int i = 0; i < 40; i++) {
		fake_advance(r->loop, 60 * USEC);
		while ((job = some_job(r->jobs)) != NULL) {
			worker_of(job)->went = false;
			rig_fail(job, FAULT_NEEDS_USER, REASON_EXPIRED);
			fake_turn(r->loop);
			listen_all(r->jobs);
		}
		listen_all(r->jobs);
	}
	for (unsigned conn = 0; conn < RIG_CONNS; conn++)
		assert(!r->busy[conn]);
}

static void
test_manager(void **state)
{
	struct rig *r = rig_new(configs[0]);

	(void)state;
	r->keys = 1; /* those that AWS refuses are remembered by it */
	clock_loop = r->loop;
	for (step = 0; step < events; step++) {
		crowd_event(r);
		hear(r);
		listen_all(r->jobs);
		fake_commands_forget(r->commands);
		rig_check(r);
		check_lock(r);
		if (step % 20000 == 19999)
			wind_down(r);
	}
	wind_down(r);
	fprintf(stderr,
	    "# %zu calls, %zu answers, %zu jobs, %lu passwords, "
	    "%lu redeemed, %lu assumed, %lu of %lu allowed uses\n",
	    r->calls, r->replies, fake_jobs_started(r->jobs), gone, redeemed,
	    assumed, served, allowed);
	assert(events < 10000 ||
	    (gone > events / 30000 && redeemed > events / 4000 &&
		locks > events / 1000 &&
		(events < 300000 || (assumed > 10 && served > 0))));
	rig_free(r);
	for (unsigned conn = 0; conn < RIG_CONNS; conn++)
		xreplace(&logins[conn], NULL);
	forget_people();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_manager),
	};
	struct secret *keep;
	int failed;

	prepare();
	/* So that the secrets' pages are not mapped anew a million times. */
	keep = secret_new("x", 1);
	failed = RUN(tests);
	secret_free(keep);
	return failed;
}
