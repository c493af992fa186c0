/* The controller of one pod: what its files share.
 *
 *   controller.c  create, start, dispatch, the order of containers, the end of the pod
 *   container.c   one container: made, started, watched, ended, released
 *   prober.c      one probe: the pure worker wired to attempts, errors and states
 *   stop.c        signals, the grace period
 *   exec.c        programs that the user runs in a container
 *   status.c      the snapshot
 *
 * Everything happens in the loop's callbacks and in the calls of cpod.h, on one thread, and as soon
 * as the kernel tells: nothing polls. The user's event callback may call back into the pod (stop,
 * kill, exec, status), so a function that emits an event looks at the state anew afterwards.
 *
 * src/pod reaches the runtime through `table` alone: the runtime's own when it is asynchronous, else
 * blocking.h's.
 */
#ifndef CPOD_POD_POD_H
#define CPOD_POD_POD_H

#include "history.h"
#include "spec.h"
#include "state.h"

#include "probes/exec.h"
#include "probes/op.h"
#include "src/base/loop.h"

struct cpod_pod;
struct cpod_container;

/* A container's life. NEW: not made; READY: made by the runtime, not started; OVER: ended, or never to start. */
enum cpod_stage { CPOD_STAGE_NEW, CPOD_STAGE_READY, CPOD_STAGE_STARTING, CPOD_STAGE_RUNNING, CPOD_STAGE_OVER };

struct cpod_prober {
	struct cpod_container *container;
	struct cpod_probe_worker worker;
	struct cpod_probe_exec exec;
	struct cpod_timer timer;
	uint64_t attempt;                   /* the one that exec makes, while it does */
	struct cpod_probe_end end;          /* of the last attempt */
	uint32_t attempts, failures;
	int32_t last_exit;
	char *last_output;                  /* owned; NULL: nothing was printed */
};

struct cpod_container {
	struct cpod_pod *pod;
	const struct cpod_container_spec *spec;
	enum cpod_stage stage;
	struct cpod_rt_container *rt;       /* owned; NULL: not made yet, or released */
	char *id;                           /* owned; NULL before it is made */
	uint64_t incarnation;               /* of the container; 0 before the first start */
	struct cpod_op start;
	struct cpod_source exit_source;
	int pending_signal;                 /* to be sent when it runs; 0: none */
	unsigned int n_ops;                 /* attempts and execs in progress: rt must stay */
	bool started;                       /* runs, and its startup probe, if any, succeeded */
	bool ended;                         /* exit is set */
	struct cpod_rt_exit exit;
	uint32_t restarts;
	struct cpod_history history;        /* states: main containers only */
	struct cpod_prober *probers[3];     /* owned; NULL: no such probe */
};

enum cpod_pod_stage { CPOD_POD_NEW, CPOD_POD_INIT, CPOD_POD_MAIN, CPOD_POD_ENDED };

struct cpod_pod {
	struct cpod_loop loop;
	struct cpod_spec *spec;                 /* a reference */
	const struct cpod_runtime *runtime;     /* as the caller gave it */
	const struct cpod_runtime *table;       /* what is called; table->async is not NULL */
	bool blocking;                          /* table is blocking.h's: an exec cannot be cancelled */
	struct cpod_rt_pod *rt_pod;             /* owned; NULL: none is needed */
	struct cpod_pod_options options;
	char *state_dir, *cgroup_parent;        /* owned; may be NULL */
	char uid[37];

	struct cpod_container *containers;      /* owned; init containers first */
	size_t n_init, n_containers;

	enum cpod_pod_stage stage;
	size_t next_init;                       /* INIT: the one that runs or starts */
	bool init_failed;
	bool stopping;
	uint64_t kill_at_ns;                    /* stopping: when SIGKILL goes */
	struct cpod_timer kill_timer;
	struct cpod_timer overdue_timer;        /* stopping: when what was killed is given up */
	uint64_t overdue_ns;                    /* from SIGKILL to that */
	size_t n_alive;                         /* containers STARTING or RUNNING */
	size_t n_over;                          /* containers OVER */
	size_t n_unhealthy;                     /* main containers by their last state */
	bool healthy;                           /* as last announced */

