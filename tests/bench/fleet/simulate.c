/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a day, one agent after the other, in the order of time. */
#include "fleet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schedule.h"

#define NEVER INT64_MAX
#define DAY_END (18 * HOUR)

struct agent {
	int64_t expires; /* of its keys */
	int64_t due;	 /* when it was to renew them */
	int64_t next;	 /* its next event; those of another time are void */
	int64_t since;	 /* of its first failure */
	unsigned tries;
	bool asleep;
	struct schedule_budget budget;
};

struct event {
	int64_t at;
	uint32_t agent;
};

struct world {
	const struct scenario *s;
	const struct client *client;
	struct load *load;
	struct agent *agents;
	struct event *heap;
	size_t n, room;
	uint64_t dice;
};

/* ---- dice ----------------------------------------------------------------- */

/* xorshift64*: the same on any machine. */
static double
draw(struct world *w)
{
	w->dice ^= w->dice >> 12;
	w->dice ^= w->dice << 25;
	w->dice ^= w->dice >> 27;
	return (double)((w->dice * 2685821657736338717ULL) >> 11) /
	    9007199254740992.0;
}

static int64_t
evenly(struct world *w, int64_t from, int64_t to)
{
	return from + (int64_t)((double)(to - from) * draw(w));
}

/* Bell-shaped, by the sum of 12: no tails beyond six times its width. */
static int64_t
around(struct world *w, int64_t middle, int64_t width)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += draw(w);
	return middle + (int64_t)((double)width * sum);
}

/* ---- the queue: a binary heap --------------------------------------------- */

static bool
before(const struct event *a, const struct event *b)
{
	return a->at < b->at || (a->at == b->at && a->agent < b->agent);
}

static void
swap(struct event *a, struct event *b)
{
	struct event t = *a;

	*a = *b;
	*b = t;
}

static void
at(struct world *w, uint32_t agent, int64_t when)
{
	size_t i = w->n++;

	w->agents[agent].next = when;
	if (w->n > w->room) {
		w->room = w->room == 0 ? 4096 : w->room * 2;
		w->heap = realloc(w->heap, w->room * sizeof(*w->heap));
		if (w->heap == NULL)
			abort();
	}
	w->heap[i] = (struct event){ when, agent };
	for (; i > 0 && before(&w->heap[i], &w->heap[(i - 1) / 2]);
	     i = (i - 1) / 2)
		swap(&w->heap[i], &w->heap[(i - 1) / 2]);
}

static struct event
take(struct world *w)
{
	struct event first = w->heap[0];
	size_t i = 0, least;

	w->heap[0] = w->heap[--w->n];
	for (;; i = least) {
		least = i;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < w->n; k++)
			if (before(&w->heap[k], &w->heap[least]))
				least = k;
		if (least == i)
			return first;
		swap(&w->heap[i], &w->heap[least]);
	}
}

/* ---- an agent ------------------------------------------------------------- */

static bool
within(int64_t t, int64_t from, int64_t to)
{
	return from != 0 && t >= from && t < to;
}

/* Its keys, from now on. */
static void
signed_in(struct world *w, uint32_t i, int64_t now)
{
	struct agent *a = &w->agents[i];
	int64_t since = w->s->since;
	int64_t gone = a->expires > since ? a->expires : since;

	/* The first time after what happened. */
	if (since != 0 && now >= since && w->load->wait[i] < 0)
		w->load->wait[i] = now > gone ? now - gone : 0;
	a->expires = now + w->s->life;
	a->due = now + w->client->renew(w->s->life, draw(w));
	a->tries = 0;
	at(w, i, a->due);
}

static void
failed(struct world *w, uint32_t i, int64_t now)
{
	struct agent *a = &w->agents[i];

	if (a->tries++ == 0)
		a->since = now;
	at(w, i, now + w->client->retry(a->tries, draw(w)));
}

static void
sign_in(struct world *w, uint32_t i, int64_t now)
{
	const struct scenario *s = w->s;
	struct agent *a = &w->agents[i];
	bool cut = within(now, s->cut_from, s->cut_to);
	bool down = within(now, s->down_from, s->down_to);

	if (w->client->budget && !schedule_budget_take(&a->budget, now)) {
		at(w, i, now + schedule_budget_wait(&a->budget, now));
		return;
	}
	if (!cut)
		w->load->second[now / SEC]++;
	if (cut || down) {
		failed(w, i, now);
		return;
	}
	if (w->client->budget)
		schedule_budget_give(&a->budget, now);
	signed_in(w, i, now);
}

