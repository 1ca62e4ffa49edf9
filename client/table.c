/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"

struct table {
	struct libscols_table *tb;
	struct libscols_line *last;
	size_t ncolumns;
};

bool
table_colours(void)
{
	const char *term = getenv("TERM");

	/* https://no-color.org: set and not empty means none. */
	return isatty(STDOUT_FILENO) == 1 && str_empty(getenv("NO_COLOR")) &&
	    !str_empty(term) && strcmp(term, "dumb") != 0;
}

bool
table_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* libsmartcols only fails for want of memory, and then so do we. */
static void
must(bool good)
{
	if (!good)
		xalloc_oom();
}

struct table *
table_new(const char *const *titles)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->tb = scols_new_table();
	must(t->tb != NULL);
	scols_table_enable_colors(t->tb, table_colours());
	scols_table_set_column_separator(t->tb, "  ");
	/* A narrow terminal wraps a line; it never cuts an ARN. */
	scols_table_set_termforce(t->tb, SCOLS_TERMFORCE_NEVER);
	for (; titles[t->ncolumns] != NULL; t->ncolumns++)
		must(scols_table_new_column(t->tb, titles[t->ncolumns], 0, 0) !=
		    NULL);
	return t;
}

struct table *
table_free(struct table *t)
{
	if (t != NULL) {
		scols_unref_table(t->tb);
		xfree(t);
	}
	return NULL;
}

void
table_freep(struct table **t)
{
	*t = table_free(*t);
}

void
table_row(struct table *t, const char *const *cells)
{
	t->last = scols_table_new_line(t->tb, NULL);
	must(t->last != NULL);
	for (size_t i = 0; i < t->ncolumns; i++)
		must(scols_line_set_data(t->last, i,
			 str_empty(cells[i]) ? "-" : cells[i]) == 0);
}

void
table_colour(struct table *t, size_t column, const char *name)
{
	struct libscols_cell *cell = scols_line_get_cell(t->last, column);

	must(cell != NULL && scols_cell_set_color(cell, name) == 0);
}

void
table_print(struct table *t)
{
	fflush(stdout);
	scols_table_set_stream(t->tb, stdout);
	scols_print_table(t->tb);
}
