/* Loading a pod spec (spec.h has the stages). */
#include "spec.h"


#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/yaml.h"
#include "src/manifest/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The options that the caller gave, or none: a callee reads no member beyond the caller's size. */
static struct cpod_load_options
load_options (const struct cpod_load_options *options)
{
	struct cpod_load_options copy = { .size = sizeof (copy) };

	if (options)
		memcpy (&copy, options, options->size < sizeof (copy) ? options->size : sizeof (copy));
	return copy;
}

struct cpod_spec *
cpod_spec_ref (const struct cpod_spec *spec)
{
	struct cpod_spec *shared = (struct cpod_spec *) spec;   /* the count is all that changes */

	atomic_fetch_add (&shared->references, 1);
	return shared;
}

void
cpod_spec_destroy (struct cpod_spec *spec)
{
	if (!spec || atomic_fetch_sub (&spec->references, 1) > 1)
		return;
	cpod_arena_finish (&spec->arena);
	free (spec);
}

const char *
cpod_spec_name (const struct cpod_spec *spec)
{
	return spec->name;
}

/* ---- Names ------------------------------------------------------------------------------- */

/* The base name of the file made to fit: without its extension, odd bytes become '-'. NULL: memory. */
static const char *
name_from_file (struct cpod_spec *spec)
{
	const char *slash = strrchr (spec->file, '/'), *base = slash ? slash + 1 : spec->file, *dot = strrchr (base, '.');
	size_t len = dot && dot > base ? (size_t) (dot - base) : strlen (base), n = 0;
	char name[CPOD_SPEC_NAME_MAX + 1];

	for (size_t i = 0; i < len && n < CPOD_SPEC_NAME_MAX; i++) {
		const char one[2] = { base[i], '\0' };

		if (cpod_spec_is_name (one))
			name[n++] = base[i];
		else if (n > 0)
			name[n++] = strchr ("_.", base[i]) ? base[i] : '-';
	}
	name[n] = '\0';
	return cpod_arena_strdup (&spec->arena, n > 0 ? name : "pod");
}

/* The pod's name: the caller's, else metadata.name, else the file's. */
static int
name_pod (struct cpod_spec *spec, struct cpod_decoder *decoder, const char *given, struct cpod_error *err)
{
	const struct cpod_json *member = spec->metadata ? cpod_json_get (spec->metadata, "name") : NULL;

	if (given && !cpod_spec_is_name (given))
		return cpod_error_set (err, EINVAL, "\"%.80s\" is not a name for a pod: letters, digits, _ . -, at most %u, "
		                       "a letter or digit first", given, CPOD_SPEC_NAME_MAX);
	if (!given && member) {
		cpod_decode_push (decoder, "metadata");
		cpod_decode_push (decoder, "name");
		if (member->type != CPOD_JSON_STRING)
			return cpod_decode_error (decoder, member, err, "must be a string");
		if (!cpod_spec_is_name (member->text))
			return cpod_decode_error (decoder, member, err, "\"%.80s\" is not a name: letters, digits, _ . -, at most "
			                          "%u, a letter or digit first", member->text, CPOD_SPEC_NAME_MAX);
		cpod_decode_pop (decoder, decoder->root_len);
		given = member->text;
	}
	spec->name = given ? cpod_arena_strdup (&spec->arena, given) : name_from_file (spec);
	return spec->name ? 0 : cpod_error_oom (err);
}

/* A container with the place of its entry, for sorting. */
struct named { const char *name; size_t index; const struct cpod_json *at; };

/* For qsort: by name, then in the document's order. */
static int
compare_named (const void *a, const void *b)
{
	const struct named *one = a, *two = b;
	int order = strcmp (one->name, two->name);

	return order ? order : (one->index > two->index) - (one->index < two->index);
}

/* No two containers have one name. entries: as decoded, in the order of spec->containers. */
static int
check_names (struct cpod_spec *spec, struct cpod_decoder *decoder, const struct cpod_json *const *entries,
             struct cpod_error *err)
{
	struct named *sorted = calloc (spec->n_containers + 1, sizeof (*sorted)), *twin = NULL;
	const struct cpod_json *at = NULL;

