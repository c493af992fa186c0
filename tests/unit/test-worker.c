/* The prober's worker on a virtual clock: the grid, the gate, thresholds, hold, retries, timeouts.
 * Links: probes/worker.c */
#include "probes/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define MS 1000000ull
#define EPOCH (77 * 1000 * MS)          /* virtual time 0; not a multiple of anything */
#define NEVER (-1)

#define CANCEL    CPOD_WORKER_CANCEL
#define COUNTED   CPOD_WORKER_COUNTED
#define ERRORED   CPOD_WORKER_ERRORED
#define PUBLISHED CPOD_WORKER_PUBLISHED
#define THRESHOLD CPOD_WORKER_THRESHOLD
#define START     CPOD_WORKER_START

struct sim {
	struct cpod_probe_worker worker;
	struct cpod_worker_output out;
};

/* One step at ms milliseconds; asserts the actions, the deadline (ms or NEVER) and the invariants. */
static void
step (struct sim *sim, int64_t ms, struct cpod_worker_event event, unsigned int actions, int64_t deadline_ms)
{
	struct cpod_probe_worker *worker = &sim->worker;

	cpod_worker_step (worker, &event, EPOCH + (uint64_t) ms * MS, &sim->out);
	assert_int_equal (sim->out.actions, actions);
	if (deadline_ms == NEVER)
		assert_true (sim->out.deadline_ns == CPOD_WORKER_NEVER);
	else
		assert_int_equal (sim->out.deadline_ns, EPOCH + (uint64_t) deadline_ms * MS);
	if (actions & START) {
		assert_int_equal (sim->out.attempt, worker->attempt);
		assert_int_equal (worker->state, CPOD_ATTEMPT_RUNNING);
		assert_true (worker->running && !worker->ended && !worker->on_hold);
	}
	assert_true (worker->tries <= CPOD_WORKER_MAX_TRIES);
}

static struct cpod_worker_event
running (uint64_t container)
{
	return (struct cpod_worker_event) { .type = CPOD_WORKER_RUNNING, .container = container };
}

static struct cpod_worker_event
plain (enum cpod_worker_event_type type)
{
	return (struct cpod_worker_event) { .type = type };
}

#define started() plain (CPOD_WORKER_STARTED)
#define timer()   plain (CPOD_WORKER_TIME)

static struct cpod_worker_event
stopped (bool final)
{
	return (struct cpod_worker_event) { .type = CPOD_WORKER_STOPPED, .final = final };
}

/* The end of the latest attempt. */
static struct cpod_worker_event
result (const struct sim *sim, enum cpod_worker_outcome outcome)
{
	return (struct cpod_worker_event) { .type = CPOD_WORKER_RESULT, .attempt = sim->worker.attempt,
		                            .outcome = outcome };
}

#define success(sim) result (sim, CPOD_OUTCOME_SUCCESS)
#define failure(sim) result (sim, CPOD_OUTCOME_FAILURE)
#define broken(sim)  result (sim, CPOD_OUTCOME_ERROR)

/* delay, period, timeout in milliseconds; thresholds. */
static struct sim
sim_new (enum cpod_probe_type type, uint64_t delay, uint64_t period, uint64_t timeout, uint32_t success_threshold,
         uint32_t failure_threshold)
{
	const struct cpod_probe_config config = { delay, period, timeout, success_threshold, failure_threshold };
	struct sim sim;

	cpod_worker_init (&sim.worker, type, &config);
	return sim;
}

/* ---- Before and at the start ------------------------------------------------------------- */

static void
initial_results_are_those_of_the_type (void **state)
{
	static const enum cpod_probe_result results[] = { CPOD_RESULT_SUCCESS, CPOD_RESULT_FAILURE, CPOD_RESULT_UNKNOWN };

	(void) state;
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++) {
		struct sim sim = sim_new ((enum cpod_probe_type) type, 0, 1000, 1000, 1, 3);

		assert_int_equal (sim.worker.result, results[type]);
		step (&sim, 0, timer (), 0, NEVER);
		assert_int_equal (sim.worker.result, results[type]);
	}
}

