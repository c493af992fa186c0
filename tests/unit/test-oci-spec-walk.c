/* Links: oci/spec*.c src/base
 *
 * The tables, walked: for every field of every object of a full config.json, whatever can be wrong
 * with it alone (type, range, word, emptiness, absence, a second time) is one sentence that says
 * where. Nothing here knows a field by name, so a new line of a table is tested from birth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "oci/spec.h"
#include "oci-spec-example.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct cpod_arena arena;      /* the document */
static struct cpod_json *document;
static unsigned int n_cases;

/* A place in the document while it is walked. The decoder is there for its path alone. */
struct place {
	const struct cpod_field *field;
	struct cpod_json *object, *value;   /* value is the member of object that field is about */
	struct cpod_decoder path;
};

typedef void visit_fn (struct place *place);

static int
setup (void **state)
{
	(void) state;
	cpod_arena_init (&arena, 0);
	document = cpod_test_json (&arena, full_example);
	n_cases = 0;
	return 0;
}

static int
teardown (void **state)
{
	(void) state;
	cpod_arena_finish (&arena);
	return 0;
}

/* Decodes root into memory of its own. */
static int
decode (const struct cpod_json *root, unsigned int flags, struct cpod_error *err)
{
	struct cpod_arena memory;
	struct cpod_decoder decoder = { .file = "config.json", .arena = &memory, .flags = flags };
	const struct cpod_oci_spec *spec;
	int ret;

	cpod_arena_init (&memory, 0);
	ret = cpod_oci_spec_decode (&decoder, root, &spec, err);
	cpod_arena_finish (&memory);
	return ret;
}

/* The document as it now is must be refused, at line and column, for the place's path. */
static void
expect_refusal (const struct place *place, uint32_t line, uint32_t column, const char *what)
{
	struct cpod_error err = { 0 };
	char start[640];
	int ret = decode (document, CPOD_DECODE_ACCEPT_NOT_YET, &err);

	snprintf (start, sizeof (start), "config.json:%" PRIu32 ":%" PRIu32 ": %s", line, column,
	          place->path.path);
	if (ret != -EINVAL || strncmp (err.message, start, strlen (start)) != 0 || strchr (err.message, '\n'))
		fail_msg ("%s %s: got %d \"%s\", not \"%s...\"", place->path.path, what, ret, err.message,
		          start);
	n_cases++;
}

/* The place's value replaced by one of type and text must be refused where it stands. */
static void
expect_bad_value (struct place *place, enum cpod_json_type type, const char *text)
{
	struct cpod_json saved = *place->value;

	place->value->type = type;
	place->value->count = 0;
	if (type == CPOD_JSON_NUMBER || type == CPOD_JSON_STRING)
		place->value->text = text;
	else if (type == CPOD_JSON_BOOL)
		place->value->boolean = true;
	else
		place->value->first = NULL;
	expect_refusal (place, saved.line, saved.column, text);
	*place->value = saved;
}

/* ---- walking ---- */

static void walk_object (const struct cpod_object *object, struct place *place, struct cpod_json *value,
                         visit_fn *visit);

/* Goes on into the elements of the place's value. */
static void
walk_elements (struct place *place, visit_fn *visit)
{
	const struct cpod_field *field = place->field;
	struct cpod_json *child;
	size_t index = 0, mark;

	if (field->kind == CPOD_KIND_OBJECT) {
		walk_object (field->object, place, place->value, visit);
		return;
	}
	if (field->kind != CPOD_KIND_ARRAY && field->kind != CPOD_KIND_MAP)
		return;
	for (child = place->value->first; child; child = child->next) {
		mark = field->kind == CPOD_KIND_MAP ? cpod_decode_push (&place->path, child->key)
			: cpod_decode_push_index (&place->path, index++);
		walk_object (field->object, place, child, visit);
		cpod_decode_pop (&place->path, mark);
	}
}

/* Visits every member of value, an instance of object, that is there. */
static void
walk_object (const struct cpod_object *object, struct place *place, struct cpod_json *value, visit_fn *visit)
{
	size_t i, mark;

	for (i = 0; i < object->n_fields; i++) {
		struct place inner = *place;

		inner.field = &object->fields[i];
		inner.object = value;
		/* The tree is this test's own, so it may write where others only read. */
		inner.value = (struct cpod_json *) cpod_json_get (value, inner.field->name);
		if (!inner.value)
			continue;
		mark = cpod_decode_push (&inner.path, inner.field->name);
		visit (&inner);
		walk_elements (&inner, visit);
		cpod_decode_pop (&inner.path, mark);
	}
}

