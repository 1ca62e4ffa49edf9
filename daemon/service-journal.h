/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines as journal entries with fields.  The journal's own library blocks
 * while the journal does not read; the agent must not: an entry that does not
 * fit now, and what comes too fast, is left out and counted, and the count is
 * told with the next entry that goes through.
 */
#ifndef AWSFED_SERVICE_JOURNAL_H
#define AWSFED_SERVICE_JOURNAL_H

#include <stdbool.h>

#include "awsfed/clock.h"
#include "awsfed/log.h"

struct journal;

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
/* More lines than this in the span are left out; those of debug always go. */
#define JOURNAL_BURST 500
#define JOURNAL_SPAN (30 * USEC)

/* NULL: nobody listens there.  program is SYSLOG_IDENTIFIER=. */
struct journal *journal_new(
    const char *path, const char *program, const struct clk *clk);
void journal_free(struct journal *j);
/* A log_hook_fn; arg is the journal. */
void journal_line(
    int priority, const char *line, const struct log_field *fields, void *arg);
/* Is standard error the stream that $JOURNAL_STREAM speaks of? */
bool journal_is_stderr(void);

#endif
