/* What no single field can say: the rules between a pod's fields, and who depends on whom.
 *
 * Every front end calls cpod_spec_link when all containers are in place. Dependencies become indices;
 * a name that is nobody's, and a circle, are refused with the place of the entry.
 */
#include "spec.h"

#include "restart.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>

#define MAX_RULES 20u

/* Puts "containers[1].KEY" into the decoder's path; index: of all containers. */
static void
point_at (const struct cpod_spec *spec, struct cpod_decoder *decoder, size_t index, const char *key)
{
	bool init = index < spec->n_init;

	cpod_decode_pop (decoder, decoder->root_len);
	cpod_decode_push (decoder, init ? "initContainers" : "containers");
	cpod_decode_push_index (decoder, init ? index : index - spec->n_init);
	if (key)
		cpod_decode_push (decoder, key);
}

/* An error about key of the container at index; its place is the key's, or the entry's when that is not known. */
#define REFUSE(spec, decoder, index, key, err, ...) \
	(point_at ((spec), (decoder), (index), (key)), \
	 cpod_decode_error ((decoder), place_of (&(spec)->containers[index], (key)), (err), __VA_ARGS__))

/* Where key stands in the container's entry. */
static const struct cpod_json *
place_of (const struct cpod_container_spec *container, const char *key)
{
	const struct cpod_json *value = key ? cpod_json_get (container->at, key) : NULL;

	return value ? value : container->at;
}

/* ---- One container ----------------------------------------------------------------------- */

/* What a plain init container may not have; a sidecar may. */
static int
check_init (const struct cpod_spec *spec, struct cpod_decoder *decoder, size_t index, struct cpod_error *err)
{
	static const char *const probes[] = { "livenessProbe", "readinessProbe", "startupProbe" };
	const struct cpod_container_spec *c = &spec->containers[index];

	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++)
		if (c->probes[type].spec)
			return REFUSE (spec, decoder, index, probes[type], err, "an init container has no probes");
	if (c->post_start.spec || c->pre_stop.spec || c->stop_signal)
		return REFUSE (spec, decoder, index, "lifecycle", err, "an init container has no lifecycle");
	return 0;
}

/* Probes and hooks against the grace they have. */
static int
check_grace (const struct cpod_spec *spec, struct cpod_decoder *decoder, size_t index, struct cpod_error *err)
{
	static const char *const probes[] = { "livenessProbe", "readinessProbe", "startupProbe" };
	const struct cpod_container_spec *c = &spec->containers[index];
	const struct cpod_sleep *sleep = c->pre_stop.spec ? c->pre_stop.spec->sleep : NULL;

	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++)
		if (c->probes[type].spec && c->probes[type].spec->grace.set && !cpod_restart_ruled (c, spec->restart_policy))
			return REFUSE (spec, decoder, index, probes[type], err,
			               "terminationGracePeriodSeconds needs a restartPolicy: without one a probe stops nothing");
	if (sleep && sleep->seconds.value * 1000 > spec->grace_ms)
		return REFUSE (spec, decoder, index, "lifecycle", err,
		               "preStop sleeps longer than the pod's terminationGracePeriodSeconds");
	return 0;
}

static int
check_container (const struct cpod_spec *spec, struct cpod_decoder *decoder, size_t index, struct cpod_error *err)
{
	const struct cpod_container_spec *c = &spec->containers[index];
	int ret = c->init && !c->sidecar ? check_init (spec, decoder, index, err) : 0;

	if (ret < 0)
		return ret;
	if (c->n_rules > 0 && c->restart_policy == CPOD_RESTART_UNSET)
		return REFUSE (spec, decoder, index, "restartPolicyRules", err, "needs a restartPolicy beside it");
	if (c->n_rules > 0 && c->sidecar)
		return REFUSE (spec, decoder, index, "restartPolicyRules", err, "means nothing for a sidecar, which always restarts");
	if (c->n_rules > MAX_RULES)
		return REFUSE (spec, decoder, index, "restartPolicyRules", err, "more than %u rules", MAX_RULES);
	if (c->n_depends > 0 && c->init)
		return REFUSE (spec, decoder, index, "dependsOn", err, "init containers depend on those before them, in their order");
	return check_grace (spec, decoder, index, err);
}

/* ---- Questions over the network ---------------------------------------------------------- */

/* Makes the target of a handler; key: the probe or hook that it belongs to. */
static int
link_target (struct cpod_spec *spec, struct cpod_decoder *decoder, size_t index, const char *key,
             const struct cpod_probe_spec *probe, const struct cpod_http_get *get, struct cpod_asker_what *what,
             struct cpod_error *err)
{
	const struct cpod_container_spec *c = &spec->containers[index];
	struct cpod_net_target *target = cpod_arena_alloc (&spec->arena, sizeof (*target));
	struct cpod_error inner = { 0 };
	int ret;

	if (!target)
		return cpod_error_oom (err);
	if (get)
		ret = cpod_net_target_http (get, c->ports, c->n_ports, &spec->arena, target, &inner);
	else
		ret = cpod_net_target_of (probe, c->ports, c->n_ports, &spec->arena, target, &inner);
	if (ret == -EINVAL)
		return REFUSE (spec, decoder, index, key, err, "%s", inner.message);
	what->target = target;
	return ret < 0 ? cpod_error_oom (err) : 0;
}

