/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told: surfaces, and barriers that they may hold while they finish. */
#include "awsfed/clock.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "loop.h"
#include "manager-int.h"

#define BARRIER_TIME (10 * USEC)

void
manager_publish(struct manager *m, enum manager_event ev, struct session *s,
    struct barrier *b)
{
	for (size_t i = 0; i < m->nsurfaces; i++)
		m->surfaces[i].event(ev, s, b, m->surfaces[i].arg);
}

void
manager_subscribe(struct manager *m, const struct surface *surface)
{
	m->surfaces =
	    xreallocarray(m->surfaces, m->nsurfaces + 1, sizeof(*m->surfaces));
	m->surfaces[m->nsurfaces++] = *surface;
}

void
manager_hush(struct manager *m)
{
	m->nsurfaces = 0;
}

struct barrier {
	struct barrier *next;
	struct manager *manager;
	unsigned holds;
	struct fault fault;
	struct timer *timer;
	manager_done_fn *done; /* NULL once it was called */
	void *arg;
};

static void
barrier_free(struct barrier *b)
{
	struct barrier **p;

	for (p = &b->manager->barriers; *p != b; p = &(*p)->next)
		;
	*p = b->next;
	b->manager->env.loop->ops->timer_free(b->timer);
	fault_done(&b->fault);
	xfree(b);
}

static void
barrier_call(void *arg)
{
	struct barrier *b = arg;
	manager_done_fn *done = STEAL(b->done);

	if (b->holds > 0)
		fault_set(&b->fault, FAULT_TEMPORARY, REASON_FILE,
		    _("The credentials file could not be written within 10 "
		      "seconds; the agent goes on trying."));
	if (done != NULL)
		done(&b->fault, b->arg);
	if (b->holds == 0)
		barrier_free(b);
}

void
barrier_hold(struct barrier *b)
{
	b->holds++;
}

void
barrier_release(struct barrier *b, const struct fault *fault)
{
	if (fault != NULL && fault_is(fault) && !fault_is(&b->fault))
		fault_copy(&b->fault, fault);
	if (--b->holds > 0)
		return;
	if (b->done == NULL)
		barrier_free(b); /* too late: it was called by its timer */
	else
		b->manager->env.loop->ops->timer_set(
		    b->timer, (struct deadline){ 0, 0 });
}

void
manager_flush(struct manager *m, manager_done_fn *done, void *arg)
{
	struct barrier *b = xcalloc(1, sizeof(*b));

	b->manager = m;
	b->done = done;
	b->arg = arg;
	b->timer = timer_new(m->env.loop, barrier_call, b);
	b->next = m->barriers;
	m->barriers = b;
	m->env.loop->ops->timer_set(
	    b->timer, deadline_in(m->env.loop->clk, BARRIER_TIME));
	barrier_hold(b);
	manager_publish(m, MANAGER_FLUSH, NULL, b);
	barrier_release(b, NULL);
}

void
manager_barriers_free(struct manager *m)
{
	while (m->barriers != NULL)
		barrier_free(m->barriers);
}
