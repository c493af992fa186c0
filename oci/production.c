/* The native runtime behind the table of cpod/runtime.h.
 *
 * The asynchronous set is the real one. The four blocking operations are it, waited for; a container
 * that is created without a pod gets one of its own, so that a program which knows nothing of pods
 * can use this runtime too.
 */
#include "production.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#ifndef CPOD_VERSION
#define CPOD_VERSION "0"
#endif

#define CANCEL_NS UINT64_C (1000000000)   /* how long a start that is given up may take to end */

/* ---- the asynchronous set ---- */

static int
op_result (struct cpod_rt_op *op, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	struct cpod_rt_exit unused;

	if (op->type == CPOD_OP_TYPE_START)
		return cpod_rtc_start_result (op, err);
	return cpod_rtexec_result (op, ret_exit != NULL ? ret_exit : &unused, err);
}

/* A start that is given up: what there is of the container is killed, which soon ends the start. One that hangs
 * all the same is forgotten: its container is destroyed next. */
static void
cancel_start (struct cpod_rt_op *op)
{
	const uint64_t until_ns = cpod_clock_ns () + CANCEL_NS;
	struct pollfd ready = { .fd = op->fd, .events = POLLIN };
	int ret;

	do {
		(void) cpod_rtc_kill (op->container, SIGKILL, NULL);   /* too early: then again, at the next word */
		(void) poll (&ready, 1, (int) (CANCEL_NS / 1000000));
		ret = cpod_rtc_start_result (op, NULL);
	} while (ret == -EAGAIN && cpod_clock_ns () < until_ns);
	if (ret == -EAGAIN) {
		cpod_fd_close (&op->fd);
		free (op);
	}
}

static void
op_cancel (struct cpod_rt_op *op)
{
	if (op->type == CPOD_OP_TYPE_EXEC)
		cpod_rtexec_cancel (op);
	else
		cancel_start (op);
}

static int
pause_container (struct cpod_rt_container *c, int paused, struct cpod_error *err)
{
	if (c->state != CPOD_RUNNING)
		return cpod_error_set (err, ESRCH, "it is not running");
	return cpod_cgroup_freeze (c->cgroup_fd, paused != 0, err);
}

/* A counter, or UINT64_MAX where the group has none. */
static uint64_t
counter (const struct cpod_rt_container *c, const char *file, const char *key)
{
	uint64_t number;

	return cpod_cgroup_number (c->cgroup_fd, file, key, &number) == 0 ? number : UINT64_MAX;
}

static int
stats (struct cpod_rt_container *c, struct cpod_rt_stats *ret_stats, struct cpod_error *err)
{
	struct cpod_rt_stats read = {
		.cpu_usec = UINT64_MAX, .memory_bytes = UINT64_MAX, .memory_limit_bytes = UINT64_MAX, .pids = UINT64_MAX,
		.io_read_bytes = UINT64_MAX, .io_write_bytes = UINT64_MAX, .oom_kills = UINT64_MAX
	};
	size_t size = ret_stats->size < sizeof (read) ? ret_stats->size : sizeof (read);

	if (c->cgroup_fd < 0)
		return cpod_error_set (err, ESRCH, "it is not running");
	read.size = ret_stats->size;
	read.cpu_usec = counter (c, "cpu.stat", "usage_usec");
	read.memory_bytes = counter (c, "memory.current", NULL);
	read.memory_limit_bytes = counter (c, "memory.max", NULL);
	read.pids = counter (c, "pids.current", NULL);
	read.oom_kills = counter (c, "memory.events", "oom_kill");
	memcpy (ret_stats, &read, size);
	return 0;
}

/* ---- the blocking operations ---- */

static int
create (struct cpod_rt_pod *pod, const struct cpod_rt_container_config *config, struct cpod_rt_container **ret_container,
        struct cpod_error *err)
{
	struct cpod_rt_pod_config own = { .size = sizeof (own), .name = config->name, .uid = config->id, .hostname = config->name };
	int ret;

	if (pod != NULL)
		return cpod_rtc_create (pod, config, ret_container, err);
	ret = cpod_rtpod_create (&own, &pod, err);
	if (ret < 0)
		return ret;
	ret = cpod_rtc_create (pod, config, ret_container, err);
	if (ret < 0)
		cpod_rtpod_destroy (pod);
	else
		pod->implicit = true;
	return ret;
}

/* Waits for an operation's end. */
static int
finish_op (struct cpod_rt_op *op, int fd, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	int ret;

	do
		(void) poll (&(struct pollfd) { .fd = fd, .events = POLLIN }, 1, -1);
	while ((ret = op_result (op, ret_exit, err)) == -EAGAIN);
	return ret;
}

static int
start (struct cpod_rt_container *c, struct cpod_error *err)
{
	struct cpod_rt_op *op;
	int fd, ret = cpod_rtc_start (c, &op, &fd, err);

	return ret < 0 ? ret : finish_op (op, fd, NULL, err);
}

static int
wait_for (struct cpod_rt_container *c, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	int fd, ret = cpod_rtc_exit_fd (c, &fd, err);

	if (ret < 0)
		return ret;
	do
		(void) poll (&(struct pollfd) { .fd = fd, .events = POLLIN }, 1, -1);
	while ((ret = cpod_rtc_exit_status (c, ret_exit, err)) == -EAGAIN);
	return ret;
}

static int
exec (struct cpod_rt_container *c, const char *const *argv, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	struct cpod_rt_exec_config config = { .size = sizeof (config), .argv = argv, .stdio_fd = { -1, -1, -1 } };
	struct cpod_rt_op *op;
	int fd, ret = cpod_rtexec_start (c, &config, &op, &fd, err);

	return ret < 0 ? ret : finish_op (op, fd, ret_exit, err);
}

/* ---- the table ---- */

static const struct cpod_runtime_async async = {
	.size = sizeof (async),
	.pod_create = cpod_rtpod_create,
	.pod_destroy = cpod_rtpod_destroy,
	.pod_socket = cpod_rtpod_socket,
	.start = cpod_rtc_start,
	.exec = cpod_rtexec_start,
	.op_result = op_result,
	.op_cancel = op_cancel,
	.exit_fd = cpod_rtc_exit_fd,
	.exit_status = cpod_rtc_exit_status,
	.stats = stats,
	.pause = pause_container,
	.describe = cpod_rtc_describe,
	.reclaim = cpod_rtpod_reclaim,
};

extern const struct cpod_runtime cpod_runtime_production;
__attribute__ ((visibility ("default")))
const struct cpod_runtime cpod_runtime_production = {
	.abi = CPOD_RUNTIME_ABI,
	.size = sizeof (cpod_runtime_production),
	.name = "production",
	.version = CPOD_VERSION,
	.capabilities = CPOD_RT_CAP_SIGNALS | CPOD_RT_CAP_STDIO | CPOD_RT_CAP_POD | CPOD_RT_CAP_TTY | CPOD_RT_CAP_EXEC_KILL | CPOD_RT_CAP_OOM
	                | CPOD_RT_CAP_STATS | CPOD_RT_CAP_PAUSE | CPOD_RT_CAP_LIFELINE | CPOD_RT_CAP_NET
	                | CPOD_RT_CAP_USERS,
	.create = create,
	.start = start,
	.wait = wait_for,
	.kill = cpod_rtc_kill,
	.exec = exec,
	.destroy = cpod_rtc_destroy,
	.async = &async,
};
