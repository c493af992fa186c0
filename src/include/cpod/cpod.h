/* libcpod: pods inside your own program.
 *
 * Load a spec, create a pod from it, start it, and let its descriptor into your event loop:
 *
 *     cpod_spec_load ("pod.yaml", NULL, &spec, &err);
 *     cpod_pod_create (spec, NULL, &pod, &err);
 *     cpod_pod_start (pod, &err);
 *     for (;;) { poll cpod_pod_fd (pod); cpod_pod_dispatch (pod, &err); }
 *
 * The library has no state of its own that a caller could notice (it keeps what it has loaded: modules, plugins, the
 * last system call filter), installs no signal handlers, prints nothing, never exits, and leaves the caller's working
 * directory, umask, environment, credentials, limits, dumpable flag and namespaces alone. It starts no threads, but
 * for a runtime that has blocking operations only; those have all signals blocked.
 *
 * A pod has one child process of the caller (pod init), which the library waits for by its number; so SIGCHLD may come
 * when a pod ends. What the caller does about that signal is without consequence: it may ignore it, handle it, or wait
 * for all children (pidfd_open(2); Linux 5.14 and later).
 *
 * Every function that returns int returns 0 or a negative errno, unless it says otherwise, and then fills err (NULL is
 * allowed): one sentence, as in runtime.h. On failure ret_* stay as they were. -ENOMEM is possible everywhere and not
 * listed. Strings are UTF-8 and NUL-terminated. All calls for one pod come from one thread at a time; different pods are
 * independent. Times are milliseconds unless the name says otherwise.
 *
 * Structs that the caller fills begin with size: set it to sizeof; members are only appended, and those beyond size are
 * taken for 0. So it is with what the library fills, where that begins with size.
 */
#ifndef CPOD_CPOD_H
#define CPOD_CPOD_H

#include <cpod/runtime.h>
#include <stdbool.h>
#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

struct cpod_spec;
struct cpod_pod;
struct cpod_exec;

/* The version of the library, "MAJOR.MINOR.PATCH". Static. */
const char *cpod_version (void);

/* ---- Specs ------------------------------------------------------------------------------- */

#define CPOD_LOAD_STRICT         (1u << 0)  /* unknown properties inside an OCI spec are errors too */
#define CPOD_LOAD_IGNORE_UNKNOWN (1u << 1)  /* unknown fields of the pod are warnings */

struct cpod_load_options {
	size_t      size;
	const char *name;           /* the pod's name; NULL: metadata.name, else the file's base name made to fit */
	uint32_t    flags;          /* CPOD_LOAD_* */
	void      (*warn) (void *data, const char *message);   /* one sentence, no newline; NULL: dropped */
	void       *data;
};

/* Reads and checks a pod spec, JSON or YAML told apart by content ("-": standard input).
 * err: "FILE:LINE:COL: PATH: reason". -EINVAL: bad input; -ENOTSUP: a field that this version does not
 * carry out; -ENOENT, ...: the file. options may be NULL. The caller destroys the spec. */
int cpod_spec_load (const char *path, const struct cpod_load_options *options, struct cpod_spec **ret_spec,
                    struct cpod_error *err);
/* The same from len bytes of memory, which need no NUL and are not needed afterwards; name stands for the file in
 * messages, and for the pod's name where there is no other. */
int cpod_spec_parse (const char *name, const char *text, size_t len, const struct cpod_load_options *options,
                     struct cpod_spec **ret_spec, struct cpod_error *err);
void cpod_spec_destroy (struct cpod_spec *spec);            /* NULL is allowed */
/* The pod's name, borrowed from the spec. */
const char *cpod_spec_name (const struct cpod_spec *spec);
/* The normalised spec as indented JSON, NUL-terminated; the caller frees (free(3)). */
int cpod_spec_json (const struct cpod_spec *spec, char **ret_text, struct cpod_error *err);
/* What the runtime would do to start each container, one step a line; the caller frees. A runtime
 * that cannot tell gives -ENOTSUP. runtime NULL: production. What it does not know in an OCI spec is a
 * line that begins with "warning: ". */
int cpod_spec_describe (const struct cpod_spec *spec, const struct cpod_runtime *runtime, char **ret_text,
                        struct cpod_error *err);

/* ---- Runtimes ---------------------------------------------------------------------------- */

