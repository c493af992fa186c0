/* Threads for a blocking runtime (blocking.h).
 *
 * A task is what a thread and the controller share: an eventfd that becomes readable when the call
 * has returned, and the result. It is counted: the op and the thread hold one reference each, so
 * that either may go first. The result is written before the eventfd, and read only after it.
 *
 * After SIGKILL the runtime owes a return within a second, and its own destroy may only be called when no
 * other call is in progress. So a container's destroy kills and waits, but not for ever: a runtime that
 * does not keep its word may not hold up the controller. What it still works on is abandoned to its
 * threads, and the last of them that returns destroys it.
 *
 * A runtime's -EAGAIN becomes -EBUSY: among the results of an operation it would mean "not yet".
 */
#include "blocking.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define RETURN_S 5   /* how long destroy waits for the runtime */

struct cpod_rt_pod { const struct cpod_runtime *runtime; };

/* One call that has returned or will. */
struct task {
	atomic_uint references;
	int event_fd;                       /* owned; readable once the rest is set */
	int ret;
	struct cpod_rt_exit exit;
	struct cpod_error error;
};

struct cpod_rt_container {
	const struct cpod_runtime *runtime;
	struct cpod_rt_container *inner;    /* owned */
	struct task *start, *wait;          /* NULL before start */
	pthread_mutex_t lock;               /* for what follows */
	pthread_cond_t idle;                /* n_threads became 0; monotonic */
	unsigned int n_threads;             /* in a call of the runtime, or on the way out of it */
	bool dying;                         /* destroy has begun: what starts is killed */
	bool abandoned;                     /* destroy has ended: the last thread frees */
};

struct cpod_rt_op { struct task *task; bool exec; };

/* What an exec's thread is given. */
struct exec_call { struct cpod_rt_container *container; struct task *task; char **argv; };

/* ---- Tasks ------------------------------------------------------------------------------- */

static struct task *
task_create (struct cpod_error *err)
{
	struct task *task = calloc (1, sizeof (*task));

	if (!task) {
		cpod_error_oom (err);
		return NULL;
	}
	atomic_init (&task->references, 1);
	task->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (task->event_fd < 0) {
		cpod_error_sys (err, errno, "make an eventfd");
		free (task);
		return NULL;
	}
	return task;
}

static struct task *
task_ref (struct task *task)
{
	atomic_fetch_add (&task->references, 1);
	return task;
}

static void
task_unref (struct task *task)
{
	if (!task || atomic_fetch_sub (&task->references, 1) > 1)
		return;
	cpod_fd_close (&task->event_fd);
	free (task);
}

/* The call has returned: from here on the controller may read the task. */
static void
task_done (struct task *task, int ret)
{
	task->ret = ret;
	(void) eventfd_write (task->event_fd, 1);   /* cannot fail: it is written once */
}

static bool
task_is_done (const struct task *task)
{
	struct pollfd poll_fd = { .fd = task->event_fd, .events = POLLIN };

	return poll (&poll_fd, 1, 0) == 1;
}

/* ---- Threads ----------------------------------------------------------------------------- */

/* Gives it back to the runtime; no call on it is in progress. */
static void
free_container (struct cpod_rt_container *c)
{
	c->runtime->destroy (c->inner);
	task_unref (c->start);
	task_unref (c->wait);
	pthread_cond_destroy (&c->idle);
	pthread_mutex_destroy (&c->lock);
	free (c);
}

/* A thread of c is through. It may not look at c any more. */
static void
leave (struct cpod_rt_container *c)
{
	bool last, abandoned;

	pthread_mutex_lock (&c->lock);
	last = --c->n_threads == 0;
	abandoned = c->abandoned;
	if (last)
		pthread_cond_signal (&c->idle);
	pthread_mutex_unlock (&c->lock);
	if (last && abandoned)
		free_container (c);
}

/* A detached thread with all signals blocked. 0 or -errno. */
static int
create_thread (void *(*run) (void *), void *data)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, old;
	int ret = pthread_attr_init (&attributes);

	if (ret != 0)
		return -ret;
	pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset (&all);
	pthread_sigmask (SIG_BLOCK, &all, &old);
	ret = pthread_create (&thread, &attributes, run, data);
	pthread_sigmask (SIG_SETMASK, &old, NULL);
	pthread_attr_destroy (&attributes);
	return -ret;
}

/* A thread of c: it ends with leave. */
static int
start_thread (struct cpod_rt_container *c, void *(*run) (void *), void *data, struct cpod_error *err)
{
	int ret;

	pthread_mutex_lock (&c->lock);
	c->n_threads++;
	pthread_mutex_unlock (&c->lock);
	ret = create_thread (run, data);
	if (ret == 0)
		return 0;
	pthread_mutex_lock (&c->lock);
	c->n_threads--;
	pthread_mutex_unlock (&c->lock);
	return cpod_error_sys (err, -ret, "start a thread");
}

