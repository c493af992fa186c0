/* The machine's step, and a container's way from its start to its end (machine.h).
 *
 * A step has three stages: the event changes the machine (one function per event, by table); what
 * follows from that is worked out until nothing more does (machine-order.c); then each touched
 * container's next deadline is asked for.
 */
#include "machine-parts.h"

#include "src/base/error.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

/* ---- Actions ----------------------------------------------------------------------------- */

void
cpod_actions_finish (struct cpod_actions *actions)
{
	free (actions->items);
	*actions = (struct cpod_actions) { 0 };
}

/* Room for one more; false: memory is out. */
static bool
grow (struct cpod_actions *actions)
{
	size_t capacity = actions->capacity ? actions->capacity * 2 : 64;
	struct cpod_action *items;

	if (actions->n < actions->capacity)
		return true;
	items = realloc (actions->items, capacity * sizeof (*items));
	if (!items)
		return false;
	actions->items = items;
	actions->capacity = capacity;
	return true;
}

struct cpod_action *
cpod_step_act (struct cpod_step *step, enum cpod_action_type type, const struct cpod_machine_container *c)
{
	static _Thread_local struct cpod_action lost;   /* where the action goes that there is no memory for */
	struct cpod_actions *actions = step->actions;
	struct cpod_action *action = &lost;

	if (grow (actions))
		action = &actions->items[actions->n++];
	else
		actions->failed = true;
	*action = (struct cpod_action) {
		.type = type, .container = c ? (size_t) (c - step->machine->containers) : CPOD_MACHINE_POD,
	};
	return action;
}

bool
cpod_machine_wants (const struct cpod_machine *machine, const struct cpod_action *action)
{
	const struct cpod_machine_container *c;

	if (action->container == CPOD_MACHINE_POD)
		return true;
	c = &machine->containers[action->container];
	if (action->type == CPOD_DO_START)
		return c->life == CPOD_LIFE_STARTING && c->incarnation == action->number;
	if (action->type == CPOD_DO_ATTEMPT)
		return c->workers[action->probe]->state == CPOD_ATTEMPT_RUNNING
		       && c->workers[action->probe]->attempt == action->number;
	if (action->type == CPOD_DO_HOOK)
		return c->hook == action->hook && c->hook_number == action->number;
	return true;
}

/* ---- Deadlines --------------------------------------------------------------------------- */

void
cpod_step_touch (struct cpod_step *step, struct cpod_machine_container *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	c->next_dirty = step->machine->first_dirty;
	step->machine->first_dirty = (size_t) (c - step->machine->containers);
}

/* The nearest of c's deadlines. */
static uint64_t
deadline_of (const struct cpod_machine_container *c)
{
	uint64_t nearest = cpod_stop_deadline (c);

	if (c->life == CPOD_LIFE_BACKOFF && c->restart_ns < nearest)
		nearest = c->restart_ns;
	if (c->hook != CPOD_HOOK_NONE && c->hook_end_ns < nearest)
		nearest = c->hook_end_ns;
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++)
		if (c->workers[type] && c->worker_ns[type] < nearest)
			nearest = c->worker_ns[type];
	return nearest;
}

/* Asks for what the touched containers wait for. */
static void
ask_for_deadlines (struct cpod_step *step)
{
	struct cpod_machine *machine = step->machine;

	while (machine->first_dirty != NONE) {
		struct cpod_machine_container *c = &machine->containers[machine->first_dirty];
		uint64_t wake_ns = deadline_of (c);

		machine->first_dirty = c->next_dirty;
		c->dirty = false;
		if (wake_ns == c->wake_ns)
			continue;
		c->wake_ns = wake_ns;
		cpod_step_act (step, CPOD_DO_WAKE, c)->at_ns = wake_ns;
	}
}

/* ---- A container ------------------------------------------------------------------------- */

void
cpod_step_state (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_state_event event)
{
	enum cpod_state next = cpod_state_next (c->state, event);

	if (c->spec->init || next == c->state)
		return;
	step->machine->n_unhealthy += !cpod_state_healthy (next);
	step->machine->n_unhealthy -= !cpod_state_healthy (c->state);
	c->state = next;
	cpod_step_act (step, CPOD_TELL_STATE, c)->state = next;
}

