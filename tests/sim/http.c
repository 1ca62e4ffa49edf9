/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "http.h"
#include "state.h"
#include "wia.h"

/* One end of a connection, TLS or not. */
struct peer {
	int fd;
	SSL *ssl;
	struct buf in;
	char *client; /* name in the certificate it showed, or NULL */
	bool reset;   /* no goodbye */
};

struct job {
	struct sim *sim;
	int fd;
	SSL_CTX *ctx;
	void (*run)(struct sim *s, int fd, SSL_CTX *ctx);
};

static pthread_mutex_t conns_lock = PTHREAD_MUTEX_INITIALIZER;
static int conns[HTTP_MAX_CONNS];
static size_t n_conns;
static bool stopping;

const char *
request_header(const struct request *q, const char *name)
{
	return form_get_case(&q->headers, name);
}

char *
request_host(const struct request *q)
{
	char *host = xstrdup(request_header(q, "host"));
	char *colon;

	if (host == NULL)
		host = xstrdup("localhost");
	colon = strrchr(host, ':');
	if (colon != NULL)
		*colon = '\0';
	str_lower(host);
	return host;
}

void
response_header(struct response *r, const char *name, const char *value)
{
	for (size_t i = 0; i < r->headers.n; i++)
		if (strcasecmp(r->headers.v[i].name, name) == 0) {
			xreplace(&r->headers.v[i].value, xstrdup(value));
			return;
		}
	form_add(&r->headers, name, value);
}

void
response_cookie(struct response *r, const char *name, const char *value,
    const char *attributes)
{
	_cleanup_free_ char *line =
	    xasprintf("%s=%s%s", name, value, attributes);

	form_add(&r->headers, "Set-Cookie", line);
}

void
response_text(
    struct response *r, int status, const char *type, const char *text)
{
	r->status = status;
	response_header(r, "Content-Type", type);
	buf_reset(&r->body);
	put(&r->body, "%s", text);
}

static ssize_t
peer_read(struct peer *p, void *data, size_t len)
{
	if (p->ssl == NULL) {
		ssize_t n;

		do
			n = read(p->fd, data, len);
		while (n < 0 && errno == EINTR);
		return n;
	}
	return SSL_read(p->ssl, data, (int)len);
}

static int
peer_write(struct peer *p, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = p->ssl == NULL ?
		    send(p->fd, data, len, MSG_NOSIGNAL) :
		    SSL_write(p->ssl, data, (int)len);

		if (n <= 0)
			return -EPIPE;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* More bytes into p->in; -ECONNRESET at the end, -EMSGSIZE when full. */
static int
peer_fill(struct peer *p)
{
	char chunk[16384];
	ssize_t n = peer_read(p, chunk, sizeof(chunk));

	if (n <= 0)
		return -ECONNRESET;
	return buf_add(&p->in, chunk, (size_t)n) < 0 ? -EMSGSIZE : 0;
}

static void
request_done(struct request *q)
{
	xfree(q->method);
	xfree(q->path);
	xfree(q->query);
	xfree(q->body);
	form_done(&q->headers);
	*q = (struct request){ 0 };
}

/* The request line and the headers, already cut off at the empty line. */
static int
parse_head(char *head, struct request *q)
{
	char *save = NULL, *line = strtok_r(head, "\r\n", &save);
	char *target, *version, *query;

	if (line == NULL || (target = strchr(line, ' ')) == NULL)
		return -EBADMSG;
	*target++ = '\0';
	if ((version = strchr(target, ' ')) == NULL)
		return -EBADMSG;
	*version++ = '\0';
	if (!str_starts(version, "HTTP/1.") || target[0] != '/')
		return -EBADMSG;
	if ((query = strchr(target, '?')) != NULL)
		*query++ = '\0';
	q->method = xstrdup(line);
	q->path = xstrdup(target);
	q->query = xstrdup(query != NULL ? query : "");
	while ((line = strtok_r(NULL, "\r\n", &save)) != NULL) {
		char *colon = strchr(line, ':');

		if (colon == NULL || colon == line || q->headers.n > 100)
			return -EBADMSG;
		*colon = '\0';
		if (strpbrk(line, " \t") != NULL)
			return -EBADMSG;
		form_add(&q->headers, line, str_trim(colon + 1));
	}
	return 0;
}

/*
 * Reads one request.  0; -ECONNRESET when the client went away; otherwise a
 * positive HTTP status to refuse it with.
 */
static int
read_request(struct peer *p, struct request *q)
{
	_cleanup_free_ char *head = NULL;
	const char *end, *value;
	int64_t len = 0;
	int r;

	while (
	    p->in.len == 0 || (end = strstr(p->in.data, "\r\n\r\n")) == NULL) {
		if (p->in.len > HTTP_MAX_HEAD)
			return 431;
		if (p->in.len > 0 && memchr(p->in.data, 0, p->in.len) != NULL)
			return 400;
		if ((r = peer_fill(p)) < 0)
			return r == -EMSGSIZE ? 431 : r;
	}
	if (end - p->in.data > HTTP_MAX_HEAD)
		return 431;
	head = xstrndup(p->in.data, (size_t)(end - p->in.data));
	buf_consume(&p->in, (size_t)(end - p->in.data) + 4);
	if (parse_head(head, q) < 0)
		return 400;
	if (request_header(q, "transfer-encoding") != NULL)
		return 411;
	if ((value = request_header(q, "content-length")) != NULL) {
		if (str_int(value, 0, INT64_MAX, &len) < 0)
			return 400;
		if (len > HTTP_MAX_BODY)
			return 413;
	} else if (str_eq(q->method, "POST")) {
		return 411;
	}
	value = request_header(q, "expect");
	if (value != NULL &&
	    peer_write(p, "HTTP/1.1 100 Continue\r\n\r\n", 25) < 0)
		return -ECONNRESET;
	while (p->in.len < (size_t)len)
		if ((r = peer_fill(p)) < 0)
			return r == -EMSGSIZE ? 413 : r;
	q->body_len = (size_t)len;
	q->body = xstrndup(len > 0 ? p->in.data : "", (size_t)len);
	buf_consume(&p->in, (size_t)len);
	return 0;
}

static const char *
status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} names[] = {
		{ 200, "OK" },
		{ 302, "Found" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 429, "Too Many Requests" },
		{ 431, "Headers Too Large" },
		{ 500, "Internal Server Error" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].status == status)
			return names[i].text;
	return "Status";
}

