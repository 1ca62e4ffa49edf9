/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "child.h"
#include "loop.h"

#define OUT_MAX (4 * WIRE_MAX_WORKER) /* unsent bytes for one worker */
#define READ_SIZE 65536
#define AFTER_DONE_MS 5000 /* a worker's time to leave after "done" */
/* The worker keeps the same limit, and has better words for it. */
#define GRACE (2 * USEC)
#define AFTER_EOF (2 * USEC) /* to learn how it ended */
#define PATIENCE_MAX 3600    /* seconds that a worker may wait for a person */

LIST_HEAD(job_list, job);

struct real_jobs {
	struct jobs jobs;
	struct loop *loop;
	struct children *children;
	char *worker;
	struct job_list list;
};

enum job_state {
	JOB_RUNS,
	JOB_EOF, /* the socket ended, its exit status has not come yet */
	JOB_OVER /* ended() is due, or was called, or never will be */
};

struct job {
	struct real_jobs *rj;
	enum job_state state;
	struct child *child; /* NULL: gone or never there */
	int fd;
	struct event *ev_read, *ev_write;
	struct buf in, out;
	int64_t limit;	     /* microseconds */
	int64_t patience;    /* boot clock: it waits for a person until then */
	struct timer *timer; /* limit, or after EOF, or the deferred end */
	struct fault fault;  /* what the deferred end will say */
	struct job_handler handler;
	void *arg;
	bool busy; /* inside message(): cancel only marks */
	bool cancelled;
	LIST_ENTRY(job) entry;
};

/* ---- its end ------------------------------------------------------------------ */
static void
close_socket(struct job *job)
{
	if (job->ev_read != NULL)
		event_free(job->ev_read);
	if (job->ev_write != NULL)
		event_free(job->ev_write);
	job->ev_read = job->ev_write = NULL;
	closep(&job->fd);
}

static void
job_free(struct job *job)
{
	LIST_REMOVE(job, entry);
	close_socket(job);
	job->rj->loop->ops->timer_free(job->timer);
	buf_done(&job->in);
	buf_done(&job->out);
	fault_done(&job->fault);
	xfree(job);
}

/* Now: from the loop only. */
static void
end_now(struct job *job)
{
	_cleanup_fault_ struct fault fault = job->fault;
	struct job_handler handler = job->handler;
	void *arg = job->arg;

	job->fault = (struct fault){ 0 };
	job_free(job);
	handler.ended(&fault, arg);
}

/* On the next turn, with job->fault. */
static void
end_later(struct job *job)
{
	job->state = JOB_OVER;
	close_socket(job);
	child_release(STEAL(job->child), 0);
	job->rj->loop->ops->timer_set(job->timer, (struct deadline){ 0 });
}

static void
say_again(struct fault *fault)
{
	fault_next(fault, "%s",
	    _("Try again; if it happens again, look at "
	      "\"journalctl --user -u awsfedd\"."));
}

static void
fault_died(struct job *job, const char *how)
{
	fault_set(&job->fault, FAULT_INTERNAL, REASON_WORKER,
	    _("The sign-in process ended before it was done (%s)."), how);
	say_again(&job->fault);
}

static void
fault_garbage(struct job *job)
{
	fault_set(&job->fault, FAULT_INTERNAL, REASON_WORKER,
	    _("The sign-in process sent something that is not a message."));
	say_again(&job->fault);
}

static void
fault_unwatched(struct job *job)
{
	fault_set(&job->fault, FAULT_INTERNAL, REASON_WORKER,
	    _("the sign-in process could not be watched: the system is out "
	      "of resources"));
	say_again(&job->fault);
}

static void
on_timer(void *arg)
{
	struct job *job = arg;

	switch (job->state) {
	case JOB_RUNS:
		fault_set(&job->fault, FAULT_TEMPORARY, REASON_TIMEOUT,
		    _("The sign-in process was silent for %lld seconds and "
		      "was ended."),
		    (long long)(job->limit / USEC));
		say_again(&job->fault);
		break;
	case JOB_EOF:
		fault_died(job, _("it closed its connection"));
		break;
	case JOB_OVER:
		break;
	}
	child_release(STEAL(job->child), 0);
	job->state = JOB_OVER;
	end_now(job);
}

/* ---- messages --------------------------------------------------------------------- */
static const struct message_type {
	const char *name;
	bool waits; /* the worker blocks until we send */
} message_types[] = {
	{ W_ASK, true },
	{ W_TELL, false },
	{ W_FACTOR, false },
	{ W_PAGE, true },
	{ W_ATTEMPT, true },
	{ W_OUTCOME, false },
	{ W_ASSERTION, true },
	{ W_CREDENTIALS, false },
	{ W_COOKIES, false },
	{ W_ALIASES, false },
	{ W_CONSOLE, false },
	{ W_FAULT, false },
	{ W_DONE, false },
};

