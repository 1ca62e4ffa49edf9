/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines to standard error, each with a "<N>" priority that systemd reads (left
 * out on a terminal).  Control bytes are escaped.  A hook may take the lines
 * instead (journal fields, tests).  lib/ itself only uses log_debug.
 */
#ifndef AWSFED_LOG_H
#define AWSFED_LOG_H

#include <syslog.h>

typedef void log_hook_fn(int priority, const char *line, void *arg);

void log_init(const char *program, int max_priority);
void log_set_max(int max_priority);
void log_hook(log_hook_fn *fn, void *arg);
void log_at(int priority, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_notice(...) log_at(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_err(...) log_at(LOG_ERR, __VA_ARGS__)

#endif
