/* The pod as Kubernetes' PodStatus tells it: where each container is and what its last run came to, with
 * reasons and times; and the conditions.
 *
 * What happened is noted when it happens (cpod_container_note_*, cpod_pod_note_conditions); words are
 * put together when somebody asks. Times are CLOCK_REALTIME: they are for people, nothing is decided by
 * them.
 */
#include "pod.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct cpod_instant
wall_clock (void)
{
	struct timespec now;

	clock_gettime (CLOCK_REALTIME, &now);
	return (struct cpod_instant) { now.tv_sec, (int32_t) now.tv_nsec };
}

/* ---- Notes ------------------------------------------------------------------------------- */

void
cpod_container_note_start (struct cpod_container *c)
{
	c->run_since = wall_clock ();
}

/* The words for an end. */
static const char *
reason_of (const struct cpod_rt_exit *exit, bool start_failed)
{
	if (start_failed)
		return "StartError";
	if (exit->flags & CPOD_RT_EXIT_LOST)
		return "ContainerStatusUnknown";
	if (exit->flags & CPOD_RT_EXIT_OOM)
		return "OOMKilled";
	return exit->code == 0 ? "Completed" : "Error";
}

void
cpod_container_note_end (struct cpod_container *c, const struct cpod_rt_exit *exit, bool start_failed,
                         const char *message)
{
	struct cpod_end_note *note = &c->ends[0];

	free (c->ends[1].message);
	free (c->ends[1].id);
	c->ends[1] = c->ends[0];
	*note = (struct cpod_end_note) {
		.exit = *exit, .reason = reason_of (exit, start_failed), .started = c->run_since, .finished = wall_clock (),
		.message = message && message[0] ? strdup (message) : NULL,   /* lost when memory is out */
		.id = c->id && c->run ? strdup (c->id) : NULL,
	};
	if (start_failed)
		note->started = note->finished;
}

void
cpod_container_forget_notes (struct cpod_container *c)
{
	for (size_t i = 0; i < 2; i++) {
		free (c->ends[i].message);
		free (c->ends[i].id);
		c->ends[i] = (struct cpod_end_note) { 0 };
	}
}

void
cpod_pod_note_conditions (struct cpod_pod *pod)
{
	struct cpod_instant now = { 0, 0 };

	for (int i = 0; i < CPOD_N_CONDITIONS; i++) {
		bool value = cpod_machine_condition (&pod->machine, (enum cpod_condition) i);

		if (value == pod->conditions[i].value && pod->conditions[i].since.sec != 0)
			continue;
		if (now.sec == 0)
			now = wall_clock ();
		pod->conditions[i].value = value;
		pod->conditions[i].since = now;
	}
}

/* ---- One container ----------------------------------------------------------------------- */

static struct cpod_run_status
view_end (const struct cpod_end_note *note)
{
	if (!note->reason)
		return (struct cpod_run_status) { .kind = CPOD_RUN_NONE, .reason = "", .message = "", .id = "" };
	return (struct cpod_run_status) {
		.kind = CPOD_RUN_TERMINATED, .reason = note->reason, .message = note->message ? note->message : "",
		.id = note->id ? note->id : "", .exit = note->exit, .started = note->started, .finished = note->finished,
	};
}

/* Why a container that will be started again has to wait; the words go into its text. */
static const char *
why_back_off (struct cpod_container *c)
{
	const struct cpod_machine_container *machine = c->machine;
	char delay[CPOD_WORDS_MAX];

	cpod_words_duration (machine->backoff.delay_ns / 1000000, delay);
	snprintf (c->text, sizeof (c->text), "back-off %s restarting failed container=%s pod=%s", delay, c->spec->name,
	          c->pod->spec->name);
	if (machine->hook_failed)
		return "PostStartHookError";
	if (machine->create_failed)
		return "CreateContainerError";
	return machine->start_failed ? "RunContainerError" : "CrashLoopBackOff";
}

static struct cpod_run_status
view_waiting (struct cpod_container *c)
{
	const struct cpod_machine *machine = &c->pod->machine;
	struct cpod_run_status view = { .kind = CPOD_RUN_WAITING, .id = "", .message = c->text };

	c->text[0] = '\0';
	if (c->machine->life == CPOD_LIFE_BACKOFF)
		view.reason = why_back_off (c);
	else if (machine->stage < CPOD_MACHINE_MAIN && machine->n_init > 0 && c->machine->life != CPOD_LIFE_STARTING)
		view.reason = "PodInitializing";
	else
		view.reason = "ContainerCreating";
	return view;
}