static const struct message_type *
message_type(const json_t *msg)
{
	const char *name = json_string_value(json_object_get(msg, "type"));

	for (size_t i = 0; name != NULL && i < ARRAY_SIZE(message_types); i++)
		if (strcmp(name, message_types[i].name) == 0)
			return &message_types[i];
	return NULL;
}

static void
restart_limit(struct job *job)
{
	struct loop *loop = job->rj->loop;
	int64_t wait = job->patience - clk_boot(loop->clk);

	loop->ops->timer_set(job->timer,
	    deadline_boot(
		loop->clk, job->limit + GRACE + (wait > 0 ? wait : 0)));
}

/* It says that it waits, for a push to be approved, say: it may be silent. */
static void
be_patient(struct job *job, const json_t *msg)
{
	int64_t seconds;

	if (json_int_opt(msg, "seconds", 0, PATIENCE_MAX, 0, &seconds) == 0 &&
	    seconds > 0)
		job->patience = clk_boot(job->rj->loop->clk) + seconds * USEC;
}

/* Hands one message on.  False when the job is over or gone. */
static bool
take_message(struct job *job, const json_t *msg)
{
	const struct message_type *type = message_type(msg);

	if (type == NULL) {
		fault_garbage(job);
		end_later(job);
		return false;
	}
	if (strcmp(type->name, W_DONE) == 0) {
		job->state = JOB_OVER;
		close_socket(job);
		child_release(STEAL(job->child), AFTER_DONE_MS);
		end_now(job);
		return false;
	}
	if (strcmp(type->name, W_TELL) == 0)
		be_patient(job, msg);
	if (type->waits)
		job->rj->loop->ops->timer_stop(job->timer);
	else
		restart_limit(job);
	job->busy = true;
	job->handler.message(type->name, msg, job->arg);
	job->busy = false;
	if (job->cancelled) {
		job_free(job);
		return false;
	}
	return job->state != JOB_OVER;
}

/* Hands on all whole messages.  False when the job is over or gone. */
static bool
take_messages(struct job *job)
{
	json_t *msg;
	int r;

	while ((r = wire_get(&job->in, &msg)) == 1) {
		bool on = take_message(job, msg);

		json_decref(msg);
		if (!on)
			return false;
	}
	if (r < 0) {
		fault_garbage(job);
		end_later(job);
		return false;
	}
	return true;
}

/* False when the job is over or gone. */
static bool
read_messages(struct job *job)
{
	for (;;) {
		size_t room = job->in.max - job->in.len;
		ssize_t n;

		if (room > READ_SIZE)
			room = READ_SIZE;
		if (buf_reserve(&job->in, room) < 0)
			return false;
		n = read(job->fd, job->in.data + job->in.len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			break;
		job->in.len += (size_t)n;
		job->in.data[job->in.len] = '\0';
		if (!take_messages(job))
			return false;
	}
	/* The end of the stream, without "done": how did it end? */
	close_socket(job);
	job->state = JOB_EOF;
	job->rj->loop->ops->timer_set(
	    job->timer, deadline_boot(job->rj->loop->clk, AFTER_EOF));
	return true;
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_read);
	(void)fd;
	(void)what;
	read_messages(arg);
}

static void
on_exited(int status, void *arg)
{
	struct job *job = arg;
	_cleanup_free_ char *how = NULL;

	job->child = NULL;
	/* What it said before it went still counts. */
	if (job->state == JOB_RUNS && !read_messages(job))
		return;
	how = child_status_text(status);
	fault_died(job, how);
	end_later(job);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_write);
	struct job *job = arg;
	ssize_t n;

	(void)fd;
	(void)what;
	while (job->out.len > 0) {
		n = send(job->fd, job->out.data, job->out.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno != EPIPE && errno != ECONNRESET) {
			/* It would wait for ever for what it has not got. */
			fault_set(&job->fault, FAULT_INTERNAL, REASON_WORKER,
			    _("a message could not be sent to the sign-in "
			      "process: %s"),
			    strerror(errno));
			say_again(&job->fault);
			end_later(job);
			return;
		}
		if (n < 0) {
			/* It is gone: its end comes by the other ways. */
			buf_reset(&job->out);
			break;
		}
		buf_consume(&job->out, (size_t)n);
	}
	event_del(job->ev_write);
}

/* ---- for the engine ------------------------------------------------------------------- */
static void
job_send(struct job *job, json_t *msg)
{
	_cleanup_buf_ struct buf one = BUF_INIT(WIRE_MAX_WORKER);

	if (job->state != JOB_RUNS || job->cancelled) {
		json_decref(msg);
		return;
	}
	if (wire_put(&one, msg) < 0 ||
	    buf_add(&job->out, one.data, one.len) < 0) {
		fault_set(&job->fault, FAULT_INTERNAL, REASON_WORKER,
		    _("a message to the sign-in process was too long"));
		say_again(&job->fault);
		end_later(job);
	} else if (loop_watch(job->ev_write) < 0) {
		fault_unwatched(job);
		end_later(job);
	} else {
		restart_limit(job);
	}
	json_decref(msg);
}

