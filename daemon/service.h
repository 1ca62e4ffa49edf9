/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service manager: readiness, status line, watchdog, inherited sockets, log
 * lines with journal fields.  Everything is a no-op without systemd.
 */
#ifndef AWSFED_SERVICE_H
#define AWSFED_SERVICE_H

struct loop;
struct service;

/* The listening socket handed over, or -1.  More than one: -1 and a warning. */
int service_listen_fd(void);
struct service *service_new(struct loop *loop); /* starts the watchdog */
void service_free(struct service *service);
void service_ready(struct service *service);
void service_stopping(struct service *service);
void service_reloading(struct service *service);
void service_status(struct service *service, const char *text);
/*
 * Log lines go to the journal natively with PRIORITY= when stderr is the
 * journal's stream, else to stderr.
 */
void service_log_init(const char *program, int max_priority);

#endif
