/* The engine behind the tables of decode.h.
 *
 * Stages for an object: each member, in the order of the document, is looked up in the table and
 * decoded by its kind; then the required fields are looked for; then the object's own check runs.
 * The path is pushed before a value is looked at and popped after, so that an error raised anywhere
 * names it. Recursion goes as deep as the tables or the tree, whichever ends first; the tree ends.
 */
#include "decode-report.h"

#include "error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "string" with its article, for messages. */
static const char *
with_article (enum cpod_json_type type)
{
	static const char *const names[] = {
		[CPOD_JSON_NULL] = "null",
		[CPOD_JSON_BOOL] = "true or false",
		[CPOD_JSON_NUMBER] = "a number",
		[CPOD_JSON_STRING] = "a string",
		[CPOD_JSON_ARRAY] = "an array",
		[CPOD_JSON_OBJECT] = "an object",
	};

	return names[type];
}

/* Refuses a value of another type than wanted. */
static int
expect (struct cpod_decoder *decoder, const struct cpod_json *value, enum cpod_json_type type,
        struct cpod_error *err)
{
	if (value->type == type)
		return 0;
	return cpod_decode_error (decoder, value, err, "expected %s, found %s", with_article (type),
	                          with_article (value->type));
}

/* The kinds' functions: value is decoded into target, the member at the field's offset. */
typedef int decode_fn (struct cpod_decoder *decoder, const struct cpod_field *field,
                       const struct cpod_json *value, void *target, struct cpod_error *err);

/* A string that satisfies the field's flags. */
static int
decode_string (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
               void *target, struct cpod_error *err)
{
	const char **ret_text = target;
	int ret = expect (decoder, value, CPOD_JSON_STRING, err);

	if (ret < 0)
		return ret;
	if ((field->flags & CPOD_FIELD_NONEMPTY) && value->text[0] == '\0')
		return cpod_decode_error (decoder, value, err, "must not be empty");
	if ((field->flags & CPOD_FIELD_ABSOLUTE) && value->text[0] != '/')
		return cpod_decode_error (decoder, value, err, "must be an absolute path, not \"%.200s\"",
		                          value->text);
	*ret_text = value->text;
	return 0;
}

static int
decode_bool (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
             void *target, struct cpod_error *err)
{
	struct cpod_bool *ret_bool = target;
	int ret = expect (decoder, value, CPOD_JSON_BOOL, err);

	(void) field;
	if (ret < 0)
		return ret;
	ret_bool->value = value->boolean;
	ret_bool->set = true;
	return 0;
}

/* Refuses what is not a number written as an integer: neither 1.0 nor 1e3 is one. */
static int
expect_integer (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	if (value->type != CPOD_JSON_NUMBER)
		return cpod_decode_error (decoder, value, err, "expected an integer, found %s",
		                          with_article (value->type));
	if (strpbrk (value->text, ".eE"))
		return cpod_decode_error (decoder, value, err, "expected an integer, found %.40s%s", value->text,
		                          strlen (value->text) > 40 ? "..." : "");
	return 0;
}

/* The value of decimal digits. False when it is too large. */
static bool
parse_digits (const char *digits, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (; *digits; digits++) {
		if (__builtin_mul_overflow (value, 10u, &value))
			return false;
		if (__builtin_add_overflow (value, (unsigned int) (*digits - '0'), &value))
			return false;
	}
	*ret_value = value;
	return true;
}

/* The value of an integer literal. False when it does not fit. */
static bool
parse_int (const char *text, int64_t *ret_value)
{
	bool negative = *text == '-';
	uint64_t size;

	if (!parse_digits (text + negative, &size) || size > (uint64_t) INT64_MAX + negative)
		return false;
	*ret_value = negative ? (int64_t) (0 - size) : (int64_t) size;
	return true;
}

static int
decode_int (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
            void *target, struct cpod_error *err)
{
	bool whole = field->min == 0 && field->max == 0;
	int64_t min = whole ? INT64_MIN : field->min, max = whole ? INT64_MAX : field->max, number;
	struct cpod_int *ret_int = target;
	int ret = expect_integer (decoder, value, err);

	if (ret < 0)
		return ret;
	if (!parse_int (value->text, &number) || number < min || number > max)
		return cpod_decode_error (decoder, value, err, "must be between %" PRId64 " and %" PRId64, min, max);
	ret_int->value = number;
	ret_int->set = true;
	return 0;
}

