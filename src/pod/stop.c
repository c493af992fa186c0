/* Signals and the end that the user asks for.
 *
 * A stop goes in two steps: every container gets its stop signal, and what is left when the grace is
 * over gets SIGKILL. Where the wait would be in vain there is no grace: for init containers, and for
 * the PID 1 of a PID namespace that does not handle SIGTERM, to which the kernel does not deliver it.
 * A container whose end does not come after SIGKILL (it sleeps in the kernel; its runtime does not
 * keep its word) is given up in the end, so that a stop always ends.
 */
#include "pod.h"

#include "probes/answer.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Does PID 1 handle a signal? --------------------------------------------------------- */

/* The text behind "KEY" at the beginning of a line, or NULL. */
static const char *
find_line (const char *text, const char *key)
{
	size_t len = strlen (key);

	while (text && strncmp (text, key, len) != 0) {
		text = strchr (text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text ? text + len : NULL;
}

/* The pid behind pidfd, when it is the PID 1 of a PID namespace below this one; else 0. */
static int
find_pid_1 (int pidfd)
{
	char path[64], text[1024];
	const char *pid, *ns_pid;
	size_t len;

	snprintf (path, sizeof (path), "/proc/self/fdinfo/%d", pidfd);
	if (cpod_file_get (AT_FDCWD, path, text, sizeof (text)) < 0)
		return 0;
	pid = find_line (text, "Pid:");
	ns_pid = find_line (text, "NSpid:");
	if (!pid || !ns_pid)
		return 0;
	/* One number per namespace, from here to the innermost. */
	len = strcspn (ns_pid, "\n");
	if (len < 2 || ns_pid[len - 1] != '1' || strchr ("0123456789", ns_pid[len - 2]))
		return 0;
	return atoi (pid) > 1 ? atoi (pid) : 0;
}

/* True when the process of pidfd is the PID 1 of a namespace and certainly has no handler for signal. */
static bool
is_deaf (int pidfd, int signal)
{
	struct pollfd alive = { .fd = pidfd, .events = POLLIN };
	char path[64], text[4096];
	const char *caught;
	int pid = find_pid_1 (pidfd);

	if (pid == 0)
		return false;
	snprintf (path, sizeof (path), "/proc/%d/status", pid);
	if (cpod_file_get (AT_FDCWD, path, text, sizeof (text)) < 0)
		return false;
	caught = find_line (text, "SigCgt:");
	/* Still alive: so what was read was about this process, and not about the next one of its number. */
	if (!caught || poll (&alive, 1, 0) != 0)
		return false;
	return !(strtoull (caught, NULL, 16) >> (signal - 1) & 1);
}

int
cpod_container_stop_signal (const struct cpod_container *c)
{
	int fd;

	if (c->spec->init || !(c->pod->runtime->capabilities & CPOD_RT_CAP_SIGNALS))
		return SIGKILL;
	if (!c->pod->blocking && cpod_container_exit_fd (c, &fd, NULL) == 0 && is_deaf (fd, SIGTERM))
		return SIGKILL;
	return SIGTERM;
}

/* ---- Signals ----------------------------------------------------------------------------- */

int
cpod_container_send (struct cpod_container *c, int signal, struct cpod_error *err)
{
	struct cpod_error inner = { 0 };
	int ret = cpod_answer (c->pod->table->kill (c->rt, signal, &inner), "kill", &inner);

	if (ret < 0 && err)
		*err = inner;
	return ret;
}

int
cpod_container_kill (struct cpod_container *c, int signal, struct cpod_error *err)
{
	struct cpod_error inner;
	int ret = cpod_container_send (c, signal, &inner);

	if (ret == 0)
		return 0;
	if (ret != -ESRCH)
		cpod_container_error (c, "failed to send kill signal %d to container %s: %s", signal, c->spec->name,
		                      inner.message);
	if (err)
		*err = inner;
	return ret;
}

/* Sends signal to c, or remembers it for when c runs; a start may hang, so that SIGKILL does not wait for its end.
 * -ESRCH: it neither runs nor starts. */
static int
kill_or_remember (struct cpod_container *c, int signal, struct cpod_error *err)
{
	if (c->stage == CPOD_STAGE_RUNNING)
		return cpod_container_kill (c, signal, err);
	if (c->stage != CPOD_STAGE_STARTING)
		return cpod_error_set (err, ESRCH, "container %s is not running", c->spec->name);
	if (c->pending_signal != SIGKILL)
		c->pending_signal = signal;
	if (signal == SIGKILL && !c->pod->blocking)
		(void) cpod_container_send (c, SIGKILL, NULL);   /* too early: it is sent when c runs */
	return 0;
}

int
cpod_pod_kill (struct cpod_pod *pod, const char *container, int signal, struct cpod_error *err)
{
	struct cpod_error inner;
	int ret, first = 0;

	if (signal < 1 || signal > 64)
		return cpod_error_set (err, EINVAL, "%d is not a signal", signal);
	if (container) {
		struct cpod_container *c = cpod_pod_find (pod, container);

		if (!c)
			return cpod_error_set (err, ENOENT, "there is no container %s in pod %s", container, pod->spec->name);
		return kill_or_remember (c, signal, err);
	}
	for (size_t i = 0; i < pod->n_containers; i++) {
		ret = kill_or_remember (&pod->containers[i], signal, &inner);
		if (ret == 0 || ret == -ESRCH || first < 0)
			continue;
		first = ret;
		if (err)
			*err = inner;
	}
	return first;
}

/* ---- Stop -------------------------------------------------------------------------------- */

/* Whoever has not ended by now is given up. */
static void
on_overdue (struct cpod_timer *timer, uint64_t now_ns)
{
	struct cpod_pod *pod = timer->data;

	(void) now_ns;
	for (size_t i = 0; i < pod->n_containers; i++)
		cpod_container_lose (&pod->containers[i]);
}

static void
kill_rest (struct cpod_pod *pod)
{
	for (size_t i = 0; i < pod->n_containers; i++)
		(void) kill_or_remember (&pod->containers[i], SIGKILL, NULL);   /* noted as the container's error */
	pod->overdue_timer.expired = on_overdue;
	pod->overdue_timer.data = pod;
	if (!pod->overdue_timer.loop)
		(void) cpod_loop_arm (&pod->loop, &pod->overdue_timer, cpod_clock_ns () + pod->overdue_ns);   /* else it waits */
}

static void
on_grace_over (struct cpod_timer *timer, uint64_t now_ns)
{
	(void) now_ns;
	kill_rest (timer->data);
}

/* The first time: probes end, every container gets its signal. */
static void
begin_stop (struct cpod_pod *pod)
{
	static const struct cpod_worker_event deleting = { .type = CPOD_WORKER_DELETING };
	uint64_t now_ns = cpod_clock_ns ();

	pod->stopping = true;
	pod->kill_at_ns = UINT64_MAX;
	pod->kill_timer.expired = on_grace_over;
	pod->kill_timer.data = pod;
	for (size_t i = 0; i < pod->n_containers; i++)
		cpod_probers_tell (&pod->containers[i], &deleting, now_ns);
}

/* Each container's stop signal. */
static void
signal_all (struct cpod_pod *pod)
{
	for (size_t i = 0; i < pod->n_containers; i++) {
		struct cpod_container *c = &pod->containers[i];
		bool running = c->stage == CPOD_STAGE_RUNNING;

		(void) kill_or_remember (c, running ? cpod_container_stop_signal (c) : SIGTERM, NULL);
	}
}

int
cpod_pod_stop (struct cpod_pod *pod, int64_t grace_ms, struct cpod_error *err)
{
	uint64_t grace = (uint64_t) (grace_ms < 0 ? pod->spec->grace_ms : grace_ms), at_ns;
	bool first = !pod->stopping;
	int ret;

	if (pod->stage == CPOD_POD_ENDED)
		return 0;
	if (first)
		begin_stop (pod);
	at_ns = cpod_clock_ns () + (grace < UINT64_MAX / 4000000 ? grace * 1000000 : UINT64_MAX / 4);
	if (grace == 0)
		kill_rest (pod);
	else if (first)
		signal_all (pod);
	if (grace > 0 && at_ns < pod->kill_at_ns) {
		ret = cpod_loop_arm (&pod->loop, &pod->kill_timer, at_ns);
		if (ret < 0)
			return cpod_error_oom (err);
	}
	if (at_ns < pod->kill_at_ns)
		pod->kill_at_ns = at_ns;
	cpod_pod_advance (pod);
	return 0;
}