static void
walk (visit_fn *visit)
{
	struct place place = { 0 };

	walk_object (cpod_oci_objects[0], &place, document, visit);
}

/* ---- what is tried ---- */

static const struct cpod_field *seen[512];
static size_t n_seen;

static void
remember (struct place *place)
{
	assert_true (n_seen < sizeof (seen) / sizeof (seen[0]));
	seen[n_seen++] = place->field;
}

static bool
was_seen (const struct cpod_field *field)
{
	size_t i;

	for (i = 0; i < n_seen; i++)
		if (seen[i] == field)
			return true;
	return false;
}

static void
the_example_has_every_field_of_every_table (void **state)
{
	const struct cpod_object *const *object;
	struct cpod_error err = { 0 };
	size_t i;

	(void) state;
	n_seen = 0;
	walk (remember);
	for (object = cpod_oci_objects; *object; object++)
		for (i = 0; i < (*object)->n_fields; i++)
			if (!was_seen (&(*object)->fields[i]))
				fail_msg ("%s: %s is not in the example", (*object)->name,
				          (*object)->fields[i].name);
	if (decode (document, CPOD_DECODE_ACCEPT_NOT_YET, &err) < 0)
		fail_msg ("%s", err.message);
}

/* The JSON type of a kind's values. */
static enum cpod_json_type
type_of_kind (enum cpod_kind kind)
{
	static const enum cpod_json_type types[] = {
		[CPOD_KIND_STRING] = CPOD_JSON_STRING, [CPOD_KIND_BOOL] = CPOD_JSON_BOOL,
		[CPOD_KIND_INT] = CPOD_JSON_NUMBER, [CPOD_KIND_UINT] = CPOD_JSON_NUMBER,
		[CPOD_KIND_ENUM] = CPOD_JSON_STRING, [CPOD_KIND_OBJECT] = CPOD_JSON_OBJECT,
		[CPOD_KIND_STRINGS] = CPOD_JSON_ARRAY, [CPOD_KIND_UINTS] = CPOD_JSON_ARRAY,
		[CPOD_KIND_ARRAY] = CPOD_JSON_ARRAY, [CPOD_KIND_PAIRS] = CPOD_JSON_OBJECT,
		[CPOD_KIND_MAP] = CPOD_JSON_OBJECT,
	};

	return types[kind];
}

static void
try_wrong_types (struct place *place)
{
	enum cpod_json_type type;
	unsigned int null_ok = CPOD_FIELD_NULL_OK | CPOD_FIELD_NOT_YET;

	if (place->field->kind == CPOD_KIND_JSON)
		return;
	for (type = CPOD_JSON_NULL; type <= CPOD_JSON_OBJECT; type++) {
		if (type == type_of_kind (place->field->kind) ||
		    (type == CPOD_JSON_NULL && (place->field->flags & null_ok)))
			continue;
		expect_bad_value (place, type, "1");
	}
}

static void
a_field_of_the_wrong_type_is_refused_where_it_stands (void **state)
{
	(void) state;
	walk (try_wrong_types);
	assert_true (n_cases > 500);
}

static void
try_bad_numbers (struct place *place)
{
	static const char *const never[] = { "1.0", "1e3", "1E400", "18446744073709551616",
	"-9223372036854775809" };
	const struct cpod_field *field = place->field;
	char text[32];
	size_t i;

	if (field->kind != CPOD_KIND_INT && field->kind != CPOD_KIND_UINT)
		return;
	for (i = 0; i < sizeof (never) / sizeof (never[0]); i++)
		expect_bad_value (place, CPOD_JSON_NUMBER, never[i]);
	if (field->kind == CPOD_KIND_UINT)
		expect_bad_value (place, CPOD_JSON_NUMBER, "-1");
	if (field->min == 0 && field->max == 0)
		return;
	if (field->min > INT64_MIN) {
		snprintf (text, sizeof (text), "%" PRId64, field->min - 1);
		expect_bad_value (place, CPOD_JSON_NUMBER, text);
	}
	snprintf (text, sizeof (text), "%" PRIu64, (uint64_t) field->max + 1);
	expect_bad_value (place, CPOD_JSON_NUMBER, text);
}