static void
every_type_attempts_at_once_when_it_may (void **state)
{
	(void) state;
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++) {
		struct sim sim = sim_new ((enum cpod_probe_type) type, 0, 1000, 500, 1, 3);

		if (type == CPOD_PROBE_STARTUP) {
			step (&sim, 0, running (1), START, 500);
		} else {
			step (&sim, 0, running (1), 0, NEVER);
			step (&sim, 0, started (), START, 500);
		}
		step (&sim, 10, success (&sim), COUNTED | (type == CPOD_PROBE_LIVENESS ? 0 : PUBLISHED),
		      type == CPOD_PROBE_STARTUP ? NEVER : 1000);
		assert_int_equal (sim.worker.result, CPOD_RESULT_SUCCESS);
	}
}

static void
the_initial_delay_counts_from_the_start_of_the_container (void **state)
{
	(void) state;
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++) {
		struct sim sim = sim_new ((enum cpod_probe_type) type, 2500, 1000, 500, 1, 3);

		step (&sim, 100, running (1), 0, type == CPOD_PROBE_STARTUP ? 2600 : NEVER);
		step (&sim, 100, started (), 0, type == CPOD_PROBE_STARTUP ? NEVER : 2600);
		if (type == CPOD_PROBE_STARTUP)
			continue;
		step (&sim, 2599, timer (), 0, 2600);
		step (&sim, 2600, timer (), START, 3100);
	}
}

/* ---- The grid ---------------------------------------------------------------------------- */

static void
attempts_stay_on_the_grid_however_long_they_take (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 1000, 1000, 1, 3);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 1000);
	for (int64_t k = 0; k < 60; k++) {
		step (&sim, k * 1000 + 900, success (&sim), COUNTED, (k + 1) * 1000);
		step (&sim, (k + 1) * 1000, timer (), START, (k + 2) * 1000);
	}
}

static void
a_late_wake_up_does_not_shift_the_grid (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 500, 1000, 1000, 1, 3);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), 0, 500);
	step (&sim, 530, timer (), START, 1530);
	step (&sim, 600, success (&sim), COUNTED, 1500);
}

static void
missed_ticks_collapse_into_one_attempt (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 1000, 10000, 1, 3);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 10000);
	step (&sim, 3700, success (&sim), COUNTED | START, 13700);
	step (&sim, 3800, success (&sim), COUNTED, 4000);
}

/* ---- The gate ---------------------------------------------------------------------------- */

static void
liveness_waits_for_started_and_then_for_the_next_tick (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 1000, 500, 1, 3);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 3000, timer (), 0, NEVER);
	step (&sim, 3200, started (), 0, 4000);
	step (&sim, 4000, timer (), START, 4500);
}

static void
readiness_is_attempted_at_once_when_started (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_READINESS, 0, 1000, 500, 1, 3);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 3200, started (), START, 3700);
	step (&sim, 3300, success (&sim), COUNTED | PUBLISHED, 4000);
}

static void
readiness_does_not_jump_over_its_initial_delay (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_READINESS, 5000, 1000, 500, 1, 3);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 3200, started (), 0, 5000);
	step (&sim, 5000, timer (), START, 5500);
}

static void
startup_is_skipped_once_started (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_STARTUP, 0, 1000, 500, 1, 3);

	(void) state;
	step (&sim, 0, running (1), START, 500);
	step (&sim, 10, success (&sim), COUNTED | PUBLISHED, NEVER);
	step (&sim, 10, started (), 0, NEVER);
	step (&sim, 2000, timer (), 0, NEVER);
}

static void
started_without_a_container_means_nothing (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 1000, 500, 1, 3);

	(void) state;
	step (&sim, 0, started (), 0, NEVER);
	step (&sim, 5, running (1), 0, NEVER);
	assert_false (sim.worker.started);
}

