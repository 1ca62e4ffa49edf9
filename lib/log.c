/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define LINE_MAX_BYTES 4096

static struct {
	const char *program;
	int max;
	bool tty;
	log_hook_fn *hook;
	void *hook_arg;
} state = { "awsfed", LOG_NOTICE, false, NULL, NULL };

void
log_init(const char *program, int max_priority)
{
	state.program = program;
	state.max = max_priority;
	state.tty = isatty(STDERR_FILENO) == 1;
}

void
log_set_max(int max_priority)
{
	state.max = max_priority;
}

void
log_hook(log_hook_fn *fn, void *arg)
{
	state.hook = fn;
	state.hook_arg = arg;
}

static void
put(const struct log_field *fields, int priority, const char *fmt, va_list ap)
{
	_cleanup_free_ char *raw = NULL, *line = NULL, *out = NULL;

	raw = xvasprintf(fmt, ap);
	line = str_clean(raw, LINE_MAX_BYTES);
	if (state.hook != NULL) {
		state.hook(priority, line, fields, state.hook_arg);
		return;
	}
	out = state.tty ?
	    xasprintf("%s: %s\n", state.program, line) :
	    xasprintf("<%d>%s: %s\n", priority, state.program, line);
	/* One write a line; a full or closed stderr is nobody's fault. */
	(void)write_all(STDERR_FILENO, out, __builtin_strlen(out));
}

void
log_at(int priority, const char *fmt, ...)
{
	va_list ap;

	if (priority > state.max)
		return;
	va_start(ap, fmt);
	put(NULL, priority, fmt, ap);
	va_end(ap);
}

void
log_event(const struct log_field *fields, int priority, const char *fmt, ...)
{
	va_list ap;

	if (priority > state.max)
		return;
	va_start(ap, fmt);
	put(fields, priority, fmt, ap);
	va_end(ap);
}
