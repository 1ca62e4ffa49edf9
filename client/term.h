/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The person's terminal, /dev/tty: never standard output, which belongs to
 * whoever reads the program's results.  Works in the terminal's own line mode;
 * echo is off only while a secret is typed, and is put back on every way out.
 */
#ifndef CLIENT_TERM_H
#define CLIENT_TERM_H

#include <stdbool.h>
#include <stdint.h>

struct term;

/* NULL when the program has no terminal (cron, an IDE, a service). */
struct term *term_open(void);
struct term *term_free(struct term *t); /* returns NULL */
void term_write(struct term *t, const char *text);
/* Columns and lines; 80 by 24 when the terminal does not tell. */
int term_width(const struct term *t);

/* Lines are awaited for so many seconds from now; 0: without an end. */
void term_until(struct term *t, int64_t seconds);

enum line { LINE_OK, LINE_EOF, LINE_CANCELLED, LINE_LATE };
/*
 * Shows the prompt and reads a line without its end (xalloc).  CANCELLED: a
 * held signal asked the program to end (see signals.h; Ctrl-Z is handled
 * here).  EOF: Ctrl-D on an empty line, or the terminal went away
 * or cannot hide a secret.
 * LATE: the time of term_until() came; what was half typed is thrown away, so
 * that no shell gets it.
 */
enum line term_line(struct term *t, const char *prompt, bool echo, char **ret);

void term_freep(struct term **t);
#define _cleanup_term_ __attribute__((cleanup(term_freep)))

#endif