/* ---- Containers -------------------------------------------------------------------------- */

/* A condition whose timeouts no change of the wall clock moves. */
static void
init_lock (struct cpod_rt_container *c)
{
	pthread_condattr_t attributes;

	pthread_mutex_init (&c->lock, NULL);
	pthread_condattr_init (&attributes);
	pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
	pthread_cond_init (&c->idle, &attributes);
	pthread_condattr_destroy (&attributes);
}

static int
blocking_create (struct cpod_rt_pod *pod, const struct cpod_rt_container_config *config,
                 struct cpod_rt_container **ret_container, struct cpod_error *err)
{
	struct cpod_rt_container *c = calloc (1, sizeof (*c));
	int ret;

	if (!c)
		return cpod_error_oom (err);
	c->runtime = pod->runtime;
	ret = c->runtime->create (NULL, config, &c->inner, err);
	if (ret == 0 && !c->inner)
		ret = cpod_error_set (err, EPROTO, "the runtime's create made no container");
	if (ret != 0) {
		free (c);
		return ret;
	}
	init_lock (c);
	*ret_container = c;
	return 0;
}

/* The runtime's kill; err may be NULL. */
static int
blocking_kill (struct cpod_rt_container *c, int signal, struct cpod_error *err)
{
	struct cpod_error unused = { 0 };

	return c->runtime->kill (c->inner, signal, err ? err : &unused);
}

static bool
is_dying (struct cpod_rt_container *c)
{
	bool dying;

	pthread_mutex_lock (&c->lock);
	dying = c->dying;
	pthread_mutex_unlock (&c->lock);
	return dying;
}

/* The container's thread: starts it, then waits for it. */
static void *
run_container (void *data)
{
	struct cpod_rt_container *c = data;
	int ret = c->runtime->start (c->inner, &c->start->error);

	task_done (c->start, ret);
	if (ret == 0) {
		if (is_dying (c))
			(void) blocking_kill (c, SIGKILL, NULL);   /* it may have ended by itself */
		ret = c->runtime->wait (c->inner, &c->wait->exit, &c->wait->error);
		task_done (c->wait, ret);
	}
	leave (c);
	return NULL;
}

/* Wraps task, whose reference is taken over, as an op. */
static int
make_op (struct task *task, bool exec, struct cpod_rt_op **ret_op, int *ret_fd, struct cpod_error *err)
{
	struct cpod_rt_op *op = malloc (sizeof (*op));

	if (!op) {
		task_unref (task);
		return cpod_error_oom (err);
	}
	*op = (struct cpod_rt_op) { task, exec };
	*ret_fd = task->event_fd;
	*ret_op = op;
	return 0;
}

static int
blocking_start (struct cpod_rt_container *c, struct cpod_rt_op **ret_op, int *ret_fd, struct cpod_error *err)
{
	int ret;

	c->wait = task_create (err);
	c->start = c->wait ? task_create (err) : NULL;
	ret = c->start ? make_op (task_ref (c->start), false, ret_op, ret_fd, err) : -ENOMEM;
	if (ret == 0) {
		ret = start_thread (c, run_container, c, err);
		if (ret == 0)
			return 0;
		task_unref ((*ret_op)->task);
		free (*ret_op);
	}
	task_unref (c->start);
	task_unref (c->wait);
	c->start = c->wait = NULL;
	return ret;
}

/* True when it runs or is being started. */
static bool
is_alive (const struct cpod_rt_container *c)
{
	if (!c->start || task_is_done (c->wait))
		return false;
	return !task_is_done (c->start) || c->start->ret == 0;
}

