/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "awsfed/clock.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "authorities.h"
#include "certificate.h"
#include "http-fault.h"
#include "network.h"
#include "origin.h"
#include "rest.h"
#include "xml-library.h"
#include "trust.h"

#define RETRY_AFTER_MAX 3600
#define LEGS_MAX 3 /* requests of one handshake */
/*
 * AD FS looks for "Trident/7.0" and its like (WIASupportedUserAgents); the
 * plain one has none of its words and gets the form.
 */
#define AGENT "awsfed/" PACKAGE_VERSION
#define AGENT_WINDOWS \
	"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) " \
	"like Gecko " AGENT

struct transfer {
	struct http *http;
	CURL *easy;
	struct http_call *call;
	struct curl_slist *headers; /* of a signed call, or NULL */
	size_t header_bytes;
	int local_port; /* of an NTLM handshake: all on one connection */
	int legs;	/* of either handshake */
	bool refused;	/* the server wants more of them than there are */
	bool begun;	/* a secret's request was made: there is no second */
	bool again;	/* libcurl wanted to make it a second time */
	char error[CURL_ERROR_SIZE];
};

struct http {
	struct http_settings set;
	CURLM *multi;
	CURL *browser;
	struct curl_slist *headers; /* of cookie calls */
	struct curl_slist *plain;   /* of the others */
	struct curl_slist *english; /* of pages without cookies */
	struct authorities system;
	struct trust *trust; /* of public hosts, or NULL */
	char request_id[37];
	bool windows;
	const struct certificate *cert;
	char *looked_at; /* host and port of the facts, or NULL */
	struct network_facts facts;
	size_t running;
	int64_t spent;		  /* µs of cookie calls */
	int64_t since;		  /* when the running one began */
	struct transfer *walking; /* it, or NULL */
	struct rest rest;	  /* connections of cookie calls */
};

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (buf_add(&t->call->reply.body, data, size * n) < 0)
		return 0; /* counted here, so chunked answers too */
	return size * n;
}

static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)data;
	t->header_bytes += size * n;
	return t->header_bytes > HTTP_HEADERS_MAX ? 0 : size * n;
}

/*
 * Whatever a name resolves to: never the link-local range (a cloud's metadata
 * service lives there), nor an address that is none.
 */
static bool
address_ok(const struct curl_sockaddr *a)
{
	if (a->family == AF_INET) {
		struct sockaddr_in in;
		uint32_t ip;

		memcpy(&in, &a->addr, sizeof(in));
		ip = ntohl(in.sin_addr.s_addr);
		return ip >> 16 != 0xa9fe && ip >> 24 != 0 && ip >> 28 < 0xe;
	}
	if (a->family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, &a->addr, sizeof(in6));
		return !IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr) &&
		    !IN6_IS_ADDR_MULTICAST(&in6.sin6_addr) &&
		    !IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr) &&
		    !IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
	}
	return true;
}

static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = arg;
	int fd;

	(void)purpose;
	t->again |= t->begun;
	if (t->again || !address_ok(a))
		return CURL_SOCKET_BAD;
	fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	if (fd >= 0 && (t->call->flags & HTTP_COOKIES))
		rest_opened(&t->http->rest, fd);
	return fd;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	struct http *h = arg;

	rest_closed(&h->rest, fd);
	return close(fd);
}

struct http *
http_new(const struct http_settings *set, struct fault *fault)
{
	struct http *h = xcalloc(1, sizeof(*h));
	_cleanup_free_ char *id = NULL;

	h->set = *set;
	rest_init(&h->rest);
	if (set->ca_bundle != NULL && access(set->ca_bundle, R_OK) < 0) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The CA bundle %s cannot be read: %s."), set->ca_bundle,
		    strerror(errno));
		fault_next(fault, _("Check ca_bundle."));
		xfree(h);
		return NULL;
	}
	authorities_find(&h->system);
	if (set->ca_bundle != NULL)
		h->trust = trust_new(set->ca_bundle, &h->system);
	h->multi = curl_multi_init();
	h->browser = curl_easy_init();
	if (h->multi == NULL || h->browser == NULL)
		xalloc_oom(); /* nothing else can be missing */
	curl_multi_setopt(
	    h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(
	    h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HTTP_POOL_MAX);
	curl_multi_setopt(
	    h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)HTTP_POOL_MAX);
	/*
	 * A cookie starts the engine, for good: COOKIEFILE would have to be
	 * set again for each request, and 7.88 leaks its list.
	 */
	curl_easy_setopt(h->browser, CURLOPT_COOKIELIST,
	    "localhost\tFALSE\t/\tTRUE\t0\tstart\tx");
	curl_easy_setopt(h->browser, CURLOPT_COOKIELIST, "ALL");
	str_uuid(h->request_id);
	id = xasprintf("client-request-id: %s", h->request_id);
	h->headers = curl_slist_append(NULL, id);
	h->headers = curl_slist_append(h->headers, "Expect:");
	h->headers = curl_slist_append(
	    h->headers, "Accept: text/html,application/xhtml+xml");
	h->headers = curl_slist_append(h->headers, "Accept-Language: en");
	h->plain = curl_slist_append(NULL, "Expect:");
	h->plain = curl_slist_append(h->plain,
	    "Content-Type: "
	    "application/x-www-form-urlencoded; charset=utf-8");
	h->english = curl_slist_append(NULL, "Expect:");
	h->english = curl_slist_append(
	    h->english, "Accept: text/html,application/xhtml+xml");
	h->english = curl_slist_append(h->english, "Accept-Language: en");
	return h;
}

