/* Which block of subordinate ids a pod gets. The records in /run/cpod/ids are tested where pods run: tests/integration/userns.sh. */
#include "oci/id-lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct cpod_id_ranges
ranges_of (const char *text)
{
	struct cpod_id_ranges ranges = { 0 };

	cpod_idmap_add_subordinate (text, "cpod", UINT32_MAX, &ranges);
	return ranges;
}

/* Picks from the same lines for both kinds. */
static bool
pick (const char *text, const struct cpod_id_block *taken, size_t n, struct cpod_id_block *ret_block)
{
	struct cpod_id_ranges ranges = ranges_of (text);

	return cpod_id_lease_pick (&ranges, &ranges, taken, n, ret_block);
}

static void
the_first_free_block_is_picked (void **state)
{
	struct cpod_id_block taken[3] = { { 100000, 100000 }, { 165536, 165536 }, { 300000, 300000 } }, block;

	(void) state;
	assert_true (pick ("cpod:100000:6553600\n", NULL, 0, &block));
	assert_int_equal (block.uid, 100000);
	assert_int_equal (block.gid, 100000);
	assert_true (pick ("cpod:100000:6553600\n", taken, 1, &block));
	assert_int_equal (block.uid, 165536);
	assert_true (pick ("cpod:100000:6553600\n", taken, 2, &block));
	assert_int_equal (block.uid, 231072);
	/* 300000 to 365535 are taken: that block would overlap two of ours. */
	taken[0] = (struct cpod_id_block) { 231072, 231072 };
	assert_true (pick ("cpod:165536:6553600\n", taken, 3, &block));
	assert_int_equal (block.uid, 165536 + 4 * 65536);
}

static void
pods_never_overlap (void **state)
{
	struct cpod_id_block taken[100];

	(void) state;
	for (size_t n = 0; n < 100; n++) {
		assert_true (pick ("cpod:70000:3276800\nother:1:9999999\ncpod:4000000:3276800\n", taken, n, &taken[n]));
		for (size_t i = 0; i < n; i++) {
			assert_true (taken[i].uid >= taken[n].uid + CPOD_ID_BLOCK || taken[n].uid >= taken[i].uid + CPOD_ID_BLOCK);
			assert_true (taken[i].gid >= taken[n].gid + CPOD_ID_BLOCK || taken[n].gid >= taken[i].gid + CPOD_ID_BLOCK);
		}
	}
	assert_false (pick ("cpod:70000:3276800\ncpod:4000000:3276800\n", taken, 100, &taken[0]));
}

static void
what_is_not_whole_is_not_picked (void **state)
{
	struct cpod_id_block block;

	(void) state;
	assert_false (pick ("", NULL, 0, &block));
	assert_false (pick ("cpod:100000:65535\n", NULL, 0, &block));
	assert_false (pick ("cpod:100000:1000\ncpod:101000:65535\n", NULL, 0, &block));
	assert_true (pick ("cpod:100000:65535\ncpod:200000:65536\n", NULL, 0, &block));
	assert_int_equal (block.uid, 200000);
	/* 4294967295 is no id. */
	assert_false (pick ("cpod:4294901760:65536\n", NULL, 0, &block));
	assert_true (pick ("cpod:4294901759:65536\n", NULL, 0, &block));
	assert_int_equal (block.uid, 4294901759u);
}

static void
the_hosts_own_ids_are_never_picked (void **state)
{
	struct cpod_id_block block;

	(void) state;
	assert_false (pick ("cpod:0:65536\n", NULL, 0, &block));
	assert_false (pick ("cpod:1000:65536\n", NULL, 0, &block));
	assert_true (pick ("cpod:1000:200000\n", NULL, 0, &block));
	assert_int_equal (block.uid, 66536);
	assert_true (pick ("cpod:65536:65536\n", NULL, 0, &block));
	assert_int_equal (block.uid, 65536);
}

static void
users_and_groups_are_picked_each_from_their_own (void **state)
{
	struct cpod_id_ranges uids = ranges_of ("cpod:100000:131072\n"), gids = ranges_of ("cpod:500000:131072\n");
	struct cpod_id_block taken[2], block;

	(void) state;
	assert_true (cpod_id_lease_pick (&uids, &gids, NULL, 0, &taken[0]));
	assert_int_equal (taken[0].uid, 100000);
	assert_int_equal (taken[0].gid, 500000);
	assert_true (cpod_id_lease_pick (&uids, &gids, taken, 1, &taken[1]));
	assert_int_equal (taken[1].uid, 165536);
	assert_int_equal (taken[1].gid, 565536);
	assert_false (cpod_id_lease_pick (&uids, &gids, taken, 2, &block));
	gids = ranges_of ("");
	assert_false (cpod_id_lease_pick (&uids, &gids, NULL, 0, &block));
}

static void
a_records_name_is_its_block (void **state)
{
	static const char *const others[] = { "", "lock", ".", "..", "1", "1-", "-1", "1-2-3", "01-2", "1-2 ", " 1-2", "1-4294967296", "+1-2" };
	struct cpod_id_block block = { 131072, 4294901759u }, read;
	char name[32];

	(void) state;
	cpod_id_lease_name (block, name);
	assert_string_equal (name, "131072-4294901759");
	assert_true (cpod_id_lease_parse (name, &read));
	assert_int_equal (read.uid, block.uid);
	assert_int_equal (read.gid, block.gid);
	for (size_t i = 0; i < sizeof (others) / sizeof (others[0]); i++)
		assert_false (cpod_id_lease_parse (others[i], &read));
}

static void
a_pod_has_ids_0_to_65535 (void **state)
{
	struct cpod_idmap map;
	uint32_t outside;

	(void) state;
	cpod_id_lease_map ((struct cpod_id_block) { 131072, 262144 }, &map);
	assert_true (cpod_id_ranges_find (&map.uids, 0, &outside));
	assert_int_equal (outside, 131072);
	assert_true (cpod_id_ranges_find (&map.gids, 65535, &outside));
	assert_int_equal (outside, 262144 + 65535);
	assert_false (cpod_id_ranges_find (&map.uids, 65536, &outside));
	assert_false (map.groups_denied);
	assert_false (map.by_helpers);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (the_first_free_block_is_picked),
		cmocka_unit_test (pods_never_overlap),
		cmocka_unit_test (what_is_not_whole_is_not_picked),
		cmocka_unit_test (the_hosts_own_ids_are_never_picked),
		cmocka_unit_test (users_and_groups_are_picked_each_from_their_own),
		cmocka_unit_test (a_records_name_is_its_block),
		cmocka_unit_test (a_pod_has_ids_0_to_65535),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
