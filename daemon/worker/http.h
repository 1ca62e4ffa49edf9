/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP with one policy: TLS 1.2 or better, no redirect followed, no proxy or
 * key log from the environment, bounded bodies and headers, deadlines.
 *
 * An http owns one libcurl multi handle for the life of the job.  Calls with
 * cookies go one at a time through one easy handle (the "browser"); calls
 * without share a pool of connections and run in parallel.  While something is
 * awaited the agent's descriptor is watched: when the agent goes, so do we.
 */
#ifndef AWSFED_WORKER_HTTP_H
#define AWSFED_WORKER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"

#define HTTP_BODY_MAX (1024 * 1024)
#define HTTP_HEADERS_MAX (64 * 1024)
#define HTTP_POOL_MAX 16 /* connections of parallel calls */

struct certificate;
struct http;

struct http_settings {
	const char *ca_bundle;	 /* NULL: the system's */
	const char *https_proxy; /* NULL: none */
	const char *no_proxy;
	bool verify_provider;	 /* certificates of cookie calls */
	int64_t connect_timeout; /* seconds */
	int64_t timeout;	 /* seconds, for all cookie calls */
	int watch_fd;		 /* the agent's, or -1 */
	bool worked;		 /* a sign-in from here has worked before */
};

enum {
	HTTP_COOKIES = 1 << 0, /* through the browser */
	HTTP_SECRET = 1 << 1,  /* its request is made once, whatever happens */
	HTTP_PUBLIC = 1 << 2,  /* a public host: the system's CAs count too */
	HTTP_PAGE = 1 << 3,    /* without cookies, but for a page: in English */
	HTTP_PATIENT = 1 << 4, /* a person is awaited: timeout_ms alone rules */
	/* With cookies only; the caller has looked at who the server is. */
	HTTP_NEGOTIATE = 1 << 5,  /* with a Kerberos ticket */
	HTTP_NTLM = 1 << 6,	  /* with the call's user and password, once */
	HTTP_CERTIFICATE = 1 << 7 /* with what http_certificate was given */
};

/* AWS's Signature Version 4; strings borrowed until the call has ended. */
struct http_signature {
	const char *region;
	const char *service;
	const char *access_key_id;
	const char *secret_access_key;
	const char *session_token; /* NULL: long-term keys */
};

struct http_reply {
	long status;
	char *redirect; /* where 3xx leads, absolute, or NULL */
	char *content_type;
	char *authenticate;  /* each WWW-Authenticate, or NULL */
	int64_t retry_after; /* seconds, 0 when not said */
	bool dated;
	int64_t date_s; /* the server's Date */
	int64_t skew_s; /* server minus ours; 0: hardly any */
	struct buf body;
};

struct http_call {
	const char *url;  /* borrowed until the call has ended */
	const char *body; /* NULL: GET.  Borrowed, too */
	size_t body_len;
	unsigned flags;
	const struct http_signature *sign; /* NULL: not signed */
	int64_t timeout_ms; /* for this call alone; 0: the settings' */
	const char *user;   /* HTTP_NTLM; borrowed, too */
	const char *password;
	void *arg; /* the caller's */

	bool failed; /* then fault is set */
	bool sent;   /* the request may have left this machine */
	struct http_reply reply;
	struct fault fault;

	struct transfer *transfer; /* private while it runs */
};

/* NULL with a config fault when a setting cannot be used. */
struct http *http_new(const struct http_settings *set, struct fault *fault);
struct http *http_free(struct http *h);
/* Our id of this sign-in, a UUID: in each cookie call's headers and faults. */
const char *http_request_id(const struct http *h);

/*
 * Whether cookie calls show themselves as a Windows browser, to which AD FS
 * offers integrated authentication; awsfed and its version are in both.
 */
void http_windows(struct http *h, bool windows);
/* The certificate of HTTP_CERTIFICATE calls; borrowed until http_free. */
void http_certificate(struct http *h, const struct certificate *cert);

void http_start(struct http *h, struct http_call *c);
/* The next call that ended, or NULL after timeout (ms) or when none runs. */
struct http_call *http_next(struct http *h, int64_t timeout);
size_t http_running(const struct http *h);
/* One call to its end: 0, or -1 with c->fault. */
int http_run(struct http *h, struct http_call *c);
/* Makes it ready for http_start again. */
void http_call_done(struct http_call *c);

/* libcurl's lines (Netscape format). */
void http_cookies_set(struct http *h, const json_t *lines);
json_t *http_cookies(struct http *h);
void http_cookies_clear(struct http *h);

#endif