static int
send_response(struct peer *p, struct response *r)
{
	struct buf out = BUF_INIT(HTTP_MAX_ANSWER + HTTP_MAX_HEAD);
	size_t body = r->truncate ? r->body.len / 2 : r->body.len;
	char date[64];
	struct tm tm;
	time_t now = time(NULL);
	int ret;

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	put(&out, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Length: %zu\r\n",
	    r->status, status_text(r->status), date, r->body.len);
	for (size_t i = 0; i < r->headers.n; i++)
		put(&out, "%s: %s\r\n", r->headers.v[i].name,
		    r->headers.v[i].value);
	put(&out, "%s\r\n", r->close ? "Connection: close\r\n" : "");
	if (r->cut_head) {
		out.len /= 2;
		body = 0;
	}
	if (body > 0 && buf_add(&out, r->body.data, body) < 0)
		abort();
	ret = peer_write(p, out.data, out.len);
	buf_done(&out);
	return ret;
}

/* Sleeps in relative slices, so that a moved clock cannot lengthen it. */
bool
http_nap(int64_t ms)
{
	struct timespec slice = { .tv_nsec = 10000000 };

	for (; ms > 0; ms -= 10) {
		bool stop;

		pthread_mutex_lock(&conns_lock);
		stop = stopping;
		pthread_mutex_unlock(&conns_lock);
		if (stop)
			return true;
		nanosleep(&slice, NULL);
	}
	return false;
}

/* Until the peer has had enough. */
static void
wait_gone(const struct peer *p)
{
	struct pollfd pfd = { p->fd, POLLRDHUP, 0 };

	while (poll(&pfd, 1, 0) == 0 && !http_nap(20))
		;
}

/* What is sent on closing is a reset. */
static void
set_reset(int fd)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/*
 * Reads on for a moment after a refusal: closing with bytes unread would reset
 * the connection before the client has seen the answer.
 */
static void
linger(struct peer *p)
{
	struct timeval limit = { .tv_usec = 300000 };
	char chunk[16384];

	setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	for (int i = 0; i < 1024 && peer_read(p, chunk, sizeof(chunk)) > 0; i++)
		;
}

