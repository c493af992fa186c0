/* Arenas and growable strings. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "src/base/arena.h"
#include "src/base/str.h"

#include <stdlib.h>
#include <string.h>

static void
blocks_are_zeroed_aligned_and_apart (void **state)
{
	static const char zeros[5000];
	struct cpod_arena arena;
	size_t size;

	(void) state;
	cpod_arena_init (&arena, 0);
	for (size = 0; size < 5000; size += 37) {
		char *block = cpod_arena_alloc (&arena, size);

		assert_non_null (block);
		assert_int_equal ((uintptr_t) block % 16, 0);
		assert_memory_equal (block, zeros, size);
		memset (block, 0xff, size);
		assert_string_equal (cpod_arena_strdup (&arena, "odd"), "odd");
	}
	cpod_arena_finish (&arena);
	assert_int_equal (arena.used, 0);
	assert_null (arena.chunks);
}

static void
a_large_block_leaves_the_rest_of_the_chunk_in_use (void **state)
{
	struct cpod_arena arena;
	char *before, *after;

	(void) state;
	cpod_arena_init (&arena, 0);
	before = cpod_arena_alloc (&arena, 16);
	assert_non_null (cpod_arena_alloc (&arena, 1 << 20));
	after = cpod_arena_alloc (&arena, 16);
	assert_ptr_equal (after, before + 16);
	cpod_arena_finish (&arena);
}

static void
the_limit_counts_what_was_handed_out (void **state)
{
	struct cpod_arena arena;

	(void) state;
	cpod_arena_init (&arena, 100);
	assert_non_null (cpod_arena_alloc (&arena, 64));
	assert_null (cpod_arena_alloc (&arena, 48));
	assert_null (cpod_arena_printf (&arena, "%0100d", 1));
	assert_non_null (cpod_arena_alloc (&arena, 32));
	assert_non_null (cpod_arena_strndup (&arena, "abc", 3));
	assert_null (cpod_arena_strndup (&arena, "a", 1));
	cpod_arena_finish (&arena);
}

static void
sizes_that_overflow_are_refused (void **state)
{
	struct cpod_arena arena;

	(void) state;
	cpod_arena_init (&arena, 0);
	assert_null (cpod_arena_array (&arena, SIZE_MAX / 2, 3));
	assert_null (cpod_arena_alloc (&arena, SIZE_MAX));
	assert_null (cpod_arena_alloc (&arena, SIZE_MAX - 64));
	assert_null (cpod_arena_strndup (&arena, "", SIZE_MAX));
	assert_non_null (cpod_arena_array (&arena, 0, 8));
	cpod_arena_finish (&arena);
}

static void
strings_are_copied_and_formatted (void **state)
{
	struct cpod_arena arena;

	(void) state;
	cpod_arena_init (&arena, 0);
	assert_string_equal (cpod_arena_strndup (&arena, "abcdef", 3), "abc");
	assert_string_equal (cpod_arena_strdup (&arena, ""), "");
	assert_string_equal (cpod_arena_printf (&arena, "%s-%d", "x", 7), "x-7");
	cpod_arena_finish (&arena);
}

static void
a_string_grows_as_it_is_added_to (void **state)
{
	cpod_autostr str = CPOD_STR_INIT;
	size_t i;

	(void) state;
	for (i = 0; i < 1000; i++)
		cpod_str_printf (&str, "%zu,", i % 10);
	cpod_str_add_char (&str, '.');
	cpod_str_add_bytes (&str, "a\0b", 3);
	assert_false (cpod_str_failed (&str));
	assert_int_equal (str.len, 2004);
	assert_memory_equal (str.data + 1998, "9,.a\0b", 7);
	cpod_str_clear (&str);
	assert_string_equal (str.data, "");
	cpod_str_add (&str, "again");
	assert_string_equal (str.data, "again");
}

static void
a_stolen_string_is_never_null (void **state)
{
	cpod_autostr str = CPOD_STR_INIT;
	char *text = cpod_str_steal (&str);

	(void) state;
	assert_string_equal (text, "");
	free (text);
	cpod_str_add (&str, "x");
	text = cpod_str_steal (&str);
	assert_string_equal (text, "x");
	assert_null (str.data);
	assert_int_equal (str.len, 0);
	free (text);
}

static void
a_failure_is_sticky (void **state)
{
	cpod_autostr str = CPOD_STR_INIT;

	(void) state;
	cpod_str_add (&str, "x");
	cpod_str_add_bytes (&str, "", SIZE_MAX / 2);
	assert_true (cpod_str_failed (&str));
	cpod_str_add (&str, "y");
	assert_string_equal (str.data, "x");
	assert_null (cpod_str_steal (&str));
	assert_false (cpod_str_failed (&str));
}

static void
only_valid_utf8_has_a_length (void **state)
{
	static const struct { const char *text; size_t len, expected; } cases[] = {
		{ "", 0, 0 }, { "a", 1, 1 }, { "\0", 1, 1 },
		{ "\xc3\xa9", 2, 2 }, { "\xc3\xa9", 1, 0 }, { "\xc3(", 2, 0 }, { "\xc0\x80", 2, 0 }, { "\xc1\xbf", 2, 0 },
		{ "\xe2\x82\xac", 3, 3 }, { "\xe2\x82", 2, 0 }, { "\xe0\x9f\xbf", 3, 0 }, { "\xe0\xa0\x80", 3, 3 },
		{ "\xed\x9f\xbf", 3, 3 }, { "\xed\xa0\x80", 3, 0 }, { "\xed\xbf\xbf", 3, 0 }, { "\xee\x80\x80", 3, 3 },
		{ "\xf0\x90\x80\x80", 4, 4 }, { "\xf0\x8f\xbf\xbf", 4, 0 }, { "\xf4\x8f\xbf\xbf", 4, 4 },
		{ "\xf4\x90\x80\x80", 4, 0 }, { "\xf5\x80\x80\x80", 4, 0 }, { "\xf0\x90\x80(", 4, 0 },
		{ "\x80", 1, 0 }, { "\xff", 1, 0 },
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
		assert_int_equal (cpod_utf8_length (cases[i].text, cases[i].len), cases[i].expected);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (blocks_are_zeroed_aligned_and_apart),
		cmocka_unit_test (a_large_block_leaves_the_rest_of_the_chunk_in_use),
		cmocka_unit_test (the_limit_counts_what_was_handed_out),
		cmocka_unit_test (sizes_that_overflow_are_refused),
		cmocka_unit_test (strings_are_copied_and_formatted),
		cmocka_unit_test (a_string_grows_as_it_is_added_to),
		cmocka_unit_test (a_stolen_string_is_never_null),
		cmocka_unit_test (a_failure_is_sticky),
		cmocka_unit_test (only_valid_utf8_has_a_length),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
