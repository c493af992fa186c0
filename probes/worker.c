/* The prober's worker (worker.h has the rules).
 *
 * A step has three stages: the event changes the worker (one function per event, by table); then,
 * if nothing is in the way and an attempt is due, it is begun; then the next deadline is worked out.
 */
#include "worker.h"

#include <string.h>

#define MS 1000000ull

/* The result that is published before any attempt. */
static enum cpod_probe_result
initial_result (enum cpod_probe_type type)
{
	static const enum cpod_probe_result results[] = {
		[CPOD_PROBE_LIVENESS] = CPOD_RESULT_SUCCESS,
		[CPOD_PROBE_READINESS] = CPOD_RESULT_FAILURE,
		[CPOD_PROBE_STARTUP] = CPOD_RESULT_UNKNOWN,
	};

	return results[type];
}

void
cpod_worker_init (struct cpod_probe_worker *worker, enum cpod_probe_type type,
                  const struct cpod_probe_config *config)
{
	memset (worker, 0, sizeof (*worker));
	worker->type = type;
	worker->config = *config;
	worker->result = initial_result (type);
}

static void
publish (struct cpod_probe_worker *worker, enum cpod_probe_result result, struct cpod_worker_output *out)
{
	if (worker->result == result)
		return;
	worker->result = result;
	out->actions |= CPOD_WORKER_PUBLISHED;
}

/* Asks the caller to cancel the attempt that runs, if any. */
static void
abandon (struct cpod_probe_worker *worker, struct cpod_worker_output *out)
{
	if (worker->state != CPOD_ATTEMPT_RUNNING)
		return;
	worker->state = CPOD_ATTEMPT_ABANDONED;
	out->actions |= CPOD_WORKER_CANCEL;
}

static uint64_t
first_tick (const struct cpod_probe_worker *worker)
{
	return worker->start_ns + worker->config.initial_delay_ms * MS;
}

/* The first tick of the grid that is not before now_ns. */
static uint64_t
tick_from (const struct cpod_probe_worker *worker, uint64_t now_ns)
{
	uint64_t first = first_tick (worker), period = worker->config.period_ms * MS;

	if (now_ns <= first)
		return first;
	return first + (now_ns - first + period - 1) / period * period;
}

/* True while the worker's type has something to do in the container's present life. */
static bool
gate_open (const struct cpod_probe_worker *worker)
{
	return worker->started != (worker->type == CPOD_PROBE_STARTUP);
}

/* Counts the result of an attempt and publishes it at its threshold. */
static void
count (struct cpod_probe_worker *worker, enum cpod_probe_result result, struct cpod_worker_output *out)
{
	uint32_t threshold = result == CPOD_RESULT_SUCCESS ? worker->config.success_threshold
	                                                   : worker->config.failure_threshold;

	out->actions |= CPOD_WORKER_COUNTED;
	out->result = result;
	worker->run = result == worker->last ? worker->run + 1 : 1;
	worker->last = result;
	if (worker->run < threshold)
		return;
	publish (worker, result, out);
	if (worker->type == CPOD_PROBE_READINESS)
		return;
	if (result == CPOD_RESULT_FAILURE)
		out->actions |= CPOD_WORKER_THRESHOLD;
	if (result == CPOD_RESULT_FAILURE || worker->type == CPOD_PROBE_STARTUP) {
		worker->on_hold = true;
		worker->run = 0;
	}
}

static void
begin (struct cpod_probe_worker *worker, uint64_t now_ns, struct cpod_worker_output *out)
{
	worker->state = CPOD_ATTEMPT_RUNNING;
	worker->attempt++;
	worker->tries++;
	worker->timeout_ns = now_ns + worker->config.timeout_ms * MS;
	out->attempt = worker->attempt;
	out->actions |= CPOD_WORKER_START;
}

/* ---- One function per event -------------------------------------------------------------- */

static void
on_running (struct cpod_probe_worker *worker, const struct cpod_worker_event *event, uint64_t now_ns,
            struct cpod_worker_output *out)
{
	if (event->container == worker->container)
		return;
	abandon (worker, out);
	worker->container = event->container;
	worker->running = true;
	worker->started = false;
	worker->on_hold = false;
	worker->last = CPOD_RESULT_UNKNOWN;
	worker->run = 0;
	worker->start_ns = event->since_ns ? event->since_ns : now_ns;
	worker->next_ns = first_tick (worker);
	publish (worker, initial_result (worker->type), out);
}