	if (!sorted)
		return cpod_error_oom (err);
	for (size_t i = 0; i < spec->n_containers; i++)
		sorted[i] = (struct named) { spec->containers[i].name, i, entries[i] };
	qsort (sorted, spec->n_containers, sizeof (*sorted), compare_named);
	for (size_t i = 1; i < spec->n_containers; i++)
		if (strcmp (sorted[i - 1].name, sorted[i].name) == 0 && (!twin || sorted[i].index < twin->index))
			twin = &sorted[i];
	if (twin) {
		at = cpod_json_get (twin->at, "name");
		cpod_decode_error (decoder, at ? at : twin->at, err, "two containers are named \"%s\"", twin->name);
	}
	free (sorted);
	return twin ? -EINVAL : 0;
}

/* ---- Containers -------------------------------------------------------------------------- */

/* The strings of process.env, NULL-terminated; what is not a string is left out. NULL: memory. */
static const char *const *
static_environment (const struct cpod_json *oci, struct cpod_arena *arena)
{
	const struct cpod_json *process = cpod_json_get (oci, "process"), *env = NULL;
	const char **items;
	size_t n = 0;

	if (process && process->type == CPOD_JSON_OBJECT)
		env = cpod_json_get (process, "env");
	if (env && env->type != CPOD_JSON_ARRAY)
		env = NULL;
	items = cpod_arena_array (arena, env ? (size_t) env->count + 1 : 1, sizeof (*items));
	for (const struct cpod_json *item = items && env ? env->first : NULL; item; item = item->next)
		if (item->type == CPOD_JSON_STRING)
			items[n++] = item->text;
	return (const char *const *) items;
}

/* Takes over the probes of an entry. */
static int
add_probes (struct cpod_spec *spec, const struct cpod_spec_entry *entry, struct cpod_container_spec *container,
            struct cpod_error *err)
{
	const char *const *env = NULL;

	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++) {
		const struct cpod_probe_spec *probe = entry->probes[type];

		if (!probe)
			continue;
		container->probes[type].spec = probe;
		if (!probe->command.set)
			continue;
		if (!env)
			env = static_environment (container->oci, &spec->arena);
		if (env)
			container->probes[type].what.argv = cpod_probe_expand (probe->command.items, env, &spec->arena);
		if (!container->probes[type].what.argv)
			return cpod_error_oom (err);
	}
	return 0;
}

/* A hook as it will be run. Unlike a probe's, its command is not expanded. */
static struct cpod_hook_use
use_hook (const struct cpod_hook_spec *hook)
{
	return (struct cpod_hook_use) { .spec = hook, .what.argv = hook ? hook->command.items : NULL };
}

/* Takes over what an entry says about restarts, hooks and order. */
static void
add_lifecycle (const struct cpod_spec_entry *entry, struct cpod_container_spec *container)
{
	container->message_path = entry->message_path;
	container->message_policy = (enum cpod_message_policy) entry->message_policy.value;
	container->restart_policy = cpod_restart_policy (entry->restart_policy);
	container->sidecar = container->init && container->restart_policy == CPOD_RESTART_ALWAYS;
	container->rules = entry->rules.items;
	container->n_rules = entry->rules.n;
	container->depends_on = entry->depends_on.items;
	container->n_depends = entry->depends_on.n;
	container->ports = entry->ports.items;
	container->n_ports = entry->ports.n;
	if (!entry->lifecycle)
		return;
	container->post_start = use_hook (entry->lifecycle->post_start);
	container->pre_stop = use_hook (entry->lifecycle->pre_stop);
	container->stop_signal = entry->lifecycle->stop_signal;
}

/* One entry, the index-th of its list. */
static int
add_container (struct cpod_spec *spec, const struct cpod_spec_entry *entry, size_t index,
               struct cpod_container_spec *container, struct cpod_error *err)
{
	const char *list = container->init ? "initContainers" : "containers";

