/* SPDX-License-Identifier: Apache-2.0 */
#include "farm.h"

#include <stdlib.h>

#include "awsfed/clock.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "schedule.h"

struct farm {
	struct farm *next;
	const struct clk *clk;
	char *host;
	int64_t started; /* boot clock; -1 never */
	struct schedule_budget budget;
};

struct farms {
	const struct clk *clk;
	struct farm *list;
};

struct farms *
farms_new(const struct clk *clk)
{
	struct farms *f = xcalloc(1, sizeof(*f));

	f->clk = clk;
	return f;
}

void
farms_free(struct farms *f)
{
	while (f != NULL && f->list != NULL) {
		struct farm *dead = f->list;

		f->list = dead->next;
		xfree(dead->host);
		xfree(dead);
	}
	xfree(f);
}

struct farm *
farms_get(struct farms *f, const char *host)
{
	struct farm *farm;

	for (farm = f->list; farm != NULL; farm = farm->next)
		if (str_caseeq(farm->host, host))
			return farm;
	farm = xcalloc(1, sizeof(*farm));
	farm->clk = f->clk;
	farm->host = xstrdup(host);
	farm->started = -1;
	schedule_budget_init(&farm->budget, SCHEDULE_RETRIES,
	    SCHEDULE_RETRY_EVERY, clk_boot(f->clk));
	farm->next = f->list;
	f->list = farm;
	return farm;
}

int64_t
farm_slot(const struct farm *f, int64_t spacing)
{
	return schedule_slot(
	    spacing, f->started < 0 ? -1 : clk_boot(f->clk) - f->started);
}

int64_t
farm_wait(const struct farm *f)
{
	return schedule_budget_wait(&f->budget, clk_boot(f->clk));
}

unsigned
farm_left(const struct farm *f)
{
	return schedule_budget_left(&f->budget, clk_boot(f->clk));
}

void
farm_start(struct farm *f, bool by_itself)
{
	f->started = clk_boot(f->clk);
	if (by_itself && !schedule_budget_take(&f->budget, f->started))
		abort(); /* farm_wait() was not asked */
}

void
farm_give(struct farm *f)
{
	schedule_budget_give(&f->budget, clk_boot(f->clk));
}
