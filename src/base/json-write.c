/* Writes trees as strict JSON.
 *
 * The walk keeps its own stack of open containers, as deep as a parsed tree can be, so that a tree
 * made by hand that is deeper (or runs in a circle) marks the string as failed and ends.
 */
#include "json.h"

#include <stdio.h>
#include <string.h>

/* Where the walk stands: next is the child to be written of the container open[depth - 1]. */
struct walk {
	struct cpod_str *out;
	unsigned int indent, depth;
	const struct cpod_json *open[CPOD_JSON_MAX_DEPTH];
	const struct cpod_json *next[CPOD_JSON_MAX_DEPTH];
};

/* Writes an ASCII character of a string. */
static void
write_character (struct cpod_str *out, char c)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	const char *pair;

	for (pair = letters; *pair; pair += 2) {
		if (*pair != c)
			continue;
		cpod_str_add_char (out, '\\');
		cpod_str_add_char (out, pair[1]);
		return;
	}
	if ((unsigned char) c < 0x20 || c == 0x7f)
		cpod_str_printf (out, "\\u%04x", (unsigned int) c);
	else
		cpod_str_add_char (out, c);
}

void
cpod_json_write_string (struct cpod_str *out, const char *text)
{
	size_t left = strlen (text), n;

	cpod_str_add_char (out, '"');
	while (left > 0) {
		n = cpod_utf8_length (text, left);
		if (n == 0)
			cpod_str_add (out, "\xef\xbf\xbd");
		else if (n == 1)
			write_character (out, *text);
		else
			cpod_str_add_bytes (out, text, n);
		n += n == 0;
		text += n;
		left -= n;
	}
	cpod_str_add_char (out, '"');
}

/* Begins a new line at the current depth, when lines are wanted. */
static void
new_line (struct walk *walk)
{
	unsigned int i;

	if (walk->indent == 0)
		return;
	cpod_str_add_char (walk->out, '\n');
	for (i = 0; i < walk->depth * walk->indent; i++)
		cpod_str_add_char (walk->out, ' ');
}

/* Writes a scalar, or an empty container; opens any other container. */
static void
write_value (struct walk *walk, const struct cpod_json *value)
{
	switch (value->type) {
	case CPOD_JSON_NULL:
		cpod_str_add (walk->out, "null");
		return;
	case CPOD_JSON_BOOL:
		cpod_str_add (walk->out, value->boolean ? "true" : "false");
		return;
	case CPOD_JSON_NUMBER:
		cpod_str_add (walk->out, value->text);
		return;
	case CPOD_JSON_STRING:
		cpod_json_write_string (walk->out, value->text);
		return;
	case CPOD_JSON_ARRAY:
	case CPOD_JSON_OBJECT:
		break;
	}
	if (!value->first) {
		cpod_str_add (walk->out, value->type == CPOD_JSON_ARRAY ? "[]" : "{}");
		return;
	}
	if (walk->depth == CPOD_JSON_MAX_DEPTH) {
		walk->out->failed = true;
		return;
	}
	cpod_str_add_char (walk->out, value->type == CPOD_JSON_ARRAY ? '[' : '{');
	walk->open[walk->depth] = value;
	walk->next[walk->depth++] = value->first;
}

/* Writes the next child of the innermost open container, or closes it. */
static void
write_next (struct walk *walk)
{
	const struct cpod_json *parent = walk->open[walk->depth - 1];
	const struct cpod_json *child = walk->next[walk->depth - 1];

	if (!child) {
		walk->depth--;
		new_line (walk);
		cpod_str_add_char (walk->out, parent->type == CPOD_JSON_ARRAY ? ']' : '}');
		return;
	}
	walk->next[walk->depth - 1] = child->next;
	if (child != parent->first)
		cpod_str_add_char (walk->out, ',');
	new_line (walk);
	if (parent->type == CPOD_JSON_OBJECT) {
		cpod_json_write_string (walk->out, child->key);
		cpod_str_add (walk->out, walk->indent ? ": " : ":");
	}
	write_value (walk, child);
}

void
cpod_json_write (struct cpod_str *out, const struct cpod_json *value, unsigned int indent)
{
	struct walk walk = { .out = out, .indent = indent };

	write_value (&walk, value);
	while (walk.depth > 0 && !cpod_str_failed (out))
		write_next (&walk);
}
