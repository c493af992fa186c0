/* The ids of a user namespace, made from texts as they stand in /etc/subuid. Writing a map is tested where a process
 * has a namespace to map: tests/integration/rootless.sh. */
#include "oci/idmap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
assert_words (const struct cpod_id_ranges *ranges, const char *expected)
{
	cpod_autostr text = CPOD_STR_INIT;

	cpod_id_ranges_words (ranges, &text);
	assert_string_equal (text.data ? text.data : "", expected);
}

static void
assert_range (const struct cpod_id_ranges *ranges, size_t i, uint32_t first, uint32_t outside, uint32_t count)
{
	assert_true (i < ranges->n);
	assert_int_equal (ranges->items[i].first, first);
	assert_int_equal (ranges->items[i].outside, outside);
	assert_int_equal (ranges->items[i].count, count);
}

static void
lines_are_the_users_by_name_or_number (void **state)
{
	struct cpod_id_ranges ranges = { 0 };

	(void) state;
	cpod_idmap_add_subordinate ("alice:100000:65536\nbob:200000:10\n1000:300000:5\nalicex:1:1\n", "alice", 1000, &ranges);
	assert_int_equal (ranges.n, 2);
	assert_range (&ranges, 0, 0, 100000, 65536);
	assert_range (&ranges, 1, 65536, 300000, 5);
}

static void
a_line_without_a_newline_counts (void **state)
{
	struct cpod_id_ranges ranges = { 0 };

	(void) state;
	cpod_idmap_add_subordinate ("alice:100000:65536", "alice", 1000, &ranges);
	assert_int_equal (ranges.n, 1);
}

static void
malformed_lines_are_passed_over (void **state)
{
	static const char text[] = "alice\nalice:\nalice:x:1\nalice:1\nalice:1:2:3\nalice:-1:5\nalice:4294967296:1\nalice:1:4294967296\n"
	                           "alice:4294967295:1\nalice:7:0\n:5:5\nalice:99999999999999999999999:1\n alice:1:1\nalice:5:6\n";
	struct cpod_id_ranges ranges = { 0 };

	(void) state;
	cpod_idmap_add_subordinate (text, "alice", 1000, &ranges);
	assert_int_equal (ranges.n, 1);
	assert_range (&ranges, 0, 0, 5, 6);
}

static void
no_text_and_no_name_give_nothing (void **state)
{
	struct cpod_id_ranges ranges = { 0 };

	(void) state;
	cpod_idmap_add_subordinate (NULL, "alice", 1000, &ranges);
	cpod_idmap_add_subordinate ("", "alice", 1000, &ranges);
	cpod_idmap_add_subordinate ("alice:1:1\n", NULL, 1000, &ranges);
	assert_int_equal (ranges.n, 0);
}

static void
more_ranges_than_fit_are_left_out (void **state)
{
	struct cpod_id_ranges ranges = { 0 };

	(void) state;
	for (int i = 0; i < 2 * CPOD_ID_RANGES_MAX; i++)
		cpod_idmap_add_subordinate ("1000:100000:10\n", NULL, 1000, &ranges);
	assert_int_equal (ranges.n, CPOD_ID_RANGES_MAX);
	assert_words (&ranges, "0-319");
}

static void
ids_end_before_the_one_that_is_none (void **state)
{
	struct cpod_id_ranges ranges = { 0 };

	(void) state;
	cpod_idmap_add_subordinate ("1000:1:4294967294\n1000:1:10\n", NULL, 1000, &ranges);
	assert_words (&ranges, "0-4294967294");
	assert_false (cpod_id_ranges_find (&ranges, UINT32_MAX, NULL));
	assert_true (cpod_id_ranges_find (&ranges, UINT32_MAX - 1, NULL));
}

static void
with_ranges_the_caller_is_root_and_the_helpers_write (void **state)
{
	struct cpod_idmap map;
	uint32_t outside;

	(void) state;
	cpod_idmap_make (1000, 1001, "alice", "alice:100000:65536\n", "alice:200000:65536\n", true, &map);
	assert_true (map.by_helpers);
	assert_false (map.groups_denied);
	assert_string_equal (map.why_single, "");
	assert_words (&map.uids, "0-65536");
	assert_true (cpod_id_ranges_find (&map.uids, 0, &outside));
	assert_int_equal (outside, 1000);
	assert_true (cpod_id_ranges_find (&map.gids, 0, &outside));
	assert_int_equal (outside, 1001);
	assert_true (cpod_id_ranges_find (&map.gids, 5, &outside));
	assert_int_equal (outside, 200004);
}

