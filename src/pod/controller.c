/* The life of a pod.
 *
 * Stages of a start: the runtime makes the pod, then every container (so that a bad spec is refused
 * before anything runs); then the init containers run one after the other; then all main containers
 * are told to start at once, and the loop collects. The pod has ended when every container is over.
 *
 * cpod_pod_advance is called whenever something has ended. A start may fail on the spot and so call
 * it from within itself: it therefore decides from the pod's fields alone, each time anew.
 */
#include "pod.h"

#include "blocking.h"
#include "runtimes.h"

#include "probes/answer.h"
#include "src/base/error.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Far beyond what a killed process takes to go, unless it sleeps uninterruptibly; then the kernel ends it when it
 * wakes, and nobody has to wait for that. */
#define OVERDUE_NS UINT64_C (30000000000)

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

/* ---- The order of things ----------------------------------------------------------------- */

static void
end_pod (struct cpod_pod *pod)
{
	pod->stage = CPOD_POD_ENDED;
	cpod_loop_disarm (&pod->kill_timer);
	cpod_loop_disarm (&pod->overdue_timer);
	cpod_pod_emit (pod, (struct cpod_event) {
		.type = CPOD_EVENT_ENDED, .value = cpod_pod_phase (pod) != CPOD_PHASE_SUCCEEDED,
	});
}

/* The main containers will never start. culprit: the init container that failed, or NULL: a stop. */
static void
fail_pod (struct cpod_pod *pod, const struct cpod_container *culprit)
{
	const struct cpod_history *history = culprit ? &culprit->history : NULL;
	const char *reason = history && history->n_errors ? history->errors[history->n_errors - 1].message : "failed";

	pod->init_failed = true;
	for (size_t i = 0; i < pod->n_containers; i++)
		cpod_container_give_up (&pod->containers[i]);
	for (size_t i = pod->n_init; i < pod->n_containers; i++) {
		if (culprit)
			cpod_container_error (&pod->containers[i], "init container %s: %s", culprit->spec->name, reason);
		else
			cpod_container_error (&pod->containers[i], "not started: the pod was stopped");
		cpod_container_event (&pod->containers[i], CPOD_STATE_ON_INIT_FAILED);
	}
}

/* Every main container is told to start before the first answer is collected. */
static void
start_main (struct cpod_pod *pod)
{
	pod->stage = CPOD_POD_MAIN;
	for (size_t i = pod->n_init; i < pod->n_containers; i++)
		if (pod->containers[i].stage == CPOD_STAGE_READY && !pod->stopping)
			cpod_container_start (&pod->containers[i]);
	if (!pod->stopping)
		return;
	for (size_t i = pod->n_init; i < pod->n_containers; i++)
		cpod_container_give_up (&pod->containers[i]);
}

/* No init container is alive: the next one, or what follows them. */
static void
advance_init (struct cpod_pod *pod)
{
	struct cpod_container *c;

	while (pod->stage == CPOD_POD_INIT && pod->n_alive == 0 && !pod->init_failed) {
		c = &pod->containers[pod->next_init];
		if (pod->next_init < pod->n_init && c->stage == CPOD_STAGE_OVER) {
			if (c->exit.code != 0)
				fail_pod (pod, c);
			else
				pod->next_init++;
		} else if (pod->stopping) {
			fail_pod (pod, NULL);
		} else if (pod->next_init < pod->n_init) {
			cpod_container_start (c);
		} else {
			start_main (pod);
		}
	}
}

void
cpod_pod_advance (struct cpod_pod *pod)
{
	if (pod->stage == CPOD_POD_NEW && pod->stopping) {
		pod->stage = CPOD_POD_INIT;
		fail_pod (pod, NULL);
	}
	if (pod->stage == CPOD_POD_INIT)
		advance_init (pod);
	if ((pod->stage == CPOD_POD_INIT || pod->stage == CPOD_POD_MAIN) && pod->n_over == pod->n_containers
	    && (pod->stage == CPOD_POD_MAIN || pod->init_failed))
		end_pod (pod);
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
	return cpod_runtime_check (pod->runtime->name ? pod->runtime->name : "the runtime", pod->runtime, err);
}

