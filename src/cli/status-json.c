/* Status and events to trees. The names here are those of docs/io.cpod.Pod.varlink. */
#include "status-json.h"

#include "pod-status-json.h"
#include "seed-json.h"

#include <stdio.h>
#include <string.h>

static const char *const state_words[] = { "started", "healthy", "failing", "terminal", "finished",
                                           "failed" };
static const char *const phase_words[] = { "pending", "running", "succeeded", "failed" };
static const char *const probe_words[] = { "liveness", "readiness", "startup" };
static const char *const event_words[] = { "started", "state", "exited", "error", "healthy", "ended" };

const char *
cpod_state_word (unsigned int state)
{
	return state < sizeof (state_words) / sizeof (state_words[0]) ? state_words[state] : "unknown";
}

const char *
cpod_phase_word (unsigned int phase)
{
	return phase < sizeof (phase_words) / sizeof (phase_words[0]) ? phase_words[phase] : "unknown";
}

/* One member of an object: the words every line below is made of. NULL object: nothing. */
static void
put_string (struct cpod_arena *arena, struct cpod_json **object, const char *key, const char *value)
{
	if (cpod_json_add (arena, *object, key, cpod_json_new_string (arena, value)) == NULL)
		*object = NULL;
}

static void
put_int (struct cpod_arena *arena, struct cpod_json **object, const char *key, int64_t value)
{
	if (cpod_json_add (arena, *object, key, cpod_json_new_int (arena, value)) == NULL)
		*object = NULL;
}

static void
put_bool (struct cpod_arena *arena, struct cpod_json **object, const char *key, bool value)
{
	if (cpod_json_add (arena, *object, key, cpod_json_new_bool (arena, value)) == NULL)
		*object = NULL;
}

static void
put (struct cpod_arena *arena, struct cpod_json **parent, const char *key, struct cpod_json *child)
{
	if (cpod_json_add (arena, *parent, key, child) == NULL)
		*parent = NULL;
}

struct cpod_json *
cpod_exit_json (struct cpod_arena *arena, const struct cpod_rt_exit *exit)
{
	struct cpod_json *object = cpod_json_new (arena, CPOD_JSON_OBJECT);

	put_int (arena, &object, "code", exit->code);
	put_int (arena, &object, "signal", exit->signal);
	put_bool (arena, &object, "oom", (exit->flags & CPOD_RT_EXIT_OOM) != 0);
	put_bool (arena, &object, "core", (exit->flags & CPOD_RT_EXIT_CORE) != 0);
	put_bool (arena, &object, "lost", (exit->flags & CPOD_RT_EXIT_LOST) != 0);
	return object;
}

/* One configured probe. */
static struct cpod_json *
probe_json (struct cpod_arena *arena, const char *type, const struct cpod_probe_status *probe)
{
	struct cpod_json *object = cpod_json_new (arena, CPOD_JSON_OBJECT);

	put_string (arena, &object, "type", type);
	put_string (arena, &object, "result",
	            probe->result < 0 ? "failure" : probe->result > 0 ? "success" : "unknown");
	put_int (arena, &object, "attempts", probe->attempts);
	put_int (arena, &object, "failures", probe->failures);
	put_int (arena, &object, "consecutive", probe->consecutive);
	put_int (arena, &object, "lastExit", probe->last_exit);
	put_string (arena, &object, "lastOutput", probe->last_output != NULL ? probe->last_output : "");
	return object;
}

static struct cpod_json *
probes_json (struct cpod_arena *arena, const struct cpod_container_status *container)
{
	struct cpod_json *list = cpod_json_new (arena, CPOD_JSON_ARRAY);

	for (size_t i = 0; i < sizeof (probe_words) / sizeof (probe_words[0]); i++)
		if (container->probes[i].configured)
			put (arena, &list, NULL, probe_json (arena, probe_words[i], &container->probes[i]));
	return list;
}

static struct cpod_json *
states_json (struct cpod_arena *arena, const struct cpod_container_status *container)
{
	struct cpod_json *list = cpod_json_new (arena, CPOD_JSON_ARRAY);

	for (size_t i = 0; i < container->n_states; i++)
		put (arena, &list, NULL,
		     cpod_json_new_string (arena, cpod_state_word (container->states[i])));
	return list;
}

