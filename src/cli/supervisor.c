/* The supervisor; see supervisor.h for the order of things. */
#include "supervisor.h"

#include "cli.h"
#include "load.h"
#include "log-reader.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KILL_DEADLINE_NS UINT64_C (150000000)   /* from /kill to the end, whatever else happens */
enum {
	OUTPUT_MS    = 1000,      /* the last output may take so long to be read */
	EVENTS_LIMIT = 128 << 10, /* bytes of events that are kept */
	LOG_TAIL_LINES = 80,      /* of a container's log, as a termination message */
};

/* ---- What the pod says ---- */

/* Writes the event down. */
static void
note_event (struct cpod_supervisor *self, const struct cpod_event *event, const char *time)
{
	cpod_autostr line = CPOD_STR_INIT;
	struct cpod_json *object;
	struct cpod_arena arena;

	cpod_arena_init (&arena, 0);
	object = cpod_event_json (&arena, event, time);
	if (object != NULL)
		cpod_json_write (&line, object, 0);
	cpod_str_add_char (&line, '\n');
	if (object != NULL && !cpod_str_failed (&line))
		(void) cpod_log_file_add (&self->journal, line.data, line.len);   /* a full disk keeps no history */
	cpod_arena_finish (&arena);
}

/* Something happened in the pod. */
static void
on_event (void *data, const struct cpod_event *event)
{
	struct cpod_supervisor *self = data;
	char time[CPOD_LOG_TIME_SIZE];
	struct timespec now = { 0 };

	if (self->logs != NULL && event->container != NULL
	    && (event->type == CPOD_EVENT_STARTED || event->type == CPOD_EVENT_ERROR
	        || event->type == CPOD_EVENT_EXITED))
		cpod_logs_started (self->logs, event->container);
	if (event->type == CPOD_EVENT_ENDED)
		self->failed = event->value != 0;
	(void) clock_gettime (CLOCK_REALTIME, &now);
	cpod_log_time (now.tv_sec, (int32_t) now.tv_nsec, time);
	cpod_view_event (&self->view, event);
	note_event (self, event, time);
	cpod_control_event (self->control, event, time);
	cpod_starting_event (&self->starting, self->pod, event);
}

/* Containers have written something. */
static void
on_kept (void *data)
{
	struct cpod_supervisor *self = data;

	cpod_control_logs_changed (self->control);
}

/* The runtime does not know a property of a container's spec. */
static void
on_warning (void *data, const char *message)
{
	struct cpod_supervisor *self = data;

	cpod_load_warn (&self->n_warnings, message);
}

/* A container is about to start: its descriptors. */
static void
on_stdio (void *data, const char *container, int32_t fd[3])
{
	struct cpod_supervisor *self = data;

	if (self->logs != NULL)
		cpod_logs_open (self->logs, container, fd);
}

/* The last lines that a container has written, for its termination message. */
static size_t
on_log_tail (void *data, const char *container, char *text, size_t size)
{
	struct cpod_supervisor *self = data;
	struct cpod_log_reader *reader;
	struct cpod_log_entry entry;
	size_t len = 0, kept;

	if (self->logs == NULL || self->logs_fd < 0)
		return 0;
	cpod_logs_drain (self->logs);
	if (cpod_log_reader_create (self->logs_fd, &container, 1, LOG_TAIL_LINES, &reader, NULL) < 0)
		return 0;
	while (cpod_log_reader_next (reader, &entry) == 1) {
		const size_t n = entry.len < size - 1 ? entry.len : size - 1;

		/* The end is what counts: the beginning goes. */
		kept = len + n + 1 > size ? size - n - 1 : len;
		memmove (text, text + len - kept, kept);
		memcpy (text + kept, entry.text + entry.len - n, n);
		len = kept + n;
		if (entry.whole)
			text[len++] = '\n';
	}
	cpod_log_reader_destroy (reader);
	return len;
}

/* The pod has something to do. */
static void
on_pod (struct cpod_source *source, uint32_t events)
{
	struct cpod_supervisor *self = source->data;
	struct cpod_error err;

	(void) events;
	if (cpod_pod_dispatch (self->pod, &err) < 0)
		cpod_view_say (&self->view, "error: %s", err.message);
}

/* ---- What ends it ---- */

/* Begins the end, or hurries it. */
static void
begin_end (struct cpod_supervisor *self, enum cpod_supervisor_end end, int64_t grace_ms)
{
	struct cpod_error err;

	if (self->end < end)
		self->end = end;
	self->view.asked = self->end == CPOD_END_STOPPED;
	if (cpod_pod_stop (self->pod, grace_ms, &err) < 0)
		cpod_view_say (&self->view, "error: %s", err.message);
}

