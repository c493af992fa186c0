/* The order of things: init containers one after the other, sidecars as soon as they have started, then
 * the main containers, as dependsOn and postStart let them; the end of the pod.
 *
 * cpod_step_advance is called at the end of every step. It decides from the machine's fields alone, each
 * time anew, until nothing more follows.
 */
#include "machine-parts.h"

#define NONE SIZE_MAX

/* ---- What will never start --------------------------------------------------------------- */

/* c will never start; says why, and whose fault it is. */
static void
give_up (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_never never, size_t culprit)
{
	struct cpod_action *action;

	if (c->life != CPOD_LIFE_WAITING)
		return;
	cpod_step_over (step, c);
	if (c->spec->init)
		return;
	action = cpod_step_act (step, CPOD_TELL_NEVER, c);
	action->never = never;
	action->culprit = culprit;
	cpod_step_state (step, c, CPOD_STATE_ON_INIT_FAILED);
}

/* No main container will start. culprit: the init container that failed, or NONE: a stop. */
static void
fail_pod (struct cpod_step *step, size_t culprit)
{
	struct cpod_machine *machine = step->machine;

	machine->init_failed = true;
	for (size_t i = 0; i < machine->n_containers; i++)
		give_up (step, &machine->containers[i], culprit == NONE ? CPOD_NEVER_STOPPED : CPOD_NEVER_INIT, culprit);
	cpod_step_stop_sidecars (step);
}

/* ---- Init containers --------------------------------------------------------------------- */

/* The init container whose turn it is lets the next one go. */
static bool
is_passed (const struct cpod_machine_container *c)
{
	if (c->spec->sidecar)
		return c->started || c->life == CPOD_LIFE_OVER;
	return c->life == CPOD_LIFE_OVER && c->exit.code == 0;
}

/* One move among the init containers; false: there is nothing to do now. */
static bool
move_init (struct cpod_step *step)
{
	struct cpod_machine *machine = step->machine;
	size_t next = machine->next_init;
	struct cpod_machine_container *c = &machine->containers[next];

	if (next < machine->n_init && is_passed (c))
		machine->next_init++;
	else if (next < machine->n_init && c->life == CPOD_LIFE_OVER)
		fail_pod (step, next);
	else if (next < machine->n_init && c->life != CPOD_LIFE_WAITING)
		return false;
	else if (machine->stopping)
		fail_pod (step, NONE);
	else if (next < machine->n_init)
		cpod_step_start (step, c);
	else
		machine->stage = CPOD_MACHINE_MAIN;
	return true;
}

/* ---- Main containers --------------------------------------------------------------------- */

enum verdict { VERDICT_GO, VERDICT_WAIT, VERDICT_NEVER };

/* What one dependency says. on: the container depended on. */
static enum verdict
ask (const struct cpod_machine_container *on, enum cpod_dependency_condition condition)
{
	const struct cpod_probe_worker *liveness = on->workers[CPOD_PROBE_LIVENESS];
	bool met = false;

	if (condition == CPOD_DEPENDS_STARTED)
		met = on->ran && on->hook != CPOD_HOOK_POST_START;
	else if (condition == CPOD_DEPENDS_HEALTHY)
		met = on->ready && (!liveness || liveness->last == CPOD_RESULT_SUCCESS);
	else
		met = on->life == CPOD_LIFE_OVER && on->ended && on->exit.code == 0;
	if (met)
		return VERDICT_GO;
	return on->life == CPOD_LIFE_OVER ? VERDICT_NEVER : VERDICT_WAIT;
}

/* What all of c's dependencies say; *ret_culprit: the one that says never. */
static enum verdict
ask_all (const struct cpod_machine *machine, const struct cpod_machine_container *c, size_t *ret_culprit)
{
	enum verdict verdict = VERDICT_GO, one;

	for (size_t i = 0; i < c->spec->n_depends; i++) {
		const struct cpod_dependency *dependency = &c->spec->depends[i];

		one = ask (&machine->containers[dependency->container], dependency->condition);
		if (one > verdict) {
			verdict = one;
			*ret_culprit = dependency->container;
		}
	}
	return verdict;
}

/* True while the postStart hook of a main container holds the next ones back. */
static bool
gate_closed (struct cpod_machine *machine)
{
	const struct cpod_machine_container *c;

	if (machine->gate == NONE)
		return false;
	c = &machine->containers[machine->gate];
	if (c->life == CPOD_LIFE_STARTING || c->hook == CPOD_HOOK_POST_START)
		return true;
	machine->gate = NONE;
	return false;
}

/* Starts, or gives up, each main container that may be; true when one was given up: others may depend on it. */
static bool
start_main (struct cpod_step *step)
{
	struct cpod_machine *machine = step->machine;
	bool gave_up = false;

	for (size_t i = machine->n_init; i < machine->n_containers && machine->n_main_waiting > 0; i++) {
		struct cpod_machine_container *c = &machine->containers[i];
		size_t culprit = NONE;
		enum verdict verdict;

		if (c->life != CPOD_LIFE_WAITING)
			continue;
		verdict = ask_all (machine, c, &culprit);
		if (machine->stopping || verdict == VERDICT_NEVER) {
			give_up (step, c, machine->stopping ? CPOD_NEVER_STOPPED : CPOD_NEVER_DEPENDS, culprit);
			gave_up = true;
		} else if (verdict == VERDICT_GO && !gate_closed (machine)) {
			cpod_step_start (step, c);
			machine->gate = c->spec->post_start.spec ? i : machine->gate;
		}
	}
	return gave_up;
}

/* ---- The end ----------------------------------------------------------------------------- */

void
cpod_step_advance (struct cpod_step *step)
{
	struct cpod_machine *machine = step->machine;

	while (machine->stage == CPOD_MACHINE_INIT && !machine->init_failed && move_init (step))
		;
	while (machine->stage == CPOD_MACHINE_MAIN && machine->n_main_waiting > 0 && start_main (step))
		;
	if (machine->stage == CPOD_MACHINE_MAIN && machine->n_main_over == machine->n_containers - machine->n_init)
		cpod_step_stop_sidecars (step);
	cpod_step_turns (step);
	if (machine->n_over < machine->n_containers || (machine->stage != CPOD_MACHINE_MAIN && !machine->init_failed)
	    || machine->stage == CPOD_MACHINE_ENDED)
		return;
	machine->stage = CPOD_MACHINE_ENDED;
	cpod_step_act (step, CPOD_TELL_ENDED, NULL);
}
