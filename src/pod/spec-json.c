/* The pod spec as text: normalised for people and runtimes, and each OCI spec for its runtime.
 *
 * A normalised document is built in an arena of its own and freed after printing: a supervisor does
 * not keep it. Values are taken over from the document's tree by shallow copies: a copy shares the
 * children, so nothing may be added to one.
 */
#include "spec.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>

#define OCI_VERSION "1.2.0"

/* A copy of value that can stand in another tree. NULL: value is NULL, or memory. */
static struct cpod_json *
share (struct cpod_arena *arena, const struct cpod_json *value)
{
	struct cpod_json *copy = value ? cpod_json_new (arena, value->type) : NULL;

	if (!copy)
		return NULL;
	*copy = *value;
	copy->key = NULL;
	copy->next = NULL;
	return copy;
}

/* mounts, which may be NULL, with one more: the file of the termination message. */
static struct cpod_json *
add_message_mount (struct cpod_arena *arena, const struct cpod_json *mounts, const char *destination, const char *file)
{
	struct cpod_json *list = cpod_json_new (arena, CPOD_JSON_ARRAY), *mount = cpod_json_new (arena, CPOD_JSON_OBJECT);
	struct cpod_json *options = cpod_json_new (arena, CPOD_JSON_ARRAY);

	for (const struct cpod_json *one = mounts && mounts->type == CPOD_JSON_ARRAY ? mounts->first : NULL; one; one = one->next)
		list = cpod_json_add (arena, list, NULL, share (arena, one));
	options = cpod_json_add (arena, options, NULL, cpod_json_new_string (arena, "bind"));
	options = cpod_json_add (arena, options, NULL, cpod_json_new_string (arena, "noexec"));
	mount = cpod_json_add (arena, mount, "destination", cpod_json_new_string (arena, destination));
	mount = cpod_json_add (arena, mount, "type", cpod_json_new_string (arena, "bind"));
	mount = cpod_json_add (arena, mount, "source", cpod_json_new_string (arena, file));
	return cpod_json_add (arena, list, NULL, cpod_json_add (arena, mount, "options", options));
}

/* The container's OCI spec as an object of its own: only OCI keys in the old form, "ociVersion" in both.
 * message_file: bound over the container's message_path, or NULL. */
static struct cpod_json *
build_oci (struct cpod_arena *arena, const struct cpod_container_spec *container, const char *message_file)
{
	struct cpod_json *oci = cpod_json_new (arena, CPOD_JSON_OBJECT);

	if (!cpod_json_get (container->oci, "ociVersion"))
		oci = cpod_json_add (arena, oci, "ociVersion", cpod_json_new_string (arena, OCI_VERSION));
	for (const struct cpod_json *member = container->oci->first; member; member = member->next) {
		if (container->old_form && !cpod_spec_is_oci_key (member->key, strlen (member->key)))
			continue;
		if (!message_file || strcmp (member->key, "mounts") != 0)
			oci = cpod_json_add (arena, oci, member->key, share (arena, member));
	}
	if (message_file)
		oci = cpod_json_add (arena, oci, "mounts", add_message_mount (arena, cpod_json_get (container->oci, "mounts"),
		                                                              container->message_path, message_file));
	return oci;
}

static struct cpod_json *
build_container (struct cpod_arena *arena, const struct cpod_container_spec *container)
{
	static const char *const names[] = { "livenessProbe", "readinessProbe", "startupProbe" };
	static const char *const as_written[] = { "restartPolicy", "restartPolicyRules", "lifecycle", "dependsOn", "ports",
	                                           "terminationMessagePath", "terminationMessagePolicy" };
	struct cpod_json *json = cpod_json_new (arena, CPOD_JSON_OBJECT);

	json = cpod_json_add (arena, json, "name", cpod_json_new_string (arena, container->name));
	json = cpod_json_add (arena, json, "spec", build_oci (arena, container, NULL));
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++)
		if (container->probes[type].spec)
			json = cpod_json_add (arena, json, names[type],
			                      cpod_probe_json (container->probes[type].spec, arena));
	for (size_t i = 0; i < sizeof (as_written) / sizeof (as_written[0]); i++)
		if (container->at && cpod_json_get (container->at, as_written[i]))
			json = cpod_json_add (arena, json, as_written[i], share (arena, cpod_json_get (container->at, as_written[i])));
	if (container->metadata)
		json = cpod_json_add (arena, json, "metadata", share (arena, container->metadata));
	return json;
}

