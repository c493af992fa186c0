/* The snapshot of a pod. Lists and texts are not copied: they are the controller's own, which is why
 * a snapshot is valid until the next call for the pod. */
#include "pod.h"

static struct cpod_probe_status
view_probe (const struct cpod_prober *prober)
{
	if (!prober)
		return (struct cpod_probe_status) { .last_output = "" };
	return (struct cpod_probe_status) {
		.configured = 1,
		.result = prober->worker->result,
		.attempts = prober->attempts,
		.failures = prober->failures,
		.consecutive = prober->worker->run,
		.last_exit = prober->last_exit,
		.last_output = prober->last_output ? prober->last_output : "",
	};
}

static struct cpod_container_status
view_container (const struct cpod_container *c)
{
	struct cpod_container_status view = {
		.name = c->spec->name,
		.id = c->machine->ran && c->id ? c->id : "",
		.init = c->spec->init,
		.running = c->machine->life == CPOD_LIFE_RUNNING,
		.ready = c->machine->ready,
		.restarts = c->machine->restarts,
		.states = c->history.states,
		.n_states = c->history.n_states,
		.errors = c->history.errors,
		.n_errors = c->history.n_errors,
		.ended = c->machine->ended,
		.exit = c->machine->exit,
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
		.phase = cpod_machine_phase (&pod->machine),
		.healthy = cpod_machine_healthy (&pod->machine),
		.containers = pod->view,
		.n_init = pod->n_init,
		.n_containers = pod->n_containers,
	};
	cpod_pod_view_details (pod, &pod->status);
	*ret_status = &pod->status;
	return 0;
}
