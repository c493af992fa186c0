/* Paths of messages (locate.h). One scanner takes steps; both functions walk with it. */
#include "locate.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* One step of a path: a member by name, or an element by number when name is NULL. */
struct path_step {
	const char *name;
	size_t len;        /* of name */
	uint32_t index;
};

/* "[3]" or "[\"odd name\"]". Returns its length, 0 when it is neither. */
static size_t
scan_brackets (const char *text, struct path_step *ret_step)
{
	const char *end;
	size_t digits;

	if (text[1] == '"') {
		end = strstr (text + 2, "\"]");
		if (!end)
			return 0;
		*ret_step = (struct path_step) { text + 2, (size_t) (end - text) - 2, 0 };
		return (size_t) (end - text) + 2;
	}
	digits = strspn (text + 1, "0123456789");
	if (digits == 0 || digits > 9 || text[1 + digits] != ']')
		return 0;
	*ret_step = (struct path_step) { NULL, 0, 0 };
	for (size_t i = 1; i <= digits; i++)
		ret_step->index = ret_step->index * 10 + (uint32_t) (text[i] - '0');
	return digits + 2;
}

/* The step at text, of which `first` tells whether it begins the path. Returns its length, or 0. */
static size_t
scan_step (const char *text, bool first, struct path_step *ret_step)
{
	size_t dot = !first && *text == '.', len;

	if (*text == '[')
		return scan_brackets (text, ret_step);
	if (!first && !dot)
		return 0;
	len = strspn (text + dot, NAME_BYTES);
	*ret_step = (struct path_step) { text + dot, len, 0 };
	return len == 0 ? 0 : len + dot;
}

size_t
cpod_locate_path (const char *message, size_t *ret_first)
{
	struct path_step step;
	size_t pos = 0, len;

	while ((len = scan_step (message + pos, pos == 0, &step)) > 0) {
		if (pos == 0 && ret_first)
			*ret_first = step.len;
		pos += len;
	}
	return message[pos] == ':' && message[pos + 1] == ' ' ? pos : 0;
}

/* The child that step names, or NULL. */
static const struct cpod_json *
follow (const struct cpod_json *value, const struct path_step *step)
{
	enum cpod_json_type type = step->name ? CPOD_JSON_OBJECT : CPOD_JSON_ARRAY;
	const struct cpod_json *child;
	uint32_t i = 0;

	if (value->type != type)
		return NULL;
	for (child = value->first; child; child = child->next, i++) {
		if (!step->name && i == step->index)
			return child;
		if (step->name && strncmp (child->key, step->name, step->len) == 0 && child->key[step->len] == '\0')
			return child;
	}
	return NULL;
}

const struct cpod_json *
cpod_locate (const struct cpod_json *root, const char *path, size_t len)
{
	const struct cpod_json *child;
	struct path_step step;
	size_t pos = 0, taken;

	while (pos < len && (taken = scan_step (path + pos, pos == 0, &step)) > 0) {
		child = follow (root, &step);
		if (!child)
			break;
		root = child;
		pos += taken;
	}
	return root;
}