/* The pod's metadata with its name in front. */
static struct cpod_json *
build_metadata (struct cpod_arena *arena, const struct cpod_spec *spec)
{
	struct cpod_json *metadata = cpod_json_new (arena, CPOD_JSON_OBJECT);
	const struct cpod_json *member = spec->metadata ? spec->metadata->first : NULL;

	metadata = cpod_json_add (arena, metadata, "name", cpod_json_new_string (arena, spec->name));
	for (; member; member = member->next)
		if (strcmp (member->key, "name") != 0)
			metadata = cpod_json_add (arena, metadata, member->key, share (arena, member));
	return metadata;
}

/* The containers from first to end as an array. */
static struct cpod_json *
build_list (struct cpod_arena *arena, const struct cpod_spec *spec, size_t first, size_t end)
{
	struct cpod_json *list = cpod_json_new (arena, CPOD_JSON_ARRAY);

	for (size_t i = first; i < end; i++)
		list = cpod_json_add (arena, list, NULL, build_container (arena, &spec->containers[i]));
	return list;
}

static struct cpod_json *
build_pod (struct cpod_arena *arena, const struct cpod_spec *spec)
{
	const struct { const char *name; bool on; } switches[] = {
		{ "hostPID", spec->host_pid }, { "hostIPC", spec->host_ipc }, { "shareProcessNamespace", spec->share_pid },
	};
	struct cpod_json *json = cpod_json_new (arena, CPOD_JSON_OBJECT);

	json = cpod_json_add (arena, json, "metadata", build_metadata (arena, spec));
	json = cpod_json_add (arena, json, "hostNetwork", cpod_json_new_bool (arena, spec->host_network));
	for (size_t i = 0; i < sizeof (switches) / sizeof (switches[0]); i++)
		if (switches[i].on)
			json = cpod_json_add (arena, json, switches[i].name, cpod_json_new_bool (arena, true));
	if (spec->hostname)
		json = cpod_json_add (arena, json, "hostname", cpod_json_new_string (arena, spec->hostname));
	if (spec->own_users || spec->host_users)
		json = cpod_json_add (arena, json, "hostUsers", cpod_json_new_bool (arena, spec->host_users));
	if (spec->host_view)
		json = cpod_json_add (arena, json, "hostView", share (arena, spec->host_view));
	if (spec->volumes_json)
		json = cpod_json_add (arena, json, "volumes", share (arena, spec->volumes_json));
	if (spec->restart_policy != CPOD_RESTART_UNSET)
		json = cpod_json_add (arena, json, "restartPolicy",
		                      cpod_json_new_string (arena, cpod_restart_words[spec->restart_policy - CPOD_RESTART_ALWAYS]));
	if (spec->active_deadline_ms > 0)
		json = cpod_json_add (arena, json, "activeDeadlineSeconds", cpod_json_new_int (arena, spec->active_deadline_ms / 1000));
	json = cpod_json_add (arena, json, "terminationGracePeriodSeconds", cpod_json_new_int (arena, spec->grace_ms / 1000));
	if (spec->n_init > 0)
		json = cpod_json_add (arena, json, "initContainers", build_list (arena, spec, 0, spec->n_init));
	return cpod_json_add (arena, json, "containers", build_list (arena, spec, spec->n_init, spec->n_containers));
}

/* Prints root, which is NULL when memory was out. */
static int
print (const struct cpod_json *root, unsigned int indent, struct cpod_str *out)
{
	if (!root)
		return -ENOMEM;
	cpod_json_write (out, root, indent);
	return cpod_str_failed (out) ? -ENOMEM : 0;
}

int
cpod_spec_render_oci (const struct cpod_container_spec *container, const char *message_file, struct cpod_str *out)
{
	struct cpod_arena arena;
	int ret;

	cpod_arena_init (&arena, 0);
	ret = print (build_oci (&arena, container, message_file), 0, out);
	cpod_arena_finish (&arena);
	return ret;
}

int
cpod_spec_render (const struct cpod_spec *spec, unsigned int indent, struct cpod_str *out)
{
	struct cpod_arena arena;
	int ret;

	cpod_arena_init (&arena, 0);
	ret = print (build_pod (&arena, spec), indent, out);
	cpod_arena_finish (&arena);
	return ret;
}

int
cpod_spec_json (const struct cpod_spec *spec, char **ret_text, struct cpod_error *err)
{
	cpod_autostr out = CPOD_STR_INIT;
	int ret = cpod_spec_render (spec, 2, &out);

	if (ret == 0)
		cpod_str_add_char (&out, '\n');
	if (ret < 0 || cpod_str_failed (&out))
		return cpod_error_oom (err);
	*ret_text = cpod_str_steal (&out);
	return 0;
}
