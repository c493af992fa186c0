/* Reads JSON: yajl's events, with places, into the builder.
 *
 * Stages: the size is checked; the first significant byte decides between JSON and YAML; the text,
 * or its strict pieces (json-relaxed.h), is fed to yajl; each event moves a cursor over its token.
 * The cursor needs no grammar: yajl has checked it, so between two tokens there can only be space,
 * commas, colons and, in relaxed mode, comments. It also looks into strings for the escapes that
 * yajl lets pass: \u0000 and halves of surrogate pairs.
 *
 * yajl's own tree builder is not used (it leaks on errors and knows neither limits nor places), and
 * its words are replaced by ours.
 */
#include "json.h"

#include "error.h"
#include "json-build.h"
#include "json-relaxed.h"

#include <errno.h>
#include <string.h>
#include <yajl/yajl_parse.h>

int (*cpod_json_yaml_reader) (struct cpod_json_builder *builder, const char *text, size_t len);

struct reader {
	struct cpod_json_builder builder;
	const char *text;
	size_t len, pos;          /* pos: behind the last token */
	size_t line_start;        /* offset of the line that pos is in */
	uint32_t line;            /* its number, from 1 */
	bool relaxed;
	int ret;                  /* the failure that ended the parse */
};

static const char utf8_bom[] = "\xef\xbb\xbf";

/* The offset behind the byte order mark, if there is one. */
static size_t
skip_bom (const char *text, size_t len)
{
	return len >= 3 && memcmp (text, utf8_bom, 3) == 0 ? 3 : 0;
}

/* Moves the cursor to offset to, counting lines. */
static void
move_to (struct reader *reader, size_t to)
{
	const char *newline;

	while ((newline = memchr (reader->text + reader->pos, '\n', to - reader->pos))) {
		reader->line++;
		reader->pos = reader->line_start = (size_t) (newline - reader->text) + 1;
	}
	reader->pos = to;
}

/* The place of the byte at offset, at or after the cursor, on the cursor's line. */
static struct cpod_json_place
place_at (const struct reader *reader, size_t offset)
{
	return (struct cpod_json_place) { reader->line, (uint32_t) (offset - reader->line_start) + 1 };
}

/* Moves the cursor to the beginning of the next token. */
static struct cpod_json_place
next_token (struct reader *reader)
{
	while (reader->pos < reader->len) {
		char c = reader->text[reader->pos];
		size_t next = reader->pos;

		if (c == '\0')
			break;
		if (strchr (" \t\r\n,:", c))
			next++;
		else if (reader->relaxed && c == '/')
			next = cpod_json_skip_comment (reader->text, reader->len, reader->pos);
		if (next == reader->pos || next == CPOD_JSON_UNCLOSED)
			break;
		move_to (reader, next);
	}
	return place_at (reader, reader->pos);
}