/* A runtime by name ("production", "shellout", or X for the installed X.so) or by absolute path to a
 * plugin (dlopen'ed with RTLD_NOW | RTLD_LOCAL and kept: dlopen(3)). Static; never freed. A plugin is a regular file that
 * belongs to root or the caller, as do its directories, and that nobody else may write (nor its directories, but for
 * sticky ones). -ENOENT: there is none; -EINVAL: neither a name nor an absolute path; -EPERM: somebody else could have
 * changed it; -ENOEXEC: no shared object, or without the symbol; -EPROTO: its table cannot be called. */
int cpod_runtime_find (const char *name, const struct cpod_runtime **ret_runtime, struct cpod_error *err);

/* ---- Pods -------------------------------------------------------------------------------- */

/* One container's state; the numbers are part of the HTTP interface. */
enum cpod_state {
	CPOD_STATE_STARTED  = 0,
	CPOD_STATE_HEALTHY  = 1,
	CPOD_STATE_FAILING  = 2,   /* the last liveness attempt failed, the threshold is not reached */
	CPOD_STATE_TERMINAL = 3,   /* a threshold was reached */
	CPOD_STATE_FINISHED = 4,   /* exit status 0 */
	CPOD_STATE_FAILED   = 5,
};

struct cpod_status_error {
	const char *message;            /* no varying text: a repetition refreshes the time */
	int64_t     sec;                /* CLOCK_REALTIME of the latest occurrence */
	int32_t     nsec;
};

struct cpod_probe_status {
	uint32_t configured;            /* 0: the container has no such probe; the rest is 0 */
	int32_t  result;                /* published: -1 failure, 0 unknown, 1 success */
	uint32_t attempts, failures;    /* since the pod was created */
	uint32_t consecutive;           /* identical results in a row, as the thresholds count */
	int32_t  last_exit;             /* exit status of the last attempt, 128 + signal, -1: timed out or not run */
	const char *last_output;        /* at most 10 KiB, NUL-terminated; "" when none */
};

enum cpod_probe_type { CPOD_PROBE_LIVENESS, CPOD_PROBE_READINESS, CPOD_PROBE_STARTUP };

struct cpod_container_status {
	const char *name;
	const char *id;                 /* "" before the first start */
	uint32_t    init;               /* 1 for an init container */
	uint32_t    running;
	uint32_t    ready;
	uint32_t    restarts;
	const uint8_t *states;          /* enum cpod_state, oldest first, the last 128; none for an init container */
	size_t      n_states;
	const struct cpod_status_error *errors;   /* the last 16 */
	size_t      n_errors;
	uint32_t    ended;              /* 1: exit is set */
	struct cpod_rt_exit exit;       /* of the last end */
	struct cpod_probe_status probes[3];       /* by enum cpod_probe_type */
};

enum cpod_phase { CPOD_PHASE_PENDING, CPOD_PHASE_RUNNING, CPOD_PHASE_SUCCEEDED, CPOD_PHASE_FAILED };

/* A moment of CLOCK_REALTIME; both 0: it has not come. */
struct cpod_instant { int64_t sec; int32_t nsec; };

/* One run of a container in Kubernetes' words. Texts are never NULL; "" is none. */
enum cpod_run_kind { CPOD_RUN_NONE, CPOD_RUN_WAITING, CPOD_RUN_RUNNING, CPOD_RUN_TERMINATED };
struct cpod_run_status {
	enum cpod_run_kind kind;
	const char *reason;             /* WAITING: ContainerCreating, PodInitializing, CrashLoopBackOff, CreateContainerError,
	                                 * RunContainerError, PostStartHookError; TERMINATED: Completed, Error, OOMKilled,
	                                 * StartError (exit code 128), ContainerStatusUnknown (137) */
	const char *message;            /* WAITING: for how long; TERMINATED: what the container has left to say */
	const char *id;                 /* of that run; WAITING: "" */
	struct cpod_rt_exit exit;       /* TERMINATED */
	struct cpod_instant started, finished;
};
struct cpod_container_detail {
	size_t          size;
	struct cpod_run_status state;       /* never NONE */
	struct cpod_run_status last_state;  /* the run before that: TERMINATED or NONE */
	uint32_t        started;        /* it runs, postStart is done, its startup probe, if any, succeeded */
	uint32_t        ready;          /* also 1 for an init container that has completed */
};
/* PodScheduled, PodReadyToStartContainers, Initialized, ContainersReady, Ready. */
struct cpod_condition_status {
	size_t          size;
	const char     *type, *reason, *message;
	uint32_t        value;          /* 1: it holds */
	struct cpod_instant since;
};

