/* One container, from the runtime's create to its destroy, once for each run.
 *
 * A run is made, started (the start op is in the loop), watched (the exit fd is in the loop), and over.
 * What happens is fed to the machine, which says what comes next: for a restart the old run is left and
 * a new one is made, with an id and a scratch layer of its own. A run is given back to the runtime as
 * soon as it is over and no attempt, hook or exec is in progress on it.
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

#define KILL_WAIT_MS 5000        /* for the end of a killed container, when the pod is destroyed */

/* ---- Errors ------------------------------------------------------------------------------ */

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

/* Has the runtime create *ret_rt, which is NULL, for c, as id. message: the file of its termination message, or NULL.
 * err is not NULL. */
static int
create (struct cpod_container *c, const char *id, const char *message, struct cpod_rt_container **ret_rt,
        struct cpod_error *err)
{
	struct cpod_pod *pod = c->pod;
	struct cpod_spec_warn warn = { pod->spec, c->spec, pod->options.warn, pod->options.data };
	struct cpod_spec_container_config config;
	int ret = cpod_spec_container_config (pod->spec, c->spec, id, message, &config, err);

	if (ret == 0) {
		config.config.restart = c->machine->restarts;
		config.config.warn = c->machine->restarts == 0 ? cpod_spec_locate_warning : NULL;
		config.config.warn_data = &warn;
		if (pod->options.stdio)
			pod->options.stdio (pod->options.data, c->spec->name, config.config.stdio_fd);
		ret = cpod_answer (pod->table->create (pod->rt_pod, &config.config, ret_rt, err), "create", err);
		if (ret == 0 && !*ret_rt)
			ret = cpod_error_set (err, EPROTO, "the runtime's create made no container");
		if (ret < 0)
			cpod_spec_locate_error (pod->spec, c->spec, ret, err);
	}
	cpod_spec_container_config_finish (&config);
	return ret;
}

int
cpod_container_make (struct cpod_container *c, struct cpod_error *err)
{
	struct cpod_run *run = calloc (1, sizeof (*run));
	struct cpod_error inner = { 0 };
	char *id = make_id (c);
	int ret;

	if (!run || !id) {
		free (run);
		free (id);
		return cpod_error_oom (err);
	}
	ret = cpod_message_create (c, id, &run->message, &inner);
	if (ret == 0)
		ret = create (c, id, run->message, &run->rt, &inner);
	if (ret < 0) {
		cpod_message_forget (&run->message);
		free (run);
		free (id);
		if (err)
			*err = inner;
		return ret;
	}
	free (c->id);
	c->id = id;
	run->container = c;
	run->next = c->pod->runs;
	run->link = &c->pod->runs;
	if (run->next)
		run->next->link = &run->next;
	c->pod->runs = run;
	c->run = run;
	return 0;
}

/* ---- The end ----------------------------------------------------------------------------- */

/* Takes it out of the pod's list and gives it back. */
static void
give_back (struct cpod_run *run)
{
	struct cpod_pod *pod = run->container->pod;

	*run->link = run->next;
	if (run->next)
		run->next->link = run->link;
	if (run->container->run == run)
		run->container->run = NULL;
	pod->table->destroy (run->rt);
	cpod_message_forget (&run->message);
	free (run);
}

void
cpod_run_unref (struct cpod_run *run)
{
	run->n_ops--;
	if (run->over && run->n_ops == 0 && run->container->run != run)
		give_back (run);
}

void
cpod_container_leave (struct cpod_container *c)
{
	struct cpod_run *run = c->run;

	if (!run)
		return;
	run->over = true;
	c->run = NULL;
	if (run->n_ops == 0)
		give_back (run);
}

static void
on_exit_fd (struct cpod_source *source, uint32_t epoll_events)
{
	struct cpod_run *run = source->data;
	struct cpod_container *c = run->container;
	struct cpod_rt_exit status = { 0 };
	struct cpod_error err = { 0 };
	char text[CPOD_WORDS_MAX], message[CPOD_MESSAGE_MAX + 1];
	bool good;
	int ret = c->pod->table->async->exit_status (run->rt, &status, &err);

	(void) epoll_events;
	if (ret == -EAGAIN)
		return;
	cpod_loop_remove (source);
	ret = cpod_answer (ret, "wait", &err);
	if (ret == 0)
		ret = cpod_answer_exit (&status, "wait", &err);
	run->running = false;
	run->over = true;
	if (ret < 0)
		status = (struct cpod_rt_exit) { 137, SIGKILL, CPOD_RT_EXIT_LOST, 0 };
	good = status.code == 0 && status.signal == 0;
	cpod_words_exit (&status, text);
	cpod_message_take (c, &run->message, !good, message);
	cpod_container_note_end (c, &status, false, message);
	if (ret < 0)
		cpod_container_error (c, "cannot tell how it ended: %s", err.message);
	else if (!good)
		cpod_container_error (c, "%s", text);
	cpod_pod_emit (c->pod, (struct cpod_event) {
		.type = CPOD_EVENT_EXITED, .container = c->spec->name, .exit = status, .message = good ? NULL : text,
	});
	cpod_pod_feed (c->pod, &(struct cpod_machine_event) {
		.type = CPOD_ON_EXIT, .container = cpod_container_index (c), .exit = status,
	});
}

