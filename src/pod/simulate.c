/* The virtual world (simulate.h): a clock, a heap of what is due, and each container's behaviour.
 *
 * One turn takes the nearest thing that is due (the script's next step first), moves the clock, feeds
 * the machine, and carries its actions out on paper: a start puts "it runs" into the heap, an attempt its
 * result, a signal the end of the program. Whatever belongs to an older run or attempt carries its
 * number and is dropped when its time comes.
 */
#include "simulate.h"

#include "src/base/error.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define T0_NS UINT64_C (1000000000)   /* the machine's clock is never 0 */
#define NEVER CPOD_MACHINE_NEVER

/* How a thing behaves: how long it takes and what comes of it. */
struct habit { uint64_t duration_ns; enum cpod_worker_outcome outcome; };

struct actor {
	struct habit start, probes[3], hooks[3];
	uint64_t lasts_ns, stops_ns;         /* NEVER: not by itself; the signal is ignored */
	struct cpod_rt_exit lasts_exit, stops_exit;
	bool stops_set;                      /* stops_exit was said; else it is the signal's */
	uint64_t run_ns;                     /* when the run began */
	uint64_t wake_ns;                    /* as the machine asked */
	bool started, ready;                 /* as last recorded */
	enum cpod_life life;
};

/* Something that is due. */
struct due {
	uint64_t at_ns, order;
	struct cpod_machine_event event;
	uint64_t incarnation;                /* STARTED, EXIT: of this run only */
};

struct world {
	struct cpod_machine *machine;
	const struct cpod_sim_options *options;
	struct actor *actors;                /* owned; one more for the pod */
	struct due *heap;                    /* owned; nearest first */
	size_t n_due, capacity;
	struct cpod_actions actions;
	uint64_t now_ns, order, n_events;
	enum cpod_phase phase;
	bool healthy, failed;
};

/* ---- The heap ---------------------------------------------------------------------------- */