/* Back from a sleep or from a network that was away. */
static void
wake(struct world *w, uint32_t i, int64_t now, int64_t away)
{
	struct agent *a = &w->agents[i];
	int64_t left = a->expires > now ? a->expires - now : 0;

	at(w, i, now + w->client->splay(away, left, draw(w)));
}

static void
act(struct world *w, uint32_t i, int64_t now)
{
	struct agent *a = &w->agents[i];

	if (a->asleep) {
		a->asleep = false;
		wake(w, i, now, now - a->due);
	} else {
		sign_in(w, i, now);
	}
}

/* ---- the day -------------------------------------------------------------- */

static void
begin(struct world *w, uint32_t i)
{
	const int64_t nine = 9 * HOUR;
	struct agent *a = &w->agents[i];
	int64_t start = 8 * HOUR, when = 0, round;

	*a = (struct agent){ .next = NEVER };
	switch (w->s->crowd) {
	case CROWD_WORKING:
		/* As if it went on since yesterday. */
		round = w->client->renew(w->s->life, 0.5);
		when = evenly(w, start, start + round);
		a->expires = when + w->s->life - round;
		break;
	case CROWD_ARRIVING:
		when = around(w, nine, 15 * MIN);
		break;
	case CROWD_BELL:
		when = draw(w) < 0.5 ? evenly(w, nine - 10 * MIN, nine) :
				       around(w, nine, 20 * MIN);
		break;
	case CROWD_ASLEEP:
		/* Closed the evening before. */
		when = evenly(w, nine, nine + MIN);
		a->due = around(w, -6 * HOUR, 20 * MIN);
		a->asleep = true;
		break;
	}
	schedule_budget_init(
	    &a->budget, SCHEDULE_RETRIES, SCHEDULE_RETRY_EVERY, start);
	at(w, i, when);
}

/* The office's network comes back: all see it in the same second. */
static void
network_up(struct world *w)
{
	const struct scenario *s = w->s;

	for (uint32_t i = 0; i < w->load->agents; i++)
		if (w->agents[i].tries > 0)
			wake(w, i, evenly(w, s->cut_to, s->cut_to + SEC),
			    s->cut_to - w->agents[i].since);
}

void
simulate(const struct scenario *s, const struct client *c, size_t agents,
    struct load *ret)
{
	struct world w = { .s = s,
		.client = c,
		.load = ret,
		.dice = 20261122,
		.agents = calloc(agents, sizeof(struct agent)) };
	bool cut = s->cut_from != 0;

	*ret = (struct load){ .agents = agents,
		.wait = malloc(agents * sizeof(*ret->wait)) };
	if (w.agents == NULL || ret->wait == NULL)
		abort();
	for (uint32_t i = 0; i < agents; i++) {
		ret->wait[i] = -1;
		begin(&w, i);
	}
	while (w.n > 0) {
		struct event e;

		if (cut && w.heap[0].at >= s->cut_to) {
			cut = false;
			network_up(&w);
		}
		e = take(&w);
		if (e.at >= DAY_END)
			break;
		if (e.at == w.agents[e.agent].next)
			act(&w, e.agent, e.at);
	}
	free(w.heap);
	free(w.agents);
}

/* ---- what came of it ------------------------------------------------------ */

void
load_free(struct load *l)
{
	free(l->wait);
	l->wait = NULL;
}

double
load_mean(const struct load *l, const struct window *w)
{
	double sum = 0;

	for (int64_t t = w->from / SEC; t < w->to / SEC; t++)
		sum += l->second[t];
	return sum / (double)((w->to - w->from) / SEC);
}

double
load_peak(const struct load *l, const struct window *w, unsigned width)
{
	uint64_t sum = 0, most = 0;
	int64_t from = w->from / SEC;

	for (int64_t t = from; t < w->to / SEC; t++) {
		sum += l->second[t];
		if (t - from >= width)
			sum -= l->second[t - width];
		if (sum > most)
			most = sum;
	}
	return (double)most / width;
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

double
load_wait(const struct load *l, double q)
{
	size_t k = (size_t)((double)l->agents * q);

	qsort(l->wait, l->agents, sizeof(*l->wait), by_size);
	if (k >= l->agents)
		k = l->agents - 1;
	/* -1: it never needed any. */
	return l->wait[k] < 0 ? 0 : (double)l->wait[k] / SEC;
}
