/* Kubernetes' PodStatus, as a tree (pod-status-json.h). */
#include "pod-status-json.h"

#include "seed-json.h"

#include <stdio.h>
#include <string.h>

static const char *const phase_words[] = { "Pending", "Running", "Succeeded", "Failed" };

/* One member of an object; an empty text is left out. NULL object: nothing. */
static void
put_text (struct cpod_arena *arena, struct cpod_json **object, const char *key, const char *value)
{
	if (value[0] != '\0')
		*object = cpod_json_add (arena, *object, key, cpod_json_new_string (arena, value));
}

static void
put (struct cpod_arena *arena, struct cpod_json **object, const char *key, struct cpod_json *child)
{
	*object = cpod_json_add (arena, *object, key, child);
}

static void
put_time (struct cpod_arena *arena, struct cpod_json **object, const char *key, struct cpod_instant at)
{
	char text[CPOD_TIME_SIZE];

	if (at.sec == 0)
		return;
	cpod_time_text (at.sec, at.nsec, text);
	put_text (arena, object, key, text);
}

static void
put_id (struct cpod_arena *arena, struct cpod_json **object, const char *id)
{
	char text[256];

	if (id[0] == '\0')
		return;
	snprintf (text, sizeof (text), "cpod://%s", id);
	put_text (arena, object, "containerID", text);
}

/* {"running": {...}}, {"waiting": {...}}, {"terminated": {...}} or {}. */
static struct cpod_json *
run_json (struct cpod_arena *arena, const struct cpod_run_status *run)
{
	static const char *const words[] = {
		[CPOD_RUN_WAITING] = "waiting", [CPOD_RUN_RUNNING] = "running", [CPOD_RUN_TERMINATED] = "terminated",
	};
	struct cpod_json *state = cpod_json_new (arena, CPOD_JSON_OBJECT);
	struct cpod_json *inner = cpod_json_new (arena, CPOD_JSON_OBJECT);

	if (run->kind == CPOD_RUN_NONE)
		return state;
	if (run->kind == CPOD_RUN_TERMINATED)
		put (arena, &inner, "exitCode", cpod_json_new_int (arena, run->exit.code));
	if (run->kind == CPOD_RUN_TERMINATED && run->exit.signal != 0)
		put (arena, &inner, "signal", cpod_json_new_int (arena, run->exit.signal));
	put_text (arena, &inner, "reason", run->reason);
	put_text (arena, &inner, "message", run->message);
	put_time (arena, &inner, "startedAt", run->started);
	put_time (arena, &inner, "finishedAt", run->finished);
	if (run->kind == CPOD_RUN_TERMINATED)
		put_id (arena, &inner, run->id);
	put (arena, &state, words[run->kind], inner);
	return state;
}

static struct cpod_json *
container_json (struct cpod_arena *arena, const struct cpod_container_status *container,
                const struct cpod_container_detail *detail)
{
	struct cpod_json *object = cpod_json_new (arena, CPOD_JSON_OBJECT);
	const char *id = detail->state.id[0] ? detail->state.id : detail->last_state.id;

	put (arena, &object, "name", cpod_json_new_string (arena, container->name));
	put (arena, &object, "state", run_json (arena, &detail->state));
	put (arena, &object, "lastState", run_json (arena, &detail->last_state));
	put (arena, &object, "ready", cpod_json_new_bool (arena, detail->ready != 0));
	put (arena, &object, "restartCount", cpod_json_new_int (arena, container->restarts));
	put (arena, &object, "started", cpod_json_new_bool (arena, detail->started != 0));
	put_id (arena, &object, id);
	return object;
}

/* The containers from first to end. */
static struct cpod_json *
list_json (struct cpod_arena *arena, const struct cpod_status *status, size_t first, size_t end)
{
	struct cpod_json *list = cpod_json_new (arena, CPOD_JSON_ARRAY);

	for (size_t i = first; i < end; i++)
		put (arena, &list, NULL, container_json (arena, &status->containers[i], status->details[i]));
	return list;
}

static struct cpod_json *
conditions_json (struct cpod_arena *arena, const struct cpod_status *status)
{
	struct cpod_json *list = cpod_json_new (arena, CPOD_JSON_ARRAY);

	for (size_t i = 0; i < status->n_conditions; i++) {
		const struct cpod_condition_status *condition = status->conditions[i];
		struct cpod_json *object = cpod_json_new (arena, CPOD_JSON_OBJECT);

		put_text (arena, &object, "type", condition->type);
		put_text (arena, &object, "status", condition->value ? "True" : "False");
		put_text (arena, &object, "reason", condition->reason);
		put_text (arena, &object, "message", condition->message);
		put_time (arena, &object, "lastTransitionTime", condition->since);
		put (arena, &list, NULL, object);
	}
	return list;
}

struct cpod_json *
cpod_pod_status_json (struct cpod_arena *arena, const struct cpod_status *status)
{
	struct cpod_json *object = cpod_json_new (arena, CPOD_JSON_OBJECT);

	put_text (arena, &object, "phase", phase_words[status->phase]);
	put (arena, &object, "conditions", conditions_json (arena, status));
	put_text (arena, &object, "reason", status->reason);
	put_text (arena, &object, "message", status->message);
	put_time (arena, &object, "startTime", status->started);
	if (status->n_init > 0)
		put (arena, &object, "initContainerStatuses", list_json (arena, status, 0, status->n_init));
	put (arena, &object, "containerStatuses", list_json (arena, status, status->n_init, status->n_containers));
	return object;
}

int
cpod_pod_json (const struct cpod_status *status, struct cpod_str *out)
{
	struct cpod_json *pod, *metadata;
	struct cpod_arena arena;

	cpod_arena_init (&arena, 0);
	pod = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	metadata = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	put_text (&arena, &metadata, "name", status->name);
	put_text (&arena, &metadata, "uid", status->uid);
	put_time (&arena, &metadata, "creationTimestamp", status->created);
	put_text (&arena, &pod, "apiVersion", "v1");
	put_text (&arena, &pod, "kind", "Pod");
	put (&arena, &pod, "metadata", metadata);
	put (&arena, &pod, "status", cpod_pod_status_json (&arena, status));
	if (pod)
		cpod_json_write (out, pod, 0);
	cpod_arena_finish (&arena);
	return pod && !cpod_str_failed (out) ? 0 : -1;
}