	container->at = entry->at;
	container->name = entry->name;
	if (!container->name)
		container->name = cpod_arena_printf (&spec->arena, "%s-%zu", container->init ? "init" : "container", index);
	container->old_form = !entry->spec;
	container->oci = entry->spec ? entry->spec : entry->at;
	container->path = cpod_arena_printf (&spec->arena, "%s[%zu]%s", list, index, entry->spec ? ".spec" : "");
	container->metadata = entry->metadata;
	if (!container->name || !container->path)
		return cpod_error_oom (err);
	add_lifecycle (entry, container);
	return add_probes (spec, entry, container, err);
}

/* Both lists of the document. */
static int
add_containers (struct cpod_spec *spec, struct cpod_decoder *decoder, const struct cpod_spec_document *document,
                struct cpod_error *err)
{
	const struct cpod_spec_entry *init = document->init_containers.items, *main_entries = document->containers.items;
	const struct cpod_json **entries;
	int ret = 0;

	spec->n_init = document->init_containers.n;
	spec->n_containers = spec->n_init + document->containers.n;
	spec->containers = cpod_arena_array (&spec->arena, spec->n_containers + 1, sizeof (*spec->containers));
	entries = cpod_arena_array (&spec->arena, spec->n_containers + 1, sizeof (*entries));
	if (!spec->containers || !entries)
		return cpod_error_oom (err);
	for (size_t i = 0; i < spec->n_containers && ret == 0; i++) {
		bool is_init = i < spec->n_init;
		const struct cpod_spec_entry *entry = is_init ? &init[i] : &main_entries[i - spec->n_init];

		spec->containers[i].init = is_init;
		entries[i] = entry->at;
		ret = add_container (spec, entry, is_init ? i : i - spec->n_init, &spec->containers[i], err);
	}
	return ret == 0 ? check_names (spec, decoder, entries, err) : ret;
}

/* ---- The document ------------------------------------------------------------------------ */

/* Refuses too many containers before anything is made of them. */
static int
check_count (struct cpod_decoder *decoder, const struct cpod_json *root, struct cpod_error *err)
{
	static const char *const lists[] = { "initContainers", "containers" };
	const struct cpod_json *list = NULL;
	uint64_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		list = cpod_json_get (root, lists[i]);
		if (list && list->type == CPOD_JSON_ARRAY)
			n += list->count;
		if (n <= CPOD_SPEC_MAX_CONTAINERS)
			continue;
		cpod_decode_push (decoder, lists[i]);
		return cpod_decode_error (decoder, list, err, "more than %u containers", CPOD_SPEC_MAX_CONTAINERS);
	}
	return 0;
}

/* Takes over the pod's own fields. */
static void
add_pod (struct cpod_spec *spec, const struct cpod_json *root, const struct cpod_spec_document *document)
{
	spec->metadata = document->metadata;
	spec->host_network = document->host_network.value;
	spec->own_users = document->host_users.set && !document->host_users.value;
	spec->host_users = document->host_users.value;
	spec->host_pid = document->host_pid.value;
	spec->host_ipc = document->host_ipc.value;
	spec->share_pid = document->share_pid.value;
	spec->hostname = document->hostname;
	spec->volumes_json = document->volumes.n > 0 ? cpod_json_get (root, "volumes") : NULL;
	spec->volumes = document->volumes.items;
	spec->n_volumes = document->volumes.n;
	spec->host_view = document->host_view ? cpod_json_get (root, "hostView") : NULL;
	spec->grace_ms = (document->grace.set ? document->grace.value : CPOD_SPEC_GRACE_S) * 1000;
	spec->restart_policy = cpod_restart_policy (document->restart_policy);
	spec->active_deadline_ms = document->active_deadline.value * 1000;
}

/* What the fields of the pod say about each other. */
static int
check_pod (const struct cpod_json *root, const struct cpod_spec_document *document, struct cpod_decoder *decoder,
           struct cpod_error *err)
{
	size_t base = cpod_decode_push (decoder, "volumes");
	int ret = cpod_volumes_check (&document->volumes, decoder, err);