void
cpod_container_lose (struct cpod_container *c, const struct cpod_action *action)
{
	struct cpod_rt_exit lost = { 137, SIGKILL, CPOD_RT_EXIT_LOST, 0 };
	char text[CPOD_WORDS_MAX];

	(void) action;
	cpod_op_cancel (&c->run->start);
	cpod_loop_remove (&c->run->exit_source);
	c->run->running = false;
	c->run->over = true;
	cpod_container_note_end (c, &lost, false, NULL);
	cpod_words_duration (c->pod->machine.overdue_ns / 1000000, text);
	cpod_container_error (c, "did not end within %s of SIGKILL", text);
	cpod_words_exit (&lost, text);
	cpod_pod_emit (c->pod, (struct cpod_event) {
		.type = CPOD_EVENT_EXITED, .container = c->spec->name, .exit = lost, .message = text,
	});
	cpod_pod_feed (c->pod, &(struct cpod_machine_event) {
		.type = CPOD_ON_EXIT, .container = cpod_container_index (c), .exit = lost,
	});
}

/* ---- The start --------------------------------------------------------------------------- */

/* It could not be made or started. error: located. */
static void
fail_start (struct cpod_container *c, const struct cpod_error *error)
{
	const struct cpod_rt_exit exit = { .code = CPOD_START_ERROR };

	if (c->run)
		c->run->over = true;
	cpod_container_note_end (c, &exit, true, error->message);
	cpod_container_error (c, "%s", error->message);
	cpod_pod_feed (c->pod, &(struct cpod_machine_event) {
		.type = CPOD_ON_NOT_STARTED, .container = cpod_container_index (c), .ok = c->run != NULL,
	});
}

int
cpod_run_exit_fd (const struct cpod_run *run, int *ret_fd, struct cpod_error *err)
{
	struct cpod_error inner = { 0 };
	int fd = -1, ret = run->container->pod->table->async->exit_fd (run->rt, &fd, &inner);

	ret = cpod_answer (ret, "exit_fd", &inner);
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
watch_exit (struct cpod_run *run, struct cpod_error *err)
{
	int fd = -1, ret = cpod_run_exit_fd (run, &fd, err);

	run->exit_source = (struct cpod_source) { .fd = -1, .ready = on_exit_fd, .data = run };
	return ret < 0 ? ret : cpod_loop_add (&run->container->pod->loop, &run->exit_source, fd, EPOLLIN, err);
}

static void
on_started (struct cpod_op *op, int ret, const struct cpod_rt_exit *status, const struct cpod_error *error)
{
	struct cpod_run *run = op->data;
	struct cpod_container *c = run->container;
	struct cpod_error err = *error;
	int signal = c->pending_signal;

	(void) status;
	c->pending_signal = 0;
	if (ret == 0) {
		ret = watch_exit (run, &err);
		if (ret < 0)
			(void) cpod_run_send (run, SIGKILL, NULL);   /* nobody would see its end */
	}
	if (ret < 0) {
		cpod_spec_locate_error (c->pod->spec, c->spec, ret, &err);
		fail_start (c, &err);
		return;
	}
	run->running = true;
	cpod_container_note_start (c);
	cpod_pod_emit (c->pod, (struct cpod_event) { .type = CPOD_EVENT_STARTED, .container = c->spec->name });
	if (signal)
		(void) cpod_container_kill (c, signal, NULL);   /* noted as the container's error */
	cpod_pod_feed (c->pod, &(struct cpod_machine_event) {
		.type = CPOD_ON_STARTED, .container = cpod_container_index (c),
	});
}

/* Has the runtime begin to start the run that is made. */
static int
issue_start (struct cpod_container *c, struct cpod_error *err)
{
	const struct cpod_runtime_async *async = c->pod->table->async;
	struct cpod_run *run = c->run;
	struct cpod_rt_op *op = NULL;
	int fd = -1, ret;

	run->begun = true;
	run->start.done = on_started;
	run->start.call = "start";
	run->start.data = run;
	ret = cpod_answer (async->start (run->rt, &op, &fd, err), "start", err);
	if (ret == 0)
		ret = cpod_op_watch (&run->start, &c->pod->loop, async, op, fd, err);
	if (ret < 0)
		cpod_spec_locate_error (c->pod->spec, c->spec, ret, err);
	return ret;
}

void
cpod_container_start (struct cpod_container *c)
{
	struct cpod_error err = { 0 };
	int ret = 0;

	if (c->run && c->run->begun)
		cpod_container_leave (c);
	if (!c->run)
		ret = cpod_container_make (c, &err);
	if (ret == 0)
		ret = issue_start (c, &err);
	if (ret < 0)
		fail_start (c, &err);
}

/* ---- Destruction ------------------------------------------------------------------------- */

/* Waits for the end of a killed container, so that destroy finds it dead. */
static void
await_exit (struct cpod_run *run)
{
	struct pollfd poll_fd = { .events = POLLIN };

	if (cpod_run_exit_fd (run, &poll_fd.fd, NULL) < 0)
		return;
	while (poll (&poll_fd, 1, KILL_WAIT_MS) < 0 && errno == EINTR)
		;
}

void
cpod_run_destroy (struct cpod_run *run)
{
	cpod_op_cancel (&run->start);
	cpod_loop_remove (&run->exit_source);
	if (run->running && !run->container->pod->blocking)
		await_exit (run);
	give_back (run);
}
