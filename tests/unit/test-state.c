/* The states of a container: every cell of the table, the lists, the folds.
 * Links: src/pod/state.c src/pod/history.c */
#include "src/pod/history.h"
#include "src/pod/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdint.h>
#include <cmocka.h>

#define STARTED  CPOD_STATE_STARTED
#define HEALTHY  CPOD_STATE_HEALTHY
#define FAILING  CPOD_STATE_FAILING
#define TERMINAL CPOD_STATE_TERMINAL
#define FINISHED CPOD_STATE_FINISHED
#define FAILED   CPOD_STATE_FAILED

/* One line an event, one column a state, in the order of the enum. */
static const struct {
	enum cpod_state_event event;
	enum cpod_state next[CPOD_N_STATES];
} cells[] = {
	/*                             STARTED   HEALTHY   FAILING   TERMINAL  FINISHED  FAILED */
	{ CPOD_STATE_ON_STARTED,     { HEALTHY,  HEALTHY,  FAILING,  TERMINAL, FINISHED, FAILED } },
	{ CPOD_STATE_ON_FAILURE,     { STARTED,  FAILING,  FAILING,  TERMINAL, FINISHED, FAILED } },
	{ CPOD_STATE_ON_THRESHOLD,   { TERMINAL, TERMINAL, TERMINAL, TERMINAL, FINISHED, FAILED } },
	{ CPOD_STATE_ON_SUCCESS,     { STARTED,  HEALTHY,  HEALTHY,  TERMINAL, FINISHED, FAILED } },
	{ CPOD_STATE_ON_EXIT_OK,     { FINISHED, FINISHED, FINISHED, TERMINAL, FINISHED, FAILED } },
	{ CPOD_STATE_ON_EXIT_BAD,    { FAILED,   FAILED,   FAILED,   TERMINAL, FINISHED, FAILED } },
	{ CPOD_STATE_ON_INIT_FAILED, { FAILED,   HEALTHY,  FAILING,  TERMINAL, FINISHED, FAILED } },
	{ CPOD_STATE_ON_RESTART,     { STARTED,  STARTED,  STARTED,  STARTED,  STARTED,  STARTED } },
};

static void
every_cell_of_the_table_is_as_documented (void **state)
{
	(void) state;
	assert_int_equal (sizeof (cells) / sizeof (cells[0]), CPOD_N_STATE_EVENTS);
	for (size_t i = 0; i < CPOD_N_STATE_EVENTS; i++)
		for (int from = 0; from < CPOD_N_STATES; from++) {
			enum cpod_state next = cpod_state_next ((enum cpod_state) from, cells[i].event);

			if (next != cells[i].next[from])
				print_error ("event %d in state %d gives %d\n", (int) cells[i].event, from, (int) next);
			assert_int_equal (next, cells[i].next[from]);
		}
}

static void
the_numbers_of_the_states_are_those_of_the_interface (void **state)
{
	(void) state;
	assert_int_equal (STARTED, 0);
	assert_int_equal (HEALTHY, 1);
	assert_int_equal (FAILING, 2);
	assert_int_equal (TERMINAL, 3);
	assert_int_equal (FINISHED, 4);
	assert_int_equal (FAILED, 5);
}

static void
only_the_first_three_states_are_healthy (void **state)
{
	static const int healthy[CPOD_N_STATES] = { 1, 1, 1, 0, 0, 0 };

	(void) state;
	for (int s = 0; s < CPOD_N_STATES; s++)
		assert_int_equal (cpod_state_healthy ((enum cpod_state) s), healthy[s]);
}

/* Runs n events through a history and returns it. */
static struct cpod_history
live_through (const enum cpod_state_event *events, size_t n)
{
	struct cpod_history history = { 0 };

	cpod_history_add_state (&history, STARTED);
	for (size_t i = 0; i < n; i++)
		cpod_history_add_state (&history, cpod_state_next (cpod_history_state (&history), events[i]));
	return history;
}

static void
assert_states (const struct cpod_history *history, const uint8_t *states, size_t n)
{
	assert_int_equal (history->n_states, n);
	assert_memory_equal (history->states, states, n);
}

static void
a_flap_is_0_1_2_1_2_3 (void **state)
{
	static const enum cpod_state_event events[] = {
		CPOD_STATE_ON_STARTED, CPOD_STATE_ON_SUCCESS, CPOD_STATE_ON_FAILURE, CPOD_STATE_ON_FAILURE,
		CPOD_STATE_ON_SUCCESS, CPOD_STATE_ON_SUCCESS, CPOD_STATE_ON_FAILURE, CPOD_STATE_ON_THRESHOLD,
	};
	struct cpod_history history = live_through (events, 8);

	(void) state;
	assert_states (&history, (const uint8_t[]) { 0, 1, 2, 1, 2, 3 }, 6);
}

