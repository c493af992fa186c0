/* Names as people type them: whole, beginnings, near misses. */
#include "src/cli/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const pods[] = { "api", "web", "web-canary", "web-old", "worker" };
enum { N = sizeof (pods) / sizeof (pods[0]) };

static void
test_whole (void **state)
{
	struct cpod_choice choice = cpod_names_choose ("web", pods, N);

	(void) state;
	assert_string_equal (choice.name, "web");
	assert_null (choice.second);
	assert_null (choice.near);
}

static void
test_beginning (void **state)
{
	(void) state;
	assert_string_equal (cpod_names_choose ("a", pods, N).name, "api");
	assert_string_equal (cpod_names_choose ("web-c", pods, N).name, "web-canary");
	assert_null (cpod_names_choose ("web-c", pods, N).second);
}

static void
test_several (void **state)
{
	struct cpod_choice choice = cpod_names_choose ("web-", pods, N);

	(void) state;
	assert_string_equal (choice.name, "web-canary");
	assert_string_equal (choice.second, "web-old");
	assert_false (choice.more);
	choice = cpod_names_choose ("w", pods, N);
	assert_string_equal (choice.second, "web-canary");
	assert_true (choice.more);
}

static void
test_none (void **state)
{
	struct cpod_choice choice = cpod_names_choose ("wrker", pods, N);

	(void) state;
	assert_null (choice.name);
	assert_string_equal (choice.near, "worker");
	choice = cpod_names_choose ("database", pods, N);
	assert_null (choice.name);
	assert_null (choice.near);
}

static void
test_empty (void **state)
{
	(void) state;
	assert_null (cpod_names_choose ("", pods, N).name);
	assert_null (cpod_names_choose ("", pods, 1).name);
	assert_null (cpod_names_choose ("web", NULL, 0).name);
	assert_null (cpod_names_choose ("web", NULL, 0).near);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		{ "a whole name is meant, though others begin with it", test_whole, NULL, NULL, NULL },
		{ "a beginning that one name has means that name", test_beginning, NULL, NULL, NULL },
		{ "a beginning that several have is not clear, and two of them are told", test_several, NULL, NULL, NULL },
		{ "another word means nothing, and the nearest name is told", test_none, NULL, NULL, NULL },
		{ "the empty word means nothing, and among no names nothing is meant", test_empty, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