	if (ret < 0)
		return ret;
	cpod_decode_pop (decoder, base);
	if (!document->share_pid.value || !document->host_pid.value)
		return 0;
	cpod_decode_push (decoder, "shareProcessNamespace");
	return cpod_decode_error (decoder, cpod_json_get (root, "shareProcessNamespace"), err, "cannot be had together with hostPID");
}

static int
decode_document (struct cpod_spec *spec, const struct cpod_json *root, const struct cpod_load_options *options,
                 struct cpod_error *err)
{
	struct cpod_decoder decoder = {
		.file = spec->file, .arena = &spec->arena, .warn = options->warn, .warn_data = options->data,
		.flags = options->flags & CPOD_LOAD_IGNORE_UNKNOWN ? CPOD_DECODE_IGNORE_UNKNOWN : 0,
	};
	const struct cpod_manifest_limits limits = { CPOD_SPEC_NAME_MAX, CPOD_SPEC_MAX_CONTAINERS };
	struct cpod_spec_document document = { 0 };
	int ret = 0;

	spec->from_manifest = cpod_manifest_is (root);
	if (spec->from_manifest) {
		ret = cpod_manifest_load (&decoder, root, options->name, limits, &root, err);
		cpod_decode_push (&decoder, "spec");
		decoder.root_len = decoder.path_len;
	}
	if (ret == 0)
		ret = cpod_spec_check_shape (&decoder, root, err);
	if (ret == 0)
		ret = check_count (&decoder, root, err);
	if (ret == 0)
		ret = cpod_decode (&decoder, root, &cpod_spec_document_object, &document, err);
	if (ret == 0)
		ret = check_pod (root, &document, &decoder, err);
	if (ret < 0)
		return ret;
	add_pod (spec, root, &document);
	ret = name_pod (spec, &decoder, options->name, err);
	if (ret == 0)
		ret = add_containers (spec, &decoder, &document, err);
	return ret == 0 ? cpod_spec_link (spec, &decoder, err) : ret;
}

static int
parse (struct cpod_spec *spec, const char *name, const char *text, size_t len,
       const struct cpod_load_options *options, struct cpod_error *err)
{
	struct cpod_json *root;
	int ret;

	spec->file = cpod_arena_strdup (&spec->arena, name);
	if (!spec->file)
		return cpod_error_oom (err);
	cpod_yaml_enable ();
	ret = cpod_json_parse (spec->file, text, len, CPOD_JSON_RELAXED | CPOD_JSON_OR_YAML | CPOD_JSON_DOCUMENTS,
	                       &spec->arena, &root, err);
	return ret == 0 ? decode_document (spec, root, options, err) : ret;
}

int
cpod_spec_parse (const char *name, const char *text, size_t len, const struct cpod_load_options *options,
                 struct cpod_spec **ret_spec, struct cpod_error *err)
{
	struct cpod_load_options copy = load_options (options);
	struct cpod_spec *spec = calloc (1, sizeof (*spec));
	int ret;

	if (!spec)
		return cpod_error_oom (err);
	atomic_init (&spec->references, 1);
	cpod_arena_init (&spec->arena, CPOD_SPEC_ARENA_MAX);
	spec->load_flags = copy.flags;
	ret = parse (spec, name, text, len, &copy, err);
	if (ret < 0)
		cpod_spec_destroy (spec);
	else
		*ret_spec = spec;
	return ret;
}

int
cpod_spec_load (const char *path, const struct cpod_load_options *options, struct cpod_spec **ret_spec,
                struct cpod_error *err)
{
	char *text;
	size_t len;
	int ret = cpod_file_read (path, CPOD_JSON_MAX_BYTES, &text, &len, err);

	if (ret < 0)
		return ret;
	ret = cpod_spec_parse (strcmp (path, "-") == 0 ? "standard input" : path, text, len, options, ret_spec, err);
	free (text);
	return ret;
}
