/* SPDX-License-Identifier: Apache-2.0 */
#include "countdown.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/str.h"

#define SECONDS_MAX (24 * 3600)

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
columns(void)
{
	struct winsize ws;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) != 0 || ws.ws_col == 0)
		return 80;
	return ws.ws_col;
}

void
countdown_begin(
    struct countdown *c, const char *text, bool told, int64_t seconds)
{
	countdown_end(c);
	c->tty = isatty(STDERR_FILENO) == 1;
	if (seconds > SECONDS_MAX)
		seconds = SECONDS_MAX;
	if (!told && (c->tty || seconds <= 0))
		fprintf(stderr, "%s\n", text);
	else if (!told)
		fprintf(stderr, _("%s (at most %lld s)\n"), text,
		    (long long)seconds);
	if (seconds > 0)
		c->until = now_ms() + seconds * 1000;
	countdown_tick(c);
}

void
countdown_tick(struct countdown *c)
{
	int64_t left = c->until - now_ms();
	long long s = left > 0 ? (left + 999) / 1000 : 0;
	char text[128];
	int n;

	if (!c->tty || c->until == 0)
		return;
	n = snprintf(
	    text, sizeof(text), _("  %lld s left; Ctrl-C gives up "), s);
	/* What went over to a second line would stay there each time. */
	if (n >= columns())
		n = snprintf(text, sizeof(text), "%lld s ", s);
	/* ECMA-48: CR, and EL to the end of the line. */
	fprintf(stderr, "\r\033[K%s", n < columns() ? text : "");
	c->drawn = true;
}

void
countdown_clear(struct countdown *c)
{
	if (c->drawn)
		fputs("\r\033[K", stderr);
	c->drawn = false;
}

void
countdown_end(struct countdown *c)
{
	countdown_clear(c);
	c->until = 0;
}