struct cpod_status {
	size_t          size;
	const char     *name;
	enum cpod_phase phase;
	uint32_t        healthy;        /* every main container's last state is STARTED, HEALTHY or FAILING */
	const struct cpod_container_status *containers;   /* init containers first, then main, in spec order */
	size_t          n_init, n_containers;             /* n_containers: all of them */
	/* The pod as Kubernetes' PodStatus. */
	const char     *uid;
	const char     *reason, *message;                 /* DeadlineExceeded; "" is none */
	struct cpod_instant created, started;
	const struct cpod_container_detail *const *details;      /* n_containers, as containers */
	const struct cpod_condition_status *const *conditions;   /* n_conditions */
	size_t          n_conditions;
};

enum cpod_event_type {
	CPOD_EVENT_STARTED,             /* a container's program runs */
	CPOD_EVENT_STATE,               /* a main container entered state */
	CPOD_EVENT_EXITED,              /* a container ended; exit is set */
	CPOD_EVENT_ERROR,               /* message: an entry of LatestErrors was made or refreshed */
	CPOD_EVENT_HEALTHY,             /* the pod's healthy bit changed to value */
	CPOD_EVENT_ENDED,               /* every container has ended (value: 0 if all finished well); the last event */
};
struct cpod_event {
	size_t      size;
	enum cpod_event_type type;
	const char *container;          /* NULL for pod events */
	enum cpod_state state;
	uint32_t    value;
	struct cpod_rt_exit exit;
	const char *message;            /* NULL when there is none */
};

struct cpod_pod_options {
	size_t      size;
	const struct cpod_runtime *runtime;   /* NULL: production */
	const char *state_dir;          /* absolute, exists, 0700, the pod's own; NULL: none (the runtime makes do) */
	const char *cgroup_parent;      /* NULL: the runtime's own choice */
	/* Called from dispatch (and from start, kill, stop) on the caller's thread; it must not destroy the pod. */
	void      (*event) (void *data, const struct cpod_event *event);
	/* Fills fd[3] for a container about to start; they stay the callee's (borrowed until it returns from the
	 * start). Leave -1 for /dev/null. NULL: all /dev/null. */
	void      (*stdio) (void *data, const char *container, int32_t fd[3]);
	void       *data;
	/* Called during start for each property of an OCI spec that the runtime does not know; one sentence with
	 * file, line, column and path. NULL: dropped. */
	void      (*warn) (void *data, const char *message);
	/* hostUsers: false, where the caller is root: the name of the user whose subordinate ids (subuid(5), subgid(5)) the
	 * pod may have. NULL: "cpod". */
	const char *subordinate_user;
	/* For terminationMessagePolicy FallbackToLogsOnError: fills text with the last 80 lines that the container has
	 * written, at most size bytes (no NUL is needed), and returns how many. NULL: there are no logs. */
	size_t    (*log_tail) (void *data, const char *container, char *text, size_t size);
};

/* A pod that does nothing yet. It keeps its own reference to what it needs of the spec, which may be
 * destroyed afterwards. options may be NULL. */
int cpod_pod_create (const struct cpod_spec *spec, const struct cpod_pod_options *options,
                     struct cpod_pod **ret_pod, struct cpod_error *err);
/* Kills what still runs, waits for it (a few seconds at most: what does not die then is left to the kernel, or to a
 * plugin's own thread), and releases everything: the descriptor, status views and cpod_exec's are gone. No callback is
 * called any more. Not from within a callback. NULL is allowed. */
void cpod_pod_destroy (struct cpod_pod *pod);

/* Ends what a dead supervisor left of the pod whose state_dir this was: processes and cgroups. The files in
 * state_dir stay the caller's. runtime: the one the pod ran with; NULL: production. The caller makes sure that the
 * supervisor is dead (its lock is free). Blocks for at most a few seconds. -EBUSY: a task that does not die yet,
 * named in err. 0 as well for a runtime that leaves nothing. */
int cpod_pod_reclaim (const char *state_dir, const struct cpod_runtime *runtime, struct cpod_error *err);

/* Begins: makes the pod and starts its first container. The rest happens in dispatch. Once for a pod: else -EALREADY.
 * -EINVAL, -ENOTSUP, ...: what the runtime refuses, before anything runs; the pod has ended then. A container that cannot
 * be started later is an event and an error of that container. */
