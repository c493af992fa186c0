/* Finds comments and trailing commas: see json-relaxed.h.
 *
 * Only strings must be understood for that, and what stood before a comma: one that follows a value
 * and is followed by a closing bracket is trailing. Everything else is left to the strict parser.
 */
#include "json-relaxed.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

size_t
cpod_json_skip_comment (const char *text, size_t len, size_t pos)
{
	const char *end;

	if (len - pos < 2 || text[pos] != '/')
		return pos;
	if (text[pos + 1] == '/') {
		end = memchr (text + pos, '\n', len - pos);
		return end ? (size_t) (end - text) : len;
	}
	if (text[pos + 1] != '*')
		return pos;
	for (pos += 2; pos < len; pos++) {
		end = memchr (text + pos, '*', len - pos);
		if (!end)
			break;
		pos = (size_t) (end - text);
		if (pos + 1 < len && text[pos + 1] == '/')
			return pos + 2;
	}
	return CPOD_JSON_UNCLOSED;
}

static bool
is_space (char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The offset behind the string that begins at pos, or len when it has no end. */
static size_t
skip_string (const char *text, size_t len, size_t pos)
{
	for (pos++; pos < len && text[pos] != '"'; pos++) {
		if (text[pos] == '\\')
			pos++;
	}
	return pos < len ? pos + 1 : len;
}

/* The first byte at or after pos that is neither space nor comment, or 0. */
static char
significant_byte (const char *text, size_t len, size_t pos)
{
	size_t next;

	while (pos < len) {
		next = is_space (text[pos]) ? pos + 1 : cpod_json_skip_comment (text, len, pos);
		if (next == pos)
			return text[pos];
		if (next == CPOD_JSON_UNCLOSED)
			return 0;
		pos = next;
	}
	return 0;
}

/* Whether the comma at pos stands between a value and a closing bracket. */
static bool
is_trailing_comma (const struct cpod_json_pieces *pieces, size_t pos)
{
	char after;

	if (pieces->before == 0 || strchr ("[{,:", pieces->before))
		return false;
	after = significant_byte (pieces->text, pieces->len, pos + 1);
	return after == ']' || after == '}';
}

int
cpod_json_next_piece (struct cpod_json_pieces *pieces, size_t *ret_from, size_t *ret_to)
{
	const char *text = pieces->text;
	size_t pos = pieces->pos, next;

	if (pos >= pieces->len)
		return 0;
	*ret_from = pos;
	while (pos < pieces->len) {
		next = cpod_json_skip_comment (text, pieces->len, pos);
		if (next == CPOD_JSON_UNCLOSED) {
			*ret_from = pos;
			return -EINVAL;
		}
		if (text[pos] == ',' && is_trailing_comma (pieces, pos))
			next = pos + 1;
		if (next != pos) {
			*ret_to = pos;
			pieces->pos = next;
			return 1;
		}
		if (!is_space (text[pos]))
			pieces->before = text[pos];
		pos = text[pos] == '"' ? skip_string (text, pieces->len, pos) : pos + 1;
	}
	*ret_to = pieces->pos = pos;
	return 1;
}
