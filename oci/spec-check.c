/* Checks that the tables of oci/spec*.c share. See spec-check.h.
 *
 * A member whose type is wrong was refused by the decoder before any check runs, so what is not a
 * string, list or map here is simply not looked at.
 */
#include "spec-check.h"

#include "src/base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text of err is at most this long; a formatted detail needs no more. */
#define DETAIL_MAX 512

/* Applies check to value, or to each of its children. */
static int
check_strings (struct cpod_decoder *decoder, const struct cpod_json *value, cpod_oci_text_check *check,
               struct cpod_error *err)
{
	const struct cpod_json *child;
	size_t index = 0, mark;
	int ret = 0;

	if (value->type == CPOD_JSON_STRING)
		return check (decoder, value, err);
	if (value->type != CPOD_JSON_ARRAY && value->type != CPOD_JSON_OBJECT)
		return 0;
	for (child = value->first; child && ret == 0; child = child->next, index++) {
		if (child->type != CPOD_JSON_STRING)
			continue;
		mark = value->type == CPOD_JSON_ARRAY ? cpod_decode_push_index (decoder, index)
			: cpod_decode_push (decoder, child->key);
		ret = check (decoder, child, err);
		cpod_decode_pop (decoder, mark);
	}
	return ret;
}

int
cpod_oci_check_rules (struct cpod_decoder *decoder, const struct cpod_json *object,
                      const struct cpod_oci_rule *rules, size_t n, struct cpod_error *err)
{
	const struct cpod_json *member;
	size_t i, mark;
	int ret;

	for (i = 0; i < n; i++) {
		member = cpod_json_get (object, rules[i].field);
		if (!member)
			continue;
		mark = cpod_decode_push (decoder, rules[i].field);
		ret = check_strings (decoder, member, rules[i].check, err);
		cpod_decode_pop (decoder, mark);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Whether value says the same as its absence. */
static bool
is_neutral (const struct cpod_json *value, const struct cpod_oci_refusal *refusal)
{
	long long number;

	switch (value->type) {
	case CPOD_JSON_NULL:
		return true;
	case CPOD_JSON_BOOL:
		return !value->boolean;
	case CPOD_JSON_STRING:
		return value->text[0] == '\0';
	case CPOD_JSON_ARRAY:
	case CPOD_JSON_OBJECT:
		return value->count == 0;
	case CPOD_JSON_NUMBER:
		number = strtoll (value->text, NULL, 10);
		return (number == 0 && refusal->zero_passes) || (number == -1 && refusal->minus_one_passes);
	}
	return false;
}

int
cpod_oci_check_refusals (struct cpod_decoder *decoder, const struct cpod_json *object,
                         const struct cpod_oci_refusal *refusals, size_t n, struct cpod_error *err)
{
	const struct cpod_json *member;
	size_t i;

	if (decoder->flags & CPOD_DECODE_ACCEPT_NOT_YET)
		return 0;
	for (i = 0; i < n; i++) {
		member = cpod_json_get (object, refusals[i].field);
		if (!member || is_neutral (member, &refusals[i]))
			continue;
		(void) cpod_oci_field_error (decoder, object, refusals[i].field, err, "%s",
		                             refusals[i].reason);
		if (err)
			err->code = ENOTSUP;
		return -ENOTSUP;
	}
	return 0;
}

int
cpod_oci_check_present (struct cpod_decoder *decoder, const struct cpod_json *object, const char *field,
                        struct cpod_error *err)
{
	if ((decoder->flags & CPOD_OCI_SPEC_PARTIAL) || cpod_json_get (object, field))
		return 0;
	return cpod_decode_error (decoder, object, err, "\"%s\" is required", field);
}

/* The common end of the two below: place is what the message is about. */
static int detail_error (struct cpod_decoder *decoder, const struct cpod_json *place, struct cpod_error *err,
                         const char *format, va_list args) __attribute__ ((format (printf, 4, 0)));
static int
detail_error (struct cpod_decoder *decoder, const struct cpod_json *place, struct cpod_error *err,
              const char *format, va_list args)
{
	char detail[DETAIL_MAX];

	(void) vsnprintf (detail, sizeof (detail), format, args);   /* cut is good enough */
	return cpod_decode_error (decoder, place, err, "%s", detail);
}

int
cpod_oci_field_error (struct cpod_decoder *decoder, const struct cpod_json *object, const char *field,
                      struct cpod_error *err, const char *format, ...)
{
	const struct cpod_json *member = cpod_json_get (object, field);
	size_t mark = cpod_decode_push (decoder, field);
	va_list args;
	int ret;

	va_start (args, format);
	ret = detail_error (decoder, member ? member : object, err, format, args);
	va_end (args);
	cpod_decode_pop (decoder, mark);
	return ret;
}

int
cpod_oci_item_error (struct cpod_decoder *decoder, const struct cpod_json *object, const char *field,
                     size_t index, struct cpod_error *err, const char *format, ...)
{
	const struct cpod_json *place = cpod_json_get (object, field);
	size_t mark = cpod_decode_push (decoder, field), i;
	va_list args;
	int ret;

	(void) cpod_decode_push_index (decoder, index);   /* mark is before both */
	place = place ? place->first : NULL;
	for (i = 0; i < index && place; i++)
		place = place->next;
	va_start (args, format);
	ret = detail_error (decoder, place ? place : object, err, format, args);
	va_end (args);
	cpod_decode_pop (decoder, mark);
	return ret;
}

int
cpod_oci_not_yet (struct cpod_decoder *decoder, const struct cpod_json *object, const char *field,
                  const char *what, struct cpod_error *err)
{
	if (decoder->flags & CPOD_DECODE_ACCEPT_NOT_YET)
		return 0;
	(void) cpod_oci_field_error (decoder, object, field, err, "%s is not carried out by this version",
	                             what);
	if (err)
		err->code = ENOTSUP;
	return -ENOTSUP;
}

int
cpod_oci_text_plain (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	const char *c;

	for (c = value->text; *c; c++)
		if ((unsigned char) *c < 0x20 || *c == 0x7f)
			return cpod_decode_error (decoder, value, err, "must not contain control characters");
	return 0;
}

int
cpod_oci_text_path (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	if (strlen (value->text) >= PATH_MAX)
		return cpod_decode_error (decoder, value, err, "is longer than %d bytes", PATH_MAX - 1);
	return cpod_oci_text_plain (decoder, value, err);
}

int
cpod_oci_text_absolute (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	if (value->text[0] != '/')
		return cpod_decode_error (decoder, value, err, "must be an absolute path");
	return cpod_oci_text_path (decoder, value, err);
}

/* The value may hold any byte but NUL; nothing of the host's environment is ever looked up. */
int
cpod_oci_text_env (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	const char *c, *equals = strchr (value->text, '=');

	if (!equals)
		return cpod_decode_error (decoder, value, err, "must be NAME=value, but has no '='");
	if (equals == value->text)
		return cpod_decode_error (decoder, value, err, "must be NAME=value, but the name is empty");
	for (c = value->text; c < equals; c++)
		if ((unsigned char) *c < 0x20 || *c == 0x7f)
			return cpod_decode_error (decoder, value, err,
			                          "the name must not contain control characters");
	return 0;
}

/* Reads one number of a list. False when there is none or it is past any CPU or node number. */
static bool
list_number (const char **text, unsigned long *ret_number)
{
	unsigned long number = 0;
	const char *c = *text;

	while (*c >= '0' && *c <= '9' && number <= INT_MAX)
		number = number * 10 + (unsigned long) (*c++ - '0');
	if (c == *text || number > INT_MAX)
		return false;
	*text = c;
	*ret_number = number;
	return true;
}

int
cpod_oci_text_list (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	const char *c = value->text;
	unsigned long first, last;

	while (*c) {
		if (!list_number (&c, &first))
			break;
		last = first;
		if (*c == '-' && (c++, !list_number (&c, &last)))
			break;
		if (last < first)
			return cpod_decode_error (decoder, value, err, "the range %lu-%lu runs backwards",
			                          first, last);
		if (*c == '\0')
			return 0;
		if (*c++ != ',' || *c == '\0')
			break;
	}
	if (value->text[0] == '\0')
		return 0;
	return cpod_decode_error (decoder, value, err, "must be a list of numbers and ranges, like 0-3,7");
}

int
cpod_oci_text_hostname (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	if (strlen (value->text) > 64)
		return cpod_decode_error (decoder, value, err, "is longer than 64 bytes");
	return cpod_oci_text_plain (decoder, value, err);
}

int
cpod_oci_text_word (struct cpod_decoder *decoder, const struct cpod_json *value,
                    const char *const *words, struct cpod_error *err)
{
	const char *nearest;
	size_t i;

	for (i = 0; words[i]; i++)
		if (strcmp (words[i], value->text) == 0)
			return 0;
	nearest = cpod_nearest_word (value->text, words);
	return cpod_decode_error (decoder, value, err, "\"%.64s\" is not known%s%s%s", value->text,
	                          nearest ? " (did you mean \"" : "", nearest ? nearest : "",
	nearest ? "\"?)" : "");
}
