/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AD FS hosts that this agent talks to, and what it owes each of them,
 * whoever's sign-in it is: a distance between sign-ins that nobody asked for,
 * and a budget of those that fail (struct schedule_budget: 20, and one more in
 * 30 s).  A person who asks is never held back by a farm.
 *
 * A farm lives as long as the list it is in.
 */
#ifndef AWSFED_FARM_H
#define AWSFED_FARM_H

#include <stdbool.h>
#include <stdint.h>

struct clk;
struct farm;
struct farms;

struct farms *farms_new(const struct clk *clk);
void farms_free(struct farms *f);
/* By the host, with its port where it names one; case does not count. */
struct farm *farms_get(struct farms *f, const char *host);

/* Microseconds until its next sign-in by itself, `spacing` after the last. */
int64_t farm_slot(const struct farm *f, int64_t spacing);
/* Microseconds until the budget allows one, 0 when it does. */
int64_t farm_wait(const struct farm *f);
unsigned farm_left(const struct farm *f); /* of SCHEDULE_RETRIES */
/* A sign-in starts.  by_itself: it takes one of the budget, which has one. */
void farm_start(struct farm *f, bool by_itself);
/* It succeeded, or never got there: what it took is given back. */
void farm_give(struct farm *f);

#endif