/* ---- Thresholds -------------------------------------------------------------------------- */

static void
below_the_failure_threshold_the_published_result_stays (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_READINESS, 0, 1000, 500, 1, 3);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	step (&sim, 1, success (&sim), COUNTED | PUBLISHED, 1000);
	for (int k = 1; k <= 2; k++) {
		step (&sim, k * 1000, timer (), START, k * 1000 + 500);
		step (&sim, k * 1000 + 1, failure (&sim), COUNTED, (k + 1) * 1000);
		assert_int_equal (sim.worker.result, CPOD_RESULT_SUCCESS);
		assert_int_equal (sim.worker.run, k);
	}
	step (&sim, 3000, timer (), START, 3500);
	step (&sim, 3001, failure (&sim), COUNTED | PUBLISHED, 4000);
	assert_int_equal (sim.worker.result, CPOD_RESULT_FAILURE);
	assert_false (sim.worker.on_hold);
}

static void
a_success_starts_the_count_of_failures_anew (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 1000, 500, 1, 3);
	static const struct { bool ok; unsigned int actions; uint32_t run; } turns[] = {
		{ false, COUNTED, 1 }, { false, COUNTED, 2 }, { true, COUNTED, 1 }, { false, COUNTED, 1 },
		{ false, COUNTED, 2 }, { false, COUNTED | PUBLISHED | THRESHOLD, 0 },
	};

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	for (int64_t i = 0; i < 6; i++) {
		step (&sim, i * 1000 + 1, turns[i].ok ? success (&sim) : failure (&sim), turns[i].actions,
		      i < 5 ? (i + 1) * 1000 : NEVER);
		assert_int_equal (sim.worker.run, turns[i].run);
		if (i < 5)
			step (&sim, (i + 1) * 1000, timer (), START, (i + 1) * 1000 + 500);
	}
}

static void
readiness_needs_its_success_threshold (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_READINESS, 0, 1000, 500, 3, 1);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	step (&sim, 1, success (&sim), COUNTED, 1000);
	step (&sim, 1000, timer (), START, 1500);
	step (&sim, 1001, success (&sim), COUNTED, 2000);
	assert_int_equal (sim.worker.result, CPOD_RESULT_FAILURE);
	step (&sim, 2000, timer (), START, 2500);
	step (&sim, 2001, success (&sim), COUNTED | PUBLISHED, 3000);
	step (&sim, 3000, timer (), START, 3500);
	step (&sim, 3001, failure (&sim), COUNTED | PUBLISHED, 4000);
	assert_int_equal (sim.worker.result, CPOD_RESULT_FAILURE);
}

static void
a_startup_failure_at_its_threshold_is_published_and_holds (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_STARTUP, 0, 1000, 500, 1, 2);

	(void) state;
	step (&sim, 0, running (1), START, 500);
	step (&sim, 1, failure (&sim), COUNTED, 1000);
	assert_int_equal (sim.worker.result, CPOD_RESULT_UNKNOWN);
	step (&sim, 1000, timer (), START, 1500);
	step (&sim, 1001, failure (&sim), COUNTED | PUBLISHED | THRESHOLD, NEVER);
	assert_int_equal (sim.worker.result, CPOD_RESULT_FAILURE);
	assert_true (sim.worker.on_hold);
	assert_int_equal (sim.worker.run, 0);
}

static void
a_startup_success_holds_with_its_counter_at_0 (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_STARTUP, 0, 1000, 500, 1, 2);

	(void) state;
	step (&sim, 0, running (1), START, 500);
	step (&sim, 1, failure (&sim), COUNTED, 1000);
	step (&sim, 1000, timer (), START, 1500);
	step (&sim, 1001, success (&sim), COUNTED | PUBLISHED, NEVER);
	assert_true (sim.worker.on_hold);
	assert_int_equal (sim.worker.run, 0);
	step (&sim, 5000, timer (), 0, NEVER);
}

