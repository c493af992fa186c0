/* Command line arguments by table, numbers, and the names of signals.
 * Links: src/cli/args.c src/base/signals.c */
#include "src/cli/cli.h"
#include "src/base/signals.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { NAME, PORT, LOGS, TTY };

static const struct cpod_option options[] = {
	[NAME] = { "name", 'n', "NAME", "" },
	[PORT] = { "port", 'p', "PORT", "" },
	[LOGS] = { "logs", 'l', NULL, "" },
	[TTY] = { "tty", 't', NULL, "" },
	{ NULL, 0, NULL, NULL },
};
static const struct cpod_command command = {
	.name = "try", .usage = "[OPTION]... FILE", .options = options, .min_args = 1, .max_args = 2,
};
static const struct cpod_command stops = {
	.name = "exec", .usage = "A B -- C", .options = options, .min_args = 3, .max_args = -1, .operands_end_options = 2,
};

/* Parses words (copied, since they are moved) by the table. */
static int
parse (const struct cpod_command *table, const char *const *words, struct cpod_args *args, struct cpod_error *err)
{
	static char *argv[16];
	int argc = 0;

	while (words[argc] != NULL) {
		argv[argc] = (char *) words[argc];
		argc++;
	}
	argv[argc] = NULL;
	return cpod_args_parse (table, argc, argv, args, err);
}
#define PARSE(table, args, err, ...) parse (table, (const char *const[]) { __VA_ARGS__, NULL }, args, err)

static void
every_spelling_of_a_value_is_accepted (void **state)
{
	struct cpod_args args;

	(void) state;
	assert_int_equal (PARSE (&command, &args, NULL, "--name", "a", "--port=8", "f"), 0);
	assert_string_equal (args.values[NAME], "a");
	assert_string_equal (args.values[PORT], "8");
	assert_null (args.values[LOGS]);
	assert_int_equal (PARSE (&command, &args, NULL, "-na", "-p", "8", "f"), 0);
	assert_string_equal (args.values[NAME], "a");
	assert_string_equal (args.values[PORT], "8");
	assert_int_equal (PARSE (&command, &args, NULL, "--name=", "f"), 0);
	assert_string_equal (args.values[NAME], "");
}

static void
flags_may_stand_behind_one_dash (void **state)
{
	struct cpod_args args;

	(void) state;
	assert_int_equal (PARSE (&command, &args, NULL, "-ltna", "f"), 0);
	assert_non_null (args.values[LOGS]);
	assert_non_null (args.values[TTY]);
	assert_string_equal (args.values[NAME], "a");
}

static void
operands_keep_their_order_among_options (void **state)
{
	struct cpod_args args;

	(void) state;
	assert_int_equal (PARSE (&command, &args, NULL, "one", "--logs", "two"), 0);
	assert_int_equal (args.n_operands, 2);
	assert_string_equal (args.operands[0], "one");
	assert_string_equal (args.operands[1], "two");
	assert_null (args.operands[2]);
	assert_int_equal (PARSE (&command, &args, NULL, "--", "--logs", "-"), 0);
	assert_string_equal (args.operands[0], "--logs");
	assert_string_equal (args.operands[1], "-");
	assert_null (args.values[LOGS]);
}

static void
another_programs_words_are_left_alone (void **state)
{
	struct cpod_args args;

	(void) state;
	assert_int_equal (PARSE (&stops, &args, NULL, "-t", "pod", "c", "--", "rm", "-rf", "--", "--tty"), 0);
	assert_int_equal (args.n_operands, 6);
	assert_string_equal (args.operands[2], "rm");
	assert_string_equal (args.operands[3], "-rf");
	assert_string_equal (args.operands[4], "--");
	assert_int_equal (PARSE (&stops, &args, NULL, "pod", "c", "ls", "-l"), 0);
	assert_string_equal (args.operands[3], "-l");
	assert_null (args.values[LOGS]);
}

static void
an_unknown_option_is_refused_with_the_nearest_one (void **state)
{
	struct cpod_args args;
	struct cpod_error err;

	(void) state;
	assert_int_equal (PARSE (&command, &args, &err, "--prot", "f"), -EINVAL);
	assert_string_equal (err.message, "try: unknown option --prot; did you mean --port?");
	assert_int_equal (PARSE (&command, &args, &err, "--something=1", "f"), -EINVAL);
	assert_string_equal (err.message, "try: unknown option --something");
	assert_int_equal (PARSE (&command, &args, &err, "-x", "f"), -EINVAL);
	assert_string_equal (err.message, "try: unknown option -x");
}

