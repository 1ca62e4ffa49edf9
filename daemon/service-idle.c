/* SPDX-License-Identifier: Apache-2.0 */
#include "service-idle.h"

#include "awsfed/config.h"
#include "awsfed/log.h"
#include "awsfed/xalloc.h"

#include "catalog.h"
#include "loop.h"
#include "manager-state.h"
#include "manager.h"

struct idle {
	struct manager *manager;
	struct loop *loop;
	const struct idle_ops *ops;
	void *arg;
	struct timer *timer;
};

static int64_t
limit(const struct idle *idle)
{
	return manager_config(idle->manager)->settings.idle_exit * USEC;
}

static void
end(struct idle *idle)
{
	const struct log_field fields[] = {
		{ "MESSAGE_ID", MESSAGE_IDLE_EXIT },
		{ NULL, NULL },
	};

	log_event(fields, LOG_INFO,
	    "nothing is held and nobody asks: ending until somebody does");
	idle->ops->end(idle->arg);
}

static void
on_timer(void *arg)
{
	struct idle *idle = arg;
	const struct clk *clk = idle->loop->clk;
	int64_t until;

	if (limit(idle) == 0)
		return;
	/* Who only connects, and goes again, says nothing. */
	if (idle->ops->busy(idle->arg)) {
		idle_touch(idle);
		return;
	}
	until = manager_holds(idle->manager);
	if (until == MANAGER_HOLDS)
		return; /* whatever ends this is an event */
	until = until * USEC - clk_real(clk);
	if (until > 0)
		idle->loop->ops->timer_set(
		    idle->timer, deadline_in(clk, until + USEC));
	else
		end(idle);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	(void)ev;
	(void)s;
	(void)b;
	idle_touch(arg);
}

struct idle *
idle_new(struct manager *m, const struct idle_ops *ops, void *arg)
{
	struct idle *idle = xcalloc(1, sizeof(*idle));

	idle->manager = m;
	idle->loop = manager_env(m)->loop;
	idle->ops = ops;
	idle->arg = arg;
	idle->timer = timer_new(idle->loop, on_timer, idle);
	manager_subscribe(m, &(struct surface){ on_event, idle });
	idle_touch(idle);
	return idle;
}

void
idle_touch(struct idle *idle)
{
	if (idle == NULL)
		return;
	if (limit(idle) == 0)
		idle->loop->ops->timer_stop(idle->timer);
	else
		idle->loop->ops->timer_set(
		    idle->timer, deadline_in(idle->loop->clk, limit(idle)));
}

void
idle_free(struct idle *idle)
{
	if (idle == NULL)
		return;
	idle->loop->ops->timer_free(idle->timer);
	xfree(idle);
}
