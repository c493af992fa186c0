/* Signals, and the end that the user asks for.
 *
 * The machine decides who gets which signal when. Here one is sent: as SIGKILL where waiting would be in
 * vain, for a runtime that knows no other signal, and for the PID 1 of a PID namespace that does not
 * handle the signal, to which the kernel does not deliver it.
 */
#include "pod.h"

#include "probes/answer.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
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

/* signal, or SIGKILL where signal would not be heard. */
static int
audible (const struct cpod_container *c, int signal)
{
	int fd;

	if (!(c->pod->runtime->capabilities & CPOD_RT_CAP_SIGNALS))
		return SIGKILL;
	if (signal != SIGKILL && !c->pod->blocking && cpod_run_exit_fd (c->run, &fd, NULL) == 0 && is_deaf (fd, signal))
		return SIGKILL;
	return signal;
}

/* ---- Signals ----------------------------------------------------------------------------- */

int
cpod_run_send (struct cpod_run *run, int signal, struct cpod_error *err)
{
	struct cpod_error inner = { 0 };
	int ret = cpod_answer (run->container->pod->table->kill (run->rt, signal, &inner), "kill", &inner);

	if (ret < 0 && err)
		*err = inner;
	return ret;
}

int
cpod_container_kill (struct cpod_container *c, int signal, struct cpod_error *err)
{
	struct cpod_error inner;
	int ret = cpod_run_send (c->run, signal, &inner);

	if (ret == 0)
		return 0;
	if (ret != -ESRCH)
		cpod_container_error (c, "failed to send kill signal %d to container %s: %s", signal, c->spec->name,
		                      inner.message);
	if (err)
		*err = inner;
	return ret;
}

void
cpod_container_signal (struct cpod_container *c, int signal)
{
	if (c->run && c->run->running)
		(void) cpod_container_kill (c, audible (c, signal), NULL);   /* noted as the container's error */
	else if (c->run && c->run->begun && !c->run->over && signal == SIGKILL && !c->pod->blocking)
		(void) cpod_run_send (c->run, SIGKILL, NULL);   /* its start may hang; too early: it is sent again */
}

/* Sends signal to c, or remembers it for when c runs; a start may hang, so that SIGKILL does not wait for its end.
 * -ESRCH: it neither runs nor starts. */
static int
kill_or_remember (struct cpod_container *c, int signal, struct cpod_error *err)
{
	if (c->run && c->run->running)
		return cpod_container_kill (c, signal, err);
	if (!c->run || !c->run->begun || c->run->over)
		return cpod_error_set (err, ESRCH, "container %s is not running", c->spec->name);
	if (c->pending_signal != SIGKILL)
		c->pending_signal = signal;
	if (signal == SIGKILL)
		cpod_container_signal (c, SIGKILL);
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

int
cpod_pod_stop (struct cpod_pod *pod, int64_t grace_ms, struct cpod_error *err)
{
	uint64_t grace = (uint64_t) grace_ms;
	struct cpod_machine_event event = { .type = CPOD_ON_STOP, .grace_ns = CPOD_MACHINE_NEVER };

	(void) err;
	if (pod->ended)
		return 0;
	if (grace_ms >= 0)
		event.grace_ns = grace < UINT64_MAX / 8000000 ? grace * 1000000 : UINT64_MAX / 8;
	cpod_pod_feed (pod, &event);
	return 0;
}
