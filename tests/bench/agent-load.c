/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection, one message after another: how many are answered in a
 * second by each of several servers, in turn.
 *
 * usage: agent-load ROUNDS COUNT MESSAGE SOCKET...
 *
 * Each round sends COUNT messages to each socket.  The first line is the
 * length of the last answer without its NUL; then the median of the answers a
 * second, one line a socket.  An answer with an "error" ends it with status 1.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SOCKETS_MAX 4

static char in[1 << 16];

static int
connect_to(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(sa.sun_path))
		return -1;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	return connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 ? fd : -1;
}

/*
 * As the client waits: a read(2) that blocks is woken when its own message is
 * taken, too, and a poll(2) is not.  Length of the answer, or 0.
 */
static size_t
ask(int fd, const char *message, size_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t n = 0;
	ssize_t got;

	if (write(fd, message, len) != (ssize_t)len)
		return 0;
	while (poll(&pfd, 1, -1) == 1 &&
	    (got = read(fd, in + n, sizeof(in) - n)) > 0) {
		n += (size_t)got;
		if (in[n - 1] == '\0')
			return n - 1;
	}
	return 0;
}

static int
ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(int argc, char **argv)
{
	size_t sockets = argc > 4 ? (size_t)argc - 4 : 0, len, answer = 0;
	double *rate[SOCKETS_MAX];
	int fd[SOCKETS_MAX];
	long rounds, count;

	if (sockets < 1 || sockets > SOCKETS_MAX ||
	    (rounds = atol(argv[1])) < 1 || (count = atol(argv[2])) < 1)
		return 2;
	len = strlen(argv[3]) + 1;
	for (size_t s = 0; s < sockets; s++) {
		fd[s] = connect_to(argv[4 + s]);
		rate[s] = calloc((size_t)rounds, sizeof(double));
		if (fd[s] < 0 || rate[s] == NULL)
			return 1;
	}
	for (long r = 0; r < rounds; r++)
		for (size_t s = 0; s < sockets; s++) {
			struct timespec a, b;

			clock_gettime(CLOCK_MONOTONIC, &a);
			for (long i = 0; i < count; i++)
				if ((answer = ask(fd[s], argv[3], len)) == 0)
					return 1;
			clock_gettime(CLOCK_MONOTONIC, &b);
			if (strstr(in, "\"error\"") != NULL) {
				fprintf(stderr, "%s\n", in);
				return 1;
			}
			rate[s][r] = (double)count /
			    ((double)(b.tv_sec - a.tv_sec) +
				(double)(b.tv_nsec - a.tv_nsec) / 1e9);
		}
	printf("%zu\n", answer);
	for (size_t s = 0; s < sockets; s++) {
		qsort(rate[s], (size_t)rounds, sizeof(double), ascending);
		printf("%.0f\n", rate[s][rounds / 2]);
		free(rate[s]);
		close(fd[s]);
	}
	return 0;
}