int cpod_pod_start (struct cpod_pod *pod, struct cpod_error *err);
/* Readable (poll(2), POLLIN; level-triggered) when dispatch has something to do; an epoll descriptor (epoll(7)), which
 * nests in another epoll. Owned by the pod, the same from create to destroy. */
int cpod_pod_fd (const struct cpod_pod *pod);
/* Does what is due without blocking, and calls the callbacks. Nothing to do is no error. */
int cpod_pod_dispatch (struct cpod_pod *pod, struct cpod_error *err);
/* For programs without an event loop: dispatches until every container has ended. */
int cpod_pod_run (struct cpod_pod *pod, struct cpod_error *err);
/* The same for at most timeout_ms (negative: for ever). -ETIMEDOUT: it goes on. */
int cpod_pod_wait (struct cpod_pod *pod, int64_t timeout_ms, struct cpod_error *err);
/* 1 once every container has ended (or will never start). */
int cpod_pod_ended (const struct cpod_pod *pod);

/* 1 or 0: whether every main container's last state is STARTED, HEALTHY or FAILING. */
int cpod_pod_healthy (const struct cpod_pod *pod);
/* A view that stays valid until the next call for this pod. */
int cpod_pod_status (struct cpod_pod *pod, const struct cpod_status **ret_status, struct cpod_error *err);
/* Sends signal (1 to 64: signal(7)) to one container, or to all that run (container NULL). One that is just being
 * started gets it when it runs. -ENOENT: no such container; -ESRCH: it is not running; -EINVAL: no signal. */
int cpod_pod_kill (struct cpod_pod *pod, const char *container, int signal, struct cpod_error *err);
/* Ends the pod in dispatch: SIGTERM to each container (SIGKILL at once to one whose PID 1 does not handle it,
 * and to init containers), SIGKILL when grace_ms are over. A second call with a shorter grace
 * shortens it; 0 kills at once. grace_ms < 0: the spec's, else 10 s. A container whose end does not come within half
 * a minute of SIGKILL is given up (CPOD_RT_EXIT_LOST). A pod that has ended: 0. */
int cpod_pod_stop (struct cpod_pod *pod, int64_t grace_ms, struct cpod_error *err);

/* Runs a program in a running container; done is called from dispatch, once, with how it ended, or with
 * code -1 and a message when it could not be run (error->code ENOENT, EACCES, ENOEXEC, ESRCH, ...). */
#define CPOD_EXEC_TTY (1u << 0)     /* the program gets a terminal of the container's own (see tty_socket_fd) */
struct cpod_exec_options {
	size_t             size;
	const char *const *argv;        /* NULL-terminated; argv[0] is searched in the container's PATH */
	int32_t            stdio_fd[3]; /* borrowed for the call; -1: /dev/null */
	void             (*done) (void *data, const struct cpod_rt_exit *exit, const struct cpod_error *error);
	void              *data;
	uint32_t           flags;       /* CPOD_EXEC_* */
	/* CPOD_EXEC_TTY: one end of a Unix socket pair, borrowed for the call. A terminal is made in the container's
	 * /dev/pts and is the program's stdio (stdio_fd is not used) and controlling terminal. Before the program
	 * runs its master side comes to the other end: one message with one descriptor (SCM_RIGHTS, recvmsg (2)),
	 * which is the receiver's; TIOCSWINSZ on it changes the size, and when the last copy is closed the
	 * program gets SIGHUP. Where the program fails before it has a terminal only the end of file comes, once the
	 * caller has closed its own copy of this end. -ENOTSUP: the runtime has no terminals. */
	int32_t            tty_socket_fd;
	uint16_t           tty_rows, tty_columns;   /* the size that it begins with; 0: unknown */
	/* "NAME=VALUE", NULL-terminated, added to the container's environment, or in the place of what has that name
	 * there. NULL: none. Not for a runtime with blocking operations only: -ENOTSUP. */
	const char *const *env;
};
/* ret_exec (NULL is allowed): for cpod_exec_cancel; it is gone when done is called. -ENOENT: no such container; -ESRCH: it
 * is not running; -EINVAL: no program. */
int cpod_pod_exec (struct cpod_pod *pod, const char *container, const struct cpod_exec_options *options,
                   struct cpod_exec **ret_exec, struct cpod_error *err);
/* Kills it and all its descendants; done is not called any more. (What it leaves in the background when it ends by
 * itself goes on in the container.) With a runtime that has blocking operations only it runs on, and its result is
 * dropped. NULL is allowed. */
void cpod_exec_cancel (struct cpod_exec *exec);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