/* An unsigned integer within the field's bounds. */
static int
parse_uint (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
            uint64_t *ret_number, struct cpod_error *err)
{
	bool whole = field->min == 0 && field->max == 0;
	uint64_t min = whole ? 0 : (uint64_t) field->min, max = whole ? UINT64_MAX : (uint64_t) field->max, number;
	int ret = expect_integer (decoder, value, err);

	if (ret < 0)
		return ret;
	if (value->text[0] == '-' || !parse_digits (value->text, &number) || number < min || number > max)
		return cpod_decode_error (decoder, value, err, "must be between %" PRIu64 " and %" PRIu64, min, max);
	*ret_number = number;
	return 0;
}

static int
decode_uint (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
             void *target, struct cpod_error *err)
{
	struct cpod_uint *ret_uint = target;
	int ret = parse_uint (decoder, field, value, &ret_uint->value, err);

	ret_uint->set = ret == 0;
	return ret;
}

/* Refuses a word that is not in the field's list, which the message gives when it is short. */
static int
unknown_word (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
              struct cpod_error *err)
{
	const char *nearest = cpod_nearest_word (value->text, field->words), *const *word;
	char list[200] = "";
	size_t len = 0;

	if (nearest)
		return cpod_decode_error (decoder, value, err, "\"%.100s\" is not known (did you mean \"%s\"?)",
		                          value->text, nearest);
	for (word = field->words; *word && len < sizeof (list); word++)
		len += (size_t) snprintf (list + len, sizeof (list) - len, "%s\"%s\"", len ? ", " : "", *word);
	if (len >= sizeof (list))
		return cpod_decode_error (decoder, value, err, "\"%.100s\" is not known", value->text);
	return cpod_decode_error (decoder, value, err, "\"%.100s\" is not one of %s", value->text, list);
}

static int
decode_enum (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
             void *target, struct cpod_error *err)
{
	struct cpod_int *ret_int = target;
	int ret = expect (decoder, value, CPOD_JSON_STRING, err);
	size_t i;

	if (ret < 0)
		return ret;
	for (i = 0; field->words[i]; i++) {
		if (strcmp (field->words[i], value->text) != 0)
			continue;
		ret_int->value = (int64_t) i;
		ret_int->set = true;
		return 0;
	}
	return unknown_word (decoder, field, value, err);
}

static int
decode_object (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
               void *target, struct cpod_error *err)
{
	const void **ret_object = target;
	void *object = cpod_arena_alloc (decoder->arena, field->object->size);
	int ret;

	if (!object)
		return cpod_error_oom (err);
	ret = cpod_decode (decoder, value, field->object, object, err);
	if (ret == 0 && (field->flags & CPOD_FIELD_NONEMPTY) && value->count == 0)
		ret = cpod_decode_error (decoder, value, err, "must not be empty");
	if (ret == 0)
		*ret_object = object;
	return ret;
}

/* Checks a list (ARRAY or OBJECT, by type) and makes room for its elements of size bytes, plus one. */
static int
make_list (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
           enum cpod_json_type type, size_t size, void **ret_items, struct cpod_error *err)
{
	int ret = expect (decoder, value, type, err);

	if (ret < 0)
		return ret;
	if ((field->flags & CPOD_FIELD_NONEMPTY) && value->count == 0)
		return cpod_decode_error (decoder, value, err, "must not be empty");
	*ret_items = cpod_arena_array (decoder->arena, (size_t) value->count + 1, size);
	return *ret_items ? 0 : cpod_error_oom (err);
}

static int
decode_strings (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
                void *target, struct cpod_error *err)
{
	struct cpod_strings *ret_strings = target;
	const struct cpod_json *child;
	const char **items;
	void *memory;
	size_t n = 0;
	int ret = make_list (decoder, field, value, CPOD_JSON_ARRAY, sizeof (*items), &memory, err);

	if (ret < 0)
		return ret;
	items = memory;
	for (child = value->first; child; child = child->next) {
		size_t old_len = cpod_decode_push_index (decoder, n);

		ret = expect (decoder, child, CPOD_JSON_STRING, err);
		cpod_decode_pop (decoder, old_len);
		if (ret < 0)
			return ret;
		items[n++] = child->text;
	}
	*ret_strings = (struct cpod_strings) { items, n, true };
	return 0;
}

