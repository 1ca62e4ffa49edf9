/* SPDX-License-Identifier: Apache-2.0 */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509_vfy.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"

/*
 * libcurl has just asked for the name, so that the answer is near; and a
 * login that fails must not take longer than its connection may.
 */
#define LOOK_MS 500

#define BY_ITSELF \
	N_("Check the network; awsfed tries again by itself when it is back.")
#define BY_VPN \
	N_("Connect the company's VPN if the host is for its network alone; " \
	   "awsfed tries again by itself.")

/* ---- what there is ----------------------------------------------------------- */

/* Connecting a datagram socket asks the routing table and sends nothing. */
static bool
routed(const struct sockaddr *to, socklen_t len)
{
	int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connect(fd, to, len) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

/* Addresses for documentation (RFC 5737, 3849): routed like the internet. */
static bool
anywhere(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(443) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(443) };

	inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
	return routed((const struct sockaddr *)&in, sizeof(in)) ||
	    routed((const struct sockaddr *)&in6, sizeof(in6));
}

/* Shared with a thread that may outlive the wait: the last one frees it. */
struct look {
	pthread_mutex_t lock;
	pthread_cond_t done;
	int refs;
	bool over;
	char *host, *port;
	enum network_name name;
	bool way;
};

static void
look_unref(struct look *l)
{
	bool last;

	pthread_mutex_lock(&l->lock);
	last = --l->refs == 0;
	pthread_mutex_unlock(&l->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->done);
	xfree(l->host);
	xfree(l->port);
	xfree(l);
}

static void *
look(void *arg)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct look *l = arg;
	struct addrinfo *list = NULL;
	int r = getaddrinfo(l->host, l->port, &hints, &list);
	bool way = false;

	for (const struct addrinfo *a = list; a != NULL && !way; a = a->ai_next)
		way = routed(a->ai_addr, a->ai_addrlen);
	if (r == 0)
		freeaddrinfo(list);
	pthread_mutex_lock(&l->lock);
	/* EAI_AGAIN: no server could be asked; EAI_SYSTEM: nor was one. */
	l->name = r == 0		       ? NAME_FOUND :
	    r == EAI_NONAME || r == EAI_NODATA ? NAME_UNKNOWN :
						 NAME_SILENT;
	l->way = way;
	l->over = true;
	pthread_cond_signal(&l->done);
	pthread_mutex_unlock(&l->lock);
	look_unref(l);
	return NULL;
}

static void
wait_for(struct look *l, struct network_facts *ret)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&l->lock);
	while (!l->over &&
	    pthread_cond_clockwait(
		&l->done, &l->lock, CLOCK_MONOTONIC, &until) == 0)
		;
	ret->name = l->over ? l->name : NAME_SILENT;
	ret->way = l->over && l->way;
	pthread_mutex_unlock(&l->lock);
}

void
network_look(
    const char *host, const char *port, bool silent, struct network_facts *ret)
{
	struct look *l;
	pthread_t thread;

	*ret = (struct network_facts){ .name = NAME_SILENT,
		.anywhere = anywhere() };
	if (silent)
		return;
	l = xcalloc(1, sizeof(*l));
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->done, NULL);
	l->refs = 2;
	l->host = xstrdup(host);
	l->port = xstrdup(port);
	if (pthread_create(&thread, NULL, look, l) == 0) {
		pthread_detach(thread);
		wait_for(l, ret);
	} else {
		l->refs--;
	}
	look_unref(l);
}

/* ---- what it means ------------------------------------------------------------- */

bool
network_is_about(const struct network_failure *n)
{
	if (n->code == CURLE_COULDNT_RESOLVE_HOST)
		return true;
	if (n->code == CURLE_OPERATION_TIMEDOUT)
		return !n->connected;
	/* Refused: the host is there.  0: our own policy said no. */
	return n->code == CURLE_COULDNT_CONNECT && n->os_errno != 0 &&
	    n->os_errno != ECONNREFUSED;
}

