/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The person's terminal, /dev/tty: never standard output, which belongs to
 * whoever reads the program's results.  Works in the terminal's own line mode;
 * echo is off only while a secret is typed, and is put back on every way out.
 */
#ifndef CLIENT_TERM_H
#define CLIENT_TERM_H

#include <stdbool.h>

struct term;

/* NULL when the program has no terminal (cron, an IDE, a service). */
struct term *term_open(void);
struct term *term_free(struct term *t); /* returns NULL */
void term_write(struct term *t, const char *text);
/* Columns and lines; 80 by 24 when the terminal does not tell. */
int term_width(const struct term *t);

enum line { LINE_OK, LINE_EOF, LINE_CANCELLED };
/*
 * Shows the prompt and reads a line without its end (xalloc).  CANCELLED: a
 * held signal asked the program to end (see signals.h; Ctrl-Z is handled
 * here).  EOF: Ctrl-D on an empty line, or the terminal went away.
 */
enum line term_line(struct term *t, const char *prompt, bool echo, char **ret);

void term_freep(struct term **t);
#define _cleanup_term_ __attribute__((cleanup(term_freep)))

#endif
