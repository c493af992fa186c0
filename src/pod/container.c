/* One container, from the runtime's create to its destroy.
 *
 * NEW -> READY (made) -> STARTING (the start op is in the loop) -> RUNNING (the exit fd is in the
 * loop) -> OVER. A failed start goes from STARTING to OVER. The runtime's object is given back as
 * soon as the container is over and no attempt or exec is in progress on it.
 */
#include "pod.h"

#include "probes/answer.h"
#include "src/base/error.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>

#define START_ERROR 128          /* what a container that could not be started has ended with */
#define KILL_WAIT_MS 5000        /* for the end of a killed container, when the pod is destroyed */

/* ---- States and errors ------------------------------------------------------------------- */

static void
add_error (struct cpod_container *c, const char *message)
{
	struct timespec now;

	clock_gettime (CLOCK_REALTIME, &now);
	cpod_history_add_error (&c->history, message, now.tv_sec, (int32_t) now.tv_nsec);
	cpod_pod_emit (c->pod, (struct cpod_event) {
		.type = CPOD_EVENT_ERROR, .container = c->spec->name, .message = message,
	});
}

void
cpod_container_error (struct cpod_container *c, const char *format, ...)
{
	char message[sizeof (((struct cpod_error *) NULL)->message)];
	va_list args;

	va_start (args, format);
	vsnprintf (message, sizeof (message), format, args);
	va_end (args);
	add_error (c, message);
}

/* Tells when the pod's healthy bit has changed. */
static void
announce_health (struct cpod_pod *pod)
{
	bool healthy = pod->n_unhealthy == 0;

	if (healthy == pod->healthy)
		return;
	pod->healthy = healthy;
	cpod_pod_emit (pod, (struct cpod_event) { .type = CPOD_EVENT_HEALTHY, .value = healthy });
}

void
cpod_container_event (struct cpod_container *c, enum cpod_state_event event)
{
	enum cpod_state old = cpod_history_state (&c->history), state = cpod_state_next (old, event);
	struct cpod_pod *pod = c->pod;

	if (c->spec->init || !cpod_history_add_state (&c->history, state))
		return;
	pod->n_unhealthy += !cpod_state_healthy (state);
	pod->n_unhealthy -= !cpod_state_healthy (old);
	cpod_pod_emit (pod, (struct cpod_event) {
		.type = CPOD_EVENT_STATE, .container = c->spec->name, .state = state,
	});
	announce_health (pod);
}

/* ---- Making ------------------------------------------------------------------------------ */

/* "POD.CONTAINER.8 hexadecimal digits": unique on the host, and people can read it. */
static char *
make_id (const struct cpod_container *c)
{
	uint32_t number = 0;
	char *id;

	if (getrandom (&number, sizeof (number), 0) < 0)
		number = 0;   /* the names alone are unique for one supervisor */
	if (asprintf (&id, "%s.%s.%08x", c->pod->spec->name, c->spec->name, number) < 0)
		return NULL;
	return id;
}

int
cpod_container_make (struct cpod_container *c, struct cpod_error *err)
{
	struct cpod_pod *pod = c->pod;
	struct cpod_spec_warn warn = { pod->spec, c->spec, pod->options.warn, pod->options.data };
	struct cpod_spec_container_config config;
	struct cpod_error inner = { 0 };
	int ret;

	c->id = make_id (c);
	if (!c->id)
		return cpod_error_oom (err);
	ret = cpod_spec_container_config (pod->spec, c->spec, c->id, &config, &inner);
	if (ret == 0) {
		config.config.restart = c->restarts;
		config.config.warn = cpod_spec_locate_warning;
		config.config.warn_data = &warn;
		if (pod->options.stdio)
			pod->options.stdio (pod->options.data, c->spec->name, config.config.stdio_fd);
		c->rt = NULL;
		ret = cpod_answer (pod->table->create (pod->rt_pod, &config.config, &c->rt, &inner), "create", &inner);
		if (ret == 0 && !c->rt)
			ret = cpod_error_set (&inner, EPROTO, "the runtime's create made no container");
		if (ret < 0) {
			c->rt = NULL;
			cpod_spec_locate_error (pod->spec, c->spec, ret, &inner);
		}
	}
	cpod_spec_container_config_finish (&config);
	if (ret == 0)
		c->stage = CPOD_STAGE_READY;
	else if (err)
		*err = inner;
	return ret;
}

