/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfed-sim: an AD FS, the AWS sign-in page and STS in one process, for tests.
 * It keeps everything in memory and leaves only its directory behind.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <jansson.h>

#include <awsfed/paths.h>
#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "adfs.h"
#include "admin.h"
#include "federation.h"
#include "greet.h"
#include "http.h"
#include "recent.h"
#include "saml.h"
#include "signin.h"
#include "state.h"
#include "sts.h"
#include "tls.h"
#include "wia.h"

/* One listening socket: a TLS flavour, plain HTTP, or the admin's. */
struct door {
	const char *file; /* where its port is written */
	bool tls;
	enum tls_flaw flaw;
	int fd;
	SSL_CTX *ctx;
};

enum {
	DOOR_MAIN,
	DOOR_BAD,
	DOOR_NAME,
	DOOR_OLD,
	DOOR_PLAIN,
	DOOR_CERT,
	DOOR_ADMIN,
	DOOR_MAX
};

static struct door doors[DOOR_MAX] = {
	[DOOR_MAIN] = { "port", true, TLS_GOOD, -1, NULL },
	[DOOR_BAD] = { "badtls-port", true, TLS_FOREIGN, -1, NULL },
	[DOOR_NAME] = { "badname-port", true, TLS_WRONG_NAME, -1, NULL },
	[DOOR_OLD] = { "expired-port", true, TLS_EXPIRED, -1, NULL },
	[DOOR_PLAIN] = { "plain-port", false, TLS_GOOD, -1, NULL },
	[DOOR_CERT] = { "cert-port", true, TLS_GOOD, -1, NULL },
	[DOOR_ADMIN] = { "admin.sock", false, TLS_GOOD, -1, NULL },
};

static void
usage(FILE *to)
{
	fprintf(to,
	    "Usage: awsfed-sim --dir DIR [--port N] [--plain] "
	    "[--host NAME]...\n"
	    "                  [--client-ca FILE [--cert-port N]]\n\n"
	    "Simulates AD FS (/adfs/...), the AWS sign-in (/saml) and STS (/)\n"
	    "on 127.0.0.1.  DIR gets ca.pem, port, badtls-port, badname-port,\n"
	    "expired-port, plain-port, pid, admin.sock, log and, last,\n"
	    "ready.\n");
}

static void __attribute__((format(printf, 1, 2), noreturn))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "awsfed-sim: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

void
sim_handle(struct sim *s, const struct request *q, struct response *r)
{
	s->count.requests++;
	if (str_starts(q->path, "/adfs/") || str_starts(q->path, "/ADFS/") ||
	    str_starts(q->path, "/Adfs/")) {
		adfs_handle(s, q, r);
	} else if (str_eq(q->path, "/saml")) {
		signin_handle(s, q, r);
	} else if (str_eq(q->path, "/federation")) {
		federation_handle(s, q, r);
	} else if (str_eq(q->path, "/") && str_eq(q->method, "POST")) {
		sts_handle(s, q, r);
	} else {
		sim_violation(s, "request for %s %s, which nobody serves",
		    q->method, q->path);
		response_text(r, 404, "text/plain", "not found\n");
	}
	recent_add(s, q, r);
	sim_log(s, "#%lu %s %s -> %d%s", q->conn, q->method, q->path, r->status,
	    r->drop	    ? " dropped" :
		r->truncate ? " truncated" :
			      "");
}

static void
write_file(const struct sim *s, const char *name, long number)
{
	_cleanup_free_ char *path = path_join(s->dir, name);
	_cleanup_free_ char *text = xasprintf("%ld\n", number);
	int r = path_replace(path, text, strlen(text), 0600);

	if (r < 0)
		die("cannot write %s: %s", path, strerror(-r));
}

static long
open_port(const struct sim *s, struct door *d, long port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	socklen_t len = sizeof(sin);
	int on = 1;

	d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		die("cannot make a socket: %s", strerror(errno));
	setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(d->fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	    listen(d->fd, 128) < 0 ||
	    getsockname(d->fd, (struct sockaddr *)&sin, &len) < 0)
		die("cannot listen on 127.0.0.1 port %ld: %s", port,
		    strerror(errno));
	write_file(s, d->file, ntohs(sin.sin_port));
	return ntohs(sin.sin_port);
}

static void
open_admin(const struct sim *s, struct door *d)
{
	_cleanup_free_ char *path = path_join(s->dir, d->file);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sun.sun_path))
		die("%s is too long for a socket: use a shorter --dir", path);
	memcpy(sun.sun_path, path, strlen(path));
	unlink(path);
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (d->fd < 0 ||
	    bind(d->fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    listen(d->fd, 16) < 0)
		die("cannot listen on %s: %s", path, strerror(errno));
}

