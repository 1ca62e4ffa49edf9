/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wall time of commands, from fork to the end of the process, one after
 * another in turn: a busy machine hurts all of them the same.
 *
 * usage: agent-spawn RUNS COMMAND ARG... [-- COMMAND ARG...]...
 *
 * Prints the median of each in microseconds, in the order given.  A command
 * that fails or prints nothing ends it with status 1.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 8

extern char **environ;

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Nanoseconds, or -1. */
static int64_t
once(char **argv, int out)
{
	posix_spawn_file_actions_t actions;
	int64_t began;
	int status, failed;
	pid_t pid;

	if (ftruncate(out, 0) != 0 || lseek(out, 0, SEEK_SET) != 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	began = now();
	failed = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	if (failed == 0)
		failed = waitpid(pid, &status, 0) != pid || status != 0;
	began = now() - began;
	posix_spawn_file_actions_destroy(&actions);
	return failed || lseek(out, 0, SEEK_END) <= 0 ? -1 : began;
}

static int
ascending(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(int argc, char **argv)
{
	char **command[COMMANDS_MAX];
	int64_t *times[COMMANDS_MAX];
	FILE *out = tmpfile();
	size_t n = 0;
	long runs;

	if (argc < 3 || out == NULL || (runs = atol(argv[1])) < 1)
		return 2;
	for (int i = 2; i < argc && n < COMMANDS_MAX; n++) {
		command[n] = argv + i;
		while (i < argc && strcmp(argv[i], "--") != 0)
			i++;
		argv[i++] = NULL;
		times[n] = calloc((size_t)runs, sizeof(*times[n]));
		if (times[n] == NULL)
			return 2;
	}
	for (long r = -2; r < runs; r++) /* the first two fill the caches */
		for (size_t c = 0; c < n; c++) {
			int64_t t = once(command[c], fileno(out));

			if (t < 0) {
				fprintf(stderr, "%s failed\n", command[c][0]);
				return 1;
			}
			if (r >= 0)
				times[c][r] = t;
		}
	for (size_t c = 0; c < n; c++) {
		qsort(times[c], (size_t)runs, sizeof(*times[c]), ascending);
		printf("%.1f\n", (double)times[c][runs / 2] / 1000);
		free(times[c]);
	}
	fclose(out);
	return 0;
}
