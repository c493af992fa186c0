/* The life of a pod: the machine's decisions carried out.
 *
 * Stages of a start: the runtime makes the pod, then every container (so that a bad spec is refused
 * before anything runs); then the machine begins. From then on each thing that happens is fed to it and
 * its actions are carried out in their order. One that has become void meanwhile, by an event that was
 * fed from within an earlier one, is left out.
 */
#include "pod.h"

#include "blocking.h"
#include "runtimes.h"

#include "probes/answer.h"
#include "src/base/error.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void
cpod_pod_emit (struct cpod_pod *pod, struct cpod_event event)
{
	event.size = sizeof (event);
	if (pod->options.event)
		pod->options.event (pod->options.data, &event);
}

struct cpod_container *
cpod_pod_find (struct cpod_pod *pod, const char *name)
{
	for (size_t i = 0; i < pod->n_containers; i++)
		if (strcmp (pod->containers[i].spec->name, name) == 0)
			return &pod->containers[i];
	return NULL;
}

size_t
cpod_container_index (const struct cpod_container *c)
{
	return (size_t) (c - c->pod->containers);
}

/* ---- Actions ----------------------------------------------------------------------------- */

static void
do_start (struct cpod_container *c, const struct cpod_action *action)
{
	(void) action;
	cpod_container_start (c);
}

static void
do_signal (struct cpod_container *c, const struct cpod_action *action)
{
	cpod_container_signal (c, action->signal);
}

static void
do_wake (struct cpod_container *c, const struct cpod_action *action)
{
	if (action->at_ns == CPOD_MACHINE_NEVER)
		cpod_loop_disarm (&c->wake);
	else if (cpod_loop_arm (&c->pod->loop, &c->wake, action->at_ns) < 0)
		cpod_container_error (c, "out of memory: no further probes, restarts or deadlines");
}

static void
tell_state (struct cpod_container *c, const struct cpod_action *action)
{
	struct cpod_pod *pod = c->pod;
	bool healthy = cpod_machine_healthy (&pod->machine);

	cpod_history_add_state (&c->history, action->state);
	cpod_pod_emit (pod, (struct cpod_event) {
		.type = CPOD_EVENT_STATE, .container = c->spec->name, .state = action->state,
	});
	if (healthy == pod->healthy)
		return;
	pod->healthy = healthy;
	cpod_pod_emit (pod, (struct cpod_event) { .type = CPOD_EVENT_HEALTHY, .value = healthy });
}

/* It will never start: the reason is an error of its own. */
static void
tell_never (struct cpod_container *c, const struct cpod_action *action)
{
	const struct cpod_container *culprit = action->culprit < c->pod->n_containers
	                                       ? &c->pod->containers[action->culprit] : NULL;
	const struct cpod_history *history = culprit ? &culprit->history : NULL;
	const char *reason = history && history->n_errors ? history->errors[history->n_errors - 1].message : "failed";

	if (action->never == CPOD_NEVER_STOPPED || !culprit)
		cpod_container_error (c, "not started: the pod was stopped");
	else if (action->never == CPOD_NEVER_INIT)
		cpod_container_error (c, "init container %s: %s", culprit->spec->name, reason);
	else
		cpod_container_error (c, "not started: it depends on container %s, which has ended", culprit->spec->name);
}

static void
tell_over (struct cpod_container *c, const struct cpod_action *action)
{
	(void) action;
	cpod_container_leave (c);
}

static void
tell_deadline (struct cpod_container *c, const struct cpod_action *action)
{
	(void) action;
	cpod_container_error (c, "the pod was active longer than its activeDeadlineSeconds");
}

/* An action about the pod: its deadline or its end. */
static void
act_on_pod (struct cpod_pod *pod, const struct cpod_action *action)
{
	if (action->type == CPOD_DO_WAKE) {
		(void) cpod_loop_arm (&pod->loop, &pod->wake, action->at_ns);   /* the heap has room: it is the first */
		return;
	}
	pod->ended = true;
	cpod_loop_disarm (&pod->wake);
	cpod_pod_emit (pod, (struct cpod_event) {
		.type = CPOD_EVENT_ENDED, .value = cpod_machine_phase (&pod->machine) != CPOD_PHASE_SUCCEEDED,
	});
}

