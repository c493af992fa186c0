/* The pod as a pure state machine: (state, event, time) -> (state, actions).
 *
 * Everything that decides is here: the order of containers, probes (through probes/worker.h), restarts,
 * hooks, the stop and its grace, the phase. The machine is told what happened and what time it is and
 * answers with a list of things to do; it holds no descriptor, reads no clock, runs nothing. The
 * controller carries the actions out for real, `cpod simulate` on a virtual clock.
 *
 *   machine.c         one function per event, by table; a container's start and end
 *   machine-order.c   init containers, sidecars, main containers, dependsOn, the end of the pod
 *   machine-probes.c  what the workers' outputs mean; hooks
 *   machine-stop.c    preStop, whose turn it is, stop signal, SIGKILL
 *   machine-view.c    phase and conditions
 *
 * A container with a restartPolicy (its own or the pod's) is ruled by Kubernetes' rules; one without is
 * native: it is never restarted, a probe kills nothing, and a stop is the plain one.
 *
 * Actions are to be carried out in their order. What carries them out may feed the next event before it
 * has done them all; so each START, ATTEMPT and HOOK names the run that it is for, and
 * cpod_machine_wants tells whether it still holds.
 */
#ifndef CPOD_POD_MACHINE_H
#define CPOD_POD_MACHINE_H

#include "restart.h"
#include "spec.h"
#include "state.h"

#include "probes/worker.h"

#define CPOD_MACHINE_POD SIZE_MAX            /* instead of a container: the pod itself */
#define CPOD_MACHINE_NEVER UINT64_MAX
#define CPOD_START_ERROR 128                 /* what a container that could not be started has ended with */
/* Far beyond what a killed process takes to go, unless it sleeps uninterruptibly; then the kernel ends it when it
 * wakes, and nobody has to wait for that. */
#define CPOD_OVERDUE_NS UINT64_C (30000000000)
#define CPOD_MIN_GRACE_NS UINT64_C (2000000000)   /* what a stop signal gets, whatever is left of the grace */

/* ---- Events ------------------------------------------------------------------------------ */

enum cpod_machine_event_type {
	CPOD_ON_BEGIN,         /* the pod begins */
	CPOD_ON_STARTED,       /* the container's program runs */
	CPOD_ON_NOT_STARTED,   /* it could not be started; ok false: it could not even be made */
	CPOD_ON_EXIT,          /* it ended: exit */
	CPOD_ON_ATTEMPT,       /* the probe's attempt ended: probe, number, outcome; also how a cancelled one ends */
	CPOD_ON_HOOK,          /* the hook ended: number, ok; not told when it was cancelled */
	CPOD_ON_STOP,          /* somebody wants the pod to end: grace_ns (0: at once; NEVER: as the spec says) */
	CPOD_ON_TIME,          /* the time that WAKE named has come; harmless at any other time */
	CPOD_N_MACHINE_EVENTS
};

struct cpod_machine_event {
	enum cpod_machine_event_type type;
	size_t container;                        /* not for BEGIN and STOP; TIME: or CPOD_MACHINE_POD */
	struct cpod_rt_exit exit;
	enum cpod_probe_type probe;
	uint64_t number;
	enum cpod_worker_outcome outcome;
	bool ok;
	uint64_t grace_ns;
};

/* ---- Actions ----------------------------------------------------------------------------- */

enum cpod_action_type {
	CPOD_DO_START,             /* start it, as incarnation number; made anew unless it is the first */
	CPOD_DO_SIGNAL,            /* send signal; to one that is still being started: SIGKILL only */
	CPOD_DO_ATTEMPT,           /* make an attempt of probe, number */
	CPOD_DO_CANCEL_ATTEMPT,    /* and report its end */
	CPOD_DO_HOOK,              /* run hook, number */
	CPOD_DO_CANCEL_HOOK,       /* its end is not reported */
	CPOD_DO_WAKE,              /* TIME at at_ns, in place of what was asked before; NEVER: not at all */
	CPOD_DO_LOSE,              /* it was killed and does not end: report its end as lost */
	CPOD_TELL_STATE,           /* a main container is in another state */
	CPOD_TELL_PROBE,           /* an attempt was counted: probe, outcome, timed_out; or ERROR: it could not be made */
	CPOD_TELL_HOOK,            /* hook failed; timed_out: it took all of the grace */
	CPOD_TELL_NEVER,           /* it will never be started: never, culprit */
	CPOD_TELL_OVER,            /* it has ended, or will never be started, for good */
	CPOD_TELL_DEADLINE,        /* the pod's active deadline is over, this container still ran */
	CPOD_TELL_ENDED,           /* every container is over */
};

enum cpod_hook { CPOD_HOOK_NONE, CPOD_HOOK_POST_START, CPOD_HOOK_PRE_STOP };
enum cpod_never { CPOD_NEVER_STOPPED, CPOD_NEVER_INIT, CPOD_NEVER_DEPENDS };

struct cpod_action {
	enum cpod_action_type type;
	size_t container;                        /* CPOD_MACHINE_POD: the pod */
	uint64_t number, at_ns;
	int signal;
	enum cpod_probe_type probe;
	enum cpod_hook hook;
	enum cpod_worker_outcome outcome;
	bool timed_out;
	enum cpod_state state;
	enum cpod_never never;
	size_t culprit;
};

/* A list that grows; zeroed it is empty. failed: memory was out and an action is missing. */
struct cpod_actions {
	struct cpod_action *items;               /* owned */
	size_t n, capacity;
	bool failed;
};
void cpod_actions_finish (struct cpod_actions *actions);

