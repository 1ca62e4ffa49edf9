/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"

#include <string.h>
#include <unistd.h>

#include "awsfed/buf.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "files.h"
#include "loop.h"
#include "manager.h"
#include "session.h"

#define COALESCE (50 * MSEC) /* twenty profiles of one job: one write */
#define AGAIN (30 * USEC)    /* after a write that failed */
#define FEED_MAX (4 * 1024 * 1024)

struct feed {
	struct manager *manager;
	struct loop *loop;
	struct files *files;
	struct timer *timer;
	char *path;
	char *text; /* what was written last; NULL: nothing */
	bool warned;
	bool again; /* the timer is that of another try */
};

/* ---- the lines --------------------------------------------------------------- */

static void
add_line(struct buf *b, const char *name, const struct session *s)
{
	const struct creds *c = session_creds(s);

	/* Names have no control characters: config.c saw to it. */
	(void)!buf_addf(b, "%s\t%s\t%lld\n", name,
	    session_state_name(session_state(s)),
	    c != NULL ? (long long)c->expiration_s : 0LL);
}

/* Nothing that a person has not used has a line. */
static bool
has_line(const struct session *s)
{
	return !session_profile(s)->apart &&
	    (session_kept(s) || session_creds(s) != NULL ||
		session_logged_out(s));
}

static char *
compose(struct feed *f)
{
	const struct config *c = manager_config(f->manager);
	_cleanup_buf_ struct buf b = BUF_INIT(FEED_MAX);
	struct session *s;

	for (size_t i = 0; (s = manager_session_at(f->manager, i)) != NULL;
	     i++) {
		_cleanup_free_ char *section = NULL;

		if (!has_line(s))
			continue;
		add_line(&b, session_name(s), s);
		section = profile_section(session_profile(s));
		if (!str_eq(section, session_name(s)))
			add_line(&b, section, s);
	}
	/* What the AWS CLI assumes by itself lives as long as its root. */
	for (size_t i = 0; i < c->nprofiles; i++) {
		const struct profile *p = c->profiles[i];

		if (p->kind != PROFILE_CHAINED || p->root == NULL ||
		    p->deliver != DELIVER_NONE)
			continue;
		s = manager_session(f->manager, p->name);
		if (s != NULL && has_line(s))
			continue; /* the agent assumed it: it has its own */
		s = manager_session(f->manager, p->root);
		if (s != NULL && has_line(s))
			add_line(&b, p->name, s);
	}
	return buf_take(&b);
}

/* ---- the file ------------------------------------------------------------------ */

static void
on_written(const struct fault *fault, void *arg)
{
	struct feed *f = arg;

	if (!fault_is(fault)) {
		f->warned = false;
		return;
	}
	/* Old lines would be believed: the next event tries again, or this. */
	xreplace(&f->text, NULL);
	if (!f->loop->ops->timer_armed(f->timer)) {
		f->again = true;
		f->loop->ops->timer_set(
		    f->timer, deadline_in(f->loop->clk, AGAIN));
	}
	if (!f->warned)
		log_warning("the status file for prompts: %s", fault->text);
	f->warned = true;
}

static void
on_timer(void *arg)
{
	struct feed *f = arg;
	char *text = compose(f);

	f->again = false;
	if (str_eq(text, f->text)) {
		xfree(text);
		return;
	}
	xreplace(&f->text, text);
	f->files->ops->replace(
	    f->files, f->path, xstrdup(text), strlen(text), on_written, f);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct feed *f = arg;

	(void)s;
	(void)b;
	if (ev == MANAGER_FLUSH || ev == MANAGER_FORCE ||
	    (f->loop->ops->timer_armed(f->timer) && !f->again))
		return;
	f->again = false;
	f->loop->ops->timer_set(f->timer, deadline_in(f->loop->clk, COALESCE));
}

/* ---- life ------------------------------------------------------------------------ */

struct feed *
feed_new(struct manager *m, const char *path)
{
	const struct manager_env *env = manager_env(m);
	struct feed *f = xcalloc(1, sizeof(*f));

	f->manager = m;
	f->loop = env->loop;
	f->files = env->files;
	f->path = xstrdup(path);
	f->timer = timer_new(f->loop, on_timer, f);
	manager_subscribe(m, &(struct surface){ on_event, f });
	/* Also what a killed agent left there is replaced at once. */
	f->loop->ops->timer_set(f->timer, (struct deadline){ 0, 0 });
	return f;
}

void
feed_again(struct feed *f)
{
	xreplace(&f->text, NULL);
	f->loop->ops->timer_set(f->timer, (struct deadline){ 0, 0 });
}

void
feed_free(struct feed *f)
{
	if (f == NULL)
		return;
	(void)unlink(f->path);
	f->loop->ops->timer_free(f->timer);
	xfree(f->path);
	xfree(f->text);
	xfree(f);
}
