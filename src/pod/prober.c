/* One probe of one container: the worker's decisions carried out.
 *
 * tell() steps the worker, arms the timer for its next deadline, and then does what it asks for, in
 * the order of enum cpod_worker_action. An attempt that ends at once (it could not be begun, or was
 * cancelled) is told to the worker in the same breath. Announcing an error or a state may call the
 * user, who may stop the pod: so before an attempt is begun the worker is asked again.
 */
#include "pod.h"

#include "src/base/error.h"

#include <stdlib.h>
#include <string.h>

static const char *const type_words[] = { "liveness", "readiness", "startup" };

/* ---- What an attempt's result means ------------------------------------------------------ */

/* Notes why an attempt failed. */
static void
note_failure (struct cpod_prober *prober, bool timed_out)
{
	const char *word = type_words[prober->worker.type];
	char text[CPOD_WORDS_MAX];

	if (timed_out) {
		cpod_words_duration (prober->worker.config.timeout_ms, text);
		cpod_container_error (prober->container, "%s probe: timed out after %s", word, text);
	} else if (prober->end.error.code != 0) {
		cpod_container_error (prober->container, "%s probe: %s", word, prober->end.error.message);
	} else {
		cpod_words_exit (&prober->end.exit, text);
		cpod_container_error (prober->container, "%s probe: %s", word, text);
	}
}

/* A result that the worker has counted: numbers, errors, states. */
static void
on_counted (struct cpod_prober *prober, const struct cpod_worker_output *out)
{
	bool failed = out->result == CPOD_RESULT_FAILURE;
	struct cpod_container *c = prober->container;

	prober->attempts++;
	prober->failures += failed;
	prober->last_exit = out->timed_out || prober->end.error.code != 0 ? -1 : prober->end.exit.code;
	if (failed)
		note_failure (prober, out->timed_out);
	if (out->actions & CPOD_WORKER_THRESHOLD)
		cpod_container_event (c, CPOD_STATE_ON_THRESHOLD);
	else if (prober->worker.type == CPOD_PROBE_LIVENESS)
		cpod_container_event (c, failed ? CPOD_STATE_ON_FAILURE : CPOD_STATE_ON_SUCCESS);
}

/* ---- Attempts ---------------------------------------------------------------------------- */

/* The attempt is over: its output becomes the last output. */
static void
take_output (struct cpod_prober *prober)
{
	free (prober->last_output);
	prober->last_output = prober->exec.output;
	prober->exec.output = NULL;
	prober->exec.output_len = 0;
	prober->container->n_ops--;
}

static void
on_attempt_done (struct cpod_probe_exec *exec, const struct cpod_probe_end *end)
{
	struct cpod_prober *prober = exec->data;
	struct cpod_container *c = prober->container;
	struct cpod_worker_event event = {
		.type = CPOD_WORKER_RESULT, .attempt = prober->attempt, .outcome = end->outcome,
	};

	prober->end = *end;
	take_output (prober);
	cpod_prober_tell (prober, &event, cpod_clock_ns ());
	cpod_container_release (c);
}

/* Begins the attempt that the worker asked for. True when it has ended at once: *ret_event says how. */
static bool
begin (struct cpod_prober *prober, uint64_t attempt, struct cpod_worker_event *ret_event)
{
	struct cpod_container *c = prober->container;
	struct cpod_probe_end end;

	if (prober->worker.state != CPOD_ATTEMPT_RUNNING || prober->worker.attempt != attempt)
		return false;
	prober->attempt = attempt;
	c->n_ops++;
	if (cpod_probe_exec_start (&prober->exec, c->rt, c->spec->probes[prober->worker.type].argv, &end) == 0)
		return false;
	prober->end = end;
	take_output (prober);
	*ret_event = (struct cpod_worker_event) {
		.type = CPOD_WORKER_RESULT, .attempt = attempt, .outcome = end.outcome,
	};
	return true;
}

