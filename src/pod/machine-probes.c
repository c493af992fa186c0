/* What the workers' outputs mean to their container, and hooks.
 *
 * A startup probe that succeeds makes the container started; readiness makes it ready; a liveness or
 * startup probe at its failure threshold makes it TERMINAL and, where Kubernetes' rules hold, stops it
 * with the probe's own grace, else the pod's.
 */
#include "machine-parts.h"

/* ---- Started and ready ------------------------------------------------------------------- */

void
cpod_step_ready (struct cpod_step *step, struct cpod_machine_container *c)
{
	const struct cpod_probe_worker *readiness = c->workers[CPOD_PROBE_READINESS];
	bool ready = c->life == CPOD_LIFE_RUNNING && c->started
	             && (!readiness || readiness->result == CPOD_RESULT_SUCCESS);

	if (ready == c->ready)
		return;
	c->ready = ready;
	if (!c->spec->init || c->spec->sidecar)
		step->machine->n_ready += ready ? 1 : (size_t) -1;
}

/* From now on it counts as started. */
static void
become_started (struct cpod_step *step, struct cpod_machine_container *c)
{
	static const struct cpod_worker_event event = { .type = CPOD_WORKER_STARTED };

	if (c->life != CPOD_LIFE_RUNNING || c->started)
		return;
	c->started = true;
	cpod_step_state (step, c, CPOD_STATE_ON_STARTED);
	cpod_step_ready (step, c);
	cpod_step_workers (step, c, &event);
}

void
cpod_step_probes (struct cpod_step *step, struct cpod_machine_container *c)
{
	const struct cpod_worker_event event = {
		.type = CPOD_WORKER_RUNNING, .container = c->incarnation, .since_ns = c->run_ns,
	};

	if (!step->machine->stopping)
		cpod_step_workers (step, c, &event);
	if (!c->workers[CPOD_PROBE_STARTUP])
		become_started (step, c);
}

/* ---- Workers ----------------------------------------------------------------------------- */

/* A threshold was reached: Kubernetes stops the container. */
static void
stop_failing (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_probe_type type)
{
	const struct cpod_probe_spec *probe = c->spec->probes[type].spec;

	if (c->ruled)
		cpod_step_stop_one (step, c, probe->grace.set ? (uint64_t) probe->grace.value * 1000000000
		                                              : cpod_pod_grace (step->machine));
}

/* An attempt was counted, or could not be made. */
static void
tell_attempt (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_probe_type type,
              const struct cpod_worker_output *out)
{
	bool failed = out->result == CPOD_RESULT_FAILURE;
	struct cpod_action *action = cpod_step_act (step, CPOD_TELL_PROBE, c);

	action->probe = type;
	action->number = c->workers[type]->attempt;
	action->timed_out = out->timed_out;
	action->outcome = out->actions & CPOD_WORKER_ERRORED ? CPOD_OUTCOME_ERROR
	                  : failed                           ? CPOD_OUTCOME_FAILURE
	                                                     : CPOD_OUTCOME_SUCCESS;
	if (out->actions & CPOD_WORKER_ERRORED)
		return;
	if (out->actions & CPOD_WORKER_THRESHOLD)
		cpod_step_state (step, c, CPOD_STATE_ON_THRESHOLD);
	else if (type == CPOD_PROBE_LIVENESS)
		cpod_step_state (step, c, failed ? CPOD_STATE_ON_FAILURE : CPOD_STATE_ON_SUCCESS);
}

/* Does or asks for what the worker wants, in the order of enum cpod_worker_action. */
static void
follow (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_probe_type type,
        const struct cpod_worker_output *out)
{
	const struct cpod_probe_worker *worker = c->workers[type];
	struct cpod_action *action;

	if (out->actions & CPOD_WORKER_CANCEL) {
		action = cpod_step_act (step, CPOD_DO_CANCEL_ATTEMPT, c);
		action->probe = type;
		action->number = worker->attempt;
	}
	if (out->actions & (CPOD_WORKER_COUNTED | CPOD_WORKER_ERRORED))
		tell_attempt (step, c, type, out);
	if (out->actions & CPOD_WORKER_PUBLISHED && type == CPOD_PROBE_STARTUP && worker->result == CPOD_RESULT_SUCCESS
	    && !worker->ended)
		become_started (step, c);
	if (out->actions & CPOD_WORKER_PUBLISHED && type == CPOD_PROBE_READINESS)
		cpod_step_ready (step, c);
	if (out->actions & CPOD_WORKER_START) {
		action = cpod_step_act (step, CPOD_DO_ATTEMPT, c);
		action->probe = type;
		action->number = out->attempt;
	}
	if (out->actions & CPOD_WORKER_THRESHOLD)
		stop_failing (step, c, type);
}

void
cpod_step_worker (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_probe_type type,
                  const struct cpod_worker_event *event)
{
	struct cpod_worker_output out;

	cpod_worker_step (c->workers[type], event, step->now_ns, &out);
	c->worker_ns[type] = out.deadline_ns;
	cpod_step_touch (step, c);
	follow (step, c, type, &out);
}

void
cpod_step_workers (struct cpod_step *step, struct cpod_machine_container *c, const struct cpod_worker_event *event)
{
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++)
		if (c->workers[type])
			cpod_step_worker (step, c, (enum cpod_probe_type) type, event);
}

/* ---- Hooks ------------------------------------------------------------------------------- */

void
cpod_step_hook (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_hook hook)
{
	const struct cpod_hook_spec *spec = hook == CPOD_HOOK_POST_START ? c->spec->post_start.spec
	                                                                 : c->spec->pre_stop.spec;
	struct cpod_action *action;

	c->hook = hook;
	c->hook_number++;
	c->hook_end_ns = CPOD_MACHINE_NEVER;
	cpod_step_touch (step, c);
	if (spec->sleep) {   /* the machine's own deadline: nothing to carry out */
		c->hook_end_ns = step->now_ns + (uint64_t) spec->sleep->seconds.value * 1000000000;
		return;
	}
	action = cpod_step_act (step, CPOD_DO_HOOK, c);
	action->hook = hook;
	action->number = c->hook_number;
}

void
cpod_step_unhook (struct cpod_step *step, struct cpod_machine_container *c)
{
	struct cpod_action *action;

	if (c->hook == CPOD_HOOK_NONE)
		return;
	action = cpod_step_act (step, CPOD_DO_CANCEL_HOOK, c);
	action->hook = c->hook;
	action->number = c->hook_number;
	c->hook = CPOD_HOOK_NONE;
	cpod_step_touch (step, c);
}
