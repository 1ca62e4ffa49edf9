/* SPDX-License-Identifier: Apache-2.0 */
#include "roost.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/clock.h"
#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "control.h"
#include "loop.h"
#include "manager.h"
#include "watch.h"

#define LOOK_EVERY (60 * USEC) /* at most, when something happens anyway */
#define AGAIN (30 * USEC)      /* a directory that cannot be made just now */

struct roost {
	struct loop *loop;
	struct control *control;
	struct roost_ops ops;
	struct watch *watch;
	struct timer *timer;
	char *path;
	char *warned;	/* the last reason that was logged */
	int64_t looked; /* boot clock */
	bool left;
};

/* ---- before anything is made there ------------------------------------------------ */

int
roost_check(struct fault *fault)
{
	_cleanup_free_ char *home = path_home(), *state = path_state();
	struct stat st;
	unsigned uid;
	int r;

	/* Nobody's home is made here, least of all by root. */
	if (path_home_is_missing() || home == NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("There is no home directory%s%s."),
		    home != NULL ? " " : "", home != NULL ? home : "");
		fault_next(fault, "%s", _("set HOME to a directory of yours"));
		return -1;
	}
	if (path_home_is_callers(&uid)) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("HOME is %s, the home of user id %u who called sudo: an "
		      "agent of root would leave files there that are not "
		      "theirs."),
		    home, uid);
		fault_next(fault, "%s",
		    _("do without sudo, or sudo -H for root's own profiles"));
		return -1;
	}
	r = path_mkdirs(state, true);
	if (r == 0)
		return 0;
	if (r == -EPERM && stat(state, &st) == 0 && st.st_uid != geteuid()) {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("%s belongs to user id %u and not to you (%u)."), state,
		    (unsigned)st.st_uid, (unsigned)geteuid());
		fault_next(fault, "%s",
		    _("set HOME (or XDG_STATE_HOME) to a directory of yours"));
	} else if (r == -EPERM) {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("%s is open to others."), state);
		fault_next(fault, "chmod 700 %s", state);
	} else {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("the directory %s cannot be used: %s."), state,
		    strerror(-r));
		fault_next(fault, "%s",
		    _("make room and leave to write there, or set "
		      "XDG_STATE_HOME to a directory of yours"));
	}
	return -1;
}

/* ---- while it runs ---------------------------------------------------------------- */

static void
cannot(struct roost *r, const struct fault *f)
{
	if (!str_eq(r->warned, f->text))
		log_warning("clients cannot reach the agent: %s", f->text);
	xreplace(&r->warned, xstrdup(f->text));
	/* The watch tells when it comes back; not where it is mounted. */
	r->loop->ops->timer_set(r->timer, deadline_in(r->loop->clk, AGAIN));
}

static void
look(struct roost *r)
{
	_cleanup_fault_ struct fault f = { 0 };
	int e;

	if (r->left)
		return;
	r->looked = clk_boot(r->loop->clk);
	e = control_mend(r->control, &f);
	if (e == 0) {
		xreplace(&r->warned, NULL);
		return;
	}
	if (e == -EBUSY) {
		r->left = true;
		log_warning(
		    "another program listens on %s now: this agent ends",
		    r->path);
		r->ops.leave(r->ops.arg);
		return;
	}
	if (e < 0) {
		cannot(r, &f);
		return;
	}
	xreplace(&r->warned, NULL);
	log_notice("%s was taken away; the agent listens there again", r->path);
	r->ops.again(r->ops.arg);
}

static void
on_timer(void *arg)
{
	look(arg);
}

static void
on_watch(void *arg)
{
	look(arg);
}

/* Where the kernel tells nothing: when something else woke us. */
static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct roost *r = arg;

	(void)ev;
	(void)s;
	(void)b;
	if (clk_boot(r->loop->clk) - r->looked < LOOK_EVERY ||
	    r->loop->ops->timer_armed(r->timer))
		return;
	r->loop->ops->timer_set(r->timer, (struct deadline){ 0 });
}

struct roost *
roost_new(struct loop *loop, struct manager *m, struct control *control,
    const char *path, const struct roost_ops *ops)
{
	struct roost *r = xcalloc(1, sizeof(*r));

	r->loop = loop;
	r->control = control;
	r->ops = *ops;
	r->path = xstrdup(path);
	r->looked = clk_boot(loop->clk);
	r->timer = timer_new(loop, on_timer, r);
	r->watch = watch_new(loop, path, on_watch, r);
	manager_subscribe(m, &(struct surface){ on_event, r });
	/* It may have gone before the watch was there. */
	loop->ops->timer_set(r->timer, (struct deadline){ 0 });
	return r;
}

void
roost_free(struct roost *r)
{
	if (r == NULL)
		return;
	watch_free(r->watch);
	r->loop->ops->timer_free(r->timer);
	xfree(r->warned);
	xfree(r->path);
	xfree(r);
}
