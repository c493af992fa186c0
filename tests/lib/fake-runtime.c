/* A runtime on paper (fake-runtime.h). The blocking half polls the same eventfds that the
 * asynchronous half hands out, so that a test drives both alike; a lock guards the lists. */
#include "fake-runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct fake fake;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int the_pod;

static void note (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
static void
note (const char *format, ...)
{
	size_t len;
	va_list args;

	pthread_mutex_lock (&lock);
	len = strlen (fake.log);
	va_start (args, format);
	vsnprintf (fake.log + len, sizeof (fake.log) - len, format, args);
	va_end (args);
	pthread_mutex_unlock (&lock);
}

void
fake_reset (void)
{
	fake = (struct fake) { .kill_ends = true };
}

struct cpod_rt_container *
fake_find (const char *name)
{
	struct cpod_rt_container *c;

	for (c = fake.containers; c && strcmp (c->name, name) != 0; c = c->next)
		;
	return c;
}

struct cpod_rt_op *
fake_op (const char *name)
{
	struct cpod_rt_container *c = fake_find (name);
	struct cpod_rt_op *op;

	pthread_mutex_lock (&lock);
	op = c ? c->ops : NULL;
	pthread_mutex_unlock (&lock);
	return op;
}

/* True when the call is to fail: err is filled. */
static int
failure (const char *call, const char *container, struct cpod_error *err)
{
	if (!fake.fail || strcmp (fake.fail, call) != 0)
		return 0;
	if (fake.fail_container && container && strcmp (fake.fail_container, container) != 0)
		return 0;
	if (err) {
		err->code = fake.fail_code;
		snprintf (err->message, sizeof (err->message), "the fake %s fails", call);
	}
	return -fake.fail_code;
}

/* ---- Containers -------------------------------------------------------------------------- */

static int
fake_create (struct cpod_rt_pod *pod, const struct cpod_rt_container_config *config,
             struct cpod_rt_container **ret_container, struct cpod_error *err)
{
	struct cpod_rt_container *c;
	int ret = failure ("create", config->name, err);

	(void) pod;
	note ("create %s;", config->name);
	if (ret < 0)
		return ret;
	c = calloc (1, sizeof (*c));
	snprintf (c->name, sizeof (c->name), "%s", config->name);
	snprintf (c->spec, sizeof (c->spec), "%s", config->spec_json);
	c->exit_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_lock (&lock);
	c->next = fake.containers;
	fake.containers = c;
	fake.n_containers++;
	pthread_mutex_unlock (&lock);
	*ret_container = c;
	return 0;
}

static void
fake_destroy (struct cpod_rt_container *c)
{
	struct cpod_rt_container **link = &fake.containers;

	if (!c)
		return;
	note ("destroy %s;", c->name);
	pthread_mutex_lock (&lock);
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	fake.n_containers--;
	pthread_mutex_unlock (&lock);
	close (c->exit_fd);
	free (c);
}

void
fake_exit (const char *name, int code, int signal)
{
	struct cpod_rt_container *c = fake_find (name);

	if (!c || c->ended)
		return;
	c->exit = (struct cpod_rt_exit) { code, signal, 0, 0 };
	c->ended = true;
	eventfd_write (c->exit_fd, 1);
}

static int
fake_kill (struct cpod_rt_container *c, int signal, struct cpod_error *err)
{
	int ret = failure ("kill", c->name, err);

	note ("kill %s %d;", c->name, signal);
	if (ret < 0)
		return ret;
	if (!c->started || c->ended) {
		if (err)
			*err = (struct cpod_error) { .code = ESRCH, .message = "not running" };
		return -ESRCH;
	}
	if (signal == SIGKILL && fake.kill_ends) {
		pthread_mutex_lock (&lock);
		for (struct cpod_rt_op *op = c->ops; op; op = op->next)
			if (op->exec)
				fake_op_done (op, 0, 137);
		pthread_mutex_unlock (&lock);
		fake_exit (c->name, 137, 9);
	}
	return 0;
}

/* ---- Operations -------------------------------------------------------------------------- */

static struct cpod_rt_op *
make_op (struct cpod_rt_container *c, bool exec)
{
	struct cpod_rt_op *op = calloc (1, sizeof (*op));

	op->container = c;
	op->exec = exec;
	op->out_fd = -1;
	op->fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_lock (&lock);
	op->next = c->ops;
	c->ops = op;
	fake.n_ops++;
	pthread_mutex_unlock (&lock);
	return op;
}

static void
free_op (struct cpod_rt_op *op)
{
	struct cpod_rt_op **link = &op->container->ops;

	pthread_mutex_lock (&lock);
	while (*link != op)
		link = &(*link)->next;
	*link = op->next;
	fake.n_ops--;
	pthread_mutex_unlock (&lock);
	close (op->fd);
	if (op->out_fd >= 0)
		close (op->out_fd);
	free (op);
}

void
fake_op_done (struct cpod_rt_op *op, int ret, int code)
{
	if (op->done)
		return;
	op->ret = ret;
	op->exit = (struct cpod_rt_exit) { code, code > 128 ? code - 128 : 0, 0, 0 };
	op->done = true;
	eventfd_write (op->fd, 1);
}

static int
fake_start (struct cpod_rt_container *c, struct cpod_rt_op **ret_op, int *ret_fd, struct cpod_error *err)
{
	int ret = failure ("start", c->name, err);

	note ("start %s;", c->name);
	if (ret < 0)
		return ret;
	*ret_op = make_op (c, false);
	*ret_fd = (*ret_op)->fd;
	ret = failure ("start result", c->name, NULL);
	if (!fake.hold_starts)
		fake_op_done (*ret_op, ret, 0);
	return 0;
}

static int
fake_exec (struct cpod_rt_container *c, const struct cpod_rt_exec_config *config, struct cpod_rt_op **ret_op,
           int *ret_fd, struct cpod_error *err)
{
	int ret = failure ("exec", c->name, err);

	note ("exec %s %s;", c->name, config->argv[0]);
	if (ret < 0)
		return ret;
	*ret_op = make_op (c, true);
	snprintf ((*ret_op)->program, sizeof ((*ret_op)->program), "%s", config->argv[0]);
	if (config->stdio_fd[1] >= 0)
		(*ret_op)->out_fd = fcntl (config->stdio_fd[1], F_DUPFD_CLOEXEC, 3);
	*ret_fd = (*ret_op)->fd;
	ret = failure ("exec result", c->name, NULL);
	if (ret < 0)
		fake_op_done (*ret_op, ret, 0);
	return 0;
}

static int
fake_op_result (struct cpod_rt_op *op, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	int ret = op->ret;

	if (!op->done)
		return -EAGAIN;
	if (ret < 0 && err) {
		err->code = -ret;
		snprintf (err->message, sizeof (err->message), "%s", op->exec ? "no such program" : "process.args[0]: no such program");
	}
	if (ret == 0 && op->exec && ret_exit)
		*ret_exit = op->exit;
	if (ret == 0 && !op->exec)
		op->container->started = true;
	free_op (op);
	return ret;
}

static void
fake_op_cancel (struct cpod_rt_op *op)
{
	note ("cancel %s;", op->container->name);
	free_op (op);
}

static int
fake_exit_fd (struct cpod_rt_container *c, int *ret_fd, struct cpod_error *err)
{
	int ret = failure ("exit_fd", c->name, err);

	if (ret == 0)
		*ret_fd = c->exit_fd;
	return ret;
}

static int
fake_exit_status (struct cpod_rt_container *c, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	int ret = failure ("exit_status", c->name, err);

	if (ret < 0)
		return ret;
	if (!c->ended)
		return -EAGAIN;
	*ret_exit = c->exit;
	return 0;
}

static int
fake_pod_create (const struct cpod_rt_pod_config *config, struct cpod_rt_pod **ret_pod, struct cpod_error *err)
{
	int ret = failure ("pod_create", NULL, err);

	note ("pod %s;", config->name);
	if (ret < 0)
		return ret;
	fake.n_pods++;
	*ret_pod = (struct cpod_rt_pod *) &the_pod;
	return 0;
}

static void
fake_pod_destroy (struct cpod_rt_pod *pod)
{
	(void) pod;
	fake.n_pods--;
}

/* ---- Blocking ---------------------------------------------------------------------------- */

static void
await (int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	while (poll (&poll_fd, 1, -1) != 1)
		;
}

static int
block_start (struct cpod_rt_container *c, struct cpod_error *err)
{
	struct cpod_rt_op *op;
	int fd, ret = fake_start (c, &op, &fd, err);

	if (ret < 0)
		return ret;
	await (fd);
	return fake_op_result (op, NULL, err);
}

static int
block_wait (struct cpod_rt_container *c, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	await (c->exit_fd);
	return fake_exit_status (c, ret_exit, err);
}

static int
block_exec (struct cpod_rt_container *c, const char *const *argv, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	struct cpod_rt_exec_config config = { .size = sizeof (config), .argv = argv, .stdio_fd = { -1, -1, -1 } };
	struct cpod_rt_op *op;
	int fd, ret = fake_exec (c, &config, &op, &fd, err);

	if (ret < 0)
		return ret;
	await (fd);
	return fake_op_result (op, ret_exit, err);
}

/* ---- The tables -------------------------------------------------------------------------- */

static const struct cpod_runtime_async fake_async = {
	.size = sizeof (struct cpod_runtime_async),
	.pod_create = fake_pod_create,
	.pod_destroy = fake_pod_destroy,
	.start = fake_start,
	.exec = fake_exec,
	.op_result = fake_op_result,
	.op_cancel = fake_op_cancel,
	.exit_fd = fake_exit_fd,
	.exit_status = fake_exit_status,
};

#define BLOCKING \
	.create = fake_create, .start = block_start, .wait = block_wait, .kill = fake_kill, .exec = block_exec, \
	.destroy = fake_destroy

const struct cpod_runtime fake_runtime = {
	.abi = CPOD_RUNTIME_ABI, .size = sizeof (struct cpod_runtime), .name = "fake", .version = "1",
	.capabilities = CPOD_RT_CAP_SIGNALS | CPOD_RT_CAP_STDIO | CPOD_RT_CAP_POD | CPOD_RT_CAP_EXEC_KILL,
	BLOCKING, .async = &fake_async,
};
const struct cpod_runtime fake_blocking_runtime = {
	.abi = CPOD_RUNTIME_ABI, .size = sizeof (struct cpod_runtime), .name = "fake-blocking", .version = "1",
	.capabilities = CPOD_RT_CAP_SIGNALS, BLOCKING, .async = NULL,
};