/* ---- The end ----------------------------------------------------------------------------- */

void
cpod_container_release (struct cpod_container *c)
{
	if (c->stage != CPOD_STAGE_OVER || c->n_ops > 0 || !c->rt)
		return;
	c->pod->table->destroy (c->rt);
	c->rt = NULL;
}

void
cpod_container_give_up (struct cpod_container *c)
{
	if (c->stage > CPOD_STAGE_READY)
		return;
	c->stage = CPOD_STAGE_OVER;
	c->pod->n_over++;
	cpod_container_release (c);
}

/* It was alive and is over: probes end, the state follows, the pod goes on. */
static void
end (struct cpod_container *c, bool good)
{
	static const struct cpod_worker_event stopped = { .type = CPOD_WORKER_STOPPED, .final = true };

	c->stage = CPOD_STAGE_OVER;
	c->started = false;
	c->ended = true;
	c->pod->n_alive--;
	c->pod->n_over++;
	cpod_probers_tell (c, &stopped, cpod_clock_ns ());
	cpod_container_event (c, good ? CPOD_STATE_ON_EXIT_OK : CPOD_STATE_ON_EXIT_BAD);
	cpod_container_release (c);
	cpod_pod_advance (c->pod);
}

static void
on_exit_fd (struct cpod_source *source, uint32_t epoll_events)
{
	struct cpod_container *c = source->data;
	struct cpod_rt_exit status = { 0 };
	struct cpod_error err = { 0 };
	char text[CPOD_WORDS_MAX];
	bool good;
	int ret = c->pod->table->async->exit_status (c->rt, &status, &err);

	(void) epoll_events;
	if (ret == -EAGAIN)
		return;
	cpod_loop_remove (source);
	ret = cpod_answer (ret, "wait", &err);
	if (ret == 0)
		ret = cpod_answer_exit (&status, "wait", &err);
	if (ret < 0)
		status = (struct cpod_rt_exit) { 137, SIGKILL, CPOD_RT_EXIT_LOST, 0 };
	c->exit = status;
	c->ended = true;
	good = status.code == 0 && status.signal == 0;
	cpod_words_exit (&status, text);
	if (ret < 0)
		cpod_container_error (c, "cannot tell how it ended: %s", err.message);
	else if (!good)
		cpod_container_error (c, "%s", text);
	cpod_pod_emit (c->pod, (struct cpod_event) {
		.type = CPOD_EVENT_EXITED, .container = c->spec->name, .exit = status, .message = good ? NULL : text,
	});
	end (c, good);
}

void
cpod_container_lose (struct cpod_container *c)
{
	char text[CPOD_WORDS_MAX];

	if (c->stage != CPOD_STAGE_STARTING && c->stage != CPOD_STAGE_RUNNING)
		return;
	cpod_op_cancel (&c->start);
	cpod_loop_remove (&c->exit_source);
	cpod_words_duration (c->pod->overdue_ns / 1000000, text);
	cpod_container_error (c, "did not end within %s of SIGKILL", text);
	c->exit = (struct cpod_rt_exit) { 137, SIGKILL, CPOD_RT_EXIT_LOST, 0 };
	cpod_words_exit (&c->exit, text);
	cpod_pod_emit (c->pod, (struct cpod_event) {
		.type = CPOD_EVENT_EXITED, .container = c->spec->name, .exit = c->exit, .message = text,
	});
	end (c, false);
}

/* ---- The start --------------------------------------------------------------------------- */

/* It could not be started. error: the runtime's. */
static void
fail_start (struct cpod_container *c, int ret, const struct cpod_error *error)
{
	struct cpod_error located = *error;

	cpod_spec_locate_error (c->pod->spec, c->spec, ret, &located);
	c->exit = (struct cpod_rt_exit) { .code = START_ERROR };
	cpod_container_error (c, "%s", located.message);
	end (c, false);
}

void
cpod_container_started (struct cpod_container *c, uint64_t now_ns)
{
	static const struct cpod_worker_event event = { .type = CPOD_WORKER_STARTED };

	if (c->stage != CPOD_STAGE_RUNNING || c->started)
		return;
	c->started = true;
	cpod_container_event (c, CPOD_STATE_ON_STARTED);
	cpod_probers_tell (c, &event, now_ns);
}

