/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn ROUNDS WORKER HELLO < JOB: from posix_spawn to the first bytes of a
 * ClientHello, of a worker and of the least libcurl program, in turns.  JOB has
 * "PORT" where the port belongs.  Prints a line of microseconds for each round.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 30000

extern char **environ;

static char job[65536];
static size_t job_len;

static void die(const char *what) __attribute__((noreturn));

static void
die(const char *what)
{
	fprintf(stderr, "spawn: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int
listen_on(unsigned *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("listen");
	*ret_port = ntohs(a.sin_port);
	return fd;
}

/* The job of standard input, with the port in it and a NUL behind it. */
static void
read_job(unsigned port)
{
	static char text[sizeof(job)];
	size_t n = fread(text, 1, sizeof(text) - 16, stdin);
	char *at;

	text[n] = '\0';
	at = strstr(text, "PORT");
	if (at == NULL) {
		errno = EINVAL;
		die("the job has no PORT");
	}
	*at = '\0';
	job_len =
	    (size_t)snprintf(job, sizeof(job), "%s%u%s", text, port, at + 4) +
	    1;
}

static void
first_bytes(int server)
{
	struct pollfd p = { .fd = server, .events = POLLIN };
	char byte;
	int fd;

	if (poll(&p, 1, PATIENCE_MS) != 1 ||
	    (fd = accept4(server, NULL, NULL, SOCK_CLOEXEC)) < 0)
		die("nobody came");
	if (recv(fd, &byte, 1, 0) != 1 || byte != 22)
		die("no TLS handshake");
	close(fd);
}

/* One start: microseconds.  url NULL: a worker, which gets the job. */
static long long
start(int server, const char *program, const char *url)
{
	char *const argv[] = { (char *)(uintptr_t)program,
		(char *)(uintptr_t)url, NULL };
	posix_spawn_file_actions_t actions;
	int sv[2], r;
	long long began;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		die("socketpair");
	posix_spawn_file_actions_init(&actions);
	if (url == NULL)
		posix_spawn_file_actions_adddup2(&actions, sv[1], 3);
	began = now_us();
	r = posix_spawn(&pid, program, &actions, NULL, argv, environ);
	if (r != 0) {
		errno = r;
		die(program);
	}
	if (url == NULL && write(sv[0], job, job_len) != (ssize_t)job_len)
		die("job");
	first_bytes(server);
	began = now_us() - began;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	posix_spawn_file_actions_destroy(&actions);
	close(sv[0]);
	close(sv[1]);
	return began;
}

int
main(int argc, char **argv)
{
	unsigned port;
	char url[64];
	int server;

	if (argc != 4) {
		fprintf(stderr, "usage: spawn ROUNDS WORKER HELLO < JOB\n");
		return 2;
	}
	server = listen_on(&port);
	read_job(port);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", port);
	for (int i = 0; i < atoi(argv[1]); i++) {
		long long worker = start(server, argv[2], NULL);

		printf("%lld %lld\n", worker, start(server, argv[3], url));
		fflush(stdout);
	}
	return 0;
}