/* ---- Hold and new containers ------------------------------------------------------------- */

static void
liveness_is_on_hold_until_a_new_container (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 1000, 500, 1, 1);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	step (&sim, 1, failure (&sim), COUNTED | PUBLISHED | THRESHOLD, NEVER);
	step (&sim, 9000, timer (), 0, NEVER);
	step (&sim, 9500, running (1), 0, NEVER);
	step (&sim, 10000, running (2), PUBLISHED, NEVER);
	assert_int_equal (sim.worker.result, CPOD_RESULT_SUCCESS);
	step (&sim, 10000, started (), START, 10500);
	step (&sim, 10001, success (&sim), COUNTED, 11000);
}

static void
a_new_container_forgets_results_and_counts (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_READINESS, 0, 1000, 500, 1, 3);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	step (&sim, 1, success (&sim), COUNTED | PUBLISHED, 1000);
	step (&sim, 300, stopped (false), PUBLISHED, NEVER);
	step (&sim, 400, running (2), 0, NEVER);
	assert_int_equal (sim.worker.result, CPOD_RESULT_FAILURE);
	assert_int_equal (sim.worker.run, 0);
	assert_int_equal (sim.worker.last, CPOD_RESULT_UNKNOWN);
	assert_false (sim.worker.started);
}

static void
the_grid_begins_anew_with_a_new_container (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_STARTUP, 100, 1000, 500, 1, 9);

	(void) state;
	step (&sim, 0, running (1), 0, 100);
	step (&sim, 100, timer (), START, 600);
	step (&sim, 200, failure (&sim), COUNTED, 1100);
	step (&sim, 350, stopped (false), PUBLISHED, NEVER);
	step (&sim, 350, running (2), PUBLISHED, 450);
	assert_int_equal (sim.worker.result, CPOD_RESULT_UNKNOWN);
}

static void
a_late_result_of_a_previous_container_is_discarded (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 1000, 500, 1, 1);
	struct cpod_worker_event late;

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	late = failure (&sim);
	step (&sim, 100, stopped (false), CANCEL | PUBLISHED, NEVER);
	step (&sim, 200, running (2), PUBLISHED, NEVER);
	/* No new call before the old one has returned. */
	step (&sim, 200, started (), 0, NEVER);
	step (&sim, 1700, timer (), 0, NEVER);
	step (&sim, 1800, late, START, 2300);
	assert_int_equal (sim.worker.result, CPOD_RESULT_SUCCESS);
	step (&sim, 1801, late, 0, 2300);
	step (&sim, 1900, success (&sim), COUNTED, 2200);
}

static void
a_container_that_replaces_a_running_one_cancels_its_attempt (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_STARTUP, 0, 1000, 500, 1, 3);

	(void) state;
	step (&sim, 0, running (1), START, 500);
	step (&sim, 100, running (2), CANCEL, NEVER);
	step (&sim, 101, failure (&sim), START, 601);
	assert_int_equal (sim.worker.run, 0);
}

/* ---- Timeouts and errors ----------------------------------------------------------------- */

static void
a_timeout_is_a_failure_and_cancels (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 10000, 2000, 1, 2);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 2000);
	step (&sim, 1999, timer (), 0, 2000);
	step (&sim, 2000, timer (), CANCEL | COUNTED, NEVER);
	assert_true (sim.out.timed_out);
	assert_int_equal (sim.out.result, CPOD_RESULT_FAILURE);
	step (&sim, 2000, failure (&sim), 0, 10000);
	assert_int_equal (sim.worker.run, 1);
	step (&sim, 10000, timer (), START, 12000);
	step (&sim, 12000, timer (), CANCEL | COUNTED | PUBLISHED | THRESHOLD, NEVER);
	step (&sim, 12000, failure (&sim), 0, NEVER);
}