	struct cpod_exec *execs;                /* owned, a list */
	struct cpod_container_status *view;     /* owned; what status points to */
	struct cpod_status status;
};

/* ---- controller.c ------------------------------------------------------------------------ */

void cpod_pod_emit (struct cpod_pod *pod, struct cpod_event event);
/* Something has ended, or the pod is being stopped: what comes next? */
void cpod_pod_advance (struct cpod_pod *pod);
struct cpod_container *cpod_pod_find (struct cpod_pod *pod, const char *name);

/* ---- container.c ------------------------------------------------------------------------- */

/* Has the runtime make it. The error is located. */
int cpod_container_make (struct cpod_container *c, struct cpod_error *err);
/* Issues the start; the rest happens in the loop. A failure is an event of the container, not of the caller. */
void cpod_container_start (struct cpod_container *c);
/* Feeds the state table; a new state is noted and announced. */
void cpod_container_event (struct cpod_container *c, enum cpod_state_event event);
/* Notes an error and announces it. */
void cpod_container_error (struct cpod_container *c, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/* From now on it counts as started. now_ns: when. */
void cpod_container_started (struct cpod_container *c, uint64_t now_ns);
/* It will never run: nothing is left to do for it. */
void cpod_container_give_up (struct cpod_container *c);
/* It was killed and its end has not come: from now on it counts as ended, nobody knows how. */
void cpod_container_lose (struct cpod_container *c);
/* Gives rt back to the runtime once it is over and nothing is in progress on it. */
void cpod_container_release (struct cpod_container *c);
/* Gives it back to the runtime (which kills it) after a bounded wait for its end; the record and its history stay. */
void cpod_container_finish (struct cpod_container *c);

/* ---- prober.c ---------------------------------------------------------------------------- */

int cpod_prober_create (struct cpod_container *c, enum cpod_probe_type type, struct cpod_prober **ret_prober,
                        struct cpod_error *err);
void cpod_prober_destroy (struct cpod_prober *prober);
void cpod_prober_tell (struct cpod_prober *prober, const struct cpod_worker_event *event, uint64_t now_ns);
/* The same to all of a container's probers. */
void cpod_probers_tell (struct cpod_container *c, const struct cpod_worker_event *event, uint64_t now_ns);

/* The descriptor that tells its end; the runtime's. err may be NULL. */
int cpod_container_exit_fd (const struct cpod_container *c, int *ret_fd, struct cpod_error *err);

/* ---- stop.c ------------------------------------------------------------------------------ */

/* Has the runtime send signal; nothing is noted. err may be NULL. */
int cpod_container_send (struct cpod_container *c, int signal, struct cpod_error *err);

/* Sends signal to a running container; a failure other than ESRCH is also noted as its error. */
int cpod_container_kill (struct cpod_container *c, int signal, struct cpod_error *err);
/* What a pod that is being stopped sends to this running container first: SIGTERM or SIGKILL. */
int cpod_container_stop_signal (const struct cpod_container *c);

/* ---- exec.c ------------------------------------------------------------------------------ */

void cpod_execs_cancel_all (struct cpod_pod *pod);

/* ---- status.c ---------------------------------------------------------------------------- */

enum cpod_phase cpod_pod_phase (const struct cpod_pod *pod);

/* ---- words.c ----------------------------------------------------------------------------- */

#define CPOD_WORDS_MAX 64
/* "exit status N" or "signal: killed". */
void cpod_words_exit (const struct cpod_rt_exit *exit, char text[CPOD_WORDS_MAX]);
/* "2s", "1.5s". */
void cpod_words_duration (uint64_t ms, char text[CPOD_WORDS_MAX]);

#endif