static void
job_cancel(struct job *job)
{
	child_release(STEAL(job->child), 0);
	close_socket(job);
	job->rj->loop->ops->timer_stop(job->timer);
	job->state = JOB_OVER;
	job->cancelled = true;
	if (!job->busy)
		job_free(job);
}

/* The clean environment of job.h. */
static void
worker_environment(struct strv *env)
{
	static const char *const names[] = { "LANG", "LANGUAGE", "LC_ALL",
		"LC_CTYPE", "LC_MESSAGES", "LC_TIME", "LC_COLLATE", "TZ",
		"HOME", "KRB5_CONFIG", "KRB5CCNAME", "ASAN_OPTIONS",
		"UBSAN_OPTIONS", "LSAN_OPTIONS" };
	static const char *const test_names[] = { "AWSFED_TEST_PRELOAD",
		"LD_PRELOAD", "WARP", "GCOV_PREFIX", "GCOV_PREFIX_STRIP" };
	const char *v = getenv("PATH");

	strv_take(env, xasprintf("PATH=%s", v != NULL ? v : "/usr/bin:/bin"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if ((v = getenv(names[i])) != NULL)
			strv_take(env, xasprintf("%s=%s", names[i], v));
	if (getenv("AWSFED_TEST_PRELOAD") == NULL)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(test_names); i++)
		if ((v = getenv(test_names[i])) != NULL)
			strv_take(env, xasprintf("%s=%s", test_names[i], v));
}

static int
start_worker(struct job *job)
{
	struct real_jobs *rj = job->rj;
	_cleanup_strv_ struct strv env = { 0 };
	const char *const argv[] = { rj->worker, NULL };
	struct child_spec spec = { "worker", rj->worker, argv, NULL, -1, -1,
		-1 };
	int sv[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) != 0)
		return -errno;
	job->fd = sv[0];
	if (fcntl(sv[0], F_SETFL, O_NONBLOCK) != 0) {
		r = -errno;
		close(sv[1]);
		return r;
	}
	worker_environment(&env);
	spec.envp = (const char *const *)env.v;
	spec.extra = sv[1];
	r = child_start(rj->children, &spec, on_exited, job, &job->child);
	close(sv[1]);
	return r;
}

static struct job *
job_start(struct jobs *jobs, json_t *object, int timeout,
    const struct job_handler *handler, void *arg)
{
	struct real_jobs *rj = (struct real_jobs *)jobs;
	struct event_base *base = loop_base(rj->loop);
	struct job *job = xcalloc(1, sizeof(*job));
	int r;

	job->rj = rj;
	job->fd = -1;
	job->limit = timeout * USEC;
	job->handler = *handler;
	job->arg = arg;
	job->timer = timer_new(rj->loop, on_timer, job);
	buf_init(&job->in, WIRE_MAX_WORKER);
	buf_init(&job->out, OUT_MAX);
	LIST_INSERT_HEAD(&rj->list, job, entry);
	r = start_worker(job);
	if (r < 0) {
		fault_set(&job->fault, FAULT_INTERNAL, REASON_WORKER,
		    _("%s cannot be started: %s."), rj->worker, strerror(-r));
		fault_next(&job->fault, "%s",
		    _("Check that awsfed is "
		      "installed completely."));
		end_later(job);
		json_decref(object);
		return job;
	}
	job->ev_read =
	    event_new(base, job->fd, EV_READ | EV_PERSIST, on_read, job);
	job->ev_write =
	    event_new(base, job->fd, EV_WRITE | EV_PERSIST, on_write, job);
	if (loop_watch(job->ev_read) < 0) {
		fault_unwatched(job);
		end_later(job);
		json_decref(object);
		return job;
	}
	job_send(job, object);
	return job;
}

static const struct jobs_ops real_ops = { job_start, job_send, job_cancel };

struct jobs *
jobs_new(struct loop *loop, const char *worker)
{
	struct real_jobs *rj = xcalloc(1, sizeof(*rj));

	rj->jobs.ops = &real_ops;
	rj->loop = loop;
	rj->children = children_new(loop);
	rj->worker = xstrdup(worker);
	LIST_INIT(&rj->list);
	return &rj->jobs;
}

bool
jobs_own(const struct jobs *jobs, pid_t pid)
{
	const struct real_jobs *rj = (const struct real_jobs *)jobs;

	return children_have(rj->children, pid);
}

void
jobs_free(struct jobs *jobs)
{
	struct real_jobs *rj = (struct real_jobs *)jobs;
	struct job *job;

	if (rj == NULL)
		return;
	while ((job = LIST_FIRST(&rj->list)) != NULL)
		job_cancel(job);
	children_free(rj->children);
	xfree(rj->worker);
	xfree(rj);
}