static void
on_started (struct cpod_probe_worker *worker, const struct cpod_worker_event *event, uint64_t now_ns,
            struct cpod_worker_output *out)
{
	(void) event;
	(void) out;
	if (!worker->running || worker->started)
		return;
	worker->started = true;
	worker->next_ns = tick_from (worker, now_ns);
	if (worker->type == CPOD_PROBE_READINESS && now_ns >= first_tick (worker))
		worker->next_ns = now_ns;
}

static void
on_stopped (struct cpod_probe_worker *worker, const struct cpod_worker_event *event, uint64_t now_ns,
            struct cpod_worker_output *out)
{
	(void) now_ns;
	abandon (worker, out);
	worker->running = worker->started = false;
	worker->ended = event->final;
	publish (worker, CPOD_RESULT_FAILURE, out);
}

static void
on_deleting (struct cpod_probe_worker *worker, const struct cpod_worker_event *event, uint64_t now_ns,
             struct cpod_worker_output *out)
{
	(void) event;
	(void) now_ns;
	if (worker->type == CPOD_PROBE_READINESS)
		return;
	abandon (worker, out);
	worker->ended = true;
	publish (worker, CPOD_RESULT_SUCCESS, out);
}

static void
on_end (struct cpod_probe_worker *worker, const struct cpod_worker_event *event, uint64_t now_ns,
        struct cpod_worker_output *out)
{
	(void) event;
	(void) now_ns;
	abandon (worker, out);
	worker->ended = true;
}

static void
on_result (struct cpod_probe_worker *worker, const struct cpod_worker_event *event, uint64_t now_ns,
           struct cpod_worker_output *out)
{
	bool abandoned = worker->state == CPOD_ATTEMPT_ABANDONED;

	if (worker->state == CPOD_ATTEMPT_NONE || event->attempt != worker->attempt)
		return;
	worker->state = CPOD_ATTEMPT_NONE;
	if (abandoned)
		return;
	if (event->outcome != CPOD_OUTCOME_ERROR)
		count (worker, event->outcome == CPOD_OUTCOME_SUCCESS ? CPOD_RESULT_SUCCESS : CPOD_RESULT_FAILURE, out);
	else if (worker->tries < CPOD_WORKER_MAX_TRIES)
		begin (worker, now_ns, out);
	else
		out->actions |= CPOD_WORKER_ERRORED;
}

static void
on_time (struct cpod_probe_worker *worker, const struct cpod_worker_event *event, uint64_t now_ns,
         struct cpod_worker_output *out)
{
	(void) event;
	if (worker->state != CPOD_ATTEMPT_RUNNING || now_ns < worker->timeout_ns)
		return;
	abandon (worker, out);
	out->timed_out = true;
	count (worker, CPOD_RESULT_FAILURE, out);
}

/* ---- The step ---------------------------------------------------------------------------- */

typedef void event_fn (struct cpod_probe_worker *worker, const struct cpod_worker_event *event, uint64_t now_ns,
                       struct cpod_worker_output *out);

static const struct {
	event_fn *handle;
	bool after_end;        /* also for a worker that has ended */
} events[] = {
	[CPOD_WORKER_RUNNING]  = { on_running, false },
	[CPOD_WORKER_STARTED]  = { on_started, false },
	[CPOD_WORKER_STOPPED]  = { on_stopped, false },
	[CPOD_WORKER_DELETING] = { on_deleting, false },
	[CPOD_WORKER_END]      = { on_end, false },
	[CPOD_WORKER_RESULT]   = { on_result, true },
	[CPOD_WORKER_TIME]     = { on_time, false },
};

/* Nothing but the time is in the way of an attempt. */
static bool
wants_attempt (const struct cpod_probe_worker *worker)
{
	return worker->running && !worker->ended && !worker->on_hold && gate_open (worker)
	       && worker->state == CPOD_ATTEMPT_NONE;
}

static uint64_t
next_deadline (const struct cpod_probe_worker *worker)
{
	if (worker->state == CPOD_ATTEMPT_RUNNING)
		return worker->timeout_ns;
	return wants_attempt (worker) ? worker->next_ns : CPOD_WORKER_NEVER;
}

void
cpod_worker_step (struct cpod_probe_worker *worker, const struct cpod_worker_event *event, uint64_t now_ns,
                  struct cpod_worker_output *ret)
{
	memset (ret, 0, sizeof (*ret));
	if (!worker->ended || events[event->type].after_end)
		events[event->type].handle (worker, event, now_ns, ret);
	if (wants_attempt (worker) && now_ns >= worker->next_ns) {
		worker->next_ns = tick_from (worker, now_ns + 1);
		worker->tries = 0;
		begin (worker, now_ns, ret);
	}
	ret->deadline_ns = next_deadline (worker);
}