void
cpod_step_start (struct cpod_step *step, struct cpod_machine_container *c)
{
	struct cpod_machine *machine = step->machine;

	if (c->life == CPOD_LIFE_BACKOFF) {
		c->restarts++;
		cpod_backoff_launched (&c->backoff, step->now_ns);
		cpod_step_state (step, c, CPOD_STATE_ON_RESTART);
	}
	machine->n_main_alive += !c->spec->init;
	machine->n_main_waiting -= !c->spec->init && c->life == CPOD_LIFE_WAITING;
	c->life = CPOD_LIFE_STARTING;
	c->incarnation++;
	c->start_failed = c->create_failed = c->hook_failed = false;
	cpod_step_act (step, CPOD_DO_START, c)->number = c->incarnation;
	cpod_step_touch (step, c);
}

void
cpod_step_over (struct cpod_step *step, struct cpod_machine_container *c)
{
	struct cpod_machine *machine = step->machine;

	if (c->life == CPOD_LIFE_OVER)
		return;
	if (!c->spec->init) {
		machine->n_main_waiting -= c->life == CPOD_LIFE_WAITING;
		machine->n_main_new -= !c->ran;
		machine->n_main_over++;
		machine->n_main_bad += !c->ended || c->exit.code != 0;
	}
	machine->n_sidecars_left -= c->spec->sidecar;
	machine->n_over++;
	c->life = CPOD_LIFE_OVER;
	cpod_step_act (step, CPOD_TELL_OVER, c);
	cpod_step_touch (step, c);
}

/* The run is over, with c->exit: probes end, the state follows, and another run may. */
static void
end_run (struct cpod_step *step, struct cpod_machine_container *c)
{
	struct cpod_machine *machine = step->machine;
	bool good = c->exit.code == 0 && c->exit.signal == 0;
	bool again = c->ruled && !machine->stopping && !machine->init_failed && !machine->finishing
	             && cpod_restart_wanted (c->spec, machine->spec->restart_policy, c->exit.code);
	struct cpod_worker_event stopped = { .type = CPOD_WORKER_STOPPED, .final = !again };

	cpod_step_unhook (step, c);
	machine->n_main_alive -= !c->spec->init;
	machine->n_turn -= c->ending == CPOD_ENDING_TURN;
	c->ending = CPOD_ENDING_NONE;
	c->ended = true;
	c->end_ns = step->now_ns;
	c->started = false;
	c->life = CPOD_LIFE_BACKOFF;
	cpod_step_ready (step, c);
	cpod_step_workers (step, c, &stopped);
	cpod_step_state (step, c, good ? CPOD_STATE_ON_EXIT_OK : CPOD_STATE_ON_EXIT_BAD);
	cpod_step_touch (step, c);
	c->restart_ns = cpod_backoff_next (&c->backoff, step->now_ns);
	if (!again)
		cpod_step_over (step, c);
	else if (c->restart_ns <= step->now_ns)
		cpod_step_start (step, c);
}

/* ---- One function per event -------------------------------------------------------------- */

static void
on_begin (struct cpod_step *step, struct cpod_machine_container *c, const struct cpod_machine_event *event)
{
	struct cpod_machine *machine = step->machine;

	(void) c;
	(void) event;
	machine->stage = CPOD_MACHINE_INIT;
	machine->begin_ns = step->now_ns;
	if (machine->spec->active_deadline_ms == 0)
		return;
	machine->deadline_ns = step->now_ns + (uint64_t) machine->spec->active_deadline_ms * 1000000;
	cpod_step_act (step, CPOD_DO_WAKE, NULL)->at_ns = machine->deadline_ns;
}

static void
on_started (struct cpod_step *step, struct cpod_machine_container *c, const struct cpod_machine_event *event)
{
	(void) event;
	if (c->life != CPOD_LIFE_STARTING)
		return;
	step->machine->n_main_new -= !c->spec->init && !c->ran;
	c->life = CPOD_LIFE_RUNNING;
	c->ran = true;
	c->run_ns = step->now_ns;
	cpod_step_touch (step, c);
	if (c->ending != CPOD_ENDING_NONE)
		cpod_step_stop_later (step, c);
	else if (c->spec->post_start.spec)
		cpod_step_hook (step, c, CPOD_HOOK_POST_START);
	if (c->hook != CPOD_HOOK_POST_START)
		cpod_step_probes (step, c);
}