static void
unhealthy_at_threshold_one_is_0_1_3 (void **state)
{
	static const enum cpod_state_event events[] = { CPOD_STATE_ON_STARTED, CPOD_STATE_ON_THRESHOLD };
	struct cpod_history history = live_through (events, 2);

	(void) state;
	assert_states (&history, (const uint8_t[]) { 0, 1, 3 }, 3);
}

static void
a_failed_start_is_0_5 (void **state)
{
	static const enum cpod_state_event events[] = { CPOD_STATE_ON_EXIT_BAD };
	struct cpod_history history = live_through (events, 1);

	(void) state;
	assert_states (&history, (const uint8_t[]) { 0, 5 }, 2);
}

static void
the_history_keeps_the_last_128_states (void **state)
{
	struct cpod_history history = { 0 };

	(void) state;
	cpod_history_add_state (&history, STARTED);
	for (int i = 0; i < 200; i++)
		assert_true (cpod_history_add_state (&history, i % 2 == 0 ? HEALTHY : FAILING));
	assert_int_equal (history.n_states, 128);
	assert_int_equal (history.states[0], HEALTHY);
	assert_int_equal (history.states[127], FAILING);
	assert_false (cpod_history_add_state (&history, FAILING));
	assert_int_equal (history.n_states, 128);
	cpod_history_finish (&history);
	assert_int_equal (history.n_states, 0);
}

static void
an_equal_message_refreshes_the_time_of_the_last_error (void **state)
{
	struct cpod_history history = { 0 };

	(void) state;
	cpod_history_add_error (&history, "exit status 1", 10, 1);
	cpod_history_add_error (&history, "exit status 1", 20, 2);
	assert_int_equal (history.n_errors, 1);
	assert_int_equal (history.errors[0].sec, 20);
	assert_int_equal (history.errors[0].nsec, 2);
	cpod_history_add_error (&history, "exit status 2", 30, 3);
	cpod_history_add_error (&history, "exit status 1", 40, 4);
	assert_int_equal (history.n_errors, 3);
	assert_int_equal (history.errors[0].sec, 20);
	assert_string_equal (history.errors[2].message, "exit status 1");
	cpod_history_finish (&history);
}

static void
the_oldest_of_sixteen_errors_goes (void **state)
{
	struct cpod_history history = { 0 };
	char message[32];

	(void) state;
	for (int i = 0; i < 40; i++) {
		snprintf (message, sizeof (message), "exit status %d", i);
		cpod_history_add_error (&history, message, i, 0);
	}
	assert_int_equal (history.n_errors, 16);
	assert_string_equal (history.errors[0].message, "exit status 24");
	assert_string_equal (history.errors[15].message, "exit status 39");
	cpod_history_finish (&history);
}

static void
the_phase_is_folded_from_ends (void **state)
{
	static const struct {
		struct cpod_phase_facts facts;
		enum cpod_phase phase;
	} cases[] = {
		{ { .n_main = 2 }, CPOD_PHASE_PENDING },
		{ { .init_failed = true, .n_main = 2 }, CPOD_PHASE_FAILED },
		{ { .begun = true, .n_main = 2 }, CPOD_PHASE_RUNNING },
		{ { .begun = true, .n_main = 2, .n_over = 1, .n_bad = 1 }, CPOD_PHASE_RUNNING },
		{ { .begun = true, .n_main = 2, .n_over = 2 }, CPOD_PHASE_SUCCEEDED },
		{ { .begun = true, .n_main = 2, .n_over = 2, .n_bad = 1 }, CPOD_PHASE_FAILED },
		{ { .begun = true }, CPOD_PHASE_SUCCEEDED },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
		assert_int_equal (cpod_phase_fold (&cases[i].facts), cases[i].phase);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (every_cell_of_the_table_is_as_documented),
		cmocka_unit_test (the_numbers_of_the_states_are_those_of_the_interface),
		cmocka_unit_test (only_the_first_three_states_are_healthy),
		cmocka_unit_test (a_flap_is_0_1_2_1_2_3),
		cmocka_unit_test (unhealthy_at_threshold_one_is_0_1_3),
		cmocka_unit_test (a_failed_start_is_0_5),
		cmocka_unit_test (the_history_keeps_the_last_128_states),
		cmocka_unit_test (an_equal_message_refreshes_the_time_of_the_last_error),
		cmocka_unit_test (the_oldest_of_sixteen_errors_goes),
		cmocka_unit_test (the_phase_is_folded_from_ends),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