/* Cancels the attempt, if the runtime can. True when it is gone: *ret_event says so to the worker. */
static bool
cancel (struct cpod_prober *prober, struct cpod_worker_event *ret_event)
{
	if (prober->exec.op.op && prober->container->pod->blocking)
		return false;
	if (prober->exec.op.op) {
		cpod_probe_exec_cancel (&prober->exec);
		take_output (prober);
	}
	*ret_event = (struct cpod_worker_event) {
		.type = CPOD_WORKER_RESULT, .attempt = prober->worker.attempt, .outcome = CPOD_OUTCOME_ERROR,
	};
	return true;
}

/* ---- The worker -------------------------------------------------------------------------- */

static void
arm (struct cpod_prober *prober, uint64_t deadline_ns)
{
	struct cpod_container *c = prober->container;

	if (deadline_ns == CPOD_WORKER_NEVER)
		cpod_loop_disarm (&prober->timer);
	else if (cpod_loop_arm (&c->pod->loop, &prober->timer, deadline_ns) < 0)
		cpod_container_error (c, "%s probe: out of memory, no further attempts", type_words[prober->worker.type]);
}

/* Does what out asks for. True when another event follows: *ret_event. */
static bool
act (struct cpod_prober *prober, const struct cpod_worker_output *out, uint64_t now_ns,
     struct cpod_worker_event *ret_event)
{
	bool follows = false;

	if (out->actions & CPOD_WORKER_CANCEL)
		follows = cancel (prober, ret_event);
	if (out->actions & CPOD_WORKER_COUNTED)
		on_counted (prober, out);
	if (out->actions & CPOD_WORKER_ERRORED)
		note_failure (prober, false);
	if ((out->actions & CPOD_WORKER_PUBLISHED) && prober->worker.type == CPOD_PROBE_STARTUP
	    && prober->worker.result == CPOD_RESULT_SUCCESS && !prober->worker.ended)
		cpod_container_started (prober->container, now_ns);
	if (out->actions & CPOD_WORKER_START)
		follows = begin (prober, out->attempt, ret_event);
	return follows;
}

void
cpod_prober_tell (struct cpod_prober *prober, const struct cpod_worker_event *event, uint64_t now_ns)
{
	struct cpod_worker_event next = *event;
	struct cpod_worker_output out;

	do {
		cpod_worker_step (&prober->worker, &next, now_ns, &out);
		arm (prober, out.deadline_ns);
	} while (act (prober, &out, now_ns, &next));
}

void
cpod_probers_tell (struct cpod_container *c, const struct cpod_worker_event *event, uint64_t now_ns)
{
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++)
		if (c->probers[type])
			cpod_prober_tell (c->probers[type], event, now_ns);
}

static void
on_timer (struct cpod_timer *timer, uint64_t now_ns)
{
	static const struct cpod_worker_event event = { .type = CPOD_WORKER_TIME };

	cpod_prober_tell (timer->data, &event, now_ns);
}

int
cpod_prober_create (struct cpod_container *c, enum cpod_probe_type type, struct cpod_prober **ret_prober,
                    struct cpod_error *err)
{
	struct cpod_prober *prober = calloc (1, sizeof (*prober));
	struct cpod_pod *pod = c->pod;

	if (!prober)
		return cpod_error_oom (err);
	prober->container = c;
	prober->last_exit = -1;
	cpod_worker_init (&prober->worker, type, &c->spec->probes[type].spec->config);
	prober->exec = (struct cpod_probe_exec) {
		.loop = &pod->loop, .async = pod->table->async, .done = on_attempt_done, .data = prober,
		.stdio = !pod->blocking && (pod->runtime->capabilities & CPOD_RT_CAP_STDIO), .out_fd = -1,
	};
	prober->timer = (struct cpod_timer) { .expired = on_timer, .data = prober };
	*ret_prober = prober;
	return 0;
}

void
cpod_prober_destroy (struct cpod_prober *prober)
{
	if (!prober)
		return;
	cpod_loop_disarm (&prober->timer);
	cpod_probe_exec_finish (&prober->exec);
	free (prober->last_output);
	free (prober);
}
