/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients of the worst manners, many at once, for one socket.
 *
 *   load-client MODE PLACE CLIENTS SECONDS [RATE] <request
 *
 * PLACE is the path of a Unix socket or a port on 127.0.0.1; the request is
 * what one client says, with its end.  What they saw is one JSON object.
 *
 *   busy   each asks, waits for the NUL that ends the answer, asks again;
 *	    RATE is how often a second all of them together do, 0: as they can
 *   http   each connects, asks, reads to the end, connects again
 *   slow   each says one byte a second of its request
 *   half   each says half of it, and nothing more
 *   flood  each asks without an end and never reads
 *   zeros  each sends NUL bytes without an end
 *   huge   each sends a message that does not end
 *   churn  each connects and leaves at once, without an end
 *   deaf   each asks once and never reads nor leaves
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 1024
#define SAMPLES_MAX 4000000
#define REQUEST_MAX 65536

enum mode { BUSY, HTTP, SLOW, HALF, FLOOD, ZEROS, HUGE_ONE, CHURN, DEAF };

static const char *const modes[] = { "busy", "http", "slow", "half", "flood",
	"zeros", "huge", "churn", "deaf" };

static struct client {
	int fd;
	bool waits;   /* for an answer */
	int64_t due;  /* microseconds: when it says its next */
	int64_t sent; /* when it asked */
	size_t said;  /* bytes of the request */
	bool heard;   /* something of the answer */
} clients[CLIENTS_MAX];

static char request[REQUEST_MAX], junk[REQUEST_MAX];
static size_t request_len;
static enum mode mode;
static const char *place;
static long nclients, rate;
static uint32_t *samples;
static size_t nsamples;
static unsigned long answers, refused, closed, connects, lost;

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static int
connect_once(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bool local = place[0] == '/';
	int fd =
	    socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -1;
	if (local) {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", place);
		r = connect(fd, (struct sockaddr *)&un, sizeof(un));
	} else {
		in.sin_port = htons((uint16_t)atoi(place));
		r = connect(fd, (struct sockaddr *)&in, sizeof(in));
	}
	if (r != 0) {
		close(fd);
		return -1;
	}
	connects++;
	return fd;
}

static void
hang_up(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct client){ .fd = -1, .due = now() + 1000 };
}

/* Anew; who is not let in tries again in a millisecond. */
static bool
come(struct client *c)
{
	if (c->fd >= 0)
		return true;
	c->fd = connect_once();
	if (c->fd < 0)
		c->due = now() + 1000;
	return c->fd >= 0;
}

