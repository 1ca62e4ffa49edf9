/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of the agent's memory: its libraries, an event base that waits, a
 * connection to the session's bus where there is one, and nothing else.
 *
 * usage: agent-bare
 *
 * Prints a line when it is set up, and ends with its standard input.
 */
#include <stdio.h>
#include <unistd.h>

#include <event2/event.h>
#include <jansson.h>
#include <systemd/sd-bus.h>

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	char c;

	(void)what;
	if (read(fd, &c, 1) <= 0)
		event_base_loopbreak(arg);
}

int
main(void)
{
	struct event_base *base = event_base_new();
	struct event *input;
	json_t *o = json_object();
	sd_bus *bus = NULL;

	if (base == NULL || o == NULL)
		return 1;
	if (sd_bus_open_user(&bus) < 0 && sd_bus_new(&bus) < 0)
		return 1;
	input =
	    event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, base);
	event_add(input, NULL);
	puts("ready");
	fflush(stdout);
	event_base_dispatch(base);
	event_free(input);
	event_base_free(base);
	json_decref(o);
	sd_bus_flush_close_unref(bus);
	return 0;
}