/* A client of the control socket asks for the end. */
static void
on_stop (void *data, int64_t grace_ms)
{
	begin_end (data, CPOD_END_STOPPED, grace_ms);
}

/* /kill was asked for. */
static void
on_kill (void *data)
{
	struct cpod_supervisor *self = data;

	if (self->deadline.loop == NULL)
		(void) cpod_loop_arm (&self->loop, &self->deadline, cpod_clock_ns () + KILL_DEADLINE_NS);
	begin_end (self, CPOD_END_KILLED, 0);
}

/* What was killed takes too long to go: it is left to the kernel and to gc. */
static void
on_deadline (struct cpod_timer *timer, uint64_t now_ns)
{
	struct cpod_supervisor *self = timer->data;

	(void) now_ns;
	self->overdue = true;
}

/* The command that waited for the start is gone. */
static void
on_deserted (void *data)
{
	begin_end (data, CPOD_END_STOPPED, -1);
}

/* A signal: the first ends the pod gracefully, the second at once. */
static void
on_signal (struct cpod_source *source, uint32_t events)
{
	struct cpod_supervisor *self = source->data;
	struct signalfd_siginfo info;

	(void) events;
	while (read (self->signal_fd, &info, sizeof (info)) == (ssize_t) sizeof (info)) {
		const bool again = self->end != CPOD_END_NONE;

		if (!again)
			cpod_view_say (&self->view, "SIG%s: stopping; a second signal kills at once",
			               cpod_signal_name ((int) info.ssi_signo));
		begin_end (self, CPOD_END_STOPPED, again ? 0 : -1);
	}
}

/* ---- Setting up ---- */

/* Turns the signals that end the supervisor into events. SIGINT and SIGTERM always do, also where a shell
 * has its background jobs ignore SIGINT; SIGHUP only where nobody (nohup) said that it should not. Writing
 * into a closed pipe is an error like others. */
