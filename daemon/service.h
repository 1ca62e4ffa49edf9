/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service manager: readiness, status line, watchdog, inherited descriptors,
 * log lines with journal fields.  Everything is a no-op without systemd.
 */
#ifndef AWSFED_SERVICE_H
#define AWSFED_SERVICE_H

#include <stdbool.h>

struct loop;
struct service;

/* What the service manager has handed over. */
struct service_fds {
	int control; /* the listening socket, or -1 */
	int state;   /* from the store, or -1: to be looked at by state.c */
};

/*
 * Takes the inherited descriptors, once.  What is not known, or is there twice,
 * is closed and taken out of the store, with a line each.  A state that cannot
 * be right is let through.
 */
struct service_fds service_inherit(void);
/*
 * The descriptor store: puts fd there (a copy stays ours); false when there is
 * no service manager that keeps it.  Removing one that is not there is fine.
 */
bool service_store(int fd);
void service_unstore(void);

/*
 * Starts the watchdog.  sane() is asked each time whether the agent agrees with
 * itself; while it says no, no ping is sent and the service manager acts.
 */
typedef bool service_sane_fn(void *arg);
struct service *service_new(
    struct loop *loop, service_sane_fn *sane, void *arg);
void service_free(struct service *service);
void service_ready(struct service *service);
void service_stopping(struct service *service);
void service_reloading(struct service *service);
/* Sent only when it differs from the last one. */
void service_status(struct service *service, const char *text);
/*
 * Log lines go to the journal natively, with their fields, when stderr is the
 * journal's stream, else to stderr.
 */
void service_log_init(const char *program, int max_priority);

#endif
