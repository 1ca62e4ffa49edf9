/* SPDX-License-Identifier: Apache-2.0 */
#include "wake.h"

#include <stdint.h>

#include "awsfed/clock.h"
#include "awsfed/config.h"
#include "awsfed/xalloc.h"

#include "loop.h"
#include "manager.h"
#include "wake-int.h"

/* The clocks and logind notice the same resume, in either order. */
#define ONE_RESUME (10 * USEC)

struct wake {
	struct manager *manager;
	struct loop *loop;
	struct logind *logind;
	struct netlink *netlink;
	bool asleep;	    /* logind said that it would be */
	int64_t resumed_at; /* boot clock; -1: never */
};

struct manager *
wake_manager(struct wake *w)
{
	return w->manager;
}

void
wake_sleeps(struct wake *w)
{
	w->asleep = true;
	manager_wake(w->manager, WAKE_SLEEP);
}

void
wake_resumed(struct wake *w)
{
	int64_t now = clk_boot(w->loop->clk);

	if (!w->asleep && w->resumed_at >= 0 &&
	    now - w->resumed_at < ONE_RESUME)
		return;
	w->asleep = false;
	w->resumed_at = now;
	manager_wake(w->manager, WAKE_RESUME);
}

/* A wall clock that was set is no resume: its timers have seen it. */
static void
on_jump(int64_t real_by, int64_t boot_by, void *arg)
{
	(void)real_by;
	if (boot_by > 0)
		wake_resumed(arg);
}

/*
 * Is there anything to do before the machine sleeps?  Then logind is asked to
 * wait for it: until the surfaces have heard MANAGER_WAKE with WAKE_SLEEP, and
 * what they began to write is written (manager_flush).  logind waits 5 s at the
 * most.
 */
static void
look_at_settings(struct wake *w)
{
	logind_delay_sleep(
	    w->logind, manager_config(w->manager)->settings.lock_on_sleep);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct wake *w = arg;

	(void)s;
	(void)b;
	if (ev == MANAGER_IDENTITY || ev == MANAGER_SESSION)
		netlink_look(w->netlink);
	else if (ev == MANAGER_CONFIG)
		look_at_settings(w);
}

struct wake *
wake_new(struct manager *m, struct bus *system)
{
	struct wake *w = xcalloc(1, sizeof(*w));

	w->manager = m;
	w->loop = manager_env(m)->loop;
	w->resumed_at = -1;
	w->netlink = netlink_new(w);
	w->logind = logind_new(w, system);
	manager_subscribe(m, &(struct surface){ on_event, w });
	loop_on_jump(w->loop, on_jump, w);
	look_at_settings(w);
	return w;
}

void
wake_free(struct wake *w)
{
	if (w == NULL)
		return;
	logind_free(w->logind);
	netlink_free(w->netlink);
	xfree(w);
}
