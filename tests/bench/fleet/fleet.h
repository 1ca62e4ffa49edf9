/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet of agents before one AD FS farm, in simulated time.  How awsfed's
 * agents decide is daemon/schedule.c itself; the naive ones are for comparison.
 * Time is in microseconds since midnight; a request is one sign-in that reaches
 * the farm, whether it is answered or not.
 */
#ifndef AWSFED_BENCH_FLEET_H
#define AWSFED_BENCH_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SEC 1000000LL
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define DAY_SECONDS 86400

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- how a client decides ------------------------------------------------- */
struct client {
	const char *name;
	const char *colour; /* of its line in the plot */
	int64_t (*renew)(int64_t life, double r);
	int64_t (*retry)(unsigned n, double r);
	/* After a sleep, or when the network is back. */
	int64_t (*splay)(int64_t away, int64_t left, double r);
	bool budget; /* it has a retry budget */
};

extern const struct client clients[];
extern const size_t nclients; /* the first one is awsfed */

/* ---- what happens --------------------------------------------------------- */
enum crowd {
	CROWD_WORKING,	/* signed in since 8 h, at any point of their life */
	CROWD_ARRIVING, /* they sign in by hand, around 09:00 */
	CROWD_BELL,	/* the same; half of them in the last 10 minutes */
	CROWD_ASLEEP	/* laptops that wake within a minute at 09:00 */
};

struct scenario {
	const char *name;
	const char *title;
	enum crowd crowd;
	int64_t life; /* of the credentials */
	/* 0: none.  AD FS fails; the office has no network. */
	int64_t down_from, down_to;
	int64_t cut_from, cut_to;
	/* What is looked at: from, to; the mean is that of the window. */
	struct window {
		const char *name;
		int64_t from, to;
	} windows[3];
	int64_t plot_from, plot_to;
	int64_t since; /* waits are counted from here; 0: nobody waits */
};

extern const struct scenario scenarios[];
extern const size_t nscenarios;

/* ---- what comes of it ----------------------------------------------------- */
struct load {
	uint32_t second[DAY_SECONDS]; /* requests at the farm */
	size_t agents;
	int64_t *wait; /* each agent's time without keys after `since` */
};

void load_free(struct load *l);
/* The same numbers for the same arguments, on any machine. */
void simulate(const struct scenario *s, const struct client *c, size_t agents,
    struct load *ret);
/* Requests a second: the mean, and the highest `width` seconds. */
double load_mean(const struct load *l, const struct window *w);
double load_peak(const struct load *l, const struct window *w, unsigned width);
/* Of the time without keys, in seconds; q from 0 to 1. */
double load_wait(const struct load *l, double q);

/* loads[scenario * nclients + client]; 0 or -1 with errno. */
int plot(const char *path, const struct load *loads, size_t agents);

#endif