/* Requests of one connection until either side has had enough. */
static void
talk(struct sim *s, struct peer *p, unsigned long id)
{
	for (bool more = true; more;) {
		struct request q = {
			.tls = p->ssl != NULL, .conn = id, .client = p->client
		};
		struct response r = { .status = 500 };
		const char *c;
		int err = read_request(p, &q);

		buf_init(&r.body, HTTP_MAX_ANSWER);
		if (err > 0) {
			response_text(&r, err, "text/plain", "refused\n");
			r.close = true;
			sim_lock(s);
			sim_violation(s, "request refused with %d", err);
			sim_unlock(s);
		} else if (err == 0) {
			c = request_header(&q, "connection");
			r.close = c != NULL && strcasecmp(c, "close") == 0;
			sim_lock(s);
			wia_proxied(s, &q);
			sim_handle(s, &q, &r);
			sim_unlock(s);
			if (r.delay_ms > 0)
				http_nap(r.delay_ms);
		}
		if (r.stall)
			wait_gone(p);
		if (r.reset)
			set_reset(p->fd);
		if (err < 0 || r.drop || send_response(p, &r) < 0 || r.close ||
		    r.truncate || r.cut_head)
			more = false;
		p->reset |= r.reset;
		if (err > 0)
			linger(p);
		form_done(&r.headers);
		buf_done(&r.body);
		request_done(&q);
	}
}

static void
serve(struct sim *s, int fd, SSL_CTX *ctx)
{
	struct peer p = { .fd = fd };
	struct timeval limit = { .tv_sec = 120 };
	unsigned long id;
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	buf_init(&p.in, HTTP_MAX_HEAD + HTTP_MAX_BODY + 32768);
	sim_lock(s);
	id = (unsigned long)++s->count.connections;
	sim_unlock(s);
	if (ctx != NULL) {
		p.ssl = SSL_new(ctx);
		if (p.ssl == NULL || SSL_set_fd(p.ssl, fd) != 1 ||
		    SSL_accept(p.ssl) != 1) {
			sim_lock(s);
			s->count.tls_failures++;
			sim_log(s, "#%lu TLS handshake failed", id);
			sim_unlock(s);
			SSL_free(p.ssl);
			buf_done(&p.in);
			return;
		}
	}
	if (p.ssl != NULL)
		p.client = wia_client(p.ssl);
	talk(s, &p, id);
	xfree(p.client);
	if (p.ssl != NULL) {
		if (!p.reset)
			SSL_shutdown(p.ssl);
		SSL_free(p.ssl);
	}
	buf_done(&p.in);
}

static void *
thread_main(void *arg)
{
	struct job j = *(struct job *)arg;

	xfree(arg);
	j.run(j.sim, j.fd, j.ctx);
	OPENSSL_thread_stop();
	pthread_mutex_lock(&conns_lock);
	for (size_t i = 0; i < n_conns; i++)
		if (conns[i] == j.fd)
			conns[i--] = conns[--n_conns];
	close(j.fd);
	pthread_mutex_unlock(&conns_lock);
	return NULL;
}

void
http_thread(struct sim *s, int fd, SSL_CTX *ctx,
    void (*run)(struct sim *s, int fd, SSL_CTX *ctx))
{
	struct job *j = xmalloc(sizeof(*j));
	pthread_attr_t attr;
	pthread_t thread;
	bool ok = false;

	*j = (struct job){ .sim = s, .fd = fd, .ctx = ctx, .run = run };
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_mutex_lock(&conns_lock);
	if (n_conns < HTTP_MAX_CONNS &&
	    pthread_create(&thread, &attr, thread_main, j) == 0) {
		conns[n_conns++] = fd;
		ok = true;
	}
	pthread_mutex_unlock(&conns_lock);
	pthread_attr_destroy(&attr);
	if (!ok) {
		xfree(j);
		close(fd);
	}
}

void
http_serve(struct sim *s, int fd, SSL_CTX *ctx)
{
	http_thread(s, fd, ctx, serve);
}

void
http_stop(void)
{
	struct timespec slice = { .tv_nsec = 5000000 };
	size_t left = 1;

	for (int i = 0; i < 1000 && left > 0; i++) {
		pthread_mutex_lock(&conns_lock);
		stopping = true;
		left = n_conns;
		for (size_t k = 0; k < n_conns; k++)
			shutdown(conns[k], SHUT_RDWR);
		pthread_mutex_unlock(&conns_lock);
		if (left > 0)
			nanosleep(&slice, NULL);
	}
}