struct http *
http_free(struct http *h)
{
	if (h == NULL)
		return NULL;
	curl_easy_cleanup(h->browser);
	curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->headers);
	curl_slist_free_all(h->plain);
	curl_slist_free_all(h->english);
	trust_free(h->trust);
	xfree(h->looked_at);
	xfree(h);
	return NULL;
}

void
http_windows(struct http *h, bool windows)
{
	h->windows = windows;
}

void
http_certificate(struct http *h, const struct certificate *cert)
{
	h->cert = cert;
}

const char *
http_request_id(const struct http *h)
{
	return h->request_id;
}

size_t
http_running(const struct http *h)
{
	return h->running;
}

static void
set_tls(struct http *h, CURL *e, unsigned flags)
{
	bool verify = h->set.verify_provider || !(flags & HTTP_COOKIES);
	const char *own = h->set.ca_bundle;

	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	/* A file alone is parsed once for the whole multi handle. */
	curl_easy_setopt(e, CURLOPT_CAPATH, own == NULL ? h->system.dir : NULL);
	if (own == NULL) {
		/* What it was built with may not be there. */
		if (h->system.file != NULL || h->system.dir != NULL)
			curl_easy_setopt(e, CURLOPT_CAINFO, h->system.file);
	} else if ((flags & HTTP_PUBLIC) && h->trust != NULL) {
		trust_use(h->trust, e);
	} else {
		curl_easy_setopt(e, CURLOPT_CAINFO, own);
	}
}

static void
set_limits(struct http *h, CURL *e, const struct http_call *c)
{
	int64_t left = h->set.timeout * 1000;

	if (c->flags & HTTP_COOKIES)
		left -= h->spent / 1000;
	if (c->timeout_ms > 0 &&
	    (c->timeout_ms < left || (c->flags & HTTP_PATIENT)))
		left = c->timeout_ms;
	curl_easy_setopt(
	    e, CURLOPT_CONNECTTIMEOUT, (long)h->set.connect_timeout);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(left < 1 ? 1 : left));
	if (!(c->flags & HTTP_PATIENT)) {
		curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 10L);
		curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, 30L);
	}
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
}

static void
set_policy(struct http *h, struct transfer *t)
{
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_UNRESTRICTED_AUTH, 0L);
	curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_NONE);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(e, CURLOPT_PROXY,
	    h->set.https_proxy == NULL ? "" : h->set.https_proxy);
	curl_easy_setopt(
	    e, CURLOPT_NOPROXY, h->set.no_proxy == NULL ? "" : h->set.no_proxy);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, h);
}

/*
 * libcurl 7.88 signs every header of the list: so none in it that is not sent
 * ("Expect:"), no second date, and region and service spelled out, since it
 * would take both from the host's name.
 */
static void
set_signature(struct transfer *t, const struct http_signature *s)
{
	_cleanup_free_ char *provider =
	    xasprintf("aws:amz:%s:%s", s->region, s->service);

	t->headers = curl_slist_append(NULL,
	    "Content-Type: application/x-www-form-urlencoded; charset=utf-8");
	if (s->session_token != NULL) {
		_cleanup_free_ char *token =
		    xasprintf("X-Amz-Security-Token: %s", s->session_token);

		t->headers = curl_slist_append(t->headers, token);
	}
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->easy, CURLOPT_AWS_SIGV4, provider);
	curl_easy_setopt(t->easy, CURLOPT_USERNAME, s->access_key_id);
	curl_easy_setopt(t->easy, CURLOPT_PASSWORD, s->secret_access_key);
}