static void
a_number_out_of_range_is_refused_where_it_stands (void **state)
{
	(void) state;
	walk (try_bad_numbers);
	assert_true (n_cases > 300);
}

static void
try_bad_words (struct place *place)
{
	if (place->field->kind != CPOD_KIND_ENUM)
		return;
	expect_bad_value (place, CPOD_JSON_STRING, "");
	expect_bad_value (place, CPOD_JSON_STRING, "no such word");
}

static void
a_word_that_is_not_in_the_list_is_refused_where_it_stands (void **state)
{
	(void) state;
	walk (try_bad_words);
	assert_true (n_cases > 20);
}

static void
try_emptiness (struct place *place)
{
	if (!(place->field->flags & (CPOD_FIELD_NONEMPTY | CPOD_FIELD_ABSOLUTE)))
		return;
	expect_bad_value (place, type_of_kind (place->field->kind), "");
}

static void
an_empty_field_that_must_not_be_is_refused_where_it_stands (void **state)
{
	(void) state;
	walk (try_emptiness);
	assert_true (n_cases > 10);
}

static void
try_bad_elements (struct place *place)
{
	struct cpod_json *first, saved;
	struct place inner = *place;

	if (place->field->kind != CPOD_KIND_STRINGS && place->field->kind != CPOD_KIND_UINTS &&
	    place->field->kind != CPOD_KIND_PAIRS && place->field->kind != CPOD_KIND_ARRAY)
		return;
	first = place->value->first;
	if (!first)
		return;
	saved = *first;
	(void) (first->key ? cpod_decode_push (&inner.path, first->key) : cpod_decode_push_index (&inner.path,
	                                                                                          0));
	first->type = CPOD_JSON_NULL;
	expect_refusal (&inner, saved.line, saved.column, "null inside");
	*first = saved;
}

static void
an_element_of_the_wrong_type_is_refused_where_it_stands (void **state)
{
	(void) state;
	walk (try_bad_elements);
	assert_true (n_cases > 40);
}

/* The member before value, or NULL when it is the first. */
static struct cpod_json *
member_before (struct cpod_json *object, const struct cpod_json *value)
{
	struct cpod_json *member;

	for (member = object->first; member && member->next != value; member = member->next)
		;
	return member;
}

static void
unlink_member (struct place *place)
{
	struct cpod_json *before = member_before (place->object, place->value);

	*(before ? &before->next : &place->object->first) = place->value->next;
	place->object->count--;
}

/* Only at the front: the order of members means nothing. */
static void
link_member (struct place *place)
{
	place->value->next = place->object->first;
	place->object->first = place->value;
	place->object->count++;
}

static void
try_absence (struct place *place)
{
	struct place outer = *place;
	struct cpod_error err = { 0 };
	char *end;

	unlink_member (place);
	if (place->field->flags & CPOD_FIELD_REQUIRED) {
		end = outer.path.path + strlen (outer.path.path) - strlen (place->field->name);
		if (end > outer.path.path)
			end--;   /* the dot */
		*end = '\0';
		expect_refusal (&outer, place->object->line, place->object->column, "absent");
	} else {
		(void) decode (document, CPOD_DECODE_ACCEPT_NOT_YET, &err);   /* by a check,
		or fine: but no crash */
	}
	link_member (place);
}

static void
a_required_field_that_is_missing_is_told_of_its_object (void **state)
{
	(void) state;
	walk (try_absence);
	assert_true (n_cases > 30);
}

static void
try_twice (struct place *place)
{
	struct cpod_json copy = *place->value, *root = NULL;
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_error err = { 0 };
	struct cpod_arena memory;
	int ret;

	place->value->next = &copy;
	cpod_json_write (&text, document, 0);
	place->value->next = copy.next;
	cpod_arena_init (&memory, 0);
	ret = cpod_json_parse ("config.json", text.data, text.len, 0, &memory, &root, &err);
	cpod_arena_finish (&memory);
	if (ret != -EINVAL || strncmp (err.message, "config.json:1:", 14) != 0
	    || !strstr (err.message, place->field->name))
		fail_msg ("%s twice: %d \"%s\"", place->path.path, ret, err.message);
	n_cases++;
}

static void
a_field_that_stands_twice_is_refused (void **state)
{
	(void) state;
	walk (try_twice);
	assert_true (n_cases > 150);
}

/* ---- what is not carried out yet ---- */

