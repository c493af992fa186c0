/* Documents that were made to exhaust: each must be refused, or read, within a second of CPU time
 * and 64 MiB of memory. Each is handled in a process of its own, so that what it used can be told.
 * YAML is tried too where its module was built (see test-yaml.c). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/json.h"
#include "src/base/module.h"
#include "src/base/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define POD_SPEC (CPOD_JSON_RELAXED | CPOD_JSON_OR_YAML)
#define MAX_KIB  (64 << 10)
#define MAX_MS   1000

#if defined(__SANITIZE_ADDRESS__)
#define MEASURED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEASURED 0
#else
#define MEASURED 1
#endif
#else
#define MEASURED 1
#endif

static char built_modules[PATH_MAX];
static bool have_yaml;

/* Makes a document. */
typedef void make_fn (struct cpod_str *text);

/* What a child found: sent through a pipe. */
struct outcome {
	int ret;
	long cpu_ms, peak_kib;
	struct cpod_error err;
};

/* In the child: makes the document, parses it, measures. The document counts as part of the memory. */
static void
run_child (make_fn *make, int fd)
{
	struct outcome outcome = { 0 };
	struct cpod_str text = CPOD_STR_INIT;
	struct cpod_json *root;
	struct cpod_arena arena;
	struct rusage before, after;

	make (&text);
	getrusage (RUSAGE_SELF, &before);
	cpod_arena_init (&arena, 0);
	outcome.ret = cpod_json_parse ("f", text.data, text.len, POD_SPEC, &arena, &root, &outcome.err);
	getrusage (RUSAGE_SELF, &after);
	outcome.peak_kib = after.ru_maxrss;
	outcome.cpu_ms = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000
	                 + (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1000
	                 + (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000
	                 + (after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1000;
	cpod_arena_finish (&arena);
	cpod_str_finish (&text);
	_exit (cpod_fd_write_all (fd, &outcome, sizeof (outcome)) < 0);
}

/* The document must give ret and, when it is refused, exactly message. */
static void
assert_outcome (make_fn *make, int ret, const char *message)
{
	struct outcome outcome = { 0 };
	int ends[2], status;
	pid_t pid;

	assert_int_equal (pipe2 (ends, O_CLOEXEC), 0);
	pid = fork ();
	assert_true (pid >= 0);
	if (pid == 0)
		run_child (make, ends[1]);
	cpod_fd_close (&ends[1]);
	assert_int_equal (read (ends[0], &outcome, sizeof (outcome)), sizeof (outcome));
	cpod_fd_close (&ends[0]);
	assert_int_equal (waitpid (pid, &status, 0), pid);
	assert_int_equal (status, 0);
	assert_int_equal (outcome.ret, ret);
	assert_string_equal (outcome.err.message, message);
	print_message ("%ld ms, %ld KiB: %s\n", outcome.cpu_ms, outcome.peak_kib, message);
	if (MEASURED) {
		assert_in_range (outcome.cpu_ms, 0, MAX_MS);
		assert_in_range (outcome.peak_kib, 1, MAX_KIB);
	}
}

/* As assert_outcome, for a document in YAML. */
static void
assert_yaml_outcome (make_fn *make, int ret, const char *message)
{
	if (!have_yaml) {
		print_message ("no YAML module (libyaml is missing)\n");
		skip ();
	}
	assert_outcome (make, ret, message);
}

/* Adds unit n times. */
static void
repeat (struct cpod_str *text, const char *unit, size_t n)
{
	while (n-- > 0)
		cpod_str_add (text, unit);
}

static int
find_modules (void **state)
{
	ssize_t len = readlink ("/proc/self/exe", built_modules, sizeof (built_modules) - 32);
	size_t end;
	int up;

	(void) state;
	if (len <= 0)
		return -1;
	built_modules[len] = '\0';
	for (up = 0; up < 3; up++)
		*strrchr (built_modules, '/') = '\0';
	end = strlen (strcat (built_modules, "/modules"));
	strcat (built_modules, "/yaml.so");
	have_yaml = access (built_modules, F_OK) == 0;
	built_modules[end] = '\0';
	cpod_module_set_dir (built_modules);
	cpod_yaml_enable ();
	return 0;
}

static void
make_nested_arrays (struct cpod_str *text)
{
	repeat (text, "[", 200000);
}

static void
make_nested_objects (struct cpod_str *text)
{
	repeat (text, "{\"a\":", 200000);
}

static void
make_nested_in_comments (struct cpod_str *text)
{
	repeat (text, "/*[*/[//{\n", 200000);
}

static void
nesting_is_bounded (void **state)
{
	(void) state;
	assert_outcome (make_nested_arrays, -E2BIG, "f:1:129: more than 128 levels of nesting");
	assert_outcome (make_nested_objects, -E2BIG, "f:1:641: more than 128 levels of nesting");
	assert_outcome (make_nested_in_comments, -E2BIG, "f:129:6: more than 128 levels of nesting");
}

static void
make_yaml_flow (struct cpod_str *text)
{
	cpod_str_add (text, "a: ");
	repeat (text, "[", 200000);
}

static void
make_yaml_block (struct cpod_str *text)
{
	repeat (text, "- ", 200000);
}

static void
make_yaml_indented (struct cpod_str *text)
{
	unsigned int depth;

	for (depth = 0; depth < 2000; depth++) {
		repeat (text, " ", depth);
		cpod_str_add (text, "a:\n");
	}
}

static void
nesting_in_yaml_is_bounded (void **state)
{
	(void) state;
	assert_yaml_outcome (make_yaml_flow, -E2BIG, "f:1:131: more than 128 levels of nesting");
	assert_yaml_outcome (make_yaml_block, -E2BIG, "f:1:257: more than 128 levels of nesting");
	assert_yaml_outcome (make_yaml_indented, -E2BIG, "f:129:129: more than 128 levels of nesting");
}

static void
make_many_values (struct cpod_str *text)
{
	cpod_str_add_char (text, '[');
	repeat (text, "0,", CPOD_JSON_MAX_VALUES);
	cpod_str_add (text, "0]");
}

static void
make_most_values (struct cpod_str *text)
{
	cpod_str_add_char (text, '[');
	repeat (text, "\"0123456789012345678901234567890123456\",", CPOD_JSON_MAX_VALUES - 2);
	cpod_str_add (text, "0]");
}

static void
make_many_yaml_values (struct cpod_str *text)
{
	repeat (text, "- 0\n", CPOD_JSON_MAX_VALUES + 1);
}

static void
the_number_of_values_is_bounded (void **state)
{
	(void) state;
	assert_outcome (make_many_values, -E2BIG, "f:1:800000: more than 400000 values");
	assert_outcome (make_most_values, 0, "");
}

static void
the_number_of_values_in_yaml_is_bounded (void **state)
{
	(void) state;
	assert_yaml_outcome (make_many_yaml_values, -E2BIG, "f:400000:3: more than 400000 values");
}

static void
make_many_keys (struct cpod_str *text)
{
	unsigned int i;

	cpod_str_add_char (text, '{');
	for (i = 0; i < 300000; i++)
		cpod_str_printf (text, "\"%030u\":0,\n", i);
	cpod_str_add (text, "\"000000000000000000000000000007\":0}");
}

static void
make_equal_keys (struct cpod_str *text)
{
	cpod_str_add_char (text, '{');
	repeat (text, "\"a\":0,\n", 300000);
	cpod_str_add (text, "}");
}

static void
a_duplicate_among_300000_keys_is_found_in_time (void **state)
{
	(void) state;
	assert_outcome (make_many_keys, -EINVAL, "f:300001:1: the key \"000000000000000000000000000007\" is given "
	                "twice (before at 8:1)");
	assert_outcome (make_equal_keys, -EINVAL, "f:2:1: the key \"a\" is given twice (before at 1:2)");
}

static void
make_merged_keys (struct cpod_str *text)
{
	unsigned int i;

	cpod_str_add (text, "a: &a {");
	for (i = 0; i < 100000; i++)
		cpod_str_printf (text, "k%u: 0, ", i);
	cpod_str_add (text, "}\nb:\n  <<: *a\n");
	for (i = 0; i < 100000; i++)
		cpod_str_printf (text, "  l%u: 0\n", i);
}

static void
make_laughs (struct cpod_str *text)
{
	unsigned int level;

	cpod_str_add (text, "- &a0 x\n");
	for (level = 1; level < 100; level++)
		cpod_str_printf (text, "- &a%u [*a%u,*a%u]\n", level, level - 1, level - 1);
}

static void
aliases_and_merges_do_not_explode (void **state)
{
	(void) state;
	assert_yaml_outcome (make_laughs, -E2BIG, "f:3:8: more than 400000 values");
	assert_yaml_outcome (make_merged_keys, -E2BIG, "f:3:7: too many keys to merge");
}

static void
make_long_string (struct cpod_str *text)
{
	cpod_str_add (text, "[\"");
	repeat (text, "0123456789abcdef", (CPOD_JSON_MAX_BYTES - 16) / 16);
	cpod_str_add (text, "\"]");
}

static void
make_long_escapes (struct cpod_str *text)
{
	cpod_str_add (text, "[\"");
	repeat (text, "\\n\\u00e9", (CPOD_JSON_MAX_BYTES - 16) / 8);
	cpod_str_add (text, "\"]");
}

static void
make_endless_string (struct cpod_str *text)
{
	cpod_str_add (text, "[\"");
	repeat (text, "0123456789abcdef", (CPOD_JSON_MAX_BYTES - 16) / 16);
}

static void
make_backslashes (struct cpod_str *text)
{
	cpod_str_add (text, "[\"");
	repeat (text, "\\\\\\\\\\\\\\\\", (CPOD_JSON_MAX_BYTES - 16) / 8);
	cpod_str_add (text, "\"]");
}

static void
make_too_long (struct cpod_str *text)
{
	cpod_str_add (text, "[\"");
	repeat (text, "0123456789abcdef", CPOD_JSON_MAX_BYTES / 16);
	cpod_str_add (text, "\"]");
}

static void
long_strings_stay_within_bounds (void **state)
{
	(void) state;
	assert_outcome (make_long_string, -E2BIG, "f:1:2: the string is longer than 1048576 bytes");
	assert_outcome (make_long_escapes, -E2BIG, "f:1:2: the string is longer than 1048576 bytes");
	assert_outcome (make_backslashes, -E2BIG, "f:1:2: the string is longer than 1048576 bytes");
	assert_outcome (make_endless_string, -EINVAL, "f:1:2: this string has no end");
	assert_outcome (make_too_long, -E2BIG, "f: the document is larger than 16 MiB");
}

static void
make_comments (struct cpod_str *text)
{
	cpod_str_add_char (text, '[');
	repeat (text, "/**/", (CPOD_JSON_MAX_BYTES - 16) / 4);
	cpod_str_add_char (text, ']');
}

static void
make_commas_and_comments (struct cpod_str *text)
{
	cpod_str_add (text, "[1");
	repeat (text, "/**/,//\n", (CPOD_JSON_MAX_BYTES - 16) / 8);
	cpod_str_add_char (text, ']');
}

static void
make_open_comments (struct cpod_str *text)
{
	cpod_str_add (text, "[1");
	repeat (text, ",/*", (CPOD_JSON_MAX_BYTES - 16) / 3);
}

static void
comments_cost_linear_time (void **state)
{
	(void) state;
	assert_outcome (make_comments, 0, "");
	assert_outcome (make_commas_and_comments, -EINVAL, "f:2:5: expected a value");
	assert_outcome (make_open_comments, -EINVAL, "f:1:4: this comment has no end");
}

static void
make_many_containers (struct cpod_str *text)
{
	unsigned int i;

	cpod_str_add (text, "{\"containers\":[");
	for (i = 0; i < 100000; i++)
		cpod_str_printf (text, "{\"name\":\"c%u\",\"spec\":{}},", i);
	cpod_str_add (text, "]}");
}

static void
a_hundred_thousand_containers_are_read_in_time (void **state)
{
	(void) state;
	assert_outcome (make_many_containers, 0, "");
}

static void
make_broken_text (struct cpod_str *text)
{
	cpod_str_add (text, "{\"a\":\"");
	repeat (text, "x", 1000000);
	cpod_str_add (text, "\xff\"}");
}

static void
make_nul_escape (struct cpod_str *text)
{
	cpod_str_add (text, "{\"a\":\"");
	repeat (text, "x", 1000000);
	cpod_str_add (text, "\\u0000\"}");
}

static void
a_fault_far_into_a_string_has_its_place (void **state)
{
	(void) state;
	assert_outcome (make_broken_text, -EINVAL, "f:1:1000007: invalid UTF-8 in a string");
	assert_outcome (make_nul_escape, -EINVAL, "f:1:1000007: \\u0000 is not allowed in a string");
}

static void
a_file_of_100_mb_is_refused_unread (void **state)
{
	char path[] = "/tmp/cpod-test-hostile-XXXXXX", *data = NULL;
	struct cpod_error err = { 0 };
	cpod_autofd fd = mkostemp (path, O_CLOEXEC);
	cpod_autofd zero = open ("/dev/zero", O_RDONLY | O_CLOEXEC);
	size_t len;

	(void) state;
	assert_true (fd >= 0 && zero >= 0);
	assert_int_equal (ftruncate (fd, 100 << 20), 0);
	assert_int_equal (cpod_file_read (path, CPOD_JSON_MAX_BYTES, &data, &len, &err), -EFBIG);
	assert_int_equal (cpod_fd_read_all (zero, 1 << 20, &data, &len), -EFBIG);
	assert_null (data);
	assert_int_equal (unlink (path), 0);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (nesting_is_bounded),
		cmocka_unit_test (nesting_in_yaml_is_bounded),
		cmocka_unit_test (the_number_of_values_is_bounded),
		cmocka_unit_test (the_number_of_values_in_yaml_is_bounded),
		cmocka_unit_test (a_duplicate_among_300000_keys_is_found_in_time),
		cmocka_unit_test (aliases_and_merges_do_not_explode),
		cmocka_unit_test (long_strings_stay_within_bounds),
		cmocka_unit_test (comments_cost_linear_time),
		cmocka_unit_test (a_hundred_thousand_containers_are_read_in_time),
		cmocka_unit_test (a_fault_far_into_a_string_has_its_place),
		cmocka_unit_test (a_file_of_100_mb_is_refused_unread),
	};

	return cmocka_run_group_tests (tests, find_modules, NULL);
}
