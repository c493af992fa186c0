/* Who gives way at the control socket. Pure: connections are described, nothing is opened. */
#include "src/cli/control-share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { HONEST = 7, HOSTILE = 666, MOST = CPOD_SHARE_MAX_CONNECTIONS };

static struct cpod_share_entry entries[MOST];
static struct cpod_share_limits limits;

static int
set_up (void **state)
{
	(void) state;
	cpod_share_set_limits (&limits, 20000);
	return 0;
}

/* Fills the entries from first up to (not with) end. */
static void
fill (size_t first, size_t end, pid_t pid, enum cpod_share_state state, size_t bytes)
{
	for (size_t i = first; i < end; i++)
		entries[i] = (struct cpod_share_entry) { .pid = pid, .state = state, .descriptors = 1, .bytes = bytes };
}

/* As fill, each with a process of its own. */
static void
fill_with_strangers (size_t first, size_t end, enum cpod_share_state state, size_t bytes)
{
	for (size_t i = first; i < end; i++)
		fill (i, i + 1, (pid_t) (1000 + i), state, bytes);
}

static void
limits_leave_most_descriptors_to_the_pod (void **state)
{
	static const uint64_t files[] = { 16, 64, 256, 1024, 4096, 20000, 1 << 20, UINT64_MAX };

	(void) state;
	for (size_t i = 0; i < sizeof (files) / sizeof (files[0]); i++) {
		cpod_share_set_limits (&limits, files[i]);
		assert_in_range (limits.connections, 4, MOST);
		assert_in_range (limits.descriptors, limits.connections, 512);
		assert_in_range (limits.lasting, 4, limits.connections);
		assert_true (limits.descriptors <= files[i] / 4);
	}
	cpod_share_set_limits (&limits, 1024);
	assert_int_equal (limits.connections, 256);
	assert_int_equal (limits.descriptors, 256);
	assert_int_equal (limits.lasting, 64);
	cpod_share_set_limits (&limits, 1);
	assert_int_equal (limits.connections, 4);
}

static void
the_longest_idle_of_strangers_makes_room (void **state)
{
	(void) state;
	fill_with_strangers (0, MOST, CPOD_SHARE_IDLE, 0);
	assert_int_equal (cpod_share_place (&limits, entries, MOST), 0);
	entries[0].state = CPOD_SHARE_BUSY;
	entries[1].state = CPOD_SHARE_STALLED;
	assert_int_equal (cpod_share_place (&limits, entries, MOST), 2);
}

static void
a_greedy_peer_makes_room_before_an_idle_honest_one (void **state)
{
	(void) state;
	fill (0, 1, HONEST, CPOD_SHARE_IDLE, 0);
	fill (1, MOST, HOSTILE, CPOD_SHARE_STALLED, 100);
	assert_int_equal (cpod_share_place (&limits, entries, MOST), 1);
	fill (1, MOST, HOSTILE, CPOD_SHARE_IDLE, 0);
	assert_int_equal (cpod_share_place (&limits, entries, MOST), 1);
}

static void
of_two_greedy_peers_the_greedier_makes_room (void **state)
{
	(void) state;
	fill (0, 100, 1, CPOD_SHARE_IDLE, 0);
	fill (100, MOST, 2, CPOD_SHARE_STALLED, 1);
	assert_int_equal (cpod_share_place (&limits, entries, MOST), 100);
}

static void
descriptors_sent_along_make_a_peer_greedy_too (void **state)
{
	(void) state;
	fill_with_strangers (0, 100, CPOD_SHARE_IDLE, 0);
	fill (50, 70, HOSTILE, CPOD_SHARE_STALLED, 1);
	assert_int_equal (cpod_share_place (&limits, entries, 100), 0);
	for (size_t i = 50; i < 70; i++)
		entries[i].descriptors = 4;
	assert_int_equal (cpod_share_place (&limits, entries, 100), 50);
}

