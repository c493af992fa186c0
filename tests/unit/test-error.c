/* The words of a failure: what reaches a reader's terminal, and what does not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "src/base/error.h"

#include <errno.h>
#include <string.h>

static void
a_message_is_formatted_and_the_code_comes_back_negative (void **state)
{
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (cpod_error_set (&err, EINVAL, "%s is %d", "answer", 42), -EINVAL);
	assert_int_equal (err.code, EINVAL);
	assert_string_equal (err.message, "answer is 42");
}

static void
the_systems_words_follow_the_step (void **state)
{
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (cpod_error_sys (&err, EACCES, "mount %s on %s", "tmpfs", "/data"), -EACCES);
	assert_string_equal (err.message, "mount tmpfs on /data: Permission denied");
	assert_int_equal (cpod_error_sys (&err, 4000, "try"), -4000);
	assert_string_equal (err.message, "try: error 4000");
}

static void
context_is_put_in_front (void **state)
{
	struct cpod_error err = { 0 };

	(void) state;
	cpod_error_set (&err, ENOENT, "no such thing");
	assert_int_equal (cpod_error_prefix (&err, -1, "mounts[%d]", 3), -ENOENT);
	assert_int_equal (cpod_error_prefix (&err, -1, "pod.json"), -ENOENT);
	assert_string_equal (err.message, "pod.json: mounts[3]: no such thing");
}

static void
without_a_record_only_the_code_is_had (void **state)
{
	(void) state;
	assert_int_equal (cpod_error_set (NULL, EINVAL, "x"), -EINVAL);
	assert_int_equal (cpod_error_sys (NULL, EIO, "x"), -EIO);
	assert_int_equal (cpod_error_prefix (NULL, -ENOMEM, "x"), -ENOMEM);
	assert_int_equal (cpod_error_oom (NULL), -ENOMEM);
}

static void
control_characters_and_broken_text_become_question_marks (void **state)
{
	struct cpod_error err = { 0 };

	(void) state;
	cpod_error_set (&err, EINVAL, "%s", "a\nb\tc\x1b[2Jd\x7f\xff\xc2\x9b\xed\xa0\x80 \xc3\xa9 \xf0\x9f\x98\x80");
	assert_string_equal (err.message, "a?b?c?[2Jd??????? \xc3\xa9 \xf0\x9f\x98\x80");
}

static void
a_message_may_be_made_of_itself (void **state)
{
	struct cpod_error err = { 0 };

	(void) state;
	cpod_error_set (&err, EINVAL, "inner");
	cpod_error_set (&err, EIO, "outer (%s)", err.message);
	assert_string_equal (err.message, "outer (inner)");
	cpod_error_prefix (&err, -1, "%s", err.message);
	assert_string_equal (err.message, "outer (inner): outer (inner)");
}

/* Fills text[size] with n two-byte characters behind one byte, so that the cut falls into one. */
static void
fill_with_umlauts (char *text, size_t n)
{
	size_t i;

	text[0] = 'x';
	for (i = 0; i < n; i++)
		memcpy (text + 1 + 2 * i, "\xc3\xbc", 2);
	text[1 + 2 * n] = '\0';
}

static void
what_does_not_fit_is_cut_between_characters (void **state)
{
	struct cpod_error err = { 0 };
	char text[4096];
	size_t len;

	(void) state;
	fill_with_umlauts (text, 2000);
	cpod_error_set (&err, EINVAL, "%s", text);
	len = strlen (err.message);
	assert_true (len >= sizeof (err.message) - 3 && len < sizeof (err.message));
	assert_memory_equal (err.message, text, len);
	assert_int_equal (len % 2, 1);
	cpod_error_set (&err, EINVAL, "x%s", text);
	assert_null (strchr (err.message, '?'));
}

static void
a_long_prefix_leaves_room_for_nothing_but_stays_in_bounds (void **state)
{
	struct cpod_error err = { 0 };
	char text[4096];

	(void) state;
	fill_with_umlauts (text, 2000);
	cpod_error_set (&err, EINVAL, "%s", text);
	assert_int_equal (cpod_error_prefix (&err, -1, "%s", text), -EINVAL);
	assert_true (strlen (err.message) < sizeof (err.message));
	assert_int_equal (cpod_error_sys (&err, EPERM, "%s", text), -EPERM);
	assert_non_null (strstr (err.message, ": Operation not permitted"));
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (a_message_is_formatted_and_the_code_comes_back_negative),
		cmocka_unit_test (the_systems_words_follow_the_step),
		cmocka_unit_test (context_is_put_in_front),
		cmocka_unit_test (without_a_record_only_the_code_is_had),
		cmocka_unit_test (control_characters_and_broken_text_become_question_marks),
		cmocka_unit_test (a_message_may_be_made_of_itself),
		cmocka_unit_test (what_does_not_fit_is_cut_between_characters),
		cmocka_unit_test (a_long_prefix_leaves_room_for_nothing_but_stays_in_bounds),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