static int
take_signals (struct cpod_supervisor *self, struct cpod_error *err)
{
	struct sigaction hangup;
	sigset_t ends, blocked;

	sigemptyset (&ends);
	sigaddset (&ends, SIGINT);
	sigaddset (&ends, SIGTERM);
	if (sigaction (SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaddset (&ends, SIGHUP);
	blocked = ends;
	sigaddset (&blocked, SIGPIPE);
	if (sigprocmask (SIG_BLOCK, &blocked, NULL) < 0)
		return cpod_error_sys (err, errno, "block signals");
	self->signal_fd = signalfd (-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	if (self->signal_fd < 0)
		return cpod_error_sys (err, errno, "make a signalfd");
	self->signal_source.ready = on_signal;
	self->signal_source.data = self;
	return cpod_loop_add (&self->loop, &self->signal_source, self->signal_fd, EPOLLIN, err);
}

/* Takes the pod's name and makes its directory. */
static int
make_state (struct cpod_supervisor *self, struct cpod_error *err)
{
	char *json;
	int ret;

	ret = cpod_spec_json (self->options.spec, &json, err);
	if (ret < 0)
		return ret;
	ret = cpod_state_create (&self->state, cpod_spec_name (self->options.spec),
	                         self->options.runtime_name, json, err);
	self->taken = ret == -EEXIST;
	free (json);
	if (ret < 0)
		return ret;
	cpod_log_file_init (&self->journal, self->state.dir_fd, "events", EVENTS_LIMIT);
	if (self->options.log_limit == 0)
		return 0;
	if (mkdirat (self->state.dir_fd, "logs", 0700) < 0)
		return cpod_error_sys (err, errno, "make the directory of the logs");
	self->logs_fd = openat (self->state.dir_fd, "logs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return self->logs_fd < 0 ? cpod_error_sys (err, errno, "open the directory of the logs") : 0;
}

/* Bytes of the longest container name. */
static size_t
longest_name (struct cpod_pod *pod)
{
	const struct cpod_status *status;
	size_t width = 0, len;

	if (cpod_pod_status (pod, &status, NULL) < 0)
		return 0;
	for (size_t i = 0; i < status->n_containers; i++) {
		len = strlen (status->containers[i].name);
		width = len > width ? len : width;
	}
	return width;
}

/* Makes what shows and keeps the containers' output. */
static int
make_logs (struct cpod_supervisor *self, struct cpod_error *err)
{
	struct cpod_logs_config config = {
		.loop = &self->loop, .width = longest_name (self->pod), .dir_fd = self->logs_fd,
		.limit = self->options.log_limit, .kept = on_kept, .data = self,
	};

	if (self->options.logs) {
		config.sinks[0] = &self->out;
		config.sinks[1] = &self->err_out;
	}
	if (!self->options.logs && self->logs_fd < 0)
		return 0;
	return cpod_logs_create (&config, &self->logs, err);
}

/* Makes the pod, which does nothing yet, and what shows it. */
static int
make_pod (struct cpod_supervisor *self, struct cpod_error *err)
{
	const struct cpod_pod_options options = {
		.size = sizeof (options), .runtime = self->options.runtime, .state_dir = self->state.path,
		.event = on_event, .stdio = on_stdio, .warn = on_warning, .log_tail = on_log_tail, .data = self,
		.subordinate_user = self->options.subordinate_user,
	};
	int ret;

	ret = cpod_pod_create (self->options.spec, &options, &self->pod, err);
	if (ret == 0)
		ret = make_logs (self, err);
	if (ret < 0)
		return ret;
	self->pod_source.ready = on_pod;
	self->pod_source.data = self;
	return cpod_loop_add (&self->loop, &self->pod_source, cpod_pod_fd (self->pod), EPOLLIN, err);
}

/* Makes the control socket. */
static int
make_control (struct cpod_supervisor *self, struct cpod_error *err)
{
	const struct cpod_control_config config = {
		.loop = &self->loop, .pod = self->pod, .dir_fd = self->state.dir_fd, .stop = on_stop,
		.data = self, .info = self->info,
	};

	return cpod_control_create (&config, &self->control, err);
}

/* Begins to answer HTTP. */
static int
serve_http (struct cpod_supervisor *self, struct cpod_error *err)
{
	const struct cpod_http_config config = {
		.loop = &self->loop, .pod = self->pod, .no_kill = self->options.no_http_kill, .kill = on_kill,
		.data = self,
	};

	return self->http != NULL ? cpod_http_serve (self->http, &config, err) : 0;
}

/* Everything up to the pod's start, in order. */
static int
set_up (struct cpod_supervisor *self, struct cpod_error *err)
{
	const struct cpod_http_address *address = self->options.address;
	int ret;

	ret = cpod_loop_init (&self->loop, err);
	if (ret < 0)
		return ret;
	cpod_sink_init (&self->out, &self->loop, STDOUT_FILENO);
	cpod_sink_init (&self->err_out, &self->loop, STDERR_FILENO);
	cpod_view_init (&self->view, &self->err_out, cpod_spec_name (self->options.spec),
	                address != NULL ? address->url : NULL, !self->options.logs);
	ret = cpod_starting_begin (&self->starting, &self->loop, self->options.report_fd, err);
	if (ret == 0 && address != NULL)
		ret = cpod_http_open (address, &self->http, err);
	if (ret == 0)
		ret = take_signals (self, err);
	if (ret == 0)
		ret = make_state (self, err);
	if (ret == 0)
		ret = make_pod (self, err);
	if (ret == 0)
		ret = make_control (self, err);
	if (ret == 0)
		ret = serve_http (self, err);
	if (ret == 0 && address != NULL && !self->view.live)
		cpod_view_say (&self->view, "serves %s", address->url);
	if (ret == 0)
		ret = cpod_pod_start (self->pod, err);
	if (ret == 0)
		cpod_starting_begun (&self->starting);
	return ret;
}

/* ---- Running ---- */

/* A thread of its own, since waiting for a dead pod's processes may take seconds; it shares nothing with
 * the loop. */
static void *
reclaim_thread (void *data)
{
	(void) data;
	cpod_state_reclaim_all (NULL, NULL);
	return NULL;
}

/* What can wait until the pod's containers run: gives back the memory that starting them took, and reclaims
 * what dead pods left. */
static void
after_start (struct cpod_supervisor *self)
{
	const struct cpod_status *status;
	pthread_t thread;
	sigset_t all, old;

	if (self->started || cpod_pod_status (self->pod, &status, NULL) < 0
	    || status->phase == CPOD_PHASE_PENDING)
		return;
	self->started = true;
	(void) malloc_trim (0);
	if (!cpod_state_any_dead (self->state.pods_fd))
		return;
	sigfillset (&all);
	if (pthread_sigmask (SIG_SETMASK, &all, &old) != 0)
		return;
	if (pthread_create (&thread, NULL, reclaim_thread, NULL) == 0)
		(void) pthread_detach (thread);
	(void) pthread_sigmask (SIG_SETMASK, &old, NULL);
}

/* true when there is nothing more to wait for. */
static bool
finished (const struct cpod_supervisor *self)
{
	if (self->overdue)
		return true;
	if (cpod_pod_ended (self->pod) != 1)
		return false;
	if (self->end == CPOD_END_NONE)
		return self->http == NULL;
	return cpod_http_idle (self->http);
}

/* Turns the loop until the end. */
static int
run_loop (struct cpod_supervisor *self)
{
	int ret;

	while (!finished (self)) {
		ret = cpod_loop_turn (&self->loop, -1);
		if (ret < 0)
			return cpod_fail (CPOD_EXIT_SYSTEM, "wait for events: %s", strerror (-ret));
		cpod_view_draw (&self->view, self->pod);
		after_start (self);
	}
	if (self->end == CPOD_END_KILLED)
		return CPOD_EXIT_NO;
	return self->end == CPOD_END_STOPPED || !self->failed ? CPOD_EXIT_OK : CPOD_EXIT_NO;
}

/* Leaves the state directory as the plan was: it is removed, or kept with the pod's last status (NULL: there is none).
 * Where the runtime has left something (a cgroup that could not be removed) it stays for gc. */
static void
leave_state (struct cpod_supervisor *self, const char *last_status)
{
	cpod_log_file_finish (&self->journal);
	cpod_fd_close (&self->logs_fd);
	if (self->state.lock_fd >= 0 && cpod_pod_reclaim (self->state.path, self->options.runtime, NULL) < 0)
		return;
	if (last_status == NULL || cpod_state_keep (&self->state, last_status, NULL) < 0)
		cpod_state_remove (&self->state);
}

/* The pod's last status as JSON, if it is to be kept; else nothing is added. */
static void
last_status (struct cpod_supervisor *self, struct cpod_str *out)
{
	const struct cpod_status *status;
	struct cpod_json *object;
	struct cpod_arena arena;

	if (!self->options.detached || self->options.remove || self->pod == NULL
	    || cpod_pod_status (self->pod, &status, NULL) < 0)
		return;
	cpod_arena_init (&arena, 0);
	object = cpod_status_json (&arena, status, &self->info);
	if (object != NULL)
		cpod_json_write (out, object, 2);
	cpod_arena_finish (&arena);
}

/* The pod is over, and its containers' last output read: tells whoever waits for that. */
static void
tell_end (struct cpod_supervisor *self, int exit_status)
{
	self->info.ended_sec = time (NULL);
	self->info.exit_status = exit_status;
	self->info.pid = 0;
	if (self->overdue)
		return;
	if (self->logs != NULL)
		cpod_logs_drain (self->logs);
	cpod_control_end (self->control, &self->info, self->end == CPOD_END_KILLED ? 0 : OUTPUT_MS);
}

/* Takes everything away, in the reverse order; began: the pod's start has. The control socket's clients see the end
 * when all is done. */
static void
tear_down (struct cpod_supervisor *self, bool began, int exit_status)
{
	cpod_autostr kept = CPOD_STR_INIT;

	if (self->loop.epoll_fd < 0)
		return;
	cpod_http_destroy (self->http);
	if (began)
		tell_end (self, exit_status);
	cpod_loop_remove (&self->pod_source);
	if (self->overdue)
		_exit (CPOD_EXIT_NO);   /* destroy would wait; the kernel ends the rest with us */
	if (!began)
		cpod_control_destroy (self->control);
	if (began)
		last_status (self, &kept);
	cpod_pod_destroy (self->pod);
	cpod_logs_destroy (self->logs);
	cpod_sink_finish (&self->out, self->end == CPOD_END_KILLED ? 0 : OUTPUT_MS);
	cpod_sink_finish (&self->err_out, self->end == CPOD_END_KILLED ? 0 : OUTPUT_MS);
	leave_state (self, cpod_str_failed (&kept) ? NULL : kept.data);
	if (began)
		cpod_control_destroy (self->control);
	cpod_starting_finish (&self->starting, exit_status);
	cpod_loop_remove (&self->signal_source);
	cpod_fd_close (&self->signal_fd);
	cpod_loop_finish (&self->loop);
}

int
cpod_supervise (const struct cpod_supervisor_options *options)
{
	struct cpod_supervisor self = { .options = *options, .loop = { .epoll_fd = -1 }, .signal_fd = -1, .logs_fd = -1,
	                                .journal = { .fd = -1 }, .starting = { .wait = options->wait, .report_fd = -1 },
	                                .state = { .pods_fd = -1, .dir_fd = -1, .lock_fd = -1 } };
	struct cpod_error err;
	int ret, status;

	self.deadline.expired = on_deadline;
	self.deadline.data = self.starting.data = &self;
	self.starting.deserted = on_deserted;
	self.info = (struct cpod_supervisor_info) { .runtime = options->runtime->name, .started_sec = time (NULL),
	                                            .pid = (int) getpid () };
	ret = set_up (&self, &err);
	if (ret == 0)
		status = run_loop (&self);
	else
		status = cpod_fail (self.taken ? CPOD_EXIT_TAKEN : cpod_exit_for (&err), "%s", err.message);
	tear_down (&self, ret == 0, status);
	return status;
}
