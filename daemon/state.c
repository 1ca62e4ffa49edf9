/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "awsfed/config.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "catalog.h"
#include "credfile.h"
#include "loop.h"
#include "manager-state.h"
#include "manager.h"
#include "session.h"
#include "state-memory.h"

#define PAUSE (50 * MSEC) /* between two writes */

struct state {
	struct manager *manager;
	struct credfile *credfile;
	const struct state_store *store;
	struct loop *loop;
	struct state_memory memory; /* fd -1: none yet */
	struct timer *timer;
	int64_t written; /* boot clock */
	bool off;	 /* there is no store, or it failed */
};

/* ---- writing ------------------------------------------------------------------- */

static enum keep_across
keep(const struct state *st)
{
	return manager_config(st->manager)->settings.keep_across_restart;
}

static void
drop_memory(struct state *st)
{
	if (st->memory.fd < 0)
		return;
	state_memory_wipe(&st->memory);
	state_memory_close(&st->memory);
	st->store->unstore();
}

/* Makes and stores the file with the first write. */
static bool
have_memory(struct state *st)
{
	int r;

	if (st->memory.fd >= 0)
		return true;
	r = state_memory_make(&st->memory);
	if (r < 0) {
		st->memory.fd = -1;
		log_warning("there is no memory file for the state (%s): a "
			    "restart will ask for a sign-in",
		    strerror(-r));
		st->off = true;
		return false;
	}
	if (st->store->store(st->memory.fd))
		return true;
	/* Nobody would ever read it. */
	state_memory_close(&st->memory);
	st->off = true;
	return false;
}

/* Which of them the credentials file has: what goes from there was taken. */
static void
put_delivered(struct state *st, json_t *o)
{
	json_t *s;
	size_t i;

	json_array_foreach (json_object_get(o, "sessions"), i, s) {
		const char *name =
		    json_string_value(json_object_get(s, "profile"));

		if (credfile_holds(
			st->credfile, manager_session(st->manager, name)))
			json_object_set_new(s, "delivered", json_true());
	}
}

static void
write_now(struct state *st)
{
	_cleanup_json_ json_t *o = NULL;
	_cleanup_free_ char *text = NULL;
	int r;

	st->loop->ops->timer_stop(st->timer);
	st->written = clk_boot(st->loop->clk);
	if (st->off)
		return;
	if (keep(st) == KEEP_NONE) {
		drop_memory(st);
		return;
	}
	if (!have_memory(st))
		return;
	o = manager_export(st->manager, keep(st) == KEEP_ALL);
	put_delivered(st, o);
	text = json_dumps(o, JSON_COMPACT);
	r = text == NULL ? -EINVAL :
			   state_memory_write(&st->memory, text, strlen(text));
	if (r == 0)
		return;
	log_warning("the state cannot be written to memory (%s): a restart "
		    "will ask for a sign-in",
	    strerror(-r));
	drop_memory(st);
	st->off = true;
}

static void
on_timer(void *arg)
{
	write_now(arg);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct state *st = arg;
	int64_t since = clk_boot(st->loop->clk) - st->written;

	(void)s;
	(void)b;
	/* What a login has said is done must not be lost any more. */
	if (ev == MANAGER_FLUSH)
		write_now(st);
	else if (!st->loop->ops->timer_armed(st->timer))
		st->loop->ops->timer_set(st->timer,
		    since >= PAUSE ? (struct deadline){ 0, 0 } :
				     deadline_in(st->loop->clk, PAUSE - since));
}

/* ---- taking over --------------------------------------------------------------- */

static void
dropped(const char *why)
{
	const struct log_field fields[] = {
		{ "MESSAGE_ID", MESSAGE_STATE_DROPPED },
		{ "REASON", why },
		{ NULL, NULL },
	};

	log_event(fields, LOG_WARNING,
	    "the state from before the restart is dropped: it %s", why);
}

static void
taken(const struct manager_taken *t)
{
	const struct log_field fields[] = {
		{ "MESSAGE_ID", MESSAGE_STATE_TAKEN },
		{ NULL, NULL },
	};

	if (t->profiles + t->identities + t->dropped > 0)
		log_event(fields, LOG_INFO,
		    "taken over from before the restart: %zu profiles, %zu "
		    "sign-ins; left behind: %zu",
		    t->profiles, t->identities, t->dropped);
}

/* A section that was ours and is gone: somebody took it away meanwhile. */
static void
let_go(struct state *st, json_t *o)
{
	json_t *s;
	size_t i;

	json_array_foreach (json_object_get(o, "sessions"), i, s) {
		const char *name =
		    json_string_value(json_object_get(s, "profile"));

		if (name != NULL &&
		    json_is_true(json_object_get(s, "delivered")) &&
		    !credfile_holds(
			st->credfile, manager_session(st->manager, name)))
			json_object_set_new(s, "kept", json_false());
	}
}

/* NULL, or why not. */
static const char *
take_over(struct state *st)
{
	_cleanup_json_ json_t *o = NULL;
	_cleanup_free_ char *text = NULL;
	struct manager_taken t;
	const char *why;
	size_t len;

	if (state_memory_begin(&st->memory) < 0)
		return "was taken over in vain too often";
	text = state_memory_read(&st->memory, &len, &why);
	if (text == NULL)
		return why;
	o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(o))
		return "is not what it says";
	let_go(st, o);
	if (manager_import(st->manager, o, &t) < 0)
		return "is not what it says";
	taken(&t);
	return NULL;
}

static void
look(struct state *st, int fd)
{
	const char *why = state_memory_check(fd, &st->memory);

	if (why != NULL) {
		st->memory.fd = -1;
		close(fd);
		st->store->unstore();
	} else if (keep(st) == KEEP_NONE) {
		drop_memory(st);
	} else if ((why = take_over(st)) != NULL) {
		drop_memory(st);
	}
	if (why != NULL)
		dropped(why);
}

struct state *
state_new(struct manager *m, struct credfile *cf, int fd,
    const struct state_store *store)
{
	struct state *st = xcalloc(1, sizeof(*st));

	st->manager = m;
	st->credfile = cf;
	st->store = store;
	st->loop = manager_env(m)->loop;
	st->memory.fd = -1;
	st->timer = timer_new(st->loop, on_timer, st);
	if (fd >= 0)
		look(st, fd);
	manager_subscribe(m, &(struct surface){ on_event, st });
	/* In the form of this version, and on both slots. */
	write_now(st);
	if (st->memory.fd >= 0)
		state_memory_end(&st->memory);
	return st;
}

void
state_flush(struct state *st)
{
	if (st->loop->ops->timer_armed(st->timer))
		write_now(st);
}

void
state_free(struct state *st)
{
	if (st == NULL)
		return;
	st->loop->ops->timer_free(st->timer);
	state_memory_close(&st->memory);
	xfree(st);
}
