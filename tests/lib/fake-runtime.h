/* A runtime whose containers exist on paper: the test says when a start is done, when a program ends,
 * and which call fails. Every call is written into a log; what is not given back is counted. */
#ifndef TESTS_LIB_FAKE_RUNTIME_H
#define TESTS_LIB_FAKE_RUNTIME_H

#include <cpod/runtime.h>
#include <stdbool.h>

/* Asynchronous, with pods, signals, stdio and cancellable execs. */
extern const struct cpod_runtime fake_runtime;
/* The same world with four blocking operations. */
extern const struct cpod_runtime fake_blocking_runtime;

struct cpod_rt_op {
	struct cpod_rt_container *container;
	bool exec, done;
	int fd;                             /* an eventfd, readable when done */
	int ret;
	struct cpod_rt_exit exit;
	int out_fd;                         /* an exec's stdout, kept open until it ends; -1 */
	char program[64];                   /* argv[0] of an exec */
	struct cpod_rt_op *next;
};

struct cpod_rt_container {
	char name[64];
	char spec[512];
	bool started, ended;
	int exit_fd;                        /* an eventfd */
	struct cpod_rt_exit exit;
	struct cpod_rt_op *ops;             /* in progress, newest first */
	struct cpod_rt_container *next;
};

struct fake {
	struct cpod_rt_container *containers;
	int n_pods, n_containers, n_ops;    /* not given back */
	char log[4096];                     /* "create a;start a;..." */
	bool hold_starts;                   /* a start is done when the test says so, else at once */
	const char *fail;                   /* "pod_create", "create", "start", "start result", "exec", "exec result", "exit_fd",
	                                     * "exit_status", "kill": this call fails ... */
	int fail_code;                      /* ... with this errno */
	const char *fail_container;         /* ... for this container only, unless NULL */
	bool kill_ends;                     /* SIGKILL ends a container, as it should */
};
extern struct fake fake;

void fake_reset (void);
struct cpod_rt_container *fake_find (const char *name);
/* The newest operation of a container, or NULL. */
struct cpod_rt_op *fake_op (const char *name);
void fake_op_done (struct cpod_rt_op *op, int ret, int code);
void fake_exit (const char *name, int code, int signal);

#endif
