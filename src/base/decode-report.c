/* Where a value stands and what is said about it: paths, messages, and words that resemble others. */
#include "decode-report.h"

#include "error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 64u   /* words longer than this resemble nothing */

static size_t
min_size (size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters must be added, dropped, changed or swapped with their neighbour to make b of a;
 * both at most WORD_MAX long. Row i holds the distances of the first i letters of a; three are kept. */
static size_t
edit_distance (const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], n = strlen (b), i, j;

	for (j = 0; j <= n; j++)
		rows[0][j] = j;
	for (i = 1; a[i - 1]; i++) {
		size_t *row = rows[i % 3], *before = rows[(i - 1) % 3];

		row[0] = i;
		for (j = 1; j <= n; j++) {
			row[j] = min_size (before[j - 1] + (a[i - 1] != b[j - 1]), min_size (row[j - 1], before[j]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min_size (row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[(i - 1) % 3][n];
}

/* The distance when it is small enough to be taken for a slip, else WORD_MAX. */
static size_t
slip_distance (const char *text, const char *word)
{
	size_t distance;

	if (strlen (text) > WORD_MAX || strlen (word) > WORD_MAX)
		return WORD_MAX;
	if (strcasecmp (text, word) == 0)
		return 0;
	distance = edit_distance (text, word);
	return distance <= 2 && distance * 2 < strlen (text) ? distance : WORD_MAX;
}

const char *
cpod_nearest_word (const char *text, const char *const *words)
{
	const char *nearest = NULL;
	size_t best = WORD_MAX;

	for (; *words; words++) {
		size_t distance = slip_distance (text, *words);

		if (distance >= best)
			continue;
		best = distance;
		nearest = *words;
	}
	return nearest;
}

const char *
cpod_nearest_field (const char *text, const struct cpod_object *object)
{
	const char *nearest = NULL;
	size_t best = WORD_MAX, i;

	for (i = 0; i < object->n_fields; i++) {
		size_t distance = slip_distance (text, object->fields[i].name);

		if (distance >= best)
			continue;
		best = distance;
		nearest = object->fields[i].name;
	}
	return nearest;
}

/* Adds to the path; what does not fit is cut. */
static size_t push (struct cpod_decoder *decoder, const char *format, ...)
	__attribute__ ((format (printf, 2, 3)));
static size_t
push (struct cpod_decoder *decoder, const char *format, ...)
{
	size_t old_len = decoder->path_len, room = sizeof (decoder->path) - old_len;
	va_list args;
	int len;

	va_start (args, format);
	len = vsnprintf (decoder->path + old_len, room, format, args);
	va_end (args);
	if (len > 0)
		decoder->path_len += min_size ((size_t) len, room - 1);
	return old_len;
}

/* Whether name can stand in a path without quotes. */
static bool
is_plain_name (const char *name)
{
	return *name && name[strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

size_t
cpod_decode_push (struct cpod_decoder *decoder, const char *name)
{
	if (!is_plain_name (name))
		return push (decoder, "[\"%s\"]", name);
	return push (decoder, decoder->path_len ? ".%s" : "%s", name);
}

size_t
cpod_decode_push_index (struct cpod_decoder *decoder, size_t index)
{
	return push (decoder, "[%zu]", index);
}

void
cpod_decode_pop (struct cpod_decoder *decoder, size_t old_len)
{
	decoder->path[old_len] = '\0';
	decoder->path_len = old_len;
}

int
cpod_decode_report (struct cpod_decoder *decoder, uint32_t line, uint32_t column, int code, struct cpod_error *err,
        const char *text)
{
	char place[32] = "";

	if (line > 0)
		snprintf (place, sizeof (place), "%" PRIu32 ":%" PRIu32, line, column);
	return cpod_error_set (err, code, "%s%s%s%s%s%s%s", decoder->file ? decoder->file : "",
	                       decoder->file && line > 0 ? ":" : "", place, decoder->file || line > 0 ? ": " : "",
	                       decoder->path, decoder->path_len > 0 ? ": " : "", text);
}

int
cpod_decode_error (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err,
                   const char *format, ...)
{
	char text[512];
	va_list args;

	va_start (args, format);
	vsnprintf (text, sizeof (text), format, args);
	va_end (args);
	return cpod_decode_report (decoder, value ? value->line : 0, value ? value->column : 0, EINVAL, err, text);
}

void
cpod_decode_warn (struct cpod_decoder *decoder, const struct cpod_json *value, const char *format, ...)
{
	struct cpod_error warning = { 0 };
	char text[512];
	va_list args;

	if (!decoder->warn)
		return;
	va_start (args, format);
	vsnprintf (text, sizeof (text), format, args);
	va_end (args);
	cpod_decode_report (decoder, value ? value->line : 0, value ? value->column : 0, EINVAL, &warning, text);
	decoder->warn (decoder->warn_data, warning.message);
}