static void
view_container (struct cpod_container *c)
{
	struct cpod_container_detail *detail = &c->detail;
	const struct cpod_machine_container *machine = c->machine;

	*detail = (struct cpod_container_detail) { .size = sizeof (*detail), .started = machine->started };
	detail->last_state = view_end (&c->ends[0]);
	if (machine->life == CPOD_LIFE_RUNNING) {
		detail->state = (struct cpod_run_status) {
			.kind = CPOD_RUN_RUNNING, .reason = "", .message = "", .id = c->id ? c->id : "", .started = c->run_since,
		};
	} else if (machine->life == CPOD_LIFE_OVER && machine->ended) {
		detail->state = view_end (&c->ends[0]);
		detail->last_state = view_end (&c->ends[1]);
	} else {
		detail->state = view_waiting (c);
	}
	detail->ready = c->spec->init && !c->spec->sidecar
	                ? machine->life == CPOD_LIFE_OVER && machine->ended && machine->exit.code == 0
	                : machine->ready;
}

/* ---- Conditions -------------------------------------------------------------------------- */

/* Puts the names of the containers that keep the condition from holding behind words. */
static void
list_names (struct cpod_pod *pod, bool initialized, const char *words)
{
	char *text = pod->condition_text[initialized];
	size_t len = (size_t) snprintf (text, CPOD_CONDITION_TEXT, "%s: [", words);
	const char *space = "";

	for (size_t i = 0; i < pod->n_containers; i++) {
		const struct cpod_container *c = &pod->containers[i];
		bool plain = c->spec->init && !c->spec->sidecar;
		bool counts = initialized ? c->spec->init && !(c->spec->sidecar ? c->machine->started : c->detail.ready)
		                          : !plain && !c->detail.ready;

		if (!counts || len + strlen (c->spec->name) + 8 > CPOD_CONDITION_TEXT)
			continue;
		len += (size_t) snprintf (text + len, CPOD_CONDITION_TEXT - len, "%s%s", space, c->spec->name);
		space = " ";
	}
	snprintf (text + len, CPOD_CONDITION_TEXT - len, "]");
}

/* Why a condition does not hold. */
static void
explain (struct cpod_pod *pod, enum cpod_condition condition, struct cpod_condition_status *view)
{
	enum cpod_phase phase = cpod_machine_phase (&pod->machine);

	if (condition == CPOD_CONDITION_READY_TO_START || condition == CPOD_CONDITION_SCHEDULED)
		return;
	if (phase == CPOD_PHASE_SUCCEEDED) {
		view->reason = "PodCompleted";
	} else if (view->value) {
		return;
	} else if (condition == CPOD_CONDITION_INITIALIZED) {
		list_names (pod, true, "containers with incomplete status");
		view->reason = "ContainersNotInitialized";
		view->message = pod->condition_text[1];
	} else if (phase == CPOD_PHASE_FAILED) {
		view->reason = "PodFailed";
	} else {
		list_names (pod, false, "containers with unready status");
		view->reason = "ContainersNotReady";
		view->message = pod->condition_text[0];
	}
}

void
cpod_pod_view_details (struct cpod_pod *pod, struct cpod_status *status)
{
	static const char *const types[CPOD_N_CONDITIONS] = {
		[CPOD_CONDITION_READY_TO_START] = "PodReadyToStartContainers",
		[CPOD_CONDITION_INITIALIZED] = "Initialized",
		[CPOD_CONDITION_READY] = "Ready",
		[CPOD_CONDITION_CONTAINERS_READY] = "ContainersReady",
		[CPOD_CONDITION_SCHEDULED] = "PodScheduled",
	};

	for (size_t i = 0; i < pod->n_containers; i++) {
		view_container (&pod->containers[i]);
		pod->detail_list[i] = &pod->containers[i].detail;
	}
	for (int i = 0; i < CPOD_N_CONDITIONS; i++) {
		struct cpod_condition_status *view = &pod->condition_view[i];

		*view = (struct cpod_condition_status) {
			.size = sizeof (*view), .type = types[i], .value = pod->conditions[i].value, .reason = "", .message = "",
			.since = pod->conditions[i].since,
		};
		explain (pod, (enum cpod_condition) i, view);
		pod->condition_list[i] = view;
	}
	status->uid = pod->uid;
	status->created = pod->created;
	status->started = pod->started;
	status->reason = pod->machine.deadline_exceeded ? "DeadlineExceeded" : "";
	status->message = pod->machine.deadline_exceeded ? "Pod was active longer than its activeDeadlineSeconds" : "";
	status->details = pod->detail_list;
	status->conditions = pod->condition_list;
	status->n_conditions = CPOD_N_CONDITIONS;
}

void
cpod_pod_note_created (struct cpod_pod *pod)
{
	pod->created = wall_clock ();
}

void
cpod_pod_note_started (struct cpod_pod *pod)
{
	pod->started = wall_clock ();
}
