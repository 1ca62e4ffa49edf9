/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outside world for unit tests of the engine: a loop with a clock moved by
 * hand, jobs, files and commands that only record what is asked of them.  Each
 * is handed out as the struct of functions that the engine knows; the test
 * holds the same pointer and calls fake_* on it.
 *
 * The contracts are kept to the letter: nothing calls back from inside start,
 * send or edit; done and ended come once; a freed timer never fires; a
 * cancelled job or command is silent.
 */
#ifndef AWSFED_TEST_FAKE_H
#define AWSFED_TEST_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "command.h"
#include "files.h"
#include "job.h"
#include "loop.h"

struct fault;

/* ---- loop ----------------------------------------------------------------- */
#define FAKE_EPOCH (1795000000 * USEC) /* the wall clock at the start */
#define FAKE_BOOT (1000 * USEC)	       /* the boot clock at the start */

struct loop *fake_loop_new(void);
/* Asserts that no timer is left: an object that outlives its loop is a bug. */
void fake_loop_free(struct loop *loop);
/*
 * One turn: the timers that are due now and were set before the turn, in the
 * order of their deadlines and, where equal, of their setting.  How many fired.
 */
size_t fake_turn(struct loop *loop);
/* Turns until nothing is due.  Asserts that this ends (100,000 turns). */
void fake_settle(struct loop *loop);
/*
 * Lets time pass on both clocks, stopping at each deadline on the way so that
 * every callback sees the time it was armed for.  Ends settled.
 */
void fake_advance(struct loop *loop, int64_t us);
/*
 * Steps one clock alone, at once: a wall clock set by somebody (negative is
 * fine), a boot clock (a hypervisor's freeze).  A suspend is fake_step of both.
 * Fires nothing: settle or advance afterwards.
 */
void fake_step_real(struct loop *loop, int64_t us);
void fake_step_boot(struct loop *loop, int64_t us);
size_t fake_armed(const struct loop *loop);  /* armed timers */
size_t fake_timers(const struct loop *loop); /* existing timers */
/* Microseconds until the next timer is due, 0 when one is; -1: none armed. */
int64_t fake_next(const struct loop *loop);

/* ---- jobs ------------------------------------------------------------------ */
struct job { /* read it, change nothing */
	struct jobs *jobs;
	json_t *job; /* the object given to start */
	int timeout;
	struct job_handler handler;
	void *arg;
	json_t *sent;  /* array: all that send() was given */
	size_t looked; /* how many of them fake_job_took gave out */
	bool running;  /* neither ended nor cancelled */
	bool cancelled;
	struct job *next;
};

struct jobs *fake_jobs_new(void);
void fake_jobs_free(struct jobs *jobs);
size_t fake_jobs_started(const struct jobs *jobs); /* ever */
size_t fake_jobs_running(const struct jobs *jobs);
/* The i-th job still remembered, oldest first; NULL past the end. */
struct job *fake_job(const struct jobs *jobs, size_t i);
struct job *fake_job_last(const struct jobs *jobs); /* or NULL */
/* Forgets the jobs that run no more: for tests with millions of them. */
void fake_jobs_forget(struct jobs *jobs);
/* The worker says msg (taken): calls message() now.  The job must be running. */
void fake_job_say(struct job *job, json_t *msg);
/* Says a json_pack() format. */
void fake_job_pack(struct job *job, const char *fmt, ...);
/* The worker is gone: calls ended() now.  NULL: a clean end. */
void fake_job_end(struct job *job, const struct fault *fault);
/* The next message of the agent not looked at yet (borrowed), or NULL. */
const json_t *fake_job_took(struct job *job);

/* ---- files ----------------------------------------------------------------- */
/*
 * Documents in memory.  With a loop, each request is done on the loop's next
 * turn, in order; without (NULL), when fake_files_complete says so.
 */
struct files *fake_files_new(struct loop *loop);
void fake_files_free(struct files *files); /* like the real one: no done() */
void fake_files_put(struct files *files, const char *path, const char *text);
/* What the file holds, or NULL when there is none. */
const char *fake_files_text(const struct files *files, const char *path);
size_t fake_files_queued(const struct files *files);
/* Requests that changed bytes, of one path or (NULL) of all. */
size_t fake_files_written(const struct files *files, const char *path);
/* Does the oldest request, calling done().  False when there is none. */
bool fake_files_complete(struct files *files);
/* From now on every request fails with this fault; NULL ends it. */
void fake_files_fail(struct files *files, const struct fault *fault);
/* Holds requests back although there is a loop; false does them again. */
void fake_files_hold(struct files *files, bool hold);

/* ---- commands -------------------------------------------------------------- */
struct command { /* read it, change nothing */
	struct commands *commands;
	char *line;
	char **env; /* NULL-terminated copy, or NULL */
	int timeout;
	command_done_fn *done;
	void *arg;
	bool running;
	bool cancelled;
	struct command *next;
};

struct commands *fake_commands_new(void);
void fake_commands_free(struct commands *commands);
size_t fake_commands_started(const struct commands *commands);
struct command *fake_command(const struct commands *commands, size_t i);
struct command *fake_command_last(const struct commands *commands);
/* Forgets the commands that run no more. */
void fake_commands_forget(struct commands *commands);
/* The command ended: calls done() now.  NULL fault: it exited 0. */
void fake_command_end(
    struct command *command, const struct fault *fault, const char *out);

#endif
