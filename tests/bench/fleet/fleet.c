/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet [-n AGENTS] [-o FILE.svg]: prints the table, draws the plot, and fails
 * when a peak of awsfed's is above three times the mean of its window.  With
 * few agents chance makes peaks of its own: 20,000 are enough for a check.
 */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMES 3.0

static int
usage(void)
{
	fprintf(stderr, "usage: fleet [-n AGENTS] [-o FILE.svg]\n");
	return 2;
}

static void
heading(size_t agents)
{
	printf("# %zu agents, one farm; credentials of 1 h; requests a second\n"
	       "# mean: of the window; peak: its busiest 10 s and 60 s; times: "
	       "the higher peak over the mean\n"
	       "# without keys: median and 95 %% of all agents' time without "
	       "live keys after the event\n"
	       "# %-9s %-12s %-19s %8s %10s %10s %7s %9s %9s\n",
	    agents, "scenario", "client", "window", "mean", "peak 10 s",
	    "peak 60 s", "times", "median", "95 %");
}

/* How many times the mean its peak is. */
static double
row(const struct scenario *s, const struct client *c, const struct window *w,
    const struct load *l, bool first)
{
	double mean = load_mean(l, w);
	double ten = load_peak(l, w, 10), sixty = load_peak(l, w, 60);
	double times = mean > 0 ? (ten > sixty ? ten : sixty) / mean : 0;

	printf("# %-9s %-12s %-19s %8.1f %10.1f %10.1f %7.2f", s->name, c->name,
	    w->name, mean, ten, sixty, times);
	if (first && s->since != 0)
		printf(
		    " %7.0f s %7.0f s", load_wait(l, 0.5), load_wait(l, 0.95));
	printf("\n");
	return times;
}

static size_t tests, failures;

static void
judge(bool good, const char *what, const struct scenario *s,
    const struct window *w, double times)
{
	tests++;
	failures += !good;
	printf("%sok %zu - %s, %s: %s: %.2f times the mean\n",
	    good ? "" : "not ", tests, s->name, w->name, what, times);
}

static void
run(const struct scenario *s, size_t agents, struct load *loads)
{
	for (size_t c = 0; c < nclients; c++) {
		double worst = 0;

		simulate(s, &clients[c], agents, &loads[c]);
		for (size_t k = 0; k < ARRAY_SIZE(s->windows); k++) {
			const struct window *w = &s->windows[k];
			double times;

			if (w->name == NULL)
				break;
			times = row(s, &clients[c], w, &loads[c], k == 0);
			if (times > worst)
				worst = times;
			if (c == 0)
				judge(times > 0 && times <= TIMES,
				    "the peak of awsfed", s, w, times);
		}
		/* Without which the above would say nothing. */
		if (c == 1 && s->since != 0)
			judge(worst > TIMES, "the peak of a naive client", s,
			    &s->windows[0], worst);
	}
}

int
main(int argc, char *argv[])
{
	struct load *loads = calloc(nscenarios * nclients, sizeof(*loads));
	size_t agents = 20000;
	const char *svg = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "n:o:")) != -1) {
		if (opt == 'n' && atol(optarg) > 0)
			agents = (size_t)atol(optarg);
		else if (opt == 'o')
			svg = optarg;
		else
			return usage();
	}
	if (optind < argc || loads == NULL)
		return usage();
	heading(agents);
	for (size_t i = 0; i < nscenarios; i++)
		run(&scenarios[i], agents, &loads[i * nclients]);
	printf("1..%zu\n", tests);
	if (svg != NULL && plot(svg, loads, agents) < 0) {
		perror(svg);
		return 1;
	}
	for (size_t i = 0; i < nscenarios * nclients; i++)
		load_free(&loads[i]);
	free(loads);
	return failures > 0;
}