static void
a_wrong_use_of_an_option_is_refused (void **state)
{
	struct cpod_args args;
	struct cpod_error err;

	(void) state;
	assert_int_equal (PARSE (&command, &args, &err, "f", "--name"), -EINVAL);
	assert_string_equal (err.message, "try: --name needs NAME");
	assert_int_equal (PARSE (&command, &args, &err, "f", "--logs=1"), -EINVAL);
	assert_string_equal (err.message, "try: --logs takes no value");
	assert_int_equal (PARSE (&command, &args, &err, "f", "--name=a", "-nb"), -EINVAL);
	assert_string_equal (err.message, "try: --name is given twice");
}

static void
too_few_and_too_many_operands_are_refused (void **state)
{
	struct cpod_args args;
	struct cpod_error err;

	(void) state;
	assert_int_equal (PARSE (&command, &args, &err, "-l"), -EINVAL);
	assert_string_equal (err.message, "try: too few arguments; usage: cpod try [OPTION]... FILE");
	assert_int_equal (PARSE (&command, &args, &err, "a", "b", "c"), -EINVAL);
	assert_string_equal (err.message, "try: one argument too many: c");
}

static void
help_is_seen_before_operands_are_counted (void **state)
{
	struct cpod_args args;

	(void) state;
	assert_int_equal (PARSE (&command, &args, NULL, "--help"), 0);
	assert_true (args.help);
	assert_int_equal (PARSE (&command, &args, NULL, "-lh"), 0);
	assert_true (args.help);
}

static void
a_number_has_nothing_around_it (void **state)
{
	static const char *const wrong[] = { "", " 1", "1 ", "+1", "-1", "0x1", "1.0", "a", "1a" };
	long number;

	(void) state;
	assert_int_equal (cpod_args_number ("65535", 1, 65535, &number), 0);
	assert_int_equal (number, 65535);
	for (size_t i = 0; i < sizeof (wrong) / sizeof (wrong[0]); i++)
		assert_int_equal (cpod_args_number (wrong[i], 0, 10, &number), -EINVAL);
	assert_int_equal (cpod_args_number ("65536", 1, 65535, &number), -ERANGE);
	assert_int_equal (cpod_args_number ("0", 1, 65535, &number), -ERANGE);
	assert_int_equal (cpod_args_number ("99999999999999999999", 1, 65535, &number), -ERANGE);
}

static void
signals_have_names_with_and_without_sig_and_numbers (void **state)
{
	(void) state;
	assert_int_equal (cpod_signal_parse ("KILL"), 9);
	assert_int_equal (cpod_signal_parse ("SIGKILL"), 9);
	assert_int_equal (cpod_signal_parse ("sigterm"), 15);
	assert_int_equal (cpod_signal_parse ("9"), 9);
	assert_int_equal (cpod_signal_parse ("64"), 64);
	assert_int_equal (cpod_signal_parse ("CHLD"), 17);
	assert_int_equal (cpod_signal_parse ("CLD"), 17);
	assert_int_equal (cpod_signal_parse ("SIGRTMIN"), 34);
	assert_int_equal (cpod_signal_parse ("RTMIN+3"), 37);
	assert_int_equal (cpod_signal_parse ("SIGRTMAX-1"), 63);
	assert_string_equal (cpod_signal_name (31), "SYS");
	assert_null (cpod_signal_name (0));
	assert_null (cpod_signal_name (34));
}

static void
what_is_no_signal_is_refused (void **state)
{
	static const char *const wrong[] = { "", "SIG", "0", "65", "-9", "KIL", "KILLL", "RTMIN+31", "RTMIN-1", "9x" };

	(void) state;
	for (size_t i = 0; i < sizeof (wrong) / sizeof (wrong[0]); i++)
		assert_int_equal (cpod_signal_parse (wrong[i]), -1);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (every_spelling_of_a_value_is_accepted),
		cmocka_unit_test (flags_may_stand_behind_one_dash),
		cmocka_unit_test (operands_keep_their_order_among_options),
		cmocka_unit_test (another_programs_words_are_left_alone),
		cmocka_unit_test (an_unknown_option_is_refused_with_the_nearest_one),
		cmocka_unit_test (a_wrong_use_of_an_option_is_refused),
		cmocka_unit_test (too_few_and_too_many_operands_are_refused),
		cmocka_unit_test (help_is_seen_before_operands_are_counted),
		cmocka_unit_test (a_number_has_nothing_around_it),
		cmocka_unit_test (signals_have_names_with_and_without_sig_and_numbers),
		cmocka_unit_test (what_is_no_signal_is_refused),
	};

	return cmocka_run_group_tests_name ("args", tests, NULL, NULL);
}
