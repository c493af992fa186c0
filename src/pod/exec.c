/* Programs that the user runs in a container.
 *
 * Each is an operation of the runtime with a record in the pod's list. The record goes before done
 * is called, so that done may do what it likes; cancelling takes the same path without the call.
 */
#include "pod.h"

#include "probes/answer.h"
#include "src/base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cpod_exec {
	struct cpod_run *run;
	struct cpod_exec_options options;
	struct cpod_op op;
	struct cpod_exec *next, **link;     /* in the pod's list; *link is this one */
};

/* Takes it out of the list and frees it; its operation is over. */
static void
forget (struct cpod_exec *exec)
{
	struct cpod_run *run = exec->run;

	*exec->link = exec->next;
	if (exec->next)
		exec->next->link = exec->link;
	free (exec);
	cpod_run_unref (run);
}

static void
on_done (struct cpod_op *op, int ret, const struct cpod_rt_exit *status, const struct cpod_error *error)
{
	struct cpod_exec *exec = op->data;
	struct cpod_exec_options options = exec->options;
	struct cpod_error failure = *error;
	struct cpod_rt_exit result = *status;

	if (ret < 0) {
		failure.code = -ret;
		result = (struct cpod_rt_exit) { .code = -1 };
	}
	forget (exec);
	if (options.done)
		options.done (options.data, &result, ret < 0 ? &failure : NULL);
}

/* Whether the runtime can do what the options ask for. */
static int
check_options (const struct cpod_pod *pod, const struct cpod_exec_options *options, struct cpod_error *err)
{
	if (options->flags & ~CPOD_EXEC_TTY)
		return cpod_error_set (err, EINVAL, "unknown flags of an exec");
	if ((options->flags & CPOD_EXEC_TTY) && !(pod->runtime->capabilities & CPOD_RT_CAP_TTY))
		return cpod_error_set (err, ENOTSUP, "the runtime %s gives programs no terminal", pod->runtime->name);
	if (options->env && pod->blocking)
		return cpod_error_set (err, ENOTSUP, "the runtime %s gives programs no environment of their own",
		                       pod->runtime->name);
	return 0;
}

/* Has the runtime begin it. */
static int
begin (struct cpod_exec *exec, struct cpod_error *err)
{
	struct cpod_pod *pod = exec->run->container->pod;
	struct cpod_rt_exec_config config = {
		.size = sizeof (config),
		.argv = exec->options.argv,
		.stdio_fd = { exec->options.stdio_fd[0], exec->options.stdio_fd[1], exec->options.stdio_fd[2] },
		.flags = CPOD_RT_EXEC_KEEP,   /* what it starts in the background is the user's will */
		.tty_socket_fd = exec->options.tty_socket_fd,
		.tty_rows = exec->options.tty_rows,
		.tty_columns = exec->options.tty_columns,
		.env_more = exec->options.env,
	};
	struct cpod_error inner = { 0 };
	struct cpod_rt_op *op = NULL;
	int fd = -1, ret;

	if (exec->options.flags & CPOD_EXEC_TTY)
		config.flags |= CPOD_RT_EXEC_NEW_TTY;
	exec->op.done = on_done;
	exec->op.call = "exec";
	exec->op.data = exec;
	ret = cpod_answer (pod->table->async->exec (exec->run->rt, &config, &op, &fd, &inner), "exec", &inner);
	if (ret < 0 && err)
		*err = inner;
	return ret < 0 ? ret : cpod_op_watch (&exec->op, &pod->loop, pod->table->async, op, fd, err);
}

int
cpod_pod_exec (struct cpod_pod *pod, const char *container, const struct cpod_exec_options *options,
               struct cpod_exec **ret_exec, struct cpod_error *err)
{
	struct cpod_container *c = cpod_pod_find (pod, container);
	struct cpod_exec *exec;
	int ret;

	if (!c)
		return cpod_error_set (err, ENOENT, "there is no container %s in pod %s", container, pod->spec->name);
	if (!c->run || !c->run->running)
		return cpod_error_set (err, ESRCH, "container %s is not running", container);
	if (!options->argv || !options->argv[0])
		return cpod_error_set (err, EINVAL, "no program to run in container %s", container);
	exec = calloc (1, sizeof (*exec));
	if (!exec)
		return cpod_error_oom (err);
	memcpy (&exec->options, options, options->size < sizeof (*options) ? options->size : sizeof (*options));
	exec->run = c->run;
	ret = check_options (pod, &exec->options, err);
	if (ret == 0)
		ret = begin (exec, err);
	if (ret < 0) {
		free (exec);
		return ret;
	}
	exec->run->n_ops++;
	exec->next = pod->execs;
	exec->link = &pod->execs;
	if (exec->next)
		exec->next->link = &exec->next;
	pod->execs = exec;
	if (ret_exec)
		*ret_exec = exec;
	return 0;
}

void
cpod_exec_cancel (struct cpod_exec *exec)
{
	if (!exec)
		return;
	cpod_op_cancel (&exec->op);
	forget (exec);
}

void
cpod_execs_cancel_all (struct cpod_pod *pod)
{
	while (pod->execs)
		cpod_exec_cancel (pod->execs);
}
