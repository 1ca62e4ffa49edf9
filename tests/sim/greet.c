/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <awsfed/xalloc.h>

#include "greet.h"
#include "http.h"
#include "mishap.h"
#include "state.h"
#include "tls.h"

/* A greeting that shows another certificate. */
static struct {
	const char *kind;
	enum tls_flaw flaw;
	SSL_CTX *ctx;
} others[] = {
	{ "self-signed", TLS_FOREIGN, NULL },
	{ "wrong-name", TLS_WRONG_NAME, NULL },
	{ "cert-expired", TLS_EXPIRED, NULL },
	{ "cert-future", TLS_FUTURE, NULL },
};

/* The name that the client asks for, "" when it does not say. */
static void
asked_for(SSL *ssl, char name[256])
{
	const unsigned char *p;
	size_t len, n;

	*name = '\0';
	/* List length, type 0, name length, name (RFC 6066). */
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &len) !=
		1 ||
	    len < 5 || p[2] != TLSEXT_NAMETYPE_host_name)
		return;
	n = (size_t)p[3] << 8 | p[4];
	if (n > len - 5 || n > 255)
		return;
	memcpy(name, p + 5, n);
	name[n] = '\0';
}

/* Ends it without a word of TLS: an alert can be written no more. */
static int
hang_up(int fd, bool reset, const char *words)
{
	struct linger now = { .l_onoff = 1 };

	if (words != NULL)
		(void)send(fd, words, strlen(words), MSG_NOSIGNAL);
	if (reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	else
		shutdown(fd, SHUT_WR);
	return SSL_CLIENT_HELLO_RETRY; /* fails, and writes no alert */
}

static int
hello(SSL *ssl, int *alert, void *arg)
{
	static const char plain[] =
	    "HTTP/1.1 302 Found\r\nLocation: http://captive.example.net/\r\n"
	    "Content-Length: 0\r\nConnection: close\r\n\r\n";
	struct sim *s = arg;
	char name[256], kind[32] = "";
	const struct mishap *m;
	int fd = SSL_get_fd(ssl);
	struct pollfd pfd = { fd, POLLRDHUP, 0 };

	asked_for(ssl, name);
	sim_lock(s);
	if ((m = mishap_connect(s, name)) != NULL)
		(void)stpncpy(kind, m->kind, sizeof(kind) - 1);
	sim_unlock(s);
	if (*kind == '\0')
		return SSL_CLIENT_HELLO_SUCCESS;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (strcmp(others[i].kind, kind) != 0)
			continue;
		SSL_set_SSL_CTX(ssl, others[i].ctx);
		return SSL_CLIENT_HELLO_SUCCESS;
	}
	if (strcmp(kind, "tls-alert") == 0) {
		*alert = SSL_AD_HANDSHAKE_FAILURE;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (strcmp(kind, "tls-stall") == 0)
		while (poll(&pfd, 1, 0) == 0 && !http_nap(20))
			;
	return hang_up(fd, strcmp(kind, "tls-reset") == 0,
	    strcmp(kind, "no-tls") == 0 ? plain : NULL);
}

int
greet_init(struct sim *s, SSL_CTX *door, const struct tls_ca *ca,
    const struct strv *names)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		others[i].ctx = tls_context(ca, others[i].flaw, names);
		if (others[i].ctx == NULL)
			return -EINVAL;
	}
	SSL_CTX_set_client_hello_cb(door, hello, s);
	return 0;
}

void
greet_done(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		SSL_CTX_free(others[i].ctx);
}
