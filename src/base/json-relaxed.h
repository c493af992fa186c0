/* What pod specs may contain beyond strict JSON: comments and trailing commas.
 *
 * They are not blanked in a copy: the text is cut into pieces of strict JSON around them, so that
 * the given text stays as it is, every byte keeps its place and nothing is allocated.
 */
#ifndef CPOD_BASE_JSON_RELAXED_H
#define CPOD_BASE_JSON_RELAXED_H

#include <stddef.h>
#include <stdint.h>

/* A comment that has no end. */
#define CPOD_JSON_UNCLOSED SIZE_MAX

struct cpod_json_pieces {
	const char *text;   /* borrowed */
	size_t len;
	size_t pos;         /* of what was not handed out yet */
	char before;        /* the last byte that is neither space nor comment, 0 at the beginning */
};

/* The offset behind the comment that begins at pos; pos itself when none does; or UNCLOSED. */
size_t cpod_json_skip_comment (const char *text, size_t len, size_t pos);

/* The next piece text[*ret_from .. *ret_to), which may be empty. 1: there is one, 0: the text is
 * over, -EINVAL: at *ret_from begins a comment that has no end. */
int cpod_json_next_piece (struct cpod_json_pieces *pieces, size_t *ret_from, size_t *ret_to);

#endif
