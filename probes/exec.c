/* One attempt of an exec probe (exec.h). */
#include "exec.h"

#include "answer.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READ_BYTES 16384
#define READS_PER_TURN 4

/* What a failure to run the command counts as: a program that cannot be executed is a failed probe. */
static enum cpod_worker_outcome
classify (int ret)
{
	return ret == -ENOENT || ret == -EACCES || ret == -ENOEXEC ? CPOD_OUTCOME_FAILURE : CPOD_OUTCOME_ERROR;
}

/* ---- Output ------------------------------------------------------------------------------ */

/* Keeps what still fits of len bytes; without memory for it they are discarded. */
static void
keep (struct cpod_probe_exec *exec, const char *bytes, size_t len)
{
	size_t room = CPOD_PROBE_OUTPUT_MAX - exec->output_len;

	if (len > room)
		len = room;
	if (len == 0)
		return;
	if (!exec->output)
		exec->output = malloc (CPOD_PROBE_OUTPUT_MAX + 1);
	if (!exec->output)
		return;
	memcpy (exec->output + exec->output_len, bytes, len);
	exec->output_len += len;
	exec->output[exec->output_len] = '\0';
}

static void
close_output (struct cpod_probe_exec *exec)
{
	if (!exec->out_source.loop)
		return;
	cpod_loop_remove (&exec->out_source);
	cpod_fd_close (&exec->out_fd);
}

/* Reads a bounded amount, so that one talkative probe cannot hold up the loop. */
static void
read_output (struct cpod_probe_exec *exec)
{
	char bytes[READ_BYTES];
	ssize_t len;

	for (int i = 0; i < READS_PER_TURN; i++) {
		len = read (exec->out_fd, bytes, sizeof (bytes));
		if (len > 0)
			keep (exec, bytes, (size_t) len);
		else if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		else
			break;
		if (len < (ssize_t) sizeof (bytes))
			return;
	}
	if (len <= 0)
		close_output (exec);
}

static void
on_output (struct cpod_source *source, uint32_t epoll_events)
{
	(void) epoll_events;
	read_output (source->data);
}

/* Makes the pipe and watches its reading end. ret_fd: the writing end, the caller's. */
static int
open_output (struct cpod_probe_exec *exec, int *ret_fd, struct cpod_error *err)
{
	cpod_autofd write_fd = -1;
	int fds[2], ret;

	if (pipe2 (fds, O_CLOEXEC) < 0)
		return cpod_error_sys (err, errno, "make a pipe for a probe");
	exec->out_fd = fds[0];
	write_fd = fds[1];
	if (fcntl (exec->out_fd, F_SETFL, O_NONBLOCK) < 0)
		ret = cpod_error_sys (err, errno, "make a pipe for a probe");
	else
		ret = cpod_loop_add (exec->loop, &exec->out_source, exec->out_fd, EPOLLIN, err);
	if (ret < 0) {
		cpod_fd_close (&exec->out_fd);
		return ret;
	}
	*ret_fd = cpod_fd_steal (&write_fd);
	return 0;
}

/* ---- The attempt ------------------------------------------------------------------------- */

static void
on_op (struct cpod_op *op, int ret, const struct cpod_rt_exit *status, const struct cpod_error *error)
{
	struct cpod_probe_exec *exec = op->data;
	struct cpod_probe_end end = { .outcome = CPOD_OUTCOME_FAILURE, .exit = *status };

	if (exec->out_source.loop)
		read_output (exec);
	close_output (exec);
	if (ret < 0) {
		end.outcome = classify (ret);
		end.error = *error;
		end.error.code = -ret;
	} else if (end.exit.code == 0) {
		end.outcome = CPOD_OUTCOME_SUCCESS;
	}
	exec->done (exec, &end);
}

/* Calls the runtime and watches the operation. */
static int
begin (struct cpod_probe_exec *exec, struct cpod_rt_container *container, const char *const *argv, int out_fd,
       struct cpod_error *err)
{
	struct cpod_rt_exec_config config = {
		.size = sizeof (config), .argv = argv, .stdio_fd = { -1, out_fd, out_fd },
	};
	struct cpod_rt_op *op = NULL;
	int op_fd = -1, ret = cpod_answer (exec->async->exec (container, &config, &op, &op_fd, err), "exec", err);

	exec->op.done = on_op;
	exec->op.call = "exec";
	exec->op.data = exec;
	return ret < 0 ? ret : cpod_op_watch (&exec->op, exec->loop, exec->async, op, op_fd, err);
}

int
cpod_probe_exec_start (struct cpod_probe_exec *exec, struct cpod_rt_container *container,
                       const char *const *argv, struct cpod_probe_end *end)
{
	cpod_autofd out_fd = -1;
	int ret = 0;

	memset (end, 0, sizeof (*end));
	free (exec->output);
	exec->output = NULL;
	exec->output_len = 0;
	exec->out_source = (struct cpod_source) { .fd = -1, .ready = on_output, .data = exec };
	if (exec->stdio)
		ret = open_output (exec, &out_fd, &end->error);
	if (ret == 0)
		ret = begin (exec, container, argv, out_fd, &end->error);
	if (ret == 0)
		return 0;
	close_output (exec);
	end->error.code = -ret;
	end->outcome = classify (ret);
	return ret;
}

void
cpod_probe_exec_cancel (struct cpod_probe_exec *exec)
{
	if (!exec->op.op)
		return;
	cpod_op_cancel (&exec->op);
	if (exec->out_source.loop)
		read_output (exec);
	close_output (exec);
}

void
cpod_probe_exec_finish (struct cpod_probe_exec *exec)
{
	cpod_probe_exec_cancel (exec);
	free (exec->output);
	exec->output = NULL;
	exec->output_len = 0;
}