static void (*const acts[]) (struct cpod_container *c, const struct cpod_action *action) = {
	[CPOD_DO_START] = do_start,
	[CPOD_DO_SIGNAL] = do_signal,
	[CPOD_DO_ATTEMPT] = cpod_prober_attempt,
	[CPOD_DO_CANCEL_ATTEMPT] = cpod_prober_cancel,
	[CPOD_DO_HOOK] = cpod_hooker_begin,
	[CPOD_DO_CANCEL_HOOK] = cpod_hooker_cancel,
	[CPOD_DO_WAKE] = do_wake,
	[CPOD_DO_LOSE] = cpod_container_lose,
	[CPOD_TELL_STATE] = tell_state,
	[CPOD_TELL_PROBE] = cpod_prober_tell,
	[CPOD_TELL_HOOK] = cpod_hooker_tell,
	[CPOD_TELL_NEVER] = tell_never,
	[CPOD_TELL_OVER] = tell_over,
	[CPOD_TELL_DEADLINE] = tell_deadline,
};

/* Memory was out and actions are missing: what still runs must not run on unwatched. */
static void
kill_unwatched (struct cpod_pod *pod)
{
	for (struct cpod_run *run = pod->runs; run; run = run->next)
		if (run->running)
			(void) cpod_run_send (run, SIGKILL, NULL);   /* it may have ended by itself */
}

void
cpod_pod_feed (struct cpod_pod *pod, const struct cpod_machine_event *event)
{
	size_t first = pod->actions.n, end;

	cpod_machine_step (&pod->machine, event, cpod_clock_ns (), &pod->actions);
	end = pod->actions.n;
	for (size_t i = first; i < end; i++) {
		struct cpod_action action = pod->actions.items[i];   /* the list may move */

		if (!cpod_machine_wants (&pod->machine, &action))
			continue;
		if (action.container == CPOD_MACHINE_POD)
			act_on_pod (pod, &action);
		else
			acts[action.type] (&pod->containers[action.container], &action);
	}
	pod->actions.n = first;
	if (pod->actions.failed)
		kill_unwatched (pod);
	pod->actions.failed = false;
	cpod_pod_note_conditions (pod);
}

static void
on_wake (struct cpod_timer *timer, uint64_t now_ns)
{
	struct cpod_container *c = timer->data;

	(void) now_ns;
	cpod_pod_feed (c->pod, &(struct cpod_machine_event) {
		.type = CPOD_ON_TIME, .container = cpod_container_index (c),
	});
}

static void
on_pod_wake (struct cpod_timer *timer, uint64_t now_ns)
{
	(void) now_ns;
	cpod_pod_feed (timer->data, &(struct cpod_machine_event) {
		.type = CPOD_ON_TIME, .container = CPOD_MACHINE_POD,
	});
}

/* ---- Create and start -------------------------------------------------------------------- */

/* A random UUID, as text. */
static void
make_uid (char uid[37])
{
	unsigned char bytes[16] = { 0 };

	if (getrandom (bytes, sizeof (bytes), 0) < 0)   /* 16 bytes never fail once the system is up */
		memset (bytes, 0, sizeof (bytes));
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (int i = 0, at = 0; i < 16; i++) {
		at += snprintf (uid + at, 3, "%02x", bytes[i]);
		if (i == 3 || i == 5 || i == 7 || i == 9)
			uid[at++] = '-';
	}
	uid[36] = '\0';
}

/* The uid that a manifest was loaded with, which its containers may have been told; else a new one. */
static void
choose_uid (struct cpod_pod *pod)
{
	const struct cpod_json *uid = pod->spec->from_manifest ? cpod_json_get (pod->spec->metadata, "uid") : NULL;

	if (uid && uid->type == CPOD_JSON_STRING && strlen (uid->text) == sizeof (pod->uid) - 1)
		memcpy (pod->uid, uid->text, sizeof (pod->uid));
	else
		make_uid (pod->uid);
}

/* Takes the options over, and decides which table is called. */
static int
take_options (struct cpod_pod *pod, const struct cpod_pod_options *options, struct cpod_error *err)
{
	if (options)
		memcpy (&pod->options, options,
		        options->size < sizeof (pod->options) ? options->size : sizeof (pod->options));
	pod->runtime = pod->options.runtime ? pod->options.runtime : &cpod_runtime_production;
	pod->blocking = pod->runtime->async == NULL;
	pod->table = pod->blocking ? &cpod_blocking_runtime : pod->runtime;
	if (pod->options.state_dir) {
		pod->state_dir = strdup (pod->options.state_dir);
		if (!pod->state_dir)
			return cpod_error_oom (err);
	}
	if (pod->options.cgroup_parent) {
		pod->cgroup_parent = strdup (pod->options.cgroup_parent);
		if (!pod->cgroup_parent)
			return cpod_error_oom (err);
	}
	if (pod->options.subordinate_user) {
		pod->subordinate_user = strdup (pod->options.subordinate_user);
		if (!pod->subordinate_user)
			return cpod_error_oom (err);
	}
	return cpod_runtime_check (pod->runtime->name ? pod->runtime->name : "the runtime", pod->runtime, err);
}

