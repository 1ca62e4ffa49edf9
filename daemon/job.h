/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: one worker process each (docs/PROTOCOL.md section 2).
 *
 * start() never calls back from inside; everything arrives from the loop.
 * After ended() has been called, or cancel() returned, the job is gone and the
 * handler hears nothing more.  ended() comes exactly once for a job that was
 * not cancelled: with an empty fault after "done", else with `internal` /
 * `worker-died` (killed, garbage on the socket, exit without done) or
 * `temporary` / `timeout` (no message for the job's time limit while it is not
 * waiting for an answer of ours; the seconds of a `tell` are added).  "done" is not passed on; all other messages
 * are, after a check that they are objects with a known "type".
 */
#ifndef AWSFED_JOB_H
#define AWSFED_JOB_H

#include <stdbool.h>

#include <jansson.h>
#include <sys/types.h>

struct fault;
struct job;
struct jobs;
struct loop;

struct job_handler {
	/* msg is borrowed; type is its "type". */
	void (*message)(const char *type, const json_t *msg, void *arg);
	void (*ended)(const struct fault *fault, void *arg);
};

struct jobs_ops {
	/* Takes the job object.  timeout: seconds, see above. */
	struct job *(*start)(struct jobs *jobs, json_t *job, int timeout,
	    const struct job_handler *handler, void *arg);
	void (*send)(struct job *job, json_t *msg); /* takes msg */
	void (*cancel)(struct job *job);	    /* kills the worker */
};

struct jobs {
	const struct jobs_ops *ops;
};

/*
 * The real thing.  worker is the path of awsfed-worker.  The worker gets a
 * clean environment: PATH, LANG, LC_*, TZ, HOME and KRB5CCNAME (for krb5),
 * KRB5_CONFIG, LD_PRELOAD and WARP only when built or run for tests
 * (AWSFED_TEST_PRELOAD set in ours), and what sanitizers need.
 */
struct jobs *jobs_new(struct loop *loop, const char *worker);
/* Is pid one of these workers, or was it until a moment ago? */
bool jobs_own(const struct jobs *jobs, pid_t pid);
void jobs_free(struct jobs *jobs); /* cancels what runs, reaps */

#endif