/*
 * Before each leg of a handshake.  When the server closes the connection libcurl
 * begins NTLM anew by itself, and a wrong password would count again; and when a
 * server takes a ticket, but not its owner, it begins Negotiate anew, 50 times.
 */
static int
on_leg(void *arg, char *to, char *from, int to_port, int from_port)
{
	struct transfer *t = arg;

	(void)to;
	(void)from;
	(void)to_port;
	t->refused = ++t->legs > LEGS_MAX;
	if (t->refused ||
	    ((t->call->flags & HTTP_NTLM) && t->local_port != 0 &&
		t->local_port != from_port))
		return CURL_PREREQFUNC_ABORT;
	t->local_port = from_port;
	return CURL_PREREQFUNC_OK;
}

/*
 * Before each request.  libcurl sends one again by itself, on another connection,
 * when the one it reused ends without an answer: what the server has read by
 * then nobody knows.  Neither a second request nor a connection for it is made.
 */
static int
on_once(void *arg, char *to, char *from, int to_port, int from_port)
{
	struct transfer *t = arg;

	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	t->again |= t->begun;
	t->begun = true;
	return t->again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static void
set_once(struct http *h, struct transfer *t)
{
	curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, on_once);
	curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t);
	if ((t->call->flags & HTTP_COOKIES) && rest_usable(&h->rest))
		curl_easy_setopt(
		    t->easy, CURLOPT_MAXAGE_CONN, (long)h->rest.seconds);
	else
		curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
}

/* Never Basic, never to a connection that somebody else may share. */
static void
set_authentication(struct http *h, struct transfer *t)
{
	const struct http_call *c = t->call;
	CURL *e = t->easy;

	if (!(c->flags & HTTP_COOKIES))
		return;
	if (h->windows)
		curl_easy_setopt(e, CURLOPT_USERAGENT, AGENT_WINDOWS);
	if (c->flags & HTTP_NEGOTIATE) {
		curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_NEGOTIATE);
		curl_easy_setopt(e, CURLOPT_USERPWD, ":");
		curl_easy_setopt(e, CURLOPT_GSSAPI_DELEGATION,
		    (long)CURLGSSAPI_DELEGATION_NONE);
	}
	if (c->flags & HTTP_NTLM) {
		curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_NTLM);
		curl_easy_setopt(e, CURLOPT_USERNAME, c->user);
		curl_easy_setopt(e, CURLOPT_PASSWORD, c->password);
	}
	if (c->flags & (HTTP_NEGOTIATE | HTTP_NTLM)) {
		curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_leg);
		curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
	}
	if ((c->flags & HTTP_CERTIFICATE) && h->cert != NULL)
		certificate_offer(h->cert, e);
	/* The legs of a handshake share a connection: that is kept for them. */
	if (c->flags & (HTTP_NEGOTIATE | HTTP_NTLM | HTTP_CERTIFICATE))
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	if (c->flags & HTTP_CERTIFICATE)
		curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
}

/*
 * http is only ever asked for after origin.h allowed it for loopback; libcurl
 * itself is told one scheme per request.
 */
static void
set_request(struct http *h, struct transfer *t)
{
	struct http_call *c = t->call;
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_URL, c->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR,
	    str_starts(c->url, "http:") ? "http" : "https");
	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER,
	    c->flags & HTTP_COOKIES  ? h->headers :
		c->flags & HTTP_PAGE ? h->english :
				       h->plain);
	if (c->body != NULL) {
		/* Not copied: one copy of a secret less. */
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->body);
		curl_easy_setopt(
		    e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body_len);
	}
	if (c->sign != NULL)
		set_signature(t, c->sign);
	if (c->flags & HTTP_SECRET)
		set_once(h, t);
}

void
http_start(struct http *h, struct http_call *c)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->http = h;
	t->call = c;
	c->transfer = t;
	buf_init(&c->reply.body, HTTP_BODY_MAX);
	if (c->flags & HTTP_COOKIES) {
		t->easy = h->browser;
		curl_easy_reset(t->easy); /* keeps the cookies */
		h->since = clk_boot(&clk_system);
		h->walking = t;
	} else if ((t->easy = curl_easy_init()) == NULL) {
		xalloc_oom();
	}
	set_policy(h, t);
	set_limits(h, t->easy, c);
	set_tls(h, t->easy, c->flags);
	set_request(h, t);
	set_authentication(h, t);
	if (curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
		xalloc_oom();
	h->running++;
}