static void
a_success_after_the_timeout_is_discarded (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_READINESS, 0, 1000, 500, 1, 1);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	step (&sim, 500, timer (), CANCEL | COUNTED, NEVER);
	/* The runtime could not cancel: four ticks pass, and none of them makes a second call. */
	for (int64_t ms = 1000; ms <= 4000; ms += 1000)
		step (&sim, ms, timer (), 0, NEVER);
	step (&sim, 4200, success (&sim), START, 4700);
	assert_int_equal (sim.worker.result, CPOD_RESULT_FAILURE);
}

static void
a_timeout_equal_to_the_period_attempts_again_at_once (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 1000, 1000, 1, 3);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 1000);
	step (&sim, 1000, timer (), CANCEL | COUNTED, NEVER);
	step (&sim, 1000, failure (&sim), START, 2000);
}

static void
an_attempt_that_errors_is_tried_three_times_and_changes_nothing (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 1000, 500, 1, 1);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	step (&sim, 10, broken (&sim), START, 510);
	step (&sim, 20, broken (&sim), START, 520);
	step (&sim, 30, broken (&sim), ERRORED, 1000);
	assert_int_equal (sim.worker.result, CPOD_RESULT_SUCCESS);
	assert_int_equal (sim.worker.run, 0);
	step (&sim, 1000, timer (), START, 1500);
	step (&sim, 1010, broken (&sim), START, 1510);
	step (&sim, 1020, failure (&sim), COUNTED | PUBLISHED | THRESHOLD, NEVER);
}

static void
an_error_between_two_failures_does_not_break_the_run (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 0, 1000, 500, 1, 2);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	step (&sim, 1, failure (&sim), COUNTED, 1000);
	step (&sim, 1000, timer (), START, 1500);
	step (&sim, 1001, broken (&sim), START, 1501);
	step (&sim, 1002, broken (&sim), START, 1502);
	step (&sim, 1003, broken (&sim), ERRORED, 2000);
	step (&sim, 2000, timer (), START, 2500);
	step (&sim, 2001, failure (&sim), COUNTED | PUBLISHED | THRESHOLD, NEVER);
}

/* ---- Ends -------------------------------------------------------------------------------- */

static void
a_container_that_stops_is_a_failure_and_ends_the_worker_for_good (void **state)
{
	(void) state;
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++) {
		struct sim sim = sim_new ((enum cpod_probe_type) type, 9000, 1000, 500, 1, 3);

		step (&sim, 0, running (1), 0, type == CPOD_PROBE_STARTUP ? 9000 : NEVER);
		step (&sim, 10, stopped (true), type == CPOD_PROBE_READINESS ? 0 : PUBLISHED, NEVER);
		assert_int_equal (sim.worker.result, CPOD_RESULT_FAILURE);
		step (&sim, 20, running (2), 0, NEVER);
		assert_true (sim.worker.ended);
	}
}

static void
deleting_ends_liveness_and_startup_with_success (void **state)
{
	static const enum cpod_probe_type types[] = { CPOD_PROBE_LIVENESS, CPOD_PROBE_STARTUP };

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		struct sim sim = sim_new (types[i], 0, 1000, 500, 1, 3);

		step (&sim, 0, running (1), types[i] == CPOD_PROBE_STARTUP ? START : 0, types[i] == CPOD_PROBE_STARTUP ? 500 : NEVER);
		if (types[i] == CPOD_PROBE_LIVENESS)
			step (&sim, 0, started (), START, 500);
		step (&sim, 5, plain (CPOD_WORKER_DELETING),
		      CANCEL | (types[i] == CPOD_PROBE_STARTUP ? PUBLISHED : 0), NEVER);
		assert_int_equal (sim.worker.result, CPOD_RESULT_SUCCESS);
		step (&sim, 6, failure (&sim), 0, NEVER);
		step (&sim, 1000, timer (), 0, NEVER);
		assert_int_equal (sim.worker.result, CPOD_RESULT_SUCCESS);
	}
}