static void
unreachable(
    struct fault *fault, enum reason reason, const char *text, const char *host)
{
	/* The texts hold one %s each. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	fault_set(fault, FAULT_TEMPORARY, reason, text, host);
#pragma GCC diagnostic pop
	fault_next(
	    fault, "%s", reason == REASON_OFFLINE ? _(BY_ITSELF) : _(BY_VPN));
}

void
network_judge(const struct network_failure *n,
    const struct network_facts *facts, const char *host, struct fault *fault)
{
	if (!network_is_about(n))
		return;
	if (facts->name == NAME_FOUND && facts->way) {
		if (n->worked)
			unreachable(fault, REASON_VPN_DOWN,
			    _("%s does not answer from this network, as it "
			      "did before."),
			    host);
		return;
	}
	if (!facts->anywhere) {
		unreachable(fault, REASON_OFFLINE,
		    _("This computer has no network: %s cannot be reached."),
		    host);
		return;
	}
	if (facts->name == NAME_SILENT) {
		unreachable(fault, REASON_OFFLINE,
		    _("No name server answers: the name %s cannot be looked "
		      "up."),
		    host);
	} else if (facts->name == NAME_FOUND) {
		unreachable(fault, REASON_VPN_DOWN,
		    _("There is no route from this network to %s."), host);
	} else if (n->worked) {
		unreachable(fault, REASON_VPN_DOWN,
		    _("The name %s is not known in this network, as it was "
		      "before."),
		    host);
	} else {
		fault_set(fault, FAULT_TEMPORARY, REASON_UNREACHABLE,
		    _("The name %s is not known in this network."), host);
		fault_next(fault,
		    _("Check the spelling of the host. If it is for the "
		      "company's network alone, connect the VPN; awsfed "
		      "tries again by itself."));
	}
}

void
network_captive(struct fault *fault, const char *host, const char *what)
{
	fault_set(fault, FAULT_TEMPORARY, REASON_CAPTIVE_PORTAL,
	    _("Something else answers in the place of %s: %s. A network that "
	      "wants you to sign in first does that."),
	    host, what);
	fault_next(fault,
	    _("Open a browser and sign in to the network; awsfed tries again "
	      "by itself. If it stays so in a network that you trust, tell "
	      "your administrator: the certificate or its authority "
	      "(ca_bundle) may have changed."));
}

/* How a handshake came to nothing: OpenSSL says it in words alone. */
static bool
says(const struct network_failure *n, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (n->detail != NULL && strstr(n->detail, words[i]) != NULL)
			return true;
	return false;
}

static bool
broke_off(const struct network_failure *n)
{
	static const char *const words[] = { "SYSCALL", "reset by peer",
		"unexpected eof" };

	return says(n, words, ARRAY_SIZE(words));
}

/* Who sends an alert speaks TLS. */
static bool
was_told(const struct network_failure *n)
{
	static const char *const words[] = { " alert " };

	return says(n, words, ARRAY_SIZE(words));
}

static void
judge_handshake(
    const struct network_failure *n, const char *host, struct fault *fault)
{
	if (broke_off(n)) {
		fault_set(fault, FAULT_TEMPORARY, REASON_UNREACHABLE,
		    _("%s closed the connection before it was encrypted."),
		    host);
		fault_next(fault, "%s", _(BY_VPN));
	} else if (n->worked && !was_told(n)) {
		network_captive(fault, host, _("it does not speak TLS"));
	}
}

void
network_judge_tls(
    const struct network_failure *n, const char *host, struct fault *fault)
{
	if (n->code == CURLE_PEER_FAILED_VERIFICATION &&
	    n->verify == X509_V_ERR_CERT_NOT_YET_VALID) {
		/* Also what a computer sees that woke up in 1970. */
		fault_set(fault, FAULT_TEMPORARY, REASON_CLOCK,
		    _("By the clock of this computer the certificate of %s is "
		      "not valid yet."),
		    host);
		fault_next(fault,
		    _("Set the clock, for instance with: sudo timedatectl "
		      "set-ntp true; awsfed tries again by itself."));
		return;
	}
	if (n->code == CURLE_PEER_FAILED_VERIFICATION &&
	    n->verify == X509_V_ERR_CERT_HAS_EXPIRED) {
		fault_set(fault, n->worked ? FAULT_TEMPORARY : FAULT_SECURITY,
		    REASON_TLS, _("The certificate of %s has expired."), host);
		fault_next(fault,
		    _("Check the clock of this computer: timedatectl status. "
		      "If it is right, tell your administrator."));
		return;
	}
	if (n->code == CURLE_SSL_CONNECT_ERROR)
		judge_handshake(n, host, fault);
	else if (n->worked && n->code == CURLE_PEER_FAILED_VERIFICATION)
		network_captive(
		    fault, host, _("its certificate is not the host's own"));
}
