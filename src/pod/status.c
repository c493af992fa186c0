/* The snapshot of a pod. Lists and texts are not copied: they are the controller's own, which is why
 * a snapshot is valid until the next call for the pod. */
#include "pod.h"

enum cpod_phase
cpod_pod_phase (const struct cpod_pod *pod)
{
	struct cpod_phase_facts facts = {
		.init_failed = pod->init_failed,
		.begun = pod->stage == CPOD_POD_MAIN || pod->stage == CPOD_POD_ENDED,
		.n_main = pod->n_containers - pod->n_init,
	};

	for (size_t i = pod->n_init; i < pod->n_containers; i++) {
		const struct cpod_container *c = &pod->containers[i];

		facts.n_over += c->stage == CPOD_STAGE_OVER;
		facts.n_bad += c->stage == CPOD_STAGE_OVER && (!c->ended || c->exit.code != 0);
	}
	return cpod_phase_fold (&facts);
}

static struct cpod_probe_status
view_probe (const struct cpod_prober *prober)
{
	if (!prober)
		return (struct cpod_probe_status) { .last_output = "" };
	return (struct cpod_probe_status) {
		.configured = 1,
		.result = prober->worker.result,
		.attempts = prober->attempts,
		.failures = prober->failures,
		.consecutive = prober->worker.run,
		.last_exit = prober->last_exit,
		.last_output = prober->last_output ? prober->last_output : "",
	};
}

/* Started, and its readiness probe, if any, succeeds. */
static bool
is_ready (const struct cpod_container *c)
{
	const struct cpod_prober *readiness = c->probers[CPOD_PROBE_READINESS];

	return c->started && (!readiness || readiness->worker.result == CPOD_RESULT_SUCCESS);
}

static struct cpod_container_status
view_container (const struct cpod_container *c)
{
	struct cpod_container_status view = {
		.name = c->spec->name,
		.id = c->incarnation > 0 ? c->id : "",
		.init = c->spec->init,
		.running = c->stage == CPOD_STAGE_RUNNING,
		.ready = is_ready (c),
		.restarts = c->restarts,
		.states = c->history.states,
		.n_states = c->history.n_states,
		.errors = c->history.errors,
		.n_errors = c->history.n_errors,
		.ended = c->ended,
		.exit = c->exit,
	};

	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++)
		view.probes[type] = view_probe (c->probers[type]);
	return view;
}

int
cpod_pod_status (struct cpod_pod *pod, const struct cpod_status **ret_status, struct cpod_error *err)
{
	(void) err;
	for (size_t i = 0; i < pod->n_containers; i++)
		pod->view[i] = view_container (&pod->containers[i]);
	pod->status = (struct cpod_status) {
		.size = sizeof (pod->status),
		.name = pod->spec->name,
		.phase = cpod_pod_phase (pod),
		.healthy = pod->n_unhealthy == 0,
		.containers = pod->view,
		.n_init = pod->n_init,
		.n_containers = pod->n_containers,
	};
	*ret_status = &pod->status;
	return 0;
}