static void
on_not_started (struct cpod_step *step, struct cpod_machine_container *c, const struct cpod_machine_event *event)
{
	if (c->life != CPOD_LIFE_STARTING)
		return;
	c->start_failed = true;
	c->create_failed = !event->ok;
	c->run_ns = step->now_ns;
	c->exit = (struct cpod_rt_exit) { .code = CPOD_START_ERROR };
	end_run (step, c);
}

static void
on_exit_told (struct cpod_step *step, struct cpod_machine_container *c, const struct cpod_machine_event *event)
{
	if (c->life != CPOD_LIFE_RUNNING && c->life != CPOD_LIFE_STARTING)   /* STARTING: it was lost */
		return;
	c->exit = event->exit;
	end_run (step, c);
}

static void
on_attempt (struct cpod_step *step, struct cpod_machine_container *c, const struct cpod_machine_event *event)
{
	const struct cpod_worker_event result = {
		.type = CPOD_WORKER_RESULT, .attempt = event->number, .outcome = event->outcome,
	};

	cpod_step_worker (step, c, event->probe, &result);
}

/* postStart: probes may begin, or the container is killed. preStop: the stop goes on. */
static void
on_hook (struct cpod_step *step, struct cpod_machine_container *c, const struct cpod_machine_event *event)
{
	enum cpod_hook hook = c->hook;

	if (hook == CPOD_HOOK_NONE || event->number != c->hook_number)
		return;
	c->hook = CPOD_HOOK_NONE;
	cpod_step_touch (step, c);
	if (!event->ok)
		cpod_step_act (step, CPOD_TELL_HOOK, c)->hook = hook;
	if (hook == CPOD_HOOK_PRE_STOP) {
		cpod_step_stop_hooked (step, c);
	} else if (event->ok) {
		cpod_step_probes (step, c);
	} else {
		c->hook_failed = true;
		cpod_step_stop_one (step, c, cpod_pod_grace (step->machine));
	}
}

static void
on_stop (struct cpod_step *step, struct cpod_machine_container *c, const struct cpod_machine_event *event)
{
	(void) c;
	if (step->machine->stage == CPOD_MACHINE_NEW)
		step->machine->stage = CPOD_MACHINE_INIT;
	cpod_step_stop_all (step, event->grace_ns == CPOD_MACHINE_NEVER ? cpod_pod_grace (step->machine)
	                                                                 : event->grace_ns);
}

/* The pod has been active for too long: it fails. */
static void
exceed_deadline (struct cpod_step *step)
{
	static const struct cpod_worker_event end = { .type = CPOD_WORKER_END };
	struct cpod_machine *machine = step->machine;

	if (machine->deadline_exceeded || machine->stage == CPOD_MACHINE_ENDED || step->now_ns < machine->deadline_ns)
		return;
	machine->deadline_exceeded = true;
	for (size_t i = 0; i < machine->n_containers; i++) {
		if (machine->containers[i].life != CPOD_LIFE_OVER)
			cpod_step_act (step, CPOD_TELL_DEADLINE, &machine->containers[i]);
		cpod_step_workers (step, &machine->containers[i], &end);
	}
	cpod_step_stop_all (step, cpod_pod_grace (machine));
}

static void
on_time (struct cpod_step *step, struct cpod_machine_container *c, const struct cpod_machine_event *event)
{
	static const struct cpod_worker_event time = { .type = CPOD_WORKER_TIME };
	const struct cpod_machine_event slept = { .type = CPOD_ON_HOOK, .number = c ? c->hook_number : 0, .ok = true };

	if (!c) {
		exceed_deadline (step);
		return;
	}
	c->wake_ns = CPOD_MACHINE_NEVER;
	cpod_step_touch (step, c);
	if (c->hook != CPOD_HOOK_NONE && step->now_ns >= c->hook_end_ns)
		on_hook (step, c, &slept);
	cpod_step_stop_time (step, c);
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++)
		if (c->workers[type] && step->now_ns >= c->worker_ns[type])
			cpod_step_worker (step, c, (enum cpod_probe_type) type, &time);
	if (c->life == CPOD_LIFE_BACKOFF && step->now_ns >= c->restart_ns)
		cpod_step_start (step, c);
	(void) event;
}