/* The value of the four hexadecimal digits at text, which yajl has checked. */
static unsigned int
hex4 (const char *text)
{
	unsigned int value = 0, i;

	for (i = 0; i < 4; i++) {
		char c = text[i];

		value = value * 16 + (unsigned int) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

/* Checks the \u escape whose digits begin at offset pos. Returns how many bytes after them belong
 * to it (6 for the second half of a pair), or -EINVAL. */
static int
check_unicode_escape (struct reader *reader, size_t pos)
{
	const char *digits = reader->text + pos;
	unsigned int code = hex4 (digits);

	if (code == 0)
		return cpod_json_build_error (&reader->builder, EINVAL, place_at (reader, pos - 2),
		                              "\\u0000 is not allowed in a string");
	if (code < 0xd800 || code > 0xdfff)
		return 0;
	/* Inside a string at least the closing quote follows, so the tests stop in time. */
	if (code < 0xdc00 && digits[4] == '\\' && digits[5] == 'u') {
		code = hex4 (digits + 6);
		if (code >= 0xdc00 && code <= 0xdfff)
			return 6;
	}
	return cpod_json_build_error (&reader->builder, EINVAL, place_at (reader, pos - 2),
	                              "half of a surrogate pair in a string");
}

/* Moves the cursor from the opening quote of a string to behind the closing one. */
static int
pass_string (struct reader *reader)
{
	const char *text = reader->text;
	size_t pos = reader->pos + 1;
	int more;

	while (pos < reader->len && text[pos] != '"') {
		if (text[pos] != '\\') {
			pos++;
			continue;
		}
		pos += 2;
		if (text[pos - 1] != 'u')
			continue;
		more = check_unicode_escape (reader, pos);
		if (more < 0)
			return more;
		pos += 4 + (size_t) more;
	}
	reader->pos = pos + 1;
	return 0;
}

/* What yajl wants to hear: nonzero to go on. */
static int
go_on (struct reader *reader, int ret)
{
	reader->ret = ret;
	return ret == 0;
}

/* A scalar other than a string: len bytes as they are written. */
static int
on_literal (struct reader *reader, enum cpod_json_type type, const char *text, size_t len)
{
	struct cpod_json_place at = next_token (reader);

	reader->pos += len;
	return go_on (reader, cpod_json_build_scalar (&reader->builder, type, text, len, at));
}

static int
on_null (void *data)
{
	return on_literal (data, CPOD_JSON_NULL, "null", 4);
}

static int
on_boolean (void *data, int value)
{
	return on_literal (data, CPOD_JSON_BOOL, value ? "true" : "false", value ? 4 : 5);
}

static int
on_number (void *data, const char *text, size_t len)
{
	return on_literal (data, CPOD_JSON_NUMBER, text, len);
}

static int
on_string (void *data, const unsigned char *text, size_t len)
{
	struct reader *reader = data;
	struct cpod_json_place at = next_token (reader);
	int ret = pass_string (reader);

	if (ret == 0)
		ret = cpod_json_build_scalar (&reader->builder, CPOD_JSON_STRING, (const char *) text, len, at);
	return go_on (reader, ret);
}

static int
on_key (void *data, const unsigned char *text, size_t len)
{
	struct reader *reader = data;
	struct cpod_json_place at = next_token (reader);
	int ret = pass_string (reader);

	if (ret == 0)
		ret = cpod_json_build_key (&reader->builder, (const char *) text, len, at);
	return go_on (reader, ret);
}

/* A bracket that opens a container of type. */
static int
on_open (struct reader *reader, enum cpod_json_type type)
{
	struct cpod_json_place at = next_token (reader);

	reader->pos++;
	return go_on (reader, cpod_json_build_open (&reader->builder, type, at));
}

static int
on_open_object (void *data)
{
	return on_open (data, CPOD_JSON_OBJECT);
}

static int
on_open_array (void *data)
{
	return on_open (data, CPOD_JSON_ARRAY);
}

static int
on_close (void *data)
{
	struct reader *reader = data;

	next_token (reader);
	reader->pos++;
	return go_on (reader, cpod_json_build_close (&reader->builder));
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_map_key = on_key,
	.yajl_start_map = on_open_object,
	.yajl_end_map = on_close,
	.yajl_start_array = on_open_array,
	.yajl_end_array = on_close,
};

#define TOKEN (-1)                /* at the beginning of the token */

/* yajl's words (any part of them that is unique) and ours. */
static const struct {
	const char *theirs, *ours;
	int back;                 /* the fault is so many bytes before what was read last, or: */
} complaints[] = {
	{ "UTF8", "invalid UTF-8 in a string", 1 },
	{ "'\\' occurs", "invalid escape in a string", 1 },
	{ "non-hex", "invalid \\u escape in a string: four hexadecimal digits must follow", 0 },
	{ "invalid character inside string", "control character in a string (write it as an escape)", 0 },
	{ "required after the exponent", "malformed number: a digit must follow the exponent", TOKEN },
	{ "required after the decimal", "malformed number: a digit must follow the decimal point", TOKEN },
	{ "required after the minus", "malformed number: a digit must follow the minus sign", TOKEN },
	{ "comment", "'/' begins no comment that is allowed here", TOKEN },
	{ "must be a string", "an object's key must be a string in double quotes", TOKEN },
	{ "separated by a colon", "expected ':' between key and value", TOKEN },
	{ "inside map", "expected ',' or '}' after a value in an object", TOKEN },
	{ "after array element", "expected ',' or ']' after a value in an array", TOKEN },
	{ "trailing garbage", "more text after the end of the document", TOKEN },
	{ "premature EOF", "the document ends too early", TOKEN },
	{ "unallowed token", "expected a value", TOKEN },
	{ "lexical error", "expected a value, found text that is not JSON", TOKEN },
};
#define N_COMPLAINTS (sizeof (complaints) / sizeof (complaints[0]))

/* Moves the cursor to where yajl gave up. consumed: offset behind what it read of the text, 0 when it
 * was fed something else; back: see above. A token of one byte ends where it begins. */
static void
find_fault (struct reader *reader, size_t consumed, int back)
{
	char last = consumed > reader->pos ? reader->text[consumed - 1] : '\0';

	if (last != '\0' && back == TOKEN && strchr (",:[]{}", last))
		back = 1;
	if (last == '\0' || back == TOKEN)
		next_token (reader);
	else
		move_to (reader, consumed - (size_t) back);
}

/* Turns yajl's failure into ours. consumed: offset behind what it read of the text. */
static int
complain (struct reader *reader, yajl_handle yajl, size_t consumed)
{
	unsigned char *words = yajl_get_error (yajl, 0, NULL, 0);
	const char *text = words ? (const char *) words : "";
	size_t i = 0;

	while (i < N_COMPLAINTS - 1 && !strstr (text, complaints[i].theirs))
		i++;
	if (words)
		yajl_free_error (yajl, words);
	find_fault (reader, consumed, complaints[i].back);
	if (reader->pos < reader->len && strcmp (complaints[i].theirs, "premature EOF") == 0)
		return cpod_json_build_error (&reader->builder, EINVAL, place_at (reader, reader->pos),
		                              "this string has no end");
	return cpod_json_build_error (&reader->builder, EINVAL, place_at (reader, reader->pos), "%s",
	                              complaints[i].ours);
}

/* Feeds text[from .. to) to yajl, and a space where something was left out after it. */
static int
feed (struct reader *reader, yajl_handle yajl, size_t from, size_t to)
{
	yajl_status status;

	status = yajl_parse (yajl, (const unsigned char *) reader->text + from, to - from);
	if (status == yajl_status_error)
		return complain (reader, yajl, from + yajl_get_bytes_consumed (yajl));
	if (status == yajl_status_ok && to < reader->len) {
		status = yajl_parse (yajl, (const unsigned char *) " ", 1);
		if (status == yajl_status_error)
			return complain (reader, yajl, 0);
	}
	return status == yajl_status_ok ? 0 : reader->ret;
}

/* Feeds the whole text, in pieces when it is relaxed. */
static int
feed_all (struct reader *reader, yajl_handle yajl)
{
	struct cpod_json_pieces pieces = { reader->text, reader->len, reader->pos, 0 };
	size_t from, to;
	int ret = 0;

	if (!reader->relaxed)
		return feed (reader, yajl, reader->pos, reader->len);
	while (ret == 0) {
		ret = cpod_json_next_piece (&pieces, &from, &to);
		if (ret == 0)
			return 0;
		if (ret < 0) {
			move_to (reader, from);
			return cpod_json_build_error (&reader->builder, EINVAL, place_at (reader, from),
			                              "this comment has no end");
		}
		ret = feed (reader, yajl, from, to);
	}
	return ret;
}

/* Reads the text, from the cursor on, as JSON. */
static int
read_json (struct reader *reader)
{
	yajl_handle yajl = yajl_alloc (&callbacks, NULL, reader);
	yajl_status status;
	int ret;

	if (!yajl)
		return cpod_error_oom (reader->builder.err);
	ret = feed_all (reader, yajl);
	if (ret == 0) {
		status = yajl_complete_parse (yajl);
		if (status == yajl_status_error)
			ret = complain (reader, yajl, 0);
		else if (status != yajl_status_ok)
			ret = reader->ret;
	}
	yajl_free (yajl);
	return ret;
}

/* Reads the text as what its first significant byte says it is. */
static int
read_text (struct reader *reader, unsigned int flags)
{
	struct reader ahead = *reader;
	struct cpod_json_place at = next_token (&ahead);
	char first;

	if (ahead.pos >= ahead.len)
		return cpod_json_build_error (&reader->builder, EINVAL, at, "the document is empty");
	first = ahead.text[ahead.pos];
	if (!(flags & CPOD_JSON_OR_YAML) || first == '{' || first == '[')
		return read_json (reader);
	if (!cpod_json_yaml_reader)
		return cpod_json_build_error (&reader->builder, EINVAL, at,
		                              "not JSON, and this program reads no YAML");
	return cpod_json_yaml_reader (&reader->builder, reader->text + reader->pos, reader->len - reader->pos);
}

int
cpod_json_parse (const char *name, const char *text, size_t len, unsigned int flags,
                 struct cpod_arena *arena, struct cpod_json **ret_root, struct cpod_error *err)
{
	struct reader reader = { .text = text, .len = len, .line = 1 };
	int ret;

	if (len > CPOD_JSON_MAX_BYTES)
		return cpod_error_set (err, E2BIG, "%s: the document is larger than %u MiB", name,
		                       CPOD_JSON_MAX_BYTES >> 20);
	cpod_json_builder_init (&reader.builder, name, arena, err);
	reader.relaxed = flags & CPOD_JSON_RELAXED;
	reader.builder.documents = flags & CPOD_JSON_DOCUMENTS;
	if (flags & (CPOD_JSON_RELAXED | CPOD_JSON_OR_YAML))
		reader.pos = reader.line_start = skip_bom (text, len);
	ret = read_text (&reader, flags);
	if (ret == 0)
		*ret_root = reader.builder.root;
	return ret;
}

const struct cpod_json *
cpod_json_get (const struct cpod_json *object, const char *key)
{
	const struct cpod_json *member;

	if (!object || object->type != CPOD_JSON_OBJECT)
		return NULL;
	for (member = object->first; member; member = member->next) {
		if (strcmp (member->key, key) == 0)
			return member;
	}
	return NULL;
}

const char *
cpod_json_type_name (enum cpod_json_type type)
{
	static const char *const names[] = {
		[CPOD_JSON_NULL] = "null",
		[CPOD_JSON_BOOL] = "boolean",
		[CPOD_JSON_NUMBER] = "number",
		[CPOD_JSON_STRING] = "string",
		[CPOD_JSON_ARRAY] = "array",
		[CPOD_JSON_OBJECT] = "object",
	};

	return names[type];
}
