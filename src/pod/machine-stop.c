/* The stop of containers.
 *
 * Each goes its own way, in parallel: preStop, then its turn, then the stop signal, then SIGKILL. The
 * hook and the wait for the turn eat the grace; the signal gets what is left, but at least 2 s. Turns are
 * kept when the pod ends: a sidecar waits for every main container and for the sidecars behind it, a
 * main container for those that depend on it. A grace of 0 kills at once. What does not end after SIGKILL
 * (it sleeps in the kernel; its runtime does not keep its word) is given up when the pod ends, so that a
 * stop always ends.
 *
 * A native container has neither hooks nor the 2 s: its signal gets the grace as it is, and a native
 * init container is killed at once.
 */
#include "machine-parts.h"

#include <signal.h>

uint64_t
cpod_pod_grace (const struct cpod_machine *machine)
{
	return (uint64_t) machine->spec->grace_ms * 1000000;
}

static bool
is_alive (const struct cpod_machine_container *c)
{
	return c->life == CPOD_LIFE_STARTING || c->life == CPOD_LIFE_RUNNING;
}

/* Moves c on, and keeps the count of those that wait for their turn. */
static void
set_ending (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_ending ending)
{
	step->machine->n_turn -= c->ending == CPOD_ENDING_TURN;
	step->machine->n_turn += ending == CPOD_ENDING_TURN;
	c->ending = ending;
	cpod_step_touch (step, c);
}

static void
kill_now (struct cpod_step *step, struct cpod_machine_container *c)
{
	cpod_step_unhook (step, c);
	if (c->ending != CPOD_ENDING_KILLED)
		c->kill_ns = step->now_ns + step->machine->overdue_ns;
	set_ending (step, c, CPOD_ENDING_KILLED);
	cpod_step_act (step, CPOD_DO_SIGNAL, c)->signal = SIGKILL;
}

/* ---- Turns ------------------------------------------------------------------------------- */

/* True when a main container that depends on c is alive. */
static bool
is_needed (const struct cpod_machine *machine, const struct cpod_machine_container *c)
{
	size_t index = (size_t) (c - machine->containers);

	for (size_t i = machine->n_init; machine->has_depends && i < machine->n_containers; i++)
		for (size_t k = 0; is_alive (&machine->containers[i]) && k < machine->containers[i].spec->n_depends; k++)
			if (machine->containers[i].spec->depends[k].container == index)
				return true;
	return false;
}

/* True when others must be over before c gets its signal. */
static bool
must_wait (const struct cpod_machine *machine, const struct cpod_machine_container *c)
{
	size_t index = (size_t) (c - machine->containers);

	if (!c->ordered)
		return false;
	if (!c->spec->init)
		return is_needed (machine, c);
	if (!c->spec->sidecar)
		return false;
	for (size_t i = index + 1; i < machine->n_init; i++)
		if (machine->containers[i].spec->sidecar && is_alive (&machine->containers[i]))
			return true;
	return machine->n_main_alive > 0;
}

/* The stop signal, with what is left of the grace. */
static void
send_signal (struct cpod_step *step, struct cpod_machine_container *c)
{
	uint64_t left = c->grace_end_ns > step->now_ns ? c->grace_end_ns - step->now_ns : 0;

	if (c->ruled && left < CPOD_MIN_GRACE_NS)
		left = CPOD_MIN_GRACE_NS;
	c->kill_ns = step->now_ns + left;
	set_ending (step, c, CPOD_ENDING_SIGNALED);
	cpod_step_act (step, CPOD_DO_SIGNAL, c)->signal = c->spec->stop_signal ? c->spec->stop_signal : SIGTERM;
}

static void
take_turn (struct cpod_step *step, struct cpod_machine_container *c)
{
	if (must_wait (step->machine, c) && step->now_ns < c->grace_end_ns)
		set_ending (step, c, CPOD_ENDING_TURN);
	else
		send_signal (step, c);
}

void
cpod_step_turns (struct cpod_step *step)
{
	struct cpod_machine *machine = step->machine;

	for (size_t i = machine->n_containers; machine->n_turn > 0 && i-- > 0;)
		if (machine->containers[i].ending == CPOD_ENDING_TURN && !must_wait (machine, &machine->containers[i]))
			send_signal (step, &machine->containers[i]);
}

/* ---- One container ----------------------------------------------------------------------- */

/* It runs: preStop, or what follows it. */
static void
begin (struct cpod_step *step, struct cpod_machine_container *c)
{
	cpod_step_unhook (step, c);
	if (!c->ruled && c->spec->init) {
		kill_now (step, c);
	} else if (c->spec->pre_stop.spec && c->grace_end_ns > step->now_ns) {
		set_ending (step, c, CPOD_ENDING_HOOK);
		cpod_step_hook (step, c, CPOD_HOOK_PRE_STOP);
	} else {
		take_turn (step, c);
	}
}

