/* The JSON reader, the relaxed reader, the writer, and trees made by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "src/base/error.h"
#include "src/base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cpod_arena arena;
static struct cpod_error err;

static int
begin (void **state)
{
	(void) state;
	cpod_arena_init (&arena, 0);
	memset (&err, 0, sizeof (err));
	return 0;
}

static int
end (void **state)
{
	(void) state;
	cpod_arena_finish (&arena);
	return 0;
}

/* Parses from a copy that has exactly len bytes, so that a sanitizer sees every read beyond them. */
static int
parse_bytes (const char *text, size_t len, unsigned int flags, struct cpod_json **ret_root)
{
	char *copy = malloc (len ? len : 1);
	int ret;

	memcpy (copy, text, len);
	ret = cpod_json_parse ("f", copy, len, flags, &arena, ret_root, &err);
	assert_memory_equal (copy, text, len);
	free (copy);
	return ret;
}

/* The tree of a text that must be right. */
static struct cpod_json *
parse (const char *text, unsigned int flags)
{
	struct cpod_json *root = NULL;

	if (parse_bytes (text, strlen (text), flags, &root) < 0)
		fail_msg ("%s: %s", text, err.message);
	return root;
}

/* Text must be refused with message (without the "f:"). */
static void
assert_refused (const char *text, size_t len, unsigned int flags, const char *message)
{
	struct cpod_json *root = NULL;

	memset (&err, 0, sizeof (err));
	assert_int_equal (parse_bytes (text, len, flags, &root), -EINVAL);
	assert_null (root);
	assert_int_equal (err.code, EINVAL);
	assert_memory_equal (err.message, "f:", 2);
	assert_string_equal (err.message + 2, message);
}

/* Text, read with flags, must be written as strict JSON like expected. */
static void
assert_reads_as (const char *text, unsigned int flags, const char *expected)
{
	cpod_autostr out = CPOD_STR_INIT;

	cpod_json_write (&out, parse (text, flags), 0);
	assert_false (cpod_str_failed (&out));
	assert_string_equal (out.data, expected);
}

/* Value must stand at line:column, its key (when key_line is not 0) at key_line:key_column. */
static void
assert_place (const struct cpod_json *value, uint32_t line, uint32_t column, uint32_t key_line, uint32_t key_column)
{
	assert_non_null (value);
	assert_int_equal (value->line, line);
	assert_int_equal (value->column, column);
	assert_int_equal (value->key_line, key_line);
	assert_int_equal (value->key_column, key_column);
}

static void
every_type_is_read (void **state)
{
	static const char text[] = "{\"n\":null,\"t\":true,\"f\":false,\"i\":-12,\"d\":1.50e+3,\"s\":\"x\",\"a\":[[],{}]}";
	struct cpod_json *root = parse (text, 0);

	(void) state;
	assert_int_equal (root->count, 7);
	assert_null (root->key);
	assert_int_equal (cpod_json_get (root, "n")->type, CPOD_JSON_NULL);
	assert_true (cpod_json_get (root, "t")->boolean);
	assert_false (cpod_json_get (root, "f")->boolean);
	assert_string_equal (cpod_json_get (root, "i")->text, "-12");
	assert_string_equal (cpod_json_get (root, "d")->text, "1.50e+3");
	assert_int_equal (cpod_json_get (root, "a")->count, 2);
	assert_null (cpod_json_get (root, "x"));
	assert_null (cpod_json_get (cpod_json_get (root, "a"), "x"));
	assert_null (cpod_json_get (NULL, "x"));
	assert_reads_as (text, 0, text);
	assert_reads_as (" 12 ", 0, "12");
	assert_reads_as ("12", 0, "12");
	assert_reads_as ("true", 0, "true");
}

