/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load over time as an SVG: a panel for each scenario, a line for each
 * client, the mean of each minute on a logarithmic axis.  No date and no name of
 * a machine is in it: the same numbers make the same file.
 */
#include "fleet.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define WIDTH 900
#define LEFT 80
#define RIGHT 20
#define TOP 92	  /* title and legend */
#define PANEL 250 /* with its title and axis */
#define HEAD 46	  /* of a panel: title, what its peak is */
#define GRAPH 158
#define DECADES 5 /* 1 to 100,000 */
#define AWSFED 0

static double
x_of(const struct scenario *s, int64_t t)
{
	return LEFT +
	    (double)(WIDTH - LEFT - RIGHT) * (double)(t - s->plot_from) /
	    (double)(s->plot_to - s->plot_from);
}

static double
y_of(double rate, double top)
{
	double up = rate <= 1 ? 0 : log10(rate) / DECADES;

	return top + HEAD + GRAPH * (1 - up);
}

static void
text(FILE *f, double x, double y, const char *class, const char *s)
{
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", x, y,
	    class, s);
}

static void
axes(FILE *f, const struct scenario *s, double top)
{
	static const char *const labels[] = { "1", "10", "100", "1,000",
		"10,000", "100,000" };
	char hour[8];

	for (int d = 0; d <= DECADES; d++) {
		double y = top + HEAD + GRAPH * (1 - (double)d / DECADES);

		fprintf(f,
		    "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" "
		    "class=\"grid\"/>\n",
		    LEFT, y, WIDTH - RIGHT, y);
		text(f, LEFT - 6, y + 4, "tick end", labels[d]);
	}
	for (int64_t t = s->plot_from; t <= s->plot_to; t += 30 * MIN) {
		double x = x_of(s, t);

		fprintf(f,
		    "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
		    "class=\"grid\"/>\n",
		    x, top + HEAD, x, top + HEAD + GRAPH);
		snprintf(hour, sizeof(hour), "%02d:%02d", (int)(t / HOUR),
		    (int)(t % HOUR / MIN));
		text(f, x, top + HEAD + GRAPH + 16, "tick middle", hour);
	}
	fprintf(f,
	    "<text transform=\"translate(18 %.1f) rotate(-90)\" "
	    "class=\"tick middle\">sign-ins a second</text>\n",
	    top + HEAD + GRAPH / 2.0);
}

/* When nothing worked. */
static void
shade(FILE *f, const struct scenario *s, double top)
{
	int64_t from = s->down_from != 0 ? s->down_from : s->cut_from;
	int64_t to = s->down_from != 0 ? s->down_to : s->cut_to;

	if (from != 0)
		fprintf(f,
		    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		    "height=\"%d\" fill=\"#f3e3d0\"/>\n",
		    x_of(s, from), top + HEAD, x_of(s, to) - x_of(s, from),
		    GRAPH);
}

static double
minute(const struct load *l, int64_t from)
{
	double sum = 0;

	for (int64_t t = from / SEC; t < (from + MIN) / SEC; t++)
		sum += l->second[t];
	return sum / 60;
}

static void
line(FILE *f, const struct scenario *s, const struct client *c,
    const struct load *l, double top)
{
	fprintf(f,
	    "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" "
	    "points=\"",
	    c->colour, c == &clients[AWSFED] ? "2.2" : "1.2");
	for (int64_t t = s->plot_from; t < s->plot_to; t += MIN)
		fprintf(f, "%.1f,%.1f ", x_of(s, t + MIN / 2),
		    y_of(minute(l, t), top));
	fprintf(f, "\"/>\n");
}

/* Three times the mean of the window, which no peak of awsfed's may pass. */
static void
limit(FILE *f, const struct scenario *s, const struct window *w,
    const struct load *l, double top)
{
	double y = y_of(3 * load_mean(l, w), top);

	fprintf(f,
	    "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
	    "class=\"limit\"/>\n",
	    x_of(s, w->from), y,
	    x_of(s, w->to < s->plot_to ? w->to : s->plot_to), y);
}