/* The reason is in every refusal of an id. */
static void
assert_single (const char *subuid, const char *subgid, bool helpers, const char *message)
{
	struct cpod_error err = { 0 };
	struct cpod_idmap map;

	cpod_idmap_make (1000, 1001, "alice", subuid, subgid, helpers, &map);
	assert_false (map.by_helpers);
	assert_true (map.groups_denied);
	assert_words (&map.uids, "0");
	assert_words (&map.gids, "0");
	assert_int_equal (cpod_idmap_require (&map, &map.uids, 0, "process.user.uid", &err), 0);
	assert_int_equal (cpod_idmap_require (&map, &map.uids, 7, "process.user.uid", &err), -EINVAL);
	assert_string_equal (err.message, message);
}

static void
without_ranges_or_helpers_there_is_one_id (void **state)
{
	(void) state;
	assert_single (NULL, NULL, true, "process.user.uid: 7 is not among the ids of the pod's user namespace, 0 alone "
	               "(/etc/subuid has no ids for this user)");
	assert_single ("alice:100000:65536\n", "bob:100000:65536\n", true, "process.user.uid: 7 is not among the ids of the pod's "
	               "user namespace, 0 alone (/etc/subgid has no ids for this user)");
	assert_single ("alice:100000:65536\n", "alice:100000:65536\n", false, "process.user.uid: 7 is not among the ids of the pod's "
	               "user namespace, 0 alone (newuidmap and newgidmap are not in PATH)");
}

static void
a_refusal_says_which_ids_there_are (void **state)
{
	struct cpod_error err = { 0 };
	struct cpod_idmap map = {
		.uids = { { { 0, 1000, 1 }, { 1, 100000, 10 }, { 5000, 200000, 1 } }, 3 }
	};

	(void) state;
	assert_int_equal (cpod_idmap_require (&map, &map.uids, 4999, "process.user.uid", &err), -EINVAL);
	assert_string_equal (err.message, "process.user.uid: 4999 is not among the ids of the pod's user namespace, 0-10, 5000");
}

static void
a_name_is_found_by_its_number (void **state)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n:x:1000:1:::\nbroken\nhalf:x\nx:1000\nlong:x:1000x:0:::\n"
	                             "alice:x:1000:1000::/home/alice:/bin/sh\nbob:x:1000:1::/:/";
	char name[8], small[5];

	(void) state;
	assert_true (cpod_idmap_name_of (passwd, 1000, name, sizeof (name)));
	assert_string_equal (name, "alice");
	assert_true (cpod_idmap_name_of (passwd, 0, name, sizeof (name)));
	assert_string_equal (name, "root");
	assert_false (cpod_idmap_name_of (passwd, 1, name, sizeof (name)));
	assert_false (cpod_idmap_name_of (NULL, 0, name, sizeof (name)));
	assert_true (cpod_idmap_name_of (passwd, 1000, small, sizeof (small)));
	assert_string_equal (small, "bob");   /* the other one does not fit */
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (lines_are_the_users_by_name_or_number),
		cmocka_unit_test (a_line_without_a_newline_counts),
		cmocka_unit_test (malformed_lines_are_passed_over),
		cmocka_unit_test (no_text_and_no_name_give_nothing),
		cmocka_unit_test (more_ranges_than_fit_are_left_out),
		cmocka_unit_test (ids_end_before_the_one_that_is_none),
		cmocka_unit_test (with_ranges_the_caller_is_root_and_the_helpers_write),
		cmocka_unit_test (without_ranges_or_helpers_there_is_one_id),
		cmocka_unit_test (a_refusal_says_which_ids_there_are),
		cmocka_unit_test (a_name_is_found_by_its_number),
	};

	return cmocka_run_group_tests_name ("idmap", tests, NULL, NULL);
}