static struct cpod_json *
errors_json (struct cpod_arena *arena, const struct cpod_container_status *container)
{
	struct cpod_json *list = cpod_json_new (arena, CPOD_JSON_ARRAY), *object;
	char time[CPOD_TIME_SIZE];

	for (size_t i = 0; i < container->n_errors; i++) {
		cpod_time_text (container->errors[i].sec, container->errors[i].nsec, time);
		object = cpod_json_new (arena, CPOD_JSON_OBJECT);
		put_string (arena, &object, "message", container->errors[i].message);
		put_string (arena, &object, "time", time);
		put (arena, &list, NULL, object);
	}
	return list;
}

static struct cpod_json *
container_json (struct cpod_arena *arena, const struct cpod_container_status *container)
{
	struct cpod_json *object = cpod_json_new (arena, CPOD_JSON_OBJECT);

	put_string (arena, &object, "name", container->name);
	put_string (arena, &object, "id", container->id != NULL ? container->id : "");
	put_bool (arena, &object, "init", container->init != 0);
	put_bool (arena, &object, "running", container->running != 0);
	put_bool (arena, &object, "ready", container->ready != 0);
	put_int (arena, &object, "restarts", container->restarts);
	put (arena, &object, "states", states_json (arena, container));
	put (arena, &object, "errors", errors_json (arena, container));
	put (arena, &object, "probes", probes_json (arena, container));
	if (container->ended)
		put (arena, &object, "exit", cpod_exit_json (arena, &container->exit));
	return object;
}

struct cpod_json *
cpod_status_json (struct cpod_arena *arena, const struct cpod_status *status,
                  const struct cpod_supervisor_info *info)
{
	struct cpod_json *object = cpod_json_new (arena, CPOD_JSON_OBJECT);
	struct cpod_json *list = cpod_json_new (arena, CPOD_JSON_ARRAY);
	char time[CPOD_TIME_SIZE];

	cpod_time_text (info->started_sec, 0, time);
	put_string (arena, &object, "name", status->name);
	put_string (arena, &object, "phase", cpod_phase_word (status->phase));
	put_bool (arena, &object, "healthy", status->healthy != 0);
	put_string (arena, &object, "runtime", info->runtime);
	put_int (arena, &object, "pid", info->pid);
	put_string (arena, &object, "started", time);
	if (info->ended_sec != 0) {
		cpod_time_text (info->ended_sec, 0, time);
		put_string (arena, &object, "ended", time);
		put_int (arena, &object, "exitStatus", info->exit_status);
	}
	for (size_t i = 0; i < status->n_containers; i++)
		put (arena, &list, NULL, container_json (arena, &status->containers[i]));
	put (arena, &object, "containers", list);
	if (status->details != NULL)
		put (arena, &object, "status", cpod_pod_status_json (arena, status));
	return object;
}

struct cpod_json *
cpod_event_json (struct cpod_arena *arena, const struct cpod_event *event, const char *time)
{
	const unsigned int type = (unsigned int) event->type;
	struct cpod_json *object = cpod_json_new (arena, CPOD_JSON_OBJECT);

	put_string (arena, &object, "type",
	            type < sizeof (event_words) / sizeof (event_words[0]) ? event_words[type] : "unknown");
	if (time != NULL)
		put_string (arena, &object, "time", time);
	if (event->container != NULL)
		put_string (arena, &object, "container", event->container);
	if (event->type == CPOD_EVENT_STATE)
		put_string (arena, &object, "state", cpod_state_word (event->state));
	if (event->type == CPOD_EVENT_HEALTHY)
		put_bool (arena, &object, "healthy", event->value != 0);
	if (event->type == CPOD_EVENT_ENDED)
		put_bool (arena, &object, "succeeded", event->value == 0);
	if (event->type == CPOD_EVENT_EXITED)
		put (arena, &object, "exit", cpod_exit_json (arena, &event->exit));
	if (event->message != NULL)
		put_string (arena, &object, "message", event->message);
	return object;
}