/* Takes out of the document what this version refuses. The walk goes on in what is left. */
static void
take_out (struct place *place)
{
	static const char *const words[] = { "user", "time" };
	struct cpod_json *child, **link = &place->value->first;
	size_t i;

	if ((place->field->flags & CPOD_FIELD_NOT_YET) ||
	    (place->field->where && strncmp (place->field->where, "refused", 7) == 0) ||
	    strcmp (place->field->name, "disableOOMKiller") == 0) {
		unlink_member (place);
		return;
	}
	if (strcmp (place->field->name, "namespaces") != 0)
		return;
	for (child = *link; child; child = child->next) {
		bool refused = false;

		for (i = 0; i < 2; i++)
			refused = refused || strcmp (cpod_json_get (child, "type")->text, words[i]) == 0;
		if (refused)
			*link = child->next;
		else
			link = &child->next;
	}
	for (place->value->count = 0, child = place->value->first; child; child = child->next)
		place->value->count++;
}

/* Adds the place's member, which is not carried out, to a document that is, and takes it out again. */
static void
try_not_yet (struct place *place)
{
	struct cpod_error err = { 0 };
	struct cpod_json saved;
	char message[160];
	int ret;

	if (!(place->field->flags & CPOD_FIELD_NOT_YET))
		return;
	saved = *place->value;
	link_member (place);
	ret = decode (document, 0, &err);
	snprintf (message, sizeof (message),
	          "config.json:%" PRIu32 ":%" PRIu32 ": %s: it is not carried out by this version",
	          saved.key_line, saved.key_column, place->path.path);
	if (ret != -ENOTSUP || strcmp (err.message, message) != 0)
		fail_msg ("got %d \"%s\", not \"%s\"", ret, err.message, message);
	place->value->count = 0;
	if (place->value->type == CPOD_JSON_BOOL)
		place->value->boolean = false;
	else if (place->value->type == CPOD_JSON_STRING)
		place->value->text = "";
	else
		place->value->first = NULL;
	if (decode (document, 0, &err) < 0)
		fail_msg ("%s: %s", place->path.path, err.message);
	place->value->type = CPOD_JSON_NULL;
	if (decode (document, 0, &err) < 0)
		fail_msg ("%s: %s", place->path.path, err.message);
	place->object->first = place->value->next;
	place->object->count--;
	*place->value = saved;
	n_cases++;
}

static struct place kept[64];
static size_t n_kept;

static void
keep_not_yet (struct place *place)
{
	bool refused = place->field->where && strncmp (place->field->where, "refused", 7) == 0;

	if (place->field->flags & CPOD_FIELD_NOT_YET || refused) {
		assert_true (n_kept < sizeof (kept) / sizeof (kept[0]));
		kept[n_kept++] = *place;
	}
}

static void
a_field_that_is_not_carried_out_is_refused_by_name_unless_it_says_nothing (void **state)
{
	struct cpod_error err = { 0 };
	size_t i;

	(void) state;
	n_kept = 0;
	walk (keep_not_yet);
	walk (take_out);
	if (decode (document, 0, &err) < 0)
		fail_msg ("%s", err.message);
	for (i = 0; i < n_kept; i++)
		try_not_yet (&kept[i]);
	assert_true (n_cases >= 1);
}

static void
every_field_says_where_it_is_carried_out (void **state)
{
	const struct cpod_object *const *object;
	size_t i;

	(void) state;
	for (object = cpod_oci_objects; *object; object++) {
		assert_true ((*object)->open);
		for (i = 0; i < (*object)->n_fields; i++)
			assert_non_null ((*object)->fields[i].where);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		TEST (the_example_has_every_field_of_every_table),
		TEST (a_field_of_the_wrong_type_is_refused_where_it_stands),
		TEST (a_number_out_of_range_is_refused_where_it_stands),
		TEST (a_word_that_is_not_in_the_list_is_refused_where_it_stands),
		TEST (an_empty_field_that_must_not_be_is_refused_where_it_stands),
		TEST (an_element_of_the_wrong_type_is_refused_where_it_stands),
		TEST (a_required_field_that_is_missing_is_told_of_its_object),
		TEST (a_field_that_stands_twice_is_refused),
		TEST (a_field_that_is_not_carried_out_is_refused_by_name_unless_it_says_nothing),
		TEST (every_field_says_where_it_is_carried_out),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
