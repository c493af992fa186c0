/* A pod on a virtual clock: the same machine and the same workers, a scripted world, no container.
 *
 * The script says what happens to containers and how they behave; the machine says what follows; each
 * thing that happens is handed on as a record with its time. Days take milliseconds.
 *
 *   simulate-script.c   the script: text or JSON to a list of steps
 *   simulate.c          the world and its clock
 *   simulate-words.c    records as words
 *
 * The world's defaults: starts, attempts and hooks succeed and take no time; a container runs for ever,
 * and ends at once at its stop signal (exit status 128 + signal) and at SIGKILL (137). At one instant the
 * script comes first, then the rest in the order in which it was brought about.
 */
#ifndef CPOD_POD_SIMULATE_H
#define CPOD_POD_SIMULATE_H

#include "machine.h"

/* ---- The script -------------------------------------------------------------------------- */

enum cpod_sim_verb {
	CPOD_SIM_STOP,         /* the pod is stopped; value: grace in ns, NEVER: the spec's */
	CPOD_SIM_END,          /* the simulation ends */
	CPOD_SIM_EXIT,         /* the container's program ends: exit */
	CPOD_SIM_LASTS,        /* every run ends duration after it began, with exit; NEVER: not by itself */
	CPOD_SIM_START,        /* a start takes duration and fails, or not: outcome */
	CPOD_SIM_PROBE,        /* attempts of probe take duration and have outcome; NEVER: they hang */
	CPOD_SIM_HOOK,         /* the hook takes duration and has outcome; NEVER: it hangs */
	CPOD_SIM_ON_STOP,      /* the stop signal ends it after duration, with exit; NEVER: it is ignored */
};

struct cpod_sim_step {
	uint64_t at_ns;
	enum cpod_sim_verb verb;
	size_t container;                    /* not for STOP and END */
	struct cpod_rt_exit exit;
	uint64_t duration_ns;
	enum cpod_probe_type probe;
	enum cpod_hook hook;
	enum cpod_worker_outcome outcome;
};

/* n steps in the order of their times. */
struct cpod_sim_script {
	struct cpod_sim_step *items;         /* owned */
	size_t n, capacity;
};
/* Reads len bytes of text, lines or a JSON array; name stands for the file in messages. -EINVAL with the place. */
int cpod_sim_script_parse (struct cpod_sim_script *script, const struct cpod_spec *spec, const char *name,
                           const char *text, size_t len, struct cpod_error *err);
/* Has each init container that is no sidecar end at once with status 0, unless the script says when or how one of its
 * runs ends: else what comes after it would never be seen. -ENOMEM. */
int cpod_sim_script_end_inits (struct cpod_sim_script *script, const struct cpod_spec *spec, struct cpod_error *err);
void cpod_sim_script_finish (struct cpod_sim_script *script);
/* "1h30m", "250ms", "2d", "90" (seconds) to nanoseconds; false: it is none. */
bool cpod_sim_duration (const char *text, uint64_t *ret_ns);

/* ---- What happened ----------------------------------------------------------------------- */

enum cpod_sim_kind {
	CPOD_SIM_SAYS_PHASE,       /* value: enum cpod_phase */
	CPOD_SIM_SAYS_HEALTH,      /* value: 1 or 0 */
	CPOD_SIM_SAYS_START,       /* value: restarts */
	CPOD_SIM_SAYS_RUN,         /* its program runs */
	CPOD_SIM_SAYS_FAIL,        /* it could not be started */
	CPOD_SIM_SAYS_EXIT,        /* exit */
	CPOD_SIM_SAYS_WAIT,        /* duration_ns until it is started again */
	CPOD_SIM_SAYS_OVER,        /* for good */
	CPOD_SIM_SAYS_NEVER,       /* it will never start; value: enum cpod_never */
	CPOD_SIM_SAYS_STARTED,     /* value: it counts as started, or no more */
	CPOD_SIM_SAYS_READY,       /* value: it is ready, or no more */
	CPOD_SIM_SAYS_STATE,       /* value: enum cpod_state */
	CPOD_SIM_SAYS_PROBE,       /* an attempt begins; probe */
	CPOD_SIM_SAYS_RESULT,      /* it was counted; probe, value: enum cpod_worker_outcome, timed_out */
	CPOD_SIM_SAYS_SIGNAL,      /* value: the signal sent */
	CPOD_SIM_SAYS_HOOK,        /* a hook begins; hook */
	CPOD_SIM_SAYS_HOOK_FAIL,   /* it failed, or took the whole grace (timed_out) */
	CPOD_SIM_SAYS_HOOK_CANCEL, /* it was cancelled */
	CPOD_SIM_SAYS_DEADLINE,    /* the pod's active deadline is over */
	CPOD_SIM_SAYS_END,         /* the pod has ended */
	CPOD_SIM_N_KINDS
};

struct cpod_sim_record {
	uint64_t at_ns;
	size_t container;                    /* CPOD_MACHINE_POD: the pod */
	enum cpod_sim_kind kind;
	int64_t value;
	struct cpod_rt_exit exit;
	uint64_t duration_ns;
	enum cpod_probe_type probe;
	enum cpod_hook hook;
	bool timed_out;
};

#define CPOD_SIM_WORDS 128
/* "exit 1", "liveness failure", "phase Running". */
void cpod_sim_words (const struct cpod_sim_record *record, char text[CPOD_SIM_WORDS]);
/* "12.5s"; exact to the nanosecond, no zeros at the end. */
void cpod_sim_time (uint64_t ns, char text[CPOD_SIM_WORDS]);
/* "start", "exit", "result", ... for choosing among kinds. Static. */
const char *cpod_sim_kind_word (enum cpod_sim_kind kind);

/* ---- Running ----------------------------------------------------------------------------- */

struct cpod_sim_options {
	uint64_t until_ns;                   /* the simulation ends then at the latest */
	void (*record) (void *data, const struct cpod_sim_record *record);   /* in the order of time */
	void *data;
};

/* What it came to. */
struct cpod_sim_summary {
	uint64_t end_ns, n_events;
	bool pod_ended;
	enum cpod_phase phase;
};

/* Runs script on a pod of spec. machine, not NULL, is initialised here and finished by the caller: it is left as it
 * was at the end. -ENOMEM. */
int cpod_simulate (const struct cpod_spec *spec, const struct cpod_sim_script *script,
                   const struct cpod_sim_options *options, struct cpod_machine *machine,
                   struct cpod_sim_summary *ret_summary, struct cpod_error *err);

#endif
