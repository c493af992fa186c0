/* Rows of text as aligned columns. */
#ifndef CPOD_CLI_TABLE_H
#define CPOD_CLI_TABLE_H

#include "term.h"

#define CPOD_TABLE_COLUMNS 8

struct cpod_cell { char *text; int colour; };
struct cpod_row { struct cpod_cell cells[CPOD_TABLE_COLUMNS]; };

struct cpod_table {
	size_t n_columns;
	struct cpod_row *rows;     /* owned */
	size_t n_rows, capacity, filled;   /* filled: cells of the last row */
	bool failed;               /* memory ran out */
};

/* An empty table of n_columns (at most CPOD_TABLE_COLUMNS). */
void cpod_table_init (struct cpod_table *table, size_t n_columns);
void cpod_table_finish (struct cpod_table *table);
/* Adds the next cell; the last column's cell ends the row. text is copied. */
void cpod_table_add (struct cpod_table *table, int colour, const char *text);
/* Writes the table: two spaces between columns, none at the end of a line; on a terminal no line is
 * wider than it. false when memory ran out. */
bool cpod_table_write (const struct cpod_table *table, const struct cpod_term *term, struct cpod_str *out);

#endif
