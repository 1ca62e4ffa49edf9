/* SPDX-License-Identifier: Apache-2.0 */
/* Tables on standard output: libsmartcols, plain text, no cut columns. */
#ifndef CLIENT_TABLE_H
#define CLIENT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table;

/* Titles end with a NULL. */
struct table *table_new(const char *const *titles);
struct table *table_free(struct table *t); /* returns NULL */
/* A row of as many cells as there are titles; NULL is "-".  Copied. */
void table_row(struct table *t, const char *const *cells);
/* Colours one cell of the last row: a name libsmartcols knows ("red"). */
void table_colour(struct table *t, size_t column, const char *name);
void table_print(struct table *t);
/* May standard output have colours (a terminal, TERM, no NO_COLOR)? */
bool table_colours(void);
/* Can the locale show line-drawing characters? */
bool table_utf8(void);

void table_freep(struct table **t);
#define _cleanup_table_ __attribute__((cleanup(table_freep)))

#endif