/* One container's record, with its probers. */
static int
make_record (struct cpod_pod *pod, size_t index, struct cpod_error *err)
{
	struct cpod_container *c = &pod->containers[index];
	int ret = 0;

	c->pod = pod;
	c->spec = &pod->spec->containers[index];
	c->machine = &pod->machine.containers[index];
	c->wake = (struct cpod_timer) { .expired = on_wake, .data = c };
	if (!c->spec->init)
		cpod_history_add_state (&c->history, CPOD_STATE_STARTED);
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP && ret == 0; type++)
		if (c->spec->probes[type].spec)
			ret = cpod_prober_create (c, (enum cpod_probe_type) type, err);
	if (ret == 0 && (c->spec->post_start.spec || c->spec->pre_stop.spec))
		ret = cpod_hooker_create (c, err);
	return ret;
}

/* The machine and the containers' records. */
static int
make_records (struct cpod_pod *pod, struct cpod_error *err)
{
	int ret = cpod_machine_init (&pod->machine, pod->spec, err);

	if (ret < 0)
		return ret;
	pod->wake = (struct cpod_timer) { .expired = on_pod_wake, .data = pod };
	pod->containers = calloc (pod->spec->n_containers + 1, sizeof (*pod->containers));
	pod->view = calloc (pod->spec->n_containers + 1, sizeof (*pod->view));
	pod->detail_list = calloc (pod->spec->n_containers + 1, sizeof (*pod->detail_list));
	if (!pod->containers || !pod->view || !pod->detail_list)
		return cpod_error_oom (err);
	pod->n_init = pod->spec->n_init;
	pod->n_containers = pod->spec->n_containers;
	for (size_t i = 0; i < pod->n_containers && ret == 0; i++)
		ret = make_record (pod, i, err);
	return ret;
}

int
cpod_pod_create (const struct cpod_spec *spec, const struct cpod_pod_options *options, struct cpod_pod **ret_pod,
                 struct cpod_error *err)
{
	struct cpod_pod *pod = calloc (1, sizeof (*pod));
	int ret;

	if (!pod)
		return cpod_error_oom (err);
	ret = cpod_loop_init (&pod->loop, err);
	if (ret < 0) {
		free (pod);
		return ret;
	}
	pod->spec = cpod_spec_ref (spec);
	pod->fetcher = (struct cpod_probe_fetcher) { .loop = &pod->loop, .open_socket = cpod_pod_open_socket, .data = pod };
	pod->healthy = true;
	choose_uid (pod);
	ret = take_options (pod, options, err);
	cpod_pod_note_created (pod);
	if (ret == 0)
		ret = make_records (pod, err);
	if (ret == 0)
		cpod_pod_note_conditions (pod);
	if (ret < 0)
		cpod_pod_destroy (pod);
	else
		*ret_pod = pod;
	return ret;
}

/* Has the runtime make the pod, where it wants one. */
static int
make_pod (struct cpod_pod *pod, struct cpod_error *err)
{
	struct cpod_spec_pod_config config;
	struct cpod_error inner = { 0 };
	int ret;

	if (pod->spec->own_users && !(pod->runtime->capabilities & CPOD_RT_CAP_USERS))
		return cpod_error_set (err, ENOTSUP, "hostUsers: the runtime %s has no user namespaces for pods", pod->runtime->name);
	if (pod->blocking)
		return cpod_blocking_pod (pod->runtime, &pod->rt_pod, err);
	if (!(pod->runtime->capabilities & CPOD_RT_CAP_POD))
		return 0;
	ret = cpod_spec_pod_config (pod->spec, pod->uid, pod->state_dir, pod->cgroup_parent, &config, &inner);
	config.config.subordinate_user = pod->subordinate_user;
	if (ret == 0)
		ret = cpod_answer (pod->table->async->pod_create (&config.config, &pod->rt_pod, &inner), "pod_create", &inner);
	if (ret < 0)
		pod->rt_pod = NULL;
	if (ret < 0 && err)
		*err = inner;
	cpod_spec_pod_config_finish (&config);
	return ret;
}

/* Makes the pod's volumes, before the runtime is told of them. */
static int
make_volumes (struct cpod_pod *pod, struct cpod_error *err)
{
	const struct cpod_spec *spec = pod->spec;

	if (spec->n_volumes == 0)
		return 0;
	if (pod->blocking || !(pod->runtime->capabilities & CPOD_RT_CAP_POD))
		return cpod_error_set (err, ENOTSUP, "%s: the runtime %s knows no pods, and so no volumes", spec->file, pod->runtime->name);
	return cpod_volumes_make (spec->volumes, spec->n_volumes, pod->state_dir, spec->file, err);
}

