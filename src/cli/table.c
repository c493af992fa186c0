/* Aligned columns: collect all cells, measure, write. Width is counted in characters of UTF-8, not in
 * bytes. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

void
cpod_table_init (struct cpod_table *table, size_t n_columns)
{
	memset (table, 0, sizeof (*table));
	table->n_columns = n_columns;
	table->filled = n_columns;
}

void
cpod_table_finish (struct cpod_table *table)
{
	for (size_t i = 0; i < table->n_rows; i++)
		for (size_t k = 0; k < table->n_columns; k++)
			free (table->rows[i].cells[k].text);
	free (table->rows);
	memset (table, 0, sizeof (*table));
}

/* Begins a new row; false when memory ran out. */
static bool
new_row (struct cpod_table *table)
{
	struct cpod_row *rows;
	size_t capacity = table->capacity > 0 ? 2 * table->capacity : 16;

	if (table->n_rows == table->capacity) {
		rows = reallocarray (table->rows, capacity, sizeof (*rows));
		if (rows == NULL)
			return false;
		table->rows = rows;
		table->capacity = capacity;
	}
	memset (&table->rows[table->n_rows++], 0, sizeof (*table->rows));
	table->filled = 0;
	return true;
}

void
cpod_table_add (struct cpod_table *table, int colour, const char *text)
{
	struct cpod_cell *cell;

	if (table->failed)
		return;
	if (table->filled == table->n_columns && !new_row (table)) {
		table->failed = true;
		return;
	}
	cell = &table->rows[table->n_rows - 1].cells[table->filled++];
	cell->colour = colour;
	cell->text = strdup (text);
	table->failed = cell->text == NULL;
}

/* Characters of text, counting UTF-8 sequences as one. */
static size_t
width_of (const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char) *text & 0xc0) != 0x80;
	return n;
}

/* Cuts text to width characters. */
static void
cut (char *text, size_t width)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		n += ((unsigned char) *text & 0xc0) != 0x80;
		if (n > width)
			break;
	}
	*text = '\0';
}

/* Writes one row, given the columns' widths. */
static void
write_row (const struct cpod_table *table, const struct cpod_row *row, const size_t *widths,
           const struct cpod_term *term, struct cpod_str *out)
{
	size_t used = 0, pad = 0;

	for (size_t k = 0; k < table->n_columns; k++) {
		char *text = row->cells[k].text;

		if (text == NULL || text[0] == '\0') {
			pad += widths[k] + 2;
			continue;
		}
		used += pad;
		if (term->columns > 0 && used >= (size_t) term->columns)
			break;
		if (term->columns > 0)
			cut (text, (size_t) term->columns - used);
		while (pad > 0) {
			cpod_str_add_char (out, ' ');
			pad--;
		}
		cpod_term_add (out, term, row->cells[k].colour, text);
		used += width_of (text);
		pad = widths[k] - (width_of (text) < widths[k] ? width_of (text) : widths[k]) + 2;
	}
	cpod_str_add_char (out, '\n');
}

bool
cpod_table_write (const struct cpod_table *table, const struct cpod_term *term, struct cpod_str *out)
{
	size_t widths[CPOD_TABLE_COLUMNS] = { 0 };

	if (table->failed)
		return false;
	for (size_t i = 0; i < table->n_rows; i++)
		for (size_t k = 0; k < table->n_columns; k++) {
			const char *text = table->rows[i].cells[k].text;
			size_t width = text != NULL ? width_of (text) : 0;

			if (width > widths[k])
				widths[k] = width;
		}
	for (size_t i = 0; i < table->n_rows; i++)
		write_row (table, &table->rows[i], widths, term, out);
	return !cpod_str_failed (out);
}
