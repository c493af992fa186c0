/* Answers of runtimes that break the ABI: each becomes a failure with a sentence, and nothing that is passed on
 * is out of its bounds. Links: libcpod. */
#include "probes/answer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
zero_is_taken_as_it_is (void **state)
{
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (cpod_answer (0, "start", &err), 0);
	assert_int_equal (err.code, 0);
}

static void
a_failure_keeps_its_sentence_and_gets_its_code (void **state)
{
	struct cpod_error err = { .code = 7, .message = "no such program" };

	(void) state;
	assert_int_equal (cpod_answer (-ENOENT, "start", &err), -ENOENT);
	assert_int_equal (err.code, ENOENT);
	assert_string_equal (err.message, "no such program");
}

static void
a_failure_without_a_sentence_gets_the_systems (void **state)
{
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (cpod_answer (-EIO, "exec", &err), -EIO);
	assert_string_equal (err.message, "the runtime's exec: Input/output error");
}

static void
a_sentence_is_cut_and_cleaned (void **state)
{
	struct cpod_error err;

	(void) state;
	memset (&err, 'x', sizeof (err));
	assert_int_equal (cpod_answer (-EIO, "exec", &err), -EIO);
	assert_int_equal (strlen (err.message), sizeof (err.message) - 1);
	strcpy (err.message, "two\nlines \033[2J \xff\xfe");
	assert_int_equal (cpod_answer (-EIO, "exec", &err), -EIO);
	assert_string_equal (err.message, "two?lines ?[2J ??");
}

static void
what_is_neither_zero_nor_an_errno_is_refused (void **state)
{
	static const int values[] = { 1, 4096, -4096, INT32_MAX, INT32_MIN };
	struct cpod_error err = { 0 };

	(void) state;
	for (size_t i = 0; i < sizeof (values) / sizeof (values[0]); i++) {
		assert_int_equal (cpod_answer (values[i], "kill", &err), -EPROTO);
		assert_int_equal (err.code, EPROTO);
	}
	cpod_answer (1, "kill", &err);
	assert_string_equal (err.message, "the runtime's kill returned 1, which is neither 0 nor a negative errno");
}

static void
ends_that_exist_are_believed (void **state)
{
	static const struct cpod_rt_exit good[] = {
		{ 0, 0, 0, 0 }, { 255, 0, 0, 0 }, { 137, 9, CPOD_RT_EXIT_OOM, 0 }, { 192, 64, 0, 0 }, { 129, 1, CPOD_RT_EXIT_CORE, 0 },
		{ 137, 0, CPOD_RT_EXIT_LOST, 0 }, { 137, 9, CPOD_RT_EXIT_LOST, 0 },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (good) / sizeof (good[0]); i++) {
		struct cpod_rt_exit exit = good[i];

		assert_int_equal (cpod_answer_exit (&exit, "wait", NULL), 0);
		assert_memory_equal (&exit, &good[i], sizeof (exit));
	}
}

static void
ends_that_do_not_exist_are_refused (void **state)
{
	static const struct cpod_rt_exit bad[] = {
		{ 256, 0, 0, 0 }, { -1, 0, 0, 0 }, { 0, 9, 0, 0 }, { 193, 65, 0, 0 }, { 127, -1, 0, 0 },
		{ 137, 99, CPOD_RT_EXIT_LOST, 0 }, { INT32_MAX, INT32_MIN, 0, 0 },
	};
	struct cpod_error err;

	(void) state;
	for (size_t i = 0; i < sizeof (bad) / sizeof (bad[0]); i++) {
		struct cpod_rt_exit exit = bad[i];

		assert_int_equal (cpod_answer_exit (&exit, "wait", &err), -EPROTO);
	}
	cpod_answer_exit (&(struct cpod_rt_exit) { 256, 3, 0, 0 }, "wait", &err);
	assert_string_equal (err.message, "the runtime's wait told an end that does not exist: code 256, signal 3");
}

static void
flags_from_nowhere_are_dropped (void **state)
{
	struct cpod_rt_exit exit = { 137, 9, 0xffffffff, 42 };

	(void) state;
	assert_int_equal (cpod_answer_exit (&exit, "wait", NULL), 0);
	assert_int_equal (exit.flags, CPOD_RT_EXIT_OOM | CPOD_RT_EXIT_CORE | CPOD_RT_EXIT_LOST);
	assert_int_equal (exit.reserved, 0);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (zero_is_taken_as_it_is),
		cmocka_unit_test (a_failure_keeps_its_sentence_and_gets_its_code),
		cmocka_unit_test (a_failure_without_a_sentence_gets_the_systems),
		cmocka_unit_test (a_sentence_is_cut_and_cleaned),
		cmocka_unit_test (what_is_neither_zero_nor_an_errno_is_refused),
		cmocka_unit_test (ends_that_exist_are_believed),
		cmocka_unit_test (ends_that_do_not_exist_are_refused),
		cmocka_unit_test (flags_from_nowhere_are_dropped),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
