/* What the files of the machine share; nobody else includes this.
 *
 * A step is one struct cpod_step on the stack. Every function that changes something that a deadline
 * depends on calls touch; at the end of the step each touched container's deadline is worked out anew.
 */
#ifndef CPOD_POD_MACHINE_PARTS_H
#define CPOD_POD_MACHINE_PARTS_H

#include "machine.h"

struct cpod_step {
	struct cpod_machine *machine;
	uint64_t now_ns;
	struct cpod_actions *actions;
};

/* ---- machine.c --------------------------------------------------------------------------- */

/* Appends an action about c (NULL: the pod); the caller fills in the rest. Never NULL. */
struct cpod_action *cpod_step_act (struct cpod_step *step, enum cpod_action_type type,
                                   const struct cpod_machine_container *c);
void cpod_step_touch (struct cpod_step *step, struct cpod_machine_container *c);
/* Feeds the table of states (main containers). */
void cpod_step_state (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_state_event event);
/* WAITING or BACKOFF -> STARTING. */
void cpod_step_start (struct cpod_step *step, struct cpod_machine_container *c);
/* Anything but STARTING and RUNNING -> OVER. */
void cpod_step_over (struct cpod_step *step, struct cpod_machine_container *c);

/* ---- machine-order.c --------------------------------------------------------------------- */

/* Something has changed: what comes next? Decides from the machine's fields alone. */
void cpod_step_advance (struct cpod_step *step);

/* ---- machine-probes.c -------------------------------------------------------------------- */

void cpod_step_worker (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_probe_type type,
                       const struct cpod_worker_event *event);
/* The same to all workers of c. */
void cpod_step_workers (struct cpod_step *step, struct cpod_machine_container *c,
                        const struct cpod_worker_event *event);
/* Its program runs and postStart, if any, is done: probes begin. */
void cpod_step_probes (struct cpod_step *step, struct cpod_machine_container *c);
/* Works out ready anew. */
void cpod_step_ready (struct cpod_step *step, struct cpod_machine_container *c);
void cpod_step_hook (struct cpod_step *step, struct cpod_machine_container *c, enum cpod_hook hook);
/* Forgets the hook that runs, if any, and has it cancelled. */
void cpod_step_unhook (struct cpod_step *step, struct cpod_machine_container *c);

/* ---- machine-stop.c ---------------------------------------------------------------------- */

/* The pod ends within grace_ns: everything that is alive is stopped, in order. Again: the grace is shortened. */
void cpod_step_stop_all (struct cpod_step *step, uint64_t grace_ns);
/* No main container is left: sidecars are stopped, in reverse order. */
void cpod_step_stop_sidecars (struct cpod_step *step);
/* c alone is stopped, by a probe or a failed hook. */
void cpod_step_stop_one (struct cpod_step *step, struct cpod_machine_container *c, uint64_t grace_ns);
/* It was being started and runs now: the stop that waited for that begins. */
void cpod_step_stop_later (struct cpod_step *step, struct cpod_machine_container *c);
/* preStop is over. */
void cpod_step_stop_hooked (struct cpod_step *step, struct cpod_machine_container *c);
/* A container is over: whose turn is it? */
void cpod_step_turns (struct cpod_step *step);
/* A deadline of the stop may have come. */
void cpod_step_stop_time (struct cpod_step *step, struct cpod_machine_container *c);
/* When that will be. */
uint64_t cpod_stop_deadline (const struct cpod_machine_container *c);
/* The spec's terminationGracePeriodSeconds. */
uint64_t cpod_pod_grace (const struct cpod_machine *machine);

#endif
