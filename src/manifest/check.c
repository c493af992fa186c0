/* What manifests' files share: errors in Kubernetes' words, rules for names, nodes of the native document. */
#include "manifest.h"

#include "src/base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* ---- Errors -------------------------------------------------------------------------------- */

/* A value as Kubernetes shows it: strings in quotes, long ones cut. */
static void
show (const struct cpod_json *value, char *text, size_t size)
{
	switch (value ? value->type : CPOD_JSON_NULL) {
	case CPOD_JSON_STRING:
		snprintf (text, size, "\"%.100s\"%s", value->text, strlen (value->text) > 100 ? "..." : "");
		break;
	case CPOD_JSON_NUMBER:
		snprintf (text, size, "%.60s", value->text);
		break;
	case CPOD_JSON_BOOL:
		snprintf (text, size, "%s", value->boolean ? "true" : "false");
		break;
	case CPOD_JSON_NULL:
		snprintf (text, size, "null");
		break;
	case CPOD_JSON_ARRAY:
	case CPOD_JSON_OBJECT:
		snprintf (text, size, value->type == CPOD_JSON_ARRAY ? "[...]" : "{...}");
		break;
	}
}

static int
invalid (struct cpod_decoder *decoder, const struct cpod_json *at, const struct cpod_json *value, struct cpod_error *err,
         const char *format, va_list args) __attribute__ ((format (printf, 5, 0)));
static int
invalid (struct cpod_decoder *decoder, const struct cpod_json *at, const struct cpod_json *value, struct cpod_error *err,
         const char *format, va_list args)
{
	char shown[160], reason[400];

	show (value, shown, sizeof (shown));
	vsnprintf (reason, sizeof (reason), format, args);
	return cpod_decode_error (decoder, at, err, "Invalid value: %s: %s", shown, reason);
}

/* Pushes name, and gives the place: the member's, or the object's where it is missing. */
static const struct cpod_json *
member_place (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name)
{
	const struct cpod_json *member = cpod_json_get (object, name);

	cpod_decode_push (decoder, name);
	return member ? member : object;
}

int
cpod_manifest_invalid (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err,
                       const char *format, ...)
{
	va_list args;
	int ret;

	va_start (args, format);
	ret = invalid (decoder, value, value, err, format, args);
	va_end (args);
	return ret;
}

int
cpod_manifest_bad (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name, struct cpod_error *err,
                   const char *format, ...)
{
	va_list args;
	int ret;

	va_start (args, format);
	ret = invalid (decoder, member_place (decoder, object, name), cpod_json_get (object, name), err, format, args);
	va_end (args);
	return ret;
}

int
cpod_manifest_required (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name,
                        const char *reason, struct cpod_error *err)
{
	const struct cpod_json *at = member_place (decoder, object, name);

	return cpod_decode_error (decoder, at, err, "Required value%s%s", reason ? ": " : "", reason ? reason : "");
}

int
cpod_manifest_forbidden (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name,
                         struct cpod_error *err, const char *format, ...)
{
	const struct cpod_json *at = member_place (decoder, object, name);
	char reason[400];
	va_list args;

	va_start (args, format);
	vsnprintf (reason, sizeof (reason), format, args);
	va_end (args);
	return cpod_decode_error (decoder, at, err, "Forbidden: %s", reason);
}

int
cpod_manifest_duplicate (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name,
                         struct cpod_error *err)
{
	const struct cpod_json *at = member_place (decoder, object, name);
	char shown[160];

	show (at, shown, sizeof (shown));
	return cpod_decode_error (decoder, at, err, "Duplicate value: %s", shown);
}

int
cpod_manifest_not_found (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name,
                         struct cpod_error *err)
{
	const struct cpod_json *at = member_place (decoder, object, name);
	char shown[160];

	show (at, shown, sizeof (shown));
	return cpod_decode_error (decoder, at, err, "Not found: %s", shown);
}

int
cpod_manifest_refuse (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name,
                      struct cpod_error *err, const char *format, ...)
{
	const struct cpod_json *at = member_place (decoder, object, name);
	char reason[400];
	va_list args;

	va_start (args, format);
	vsnprintf (reason, sizeof (reason), format, args);
	va_end (args);
	cpod_decode_error (decoder, at, err, "%s", reason);
	if (err)
		err->code = ENOTSUP;
	return -ENOTSUP;
}

