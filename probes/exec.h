/* One attempt of an exec probe.
 *
 * Stages: a pipe for what the command prints (where the runtime honours stdio); the runtime's exec
 * operation, with the container's own environment and directory; the output is read as it comes, its
 * first 10 KiB are kept and the rest discarded; the operation's end is the attempt's end, however
 * many of the command's descendants still hold the pipe.
 *
 * Who decides about timeouts is the worker: this file only starts, watches and cancels.
 */
#ifndef CPOD_PROBES_EXEC_H
#define CPOD_PROBES_EXEC_H

#include "op.h"
#include "worker.h"

#define CPOD_PROBE_OUTPUT_MAX 10240u

struct cpod_probe_exec;

/* How an attempt ended. */
struct cpod_probe_end {
	enum cpod_worker_outcome outcome;
	struct cpod_rt_exit exit;            /* when error.code is 0 */
	struct cpod_error error;             /* why it could not be run */
};

/* Zeroed, with loop, async, done and data set by the owner, it is ready for start. */
struct cpod_probe_exec {
	struct cpod_loop *loop;                       /* borrowed */
	const struct cpod_runtime_async *async;       /* borrowed */
	bool stdio;                                   /* the runtime honours stdio_fd */
	/* Called once for each start that returned 0, unless it was cancelled. It may start the next. */
	void (*done) (struct cpod_probe_exec *exec, const struct cpod_probe_end *end);
	void *data;

	struct cpod_op op;                            /* op.op is NULL while there is no attempt */
	struct cpod_source out_source;
	int out_fd;                                   /* owned; valid while out_source is in the loop */
	char *output;                                 /* owned; NUL-terminated; NULL: nothing was printed */
	size_t output_len;
};

/* Begins an attempt; there must be none. argv is NULL-terminated and borrowed for the call. On failure *end
 * says what it counts as. */
int cpod_probe_exec_start (struct cpod_probe_exec *exec, struct cpod_rt_container *container,
                           const char *const *argv, struct cpod_probe_end *end);
/* Ends an attempt, killing the command if the runtime can; done is not called. Nothing when there is none. */
void cpod_probe_exec_cancel (struct cpod_probe_exec *exec);
/* Also frees the output. */
void cpod_probe_exec_finish (struct cpod_probe_exec *exec);

#endif