static bool
earlier (const struct due *a, const struct due *b)
{
	return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void
swap (struct due *a, struct due *b)
{
	struct due c = *a;

	*a = *b;
	*b = c;
}

/* Memory that is out ends the simulation. */
static void
push (struct world *world, uint64_t at_ns, const struct cpod_machine_event *event, uint64_t incarnation)
{
	size_t i = world->n_due, capacity = world->capacity ? world->capacity * 2 : 64;
	struct due *heap = world->heap;

	if (i == world->capacity) {
		heap = realloc (world->heap, capacity * sizeof (*heap));
		if (!heap) {
			world->failed = true;
			return;
		}
		world->heap = heap;
		world->capacity = capacity;
	}
	heap[i] = (struct due) { at_ns, world->order++, *event, incarnation };
	world->n_due++;
	for (; i > 0 && earlier (&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap (&heap[i], &heap[(i - 1) / 2]);
}

static struct due
pop (struct world *world)
{
	struct due first = world->heap[0];
	size_t i = 0, child;

	world->heap[0] = world->heap[--world->n_due];
	while ((child = 2 * i + 1) < world->n_due) {
		if (child + 1 < world->n_due && earlier (&world->heap[child + 1], &world->heap[child]))
			child++;
		if (!earlier (&world->heap[child], &world->heap[i]))
			break;
		swap (&world->heap[child], &world->heap[i]);
		i = child;
	}
	return first;
}

/* event comes after delay_ns, unless that is NEVER. */
static void
later (struct world *world, uint64_t delay_ns, const struct cpod_machine_event *event, uint64_t incarnation)
{
	if (delay_ns != NEVER)
		push (world, world->now_ns + delay_ns, event, incarnation);
}

/* ---- Records ----------------------------------------------------------------------------- */

static void
record (struct world *world, struct cpod_sim_record what)
{
	what.at_ns = world->now_ns - T0_NS;
	if (world->options->record)
		world->options->record (world->options->data, &what);
}

/* What the machine does not announce: what c has become. */
static void
record_changes (struct world *world, size_t index)
{
	const struct cpod_machine_container *c = &world->machine->containers[index];
	struct actor *actor = &world->actors[index];

	if (c->started != actor->started)
		record (world, (struct cpod_sim_record) { .container = index, .kind = CPOD_SIM_SAYS_STARTED, .value = c->started });
	if (c->ready != actor->ready)
		record (world, (struct cpod_sim_record) { .container = index, .kind = CPOD_SIM_SAYS_READY, .value = c->ready });
	if (c->life != actor->life && c->life == CPOD_LIFE_BACKOFF)
		record (world, (struct cpod_sim_record) {
			.container = index, .kind = CPOD_SIM_SAYS_WAIT, .duration_ns = c->restart_ns - world->now_ns,
		});
	actor->started = c->started;
	actor->ready = c->ready;
	actor->life = c->life;
}

static void
record_pod (struct world *world)
{
	enum cpod_phase phase = cpod_machine_phase (world->machine);
	bool healthy = cpod_machine_healthy (world->machine);

	if (phase != world->phase)
		record (world, (struct cpod_sim_record) { .container = CPOD_MACHINE_POD, .kind = CPOD_SIM_SAYS_PHASE, .value = phase });
	if (healthy != world->healthy)
		record (world, (struct cpod_sim_record) { .container = CPOD_MACHINE_POD, .kind = CPOD_SIM_SAYS_HEALTH, .value = healthy });
	world->phase = phase;
	world->healthy = healthy;
}

/* ---- Actions on paper -------------------------------------------------------------------- */

static void
act_start (struct world *world, const struct cpod_action *action)
{
	const struct actor *actor = &world->actors[action->container];
	bool fails = actor->start.outcome != CPOD_OUTCOME_SUCCESS;

	record (world, (struct cpod_sim_record) {
		.container = action->container, .kind = CPOD_SIM_SAYS_START,
		.value = world->machine->containers[action->container].restarts,
	});
	later (world, actor->start.duration_ns, &(struct cpod_machine_event) {
		.type = fails ? CPOD_ON_NOT_STARTED : CPOD_ON_STARTED, .container = action->container, .ok = true,
	}, action->number);
}

/* The program ends after delay_ns. */
static void
die (struct world *world, size_t container, uint64_t delay_ns, const struct cpod_rt_exit *exit)
{
	later (world, delay_ns, &(struct cpod_machine_event) {
		.type = CPOD_ON_EXIT, .container = container, .exit = *exit,
	}, world->machine->containers[container].incarnation);
}

static void
act_signal (struct world *world, const struct cpod_action *action)
{
	const struct actor *actor = &world->actors[action->container];
	struct cpod_rt_exit exit = { .code = 128 + action->signal, .signal = action->signal };

	record (world, (struct cpod_sim_record) {
		.container = action->container, .kind = CPOD_SIM_SAYS_SIGNAL, .value = action->signal,
	});
	if (action->signal == SIGKILL)
		die (world, action->container, 0, &exit);
	else
		die (world, action->container, actor->stops_ns, actor->stops_set ? &actor->stops_exit : &exit);
}

static void
act_attempt (struct world *world, const struct cpod_action *action)
{
	const struct habit *habit = &world->actors[action->container].probes[action->probe];

	record (world, (struct cpod_sim_record) {
		.container = action->container, .kind = CPOD_SIM_SAYS_PROBE, .probe = action->probe,
	});
	later (world, habit->duration_ns, &(struct cpod_machine_event) {
		.type = CPOD_ON_ATTEMPT, .container = action->container, .probe = action->probe, .number = action->number,
		.outcome = habit->outcome,
	}, 0);
}

static void
act_cancel (struct world *world, const struct cpod_action *action)
{
	later (world, 0, &(struct cpod_machine_event) {
		.type = CPOD_ON_ATTEMPT, .container = action->container, .probe = action->probe, .number = action->number,
		.outcome = CPOD_OUTCOME_ERROR,
	}, 0);
}

static void
act_hook (struct world *world, const struct cpod_action *action)
{
	const struct habit *habit = &world->actors[action->container].hooks[action->hook];

	record (world, (struct cpod_sim_record) {
		.container = action->container, .kind = CPOD_SIM_SAYS_HOOK, .hook = action->hook,
	});
	later (world, habit->duration_ns, &(struct cpod_machine_event) {
		.type = CPOD_ON_HOOK, .container = action->container, .number = action->number,
		.ok = habit->outcome == CPOD_OUTCOME_SUCCESS,
	}, 0);
}

static void
act_wake (struct world *world, const struct cpod_action *action)
{
	size_t slot = action->container == CPOD_MACHINE_POD ? world->machine->n_containers : action->container;

	world->actors[slot].wake_ns = action->at_ns;
	if (action->at_ns != NEVER)
		push (world, action->at_ns > world->now_ns ? action->at_ns : world->now_ns, &(struct cpod_machine_event) {
			.type = CPOD_ON_TIME, .container = action->container,
		}, 0);
}

/* An announcement of the machine as a record. */
static void
tell (struct world *world, const struct cpod_action *action)
{
	struct cpod_sim_record what = {
		.container = action->container, .probe = action->probe, .hook = action->hook, .timed_out = action->timed_out,
	};

	switch (action->type) {
	case CPOD_TELL_STATE: what.kind = CPOD_SIM_SAYS_STATE; what.value = action->state; break;
	case CPOD_TELL_PROBE: what.kind = CPOD_SIM_SAYS_RESULT; what.value = action->outcome; break;
	case CPOD_TELL_HOOK: what.kind = CPOD_SIM_SAYS_HOOK_FAIL; break;
	case CPOD_TELL_NEVER: what.kind = CPOD_SIM_SAYS_NEVER; what.value = action->never; break;
	case CPOD_TELL_OVER: what.kind = CPOD_SIM_SAYS_OVER; break;
	case CPOD_TELL_ENDED: what.kind = CPOD_SIM_SAYS_END; break;
	case CPOD_DO_CANCEL_HOOK: what.kind = CPOD_SIM_SAYS_HOOK_CANCEL; break;
	default: return;
	}
	record (world, what);
}

/* The deadline is told once, though the machine names each container. */
static void
act (struct world *world, const struct cpod_action *action)
{
	switch (action->type) {
	case CPOD_DO_START: act_start (world, action); break;
	case CPOD_DO_SIGNAL: act_signal (world, action); break;
	case CPOD_DO_ATTEMPT: act_attempt (world, action); break;
	case CPOD_DO_CANCEL_ATTEMPT: act_cancel (world, action); break;
	case CPOD_DO_HOOK: act_hook (world, action); break;
	case CPOD_DO_WAKE: act_wake (world, action); break;
	default: tell (world, action); break;
	}
}

static void
feed (struct world *world, const struct cpod_machine_event *event)
{
	bool exceeded = world->machine->deadline_exceeded;

	world->actions.n = 0;
	world->n_events++;
	cpod_machine_step (world->machine, event, world->now_ns, &world->actions);
	world->failed = world->failed || world->actions.failed;
	if (exceeded != world->machine->deadline_exceeded)
		record (world, (struct cpod_sim_record) { .container = CPOD_MACHINE_POD, .kind = CPOD_SIM_SAYS_DEADLINE });
	for (size_t i = 0; i < world->actions.n; i++)
		act (world, &world->actions.items[i]);
	for (size_t i = 0; i < world->machine->n_containers; i++)
		record_changes (world, i);
	record_pod (world);
}

/* ---- What is due ------------------------------------------------------------------------- */

/* A program began: it may end by itself. */
static void
begin_run (struct world *world, size_t container)
{
	struct actor *actor = &world->actors[container];

	actor->run_ns = world->now_ns;
	record (world, (struct cpod_sim_record) { .container = container, .kind = CPOD_SIM_SAYS_RUN });
	die (world, container, actor->lasts_ns, &actor->lasts_exit);
}

/* False: it belongs to what is over. */
static bool
is_current (const struct world *world, const struct due *due)
{
	const struct cpod_machine_container *c = due->event.container == CPOD_MACHINE_POD
	                                         ? NULL : &world->machine->containers[due->event.container];

	switch (due->event.type) {
	case CPOD_ON_TIME:
		return world->actors[c ? due->event.container : world->machine->n_containers].wake_ns <= due->at_ns;
	case CPOD_ON_STARTED:
	case CPOD_ON_NOT_STARTED:
		return c->incarnation == due->incarnation && c->life == CPOD_LIFE_STARTING;
	case CPOD_ON_EXIT:
		return c->incarnation == due->incarnation && c->life == CPOD_LIFE_RUNNING;
	default:
		return true;
	}
}

static void
happen (struct world *world, const struct due *due)
{
	if (!is_current (world, due))
		return;
	if (due->event.type == CPOD_ON_TIME)
		world->actors[due->event.container == CPOD_MACHINE_POD ? world->machine->n_containers
		                                                       : due->event.container].wake_ns = NEVER;
	if (due->event.type == CPOD_ON_STARTED)
		begin_run (world, due->event.container);
	if (due->event.type == CPOD_ON_NOT_STARTED)
		record (world, (struct cpod_sim_record) { .container = due->event.container, .kind = CPOD_SIM_SAYS_FAIL });
	if (due->event.type == CPOD_ON_EXIT)
		record (world, (struct cpod_sim_record) {
			.container = due->event.container, .kind = CPOD_SIM_SAYS_EXIT, .exit = due->event.exit,
		});
	feed (world, &due->event);
}

/* ---- The script's steps ------------------------------------------------------------------ */

/* Every run lasts that long, also the present one. */
static void
set_lasts (struct world *world, const struct cpod_sim_step *step)
{
	struct actor *actor = &world->actors[step->container];
	uint64_t end_ns = actor->run_ns + step->duration_ns;

	actor->lasts_ns = step->duration_ns;
	actor->lasts_exit = step->exit;
	if (step->duration_ns == NEVER || world->machine->containers[step->container].life != CPOD_LIFE_RUNNING)
		return;
	die (world, step->container, end_ns > world->now_ns ? end_ns - world->now_ns : 0, &step->exit);
}

/* False: the script ends the simulation. */
static bool
take_step (struct world *world, const struct cpod_sim_step *step)
{
	struct actor *actor = &world->actors[step->container];
	struct habit habit = { step->duration_ns, step->outcome };

	switch (step->verb) {
	case CPOD_SIM_END: return false;
	case CPOD_SIM_STOP:
		feed (world, &(struct cpod_machine_event) { .type = CPOD_ON_STOP, .grace_ns = step->duration_ns });
		break;
	case CPOD_SIM_EXIT: {
		struct due due = {
			.at_ns = world->now_ns, .incarnation = world->machine->containers[step->container].incarnation,
			.event = { .type = CPOD_ON_EXIT, .container = step->container, .exit = step->exit },
		};

		happen (world, &due);
		break;
	}
	case CPOD_SIM_LASTS: set_lasts (world, step); break;
	case CPOD_SIM_START: actor->start = habit; break;
	case CPOD_SIM_PROBE: actor->probes[step->probe] = habit; break;
	case CPOD_SIM_HOOK: actor->hooks[step->hook] = habit; break;
	case CPOD_SIM_ON_STOP:
		actor->stops_ns = step->duration_ns;
		actor->stops_exit = step->exit;
		actor->stops_set = true;
		break;
	}
	return true;
}

/* ---- Running ----------------------------------------------------------------------------- */

/* Makes one thing happen; false: the end. next: the script's next step. */
static bool
turn (struct world *world, const struct cpod_sim_script *script, size_t *next)
{
	uint64_t due_ns = world->n_due > 0 ? world->heap[0].at_ns : NEVER;
	uint64_t script_ns = *next < script->n ? script->items[*next].at_ns + T0_NS : NEVER;
	uint64_t at_ns = script_ns <= due_ns ? script_ns : due_ns;
	struct due due;

	if (at_ns == NEVER || at_ns > world->options->until_ns + T0_NS || world->failed
	    || world->machine->stage == CPOD_MACHINE_ENDED)
		return false;
	world->now_ns = at_ns > world->now_ns ? at_ns : world->now_ns;
	if (script_ns <= due_ns)
		return take_step (world, &script->items[(*next)++]);
	due = pop (world);
	happen (world, &due);
	return true;
}

static void
run (struct world *world, const struct cpod_sim_script *script)
{
	size_t next = 0;

	/* What the script says about the beginning holds for the first starts. */
	while (next < script->n && script->items[next].at_ns == 0 && script->items[next].verb >= CPOD_SIM_LASTS)
		(void) take_step (world, &script->items[next++]);
	record (world, (struct cpod_sim_record) { .container = CPOD_MACHINE_POD, .kind = CPOD_SIM_SAYS_PHASE });
	feed (world, &(struct cpod_machine_event) { .type = CPOD_ON_BEGIN });
	while (turn (world, script, &next))
		;
}

int
cpod_simulate (const struct cpod_spec *spec, const struct cpod_sim_script *script,
               const struct cpod_sim_options *options, struct cpod_machine *machine,
               struct cpod_sim_summary *ret_summary, struct cpod_error *err)
{
	struct world world = { .machine = machine, .options = options, .now_ns = T0_NS, .healthy = true };
	int ret = cpod_machine_init (machine, spec, err);

	if (ret < 0)
		return ret;
	world.actors = calloc (spec->n_containers + 1, sizeof (*world.actors));
	for (size_t i = 0; world.actors && i <= spec->n_containers; i++) {
		world.actors[i].lasts_ns = world.actors[i].wake_ns = NEVER;
		world.actors[i].life = CPOD_LIFE_WAITING;
	}
	if (world.actors)
		run (&world, script);
	*ret_summary = (struct cpod_sim_summary) {
		.end_ns = world.now_ns - T0_NS, .n_events = world.n_events, .pod_ended = machine->stage == CPOD_MACHINE_ENDED,
		.phase = cpod_machine_phase (machine),
	};
	ret = !world.actors || world.failed ? cpod_error_oom (err) : 0;
	free (world.actors);
	free (world.heap);
	cpod_actions_finish (&world.actions);
	return ret;
}
