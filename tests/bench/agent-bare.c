/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of the agent's memory: its libraries, an event base that waits, the
 * keys of fifty profiles, and nothing else.
 *
 * usage: agent-bare PROFILES
 *
 * Prints a line when it is set up, and ends with its standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <jansson.h>
#include <systemd/sd-bus.h>

#define KEYS 1200 /* bytes of one profile's */

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	char c;

	(void)what;
	if (read(fd, &c, 1) <= 0)
		event_base_loopbreak(arg);
}

int
main(int argc, char **argv)
{
	size_t n = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct event_base *base = event_base_new();
	struct event *input;
	char **keys = calloc(n + 1, sizeof(*keys));
	json_t *o = json_object();
	sd_bus *bus = NULL;

	if (base == NULL || keys == NULL || o == NULL || sd_bus_new(&bus) < 0)
		return 1;
	for (size_t i = 0; i < n; i++) {
		keys[i] = malloc(KEYS);
		if (keys[i] == NULL)
			return 1;
		memset(keys[i], 'k', KEYS);
	}
	input =
	    event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, base);
	event_add(input, NULL);
	puts("ready");
	fflush(stdout);
	event_base_dispatch(base);
	for (size_t i = 0; i < n; i++)
		free(keys[i]);
	free(keys);
	event_free(input);
	event_base_free(base);
	json_decref(o);
	sd_bus_unref(bus);
	return 0;
}