/* Kills it, now or as soon as it has started, and waits for the runtime. */
static void
blocking_destroy (struct cpod_rt_container *c)
{
	struct timespec deadline;
	int ret = 0;

	if (!c)
		return;
	pthread_mutex_lock (&c->lock);
	c->dying = true;
	pthread_mutex_unlock (&c->lock);
	if (is_alive (c))
		(void) blocking_kill (c, SIGKILL, NULL);   /* too early, or too late: then it is not needed */
	clock_gettime (CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += RETURN_S;
	pthread_mutex_lock (&c->lock);
	while (c->n_threads > 0 && ret == 0)
		ret = pthread_cond_timedwait (&c->idle, &c->lock, &deadline);
	c->abandoned = c->n_threads > 0;
	ret = c->abandoned;
	pthread_mutex_unlock (&c->lock);
	if (ret == 0)
		free_container (c);
}

/* What the controller is told for a runtime's result. */
static int
result_of (const struct task *task, struct cpod_error *err)
{
	if (task->ret != 0 && err)
		*err = task->error;
	return task->ret == -EAGAIN ? -EBUSY : task->ret;
}

static int
blocking_exit_fd (struct cpod_rt_container *c, int *ret_fd, struct cpod_error *err)
{
	if (!c->wait)
		return cpod_error_set (err, ESRCH, "the container is not running");
	*ret_fd = c->wait->event_fd;
	return 0;
}

static int
blocking_exit_status (struct cpod_rt_container *c, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	if (!c->wait || !task_is_done (c->wait))
		return cpod_error_set (err, EAGAIN, "the container has not ended");
	*ret_exit = c->wait->exit;
	return result_of (c->wait, err);
}

/* ---- Execs ------------------------------------------------------------------------------- */

/* A NULL-terminated copy in one block, for free. NULL: memory. */
static char **
copy_argv (const char *const *argv)
{
	size_t n = 0, bytes = 0;
	char **copy, *text;

	for (; argv[n]; n++)
		bytes += strlen (argv[n]) + 1;
	copy = malloc ((n + 1) * sizeof (*copy) + bytes);
	if (!copy)
		return NULL;
	text = (char *) (copy + n + 1);
	for (size_t i = 0; i < n; i++) {
		copy[i] = text;
		text = stpcpy (text, argv[i]) + 1;
	}
	copy[n] = NULL;
	return copy;
}

static void *
run_exec (void *data)
{
	struct exec_call *call = data;
	struct cpod_rt_container *c = call->container;
	struct task *task = call->task;
	int ret = c->runtime->exec (c->inner, (const char *const *) call->argv, &task->exit, &task->error);

	task_done (task, ret);
	task_unref (task);
	free (call->argv);
	free (call);
	leave (c);
	return NULL;
}

static int
blocking_exec (struct cpod_rt_container *c, const struct cpod_rt_exec_config *config, struct cpod_rt_op **ret_op,
               int *ret_fd, struct cpod_error *err)
{
	struct exec_call *call = calloc (1, sizeof (*call));
	int ret = call ? 0 : cpod_error_oom (err);

	if (ret == 0) {
		call->container = c;
		call->argv = copy_argv (config->argv);
		call->task = task_create (err);
		if (!call->argv)
			ret = cpod_error_oom (err);
		else if (!call->task)
			ret = -ENOMEM;
	}
	if (ret == 0)
		ret = make_op (task_ref (call->task), true, ret_op, ret_fd, err);
	if (ret == 0) {
		ret = start_thread (c, run_exec, call, err);   /* call is the thread's own from then on */
		if (ret == 0)
			return 0;
		task_unref ((*ret_op)->task);
		free (*ret_op);
	}
	if (call) {
		task_unref (call->task);
		free (call->argv);
	}
	free (call);
	return ret;
}

/* ---- Ops --------------------------------------------------------------------------------- */

static void
blocking_op_cancel (struct cpod_rt_op *op)
{
	task_unref (op->task);
	free (op);
}

static int
blocking_op_result (struct cpod_rt_op *op, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	int ret;

	if (!task_is_done (op->task))
		return cpod_error_set (err, EAGAIN, "not yet");
	ret = result_of (op->task, err);
	if (ret == 0 && op->exec && ret_exit)
		*ret_exit = op->task->exit;
	blocking_op_cancel (op);
	return ret;
}

int
cpod_blocking_pod (const struct cpod_runtime *runtime, struct cpod_rt_pod **ret_pod, struct cpod_error *err)
{
	struct cpod_rt_pod *pod = malloc (sizeof (*pod));

	if (!pod)
		return cpod_error_oom (err);
	pod->runtime = runtime;
	*ret_pod = pod;
	return 0;
}

static void
blocking_pod_destroy (struct cpod_rt_pod *pod)
{
	free (pod);
}

static const struct cpod_runtime_async blocking_async = {
	.size = sizeof (struct cpod_runtime_async),
	.pod_destroy = blocking_pod_destroy,
	.start = blocking_start,
	.exec = blocking_exec,
	.op_result = blocking_op_result,
	.op_cancel = blocking_op_cancel,
	.exit_fd = blocking_exit_fd,
	.exit_status = blocking_exit_status,
};

const struct cpod_runtime cpod_blocking_runtime = {
	.abi = CPOD_RUNTIME_ABI,
	.size = sizeof (struct cpod_runtime),
	.name = "blocking",
	.version = "1",
	.create = blocking_create,
	.kill = blocking_kill,
	.destroy = blocking_destroy,
	.async = &blocking_async,
};
