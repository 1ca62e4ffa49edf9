/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin interface: a Unix stream socket in the simulator's directory, one
 * JSON object a line, one reply a line: {"ok": true, ...} or {"ok": false,
 * "error": "..."}.  README.md lists the commands.
 */
#ifndef SIM_ADMIN_H
#define SIM_ADMIN_H

#include <openssl/ssl.h>

struct sim;

/* Serves one accepted connection; a body for http_thread(), ctx unused. */
void admin_serve(struct sim *s, int fd, SSL_CTX *ctx);

#endif