static int
decode_uints (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
              void *target, struct cpod_error *err)
{
	struct cpod_uints *ret_uints = target;
	const struct cpod_json *child;
	uint64_t *items;
	void *memory;
	size_t n = 0;
	int ret = make_list (decoder, field, value, CPOD_JSON_ARRAY, sizeof (*items), &memory, err);

	if (ret < 0)
		return ret;
	items = memory;
	for (child = value->first; child; child = child->next) {
		size_t old_len = cpod_decode_push_index (decoder, n);

		ret = parse_uint (decoder, field, child, &items[n++], err);
		cpod_decode_pop (decoder, old_len);
		if (ret < 0)
			return ret;
	}
	*ret_uints = (struct cpod_uints) { items, n, true };
	return 0;
}

static int
decode_array (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
              void *target, struct cpod_error *err)
{
	size_t size = field->object->size, n = 0;
	struct cpod_array *ret_array = target;
	const struct cpod_json *child;
	void *items;
	int ret = make_list (decoder, field, value, CPOD_JSON_ARRAY, size, &items, err);

	if (ret < 0)
		return ret;
	for (child = value->first; child; child = child->next) {
		size_t old_len = cpod_decode_push_index (decoder, n);

		ret = cpod_decode (decoder, child, field->object, (char *) items + n++ * size, err);
		cpod_decode_pop (decoder, old_len);
		if (ret < 0)
			return ret;
	}
	*ret_array = (struct cpod_array) { items, n, true };
	return 0;
}

static int
decode_pairs (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
              void *target, struct cpod_error *err)
{
	struct cpod_pairs *ret_pairs = target;
	const struct cpod_json *child;
	struct cpod_pair *items;
	void *memory;
	size_t n = 0;
	int ret = make_list (decoder, field, value, CPOD_JSON_OBJECT, sizeof (*items), &memory, err);

	if (ret < 0)
		return ret;
	items = memory;
	for (child = value->first; child; child = child->next) {
		size_t old_len = cpod_decode_push (decoder, child->key);

		ret = expect (decoder, child, CPOD_JSON_STRING, err);
		cpod_decode_pop (decoder, old_len);
		if (ret < 0)
			return ret;
		items[n++] = (struct cpod_pair) { child->key, child->text, child };
	}
	*ret_pairs = (struct cpod_pairs) { items, n, true };
	return 0;
}

static int
decode_map (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
            void *target, struct cpod_error *err)
{
	size_t size = field->object->size, n = 0;
	struct cpod_array *ret_array = target;
	const struct cpod_json *child;
	void *items;
	int ret = make_list (decoder, field, value, CPOD_JSON_OBJECT, size, &items, err);

	if (ret < 0)
		return ret;
	for (child = value->first; child; child = child->next) {
		char *item = (char *) items + n++ * size;
		size_t old_len = cpod_decode_push (decoder, child->key);

		memcpy (item, &child->key, sizeof (child->key));
		ret = cpod_decode (decoder, child, field->object, item, err);
		cpod_decode_pop (decoder, old_len);
		if (ret < 0)
			return ret;
	}
	*ret_array = (struct cpod_array) { items, n, true };
	return 0;
}

static int
decode_json (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
             void *target, struct cpod_error *err)
{
	const struct cpod_json **ret_json = target;

	(void) decoder;
	(void) field;
	(void) err;
	*ret_json = value;
	return 0;
}

static int
decode_custom (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
               void *target, struct cpod_error *err)
{
	return field->custom (decoder, value, target, err);
}

static decode_fn *const by_kind[] = {
	[CPOD_KIND_STRING] = decode_string,
	[CPOD_KIND_BOOL] = decode_bool,
	[CPOD_KIND_INT] = decode_int,
	[CPOD_KIND_UINT] = decode_uint,
	[CPOD_KIND_ENUM] = decode_enum,
	[CPOD_KIND_OBJECT] = decode_object,
	[CPOD_KIND_STRINGS] = decode_strings,
	[CPOD_KIND_UINTS] = decode_uints,
	[CPOD_KIND_ARRAY] = decode_array,
	[CPOD_KIND_PAIRS] = decode_pairs,
	[CPOD_KIND_MAP] = decode_map,
	[CPOD_KIND_JSON] = decode_json,
	[CPOD_KIND_CUSTOM] = decode_custom,
};

/* Whether value says no more than its absence would: null, false, or something empty. */
static bool
says_nothing (const struct cpod_json *value)
{
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
		break;
	}
	return false;
}