static void
escapes_are_resolved (void **state)
{
	struct cpod_json *root = parse ("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\uD83D\\uDe00\", \"\xc3\xa9\"]", 0);

	(void) state;
	assert_string_equal (root->first->text, "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	assert_string_equal (root->last->text, "\xc3\xa9");
}

static void
numbers_are_kept_as_written (void **state)
{
	(void) state;
	assert_reads_as ("[1e400,-0,9223372036854775808,0.10,1E5]", 0, "[1e400,-0,9223372036854775808,0.10,1E5]");
}

static void
every_value_and_key_has_its_place (void **state)
{
	struct cpod_json *root = parse ("{\n  \"a\" : [ 1 ,\r\n\t22, \"x\\\"\\\\\" , true ],\n\"\xc3\xa9\\n\":{\"k\":null},"
	                                "\"z\":-1.5e3}\n", 0);
	const struct cpod_json *a = cpod_json_get (root, "a"), *member;

	(void) state;
	assert_place (root, 1, 1, 0, 0);
	assert_place (a, 2, 9, 2, 3);
	assert_place (a->first, 2, 11, 0, 0);
	assert_place (a->first->next, 3, 2, 0, 0);
	assert_place (a->first->next->next, 3, 6, 0, 0);
	assert_place (a->last, 3, 16, 0, 0);
	member = cpod_json_get (root, "\xc3\xa9\n");
	assert_place (member, 4, 8, 4, 1);
	assert_place (member->first, 4, 13, 4, 9);
	assert_place (cpod_json_get (root, "z"), 4, 23, 4, 19);
}

static void
places_count_comments_too (void **state)
{
	struct cpod_json *root = parse ("\xef\xbb\xbf// first, \"line\"\n{ /* \n , : */ \"a\" /**/ : // x\n 1 , "
	                                "\"b\":2/*e*/,}", CPOD_JSON_RELAXED);

	(void) state;
	assert_place (root, 2, 1, 0, 0);
	assert_place (cpod_json_get (root, "a"), 4, 2, 3, 9);
	assert_place (cpod_json_get (root, "b"), 4, 10, 4, 6);
}

static void
comments_and_trailing_commas_are_for_relaxed_documents (void **state)
{
	unsigned int relaxed = CPOD_JSON_RELAXED;

	(void) state;
	assert_reads_as ("[1,2,]", relaxed, "[1,2]");
	assert_reads_as ("{\"a\":[1, /* x */ ] , // y\n }", relaxed, "{\"a\":[1]}");
	assert_reads_as ("[\"// no, \\\" /* comment */ ,]\"]", relaxed, "[\"// no, \\\" /* comment */ ,]\"]");
	assert_reads_as ("{}//", relaxed, "{}");
	assert_reads_as ("[1/**/,/**/2]/***/", relaxed, "[1,2]");
	assert_refused ("[1,]", 4, 0, "1:4: expected a value");
	assert_refused ("{\"a\":1,}", 8, 0, "1:8: an object's key must be a string in double quotes");
	assert_refused ("[1 // x\n]", 9, 0, "1:4: '/' begins no comment that is allowed here");
}

static void
relaxed_is_not_careless (void **state)
{
	static const struct { const char *text, *message; } cases[] = {
		{ "[,]", "1:2: expected a value" },
		{ "[1,,]", "1:4: expected a value" },
		{ "{,}", "1:2: an object's key must be a string in double quotes" },
		{ "{\"a\":,}", "1:6: expected a value" },
		{ "1,", "1:2: more text after the end of the document" },
		{ "[1/**/2]", "1:7: expected ',' or ']' after a value in an array" },
		{ "[tr/**/ue]", "1:2: expected a value, found text that is not JSON" },
		{ "[1] /* no end", "1:5: this comment has no end" },
		{ "[1, /*/ 2]", "1:5: this comment has no end" },
		{ "/", "1:1: '/' begins no comment that is allowed here" },
		{ "// nothing", "1:11: the document is empty" },
		{ "[1 # x\n]", "1:4: expected a value, found text that is not JSON" },
		{ "{'a':1}", "1:2: expected a value, found text that is not JSON" },
		{ "[0x10]", "1:3: expected a value, found text that is not JSON" },
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
		assert_refused (cases[i].text, strlen (cases[i].text), CPOD_JSON_RELAXED, cases[i].message);
}

static void
malformed_documents_are_refused_with_their_place (void **state)
{
	static const struct { const char *text, *message; } cases[] = {
		{ "", "1:1: the document is empty" },
		{ " \n ", "2:2: the document is empty" },
		{ "[1,\n 2", "2:3: the document ends too early" },
		{ "{\"a\"", "1:5: the document ends too early" },
		{ "[\"abc", "1:2: this string has no end" },
		{ "[1 2]", "1:4: expected ',' or ']' after a value in an array" },
		{ "{\"a\" 1}", "1:6: expected ':' between key and value" },
		{ "{\"a\":1 \"b\":2}", "1:8: expected ',' or '}' after a value in an object" },
		{ "{\"a\":1]", "1:7: expected ',' or '}' after a value in an object" },
		{ "{1:2}", "1:2: an object's key must be a string in double quotes" },
		{ "{} {}", "1:4: more text after the end of the document" },
		{ "{}x", "1:3: more text after the end of the document" },
		{ "]", "1:1: expected a value" },
		{ "[+1]", "1:2: expected a value, found text that is not JSON" },
		{ "[.5]", "1:2: expected a value, found text that is not JSON" },
		{ "[-]", "1:2: malformed number: a digit must follow the minus sign" },
		{ "[1.]", "1:2: malformed number: a digit must follow the decimal point" },
		{ "[1e]", "1:2: malformed number: a digit must follow the exponent" },
		{ "[01]", "1:3: expected ',' or ']' after a value in an array" },
		{ "[NaN]", "1:2: expected a value, found text that is not JSON" },
		{ "\"a\nb\"", "1:3: control character in a string (write it as an escape)" },
		{ "[\"a\\x\"]", "1:4: invalid escape in a string" },
		{ "[\"\\u12g4\"]", "1:7: invalid \\u escape in a string: four hexadecimal digits must follow" },
		{ "[\n\"ok\", \"\xff\"]", "2:8: invalid UTF-8 in a string" },
		{ "[\"\xc3(\"]", "1:4: invalid UTF-8 in a string" },
		{ "[\"a\xed\xa0\x80\"]", "1:2: the string is not valid UTF-8" },
		{ "{\"\xc0\xaf\":1}", "1:2: the key is not valid UTF-8" },
		{ "[\"\xf4\x90\x80\x80\"]", "1:2: the string is not valid UTF-8" },
		{ "\xef\xbb\xbf{}", "1:1: expected a value, found text that is not JSON" },
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
		assert_refused (cases[i].text, strlen (cases[i].text), 0, cases[i].message);
}

static void
what_c_strings_cannot_hold_is_refused (void **state)
{
	(void) state;
	assert_refused ("[\"ab\\u0000\"]", 12, 0, "1:5: \\u0000 is not allowed in a string");
	assert_refused ("{\"\\u0000\":1}", 12, 0, "1:3: \\u0000 is not allowed in a string");
	assert_refused ("[\"a\0b\"]", 7, 0, "1:4: control character in a string (write it as an escape)");
	assert_refused ("[1]\0", 4, 0, "1:4: more text after the end of the document");
	assert_refused ("\0", 1, 0, "1:1: expected a value, found text that is not JSON");
}

static void
half_of_a_surrogate_pair_is_refused (void **state)
{
	static const char *const halves[] = {
		"[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\ud800\\n\"]", "[\"\\ud800\\u0041\"]", "[\"\\ud800\\ud800\"]",
		"[\"\\udbffx\"]", "[\"\\uDFFF\\uD800\"]",
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (halves) / sizeof (halves[0]); i++)
		assert_refused (halves[i], strlen (halves[i]), 0, "1:3: half of a surrogate pair in a string");
	assert_refused ("[\"\\ud83d\\ude00\\ud83d\"]", 22, 0, "1:15: half of a surrogate pair in a string");
}

static void
a_duplicate_key_is_refused_with_its_position (void **state)
{
	(void) state;
	assert_refused ("{\"a\":1,\n \"b\":2, \"\\u0061\":3}", 27, 0, "2:9: the key \"a\" is given twice (before at 1:2)");
	assert_refused ("{\"b\":1,\"a\":1,\"b\":2,\"a\":2}", 25, 0, "1:14: the key \"b\" is given twice (before at 1:2)");
	assert_refused ("[{\"x\":{\"\":0,\"\":1}}]", 19, 0, "1:13: the key \"\" is given twice (before at 1:8)");
	assert_reads_as ("{\"a\":{\"a\":1},\"b\":{\"a\":1},\"A\":2}", 0, "{\"a\":{\"a\":1},\"b\":{\"a\":1},\"A\":2}");
}

static void
a_duplicate_among_many_keys_is_found (void **state)
{
	cpod_autostr text = CPOD_STR_INIT;
	unsigned int i;

	(void) state;
	cpod_str_add_char (&text, '{');
	for (i = 0; i < 1000; i++)
		cpod_str_printf (&text, "\"key%u\":%u,\n", i * 7919 % 1000, i);
	cpod_str_add (&text, "\"key500\":0}");
	assert_refused (text.data, text.len, 0, "1001:1: the key \"key500\" is given twice (before at 501:1)");
}

static void
a_document_that_is_not_json_needs_a_yaml_reader (void **state)
{
	(void) state;
	assert_null (cpod_json_yaml_reader);
	assert_refused ("\n a: b", 6, CPOD_JSON_OR_YAML, "2:2: not JSON, and this program reads no YAML");
	assert_reads_as ("\xef\xbb\xbf{\"a\":1}", CPOD_JSON_OR_YAML, "{\"a\":1}");
	assert_refused ("{a: 1}", 6, CPOD_JSON_OR_YAML, "1:2: expected a value, found text that is not JSON");
}

static void
an_exhausted_arena_is_reported (void **state)
{
	struct cpod_json *root = NULL;
	struct cpod_arena small;
	size_t limit;
	int ret = -1;

	(void) state;
	for (limit = 1; ret < 0; limit += 16) {
		memset (&err, 0, sizeof (err));
		cpod_arena_init (&small, limit);
		ret = cpod_json_parse ("f", "{\"a\":[1,\"b\",{}]}", 16, 0, &small, &root, &err);
		cpod_arena_finish (&small);
		assert_true (ret == 0 || ret == -ENOMEM);
		assert_true (ret == 0 || strcmp (err.message, "not enough memory") == 0);
	}
	assert_true (limit > 32 && limit < 2000);
}

static void
text_is_written_as_strict_json (void **state)
{
	cpod_autostr out = CPOD_STR_INIT;

	(void) state;
	cpod_json_write_string (&out, "\"\\\b\f\n\r\t\x01\x7f/\xc3\xa9\xff\xed\xa0\x80\xe2\x82");
	assert_string_equal (out.data, "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f/\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	                     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void
lines_are_indented_on_request (void **state)
{
	cpod_autostr out = CPOD_STR_INIT;

	(void) state;
	cpod_json_write (&out, parse ("{\"a\":[1,[]],\"b\":{}}", 0), 2);
	assert_string_equal (out.data, "{\n  \"a\": [\n    1,\n    []\n  ],\n  \"b\": {}\n}");
}

static void
trees_are_made_by_hand (void **state)
{
	struct cpod_json *root = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	struct cpod_json *list = cpod_json_new (&arena, CPOD_JSON_ARRAY);
	cpod_autostr out = CPOD_STR_INIT;

	(void) state;
	cpod_json_add (&arena, list, NULL, cpod_json_new_int (&arena, INT64_MIN));
	cpod_json_add (&arena, list, NULL, cpod_json_new_bool (&arena, true));
	cpod_json_add (&arena, list, NULL, cpod_json_new (&arena, CPOD_JSON_NULL));
	cpod_json_add (&arena, root, "s", cpod_json_new_string (&arena, "x"));
	assert_ptr_equal (cpod_json_add (&arena, root, "l", list), root);
	assert_null (cpod_json_add (&arena, root, "x", NULL));
	assert_null (cpod_json_add (&arena, NULL, "x", list));
	cpod_json_write (&out, root, 0);
	assert_string_equal (out.data, "{\"s\":\"x\",\"l\":[-9223372036854775808,true,null]}");
}

static void
a_tree_too_deep_to_be_read_is_not_written (void **state)
{
	struct cpod_json *root = cpod_json_new (&arena, CPOD_JSON_ARRAY);
	cpod_autostr out = CPOD_STR_INIT;
	unsigned int i;

	(void) state;
	for (i = 0; i < CPOD_JSON_MAX_DEPTH + 1; i++)
		root = cpod_json_add (&arena, cpod_json_new (&arena, CPOD_JSON_ARRAY), NULL, root);
	cpod_json_write (&out, root, 0);
	assert_true (cpod_str_failed (&out));
}

static void
types_have_names (void **state)
{
	(void) state;
	assert_string_equal (cpod_json_type_name (CPOD_JSON_NULL), "null");
	assert_string_equal (cpod_json_type_name (CPOD_JSON_OBJECT), "object");
}

#define test(name) cmocka_unit_test_setup_teardown (name, begin, end)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		test (every_type_is_read),
		test (escapes_are_resolved),
		test (numbers_are_kept_as_written),
		test (every_value_and_key_has_its_place),
		test (places_count_comments_too),
		test (comments_and_trailing_commas_are_for_relaxed_documents),
		test (relaxed_is_not_careless),
		test (malformed_documents_are_refused_with_their_place),
		test (what_c_strings_cannot_hold_is_refused),
		test (half_of_a_surrogate_pair_is_refused),
		test (a_duplicate_key_is_refused_with_its_position),
		test (a_duplicate_among_many_keys_is_found),
		test (a_document_that_is_not_json_needs_a_yaml_reader),
		test (an_exhausted_arena_is_reported),
		test (text_is_written_as_strict_json),
		test (lines_are_indented_on_request),
		test (trees_are_made_by_hand),
		test (a_tree_too_deep_to_be_read_is_not_written),
		test (types_have_names),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