/* The stop is under way: it may only become shorter. */
static void
shorten (struct cpod_step *step, struct cpod_machine_container *c, uint64_t end_ns)
{
	if (end_ns < c->grace_end_ns)
		c->grace_end_ns = end_ns;
	if (c->ending == CPOD_ENDING_SIGNALED && end_ns < c->kill_ns)
		c->kill_ns = end_ns;
	cpod_step_touch (step, c);
}

static void
stop (struct cpod_step *step, struct cpod_machine_container *c, uint64_t grace_ns)
{
	uint64_t end_ns = grace_ns < CPOD_MACHINE_NEVER / 4 ? step->now_ns + grace_ns : CPOD_MACHINE_NEVER / 2;

	if (c->ending == CPOD_ENDING_NONE)
		c->grace_end_ns = end_ns;
	if (c->ending != CPOD_ENDING_NONE)
		shorten (step, c, end_ns);
	else if (c->life == CPOD_LIFE_STARTING)
		set_ending (step, c, CPOD_ENDING_LATER);
	else
		begin (step, c);
}

void
cpod_step_stop_one (struct cpod_step *step, struct cpod_machine_container *c, uint64_t grace_ns)
{
	if (!is_alive (c) || c->ending != CPOD_ENDING_NONE)
		return;
	c->ordered = false;
	stop (step, c, grace_ns);
}

void
cpod_step_stop_later (struct cpod_step *step, struct cpod_machine_container *c)
{
	if (c->ending == CPOD_ENDING_KILLED || step->now_ns >= c->grace_end_ns)
		kill_now (step, c);
	else
		begin (step, c);
}

void
cpod_step_stop_hooked (struct cpod_step *step, struct cpod_machine_container *c)
{
	if (c->ending == CPOD_ENDING_HOOK)
		take_turn (step, c);
}

/* ---- The pod ----------------------------------------------------------------------------- */

/* One container when the pod ends. */
static void
stop_with_pod (struct cpod_step *step, struct cpod_machine_container *c, uint64_t grace_ns, bool at_once)
{
	if (c->life == CPOD_LIFE_BACKOFF)
		cpod_step_over (step, c);
	if (!is_alive (c))
		return;
	c->ordered = true;
	if (at_once)
		kill_now (step, c);
	else
		stop (step, c, grace_ns);
}

void
cpod_step_stop_all (struct cpod_step *step, uint64_t grace_ns)
{
	static const struct cpod_worker_event deleting = { .type = CPOD_WORKER_DELETING };
	struct cpod_machine *machine = step->machine;
	bool at_once = grace_ns == 0;

	for (size_t i = 0; i < machine->n_containers && !machine->stopping; i++)
		cpod_step_workers (step, &machine->containers[i], &deleting);
	machine->stopping = true;
	for (size_t i = 0; i < machine->n_containers; i++)
		stop_with_pod (step, &machine->containers[i], grace_ns, at_once);
}

void
cpod_step_stop_sidecars (struct cpod_step *step)
{
	static const struct cpod_worker_event deleting = { .type = CPOD_WORKER_DELETING };
	struct cpod_machine *machine = step->machine;

	if (machine->finishing)
		return;
	machine->finishing = true;
	for (size_t i = 0; i < machine->n_init && !machine->stopping; i++) {
		cpod_step_workers (step, &machine->containers[i], &deleting);
		stop_with_pod (step, &machine->containers[i], cpod_pod_grace (machine), false);
	}
}

/* ---- Deadlines --------------------------------------------------------------------------- */

uint64_t
cpod_stop_deadline (const struct cpod_machine_container *c)
{
	switch (c->ending) {
	case CPOD_ENDING_LATER:
	case CPOD_ENDING_HOOK:
	case CPOD_ENDING_TURN:
		return c->grace_end_ns;
	case CPOD_ENDING_SIGNALED:
		return c->kill_ns;
	case CPOD_ENDING_KILLED:
		return c->ordered ? c->kill_ns : CPOD_MACHINE_NEVER;
	default:
		return CPOD_MACHINE_NEVER;
	}
}

void
cpod_step_stop_time (struct cpod_step *step, struct cpod_machine_container *c)
{
	struct cpod_action *action;

	if (step->now_ns < cpod_stop_deadline (c))
		return;
	if (c->ending == CPOD_ENDING_LATER || c->ending == CPOD_ENDING_SIGNALED) {
		kill_now (step, c);
		return;
	}
	if (c->ending == CPOD_ENDING_KILLED) {
		c->kill_ns = CPOD_MACHINE_NEVER;
		cpod_step_act (step, CPOD_DO_LOSE, c);
		return;
	}
	if (c->ending == CPOD_ENDING_HOOK) {
		cpod_step_unhook (step, c);
		action = cpod_step_act (step, CPOD_TELL_HOOK, c);
		action->hook = CPOD_HOOK_PRE_STOP;
		action->timed_out = true;
	}
	send_signal (step, c);
}