/* Whether value is skipped: null where it may be, and {} for an object that is not carried out. */
static bool
stands_for_absence (const struct cpod_field *field, const struct cpod_json *value)
{
	if (value->type == CPOD_JSON_NULL)
		return field->flags & (CPOD_FIELD_NULL_OK | CPOD_FIELD_NOT_YET);
	return (field->flags & CPOD_FIELD_NOT_YET) && field->kind == CPOD_KIND_OBJECT
	       && value->type == CPOD_JSON_OBJECT && value->count == 0;
}

/* Refuses the field, at its key, where this version does not carry it out and value asks for it. */
static int
check_carried_out (struct cpod_decoder *decoder, const struct cpod_field *field,
                   const struct cpod_json *value, struct cpod_error *err)
{
	if (!(field->flags & CPOD_FIELD_NOT_YET) || (decoder->flags & CPOD_DECODE_ACCEPT_NOT_YET)
	    || says_nothing (value))
		return 0;
	return cpod_decode_report (decoder, value->key_line, value->key_column, ENOTSUP, err,
	                           "it is not carried out by this version");
}

/* One member of an object that the table knows. base: the struct of the object. */
static int
decode_member (struct cpod_decoder *decoder, const struct cpod_field *field, const struct cpod_json *value,
               void *base, struct cpod_error *err)
{
	size_t old_len = cpod_decode_push (decoder, field->name);
	int ret = 0;

	if (!stands_for_absence (field, value)) {
		ret = by_kind[field->kind] (decoder, field, value, (char *) base + field->offset, err);
		if (ret == 0)
			ret = check_carried_out (decoder, field, value, err);
	}
	cpod_decode_pop (decoder, old_len);
	return ret;
}

/* A member that the table does not know: a warning or an error at its key. */
static int
unknown_member (struct cpod_decoder *decoder, const struct cpod_object *object, const struct cpod_json *value,
                struct cpod_error *err)
{
	const char *nearest = cpod_nearest_field (value->key, object);
	const struct cpod_json key = { .line = value->key_line, .column = value->key_column };
	bool warn = object->open && !(decoder->flags & CPOD_DECODE_STRICT);
	char text[320];

	snprintf (text, sizeof (text), "unknown property \"%.100s\"%s%s%s", value->key,
	          nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "");
	if (!warn && !(decoder->flags & CPOD_DECODE_IGNORE_UNKNOWN))
		return cpod_decode_error (decoder, &key, err, "%s", text);
	cpod_decode_warn (decoder, &key, "%s", text);
	return 0;
}

/* The line of the table for name, or NULL. */
static const struct cpod_field *
find_field (const struct cpod_object *object, const char *name)
{
	size_t i;

	for (i = 0; i < object->n_fields; i++) {
		if (strcmp (object->fields[i].name, name) == 0)
			return &object->fields[i];
	}
	return NULL;
}

/* Refuses an object without one of its required fields; null does not count when it means absent. */
static int
check_required (struct cpod_decoder *decoder, const struct cpod_object *object, const struct cpod_json *value,
                struct cpod_error *err)
{
	size_t i;

	for (i = 0; i < object->n_fields; i++) {
		const struct cpod_field *field = &object->fields[i];
		const struct cpod_json *member;

		if (!(field->flags & CPOD_FIELD_REQUIRED))
			continue;
		member = cpod_json_get (value, field->name);
		if (!member || (member->type == CPOD_JSON_NULL && (field->flags & CPOD_FIELD_NULL_OK)))
			return cpod_decode_error (decoder, value, err, "\"%s\" is required", field->name);
	}
	return 0;
}

int
cpod_decode (struct cpod_decoder *decoder, const struct cpod_json *value, const struct cpod_object *object,
             void *target, struct cpod_error *err)
{
	const struct cpod_json *member;
	int ret = expect (decoder, value, CPOD_JSON_OBJECT, err);

	if (ret < 0)
		return ret;
	for (member = value->first; member; member = member->next) {
		const struct cpod_field *field = find_field (object, member->key);

		if (field)
			ret = decode_member (decoder, field, member, target, err);
		else
			ret = unknown_member (decoder, object, member, err);
		if (ret < 0)
			return ret;
	}
	ret = check_required (decoder, object, value, err);
	if (ret == 0 && object->check)
		ret = object->check (decoder, value, target, err);
	return ret;
}