static void
panel(FILE *f, const struct scenario *s, const struct load *loads, double top)
{
	char said[200];
	size_t n = 0;

	text(f, LEFT, top + 18, "title", s->title);
	/* The hour that matters: the one after what happened. */
	while (n + 1 < ARRAY_SIZE(s->windows) && s->windows[n].to <= s->since)
		n++;
	snprintf(said, sizeof(said),
	    "%s: busiest minute over the mean: %s %.1f, %s %.1f, %s %.1f",
	    s->windows[n].name, clients[0].name,
	    load_peak(&loads[0], &s->windows[n], 60) /
		load_mean(&loads[0], &s->windows[n]),
	    clients[1].name,
	    load_peak(&loads[1], &s->windows[n], 60) /
		load_mean(&loads[1], &s->windows[n]),
	    clients[2].name,
	    load_peak(&loads[2], &s->windows[n], 60) /
		load_mean(&loads[2], &s->windows[n]));
	text(f, LEFT, top + 36, "said", said);
	shade(f, s, top);
	axes(f, s, top);
	for (size_t i = 0;
	     i < ARRAY_SIZE(s->windows) && s->windows[i].name != NULL; i++)
		limit(f, s, &s->windows[i], &loads[AWSFED], top);
	for (size_t c = nclients; c-- > 0;)
		line(f, s, &clients[c], &loads[c], top);
}

static void
legend(FILE *f)
{
	double x = LEFT;

	for (size_t c = 0; c < nclients; c++, x += 150) {
		fprintf(f,
		    "<line x1=\"%.1f\" y1=\"66\" x2=\"%.1f\" y2=\"66\" "
		    "stroke=\"%s\" stroke-width=\"3\"/>\n",
		    x, x + 26, clients[c].colour);
		text(f, x + 32, 70, "tick", clients[c].name);
	}
	fprintf(f,
	    "<line x1=\"%.1f\" y1=\"66\" x2=\"%.1f\" y2=\"66\" "
	    "class=\"limit\"/>\n",
	    x, x + 26);
	text(f, x + 32, 70, "tick", "3 x the mean of awsfed in that window");
}

int
plot(const char *path, const struct load *loads, size_t agents)
{
	int height = TOP + PANEL * (int)nscenarios + 8, bad;
	FILE *f = fopen(path, "we");
	char head[160];

	if (f == NULL)
		return -1;
	fprintf(f,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
	    "width=\"%d\" height=\"%d\" font-family=\"sans-serif\">\n"
	    "<style>.big{font-size:20px;font-weight:bold}"
	    ".title{font-size:15px;font-weight:bold}"
	    ".said{font-size:12px;fill:#444}.tick{font-size:12px;fill:#333}"
	    ".end{text-anchor:end}.middle{text-anchor:middle}"
	    ".grid{stroke:#ddd;stroke-width:1}"
	    ".limit{stroke:#222;stroke-width:1.2;stroke-dasharray:6 4}"
	    "</style>\n<rect width=\"100%%\" height=\"100%%\" "
	    "fill=\"white\"/>\n",
	    WIDTH, height, WIDTH, height);
	snprintf(head, sizeof(head),
	    "%zu,%03zu agents before one AD FS farm: sign-ins a second",
	    agents / 1000, agents % 1000);
	text(f, LEFT, 32, "big", head);
	text(f, LEFT, 50, "said",
	    "mean of each minute, logarithmic; simulated with the agent's own "
	    "schedule; credentials of one hour; shaded: nothing works");
	legend(f);
	for (size_t i = 0; i < nscenarios; i++)
		panel(f, &scenarios[i], &loads[i * nclients],
		    TOP + PANEL * (double)i);
	fprintf(f, "</svg>\n");
	bad = ferror(f);
	if (fclose(f) != 0 || bad) {
		if (errno == 0)
			errno = EIO;
		return -1;
	}
	return 0;
}