/* Those of the container at index. */
static int
link_targets (struct cpod_spec *spec, struct cpod_decoder *decoder, size_t index, struct cpod_error *err)
{
	static const char *const probes[] = { "livenessProbe", "readinessProbe", "startupProbe" };
	struct cpod_container_spec *c = &spec->containers[index];
	struct cpod_hook_use *const hooks[] = { &c->post_start, &c->pre_stop };
	int ret = 0;

	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP && ret == 0; type++)
		if (c->probes[type].spec && !c->probes[type].spec->command.set)
			ret = link_target (spec, decoder, index, probes[type], c->probes[type].spec, NULL, &c->probes[type].what, err);
	for (int i = 0; i < 2 && ret == 0; i++)
		if (hooks[i]->spec && hooks[i]->spec->http_get)
			ret = link_target (spec, decoder, index, "lifecycle", NULL, hooks[i]->spec->http_get, &hooks[i]->what, err);
	return ret;
}

/* ---- Dependencies ------------------------------------------------------------------------ */

/* The index of the container called name, or SIZE_MAX. */
static size_t
find (const struct cpod_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n_containers; i++)
		if (strcmp (spec->containers[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}

/* Finds the containers that the one at index depends on. */
static int
resolve (struct cpod_spec *spec, struct cpod_decoder *decoder, size_t index, struct cpod_error *err)
{
	struct cpod_container_spec *c = &spec->containers[index];
	struct cpod_dependency *depends = cpod_arena_array (&spec->arena, c->n_depends + 1, sizeof (*depends));

	if (!depends)
		return cpod_error_oom (err);
	for (size_t i = 0; i < c->n_depends; i++) {
		const struct cpod_dependency_spec *one = &c->depends_on[i];

		point_at (spec, decoder, index, "dependsOn");
		cpod_decode_push_index (decoder, i);
		depends[i].condition = (enum cpod_dependency_condition) one->condition.value;
		depends[i].container = find (spec, one->name);
		if (depends[i].container == SIZE_MAX)
			return cpod_decode_error (decoder, one->at, err, "there is no container \"%.63s\" in this pod", one->name);
		if (depends[i].container == index)
			return cpod_decode_error (decoder, one->at, err, "a container cannot depend on itself");
		if (spec->containers[depends[i].container].sidecar && depends[i].condition == CPOD_DEPENDS_COMPLETED)
			return cpod_decode_error (decoder, one->at, err, "\"%s\" is a sidecar, which is not completed before the pod ends",
			                          one->name);
	}
	c->depends = depends;
	return 0;
}

/* The walk along dependencies, depth first, without recursion: a pod has many containers. */
struct walk {
	uint8_t *colour;       /* 0: not seen, 1: on the way here, 2: done */
	size_t *next;          /* the dependency to follow next */
	size_t *path, n;       /* from the first to the current container */
};

/* One step from the path's end. True: it closes a circle. */
static bool
step (const struct cpod_spec *spec, struct walk *walk)
{
	size_t at = walk->path[walk->n - 1], to;

	if (walk->next[at] == spec->containers[at].n_depends) {
		walk->colour[at] = 2;
		walk->n--;
		return false;
	}
	to = spec->containers[at].depends[walk->next[at]++].container;
	if (walk->colour[to] == 1)
		return true;
	if (walk->colour[to] == 0) {
		walk->colour[to] = 1;
		walk->path[walk->n++] = to;
	}
	return false;
}

/* Refuses circles. */
static int
check_circles (const struct cpod_spec *spec, struct cpod_decoder *decoder, struct cpod_error *err)
{
	struct cpod_arena arena;
	struct walk walk = { 0 };
	int ret = 0;

	cpod_arena_init (&arena, 0);
	walk.colour = cpod_arena_array (&arena, spec->n_containers + 1, sizeof (*walk.colour));
	walk.next = cpod_arena_array (&arena, spec->n_containers + 1, sizeof (*walk.next));
	walk.path = cpod_arena_array (&arena, spec->n_containers + 1, sizeof (*walk.path));
	if (!walk.colour || !walk.next || !walk.path)
		ret = cpod_error_oom (err);
	for (size_t i = 0; i < spec->n_containers && ret == 0; i++) {
		if (walk.colour[i] != 0)
			continue;
		walk.colour[i] = 1;
		walk.path[walk.n++] = i;
		while (walk.n > 0 && ret == 0)
			if (step (spec, &walk))
				ret = REFUSE (spec, decoder, walk.path[walk.n - 1], "dependsOn", err,
				              "goes round in a circle: none of these containers could ever start");
	}
	cpod_arena_finish (&arena);
	return ret;
}

int
cpod_spec_link (struct cpod_spec *spec, struct cpod_decoder *decoder, struct cpod_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < spec->n_containers && ret == 0; i++) {
		ret = check_container (spec, decoder, i, err);
		if (ret == 0)
			ret = link_targets (spec, decoder, i, err);
		if (ret == 0 && spec->containers[i].n_depends > 0)
			ret = resolve (spec, decoder, i, err);
	}
	if (ret == 0)
		ret = check_circles (spec, decoder, err);
	if (ret == 0)
		cpod_decode_pop (decoder, decoder->root_len);
	return ret;
}
