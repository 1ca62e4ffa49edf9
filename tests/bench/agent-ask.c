/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of credential-process: a program that connects, sends one message,
 * waits for the NUL that ends the answer and prints what came.  It has no
 * options, no checks, and libc alone.
 *
 * usage: agent-ask SOCKET MESSAGE
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	static char in[65536];
	size_t n = 0;
	ssize_t got;
	int fd;

	if (argc != 3 || strlen(argv[1]) >= sizeof(sa.sun_path))
		return 2;
	memcpy(sa.sun_path, argv[1], strlen(argv[1]) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		return 1;
	if (write(fd, argv[2], strlen(argv[2]) + 1) < 0)
		return 1;
	while ((got = read(fd, in + n, sizeof(in) - n)) > 0) {
		n += (size_t)got;
		if (in[n - 1] == '\0') {
			in[n - 1] = '\n';
			return write(STDOUT_FILENO, in, n) == (ssize_t)n ? 0 :
									   1;
		}
	}
	return 1;
}