int
cpod_container_exit_fd (const struct cpod_container *c, int *ret_fd, struct cpod_error *err)
{
	struct cpod_error inner = { 0 };
	int fd = -1, ret = cpod_answer (c->pod->table->async->exit_fd (c->rt, &fd, &inner), "exit_fd", &inner);

	if (ret == 0 && fd < 0)
		ret = cpod_error_set (&inner, EPROTO, "the runtime's exit_fd gave no descriptor");
	if (ret < 0 && err)
		*err = inner;
	if (ret == 0)
		*ret_fd = fd;
	return ret;
}

/* Watches its exit. */
static int
watch_exit (struct cpod_container *c, struct cpod_error *err)
{
	int fd = -1, ret = cpod_container_exit_fd (c, &fd, err);

	c->exit_source = (struct cpod_source) { .fd = -1, .ready = on_exit_fd, .data = c };
	return ret < 0 ? ret : cpod_loop_add (&c->pod->loop, &c->exit_source, fd, EPOLLIN, err);
}

/* Delivers what was asked for while it was starting. */
static void
send_pending (struct cpod_container *c)
{
	int signal = c->pending_signal;

	c->pending_signal = 0;
	if (c->pod->stopping && signal != SIGKILL)
		signal = cpod_container_stop_signal (c);
	if (signal)
		(void) cpod_container_kill (c, signal, NULL);   /* noted as the container's error */
}

static void
on_started (struct cpod_op *op, int ret, const struct cpod_rt_exit *status, const struct cpod_error *error)
{
	struct cpod_container *c = op->data;
	struct cpod_error err = *error;
	uint64_t now_ns = cpod_clock_ns ();
	struct cpod_worker_event event = { .type = CPOD_WORKER_RUNNING, .container = ++c->incarnation };

	(void) status;
	if (ret == 0) {
		ret = watch_exit (c, &err);
		if (ret < 0)
			(void) cpod_container_send (c, SIGKILL, NULL);   /* nobody would see its end */
	}
	if (ret < 0) {
		fail_start (c, ret, &err);
		return;
	}
	c->stage = CPOD_STAGE_RUNNING;
	cpod_pod_emit (c->pod, (struct cpod_event) { .type = CPOD_EVENT_STARTED, .container = c->spec->name });
	send_pending (c);
	if (!c->pod->stopping)
		cpod_probers_tell (c, &event, now_ns);
	if (!c->probers[CPOD_PROBE_STARTUP])
		cpod_container_started (c, now_ns);
}

void
cpod_container_start (struct cpod_container *c)
{
	struct cpod_error err = { 0 };
	struct cpod_rt_op *op = NULL;
	int fd = -1, ret;

	c->stage = CPOD_STAGE_STARTING;
	c->pod->n_alive++;
	c->start.done = on_started;
	c->start.call = "start";
	c->start.data = c;
	ret = cpod_answer (c->pod->table->async->start (c->rt, &op, &fd, &err), "start", &err);
	if (ret == 0)
		ret = cpod_op_watch (&c->start, &c->pod->loop, c->pod->table->async, op, fd, &err);
	if (ret < 0)
		fail_start (c, ret, &err);
}

/* ---- Destruction ------------------------------------------------------------------------- */

/* Waits for the end of a killed container, so that destroy finds it dead. */
static void
await_exit (struct cpod_container *c)
{
	struct pollfd poll_fd = { .events = POLLIN };

	if (cpod_container_exit_fd (c, &poll_fd.fd, NULL) < 0)
		return;
	while (poll (&poll_fd, 1, KILL_WAIT_MS) < 0 && errno == EINTR)
		;
}

void
cpod_container_finish (struct cpod_container *c)
{
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++) {
		cpod_prober_destroy (c->probers[type]);
		c->probers[type] = NULL;
	}
	cpod_op_cancel (&c->start);
	cpod_loop_remove (&c->exit_source);
	if (c->rt) {
		if (c->stage == CPOD_STAGE_RUNNING && !c->pod->blocking)
			await_exit (c);
		c->pod->table->destroy (c->rt);
		c->rt = NULL;
	}
	free (c->id);
	c->id = NULL;
}