static void
readiness_goes_on_while_the_pod_is_being_deleted (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_READINESS, 0, 1000, 500, 1, 1);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	step (&sim, 1, success (&sim), COUNTED | PUBLISHED, 1000);
	step (&sim, 5, plain (CPOD_WORKER_DELETING), 0, 1000);
	step (&sim, 1000, timer (), START, 1500);
	step (&sim, 1001, failure (&sim), COUNTED | PUBLISHED, 2000);
}

static void
the_end_of_the_pod_ends_the_worker_as_it_is (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_READINESS, 0, 1000, 500, 1, 1);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), START, 500);
	step (&sim, 1, plain (CPOD_WORKER_END), CANCEL, NEVER);
	step (&sim, 2, success (&sim), 0, NEVER);
	assert_int_equal (sim.worker.result, CPOD_RESULT_FAILURE);
}

static void
milliseconds_are_kept_below_a_second (void **state)
{
	struct sim sim = sim_new (CPOD_PROBE_LIVENESS, 50, 100, 20, 1, 3);

	(void) state;
	step (&sim, 0, running (1), 0, NEVER);
	step (&sim, 0, started (), 0, 50);
	step (&sim, 50, timer (), START, 70);
	step (&sim, 60, success (&sim), COUNTED, 150);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (initial_results_are_those_of_the_type),
		cmocka_unit_test (every_type_attempts_at_once_when_it_may),
		cmocka_unit_test (the_initial_delay_counts_from_the_start_of_the_container),
		cmocka_unit_test (attempts_stay_on_the_grid_however_long_they_take),
		cmocka_unit_test (a_late_wake_up_does_not_shift_the_grid),
		cmocka_unit_test (missed_ticks_collapse_into_one_attempt),
		cmocka_unit_test (liveness_waits_for_started_and_then_for_the_next_tick),
		cmocka_unit_test (readiness_is_attempted_at_once_when_started),
		cmocka_unit_test (readiness_does_not_jump_over_its_initial_delay),
		cmocka_unit_test (startup_is_skipped_once_started),
		cmocka_unit_test (started_without_a_container_means_nothing),
		cmocka_unit_test (below_the_failure_threshold_the_published_result_stays),
		cmocka_unit_test (a_success_starts_the_count_of_failures_anew),
		cmocka_unit_test (readiness_needs_its_success_threshold),
		cmocka_unit_test (a_startup_failure_at_its_threshold_is_published_and_holds),
		cmocka_unit_test (a_startup_success_holds_with_its_counter_at_0),
		cmocka_unit_test (liveness_is_on_hold_until_a_new_container),
		cmocka_unit_test (a_new_container_forgets_results_and_counts),
		cmocka_unit_test (the_grid_begins_anew_with_a_new_container),
		cmocka_unit_test (a_late_result_of_a_previous_container_is_discarded),
		cmocka_unit_test (a_container_that_replaces_a_running_one_cancels_its_attempt),
		cmocka_unit_test (a_timeout_is_a_failure_and_cancels),
		cmocka_unit_test (a_success_after_the_timeout_is_discarded),
		cmocka_unit_test (a_timeout_equal_to_the_period_attempts_again_at_once),
		cmocka_unit_test (an_attempt_that_errors_is_tried_three_times_and_changes_nothing),
		cmocka_unit_test (an_error_between_two_failures_does_not_break_the_run),
		cmocka_unit_test (a_container_that_stops_is_a_failure_and_ends_the_worker_for_good),
		cmocka_unit_test (deleting_ends_liveness_and_startup_with_success),
		cmocka_unit_test (readiness_goes_on_while_the_pod_is_being_deleted),
		cmocka_unit_test (the_end_of_the_pod_ends_the_worker_as_it_is),
		cmocka_unit_test (milliseconds_are_kept_below_a_second),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