/* Gives everything back to the runtime; the records stay. */
static void
unmake (struct cpod_pod *pod)
{
	for (size_t i = 0; pod->containers && i < pod->n_containers; i++)
		cpod_probers_destroy (&pod->containers[i]);
	cpod_probe_fetcher_finish (&pod->fetcher);
	while (pod->runs)
		cpod_run_destroy (pod->runs);
	if (pod->rt_pod)
		pod->table->async->pod_destroy (pod->rt_pod);
	pod->rt_pod = NULL;
	if (pod->begun && pod->spec->n_volumes > 0 && pod->state_dir)
		(void) cpod_volumes_remove (pod->state_dir, NULL);   /* what stays, reclaiming takes */
}

int
cpod_pod_start (struct cpod_pod *pod, struct cpod_error *err)
{
	int ret;

	if (pod->begun || pod->ended)
		return cpod_error_set (err, EALREADY, "pod %s has been started or stopped before", pod->spec->name);
	pod->begun = true;
	ret = make_volumes (pod, err);
	if (ret == 0)
		ret = make_pod (pod, err);
	for (size_t i = 0; i < pod->n_containers && ret == 0; i++)
		ret = cpod_container_make (&pod->containers[i], err);
	if (ret < 0) {
		unmake (pod);
		pod->ended = true;
		return ret;
	}
	cpod_pod_note_started (pod);
	cpod_pod_feed (pod, &(struct cpod_machine_event) { .type = CPOD_ON_BEGIN });
	return 0;
}

void
cpod_pod_destroy (struct cpod_pod *pod)
{
	if (!pod)
		return;
	pod->options.event = NULL;
	cpod_execs_cancel_all (pod);
	kill_unwatched (pod);
	unmake (pod);
	for (size_t i = 0; pod->containers && i < pod->n_containers; i++) {
		cpod_loop_disarm (&pod->containers[i].wake);
		cpod_history_finish (&pod->containers[i].history);
		cpod_container_forget_notes (&pod->containers[i]);
		free (pod->containers[i].id);
	}
	cpod_loop_disarm (&pod->wake);
	cpod_loop_finish (&pod->loop);
	cpod_machine_finish (&pod->machine);
	cpod_actions_finish (&pod->actions);
	cpod_spec_destroy (pod->spec);
	free (pod->containers);
	free (pod->view);
	free (pod->detail_list);
	free (pod->state_dir);
	free (pod->cgroup_parent);
	free (pod->subordinate_user);
	free (pod);
}

/* ---- The loop ---------------------------------------------------------------------------- */

int
cpod_pod_fd (const struct cpod_pod *pod)
{
	return cpod_loop_fd (&pod->loop);
}

int
cpod_pod_dispatch (struct cpod_pod *pod, struct cpod_error *err)
{
	int ret = cpod_loop_turn (&pod->loop, 0);

	return ret < 0 ? cpod_error_sys (err, -ret, "wait for events of pod %s", pod->spec->name) : 0;
}

int
cpod_pod_wait (struct cpod_pod *pod, int64_t timeout_ms, struct cpod_error *err)
{
	const uint64_t begin_ns = cpod_clock_ns ();
	int ret;

	while (!pod->ended) {
		uint64_t passed_ms = (cpod_clock_ns () - begin_ns) / 1000000;
		int64_t left_ms = timeout_ms < 0 ? -1 : timeout_ms - (int64_t) passed_ms;

		if (timeout_ms >= 0 && left_ms < 0)
			return cpod_error_set (err, ETIMEDOUT, "pod %s goes on", pod->spec->name);
		ret = cpod_loop_turn (&pod->loop, left_ms > INT_MAX ? INT_MAX : (int) left_ms);
		if (ret < 0)
			return cpod_error_sys (err, -ret, "wait for events of pod %s", pod->spec->name);
		if (left_ms == 0 && ret == 0)
			return cpod_error_set (err, ETIMEDOUT, "pod %s goes on", pod->spec->name);
	}
	return 0;
}

int
cpod_pod_run (struct cpod_pod *pod, struct cpod_error *err)
{
	return cpod_pod_wait (pod, -1, err);
}

int
cpod_pod_ended (const struct cpod_pod *pod)
{
	return pod->ended;
}

int
cpod_pod_healthy (const struct cpod_pod *pod)
{
	return cpod_machine_healthy (&pod->machine);
}
