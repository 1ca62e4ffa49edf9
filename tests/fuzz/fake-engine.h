/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine with all its methods on the fakes of tests/unit/fake.h, for
 * clients, workers and commands that are the input.  It is text, a line for
 * each event, of which the first byte says what it is:
 *
 *	0 to 5	this client sends the rest as a frame; without a rest it hangs
 *		up.  While a call of its waits for an answer it cannot send.
 *	w	the youngest worker says the rest; v: the oldest
 *	s	the youngest worker signs in: an assertion with a role for each
 *		letter of the rest, credentials for what is redeemed, its end
 *	e	the youngest worker ends as it should; d: it dies
 *	p	the youngest command prints the rest and ends; q: it fails
 *	t	so many seconds pass (two days at most)
 *	c	the config file is another one: a digit, and agents look at it
 *	f	files fail; g: they do not any more
 *	n	an event of the machine: a digit, see enum manager_wake
 *
 * In a rest $L, $Q, $S, $R, $D stand for the last login, question, survey,
 * request and digest that an answer told.
 */
#ifndef AWSFED_FAKE_ENGINE_H
#define AWSFED_FAKE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENGINE_CLIENTS 6
#define ENGINE_LINES_MAX 64 /* events of one input */

struct engine;
struct manager;

struct engine *engine_new(uint64_t marker);
/*
 * The end: the agent is locked, what runs is ended, and every call but Monitor
 * must have been answered.
 */
void engine_free(struct engine *e);
struct manager *engine_manager(struct engine *e);
/* One line, without its LF. */
void engine_line(struct engine *e, const char *line, size_t len);
/* All lines. */
void engine_lines(struct engine *e, const char *text, size_t len);
/* A number of the input, for secrets that no mutation can know. */
uint64_t engine_hash(const uint8_t *data, size_t size);
/* The program is wrong: says so and aborts. */
void engine_wrong(const char *what) __attribute__((noreturn));

#endif