/* ---- Names --------------------------------------------------------------------------------- */

/* The length of a label that begins text: letters, digits and '-', none of it at an end. 0: there is none. */
static size_t
label_length (const char *text)
{
	size_t len = strspn (text, LOWER DIGITS "-");

	return len == 0 || text[0] == '-' || text[len - 1] == '-' ? 0 : len;
}

const char *
cpod_manifest_label_error (const char *text)
{
	size_t len = label_length (text);

	if (strlen (text) > 63)
		return "must be no more than 63 bytes";
	return len > 0 && !text[len] ? NULL
	       : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
	         "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	         "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
}

const char *
cpod_manifest_subdomain_error (const char *text)
{
	size_t len;

	if (strlen (text) > 253)
		return "must be no more than 253 bytes";
	while ((len = label_length (text)) > 0) {
		text += len;
		if (!*text)
			return NULL;
		if (*text++ != '.')
			break;
	}
	return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
	       "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
	       "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
}

const char *
cpod_manifest_key_error (const char *text)
{
	if (strlen (text) > 253)
		return "must be no more than 253 bytes";
	if (strcmp (text, ".") == 0)
		return "must not be '.'";
	if (strncmp (text, "..", 2) == 0)
		return text[2] ? "must not start with '..'" : "must not be '..'";
	return *text && strspn (text, LOWER DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._") == strlen (text) ? NULL
	       : "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
	         "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
}

const char *
cpod_manifest_path_error (const char *path)
{
	if (*path == '/')
		return "must be a relative path";
	for (; *path; path += *path == '/') {
		size_t len = strcspn (path, "/");

		if (len == 2 && strncmp (path, "..", 2) == 0)
			return "must not contain '..'";
		path += len;
	}
	return NULL;
}

/* ---- Nodes --------------------------------------------------------------------------------- */

struct cpod_json *
cpod_manifest_node (struct cpod_manifest *m, enum cpod_json_type type, const struct cpod_json *at)
{
	struct cpod_json *node = cpod_json_new (m->arena, type);

	if (!node || !at)
		return node;
	node->line = at->line;
	node->column = at->column;
	node->key_line = at->key_line ? at->key_line : at->line;
	node->key_column = at->key_line ? at->key_column : at->column;
	return node;
}

struct cpod_json *
cpod_manifest_text (struct cpod_manifest *m, const char *text, const struct cpod_json *at)
{
	struct cpod_json *node = text ? cpod_manifest_node (m, CPOD_JSON_STRING, at) : NULL;

	if (node)
		node->text = text;
	return node;
}

struct cpod_json *
cpod_manifest_int (struct cpod_manifest *m, int64_t value, const struct cpod_json *at)
{
	struct cpod_json *node = cpod_manifest_node (m, CPOD_JSON_NUMBER, at);

	if (!node)
		return NULL;
	node->text = cpod_arena_printf (m->arena, "%" PRId64, value);
	return node->text ? node : NULL;
}

struct cpod_json *
cpod_manifest_flag (struct cpod_manifest *m, bool value, const struct cpod_json *at)
{
	struct cpod_json *node = cpod_manifest_node (m, CPOD_JSON_BOOL, at);

	if (node)
		node->boolean = value;
	return node;
}

struct cpod_json *
cpod_manifest_words (struct cpod_manifest *m, const char *const *words, size_t n, const struct cpod_json *at)
{
	struct cpod_json *list = cpod_manifest_node (m, CPOD_JSON_ARRAY, at);

	for (size_t i = 0; i < n; i++)
		list = cpod_manifest_add (list, NULL, cpod_manifest_text (m, words[i], at));
	return list;
}

struct cpod_json *
cpod_manifest_share (struct cpod_manifest *m, const struct cpod_json *value)
{
	struct cpod_json *copy = value ? cpod_json_new (m->arena, value->type) : NULL;

	if (!copy)
		return NULL;
	*copy = *value;
	copy->next = NULL;
	return copy;
}

struct cpod_json *
cpod_manifest_add (struct cpod_json *parent, const char *key, struct cpod_json *child)
{
	if (!parent || !child)
		return NULL;
	child->key = key;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
	return parent;
}