/* ---- State ------------------------------------------------------------------------------- */

/* Where a container is. Moved by machine.c, except WAITING -> OVER by machine-order.c. */
enum cpod_life {
	CPOD_LIFE_WAITING,     /* for its turn */
	CPOD_LIFE_STARTING,    /* START was asked for */
	CPOD_LIFE_RUNNING,
	CPOD_LIFE_BACKOFF,     /* ended; START follows at restart_ns */
	CPOD_LIFE_OVER,        /* ended, or never started, for good */
};

/* How far its stop has come. Only while STARTING or RUNNING. */
enum cpod_ending {
	CPOD_ENDING_NONE,
	CPOD_ENDING_LATER,     /* it is being started: the stop begins when it runs */
	CPOD_ENDING_HOOK,      /* preStop runs */
	CPOD_ENDING_TURN,      /* others must be over first */
	CPOD_ENDING_SIGNALED,
	CPOD_ENDING_KILLED,
};

/* Read freely; written by the machine only. */
struct cpod_machine_container {
	const struct cpod_container_spec *spec;
	enum cpod_life life;
	enum cpod_state state;                   /* main containers */
	bool ruled;                              /* by Kubernetes' rules; else native */
	bool ran;                                /* has run at least once */
	bool started;                            /* runs; postStart is done, the startup probe, if any, succeeded */
	bool ready;                              /* started, and its readiness probe, if any, succeeds */
	bool ended, start_failed, create_failed, hook_failed;   /* of the last run: exit is set; it never ran; it was not
	                                                          * even made; postStart failed */
	struct cpod_rt_exit exit;
	uint64_t incarnation;                    /* of the latest START, from 1 */
	uint32_t restarts;
	uint64_t run_ns, end_ns;                 /* when the last run began and ended */
	struct cpod_backoff backoff;
	uint64_t restart_ns;                     /* BACKOFF */

	enum cpod_ending ending;
	bool ordered;                            /* the pod ends: turns are kept */
	uint64_t grace_end_ns;                   /* the whole grace is over */
	uint64_t kill_ns;                        /* SIGNALED: when SIGKILL goes; KILLED: when it is given up */

	enum cpod_hook hook;                     /* runs */
	uint64_t hook_number;                    /* of the latest */
	uint64_t hook_end_ns;                    /* a sleep's; else NEVER */

	struct cpod_probe_worker *workers[3];    /* NULL: no such probe */
	uint64_t worker_ns[3];                   /* their deadlines */
	uint64_t wake_ns;                        /* as last asked for */
	bool dirty;                              /* in the list of those whose deadlines may have changed */
	size_t next_dirty;
};

enum cpod_machine_stage { CPOD_MACHINE_NEW, CPOD_MACHINE_INIT, CPOD_MACHINE_MAIN, CPOD_MACHINE_ENDED };

struct cpod_machine {
	const struct cpod_spec *spec;            /* borrowed */
	struct cpod_machine_container *containers;   /* owned; as in the spec */
	struct cpod_probe_worker *workers;       /* owned */
	size_t n_init, n_containers;
	enum cpod_machine_stage stage;
	bool stopping;                           /* somebody asked, or the deadline is over */
	bool finishing;                          /* no main container is left: sidecars are stopped */
	bool init_failed;                        /* main containers will never start */
	bool deadline_exceeded;
	bool has_depends;
	uint64_t overdue_ns;                     /* from SIGKILL to LOSE, when the pod ends */
	uint64_t begin_ns, deadline_ns;          /* deadline_ns: of the pod; NEVER: none */
	size_t next_init;                        /* INIT: the one whose turn it is */
	size_t gate;                             /* MAIN: the one whose postStart the next ones wait for; SIZE_MAX: none */
	size_t n_over, n_main_over, n_main_bad;  /* bad: ended with anything but status 0, or never ran */
	size_t n_main_alive;                     /* STARTING or RUNNING */
	size_t n_main_waiting, n_main_new;       /* WAITING; not yet run and not over */
	size_t n_sidecars_left;                  /* sidecars that are not over */
	size_t n_turn;                           /* ending is TURN */
	size_t n_unhealthy;                      /* main containers by their state */
	size_t n_ready;                          /* of sidecars and main containers */
	size_t first_dirty;
};

/* spec is borrowed and must be linked (cpod_spec_link). */
int cpod_machine_init (struct cpod_machine *machine, const struct cpod_spec *spec, struct cpod_error *err);
void cpod_machine_finish (struct cpod_machine *machine);
/* One event at now_ns (CLOCK_MONOTONIC, never going back, not 0). Appends to actions. */
void cpod_machine_step (struct cpod_machine *machine, const struct cpod_machine_event *event, uint64_t now_ns,
                        struct cpod_actions *actions);
/* False when what happened since has made the action void. */
bool cpod_machine_wants (const struct cpod_machine *machine, const struct cpod_action *action);

enum cpod_phase cpod_machine_phase (const struct cpod_machine *machine);
/* Every main container's state is STARTED, HEALTHY or FAILING. */
bool cpod_machine_healthy (const struct cpod_machine *machine);

/* The conditions of a pod, in Kubernetes' order. */
enum cpod_condition {
	CPOD_CONDITION_READY_TO_START,           /* PodReadyToStartContainers */
	CPOD_CONDITION_INITIALIZED,
	CPOD_CONDITION_READY,
	CPOD_CONDITION_CONTAINERS_READY,
	CPOD_CONDITION_SCHEDULED,
	CPOD_N_CONDITIONS
};
bool cpod_machine_condition (const struct cpod_machine *machine, enum cpod_condition condition);

#endif
