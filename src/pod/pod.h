/* The controller of one pod: what its files share.
 *
 *   controller.c  create, start, dispatch; events into the machine, its actions into calls
 *   container.c   one container: made, started, watched, released, made anew
 *   prober.c      attempts of probes, and hooks
 *   stop.c        signals, and the stop that the user asks for
 *   exec.c        programs that the user runs in a container
 *   status.c      the snapshot
 *
 * What happens next is decided by the machine (machine.h) alone. Everything happens in the loop's
 * callbacks and in the calls of cpod.h, on one thread, and as soon as the kernel tells: nothing polls.
 * The user's event callback may call back into the pod (stop, kill, exec, status), and a call of the
 * runtime may fail on the spot: so events may be fed from within actions, and each action is looked at
 * anew before it is carried out.
 *
 * src/pod reaches the runtime through `table` alone: the runtime's own when it is asynchronous, else
 * blocking.h's.
 */
#ifndef CPOD_POD_POD_H
#define CPOD_POD_POD_H

#include "history.h"
#include "machine.h"
#include "spec.h"

#include "probes/asker.h"
#include "probes/op.h"
#include "src/base/loop.h"

struct cpod_pod;
struct cpod_container;

/* One incarnation of a container: what the runtime made. It goes when it is over and nothing is in progress on it. */
struct cpod_run {
	struct cpod_container *container;
	struct cpod_rt_container *rt;       /* owned */
	struct cpod_op start;
	struct cpod_source exit_source;
	char *message;                      /* owned; the file of its termination message; NULL: none */
	bool begun, running;                /* start was called; it succeeded, and the program has not ended */
	bool over;                          /* ended, or never to start */
	unsigned int n_ops;                 /* attempts, hooks and execs in progress: rt must stay */
	struct cpod_run *next, **link;      /* in the pod's list: the next, and what points here */
};

struct cpod_prober {
	struct cpod_container *container;
	const struct cpod_probe_worker *worker;   /* the machine's */
	struct cpod_asker asker;
	struct cpod_run *run;               /* what is asked, while it is */
	uint64_t attempt;                   /* the one that the asker makes, while it does */
	struct cpod_probe_end end;          /* of the last attempt */
	uint32_t attempts, failures;
	int32_t last_exit;
	char *last_output;                  /* owned; NULL: nothing was printed */
};

/* The hook that runs. */
struct cpod_hooker {
	struct cpod_container *container;
	struct cpod_asker asker;
	struct cpod_run *run;               /* NULL: no hook runs */
	uint64_t number;
	struct cpod_probe_end end;          /* of the last one */
};

/* How a run ended, for the status. reason is NULL when there was none. */
struct cpod_end_note {
	struct cpod_rt_exit exit;
	const char *reason;                 /* static */
	char *message, *id;                 /* owned; may be NULL */
	struct cpod_instant started, finished;
};

struct cpod_container {
	struct cpod_pod *pod;
	const struct cpod_container_spec *spec;
	const struct cpod_machine_container *machine;   /* what the machine knows of it */
	struct cpod_run *run;               /* the current one; NULL: none is made */
	char *id;                           /* owned; of the latest run; NULL before it is made */
	struct cpod_timer wake;
	int pending_signal;                 /* the user's, to be sent when it runs; 0: none */
	struct cpod_history history;        /* states: main containers only */
	struct cpod_prober *probers[3];     /* owned; NULL: no such probe */
	struct cpod_hooker *hooker;         /* owned; NULL: no hooks */
	struct cpod_instant run_since;      /* when the latest run began */
	struct cpod_end_note ends[2];       /* the latest end, and the one before */
	struct cpod_container_detail detail;    /* what the status points to */
	char text[256];                     /* of detail's state */
};

#define CPOD_CONDITION_TEXT 1024

struct cpod_pod {
	struct cpod_loop loop;
	struct cpod_spec *spec;                 /* a reference */
	const struct cpod_runtime *runtime;     /* as the caller gave it */
	const struct cpod_runtime *table;       /* what is called; table->async is not NULL */
	bool blocking;                          /* table is blocking.h's: an exec cannot be cancelled */
	struct cpod_rt_pod *rt_pod;             /* owned; NULL: none is needed */
	struct cpod_pod_options options;
	char *state_dir, *cgroup_parent, *subordinate_user;   /* owned; may be NULL */
	char uid[37];

	struct cpod_machine machine;
	struct cpod_actions actions;            /* those that are being carried out */
	struct cpod_container *containers;      /* owned; as in the spec */
	size_t n_init, n_containers;
	struct cpod_run *runs;                  /* owned, a list: all that the runtime still has */
	struct cpod_timer wake;                 /* the pod's own */
	bool begun, ended;
	bool healthy;                           /* as last announced */

	struct cpod_probe_fetcher fetcher;
	struct cpod_exec *execs;                /* owned, a list */
	struct cpod_instant created, started;
	struct { bool value; struct cpod_instant since; } conditions[CPOD_N_CONDITIONS];

	/* What status points to. */
	struct cpod_container_status *view;     /* owned */
	const struct cpod_container_detail **detail_list;   /* owned */
	struct cpod_condition_status condition_view[CPOD_N_CONDITIONS];
	const struct cpod_condition_status *condition_list[CPOD_N_CONDITIONS];
	char condition_text[2][CPOD_CONDITION_TEXT];
	struct cpod_status status;
};

