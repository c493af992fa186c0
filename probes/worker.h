/* The prober's worker: when to attempt, and what the results mean.
 *
 * One worker per container and probe type. It is a pure state machine: it is told what happened and
 * what time it is, and answers with what to do and when to wake it next. It holds no descriptor,
 * reads no clock, runs nothing. The rules are those of Kubernetes' prober:
 *
 *   - The grid: attempts are due initialDelay after the container's start, then every period. Ticks
 *     missed while an attempt runs collapse into one attempt right after it; ticks missed while the
 *     worker is gated are lost.
 *   - The gate: the startup worker runs until the container counts as started, the others from then
 *     on. Readiness is attempted at once when the container becomes started.
 *   - Thresholds: identical results in a row are counted, 1 on a change; below the threshold the
 *     published result stays. A liveness failure at its threshold, and a startup result of either
 *     kind at its threshold, put the worker on hold until a new container comes.
 *   - An attempt that cannot be made (an error, not a failure) is tried up to three times; then it
 *     changes nothing.
 *   - A cancelled attempt is abandoned, not forgotten: until its end is reported no other one starts.
 */
#ifndef CPOD_PROBES_WORKER_H
#define CPOD_PROBES_WORKER_H

#include <cpod/cpod.h>
#include <stdbool.h>
#include <stdint.h>

#define CPOD_WORKER_MAX_TRIES 3u

enum cpod_probe_result {
	CPOD_RESULT_FAILURE = -1,
	CPOD_RESULT_UNKNOWN = 0,
	CPOD_RESULT_SUCCESS = 1,
};

/* Milliseconds. Thresholds are at least 1, period at least 1. */
struct cpod_probe_config {
	uint64_t initial_delay_ms, period_ms, timeout_ms;
	uint32_t success_threshold, failure_threshold;
};

enum cpod_worker_event_type {
	CPOD_WORKER_RUNNING,    /* a container runs, since event.since_ns (0: now); event.container tells incarnations
	                         * apart (not 0) */
	CPOD_WORKER_STARTED,    /* it counts as started: no startup probe, or it succeeded */
	CPOD_WORKER_STOPPED,    /* it runs no more; event.final: and will not be restarted */
	CPOD_WORKER_DELETING,   /* the pod is being stopped */
	CPOD_WORKER_END,        /* the pod has ended */
	CPOD_WORKER_RESULT,     /* event.attempt ended with event.outcome; also how a cancelled one ends */
	CPOD_WORKER_TIME,       /* the deadline has come; harmless at any other time */
};

enum cpod_worker_outcome {
	CPOD_OUTCOME_SUCCESS,
	CPOD_OUTCOME_FAILURE,
	CPOD_OUTCOME_ERROR,     /* the attempt could not be made */
};

struct cpod_worker_event {
	enum cpod_worker_event_type type;
	uint64_t container, since_ns;
	bool final;
	uint64_t attempt;
	enum cpod_worker_outcome outcome;
};

/* What to do, in this order. */
enum cpod_worker_action {
	CPOD_WORKER_CANCEL    = 1 << 0,  /* the running attempt; report its end with CPOD_WORKER_RESULT */
	CPOD_WORKER_COUNTED   = 1 << 1,  /* an attempt succeeded or failed: output.result, output.timed_out */
	CPOD_WORKER_ERRORED   = 1 << 2,  /* the last try of an attempt could not be made */
	CPOD_WORKER_PUBLISHED = 1 << 3,  /* worker.result has changed */
	CPOD_WORKER_THRESHOLD = 1 << 4,  /* a liveness or startup failure reached its threshold */
	CPOD_WORKER_START     = 1 << 5,  /* make an attempt, output.attempt */
};

struct cpod_worker_output {
	unsigned int actions;              /* enum cpod_worker_action */
	uint64_t attempt;
	enum cpod_probe_result result;     /* of the attempt that was counted */
	bool timed_out;
	uint64_t deadline_ns;              /* wake the worker then; CPOD_WORKER_NEVER: not needed */
};
#define CPOD_WORKER_NEVER UINT64_MAX

enum cpod_worker_attempt { CPOD_ATTEMPT_NONE, CPOD_ATTEMPT_RUNNING, CPOD_ATTEMPT_ABANDONED };

/* Read freely; written by the functions below only. */
struct cpod_probe_worker {
	enum cpod_probe_type type;
	struct cpod_probe_config config;

	enum cpod_probe_result result;     /* published */
	enum cpod_probe_result last;       /* of the last attempt counted; UNKNOWN before the first */
	uint32_t run;                      /* identical results in a row */
	bool running, started, on_hold, ended;

	uint64_t container;                /* the incarnation, 0 before the first */
	uint64_t start_ns;                 /* when it began to run */
	uint64_t next_ns;                  /* the next attempt is due */

	enum cpod_worker_attempt state;
	uint64_t attempt;                  /* number of the latest, from 1 */
	uint64_t timeout_ns;               /* RUNNING: when it is over */
	uint32_t tries;
};

void cpod_worker_init (struct cpod_probe_worker *worker, enum cpod_probe_type type,
                       const struct cpod_probe_config *config);

/* Tells the worker what happened at now_ns (CLOCK_MONOTONIC, never going back). Writes *ret wholly. */
void cpod_worker_step (struct cpod_probe_worker *worker, const struct cpod_worker_event *event, uint64_t now_ns,
                       struct cpod_worker_output *ret);

#endif
