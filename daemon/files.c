/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer thread.  A request belongs to the queue until the thread takes
 * it, then to the thread, then to the list of results, which the loop empties
 * when the eventfd rings: nothing is touched from two sides at once.
 *
 * There is a thread while there is something to write, which is seldom: one
 * that waits would keep a stack and what malloc(3) keeps for a thread.
 */
#include "files.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "files-left.h"
#include "files-target.h"
#include "loop.h"
#include "thread.h"

#define LAST_WAIT_S 5 /* for the queue, when the agent ends */

struct request {
	struct files_edit edit; /* apply NULL: replace the file */
	char *data;
	size_t len;
	void (*replaced)(const struct fault *fault, void *arg);
	struct fault fault;
	bool written;
	bool tidy; /* neither: only look for what a crash left */
	STAILQ_ENTRY(request) entry;
};

STAILQ_HEAD(requests, request);

struct real_files {
	struct files files;
	struct loop *loop;
	struct thread thread;
	pthread_mutex_t lock;
	struct requests queue, results;
	bool joinable; /* the loop's: thread is one that runs or has ended */
	bool running;  /* it will look at the queue once more */
	int bell;      /* eventfd: there are results */
	struct event *ev_bell;
};

static void
request_free(struct request *req)
{
	if (req->data != NULL)
		explicit_bzero(req->data, req->len);
	xfree(req->data);
	xfree(req->edit.path);
	fault_done(&req->fault);
	xfree(req);
}

static void
carry_out(struct request *req)
{
	int r;

	if (req->tidy) {
		files_tidy_now(req->edit.path);
		return;
	}
	if (req->edit.apply != NULL) {
		files_edit_now(&req->edit, &req->written, &req->fault);
		return;
	}
	r = path_mkdir_parent(req->edit.path);
	if (r == 0)
		r = path_replace(req->edit.path, req->data, req->len, 0600);
	if (r < 0)
		file_fault(&req->fault, _("write"), req->edit.path, -r);
}

static void *
writer(void *arg)
{
	struct real_files *rf = arg;
	const uint64_t one = 1;
	struct request *req;

	pthread_mutex_lock(&rf->lock);
	while ((req = STAILQ_FIRST(&rf->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&rf->queue, entry);
		pthread_mutex_unlock(&rf->lock);
		carry_out(req);
		pthread_mutex_lock(&rf->lock);
		STAILQ_INSERT_TAIL(&rf->results, req, entry);
		/* Nobody else would ever look at the results. */
		while (write(rf->bell, &one, sizeof(one)) < 0 && errno == EINTR)
			;
	}
	rf->running = false;
	pthread_mutex_unlock(&rf->lock);
	return NULL;
}

static void
on_bell(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_bell);
	struct real_files *rf = arg;
	struct requests results;
	struct request *req;
	uint64_t n;
	bool ended;

	(void)what;
	(void)!read(fd, &n, sizeof(n));
	STAILQ_INIT(&results);
	pthread_mutex_lock(&rf->lock);
	STAILQ_CONCAT(&results, &rf->results);
	ended = !rf->running;
	pthread_mutex_unlock(&rf->lock);
	if (ended && rf->joinable) {
		thread_join(&rf->thread);
		rf->joinable = false;
	}
	while ((req = STAILQ_FIRST(&results)) != NULL) {
		STAILQ_REMOVE_HEAD(&results, entry);
		if (req->edit.apply == NULL && req->replaced != NULL)
			req->replaced(&req->fault, req->edit.arg);
		else if (req->edit.apply != NULL && req->edit.done != NULL)
			req->edit.done(
			    &req->fault, req->written, req->edit.arg);
		request_free(req);
	}
	/* What the writer made and we freed lies in its heap: what is kept for
	 * long must not end up there, and hold it. */
	thread_empty_cache();
}

static void
start_writer(struct real_files *rf)
{
	int e;

	if (rf->joinable)
		thread_join(&rf->thread); /* it has let go */
	rf->running = true;
	e = thread_start(&rf->thread, writer, rf);
	rf->joinable = e == 0;
	if (e == 0)
		return;
	/* Late answers are better than keys that are written nowhere. */
	log_warning("cannot start the writer thread (%s): the agent writes "
		    "itself, and answers nobody meanwhile",
	    strerror(e));
	(void)writer(rf);
}

static void
push(struct real_files *rf, struct request *req)
{
	bool running;

	pthread_mutex_lock(&rf->lock);
	STAILQ_INSERT_TAIL(&rf->queue, req, entry);
	running = rf->running;
	pthread_mutex_unlock(&rf->lock);
	if (!running)
		start_writer(rf);
}

static void
files_edit(struct files *files, struct files_edit edit)
{
	struct request *req = xcalloc(1, sizeof(*req));

	req->edit = edit;
	push((struct real_files *)files, req);
}

static void
files_replace(struct files *files, const char *path, char *data, size_t len,
    void (*done)(const struct fault *fault, void *arg), void *arg)
{
	struct request *req = xcalloc(1, sizeof(*req));

	req->edit.path = xstrdup(path);
	req->edit.arg = arg;
	req->data = data;
	req->len = len;
	req->replaced = done;
	push((struct real_files *)files, req);
}

static void
files_tidy(struct files *files, const char *path)
{
	struct request *req = xcalloc(1, sizeof(*req));

	req->edit.path = xstrdup(path);
	req->tidy = true;
	push((struct real_files *)files, req);
}

static const struct files_ops real_ops = { files_edit, files_replace,
	files_tidy };

struct files *
files_new(struct loop *loop)
{
	struct real_files *rf = xcalloc(1, sizeof(*rf));

	rf->files.ops = &real_ops;
	rf->loop = loop;
	STAILQ_INIT(&rf->queue);
	STAILQ_INIT(&rf->results);
	pthread_mutex_init(&rf->lock, NULL);
	rf->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rf->bell < 0) {
		log_err("eventfd: %s", strerror(errno));
		abort(); /* at the start only */
	}
	rf->ev_bell = event_new(
	    loop_base(loop), rf->bell, EV_READ | EV_PERSIST, on_bell, rf);
	loop_must_watch(rf->ev_bell);
	return &rf->files;
}

void
files_free(struct files *files)
{
	struct real_files *rf = (struct real_files *)files;
	struct timespec until;
	struct request *req;

	if (rf == NULL)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LAST_WAIT_S;
	event_free(rf->ev_bell);
	if (rf->joinable && thread_join_until(&rf->thread, &until) != 0) {
		/* A hung disk: the thread keeps what it works on. */
		log_warning("a file could not be written within %d s; it is "
			    "left as it was",
		    LAST_WAIT_S);
		pthread_detach(rf->thread.id);
		return;
	}
	while ((req = STAILQ_FIRST(&rf->results)) != NULL) {
		STAILQ_REMOVE_HEAD(&rf->results, entry);
		request_free(req);
	}
	close(rf->bell);
	pthread_mutex_destroy(&rf->lock);
	xfree(rf);
}