/* ---- controller.c ------------------------------------------------------------------------ */

void cpod_pod_emit (struct cpod_pod *pod, struct cpod_event event);
/* Tells the machine what happened, now, and carries out what it wants. */
void cpod_pod_feed (struct cpod_pod *pod, const struct cpod_machine_event *event);
struct cpod_container *cpod_pod_find (struct cpod_pod *pod, const char *name);
/* Its index in the spec. */
size_t cpod_container_index (const struct cpod_container *c);

/* ---- container.c ------------------------------------------------------------------------- */

/* Has the runtime make it, anew if it was made before. The error is located. */
int cpod_container_make (struct cpod_container *c, struct cpod_error *err);
/* Issues the start; the rest happens in the loop. A failure is an event of the container, not of the caller. */
void cpod_container_start (struct cpod_container *c);
/* Notes an error and announces it. */
void cpod_container_error (struct cpod_container *c, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/* The current run is over, or will never start: it goes as soon as nothing is in progress on it. */
void cpod_container_leave (struct cpod_container *c);
/* The action LOSE: it was killed and its end has not come; from now on it counts as ended, nobody knows how. */
void cpod_container_lose (struct cpod_container *c, const struct cpod_action *action);
/* The descriptor that tells its end; the runtime's. err may be NULL. */
int cpod_run_exit_fd (const struct cpod_run *run, int *ret_fd, struct cpod_error *err);
/* Something that was in progress on the run has ended. */
void cpod_run_unref (struct cpod_run *run);
/* Cancels its start, waits (bounded) for the end of a program that was killed, gives it back to the runtime. */
void cpod_run_destroy (struct cpod_run *run);

/* ---- prober.c ---------------------------------------------------------------------------- */

/* For pod->fetcher. */
int cpod_pod_open_socket (void *pod, int domain, int type, int protocol, struct cpod_error *err);
int cpod_prober_create (struct cpod_container *c, enum cpod_probe_type type, struct cpod_error *err);
/* Also the hooker. */
void cpod_probers_destroy (struct cpod_container *c);
int cpod_hooker_create (struct cpod_container *c, struct cpod_error *err);
/* The actions of these names. */
void cpod_prober_attempt (struct cpod_container *c, const struct cpod_action *action);
void cpod_prober_cancel (struct cpod_container *c, const struct cpod_action *action);
void cpod_prober_tell (struct cpod_container *c, const struct cpod_action *action);
void cpod_hooker_begin (struct cpod_container *c, const struct cpod_action *action);
void cpod_hooker_cancel (struct cpod_container *c, const struct cpod_action *action);
void cpod_hooker_tell (struct cpod_container *c, const struct cpod_action *action);

/* ---- stop.c ------------------------------------------------------------------------------ */

/* Has the runtime send signal; nothing is noted. err may be NULL. */
int cpod_run_send (struct cpod_run *run, int signal, struct cpod_error *err);
/* Sends signal to a running container; a failure other than ESRCH is also noted as its error. */
int cpod_container_kill (struct cpod_container *c, int signal, struct cpod_error *err);
/* What the machine wants sent: SIGKILL where signal could not be delivered, or would not be heard. */
void cpod_container_signal (struct cpod_container *c, int signal);

/* ---- exec.c ------------------------------------------------------------------------------ */

void cpod_execs_cancel_all (struct cpod_pod *pod);

/* ---- message.c --------------------------------------------------------------------------- */

#define CPOD_MESSAGE_MAX 4096
/* Makes the file for the run called id; *ret_path NULL: the spec wants none. err is not NULL. */
int cpod_message_create (const struct cpod_container *c, const char *id, char **ret_path, struct cpod_error *err);
/* Takes the message of a run that has ended, with a failure or not, and removes its file. text: "" when there is none. */
void cpod_message_take (struct cpod_container *c, char **path, bool failed, char text[CPOD_MESSAGE_MAX + 1]);
/* Removes the file, if there is one. */
void cpod_message_forget (char **path);

/* ---- pod-status.c ------------------------------------------------------------------------ */

/* A run has begun; has ended, or could not be started (message: what it left to say, or why; NULL: nothing). */
void cpod_container_note_start (struct cpod_container *c);
void cpod_container_note_end (struct cpod_container *c, const struct cpod_rt_exit *exit, bool start_failed,
                              const char *message);
void cpod_container_forget_notes (struct cpod_container *c);
void cpod_pod_note_created (struct cpod_pod *pod);
void cpod_pod_note_started (struct cpod_pod *pod);
/* Something has changed: notes since when each condition is what it is. */
void cpod_pod_note_conditions (struct cpod_pod *pod);
/* Fills in the part of status that is Kubernetes'. */
void cpod_pod_view_details (struct cpod_pod *pod, struct cpod_status *status);

/* ---- words.c ----------------------------------------------------------------------------- */

#define CPOD_WORDS_MAX 64
/* "exit status N" or "signal: killed". */
void cpod_words_exit (const struct cpod_rt_exit *exit, char text[CPOD_WORDS_MAX]);
/* "2s", "1.5s". */
void cpod_words_duration (uint64_t ms, char text[CPOD_WORDS_MAX]);

#endif