static char *
header(CURL *e, const char *name)
{
	struct curl_header *hd;

	if (curl_easy_header(e, name, 0, CURLH_HEADER, -1, &hd) != CURLHE_OK)
		return NULL;
	return xstrdup(hd->value);
}

/* All of that name, as RFC 9110 (5.3) joins them. */
static char *
headers(CURL *e, const char *name)
{
	_cleanup_buf_ struct buf b = BUF_INIT(HTTP_HEADERS_MAX);
	struct curl_header *hd;

	for (size_t i = 0;
	     curl_easy_header(e, name, i, CURLH_HEADER, -1, &hd) == CURLHE_OK;
	     i++)
		if (buf_addf(&b, "%s%s", i > 0 ? ", " : "", hd->value) < 0)
			break;
	return b.len > 0 ? buf_take(&b) : NULL;
}

/*
 * A Retry-After that is a date counts from the server's own Date: libcurl takes
 * the clock of this machine, which may be wrong.
 */
static int64_t
from_date(CURL *e, int64_t now_s, int64_t otherwise)
{
	_cleanup_free_ char *text = header(e, "Retry-After");
	int64_t then_s, wait;

	if (text == NULL || httpdate_parse(text, &then_s) < 0)
		return otherwise;
	wait = then_s - now_s;
	return wait < 0 ? 0 : wait > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : wait;
}

static void
read_reply(CURL *e, struct http_reply *r)
{
	_cleanup_free_ char *date = header(e, "Date");
	const char *s = NULL;
	curl_off_t wait = 0;

	curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &r->status);
	if (curl_easy_getinfo(e, CURLINFO_REDIRECT_URL, &s) == CURLE_OK)
		r->redirect = xstrdup(s);
	if (curl_easy_getinfo(e, CURLINFO_CONTENT_TYPE, &s) == CURLE_OK)
		r->content_type = xstrdup(s);
	r->authenticate = headers(e, "WWW-Authenticate");
	if (curl_easy_getinfo(e, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK)
		r->retry_after = wait < 0  ? 0 :
		    wait > RETRY_AFTER_MAX ? RETRY_AFTER_MAX :
					     wait;
	if (date != NULL && httpdate_parse(date, &r->date_s) == 0) {
		r->dated = true;
		r->retry_after = from_date(e, r->date_s, r->retry_after);
		r->skew_s = r->date_s - clk_real(&clk_system) / USEC;
		if (r->skew_s >= -2 && r->skew_s <= 2)
			r->skew_s = 0;
	}
}

/* Once for a host: 50 roles that fail together wait for one look. */
static const struct network_facts *
look(struct http *h, const struct origin *o, bool silent)
{
	_cleanup_free_ char *at = xasprintf("%s %s", o->host, o->port);

	if (!str_eq(h->looked_at, at)) {
		network_look(o->host, o->port, silent, &h->facts);
		xreplace(&h->looked_at, STEAL(at));
	}
	return &h->facts;
}

/*
 * Is it the network?  Asked before anything was sent alone.  With a proxy it is
 * the proxy that has a network: libcurl's own word has to do.
 */
static void
judge(struct http *h, struct transfer *t, CURLcode code, long os_errno,
    bool connected)
{
	struct network_failure n = { .code = code,
		.os_errno = os_errno,
		.connected = connected,
		.worked = h->set.worked,
		.detail = t->error };
	_cleanup_origin_ struct origin o = { 0 };
	_cleanup_free_ char *host = NULL;
	curl_off_t lookup = 0;

	if (origin_parse(t->call->url, &o) < 0)
		return;
	host = origin_label(&o);
	curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup);
	curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &n.verify);
	n.looked_up = lookup > 0;
	network_judge_tls(&n, host, &t->call->fault);
	if (h->set.https_proxy == NULL && network_is_about(&n))
		network_judge(&n,
		    look(h, &o,
			code == CURLE_OPERATION_TIMEDOUT && !n.looked_up),
		    host, &t->call->fault);
}

static bool
has_left(const struct transfer *t)
{
	curl_off_t pre = 0;

	curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &pre);
	return t->begun || pre > 0;
}

