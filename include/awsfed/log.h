/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines to standard error, each with a "<N>" priority that systemd reads (left
 * out on a terminal).  Control bytes are escaped.  A hook may take the lines
 * instead (journal fields, tests).  lib/ itself only uses log_debug.
 *
 * A line may come with fields for programs to search by (PROFILE=, IDENTITY=,
 * MESSAGE_ID=, ...); without a hook that takes them they are left out.
 */
#ifndef AWSFED_LOG_H
#define AWSFED_LOG_H

#include <syslog.h>

/* A list of these ends with a NULL name; a NULL value is left out. */
struct log_field {
	const char *name; /* capital letters, digits, underscores */
	const char *value;
};

/* fields is NULL for a plain line; all is borrowed. */
typedef void log_hook_fn(
    int priority, const char *line, const struct log_field *fields, void *arg);

void log_init(const char *program, int max_priority);
void log_set_max(int max_priority);
void log_hook(log_hook_fn *fn, void *arg);
void log_at(int priority, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_event(const struct log_field *fields, int priority, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_notice(...) log_at(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_err(...) log_at(LOG_ERR, __VA_ARGS__)

#endif
