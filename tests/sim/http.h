/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP/1.1 server: one thread a connection, keep-alive, TLS or plain.
 * The handler runs with the simulator's lock held; sending, and any delay that
 * was asked for, happens without it.
 */
#ifndef SIM_HTTP_H
#define SIM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include <awsfed/buf.h>

#include "form.h"

struct sim;

#define HTTP_MAX_HEAD (64 * 1024)
#define HTTP_MAX_BODY (512 * 1024)
#define HTTP_MAX_ANSWER (4 * 1024 * 1024)
#define HTTP_MAX_CONNS 512

struct request {
	char *method;
	char *path;  /* raw, without the query */
	char *query; /* raw, "" when there is none */
	struct form headers;
	char *body; /* NUL-terminated */
	size_t body_len;
	bool tls;
	unsigned long conn;
	const char *client; /* name in the certificate it showed, or NULL */
};

struct response {
	int status;
	struct form headers;
	struct buf body;
	int64_t delay_ms;
	bool drop;     /* close without an answer */
	bool truncate; /* half of the promised body, then close */
	bool cut_head; /* half of the headers, then close */
	bool stall;    /* with drop: not before the peer has gone */
	bool reset;    /* with drop: RST in place of FIN */
	bool close;
};

const char *request_header(const struct request *q, const char *name);
/* Host without its port, lower case; xalloc string. */
char *request_host(const struct request *q);
/* Replaces what was there before. */
void response_header(struct response *r, const char *name, const char *value);
void response_cookie(struct response *r, const char *name, const char *value,
    const char *attributes);
void response_text(
    struct response *r, int status, const char *type, const char *text);

/* Serves one accepted connection in a thread of its own.  ctx NULL: plain. */
void http_serve(struct sim *s, int fd, SSL_CTX *ctx);
/* Sleeps.  True: the simulator is being stopped. */
bool http_nap(int64_t ms);
/* Ends every connection and waits for its thread, at most 5 s. */
void http_stop(void);
/* A thread that is counted by http_stop: the admin's connections too. */
void http_thread(struct sim *s, int fd, SSL_CTX *ctx,
    void (*run)(struct sim *s, int fd, SSL_CTX *ctx));

#endif