/* Takes the finished transfer apart; returns its call. */
static struct http_call *
finish(struct http *h, struct transfer *t, CURLcode code)
{
	_cleanup_free_ char *keep_alive = NULL;
	struct http_call *c = t->call;
	curl_off_t connect = 0;
	long os_errno = 0;
	bool connected;

	curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connect);
	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
	c->sent = has_left(t);
	if (t->again)
		code = CURLE_GOT_NOTHING;
	if (code == CURLE_OK) {
		read_reply(t->easy, &c->reply);
		keep_alive = header(t->easy, "Keep-Alive");
		rest_learn(&h->rest, keep_alive);
	} else if (t->refused) {
		c->reply.status = 401;
		c->reply.authenticate = xstrdup("Negotiate");
	} else {
		c->failed = true;
		/* A connection that was there already took no time. */
		connected = connect > 0 || c->sent;
		http_fault_transfer(
		    &c->fault, code, os_errno, connected, c->url, t->error);
		if (!c->sent)
			judge(h, t, code, os_errno, connected);
		if (c->flags & HTTP_CERTIFICATE)
			certificate_judge(&c->fault, code, c->url, t->error);
		if (c->flags & HTTP_COOKIES)
			fault_request(&c->fault, h->request_id);
	}
	curl_multi_remove_handle(h->multi, t->easy);
	if (c->flags & HTTP_COOKIES) {
		curl_easy_setopt(t->easy, CURLOPT_USERPWD, NULL);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
		curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, NULL);
		if (!(c->flags & HTTP_PATIENT))
			h->spent += clk_boot(&clk_system) - h->since;
		h->walking = NULL;
	} else {
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	xfree(t);
	c->transfer = NULL;
	h->running--;
	return c;
}

/* A request is on its way: what would keep a later one waiting is done now. */
static void
meanwhile(struct http *h)
{
	if (h->walking == NULL || !has_left(h->walking))
		return;
	(void)xml_library();
	trust_prepare(h->trust);
}

/* Ends the process when the agent has closed its end. */
static void
watch(struct http *h, short events)
{
	char byte;

	if (events == 0)
		return;
	if (recv(h->set.watch_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		_exit(0);
	h->set.watch_fd = -1; /* it said something: read when due */
}

struct http_call *
http_next(struct http *h, int64_t timeout)
{
	int64_t until = clk_boot(&clk_system) + timeout * MSEC;

	for (;;) {
		struct curl_waitfd fd = { h->set.watch_fd, CURL_WAIT_POLLIN,
			0 };
		int64_t left;
		int busy, queued;
		CURLMsg *m;

		curl_multi_perform(h->multi, &busy);
		while ((m = curl_multi_info_read(h->multi, &queued)) != NULL) {
			struct transfer *t = NULL;

			if (m->msg != CURLMSG_DONE)
				continue;
			curl_easy_getinfo(
			    m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
			return finish(h, t, m->data.result);
		}
		meanwhile(h);
		left =
		    timeout < 0 ? 1000 : (until - clk_boot(&clk_system)) / MSEC;
		if (left <= 0 || (h->running == 0 && timeout < 0))
			return NULL;
		curl_multi_poll(h->multi, &fd, h->set.watch_fd >= 0 ? 1 : 0,
		    left > 1000 ? 1000 : (int)left, NULL);
		watch(h, fd.revents);
	}
}

int
http_run(struct http *h, struct http_call *c)
{
	http_start(h, c);
	while (http_next(h, -1) != c)
		;
	return c->failed ? -1 : 0;
}

void
http_call_done(struct http_call *c)
{
	xfree(c->reply.redirect);
	xfree(c->reply.content_type);
	xfree(c->reply.authenticate);
	buf_done(&c->reply.body);
	c->reply = (struct http_reply){ 0 };
	fault_done(&c->fault);
	c->failed = c->sent = false;
}

void
http_cookies_set(struct http *h, const json_t *lines)
{
	size_t i;
	json_t *v;

	json_array_foreach (lines, i, v)
		curl_easy_setopt(
		    h->browser, CURLOPT_COOKIELIST, json_string_value(v));
}

json_t *
http_cookies(struct http *h)
{
	struct curl_slist *list = NULL;
	json_t *lines = json_array();

	curl_easy_getinfo(h->browser, CURLINFO_COOKIELIST, &list);
	for (const struct curl_slist *s = list; s != NULL; s = s->next)
		json_array_append_new(lines, json_string(s->data));
	curl_slist_free_all(list);
	return lines;
}

void
http_cookies_clear(struct http *h)
{
	curl_easy_setopt(h->browser, CURLOPT_COOKIELIST, "ALL");
}
