/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of a served request: libevent, one read event a connection, and
 * for each NUL an answer of a given length.  No JSON, no state, no checks.
 *
 * usage: agent-echo SOCKET LENGTH
 *
 * Prints a line when it listens, and ends with its standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

static char answer[1 << 16];
static size_t answer_len;
static struct event_base *base;

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct event **ev = arg;
	char in[4096];
	ssize_t n = read(fd, in, sizeof(in));

	(void)what;
	if (n > 0 && in[n - 1] != '\0')
		return;
	if (n > 0 && write(fd, answer, answer_len) == (ssize_t)answer_len)
		return;
	event_free(*ev);
	free(ev);
	close(fd);
}

static void
on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct event **ev = calloc(1, sizeof(*ev));
	int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	(void)arg;
	if (ev == NULL || conn < 0)
		abort();
	*ev = event_new(base, conn, EV_READ | EV_PERSIST, on_readable, ev);
	event_add(*ev, NULL);
}

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	char c;

	(void)what;
	(void)arg;
	if (read(fd, &c, 1) <= 0)
		event_base_loopbreak(base);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct event *ev, *input;
	int fd;

	if (argc != 3 || strlen(argv[1]) >= sizeof(sa.sun_path))
		return 2;
	answer_len = strtoul(argv[2], NULL, 10) + 1;
	if (answer_len > sizeof(answer))
		return 2;
	memset(answer, 'x', answer_len - 1);
	memcpy(sa.sun_path, argv[1], strlen(argv[1]) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    listen(fd, 8) != 0)
		return 1;
	base = event_base_new();
	ev = event_new(base, fd, EV_READ | EV_PERSIST, on_connection, NULL);
	event_add(ev, NULL);
	input =
	    event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, NULL);
	event_add(input, NULL);
	puts("listening");
	fflush(stdout);
	event_base_dispatch(base);
	event_free(ev);
	event_free(input);
	event_base_free(base);
	unlink(argv[1]);
	return 0;
}