static ssize_t
say(struct client *c, const char *what, size_t len)
{
	return send(c->fd, what, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
ask(struct client *c)
{
	c->sent = now();
	if (say(c, request, request_len) != (ssize_t)request_len) {
		lost++;
		hang_up(c);
		return;
	}
	c->waits = true;
}

static void
answered(struct client *c)
{
	int64_t t = now();

	answers++;
	if (nsamples < SAMPLES_MAX)
		samples[nsamples++] = (uint32_t)(t - c->sent);
	c->waits = false;
	if (mode == HTTP)
		hang_up(c);
	if (rate > 0)
		c->due += 1000000LL * nclients / rate;
	else
		c->due = 0;
}

/* Something came. */
static void
hear(struct client *c)
{
	ssize_t n = recv(c->fd, junk, sizeof(junk), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		if (mode == HTTP && c->waits && n == 0 && c->heard) {
			answered(c);
			return;
		}
		closed++;
		hang_up(c);
		return;
	}
	if (memmem(junk, (size_t)n, ".Busy\"", 6) != NULL ||
	    memmem(junk, (size_t)n, ".BadFrame\"", 10) != NULL ||
	    memmem(junk, (size_t)n, "HTTP/1.1 4", 10) != NULL)
		refused++;
	c->heard = true;
	if (mode == BUSY && junk[n - 1] == '\0' && c->waits)
		answered(c);
}

/* It is this one's time to say something. */
static void
act(struct client *c)
{
	if (mode == CHURN) {
		hang_up(c);
		c->due = 0;
		(void)come(c);
		return;
	}
	if (!come(c))
		return;
	switch (mode) {
	case BUSY:
	case HTTP:
		if (!c->waits)
			ask(c);
		break;
	case SLOW:
		if (say(c, request + c->said % request_len, 1) == 1)
			c->said++;
		c->due = now() + 1000000;
		break;
	case HALF:
	case DEAF:
		if (c->said == 0)
			(void)say(c, request,
			    mode == HALF ? request_len / 2 : request_len);
		c->said = 1;
		c->due = now() + 1000000;
		break;
	case FLOOD:
		if (say(c, request, request_len) < 0)
			c->due = now() + 1000;
		break;
	case ZEROS:
	case HUGE_ONE:
		memset(junk, mode == ZEROS ? '\0' : 'x', sizeof(junk));
		if (say(c, junk, sizeof(junk)) < 0)
			c->due = now() + 1000;
		break;
	case CHURN:
		break;
	}
}

static bool
listens(const struct client *c)
{
	return c->fd >= 0 && mode != FLOOD && mode != DEAF;
}

static bool
gone(const struct client *c, short revents)
{
	return c->fd >= 0 && (revents & (POLLERR | POLLHUP)) != 0;
}

static void
turn(void)
{
	struct pollfd fds[CLIENTS_MAX];
	int64_t t = now(), next = t + 100000;
	int pause;

	for (long i = 0; i < nclients; i++) {
		struct client *c = &clients[i];

		if (!c->waits && c->due <= t)
			act(c);
		if (!c->waits && c->due < next)
			next = c->due;
		fds[i] = (struct pollfd){ c->fd,
			(short)(listens(c) ? POLLIN : 0), 0 };
	}
	t = now();
	pause = next <= t ? 0 : (int)((next - t + 999) / 1000);
	if (poll(fds, (nfds_t)nclients, pause) <= 0)
		return;
	for (long i = 0; i < nclients; i++) {
		if (listens(&clients[i]) && fds[i].revents != 0)
			hear(&clients[i]);
		else if (gone(&clients[i], fds[i].revents)) {
			closed++;
			hang_up(&clients[i]);
		}
	}
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double
share(double of)
{
	if (nsamples == 0)
		return 0;
	return samples[(size_t)((double)(nsamples - 1) * of)] / 1000.0;
}

int
main(int argc, char **argv)
{
	int64_t begin, until;
	double took;

	if (argc < 5)
		return 64;
	while (mode < sizeof(modes) / sizeof(modes[0]) &&
	    strcmp(modes[mode], argv[1]) != 0)
		mode++;
	place = argv[2];
	nclients = atol(argv[3]);
	rate = argc > 5 ? atol(argv[5]) : 0;
	if (mode == sizeof(modes) / sizeof(modes[0]) || nclients < 1 ||
	    nclients > CLIENTS_MAX)
		return 64;
	request_len = fread(request, 1, sizeof(request), stdin);
	samples = calloc(SAMPLES_MAX, sizeof(*samples));
	if (request_len == 0 || samples == NULL)
		return 64;
	(void)signal(SIGPIPE, SIG_IGN);
	begin = now();
	for (long i = 0; i < nclients; i++)
		clients[i] = (struct client){ .fd = -1,
			.due = rate > 0 ? begin + i * 1000000LL / rate : 0 };
	until = begin + (int64_t)(atof(argv[4]) * 1e6);
	while (now() < until)
		turn();
	took = (double)(now() - begin) / 1e6;
	qsort(samples, nsamples, sizeof(*samples), by_size);
	printf("{\"answers\":%lu,\"refused\":%lu,\"closed\":%lu,"
	       "\"connects\":%lu,\"lost\":%lu,\"seconds\":%.3f,"
	       "\"rate\":%.0f,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}\n",
	    answers, refused, closed, connects, lost, took,
	    (double)answers / took, share(0.5), share(0.99), share(1));
	free(samples);
	return 0;
}
