/* What the pod as a whole looks like: phase and conditions, folded from the machine's counts. */
#include "machine.h"

bool
cpod_machine_healthy (const struct cpod_machine *machine)
{
	return machine->n_unhealthy == 0;
}

enum cpod_phase
cpod_machine_phase (const struct cpod_machine *machine)
{
	size_t n_main = machine->n_containers - machine->n_init;
	struct cpod_phase_facts facts = {
		.init_failed = machine->init_failed || machine->deadline_exceeded,
		.begun = machine->stage >= CPOD_MACHINE_MAIN,
		.n_main = n_main,
		.n_over = machine->n_main_over,
		.n_bad = machine->n_main_bad,
	};

	/* Kubernetes calls a pod pending until every main container has run. */
	if (machine->spec->restart_policy != CPOD_RESTART_UNSET && machine->n_main_new > 0)
		facts.begun = false;
	/* Sidecars are still being stopped. */
	if (!facts.init_failed && facts.begun && machine->n_sidecars_left > 0)
		return CPOD_PHASE_RUNNING;
	return cpod_phase_fold (&facts);
}

/* Sidecars and main containers are ready, all of them. */
static bool
all_ready (const struct cpod_machine *machine)
{
	size_t n_sidecars = 0;

	for (size_t i = 0; i < machine->n_init; i++)
		n_sidecars += machine->containers[i].spec->sidecar;
	return machine->n_ready == n_sidecars + machine->n_containers - machine->n_init;
}

bool
cpod_machine_condition (const struct cpod_machine *machine, enum cpod_condition condition)
{
	enum cpod_phase phase = cpod_machine_phase (machine);

	switch (condition) {
	case CPOD_CONDITION_SCHEDULED:
		return true;
	case CPOD_CONDITION_READY_TO_START:
		return machine->stage == CPOD_MACHINE_INIT || machine->stage == CPOD_MACHINE_MAIN;
	case CPOD_CONDITION_INITIALIZED:
		return machine->stage >= CPOD_MACHINE_MAIN && !machine->init_failed;
	default:
		return (phase == CPOD_PHASE_PENDING || phase == CPOD_PHASE_RUNNING) && machine->stage == CPOD_MACHINE_MAIN
		       && all_ready (machine);
	}
}
