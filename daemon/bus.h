/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message bus (sd-bus) on the loop.  The session's or the system's; each is
 * opened when the first watcher comes, so that an agent that needs none pays
 * for none.
 *
 * A bus may be absent, come late, die in the middle of a call and come back:
 * all of that is told by the watchers, nothing blocks, and nothing is polled:
 * the kernel says when the socket appears.  What fails otherwise is tried again
 * with back-off.  Calls are asynchronous only (sd_bus_call_async and its kind):
 * their replies, also those of a bus that died (an error), come from the loop.
 *
 * Only addresses of the kind unix: are used; others would look up names or run
 * commands.
 */
#ifndef AWSFED_BUS_H
#define AWSFED_BUS_H

#include <stdbool.h>
#include <stdint.h>

struct bus;
struct loop;
struct sd_bus;

enum bus_kind { BUS_SESSION, BUS_SYSTEM };

/* How long a call may take when it says nothing else; microseconds. */
#define BUS_CALL_TIME (10 * 1000000ULL)

/*
 * From the loop.  there: the bus answers, bus_sd() is not NULL, and matches and
 * names are to be asked for, each time anew.  Else: it has gone, all calls have
 * been answered; slots may be dropped now or later.
 */
typedef void bus_state_fn(bool there, void *arg);

/* Never fails: there may be none all the time. */
struct bus *bus_new(struct loop *loop, enum bus_kind kind);
/* Watchers are not told.  Slots of theirs may outlive it. */
void bus_free(struct bus *b);
/* Borrowed, until the watchers are told otherwise; NULL while there is none. */
struct sd_bus *bus_sd(struct bus *b);
/* Not from a callback of bus_watch.  A bus that is there is told from the loop. */
void bus_watch(struct bus *b, bus_state_fn *fn, void *arg);
/* Somebody is here: looks for a bus that cannot be waited for.  Cheap. */
void bus_look(struct bus *b);
/* After something was sent that is not an answer to a callback of the bus. */
void bus_pump(struct bus *b);

#endif