static void
who_is_idle_makes_room_before_half_a_message (void **state)
{
	(void) state;
	fill_with_strangers (0, MOST, CPOD_SHARE_STALLED, 10);
	assert_int_equal (cpod_share_place (&limits, entries, MOST), 0);
	entries[9].state = CPOD_SHARE_IDLE;
	assert_int_equal (cpod_share_place (&limits, entries, MOST), 9);
}

static void
a_call_in_progress_is_only_cut_off_for_greed (void **state)
{
	(void) state;
	fill_with_strangers (0, MOST, CPOD_SHARE_BUSY, 0);
	assert_true (cpod_share_place (&limits, entries, MOST) == CPOD_SHARE_NONE);
	fill (10, 60, HOSTILE, CPOD_SHARE_BUSY, 0);
	assert_int_equal (cpod_share_place (&limits, entries, MOST), 10);
	entries[200].state = CPOD_SHARE_IDLE;
	assert_int_equal (cpod_share_place (&limits, entries, MOST), 200);
	assert_true (cpod_share_place (&limits, entries, 0) == CPOD_SHARE_NONE);
}

static void
the_heaviest_of_the_heaviest_peer_gives_up_its_memory (void **state)
{
	(void) state;
	fill_with_strangers (0, 40, CPOD_SHARE_IDLE, 0);
	assert_true (cpod_share_heaviest (entries, 40) == CPOD_SHARE_NONE);
	entries[3].bytes = 1 << 20;                /* one honest large message */
	fill (10, 30, HOSTILE, CPOD_SHARE_STALLED, 100000);
	entries[20].bytes = 200000;
	assert_int_equal (cpod_share_heaviest (entries, 40), 20);
	fill (10, 30, HOSTILE, CPOD_SHARE_STALLED, 10);
	assert_int_equal (cpod_share_heaviest (entries, 40), 3);
}

static void
lasting_calls_are_bounded (void **state)
{
	size_t victim;

	(void) state;
	fill_with_strangers (0, limits.lasting - 1, CPOD_SHARE_BUSY, 0);
	assert_true (cpod_share_may_last (&limits, entries, limits.lasting - 1, HONEST, &victim));
	assert_true (victim == CPOD_SHARE_NONE);
	fill_with_strangers (0, limits.lasting, CPOD_SHARE_BUSY, 0);
	fill (limits.lasting, MOST, HOSTILE, CPOD_SHARE_IDLE, 0);
	assert_false (cpod_share_may_last (&limits, entries, MOST, HONEST, &victim));
	assert_true (victim == CPOD_SHARE_NONE);
}

static void
who_has_most_lasting_calls_makes_room_for_another (void **state)
{
	size_t victim;

	(void) state;
	fill (0, 1, HONEST, CPOD_SHARE_BUSY, 0);
	fill (1, limits.lasting, HOSTILE, CPOD_SHARE_BUSY, 0);
	assert_true (cpod_share_may_last (&limits, entries, limits.lasting, HONEST, &victim));
	assert_int_equal (victim, 1);
	assert_false (cpod_share_may_last (&limits, entries, limits.lasting, HOSTILE, &victim));
	assert_true (victim == CPOD_SHARE_NONE);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup (limits_leave_most_descriptors_to_the_pod, set_up),
		cmocka_unit_test_setup (the_longest_idle_of_strangers_makes_room, set_up),
		cmocka_unit_test_setup (a_greedy_peer_makes_room_before_an_idle_honest_one, set_up),
		cmocka_unit_test_setup (of_two_greedy_peers_the_greedier_makes_room, set_up),
		cmocka_unit_test_setup (descriptors_sent_along_make_a_peer_greedy_too, set_up),
		cmocka_unit_test_setup (who_is_idle_makes_room_before_half_a_message, set_up),
		cmocka_unit_test_setup (a_call_in_progress_is_only_cut_off_for_greed, set_up),
		cmocka_unit_test_setup (the_heaviest_of_the_heaviest_peer_gives_up_its_memory, set_up),
		cmocka_unit_test_setup (lasting_calls_are_bounded, set_up),
		cmocka_unit_test_setup (who_has_most_lasting_calls_makes_room_for_another, set_up),
	};

	return cmocka_run_group_tests_name ("control-share", tests, NULL, NULL);
}