static void
open_doors(struct sim *s, const struct strv *names, long port, bool plain,
    const char *client_ca, long cert_port)
{
	_cleanup_free_ char *path = path_join(s->dir, "ca.pem");
	struct tls_ca *ca = tls_ca_new();

	if (ca == NULL || tls_ca_write(ca, path) < 0)
		die("cannot make %s", path);
	for (size_t i = 0; i < DOOR_MAX; i++) {
		struct door *d = &doors[i];

		if (d->tls) {
			d->ctx = tls_context(ca, d->flaw, names);
			if (d->ctx == NULL)
				die("cannot make the certificate for %s",
				    d->file);
		}
		if (i == DOOR_MAIN && greet_init(s, d->ctx, ca, names) < 0)
			die("cannot make the other certificates");
		if (i == DOOR_ADMIN)
			open_admin(s, d);
		else if (i == DOOR_CERT && client_ca == NULL)
			continue;
		else if (i == DOOR_CERT && wia_demand(d->ctx, client_ca) < 0)
			die("%s holds no certificates", client_ca);
		else if (i == DOOR_CERT)
			s->cert_port = open_port(s, d, cert_port);
		else if (i == DOOR_MAIN)
			s->main_port = open_port(s, d, port);
		else if (i != DOOR_PLAIN || plain)
			open_port(s, d, 0);
	}
	tls_ca_free(ca);
}

/* Accepts until a signal says stop. */
static void
run(struct sim *s, int signals)
{
	for (;;) {
		struct pollfd fds[DOOR_MAX + 1];

		for (size_t i = 0; i < DOOR_MAX; i++)
			fds[i] = (struct pollfd){ doors[i].fd, POLLIN, 0 };
		fds[DOOR_MAX] = (struct pollfd){ signals, POLLIN, 0 };
		if (poll(fds, DOOR_MAX + 1, -1) < 0)
			continue;
		if (fds[DOOR_MAX].revents != 0)
			return;
		for (size_t i = 0; i < DOOR_MAX; i++) {
			int fd;

			if ((fds[i].revents & POLLIN) == 0)
				continue;
			fd = accept4(doors[i].fd, NULL, NULL, SOCK_CLOEXEC);
			if (fd < 0)
				continue;
			if (i == DOOR_ADMIN)
				http_thread(s, fd, NULL, admin_serve);
			else
				http_serve(s, fd, doors[i].ctx);
		}
	}
}

static void
forget(const struct sim *s)
{
	static const char *const files[] = { "ready", "admin.sock", "pid" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path = path_join(s->dir, files[i]);

		unlink(path);
	}
	for (size_t i = 0; i < DOOR_MAX; i++) {
		if (doors[i].fd >= 0)
			close(doors[i].fd);
		SSL_CTX_free(doors[i].ctx);
	}
	greet_done();
}

static int
catch_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "port", required_argument, NULL, 'p' },
		{ "host", required_argument, NULL, 'n' },
		{ "plain", no_argument, NULL, 'l' },
		{ "client-ca", required_argument, NULL, 'a' },
		{ "cert-port", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	_cleanup_strv_ struct strv names = { 0 };
	_cleanup_free_ char *log = NULL;
	const char *dir = NULL, *client_ca = NULL;
	bool plain = false;
	int64_t port = 0, cert_port = 0;
	struct sim sim;
	int c, signals;

	strv_add(&names, "localhost");
	strv_add(&names, "127.0.0.1");
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			dir = optarg;
			break;
		case 'p':
			if (str_int(optarg, 0, 65535, &port) < 0)
				die("--port is a number below 65536");
			break;
		case 'n':
			strv_add(&names, optarg);
			break;
		case 'l':
			plain = true;
			break;
		case 'a':
			client_ca = optarg;
			break;
		case 'c':
			if (str_int(optarg, 0, 65535, &cert_port) < 0)
				die("--cert-port is a number below 65536");
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (dir == NULL || optind != argc) {
		usage(stderr);
		return 2;
	}
	xalloc_install();
	json_object_seed(0);
	signals = catch_signals();
	if (path_mkdirs(dir, false) < 0)
		die("cannot make %s", dir);
	sim_init(&sim, dir);
	log = path_join(dir, "log");
	sim.log = fopen(log, "we");
	if (sim.log == NULL)
		die("cannot write %s: %s", log, strerror(errno));
	saml_init(&sim);
	open_doors(&sim, &names, (long)port, plain, client_ca, (long)cert_port);
	write_file(&sim, "pid", getpid());
	write_file(&sim, "ready", getpid());
	run(&sim, signals);
	http_stop();
	forget(&sim);
	saml_done(&sim);
	sim_done(&sim);
	close(signals);
	return 0;
}