/* ---- The step ---------------------------------------------------------------------------- */

typedef void event_fn (struct cpod_step *step, struct cpod_machine_container *c,
                       const struct cpod_machine_event *event);
static event_fn *const events[CPOD_N_MACHINE_EVENTS] = {
	[CPOD_ON_BEGIN] = on_begin,
	[CPOD_ON_STARTED] = on_started,
	[CPOD_ON_NOT_STARTED] = on_not_started,
	[CPOD_ON_EXIT] = on_exit_told,
	[CPOD_ON_ATTEMPT] = on_attempt,
	[CPOD_ON_HOOK] = on_hook,
	[CPOD_ON_STOP] = on_stop,
	[CPOD_ON_TIME] = on_time,
};

void
cpod_machine_step (struct cpod_machine *machine, const struct cpod_machine_event *event, uint64_t now_ns,
                   struct cpod_actions *actions)
{
	struct cpod_step step = { machine, now_ns, actions };
	bool about_pod = event->type == CPOD_ON_BEGIN || event->type == CPOD_ON_STOP
	                 || event->container == CPOD_MACHINE_POD;

	if (machine->stage == CPOD_MACHINE_ENDED && event->type != CPOD_ON_ATTEMPT)
		return;
	events[event->type] (&step, about_pod ? NULL : &machine->containers[event->container], event);
	cpod_step_advance (&step);
	ask_for_deadlines (&step);
}

/* ---- Life cycle -------------------------------------------------------------------------- */

/* The probes of c get their workers, from the array that has room for all. */
static struct cpod_probe_worker *
init_workers (struct cpod_machine_container *c, struct cpod_probe_worker *next)
{
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++) {
		c->worker_ns[type] = CPOD_WORKER_NEVER;
		if (!c->spec->probes[type].spec)
			continue;
		c->workers[type] = next++;
		cpod_worker_init (c->workers[type], (enum cpod_probe_type) type, &c->spec->probes[type].spec->config);
	}
	return next;
}

static void
init_container (struct cpod_machine *machine, struct cpod_machine_container *c)
{
	c->state = CPOD_STATE_STARTED;
	c->ruled = cpod_restart_ruled (c->spec, machine->spec->restart_policy);
	c->restart_ns = c->grace_end_ns = c->kill_ns = c->hook_end_ns = c->wake_ns = CPOD_MACHINE_NEVER;
	machine->n_main_waiting += !c->spec->init;
	machine->n_main_new += !c->spec->init;
	machine->n_sidecars_left += c->spec->sidecar;
	machine->has_depends = machine->has_depends || c->spec->n_depends > 0;
}

int
cpod_machine_init (struct cpod_machine *machine, const struct cpod_spec *spec, struct cpod_error *err)
{
	struct cpod_probe_worker *next;
	size_t n_probes = 0;

	*machine = (struct cpod_machine) {
		.spec = spec, .n_init = spec->n_init, .n_containers = spec->n_containers, .first_dirty = NONE, .gate = NONE,
		.deadline_ns = CPOD_MACHINE_NEVER, .overdue_ns = CPOD_OVERDUE_NS,
	};
	for (size_t i = 0; i < spec->n_containers; i++)
		for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++)
			n_probes += spec->containers[i].probes[type].spec != NULL;
	machine->containers = calloc (spec->n_containers + 1, sizeof (*machine->containers));
	machine->workers = calloc (n_probes + 1, sizeof (*machine->workers));
	if (!machine->containers || !machine->workers) {
		cpod_machine_finish (machine);
		return cpod_error_oom (err);
	}
	next = machine->workers;
	for (size_t i = 0; i < spec->n_containers; i++) {
		machine->containers[i].spec = &spec->containers[i];
		next = init_workers (&machine->containers[i], next);
		init_container (machine, &machine->containers[i]);
	}
	return 0;
}

void
cpod_machine_finish (struct cpod_machine *machine)
{
	free (machine->containers);
	free (machine->workers);
	*machine = (struct cpod_machine) { 0 };
}