/* The containers' records, with their probers. */
static int
make_records (struct cpod_pod *pod, struct cpod_error *err)
{
	int ret = 0;

	pod->containers = calloc (pod->spec->n_containers + 1, sizeof (*pod->containers));
	pod->view = calloc (pod->spec->n_containers + 1, sizeof (*pod->view));
	if (!pod->containers || !pod->view)
		return cpod_error_oom (err);
	pod->n_init = pod->spec->n_init;
	pod->n_containers = pod->spec->n_containers;
	for (size_t i = 0; i < pod->n_containers; i++) {
		struct cpod_container *c = &pod->containers[i];

		c->pod = pod;
		c->spec = &pod->spec->containers[i];
		if (!c->spec->init)
			cpod_history_add_state (&c->history, CPOD_STATE_STARTED);
		for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP && ret == 0; type++)
			if (c->spec->probes[type].spec)
				ret = cpod_prober_create (c, (enum cpod_probe_type) type, &c->probers[type], err);
	}
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
	pod->healthy = true;
	pod->overdue_ns = OVERDUE_NS;
	make_uid (pod->uid);
	ret = take_options (pod, options, err);
	if (ret == 0)
		ret = make_records (pod, err);
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

	if (pod->blocking)
		return cpod_blocking_pod (pod->runtime, &pod->rt_pod, err);
	if (!(pod->runtime->capabilities & CPOD_RT_CAP_POD))
		return 0;
	ret = cpod_spec_pod_config (pod->spec, pod->uid, pod->state_dir, pod->cgroup_parent, &config, &inner);
	if (ret == 0)
		ret = cpod_answer (pod->table->async->pod_create (&config.config, &pod->rt_pod, &inner), "pod_create", &inner);
	if (ret < 0)
		pod->rt_pod = NULL;
	if (ret < 0 && err)
		*err = inner;
	cpod_spec_pod_config_finish (&config);
	return ret;
}

/* Gives everything back to the runtime; the records stay. */
static void
unmake (struct cpod_pod *pod)
{
	for (size_t i = 0; pod->containers && i < pod->n_containers; i++)
		cpod_container_finish (&pod->containers[i]);
	if (pod->rt_pod)
		pod->table->async->pod_destroy (pod->rt_pod);
	pod->rt_pod = NULL;
}

int
cpod_pod_start (struct cpod_pod *pod, struct cpod_error *err)
{
	int ret;

	if (pod->stage != CPOD_POD_NEW)
		return cpod_error_set (err, EALREADY, "pod %s has been started or stopped before", pod->spec->name);
	ret = make_pod (pod, err);
	for (size_t i = 0; i < pod->n_containers && ret == 0; i++)
		ret = cpod_container_make (&pod->containers[i], err);
	if (ret < 0) {
		unmake (pod);
		pod->stage = CPOD_POD_ENDED;
		return ret;
	}
	pod->stage = CPOD_POD_INIT;
	cpod_pod_advance (pod);
	return 0;
}

void
cpod_pod_destroy (struct cpod_pod *pod)
{
	if (!pod)
		return;
	pod->options.event = NULL;
	cpod_execs_cancel_all (pod);
	for (size_t i = 0; pod->containers && i < pod->n_containers; i++)
		if (pod->containers[i].stage == CPOD_STAGE_RUNNING)
			(void) cpod_container_send (&pod->containers[i], SIGKILL, NULL);   /* it may have ended by itself */
	unmake (pod);
	for (size_t i = 0; pod->containers && i < pod->n_containers; i++)
		cpod_history_finish (&pod->containers[i].history);
	cpod_loop_disarm (&pod->kill_timer);
	cpod_loop_disarm (&pod->overdue_timer);
	cpod_loop_finish (&pod->loop);
	cpod_spec_destroy (pod->spec);
	free (pod->containers);
	free (pod->view);
	free (pod->state_dir);
	free (pod->cgroup_parent);
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
cpod_pod_run (struct cpod_pod *pod, struct cpod_error *err)
{
	int ret;

	while (pod->stage != CPOD_POD_ENDED) {
		ret = cpod_loop_turn (&pod->loop, -1);
		if (ret < 0)
			return cpod_error_sys (err, -ret, "wait for events of pod %s", pod->spec->name);
	}
	return 0;
}

int
cpod_pod_ended (const struct cpod_pod *pod)
{
	return pod->stage == CPOD_POD_ENDED;
}

int
cpod_pod_healthy (const struct cpod_pod *pod)
{
	return pod->n_unhealthy == 0;
}
